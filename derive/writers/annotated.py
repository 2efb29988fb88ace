r"""A checked document once more, as LaTeX with the verdicts in its margin.

A LaTeX document is copied: the relations that do not hold are coloured and numbered, and the notes
with these numbers stand in a margin beside the page.  Of another kind of document, or of a part of
one, the headings, paragraphs and formulas are written as a document of their own.
"""

from __future__ import annotations

from collections.abc import Iterator

from pylatex.utils import NoEscape

from derive.check.files import Entry, FileReport
from derive.check.marks import Marked, Note, Place, marked, replaced
from derive.check.prose import BEGIN, Break, Heading, Listing, Words, prose
from derive.check.report import excerpt, phrases, reason
from derive.check.verdict import WORST_FIRST
from derive.writers.latex_source import is_typeset, mathematics
from derive.writers.latex_text import escape
from derive.writers.templates import environment

COLOURS = {
    "wrong": "red!75!black",
    "undefined": "violet",
    "unreadable": "black!55",
    "holds if": "orange!85!black",
    "convention": "blue!70!black",
}
_SECTIONS = ("section", "section", "subsection", "subsubsection")


def annotated(report: FileReport) -> str:
    """The text of a checked file as LaTeX, with marks in the margin."""
    text = report.document.text
    begin = BEGIN.search(text) if report.document.kind == "tex" else None
    if begin is not None:
        at = text.rindex("\\begin", 0, begin.end())
        return f"{text[:at]}{_preamble()}{_copy(report, at)}"
    body = NoEscape("".join(_typeset(report)).strip())
    frame = environment(escape).get_template("annotated.tex")
    return frame.render(preamble=NoEscape(_preamble()), body=body)


def _preamble() -> str:
    """The definitions of the commands for marks, for the end of a preamble."""
    return environment(escape).get_template("marks.tex").render()


def _copy(report: FileReport, begin: int) -> str:
    """The text from an offset on, with the marks at the relations and the notes."""
    text = report.document.text
    edits = []
    for formula in marked(report):
        edits += [(start, end, mark) for (start, end), mark in _marks(formula, text).items()]
        if formula.notes:
            inline = text[formula.start] == "$" != text[formula.start + 1 : formula.start + 2]
            at = formula.end if inline or text.startswith(r"\(", formula.start) else formula.start
            edits.append((at, at, _notes(formula)))
    parts, done = [], begin
    for start, end, mark in sorted(edits):
        if start >= done:
            parts += [text[done:start], mark]
            done = end
    return "".join([*parts, text[done:]])


def _marks(formula: Marked, text: str) -> dict[Place, str]:
    """What replaces the relations that do not hold."""
    return {
        note.relation: _mark(note, text[slice(*note.relation)])
        for note in formula.notes
        if note.relation is not None
    }


def _mark(note: Note, relation: str) -> str:
    return rf"\derivemark{{{_colour(note.entry)}}}{{{note.number}}}{{{relation}}}"


def _colour(entry: Entry) -> str:
    return COLOURS[entry.status]


def _notes(formula: Marked) -> str:
    """The notes on a formula, for the margin."""
    worst = min((n.entry for n in formula.notes), key=lambda e: WORST_FIRST.index(e.status))
    said = r"\derivepar ".join(map(_note, formula.notes))
    numbers = ""
    if not formula.display:
        numbers = ",".join(str(n.number) for n in formula.notes if n.relation is None)
    return rf"\derivenote{{{_colour(worst)}}}{{{numbers}}}{{{said}}}"


def _note(note: Note) -> str:
    e = note.entry
    head = rf"\textcolor{{{_colour(e)}}}{{{note.number}\enspace\textbf{{{e.status}}}}}"
    said = "".join(_phrase(*phrase) for phrase in phrases(reason(e)))
    said = f"{head} (line {e.line}) {said}"
    if e.stopped:
        shown, caret = excerpt(e.latex, e.caret, widest=48)
        before, after = escape(shown[:caret]), escape(shown[caret:])
        said += rf"\derivepar\texttt{{{before}\derivestop{{{_colour(e)}}}{after}}}"
    return said


def _phrase(said: str, math: bool) -> str:
    return f"\\({mathematics(said)}\\)" if math and is_typeset(said) else escape(said)


def _typeset(report: FileReport) -> Iterator[str]:
    """The headings, words and formulas of a document, with the marks."""
    for part in prose(report.document, tuple(marked(report))):
        match part:
            case Heading():
                name = _SECTIONS[min(part.level, len(_SECTIONS)) - 1]
                yield f"\n\n\\{name}*{{{escape(part.title)}}}\n\n"
            case Listing():
                lines = "\\\\\n".join(f"\\mbox{{}}{escape(x)}" for x in part.text.split("\n"))
                yield f"\n\n{{\\ttfamily\\obeyspaces {lines}\\par}}\n\n"
            case Words():
                yield escape(part.text)
            case Break():
                yield "\n\n"
            case Marked():
                yield _formula(part, report.document.text)


def _formula(formula: Marked, text: str) -> str:
    """A formula with its marks and notes; what LaTeX would not take is shown as it is written."""
    notes = _notes(formula) if formula.notes else ""
    unread = any(n.entry.stopped for n in formula.notes)
    if unread or not all(p.problem is None and is_typeset(p.source) for p in formula.pieces):
        shown = rf"{{\ttfamily {escape(text[formula.start : formula.end])}}}"
        return f"\n\n{notes}{shown}\n\n" if formula.display else f"{shown}{notes}"
    marks = _marks(formula, text)
    pieces = [mathematics(replaced(piece.math, marks)) for piece in formula.pieces]
    if formula.display:
        rows = "".join(rf"\derivedisplay{{{piece}}}" + "\n" for piece in pieces)
        return f"\n\n{notes}{rows}\n"
    return ", ".join(f"\\({piece}\\)" for piece in pieces) + notes
