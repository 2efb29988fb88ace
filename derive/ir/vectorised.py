"""Derivatives with three or four axes as matrices: ∂vec(Y)/∂vec(X), ∂²L/∂vec(X)∂vec(Y)^⊤."""

from __future__ import annotations

from derive.ir.curvature import Curvature
from derive.ir.extent import product_of
from derive.ir.formula import Tensor, checked
from derive.ir.whole import Slope, Whole, Word, made


class VecSlope(Whole):
    """∂vec(of)/∂vec(by) along all paths: a row for each entry of `of`, columns below each other.

    In denominator layout a column for each entry of `of`.  Tensors in `held` are fixed.
    """

    __slots__ = ()

    def __new__(
        cls, of: Tensor, by: Tensor, layout: Word | str = "shape", *held: Tensor
    ) -> VecSlope:
        checked((of, by, *held), Tensor, "a VecSlope")
        ranks = len(of.shape), len(by.shape)
        if min(ranks) < 1 or max(ranks) != 2:
            raise ValueError(f"vec is of matrices here, found {ranks[0]} and {ranks[1]} axes")
        layout = Word(layout) if isinstance(layout, str) else layout
        shape = (product_of(of.shape), product_of(by.shape))
        if layout.text == "denominator":
            shape = shape[::-1]
        return made(cls, shape, of, by, layout, *held)

    @property
    def slope(self) -> Slope:
        """∂of/∂by with the axes of `of`, then those of `by`."""
        of, by, _, *held = self.args
        return Slope(of, by, "shape", *held)  # type: ignore[arg-type]

    @property
    def layout(self) -> str:
        return self.args[2].text  # type: ignore[attr-defined, no-any-return]

    @property
    def base(self) -> int:
        return self.slope.base


class VecCurvature(Whole):
    """∂²of/∂vec(by)∂vec(and_by)^⊤ of a number along all paths: a row for each entry of `by`."""

    __slots__ = ()

    def __new__(cls, of: Tensor, by: Tensor, and_by: Tensor) -> VecCurvature:
        checked((of, by, and_by), Tensor, "a VecCurvature")
        if of.shape or not {len(by.shape), len(and_by.shape)} <= {1, 2}:
            raise ValueError("a matrix of second derivatives is that of a number by matrices")
        return made(cls, (product_of(by.shape), product_of(and_by.shape)), of, by, and_by)

    @property
    def curvature(self) -> Curvature:
        """The second derivatives with all their axes."""
        return Curvature(*self.args)  # type: ignore[arg-type]

    @property
    def base(self) -> int:
        return self.curvature.base
