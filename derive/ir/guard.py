"""Conditions on indices and sizes, in a normal form.

`Guard` is the base of all conditions; this file has those about integers.  (`formula.Compare`,
which compares two formulas, is the one other.)
"""

from __future__ import annotations

from sympy import Basic

from derive.ir.integer import Int, IntLike, str_of


class Guard(Basic):
    """A condition.  Its truth is never in doubt: reading outside a range is an error, not false."""

    __slots__ = ()

    def _sympystr(self, printer: object) -> str:
        return (
            f"{type(self).__name__}({', '.join(map(str, self.args))})"
            if self.args
            else str_of(self)
        )


def _guards(parts: tuple[Guard, ...]) -> tuple[Guard, ...]:
    for p in parts:
        if not isinstance(p, Guard):
            raise TypeError(f"expected a condition, found {p!r}")
    return parts


class And(Guard):
    """All of the parts; `TRUE` is the empty one."""

    __slots__ = ()

    def __new__(cls, *parts: Guard) -> And:
        return Basic.__new__(cls, *_guards(parts))


class Or(Guard):
    """Any of the parts; `FALSE` is the empty one."""

    __slots__ = ()

    def __new__(cls, *parts: Guard) -> Or:
        return Basic.__new__(cls, *_guards(parts))


class Not(Guard):
    __slots__ = ()

    def __new__(cls, part: Guard) -> Not:
        return Basic.__new__(cls, *_guards((part,)))


class NonNegative(Guard):
    """e ≥ 0.  `at_most` and `at_least` spell the usual comparisons."""

    __slots__ = ()

    def __new__(cls, e: IntLike) -> NonNegative:
        return Basic.__new__(cls, Int.of(e))

    @property
    def expression(self) -> Int:
        return self.args[0]  # type: ignore[return-value]


class Equal(Guard):
    """e = f."""

    __slots__ = ()

    def __new__(cls, e: IntLike, f: IntLike) -> Equal:
        return Basic.__new__(cls, Int.of(e), Int.of(f))


class Divides(Guard):
    """d | e, for an integer d ≥ 1."""

    __slots__ = ()

    def __new__(cls, d: IntLike, e: IntLike) -> Divides:
        return Basic.__new__(cls, Int.of(d), Int.of(e))


TRUE = And()
FALSE = Or()


def at_least(e: IntLike, bound: IntLike) -> Guard:
    """e ≥ bound."""
    return NonNegative(Int.of(e) - Int.of(bound))


def at_most(e: IntLike, bound: IntLike) -> Guard:
    """e ≤ bound."""
    return NonNegative(Int.of(bound) - Int.of(e))


def conjunction(*guards: Guard) -> Guard:
    """All of `guards`, flat, without TRUE and without repetition."""
    flat: list[Guard] = []
    for g in guards:
        for part in g.args if isinstance(g, And) else (g,):
            assert isinstance(part, Guard)
            if part not in flat:
                flat.append(part)
    return flat[0] if len(flat) == 1 else And(*flat)


def conjuncts(guard: Guard) -> tuple[Guard, ...]:
    """The parts of a conjunction; a lone guard is its own only part, TRUE has none."""
    return tuple(guard.args) if isinstance(guard, And) else (guard,)  # type: ignore[arg-type]
