"""Statements about formulas: a definition of a tensor, and a relation between two formulas."""

from __future__ import annotations

from dataclasses import dataclass

from derive.ir.binder import Range
from derive.ir.formula import Component, Formula, Tensor
from derive.ir.index import Index


@dataclass(frozen=True)
class Definition:
    """T[i1, ..., ik] = body for every index in its axis' range; one index object per axis."""

    tensor: Tensor
    indices: tuple[Index, ...]
    body: Formula

    def __post_init__(self) -> None:
        if len(self.indices) != len(self.tensor.shape):
            axes = len(self.tensor.shape)
            raise ValueError(
                f"{self.tensor.name} has {axes} axes, found {len(self.indices)} indices"
            )

    @property
    def left(self) -> Component:
        return Component(self.tensor, *self.indices)

    @property
    def ranges(self) -> tuple[Range, ...]:
        return axis_ranges(self.tensor, self.indices)


@dataclass(frozen=True)
class Relation:
    """`left relation right`, for every value of the free indices in `ranges`."""

    left: Formula
    relation: str
    right: Formula
    ranges: tuple[Range, ...] = ()


def axis_ranges(tensor: Tensor, indices: tuple[Index, ...]) -> tuple[Range, ...]:
    """The ranges of indices that run over the axes of a tensor."""
    return tuple(
        Range(i, tensor.base, d + (tensor.base - 1))
        for i, d in zip(indices, tensor.shape, strict=True)
    )
