"""Padding: an image in the middle of a larger one."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

from derive.ir import (
    TRUE,
    ZERO,
    Bracket,
    Branch,
    Cases,
    Formula,
    Guard,
    Int,
    Number,
    Tensor,
    Times,
    at_least,
    at_most,
    conjunction,
)
from derive.network.layer import LayerKind
from derive.network.options import Exact, Padding
from derive.network.site import Position, Shape, Site


class ConstantPadding(LayerKind):
    """The input with a constant around it.

    `padding` is one number for all sides, or as in torch before and after the last axis, before
    and after the one before it, and so on.
    """

    axes: ClassVar[int]
    padding: Padding

    def around(self, new: Site) -> tuple[tuple[Int, Int], ...]:
        """The padding before and after each axis, first axis first."""
        several = isinstance(self.padding, tuple)
        told = new.per_axis("padding", self.padding, 2 * self.axes if several else self.axes)
        if not several:
            return tuple((p, p) for p in told)
        return tuple((told[2 * k], told[2 * k + 1]) for k in reversed(range(self.axes)))

    def extents(self, x: Shape, new: Site) -> Shape:
        new.need_axes(x, self.axes, self.axes + 2)
        padded = zip(x[-self.axes :], self.around(new), strict=True)
        return (*x[: -self.axes], *new.spatial(d + p + q for d, (p, q) in padded))

    def fill(self) -> Fraction:
        """What stands around the input."""
        return Fraction(0)

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        read: list[Int] = list(map(Int.of, at))
        guards: list[Guard] = []
        for k, (before, after) in enumerate(self.around(new), start=len(at) - self.axes):
            read[k] = at[k] - before
            guards += [at_least(read[k], new.base)] if before != ZERO else []
            last = x.shape[k] + (new.base - 1)
            guards += [at_most(read[k], last)] if after != ZERO else []
        inside = conjunction(*guards)
        if inside == TRUE:
            return x[tuple(read)]
        if self.fill() == 0:
            return Times(Bracket(inside), x[tuple(read)])
        return Cases(Branch(x[tuple(read)], inside), Branch(Number(self.fill()), TRUE))


class ZeroPad1d(ConstantPadding):
    """The input with zeros before and after it along one axis."""

    axes = 1


class ZeroPad2d(ConstantPadding):
    """An image with zeros around it."""

    axes = 2


class ZeroPad3d(ConstantPadding):
    """A volume with zeros around it."""

    axes = 3


class ValuePadding(ConstantPadding):
    value: Exact

    def fill(self) -> Fraction:
        return self.value


class ConstantPad1d(ValuePadding):
    """The input with a constant before and after it along one axis."""

    axes = 1


class ConstantPad2d(ValuePadding):
    """An image with a constant around it."""

    axes = 2


class ConstantPad3d(ValuePadding):
    """A volume with a constant around it."""

    axes = 3
