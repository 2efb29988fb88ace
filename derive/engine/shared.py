"""How the output of a stack depends on what all its layers share, as in a recurrent network.

    ∂h_T/∂W = Σ_t ∂h_T/∂h_t (∂h_t/∂W)|_{h_{t-1}}

A change of W changes every layer by itself, and each of these changes reaches the output through
the layers above.  The dependence of one layer is its own Jacobian, the state below it held fixed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from derive.derivation.step import Derivation, Step
from derive.engine.layers import (
    WHOLE,
    Layers,
    Result,
    flat_products,
    shape_layout,
    with_array,
)
from derive.engine.matrix.form import array_form
from derive.engine.output import OutputDerivations
from derive.ir import Element, Formula, Index, Range, Slope, Tensor, Whole
from derive.ir.levels import OverLevels, SumOverLevels

REASON = "chain rule: it enters every layer, and each passes its change on"


@dataclass(frozen=True)
class SharedDerivations:
    """The derivatives by what all layers share; `closed` is the product for ∂y_L/∂y_ℓ."""

    layers: Layers
    output: OutputDerivations
    closed: Whole

    def all(self) -> Iterator[Result]:
        """For each shared array: entry by entry, as arrays, and with the product put in."""
        for t in self.layers.shared:
            index = self.output.through_the_layer(t)
            yield Result(f"shared by {t.name}", self.summed(index), WHOLE)
            arrays = self.as_arrays(index, t)
            if arrays is not None:
                yield Result(f"shared arrays by {t.name}", arrays, WHOLE)
                yield Result(f"shared written out by {t.name}", self.written_out(arrays), WHOLE)

    @property
    def levels(self) -> Range:
        return Range(Index(self.layers.letter), 1, self.layers.highest.integer)

    def summed(self, index: Derivation) -> Derivation:
        """The steps through one layer, summed over the layers."""
        start, (first, *rest) = index.start, index.steps
        steps = [Step(start, self.over(first.after), first.rule, REASON, first.facts)]
        for s in rest:
            steps.append(Step(self.over(s.before), self.over(s.after), s.rule, s.reason, s.facts))
        return Derivation(start, index.ranges, tuple(steps))

    def over(self, f: Formula) -> Formula:
        return OverLevels(f, self.levels)

    def as_arrays(self, index: Derivation, by: Tensor) -> Derivation | None:
        """The sum of arrays; by a matrix, for each output."""
        d = self.output.by_rows(index) if len(by.shape) == 2 else None
        d = d or array_form(index, shape_layout).derivation
        if d is None or not isinstance(d.result, Element):
            return None
        told = Element(SumOverLevels(d.result.whole, self.levels), *d.result.indices)
        return Derivation(d.start, d.ranges, (Step(d.start, told, "arrays", "as arrays"),))

    def written_out(self, arrays: Derivation) -> Derivation:
        """The same with the product over the layers put in."""
        upper = Slope(self.layers.top, self.layers.here)
        opened = flat_products(with_array(arrays.result, upper, self.closed))
        steps = (*arrays.steps, Step(arrays.result, opened, "product", "insert the product"))
        return Derivation(arrays.start, arrays.ranges, steps)
