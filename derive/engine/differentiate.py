"""Derivatives of programs: forward forms, Jacobians, cotangents and gradients.

The chain rule runs backwards through the definitions.  For every tensor T that the loss L depends
on, ∂L/∂T is a sum over the definitions that read T:

    ∂L/∂T_e = Σ_Z Σ_i ∂L/∂Z_i ∂Z_i/∂T_e

Where Z also reads other arrays that depend on T, these are held fixed in ∂Z/∂T: the paths through
them are counted in their own terms.

The recursive form keeps ∂L/∂Z as a name; the expanded form puts its own expanded form there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

from derive.derivation.program import Program
from derive.derivation.scope import Scope
from derive.derivation.step import Derivation, Step
from derive.engine.simplify import FORWARD, GRADIENT, JACOBIAN, PRESENTED, simplify
from derive.engine.tuples import assigned, entry_ranges, indices_of, taken_apart, tuples
from derive.errors import MissingRule, Unsupported
from derive.ir import (
    Component,
    Definition,
    Derivative,
    Formula,
    Guard,
    Index,
    Int,
    Sum,
    Tensor,
    fresh,
    instantiate,
    rebuild,
    refresh,
    subformulas,
    substitute,
    tensors,
    to_text,
)
from derive.rules.terms import product, total

OFFSETS = frozenset("abd")
_WINDOW = frozenset("abg")
"""Letters of the offsets in a window, which are summed innermost: they are eliminated first."""


class Differentiator:
    """All derivatives of one program; each is derived once and kept.

    `hidden` are coefficients of unknown functions: what such a function hands back to its argument
    is not written out.
    """

    def __init__(self, program: Program, hidden: Iterable[Tensor] = ()) -> None:
        self.program = program
        self.hidden = frozenset(hidden)
        self.unknown = frozenset(
            d.tensor for d in program.definitions if tensors(d.body) & self.hidden
        )
        self._forward: dict[Tensor, Derivation] = {}
        self._edges: dict[tuple[Tensor, Tensor], tuple[Component, Component, Derivation]] = {}
        self._jacobians: dict[tuple[Tensor, Tensor], Derivation] = {}
        self._gradients: dict[tuple[Tensor, bool], tuple[Component, Derivation]] = {}

    # -- forward ---------------------------------------------------------------------------------

    def forward(self, tensor: Tensor) -> Derivation:
        """The scalar form of a definition, conditions turned into bounds."""
        if tensor not in self._forward:
            d = self.program.defined[tensor]
            scope = Scope(self.program, d.ranges)
            named = Step(d.left, d.body, "definition", "definition")
            steps = simplify(d.body, scope, FORWARD)
            self._forward[tensor] = Derivation(d.left, d.ranges, (named, *steps))
        return self._forward[tensor]

    def definition(self, tensor: Tensor) -> Definition:
        """The definition of a tensor in its scalar form."""
        d = self.program.defined[tensor]
        return Definition(tensor, d.indices, self.forward(tensor).result)

    @cached_property
    def simplified(self) -> Program:
        """The program with all definitions in scalar form: what folding recognises."""
        p = self.program
        definitions = tuple(self.definition(d.tensor) for d in p.definitions)
        return Program(p.sizes, p.given, definitions, p.size_facts, p.facts, p.loss)

    # -- Jacobians -------------------------------------------------------------------------------

    def jacobian(self, of: Tensor, by: Tensor) -> Derivation:
        """∂of/∂by for a definition that reads `by` directly, with indices of its own for each.

        What else it reads is held fixed.

        The chain rule uses an earlier form of it, with the deltas whose indices have a coefficient
        other than ±1: it may find a better index for them.
        """
        if (of, by) not in self._jacobians:
            d = self._edge(of, by)[2]
            rest = simplify(d.result, Scope(self.simplified, d.ranges), PRESENTED)
            self._jacobians[of, by] = Derivation(d.start, d.ranges, (*d.steps, *rest))
        return self._jacobians[of, by]

    def total(self, by: Tensor) -> Derivation:
        """∂L/∂by along all paths: of a loss that reads `by` itself, else by the chain rule."""
        loss = self.program.loss
        if loss is not None and loss in {d.tensor for d in self.program.consumers.get(by, ())}:
            direct = self.jacobian(loss, by)
            if isinstance(direct.start, Derivative) and not direct.start.held:
                return direct
        return self.gradient(by, expanded=True)

    def _edge(self, of: Tensor, by: Tensor) -> tuple[Component, Component, Derivation]:
        if (of, by) not in self._edges:
            d = self.definition(of)
            left, variable = d.left, entry(by, *readings(d.body, by))
            derivation = self._differentiated(d, left, variable)
            free = (*indices_of(left), *indices_of(variable))
            apart = tuples(taken_apart(derivation.result, free))
            if apart:
                left, variable = substitute(left, apart), substitute(variable, apart)
                derivation = self._differentiated(d, left, variable)
            _demand_complete(derivation.result)
            self._edges[of, by] = (left, variable, derivation)
        return self._edges[of, by]

    def _differentiated(self, d: Definition, left: Component, variable: Component) -> Derivation:
        """The derivative of an entry of a definition, as far as the chain rule uses it."""
        held = self._held(d, variable.tensor)
        ranges = (*entry_ranges(left), *entry_ranges(variable))
        start = Derivative(left, variable, *held)
        opened = Derivative(instantiate(d, left.indices), variable, *held)
        known = self.forward(d.tensor).facts
        named = Step(start, opened, "definition", f"definition of {d.tensor.name}", known)
        steps = simplify(opened, Scope(self.simplified, ranges), JACOBIAN)
        return Derivation(start, ranges, (named, *steps))

    def _held(self, d: Definition, by: Tensor) -> tuple[Tensor, ...]:
        """What a definition reads that depends on `by` as well: other terms count those paths."""
        read = tensors(d.body)
        p = self.program
        return tuple(t for t in p.defined if t in read and t != by and by in p.ancestors(t))

    # -- gradients -------------------------------------------------------------------------------

    def gradient(self, by: Tensor, expanded: bool = False) -> Derivation:
        """∂L/∂by, recursive (in terms of the next cotangents) or expanded (down to the loss)."""
        return self._gradient(by, expanded)[1]

    def _gradient(self, by: Tensor, expanded: bool) -> tuple[Component, Derivation]:
        if (by, expanded) not in self._gradients:
            make = self._expanded if expanded else self._recursive
            self._gradients[by, expanded] = make(by)
        return self._gradients[by, expanded]

    def _recursive(self, by: Tensor) -> tuple[Component, Derivation]:
        loss = self.program.loss
        if loss is None:
            raise Unsupported("there is no loss to take gradients of; add a [loss] table")
        readers = self.program.consumers.get(by, ())
        if [d.tensor for d in readers] == [loss]:
            _, variable, derivation = self._edge(loss, by)
            return variable, derivation
        seed = loss[self.program.defined[loss].indices]
        variable = entry(by, *(readings(readers[0].body, by) if readers else ()))
        derivation = self._chained(seed, variable)
        apart = tuples(taken_apart(derivation.result, indices_of(variable)))
        if apart:
            variable = substitute(variable, apart)
            derivation = self._chained(seed, variable)
        return variable, derivation

    def _chained(self, seed: Component, variable: Component) -> Derivation:
        """The derivative of `seed` by an entry of an array, in terms of what reads the array."""
        start = Derivative(seed, variable)
        ranges = (*entry_ranges(seed), *entry_ranges(variable))
        chained, inserted, facts = self._chain(seed, variable)
        named = [Step(start, chained, "chain rule", "chain rule")] if chained != start else []
        put = Step(chained, inserted, "insert", "insert the Jacobian", facts)
        steps = simplify(inserted, Scope(self.simplified, ranges), GRADIENT)
        return Derivation(start, ranges, (*named, put, *steps))

    def _chain(
        self, seed: Component, variable: Component
    ) -> tuple[Formula, Formula, tuple[Guard, ...]]:
        """The chain rule for one tensor: with ∂Z/∂T as it is, and with its Jacobian inserted.

        The third part is what the Jacobians rely on.
        """
        chained: list[Formula] = []
        inserted: list[Formula] = []
        facts: list[Guard] = []
        for d in self.program.consumers.get(variable.tensor, ()):
            if d.tensor != seed.tensor and d.tensor not in self.program.ancestors(seed.tensor):
                continue
            left, edge_variable, derivation = self._edge(d.tensor, variable.tensor)
            facts += derivation.facts
            to = assigned(edge_variable, variable)
            held = self._held(d, variable.tensor)
            if d.tensor == seed.tensor:
                chained.append(Derivative(seed, variable, *held))
                inserted.append(substitute(refresh(derivation.result), to))
                continue
            new = {i: Int.of(fresh(i)) for i in indices_of(left)}
            here = substitute(left, new)
            bound = sorted(entry_ranges(here), key=lambda r: r.index.hint in _WINDOW)
            upstream = Derivative(seed, here)
            edge = product(upstream, Derivative(here, variable, *held))
            chained.append(Sum(edge, *bound) if bound else edge)
            jacobian = substitute(refresh(derivation.result), {**to, **new})
            put = product(upstream, jacobian)
            inserted.append(Sum(put, *bound) if bound else put)
        if not chained:
            raise Unsupported(f"{seed.tensor.name} does not depend on {variable.tensor.name}")
        return total(*chained), total(*inserted), tuple(dict.fromkeys(facts))

    def _expanded(self, by: Tensor) -> tuple[Component, Derivation]:
        variable, recursive = self._gradient(by, False)
        scope = Scope(self.simplified, recursive.ranges)
        at = recursive.result
        opened = replace_derivatives(at, self._expansion)
        steps = list(recursive.steps)
        if opened != at:
            facts = self._facts_of_cotangents(at)
            steps.append(Step(at, opened, "substitute", "substitute the cotangents", facts))
            steps += simplify(opened, scope, GRADIENT)
        return variable, Derivation(recursive.start, recursive.ranges, tuple(steps))

    def is_argument(self, tensor: Tensor) -> bool:
        """Whether an unknown function reads the array."""
        return any(d.tensor in self.unknown for d in self.program.consumers.get(tensor, ()))

    def _facts_of_cotangents(self, f: Formula) -> tuple[Guard, ...]:
        """What the expanded forms of the cotangents in `f` rely on."""
        named = [g.by.tensor for g in subformulas(f) if isinstance(g, Derivative)]
        named = [t for t in named if not self.is_argument(t)]
        facts = (g for t in dict.fromkeys(named) for g in self._gradient(t, True)[1].facts)
        return tuple(dict.fromkeys(facts))

    def _expansion(self, f: Derivative) -> Formula:
        """The expanded form of ∂L/∂Z at the indices that stand there."""
        if self.is_argument(f.by.tensor):
            return f
        variable, derivation = self._gradient(f.by.tensor, True)
        assert isinstance(derivation.start, Derivative)
        assert isinstance(f.of, Component)
        seed = derivation.start.of
        assert isinstance(seed, Component)
        to = {**assigned(variable, f.by), **assigned(seed, f.of)}
        return substitute(refresh(derivation.result), to)


def replace_derivatives(f: Formula, to: Callable[[Derivative], Formula]) -> Formula:
    """Every derivative in `f`, the outermost where they are nested, replaced by what `to` says."""
    if isinstance(f, Derivative):
        return to(f)
    if not any(isinstance(g, Derivative) for g in subformulas(f)):
        return f
    return rebuild(
        f, tuple(replace_derivatives(a, to) if isinstance(a, Formula) else a for a in f.args)
    )


def entry(tensor: Tensor, *read: Component) -> Component:
    """An entry of `tensor` with a new index for every axis that is longer than 1.

    The letters are those with which a formula reads the tensor; a position in a window, which is
    only read as a compound expression or with the offset of a sum, gets a letter of its own.
    """
    letters = iter("pqrsuv")
    at: list[Int] = []
    for k, d in enumerate(tensor.shape):
        if d.constant == 1:
            at.append(Int.of(tensor.base))
            continue
        indices = (c.indices[k].atom for c in read)
        plain = (a for a in indices if isinstance(a, Index) and a.hint not in OFFSETS)
        at.append(Int.of(fresh(next(plain, None) or next(letters))))
    return tensor[tuple(at)]


def readings(body: Formula, tensor: Tensor) -> list[Component]:
    """The entries of `tensor` that a formula reads."""
    return [g for g in subformulas(body) if isinstance(g, Component) and g.tensor == tensor]


def _demand_complete(f: Formula) -> None:
    for g in subformulas(f):
        if isinstance(g, Derivative):
            raise MissingRule(f"no rule differentiates {to_text(g.of)} by {to_text(g.by)}")
