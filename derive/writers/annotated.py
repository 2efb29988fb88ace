r"""A checked document once more, as LaTeX with the verdicts in its margin.

A LaTeX document is copied with a `\derivemark` at each formula that does not hold; of another kind
of document the headings, paragraphs and formulas are written as LaTeX.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from derive.check.files import Entry, FileReport
from derive.check.report import reason
from derive.check.verdict import HOLDS, UNREADABLE, WORST_FIRST
from derive.latex.document import Document, Piece, is_tex, read_document
from derive.writers.latex_text import escape

_COLOURS = {
    "wrong": "red",
    "undefined": "violet",
    "unreadable": "gray",
    "holds if": "orange",
    "convention": "blue",
    "holds": "black",
}
_PREAMBLE = r"""\usepackage{xcolor}
\providecommand{\otherchar}[2]{U+#2}
\DeclareRobustCommand{\derivemark}[2]{\leavevmode\ifinner\textsuperscript{\textcolor{#1}{!}}\else
  \marginpar{\raggedright\tiny\color{#1}#2}\fi}
"""
_CLASS = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{lmodern,amsmath,amssymb}
\usepackage[left=25mm,right=60mm,marginparwidth=45mm]{geometry}
\setlength{\parindent}{0pt}
\setlength{\parskip}{1ex}
"""
_NOT_INSIDE = re.compile(
    r"%|\$|\\(?:tag|label)(?![A-Za-z])|\\begin\{(?:align|gather|equation|multl|eqn)"
)
_SECTIONS = ("section", "section", "subsection", "subsubsection")


def annotated(report: FileReport) -> str:
    """The text of a checked file as LaTeX, with marks in the margin."""
    if is_tex(report.text) or report.file.endswith(".tex"):
        return _copy(report)
    document = read_document(report.text, "md")
    body = "".join(_typeset(document, report))
    return f"{_CLASS}{_PREAMBLE}\\begin{{document}}\n{body}\n\\end{{document}}\n"


def _copy(report: FileReport) -> str:
    """A LaTeX document with marks; the commands for them stand before `\\begin{document}`."""
    text, done = report.text, 0
    parts: list[str] = []
    begin = text.find(r"\begin{document}")
    if begin >= 0:
        parts += [text[:begin], _PREAMBLE]
        done = begin
    for (start, end), mark in _marks(report):
        display = text[start] != "$" or text.startswith("$$", start)
        at = start if display and not text.startswith(r"\(", start) else end
        parts += [text[done:at], mark]
        done = at
    return "".join([*parts, text[done:]])


def _marks(report: FileReport) -> Iterator[tuple[tuple[int, int], str]]:
    """Each formula with something that does not hold, and what is to be said of it."""
    found = zip(report.spans, report.entries, strict=True)
    for span, group in groupby(found, key=lambda pair: pair[0]):
        entries = [e for _, e in group if e.status != HOLDS]
        if entries:
            yield span, _mark(entries)


def _mark(entries: list[Entry]) -> str:
    worst = min((e.status for e in entries), key=WORST_FIRST.index)
    said = r"\par ".join(
        rf"\textbf{{{e.status}}} (line {e.line}): {escape(reason(e))}" for e in entries
    )
    return rf"\derivemark{{{_COLOURS[worst]}}}{{{said}}}"


def _typeset(document: Document, report: FileReport) -> Iterator[str]:
    """The headings, paragraphs and formulas of a document that is not LaTeX, with the marks."""
    marks = dict(_marks(report))
    unread = {
        span for span, e in zip(report.spans, report.entries, strict=True) if e.status == UNREADABLE
    }
    done = 0
    for (start, end), group in groupby(document.pieces, key=lambda p: (p.start, p.end)):
        if start < done:
            continue
        yield from _words(document.text[done:start])
        yield marks.get((start, end), "")
        pieces = list(group)
        rows = _rows(document, start, end) if (start, end) not in unread else ""
        yield rows or "".join(_formula(piece, (start, end) in unread) for piece in pieces)
        done = end
    yield from _words(document.text[done:])


def _rows(document: Document, start: int, end: int) -> str:
    """A display as it is written, where LaTeX takes it; else nothing."""
    body = document.text[start:end].removeprefix("$$").removesuffix("$$")
    if len(body) != end - start - 4 or document.macros.table or _NOT_INSIDE.search(body):
        return ""
    return f"\\[{' '.join(body.split())}\\]\n"


def _formula(piece: Piece, unread: bool) -> str:
    if unread or piece.problem:
        return rf"\texttt{{{escape(piece.source)}}}"
    return f"\\[{piece.source}\\]\n" if piece.display else f"\\({piece.source}\\)"


def _words(text: str) -> Iterator[str]:
    """Lines of text; those that begin with `#` are headings, empty ones part paragraphs."""
    for k, line in enumerate(text.split("\n")):
        yield "\n" if k else ""
        level = len(line) - len(line.lstrip("#"))
        if level and line[level : level + 1] == " ":
            name = _SECTIONS[min(level, len(_SECTIONS)) - 1]
            yield rf"\{name}*{{{escape(line[level:].strip())}}}"
        elif line.strip():
            space = " " if line[:1].isspace() else ""
            yield space + escape(line.strip()) + (" " if line[-1:].isspace() else "")
