"""The fully connected layer."""

from __future__ import annotations

from typing import ClassVar

from derive.ir import Formula, Sum, Tensor
from derive.network.layer import LayerKind
from derive.network.lift import Fit
from derive.network.options import Extent
from derive.network.site import Position, Shape, Site


class Linear(LayerKind):
    """Fully connected: each output is a weighted sum of the inputs, plus a bias."""

    arrays: ClassVar[tuple[str, ...]] = ("weight", "bias")
    in_features: Extent | None = None
    out_features: Extent
    bias: bool = True

    @classmethod
    def fit(cls, x: Shape, arrays: dict[str, Shape], options: dict[str, object]) -> Fit:
        if "weight" not in arrays:
            return Fit()
        rows = arrays["weight"][:-1]
        single: dict[str, tuple[int, ...]] = {"weight": (0,), "bias": (0,)}
        told: dict[str, object] = {
            "out_features": rows[0] if rows else 1,
            "bias": "bias" in arrays,
        }
        return Fit(told) if rows else Fit(told, single, (len(x) - 1,))

    def extents(self, x: Shape, new: Site) -> Shape:
        new.need_axes(x, 1)
        new.agree("in_features", self.in_features, x[-1])
        return (*x[:-1], new.extent("P", "out_features", self.out_features))

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        *rows, j = at
        i = new.index("i")
        weight = new.parameter("weight", "w", new.shape[-1], x.shape[-1])
        total = Sum(weight[j, i] * x[(*rows, i)], new.along(i, x.shape[-1]))
        return new.with_bias(total, j, self.bias)
