"""Whether a formula has a value: all entries that it reads, and all positions, are in range.

A condition that fails makes its product 0, whatever the other factors are: [i ≥ 2] x[i - 1] is 0 at
i = 1, where there is no x[0].  So a factor leaves its product only where it has a value by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sympy import Basic

from derive.derivation.scope import Scope
from derive.ir import (
    And,
    Atom,
    Binder,
    Bracket,
    Branch,
    Chosen,
    Component,
    Delta,
    Entry,
    Formula,
    Guard,
    Int,
    Range,
    Ravel,
    Times,
    Unravel,
    at_least,
    at_most,
    conjuncts,
    free_indices,
)
from derive.ir.extent import product_of
from derive.rules.proof import proves


def within(e: Int, r: Range) -> list[Guard]:
    """That `e` is in the range of an index."""
    return [at_least(e, lo) for lo in r.lowers] + [at_most(e, hi) for hi in r.uppers]


def on_axes(places: Iterable[Int], extents: Iterable[Int], base: int) -> Iterator[Guard]:
    """That place k is in base..base + extents[k] - 1, for every k."""
    for e, d in zip(places, extents, strict=True):
        yield at_least(e, base)
        yield at_most(e, d + (base - 1))


def window_conditions(f: Chosen) -> list[Guard]:
    """That the position is inside the window: where not, the Chosen is 0."""
    found: list[Guard] = []
    for e, r in zip(f.at, f.maximum.ranges, strict=True):
        if not free_indices(r) & set(f.maximum.bound):
            found += within(e, r)
    return found


def known_beside(parts: Sequence[Basic], at: int) -> list[Guard]:
    """What may be taken to hold for the factor, or condition, at `at`.

    Elsewhere the product is 0, or the conjunction false, anyway.
    """
    known: list[Guard] = []
    for k, g in enumerate(parts):
        if k == at:
            continue
        if isinstance(g, Bracket):
            known += conjuncts(g.condition)
        elif isinstance(g, Chosen):
            known += window_conditions(g)
        elif isinstance(g, Guard):
            known.append(g)
    return known


def selects(f: Formula) -> bool:
    """Whether a factor makes its product 0 where others need not have a value."""
    return isinstance(f, (Bracket, Delta, Chosen))


def with_value(scope: Scope, parts: Sequence[Formula]) -> list[Formula]:
    """Of some factors those whose product has a value wherever it is read."""
    kept = list(parts)
    while True:
        alone = [
            g for at, g in enumerate(kept) if has_value(scope.given(*known_beside(kept, at)), g)
        ]
        if len(alone) == len(kept):
            return kept
        kept = alone


def has_value(scope: Scope, f: Basic) -> bool:
    """Whether all that `f` (a formula, condition, range or integer) reads is proved in range."""
    if isinstance(f, Int):
        return all(proves(scope, g) for a in f.atoms_within() for g in _demands(a))
    if isinstance(f, Component):
        there = all(proves(scope, g) for g in on_axes(f.indices, f.tensor.shape, f.tensor.base))
        return there and all(has_value(scope, e) for e in f.indices)
    if isinstance(f, Binder):
        for r in f.ranges:
            if not has_value(scope, r):
                return False
            scope = scope.within(r)
    if isinstance(f, (Binder, Branch)):
        inner = scope.given(*conjuncts(f.condition))
        return has_value(scope, f.condition) and has_value(inner, f.args[0])
    if isinstance(f, (Times, And)):
        parts = enumerate(f.args)
        return all(has_value(scope.given(*known_beside(f.args, at)), g) for at, g in parts)
    return all(has_value(scope, part) for part in f.args)


def _demands(a: Atom) -> Iterator[Guard]:
    """What must hold for an atom to have a value."""
    if isinstance(a, Ravel):
        yield from on_axes(a.indices, a.dims, a.base)
    elif isinstance(a, Unravel):
        yield from on_axes([a.flat], [product_of(a.dims)], a.base)
    elif isinstance(a, Entry):
        yield from on_axes(a.parts, a.tensor.shape, a.tensor.base)
