"""How wide typeset mathematics is, about, and where a long line ends.

Widths are in em of the text, estimated from the tree with the metrics of Computer Modern; they
serve line breaking only, and err on the wide side.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from derive.document.math import (
    Big,
    Break,
    CasesMath,
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

_SCRIPT = 0.8
_INDENT = 2.0
_FENCES = (0.4, 0.46, 0.6, 0.74, 0.8)
_SIGNS = {
    "prefix -": 0.78,
    "slash": 0.5,
    "partial": 0.56,
    "dots": 1.4,
    "not": 0.7,
    "cdot": 0.94,
    "bmod": 2.8,
}
_COSTS = (0.0, 1.0, 3.0, 6.0)
_SPACES = {"thin": 0.17, "thick": 0.28, "quad": 1.0}


def break_lines(tree: Math, width: float) -> list[Math]:
    """`tree` on one line if it is no wider than `width`, else on several.

    Lines after the first are meant to be indented by 2 em.  A line ends before a relation, else
    before + or - outside brackets, else before a factor (which then starts with a dot), else
    behind a sum sign or inside brackets.  What has no such place stays as wide as it is.
    """
    if width_of(tree) <= width:
        return [tree]
    pieces = _pieces(tree)
    lines = _best(pieces, width)
    return [_line(pieces[start:end], first=start == 0) for start, end in lines]


# -- widths --------------------------------------------------------------------------------------


@cache
def width_of(tree: Math, script: bool = False) -> float:
    """The width of `tree` in em, in the size of scripts if `script`."""
    match tree:
        case Row(parts):
            return sum(width_of(p, script) for p in parts)
        case Name():
            beside = max(_letters(tree.tag), _letters(tree.mark)) * _SCRIPT + 0.28 * tree.primes
            return _letters(tree.base) + beside
        case Numeral(digits):
            return 0.5 * len(digits)
        case Sign(kind):
            return _SIGNS.get(kind, 0.78 if script else 1.22)
        case Relation():
            return 0.78 if script else 1.34
        case Scripts():
            return _scripts(tree, script)
        case Fraction(above, below):
            return max(width_of(above, script), width_of(below, script)) + 0.24
        case Root(body):
            return width_of(body, script) + 0.85
        case Fenced(_, body, size):
            return width_of(body, script) + 2 * _FENCES[size]
        case Fence(_, _, size):
            return _FENCES[size]
        case Big():
            return _big(tree)
        case Operator(name):
            return 0.5 * len(name) + 0.17
        case CasesMath(branches):
            values = max(width_of(value, script) for value, _ in branches)
            return values + max(width_of(where, script) for _, where in branches) + 2.2
        case Comma(spaced):
            return 0.28 + (0.17 if spaced or not script else 0)
        case Words(text):
            return 0.48 * len(text)
        case Space(width):
            return _SPACES[width]
        case Break():
            return 0.0


def _letters(latex: str) -> float:
    """The width of LaTeX that is a letter, a command for one, or a word."""
    count, in_command = 0, False
    for c in latex:
        in_command = c == "\\" or (in_command and c.isalpha())
        count += not in_command and c not in "{} "
    return 0.56 * (count + latex.count("\\"))


def _big(tree: Big) -> float:
    own = 1.44 if tree.kind == "sum" else 1.9 if tree.kind != "argmax" else 3.6
    limits = [*tree.under, *([tree.over] if tree.over is not None else [])]
    return max([own, *(width_of(x, True) * _SCRIPT for x in limits)]) + 0.17


def _scripts(tree: Scripts, script: bool) -> float:
    base: Math = tree.base
    beside = [width_of(x, True) * _SCRIPT for x in (tree.below, tree.above) if x is not None]
    if isinstance(base, Name) and base.tag:
        beside.append(_letters(base.tag) * _SCRIPT)
        base = Name(base.base, base.accents)
    return width_of(base, script) + max(beside) + 0.05


# -- breaking ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """What stands between two places where a line may end; `cost` of ending one before it."""

    parts: tuple[Math, ...]
    cost: float
    dotted: bool = False

    @property
    def width(self) -> float:
        return sum(width_of(p) for p in self.parts)


def _pieces(tree: Math) -> list[Piece]:
    pieces: list[Piece] = []
    parts: list[Math] = []
    cost, dotted = 0.0, False
    for part, depth in _flat(tree, 0):
        if not isinstance(part, Break):
            parts.append(part)
            continue
        if parts:
            pieces.append(Piece(tuple(parts), cost, dotted and parts[0] != Sign("cdot")))
        parts, cost, dotted = [], _COSTS[part.rank] + 4.0 * depth, part.rank == 2
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


def _best(pieces: list[Piece], width: float) -> list[tuple[int, int]]:
    """The lines, as spans of pieces, that cost least: no overflow, cheap places, few lines."""
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(pieces) + 1):
        options: list[tuple[float, int]] = []
        used = 0.0
        for start in range(end - 1, -1, -1):
            used += pieces[start].width
            room = width - _opening(pieces[start]) if start else width
            over = max(0.0, used - room)
            price = 100.0 * over + (2.0 + pieces[start].cost if start else 0.0)
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
