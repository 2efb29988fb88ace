"""Sample values of sizes and indices, which show at once that something cannot be proved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import islice
from random import Random

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

Numbers = dict[Atom, int]


@dataclass(frozen=True)
class Samples:
    """Numbers for the sizes and indices of a scope that satisfy its ranges and conditions.

    In `valued`, sizes that have a value have that value.
    """

    general: tuple[Numbers, ...]
    valued: tuple[Numbers, ...]

    def refute(self, e: Int) -> bool:
        """Whether e < 0 at some sample."""
        return _negative(self.general, e)

    def refute_with_values(self, e: Int) -> bool:
        """Whether e < 0 at some sample with the values of the sizes."""
        return _negative(self.valued, e)


def samples_of(scope: Scope) -> Samples:
    """The samples of a scope, drawn when they are first asked for; the same for equal scopes."""
    if not isinstance(scope.samples, Samples):
        outer = _of_sizes(scope.program) if scope.parent is None else samples_of(scope.parent)
        scope.samples = Samples(_extend(outer.general, scope), _extend(outer.valued, scope))
    return scope.samples


def _negative(samples: tuple[Numbers, ...], e: Int) -> bool:
    values = (evaluate(e, numbers) for numbers in samples)
    return any(v is not None and v < 0 for v in values)


@cache
def _of_sizes(program: Program) -> Samples:
    random = Random(0)
    general = (_sizes(program, random, False) for _ in range(4 * _DRAWS))
    valued = (_sizes(program, random, True) for _ in range(_DRAWS))
    return Samples(_kept(general), _kept(valued))


def _kept(drawn: Iterable[Numbers | None]) -> tuple[Numbers, ...]:
    return tuple(islice((n for n in drawn if n is not None), _DRAWS))


def _sizes(program: Program, random: Random, with_values: bool) -> Numbers | None:
    """One draw of all sizes, or None where it does not satisfy the conditions."""
    numbers: Numbers = {}
    for s in program.sizes:
        if with_values and s.value is not None:
            numbers[s] = s.value
        elif s.definition is not None:
            value = evaluate(s.definition, numbers)
            if value is None or value < s.least:
                return None
            numbers[s] = value
        else:
            numbers[s] = s.least + random.choice(_STEPS)
    return numbers if _allowed(program.size_facts, numbers) else None


def _extend(outer: tuple[Numbers, ...], scope: Scope) -> tuple[Numbers, ...]:
    """The samples of the outer scope with numbers for the indices that this one adds."""
    random = Random(len(scope.ranges))
    known = () if scope.parent is None else scope.parent.ranges
    return _kept(
        _with_indices(numbers, scope.ranges[len(known) :], scope, random) for numbers in outer
    )


def _with_indices(
    numbers: Numbers, added: tuple[Range, ...], scope: Scope, random: Random
) -> Numbers | None:
    numbers = dict(numbers)
    for r in added:
        lowers = [evaluate(e, numbers) for e in r.lowers]
        uppers = [evaluate(e, numbers) for e in r.uppers]
        if None in lowers or None in uppers:
            return None
        lo, hi = max(b for b in lowers if b is not None), min(b for b in uppers if b is not None)
        if hi < lo:
            return None
        numbers[r.index] = (lo, hi, random.randint(lo, hi))[random.randrange(3)]
    return numbers if _allowed(scope.known, numbers) else None


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
    if isinstance(a, (Index, Size)):
        return numbers.get(a)
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
