"""Layers that move entries to other places and change none: reshapes, permuted axes, stacks.

All arrays are laid out row by row.  Names and meanings are PyTorch's, one layer for each function:
`torch.reshape`, `Tensor.view`, `torch.permute`, `transpose`, `squeeze`, `unsqueeze`, `stack`, and
`torch.nn.Unflatten`.
"""

from __future__ import annotations

from typing import ClassVar

from derive.ir import ONE, Delta, Formula, Tensor, Times
from derive.network.blocks import reshaped, reshaping
from derive.network.layer import LayerKind
from derive.network.letters import by_extents
from derive.network.options import Axes, Extents
from derive.network.site import Position, Shape, Site, show_shape


class Rearrangement(LayerKind):
    """What only moves entries: its indices are named after the extents."""

    def named(self, shape: Shape) -> str:
        return by_extents(shape, self.letters(len(shape)))


class Reshape(Rearrangement):
    """The same entries in the same order, row by row, in another shape."""

    shape: Extents

    def extents(self, x: Shape, new: Site) -> Shape:
        return reshaped(x, self.shape, new, "shape")

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        return x[reshaping(x.shape, new.shape, new, "shape").read(at, new.base)]


class View(Reshape):
    """The same entries in the same order, row by row: another name of Reshape."""


class Unflatten(Rearrangement):
    """One axis laid out as several, row by row."""

    dim: int
    unflattened_size: Extents

    def extents(self, x: Shape, new: Site) -> Shape:
        new.need_dim("dim", self.dim, len(x))
        k = self.dim % len(x)
        inner = reshaped(x[k : k + 1], self.unflattened_size, new, "unflattened_size")
        return (*x[:k], *inner, *x[k + 1 :])

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        k = self.dim % len(x.shape)
        end = k + len(new.shape) - len(x.shape) + 1
        inner = reshaping(x.shape[k : k + 1], new.shape[k:end], new, "unflattened_size")
        return x[(*at[:k], *inner.read(at[k:end], new.base), *at[end:])]


class Permute(Rearrangement):
    """The axes in another order: axis `dims[k]` of the input becomes axis k."""

    dims: Axes

    def order(self, rank: int, new: Site) -> tuple[int, ...]:
        """For each axis of the output the axis of the input that it is."""
        for dim in self.dims:
            new.need_dim("dims", dim, rank)
        order = tuple(dim % rank for dim in self.dims)
        if sorted(order) != list(range(rank)):
            told = ", ".join(map(str, self.dims))
            new.fail(f"dims = ({told}) does not name each axis of {new.input} once", "dims")
        return order

    def extents(self, x: Shape, new: Site) -> Shape:
        return tuple(x[k] for k in self.order(len(x), new))

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        order = self.order(len(x.shape), new)
        return x[tuple(at[order.index(k)] for k in range(len(order)))]


class Transpose(Rearrangement):
    """Two axes in each other's place."""

    dim0: int
    dim1: int

    def order(self, rank: int, new: Site) -> tuple[int, ...]:
        """For each axis of the output the axis of the input that it is."""
        new.need_dim("dim0", self.dim0, rank)
        new.need_dim("dim1", self.dim1, rank)
        first, second = self.dim0 % rank, self.dim1 % rank
        swapped = {first: second, second: first}
        return tuple(swapped.get(k, k) for k in range(rank))

    def extents(self, x: Shape, new: Site) -> Shape:
        return tuple(x[k] for k in self.order(len(x), new))

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        return x[tuple(at[k] for k in self.order(len(x.shape), new))]


class Squeeze(Rearrangement):
    """An axis of extent 1 left out; all of them where no `dim` is given."""

    dim: int | None = None

    def dropped(self, x: Shape, new: Site) -> frozenset[int]:
        """The axes that are left out."""
        if self.dim is None:
            return frozenset(k for k, d in enumerate(x) if d == ONE)
        new.need_dim("dim", self.dim, len(x))
        axis = self.dim % len(x)
        if x[axis] != ONE:
            new.fail(
                f"dim = {self.dim} is an axis of extent {show_shape(x[axis : axis + 1])[1:-1]}; "
                "expected one of extent 1",
                "dim",
            )
        return frozenset({axis})

    def extents(self, x: Shape, new: Site) -> Shape:
        dropped = self.dropped(x, new)
        return tuple(d for k, d in enumerate(x) if k not in dropped)

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        dropped, left = self.dropped(x.shape, new), iter(at)
        return x[tuple(new.base if k in dropped else next(left) for k in range(len(x.shape)))]


class Unsqueeze(Rearrangement):
    """An axis of extent 1 put in before the axis `dim`."""

    dim: int

    def axis(self, rank: int, new: Site) -> int:
        """Where the new axis stands in the output, which has one axis more."""
        if not -rank - 1 <= self.dim <= rank:
            new.fail(f"dim = {self.dim} is no place for an axis in {new.input}", "dim")
        return self.dim % (rank + 1)

    def extents(self, x: Shape, new: Site) -> Shape:
        axis = self.axis(len(x), new)
        return (*x[:axis], ONE, *x[axis:])

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        axis = self.axis(len(x.shape), new)
        return x[(*at[:axis], *at[axis + 1 :])]


class Stack(Rearrangement):
    """Several arrays of one shape along a new axis `dim`."""

    gathers: ClassVar[bool] = True
    dim: int = 0

    def axis(self, rank: int, new: Site) -> int:
        """Where the new axis stands in the output."""
        if not -rank - 1 <= self.dim <= rank:
            new.fail(f"dim = {self.dim} is no place for an axis in {new.input}", "dim")
        return self.dim % (rank + 1)

    def extents(self, x: Shape, new: Site) -> Shape:
        for other in new.others:
            if len(other.shape) != len(x) or not all(map(new.equal, other.shape, x)):
                new.fail(
                    f"{other.name} has the shape {show_shape(other.shape)}, but the first array is "
                    f"{new.input}; arrays that are stacked have one shape"
                )
        axis = self.axis(len(x), new)
        count = new.extent("T", "arrays", 1 + len(new.others))
        return (*x[:axis], count, *x[axis:])

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        axis = self.axis(len(x.shape), new)
        inner = (*at[:axis], *at[axis + 1 :])
        layers = [
            Times(Delta(at[axis], new.base + k), t[inner]) for k, t in enumerate((x, *new.others))
        ]
        return sum(layers[1:], start=layers[0]) if len(layers) > 1 else x[inner]
