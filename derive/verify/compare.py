"""Comparing the values of two formulas over all draws and all values of the free indices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import Any

import flint
import numpy as np

from derive.errors import Unsupported
from derive.ir import Bracket, Compare, Formula, Number, Range, Relation, Tensor
from derive.verify.arithmetic import fraction
from derive.verify.array import DRAW, OUTSIDE, UNDEFINED, Array, Data
from derive.verify.integers import Env
from derive.verify.order import PRECISIONS
from derive.verify.verdict import Counterexample
from derive.verify.whole import extent
from derive.verify.world import World

LARGE = 4000
"""Entries of an array above which exact arithmetic is avoided."""


@dataclass(frozen=True)
class Difference:
    """Where two sides differ, over the draws and then the labels of the free indices.

    `order` has the axes of the free indices as they are declared, and the draws last.  `usable`
    says which draws decided something; `lost` whether both sides read outside somewhere.
    """

    differs: Data
    usable: Data
    order: tuple[int, ...]
    lost: bool = False

    @property
    def found(self) -> bool:
        return bool(self.differs.any())

    def places(self) -> Iterator[tuple[int, ...]]:
        """All differing places, smallest index values first."""
        back = np.argsort(self.order)
        found = np.argwhere(self.differs.transpose(self.order))
        return (tuple(int(k) for k in at[back]) for at in found)


Fails = Callable[[Any, Any], bool]
"""Whether it is certain of two values that a relation between them fails."""


def differ(a: Any, b: Any) -> bool:
    """Whether two values are certain to differ."""
    return bool(a > b or a < b)


class Place:
    """A world and the ranges of the free indices: where formulas are compared."""

    def __init__(self, world: World, ranges: Sequence[Range]) -> None:
        self.world, self.ranges = world, tuple(ranges)
        self.env: Env = world.env(ranges)
        label = world.integers.label
        self.extents = {label(r.index): _extent(self.env, r) for r in ranges}
        self.axes = (DRAW, *sorted(self.extents))
        self.empty = 0 in self.extents.values()
        self.shape = (world.draws, *(self.extents[x] for x in self.axes[1:]))

    @cached_property
    def _within(self) -> Data:
        """Which index values are in the ranges, where a hull holds more."""
        within = np.ones(self.shape, bool)
        for r in self.ranges:
            for guard in self.world.integers.within(r, self.env):
                within &= guard.spread(self.axes)
        return within

    def allowed(self) -> Data:
        """Which draws and index values count."""
        return self._within & ~self.world.discarded.reshape(-1, *(1 for _ in self.axes[1:]))

    def difference(self, left: Array, right: Array, equal: Any) -> Difference:
        """Where two values differ; `equal` compares aligned data."""
        same = equal(left.spread(self.axes), right.spread(self.axes))
        differs = np.broadcast_to(~same, self.shape)
        allowed, lost = self.allowed(), False
        if left.flaw is not None or right.flaw is not None:
            a, b = left.flaws(self.axes), right.flaws(self.axes)
            outside = (a == OUTSIDE) != (b == OUTSIDE)
            both = (a == OUTSIDE) & (b == OUTSIDE)
            undefined = (a == UNDEFINED) | (b == UNDEFINED)
            lost = bool((allowed & both).any())
            differs = (differs & (a == 0) & (b == 0)) | outside
            allowed = allowed & ~both & ~undefined
        usable = np.asarray(allowed.reshape(self.world.draws, -1).any(1))
        order = (*(self.axes.index(x) for x in self.extents), self.axes.index(DRAW))
        return Difference(differs & allowed, usable, order, lost)

    def residues(self, left: Formula, right: Formula) -> Difference:
        """Where the residues of two formulas differ."""
        value = self.world.evaluator("residues").value
        return self.difference(value(left, self.env), value(right, self.env), np.equal)

    @cached_property
    def large(self) -> bool:
        """Whether exact arithmetic on everything that may be needed here would take too long."""
        program = self.world.program
        shapes = [self.world.shape(t) for t in (*program.given, *program.defined)]
        return max(prod(self.shape), *map(prod, shapes), 0) > LARGE

    def exactly(
        self,
        left: Formula,
        right: Formula,
        at: tuple[int, ...],
        fails: Fails = differ,
    ) -> tuple[Any, Any] | None:
        """Both values at one place, if it is certain of them there that a relation `fails`.

        They are rationals or balls, or, for "=" where exact ones take too long, floats.
        """
        if self.large and fails is differ:
            return self._floats(left, right, at)
        for bits in PRECISIONS:
            with flint.ctx.workprec(bits):
                a, b = self._entry(left, at, bits), self._entry(right, at, bits)
                if a is None or b is None:
                    return None if a is b else (a, b)
                if fails(a, b):
                    return a, b
        return None

    def _floats(
        self, left: Formula, right: Formula, at: tuple[int, ...]
    ) -> tuple[float | None, float | None] | None:
        found = []
        for f in (left, right):
            value = self.world.evaluator("floats").value(f, self.env)
            ball = np.broadcast_to(value.spread(self.axes), self.shape)[at]
            flaw = np.broadcast_to(value.flaws(self.axes), self.shape)[at]
            found.append((float(ball.real), float(ball.imag), int(flaw)))
        (a, r, flaw), (b, s, other) = found
        if OUTSIDE in (flaw, other) and flaw != other:
            return (None if flaw == OUTSIDE else a, None if other == OUTSIDE else b)
        return (a, b) if flaw == other == 0 and abs(a - b) > r + s else None

    def _entry(self, f: Formula, at: tuple[int, ...], bits: int) -> Any:
        """The value at one place; None where a tensor is read outside its range."""
        value = self.world.exact(bits).value(f, self.env)
        if value.flaw is not None:
            flaw = np.broadcast_to(value.flaws(self.axes), self.shape)[at]
            if flaw == OUTSIDE:
                return None
            if flaw == UNDEFINED:
                return flint.arb("nan")
        return np.broadcast_to(value.spread(self.axes), self.shape)[at]

    def counterexample(
        self, sides: Sequence[Formula], values: tuple[Any, Any], at: tuple[int, ...]
    ) -> Counterexample:
        """What a reader needs to see the difference."""
        world = self.world
        sizes = tuple((s.name, extent(s, world.sizes)) for s in world.program.sizes)
        where = dict(zip(self.axes, at, strict=True))
        indices = tuple(
            (r.index.hint, self.env[r.index][0] + int(where[world.integers.label(r.index)]))
            for r in self.ranges
        )
        read: dict[Tensor, None] = {}
        for f in sides:
            for t in world.reads(f):
                read.update(dict.fromkeys((t, *world.upstream(t))))
        given = tuple(
            (t.name, _entries(world, t, where[DRAW])) for t in world.program.given if t in read
        )
        left, right = (_shown(v) for v in values)
        return Counterexample(sizes, indices, left, right, given)


def impose(world: World, implied: Sequence[Relation]) -> None:
    """Discard the draws at which facts about computed tensors do not hold."""
    for fact in implied:
        place = Place(world, fact.ranges)
        if fact.relation == "=":
            failing = place.residues(fact.left, fact.right).differs
        else:
            test = Bracket(Compare(fact.left, fact.relation, fact.right))
            failing = place.difference(
                world.evaluator("floats").value(test, place.env),
                world.evaluator("floats").value(Number(1), place.env),
                np.equal,
            ).differs
        world.discarded |= failing.reshape(world.draws, -1).any(1)
    if world.discarded.all():
        raise Unsupported("no draw satisfies the facts about computed tensors")


def _entries(world: World, t: Tensor, draw: int) -> object:
    """The drawn entries of a given tensor, as nested lists of numbers."""
    given = world.given(t)
    numbers = np.frompyfunc(lambda n: Fraction(int(n), given.denominator), 1, 1)
    entries = numbers(given.numerators[draw])
    return entries.tolist() if isinstance(entries, np.ndarray) else entries


def _shown(value: Any) -> Fraction | float | None:
    if value is None or isinstance(value, float):
        return value
    exact = fraction(value)
    if exact is not None:
        return exact
    return 0.0 if value.contains(0) else float(value)


def _extent(env: Env, r: Range) -> int:
    low, high = env[r.index]
    return max(high - low + 1, 0)
