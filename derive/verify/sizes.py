"""Drawing small sizes that satisfy conditions, on purpose at the hard places.

A search assigns the free sizes one after the other and checks each condition as soon as all
sizes in it are known.  Computed sizes follow from their definitions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

import numpy as np

from derive.derivation.program import Program
from derive.errors import Unsupported
from derive.ir import Guard, Int, Size, Tensor, subformulas, tensors
from derive.verify.array import Data
from derive.verify.integers import Integers, holds

SPAN = 13
"""How many values of a free size are tried, from its least one on."""
VISITS = 3000
ROOMY = 12_000
"""The largest Jacobian, in entries, that a draw of sizes should lead to."""


class SizeSearch:
    """All small sizes at which some conditions hold."""

    def __init__(self, program: Program, facts: Sequence[Guard]) -> None:
        self.program = program
        self.free = tuple(s for s in program.sizes if s.definition is None)
        self.computed = tuple(s for s in program.sizes if s.definition is not None)
        conditions = dict.fromkeys((*program.size_facts, *facts))
        self._due: dict[Size | None, list[Guard | Size]] = {}
        everything: tuple[Guard | Size, ...] = (*self.computed, *conditions)
        for c in everything:
            used = self._free_in(c)
            last = max(used, key=self.free.index) if used else None
            self._due.setdefault(last, []).append(c)

    def _free_in(self, c: Guard | Size) -> list[Size]:
        """The free sizes that a condition or a computed size depends on."""
        pending = [e for e in subformulas(c) if isinstance(e, Int)]
        if isinstance(c, Size):
            pending = [Int.of(c)]
        found: dict[Size, None] = {}
        while pending:
            for a in pending.pop().atoms_within():
                if isinstance(a, Size):
                    if a.definition is None:
                        found[a] = None
                    else:
                        pending.append(a.definition)
        unknown = [s.name for s in found if s not in self.free]
        if unknown:
            raise Unsupported(f"a condition reads the size {unknown[0]}, which is not declared")
        return list(found)

    def assignments(self, rng: np.random.Generator | None) -> Iterator[dict[Size, int]]:
        """Sizes that satisfy everything; smallest values first, or in a random order."""
        self._visits = 0
        if self._hold(None, {}):
            yield from self._extend({}, rng)

    def _extend(
        self, sizes: dict[Size, int], rng: np.random.Generator | None
    ) -> Iterator[dict[Size, int]]:
        k = sum(1 for s in self.free if s in sizes)
        if k == len(self.free):
            yield self._complete(sizes)
            return
        size = self.free[k]
        for value in self._candidates(size, sizes, rng):
            self._visits += 1
            if self._visits > VISITS:
                return
            tried = {**sizes, size: value}
            if self._hold(size, tried):
                yield from self._extend(tried, rng)

    def _candidates(
        self, size: Size, sizes: dict[Size, int], rng: np.random.Generator | None
    ) -> list[int]:
        values = range(size.least, size.least + SPAN)
        if rng is None:
            return list(values)
        noise = rng.random(SPAN) * 4
        taken = sizes.values()
        cost = {v: v + noise[k] + 3 * (v in taken) + 2 * (v == 1) for k, v in enumerate(values)}
        return sorted(values, key=cost.__getitem__)

    def _hold(self, last: Size | None, sizes: dict[Size, int]) -> bool:
        integers = Integers(sizes, _no_classes)
        for c in self._due.get(last, ()):
            if not (integers.size(c) >= c.least if isinstance(c, Size) else holds(c, integers)):
                return False
        return True

    def _complete(self, sizes: dict[Size, int]) -> dict[Size, int]:
        integers = Integers(sizes, _no_classes)
        return {**sizes, **{s: integers.size(s) for s in self.computed}}

    def cost(self, sizes: dict[Size, int]) -> int:
        """The entries of the largest Jacobian between a definition and what it reads."""
        integers = Integers(sizes, _no_classes)

        def entries(t: Tensor) -> int:
            return prod(integers.number(d) for d in t.shape)

        return max(
            (
                entries(d.tensor) * entries(t)
                for d in self.program.definitions
                for t in tensors(d.body)
            ),
            default=1,
        )

    def varied(self, rng: np.random.Generator) -> dict[Size, int] | None:
        """Sizes that differ from each other where possible, and are not too large."""
        found = None
        for _ in range(4):
            sizes = next(self.assignments(rng), None)
            if sizes is None:
                return found
            if found is None or self.cost(sizes) < self.cost(found):
                found = sizes
            if self.cost(found) <= ROOMY:
                break
        return found


def _no_classes(t: Tensor) -> Data:
    raise Unsupported("a condition on sizes reads a tensor of classes")
