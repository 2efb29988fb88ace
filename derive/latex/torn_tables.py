r"""Tables of derivatives that were torn apart when a document was scanned.

A fraction in a cell has become two cells, one above the other: `\partial E`, and below it
`\overline{\partial A_{11}}`, whose line is that of the fraction.  Behind an `=` that stands alone
follows the table of their values.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from derive.latex.tables import table_behind
from derive.latex.traced import Traced

_ALONE = re.compile(r"^[ \t]*(?:\$+[ \t]*)?(=)[ \t]*(?:\$+[ \t]*)?$", re.MULTILINE)
_BELOW = re.compile(r"\\overline\{[ ]*(\\partial(?![A-Za-z])(?:[^{}$]|\{[^{}$]*\})+)\}")
_ABOVE = re.compile(r"\\partial[ ]*([A-Za-z]|\\[A-Za-z]+)")
HIGHEST = 10_000
"""Characters of the torn table, at most."""


def torn_tables(text: str) -> Iterator[Traced]:
    """Each torn table with the table of its values, as an equation of matrices."""
    for sign in _ALONE.finditer(text):
        start, end = _paragraph(text, sign.start())
        rows = [list(row) for row in _rows(text, start, end) if row]
        values = table_behind(text, sign.end(1)) if rows else None
        if values is None or len({len(row) for row in rows}) > 1:
            continue
        above = _numerator(text[start:end])
        parts = [_at(r"\begin{bmatrix} ", rows[0][0].start())]
        for row in rows:
            for cell in row:
                parts.append(_at(rf"\frac{{{above}}}{{", cell.start(1)))
                parts.append(Traced.of(text, *cell.span(1)))
                parts.append(_at(r"} \\ " if cell is row[-1] else "} & ", cell.end(1)))
        parts[-1] = _at(r"} \end{bmatrix} ", rows[-1][-1].end(1))
        yield Traced.join([*parts, Traced.of(text, *sign.span(1)), _at(" ", sign.end(1)), values])


def _paragraph(text: str, end: int) -> tuple[int, int]:
    """Where the paragraph in front of an offset begins and ends."""
    while end > 0 and text[end - 1].isspace():
        end -= 1
    lowest = max(0, end - HIGHEST)
    return max(lowest, text.rfind("\n\n", lowest, end)), end


def _rows(text: str, start: int, end: int) -> Iterator[list[re.Match[str]]]:
    """The denominators in each line."""
    while start < end:
        after = text.find("\n", start, end)
        after = end if after < 0 else after
        yield list(_BELOW.finditer(text, start, after))
        start = after + 1


def _numerator(cells: str) -> str:
    """What most of the upper cells say: those that are damaged are taken like the others."""
    names = Counter(_ABOVE.findall(_BELOW.sub("", cells)))
    return rf"\partial {names.most_common(1)[0][0]}" if names else r"\partial"


def _at(text: str, offset: int) -> Traced:
    return Traced.at(text, offset, offset)
