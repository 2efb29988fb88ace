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
    direct_jacobian,
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
            rows = self.by_rows(index) if len(t.shape) == 2 else None
            if rows is not None:
                yield Result(f"rows by {t.name}", rows, BELOW)
                one = self.one_output(rows)
                if one is not None:
                    yield Result(f"one output by {t.name}", one, BELOW)

    def of_one_layer(self, by: Tensor) -> Derivation:
        """∂y_ℓ/∂θ; where other layers share θ, with what the layer reads of them fixed."""
        s = self.layers
        if by in s.shared:
            return direct_jacobian(self._layer, s.here, by, s.before)
        return total_jacobian(self._layer, s.here, by)

    def through_the_layer(self, by: Tensor) -> Derivation:
        """∂y_L/∂θ = Σ_k ∂y_L/∂y_ℓ[k] ∂y_ℓ[k]/∂θ, entry by entry."""
        s = self.layers
        jacobian = self.of_one_layer(by)
        inner = jacobian.start
        assert isinstance(inner, Derivative)
        assert isinstance(inner.of, Component)
        k = {i: fresh("l") for e in inner.of.indices if isinstance(i := e.atom, Index)}
        of = substitute(inner.of, k)
        m = fresh("m")
        output = s.top[m]
        upper = Derivative(output, of)
        start = Derivative(output, inner.by)
        bound = axis_ranges(s.here, tuple(k.values()))
        chained = Sum(Times(upper, Derivative(of, inner.by, *inner.held)), *bound)
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
        m = fresh("m")
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
            Step(first, second, "column", "only the entry that the parameter enters is not 0"),
        ]
        steps.append(fired(stacks.times_one_entry, second, Scope(s.below, ranges)))
        read = entries(steps[-1].after)
        steps.append(Step(steps[-1].after, read, "entry", ""))
        return Derivation(start, ranges, tuple(steps))

    def by_rows(self, index: Derivation) -> Derivation | None:
        """The derivative of each output by a matrix, with a row of ∂y_L/∂y_ℓ as a column."""
        s = self.layers
        start = index.start
        assert isinstance(start, Derivative)
        assert isinstance(start.of, Component)
        m = start.of.indices[0].atom
        assert isinstance(m, Index)
        upper = self.row(m)
        read = replace_derivatives(index.result, lambda d: Element(upper, *d.by.indices))
        whole = Sliced(Slope(s.top, start.by.tensor), (0,), (m,))
        entry = Element(whole, *start.by.indices)
        ranges = tuple(r for r in index.ranges if r.index != m)
        named = Step(entry, read, "rows", "row by row")
        made, reason = matrix_form(Derivation(entry, ranges, (named,)), shape_layout)
        if reason:
            return None
        law = stacks.as_diagonal
        turned = law.apply(made.result, Scope(s.below, ranges))
        steps = made.steps
        if turned is not None:
            steps = (*steps, Step(made.result, turned, law.name, law.reason))
        return Derivation(entry, index.ranges, steps)

    def row(self, m: Index | int) -> Sliced:
        """A row of the Jacobian of the output by what the layer gives, as a column."""
        s = self.layers
        return Sliced(Slope(s.top, s.here), (0,), (m,))

    def one_output(self, rows: Derivation) -> Derivation | None:
        """The derivative of the one output by a matrix, where there is one output only."""
        s = self.layers
        base = s.top.base
        m = rows.ranges[0].index
        start, result = (substitute(f, {m: base}) for f in (rows.start, rows.result))
        try:
            only = with_array(result, self.row(base), Transposed(Slope(s.top, s.here)))
        except ValueError:  # the row stands where a matrix of one column cannot
            return None
        fact = Equal(s.top.shape[0], 1)
        steps = (
            Step(start, result, "first row", "the first row"),
            Step(result, only, "the only row", "there is one row", (fact,)),
        )
        return Derivation(start, rows.ranges[1:], steps)
