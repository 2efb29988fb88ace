"""Entries that are read outside their range, as if they were 0 there."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from sympy import Basic

from derive.check.compare import Comparer
from derive.check.conventions import holds
from derive.check.pair import Pair
from derive.ir import (
    Bracket,
    Branch,
    Component,
    Derivative,
    Formula,
    Guard,
    Times,
    at_least,
    at_most,
    conjunction,
    rebuild,
    subformulas,
)

Node = TypeVar("Node", bound=Basic)


def zero_outside(comparer: Comparer, pair: Pair) -> str:
    """A condition, in words, if the pair holds once entries outside the ranges are read as 0."""
    other = replace(pair, left=_extended(pair.left), right=_extended(pair.right))
    if other == pair or not holds(comparer, other):
        return ""
    names: dict[str, None] = {}
    for side in pair.sides:
        for c in subformulas(side):
            if isinstance(c, Component) and _inside(c):
                names[c.tensor.symbol] = None
    return f"entries outside their range count as 0 (of {', '.join(names)})"


def _extended(f: Node) -> Node:
    """The formula with every entry at a computed position guarded by its range."""
    if isinstance(f, Component):
        guards = _inside(f)
        return Times(Bracket(conjunction(*guards)), f) if guards else f  # type: ignore[return-value]
    if isinstance(f, Derivative):
        read = [f.by, *([f.of] if isinstance(f.of, Component) else [])]
        guards = [g for c in read for g in _inside(c)]
        return Times(Bracket(conjunction(*guards)), f) if guards else f  # type: ignore[return-value]
    parts = tuple(_extended(a) if isinstance(a, (Formula, Branch)) else a for a in f.args)
    return rebuild(f, parts) if f.args else f


def _inside(c: Component) -> list[Guard]:
    """That each computed index is within its axis."""
    base = c.tensor.base
    return [
        g
        for e, n in zip(c.indices, c.tensor.shape, strict=True)
        if e.atom is None and e.indices
        for g in (at_least(e, base), at_most(e, n + (base - 1)))
    ]
