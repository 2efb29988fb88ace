"""Activations: functions of each entry, and the softmax."""

from __future__ import annotations

from typing import ClassVar

from derive.ir import Apply, Formula, Sum, Tensor
from derive.network.layer import LayerKind
from derive.network.site import Position, Shape, Site


class Elementwise(LayerKind):
    """A scalar function of each entry."""

    function: ClassVar[str]

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        return Apply(self.function, x[at])


class ReLU(Elementwise):
    """The positive part of each entry, max(x, 0)."""

    function = "relu"
    inplace: bool = False


class Sigmoid(Elementwise):
    """The logistic function of each entry, 1 / (1 + exp(-x))."""

    function = "sigmoid"


class Tanh(Elementwise):
    """The hyperbolic tangent of each entry."""

    function = "tanh"


class Softmax(LayerKind):
    """Exponentials divided by their sum along one axis: positive entries that sum to 1."""

    dim: int | None = None

    def axis(self, rank: int) -> int:
        """The axis, counted from 0; without `dim` it depends on the number of axes as in torch."""
        if self.dim is None:
            return 0 if rank in (0, 1, 3) else 1
        return self.dim % rank

    def shape(self, x: Shape, new: Site) -> Shape:
        new.need_axes(x, 1)
        new.need_dim("dim", self.dim, len(x))
        return x

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        axis = self.axis(len(at))
        i = new.index("i")
        others = (*at[:axis], i, *at[axis + 1 :])
        total = Sum(Apply("exp", x[others]), new.along(i, x.shape[axis]))
        return Apply("exp", x[at]) / total
