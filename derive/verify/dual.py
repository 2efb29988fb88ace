"""Derivatives by dual numbers: a formula's tangent along each entry of a tensor.

Inside one formula tangents run forward, node by node.  A tangent is a list of terms; each term
says where the tensor is read (its places) and by what factors that reading is multiplied.
Between definitions the chain rule joins whole tables:

    ∂U/∂T = (what U's definition reads of T) + Σ_W ∂U/∂W · (what W's definition reads of T)

over the definitions W that read T.  The definition of T itself is never entered, so it is cut; so
are those of the tensors that a derivative holds fixed.  A derivative inside another is written out
first (`second.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from derive.errors import Unsupported
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
    Array,
    Product,
    as_guard,
    contract,
    flaw_where,
    lift,
    relabel,
    union,
)
from derive.verify.integers import Env
from derive.verify.scalar import derivative
from derive.verify.table import read, scatter

if TYPE_CHECKING:
    from derive.verify.evaluate import Evaluator


@dataclass(frozen=True)
class Term:
    """Σ over `pending` labels of `factors`, times the tangent of the tensor's entry at `places`.

    Places count from 0, one array for each axis of the tensor.
    """

    factors: Product
    places: tuple[Array, ...]
    pending: dict[int, int]

    def times(self, *factors: Array) -> Term:
        """The term multiplied by further factors."""
        return Term((*factors, *self.factors), self.places, self.pending)


class Derivatives:
    """Tangents in one world and one kind of numbers, each computed once."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator, self.world, self.numbers = evaluator, evaluator.world, evaluator.numbers
        self._positions: dict[Tensor, dict[int, int]] = {}
        self._direct: dict[tuple[object, ...], list[Term]] = {}
        self._local: dict[tuple[Tensor, Tensor], list[Term]] = {}
        self._jacobians: dict[tuple[Tensor, Tensor, tuple[Tensor, ...]], Array] = {}
        self._cases: dict[type, Callable[[Any, Tensor, Env], list[Term]]] = {
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
        of, by = self.world.lowered(f.of), f.by.tensor
        at = self._places(f.by, env)
        outside = tuple(_flaw_only(a) for a in at if a.flaw is not None)
        here = dict(zip(self.positions(by), at, strict=True))
        if (
            isinstance(of, Component)
            and of.tensor not in (by, *f.held)
            and of.tensor in self.world.program.defined
        ):
            here |= dict(zip(self.positions(of.tensor), self._places(of, env), strict=True))
            return (read(self.jacobian(of.tensor, by, f.held), here), *outside)
        terms = []
        for t in self.direct(of, by, env):
            met = tuple(lift(np.equal, p, e) for p, e in zip(t.places, at, strict=True))
            terms.append(contract((*t.factors, *met), t.pending, self.numbers))
        for tensor in self.world.reads(of):
            if tensor not in (by, *f.held) and by in self.world.upstream(tensor):
                table = self.jacobian(tensor, by, f.held)
                for t in self.direct(of, tensor, env):
                    there = dict(zip(self.positions(tensor), t.places, strict=True))
                    slope = read(table, here | there)
                    terms.append(contract((*t.factors, slope), t.pending, self.numbers))
        if len(terms) == 1:
            return (*terms[0], *outside)
        return (self.evaluator.total([self.evaluator.joined(t) for t in terms]), *outside)

    def jacobian(self, of: Tensor, by: Tensor, held: tuple[Tensor, ...] = ()) -> Array:
        """∂U/∂T for a defined U, over the positions in U and in T."""
        key = (of, by, held)
        if key not in self._jacobians:
            terms = [self._scattered(t, by, self.positions(of)) for t in self.local(of, by)]
            for d in self.world.program.consumers.get(by, ()):
                between = d.tensor
                if between not in (of, by, *held) and between in self.world.upstream(of):
                    outer = self.jacobian(of, between, held)
                    inner = self.positions(between)
                    for t in self.local(between, by):
                        joined = Term((outer, *t.factors), t.places, t.pending | inner)
                        terms.append(self._scattered(joined, by, self.positions(of)))
            self._jacobians[key] = self.evaluator.total(terms)
        return self._jacobians[key]

    def _scattered(self, term: Term, by: Tensor, kept: dict[int, int]) -> Array:
        """A term as a table over the labels `kept` and the positions in T."""
        needed = union(term.places)
        over = {x: n for x, n in term.pending.items() if x not in needed}
        dense = self.evaluator.joined(contract(term.factors, over, self.numbers))
        labels = {x: n for x, n in (kept | term.pending).items() if x not in over}
        return scatter(dense, term.places, labels, kept, self.positions(by), self.numbers)

    def local(self, of: Tensor, by: Tensor) -> list[Term]:
        """How the definition of U reads T, with all other tensors held fixed."""
        key = (of, by)
        if key not in self._local:
            definition = self.world.program.defined[of]
            env = self.world.env(definition.ranges)
            labels = map(self.world.integers.label, definition.indices)
            names = dict(zip(labels, self.positions(of), strict=True))
            terms = self.direct(definition.body, by, env)
            self._local[key] = [_renamed(t, names) for t in terms]
        return self._local[key]

    def positions(self, tensor: Tensor) -> dict[int, int]:
        """The labels of a position in the tensor, with their extents."""
        if tensor not in self._positions:
            shape = self.world.shape(tensor)
            self._positions[tensor] = {self.world.integers.new_label(): n for n in shape}
        return self._positions[tensor]

    def _places(self, c: Component, env: Env) -> tuple[Array, ...]:
        """Where a component stands in its tensor, counted from 0."""
        base = c.tensor.base
        found = []
        for extent, e in zip(self.positions(c.tensor).values(), c.indices, strict=True):
            offset = lift(lambda x: x - base, self.world.integers.value(e, env))
            outside = lift(lambda x, n=extent: (x < 0) | (x >= n), offset)
            inside = lift(lambda x, n=extent: np.clip(x, 0, max(n - 1, 0)), offset)
            found.append(flaw_where(inside, outside))
        return tuple(found)

    # -- tangents inside one formula ---------------------------------------------------------------

    def direct(self, f: Formula, by: Tensor, env: Env) -> list[Term]:
        """The tangent of `f` along T's entries, all other tensors held fixed."""
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

    def _component(self, f: Component, by: Tensor, env: Env) -> list[Term]:
        if f.tensor != by:
            return []
        places = self._places(f, env)
        outside = tuple(_flaw_only(p) for p in places if p.flaw is not None)
        clean = tuple(Array(p.data, p.axes) for p in places)
        return [Term(outside or (Array(np.asarray(True)),), clean, {})]

    def _plus(self, f: Plus, by: Tensor, env: Env) -> list[Term]:
        return [t for a in f.args for t in self.direct(_formula(a), by, env)]

    def _times(self, f: Times, by: Tensor, env: Env) -> list[Term]:
        values = [self.evaluator.product(_formula(a), env) for a in f.args]
        return [
            t.times(*(x for m, v in enumerate(values) if m != k for x in v))
            for k, a in enumerate(f.args)
            for t in self.direct(_formula(a), by, env)
        ]

    def _power(self, f: Power, by: Tensor, env: Env) -> list[Term]:
        if by in self.world.reads(f.exponent):
            raise Unsupported("the derivative of a power by its exponent")
        if self.evaluator.rational(f.exponent) == 0:
            return []
        slope = self.evaluator.product(f.exponent * Power(f.base, f.exponent - 1), env)
        return [t.times(*slope) for t in self.direct(f.base, by, env)]

    def _apply(self, f: Apply, by: Tensor, env: Env) -> list[Term]:
        terms: list[Term] = []
        for k, z in enumerate(f.arguments):
            inner = self.direct(z, by, env)
            if inner:
                slope = derivative(f, k)
                if slope is None:
                    raise Unsupported(f"the derivative of {f.function.name}")
                factors = self.evaluator.product(slope, env)
                terms += [t.times(*factors) for t in inner]
        return terms

    def _extreme(self, f: Greatest | Least, by: Tensor, env: Env) -> list[Term]:
        choice = self.world.order.extreme(f, env)
        return [
            t.times(Array(choice.data == k, choice.axes, choice.flaw))
            for k, a in enumerate(f.args)
            for t in self.direct(_formula(a), by, env)
        ]

    def _branches(self, f: Cases, by: Tensor, env: Env) -> list[Term]:
        return [
            t.times(guard)
            for guard, branch in zip(self.evaluator.taken(f, env), f.args, strict=True)
            for t in self.direct(_formula(branch.args[0]), by, env)
        ]

    def _sum(self, f: Sum, by: Tensor, env: Env) -> list[Term]:
        inner, guards, over = self.evaluator.bind(f, env)
        if 0 in over.values():
            return []
        return [self._bound(t.times(*guards), over) for t in self.direct(f.body, by, inner)]

    def _max(self, f: Max, by: Tensor, env: Env) -> list[Term]:
        """The tangent at the chosen position."""
        inner, _, over = self.evaluator.bind(f, env)
        if 0 in over.values():
            raise Unsupported("a maximum over nothing")
        choice = self.world.order.choice(f, env)
        chosen = [
            as_guard(lift(np.equal, c, self.world.integers.value(Int.of(r.index), inner)))
            for c, r in zip(self.evaluator.picked(choice, f, env), f.ranges, strict=True)
        ]
        return [self._bound(t.times(*chosen), over) for t in self.direct(f.body, by, inner)]

    def _bound(self, t: Term, over: dict[int, int]) -> Term:
        """The term summed over some labels; those that say where the tensor is read must wait.

        They get new labels, because outside its binder an index may mean something else.
        """
        waiting = [x for x in over if any(x in p.axes for p in t.places)]
        free = {x: n for x, n in over.items() if x not in waiting}
        factors = contract(t.factors, free, self.numbers)
        names = {x: self.world.integers.new_label() for x in waiting}
        pending = t.pending | {new: over[x] for x, new in names.items()}
        return _renamed(Term(factors, t.places, pending), names)


def _renamed(t: Term, names: dict[int, int]) -> Term:
    return Term(
        tuple(relabel(a, names) for a in t.factors),
        tuple(relabel(a, names) for a in t.places),
        t.pending,
    )


def _flaw_only(a: Array) -> Array:
    """The factor 1, with the flaws of `a`."""
    return Array(np.ones(a.data.shape, bool), a.axes, a.flaw)


def _formula(a: object) -> Formula:
    assert isinstance(a, Formula)
    return a
