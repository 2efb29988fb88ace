"""Sums of whole arrays over indices: Σ_n A_n^⊤ B_n, with arrays that depend on n."""

from __future__ import annotations

from derive.ir.binder import Binding, Range
from derive.ir.formula import checked
from derive.ir.guard import TRUE, Guard
from derive.ir.whole import Whole, made, wholes


class Series(Binding, Whole):
    """The sum of the arrays that the body is for all values of the indices: Series(body, *ranges).

    The ranges do not depend on each other.
    """

    __slots__ = ()

    def __new__(cls, body: Whole, *parts: Range | Guard) -> Series:
        wholes((body,), "a Series")
        ranges = checked((p for p in parts if p != TRUE), Range, "the binding of a Series")
        return made(cls, body.shape, body, *ranges, TRUE)

    @property
    def body(self) -> Whole:
        return self.args[0]  # type: ignore[return-value]

    @property
    def row(self) -> bool:
        return self.body.row
