"""Layers that only rename positions."""

from __future__ import annotations

from derive.ir import Formula, Tensor, unravel
from derive.network.layer import LayerKind
from derive.network.site import Position, Shape, Site, product


class Flatten(LayerKind):
    """A run of axes laid out as one, row by row."""

    start_dim: int = 1
    end_dim: int = -1

    def axes(self, rank: int) -> tuple[int, int]:
        """The first axis that is flattened and the first one after them, counted from 0."""
        return self.start_dim % rank, self.end_dim % rank + 1

    def shape(self, x: Shape, new: Site) -> Shape:
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
