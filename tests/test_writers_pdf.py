"""PDFs by both routes: equal bytes, nothing overfull, nothing half-written, nobody's code run."""

import stat
import subprocess
from pathlib import Path

import pytest
from documents import sample
from test_writers import HOSTILE

from derive.document.model import Code, Document, Paragraph, Section, line
from derive.errors import OutputError
from derive.writers import pdf
from derive.writers.files import write_atomically
from derive.writers.latex import fragments, latex
from derive.writers.pdf import Engine, write_pdf

ENGINES = [pytest.param(Engine.LATEX, marks=pytest.mark.latex), Engine.TYPST]
HOSTILE_DOCUMENT = Document(
    HOSTILE, (Section(HOSTILE, line(Code(HOSTILE))), Paragraph(line(HOSTILE), lead=line(HOSTILE)))
)


@pytest.mark.parametrize("engine", ENGINES)
def test_equal_documents_give_equal_bytes(engine, tmp_path):
    first = write_pdf(sample(), tmp_path / "a" / "first.pdf", engine)
    second = write_pdf(sample(), tmp_path / "b" / "second.pdf", engine)
    assert first.read_bytes().startswith(b"%PDF")
    assert first.read_bytes() == second.read_bytes()
    assert [p.name for p in first.parent.iterdir()] == ["first.pdf"]


@pytest.mark.parametrize("engine", ENGINES)
def test_hostile_text_is_set_as_text(engine, tmp_path):
    document = write_pdf(HOSTILE_DOCUMENT, tmp_path / "hostile.pdf", engine)
    assert document.read_bytes().startswith(b"%PDF")


@pytest.mark.latex
@pytest.mark.parametrize("document", [sample(copies=9), HOSTILE_DOCUMENT], ids=["long", "hostile"])
def test_latex_has_no_overfull_lines(document, tmp_path):
    (tmp_path / "d.tex").write_text(latex(document), encoding="utf-8")
    for _ in range(2):
        command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "d.tex"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=100)
        assert done.returncode == 0
    log = (tmp_path / "d.log").read_text(encoding="utf-8", errors="replace")
    assert not [x for x in log.splitlines() if x.startswith(("Overfull", "LaTeX Warning", "!"))]


@pytest.mark.latex
def test_fragments_are_for_input(tmp_path):
    for name, text in fragments(sample()).items():
        (tmp_path / f"{name}.tex").write_text(text, encoding="utf-8")
    inputs = "".join(rf"\input{{{name}.tex}}" for name in fragments(sample()))
    packages = r"\usepackage{amsmath,amssymb,xcolor}"
    text = rf"\documentclass{{article}}{packages}\begin{{document}}{inputs}\end{{document}}"
    (tmp_path / "host.tex").write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "host.tex"],
        cwd=tmp_path,
        capture_output=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout[-2000:]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_failure_leaves_a_log_and_no_pdf(engine, tmp_path, monkeypatch):
    writer = "latex" if engine is Engine.LATEX else "typst"
    monkeypatch.setattr(pdf, writer, lambda document: "\\documentclass{article} #nonsense{")
    target = tmp_path / "out.pdf"
    target.write_bytes(b"%PDF of an earlier run")
    with pytest.raises(OutputError) as refusal:
        write_pdf(sample(), target, engine)
    log = tmp_path / "out.log"
    assert str(log) in str(refusal.value)
    assert log.stat().st_size
    assert [p.name for p in tmp_path.iterdir()] == ["out.log"]


@pytest.mark.latex
def test_latex_that_does_not_end_is_stopped(tmp_path, monkeypatch):
    endless = "\\documentclass{article}\\begin{document}\\loop\\iftrue\\repeat\\end{document}"
    monkeypatch.setattr(pdf, "latex", lambda document: endless)
    monkeypatch.setattr(pdf, "TIME_LIMIT", 2.0)
    with pytest.raises(OutputError, match="no end after 2 seconds"):
        write_pdf(sample(), tmp_path / "out.pdf", Engine.LATEX)


def test_without_tex_auto_is_typst_and_latex_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    target = write_pdf(sample(), tmp_path / "out.pdf", Engine.AUTO)
    assert b"Typst" in target.read_bytes()
    with pytest.raises(OutputError, match="latexmk and pdflatex were not found"):
        write_pdf(sample(), tmp_path / "out.pdf", Engine.LATEX)


def test_files_are_whole_or_absent(tmp_path):
    target = write_atomically(tmp_path / "new" / "file.tex", "ä\n")
    assert target.read_bytes() == b"\xc3\xa4\n"
    assert stat.S_IMODE(target.stat().st_mode) & 0o444
    assert [p.name for p in target.parent.iterdir()] == ["file.tex"]
    with pytest.raises(OutputError, match=r"cannot write .*file.tex is not a folder"):
        write_atomically(target / "below.tex", "x")
    with pytest.raises(OutputError, match="is a folder"):
        write_atomically(tmp_path / "new", "x")
    assert sorted(p.name for p in Path(tmp_path).rglob("*")) == ["file.tex", "new"]
