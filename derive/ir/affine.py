"""Linear relations between integers: solving for an index, and bounds instead of inequalities.

    c·i + r = 0   has the solution  i = -r/c   where c divides r
    c·i + r ≥ 0   says              i ≥ ⌈-r/c⌉   or, for negative c,   i ≤ ⌊r/(-c)⌋

A coefficient is a number or a product of sizes; sizes in coefficients are at least 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from derive.ir.guard import TRUE, Divides, Guard, NonNegative
from derive.ir.index import Index, Size
from derive.ir.integer import ONE, Floor, Int, ceiling, floor, residue


@dataclass(frozen=True)
class Solution:
    """index = value, provided that `condition` holds."""

    value: Int
    condition: Guard


@dataclass(frozen=True)
class Bound:
    """index ≥ value (`lower`) or index ≤ value."""

    value: Int
    lower: bool


def sign(c: Int) -> int:
    """+1 or -1 for a coefficient whose sign is known, else 0.  Named sizes in it are at least 1."""
    signs = {1 if k > 0 else -1 for _, k in c.terms}
    positive = all(isinstance(a, Size) and a.least >= 1 for m, _ in c.terms for a in m)
    return signs.pop() if positive and len(signs) == 1 else 0


def solve(e: Int, index: Index) -> Solution | None:
    """The solution of e = 0 for an index in which `e` is linear, else None."""
    parts = e.split(index)
    if parts is None:
        return None
    c, rest = parts
    if c == ONE:
        return Solution(-rest, TRUE)
    if c == -ONE:
        return Solution(rest, TRUE)
    s = sign(c)
    if not s:
        return None
    divisor, value = (c, -rest) if s > 0 else (-c, rest)
    return Solution(floor(value, divisor), _divides(divisor, value))


def _divides(d: Int, e: Int) -> Divides:
    """d | e without exact multiples of d in e, and with a plus where all of e has a minus."""
    left = residue(e, d)
    if all(c < 0 for m, c in left.terms if m):
        left = residue(-left, d)
    return Divides(d, left)


def bound(e: Int, index: Index) -> Bound | None:
    """What e ≥ 0 says of an index in which `e` is linear, or that stands in one floor of it."""
    parts = e.split(index)
    if parts is not None:
        c, rest = parts
        s = sign(c)
        if s > 0:
            return Bound(ceiling(-rest, c), lower=True)
        return Bound(floor(rest, -c), lower=False) if s < 0 else None
    for atom in _floors(e):
        if index in atom.parts[0].indices:
            opened = open_floor(e, atom)
            return bound(opened, index) if opened is not None else None
    return None


def open_floor(e: Int, atom: Floor) -> Int | None:
    """An expression that is ≥ 0 exactly where `e` is, without the floor, for e = ±⌊n/d⌋ + r.

    ⌊n/d⌋ ≥ k  ⟺  n ≥ d·k,  and  ⌊n/d⌋ ≤ k  ⟺  n ≤ d·k + d - 1.
    """
    parts = e.split(atom)
    if parts is None:
        return None
    c, rest = parts
    n, d = atom.parts
    if c == ONE:
        return n + d * rest
    if c == -ONE:
        return d * rest + d - 1 - n
    return None


def without_floors(g: Guard) -> Guard:
    """The same condition without the floors of indices that stand alone in it."""
    if isinstance(g, NonNegative):
        for atom in _floors(g.expression):
            opened = open_floor(g.expression, atom) if atom.parts[0].indices else None
            if opened is not None:
                return without_floors(NonNegative(opened))
    return g


def _floors(e: Int) -> list[Floor]:
    return [a for monomial, _ in e.terms for a in monomial if isinstance(a, Floor)]
