"""How wide typeset mathematics is, about, and where a long line ends.

Widths are in em of the text, estimated from the tree with the metrics of Computer Modern to a few
per cent; they serve line breaking only, and err rather on the wide side.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property, lru_cache

from derive.document.math import (
    Big,
    Break,
    CasesMath,
    Column,
    Comma,
    Fence,
    Fenced,
    Fraction,
    Math,
    Name,
    Numeral,
    Operator,
    Relation,
    Root,
    Row,
    Scripts,
    Sign,
    Space,
    Words,
    parts_of,
    row,
)

_SCRIPT = 0.79
_INDENT = 2.0
_FENCES = (0.4, 0.46, 0.6, 0.74, 0.8)
_BRACKETS = (0.28, 0.42, 0.48, 0.53, 0.59)
_SIGNS = {
    "prefix -": 0.78,
    "slash": 0.5,
    "partial": 0.56,
    "dots": 1.4,
    "not": 0.7,
    "cdot": 0.72,
    "bmod": 2.8,
}
_SIGNS_OF_SCRIPTS = {"slash": 0.5, "partial": 0.56, "dots": 1.4, "cdot": 0.28, "bmod": 2.4}
# Letters of Computer Modern's mathematical italic, and what else stands in names, by their width.
_LETTERS = {
    letter: width
    for width, letters in (
        (0.28, ",;.'|"),
        (0.36, "ilt"),
        (0.42, "j"),
        (0.39, "()[]"),
        (0.47, "bcqrsz"),
        (0.5, "0123456789ovepgy"),
        (0.53, "adkf"),
        (0.59, "hnuxIJ"),
        (0.72, "wELSPT"),
        (0.78, "ABCFGQRUVXYZ"),
        (0.91, "mDHKNO"),
        (1.08, "MW"),
    )
    for letter in letters
} | {r"\delta": 0.45}
_LETTER = 0.62  # any other letter, such as a Greek one
_COSTS = (0.0, 1.0, 3.0, 6.0, 8.0)
_IN_TERM = 6.0  # what a line end between the factors of one of several terms costs more
_SPACES = {"thin": 0.17, "thick": 0.28, "quad": 1.0}


def break_lines(tree: Math, width: float, beside: float = 0.0) -> list[Math]:
    """`tree` on one line if it is no wider than `width`, else on few lines, the upper ones full.

    The last line leaves room for what stands `beside` it.  Lines after the first are meant to be
    indented by 2 em.  A line ends before a relation, else before + or - outside brackets, else
    before a factor (which then starts with a dot), else behind a sum sign or inside brackets.  What
    has no such place stays as wide as it is.
    """
    if width_of(tree) <= width - beside:
        return [tree]
    pieces = _pieces(tree)
    lines = _best(pieces, width, beside)
    return [_line(pieces[start:end], first=start == 0) for start, end in lines]


# -- widths --------------------------------------------------------------------------------------


class Style(IntEnum):
    """How mathematics is set: limits beside the sign in TEXT, no space around signs in SCRIPT."""

    DISPLAY = 0
    TEXT = 1
    SCRIPT = 2


@lru_cache(maxsize=1 << 14)
def width_of(tree: Math, style: Style = Style.DISPLAY) -> float:
    """The width of `tree` in em of its own size, as it is set in `style`."""
    script, inner = style is Style.SCRIPT, max(style, Style.TEXT)
    match tree:
        case Row(parts):
            return sum(width_of(p, style) for p in parts)
        case Name():
            return _name(tree)
        case Numeral(digits):
            return 0.5 * len(digits)
        case Sign(kind):
            return _SIGNS_OF_SCRIPTS.get(kind, 0.78) if script else _SIGNS.get(kind, 1.22)
        case Relation():
            return 0.78 if script else 1.34
        case Scripts():
            return _scripts(tree, style)
        case Fraction(above, below):
            return max(width_of(above, inner), width_of(below, inner)) + 0.28
        case Root(body):
            return width_of(body, style) + 0.85
        case Fenced(kind, body, size):
            return width_of(body, style) + 2 * width_of(Fence(kind, True, size))
        case Fence(kind, _, size):
            return (_BRACKETS if kind == "bracket" else _FENCES)[size]
        case Big():
            return _big(tree, style)
        case Operator(name):
            return 0.56 * len(name) + 0.17
        case CasesMath() | Column():
            return _environment(tree, style)
        case Comma(spaced):
            return 0.28 + (0.17 if spaced or not script else 0)
        case Words(text):
            return 0.46 * len(text)
        case Space(width):
            return _SPACES[width]
        case Break():
            return 0.0


def _name(name: Name) -> float:
    beside = max(_letters(name.tag), _letters(name.mark)) * _SCRIPT + 0.28 * name.primes
    return _letters(name.base) + beside


def _environment(tree: CasesMath | Column, style: Style) -> float:
    if isinstance(tree, Column):
        return max(width_of(e, max(style, Style.TEXT)) for e in tree.entries) + 1.2
    values = max(width_of(value, style) for value, _ in tree.branches)
    return values + max(width_of(where, style) for _, where in tree.branches) + 2.2


def _letters(latex: str) -> float:
    """The width of LaTeX that is a letter, a command for one, or a word."""
    return sum(
        _LETTERS.get(symbol, _LETTER) for symbol in re.findall(r"\\[A-Za-z]+|[^\s{}]", latex)
    )


def _big(tree: Big, style: Style) -> float:
    limits = [*tree.under, *([tree.over] if tree.over is not None else [])]
    beside = max((width_of(x, Style.SCRIPT) * _SCRIPT for x in limits), default=0.0)
    if style is not Style.DISPLAY and tree.kind in ("sum", "prod"):
        return 1.06 + beside + 0.17
    own = 1.44 if tree.kind in ("sum", "prod") else 1.9 if tree.kind != "argmax" else 3.6
    return max(own, beside) + 0.17


def _scripts(tree: Scripts, style: Style) -> float:
    base: Math = tree.base
    beside = [width_of(x, Style.SCRIPT) * _SCRIPT for x in (tree.below, tree.above) if x]
    if isinstance(base, Name) and base.tag:
        beside.append(_letters(base.tag) * _SCRIPT)
        base = Name(base.base, base.accents)
    return width_of(base, style) + max(beside) + 0.08


# -- breaking ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """What stands between two places where a line may end; `cost` of ending one before it."""

    parts: tuple[Math, ...]
    cost: float
    dotted: bool = False

    @cached_property
    def width(self) -> float:
        return sum(width_of(p) for p in self.parts)


def _pieces(tree: Math) -> list[Piece]:
    pieces: list[Piece] = []
    parts: list[Math] = []
    cost, dotted = 0.0, False
    flat = _flat(tree, 0)
    sums = {depth for part, depth in flat if part == Break(1)}
    for part, depth in flat:
        if not isinstance(part, Break):
            parts.append(part)
            continue
        if parts:
            pieces.append(Piece(tuple(parts), cost, dotted and parts[0] != Sign("cdot")))
        within = _IN_TERM if part.rank == 2 and depth in sums else 0.0
        parts, cost, dotted = [], _COSTS[part.rank] + within + 4.0 * depth, part.rank == 2
    return [*pieces, Piece(tuple(parts), cost, dotted and parts[:1] != [Sign("cdot")])]


def _flat(tree: Math, depth: int) -> list[tuple[Math, int]]:
    """The parts of `tree` with their depth in brackets, brackets that can be broken opened up."""
    found: list[tuple[Math, int]] = []
    for p in parts_of(tree):
        if isinstance(p, Fenced) and any(isinstance(q, Break | Fenced) for q in parts_of(p.body)):
            found.append((Fence(p.kind, True, p.size), depth))
            found += _flat(p.body, depth + 1)
            found.append((Fence(p.kind, False, p.size), depth))
        else:
            found.append((p, depth))
    return found


def _best(pieces: list[Piece], width: float, beside: float) -> list[tuple[int, int]]:
    """The lines, as spans of pieces, that cost least: no overflow, cheap places, few and full."""
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(pieces) + 1):
        options: list[tuple[float, int]] = []
        last = end == len(pieces)
        used = 0.0
        for start in range(end - 1, -1, -1):
            used += pieces[start].width
            room = width - (_opening(pieces[start]) if start else 0.0) - beside * last
            over = max(0.0, used - room)
            full = min(1.0, used / width)
            uneven = max(0.0, 0.25 - full) * 10.0 if last else (1.0 - full) * 2.0
            price = 100.0 * over + uneven + (2.0 + pieces[start].cost if start else 0.0)
            options.append((best[start][0] + price, start))
            if over and start < end - 1:
                break
        best.append(min(options))
    spans: list[tuple[int, int]] = []
    end = len(pieces)
    while end:
        start = best[end][1]
        spans.insert(0, (start, end))
        end = start
    return spans


def _opening(piece: Piece) -> float:
    """What a line that starts with `piece` takes besides it."""
    return _INDENT + (width_of(Sign("cdot")) if piece.dotted else 0.0)


def _line(pieces: list[Piece], first: bool) -> Math:
    parts: list[Math] = [Sign("cdot")] if pieces[0].dotted and not first else []
    for k, piece in enumerate(pieces):
        spaced = k > 0 or first or not isinstance(piece.parts[0], Space)
        parts += [Break(2)] * bool(k) + [*piece.parts[not spaced :]]
    return row(*parts)
