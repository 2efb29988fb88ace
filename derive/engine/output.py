"""How the output of a stack depends on the parameters of one layer.

Everything above the layer is an unknown function of what the layer gives: ∂y_L/∂y_ℓ stays a name.
"""

from __future__ import annotations

from collections.abc import Iterator

from derive.derivation.scope import Scope
from derive.derivation.step import Derivation, Step
from derive.engine.differentiate import Differentiator, replace_derivatives
from derive.engine.layers import (
    BELOW,
    Layers,
    Result,
    entries,
    fired,
    shape_layout,
    total_jacobian,
    with_array,
)
from derive.engine.matrix.form import array_form, matrix_form
from derive.engine.simplify import GRADIENT, simplify
from derive.ir import (
    Component,
    Derivative,
    Element,
    Equal,
    Formula,
    Index,
    Product,
    Sliced,
    Slope,
    Sum,
    Tensor,
    Times,
    Transposed,
    axis_ranges,
    fresh,
    refresh,
    substitute,
)
from derive.rules import stacks


class OutputDerivations:
    """The derivatives of the output by the parameters of a layer of any level."""

    def __init__(self, layers: Layers) -> None:
        self.layers = layers
        self._layer = Differentiator(layers.layer)

    def parameters(self) -> Iterator[Result]:
        """How the output depends on the parameters of a layer."""
        s = self.layers
        for t in s.parameters:
            index = self.through_the_layer(t)
            yield Result(f"output by {t.name}", index, BELOW)
            column = self.by_columns(t)
            if column is not None:
                yield Result(f"columns by {t.name}", column, BELOW)
            form = array_form(index, shape_layout)
            if form.derivation is not None:
                yield Result(f"output arrays by {t.name}", form.derivation, BELOW)
            scalar = self.one_output(index)
            if scalar is not None and len(t.shape) == 2:
                yield Result(f"one output by {t.name}", scalar, BELOW)

    def through_the_layer(self, by: Tensor) -> Derivation:
        """∂y_L/∂θ = Σ_k ∂y_L/∂y_ℓ[k] ∂y_ℓ[k]/∂θ, entry by entry."""
        s = self.layers
        jacobian = total_jacobian(self._layer, s.here, by)
        inner = jacobian.start
        assert isinstance(inner, Derivative)
        assert isinstance(inner.of, Component)
        k = {i: fresh("l") for e in inner.of.indices if isinstance(i := e.atom, Index)}
        of = substitute(inner.of, k)
        m = fresh("i")
        output = s.top[m]
        upper = Derivative(output, of)
        start = Derivative(output, inner.by)
        bound = axis_ranges(s.here, tuple(k.values()))
        chained = Sum(Times(upper, Derivative(of, inner.by)), *bound)
        slope = substitute(refresh(jacobian.result), k)
        inserted = Sum(Times(upper, slope), *bound)
        own = {e.atom for e in inner.by.indices}
        ranges = (*axis_ranges(s.top, (m,)), *(r for r in jacobian.ranges if r.index in own))
        named = Step(start, chained, "chain rule", "chain rule")
        put = Step(chained, inserted, "insert", "insert the Jacobian", jacobian.facts)
        steps = simplify(inserted, Scope(s.below, ranges), GRADIENT)
        return Derivation(start, ranges, (named, put, *steps))

    def by_columns(self, by: Tensor) -> Derivation | None:
        """∂y_L/∂θ_{ij} = ∂y_L/∂y_ℓ times the column ∂y_ℓ/∂θ_{ij}, where that has one entry."""
        s = self.layers
        jacobian = total_jacobian(self._layer, s.here, by)
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
        steps.append(fired(stacks.times_one_entry, second, Scope(s.below, ranges)))
        read = entries(steps[-1].after)
        steps.append(Step(steps[-1].after, read, "entry", ""))
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
        made, reason = matrix_form(chain, shape_layout)
        if reason:
            return None
        steps = [*made.steps]
        scope = Scope(s.below, ranges)
        turned = stacks.as_diagonal.apply(made.result, scope)
        if turned is None:
            return None
        law = stacks.as_diagonal
        steps.append(Step(made.result, turned, law.name, law.reason))
        only = with_array(turned, rows, Transposed(Slope(s.top, s.here)))
        fact = Equal(s.top.shape[0], 1)
        steps.append(Step(turned, only, "the only row", "there is one row", (fact,)))
        return Derivation(entry, ranges, tuple(steps))
