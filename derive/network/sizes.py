"""The sizes of a network: named extents, each symbol once, and the conditions they must meet."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, count

from derive.ir import (
    ONE,
    And,
    Atom,
    Divides,
    Equal,
    Guard,
    Int,
    IntLike,
    NonNegative,
    Size,
    conjuncts,
    floor,
)
from derive.ir.affine import sign
from derive.ir.extent import inlined
from derive.network.names import nearest


def value_of(e: IntLike) -> int | None:
    """The number of an integer expression where all of its sizes carry one."""
    return numbers(e).constant


def numbers(e: IntLike) -> Int:
    """An integer expression with the numbers of the sizes that carry one."""
    return Int.of(e).replace(_value)


def _value(atom: Atom) -> Int | None:
    return Int.of(atom.value) if isinstance(atom, Size) and atom.value is not None else None


def holds(guard: Guard) -> bool | None:
    """Whether a condition on sizes holds at their values; None where they do not decide it."""
    if isinstance(guard, And):
        parts = [holds(part) for part in conjuncts(guard)]
        return False if False in parts else None if None in parts else True
    values = [value_of(e) for e in guard.args if isinstance(e, Int)]
    if isinstance(guard, NonNegative):
        return None if values[0] is None else values[0] >= 0
    if isinstance(guard, Equal) and guard.args[0] == guard.args[1]:
        return True
    if not isinstance(guard, (Equal, Divides)) or values[0] is None or values[1] is None:
        return None
    return values[0] == values[1] if isinstance(guard, Equal) else values[1] % values[0] == 0


def evident(guard: Guard) -> bool:
    """Whether a condition follows from the least value of each size alone."""
    if isinstance(guard, Equal):
        return guard.args[0] == guard.args[1]
    if isinstance(guard, Divides):
        return guard.args[0] in (ONE, guard.args[1])
    least = _least(guard.expression) if isinstance(guard, NonNegative) else None
    return least is not None and least >= 0


def _least(e: Int) -> int | None:
    """A lower bound of an expression in which every product of sizes counts positively."""
    total = 0
    for monomial, c in e.terms:
        if (monomial and c < 0) or not all(isinstance(a, Size) for a in monomial):
            return None
        for a in monomial:
            c *= a.least  # type: ignore[attr-defined]
        total += c
    return total


class Sizes:
    """The sizes met so far, in an order in which each stands after what it is computed from."""

    def __init__(self, taken: Iterable[str], literal: bool = False) -> None:
        """`taken` are the symbols that already mean something else.

        With `literal`, numbers stay numbers, and a size that has one cannot vary.
        """
        self._taken = set(taken)
        self._literal = literal
        self._named: dict[str, Size] = {}
        self._made: set[str] = set()
        self._facts: dict[Guard, None] = {}

    @property
    def all(self) -> tuple[Size, ...]:
        return tuple(self._named.values())

    @property
    def facts(self) -> tuple[Guard, ...]:
        return tuple(self._facts)

    @property
    def declared(self) -> tuple[Size, ...]:
        """The sizes that the user named."""
        return tuple(s for s in self.all if s.name not in self._made)

    @property
    def names(self) -> list[str]:
        """The names that the user gave to sizes."""
        return [s.name for s in self.declared]

    def declare(self, size: Size) -> None:
        """Enter a size that the user named."""
        if self._literal and size.value is not None and size.definition is None:
            size = Size(size.name, size.value, size.least, Int.of(size.value))
        self._named[size.name] = size
        self._taken.add(size.name)

    def declare_free(self, name: str, least: int) -> None:
        """Enter a size of which only the name is known, unless it is there already."""
        if name not in self._named:
            self.declare(Size(name, None, least))

    def named(self, name: str) -> Size | None:
        """The size with a name that the user wrote, if there is one."""
        return self._named.get(name)

    def suggest(self, name: str) -> str:
        """A sentence about the size that a misspelt name may mean."""
        return nearest(name, self.names)

    def extent(self, symbol: str, number: int) -> Int:
        """A size that carries a number; the number 1 stays itself.

        The size is new, unless the user has declared that symbol with that number.
        """
        if self._literal:
            return Int.of(number)
        told = self._named.get(symbol)
        if told is not None and told.value == number and symbol not in self._made:
            return Int.of(told)
        return ONE if number == 1 else self._new(symbol, number, None)

    def computed(self, symbol: str, definition: Int) -> Int:
        """A new size for an expression, unless that is a number or a size already."""
        if definition.constant is not None or isinstance(definition.atom, Size):
            return definition
        known = next((s for s in self.all if s.definition == definition), None)
        if known is not None:
            return Int.of(known)
        return self._new(symbol, value_of(definition), definition)

    def named_as(self, symbol: str, definition: Int) -> Int:
        """The size `symbol`, which the user names and which is computed from others."""
        size = Size(symbol, value_of(definition), 1, definition)
        self.declare(size)
        return Int.of(size)

    def quotient(self, e: Int, d: Int) -> Int | None:
        """e/d where that is a whole number for all sizes, or by their numbers; else None."""
        for above, below in ((e, d), (inlined(e), inlined(d))):
            found = floor(above, below) if sign(below) > 0 else None
            if found is not None and found * below == above:
                return found
        above, below = numbers(e), numbers(d)
        exact = sign(below) > 0 and floor(above, below) * below == above
        return floor(e, d) if exact and self.require(Divides(d, e)) else None

    def _new(self, symbol: str, value: int | None, definition: Int | None) -> Int:
        letter, mark, tag = symbol.partition("^")
        numbered = (f"{letter}_{{{k}}}{mark}{tag}" for k in count(1))
        name = next(n for n in chain((symbol,), numbered) if n not in self._taken)
        self.declare(Size(name, value, 1, definition))
        self._made.add(name)
        return Int.of(self._named[name])

    def require(self, guard: Guard) -> bool:
        """Record a condition on sizes; False where their values refute it."""
        truth = holds(guard)
        if truth is False:
            return False
        if not evident(guard) and any(e.constant is None for e in guard.args if isinstance(e, Int)):
            self._facts[guard] = None
        return True
