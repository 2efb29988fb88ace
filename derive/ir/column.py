"""Columns with one entry that is not 0."""

from __future__ import annotations

from derive.ir.formula import Formula, checked
from derive.ir.integer import Int, IntLike
from derive.ir.whole import Whole, made


class OneEntry(Whole):
    """The column of an extent with `value` at the index `at` and 0 everywhere else."""

    __slots__ = ()

    def __new__(cls, value: Formula, extent: IntLike, at: IntLike, base: IntLike = 1) -> OneEntry:
        checked((value,), Formula, "a OneEntry")
        parts = (Int.of(extent), Int.of(at), Int.of(base))
        return made(cls, parts[:1], value, *parts)

    @property
    def value(self) -> Formula:
        return self.args[0]  # type: ignore[return-value]

    @property
    def at(self) -> Int:
        return self.args[2]  # type: ignore[return-value]

    @property
    def base(self) -> int:
        return self.args[3].constant or 0  # type: ignore[attr-defined]
