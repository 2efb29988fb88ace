"""Extents compared by their values: named sizes by what they are, or are defined as."""

from __future__ import annotations

from collections.abc import Iterable

from derive.ir.index import Size
from derive.ir.integer import ONE, Atom, Int


def known_extent(e: Int) -> Int:
    """An extent with sizes replaced by their values, or by what they are defined as."""

    def to(a: Atom) -> Int | None:
        if not isinstance(a, Size):
            return None
        if a.value is not None:
            return Int.of(a.value)
        return None if a.definition is None else known_extent(a.definition)

    return e.replace(to)


def inlined(e: Int) -> Int:
    """An extent with the definitions of all computed sizes put in."""
    while any(isinstance(a, Size) and a.definition is not None for a in e.atoms_within()):
        e = e.replace(lambda a: a.definition if isinstance(a, Size) else None)
    return e


def differ(a: Int, b: Int) -> bool:
    """Whether two extents are certain to differ, whatever the sizes without a value are."""
    return (known_extent(a) - known_extent(b)).constant not in (0, None)


def product_of(extents: Iterable[Int]) -> Int:
    """The number of entries of an array of these extents."""
    total = ONE
    for e in extents:
        total = total * e
    return total
