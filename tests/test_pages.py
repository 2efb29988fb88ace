"""The pages of the examples, as LaTeX: no error, no line that runs off the page."""

import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from derive.cli import app

EXAMPLES = sorted((Path(__file__).resolve().parents[1] / "examples").glob("*.toml"))


@pytest.mark.latex
@pytest.mark.parametrize("detail", ["brief", "full"])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.stem)
def test_pages_of_examples(example, detail, tmp_path):
    arguments = ["solve", str(example), "-o", str(tmp_path), "--format", "tex", "--detail", detail]
    assert CliRunner().invoke(app, arguments).exit_code == 0
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
