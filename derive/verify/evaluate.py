"""The value of a formula, by definition, at drawn sizes and values, over whole ranges at once.

A node's value is a product of arrays, multiplied out only where something needs it: so a sum
over many indices is summed away factor by factor.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from derive.errors import Unsupported
from derive.ir import (
    Apply,
    Bracket,
    Cases,
    Chosen,
    Compare,
    Component,
    Count,
    Delta,
    Derivative,
    Element,
    Formula,
    Greatest,
    Least,
    Max,
    Number,
    Plus,
    Power,
    Sum,
    Tensor,
    Times,
)
from derive.ir.binder import Binder
from derive.verify.arithmetic import Arithmetic, power
from derive.verify.array import (
    DRAW,
    OUTSIDE,
    UNDEFINED,
    Array,
    Data,
    Product,
    as_guard,
    contract,
    lift,
    multiply,
)
from derive.verify.integers import Env, gather
from derive.verify.matrices import Matrices
from derive.verify.scalar import DEFINED
from derive.verify.unknown import unknown

if TYPE_CHECKING:
    from derive.verify.world import World


class Evaluator:
    """Values of formulas in one world and one kind of numbers, each computed once."""

    def __init__(self, world: World, numbers: Arithmetic) -> None:
        self.world, self.numbers = world, numbers
        self._products: dict[tuple[object, ...], Product] = {}
        self._dense: dict[tuple[object, ...], Array] = {}
        self._bound: dict[tuple[object, ...], tuple[Env, list[Array], dict[int, int]]] = {}
        self._tables: dict[Tensor, Array] = {}
        self._cases: dict[type, Callable[[Any, Env], Product]] = {
            Number: self._number,
            Count: self._count,
            Component: self._component,
            Plus: self._plus,
            Times: self._times,
            Power: self._power,
            Apply: self._apply,
            Greatest: self._extreme,
            Least: self._extreme,
            Sum: self._sum,
            Max: self._max,
            Chosen: self._chosen,
            Delta: self._delta,
            Bracket: self._bracket,
            Cases: self._branches,
            Derivative: self._derivative,
            Element: lambda f, env: (self.matrices.entry(f, env),),
        }
        self.matrices = Matrices(self)

    def value(self, f: Formula, env: Env) -> Array:
        """The value as one array, with an axis for each index it depends on (and the draws)."""
        key = self.world.integers.key(f, env)
        if key not in self._dense:
            self._dense[key] = self.joined(self.product(f, env))
        return self._dense[key]

    def product(self, f: Formula, env: Env) -> Product:
        """The value as factors."""
        key = self.world.integers.key(f, env)
        if key not in self._products:
            case = self._cases.get(type(f))
            if case is None:
                raise Unsupported(f"{type(f).__name__} is no formula that can be evaluated")
            self._products[key] = case(f, env)
        return self._products[key]

    def table(self, tensor: Tensor) -> Array:
        """All entries of a tensor: an axis of draws, then the tensor's own."""
        if tensor not in self._tables:
            definition = self.world.program.defined.get(tensor)
            if definition is None:
                given = self.world.given(tensor)
                data = self.numbers.rational(given.numerators, given.denominator)
                self._tables[tensor] = Array(data)
            else:
                env = self.world.env(definition.ranges)
                labels = (DRAW, *map(self.world.integers.label, definition.indices))
                shape = (self.world.draws, *self.world.shape(tensor))
                self._tables[tensor] = laid_out(self.value(definition.body, env), labels, shape)
        return self._tables[tensor]

    def joined(self, factors: Product) -> Array:
        """A product multiplied out, as numbers."""
        a = multiply(factors, self.numbers)
        if a.data.dtype != bool:
            return a
        return Array(self.numbers.integers(a.data.astype(np.int64)), a.axes, a.flaw)

    # -- leaves and arithmetic -------------------------------------------------------------------

    def constant(self, value: Fraction) -> Array:
        """A rational number as an array without axes."""
        return Array(
            self.numbers.rational(np.asarray(np.int64(value.numerator)), value.denominator)
        )

    def _number(self, f: Number, env: Env) -> Product:
        if abs(f.value.numerator) >= 2**62:
            raise Unsupported("a number beyond 62 bits")
        return (self.constant(f.value),)

    def _count(self, f: Count, env: Env) -> Product:
        e = self.world.integers.value(f.integer, env)
        return (Array(self.numbers.integers(e.data), e.axes, e.flaw),)

    def _component(self, f: Component, env: Env) -> Product:
        positions = [self.world.integers.value(e, env) for e in f.indices]
        return (gather(self.table(f.tensor), f.tensor.base, positions),)

    def _plus(self, f: Plus, env: Env) -> Product:
        return (self.total([self.value(a, env) for a in f.args]),)  # type: ignore[arg-type]

    def total(self, terms: list[Array]) -> Array:
        """The sum of some arrays."""
        if not terms:
            return self.constant(Fraction(0))
        result = terms[0]
        for t in terms[1:]:
            result = lift(self.numbers.add, result, t)
        return result

    def _times(self, f: Times, env: Env) -> Product:
        factors = [a for part in f.args for a in self.product(part, env)]  # type: ignore[arg-type]
        return tuple(factors) if factors else (self.constant(Fraction(1)),)

    def _power(self, f: Power, env: Env) -> Product:
        base = self.value(f.base, env)
        exponent = self.rational(f.exponent)
        if exponent is None:
            return (self.call("power", base, self.value(f.exponent, env)),)
        if exponent.denominator > 1:
            degree = self.value(Number(exponent.denominator), env)
            base = self.call("root", base, degree)
        raised = Array(
            power(self.numbers, base.data, abs(exponent.numerator)), base.axes, base.flaw
        )
        return (raised if exponent >= 0 else self.inverse(raised),)

    def rational(self, f: Formula) -> Fraction | None:
        """The value of a formula that consists of numbers and sizes only, else None."""
        if isinstance(f, Number):
            return f.value
        if isinstance(f, Count) and not f.integer.indices:
            return Fraction(self.world.integers.number(f.integer))
        if isinstance(f, (Plus, Times)):
            parts = [self.rational(a) for a in f.args]  # type: ignore[arg-type]
            total = Fraction(isinstance(f, Times))
            for p in parts:
                if p is None:
                    return None
                total = total * p if isinstance(f, Times) else total + p
            return total
        if isinstance(f, Power):
            base, n = self.rational(f.base), self.rational(f.exponent)
            if base is not None and n is not None and n.denominator == 1 and (base or n >= 0):
                return base ** int(n)
        return None

    def inverse(self, a: Array) -> Array:
        """1/a, undefined where a is 0."""
        data, pole = self.numbers.inverse(a.data)
        return Array(data, a.axes, _with_flaw(a.flaw, pole, UNDEFINED))

    def call(self, name: str, *parts: Array) -> Array:
        joined = lift(lambda *x: np.empty(np.broadcast_shapes(*(y.shape for y in x)), bool), *parts)
        views = [np.broadcast_to(p.spread(joined.axes), joined.data.shape) for p in parts]
        data, bad = self.numbers.function(name, views)
        flaw = joined.flaw if bad is None else _with_flaw(joined.flaw, bad, UNDEFINED)
        return Array(data, joined.axes, flaw)

    def _apply(self, f: Apply, env: Env) -> Product:
        name, z = f.function.name, f.arguments
        if name in ("relu", "abs", "sign"):
            return self._signed(name, z[0], env)
        if name == "exp":
            return (self.world.exp(self, z[0], env),)
        if name in DEFINED and not (
            name in ("sigmoid", "tanh") and self.numbers.name == "exponents"
        ):
            return self.product(DEFINED[name](*z), env)
        if unknown(f):
            return self.product(self.world.drawn(f), env)
        return (self.call(name, *(self.value(a, env) for a in z)),)

    def _signed(self, name: str, z: Formula, env: Env) -> Product:
        sign = self.world.order.sign(z, env)
        if name == "relu":
            return (Array(sign.data > 0, sign.axes, sign.flaw), *self.product(z, env))
        factor = Array(self.numbers.integers(sign.data), sign.axes, sign.flaw)
        return (factor,) if name == "sign" else (factor, *self.product(z, env))

    # -- what selects ----------------------------------------------------------------------------

    def _delta(self, f: Delta, env: Env) -> Product:
        return (as_guard(lift(np.equal, *(self.world.integers.value(e, env) for e in f.sides))),)

    def _bracket(self, f: Bracket, env: Env) -> Product:
        return tuple(self.world.integers.guards(f.condition, env, self.compare)) or (
            self.constant(Fraction(1)),
        )

    def compare(self, g: Compare, env: Env) -> Array:
        """Where a comparison of real values holds."""
        sign = self.world.order.sign(g.left - g.right, env)
        test = {"<": np.less, "<=": np.less_equal, "=": np.equal, "!=": np.not_equal}[g.relation]
        return lift(lambda s: test(s, 0), sign)

    def taken(self, f: Cases, env: Env) -> list[Array]:
        """For each branch where it is the first whose condition holds."""
        before = Array(np.asarray(True))
        found = []
        for branch in f.args:
            truth = self.world.integers.truth(branch.condition, env, self.compare)  # type: ignore[attr-defined]
            found.append(as_guard(lift(np.logical_and, before, truth)))
            before = lift(lambda b, t: b & ~t, before, truth)
        return found

    def _branches(self, f: Cases, env: Env) -> Product:
        values = [
            self.joined((guard, *self.product(branch.value, env)))  # type: ignore[attr-defined]
            for guard, branch in zip(self.taken(f, env), f.args, strict=True)
        ]
        return (self.total(values),)

    # -- what binds ------------------------------------------------------------------------------

    def _sum(self, f: Sum, env: Env) -> Product:
        inner, guards, over = self.bind(f, env)
        if 0 in over.values():
            return (self.constant(Fraction(0)),)
        return contract((*guards, *self.product(f.body, inner)), over, self.numbers)

    def bind(self, f: Binder, env: Env) -> tuple[Env, list[Array], dict[int, int]]:
        """The scope inside a binder, guards for its ranges and condition, the labels it binds."""
        key = self.world.integers.key(f, env)
        if key not in self._bound:
            self._bound[key] = self._bind(f, env)
        hulls, guards, over = self._bound[key]
        return {**env, **hulls}, guards, over

    def _bind(self, f: Binder, env: Env) -> tuple[Env, list[Array], dict[int, int]]:
        integers = self.world.integers
        inner, guards, over = dict(env), [], {}
        for r in f.ranges:
            low, high = integers.hull(r, inner)
            inner[r.index] = (low, high)
            over[integers.label(r.index)] = max(high - low + 1, 0)
            if high >= low:
                guards += integers.within(r, inner)
        if 0 not in over.values():
            guards += integers.guards(f.condition, inner, self.compare)
        return {i: inner[i] for i in f.bound}, guards, over

    def _max(self, f: Max, env: Env) -> Product:
        choice = self.world.order.choice(f, env)
        inner, _, over = self.bind(f, env)
        if 0 in over.values():
            return (Array(self.constant(Fraction(0)).data, (), np.asarray(OUTSIDE)),)
        return (pick(self.value(f.body, inner), choice, over),)

    def _extreme(self, f: Greatest | Least, env: Env) -> Product:
        choice = self.world.order.extreme(f, env)
        parts = [Array(choice.data == k, choice.axes, choice.flaw) for k in range(len(f.args))]
        values = [
            self.joined((chosen, *self.product(a, env)))  # type: ignore[arg-type]
            for chosen, a in zip(parts, f.args, strict=True)
        ]
        return (self.total(values),)

    def _chosen(self, f: Chosen, env: Env) -> Product:
        choice = self.world.order.choice(f.maximum, env)
        at = [self.world.integers.value(e, env) for e in f.at]
        return tuple(
            lift(np.equal, c, e)
            for c, e in zip(self.picked(choice, f.maximum, env), at, strict=True)
        )

    def picked(self, choice: Array, maximum: Max, env: Env) -> list[Array]:
        """The index values of a flat position, one array for each range of the maximum."""
        inner, _, over = self.bind(maximum, env)
        extents = [max(n, 1) for n in over.values()]
        strides = [prod(extents[k + 1 :]) for k in range(len(extents))]
        lows = [inner[r.index][0] for r in maximum.ranges]
        return [
            Array(choice.data // stride % n + low, choice.axes, choice.flaw)
            for stride, n, low in zip(strides, extents, lows, strict=True)
        ]

    def _derivative(self, f: Derivative, env: Env) -> Product:
        return self.world.derivatives(self).value(f, env)


def pick(body: Array, choice: Array, over: dict[int, int]) -> Array:
    """The entry of `body` at the chosen flat position of the bound labels, row-major."""
    bound = tuple(over)
    outer = tuple(sorted({x for x in body.axes if x not in bound} | set(choice.axes)))
    shape = [over.get(x, 1) for x in bound]
    order = [body.axes.index(x) for x in (*outer, *bound) if x in body.axes]

    def rows(data: Data) -> Data:
        data = data.transpose(order)[
            tuple(slice(None) if x in body.axes else None for x in (*outer, *bound))
        ]
        data = np.broadcast_to(data, (*data.shape[: len(outer)], *shape))
        return data.reshape(*data.shape[: len(outer)], -1)

    at = choice.spread(outer)[..., None]
    values = rows(body.data)
    lead = np.broadcast_shapes(values.shape[:-1], at.shape[:-1])
    at = np.broadcast_to(at, (*lead, 1))

    def chosen(data: Data) -> Data:
        data = np.broadcast_to(data, (*lead, data.shape[-1]))
        return np.take_along_axis(data, at, -1)[..., 0]

    flaw = None if body.flaw is None else chosen(rows(body.flaw))
    if choice.flaw is not None:
        flaw = np.maximum(0 if flaw is None else flaw, np.broadcast_to(choice.flaws(outer), lead))
    return Array(chosen(values), outer, flaw)


def laid_out(a: Array, labels: tuple[int, ...], shape: tuple[int, ...]) -> Array:
    """`a` with its axes in the order of `labels`, repeated along those that it lacks."""
    order = [a.axes.index(x) for x in labels if x in a.axes]
    missing = tuple(slice(None) if x in a.axes else None for x in labels)

    def lay(data: Data) -> Data:
        return np.broadcast_to(data.transpose(order)[missing], shape)

    return Array(np.ascontiguousarray(lay(a.data)), (), None if a.flaw is None else lay(a.flaw))


def _with_flaw(flaw: Data | None, where: Data, code: np.uint8) -> Data | None:
    if not where.any():
        return flaw
    new = np.where(where, code, np.uint8(0))
    return new if flaw is None else np.maximum(flaw, new)
