"""Drawing small sizes that satisfy conditions, on purpose at the hard places.

A search assigns the free sizes one after the other and checks each condition as soon as all
sizes in it are known.  Computed sizes follow from their definitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from math import prod

import numpy as np

from derive.derivation.program import Program
from derive.errors import Unsupported
from derive.ir import Equal, Floor, Guard, Int, Size, Tensor, at_least, subformulas, tensors
from derive.verify.whole import extent, holds, number

SPAN = 13
"""How many values of a free size are tried, from its least one on."""
REACH = 10 * SPAN
"""How far values are looked for where none of the first ones fits."""
VISITS = 3000
ROOMY = 40_000
"""The largest Jacobian, in entries, that a draw of sizes should lead to."""
TRIES = 16
"""Of how many random draws the best one is taken."""


def _expressions(program: Program) -> Iterator[Int]:
    """The extents of given arrays that are computed in their shapes: they are at least 1."""
    extents = (d for t in program.given for d in t.shape)
    return (d for d in extents if d.constant is None and not isinstance(d.atom, Size))


class SizeSearch:
    """All small sizes at which some conditions hold; those in `fixed` have one value only."""

    def __init__(
        self,
        program: Program,
        facts: Sequence[Guard],
        fixed: Mapping[Size, int] | None = None,
    ) -> None:
        self.program, self._fixed = program, dict(fixed or {})
        self.free = tuple(s for s in program.sizes if s.definition is None)
        self.computed = tuple(s for s in program.sizes if s.definition is not None)
        shapes = (at_least(e, 1) for e in _expressions(program))
        conditions = dict.fromkeys((*program.size_facts, *shapes, *facts))
        feeding = {s for c in self.computed for s in self._free_in(c)}
        self.sources = tuple(s for s in self.free if s in feeding)
        axes = {d.atom for t in program.given for d in t.shape}
        self._extents = tuple(s for s in self.free if s in axes)
        kernels = {s for c in self.computed for s in _subtracted(Int.of(c))}
        self._kernels = tuple(s for s in self.free if s in kernels)
        self._images = tuple(s for s in self._extents if s in feeding and s not in kernels)
        self.windows = tuple(s for s in self.sources if s in kernels or s not in axes)
        self._order = self._ordered(conditions)
        self._due: dict[Size | None, list[Guard | Size]] = {}
        self._beside: dict[Size | None, dict[Size, None]] = {}
        self._fits: dict[tuple[object, ...], list[int]] = {}
        everything: tuple[Guard | Size, ...] = (*self.computed, *conditions)
        for c in everything:
            used = self._free_in(c)
            last = max(used, key=self._order.index) if used else None
            self._due.setdefault(last, []).append(c)
            self._beside.setdefault(last, {}).update((s, None) for s in used if s != last)

    def _ordered(self, conditions: Iterable[Guard]) -> tuple[Size, ...]:
        """The free sizes: fixed ones first, and last those that must equal what others come to."""
        rank = dict.fromkeys(self._fixed, -1)
        for c in conditions:
            for e, other in (c.args, c.args[::-1]) if isinstance(c, Equal) else ():
                if not isinstance(e, Int) or not isinstance(other, Int):
                    continue
                if isinstance(e.atom, Size) and other.atom not in self.free:
                    rank.setdefault(e.atom, 1)
        return tuple(sorted(self.free, key=lambda s: rank.get(s, 0)))

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
        size = self._order[k]
        for value in self._candidates(size, sizes, rng):
            self._visits += 1
            if self._visits > VISITS:
                return
            yield from self._extend({**sizes, size: value}, rng)

    def _candidates(
        self, size: Size, sizes: dict[Size, int], rng: np.random.Generator | None
    ) -> Iterable[int]:
        """Values that fit: increasing, or at random with a preference for small ones.

        Extents should differ, and seldom be as small as possible; images need room for windows.
        """
        if size in self._fixed:
            value = self._fixed[size]
            return (value,) if self._hold(size, {**sizes, size: value}) else ()
        fitting = self._fitting(size, sizes)
        if rng is None:
            return fitting
        cost = np.arange(len(fitting)) + rng.random(len(fitting)) * (
            8 if size in self._images else 3
        )
        if size in self._extents:
            taken = [sizes.get(s) for s in self._extents]
            cost += [3.0 * (v in taken) + 5.0 * (k == 0) for k, v in enumerate(fitting)]
        return [fitting[k] for k in np.argsort(cost)]

    def _fitting(self, size: Size, sizes: dict[Size, int]) -> list[int]:
        """The smallest values that fit; where a fixed kernel needs room, they are not small."""
        key = size, *(sizes[s] for s in self._beside.get(size, ()))
        if key not in self._fits:
            self._fits[key] = self._fitting_beside(size, sizes)
        return self._fits[key]

    def _fitting_beside(self, size: Size, sizes: dict[Size, int]) -> list[int]:
        for start in range(size.least, size.least + REACH, SPAN):
            values = self._equal(size, sizes) or range(start, start + SPAN)
            large = (v for v in values if v >= size.least)
            fitting = [v for v in large if self._hold(size, {**sizes, size: v})]
            if fitting or len(values) == 1:
                return fitting
        return []

    def _equal(self, size: Size, sizes: dict[Size, int]) -> tuple[int, ...]:
        """The one value that a condition leaves a size, where it says that it equals something."""
        for c in self._due.get(size, ()):
            if isinstance(c, Equal) and Int.of(size) in c.args:
                other = c.args[c.args[0] == Int.of(size)]
                if isinstance(other, Int) and size not in self._free_in(Equal(other, other)):
                    return (number(other, sizes),)
        return ()

    def _hold(self, last: Size | None, sizes: dict[Size, int]) -> bool:
        return all(
            extent(c, sizes) >= c.least if isinstance(c, Size) else holds(c, sizes)
            for c in self._due.get(last, ())
        )

    def _complete(self, sizes: dict[Size, int]) -> dict[Size, int]:
        return {**sizes, **{s: extent(s, sizes) for s in self.computed}}

    def cost(self, sizes: dict[Size, int]) -> int:
        """The entries of the largest Jacobian between a definition and what it reads."""
        shapes = {t for pair in self._read for t in pair}
        entries = {t: prod(number(d, sizes) for d in t.shape) for t in shapes}
        return max((entries[a] * entries[b] for a, b in self._read), default=1)

    @cached_property
    def _read(self) -> list[tuple[Tensor, Tensor]]:
        """Every defined tensor with each of those that its definition reads."""
        return [(d.tensor, t) for d in self.program.definitions for t in tensors(d.body)]

    @cached_property
    def wide(self) -> tuple[Size, ...]:
        """The extents and kernels that vary: where one is 1, an axis may hide another."""
        free = [s for s in (*self._extents, *self._kernels) if s not in self._fixed]
        computed = [s for s in self.computed if not set(self._free_in(s)) <= self._fixed.keys()]
        return tuple(dict.fromkeys((*free, *computed)))

    def varied(
        self,
        rng: np.random.Generator,
        known: Sequence[Mapping[Size, int]] = (),
        tries: int = TRIES,
    ) -> dict[Size, int] | None:
        """The best of a few random draws, beside those already known.

        That is: not too large, no free size as in all known draws (a stride that is always 1 would
        hide what depends on it, one that always divides a forgotten floor), with room in the
        computed sizes (so that windows overlap and end in all ways), few extents 1, different
        sizes different, and much that no known draw has.
        """
        stuck = [(s, {sizes[s] for sizes in known}) for s in self.free]
        stuck = [(s, values) for s, values in stuck if len(values) == 1]
        even = [q for q in self._quotients if all(_divides(q, sizes) for sizes in known)]
        seen = set[object]().union(*(self._features(sizes) for sizes in known))

        def badness(sizes: dict[Size, int]) -> tuple[bool, bool, int, int, int]:
            still = sum(sizes[s] in values for s, values in stuck)
            poor = sum(max(3 - sizes[s], 0) for s in self.computed)
            poor += sum(2 * _divides(q, sizes) for q in even)
            poor += sum(sizes[s] == 1 for s in (*self._extents, *self._kernels))
            poor += len(self._extents) - len({sizes[s] for s in self._extents})
            new = len(self._features(sizes) - seen)
            cost = self.cost(sizes)
            return sizes in known, cost > ROOMY, still, poor - new, cost

        found = [next(self.assignments(rng), None) for _ in range(tries)]
        return min((s for s in found if s is not None), key=badness, default=None)

    @cached_property
    def _quotients(self) -> list[Floor]:
        """The floors in the computed sizes, in which something must be left over at some draw."""
        definitions = [s.definition for s in self.computed if s.definition is not None]
        found = [a for e in definitions for a in e.atoms_within() if isinstance(a, Floor)]
        return [a for a in dict.fromkeys(found) if a.parts[1].constant != 1]

    def _features(self, sizes: Mapping[Size, int]) -> set[object]:
        """What tells draws apart: sizes 1, 2 or more, and how those of windows compare."""
        apart = {(s.name, min(v, 3)) for s, v in sizes.items()}
        order = {
            (s.name, t.name, np.sign(sizes[s] - sizes[t]))
            for k, s in enumerate(self.windows)
            for t in self.windows[:k]
        }
        return {*apart, *order}


def _divides(quotient: Floor, sizes: Mapping[Size, int]) -> bool:
    """Whether nothing is left over."""
    n, d = (number(part, sizes) for part in quotient.parts)
    return n % d == 0


def _subtracted(e: Int) -> set[Size]:
    """The sizes that an expression falls with: kernels, in the number of windows."""
    found: set[Size] = set()
    for monomial, c in e.terms:
        for a in monomial:
            if isinstance(a, Size):
                found |= {a} if c < 0 else _subtracted(a.definition) if a.definition else set()
            elif isinstance(a, Floor):
                found |= _subtracted(a.parts[0])
    return found
