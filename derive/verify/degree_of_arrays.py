"""Degrees of whole arrays: an upper bound for every entry.

What only moves entries has the degrees of what it moves.  A sum is over as many terms as an axis is
long, each with a denominator of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TypeGuard

from derive.ir import (
    Added,
    Array,
    Broadcast,
    Commutation,
    Compared,
    Correlated,
    Diagonal,
    DiagonalOf,
    Dilated,
    Folded,
    Formula,
    Hadamard,
    Identity,
    Kronecker,
    Largest,
    Mapped,
    Number,
    Ones,
    Outer,
    Padded,
    Permuted,
    Picked,
    Product,
    Raised,
    Range,
    Reshaped,
    Rotated,
    Scaled,
    Series,
    Sliced,
    Slope,
    Softmax,
    SquaredNorm,
    Stacked,
    StackedOver,
    Summed,
    Tensor,
    Transposed,
    Unfolded,
    Vec,
    Whole,
    Zeros,
)
from derive.ir.levels import Chain
from derive.ir.vectorised import VecSlope

Bounds = tuple[int, int]
"""Degrees of numerator and denominator."""

PIECEWISE = frozenset({"relu", "abs"})
"""Functions that are polynomials on each side of 0, of degree 1."""

_CONSTANT = Ones | Zeros | Identity | Commutation | Compared | Picked
_MOVED = (
    Transposed
    | Permuted
    | Reshaped
    | Vec
    | Sliced
    | Stacked
    | Broadcast
    | Rotated
    | Dilated
    | Padded
    | Unfolded
    | Diagonal
    | DiagonalOf
    | Largest
)
"""Each entry is one of the parts', or 0."""


class ArrayDegrees:
    """Degrees at the sizes of one world.

    `of_formula` and `of_tensor` are those of formulas and of the entries of tensors, `extents` the
    shape of an array; `within` has the degrees where some ranges are in scope as well, and how many
    values these have.
    """

    def __init__(
        self,
        of_formula: Callable[[Formula], Bounds],
        of_tensor: Callable[[Tensor], Bounds],
        extents: Callable[[Whole], tuple[int, ...]],
        within: Callable[[tuple[Range, ...]], tuple[ArrayDegrees, int]],
    ) -> None:
        self.of_formula, self.of_tensor, self.extents = of_formula, of_tensor, extents
        self.within = within

    def of(self, a: Whole) -> Bounds:
        """The degree of every entry."""
        if isinstance(a, _CONSTANT):
            return 0, 0
        if isinstance(a, Array):
            return self.of_tensor(a.tensor)
        if isinstance(a, Chain):
            return self.of(a.at({}))
        if isinstance(a, VecSlope):
            return self.of(a.slope)
        if isinstance(a, Slope):
            top, bottom = self.of_tensor(a.of)
            return top + bottom, 2 * bottom
        if isinstance(a, Series | StackedOver):
            inner, terms = self.within(a.ranges)
            return _times([inner.of(a.body)], max(terms, 1) if isinstance(a, Series) else 1)
        parts = [self.of(p) for p in a.args if isinstance(p, Whole)]
        parts += [self.of_formula(f) for f in a.args if isinstance(f, Formula)]
        if isinstance(a, Product | Correlated):
            return _times(parts, self._terms(a))
        if isinstance(a, Hadamard | Outer | Kronecker | Scaled):
            return _times(parts, 1)
        if isinstance(a, SquaredNorm):
            return _times(parts * 2, prod(self.extents(a.of)))
        if isinstance(a, _MOVED) or _is_piecewise(a):
            return max(t for t, _ in parts), max(b for _, b in parts)
        if isinstance(a, Added):
            return _added(parts)
        if isinstance(a, Summed | Folded):
            return _times(parts, self._terms(a))
        return self._other(a, parts)

    def _other(self, a: Whole, parts: list[Bounds]) -> Bounds:
        if isinstance(a, Raised | Mapped | Softmax):
            # The value of a function is a variable of its own, and so is that of a root.
            power = a.exponent.value if isinstance(a, Raised) and _is_number(a.exponent) else 1
            degree = (sum(self.of(a.of)) + 1) * max(abs(power.numerator), 1)
            many = self.extents(a)[-1] if isinstance(a, Softmax) else 1
            return _times([(degree, degree)], max(many, 1))
        slopes = [self.of_tensor(t) for t in a.args if isinstance(t, Tensor)]
        twice = [(t + b, 2 * b) for t, b in slopes for _ in range(2)]
        entries = [prod(self.extents(p)) for p in a.args if isinstance(p, Whole)]
        return _times([_added([*parts, *twice])], max([1, *entries]))

    def _terms(self, a: Product | Correlated | Summed | Folded) -> int:
        """How many terms an entry is a sum of, at most."""
        if isinstance(a, Correlated):
            return max(prod(self.extents(a.kernel)), 1)
        if isinstance(a, Summed):
            shape = self.extents(a.of)
            return max(prod(shape[k] for k in a.axes), 1)
        if isinstance(a, Folded):
            return max(self.extents(a.of)[-2], 1)
        inner = [self.extents(f) for f in a.factors]
        return max(prod(max(s, default=1) for s in inner[1:]), 1)


def _times(parts: list[Bounds], terms: int) -> Bounds:
    """A sum of so many products over the product of all their denominators."""
    top, bottom = sum(t for t, _ in parts), sum(b for _, b in parts)
    return top + bottom * (terms - 1), bottom * terms


def _is_piecewise(a: Whole) -> bool:
    return isinstance(a, Mapped) and a.function.known and a.function.name in PIECEWISE


def _is_number(f: Formula) -> TypeGuard[Number]:
    return isinstance(f, Number)


def _added(parts: list[Bounds]) -> Bounds:
    bottom = sum(b for _, b in parts)
    return max((t + bottom - b for t, b in parts), default=0), bottom
