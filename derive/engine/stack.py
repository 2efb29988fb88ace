"""Derivatives of a stack of layers: one layer of any level, and all layers by induction.

    one layer      ∂y_ℓ/∂y_{ℓ-1} = J_ℓ, and ∂y_ℓ/∂θ_ℓ for each parameter
    base           ∂y_L/∂y_{L-1} = J_L
    step           ∂y_L/∂y_{ℓ-1} = ∂y_L/∂y_ℓ ∂y_ℓ/∂y_{ℓ-1} = (J_L ... J_{ℓ+1}) J_ℓ
    parameters     ∂y_L/∂θ_ℓ = ∂y_L/∂y_ℓ ∂y_ℓ/∂θ_ℓ

The matrix J_ℓ is whatever the engine finds for the layer.  A statement about all levels is one
about members of families; verification tries it at numbers for ℓ and L.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from sympy import Basic

from derive.derivation.program import Program
from derive.derivation.rule import Rule
from derive.derivation.scope import Scope
from derive.derivation.step import Derivation, Step
from derive.engine.differentiate import Differentiator, replace_derivatives
from derive.engine.matrix.form import array_form, matrix_form
from derive.engine.simplify import GRADIENT, simplify
from derive.errors import Unsupported
from derive.ir import (
    Component,
    Derivative,
    Element,
    Equal,
    Formula,
    Identity,
    Index,
    Int,
    Product,
    Range,
    Sliced,
    Slope,
    Tensor,
    Times,
    Transposed,
    Whole,
    axis_ranges,
    rebuild,
    substitute,
)
from derive.ir.family import Chain, Level, at_levels
from derive.rules import stacks

LAYER, LAST, BELOW, ALL = "layer", "last", "below", "all"
"""Where a derivation holds: in the program of a layer, of the last layer, of a layer below an
unknown function, or in every whole stack."""


@dataclass(frozen=True)
class Layers:
    """The programs of a stack, and its arrays: what a layer reads of the one before, what it
    gives, the output, and the parameters of a layer and of the last one.

    `highest` is the last level of the general layers.
    """

    letter: str
    count: str
    highest: Level
    layer: Program
    last: Program
    below: Program
    before: Tensor
    here: Tensor
    top: Tensor
    parameters: tuple[Tensor, ...]
    last_parameters: tuple[Tensor, ...]


@dataclass(frozen=True)
class Result:
    """A derivation with its name and the place where it holds."""

    name: str
    derivation: Derivation
    where: str


class StackDerivations:
    """Everything that there is to derive about a stack; `all` in the order of a document."""

    def __init__(self, layers: Layers) -> None:
        self.layers = layers
        self._layer, self._last = Differentiator(layers.layer), Differentiator(layers.last)
        self._below = Differentiator(replace(layers.below, loss=layers.top))

    @cached_property
    def special(self) -> bool:
        """Whether the last layer differs from the others."""
        return self.layers.highest != Level(self.layers.count)

    @cached_property
    def all(self) -> tuple[Result, ...]:
        return (
            *self.one_layer(),
            *(self.last_layer() if self.special else ()),
            *self.induction(),
            *self.parameters(),
            *self.written_out(),
        )

    # -- one layer ---------------------------------------------------------------------------------

    def one_layer(self) -> Iterator[Result]:
        """The layer of any level, and its derivatives."""
        s = self.layers
        yield Result("forward", self._layer.forward(s.here), LAYER)
        for t in (*s.parameters, s.before):
            yield from self._jacobian(self._layer, s.here, t, LAYER)

    def last_layer(self) -> Iterator[Result]:
        """The last layer, where it differs."""
        s = self.layers
        yield Result("forward of the last", self._last.forward(s.top), LAST)
        before = self._at_top(s.before)
        for t in (*s.last_parameters, before):
            yield from self._jacobian(self._last, s.top, t, LAST)
            row = self.one_row(t) if t != before and len(t.shape) == 2 else None
            if row is not None:
                yield Result(f"one output by {t.name}", row, LAST)

    def one_row(self, by: Tensor) -> Derivation | None:
        """The first output by the first row of a matrix, where each output has a row of it."""
        d = self._last.jacobian(self.layers.top, by)
        start, base = d.start, by.base
        assert isinstance(start, Derivative)
        of, row = (c.args[1].atom for c in (start.of, start.by))  # type: ignore[attr-defined]
        if not isinstance(of, Index) or not isinstance(row, Index):
            return None
        ranges = tuple(r for r in d.ranges if r.index not in (of, row))
        first = substitute(d.result, {of: base, row: base})
        whole = Sliced(Slope(self.layers.top, by), (0, 1), (base, base))
        entry = Element(whole, *(r.index for r in ranges))
        named = Step(entry, first, "one row", "the first row")
        steps = simplify(first, Scope(self.layers.last, ranges), GRADIENT)
        made, reason = matrix_form(Derivation(entry, ranges, (named, *steps)), _shape)
        return None if reason else made

    def _jacobian(
        self, engine: Differentiator, of: Tensor, by: Tensor, where: str
    ) -> Iterator[Result]:
        index = engine.jacobian(of, by)
        yield Result(f"jacobian by {by.name}", index, where)
        form = array_form(index, _shape)
        if form.derivation is not None:
            yield Result(f"arrays by {by.name}", form.derivation, where)

    def _at_top(self, t: Tensor) -> Tensor:
        return at_levels(t, {self.layers.letter: Level(self.layers.count)})

    def _matrix(self, engine: Differentiator, of: Tensor, by: Tensor) -> Whole:
        """The Jacobian of one array by another, as a matrix."""
        form = array_form(engine.jacobian(of, by), _shape)
        if form.derivation is None:
            raise Unsupported(
                f"the product over the layers needs ∂{of.name}/∂{by.name} as a matrix, which it "
                f"has not: {form.reason}"
            )
        result = form.derivation.result
        assert isinstance(result, Element)
        return result.whole

    # -- all layers --------------------------------------------------------------------------------

    @cached_property
    def step_matrix(self) -> Whole:
        """J_ℓ, the Jacobian of one layer of any level."""
        return self._matrix(self._layer, self.layers.here, self.layers.before)

    @cached_property
    def last_matrix(self) -> Whole:
        """J_L, that of the last layer."""
        return self._matrix(self._last, self.layers.top, self._at_top(self.layers.before))

    @cached_property
    def product_letter(self) -> str:
        """A letter for the levels in the product that is not that of any member."""
        taken = {self.layers.letter, self.layers.count, "i", "j"}
        return next(x for x in "kmpqrs" if x not in taken)

    def closed(self, level: Level) -> Whole:
        """The Jacobian of the output by the state of a level, as a product over the layers."""
        k = self.product_letter
        body = at_levels(self.step_matrix, {self.layers.letter: Level(k)})
        chain = Chain(body, Range(Index(k), level.integer + 1, self.layers.highest.integer))
        return Product(self.last_matrix, chain) if self.special else chain

    def induction(self) -> Iterator[Result]:
        """The product formula: its base, its step, and what follows from them."""
        s = self.layers
        start = s.highest if self.special else Level(s.count)
        lowest = at_levels(s.here, {s.letter: start})
        i, j = Index("i"), Index("j")
        yield Result("base", self._base(lowest, start, i, j), ALL)
        yield Result("step", self._step(i, j), ALL)
        ranges = (*axis_ranges(s.top, (i,)), *axis_ranges(s.here, (j,)))
        claim = Element(Slope(s.top, s.here), i, j)
        told = Element(self.closed(Level(s.letter)), i, j)
        by = Step(claim, told, "induction", "by induction, from the last layer down")
        yield Result("product", Derivation(claim, ranges, (by,)), ALL)

    def _base(self, lowest: Tensor, level: Level, i: Index, j: Index) -> Derivation:
        s = self.layers
        ranges = (*axis_ranges(s.top, (i,)), *axis_ranges(lowest, (j,)))
        start = Element(Slope(s.top, lowest), i, j)
        one = self.last_matrix if self.special else Identity(s.top.shape[0], s.top.base)
        known = Element(one, i, j)
        reason = "the last layer" if self.special else "distinct entries are independent"
        closed = Element(self.closed(level), i, j)
        return Derivation(
            start,
            ranges,
            (
                Step(start, known, "base", reason),
                Step(known, closed, "empty product", "a product of no factors is the identity"),
            ),
        )

    def _step(self, i: Index, j: Index) -> Derivation:
        s = self.layers
        ranges = (*axis_ranges(s.top, (i,)), *axis_ranges(s.before, (j,)))
        start = Element(Slope(s.top, s.before), i, j)
        scope = Scope(s.below, ranges)
        steps = [_fired(stacks.through_the_layer, start, scope)]
        upper = Slope(s.top, s.here)
        inserted = _with(steps[-1].after, Slope(s.here, s.before), self.step_matrix)
        steps.append(Step(steps[-1].after, inserted, "insert", "insert the Jacobian of the layer"))
        supposed = _flat(_with(inserted, upper, self.closed(Level(s.letter))))
        steps.append(Step(inserted, supposed, "hypothesis", "by the induction hypothesis"))
        steps.append(_fired(stacks.one_more_factor, supposed, scope))
        return Derivation(start, ranges, tuple(steps))

    # -- parameters --------------------------------------------------------------------------------

    def parameters(self) -> Iterator[Result]:
        """How the output depends on the parameters of a layer."""
        s = self.layers
        for t in s.parameters:
            index = self._below.gradient(t)
            yield Result(f"output by {t.name}", index, BELOW)
            column = self.by_columns(t)
            if column is not None:
                yield Result(f"columns by {t.name}", column, BELOW)
            form = array_form(index, _shape)
            if form.derivation is not None:
                yield Result(f"output arrays by {t.name}", form.derivation, BELOW)
            scalar = self.one_output(index)
            if scalar is not None and len(t.shape) == 2:
                yield Result(f"one output by {t.name}", scalar, BELOW)

    def by_columns(self, by: Tensor) -> Derivation | None:
        """∂y_L/∂θ_{ij} = ∂y_L/∂y_ℓ times the column ∂y_ℓ/∂θ_{ij}, where that has one entry."""
        s = self.layers
        jacobian = self._layer.jacobian(s.here, by)
        scope = Scope(s.layer, jacobian.ranges)
        if not isinstance(jacobian.result, Times):
            return None
        column = stacks.column_with_one_entry.apply(jacobian.result, scope)
        inner = jacobian.start
        assert isinstance(inner, Derivative)
        if not isinstance(column, Element) or column.indices != inner.of.args[1:]:
            return None
        m = Index("m")
        entry = inner.by
        start = Derivative(s.top[m], entry)
        axes = len(s.here.shape)
        fixed = Sliced(Slope(s.here, by), range(axes, axes + len(by.shape)), entry.indices)
        upper = Slope(s.top, s.here)
        first = Element(Product(upper, fixed), m)
        second = Element(Product(upper, column.whole), m)
        own = {e.atom for e in entry.indices}
        ranges = (*axis_ranges(s.top, (m,)), *(r for r in jacobian.ranges if r.index in own))
        reason = "chain rule: a row times a column"
        steps = [
            Step(start, first, "chain rule", reason),
            Step(first, second, "insert", "only the entry that the parameter enters is not 0"),
        ]
        steps.append(_fired(stacks.times_one_entry, second, Scope(s.below, ranges)))
        entries = _entries(steps[-1].after)
        steps.append(Step(steps[-1].after, entries, "entry", ""))
        return Derivation(start, ranges, tuple(steps))

    def one_output(self, index: Derivation) -> Derivation | None:
        """The derivative of the one output by a matrix, where there is one output only."""
        s = self.layers
        start = index.start
        assert isinstance(start, Derivative)
        (m,) = (e.atom for e in start.of.args[1:])  # type: ignore[attr-defined]
        base = s.top.base
        rows = Sliced(Slope(s.top, s.here), (0,), (base,))
        assert isinstance(m, Index)
        first = substitute(index.result, {m: base})

        def row(d: Derivative) -> Formula:
            return Element(rows, *d.by.indices)

        read = replace_derivatives(first, row)
        ranges = tuple(r for r in index.ranges if r.index != m)
        whole = Sliced(Slope(s.top, start.by.tensor), (0,), (base,))
        entry = Element(whole, *start.by.indices)
        chain = Derivation(entry, ranges, (Step(entry, read, "one row", "the first row"),))
        made, reason = matrix_form(chain, _shape)
        if reason:
            return None
        steps = [*made.steps]
        scope = Scope(s.below, ranges)
        turned = stacks.as_diagonal.apply(made.result, scope)
        if turned is None:
            return None
        law = stacks.as_diagonal
        steps.append(Step(made.result, turned, law.name, law.reason))
        only = _with(turned, rows, Transposed(Slope(s.top, s.here)))
        fact = Equal(s.top.shape[0], 1)
        steps.append(Step(turned, only, "the only row", "there is one row", (fact,)))
        return Derivation(entry, ranges, tuple(steps))

    def written_out(self) -> Iterator[Result]:
        """The derivatives by the parameters with the product over the layers put in."""
        s = self.layers
        for t in s.parameters:
            form = array_form(self._below.gradient(t), _shape)
            if form.derivation is None:
                continue
            d = form.derivation
            opened = _flat(_with(d.result, Slope(s.top, s.here), self.closed(Level(s.letter))))
            start = d.start
            steps = (
                Step(start, d.result, "insert", "as above", d.facts),
                Step(d.result, opened, "product", "insert the product"),
            )
            yield Result(f"written out by {t.name}", Derivation(start, d.ranges, steps), ALL)


def _shape(by: Tensor) -> str:
    """Jacobians have the axes of what is differentiated first."""
    return "shape"


def _fired(law: Rule, f: Formula, scope: Scope) -> Step:
    new = law.apply(f, scope)
    if new is None:
        raise Unsupported(f"the layers do not follow each other as “{law.name}” expects")
    return Step(f, new, law.name, law.reason)


def _with(f: Formula, old: Whole, new: Whole) -> Formula:
    """A formula with one array in place of another."""

    def put(a: Basic) -> Basic:
        if a == old:
            return new
        return rebuild(a, tuple(map(put, a.args))) if a.args else a

    made = put(f)
    assert isinstance(made, Formula)
    return made


def _flat(f: Formula) -> Formula:
    """An entry of a product of products as one of a product."""

    def put(a: Basic) -> Basic:
        if not a.args or isinstance(a, (Int, Range)):
            return a
        a = rebuild(a, tuple(map(put, a.args)))
        if isinstance(a, Product) and any(isinstance(p, Product) for p in a.factors):
            parts = (q for p in a.factors for q in (p.factors if isinstance(p, Product) else (p,)))
            return Product(*parts)
        return a

    made = put(f)
    assert isinstance(made, Formula)
    return made


def _entries(f: Formula) -> Formula:
    """Entries of arrays of derivatives as derivatives of entries."""
    if isinstance(f, Element) and isinstance(f.whole, Slope) and f.whole.layout == "shape":
        count = len(f.whole.of.shape)
        of, by = f.indices[:count], f.indices[count:]
        return Derivative(Component(f.whole.of, *of), Component(f.whole.by, *by), *f.whole.held)
    if not f.args:
        return f
    return rebuild(f, tuple(_entries(a) if isinstance(a, Formula) else a for a in f.args))
