"""Layers that only rename positions, or repeat entries."""

from __future__ import annotations

from derive.ir import Formula, Tensor, floor, unravel
from derive.network.layer import LayerKind
from derive.network.options import PerAxis
from derive.network.site import Position, Shape, Site, product


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
