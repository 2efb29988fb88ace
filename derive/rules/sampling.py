"""Sample values of sizes and indices, which show at once that something cannot be proved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from random import Random
from typing import NamedTuple

from derive.derivation.program import Program
from derive.derivation.scope import Scope
from derive.ir import (
    And,
    Atom,
    Divides,
    Entry,
    Equal,
    Floor,
    Guard,
    Index,
    Int,
    NonNegative,
    Not,
    Or,
    Range,
    Ravel,
    Size,
    Unravel,
)

_DRAWS = 16
_STEPS = (0, 1, 2, 3, 5, 8, 13)


class Numbers(NamedTuple):
    """Numbers for sizes, the same for many scopes, and for the indices of one scope."""

    sizes: dict[Atom, int]
    indices: dict[Atom, int]


class Draws:
    """At most 16 assignments of numbers, each drawn when it is first asked for.

    Most questions are answered by the first one or two.
    """

    def __init__(self, source: Iterator[Numbers]) -> None:
        self._source = islice(source, _DRAWS)
        self._drawn: list[Numbers] = []

    def __iter__(self) -> Iterator[Numbers]:
        for at in range(_DRAWS):
            if at == len(self._drawn):
                new = next(self._source, None)
                if new is None:
                    return
                self._drawn.append(new)
            yield self._drawn[at]

    def refute(self, e: Int) -> bool:
        """Whether e < 0 at some assignment."""
        values = (evaluate(e, numbers) for numbers in self)
        return any(v is not None and v < 0 for v in values)


@dataclass(frozen=True)
class Samples:
    """Numbers for the sizes and indices of a scope that satisfy its ranges and conditions.

    In `valued`, sizes that have a value have that value.
    """

    general: Draws
    valued: Draws


def samples_of(scope: Scope) -> Samples:
    """The samples of a scope, made when they are first asked for; the same for equal scopes."""
    if not isinstance(scope.samples, Samples):
        outer = _of_sizes(scope.program) if scope.parent is None else samples_of(scope.parent)
        scope.samples = Samples(_extend(outer.general, scope), _extend(outer.valued, scope))
    return scope.samples


@lru_cache(maxsize=32)
def _of_sizes(program: Program) -> Samples:
    return Samples(
        Draws(_draws_of_sizes(program, 4 * _DRAWS, with_values=False)),
        Draws(_draws_of_sizes(program, _DRAWS, with_values=True)),
    )


def _draws_of_sizes(program: Program, tries: int, with_values: bool) -> Iterator[Numbers]:
    random = Random(0)
    for _ in range(tries):
        numbers = _sizes(program, random, with_values)
        if numbers is not None:
            yield numbers


def _sizes(program: Program, random: Random, with_values: bool) -> Numbers | None:
    """One draw of all sizes, or None where it does not satisfy the conditions."""
    numbers = Numbers({}, {})
    for s in program.sizes:
        if with_values and s.value is not None:
            numbers.sizes[s] = s.value
        elif s.definition is not None:
            value = evaluate(s.definition, numbers)
            if value is None or value < s.least:
                return None
            numbers.sizes[s] = value
        else:
            numbers.sizes[s] = s.least + random.choice(_STEPS)
    return numbers if _allowed(program.size_facts, numbers) else None


def _extend(outer: Draws, scope: Scope) -> Draws:
    """The samples of the outer scope with numbers for the indices that this one adds."""
    ranges, known = (0, 0)
    if scope.parent is not None:
        ranges, known = len(scope.parent.ranges), len(scope.parent.known)
    return Draws(_draws_within(outer, scope.ranges[ranges:], scope.known[known:]))


def _draws_within(
    outer: Draws, ranges: tuple[Range, ...], known: tuple[Guard, ...]
) -> Iterator[Numbers]:
    random = Random(len(ranges))
    for numbers in outer:
        inner = _with_indices(numbers, ranges, random) if ranges else numbers
        if inner is not None and _allowed(known, inner):
            yield inner


def _with_indices(numbers: Numbers, ranges: tuple[Range, ...], random: Random) -> Numbers | None:
    numbers = Numbers(numbers.sizes, dict(numbers.indices))
    for r in ranges:
        lowers = [evaluate(e, numbers) for e in r.lowers]
        uppers = [evaluate(e, numbers) for e in r.uppers]
        if None in lowers or None in uppers:
            return None
        lo, hi = max(b for b in lowers if b is not None), min(b for b in uppers if b is not None)
        if hi < lo:
            return None
        numbers.indices[r.index] = random.choice((lo, hi, random.randint(lo, hi)))
    return numbers


def _allowed(guards: tuple[Guard, ...], numbers: Numbers) -> bool:
    return all(holds(g, numbers) is not False for g in guards)


def evaluate(e: Int, numbers: Numbers) -> int | None:
    """The value of `e`; None where it has none or an atom has no number."""
    total = 0
    for monomial, c in e.terms:
        for a in monomial:
            value = _atom(a, numbers)
            if value is None:
                return None
            c *= value
        total += c
    return total


def _atom(a: Atom, numbers: Numbers) -> int | None:
    if isinstance(a, Index):
        return numbers.indices.get(a)
    if isinstance(a, Size):
        return numbers.sizes.get(a)
    if isinstance(a, Floor):
        n, d = (evaluate(p, numbers) for p in a.parts)
        return None if n is None or not d else n // d
    if isinstance(a, (Ravel, Unravel)):
        return evaluate(a.expanded(), numbers)
    assert isinstance(a, Entry)
    return None


def holds(g: Guard, numbers: Numbers) -> bool | None:
    """Whether a condition holds; None where that cannot be said."""
    if isinstance(g, (And, Or)):
        parts = [holds(p, numbers) for p in g.args if isinstance(p, Guard)]
        decisive = isinstance(g, Or)
        if decisive in parts:
            return decisive
        return None if None in parts else not decisive
    if isinstance(g, Not):
        inner = holds(g.args[0], numbers)  # type: ignore[arg-type]
        return None if inner is None else not inner
    values = [evaluate(p, numbers) for p in g.args if isinstance(p, Int)]
    if not values or None in values:
        return None
    first, *second = [v for v in values if v is not None]
    if isinstance(g, NonNegative):
        return first >= 0
    if isinstance(g, Equal):
        return first == second[0]
    if isinstance(g, Divides):
        return second[0] % first == 0
    return None
