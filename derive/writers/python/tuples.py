"""Indices that are taken apart as positions of index tuples: an index of its own for each part.

U[n, k, m] = X[n, unravel(k, 0), ...]  becomes  U[n, ravel(c, a, b), ravel(i, j)] = X[n, c, ...]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sympy import Basic

from derive.ir import (
    Component,
    Formula,
    Index,
    Int,
    Range,
    Sum,
    Unravel,
    fresh,
    ravel,
    rebuild,
    subformulas,
    substitute,
)
from derive.writers.python.slices import defined
from derive.writers.python.statements import Assignment

_LETTERS = "cabdefgh"


def by_tuples(a: Assignment) -> Assignment:
    """The assignment with index tuples for the positions that it takes apart."""
    body = _sums(a.body)
    places, ranges = a.places, list(a.ranges)
    while found := _first(body, ranges):
        at, parts, to = found
        body = substitute(body, to)
        places = tuple(substitute(e, to) for e in places)
        ranges[at : at + 1] = parts
    return replace(a, places=places, ranges=tuple(ranges), body=body)


def _sums(f: Formula) -> Formula:
    """The same for the indices of sums."""
    if not f.args or isinstance(f, Component):
        return f
    f = rebuild(f, tuple(_sums(a) if isinstance(a, Formula) else a for a in f.args))
    if not isinstance(f, Sum):
        return f
    body, ranges, condition = f.body, list(f.ranges), f.condition
    while found := _first(body, ranges):
        at, parts, to = found
        body, condition = substitute(body, to), substitute(condition, to)
        ranges[at : at + 1] = parts
    return Sum(body, *ranges, condition)


def _first(f: Basic, ranges: Sequence[Range]) -> tuple[int, list[Range], dict[Index, Int]] | None:
    """A range whose index is taken apart, the ranges of the parts, and what they make of it."""
    for at, r in enumerate(ranges):
        u = _taken_apart(f, r)
        if u is not None:
            taken = {s.index.hint for s in ranges}
            letters = [c for c in _LETTERS if c not in taken]
            parts = [fresh(letters[k % len(letters)]) for k in range(len(u.dims))]
            position = ravel([p + u.base for p in parts], u.dims, u.base) - u.base
            new = [Range(p, 0, d - 1) for p, d in zip(parts, u.dims, strict=True)]
            return at, new, {r.index: position}
    return None


def _taken_apart(f: Basic, r: Range) -> Unravel | None:
    """How a formula takes an index apart that runs over all positions of an index tuple."""
    if r.lowers != (Int.of(0),) or len(r.uppers) != 1:
        return None
    for e in (e for e in subformulas(f) if isinstance(e, Int)):
        for u in e.atoms_within():
            if isinstance(u, Unravel) and u.flat - u.base == Int.of(r.index):
                size = Int.of(1)
                for d in u.dims:
                    size = size * d
                if defined(size) == defined(r.uppers[0] + 1):
                    return u
    return None
