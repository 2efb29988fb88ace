"""Comparing large arrays by names for all sizes, at small sizes that tell as much.

Sizes that the Given fixes stay fixed.  But a formula about an image of 28 by 28 and 20 channels is
the same formula at 12 by 12 and 3 channels, if it speaks of these sizes and not of other numbers.
So kernels, strides, paddings and small sizes stay; the others are drawn, equal ones equally, so
that what divides still does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby

from derive.check.lift import SMALL, Named, Reading
from derive.check.pair import Pair
from derive.derivation.program import Program
from derive.errors import Unsupported
from derive.ir import Divides, Equal, Floor, Guard, Int, Not, Size, Tensor, at_least
from derive.verify.sizes import SizeSearch
from derive.verify.verify import Verifier
from derive.verify.whole import number
from derive.verify.world import Given as Entries

LARGEST_WINDOW = 16
"""The largest kernel, stride or padding that stays as it is."""


class ByName:
    """A program with names for all sizes, and the verifier that compares pairs about it.

    The entries in `values` do not vary.
    """

    def __init__(self, program: Program, values: Mapping[Tensor, Entries]) -> None:
        self._named = Named(program)
        self.program = self._named.program
        self._values = dict(values)
        self._verifiers: dict[bool, Verifier] = {}

    def verifier(self, quick: bool = False) -> Verifier:
        """The verifier; a quick one draws sizes once."""
        if quick not in self._verifiers:
            fixed, draws = self._small[0], 1 if quick else None
            made = Verifier(self.program, int(quick), draws, fixed, self._values)
            self._verifiers[quick] = made
        return self._verifiers[quick]

    def facts(self, more: Sequence[Guard] = ()) -> tuple[Guard, ...]:
        """What all draws of sizes have in common with those that are fixed, and `more`."""
        return (*self._small[1], *map(self._named.about, more))

    def readings(self, pair: Pair) -> Iterator[Reading]:
        """A pair with numbers read as sizes, in every way that is likely."""
        return self._named.readings(pair)

    @cached_property
    def _small(self) -> tuple[dict[Size, int], tuple[Guard, ...]]:
        """The sizes that stay, and the conditions on the others; fewer where all cannot be met."""
        known = {s: s.value for s in self.program.sizes if s.value is not None}
        windows = SizeSearch(self.program, ()).windows
        fixed = {
            s: value
            for s, value in known.items()
            if s.definition is None
            and (value < SMALL or (s in windows and value <= LARGEST_WINDOW))
        }
        keeping = [Equal(s, v) for s, v in known.items() if s.definition is not None and v < SMALL]
        larger = [at_least(s, 2) for s, v in known.items() if v >= SMALL]
        common = (*_equal(known), *_dividing(self.program, known), *larger)
        for facts in ((*common, *keeping), common, tuple(larger)):
            search = SizeSearch(self.program, facts, fixed)
            if next(search.assignments(None), None) is not None:
                return fixed, facts
        raise Unsupported("the arrays are too large to be compared")


def _equal(known: Mapping[Size, int]) -> Iterator[Guard]:
    """That sizes of one value are equal."""
    ordered = sorted((s for s, v in known.items() if v >= SMALL), key=lambda s: known[s])
    for _, group in groupby(ordered, key=lambda s: known[s]):
        first, *others = group
        for other in others:
            yield Equal(Int.of(first), Int.of(other))


def _dividing(program: Program, known: Mapping[Size, int]) -> Iterator[Guard]:
    """That what divides at the known sizes divides, and nothing else does."""
    for s in program.sizes:
        for a in Int.of(s.definition or 0).atoms_within():
            if isinstance(a, Floor):
                n, d = a.parts
                try:
                    divides = number(n, known) % number(d, known) == 0
                except Unsupported:
                    continue
                guard = Divides(d, n)
                yield guard if divides else Not(guard)
