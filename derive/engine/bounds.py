"""Laws that bound a formula by another: each says `f relation g`, and why.

A bound is made from the formula that it is about, one law at a time; what it claims is evaluated
like any other statement.  `x ≥ 0` stands for: the body of the sum is not negative.

    one term         max x^p ≤ Σ x^p                 for x ≥ 0
    largest entry    Σ x^p ≤ Σ (max x)^p             for x ≥ 0
    Bernoulli        N^{1/p} ≤ 1 + (N - 1)/p         for p ≥ 1
"""

from __future__ import annotations

from dataclasses import dataclass

from derive.ir import (
    ONE,
    TRUE,
    Count,
    Formula,
    Max,
    Number,
    Plus,
    Power,
    Size,
    Sum,
    Times,
    free_indices,
    rebuild,
    refresh,
    same,
)


@dataclass(frozen=True)
class Bound:
    """`before relation after`, with the reason; the relation is one of = ≤."""

    before: Formula
    relation: str
    after: Formula
    reason: str


def one_term(f: Sum) -> Formula:
    """What a sum of terms that are not negative is at least: its largest term.

    The largest of x^p is the p-th power of the largest x.
    """
    return _of_largest(f)


def largest_entry(f: Sum) -> Formula:
    """What such a sum is at most: with the largest entry in the place of every entry."""
    return Sum(_of_largest(f), *f.ranges, f.condition)


def _of_largest(f: Sum) -> Formula:
    if not isinstance(f.body, Power):
        raise ValueError("a sum of powers is expected")
    return Power(refresh(Max(f.body.base, *f.ranges, f.condition)), f.body.exponent)


def replaced(f: Formula, old: Formula, new: Formula) -> Formula:
    """`f` with `new` in the place of `old`, up to the names of bound indices."""
    if f is old or (type(f) is type(old) and same(f, old)):
        return new
    parts = tuple(replaced(a, old, new) if isinstance(a, Formula) else a for a in f.args)
    return rebuild(f, parts)


def number_of(f: Sum) -> Formula:
    """How many terms a sum has: a product of sizes, or else a sum of ones."""
    bound = set(f.bound)
    number = ONE
    for r in f.ranges:
        if r.extent is None or free_indices(r) & bound:
            return refresh(Sum(Number(1), *f.ranges, f.condition))
        number = number * r.extent
    if f.condition != TRUE or number.indices:
        return refresh(Sum(Number(1), *f.ranges, f.condition))
    return Count(number)


def equal_terms(f: Sum, number: Formula) -> Formula:
    """A sum of terms that are all alike: their number times one of them."""
    if free_indices(f.body) & set(f.bound):
        raise ValueError("the terms are not alike")
    return Times(number, f.body)


def without_root(f: Formula, p: Size) -> Formula | None:
    """(a^p)^{1/p} = a and (N a^p)^{1/p} = N^{1/p} a, for a ≥ 0 and positive N."""
    if not isinstance(f, Power):
        return None
    factors = f.base.args if isinstance(f.base, Times) else (f.base,)
    opened: list[Formula] = []
    for g in factors:
        if isinstance(g, Power) and same(g.exponent, Count(p)):
            opened.append(g.base)
        else:
            opened.append(Power(g, f.exponent))  # type: ignore[arg-type]
    return opened[0] if len(opened) == 1 else Times(*opened)


def bernoulli(n: Formula, p: Formula) -> Bound:
    """n^{1/p} ≤ 1 + (n - 1)/p: the p-th power of the right side is at least 1 + (n - 1)."""
    right = Plus(Number(1), Times(Plus(n, Number(-1)), Power(p, Number(-1))))
    return Bound(
        Power(n, Power(p, Number(-1))), "<=", right, "Bernoulli’s inequality, for the power p"
    )
