"""Degrees of whole arrays: those of the entry with the largest, over one denominator for all.

An upper bound, as rough as the array is large: sums are over as many terms as an axis is long.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TypeGuard

from derive.ir import (
    Array,
    Commutation,
    Compared,
    Correlated,
    Formula,
    Hadamard,
    Identity,
    Kronecker,
    Mapped,
    Number,
    Ones,
    Outer,
    Product,
    Raised,
    Range,
    Scaled,
    Series,
    Softmax,
    SquaredNorm,
    Tensor,
    Whole,
    Zeros,
)
from derive.ir.levels import Chain

Bounds = tuple[int, int]
"""Degrees of numerator and denominator."""


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
        if isinstance(a, Ones | Zeros | Identity | Commutation | Compared):
            return 0, 0
        if isinstance(a, Array):
            return self.of_tensor(a.tensor)
        if isinstance(a, Chain):
            return self.of(a.at({}))
        if isinstance(a, Series):
            inner, terms = self.within(a.ranges)
            return _times([inner.of(a.body)], max(terms, 1))
        parts = [self.of(p) for p in a.args if isinstance(p, Whole)]
        parts += [self.of_formula(f) for f in a.args if isinstance(f, Formula)]
        if isinstance(a, Product | Correlated):
            return _times(parts, self._terms(a))
        if isinstance(a, Hadamard | Outer | Kronecker):
            return _times(parts, 1)
        if isinstance(a, Scaled):
            return _times(parts, 1)
        if isinstance(a, SquaredNorm):
            return _times(parts * 2, prod(self.extents(a.of)))
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

    def _terms(self, a: Product | Correlated) -> int:
        """How many products an entry is a sum of."""
        if isinstance(a, Correlated):
            return max(prod(self.extents(a.kernel)), 1)
        inner = [self.extents(f) for f in a.factors]
        return max(prod(max(s, default=1) for s in inner[1:]), 1)


def _times(parts: list[Bounds], terms: int) -> Bounds:
    """A sum of so many products over the product of all their denominators."""
    top, bottom = sum(t for t, _ in parts), sum(b for _, b in parts)
    return top + bottom * (terms - 1), bottom * terms


def _is_number(f: Formula) -> TypeGuard[Number]:
    return isinstance(f, Number)


def _added(parts: list[Bounds]) -> Bounds:
    bottom = sum(b for _, b in parts)
    return max((t + bottom - b for t, b in parts), default=0), bottom
