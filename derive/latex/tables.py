r"""Tables of numbers in the text behind `M =`, as a matrix.

In Markdown and plain text the rows are lines of numbers with tabs, bars or two spaces between them;
in LaTeX they stand in a `tabular`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from derive.latex.traced import Traced

LONGEST = 10_000
"""Characters of a table, at most."""

_NUMBER = r"[-+]?[0-9]+(?:\.[0-9]+)?"
_ROW = re.compile(
    rf"[ ]*\|?[ ]*{_NUMBER}(?:[ ]*(?:\||\t|[ ]{{2,}}|&)[ ]*{_NUMBER})+[ \t]*\|?[ \t]*"
)
_RULE = re.compile(r"[ ]*\|?[-:| ]*-[-:| ]*")
_CELL = re.compile(_NUMBER)
_OPENING = re.compile(
    r"(?:\s|\$|\\\[|\\(?:centering|hfill|begin\{(?:center|table)\}(?:\[[a-zH!]*\])?))*"
    r"\\begin\{tabular\}\{[^{}\n]*\}"
)
_CLOSING = re.compile(r"\\end\{tabular\}")


def table_behind(text: str, at: int) -> Traced | None:
    """The table of numbers that comes next in a document, as a `bmatrix`; None if there is none."""
    limited = text[: at + LONGEST]
    opening = _OPENING.match(limited, at)
    if opening is not None:
        closing = _CLOSING.search(limited, opening.end())
        rows = [] if closing is None else list(_cells(limited, opening.end(), closing.start()))
    else:
        rows = list(_lines(limited, at))
    if not rows or len({len(row) for row in rows}) > 1:
        return None
    parts: list[Traced] = []
    start, end = rows[0][0].start(), rows[-1][-1].end()
    for row in rows:
        for cell in row:
            parts.append(Traced.of(text, cell.start(), cell.end()))
            parts.append(Traced.at(r" \\ " if cell is row[-1] else " & ", cell.end(), cell.end()))
    begin = Traced.at(r"\begin{bmatrix} ", start, start)
    return Traced.join([begin, *parts[:-1], Traced.at(r" \end{bmatrix}", end, end)])


def _lines(text: str, at: int) -> Iterator[list[re.Match[str]]]:
    """The numbers of each line, from the next that is not blank to the first of another kind."""
    found = re.compile(r"[ \t]*(?:\n\s*)?").match(text, at)
    at = at if found is None else found.end()
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        if _ROW.fullmatch(text, at, end):
            yield list(_CELL.finditer(text, at, end))
        elif not _RULE.fullmatch(text, at, end):
            return
        at = end + 1


def _cells(text: str, at: int, end: int) -> Iterator[list[re.Match[str]]]:
    """The numbers of each row of a `tabular`; nothing where it holds anything else."""
    rest = re.sub(rf"{_NUMBER}|\\hline|\\\\|[$&\s]", "", text[at:end])
    if rest:
        return
    for row in re.finditer(r"(?:[^\\]|\\hline)+", text[at:end]):
        cells = list(_CELL.finditer(text, at + row.start(), at + row.end()))
        if cells:
            yield cells
