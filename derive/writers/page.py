"""How the lines of a display fit on the page that the frames set: A4 with margins of 2.2 cm.

Widths are in em of the text.  They are estimates on the wide side; both typesetters measure again,
so that a reason which does not fit beside its line goes below it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from derive.document.breaking import break_lines, width_of
from derive.document.math import Math
from derive.document.model import Display, Equation

_TEXT = 43.0
_INDENT = 1.5
_CONTINUED = 2.0  # what the lines after the first are indented by
_RELATION = 1.34
_REASON = 0.29 * _TEXT + 1.0
_VERDICT = 1.4


@dataclass(frozen=True)
class Fitted:
    """An equation with its right side in lines; `beside`: a reason has room beside the last one."""

    equation: Equation
    lines: tuple[Math, ...]
    beside: bool


def fitted(display: Display) -> Iterator[Fitted]:
    """The equations of a display, those that are too wide in several lines."""
    lefts = max((width_of(e.left) for e in display.equations if e.left is not None), default=0.0)
    room = _TEXT - _INDENT - lefts - _RELATION
    for e in display.equations:
        lines = break_lines(e.right, room)
        used = width_of(lines[-1]) + (_CONTINUED if len(lines) > 1 else 0.0)
        yield Fitted(e, tuple(lines), beside=used + _REASON + _VERDICT <= room)
