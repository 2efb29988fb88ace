"""Labelled arrays: a whole array with an index for each axis, and how to line two of them up.

Nothing here simplifies: transposes and products stand as the index form asks for them, and the
laws in `derive.rules.wholes` tidy up, a recorded step each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from derive.ir import (
    Broadcast,
    Element,
    Formula,
    Index,
    Int,
    Number,
    Ones,
    Permuted,
    Product,
    Range,
    Scaled,
    Transposed,
    Whole,
    Zeros,
)
from derive.rules.terms import product


class NoMatrixForm(Exception):
    """Why a formula has no form in whole arrays."""


@dataclass(frozen=True)
class Labelled:
    """The formula `whole[axes]`; the axes are different indices."""

    whole: Whole
    axes: tuple[Index, ...]

    @property
    def rank(self) -> int:
        return len(self.axes)

    @property
    def element(self) -> Formula:
        return Element(self.whole, *self.axes)


Value: TypeAlias = "Labelled | Formula"
"""An array, or a number: a formula without indices of arrays."""


def in_order(a: Labelled, axes: Sequence[Index]) -> Whole:
    """The array with its axes in another order."""
    if a.axes == tuple(axes):
        return a.whole
    if len(axes) == 2:
        return Transposed(a.whole)
    return Permuted(a.whole, [a.axes.index(i) for i in axes])


def extent(r: Range) -> Int:
    """The number of values of a range with one bound on either side."""
    return r.uppers[0] - r.lowers[0] + 1


class Frame:
    """The ranges of all indices in scope, which say how long an axis is."""

    def __init__(self, ranges: Sequence[Range], base: int) -> None:
        self.base = base
        self._ranges = {r.index: r for r in ranges}

    def add(self, ranges: Sequence[Range]) -> None:
        """Ranges of indices that are bound further in."""
        self._ranges |= {r.index: r for r in ranges}

    def range(self, index: Index) -> Range:
        """The range of an index in scope."""
        return self._ranges[index]

    def extent(self, index: Index) -> Int:
        """How many values an index takes; its range begins at the base."""
        r = self.range(index)
        if len(r.lowers) > 1 or len(r.uppers) > 1 or r.lowers[0] != Int.of(self.base):
            raise NoMatrixForm("an index runs over a part of an axis only")
        return extent(r)

    def ones(self, *indices: Index) -> Whole:
        """The array of ones with these axes."""
        return Ones([self.extent(i) for i in indices], self.base)

    def spread(self, value: Value, axes: tuple[Index, ...]) -> Whole:
        """The array over all of `axes`, in that order, repeated along those that it lacks."""
        if value == Number(0):
            return Zeros([self.extent(i) for i in axes], self.base)
        if not isinstance(value, Labelled):
            return Scaled(value, self.ones(*axes))
        lacking = [i for i in axes if i not in value.axes]
        if not lacking:
            return in_order(value, axes)
        if len(axes) == 2:
            column = value.axes[0] == axes[0]
            one = self.ones(lacking[0])
            return (
                Product(value.whole, Transposed(one))
                if column
                else Product(one, Transposed(value.whole))
            )
        kept = [i for i in axes if i in value.axes]
        shape = [self.extent(i) for i in axes]
        return Broadcast(in_order(value, kept), shape, [axes.index(i) for i in kept])


def scaled(scalars: Sequence[Formula], value: Value | None) -> Value:
    """A product of numbers and perhaps an array."""
    if value is None:
        return product(*scalars)
    if not isinstance(value, Labelled):
        return product(*scalars, value)
    return Labelled(Scaled(product(*scalars), value.whole), value.axes) if scalars else value
