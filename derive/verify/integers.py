"""Index expressions, ranges and conditions on them, evaluated over whole ranges at drawn sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import TypeAlias

import numpy as np
from sympy import Basic

from derive.errors import Unsupported
from derive.ir import (
    And,
    Atom,
    Compare,
    Divides,
    Entry,
    Equal,
    Floor,
    Guard,
    Index,
    Int,
    NonNegative,
    Not,
    Or,
    Range,
    Ravel,
    Size,
    Tensor,
    Unravel,
    free_indices,
)
from derive.verify.array import DRAW, OUTSIDE, Array, Data, as_guard, flaw_where, lift
from derive.verify.whole import extent, number

Env: TypeAlias = Mapping[Index, tuple[int, int]]
"""For each index in scope the smallest and the largest value that it takes anywhere."""


class Integers:
    """Integer expressions at given sizes.  `classes` gives the drawn entries of a class tensor."""

    def __init__(self, sizes: Mapping[Size, int], classes: Callable[[Tensor], Data]) -> None:
        self.sizes = sizes
        self._classes = classes
        self._labels: dict[Index, int] = {}
        self._count = count(DRAW + 1)
        self._free: dict[Basic, tuple[Index, ...]] = {}
        self._values: dict[tuple[object, ...], Array] = {}

    def label(self, index: Index) -> int:
        """The label of the axis over which an index runs."""
        if index not in self._labels:
            self._labels[index] = next(self._count)
        return self._labels[index]

    def new_label(self) -> int:
        """A label that no index has."""
        return next(self._count)

    def key(self, node: Basic, env: Env) -> tuple[object, ...]:
        """What the value of a node depends on: the node, and the hulls of its free indices."""
        free = self._free.get(node)
        if free is None:
            free = tuple(sorted(free_indices(node), key=lambda i: i.sort_key()))
            self._free[node] = free
        try:
            return (node, *(env[i] for i in free))
        except KeyError as missing:
            raise Unsupported(f"the index {missing} has no range") from None

    def number(self, e: Int) -> int:
        """The value of an expression without indices."""
        return number(e, self.sizes)

    def value(self, e: Int, env: Env) -> Array:
        """The values of an expression, with an axis for each index that it depends on."""
        key = self.key(e, env)
        if key not in self._values:
            parts = []
            for monomial, coefficient in e.terms:
                scale = Array(np.asarray(np.int64(coefficient)))
                atoms = [self._atom(a, env) for a in monomial]
                parts.append(lift(_product, scale, *atoms) if atoms else scale)
            self._values[key] = parts[0] if len(parts) == 1 else lift(_total, *parts)
        return self._values[key]

    def _atom(self, a: Atom, env: Env) -> Array:
        if isinstance(a, Index):
            low, high = env[a]
            return Array(np.arange(low, high + 1), (self.label(a),))
        if isinstance(a, Size):
            return Array(np.asarray(np.int64(extent(a, self.sizes))))
        if isinstance(a, Floor):
            n, d = (self.value(part, env) for part in a.parts)
            return _floor_divide(n, d)
        if isinstance(a, Ravel):
            return self._ravel(a, env)
        if isinstance(a, Unravel):
            return self._unravel(a, env)
        if isinstance(a, Entry):
            positions = [self.value(part, env) for part in a.parts]
            return gather(Array(self._classes(a.tensor)), a.tensor.base, positions)
        raise Unsupported(f"the integer {a!r} is of no known kind")

    def _ravel(self, a: Ravel, env: Env) -> Array:
        flat = Array(np.asarray(np.int64(0)))
        for e, d in zip(a.indices, a.dims, strict=True):
            offset = lift(lambda x: x - a.base, self.value(e, env))
            extent = self.value(d, env)
            outside = lift(lambda x, n: (x < 0) | (x >= n), offset, extent)
            flat = lift(lambda f, n, x: f * n + x, flat, extent, flaw_where(offset, outside))
        return lift(lambda f: f + a.base, flat)

    def _unravel(self, a: Unravel, env: Env) -> Array:
        offset = lift(lambda x: x - a.base, self.value(a.flat, env))
        dims = [self.number(d) for d in a.dims]
        outside = lift(lambda x: (x < 0) | (x >= np.prod(dims, dtype=np.int64)), offset)
        inner = int(np.prod(dims[a.k + 1 :], dtype=np.int64))
        position = lift(lambda x: x // max(inner, 1) % max(dims[a.k], 1) + a.base, offset)
        return flaw_where(position, outside)

    # -- ranges and conditions -------------------------------------------------------------------

    def hull(self, r: Range, env: Env) -> tuple[int, int]:
        """The smallest and the largest value of a range over all outer indices."""
        lower = _strictest(_most, [self.value(e, env) for e in r.lowers])
        upper = _strictest(_least, [self.value(e, env) for e in r.uppers])
        if not lower.size or not upper.size:
            return (0, -1)
        return int(lower.min()), int(upper.max())

    def within(self, r: Range, env: Env) -> list[Array]:
        """Guards that say which values of the hull are in the range, where not all are."""
        low, high = env[r.index]
        index = Array(np.arange(low, high + 1), (self.label(r.index),))
        found = []
        for bounds, limit, test in (
            (r.lowers, low, np.greater_equal),
            (r.uppers, high, np.less_equal),
        ):
            for e in bounds:
                bound = self.value(e, env)
                if bound.axes or bound.flaw is not None or int(bound.data) != limit:
                    found.append(as_guard(lift(test, index, bound)))
        return found

    def guards(self, g: Guard, env: Env, compare: Callable[[Compare, Env], Array]) -> list[Array]:
        """A condition as guards whose product it is."""
        if isinstance(g, And):
            return [a for part in g.args for a in self.guards(part, env, compare)]  # type: ignore[arg-type]
        return [as_guard(self.truth(g, env, compare))]

    def truth(self, g: Guard, env: Env, compare: Callable[[Compare, Env], Array]) -> Array:
        """Where a condition holds; `compare` decides comparisons of real values."""
        if isinstance(g, (And, Or)):
            parts = [self.truth(part, env, compare) for part in g.args]  # type: ignore[arg-type]
            combine = np.logical_and if isinstance(g, And) else np.logical_or
            start = Array(np.asarray(isinstance(g, And)))
            return lift(lambda *x: combine.reduce(np.broadcast_arrays(*x)), start, *parts)
        if isinstance(g, Not):
            return lift(np.logical_not, self.truth(g.args[0], env, compare))  # type: ignore[arg-type]
        if isinstance(g, Compare):
            return compare(g, env)
        parts = [self.value(e, env) for e in g.args]  # type: ignore[arg-type]
        if isinstance(g, NonNegative):
            return lift(lambda x: x >= 0, *parts)
        if isinstance(g, Equal):
            return lift(np.equal, *parts)
        if isinstance(g, Divides):
            remainder = lift(lambda d, x: x - _floor(x, d) * d, *parts)
            return lift(lambda x: x == 0, remainder)
        raise Unsupported(f"the condition {g!r} is of no known kind")


def gather(table: Array, base: int, positions: list[Array]) -> Array:
    """table[draw, e1, ..., ek] for aligned positions; outside the range there is a flaw.

    The table's first axis are the draws, and has extent 1 where all draws are alike.
    """
    draws, shape = table.data.shape[0], table.data.shape[1:]
    flat = Array(np.asarray(np.int64(0)))
    for e, length in zip(positions, shape, strict=True):
        offset = e.data - base
        inside = (offset >= 0) & (offset < length)
        if not inside.all():
            offset = np.clip(offset, 0, max(length - 1, 0))
        e = flaw_where(Array(offset, e.axes, e.flaw), Array(~inside, e.axes))
        flat = lift(lambda f, x, n=length: f * n + x, flat, e)
    if table.data.size == 0:
        return _nothing(table, flat)
    value = _take(table.data.reshape(draws, -1), flat)
    axes = tuple(sorted({DRAW, *flat.axes}))
    flaw = None if flat.flaw is None else np.broadcast_to(flat.flaws(axes), value.shape)
    if table.flaw is not None:
        inner = _take(table.flaw.reshape(draws, -1), flat)
        flaw = inner if flaw is None else np.maximum(inner, flaw)
    return Array(value, axes, flaw)


def _take(rows: Data, flat: Array) -> Data:
    if DRAW not in flat.axes:
        return rows[:, flat.data]
    at = np.arange(rows.shape[0]).reshape(-1, *(1 for _ in flat.axes[1:]))
    return rows[at, flat.data]


def _nothing(table: Array, flat: Array) -> Array:
    """What reading an empty table gives: no value anywhere."""
    axes = tuple(sorted({DRAW, *flat.axes}))
    shape = (
        table.data.shape[0],
        *(n for n, x in zip(flat.data.shape, flat.axes, strict=True) if x),
    )
    return Array(np.zeros(shape, table.data.dtype), axes, np.full(shape, OUTSIDE))


def _floor_divide(n: Array, d: Array) -> Array:
    outside = lift(lambda x: x <= 0, d)
    return flaw_where(lift(_floor, n, d), outside)


def _floor(n: Data, d: Data) -> Data:
    return n // np.maximum(d, 1)


def _product(*parts: Data) -> Data:
    total = parts[0]
    for p in parts[1:]:
        total = total * p
    return total


def _total(*parts: Data) -> Data:
    return np.asarray(sum(parts, np.int64(0)))


def _strictest(choose: Callable[..., Data], bounds: list[Array]) -> Data:
    return bounds[0].data if len(bounds) == 1 else lift(choose, *bounds).data


def _most(*parts: Data) -> Data:
    return np.asarray(np.maximum.reduce(np.broadcast_arrays(*parts)))


def _least(*parts: Data) -> Data:
    return np.asarray(np.minimum.reduce(np.broadcast_arrays(*parts)))
