r"""The layout of conditions: comparisons as people read them, chains, and the ranges of indices.

e ≥ 0                   p\ge 5,  i<j,  1\le p+P-S(i-1)
e - a ≥ 0, b - e ≥ 0    a\le e\le b
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from derive.document.integers import bounds, integer
from derive.document.math import (
    Break,
    Comma,
    Fenced,
    Math,
    Relation,
    RelationKind,
    Sign,
    Words,
    listed,
    row,
)
from derive.document.notation import Names
from derive.ir import (
    And,
    Chosen,
    Compare,
    Divides,
    Equal,
    Formula,
    Guard,
    Int,
    NonNegative,
    Not,
    Number,
    Or,
    Range,
    conjuncts,
)

_FLIPPED: dict[str, RelationKind] = {"<": ">", "<=": ">=", "=": "=", "!=": "!="}
_PLAIN: dict[str, RelationKind] = {"<": "<", "<=": "<=", "=": "=", "!=": "!="}


@dataclass(frozen=True)
class Conditions:
    """Lays out conditions; `formula` and `choice` lay out what they say of formulas."""

    names: Names
    formula: Callable[[Formula], Math]
    choice: Callable[[Chosen], Math]

    def layout(self, guard: Guard) -> Math:
        """The condition in one line."""
        parts = self.lines(guard)
        if not parts:
            return Words("true")
        return _words(parts, " and ")

    def lines(self, guard: Guard) -> list[Math]:
        """The parts of a conjunction, bounds on one expression as a chain; nothing for TRUE."""
        found: list[Math] = []
        left = list(conjuncts(guard))
        several = len(left) > 1
        while left:
            g = left.pop(0)
            mate = next((h for h in left if _bounds_the_same(g, h)), None)
            if mate is not None:
                left.remove(mate)
                found.append(self._chain(g, mate))
            else:
                found.append(self._bracketed(g) if several else self._one(g))
        return found

    def _bracketed(self, g: Guard) -> Math:
        return (
            Fenced("paren", self._one(g)) if isinstance(g, (And, Or)) and g.args else self._one(g)
        )

    def _one(self, g: Guard) -> Math:
        match g:
            case NonNegative():
                return self._comparison(g.expression)
            case Equal(args=(Int() as e, Int() as f)):
                return self._related(e, "=", f)
            case Divides(args=(Int() as d, Int() as e)):
                return self._related(d, "divides", e)
            case Compare():
                return self._compare(g)
            case Not(args=(Guard() as part,)):
                return self._not(part)
            case Or():
                parts = [self._bracketed(h) for h in g.args if isinstance(h, Guard)]
                return _words(parts, " or ") if parts else Words("false")
        return self.layout(g)

    def _not(self, g: Guard) -> Math:
        match g:
            case Equal(args=(Int() as e, Int() as f)):
                return self._related(e, "!=", f)
            case Divides(args=(Int() as d, Int() as e)):
                return self._related(d, "divides not", e)
            case NonNegative():
                return self._comparison(-g.expression - 1)
            case Compare(relation="="):
                return self._compare(Compare(g.left, "!=", g.right))
        return row(Sign("not"), Fenced("paren", self._one(g)))

    def _related(self, e: Int, relation: RelationKind, f: Int) -> Math:
        return row(integer(e, self.names), Relation(relation), integer(f, self.names))

    def _comparison(self, e: Int) -> Math:
        """e ≥ 0 with every term on the side where it is positive."""
        constant = dict(e.terms).get((), 0)
        above = Int({m: c for m, c in e.terms if m and c > 0})
        below = Int({m: -c for m, c in e.terms if m and c < 0})
        if not below.terms:
            return self._related(above, ">=", Int.of(-constant))
        if constant == -1 and above.terms:
            return self._related(below, "<", above)
        return self._related(below + max(0, -constant), "<=", above + max(0, constant))

    def _chain(self, first: Guard, second: Guard) -> Math:
        assert isinstance(first, NonNegative)
        assert isinstance(second, NonNegative)
        g, h = first.expression, second.expression
        shorter = min(_between(g, h), _between(h, g), key=lambda c: sum(len(e.terms) for e in c))
        low, middle, high = (integer(e, self.names) for e in shorter)
        return row(low, Relation("<="), middle, Relation("<="), high)

    def _compare(self, g: Compare) -> Math:
        if isinstance(g.left, Chosen) and g.relation == "=" and g.right == Number(1):
            return self.choice(g.left)
        left, right = self.formula(g.left), self.formula(g.right)
        if isinstance(g.left, Number) and not isinstance(g.right, Number):
            return row(right, Relation(_FLIPPED[g.relation]), left)
        return row(left, Relation(_PLAIN[g.relation]), right)


def _words(parts: Sequence[Math], word: str) -> Math:
    joined: list[Math] = []
    for p in parts:
        joined += [Break(1), Words(word), p] if joined else [p]
    return row(*joined)


def _varying(e: Int) -> Int:
    return Int({m: c for m, c in e.terms if any(Int.of(a).indices for a in m)})


def _bounds_the_same(g: Guard, h: Guard) -> bool:
    """Whether g and h bound the same varying expression from two sides."""
    if not isinstance(g, NonNegative) or not isinstance(h, NonNegative):
        return False
    e = _varying(g.expression)
    return bool(e.terms) and not (e + _varying(h.expression)).terms


def _between(up: Int, down: Int) -> tuple[Int, Int, Int]:
    """(a, e, b) with up = e - a and down = b - e; a sum e is moved so that a is 1 (or 0)."""
    e = _varying(up)
    a = e - up
    constant = dict(a.terms).get((), 0)
    if len(e.terms) > 1:
        moved = min(1, abs(constant)) - a
    else:
        moved = Int({m: -c for m, c in a.terms if m and c < 0}) + max(0, 1 - constant)
    return a + moved, e + moved, down + e + moved


# -- ranges --------------------------------------------------------------------------------------


def under_maximum(ranges: Sequence[Range], names: Names) -> list[Math]:
    r"""The lines 1\le\alpha,\beta\le 2 under a max, indices with equal bounds together."""
    lines: list[Math] = []
    for group in _alike(ranges):
        low = bounds(group[0].lowers, names, lower=True)
        high = bounds(group[0].uppers, names, lower=False)
        letters = listed(names.index(r.index) for r in group)
        lines.append(row(low, Relation("<="), letters, Relation("<="), high))
    return lines


def free_ranges(ranges: Sequence[Range], names: Names) -> list[Math]:
    r"""n=1,\dots,64 and i,j=1,\dots,24: indices with equal ranges together."""
    return [
        row(listed(names.index(r.index) for r in group), Relation("="), *_values(group[0], names))
        for group in _with_equal_bounds(ranges)
    ]


def _values(r: Range, names: Names) -> Iterable[Math]:
    low = bounds(r.lowers, names, lower=True)
    high = bounds(r.uppers, names, lower=False)
    apart = (r.uppers[0] - r.lowers[0]).constant if len(r.lowers) == len(r.uppers) == 1 else None
    if apart == 0:
        return [low]
    if apart == 1:
        return [low, Comma(), high]
    return [low, Comma(), Sign("dots"), Comma(), high]


def _alike(ranges: Sequence[Range]) -> list[list[Range]]:
    """Neighbouring ranges with the same bounds, together."""
    groups: list[list[Range]] = []
    for r in ranges:
        if groups and groups[-1][0].args[1:] == r.args[1:] and groups[-1][0].index not in _used(r):
            groups[-1].append(r)
        else:
            groups.append([r])
    return groups


def _with_equal_bounds(ranges: Sequence[Range]) -> list[list[Range]]:
    """Ranges with the same bounds together, wherever they stand; each in the place of its first."""
    groups: dict[object, list[Range]] = {}
    for r in ranges:
        groups.setdefault(r.args[1:], []).append(r)
    return list(groups.values())


def _used(r: Range) -> frozenset[object]:
    return frozenset(i for e in (*r.lowers, *r.uppers) for i in e.indices)
