"""Second derivatives as whole arrays."""

from __future__ import annotations

from derive.ir.formula import Tensor, checked
from derive.ir.whole import Whole, made


class Curvature(Whole):
    """∂²of/∂by∂and_by along all paths: the axes of `of`, then of `by`, then of `and_by`."""

    __slots__ = ()

    def __new__(cls, of: Tensor, by: Tensor, and_by: Tensor) -> Curvature:
        checked((of, by, and_by), Tensor, "a Curvature")
        return made(cls, of.shape + by.shape + and_by.shape, of, by, and_by)

    @property
    def of(self) -> Tensor:
        return self.args[0]  # type: ignore[return-value]

    @property
    def by(self) -> Tensor:
        return self.args[1]  # type: ignore[return-value]

    @property
    def and_by(self) -> Tensor:
        return self.args[2]  # type: ignore[return-value]

    @property
    def base(self) -> int:
        return self.by.base
