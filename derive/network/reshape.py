"""Layers that only rename positions."""

from __future__ import annotations

from derive.ir import TRUE, Bracket, Formula, Tensor, Times, conjunction, floor, unravel
from derive.network.layer import LayerKind
from derive.network.lift import Fit
from derive.network.options import Padding, PerAxis
from derive.network.site import Position, Shape, Site, product
from derive.network.window import Window, windows


class Flatten(LayerKind):
    """A run of axes laid out as one, row by row."""

    start_dim: int = 1
    end_dim: int = -1

    def axes(self, rank: int) -> tuple[int, int]:
        """The first axis that is flattened and the first one after them, counted from 0."""
        return self.start_dim % rank, self.end_dim % rank + 1

    def extents(self, x: Shape, new: Site) -> Shape:
        new.need_axes(x, 1)
        new.need_dim("start_dim", self.start_dim, len(x))
        new.need_dim("end_dim", self.end_dim, len(x))
        first, last = self.axes(len(x))
        if first >= last:
            new.fail("start_dim comes after end_dim", "start_dim")
        return (*x[:first], new.computed("D", product(x[first:last])), *x[last:])

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        first, last = self.axes(len(x.shape))
        run = x.shape[first:last]
        inner = [unravel(at[first], k, run, new.base) for k in range(len(run))]
        return x[(*at[:first], *inner, *at[first + 1 :])]


class Unfold(LayerKind):
    """The windows of an image as columns: an axis for channel and offset, one for the window."""

    kernel_size: PerAxis
    dilation: PerAxis = 1
    padding: Padding = 0
    stride: PerAxis = 1

    @classmethod
    def fit(cls, x: Shape, arrays: dict[str, Shape], options: dict[str, object]) -> Fit:
        return Fit(units={"": (0,)}) if len(x) == 2 else Fit()

    def letters(self, rank: int) -> str:
        return "nrl"[3 - rank :]

    def windows(self, x: Shape, new: Site) -> tuple[Window, ...]:
        return windows(x, new, 2, self.kernel_size, self.stride, self.padding, self.dilation)

    def extents(self, x: Shape, new: Site) -> Shape:
        new.need_axes(x, 3, 4)
        made = self.windows(x, new)
        rows = new.computed("R", product((x[-3], *(w.kernel for w in made))))
        places = product(new.spatial(w.outputs(new) for w in made))
        return (*x[:-3], rows, new.computed("L", places))

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        *batch, row, column = at
        made = self.windows(x.shape, new)
        outputs = new.spatial(w.outputs(new) for w in made)
        inner = (x.shape[-3], *(w.kernel for w in made))
        channel, *offsets = (unravel(row, k, inner, new.base) for k in range(3))
        places = [unravel(column, k, outputs, new.base) for k in range(2)]
        axes = list(zip(made, places, offsets, strict=True))
        read = x[(*batch, channel, *(w.position(i, a, new.base) for w, i, a in axes))]
        inside = conjunction(*(w.inside(i, a, new.base) for w, i, a in axes))
        return read if inside == TRUE else Times(Bracket(inside), read)


class Upsample(LayerKind):
    """An image enlarged: each entry several times along each axis after the channels."""

    scale_factor: PerAxis
    mode: str = "nearest"

    def factors(self, rank: int, new: Site) -> Shape:
        """How often entries are repeated along each axis; once for batch and channels."""
        axes = len(self.scale_factor) if isinstance(self.scale_factor, tuple) else max(rank - 2, 1)
        told = new.per_axis("scale_factor", self.scale_factor, axes)
        return (*new.per_axis("scale_factor", 1, rank - axes), *told)

    def extents(self, x: Shape, new: Site) -> Shape:
        if self.mode != "nearest":
            new.unsupported(f"mode = “{self.mode}”, only “nearest”", "mode")
        new.need_axes(x, 1, 5)
        scaled = zip(x, self.factors(len(x), new), strict=True)
        return tuple(new.computed("H", d * s) for d, s in scaled)

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        pairs = zip(at, self.factors(len(at), new), strict=True)
        return x[tuple(floor(i - new.base, s) + new.base for i, s in pairs)]
