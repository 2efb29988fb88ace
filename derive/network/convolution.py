"""Convolutions, which in neural networks are cross-correlations: the kernel is not flipped."""

from __future__ import annotations

from typing import ClassVar

from derive.ir import Divides, Formula, Sum, Tensor, floor, ravel, unravel
from derive.network.layer import Extent, LayerKind, Padding, PerAxis, Position, Shape, Site, show
from derive.network.window import Window, reading, windows


class Convolution(LayerKind):
    """Cross-correlation of the input's channels with learnable kernels, plus a bias."""

    axes: ClassVar[int]
    in_channels: Extent | None = None
    out_channels: Extent
    kernel_size: PerAxis
    stride: PerAxis = 1
    padding: Padding = 0
    dilation: PerAxis = 1
    groups: Extent = 1
    bias: bool = True
    padding_mode: str = "zeros"

    def windows(self, x: Shape, new: Site) -> tuple[Window, ...]:
        return windows(
            x, new, self.axes, self.kernel_size, self.stride, self.padding, self.dilation
        )

    def letters(self, rank: int) -> str:
        return "no"[2 + self.axes - rank :] + "ijk"[: self.axes]

    def shape(self, x: Shape, new: Site) -> Shape:
        if self.padding_mode != "zeros":
            new.unsupported(f"padding_mode “{self.padding_mode}” is not supported, only “zeros”")
        new.need_axes(x, self.axes + 1, self.axes + 2)
        *batch, channels = x[: -self.axes]
        new.agree("in_channels", self.in_channels, channels)
        made = self.windows(x, new)
        out = new.extent("C", "out_channels", self.out_channels)
        groups = new.whole("groups", self.groups)
        for option, extent in (("in_channels", channels), ("out_channels", out)):
            new.require(
                Divides(groups, extent),
                f"groups = {show(groups)} does not divide {option} = {show(extent)}",
                "groups",
            )
        return (*batch, out, *new.spatial(w.outputs(new) for w in made))

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        *batch, o = at[: -self.axes]
        groups = new.whole("groups", self.groups)
        channels, out = x.shape[-self.axes - 1], new.shape[-self.axes - 1]
        in_group, out_of_group = floor(channels, groups), floor(out, groups)
        c = new.index("c")
        channel = ravel(
            (unravel(o, 0, (groups, out_of_group), new.base), c), (groups, in_group), new.base
        )
        made = self.windows(x.shape, new)
        r = reading(made, at[-self.axes :], new)
        weight = new.parameter("weight", "w", out, in_group, *(w.kernel for w in made))
        term = x[(*batch, channel, *r.positions)] * weight[(o, c, *r.offsets)]
        total = Sum(term, new.along(c, in_group), *r.ranges, r.inside)
        return new.with_bias(total, o, self.bias)


class Conv1d(Convolution):
    """Convolution along one axis: cross-correlation with learnable kernels, plus a bias."""

    axes = 1


class Conv2d(Convolution):
    """Convolution of images: cross-correlation with learnable kernels, plus a bias."""

    axes = 2


class Conv3d(Convolution):
    """Convolution of volumes: cross-correlation with learnable kernels, plus a bias."""

    axes = 3
