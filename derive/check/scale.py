"""Sizes at which a comparison is affordable.

Sizes that the Given fixes stay fixed, unless arrays become too large to compare: then extents of
which the equation does not speak by number are made smaller, equal ones equally, so that a stride
that divides still does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import prod

from sympy import Basic

from derive.check.lift import SMALL
from derive.check.pair import Pair
from derive.derivation.program import Program
from derive.errors import Unsupported
from derive.ir import (
    Binder,
    Component,
    Derivative,
    Floor,
    Int,
    Number,
    Range,
    Size,
    Tensor,
    subformulas,
)
from derive.verify.sizes import SizeSearch
from derive.verify.whole import extent, number

COMFORTABLE, LARGEST = 300_000, 1_000_000
"""Multiplications for one value of everything: above the first sizes shrink, above the second
nothing is compared."""


def fixed_sizes(program: Program) -> dict[Size, int]:
    """The sizes whose values the Given fixes."""
    return {s: s.value for s in program.sizes if s.value is not None and s.definition is None}


def comfortable(program: Program, pair: Pair) -> bool:
    """Whether a pair can be compared as it stands as a matter of course."""
    return work(program, pair, {}) <= COMFORTABLE


def scaled(program: Program, pair: Pair) -> dict[Size, int]:
    """The values of fixed sizes, made smaller where the pair does not speak of them by number."""
    values = fixed_sizes(program)
    made = _shrunk(program, values, _protected(program, pair))
    if work(program, pair, made) > LARGEST:
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
    return all(extent(s, found) >= 2 for s in search.computed if (s.value or 0) >= 2)


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


# -- what a comparison costs -----------------------------------------------------------------------


def work(program: Program, pair: Pair, values: Mapping[Size, int]) -> int:
    """The multiplications that the largest of all formulas needs; free sizes count as small."""
    bodies = [(d.ranges, d.body) for d in program.definitions]
    placed = [(pair.ranges, pair.left), (pair.ranges, pair.right), *bodies]
    tables = (_table(d, values) for _, f in placed for d in subformulas(f))
    return max(max(_extent(r, values) * _deepest(f, values) for r, f in placed), *tables, 1)


def _deepest(f: Basic, values: Mapping[Size, int]) -> int:
    """How many terms a formula has, where its sums are written out."""
    inside = max((_deepest(a, values) for a in f.args), default=1)
    return inside * _extent(f.ranges, values) if isinstance(f, Binder) else inside


def _table(f: Basic, values: Mapping[Size, int]) -> int:
    """The entries of the table of all derivatives from which one is read."""
    if not isinstance(f, Derivative):
        return 0
    of = _entries(f.of.tensor, values) if isinstance(f.of, Component) else 1
    return of * _entries(f.by.tensor, values)


def _entries(t: Tensor, values: Mapping[Size, int]) -> int:
    return prod(_number(d, values) for d in t.shape)


def _extent(ranges: Iterable[Range], values: Mapping[Size, int]) -> int:
    return prod(max(_number(r.uppers[0] - r.lowers[0] + 1, values), 1) for r in ranges)


def _number(e: Int, values: Mapping[Size, int]) -> int:
    """An extent, roughly: what is not known counts as if it were small."""
    known = e.replace(lambda a: Int.of(_value(a, values)) if isinstance(a, Size) else None)
    return known.constant if known.constant is not None else 3


def _value(size: Size, values: Mapping[Size, int]) -> int:
    if size.definition is not None and size not in values:
        return _number(size.definition, values)
    return values.get(size, 3)
