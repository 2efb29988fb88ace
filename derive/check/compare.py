"""Comparing the two sides of a pair: with the verifier, at the sizes that the Given fixes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Any

import numpy as np

from derive.check.cost import contracted, work
from derive.check.counting import Counting, counts_only
from derive.check.lift import in_terms_of, lifted
from derive.check.pair import Pair, is_numeric
from derive.check.scale import LARGEST, scaled
from derive.derivation.program import Program
from derive.errors import Unsupported
from derive.ir import (
    Apply,
    Count,
    Formula,
    Guard,
    Number,
    Plus,
    Power,
    Size,
    Tensor,
    Times,
    subformulas,
)
from derive.verify.arithmetic import Untyped
from derive.verify.compare import Difference, Place
from derive.verify.sample import GENERAL
from derive.verify.sizes import SizeSearch
from derive.verify.verdict import EXACT, NOT_CHECKABLE, REFUTED, Verification
from derive.verify.verify import STYLES, Verifier
from derive.verify.world import Given as Entries

OPAQUE = frozenset("log sqrt abs erf sin cos softplus gelu signedpower".split())
"""Functions whose laws residues do not know."""
COMFORTABLE = 1_000_000
"""Multiplications for one value of everything, up to which all values can be computed."""


class Comparer:
    """Compares pairs of formulas about one program.

    All sizes and entries vary, but for sizes that the Given fixes and the entries in `fixed`.  The
    entries in `numbers`, those of the document, count only where a side consists of numbers.
    `general` gives the same program with names for all fixed sizes, for those that are large.
    """

    def __init__(
        self,
        program: Program,
        numbers: Mapping[Tensor, Entries] | None = None,
        fixed: Mapping[Tensor, Entries] | None = None,
        general: Callable[[], Program] | None = None,
    ) -> None:
        self.program, self.numbers, self.fixed = program, dict(numbers or {}), dict(fixed or {})
        self._general = general
        self._verifiers: dict[tuple[object, ...], Verifier] = {}

    def __call__(self, pair: Pair, facts: Sequence[Guard] = ()) -> Verification:
        """The verdict of the verifier, at the sizes at which the facts hold."""
        if self.counts(pair):
            return self.counting.compare(pair, facts)
        try:
            if self.direct(pair):
                return self._chain(self.program, pair, facts)
            return self._at_smaller_sizes(pair, facts)
        except Unsupported as reason:
            return Verification(NOT_CHECKABLE, reason=reason.message)

    def _at_smaller_sizes(self, pair: Pair, facts: Sequence[Guard]) -> Verification:
        """The verdict at sizes that tell as much as those that the Given fixes."""
        program, general = self._named(pair)
        try:
            found = self._chain(program, lifted(program, general), facts)
            if found.holds:
                return found
        except Unsupported:
            pass
        return self._chain(program, lifted(program, general, ranges_only=True), facts)

    def _named(self, pair: Pair) -> tuple[Program, Pair]:
        """The program with names for all sizes, and the pair about it."""
        if self._general is None:
            raise Unsupported("the arrays are too large to be compared")
        program = self._general()
        return program, in_terms_of(program, pair)

    def _chain(self, program: Program, pair: Pair, facts: Sequence[Guard]) -> Verification:
        """The verdict about a program at sizes at which the pair can be compared."""
        verifier, sizes = self._verifier(program, pair)
        if work(program, pair, sizes) > COMFORTABLE:
            return _by_residues(verifier, pair, facts)
        return verifier.chain(pair.sides, pair.ranges, facts, pair.relation).pairs[0]

    def counts(self, pair: Pair) -> bool:
        """Whether both sides are made of sizes only."""
        return not pair.ranges and pair.relation == "=" and all(map(counts_only, pair.sides))

    @cached_property
    def counting(self) -> Counting:
        """The comparison of sides that are made of sizes only."""
        return Counting(lambda facts: SizeSearch(self.program, facts))

    def with_values(self, fixed: Mapping[Tensor, Entries]) -> Comparer:
        """A comparison in which some entries are fixed."""
        return Comparer(self.program, self.numbers, {**self.fixed, **fixed})

    def with_program(self, program: Program) -> Comparer:
        """A comparison by other definitions of the same tensors."""
        return Comparer(program, self.numbers, self.fixed)

    def probe(self, pair: Pair, facts: Sequence[Guard] = ()) -> bool:
        """Whether a pair might hold: a quick look at a single draw of sizes."""
        if self.counts(pair) or pair.relation != "=":
            return self(pair, facts).holds
        try:
            place, pair = self.placed(pair, facts)
            found = place.residues(*pair.sides)
            if not found.differs.any():
                return not found.lost and bool(found.usable.any())
            return any(map(_opaque, pair.sides)) and not _certain(place, pair, found)
        except (Unsupported, Untyped):
            return False

    def generic(self, pair: Pair) -> bool:
        """Whether a pair holds at all draws of general values, where there are no ties or kinks."""
        if self.counts(pair) or pair.relation != "=":
            return False
        used = False
        general = np.array([style == GENERAL for style in STYLES])
        if not self.direct(pair):
            return False
        for world in self._verifier(self.program, pair)[0].worlds(()):
            place = Place(world, pair.ranges)
            if not place.empty:
                found = place.residues(*pair.sides)
                if found.lost or found.differs[general].any():
                    return False
                used |= bool(found.usable[general].any())
        return used

    def direct(self, pair: Pair) -> bool:
        """Whether a pair is compared as it stands, at the sizes that the Given fixes."""
        return contracted(self.program, pair, {}) <= LARGEST

    def work(self, pair: Pair) -> int:
        """About how many multiplications a quick look costs."""
        place, here = self.placed(pair)
        return work(place.world.program, here, place.world.sizes)

    def placed(self, pair: Pair, facts: Sequence[Guard] = ()) -> tuple[Place, Pair]:
        """One draw of sizes, with the pair as it reads there."""
        program = self.program
        if not self.direct(pair):
            program, pair = self._named(pair)
            pair = lifted(program, pair)
        for world in self._verifier(program, pair, quick=True)[0].worlds(facts):
            place = Place(world, pair.ranges)
            if not place.empty:
                return place, pair
        raise Unsupported("the ranges are empty")

    def _verifier(
        self, program: Program, pair: Pair, quick: bool = False
    ) -> tuple[Verifier, dict[Size, int]]:
        """The verifier for a pair, and the sizes that it keeps.

        It keeps the entries of the document, too, where a side consists of numbers.
        """
        here = program is self.program
        of_document = here and bool(self.numbers) and any(map(is_numeric, pair.sides))
        sizes = {} if here else scaled(program, pair)
        key = here, of_document, quick, tuple(sizes.items())
        if key not in self._verifiers:
            values = {**(self.numbers if of_document else {}), **self.fixed}
            draws = 1 if quick else None
            self._verifiers[key] = Verifier(program, int(quick), draws, sizes, values)
        return self._verifiers[key], sizes


def _by_residues(verifier: Verifier, pair: Pair, facts: Sequence[Guard]) -> Verification:
    """The verdict by residues alone, where the values of large sums would take too long."""
    draws = 0
    for world in verifier.worlds(facts):
        place = Place(world, pair.ranges)
        if place.empty:
            continue
        found = place.residues(*pair.sides)
        if found.lost or (found.differs.any() and any(map(_opaque, pair.sides))):
            raise Unsupported("the arrays are too large for exact values")
        if found.differs.any():
            shown = place.counterexample((), (None, None), next(found.places()))
            return Verification(REFUTED, 1, counterexample=shown)
        draws += int(found.usable.sum())
    if not draws:
        raise Unsupported("no draw gives both sides a value")
    return Verification(EXACT, draws)


def _opaque(f: Formula) -> bool:
    return any(
        (isinstance(g, Apply) and g.function.name in OPAQUE)
        or (isinstance(g, Power) and not _whole(g.exponent))
        for g in subformulas(f)
    )


def _whole(f: Formula) -> bool:
    """Whether an exponent consists of whole numbers and sizes."""
    if isinstance(f, Number):
        return f.value.denominator == 1
    parts = f.args if isinstance(f, (Plus, Times)) else ()
    return isinstance(f, Count) or (bool(parts) and all(map(_whole, parts)))  # type: ignore[arg-type]


def _certain(place: Place, pair: Pair, found: Difference) -> bool:
    """Whether the two sides really differ at the first place where their residues do."""
    return place.exactly(*pair.sides, next(found.places())) is not None


def entries(value: Any) -> Entries:
    """Nested tuples of fractions as the entries of a tensor."""
    numbers = np.array(value, dtype=object)
    each = [Fraction(x) for x in np.ravel(numbers)]
    unit = lcm(*(x.denominator for x in each))
    numerators = np.array([int(x * unit) for x in each], dtype=np.int64)
    return Entries(numerators.reshape(numbers.shape), unit)
