"""Nodes that select: Kronecker deltas, Iverson brackets, cases, and comparisons of formulas."""

from __future__ import annotations

from typing import Any

from sympy import Basic

from derive.ir.formula import Formula, FormulaLike, as_formula, checked
from derive.ir.guard import TRUE, Guard
from derive.ir.integer import Int, IntLike


class Delta(Formula):
    """The Kronecker delta: 1 where e = f, else 0."""

    __slots__ = ()

    def __new__(cls, e: IntLike, f: IntLike) -> Delta:
        return Basic.__new__(cls, Int.of(e), Int.of(f))

    @property
    def sides(self) -> tuple[Int, Int]:
        return self.args  # type: ignore[return-value]


class Bracket(Formula):
    """The Iverson bracket: 1 where the condition holds, else 0."""

    __slots__ = ()

    def __new__(cls, condition: Guard) -> Bracket:
        return Basic.__new__(cls, *checked((condition,), Guard, "a Bracket"))

    @property
    def condition(self) -> Guard:
        return self.args[0]  # type: ignore[return-value]


class Branch(Basic):
    """One line of a Cases: the value where the condition holds."""

    __slots__ = ()

    def __new__(cls, value: Formula, condition: Guard) -> Branch:
        checked((value,), Formula, "a Branch")
        return Basic.__new__(cls, value, *checked((condition,), Guard, "the condition of a Branch"))

    @property
    def value(self) -> Formula:
        return self.args[0]  # type: ignore[return-value]

    @property
    def condition(self) -> Guard:
        return self.args[1]  # type: ignore[return-value]


class Cases(Formula):
    """The value of the first branch whose condition holds; the last one is TRUE ("otherwise")."""

    __slots__ = ()

    def __new__(cls, *branches: Branch) -> Cases:
        checked(branches, Branch, "a Cases")
        if not branches or branches[-1].condition != TRUE:
            raise ValueError("the last branch of a Cases is for all that is left")
        return Basic.__new__(cls, *branches)

    @property
    def branches(self) -> tuple[Branch, ...]:
        return self.args  # type: ignore[return-value]


class Compare(Guard):
    """A comparison of two formulas, as in [z > 0]; `relation` is one of < ≤ = ≠."""

    __slots__ = ("relation",)
    relation: str

    def __new__(cls, left: FormulaLike, relation: str, right: FormulaLike) -> Compare:
        if relation not in ("<", "<=", "=", "!="):
            raise ValueError(f"a comparison is one of < <= = !=, found {relation!r}")
        self = Basic.__new__(cls, as_formula(left), as_formula(right))
        self.relation = relation
        return self

    def _hashable_content(self) -> tuple[Any, ...]:
        return (*self.args, self.relation)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (self.args[0], self.relation, self.args[1])

    @property
    def left(self) -> Formula:
        return self.args[0]  # type: ignore[return-value]

    @property
    def right(self) -> Formula:
        return self.args[1]  # type: ignore[return-value]
