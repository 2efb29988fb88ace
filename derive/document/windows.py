"""Windows of positions as sets: the maximum over (u, v) ∈ S_{i,j} in the place of two ranges."""

from __future__ import annotations

from collections.abc import Sequence

from sympy import Basic

from derive.document.integers import bounds
from derive.document.math import Fenced, Math, Name, Relation, Scripts, fenced, listed, row
from derive.document.notation import Names
from derive.ir import Guard, Index, Max, Number, Range, Sum, substitute


def member_of(f: Sum | Max, names: Names) -> Math | None:
    """(u, v) ∈ S_{i,j}, where the notation has a name for the ranges of a sum or maximum."""
    name = names.notation.windows.get(window_key(f.ranges, f.condition))
    if name is None:
        return None
    return row(places(f.ranges, names), Relation("in"), windowed(name, f.ranges, names))


def counted(f: Sum | Max, names: Names) -> Math | None:
    """|S_{i,j}|, where a sum of ones counts the places in a window that has a name."""
    if f.body != Number(1):
        return None
    name = names.notation.windows.get(window_key(f.ranges, f.condition))
    return None if name is None else fenced("bar", windowed(name, f.ranges, names))


def window_key(ranges: Sequence[Range], condition: Guard) -> tuple[Basic, ...]:
    """What two windows share that differ only in the letters of their indices."""
    to = {r.index: Index("window", -k - 1) for k, r in enumerate(ranges)}
    bounds_of = (substitute(part, to) for r in ranges for part in r.args[1:])
    return (*bounds_of, substitute(condition, to))


def places(ranges: Sequence[Range], names: Names) -> Math:
    """(u, v): the indices of some ranges as a tuple; a lone one without brackets."""
    letters = listed(names.index(r.index) for r in ranges)
    return Fenced("paren", letters) if len(ranges) > 1 else letters


def windowed(name: Name, ranges: Sequence[Range], names: Names) -> Math:
    """S_{i,j}: the name of a window with the indices that it depends on."""
    bound = {r.index for r in ranges}
    ends = (e for r in ranges for e in (*r.lowers, *r.uppers))
    found = (a for e in ends for a in e.atoms_within())
    free = dict.fromkeys(a for a in found if isinstance(a, Index) and a not in bound)
    return Scripts(name, below=listed(map(names.index, free))) if free else name


def within(r: Range, names: Names) -> Math:
    """lo ≤ u ≤ hi."""
    low, high = bounds(r.lowers, names, lower=True), bounds(r.uppers, names, lower=False)
    return row(low, Relation("<="), names.index(r.index), Relation("<="), high)
