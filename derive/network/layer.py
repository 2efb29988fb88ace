"""What a layer is: options with the names of `torch.nn`, a shape rule, and a forward formula.

A new layer is a class of about fifteen lines with those three, and a word in `catalogue.py`:

    class Linear(LayerKind):
        '''Fully connected: each output is a weighted sum of the input, plus a bias.'''

        out_features: Extent
        bias: bool = True

        def extents(self, x, new):
            return (*x[:-1], new.extent("P", "out_features", self.out_features))

        def formula(self, x, at, new):
            *rows, j = at
            i = new.index("i")
            w = new.parameter("weight", "w", new.shape[-1], x.shape[-1])
            total = Sum(w[j, i] * x[(*rows, i)], new.along(i, x.shape[-1]))
            return new.with_bias(total, j, self.bias)

Positions count from the index base of the document, `new.base`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from derive.ir import Definition, Formula, Tensor
from derive.network.lift import Fit
from derive.network.site import Position, Shape, Site, show_shape


class LayerKind(BaseModel):
    """A kind of layer; its fields are its options.  The docstring begins with a description.

    `arrays` are the names of the parameters that a call may bring, in order; where it brings any,
    those that are missing are left out.  `reads_classes`: the input holds class indices.
    `gathers`: it reads several arrays, and those after the first are `others` of its site.
    """

    arrays: ClassVar[tuple[str, ...]] = ()
    reads_classes: ClassVar[bool] = False
    gathers: ClassVar[bool] = False
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    def __init__(self, *positional: Any, **options: Any) -> None:
        """Options as in `torch.nn`: by position or by name."""
        names = list(type(self).model_fields)
        if len(positional) > len(names):
            raise TypeError(f"{type(self).__name__} has {len(names)} options: {', '.join(names)}")
        super().__init__(**dict(zip(names, positional, strict=False)), **options)

    def extents(self, x: Shape, new: Site) -> Shape:
        """The shape of the output for an input of shape `x`; by default the same."""
        return x

    @classmethod
    def fit(cls, x: Shape, arrays: dict[str, Shape], options: dict[str, object]) -> Fit:
        """What a call says by its arrays: options, and axes that they lack."""
        return Fit()

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        """The entry of the output at the position `at`."""
        raise NotImplementedError

    def letters(self, rank: int) -> str:
        """The letters of the output's indices, one per axis: n for the batch, c for channels."""
        return ("", "j", "nj", "nij", "ncij", "ncijk")[rank] if rank < 6 else "abcdefgh"[:rank]

    def named(self, shape: Shape) -> str:
        """The letters of the indices of an output of this shape."""
        return self.letters(len(shape))

    def remarks(self) -> tuple[str, ...]:
        """Sentences for the reader where a numerical library does something else."""
        return ()

    def define(self, x: Tensor, origin: str, name: str, symbol: str, new: Site) -> Definition:
        """The definition of the output for the input `x`, which messages call `origin`."""
        new.input = f"{origin}, of shape {show_shape(x.shape)}"
        new.shape = self.extents(x.shape, new)
        at = new.stand(self.named(new.shape))
        output = Tensor(name, symbol, new.shape, new.base)
        return Definition(output, at, self.formula(x, at, new))
