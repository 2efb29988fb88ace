"""How a document fits on the pages that the frames set: A4 with margins of 2.2 cm.

At the right of a display are three columns: the reason of a line, which ends flush at the verdict,
the verdict, and the number.  Widths are in em of the text, and estimates; both typesetters measure
again, so that a reason which does not fit beside its line goes below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from derive.document.breaking import break_lines, width_of
from derive.document.math import CasesMath, Math, Row, Words, parts_of, related, row
from derive.document.model import (
    Block,
    Display,
    Equation,
    Figure,
    InlineMath,
    Line,
    Paragraph,
    Reference,
    Section,
    Subsection,
)

_TEXT = 43.0
_INDENT = 1.5
_CONTINUED = 2.0  # what the lines after the first are indented by
_RELATION = 1.34
_VERDICT = 3.6  # with the number
_GAP = 0.7  # between a formula and its reason
_REASON = 0.3 * _TEXT  # at most; a longer one is set in several lines
_SMALL = 9 / 11  # the size of a reason
_LETTER, _NUMBER = 0.46, 1.8  # of text, on the average, and (99)
_BRACE = 2.2  # the brace of cases, and the space between values and conditions


@dataclass(frozen=True)
class Fitted:
    """An equation with its right side in lines; `beside`: a reason has room beside the last one."""

    equation: Equation
    lines: tuple[Math, ...]
    beside: bool


def joined(display: Display, room: float) -> list[Equation]:
    """The equations of a display, those that may join the one above in its line where both fit."""
    found: list[Equation] = []
    for e in display.equations:
        if e.joins:
            both = related(found[-1].right, e.relation, e.right)
            if width_of(both) <= room:
                first, reason = found[-1], e.reason or found[-1].reason
                found[-1] = replace(first, right=both, reason=reason, mark=e.mark, label=e.label)
                continue
        found.append(e)
    return found


def fitted(display: Display) -> Iterator[Fitted]:
    """The equations of a display, those that are too wide in several lines."""
    lefts = max((width_of(e.left) for e in display.equations if e.left is not None), default=0.0)
    room = _TEXT - _INDENT - lefts - _RELATION
    for e in joined(display, room - _VERDICT):
        right = _with_short_conditions(e.right, room)
        reason = _width_of_reason(e.reason)
        lines = break_lines(right, room, _VERDICT if e.mark or e.label else 0.0)
        shorter = break_lines(right, room, _VERDICT + reason)
        last = width_of(shorter[-1]) + (_CONTINUED if len(shorter) > 1 else 0.0)
        beside = len(shorter) <= len(lines) and last + reason + _VERDICT <= room
        yield Fitted(e, tuple(shorter if beside else lines), beside)


def _width_of_reason(reason: Line) -> float:
    """The width of its column, with the gap before it."""
    if not reason:
        return 0.0
    natural = 0.0
    for p in reason:
        match p:
            case InlineMath():
                natural += _SMALL * width_of(p.math)
            case Reference():
                natural += _SMALL * _NUMBER
            case _:
                natural += _SMALL * _LETTER * len(p.text)
    return _GAP + min(_REASON, natural)


def kept(blocks: Sequence[Block]) -> list[bool]:
    """For each block whether the next one must begin on the same page: headings, and the paragraphs
    that lead to a display or a figure."""
    found: list[bool] = []
    display = False  # whether what follows leads to a display
    for block in reversed(blocks):
        paragraph = isinstance(block, Paragraph)
        found.append(isinstance(block, Section | Subsection) or (paragraph and display))
        display = isinstance(block, Display | Figure) or (paragraph and display)
    return found[::-1]


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
