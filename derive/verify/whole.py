"""Integer expressions and conditions without indices, at given sizes, in plain Python."""

from __future__ import annotations

from collections.abc import Mapping

from derive.errors import Unsupported
from derive.ir import (
    And,
    Atom,
    Divides,
    Equal,
    Floor,
    Guard,
    Int,
    NonNegative,
    Not,
    Or,
    Ravel,
    Size,
    Unravel,
)


def number(e: Int, sizes: Mapping[Size, int]) -> int:
    """The value of an expression; a size that is not in `sizes` has its definition or value."""
    total = 0
    for monomial, c in e.terms:
        for a in monomial:
            c *= _atom(a, sizes)
        total += c
    return total


def _atom(a: Atom, sizes: Mapping[Size, int]) -> int:
    if isinstance(a, Size):
        return extent(a, sizes)
    if isinstance(a, Floor):
        n, d = (number(part, sizes) for part in a.parts)
        if d < 1:
            raise Unsupported("a floor divides by a number that is not positive")
        return n // d
    if isinstance(a, (Ravel, Unravel)):
        return number(a.expanded(), sizes)
    raise Unsupported(f"{a} is no size")


def extent(size: Size, sizes: Mapping[Size, int]) -> int:
    """The value of a size."""
    if size in sizes:
        return sizes[size]
    if size.definition is not None:
        return number(size.definition, sizes)
    if size.value is not None:
        return size.value
    raise Unsupported(f"the size {size.name} has no value")


def holds(g: Guard, sizes: Mapping[Size, int]) -> bool:
    """Whether a condition on sizes holds."""
    if isinstance(g, (And, Or)):
        parts = (holds(part, sizes) for part in g.args if isinstance(part, Guard))
        return all(parts) if isinstance(g, And) else any(parts)
    if isinstance(g, Not):
        return not holds(_guard(g.args[0]), sizes)
    values = [number(e, sizes) for e in g.args if isinstance(e, Int)]
    if isinstance(g, NonNegative):
        return values[0] >= 0
    if isinstance(g, Equal):
        return values[0] == values[1]
    if isinstance(g, Divides):
        return values[1] % values[0] == 0
    raise Unsupported(f"{g} is no condition on sizes")


def _guard(g: object) -> Guard:
    assert isinstance(g, Guard)
    return g
