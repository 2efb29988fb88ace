"""Sums and maxima over the places that they read, in the place of offsets in a window.

max_{1 ≤ a ≤ K} x[S(i-1) + a]      becomes      max_{S(i-1)+1 ≤ u ≤ S(i-1)+K} x[u]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from sympy import Basic

from derive.engine.bounds import number_of
from derive.ir import (
    TRUE,
    Binder,
    Chosen,
    Component,
    Count,
    Divides,
    Formula,
    Guard,
    Index,
    Int,
    Max,
    Number,
    Power,
    Range,
    Sum,
    Times,
    conjunction,
    floor,
    free_indices,
    rebuild,
    refresh,
    same,
    subformulas,
    substitute,
)
from derive.ir.affine import sign
from derive.rules.terms import product

Node = TypeVar("Node", bound=Basic)


@dataclass(frozen=True)
class OverPlaces:
    """An equal formula whose sums and maxima over one window run over places.

    `binder` is the first of them, and `offsets` what it was.
    """

    formula: Formula
    binder: Binder
    offsets: Binder

    def like(self, f: Formula, to: Mapping[Index, Int]) -> Formula:
        """`f` with all that runs over the same offsets over places, with `to` for free indices."""
        offsets, binder = substitute(self.offsets, to), substitute(self.binder, to)
        return _over(f, offsets, binder)


def over_places(f: Formula) -> OverPlaces | None:
    """`f` over places; None where each place does not belong to one offset."""
    for g in subformulas(f):
        if isinstance(g, Binder) and any(isinstance(h, Component) for h in subformulas(g.body)):
            new = _rewritten(g)
            return None if new is None else OverPlaces(_over(f, g, new), new, g)
    return None


def _over(f: Formula, offsets: Binder, binder: Binder) -> Formula:
    """`f` with all that runs over these offsets over the places of `binder`."""
    if isinstance(f, Sum | Max) and _alike(f, offsets):
        if not free_indices(f.body) & set(f.bound):
            return Sum(f.body, *binder.ranges, binder.condition) if isinstance(f, Sum) else f.body
        new = _rewritten(f)
        return f if new is None else new
    if isinstance(f, Chosen):
        return f
    if isinstance(f, Times):
        f = _with_whole_count(f, offsets)
    parts = tuple(_over(a, offsets, binder) if isinstance(a, Formula) else a for a in f.args)
    return rebuild(f, parts)


def _with_whole_count(f: Times, offsets: Binder) -> Formula:
    """1/n over a sum of ones along some axes of a window is one over all places in the window,
    where n is the number of offsets along the others."""
    number = next((g for g in f.args if isinstance(g, Number)), Number(1))
    for g in f.args:
        if isinstance(g, Power) and g.exponent == Number(-1) and isinstance(g.base, Sum):
            others = _other_ranges(g.base, offsets)
            if others and Power(number_of(Sum(Number(1), *others)), Number(-1)) == _inverse(number):
                whole = Power(refresh(Sum(Number(1), *offsets.ranges)), Number(-1))
                rest = (h for h in f.args if h not in (number, g))
                return product(whole, *rest)  # type: ignore[arg-type]
    return f


def _inverse(f: Number) -> Formula:
    """1/2 as the power 2^{-1} of a count."""
    n = 1 / f.value if f.value else f.value
    return Power(Count(int(n)), Number(-1)) if n.denominator == 1 else f


def _other_ranges(ones: Sum, offsets: Binder) -> list[Range] | None:
    """The ranges of a window without those of a sum of ones along some of its axes."""
    others = list(offsets.ranges)
    for r in ones.ranges:
        met = next((o for o in others if same(Sum(Number(1), o), Sum(Number(1), r))), None)
        if met is None:
            return None
        others.remove(met)
    plain = ones.body == Number(1) and ones.condition == TRUE and offsets.condition == TRUE
    return others if plain else None


def _alike(f: Binder, g: Binder) -> bool:
    """Whether two binders run over the same values under the same condition."""
    ones = [Sum(Number(1), *h.ranges, h.condition) for h in (f, g)]
    return same(*ones)


def _rewritten(f: Binder) -> Binder | None:
    read = next(h for h in subformulas(f.body) if isinstance(h, Component))
    body, condition, ranges = f.body, f.condition, list(f.ranges)
    conditions: list[Guard] = []
    for k, a in enumerate(f.bound):
        e = next((e for e in read.indices if a in e.indices), None)
        parts = None if e is None else e.split(a)
        if parts is None or parts[1].indices & set(f.bound) or sign(parts[0]) < 1:
            return None
        by, rest = parts
        u = Index("uvwrs"[k] if k < 5 else f"u_{{{k}}}", a.number)
        to = {a: floor(Int.of(u) - rest, by)}
        r = ranges[k]
        ranges[k] = Range(u, [by * x + rest for x in r.lowers], [by * x + rest for x in r.uppers])
        ranges[k + 1 :] = [substitute(later, to) for later in ranges[k + 1 :]]
        if by.constant != 1:
            conditions.append(Divides(by, Int.of(u) - rest))
        assert e is not None
        body = _at_place(substitute(body, to), substitute(e, to), u)
        condition = substitute(condition, to)
    return type(f)(body, *ranges, conjunction(condition, *conditions))


def _at_place(f: Node, position: Int, u: Index) -> Node:
    """`f` with u for the position that equals it where u is a place of the window."""
    if isinstance(f, Int):
        return Int.of(u) if f == position else f  # type: ignore[return-value]
    if not f.args:
        return f
    return rebuild(f, tuple(_at_place(a, position, u) for a in f.args))
