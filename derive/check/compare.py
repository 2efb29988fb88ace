"""Comparing the two sides of a pair: with the verifier, at the sizes that the Given fixes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Any

import numpy as np

from derive.check.counting import Counting, counts_only
from derive.check.lift import lifted
from derive.check.pair import Pair, is_numeric
from derive.check.scale import comfortable, fixed_sizes, scaled, speaks_of, work
from derive.derivation.program import Program
from derive.errors import Unsupported
from derive.ir import Apply, Formula, Guard, Power, Size, Tensor, subformulas
from derive.verify.arithmetic import Untyped
from derive.verify.compare import Difference, Place
from derive.verify.sample import GENERAL
from derive.verify.sizes import SizeSearch
from derive.verify.verdict import NOT_CHECKABLE, Verification
from derive.verify.verify import STYLES, Verifier
from derive.verify.world import Given as Entries

OPAQUE = frozenset("log sqrt abs erf sin cos softplus gelu signedpower".split())
"""Functions whose laws residues do not know."""


class Comparer:
    """Compares pairs of formulas about one program.

    Sizes that have a value keep it; all other sizes and all entries vary, but for the entries in
    `fixed`.  The entries in `numbers`, those of the document, count only where a side consists of
    numbers.
    """

    def __init__(
        self,
        program: Program,
        numbers: Mapping[Tensor, Entries] | None = None,
        fixed: Mapping[Tensor, Entries] | None = None,
    ) -> None:
        self.program, self.numbers, self.fixed = program, dict(numbers or {}), dict(fixed or {})
        self._verifiers: dict[tuple[object, ...], Verifier] = {}

    def __call__(self, pair: Pair, facts: Sequence[Guard] = ()) -> Verification:
        """The verdict of the verifier, at the sizes at which the facts hold."""
        if self.counts(pair):
            return self.counting.compare(pair, facts)
        try:
            return self._verified(pair, facts)
        except Unsupported as reason:
            return Verification(NOT_CHECKABLE, reason=reason.message)

    def _verified(self, pair: Pair, facts: Sequence[Guard]) -> Verification:
        """The verdict at the sizes that the Given fixes, or at smaller ones that tell as much."""
        if not comfortable(self.program, pair, self._sizes):
            general = lifted(self.program, pair)
            small = self._chain(general, facts)
            if small.holds or not speaks_of(self.program, general):
                return small
        return self._chain(pair, facts)

    def _chain(self, pair: Pair, facts: Sequence[Guard]) -> Verification:
        verifier = self._about(pair)
        return verifier.chain(pair.sides, pair.ranges, facts, pair.relation).pairs[0]

    @cached_property
    def _sizes(self) -> dict[Size, int]:
        return fixed_sizes(self.program)

    def counts(self, pair: Pair) -> bool:
        """Whether both sides are made of sizes only."""
        return not pair.ranges and pair.relation == "=" and all(map(counts_only, pair.sides))

    @cached_property
    def counting(self) -> Counting:
        """The comparison of sides that are made of sizes only."""
        return Counting(lambda facts: SizeSearch(self.program, facts, self._sizes))

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
            place = self.place(pair, facts)
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
        for world in self._about(pair).worlds(()):
            place = Place(world, pair.ranges)
            if not place.empty:
                found = place.residues(*pair.sides)
                if found.lost or found.differs[general].any():
                    return False
                used |= bool(found.usable[general].any())
        return used

    def work(self, pair: Pair) -> int:
        """About how many multiplications a quick look costs."""
        return work(self.program, pair, self.place(pair).world.sizes)

    def place(self, pair: Pair, facts: Sequence[Guard] = ()) -> Place:
        """One draw of sizes, and the ranges of the pair there."""
        if not comfortable(self.program, pair, self._sizes):
            pair = lifted(self.program, pair)
        for world in self._about(pair, quick=True).worlds(facts):
            place = Place(world, pair.ranges)
            if not place.empty:
                return place
        raise Unsupported("the ranges are empty")

    def _about(self, pair: Pair, quick: bool = False) -> Verifier:
        """The verifier for a pair: with the entries of the document where a side is numbers."""
        of_document = bool(self.numbers) and any(map(is_numeric, pair.sides))
        sizes = self._sizes
        if not comfortable(self.program, pair, sizes):
            sizes = scaled(self.program, pair, sizes)
        key = of_document, quick, tuple(sizes.items())
        if key not in self._verifiers:
            values = {**(self.numbers if of_document else {}), **self.fixed}
            draws = 1 if quick else None
            self._verifiers[key] = Verifier(self.program, int(quick), draws, sizes, values)
        return self._verifiers[key]


def _opaque(f: Formula) -> bool:
    return any(
        (isinstance(g, Apply) and g.function.name in OPAQUE) or isinstance(g, Power)
        for g in subformulas(f)
    )


def _certain(place: Place, pair: Pair, found: Difference) -> bool:
    """Whether the two sides really differ at the first place where their residues do."""
    return place.exactly(*pair.sides, found.places()[0]) is not None


def entries(value: Any) -> Entries:
    """Nested tuples of fractions as the entries of a tensor."""
    numbers = np.array(value, dtype=object)
    each = [Fraction(x) for x in np.ravel(numbers)]
    unit = lcm(*(x.denominator for x in each))
    numerators = np.array([int(x * unit) for x in each], dtype=np.int64)
    return Entries(numerators.reshape(numbers.shape), unit)
