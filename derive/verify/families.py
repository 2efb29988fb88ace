"""Values of arrays that depend on an index, and of what looks along axes for the largest entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from derive.errors import Unsupported
from derive.ir import (
    Chosen,
    Element,
    Formula,
    Index,
    Largest,
    Max,
    OverAxes,
    Picked,
    Range,
    Series,
    StackedOver,
    Whole,
    free_indices,
    fresh,
)
from derive.verify.grid import Grid, Numbers, combined, moved, times
from derive.verify.integers import Env, Integers

if TYPE_CHECKING:
    from derive.verify.evaluate import Evaluator


class Families:
    """What `Matrices` knows about arrays for all values of an index."""

    evaluator: Evaluator
    numbers: Numbers
    integers: Integers

    def value(self, a: Whole, env: Env) -> Grid:
        raise NotImplementedError

    def _tabulated(self, f: Formula, indices: Sequence[Index], a: Whole, env: Env) -> Grid:
        raise NotImplementedError

    @property
    def families(self) -> dict[type, Callable[[Any, Env], Grid]]:
        """How each node is evaluated."""
        return {
            Series: self._series,
            StackedOver: self._stacked_over,
            Largest: self._largest,
            Picked: self._picked,
        }

    def _series(self, a: Series, env: Env) -> Grid:
        """The sum over the labels of the indices; one that nothing depends on counts its values."""
        if any(free_indices(r) for r in a.ranges):
            raise Unsupported("the ranges of a sum of arrays depend on other indices")
        inner = self.evaluator.world.env(a.ranges, env)
        found = self.value(a.body, inner)
        for r in a.ranges:
            first, last = inner[r.index]
            label = self.integers.label(r.index)
            if label in found.labels:
                found = _summed_label(found, found.labels.index(label), self.numbers)
            else:
                many = np.asarray(max(last - first + 1, 0))
                count = Grid(self.numbers.integers(many)[None])
                found = combined(times, count, found, self.numbers)
        return found

    def _stacked_over(self, a: StackedOver, env: Env) -> Grid:
        """The label of the index as an axis; what does not depend on it is repeated."""
        (r,) = a.ranges
        inner = self.evaluator.world.env(a.ranges, env)
        found, label = self.value(a.body, inner), self.integers.label(r.index)
        first, last = inner[r.index]
        if label not in found.labels:
            return moved(
                lambda x, n: np.repeat(np.expand_dims(x, n + a.axis), last - first + 1, n + a.axis),
                found,
                self.numbers,
            )
        at = found.labels.index(label)
        labels = found.labels[:at] + found.labels[at + 1 :]
        to = len(labels) + a.axis
        flaw = None if found.flaw is None else np.broadcast_to(found.flaw, found.data.shape)
        return Grid(
            np.moveaxis(found.data, at, to),
            labels,
            None if flaw is None else np.moveaxis(flaw, at, to),
        )

    def _largest(self, a: Largest, env: Env) -> Grid:
        kept, gone = a.split([fresh("i") for _ in a.of.shape])
        return self._tabulated(self._maximum(a, kept, gone), kept, a, env)

    def _picked(self, a: Picked, env: Env) -> Grid:
        indices = [fresh("i") for _ in a.shape]
        kept, gone = a.split(indices)
        bound = [fresh(i) for i in gone]
        chosen = Chosen(self._maximum(a, kept, bound), *gone)
        return self._tabulated(chosen, indices, a, env)

    def _maximum(self, a: OverAxes, kept: Sequence[Index], gone: Sequence[Index]) -> Max:
        base = a.base or 0
        ranges = [
            Range(i, base, a.of.shape[k] + (base - 1)) for i, k in zip(gone, a.axes, strict=True)
        ]
        return Max(Element(a.of, *a.joined(kept, gone)), *ranges)


def _summed_label(grid: Grid, at: int, numbers: Numbers) -> Grid:
    flaw = None
    if grid.flaw is not None:
        flaw = np.broadcast_to(grid.flaw, grid.data.shape).max(at, initial=0)
    labels = grid.labels[:at] + grid.labels[at + 1 :]
    return Grid(numbers.sum(grid.data, (at,)), labels, flaw)
