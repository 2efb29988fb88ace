r"""Families of arrays and sizes: members with a level in their name, and what is said of any level.

    A_3   A_\ell   n_{\ell-1}   y_L

A name ends with its level: a number, a letter, or a letter plus or minus a number.  `at_levels`
turns what is said of the layer ℓ into what is said of the layer 3, or of the layer k.

`Chain` is the product of one array for each level, the highest first:

    Chain(J_k, k from ℓ+1 to L-1)  =  J_{L-1} ... J_{ℓ+1}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from sympy import Basic

from derive.ir.binder import Range
from derive.ir.formula import Tensor
from derive.ir.index import Index, Size
from derive.ir.integer import Atom, Int
from derive.ir.linear import Product
from derive.ir.walk import rebuild
from derive.ir.whole import Identity, Whole, made, wholes

Node = TypeVar("Node", bound=Basic)
_LETTER = r"\\[A-Za-z]+|[A-Za-z]"
_LEVEL = re.compile(
    rf"\s*(?:(?P<letter>{_LETTER})\s*(?:(?P<sign>[+-])\s*(?P<by>\d+))?|(?P<n>\d+))\s*"
)
_SUBSCRIPT = re.compile(rf"_(?:\{{(?P<inner>[^{{}}]*)\}}|(?P<bare>{_LETTER}|\d))")


@dataclass(frozen=True)
class Level:
    """A letter plus a number; without a letter, the number."""

    letter: str
    plus: int = 0

    @staticmethod
    def of(text: str) -> Level | None:
        r"""The level that `\ell-1`, `L` or `3` is."""
        found = _LEVEL.fullmatch(text)
        if found is None:
            return None
        if found["n"] is not None:
            return Level("", int(found["n"]))
        by = int(found["by"] or 0)
        return Level(found["letter"], -by if found["sign"] == "-" else by)

    @staticmethod
    def from_integer(e: Int) -> Level:
        """The level that an integer expression is."""
        letters = [m[0].hint for m, _ in e.terms if m and isinstance(m[0], Index)]
        rest = e - (Int.of(Index(letters[0])) if letters else Int.of(0))
        if rest.constant is None:
            raise ValueError(f"{e} is no level")
        return Level(letters[0] if letters else "", rest.constant)

    def at(self, to: Mapping[str, Level]) -> Level:
        """The level with another one for its letter."""
        other = to.get(self.letter)
        return self if other is None else replace(other, plus=other.plus + self.plus)

    def __str__(self) -> str:
        if not self.letter:
            return str(self.plus)
        return self.letter + (f"{self.plus:+d}" if self.plus else "")

    @property
    def subscript(self) -> str:
        """As it stands at the foot of a name."""
        text = str(self)
        return f"_{text}" if re.fullmatch(rf"{_LETTER}|\d", text) else f"_{{{text}}}"

    @property
    def integer(self) -> Int:
        """As an integer expression."""
        return (Int.of(Index(self.letter)) if self.letter else Int.of(0)) + self.plus


def member(name: str) -> tuple[str, Level] | None:
    """The family and the level of a name that ends with a level."""
    found = list(_SUBSCRIPT.finditer(name))
    if not found or found[-1].end() != len(name) or found[-1].start() == 0:
        return None
    level = Level.of(found[-1]["inner"] or found[-1]["bare"])
    return None if level is None else (name[: found[-1].start()], level)


def text_at(text: str, to: Mapping[str, Level]) -> str:
    """A name, or a formula in LaTeX, with other levels for letters at the foot of names."""

    def put(found: re.Match[str]) -> str:
        level = Level.of(found["inner"] if found["inner"] is not None else found["bare"])
        if level is None or level.letter not in to:
            return found[0]
        return level.at(to).subscript

    return _SUBSCRIPT.sub(put, text)


def at_levels(f: Node, to: Mapping[str, Level]) -> Node:
    """A formula about arrays of some levels as one about arrays of others.

    A Chain whose levels become numbers becomes a product, or an identity matrix.
    """
    return _at(f, to)  # type: ignore[return-value]


def _at(f: Basic, to: Mapping[str, Level]) -> Basic:
    if isinstance(f, Tensor):
        names = (text_at(f.name, to), text_at(f.symbol, to))
        return Tensor(*names, (_int_at(d, to) for d in f.shape), f.base, f.classes)
    if isinstance(f, Int):
        return _int_at(f, to)
    if isinstance(f, Chain):
        return f.at(to)
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


class Chain(Whole):
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

    @property
    def body(self) -> Whole:
        return self.args[0]  # type: ignore[return-value]

    @property
    def levels(self) -> Range:
        return self.args[1]  # type: ignore[return-value]

    def at(self, to: Mapping[str, Level]) -> Whole:
        """The chain at other levels; with numbers, written out."""
        low, high = (_int_at(e, to) for e in (self.levels.lowers[0], self.levels.uppers[0]))
        inner = {k: v for k, v in to.items() if k != self.levels.index.hint}
        body = at_levels(self.body, inner)
        if low.constant is None or high.constant is None:
            return Chain(body, Range(self.levels.index, low, high))
        letter = self.levels.index.hint
        parts = [
            at_levels(body, {letter: Level("", k)})
            for k in range(high.constant, low.constant - 1, -1)
        ]
        if not parts:
            return Identity(
                _int_at(body.shape[0], {letter: Level.from_integer(high)}), self.base or 1
            )
        return parts[0] if len(parts) == 1 else Product(*parts)
