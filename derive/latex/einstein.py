"""Implied sums: an index that stands twice in a product is summed over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from derive.ir import (
    Binder,
    Cases,
    Component,
    Delta,
    Derivative,
    Formula,
    Greatest,
    Index,
    Int,
    Least,
    Number,
    Plus,
    Power,
    Range,
    Sum,
    Times,
    rebuild,
)
from derive.latex.array import Array, Value
from derive.latex.error import ReadError
from derive.latex.ranges import bounds_of

Counts = Counter[Index]


def free_in(formulas: Iterable[Formula]) -> set[Index]:
    """The indices that stand just once in some term: these are free, the others are summed."""
    return {i for f in formulas for term in _terms(f) for i, n in _counts(term).items() if n == 1}


def _terms(f: Formula) -> list[Formula]:
    if isinstance(f, Plus):
        return [t for a in f.args for t in _terms(a)]  # type: ignore[arg-type]
    return [f]


def _counts(f: Formula) -> Counts:
    """How often each index stands in a formula: in a sum of terms, as often as in one of them."""
    if isinstance(f, (Component, Delta)):
        return Counter(i for e in f.args if isinstance(e, Int) for i in _indices(e))
    if isinstance(f, (Plus, Cases, Greatest, Least)):
        most: Counts = Counter()
        for a in f.args:
            most |= _counts(a)  # type: ignore[arg-type]
        return most
    if isinstance(f, Power):
        found = _counts(f.base)
        return found + found if f.exponent == Number(2) else found
    total: Counts = Counter()
    for a in f.args:
        if isinstance(a, Formula):
            total += _counts(a)
    if isinstance(f, Binder):
        for i in f.bound:
            del total[i]
    return total


def _indices(e: Int) -> list[Index]:
    return [a for a in dict.fromkeys(e.atoms_within()) if isinstance(a, Index)]


def summed(f: Formula, free: set[Index], over: Callable[[Index, Formula], Range]) -> Formula:
    """`f` with a sum where an index that is not free stands twice, as far in as possible."""
    if isinstance(f, Binder):
        free = free | set(f.bound)
    if not isinstance(f, (Times, Power, Component, Delta, Derivative)):
        parts = tuple(summed(a, free, over) if isinstance(a, Formula) else a for a in f.args)
        return rebuild(f, parts) if f.args else f
    if isinstance(f, Times):
        f = rebuild(f, tuple(summed(a, free, over) for a in f.args))  # type: ignore[arg-type]
    if isinstance(f, Power):
        f = rebuild(f, (summed(f.base, free, over), f.exponent))
    if isinstance(f, Derivative):
        f = rebuild(f, (summed(f.of, free, over), *f.args[1:]))
    repeated = [i for i, n in _counts(f).items() if n > 1 and i not in free and i.number == 0]
    return Sum(f, *(over(i, f) for i in repeated)) if repeated else f


def implied_sums(values: Sequence[Value], stated: Mapping[Index, Range]) -> list[Value]:
    """The sides of an equation with the sums that they imply, over stated ranges or whole axes."""
    formulas = [v.formula if isinstance(v, Array) else v for v in values]
    free = free_in(formulas)

    def over(index: Index, f: Formula) -> Range:
        if index in stated:
            return stated[index]
        bounds = bounds_of(index, (f,))
        if bounds is None:
            raise ReadError(0, f"a range for {index.hint}", "no axis of its own")
        return Range(index, *bounds)

    made: list[Value] = []
    for v, f in zip(values, formulas, strict=True):
        g = summed(f, free, over)
        made.append(replace(v, formula=g) if isinstance(v, Array) else g)
    return made
