"""A bound for the degree of a formula as a rational function of the drawn values.

By Schwartz-Zippel a false identity of degree d holds at a random point with a chance of at most
d divided by the number of values drawn from.  An exponential counts as a variable of its own
beside its argument, and so does the value of an unknown function.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from derive.ir import (
    Apply,
    Branch,
    Chosen,
    Component,
    Derivative,
    Formula,
    Max,
    Plus,
    Power,
    Sum,
    Tensor,
    Times,
)
from derive.verify.arithmetic import P, Q
from derive.verify.integers import Env
from derive.verify.world import World

Degree = tuple[int, int]
"""The degrees of the numerator and of the denominator."""


class Degrees:
    """Degrees of formulas at the sizes of one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._known: dict[tuple[object, ...], Degree] = {}
        self._tensors: dict[Tensor, Degree] = {}

    def bound(self, sides: Sequence[Formula], env: Env, draws: int) -> float:
        """The chance at most that a false equation of two formulas holds at all of the draws."""
        (n, d), (m, e) = (self.of(f, env) for f in sides)
        return min(1.0, max(n + e, m + d, 1) / min(P, Q)) ** draws

    def of(self, f: Formula, env: Env) -> Degree:
        """The degree of a formula."""
        key = self.world.integers.key(f, env)
        if key not in self._known:
            self._known[key] = self._of(f, env)
        return self._known[key]

    def _of(self, f: Formula, env: Env) -> Degree:
        if isinstance(f, Component):
            return self._tensor(f.tensor)
        if isinstance(f, Derivative):
            n, d = self.of(f.of, env)
            return n + d, 2 * d
        if isinstance(f, Apply):
            n, d = _joined([self.of(z, env) for z in f.arguments])
            return n + d + 1, n + d + 1
        if isinstance(f, Power):
            return self._power(f, env)
        if isinstance(f, Sum):
            return self._sum(f, env)
        if isinstance(f, Max):
            return self.of(f.body, self.world.evaluator("residues").bind(f, env)[0])
        if isinstance(f, Chosen):
            return 0, 0
        parts = [self.of(a, env) for a in _formulas(f)]
        if isinstance(f, Times):
            return sum(n for n, _ in parts), sum(d for _, d in parts)
        return _joined(parts) if isinstance(f, Plus) else _largest(parts)

    def _tensor(self, t: Tensor) -> Degree:
        if t not in self._tensors:
            definition = self.world.program.defined.get(t)
            self._tensors[t] = (
                (1, 0)
                if definition is None
                else self.of(definition.body, self.world.env(definition.ranges))
            )
        return self._tensors[t]

    def _power(self, f: Power, env: Env) -> Degree:
        n, d = self.of(f.base, env)
        k = self.world.evaluator("residues").rational(f.exponent)
        if k is None or k.denominator != 1:
            return n + d + 1, n + d + 1
        return (n * int(k), d * int(k)) if k >= 0 else (-d * int(k), -n * int(k))

    def _sum(self, f: Sum, env: Env) -> Degree:
        inner, _, over = self.world.evaluator("residues").bind(f, env)
        n, d = self.of(f.body, inner)
        many = prod(over.values())
        return (n + d * max(many - 1, 0), d * many)


def _formulas(f: Formula) -> list[Formula]:
    """The parts whose values make up the value of `f`."""
    parts = [a.value if isinstance(a, Branch) else a for a in f.args]
    return [a for a in parts if isinstance(a, Formula)]


def _joined(parts: Sequence[Degree]) -> Degree:
    """The degree of a sum over the product of all denominators."""
    d = sum(x for _, x in parts)
    return max((n + d - e for n, e in parts), default=0), d


def _largest(parts: Sequence[Degree]) -> Degree:
    return max((n for n, _ in parts), default=0), max((d for _, d in parts), default=0)
