"""The numbers of sums of constants, without going through their terms one by one.

    Σ_n Σ_o Σ_{i=1}^{28} Σ_{a=max(1,3-i)}^{min(5,31-i)} 1  =  N · O · (the number of pairs i, a)

Ranges whose bounds do not depend on each other multiply, so the cost is that of the largest group
that does depend, not that of the array.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod

from derive.engine.unroll import Unroller
from derive.errors import Unsupported
from derive.ir import TRUE, Count, Formula, Index, Number, Plus, Range, Sum, Times, free_indices
from derive.rules.terms import factors, product


def tally(f: Formula, unroll: Unroller, ranges: Sequence[Range] = ()) -> Fraction:
    """The value of Σ f over `ranges`, for an `f` of sums, products with numbers, and numbers."""
    match f:
        case Number():
            return f.value * _combinations(ranges, unroll)
        case Count() if not free_indices(f):
            return Fraction(unroll.number(f.integer, {}) * _combinations(ranges, unroll))
        case Plus():
            return sum((tally(g, unroll, ranges) for g in f.args), Fraction(0))  # type: ignore[arg-type]
        case Sum() if f.condition == TRUE:
            return tally(f.body, unroll, (*ranges, *f.ranges))
        case Times():
            numbers = [g.value for g in factors(f) if isinstance(g, Number)]
            rest = [g for g in factors(f) if not isinstance(g, Number)]
            if len(rest) == 1:
                return prod(numbers, start=Fraction(1)) * tally(product(*rest), unroll, ranges)
    found = unroll(Sum(f, *ranges) if ranges else f)
    if not isinstance(found, Number):
        raise Unsupported("these operations cannot be counted")
    return found.value


def _combinations(ranges: Sequence[Range], unroll: Unroller) -> int:
    """How many values the indices of some ranges have together."""
    groups: list[list[Range]] = []
    for r in ranges:
        met = [g for g in groups if {s.index for s in g} & free_indices(r)]
        groups = [g for g in groups if g not in met] + [[s for g in met for s in g] + [r]]
    order: dict[Index, int] = {r.index: k for k, r in enumerate(ranges)}
    found = 1
    for g in groups:
        together = Sum(Number(1), *sorted(g, key=lambda r: order[r.index]))
        found *= sum(1 for _ in unroll.positions(together, {}))
    return found
