"""A bound for the degree of a formula as a rational function of the drawn values.

By Schwartz-Zippel a false identity of degree d holds at a random point with a chance of at most
d divided by the number of values drawn from.  An exponential counts as a variable of its own
beside its argument, and so does the value of a function such as log.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod

from derive.ir import (
    Apply,
    Branch,
    Chosen,
    Component,
    Derivative,
    Element,
    Formula,
    Index,
    Max,
    Plus,
    Power,
    Range,
    Sum,
    Tensor,
    Times,
    free_indices,
    fresh,
)
from derive.verify.arithmetic import P, Q
from derive.verify.degree_of_arrays import PIECEWISE, ArrayDegrees
from derive.verify.integers import Env
from derive.verify.unknown import DEGREE as CUBIC
from derive.verify.unknown import unknown
from derive.verify.world import World


@dataclass(frozen=True)
class Degree:
    """Degrees of numerator and denominator, and the indices that the denominator varies with."""

    top: int
    bottom: int = 0
    varies: frozenset[Index] = frozenset()


class Degrees:
    """Degrees of formulas at the sizes of one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._known: dict[tuple[object, ...], Degree] = {}
        self._tensors: dict[Tensor, Degree] = {}

    def bound(self, sides: Sequence[Formula], env: Env, draws: int) -> float:
        """The chance at most that a false equation of two formulas holds at all of the draws."""
        a, b = (self.of(f, env) for f in sides)
        degree = max(a.top + b.bottom, b.top + a.bottom, 1)
        return min(1.0, degree / min(P, Q)) ** draws

    def of(self, f: Formula, env: Env) -> Degree:
        """The degree of a formula."""
        key = self.world.integers.key(f, env)
        if key not in self._known:
            self._known[key] = self._of(f, env)
        return self._known[key]

    def _of(self, f: Formula, env: Env) -> Degree:
        if isinstance(f, Component):
            return self._tensor(f)
        if isinstance(f, Element):
            return Degree(*self._arrays(env).of(f.whole), free_indices(f))
        if isinstance(f, Derivative):
            d = self.of(f.of, env)
            # (T/B)' is over B², whatever the entry that it is taken by.
            return Degree(d.top + d.bottom, 2 * d.bottom, d.varies)
        if isinstance(f, Apply):
            d = _joined([self.of(z, env) for z in f.arguments])
            if f.function.known and f.function.name in PIECEWISE:
                return d
            return (
                Degree(d.top * CUBIC, d.bottom * CUBIC, d.varies) if unknown(f) else _opaque(d, f)
            )
        if isinstance(f, Power):
            return self._power(f, env)
        if isinstance(f, Sum):
            return self._sum(f, env)
        if isinstance(f, Max):
            d = self.of(f.body, self.world.evaluator("residues").bind(f, env)[0])
            return Degree(d.top, d.bottom, free_indices(f))
        if isinstance(f, Chosen):
            return Degree(0)
        parts = [self.of(a, env) for a in _formulas(f)]
        if isinstance(f, Plus):
            return _joined(parts)
        combine = sum if isinstance(f, Times) else _largest
        return Degree(
            combine(d.top for d in parts), combine(d.bottom for d in parts), _varies(parts)
        )

    def _tensor(self, f: Component) -> Degree:
        t = f.tensor
        if t not in self._tensors:
            definition = self.world.program.defined.get(t)
            self._tensors[t] = (
                Degree(1)
                if definition is None
                else self.of(definition.body, self.world.env(definition.ranges))
            )
        d = self._tensors[t]
        return Degree(d.top, d.bottom, free_indices(f) if d.bottom else frozenset())

    def _arrays(self, env: Env) -> ArrayDegrees:
        def of_formula(f: Formula) -> tuple[int, int]:
            d = self.of(f, env)
            return d.top, d.bottom

        def of_tensor(t: Tensor) -> tuple[int, int]:
            d = self._tensor(Component(t, *(fresh("i") for _ in t.shape)))
            return d.top, d.bottom

        def within(ranges: tuple[Range, ...]) -> tuple[ArrayDegrees, int]:
            inner = self.world.env(ranges, env)
            hulls = [inner[r.index] for r in ranges]
            return self._arrays(inner), prod(high - low + 1 for low, high in hulls)

        number = self.world.integers.number
        return ArrayDegrees(of_formula, of_tensor, lambda a: tuple(map(number, a.shape)), within)

    def _power(self, f: Power, env: Env) -> Degree:
        d = self.of(f.base, env)
        k = self.world.evaluator("residues").rational(f.exponent)
        if k is None or k.denominator != 1:
            return _opaque(d, f)
        if k >= 0:
            return Degree(d.top * int(k), d.bottom * int(k), d.varies)
        return Degree(-d.bottom * int(k), -d.top * int(k), free_indices(f.base))

    def _sum(self, f: Sum, env: Env) -> Degree:
        """Over the product of all the denominators that differ."""
        inner, _, over = self.world.evaluator("residues").bind(f, env)
        d = self.of(f.body, inner)
        extents = zip(f.bound, over.values(), strict=True)
        many = prod(extent for index, extent in extents if index in d.varies)
        varies = (d.varies - set(f.bound)) | (free_indices(f) if d.bottom else frozenset())
        return Degree(d.top + d.bottom * max(many - 1, 0), d.bottom * many, varies)


def _formulas(f: Formula) -> list[Formula]:
    """The parts whose values make up the value of `f`."""
    parts = [a.value if isinstance(a, Branch) else a for a in f.args]
    return [a for a in parts if isinstance(a, Formula)]


def _opaque(d: Degree, f: Formula) -> Degree:
    """The value of a function: a variable of its own, and its derivative may have denominators."""
    degree = d.top + d.bottom + 1
    return Degree(degree, degree, free_indices(f))


def _joined(parts: Sequence[Degree]) -> Degree:
    """The degree of a sum over the product of all denominators."""
    bottom = sum(d.bottom for d in parts)
    top = max((d.top + bottom - d.bottom for d in parts), default=0)
    return Degree(top, bottom, _varies(parts))


def _varies(parts: Sequence[Degree]) -> frozenset[Index]:
    return frozenset[Index]().union(*(d.varies for d in parts))


def _largest(degrees: Iterable[int]) -> int:
    return max(degrees, default=0)
