"""Comparing the two sides of a pair: with the verifier, at the sizes that the Given fixes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import islice
from math import prod

import numpy as np

from derive.check.cost import contracted, entries_of, work
from derive.check.counting import Counting, counts_only
from derive.check.pair import Pair, is_numeric
from derive.check.sampled import Sampled
from derive.check.scale import ByName
from derive.derivation.program import Program
from derive.errors import Unsupported
from derive.ir import (
    Apply,
    Count,
    Definition,
    Formula,
    Guard,
    Index,
    Number,
    Plus,
    Power,
    Range,
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
from derive.verify.world import World

OPAQUE = frozenset("log sqrt abs erf sin cos softplus gelu signedpower".split())
"""Functions whose laws residues do not know."""
COMFORTABLE = 1_000_000
"""Multiplications for one value of everything, up to which all values can be computed."""
LARGEST = 50_000
"""Multiplications for one value of everything, above which names stand for all sizes."""
FEW = 4
"""Draws of sizes from which one is taken for a quick look under conditions."""
DRAWN = 2_000_000
"""Entries of a given array, above which names stand for all sizes."""
MANY = 500
"""Entries beyond which a quick look begins with the first ones."""
PROBED = 4
"""In how many readings of its numbers a pair about large arrays is looked at quickly."""


class Comparer:
    """Compares pairs of formulas about one program.

    All sizes and entries vary, but for sizes that the Given fixes and the entries in `fixed`.  The
    entries in `numbers`, those of the document, count only where a side consists of numbers.
    `general` gives the same program with names for all fixed sizes, for those that are large.
    `model` compares by other definitions, and has drawn sizes that serve as well.
    """

    def __init__(
        self,
        program: Program,
        numbers: Mapping[Tensor, Entries] | None = None,
        fixed: Mapping[Tensor, Entries] | None = None,
        general: Callable[[], Program] | None = None,
        model: Comparer | None = None,
    ) -> None:
        self._model = model
        self.program, self.numbers, self.fixed = program, dict(numbers or {}), dict(fixed or {})
        self._general = general
        self._verifiers: dict[tuple[bool, bool], Verifier] = {}
        self._others: dict[tuple[Definition, ...], Comparer] = {}
        self._sizes: dict[tuple[Guard, ...], dict[Size, int] | None] = {}
        self._drawn: dict[tuple[object, ...], World] = {}

    def __call__(self, pair: Pair, facts: Sequence[Guard] = ()) -> Verification:
        """The verdict of the verifier, at the sizes at which the facts hold."""
        if self.counts(pair):
            return self.counting.compare(pair, facts)
        try:
            if self.direct(pair):
                return self._chain(self._verifier(pair), pair, facts)
            return self._by_name(pair, facts)
        except Unsupported as reason:
            return Verification(NOT_CHECKABLE, reason=reason.message)

    def _by_name(self, pair: Pair, facts: Sequence[Guard]) -> Verification:
        """The verdict by names for all sizes; where that refutes, at the sizes that are given."""
        refuted: list[Verification] = []
        for reading in self.named.readings(pair):
            verifier, sizes = self.named.verifier(), self.named.facts(facts)
            found = self._chain(verifier, reading.pair, sizes)
            if found.holds:
                return found
            if reading.complete and found.status == REFUTED:
                refuted.append(found)
        try:
            return self.sampled.compare(pair)
        except Unsupported:
            if not refuted:
                raise
            return refuted[0]

    def _chain(self, verifier: Verifier, pair: Pair, facts: Sequence[Guard]) -> Verification:
        """The verdict at the sizes that a verifier draws."""
        sizes = verifier.worlds(facts)[0].sizes
        if work(verifier.program, pair, sizes) > COMFORTABLE:
            return _by_residues(verifier, pair, facts)
        return verifier.chain(pair.sides, pair.ranges, facts, pair.relation).pairs[0]

    @cached_property
    def named(self) -> ByName:
        """The program with names for all sizes."""
        if self._general is None:
            raise Unsupported("the arrays are too large to be compared")
        return ByName(self._general(), self.fixed)

    @cached_property
    def sampled(self) -> Sampled:
        """The comparison of single entries at the sizes that the Given fixes."""
        return Sampled(self.program, self.fixed)

    def counts(self, pair: Pair) -> bool:
        """Whether both sides are made of sizes only."""
        return not pair.ranges and pair.relation == "=" and all(map(counts_only, pair.sides))

    @cached_property
    def counting(self) -> Counting:
        """The comparison of sides that are made of sizes only."""
        return Counting(lambda facts: SizeSearch(self.program, facts))

    def with_values(self, fixed: Mapping[Tensor, Entries]) -> Comparer:
        """A comparison in which some entries are fixed."""
        return Comparer(self.program, self.numbers, {**self.fixed, **fixed}, self._general)

    def with_program(self, program: Program) -> Comparer:
        """A comparison by other definitions of the same tensors."""
        if program.definitions not in self._others:
            made = Comparer(program, self.numbers, self.fixed, model=self)
            self._others[program.definitions] = made
        return self._others[program.definitions]

    def probe(self, pair: Pair, facts: Sequence[Guard] = ()) -> bool:
        """Whether a pair might hold: a quick look at a single draw of sizes."""
        if self.counts(pair) or pair.relation != "=":
            return self(pair, facts).holds
        try:
            if self.direct(pair):
                return _might_hold(*self.placed(pair, facts))
            readings = islice(self.named.readings(pair), PROBED)
            return any(_might_hold(*self._named_place(r.pair, facts)) for r in readings)
        except (Unsupported, Untyped):
            return False

    def like(self, pair: Pair) -> Callable[[Pair], bool]:
        """A quick look at other pairs that are much like one that does not hold.

        It begins at a single place where that one does not.
        """
        if self.counts(pair) or pair.relation != "=" or not self.direct(pair):
            return self.probe
        try:
            place, pair = self.placed(pair)
            return _Lookalikes(place, pair)
        except (Unsupported, Untyped):
            return self.probe

    def generic(self, pair: Pair) -> bool:
        """Whether a pair holds at all draws of general values, where there are no ties or kinks."""
        if self.counts(pair) or pair.relation != "=":
            return False
        used = False
        general = np.array([style == GENERAL for style in STYLES])
        if not self.direct(pair):
            return False
        for world in self._verifier(pair).worlds(()):
            place = Place(world, pair.ranges)
            if not place.empty:
                found = place.residues(*pair.sides)
                if found.lost or found.differs[general].any():
                    return False
                used |= bool(found.usable[general].any())
        return used

    def direct(self, pair: Pair) -> bool:
        """Whether a pair is compared as it stands, at the sizes that the Given fixes."""
        if self._of_document(pair):
            return True
        return self._drawn_whole and contracted(self.program, pair, {}) <= LARGEST

    @cached_property
    def _drawn_whole(self) -> bool:
        """Whether the given arrays are small enough to be drawn at the sizes that are fixed."""
        return all(entries_of(t, {}) <= DRAWN for t in self.program.given)

    def work(self, pair: Pair) -> int:
        """About how many multiplications a quick look costs."""
        place, here = self.placed(pair)
        return work(place.world.program, here, place.world.sizes)

    def placed(self, pair: Pair, facts: Sequence[Guard] = ()) -> tuple[Place, Pair]:
        """One draw of sizes, with the pair as it reads there; one of those that there are."""
        if self.direct(pair):
            drawn = not facts and (self._of_document(pair), False) in self._verifiers
            verifier = self._verifier(pair, quick=not drawn)
            sizes = None
            if facts:
                sizes = self._fitting(verifier, tuple(facts))
            elif self._model is not None and not drawn:
                sizes = self._model.placed(pair)[0].world.sizes
            worlds = [self._world(verifier, sizes)] if sizes else verifier.worlds(facts)
            return _placed(worlds, pair)
        return self._named_place(next(self.named.readings(pair)).pair, facts)

    def _fitting(self, verifier: Verifier, facts: tuple[Guard, ...]) -> dict[Size, int] | None:
        """Sizes at which some conditions hold: the best of a few."""
        if facts not in self._sizes:
            rng = np.random.default_rng(1)
            self._sizes[facts] = verifier.search(facts).varied(rng, tries=FEW)
        return self._sizes[facts]

    def _world(self, verifier: Verifier, sizes: dict[Size, int]) -> World:
        """The world of a verifier at given sizes."""
        key = verifier, *sizes.values()
        if key not in self._drawn:
            self._drawn[key] = verifier.world(sizes, STYLES, np.random.default_rng(1))
        return self._drawn[key]

    def _named_place(self, pair: Pair, facts: Sequence[Guard]) -> tuple[Place, Pair]:
        verifier = self.named.verifier(quick=True)
        return _placed(verifier.worlds(self.named.facts(facts)), pair)

    def _of_document(self, pair: Pair) -> bool:
        """Whether a side consists of numbers, so that the entries of the document count."""
        return bool(self.numbers) and any(map(is_numeric, pair.sides))

    def _verifier(self, pair: Pair, quick: bool = False) -> Verifier:
        """The verifier for a pair, at the sizes that the Given fixes."""
        of_document = self._of_document(pair)
        key = of_document, quick
        if key not in self._verifiers:
            values = {**(self.numbers if of_document else {}), **self.fixed}
            draws = 1 if quick else None
            self._verifiers[key] = Verifier(self.program, int(quick), draws, values=values)
        return self._verifiers[key]


class _Lookalikes:
    """Whether pairs that are much like a broken one might hold."""

    def __init__(self, place: Place, pair: Pair) -> None:
        self.world, self.point = place.world, dict[Index, int]()
        for at in islice(place.residues(*pair.sides).places(), 1):
            where = dict(zip(place.axes, at, strict=True))
            for r in pair.ranges:
                label = place.world.integers.label(r.index)
                self.point[r.index] = place.env[r.index][0] + int(where[label])

    def __call__(self, pair: Pair) -> bool:
        try:
            if not _might_hold(_at(self.world, pair, self.point), pair):
                return False
            place = Place(self.world, pair.ranges)
            return place.empty or _might_hold(place, pair)
        except (Unsupported, Untyped):
            return False


def _at(world: World, pair: Pair, values: Mapping[Index, int]) -> Place:
    """The place where the free indices have some values."""
    known = {i: Range(i, value, value) for i, value in values.items()}
    return Place(world, [known.get(r.index, r) for r in pair.ranges])


def _placed(worlds: Sequence[World], pair: Pair) -> tuple[Place, Pair]:
    for world in worlds:
        place = Place(world, pair.ranges)
        if not place.empty:
            return place, pair
    raise Unsupported("the ranges are empty")


def _might_hold(place: Place, pair: Pair) -> bool:
    """Whether two sides agree at a place; where it is large, their first entries must, too."""
    if prod(place.shape) > MANY:
        first = _at(place.world, pair, {r.index: place.env[r.index][0] for r in pair.ranges})
        if not any(map(_opaque, pair.sides)) and first.residues(*pair.sides).found:
            return False
    found = place.residues(*pair.sides)
    if not found.differs.any():
        return not found.lost and bool(found.usable.any())
    return any(map(_opaque, pair.sides)) and not _certain(place, pair, found)


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
