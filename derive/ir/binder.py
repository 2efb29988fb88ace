"""Nodes that bind indices: sums, maxima, and the position that a maximum picked."""

from __future__ import annotations

from collections.abc import Iterable

from sympy import Basic

from derive.ir.formula import Formula, checked
from derive.ir.guard import TRUE, Guard
from derive.ir.index import Index
from derive.ir.integer import Atom, Int, IntLike


class Range(Basic):
    """index = max(lowers)..min(uppers).  Bounds may use the indices of the ranges before it."""

    __slots__ = ()

    def __new__(
        cls,
        index: Index,
        lowers: Bounds | IntLike | Iterable[IntLike],
        uppers: Bounds | IntLike | Iterable[IntLike],
    ) -> Range:
        if not isinstance(index, Index):
            raise TypeError(f"a Range is for an Index, found {index!r}")
        return Basic.__new__(cls, index, _bounds(lowers), _bounds(uppers))

    @property
    def index(self) -> Index:
        return self.args[0]  # type: ignore[return-value]

    @property
    def lowers(self) -> tuple[Int, ...]:
        return self.args[1].args  # type: ignore[return-value]

    @property
    def uppers(self) -> tuple[Int, ...]:
        return self.args[2].args  # type: ignore[return-value]

    @property
    def extent(self) -> Int | None:
        """hi - lo + 1, for a range with one bound on either side; how long it is, if not empty."""
        if len(self.lowers) > 1 or len(self.uppers) > 1:
            return None
        return self.uppers[0] - self.lowers[0] + 1


class Bounds(Basic):
    """The lower or the upper bounds of a Range, at least one."""

    __slots__ = ()

    def __new__(cls, *bounds: IntLike) -> Bounds:
        unique = dict.fromkeys(Int.of(b) for b in bounds)
        if not unique:
            raise ValueError("a Range needs at least one lower and one upper bound")
        return Basic.__new__(cls, *unique)


def _bounds(given: Bounds | IntLike | Iterable[IntLike]) -> Bounds:
    if isinstance(given, Bounds):
        return given
    return Bounds(given) if isinstance(given, (int, Int, Atom)) else Bounds(*given)


class Binding(Basic):
    """What binds indices: a body, ranges, and a condition on the indices, in this order."""

    __slots__ = ()

    @property
    def body(self) -> Basic:
        return self.args[0]

    @property
    def ranges(self) -> tuple[Range, ...]:
        return self.args[1:-1]  # type: ignore[return-value]

    @property
    def condition(self) -> Guard:
        return self.args[-1]  # type: ignore[return-value]

    @property
    def bound(self) -> tuple[Index, ...]:
        return tuple(r.index for r in self.ranges)

    @property
    def others(self) -> tuple[Basic, ...]:
        """The arguments between the ranges and the condition: none, but for stacks."""
        return self.args[1 + len(self.ranges) : -1]


class Binder(Binding, Formula):
    """What Sum and Max share: a body, ranges that bind indices, and a condition on the indices.

    `Sum(body, range1, range2, condition)`; the condition may be left out.  It comes before the
    body: where it is false the body need not have a value.
    """

    __slots__ = ()

    def __new__(cls, body: Formula, *parts: Range | Guard) -> Binder:
        condition = parts[-1] if parts and isinstance(parts[-1], Guard) else TRUE
        ranges = parts[:-1] if parts and isinstance(parts[-1], Guard) else parts
        checked((body,), Formula, f"a {cls.__name__}")
        checked(ranges, Range, f"the binding of a {cls.__name__}")
        if len({r.args[0] for r in ranges}) < len(ranges):
            raise ValueError(f"a {cls.__name__} binds each index once")
        return Basic.__new__(cls, body, *ranges, condition)

    @property
    def body(self) -> Formula:
        return self.args[0]  # type: ignore[return-value]


class Sum(Binder):
    """The sum of the body over the ranges where the condition holds; 0 where there is nothing."""

    __slots__ = ()


class Max(Binder):
    """The largest value of the body; there must be one.  Ties go to the first, row-major."""

    __slots__ = ()


class Chosen(Formula):
    """1 where the position `at` is the one that the Max picked, else 0, also outside its ranges."""

    __slots__ = ()

    def __new__(cls, maximum: Max, *at: IntLike) -> Chosen:
        checked((maximum,), Max, "a Chosen")
        if len(at) != len(maximum.ranges):
            raise ValueError(f"a position of {len(maximum.ranges)} indices, found {len(at)}")
        return Basic.__new__(cls, maximum, *(Int.of(e) for e in at))

    @property
    def maximum(self) -> Max:
        return self.args[0]  # type: ignore[return-value]

    @property
    def at(self) -> tuple[Int, ...]:
        return self.args[1:]  # type: ignore[return-value]
