"""Whole arrays that depend on an index, summed over it or stacked: Σ_n A_n^⊤ B_n, stack_c(z_c)."""

from __future__ import annotations

from derive.ir.binder import Binding, Range
from derive.ir.formula import checked
from derive.ir.guard import TRUE, Guard
from derive.ir.integer import ONE, IntLike
from derive.ir.whole import Ints, Whole, made, wholes


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


class StackedOver(Binding, Whole):
    """The arrays that the body is for all values of an index, stacked along a new axis.

    StackedOver(body, range, axis); axes are counted from 0.
    """

    __slots__ = ()

    def __new__(
        cls, body: Whole, run: Range, axis: IntLike | Ints, *condition: Guard
    ) -> StackedOver:
        wholes((body,), "a StackedOver")
        checked((run,), Range, "the binding of a StackedOver")
        at = axis if isinstance(axis, Ints) else Ints(axis)
        (k,) = at.numbers
        many = run.uppers[0] - run.lowers[0] + ONE
        shape = (*body.shape[:k], many, *body.shape[k:])
        return made(cls, shape, body, run, at, TRUE)

    @property
    def body(self) -> Whole:
        return self.args[0]  # type: ignore[return-value]

    @property
    def ranges(self) -> tuple[Range, ...]:
        return self.args[1:2]  # type: ignore[return-value]

    @property
    def axis(self) -> int:
        return self.args[2].numbers[0]  # type: ignore[attr-defined, no-any-return]
