"""The command line.

The work behind a command is imported when the command runs: SymPy alone takes 0.3 s to load, which
nobody who asks for `--help` should wait for.

Exit status: 0 all well; 1 an equation was refuted; 2 input that could not be used.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from enum import Enum
from importlib import import_module
from inspect import cleandoc
from io import TextIOWrapper
from pathlib import Path
from textwrap import fill
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from derive import __version__
from derive.errors import DeriveError, InputError

app = typer.Typer(
    name="derive",
    help="Checked, step-by-step derivations of the formulas and gradients of neural networks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Format(Enum):
    PDF = "pdf"
    TEX = "tex"
    HTML = "html"
    MARKDOWN = "md"


class Detail(Enum):
    BRIEF = "brief"
    FULL = "full"


class Target(Enum):
    NUMPY = "numpy"
    TORCH = "torch"


class Style(Enum):
    ARRAYS = "arrays"
    LOOPS = "loops"


class Form(Enum):
    EXPANDED = "expanded"
    RECURSIVE = "recursive"
    MATRIX = "matrix"


class PdfEngine(Enum):
    AUTO = "auto"
    LATEX = "latex"
    TYPST = "typst"


@app.command()
def solve(
    file: Annotated[Path, typer.Argument(help="The network, as TOML.", metavar="FILE.toml")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write to.")] = Path(
        "output"
    ),
    formats: Annotated[
        list[Format] | None,
        typer.Option("--format", "-f", help="pdf (with its .tex) unless told; may be repeated."),
    ] = None,
    detail: Annotated[
        Detail, typer.Option(help="brief: several small steps in one line; full: one at a time.")
    ] = Detail.FULL,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Only this layer or parameter (conv, conv.weight); may be repeated."),
    ] = None,
    fragments: Annotated[
        bool, typer.Option("--fragments", help=r"Also write each result as a file for \input.")
    ] = False,
    pdf_engine: Annotated[
        PdfEngine, typer.Option(help="What sets the PDF; auto: LaTeX where it is installed.")
    ] = PdfEngine.AUTO,
    variant: Annotated[
        int | None,
        typer.Option(min=0, metavar="SEED", help="Problems with other numbers, drawn by SEED."),
    ] = None,
    questions_only: Annotated[
        bool, typer.Option("--questions-only", help="The problems without their solutions.")
    ] = False,
) -> None:
    """Derive, verify and typeset everything about a network: writes STEM.tex and STEM.pdf."""
    with _reported(), _progress() as progress:
        _check_readable(file)
        solved = import_module("derive.pipeline").solve(
            path=file,
            output=output,
            formats=tuple(dict.fromkeys(f.value for f in formats or [Format.PDF])),
            detail=detail.value,
            only=tuple(only or ()),
            fragments=fragments,
            pdf_engine=pdf_engine.value,
            progress=progress,
            variant=variant,
            questions_only=questions_only,
        )
    for path in solved.files:
        typer.echo(path)
    typer.echo(solved.summary)
    if solved.refuted:
        raise typer.Exit(1)


@app.command()
def check(
    files: Annotated[
        list[Path], typer.Argument(help="Documents: .tex, .md or .txt.", metavar="FILE...")
    ],
    given: Annotated[
        Path | None,
        typer.Option(help="What the symbols mean, as TOML; else FILE.toml beside each document."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdicts as JSON.")] = False,
    baseline: Annotated[
        Path | None, typer.Option(help="An earlier --json report: only new problems count.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Whatever does not simply hold is a problem.")
    ] = False,
    annotate: Annotated[
        Path | None,
        typer.Option(help="A folder for copies with the verdicts in the margin, LaTeX and HTML."),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help=r"Also check the files that \input names.")
    ] = False,
    jobs: Annotated[int, typer.Option(help="How many files at a time; 0: one per core.")] = 0,
) -> None:
    """Check every equation of some documents: one line for each, with the reason if it is wrong."""
    report = import_module("derive.check.report")
    with _reported("[]" if as_json else ""), _counting(len(files)) as done:
        known = report.baseline(baseline) if baseline else {}
        tables = import_module("derive.network.source").read_toml(given) if given else None
        checking = import_module("derive.check.files")
        jobs = jobs or os.cpu_count() or 1
        reports = checking.check_files(files, tables, done, jobs, follow)
        _annotate(reports, annotate)
    for error in dict.fromkeys(str(r.error) for r in reports if r.error is not None):
        typer.echo(f"derive: {error}", err=True)
    problems = report.problems(reports, known, strict)
    if as_json:
        typer.echo(report.as_json(reports))
    else:
        _show(reports, problems if baseline else None)
    if any(r.error is not None for r in reports):
        raise typer.Exit(2)
    if problems:
        raise typer.Exit(1)


@app.command()
def grad(
    formula: Annotated[str, typer.Argument(help="What to differentiate: 'L = ...'.")],
    wrt: Annotated[str, typer.Option(help="The array or number to differentiate by.")],
    given: Annotated[
        Path | None, typer.Option(help="What the symbols mean; else their use in the formula says.")
    ] = None,
    form: Annotated[
        Form,
        typer.Option(
            help="expanded: down to what is given; recursive: in terms of the next one; matrix: "
            "expanded, in whole arrays."
        ),
    ] = Form.EXPANDED,
) -> None:
    """Derive the gradient of a formula, step by step, and verify every step."""
    with _reported():
        gradient = import_module("derive.gradient").gradient
        found = gradient(formula, wrt, given, form.value)
    for line in found.lines:
        typer.echo(line)
    if found.refuted:
        raise typer.Exit(1)


@app.command()
def code(
    file: Annotated[Path, typer.Argument(help="The network, as TOML.", metavar="FILE.toml")],
    target: Annotated[Target, typer.Option(help="The library that the code calls.")] = Target.NUMPY,
    style: Annotated[
        Style, typer.Option(help="Operations on whole arrays, or loops over entries.")
    ] = Style.ARRAYS,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The Python file to write.")
    ] = None,
) -> None:
    """Print the forward and the backward pass of a network as a Python module."""
    with _reported():
        _check_readable(file)
        source = import_module("derive.code").code(file, target.value, style.value)
        if output is None:
            typer.echo(source, nl=False)
            return
        typer.echo(import_module("derive.writers.files").write_atomically(output, source))


@app.command()
def init(
    file: Annotated[Path, typer.Argument(help="A document: .tex, .md or .txt.", metavar="FILE")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The TOML file to write.")
    ] = None,
) -> None:
    """Draft what the symbols in a document mean, as TOML for a person to complete."""
    with _reported():
        _check_readable(file, "a document", file.suffix)
        read = import_module("derive.check.files").read_file
        drafted = import_module("derive.check.draft").draft(read(file)).toml(file.stem)
        if output is None:
            typer.echo(drafted, nl=False)
            return
        if output.exists():
            raise InputError("it is there already; choose another name", file=str(output))
        typer.echo(import_module("derive.writers.files").write_atomically(output, drafted))


@app.command()
def layers() -> None:
    """List the layers and losses that a network can have, with their options."""
    catalogue = import_module("derive.network.catalogue")
    for title, kinds in (("Layers", catalogue.LAYERS), ("Losses", catalogue.LOSSES)):
        typer.echo(f"{title}, with the names and defaults of torch.nn:")
        for name, kind in kinds.items():
            options = ", ".join(
                option if field.is_required() else f"{option}={field.default}"
                for option, field in kind.model_fields.items()
            )
            typer.echo(f"\n  {name}({options})\n    {catalogue.description(kind)}")
        typer.echo()


@app.command()
def questions() -> None:
    """List the questions that the problems of a sheet can ask, with their fields."""
    ask = import_module("derive.network.ask")
    typer.echo('Questions, such as {question = "forward", of = "C", at = [1, 1]} in `ask`:')
    kinds = {"every question": ask.Question, **ask.KINDS}
    for name, kind in kinds.items():
        typer.echo(f"\n  {name}")
        typer.echo(
            fill(cleandoc(kind.__doc__), 96, initial_indent=" " * 4, subsequent_indent=" " * 4)
        )
        for field, meaning in ask.fields(kind).items():
            typer.echo(
                fill(f"{field}: {meaning}", 96, initial_indent=" " * 6, subsequent_indent=" " * 8)
            )


@app.callback(invoke_without_command=True)
def about(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        typer.echo(f"derive {__version__}")
        raise typer.Exit


def main() -> None:
    """What the console script runs."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal may know fewer letters than formulas
            stream.reconfigure(errors="backslashreplace")
    app()


@contextmanager
def _reported(otherwise: str = "") -> Iterator[None]:
    """An error that the user can mend is one paragraph on stderr, and status 2.

    `otherwise` is then printed in place of a result.
    """
    try:
        yield
    except DeriveError as error:
        if otherwise:
            typer.echo(otherwise)
        typer.echo(f"derive: {error}", err=True)
        raise typer.Exit(2) from error
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Tells what is being done, on stderr and only where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda doing: None
        return
    with Console(stderr=True).status("reading") as status:
        yield status.update


@contextmanager
def _counting(total: int) -> Iterator[Callable[[], None]]:
    """A bar that grows with each file, on stderr and only where that is a terminal."""
    if total < 2 or not sys.stderr.isatty():
        yield lambda: None
        return
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("checking", total=total)
        yield lambda: progress.advance(task)


_COLOURS = {"wrong": "red", "undefined": "magenta", "unreadable": "magenta", "holds if": "yellow"}


def _show(reports: Sequence[Any], new: Sequence[Any] | None) -> None:
    """The verdicts line by line, and a table where there are several files."""
    report = import_module("derive.check.report")
    usable = [r for r in reports if r.error is None]
    for r in usable:
        for status, line in report.lines(r, new):
            typer.secho(line, fg=_COLOURS.get(status))
    if len(reports) > 1:
        typer.echo("")
        for line in report.table(reports):
            typer.echo(line)
    elif usable:
        typer.echo(report.summary(usable[0]))
    if new is not None:
        typer.echo(f"{len(new)} new {'problem' if len(new) == 1 else 'problems'}")


def _annotate(reports: Sequence[Any], folder: Path | None) -> None:
    """Writes the copies with marks; each keeps its path inside the folder."""
    if folder is None:
        return
    write = import_module("derive.writers.files").write_atomically
    latex = import_module("derive.writers.annotated").annotated
    html = import_module("derive.writers.annotated_html")
    pages = []
    for r in reports:
        file = Path(r.file)
        inside = Path(*(part for part in file.parent.parts if part not in (file.anchor, "..")))
        name = file.name if file.suffix == ".tex" else f"{file.name}.tex"
        pages.append((inside / f"{file.name}.html").as_posix())
        if r.error is not None:
            continue
        target = folder / inside / name
        if target.resolve() == file.resolve():
            raise InputError("the copy would replace it; choose another folder", file=r.file)
        typer.echo(write(target, latex(r)), err=True)
        typer.echo(write(folder / pages[-1], html.annotated_html(r)), err=True)
    if len(reports) > 1:
        typer.echo(write(folder / "index.html", html.index_html(reports, pages)), err=True)


def _check_readable(file: Path, expected: str = "a TOML file", suffix: str = ".toml") -> None:
    if file.is_dir():
        raise InputError(f"expected {expected}, found a folder", file=str(file))
    if not file.exists():
        found = file.parent.glob(f"*{suffix}") if file.parent.is_dir() else ()
        siblings = sorted(p.name for p in found)
        near = get_close_matches(file.name, siblings, n=1)
        hint = f"; did you mean {file.parent / near[0]}?" if near else ""
        raise InputError(f"there is no such file{hint}", file=str(file))
    try:
        file.open("rb").close()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise InputError(f"cannot be read: {why}", file=str(file)) from error
