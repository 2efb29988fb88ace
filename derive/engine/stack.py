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
from functools import cached_property

from derive.derivation.scope import Scope
from derive.derivation.step import Derivation, Step
from derive.engine.differentiate import Differentiator
from derive.engine.layers import (
    ALL,
    LAST,
    LAYER,
    Layers,
    Result,
    chain_rule_apart,
    fired,
    flat_products,
    shape_layout,
    total_jacobian,
    with_array,
)
from derive.engine.matrix.form import array_form, matrix_form
from derive.engine.output import OutputDerivations
from derive.engine.shared import SharedDerivations
from derive.engine.simplify import GRADIENT, simplify
from derive.errors import Unsupported
from derive.ir import (
    Derivative,
    Element,
    Identity,
    Index,
    Product,
    Range,
    Sliced,
    Slope,
    Tensor,
    Whole,
    axis_ranges,
    fresh,
    substitute,
)
from derive.ir.family import Level
from derive.ir.levels import Chain, at_levels
from derive.rules import stacks


class StackDerivations:
    """Everything that there is to derive about a stack; `all` in the order of a document."""

    def __init__(self, layers: Layers) -> None:
        self.layers = layers
        self.output = OutputDerivations(layers)
        self._layer, self._last = Differentiator(layers.layer), Differentiator(layers.last)

    @cached_property
    def special(self) -> bool:
        """Whether the last layer differs from the others."""
        return self.layers.highest != Level(self.layers.count)

    @cached_property
    def all(self) -> tuple[Result, ...]:
        s = self.layers
        return (
            *self.one_layer(),
            *(self.last_layer() if self.special else ()),
            *self.induction(),
            *self.output.parameters(),
            *self.written_out(),
            *SharedDerivations(s, self.output, self.closed(Level(s.letter))).all(),
        )

    # -- one layer ---------------------------------------------------------------------------------

    def one_layer(self) -> Iterator[Result]:
        """The layer of any level, and its derivatives."""
        s = self.layers
        for d in s.layer.definitions:
            name = "forward" if d.tensor == s.here else f"forward of {d.tensor.name}"
            yield Result(name, self._layer.forward(d.tensor), LAYER)
        for t in (*s.parameters, *s.shared, s.before):
            yield from _jacobian(self.output.of_one_layer(t), t, LAYER)

    def last_layer(self) -> Iterator[Result]:
        """The last layer, where it differs."""
        s = self.layers
        for d in s.last.definitions:
            name = "forward of the last" if d.tensor == s.top else f"forward of {d.tensor.name}"
            yield Result(name, self._last.forward(d.tensor), LAST)
        before = self._at_top(s.before)
        for t in (*s.last_parameters, before):
            yield from _jacobian(total_jacobian(self._last, s.top, t), t, LAST)
            if t != before and len(t.shape) == 2:
                yield from self.first_output(t)

    def first_output(self, by: Tensor) -> Iterator[Result]:
        """The first output by the first row of a matrix, where each output has a row of it."""
        d = total_jacobian(self._last, self.layers.top, by)
        start, base = d.start, by.base
        assert isinstance(start, Derivative)
        of, row = (c.args[1].atom for c in (start.of, start.by))  # type: ignore[attr-defined]
        if not isinstance(of, Index) or not isinstance(row, Index):
            return
        ranges = tuple(r for r in d.ranges if r.index not in (of, row))
        told, first = (substitute(f, {of: base, row: base}) for f in (start, d.result))
        steps = simplify(first, Scope(self.layers.last, ranges), GRADIENT)
        named = Step(told, first, "first output", "the same for the first output and row")
        entries = Derivation(told, ranges, (named, *steps))
        whole = Sliced(Slope(self.layers.top, by), (0, 1), (base, base))
        entry = Element(whole, *(r.index for r in ranges))
        read = Step(entry, entries.result, "first row", "the first row")
        made, reason = matrix_form(Derivation(entry, ranges, (read,)), shape_layout)
        if not reason:
            yield Result(f"first output by {by.name}", entries, LAST)
            yield Result(f"one output by {by.name}", made, LAST)

    def _at_top(self, t: Tensor) -> Tensor:
        return at_levels(t, {self.layers.letter: Level(self.layers.count)})

    def _matrix(self, engine: Differentiator, of: Tensor, by: Tensor) -> Whole:
        """The Jacobian of one array by another, as a matrix."""
        form = array_form(total_jacobian(engine, of, by), shape_layout)
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

    def closed(self, level: Level) -> Whole:
        """The Jacobian of the output by the state of a level, as a product over the layers."""
        k = self.layers.product_letter
        body = at_levels(self.step_matrix, {self.layers.letter: Level(k)})
        chain = Chain(body, Range(Index(k), level.integer + 1, self.layers.highest.integer))
        return Product(self.last_matrix, chain) if self.special else chain

    def induction(self) -> Iterator[Result]:
        """The product formula: its base, its step, and what follows from them."""
        s = self.layers
        start = s.highest if self.special else Level(s.count)
        lowest = at_levels(s.here, {s.letter: start})
        i, j = fresh("i"), fresh("j")
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
        steps = [fired(stacks.through_the_layer, start, scope)]
        upper = Slope(s.top, s.here)
        inserted = with_array(steps[-1].after, Slope(s.here, s.before), self.step_matrix)
        steps.append(Step(steps[-1].after, inserted, "insert", "insert the Jacobian of the layer"))
        supposed = flat_products(with_array(inserted, upper, self.closed(Level(s.letter))))
        steps.append(Step(inserted, supposed, "hypothesis", "by the induction hypothesis"))
        steps.append(fired(stacks.one_more_factor, supposed, scope))
        return Derivation(start, ranges, tuple(steps))

    def written_out(self) -> Iterator[Result]:
        """The derivatives by the parameters with the product over the layers put in."""
        s = self.layers
        for t in s.parameters:
            index = self.output.through_the_layer(t)
            d = array_form(index, shape_layout).derivation
            d = self.output.by_rows(index) if d is None else d
            if d is None:
                continue
            opened = flat_products(
                with_array(d.result, Slope(s.top, s.here), self.closed(Level(s.letter)))
            )
            start = d.start
            steps = (
                Step(start, d.result, "insert", "as above", d.facts),
                Step(d.result, opened, "product", "insert the product"),
            )
            yield Result(f"written out by {t.name}", Derivation(start, d.ranges, steps), ALL)


def _jacobian(index: Derivation, by: Tensor, where: str) -> Iterator[Result]:
    """A Jacobian entry by entry and, where there is such a form, as arrays."""
    yield Result(f"jacobian by {by.name}", chain_rule_apart(index), where)
    form = array_form(index, shape_layout)
    if form.derivation is not None:
        yield Result(f"arrays by {by.name}", form.derivation, where)
