"""Transposed convolutions: each input entry puts a multiple of the kernel into the output."""

from __future__ import annotations

from typing import ClassVar

from derive.derivation.program import SizeRule
from derive.ir import (
    Count,
    Delta,
    Divides,
    Formula,
    Index,
    Int,
    Max,
    Plus,
    Range,
    Size,
    Sum,
    Tensor,
    at_least,
    ravel,
    unravel,
)
from derive.network.channels import grouping, kernel_fit
from derive.network.layer import LayerKind
from derive.network.lift import Fit
from derive.network.options import Extent, Padding, PerAxis
from derive.network.site import Position, Shape, Site, show


class TransposedConvolution(LayerKind):
    """Each entry of the input, times the kernel, is added to the output at its window."""

    arrays: ClassVar[tuple[str, ...]] = ("weight", "bias")
    axes: ClassVar[int]
    in_channels: Extent | None = None
    out_channels: Extent
    kernel_size: PerAxis
    stride: PerAxis = 1
    padding: Padding = 0
    output_padding: Padding = 0
    groups: Extent = 1
    bias: bool = True
    dilation: PerAxis = 1
    padding_mode: str = "zeros"

    @classmethod
    def fit(cls, x: Shape, arrays: dict[str, Shape], options: dict[str, object]) -> Fit:
        if "weight" not in arrays:
            return Fit()
        return kernel_fit(cls.axes, x, arrays, options.get("groups", 1), inputs_first=True)

    def letters(self, rank: int) -> str:
        return "no"[2 + self.axes - rank :] + "pqr"[: self.axes]

    def windows(self, new: Site) -> tuple[tuple[Int, Int, Int, Int], ...]:
        """Kernel, stride, dilation and padding of each axis."""
        options = ("kernel_size", "stride", "dilation", "padding")
        told = [new.per_axis(name, getattr(self, name), self.axes) for name in options]
        return tuple(zip(*told, strict=True))

    def extents(self, x: Shape, new: Site) -> Shape:
        if self.padding_mode != "zeros":
            new.unsupported(f"padding_mode = “{self.padding_mode}”, only “zeros”", "padding_mode")
        new.need_axes(x, self.axes + 1, self.axes + 2)
        *batch, channels = x[: -self.axes]
        new.agree("in_channels", self.in_channels, channels)
        groups = new.whole("groups", self.groups)
        for extent in (channels, new.whole("out_channels", self.out_channels)):
            new.require(
                Divides(groups, extent),
                f"groups = {show(groups)} does not divide the {show(extent)} channels",
                "groups",
            )
        extra = new.per_axis("output_padding", self.output_padding, self.axes)
        extents = []
        for d, (k, s, spread, p), more in zip(
            x[-self.axes :], self.windows(new), extra, strict=True
        ):
            extents.append(s * (d - 1) - p * 2 + spread * (k - 1) + more + 1)
            new.sizes_told.append(_rule((d, k, s, p, spread, more), extents[-1]))
            new.require(
                at_least(extents[-1], 1),
                f"padding = {show(p)} leaves nothing of the output",
                "padding",
            )
        total = grouping(channels, self.groups, self.out_channels, new)[-1]
        return (*batch, total, *new.spatial(extents))

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        *batch, o = at[: -self.axes]
        channels, image = x.shape[-self.axes - 1], x.shape[-self.axes :]
        groups, inputs, outputs, _ = grouping(channels, self.groups, self.out_channels, new)
        c, base = new.index("c"), new.base
        group = unravel(o, 0, (groups, outputs), base)
        channel = ravel((group, c), (groups, inputs), base)
        places = tuple(new.index(letter) for letter in "ijk"[: self.axes])
        offsets = tuple(new.index(letter) for letter in "abg"[: self.axes])
        windows = self.windows(new)
        weight = new.parameter("weight", "w", channels, outputs, *(w[0] for w in windows))
        kernel = weight[(channel, unravel(o, 1, (groups, outputs), base), *offsets)]
        hits = [
            Delta(s * (i - base) + spread * (a - base) - p + base, q)
            for i, a, q, (_, s, spread, p) in zip(
                places, offsets, at[-self.axes :], windows, strict=True
            )
        ]
        term = x[(*batch, channel, *places)] * kernel
        for hit in hits:
            term = term * hit
        ranges = [new.along(i, d) for i, d in zip(places, image, strict=True)]
        ranges += [new.along(a, w[0]) for a, w in zip(offsets, windows, strict=True)]
        return new.with_bias(Sum(term, new.along(c, inputs), *ranges), o, self.bias)


def _rule(at: tuple[Int, ...], result: Int) -> SizeRule:
    """The extent of the output: the last position that is reached, without the padding."""
    symbols = (*map(Size, "IKS"), Size("P", least=0), Size("D"), Size("R", least=0))
    i, k, s, p, d, r = map(Int.of, symbols)
    at_input, offset = Index("i"), Index("a")
    reached = s * (at_input - 1) + d * (offset - 1) + 1
    last = Max(Count(reached), Range(at_input, 1, i), Range(offset, 1, k))
    general = s * (i - 1) - p * 2 + d * (k - 1) + r + 1
    return SizeRule(
        general,
        tuple(zip(symbols, at, strict=True)),
        result,
        meaning=Plus(last, Count(r - p * 2)),
        words="the last position that is reached, less the padding that is cut off",
        reason="the last input entry reaches furthest, with the last entry of the kernel",
        facts=(at_least(general, 1),),
    )


class ConvTranspose1d(TransposedConvolution):
    """The transpose of a convolution along one axis, plus a bias."""

    axes = 1


class ConvTranspose2d(TransposedConvolution):
    """The transpose of a convolution of images, plus a bias."""

    axes = 2


class ConvTranspose3d(TransposedConvolution):
    """The transpose of a convolution of volumes, plus a bias."""

    axes = 3
