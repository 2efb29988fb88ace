"""Pooling: one number for each window of each channel."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

from derive.ir import ONE, TRUE, ZERO, Formula, Max, Number, Power, Sum, Tensor, at_least
from derive.network.layer import LayerKind
from derive.network.options import Extent, Padding, PerAxis, Real
from derive.network.site import Position, Shape, Site, product, reciprocal, show
from derive.network.window import Reading, Window, reading, windows


class Pooling(LayerKind):
    """A number for each window of each channel; without `stride` the windows do not overlap."""

    axes: ClassVar[int]

    def windows(self, x: Shape, new: Site) -> tuple[Window, ...]:
        """The windows over the last axes of the input."""
        raise NotImplementedError

    def letters(self, rank: int) -> str:
        return "mnc"[3 + self.axes - rank :] + "ijk"[: self.axes]

    def extents(self, x: Shape, new: Site) -> Shape:
        new.need_axes(x, self.axes, self.axes + 2)
        made = self.windows(x, new)
        for w in made:
            new.require(
                at_least(w.kernel, w.before * 2),
                f"padding = {show(w.before)} is more than half of kernel_size = {show(w.kernel)}, "
                "so a window could lie in the padding alone",
                "padding",
            )
        return (*x[: -self.axes], *new.spatial(w.outputs(new) for w in made))

    def reads(self, x: Tensor, at: Position, new: Site) -> tuple[Formula, Reading]:
        """The entry that is read at the offsets of a window, and where it is read."""
        r = reading(self.windows(x.shape, new), at[-self.axes :], new)
        return x[(*at[: -self.axes], *r.positions)], r


class MaxPooling(Pooling):
    kernel_size: PerAxis
    stride: PerAxis | None = None
    padding: Padding = 0
    dilation: PerAxis = 1
    return_indices: bool = False
    ceil_mode: bool = False

    def windows(self, x: Shape, new: Site) -> tuple[Window, ...]:
        return windows(
            *(x, new, self.axes, self.kernel_size, self.stride, self.padding, self.dilation),
            ceil_mode=self.ceil_mode,
        )

    def extents(self, x: Shape, new: Site) -> Shape:
        made = super().extents(x, new)
        for w in self.windows(x, new):
            if w.before != ZERO:
                new.require(
                    at_least(w.extent, w.dilation),
                    f"dilation = {show(w.dilation)} is more than the {show(w.extent)} positions of "
                    "the input, so a window could lie in the padding alone",
                    "dilation",
                )
        return made

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        if self.return_indices:
            new.unsupported("return_indices gives a second output", "return_indices")
        read, r = self.reads(x, at, new)
        return Max(read, *r.ranges, r.inside)


class AveragePooling(Pooling):
    kernel_size: PerAxis
    stride: PerAxis | None = None
    padding: Padding = 0
    ceil_mode: bool = False
    count_include_pad: bool = True

    def windows(self, x: Shape, new: Site) -> tuple[Window, ...]:
        return windows(
            *(x, new, self.axes, self.kernel_size, self.stride, self.padding),
            ceil_mode=self.ceil_mode,
        )

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        read, r = self.reads(x, at, new)
        return self.weight(x, at, new) * Sum(read, *r.ranges, r.inside)

    def weight(self, x: Tensor, at: Position, new: Site) -> Formula:
        """The weight of one entry: 1 by the number of positions of the window that count."""
        made = self.windows(x.shape, new)
        r = reading(made, at[-self.axes :], new)
        counted = r.inside_padded if self.count_include_pad else r.inside
        if counted == TRUE:
            return reciprocal(product(tuple(w.kernel for w in made)))
        return Power(Sum(Number(1), *r.ranges, counted), Number(-1))


class OverridableAveragePooling(AveragePooling):
    divisor_override: Extent | None = None

    def weight(self, x: Tensor, at: Position, new: Site) -> Formula:
        if self.divisor_override is None:
            return super().weight(x, at, new)
        return reciprocal(new.whole("divisor_override", self.divisor_override))


class PowerPooling(Pooling):
    norm_type: Real
    kernel_size: PerAxis
    stride: PerAxis | None = None
    ceil_mode: bool = False

    def windows(self, x: Shape, new: Site) -> tuple[Window, ...]:
        return windows(x, new, self.axes, self.kernel_size, self.stride, ceil_mode=self.ceil_mode)

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        p = self.norm_type
        if p == 0:
            new.fail("norm_type must not be 0", "norm_type")
        read, r = self.reads(x, at, new)
        power = new.real("norm_type", p)
        root = Number(1 / p) if isinstance(p, Fraction) else Power(power, Number(-1))
        return Power(Sum(Power(read, power), *r.ranges, r.inside), root)

    def remarks(self) -> tuple[str, ...]:
        clipped = (
            "With ceil_mode the last window may be clipped; torch multiplies its sum by the number "
            "of positions of a full window over that of the clipped one, which is left out here."
        )
        return (clipped,) if self.ceil_mode else ()


class GlobalAverage(LayerKind):
    """The mean over all positions of each channel."""

    axes: ClassVar[int]
    output_size: PerAxis = 1

    def letters(self, rank: int) -> str:
        return "mnc"[3 + self.axes - rank :] + "ijk"[: self.axes]

    def extents(self, x: Shape, new: Site) -> Shape:
        if any(d != ONE for d in new.per_axis("output_size", self.output_size, self.axes)):
            new.unsupported("output_size other than 1", "output_size")
        new.need_axes(x, self.axes, self.axes + 2)
        return (*x[: -self.axes], *([ONE] * self.axes))

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        bound = tuple(new.index(letter) for letter in "pqr"[: self.axes])
        over = x.shape[-self.axes :]
        ranges = (new.along(i, d) for i, d in zip(bound, over, strict=True))
        return reciprocal(product(over)) * Sum(x[(*at[: -self.axes], *bound)], *ranges)


class AdaptiveAvgPool1d(GlobalAverage):
    """The mean of each channel over its one axis; only with output_size = 1."""

    axes = 1


class AdaptiveAvgPool2d(GlobalAverage):
    """The mean of each channel of an image; only with output_size = 1."""

    axes = 2


class AdaptiveAvgPool3d(GlobalAverage):
    """The mean of each channel of a volume; only with output_size = 1."""

    axes = 3


class MaxPool1d(MaxPooling):
    """The largest entry of each window along one axis."""

    axes = 1


class MaxPool2d(MaxPooling):
    """The largest entry of each window of an image."""

    axes = 2


class MaxPool3d(MaxPooling):
    """The largest entry of each window of a volume."""

    axes = 3


class AvgPool1d(AveragePooling):
    """The mean of each window along one axis."""

    axes = 1


class AvgPool2d(OverridableAveragePooling):
    """The mean of each window of an image."""

    axes = 2


class AvgPool3d(OverridableAveragePooling):
    """The mean of each window of a volume."""

    axes = 3


class LPPool1d(PowerPooling):
    """The p-norm of each window along one axis: the p-th root of the sum of p-th powers."""

    axes = 1


class LPPool2d(PowerPooling):
    """The p-norm of each window of an image: the p-th root of the sum of p-th powers."""

    axes = 2


class LPPool3d(PowerPooling):
    """The p-norm of each window of a volume: the p-th root of the sum of p-th powers."""

    axes = 3
