"""Single entries at the very sizes that the Given fixes, where no smaller sizes tell as much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from derive.check.cost import contracted
from derive.check.pair import Pair
from derive.derivation.program import Program
from derive.errors import Unsupported
from derive.ir import Range, Size, Tensor
from derive.verify.compare import Place
from derive.verify.sample import GENERAL
from derive.verify.verdict import EXACT, REFUTED, Verification
from derive.verify.verify import Verifier
from derive.verify.world import Given as Entries
from derive.verify.world import World

LARGEST = 2_000_000
"""Multiplications for one entry, above which not even that is looked at."""
POINTS = 8
"""How many places are looked at: the first, the last, and others at random."""


class Sampled:
    """Compares single entries; everything else of what they depend on is computed once."""

    def __init__(self, program: Program, values: Mapping[Tensor, Entries]) -> None:
        self._verifier = Verifier(program, values=dict(values))
        self.program = program
        self._made: World | None = None

    @property
    def _world(self) -> World:
        if self._made is None:
            rng = np.random.default_rng(0)
            sizes: dict[Size, int] | None = self._verifier.search(()).varied(rng)
            if sizes is None:
                raise Unsupported("no small sizes satisfy the conditions")
            self._made = self._verifier.world(sizes, (GENERAL,), rng)
        return self._made

    def compare(self, pair: Pair) -> Verification:
        """The verdict on the entries looked at; the reason says how many these are.

        Raises Unsupported where even one of them costs too much.
        """
        if pair.relation != "=" or contracted(self.program, _first(pair), {}) > LARGEST:
            raise Unsupported("the arrays are too large to be compared")
        seen = 0
        for ranges in self._points(pair.ranges):
            place = Place(self._world, ranges)
            found = place.residues(*pair.sides)
            if found.differs.any():
                at = next(found.places())
                values = place.exactly(*pair.sides, at)
                if values is None:
                    raise Unsupported("the arrays are too large for exact values")
                return Verification(REFUTED, 1, counterexample=place.counterexample((), values, at))
            seen += bool(found.usable.any())
        if not seen:
            raise Unsupported("no draw gives both sides a value")
        return Verification(EXACT, seen, reason=f"looked at {seen} entries, at the sizes given")

    def _points(self, ranges: Sequence[Range]) -> Iterator[tuple[Range, ...]]:
        """Places within some ranges, each as ranges of one value."""
        rng = np.random.default_rng(1)
        seen = set[tuple[Range, ...]]()
        for k in range(POINTS if ranges else 1):
            made: tuple[Range, ...] = ()
            for r in ranges:
                low, high = self._world.env((*made, r))[r.index]
                if low > high:
                    break
                value = (low, high)[k] if k < 2 else int(rng.integers(low, high + 1))
                made = (*made, Range(r.index, value, value))
            if len(made) == len(ranges) and made not in seen:
                seen.add(made)
                yield made


def _first(pair: Pair) -> Pair:
    """The pair at one value of each index."""
    return replace(pair, ranges=tuple(Range(r.index, 1, 1) for r in pair.ranges))
