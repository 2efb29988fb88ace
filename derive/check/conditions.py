"""Conditions under which an equation holds that does not hold in general.

Only free sizes and declared scalars are restricted, in ways that people do: a stride or dilation
of 1, no padding, square images, a stride that divides, a temperature of 1.  A condition that
makes both sides vanish, or that leaves an array with a single entry, explains nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from itertools import combinations

import numpy as np

from derive.check import spell
from derive.check.compare import Comparer
from derive.check.pair import Pair
from derive.check.reach import integers, reached, sizes
from derive.derivation.program import Program
from derive.errors import Unsupported
from derive.ir import (
    Component,
    Derivative,
    Divides,
    Equal,
    Floor,
    Formula,
    Guard,
    Int,
    Number,
    Size,
    Tensor,
    conjunction,
    conjuncts,
    replace_components,
    subformulas,
    tensors,
)
from derive.verify.sizes import SizeSearch
from derive.verify.whole import holds as truth
from derive.verify.world import Given as Entries

FEW = 16
"""Sizes at which a condition is compared with another one."""
SCALARS = 4
"""Parameters of which two are tried to be equal, at most."""


class Conditions:
    """The conditions that can be stated about the free sizes and scalars of a program."""

    def __init__(self, comparer: Comparer) -> None:
        self.comparer = comparer
        self.program: Program = comparer.program

    def find(self, pair: Pair) -> str | None:
        """The weakest condition that was found under which the pair holds, as LaTeX."""
        for guard in self.guards(pair):
            if self._mends(pair, guard):
                return spell.condition(self._weaker(pair, guard))
        for tensor, value in self._scalars(pair) if pair.relation == "=" else ():
            if not value and tensor in tensors(pair.right):  # a term that nobody would write
                continue
            comparer = self.comparer.with_values({tensor: Entries.of(value)})
            if _holds(comparer, pair) and not vanishes(comparer, pair):
                return f"{tensor.symbol} = {value}"
        return self._equal_scalars(pair)

    def _equal_scalars(self, pair: Pair) -> str | None:
        """Two parameters that have to be equal for the pair to hold, as LaTeX.

        Where no array is given, the scalars are the variables: x = μ explains nothing.
        """
        if not any(t.shape for t in self.program.given):
            return None
        scalars = list(dict.fromkeys(t for t, _ in self._scalars(pair)))
        for a, b in combinations(scalars, 2) if len(scalars) <= SCALARS else ():

            def same(c: Component, a: Tensor = a, b: Tensor = b) -> Formula | None:
                return Component(a) if c.tensor == b else None

            definitions = tuple(
                replace(d, body=replace_components(d.body, same)) for d in self.program.definitions
            )
            comparer = self.comparer.with_program(replace(self.program, definitions=definitions))
            left, right = (replace_components(f, same) for f in pair.sides)
            equal = replace(pair, left=left, right=right)
            if _holds(comparer, equal) and not vanishes(comparer, equal):
                return f"{a.symbol} = {b.symbol}"
        return None

    def divisibility(self, pair: Pair) -> str | None:
        """What has to divide what for the pair to hold, as LaTeX."""
        found = self._divisibility(pair, self._relevant(pair))
        return next((spell.condition(g) for g in found if self._mends(pair, g)), None)

    def _mends(self, pair: Pair, guard: Guard) -> bool:
        facts = conjuncts(guard)
        return _holds(self.comparer, pair, facts) and not vanishes(self.comparer, pair, facts)

    # -- candidates ------------------------------------------------------------------------------

    def guards(self, pair: Pair) -> Iterator[Guard]:
        """Conditions on sizes, the weaker ones first."""
        relevant = self._relevant(pair)
        divisible = list(self._divisibility(pair, relevant))
        yield from divisible
        equal = [Equal(Int.of(a), Int.of(b)) for a, b in self._alike if {a, b} <= set(relevant)]
        yield from equal
        usual = self._usual(relevant)
        yield from usual
        same = [g for g in self._same if _in(g) <= {*relevant}]
        yield from same
        singles = [*divisible, *usual, *equal, *same]
        for some in (*combinations(singles, 2), *combinations(usual, 3)):
            if not any(_contradict(a, b) for a, b in combinations(some, 2)):
                yield conjunction(*some)

    def _usual(self, relevant: Sequence[Size]) -> list[Equal]:
        """Settings at the values at which they do nothing."""
        settings = (s for s in self._settings if s in relevant)
        return [Equal(Int.of(s), Int.of(n)) for s in settings for n in _usual(s)]

    def _weaker(self, pair: Pair, guard: Guard) -> Guard:
        """A setting that follows from a condition and suffices: A = 0, not S = 1, where A < S."""
        others = self._usual(self._relevant(pair))
        for other in others if guard in others else ():
            follows = other != guard and self.implies(guard, other)
            if follows and not self.implies(other, guard) and self._mends(pair, other):
                return other
        return guard

    def implies(self, guard: Guard, other: Guard) -> bool:
        """Whether a condition on sizes holds at all small sizes at which another one does."""
        search, rng = SizeSearch(self.program, [guard]), np.random.default_rng(1)
        found = (next(search.assignments(rng), None) for _ in range(FEW))
        return all(truth(other, sizes) for sizes in found if sizes is not None)

    def _relevant(self, pair: Pair) -> list[Size]:
        """The free sizes without a value on which a pair depends, directly or not."""
        found = sizes(reached(self.program, pair))
        return [s for s in self._search.free if s in found and s.value is None]

    def _divisibility(self, pair: Pair, relevant: Sequence[Size]) -> Iterator[Guard]:
        """d | n for the floors ⌊n/d⌋ in the sizes, and for the quotients that the pair writes."""
        definitions = [s.definition for s in self._search.computed if s.definition is not None]
        floors = [a for e in definitions for a in e.atoms_within()]
        for side in pair.sides:
            floors += [a for e in integers(side) for a in e.atoms_within()]
        found: dict[Guard, None] = {}
        for a in floors:
            if isinstance(a, Floor):
                n, d = a.parts
                rest = _remainder(n, d)
                if d.constant != 1 and rest != Int.of(0) and set(sizes([n, d])) & set(relevant):
                    found[Divides(d, rest)] = None
        yield from found
        if len(found) > 1:
            yield conjunction(*found)

    @cached_property
    def _search(self) -> SizeSearch:
        return SizeSearch(self.program, ())

    @cached_property
    def _settings(self) -> tuple[Size, ...]:
        """Strides, paddings, dilations: the free sizes that are no extent of a given array."""
        extents = {d.atom for t in self.program.given for d in t.shape}
        return tuple(s for s in self._search.free if s not in extents and s.value is None)

    @cached_property
    def _alike(self) -> list[tuple[Size, Size]]:
        """Sizes that are often equal: height and width, stride and kernel."""
        found: dict[tuple[Size, Size], None] = {}
        for t in (*self.program.given, *self.program.defined):
            shape = [d.atom for d in t.shape if isinstance(d.atom, Size)]
            if len(t.shape) > 2 or all(s in self._search.sources for s in shape):
                found |= dict.fromkeys(p for p in combinations(shape[-2:], 2) if p[0] != p[1])
        windows = [s for s in self._search.windows if s.value is None and s.least > 0]
        found |= dict.fromkeys(combinations(windows, 2))
        return list(found)

    @cached_property
    def _same(self) -> list[Guard]:
        """The paddings at which a window leaves an image as large as it is: K = 2P+1."""
        paddings = [s for s in self._settings if s.least == 0]
        windows = [s for s in self._search.windows if s.value is None and s.least > 0]
        return [Equal(Int.of(k), 2 * Int.of(p) + 1) for p in paddings for k in windows]

    def _scalars(self, pair: Pair) -> Iterator[tuple[Tensor, Fraction]]:
        """Scalars that are parameters rather than variables, with the values that they may have."""
        if all(not t.shape for t in self.program.given) and not variables(pair.sides):
            return
        read = {t for side in pair.sides for t in tensors(side)}
        read |= {u for t in read for u in self.program.ancestors(t)}
        for t in self.program.given:
            if not t.shape and t.classes is None and t in read and t not in variables(pair.sides):
                yield from ((t, Fraction(1)), (t, Fraction(0)))


def variables(formulas: Sequence[Formula]) -> set[Tensor]:
    """The tensors by which something is differentiated."""
    return {d.by.tensor for f in formulas for d in subformulas(f) if isinstance(d, Derivative)}


def vanishes(comparer: Comparer, pair: Pair, facts: Sequence[Guard] = ()) -> bool:
    """Whether both sides are 0 where the facts hold."""
    if comparer.counts(pair):
        return False
    zero = Pair(pair.left, "=", Number(0), pair.ranges, pair.axes)
    return comparer.probe(zero, facts)


def _holds(comparer: Comparer, pair: Pair, facts: Sequence[Guard] = ()) -> bool:
    """Whether the pair holds under the conditions, with a quick look first."""
    try:
        return comparer.probe(pair, facts) and comparer(pair, facts).holds
    except Unsupported:
        return False


def _usual(size: Size) -> list[int]:
    return [n for n in (1, 0) if n >= size.least]


def _contradict(a: Guard, b: Guard) -> bool:
    """Whether one size would be two numbers, or one side of K = 2P+1 a number."""
    if not (isinstance(a, Equal) and isinstance(b, Equal)):
        return False
    if a.args[0] == b.args[0]:
        return a != b
    useless = (_pins(a) and _is_same(b)) or (_pins(b) and _is_same(a))
    return useless and bool(_in(a) & _in(b))


def _in(a: Guard) -> set[Size]:
    return set(sizes([e for e in a.args if isinstance(e, Int)]))


def _pins(a: Equal) -> bool:
    return len(_in(a)) == 1


def _is_same(a: Equal) -> bool:
    """Whether a condition is that of `_same`, and not of two sizes that are equal."""
    return any(isinstance(e, Int) and e.atom is None and e.constant is None for e in a.args)


def _remainder(n: Int, d: Int) -> Int:
    """What is left of n where whole multiples of d are dropped."""
    if d.constant is not None:
        return Int({m: c for m, c in n.terms if c % d.constant})
    (divisor, factor), *others = d.terms
    if others or factor != 1:
        return n
    return Int({m: c for m, c in n.terms if not set(divisor) <= set(m)})
