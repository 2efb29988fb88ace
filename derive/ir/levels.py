r"""What is said of any level: formulas at other levels, products and sums over levels.

    Chain(J_k, k from ℓ+1 to L-1)     J_{L-1} ... J_{ℓ+1}, the highest level first
    OverLevels(f_t, t from 1 to T)    f_1 + ... + f_T, for a formula
    SumOverLevels(A_t, t from 1 to T)    the same for arrays

What depends on the level are the names that end with its letter.  `at_levels` turns what is said
of the layer ℓ into what is said of the layer 3, or of the layer k.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from sympy import Basic

from derive.ir.binder import Range
from derive.ir.family import Level, text_at
from derive.ir.formula import Formula, Number, Plus, Tensor, checked
from derive.ir.index import Index, Size
from derive.ir.integer import Atom, Int
from derive.ir.linear import Added, Product
from derive.ir.walk import rebuild
from derive.ir.whole import Identity, Whole, Zeros, made, wholes

Node = TypeVar("Node", bound=Basic)


def at_levels(f: Node, to: Mapping[str, Level]) -> Node:
    """A formula about arrays of some levels as one about arrays of others.

    A product or a sum over levels that become numbers is written out.
    """
    return _at(f, to)  # type: ignore[return-value]


def _at(f: Basic, to: Mapping[str, Level]) -> Basic:
    if isinstance(f, Tensor):
        names = (text_at(f.name, to), text_at(f.symbol, to))
        return Tensor(*names, (_int_at(d, to) for d in f.shape), f.base, f.classes)
    if isinstance(f, Int):
        return _int_at(f, to)
    if isinstance(f, OfLevels):
        at: Basic = f.at(to)
        return at
    return rebuild(f, tuple(_at(a, to) for a in f.args)) if f.args else f


def _int_at(e: Int, to: Mapping[str, Level]) -> Int:
    def put(a: Atom) -> Int | None:
        if isinstance(a, Size):
            name = text_at(a.name, to)
            return None if name == a.name else Int.of(Size(name, None, a.least))
        if isinstance(a, Index) and a.hint in to and a.number == 0:
            return to[a.hint].integer
        return None

    return e.replace(put)


class OfLevels(Basic):
    """What has one part for each level of a range; `body` is that of any level."""

    __slots__ = ()

    @property
    def body(self) -> Any:
        return self.args[0]

    @property
    def levels(self) -> Range:
        return self.args[1]  # type: ignore[return-value]

    def at(self, to: Mapping[str, Level]) -> Any:
        """The same at other levels; with numbers for them, written out."""
        low, high = (_int_at(e, to) for e in (self.levels.lowers[0], self.levels.uppers[0]))
        letter = self.levels.index.hint
        body = at_levels(self.body, {k: v for k, v in to.items() if k != letter})
        if low.constant is None or high.constant is None:
            return type(self)(body, Range(self.levels.index, low, high))
        levels = range(low.constant, high.constant + 1)
        parts = [at_levels(body, {letter: Level("", k)}) for k in levels]
        if len(parts) == 1:
            return parts[0]
        return self.joined(parts) if parts else self.empty(body, high)

    def joined(self, parts: Sequence[Any]) -> Any:
        """Two parts or more together, from the lowest level on."""
        raise NotImplementedError

    def empty(self, body: Any, highest: Int) -> Any:
        """What there is without any level."""
        raise NotImplementedError


class Chain(OfLevels, Whole):
    """The product of matrices, one for each level of a range, the highest first.

    `body` is the matrix of the level whose letter is that of the range's index.  Where there is no
    level the product is the identity.
    """

    __slots__ = ()

    def __new__(cls, body: Whole, levels: Range) -> Chain:
        wholes((body,), "a Chain")
        letter, lowest, highest = levels.index.hint, levels.lowers[0], levels.uppers[0]
        rows = _int_at(body.shape[0], {letter: Level.from_integer(highest)})
        columns = _int_at(body.shape[1], {letter: Level.from_integer(lowest)})
        return made(cls, (rows, columns), body, levels)

    def joined(self, parts: Sequence[Whole]) -> Whole:
        return Product(*reversed(parts))

    def empty(self, body: Whole, highest: Int) -> Whole:
        rows = _int_at(body.shape[0], {self.levels.index.hint: Level.from_integer(highest)})
        return Identity(rows, self.base or 1)


class OverLevels(OfLevels, Formula):
    """The sum of a formula over all levels of a range."""

    __slots__ = ()

    def __new__(cls, body: Formula, levels: Range) -> OverLevels:
        checked((body,), Formula, "an OverLevels")
        return Basic.__new__(cls, body, levels)

    def joined(self, parts: Sequence[Formula]) -> Formula:
        return Plus(*parts)

    def empty(self, body: Formula, highest: Int) -> Formula:
        return Number(0)


class SumOverLevels(OfLevels, Whole):
    """The sum of an array over all levels of a range; its shape is the same at all of them."""

    __slots__ = ()

    def __new__(cls, body: Whole, levels: Range) -> SumOverLevels:
        wholes((body,), "a SumOverLevels")
        return made(cls, body.shape, body, levels)

    def joined(self, parts: Sequence[Whole]) -> Whole:
        return Added(*parts)

    def empty(self, body: Whole, highest: Int) -> Whole:
        return Zeros(body.shape, self.base or 1)
