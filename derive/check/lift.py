"""Numbers read as the sizes that they are: 24 as H_out, 144 as H_out W_out, 1/64 as 1/N.

What results says the same at the sizes that the Given fixes.  So where it holds at other sizes,
too, it holds.  A number may be several sizes, and it may be none: there is more than one reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import chain, combinations, combinations_with_replacement, islice
from math import prod
from typing import NamedTuple, TypeVar

from sympy import Basic

from derive.check.pair import Pair
from derive.check.unify import Moved, unified
from derive.derivation.program import Program
from derive.ir import (
    Component,
    Count,
    Formula,
    Index,
    Int,
    Number,
    Power,
    Range,
    Relation,
    Tensor,
    Times,
    rebuild,
    subformulas,
)
from derive.ir.integer import Atom, Compound, parts_of

Node = TypeVar("Node", bound=Basic)


class Meaning(NamedTuple):
    """A size, or a product of sizes, times a small number."""

    e: Int
    times: Fraction = Fraction(1)


Choice = Mapping[int, "Meaning | None"]
"""What each number is; None for one that is just a number."""

SMALL = 8
"""Numbers below this are not taken for sizes."""
FACTORS = tuple(Fraction(n) for n in ("1", "2", "1/2", "3", "1/3", "4", "1/4"))
"""Small numbers by which a size may be multiplied: 320 is N C / 2."""
OPTIONS, READINGS = 5, 16
"""How many sizes one number may be, and how many readings of a pair there are, at most."""


@dataclass(frozen=True)
class Reading:
    """A pair with numbers read as sizes; it is `complete` if only small ones are left."""

    pair: Pair
    complete: bool


class Named:
    """A program with names for all sizes, also for the numbers in it, and pairs about it."""

    def __init__(self, program: Program) -> None:
        program, self._unified = unified(program, SMALL)
        self._numbers = Numbers(program)
        lift = _Lift(self._numbers.first(_numbers_in(program)))
        self._arrays = {t.name: _named(t, lift) for t in (*program.given, *program.defined)}
        self._read = Moved(self._arrays, {})

        def read(f: Node) -> Node:
            moved = self._read(f)
            return lift.seeing(moved).node(moved)

        self.program = replace(
            program,
            given=tuple(map(self._read, program.given)),
            definitions=tuple(
                replace(d, tensor=self._read(d.tensor), body=read(d.body))
                for d in program.definitions
            ),
            facts=tuple(
                Relation(read(r.left), r.relation, read(r.right), tuple(map(read, r.ranges)))
                for r in program.facts
            ),
            loss=None if program.loss is None else self._read(program.loss),
        )

    def about(self, f: Node) -> Node:
        """A formula, or a condition, about the arrays and sizes of the same names here."""
        return self._read(self._unified(f))

    def readings(self, pair: Pair) -> Iterator[Reading]:
        """A pair about arrays and sizes of these names, as it reads with names for its numbers."""
        left, right = map(self.about, pair.sides)
        ranges = tuple(map(self.about, pair.ranges))
        for choice in self._numbers.choices(numbers_of((left, right, *ranges))):
            lift = _Lift(choice).seeing(left, right)
            over = tuple(map(lift.node, ranges))
            made = replace(pair, left=lift.node(left), right=lift.node(right), ranges=over)
            yield Reading(made, not numbers_of((*made.sides, *over)))


# -- what a number may be --------------------------------------------------------------------------


class Numbers:
    """What numbers may be at the sizes that a Given fixes; sizes of one value are one."""

    def __init__(self, program: Program) -> None:
        self._sizes: dict[int, Int] = {}
        for s in program.sizes:
            if s.value is not None and s.value > 1:
                self._sizes.setdefault(s.value, Int.of(s))
        self._known: dict[int, tuple[Meaning, ...]] = {}

    def options(self, n: int) -> tuple[Meaning, ...]:
        """What `n` may be: a size, a product, a multiple, or near a size, in this order."""
        if n < SMALL:
            return ()
        if n not in self._known:
            self._known[n] = tuple(islice(dict.fromkeys(self._options(n)), OPTIONS))
        return self._known[n]

    def _options(self, n: int) -> Iterator[Meaning]:
        for times in FACTORS:
            wanted = n / times
            for some in self._products.get(int(wanted), ()) if wanted.denominator == 1 else ():
                yield Meaning(product_of(some), times)
        near = [v for v in self._sizes if v >= SMALL and 0 < abs(v - n) < SMALL]
        for v in sorted(near, key=lambda v: abs(v - n)):
            yield Meaning(self._sizes[v] + (n - v))

    @cached_property
    def _products(self) -> dict[int, list[tuple[Int, ...]]]:
        """Sizes, and products of up to four of which one at least is large, by their values."""
        made: dict[int, list[tuple[Int, ...]]] = {}
        for k in range(1, 5):
            for values in combinations_with_replacement(self._sizes, k):
                if max(values) >= SMALL or k == 2:
                    some = tuple(self._sizes[v] for v in values)
                    made.setdefault(prod(values), []).append(some)
        return made

    def first(self, numbers: Iterable[int]) -> dict[int, Meaning | None]:
        """The most likely meaning of each number."""
        return {n: next(iter(self.options(n)), None) for n in numbers}

    def choices(self, numbers: Sequence[int]) -> Iterator[Choice]:
        """The most likely meanings, and then those in which one number has another one, or none."""
        first = self.first(numbers)
        others = [
            {**first, n: meaning}
            for n in numbers
            if self.options(n)
            for meaning in (*self.options(n)[1:], None)
        ]
        yield from [first, *others][:READINGS]


def numbers_of(formulas: Sequence[Basic]) -> tuple[int, ...]:
    """The numbers in formulas and ranges that are not small, each once."""
    found = (n for f in formulas for n in _numbers(f) if n >= SMALL)
    return tuple(dict.fromkeys(found))


def _numbers_in(program: Program) -> tuple[int, ...]:
    shapes = [e for t in (*program.given, *program.defined) for e in t.shape]
    bodies = [d.body for d in program.definitions]
    facts = [f for r in program.facts for f in (r.left, r.right, *r.ranges)]
    return numbers_of([*shapes, *bodies, *facts])


def _numbers(f: Basic) -> Iterator[int]:
    for node in subformulas(f):
        if isinstance(node, Int):
            yield from _constants(node)
        elif isinstance(node, Number):
            yield from (abs(node.value.numerator), node.value.denominator)


def _constants(e: Int) -> Iterator[int]:
    yield from (abs(c) for _, c in e.terms)
    for a in e.atoms_within():
        for part in parts_of(a):
            yield from (abs(c) for _, c in part.terms)


# -- reading them so -------------------------------------------------------------------------------


class _Lift:
    """Replaces numbers by what they are chosen to be.

    An index that runs along an axis runs to its end, whatever else the number of its end may be.
    """

    def __init__(self, choice: Choice) -> None:
        self.meanings = {n: m for n, m in choice.items() if m is not None}
        self.sizes = {
            n: m.e * m.times.numerator for n, m in choice.items() if m and m.times.denominator == 1
        }
        self.axes: dict[tuple[Index, int], Int] = {}

    def seeing(self, *formulas: Basic) -> _Lift:
        """The same where lone indices run along the axes that they do in some formulas."""
        self.axes = {}
        for c in (node for f in formulas for node in subformulas(f)):
            if not isinstance(c, Component):
                continue
            for e, extent in zip(c.indices, c.tensor.shape, strict=True):
                last = extent + (c.tensor.base - 1)
                value = _value(last)
                if isinstance(e.atom, Index) and value is not None and value >= SMALL:
                    self.axes.setdefault((e.atom, value), last)
        return self

    def node(self, f: Node) -> Node:
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
        return rebuild(f, tuple(self.node(a) for a in f.args)) if f.args else f

    def integer(self, e: Int) -> Int:
        """An integer expression with the sizes for its coefficients and its constant."""
        total, constant, scales = Int.of(0), 0, []
        for monomial, c in e.terms:
            scale = self.sizes.get(abs(c)) if monomial else None
            if not monomial:
                constant = c
            elif scale is None:
                total = total + self.within(monomial) * c
            else:
                total = total + self.within(monomial) * scale * (1 if c > 0 else -1)
                scales.append((c, scale))
        return total + self.constant(constant, scales)

    def within(self, monomial: tuple[Atom, ...]) -> Int:
        """A product of atoms with the numbers inside floors and entries replaced."""
        result = Int.of(1)
        for a in monomial:
            inner = [self.integer(part) for part in parts_of(a)]
            result = result * (a.rebuild(inner) if isinstance(a, Compound) else Int.of(a))
        return result

    def constant(self, c: int, scales: list[tuple[int, Int]]) -> Int:
        """A constant: a size, or one less than the coefficients of indices from 1."""
        if abs(c) < SMALL:
            return Int.of(c)
        for some in _subsets(scales):
            rest = c + sum(abs(n) for n, _ in some)
            if some and abs(rest) < SMALL:
                return sum((-e for _, e in some), Int.of(rest))
        size = self.sizes.get(abs(c))
        return Int.of(c) if size is None else size * (1 if c > 0 else -1)

    def number(self, f: Number) -> Formula:
        """A number whose numerator or denominator is a size."""
        above = self.meanings.get(abs(f.value.numerator))
        below = self.meanings.get(f.value.denominator)
        if above is None and below is None:
            return f
        number = f.value
        parts: list[Formula] = []
        if above is not None:
            number = above.times * number / abs(number.numerator)
            parts.append(Count(above.e))
        if below is not None:
            number = number * f.value.denominator / below.times
            parts.append(Power(Count(below.e), Number(-1)))
        return Times(Number(number), *parts)


def product_of(sizes: Iterable[Int]) -> Int:
    return prod(sizes, start=Int.of(1))


def _subsets(items: list[tuple[int, Int]]) -> Iterator[tuple[tuple[int, Int], ...]]:
    return chain.from_iterable(combinations(items, n) for n in range(len(items), 0, -1))


def _value(e: Int) -> int | None:
    known = e.replace(lambda a: None if (v := getattr(a, "value", None)) is None else Int.of(v))
    return known.constant


def _named(t: Tensor, lift: _Lift) -> Tensor:
    """A tensor with sizes for the numbers in its shape."""
    classes = None if t.classes is None else lift.integer(t.classes)
    return Tensor(t.name, t.symbol, map(lift.integer, t.shape), t.base, classes)
