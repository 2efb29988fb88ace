"""Arrays with named axes, and products of them with some axes summed away.

An axis is named by an integer label (the draws, an index, a position in a tensor); every array
has its labels in increasing order, so two arrays are aligned by inserting axes of extent 1.

An array knows where it has no value: `flaw` is UNDEFINED at a pole of the drawn values and
OUTSIDE where a tensor was read beyond its range.  A flaw travels until a false guard, a false
condition or an untaken branch clears it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from derive.errors import Unsupported

Data: TypeAlias = NDArray[Any]
Axes: TypeAlias = tuple[int, ...]

DRAW = 0
LARGEST = 1 << 24  # entries of an array; of a few dozen, a gigabyte or two
UNDEFINED, OUTSIDE = np.uint8(1), np.uint8(2)


@dataclass(frozen=True, slots=True)
class Array:
    """`data` with one axis per label; booleans are 0 and 1.  A guard, where 0, clears flaws."""

    data: Data
    axes: Axes = ()
    flaw: Data | None = None
    guard: bool = False

    def extent(self, label: int) -> int:
        """The extent of the axis called `label`."""
        return int(self.data.shape[self.axes.index(label)])

    def spread(self, axes: Axes) -> Data:
        """The data with an axis of extent 1 for every label in `axes` that it lacks."""
        return spread(self.data, self.axes, axes)

    def flaws(self, axes: Axes) -> Data:
        """The flaws, as `spread` gives the data."""
        if self.flaw is None:
            return np.zeros((1,) * len(axes), np.uint8)
        return spread(self.flaw, self.axes, axes)


Product: TypeAlias = tuple[Array, ...]


class Numbers(Protocol):
    """What multiplying and summing needs to know of a kind of numbers.

    `dot` may sum a product without multiplying it out; None leaves that to the others.
    """

    def integers(self, data: Data) -> Data: ...
    def multiply(self, a: Data, b: Data) -> Data: ...
    def sum(self, a: Data, axes: tuple[int, ...]) -> Data: ...
    def dot(self, factors: Sequence[tuple[Data, Axes]], to: Axes) -> Data | None: ...


def spread(data: Data, axes: Axes, to: Axes) -> Data:
    """`data` over the labels `axes`, as an array over the labels `to`, a superset."""
    if axes == to:
        return data
    return data[tuple(slice(None) if label in axes else None for label in to)]


def union(arrays: Iterable[Array]) -> Axes:
    """Every label that stands in one of the arrays, in order."""
    return tuple(sorted({label for a in arrays for label in a.axes}))


def shape_of(arrays: Sequence[Array], axes: Axes) -> tuple[int, ...]:
    """The common shape over `axes`; Unsupported where memory would not hold such an array."""
    extents = ([a.extent(x) for a in arrays if x in a.axes] for x in axes)
    shape = tuple(next((n for n in known if n != 1), 1) for known in extents)
    if prod(shape) > LARGEST:
        raise Unsupported(f"it takes an array of {prod(shape)} entries; give smaller sizes")
    return shape


def worst(arrays: Sequence[Array], axes: Axes) -> Data | None:
    """The worst flaw of any of the arrays at each place; None where there is none at all."""
    flawed = [a for a in arrays if a.flaw is not None]
    if not flawed:
        return None
    shape = np.broadcast_shapes(*(a.spread(axes).shape for a in arrays))
    flaw = np.zeros(shape, np.uint8)
    for a in flawed:
        np.maximum(flaw, a.flaws(axes), out=flaw)
    return flaw


def lift(operation: Callable[..., Data], *arrays: Array) -> Array:
    """An operation on aligned arrays, element by element; a flaw in one is a flaw in the result."""
    axes = union(arrays)
    shape_of(arrays, axes)
    data = operation(*(a.spread(axes) for a in arrays))
    return Array(data, axes, worst(arrays, axes))


def relabel(a: Array, names: dict[int, int]) -> Array:
    """`a` with its labels renamed, and its axes put back in order."""
    labels = [names.get(label, label) for label in a.axes]
    order = sorted(range(len(labels)), key=labels.__getitem__)
    return Array(
        a.data.transpose(order),
        tuple(labels[k] for k in order),
        None if a.flaw is None else a.flaw.transpose(order),
        a.guard,
    )


def as_guard(a: Array) -> Array:
    return Array(a.data, a.axes, a.flaw, guard=True)


def flaw_where(a: Array, outside: Array) -> Array:
    """`a`, with no value where `outside` is true."""
    if not outside.data.any():
        return a
    axes = tuple(sorted({*a.axes, *outside.axes}))
    shape = np.broadcast_shapes(a.spread(axes).shape, outside.spread(axes).shape)
    flaw = np.maximum(a.flaws(axes), np.where(outside.spread(axes), OUTSIDE, np.uint8(0)))
    return Array(
        np.broadcast_to(a.spread(axes), shape), axes, np.broadcast_to(flaw, shape), a.guard
    )


# -- products ------------------------------------------------------------------------------------


def multiply(factors: Product, numbers: Numbers) -> Array:
    """The product as one array, its flaws cleared where a guard is 0."""
    axes = union(factors)
    shape_of(factors, axes)
    kept = _multiply(factors, axes, numbers)
    flaw = worst(factors, axes)
    if flaw is None:
        return Array(kept, axes)
    flaw = np.broadcast_to(flaw, np.broadcast_shapes(flaw.shape, kept.shape))
    for g in factors:
        if g.guard:
            flaw = np.where((g.spread(axes) == 0) & (g.flaws(axes) == 0), np.uint8(0), flaw)
    return Array(kept, axes, flaw if flaw.any() else None)


def _multiply(factors: Sequence[Array], axes: Axes, numbers: Numbers) -> Data:
    masks = sorted((f for f in factors if f.data.dtype == bool), key=lambda f: f.data.size)
    values = sorted((f for f in factors if f.data.dtype != bool), key=lambda f: f.data.size)
    mask: Data | None = None
    for m in masks:
        mask = m.spread(axes) if mask is None else mask & m.spread(axes)
    value: Data | None = None
    for v in values:
        value = v.spread(axes) if value is None else numbers.multiply(value, v.spread(axes))
    if value is None:
        return np.ones((), bool) if mask is None else mask
    return value if mask is None else np.where(mask, value, numbers.integers(np.asarray(0)))


def contract(factors: Product, over: dict[int, int], numbers: Numbers) -> Product:
    """The product summed over the labels in `over` (each with its extent), label by label.

    A label is summed away as soon as every factor that has it is multiplied together, the
    cheapest label first; what is left are factors over the other labels.
    """
    flaw = _surviving_flaw(factors, over, numbers)
    left = [replace(f, flaw=None, guard=False) for f in factors]
    todo = dict(over)
    while todo:
        used = [label for label in todo if any(label in f.axes for f in left)]
        if not used:
            many = numbers.integers(np.asarray(prod(todo.values())))
            left.append(Array(many))
            break
        label = min(used, key=lambda x: _cost(x, left))
        group = [f for f in left if label in f.axes]
        left = [f for f in left if label not in f.axes]
        gone = [
            x
            for x in todo
            if any(x in f.axes for f in group) and not any(x in f.axes for f in left)
        ]
        left.append(_sum(group, gone, numbers))
        todo = {x: n for x, n in todo.items() if x not in gone}
    return tuple(left) if flaw is None else (*left, flaw)


def _cost(label: int, factors: Sequence[Array]) -> int:
    """How large the product of all factors that have `label` is."""
    extents: dict[int, int] = {}
    for f in factors:
        if label in f.axes:
            extents.update(zip(f.axes, f.data.shape, strict=True))
    return prod(extents.values())


def _sum(group: Sequence[Array], gone: Sequence[int], numbers: Numbers) -> Array:
    axes = union(group)
    left = tuple(x for x in axes if x not in gone)
    summed = numbers.dot([(f.data, f.axes) for f in group], left)
    if summed is None:
        data = _multiply(group, axes, numbers)
        if data.dtype == bool:
            data = numbers.integers(data.astype(np.int64))
        summed = numbers.sum(data, tuple(axes.index(x) for x in gone))
    return Array(summed, left)


class _Counting:
    """Plain counting, to find out whether a flaw stands beside true guards."""

    def integers(self, data: Data) -> Data:
        return np.asarray(data, np.int64)

    def multiply(self, a: Data, b: Data) -> Data:
        return np.asarray((a * b) != 0, np.int64)

    def sum(self, a: Data, axes: tuple[int, ...]) -> Data:
        return np.asarray(a.sum(axes) != 0, np.int64)

    def dot(self, factors: Sequence[tuple[Data, Axes]], to: Axes) -> Data | None:
        return None


def _surviving_flaw(factors: Product, over: dict[int, int], numbers: Numbers) -> Array | None:
    """A factor 1 that is flawed where some summand is, its guards being true."""
    flawed = [f for f in factors if f.flaw is not None]
    if not flawed:
        return None
    guards = tuple(
        Array(np.asarray((f.data != 0) | (f.flaws(f.axes) != 0)), f.axes)
        for f in factors
        if f.guard
    )
    found: list[Array] = []
    for f in flawed:
        for code in (UNDEFINED, OUTSIDE):
            place = Array(np.asarray(f.flaw == code), f.axes)
            if place.data.any():
                met = multiply(contract((place, *guards), over, _Counting()), _Counting())
                found.append(Array(np.where(met.data != 0, code, np.uint8(0)), met.axes))
    if not found:
        return None
    flaw = lift(lambda *codes: np.maximum.reduce(np.broadcast_arrays(*codes)), *found)
    return Array(np.ones(flaw.data.shape, bool), flaw.axes, flaw.data) if flaw.data.any() else None
