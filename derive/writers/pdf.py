"""PDF by LaTeX where it is installed, by the embedded Typst compiler where it is not."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from enum import Enum
from pathlib import Path

from derive.document.model import Document
from derive.errors import OutputError
from derive.writers.files import remove, write_atomically
from derive.writers.latex import latex
from derive.writers.typst import typst

TIME_LIMIT = 120.0  # seconds for all passes of LaTeX; LeNet takes about three
_LATEXMK = (
    "latexmk", "-norc", "-pdf", "-silent", "-interaction=nonstopmode", "-halt-on-error",
    "-file-line-error", "-no-shell-escape", "document.tex",
)  # fmt: skip
"""No shell escape, no questions, no rc files."""
_ENVIRONMENT = {
    "SOURCE_DATE_EPOCH": "0",
    "FORCE_SOURCE_DATE": "1",
    "openin_any": "p",
    "openout_any": "p",
}
_TYPST = Path(__file__).with_name("typst_process.py")


class Engine(Enum):
    """What sets a PDF; `auto` is LaTeX where latexmk and pdflatex are installed."""

    AUTO = "auto"
    LATEX = "latex"
    TYPST = "typst"


def latex_installed() -> bool:
    return shutil.which("latexmk") is not None and shutil.which("pdflatex") is not None


def write_pdf(document: Document, target: Path, engine: Engine = Engine.AUTO) -> Path:
    """`document` as a PDF at `target`: equal documents give equal bytes.

    Where that fails there is an OutputError that says where the log is, and no PDF.
    """
    if engine is Engine.LATEX and not latex_installed():
        raise OutputError(
            "the PDF engine latex was asked for, but latexmk and pdflatex were not found; "
            "install TeX Live, or choose --pdf-engine typst"
        )
    use_latex = engine is Engine.LATEX or (engine is Engine.AUTO and latex_installed())
    remove(target)
    make = _by_latex if use_latex else _by_typst
    return write_atomically(target, make(document, target.with_suffix(".log")))


def _by_latex(document: Document, log: Path) -> bytes:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "document.tex").write_text(latex(document), encoding="utf-8", newline="\n")
        failure, _ = _run(_LATEXMK, folder)
        made, said = folder / "document.pdf", folder / "document.log"
        if failure is None and made.exists():
            return made.read_bytes()
        told = _first_error(said) or failure or "no PDF was made"
        write_atomically(log, said.read_bytes() if said.exists() else told.encode())
    raise OutputError(f"LaTeX could not set the PDF ({told}); its log is {log}")


def _by_typst(document: Document, log: Path) -> bytes:
    source = typst(document)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "document.typ").write_text(source, encoding="utf-8", newline="\n")
        failure, output = _run([sys.executable, "-P", str(_TYPST)], folder)
        if failure is None:
            return (folder / "document.pdf").read_bytes()
        said = folder / "document.log"
        message = said.read_text(encoding="utf-8") if said.exists() else output
        write_atomically(log, f"{message}\n\n{source}")
    told = output.strip().splitlines()[-1:] or [failure]
    raise OutputError(
        f"Typst could not set the PDF ({told[0]}); its source and message are in {log}"
    )


def _run(command: Sequence[str], folder: Path) -> tuple[str | None, str]:
    """What went wrong, or None, and what the command said.  It reads nothing, and has a limit."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | _ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        encoding="utf-8",
        errors="replace",
    )
    try:
        output, _ = process.communicate(timeout=TIME_LIMIT)
    except subprocess.TimeoutExpired:
        return f"no end after {TIME_LIMIT:.0f} seconds", ""
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    failed = f"{Path(command[0]).name} ended with status {process.returncode}"
    return (failed if process.returncode else None), output


def _first_error(log: Path) -> str | None:
    """The first error in a log: `./document.tex:12: Undefined control sequence.`"""
    if not log.exists():
        return None
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((x for x in lines if x.startswith("!") or ".tex:" in x[:60]), None)
