"""The pages of the examples: no error, no line that runs off the page, nothing left behind."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from derive.cli import app

EXAMPLES = sorted((Path(__file__).resolve().parents[1] / "examples").glob("*.toml"))

# What leads to a display, or to a section.
LEAD = re.compile(
    r"\d+ +[A-Z]|Notation|Input|Output size|Forward|For |How |or, written|Gradient|With respect|"
    r"Written out"
)


def solve(example, folder, *options):
    arguments = ["solve", str(example), "-o", str(folder), *options]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    return folder / example.stem


@pytest.mark.latex
@pytest.mark.parametrize("detail", ["brief", "full"])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.stem)
def test_pages_of_examples(example, detail, tmp_path):
    solve(example, tmp_path, "--format", "tex", "--detail", detail)
    for _ in range(3):
        done = subprocess.run(
            ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", f"{example.stem}.tex"],
            cwd=tmp_path,
            capture_output=True,
            timeout=100,
        )
        assert done.returncode == 0, done.stdout[-2000:]
    log = (tmp_path / f"{example.stem}.log").read_text(encoding="utf-8", errors="replace")
    assert not [x for x in log.splitlines() if x.startswith(("Overfull", "LaTeX Warning", "!"))]


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="pdftotext tells what is on a page")
@pytest.mark.parametrize("engine", [pytest.param("latex", marks=pytest.mark.latex), "typst"])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.stem)
def test_no_page_ends_with_what_leads_to_the_next(example, engine, tmp_path):
    pdf = solve(example, tmp_path, "--pdf-engine", engine).with_suffix(".pdf")
    text = subprocess.run(
        ["pdftotext", "-layout", pdf, "-"], capture_output=True, encoding="utf-8", timeout=100
    ).stdout
    pages = [[x.strip() for x in p.splitlines() if x.strip()] for p in text.split("\f")[:-1]]
    assert len(pages) > 2
    assert [page[-1] for page in pages] == [str(k) for k in range(1, len(pages) + 1)]
    assert any(LEAD.match(x) for x in pages[0])
    assert not [page[-2] for page in pages if LEAD.match(page[-2])]
