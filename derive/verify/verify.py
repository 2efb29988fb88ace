"""Verifying chains of formulas and derivations.

    Verifier(program).chain([f, g, h], ranges)      f = g and g = h, and f = h
    Verifier(program).derivation(d)                 every step and substep, and both ends

A Verifier keeps its worlds, so that all chains about one program share what has been computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np

from derive.derivation.program import Program
from derive.derivation.step import Derivation, Step
from derive.errors import Unsupported
from derive.ir import Equal, Formula, Guard, Int, Range, Size, Tensor, at_least
from derive.verify.arithmetic import Untyped
from derive.verify.compare import Difference, Place, impose
from derive.verify.degree import Degrees
from derive.verify.facts import Plan, plan
from derive.verify.real import Reals, RealWorlds
from derive.verify.sample import GENERAL, SMALL, TIED, world
from derive.verify.sizes import SizeSearch
from derive.verify.verdict import (
    EXACT,
    NOT_CHECKABLE,
    Chain,
    DerivationVerdict,
    StepVerdict,
    Verification,
)
from derive.verify.whole import holds
from derive.verify.world import Given, World

STYLES = (GENERAL, GENERAL, GENERAL, SMALL, TIED)
"""The draws of values at each draw of sizes."""
FEWEST, MOST = 3, 6
"""Draws of sizes."""


class Verifier:
    """Decides equations between formulas of one program; everything drawn depends on the seed."""

    def __init__(
        self,
        program: Program,
        seed: int = 0,
        draws: int | None = None,
        fixed: Mapping[Size, int] | None = None,
        values: Mapping[Tensor, Given] | None = None,
    ) -> None:
        """The sizes in `fixed` and the entries in `values` do not vary."""
        self.program, self._draws = program, draws
        self._fixed, self._values = dict(fixed or {}), dict(values or {})
        self._rng = np.random.default_rng(seed)
        self._worlds: list[tuple[frozenset[Guard], World]] = []
        self._real_worlds: dict[tuple[Guard, ...], RealWorlds] = {}
        self._exhausted: set[tuple[Guard, ...]] = set()
        self._degrees: dict[int, Degrees] = {}

    def chain(
        self,
        formulas: Sequence[Formula],
        ranges: Sequence[Range],
        facts: Sequence[Guard] = (),
        relation: str = "=",
    ) -> Chain:
        """The verdict on each adjacent pair, and on the first with the last formula.

        `facts` are conditions on sizes under which the chain is meant to hold.
        """
        check = self._checker(ranges, facts, relation)
        pairs = tuple(check(a, b) for a, b in pairwise(formulas))
        return Chain(pairs, pairs[0] if len(pairs) == 1 else check(formulas[0], formulas[-1]))

    def derivation(self, d: Derivation) -> DerivationVerdict:
        """The verdict on every step and substep, and on both ends."""
        check = self._checker(d.ranges, d.facts, "=")
        steps = tuple(
            StepVerdict(s, depth, check(s.before, s.after)) for s, depth in _all_steps(d.steps)
        )
        return DerivationVerdict(steps, check(d.start, d.result))

    def worlds(self, facts: Sequence[Guard]) -> list[World]:
        """Worlds at whose sizes the facts hold; new ones are drawn where there are too few.

        Those that were drawn for other facts are special, so they do not count.
        """
        facts = tuple(dict.fromkeys(facts))
        drawn = (w for known, w in self._worlds if known <= {*facts})
        fitting = [w for w in drawn if _fit(w, facts)]
        alike = self._alike(fitting[: self.draws], facts) if facts else []
        fitting = fitting[: self.draws - bool(alike)]
        if len(fitting) < self.draws and facts not in self._exhausted:
            search = self.search(facts)
            for k in range(2 * self.draws):
                known = [w.sizes for w in fitting]
                chosen = next(search.assignments(None), None) if k == 1 else None
                chosen = self._unlike(facts, known, alike) if k == 0 and alike else chosen
                chosen = self._spread_out(search, facts, known) if k == 2 else chosen
                sizes = chosen or search.varied(self._rng, known)
                if sizes is not None and sizes not in known:
                    made = self.world(sizes, STYLES, self._rng)
                    fitting.append(made)
                    self._worlds.append((frozenset(facts), made))
                if len(fitting) >= self.draws:
                    break
            else:
                self._exhausted.add(facts)
        if not fitting:
            raise Unsupported("no small sizes satisfy the conditions")
        return fitting[: self.draws]

    def _alike(self, worlds: Sequence[World], facts: Sequence[Guard]) -> list[Size]:
        """The sizes with one value in all worlds, though the facts do not say which one.

        Of the sizes drawn without facts those with a stride of 1 are all that a divisor leaves.
        """
        said = {e.atom for f in facts if isinstance(f, Equal) for e in f.args if isinstance(e, Int)}
        free = (s for s in self.windows if s not in self._fixed and s not in said)
        stuck = [s for s in free if len({w.sizes[s] for w in worlds}) == 1]
        return stuck if len(worlds) > 1 else []

    def _unlike(
        self, facts: Sequence[Guard], known: Sequence[Mapping[Size, int]], alike: Sequence[Size]
    ) -> dict[Size, int] | None:
        """Sizes at which those that were all alike are larger, with room for several windows."""
        wide = self.search(facts).wide
        larger = (at_least(s, known[0][s] + 1) for s in alike)
        return self.search((*facts, *larger, *(at_least(s, 2) for s in wide))).varied(
            self._rng, known
        )

    def _spread_out(
        self, search: SizeSearch, facts: Sequence[Guard], known: Sequence[Mapping[Size, int]]
    ) -> dict[Size, int] | None:
        """The smallest sizes with no extent 1, unless some are known."""
        if any(all(sizes[s] > 1 for s in search.wide) for sizes in known):
            return None
        wide = self.search((*facts, *(at_least(s, 2) for s in search.wide)))
        return next(wide.assignments(None), None)

    def search(self, facts: Sequence[Guard]) -> SizeSearch:
        """Sizes at which the facts hold."""
        return SizeSearch(self.program, facts, self._fixed)

    def world(
        self, sizes: dict[Size, int], styles: Sequence[str], rng: np.random.Generator
    ) -> World:
        """A world at given sizes, in which the program's facts hold."""
        made = world(self.program, self.plan, sizes, styles, rng, self._values)
        impose(made, self.plan.implied)
        return made

    def real_worlds(self, facts: Sequence[Guard]) -> RealWorlds:
        """Worlds of small numbers at whose sizes the facts hold, the smallest sizes first."""
        key = tuple(dict.fromkeys(facts))
        if key not in self._real_worlds:
            self._real_worlds[key] = RealWorlds(self.search(key), self.world)
        return self._real_worlds[key]

    @cached_property
    def draws(self) -> int:
        """How many draws of sizes: three, or more where kernels and strides are drawn, too."""
        return self._draws or min(FEWEST + len(self.windows), MOST)

    @cached_property
    def windows(self) -> tuple[Size, ...]:
        """The sizes of windows: kernels, strides, paddings."""
        return self.search(()).windows

    @cached_property
    def plan(self) -> Plan:
        """How the facts about entries are satisfied."""
        return plan(self.program, self._values)

    def degrees(self, w: World) -> Degrees:
        """The degree bounds in a world."""
        return self._degrees.setdefault(id(w), Degrees(w))

    def _checker(self, ranges: Sequence[Range], facts: Sequence[Guard], relation: str) -> _Checker:
        return _Checker(self, tuple(ranges), tuple(facts), relation)


class _Checker:
    """Checks pairs of formulas over the same ranges and facts, each pair once."""

    def __init__(
        self, verifier: Verifier, ranges: tuple[Range, ...], facts: tuple[Guard, ...], relation: str
    ) -> None:
        self.verifier, self.ranges, self.facts, self.relation = verifier, ranges, facts, relation
        self._known: dict[tuple[Formula, Formula], Verification] = {}

    def __call__(self, left: Formula, right: Formula) -> Verification:
        if (left, right) not in self._known:
            try:
                self._known[left, right] = self._check(left, right)
            except Unsupported as reason:
                self._known[left, right] = Verification(NOT_CHECKABLE, reason=str(reason))
        return self._known[left, right]

    def _check(self, left: Formula, right: Formula) -> Verification:
        reals = Reals(self.verifier.real_worlds(self.facts), self.ranges)
        if self.relation != "=":
            return reals.check(left, self.relation, right)
        draws, bound = 0, 0.0
        try:
            for place in self._places:
                found = place.residues(left, right)
                if found.lost:
                    return Verification(NOT_CHECKABLE, reason="both sides read outside a tensor")
                if found.differs.any():
                    return reals.confirm(left, right, place, found)
                if found.usable.any():
                    draws += int(found.usable.sum())
                    bound = max(bound, self._bound(left, right, place, found))
        except Untyped:
            return reals.check(left, "=", right)
        if not draws:
            return Verification(NOT_CHECKABLE, reason="no draw gives both sides a value")
        return Verification(EXACT, draws, bound)

    @cached_property
    def _places(self) -> tuple[Place, ...]:
        """The ranges in every world in which they are not empty."""
        places = (Place(w, self.ranges) for w in self.verifier.worlds(self.facts))
        return tuple(p for p in places if not p.empty)

    def _bound(self, left: Formula, right: Formula, place: Place, found: Difference) -> float:
        general = sum(u and s == GENERAL for u, s in zip(found.usable, STYLES, strict=True))
        return self.verifier.degrees(place.world).bound((left, right), place.env, general)


def _fit(w: World, facts: Sequence[Guard]) -> bool:
    return all(holds(g, w.sizes) for g in facts)


def _all_steps(steps: Sequence[Step], depth: int = 0) -> Iterator[tuple[Step, int]]:
    """Every step, followed by its substeps, each with its depth."""
    for s in steps:
        yield s, depth
        yield from _all_steps(s.substeps, depth + 1)


def verify_chain(
    program: Program,
    formulas: Sequence[Formula],
    ranges: Sequence[Range],
    facts: Sequence[Guard] = (),
    relation: str = "=",
    draws: int | None = None,
    seed: int = 0,
) -> Chain:
    """Verify one chain; `draws` is the number of different sizes tried, if not the usual one."""
    return Verifier(program, seed, draws).chain(formulas, ranges, facts, relation)


def verify_derivation(program: Program, derivation: Derivation, seed: int = 0) -> DerivationVerdict:
    """Verify one derivation."""
    return Verifier(program, seed).derivation(derivation)
