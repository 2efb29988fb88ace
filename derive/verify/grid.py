"""Values of whole arrays: numbers over labels, then over the array's own axes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from derive.verify.array import DRAW, Axes, Data


class Numbers(Protocol):
    """What combining arrays needs to know of a kind of numbers."""

    def integers(self, data: Data) -> Data: ...
    def add(self, a: Data, b: Data) -> Data: ...
    def multiply(self, a: Data, b: Data) -> Data: ...
    def sum(self, a: Data, axes: tuple[int, ...]) -> Data: ...


class _Worst:
    """Flaws instead of numbers: a result is as flawed as the worst that it is made of."""

    def integers(self, data: Data) -> Data:
        return np.zeros(np.shape(data), np.uint8)

    def add(self, a: Data, b: Data) -> Data:
        return np.maximum(a, b)

    def multiply(self, a: Data, b: Data) -> Data:
        return np.maximum(a, b)

    def sum(self, a: Data, axes: tuple[int, ...]) -> Data:
        return np.asarray(a.max(axes, initial=0))


@dataclass(frozen=True)
class Grid:
    """`data` and `flaw` over the labels, the draws first, and then over the own axes."""

    data: Data
    labels: Axes = (DRAW,)
    flaw: Data | None = None

    @property
    def rank(self) -> int:
        return self.data.ndim - len(self.labels)

    @property
    def shape(self) -> tuple[int, ...]:
        """The own extents."""
        return tuple(self.data.shape[len(self.labels) :])

    def over(self, labels: Axes) -> tuple[Data, Data]:
        """Data and flaw with an axis of extent 1 for each label that is lacking."""
        at = tuple(slice(None) if x in self.labels else None for x in labels)
        flaw = np.zeros((), np.uint8) if self.flaw is None else self.flaw
        return self.data[at], np.broadcast_to(flaw, self.data.shape)[at]


Operation: TypeAlias = Callable[[Numbers, Data, Data, int], Data]
"""Combines two values that have so many axes before their own ones."""


def combined(operation: Operation, left: Grid, right: Grid, numbers: Numbers) -> Grid:
    """An operation on two values over the labels of both; flaws go through it, too."""
    labels = tuple(sorted({*left.labels, *right.labels}))
    (a, flaw_a), (b, flaw_b) = left.over(labels), right.over(labels)
    data = operation(numbers, a, b, len(labels))
    if left.flaw is None and right.flaw is None:
        return Grid(data, labels)
    return Grid(data, labels, operation(_Worst(), flaw_a, flaw_b, len(labels)))


def moved(move: Callable[[Data, int], Data], grid: Grid, numbers: Numbers) -> Grid:
    """Entries moved, or zeros added; `move` is told how many axes come before the own ones."""
    n = len(grid.labels)
    data = move(grid.data, n)
    if data.dtype == object:  # zeros that NumPy has put in are no exact numbers
        data = numbers.add(data, numbers.integers(np.zeros((), np.int64)))
    if grid.flaw is None:
        return Grid(data, grid.labels)
    return Grid(data, grid.labels, move(np.broadcast_to(grid.flaw, grid.data.shape), n))


def total(grid: Grid, axes: tuple[int, ...], numbers: Numbers) -> Grid:
    """The sum over some of the own axes."""
    gone = tuple(len(grid.labels) + k for k in axes)
    if not gone:
        return grid
    flaw = None
    if grid.flaw is not None:
        flaw = np.broadcast_to(grid.flaw, grid.data.shape).max(gone, initial=0)
    return Grid(numbers.sum(grid.data, gone), grid.labels, flaw)


def times(numbers: Numbers, a: Data, b: Data, n: int) -> Data:
    """The product entry by entry; a scalar stands at every entry."""
    return numbers.multiply(*_aligned(a, b))


def plus(numbers: Numbers, a: Data, b: Data, n: int) -> Data:
    """The sum entry by entry."""
    return numbers.add(*_aligned(a, b))


def _aligned(a: Data, b: Data) -> tuple[Data, Data]:
    rank = max(a.ndim, b.ndim)
    return a.reshape(*a.shape, *(1,) * (rank - a.ndim)), b.reshape(
        *b.shape, *(1,) * (rank - b.ndim)
    )
