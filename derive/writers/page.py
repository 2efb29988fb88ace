"""How the lines of a display fit on the page that the frames set: A4 with margins of 2.2 cm.

Widths are in em of the text.  They are estimates on the wide side; both typesetters measure again,
so that a reason which does not fit beside its line goes below it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from derive.document.breaking import break_lines, width_of
from derive.document.math import CasesMath, Math, Row, Words, parts_of, row
from derive.document.model import Display, Equation

_TEXT = 43.0
_INDENT = 1.5
_CONTINUED = 2.0  # what the lines after the first are indented by
_RELATION = 1.34
_REASON = 0.29 * _TEXT + 1.0
_VERDICT = 1.4
_BRACE = 2.2  # the brace of cases, and the space between values and conditions


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
        lines = break_lines(_with_short_conditions(e.right, room), room)
        used = width_of(lines[-1]) + (_CONTINUED if len(lines) > 1 else 0.0)
        yield Fitted(e, tuple(lines), beside=used + _REASON + _VERDICT <= room)


def _with_short_conditions(tree: Math, room: float) -> Math:
    """`tree` with the conditions of its cases in several lines, where it is wider than `room`."""
    if width_of(tree) <= room:
        return tree
    return row(
        *(_folded(p, room) if isinstance(p, CasesMath) else p for p in parts_of(tree)),
    )


def _folded(cases: CasesMath, room: float) -> CasesMath:
    """Each condition in lines that fit beside the values; all but the first begin with “and”."""
    widest = max(width_of(value) for value, _ in cases.branches)
    branches: list[tuple[Math, Math]] = []
    for value, condition in cases.branches:
        first, *others = _conjuncts(condition)
        lines = [first]
        for part in others:
            longer = row(lines[-1], Words(" and "), part)
            if widest + _BRACE + width_of(longer) <= room:
                lines[-1] = longer
            else:
                lines.append(row(Words("and "), part))
        branches += [(value, lines[0]), *((Row(()), x) for x in lines[1:])]
    return CasesMath(tuple(branches))


def _conjuncts(condition: Math) -> list[Math]:
    """What stands between the words “and” of a condition."""
    found: list[list[Math]] = [[]]
    for p in parts_of(condition):
        if p == Words(" and "):
            found.append([])
        else:
            found[-1].append(p)
    return [row(*parts) for parts in found]
