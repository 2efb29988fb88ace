"""Numbers in an equation read as the sizes that they are: 24 as H_out, 1/64 as 1/N.

The equation that results says the same at the sizes that the Given fixes.  So where it holds at
other sizes, too, the equation holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, combinations, combinations_with_replacement
from typing import TypeVar

from sympy import Basic

from derive.check.pair import Pair
from derive.derivation.program import Program
from derive.ir import (
    Component,
    Count,
    Entry,
    Formula,
    Index,
    Int,
    Number,
    Power,
    Range,
    Size,
    Tensor,
    Times,
    rebuild,
    subformulas,
)
from derive.ir.integer import Atom

Node = TypeVar("Node", bound=Basic)

SMALL = 8
"""Numbers below this are not taken for sizes."""


def lifted(program: Program, pair: Pair, ranges_only: bool = False) -> Pair:
    """The pair with every number that is the value of a size, or of a product of two, replaced.

    With `ranges_only` that is the last value of an index that runs along an axis of that extent,
    where there can be no doubt.
    """
    lift = _Lift(program, pair, ranges_only)
    left, right = (lift.formula(f) for f in pair.sides)
    return replace(pair, left=left, right=right, ranges=tuple(map(lift.formula, pair.ranges)))


def in_terms_of(program: Program, pair: Pair) -> Pair:
    """The pair about the arrays and sizes of the same names in another program."""
    arrays = {t.name: t for t in (*program.given, *program.defined)}
    sizes = {s.name: s for s in program.sizes}

    def atom(a: Atom) -> Int | None:
        if isinstance(a, Entry):
            return Int.of(Entry(arrays[a.tensor.name], *(p.replace(atom) for p in a.parts)))
        return Int.of(sizes[a.name]) if isinstance(a, Size) and a.name in sizes else None

    def moved(f: Node) -> Node:
        if isinstance(f, Int):
            return f.replace(atom)  # type: ignore[return-value]
        if isinstance(f, Tensor):
            return arrays[f.name]  # type: ignore[return-value]
        return rebuild(f, tuple(map(moved, f.args))) if f.args else f

    left, right = map(moved, pair.sides)
    return replace(pair, left=left, right=right, ranges=tuple(map(moved, pair.ranges)))


class _Lift:
    def __init__(self, program: Program, pair: Pair, ranges_only: bool) -> None:
        sizes = () if ranges_only else program.sizes
        valued = [(Int.of(s), s.value) for s in sizes if s.value is not None]
        self.sizes: dict[int, Int] = {}
        for e, value in valued:
            self.sizes.setdefault(value, e)
        for (e, v), (f, w) in combinations_with_replacement(valued, 2):
            self.sizes.setdefault(v * w, e * f)
        self.axes: dict[tuple[Index, int], Int] = {}
        for side in pair.sides:
            for c in subformulas(side):
                if isinstance(c, Component):
                    self._see(c)

    def _see(self, c: Component) -> None:
        """Remember the last index of each axis along which a lone index runs."""
        for e, extent in zip(c.indices, c.tensor.shape, strict=True):
            if isinstance(e.atom, Index):
                last = extent + (c.tensor.base - 1)
                value = _value(last)
                if value is not None:
                    self.axes.setdefault((e.atom, value), last)

    def formula(self, f: Node) -> Node:
        """A formula, guard or range with its numbers replaced."""
        if isinstance(f, Range):
            uppers = [
                self.axes.get((f.index, b.constant or 0)) or self.integer(b) for b in f.uppers
            ]
            return Range(f.index, [self.integer(b) for b in f.lowers], uppers)  # type: ignore[return-value]
        if isinstance(f, Int):
            return self.integer(f)  # type: ignore[return-value]
        if isinstance(f, Number):
            return self.number(f)  # type: ignore[return-value]
        return rebuild(f, tuple(self.formula(a) for a in f.args)) if f.args else f

    def integer(self, e: Int) -> Int:
        """An integer expression with the sizes for its coefficients and its constant."""
        total, constant, scales = Int.of(0), 0, []
        for monomial, c in e.terms:
            scale = self.sizes.get(abs(c)) if abs(c) >= SMALL and monomial else None
            if not monomial:
                constant = c
            elif scale is None:
                total = total + Int({monomial: c})
            else:
                total = total + Int({monomial: 1 if c > 0 else -1}) * scale
                scales.append((c, scale))
        return total + self.constant(constant, scales)

    def constant(self, c: int, scales: list[tuple[int, Int]]) -> Int:
        """A constant: a size, one less than the coefficients of indices from 1, or near a size."""
        if abs(c) < SMALL or not self.sizes:
            return Int.of(c)
        if abs(c) in self.sizes:
            return self.sizes[abs(c)] if c > 0 else -self.sizes[abs(c)]
        for some in _subsets(scales):
            rest = c + sum(abs(n) for n, _ in some)
            if some and abs(rest) < SMALL:
                return sum((-e for _, e in some), Int.of(rest))
        nearest = min(self.sizes, key=lambda n: (abs(n - abs(c)), n))
        if abs(nearest - abs(c)) >= SMALL:
            return Int.of(c)
        size = self.sizes[nearest]
        return size + (c - nearest) if c > 0 else -size + (c + nearest)

    def number(self, f: Number) -> Formula:
        """A number whose numerator or denominator is a size."""
        above, below = f.value.numerator, f.value.denominator
        parts: list[Formula] = []
        if abs(above) >= SMALL and abs(above) in self.sizes:
            parts += [Number(1 if above > 0 else -1), Count(self.sizes[abs(above)])]
        if below >= SMALL and below in self.sizes:
            inverse = Power(Count(self.sizes[below]), Number(-1))
            return Times(*(parts or [Number(above)]), inverse)
        return Times(*parts) if parts and below == 1 else f


def _subsets(items: list[tuple[int, Int]]) -> Iterator[tuple[tuple[int, Int], ...]]:
    return chain.from_iterable(combinations(items, n) for n in range(len(items), 0, -1))


def _value(e: Int) -> int | None:
    known = e.replace(lambda a: None if (v := getattr(a, "value", None)) is None else Int.of(v))
    return known.constant
