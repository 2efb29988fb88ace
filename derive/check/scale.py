"""Sizes at which a comparison is affordable.

Sizes that the Given fixes stay fixed, unless arrays become too large to compare: then extents of
which the equation does not speak by number are made smaller, equal ones equally, so that a stride
that divides still does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sympy import Basic

from derive.check.cost import contracted
from derive.check.lift import SMALL
from derive.check.pair import Pair
from derive.derivation.program import Program
from derive.errors import Unsupported
from derive.ir import (
    Floor,
    Int,
    Number,
    Size,
    subformulas,
)
from derive.verify.sizes import SizeSearch
from derive.verify.whole import extent, number

LARGEST = 3_000_000
"""Multiplications for one value of everything, above which nothing is compared."""


def fixed_sizes(program: Program) -> dict[Size, int]:
    """The sizes whose values the Given fixes."""
    return {s: s.value for s in program.sizes if s.value is not None and s.definition is None}


def scaled(program: Program, pair: Pair) -> dict[Size, int]:
    """The values of fixed sizes, made smaller where the pair does not speak of them by number."""
    values = fixed_sizes(program)
    made = _shrunk(program, values, _protected(program, pair))
    if contracted(program, pair, made) > LARGEST:
        raise Unsupported("the arrays are too large to be compared")
    return made


def _shrunk(program: Program, values: Mapping[Size, int], protected: set[int]) -> dict[Size, int]:
    made = dict(values)
    classes = sorted({v for v in values.values() if v >= SMALL and v not in protected})
    for k, value in enumerate(classes):
        for smaller in range(2 + k % 3, value):
            tried = {s: smaller if values[s] == value else v for s, v in made.items()}
            if _alike(program, values, tried):
                made = tried
                break
    return made


def _alike(program: Program, old: Mapping[Size, int], new: Mapping[Size, int]) -> bool:
    """Whether the new sizes satisfy all conditions, and divide where the old ones do."""
    search = SizeSearch(program, (), new)
    found = next(search.assignments(None), None)
    if found is None:
        return False
    for s in search.computed:
        for a in Int.of(s.definition or 0).atoms_within():
            if isinstance(a, Floor):
                n, d = a.parts
                try:
                    if (number(n, old) % number(d, old) == 0) != (
                        number(n, found) % number(d, found) == 0
                    ):
                        return False
                except Unsupported:
                    continue
    return all(_keeps_its_kind(s.value, extent(s, found)) for s in search.computed)


def _keeps_its_kind(old: int | None, new: int) -> bool:
    """A small size keeps its value, because a pair may speak of it; a large one stays above 1."""
    return old is None or (new == old if old < SMALL else new >= 2)


# -- what must not change --------------------------------------------------------------------------


def _protected(program: Program, pair: Pair) -> set[int]:
    """The values of the fixed sizes of which the pair or a definition speaks by number."""
    numbers = {n for f in (*pair.sides, *pair.ranges) for n in _numbers(f) if n >= SMALL}
    numbers |= {n for d in program.definitions for n in _numbers(d.body) if n >= SMALL}
    numbers |= {n for s in program.sizes if s.definition for n in _constants(s.definition)}
    return _spoken(program, numbers)


def _spoken(program: Program, numbers: set[int]) -> set[int]:
    """The values of the sizes, not computed, from which follow those that some numbers say."""
    found: set[int] = set()
    for s in program.sizes:
        if s.value is not None and any(_says(n, s.value) for n in numbers):
            found |= {v.value for v in _sources(s) if v.value is not None}
    return found


def _says(spoken: int, value: int) -> bool:
    """Whether a number may stand for a size: as it is, as its last index, or as a factor."""
    return value >= SMALL and (abs(spoken - value) <= 2 or spoken % value == 0)


def _sources(size: Size) -> Iterator[Size]:
    """The sizes from which a size is computed; the size itself where it is not."""
    if size.definition is None:
        yield size
        return
    for a in size.definition.atoms_within():
        if isinstance(a, Size):
            yield from _sources(a)


def _numbers(f: Basic) -> Iterator[int]:
    """Every whole number that is written in a formula."""
    for node in subformulas(f):
        if isinstance(node, Int):
            yield from _constants(node)
        elif isinstance(node, Number):
            yield from (abs(node.value.numerator), node.value.denominator)


def _constants(e: Int) -> Iterator[int]:
    yield from (abs(c) for _, c in e.terms)
    for a in e.atoms_within():
        for part in getattr(a, "parts", ()):
            yield from (abs(c) for _, c in part.terms)
