"""Convolutions, which in neural networks are cross-correlations: the kernel is not flipped."""

from __future__ import annotations

from typing import ClassVar

from derive.ir import Divides, Formula, Sum, Tensor, ravel, unravel
from derive.network.channels import grouping, kernel_fit
from derive.network.layer import LayerKind
from derive.network.lift import Fit
from derive.network.options import Extent, Padding, PerAxis
from derive.network.site import Position, Shape, Site, show
from derive.network.window import Window, reading, windows


class Convolution(LayerKind):
    """Cross-correlation of the input's channels with learnable kernels, plus a bias."""

    arrays: ClassVar[tuple[str, ...]] = ("weight", "bias")
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

    @classmethod
    def fit(cls, x: Shape, arrays: dict[str, Shape], options: dict[str, object]) -> Fit:
        if "weight" not in arrays:
            return Fit()
        return kernel_fit(cls.axes, x, arrays, options.get("groups", 1))

    def windows(self, x: Shape, new: Site) -> tuple[Window, ...]:
        return windows(
            x, new, self.axes, self.kernel_size, self.stride, self.padding, self.dilation
        )

    def letters(self, rank: int) -> str:
        return "no"[2 + self.axes - rank :] + "ijk"[: self.axes]

    def extents(self, x: Shape, new: Site) -> Shape:
        if self.padding_mode != "zeros":
            new.unsupported(f"padding_mode = “{self.padding_mode}”, only “zeros”", "padding_mode")
        new.need_axes(x, self.axes + 1, self.axes + 2)
        *batch, channels = x[: -self.axes]
        new.agree("in_channels", self.in_channels, channels)
        groups = new.whole("groups", self.groups)
        out = new.whole("out_channels", self.out_channels)
        for channels_of, extent in (("the input", channels), ("the output", out)):
            new.require(
                Divides(groups, extent),
                f"groups = {show(groups)} does not divide the number of channels of {channels_of}, "
                f"{show(extent)}; the input is {new.input}",
                "groups",
            )
        total = grouping(channels, self.groups, self.out_channels, new)[-1]
        return (*batch, total, *new.spatial(w.outputs(new) for w in self.windows(x, new)))

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        *batch, o = at[: -self.axes]
        channels = x.shape[-self.axes - 1]
        groups, inputs, outputs, out = grouping(channels, self.groups, self.out_channels, new)
        c = new.index("c")
        group = unravel(o, 0, (groups, outputs), new.base)
        channel = ravel((group, c), (groups, inputs), new.base)
        made = self.windows(x.shape, new)
        r = reading(made, at[-self.axes :], new)
        weight = new.parameter("weight", "w", out, inputs, *(w.kernel for w in made))
        term = x[(*batch, channel, *r.positions)] * weight[(o, c, *r.offsets)]
        total = Sum(term, new.along(c, inputs), *r.ranges, r.inside)
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
