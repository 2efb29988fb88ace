"""Embeddings: rows of a matrix, picked by class indices."""

from __future__ import annotations

from typing import ClassVar

from derive.ir import Delta, Entry, Equal, Formula, Sum, Tensor
from derive.network.layer import LayerKind
from derive.network.lift import Fit
from derive.network.options import Extent
from derive.network.site import Position, Shape, Site


class Embedding(LayerKind):
    """For each class index of the input the row of a learnable matrix."""

    arrays: ClassVar[tuple[str, ...]] = ("weight",)
    reads_classes: ClassVar[bool] = True
    num_embeddings: Extent
    embedding_dim: Extent

    @classmethod
    def fit(cls, x: Shape, arrays: dict[str, Shape], options: dict[str, object]) -> Fit:
        weight = arrays.get("weight", ())
        return Fit(dict(zip(("num_embeddings", "embedding_dim"), weight, strict=False)))

    def extents(self, x: Shape, new: Site) -> Shape:
        return (*x, new.extent("D", "embedding_dim", self.embedding_dim))

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        *rows, j = at
        many = new.extent("V", "num_embeddings", self.num_embeddings)
        if x.classes is None or not new.sizes.require(Equal(x.classes, many)):
            new.fail(f"{new.input} does not hold indices of the rows of the weight")
        i = new.index("k")
        weight = new.parameter("weight", "w", many, new.shape[-1])
        return Sum(Delta(Entry(x, *rows), i) * weight[i, j], new.along(i, many))
