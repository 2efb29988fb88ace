"""Derivatives by dual numbers: a formula's tangent along each entry of a tensor.

Inside one formula tangents run forward, node by node, each as a product of arrays with extra
axes for the position in the tensor.  Between definitions they are joined by the chain rule over
whole tables:  ∂U/∂T = direct + Σ_W ∂U/∂W · ∂W/∂T (direct), over the definitions W that read T.
The definition of T itself is never entered, so it is cut.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from derive.ir import (
    Apply,
    Bracket,
    Cases,
    Chosen,
    Component,
    Count,
    Delta,
    Derivative,
    Formula,
    Greatest,
    Int,
    Least,
    Max,
    Number,
    Plus,
    Power,
    Sum,
    Tensor,
    Times,
)
from derive.verify.array import (
    OUTSIDE,
    Array,
    Data,
    Product,
    contract,
    lift,
    multiply,
    relabel,
)
from derive.verify.integers import Env, Unsupported, flaw_where
from derive.verify.scalar import derivative

if TYPE_CHECKING:
    from derive.verify.evaluate import Evaluator


class Derivatives:
    """Tangents in one world and one kind of numbers, each computed once."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator, self.world, self.numbers = evaluator, evaluator.world, evaluator.numbers
        self._positions: dict[Tensor, dict[int, int]] = {}
        self._direct: dict[tuple[object, ...], list[Product]] = {}
        self._local: dict[tuple[Tensor, Tensor], list[Product]] = {}
        self._jacobians: dict[tuple[Tensor, Tensor], Array] = {}
        self._cases: dict[type, Callable[[Any, Tensor, Env], list[Product]]] = {
            Component: self._component,
            Plus: self._plus,
            Times: self._times,
            Power: self._power,
            Apply: self._apply,
            Greatest: self._extreme,
            Least: self._extreme,
            Sum: self._sum,
            Max: self._max,
            Cases: self._branches,
        }

    def value(self, f: Derivative, env: Env) -> Product:
        """∂f/∂T[e] along all paths."""
        of, by = f.of, f.by
        at = self._places(by, env)
        if (
            isinstance(of, Component)
            and of.tensor in self.world.program.defined
            and of.tensor != by.tensor
        ):
            terms = [(self.jacobian(of.tensor, by.tensor),)]
            at |= self._places(of, env)
        else:
            terms = self.total(of, by.tensor, env)
        if len(terms) == 1:
            return tuple(self._read(a, at) for a in terms[0]) + self._outside(at)
        dense = self.evaluator.total([self._dense(t) for t in terms])
        return (self._read(dense, at), *self._outside(at))

    def total(self, f: Formula, by: Tensor, env: Env) -> list[Product]:
        """Terms of ∂f/∂T, over the free indices of `f` and the positions in T."""
        terms = list(self.direct(f, by, env))
        for read in self.world.reads(f):
            if read != by and by in self.world.upstream(read):
                jacobian = self.jacobian(read, by)
                over = self.positions(read)
                for t in self.direct(f, read, env):
                    terms.append(contract((*t, jacobian), over, self.numbers))
        return terms

    def jacobian(self, of: Tensor, by: Tensor) -> Array:
        """∂U/∂T for a defined U, over the positions in U and in T."""
        key = (of, by)
        if key not in self._jacobians:
            terms = [self._dense(t) for t in self.local(of, by)]
            for d in self.world.program.consumers.get(by, ()):
                between = d.tensor
                if between not in (of, by) and between in self.world.upstream(of):
                    outer = self.jacobian(of, between)
                    over = self.positions(between)
                    for t in self.local(between, by):
                        terms.append(self._dense(contract((outer, *t), over, self.numbers)))
            self._jacobians[key] = self.evaluator.total(terms)
        return self._jacobians[key]

    def local(self, of: Tensor, by: Tensor) -> list[Product]:
        """How the definition of U reads T, with all other tensors held fixed."""
        key = (of, by)
        if key not in self._local:
            definition = self.world.program.defined[of]
            env = self.world.env(definition.ranges)
            labels = map(self.world.integers.label, definition.indices)
            names = dict(zip(labels, self.positions(of), strict=True))
            terms = self.direct(definition.body, by, env)
            self._local[key] = [tuple(relabel(a, names) for a in t) for t in terms]
        return self._local[key]

    def positions(self, tensor: Tensor) -> dict[int, int]:
        """The labels of a position in the tensor, with their extents."""
        if tensor not in self._positions:
            shape = self.world.shape(tensor)
            self._positions[tensor] = {self.world.integers.new_label(): n for n in shape}
        return self._positions[tensor]

    def _dense(self, term: Product) -> Array:
        a = multiply(term, self.numbers)
        if a.data.dtype == bool:
            return Array(self.numbers.integers(a.data.astype(np.int64)), a.axes, a.flaw)
        return a

    def _places(self, c: Component, env: Env) -> dict[int, Array]:
        """The label of each position in the component's tensor, and where the component stands."""
        base = c.tensor.base
        found = {}
        for (label, extent), e in zip(self.positions(c.tensor).items(), c.indices, strict=True):
            offset = lift(lambda x: x - base, self.world.integers.value(e, env))
            outside = lift(lambda x, n=extent: (x < 0) | (x >= n), offset)
            inside = lift(lambda x, n=extent: np.clip(x, 0, max(n - 1, 0)), offset)
            found[label] = flaw_where(inside, outside)
        return found

    def _outside(self, at: dict[int, Array]) -> Product:
        """Factors 1 that are flawed where the variable stands outside its tensor's range."""
        return tuple(
            Array(np.ones(a.data.shape, bool), a.axes, a.flaw)
            for a in at.values()
            if a.flaw is not None
        )

    def _read(self, a: Array, at: dict[int, Array]) -> Array:
        """`a` with the positions in `at` read off, instead of having axes for them."""
        read = [x for x in a.axes if x in at]
        if not read:
            return a
        axes = tuple(sorted({x for x in a.axes if x not in at}.union(*(at[x].axes for x in read))))
        index = tuple(
            at[x].spread(axes) if x in at else _along(n, axes.index(x), len(axes))
            for x, n in zip(a.axes, a.data.shape, strict=True)
        )
        flaw = None if a.flaw is None else a.flaw[index]
        return Array(a.data[index], axes, flaw)

    # -- tangents inside one formula ---------------------------------------------------------------

    def direct(self, f: Formula, by: Tensor, env: Env) -> list[Product]:
        """Terms of the tangent of `f` along T's entries, all other tensors held fixed."""
        if by not in self.world.reads(f):
            return []
        key = (by, *self.world.integers.key(f, env))
        if key not in self._direct:
            case = self._cases.get(type(f))
            if case is None:
                if isinstance(f, (Number, Count, Delta, Bracket, Chosen)):
                    return []
                raise Unsupported(f"the derivative of a {type(f).__name__}")
            self._direct[key] = case(f, by, env)
        return self._direct[key]

    def _component(self, f: Component, by: Tensor, env: Env) -> list[Product]:
        if f.tensor != by:
            return []
        factors = []
        for (label, extent), place in zip(
            self.positions(by).items(), self._places(f, env).values()
        ):
            factors.append(lift(np.equal, place, Array(np.arange(extent), (label,))))
        return [tuple(factors) or (Array(np.asarray(True)),)]

    def _plus(self, f: Plus, by: Tensor, env: Env) -> list[Product]:
        return [t for a in f.args for t in self.direct(a, by, env)]  # type: ignore[arg-type]

    def _times(self, f: Times, by: Tensor, env: Env) -> list[Product]:
        values = [self.evaluator.product(a, env) for a in f.args]  # type: ignore[arg-type]
        return [
            (*(x for v in values[:k] for x in v), *t, *(x for v in values[k + 1 :] for x in v))
            for k, a in enumerate(f.args)
            for t in self.direct(a, by, env)  # type: ignore[arg-type]
        ]

    def _power(self, f: Power, by: Tensor, env: Env) -> list[Product]:
        if by in self.world.reads(f.exponent):
            raise Unsupported("the derivative of a power by its exponent")
        if self.evaluator.rational(f.exponent) == 0:
            return []
        slope = self.evaluator.product(f.exponent * Power(f.base, f.exponent - 1), env)
        return [(*slope, *t) for t in self.direct(f.base, by, env)]

    def _apply(self, f: Apply, by: Tensor, env: Env) -> list[Product]:
        terms: list[Product] = []
        for k, z in enumerate(f.arguments):
            inner = self.direct(z, by, env)
            if inner:
                slope = derivative(f, k)
                if slope is None:
                    raise Unsupported(f"the derivative of {f.function.name}")
                factors = self.evaluator.product(slope, env)
                terms += [(*factors, *t) for t in inner]
        return terms

    def _extreme(self, f: Greatest | Least, by: Tensor, env: Env) -> list[Product]:
        choice = self.world.order.extreme(f, env)
        return [
            (Array(choice.data == k, choice.axes, choice.flaw), *t)
            for k, a in enumerate(f.args)
            for t in self.direct(a, by, env)  # type: ignore[arg-type]
        ]

    def _branches(self, f: Cases, by: Tensor, env: Env) -> list[Product]:
        return [
            (guard, *t)
            for guard, branch in zip(self.evaluator.taken(f, env), f.args, strict=True)
            for t in self.direct(branch.value, by, env)  # type: ignore[attr-defined]
        ]

    def _sum(self, f: Sum, by: Tensor, env: Env) -> list[Product]:
        inner, guards, over = self.evaluator.bind(f, env)
        if 0 in over.values():
            return []
        terms = self.direct(f.body, by, inner)
        return [contract((*guards, *t), over, self.numbers) for t in terms]

    def _max(self, f: Max, by: Tensor, env: Env) -> list[Product]:
        """The tangent at the chosen position."""
        inner, _, over = self.evaluator.bind(f, env)
        if 0 in over.values():
            return [(Array(np.asarray(True), (), np.asarray(OUTSIDE)),)]
        choice = self.world.order.choice(f, env)
        here = [
            lift(np.equal, c, self.world.integers.value(Int.of(r.index), inner))
            for c, r in zip(self.evaluator.picked(choice, f, env), f.ranges, strict=True)
        ]
        chosen = tuple(Array(a.data, a.axes, a.flaw, guard=True) for a in here)
        return [contract((*chosen, *t), over, self.numbers) for t in self.direct(f.body, by, inner)]


def _along(extent: int, axis: int, axes: int) -> Data:
    return np.arange(extent).reshape(*(extent if k == axis else 1 for k in range(axes)))
