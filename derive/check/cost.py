"""How much a comparison costs: multiplications, and the entries of the arrays that it makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import prod

from sympy import Basic

from derive.check.pair import Pair
from derive.derivation.program import Program
from derive.ir import (
    Binder,
    Component,
    Derivative,
    Index,
    Int,
    Range,
    Size,
    Tensor,
    subformulas,
)

Values = Mapping[Size, int]


def work(program: Program, pair: Pair, values: Values) -> int:
    """The multiplications for one value of everything, all products of sums multiplied out."""
    written_out = (_extent(pair.ranges, values) * _written_out(side, values) for side in pair.sides)
    return max(forward(program, values), _tables(pair, values), *written_out)


def contracted(program: Program, pair: Pair, values: Values) -> int:
    """The same where the sums of the pair are contracted factor by factor."""
    extents = {r.index: _extent([r], values) for r in pair.ranges}
    free = prod(extents.values())
    entries = (_largest(side, extents, values) for side in pair.sides)
    return max(forward(program, values), _tables(pair, values), free, *entries)


def forward(program: Program, values: Values) -> int:
    """The multiplications of the largest definition."""
    return _forward(program, tuple(values.items()))


@lru_cache(64)
def _forward(program: Program, sizes: tuple[tuple[Size, int], ...]) -> int:
    values = dict(sizes)
    return max(
        (_extent(d.ranges, values) * _written_out(d.body, values) for d in program.definitions),
        default=1,
    )


def _written_out(f: Basic, values: Values) -> int:
    """How many terms a formula has, where its sums are written out."""
    inside = max((_written_out(a, values) for a in f.args), default=1)
    return inside * _extent(f.ranges, values) if isinstance(f, Binder) else inside


def _largest(f: Basic, extents: Mapping[Index, int], values: Values) -> int:
    """The largest number of entries that a tensor is read at, over all values of the indices."""
    if isinstance(f, Binder):
        extents = {**extents, **{r.index: _extent([r], values) for r in f.ranges}}
    if isinstance(f, Component):
        indices = frozenset[object]().union(*(e.indices for e in f.indices))
        return prod(n for i, n in extents.items() if i in indices)
    return max((_largest(a, extents, values) for a in f.args), default=1)


def _tables(pair: Pair, values: Values) -> int:
    """The entries of the largest table of derivatives."""
    nodes = (d for f in pair.sides for d in subformulas(f) if isinstance(d, Derivative))
    return max((_table(d, values) for d in nodes), default=1)


def _table(d: Derivative, values: Values) -> int:
    of = entries_of(d.of.tensor, values) if isinstance(d.of, Component) else 1
    return of * entries_of(d.by.tensor, values)


def entries_of(t: Tensor, values: Values) -> int:
    """The entries of an array; an extent that is not known counts as if it were small."""
    return prod(_number(d, values) for d in t.shape)


def _extent(ranges: Iterable[Range], values: Values) -> int:
    return prod(max(_number(r.uppers[0] - r.lowers[0] + 1, values), 1) for r in ranges)


def _number(e: Int, values: Values) -> int:
    """An extent, roughly: what is not known counts as if it were small."""
    known = e.replace(lambda a: Int.of(_value(a, values)) if isinstance(a, Size) else None)
    return known.constant if known.constant is not None else 3


def _value(size: Size, values: Values) -> int:
    if size.definition is not None and size not in values:
        return _number(size.definition, values)
    return values.get(size, 3)
