"""The atoms of index arithmetic: indices, which vary, and sizes, which do not.

An index is an object with an identity, not a letter: the letter that a page prints for it is
chosen once per document.  A size is a named extent; it stays a symbol that carries its value, so
one derivation serves the symbolic and the concrete document.
"""

from __future__ import annotations

import itertools
from typing import Any

from sympy import Basic

from derive.ir.integer import Atom, Int, SortKey

_numbers = itertools.count(1)


class Index(Atom):
    """An index variable with an identity: a `hint` for its letter and a `number`.

    Two indices are equal when both agree.  Number 0 is for indices that somebody named; `fresh`
    hands out the others.
    """

    __slots__ = ("hint", "number", "_key")
    is_index = True
    hint: str
    number: int
    _key: SortKey

    def __new__(cls, hint: str, number: int = 0) -> Index:
        if not isinstance(hint, str) or not hint or not isinstance(number, int):
            raise TypeError(f"an Index needs a hint and a number, found {hint!r}, {number!r}")
        self = Basic.__new__(cls)
        self.hint, self.number = hint, number
        self._key = (1, hint, number, ())
        return self

    def _hashable_content(self) -> tuple[Any, ...]:
        return (self.hint, self.number)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (self.hint, self.number)

    def sort_key(self, order: object = None) -> SortKey:
        return self._key

    def _sympystr(self, printer: object) -> str:
        return self.hint if self.number == 0 else f"{self.hint}#{self.number}"


def fresh(like: Index | str) -> Index:
    """A new index, different from every other, with the letter of `like` as its hint."""
    return Index(like.hint if isinstance(like, Index) else like, next(_numbers))


class Size(Atom):
    """A named extent, such as N or H: an integer that is at least `least`.

    `value` is its number where the document fixes one.  `definition` says what it is in terms of
    other sizes, for the sizes that are computed (an output height, say).
    """

    __slots__ = ("name", "value", "least", "definition", "_key")
    name: str
    value: int | None
    least: int
    definition: Int | None
    _key: SortKey

    def __new__(
        cls, name: str, value: int | None = None, least: int = 1, definition: Int | None = None
    ) -> Size:
        if not isinstance(name, str) or not name:
            raise TypeError(f"a Size needs a name, found {name!r}")
        if value is not None and value < least:
            raise ValueError(f"the size {name} is at least {least}, found {value}")
        self = Basic.__new__(cls)
        self.name, self.value, self.least, self.definition = name, value, least, definition
        self._key = (0, name, 0, ())
        return self

    def _hashable_content(self) -> tuple[Any, ...]:
        return (self.name, self.value, self.least, self.definition)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (self.name, self.value, self.least, self.definition)

    def sort_key(self, order: object = None) -> SortKey:
        return self._key

    def _sympystr(self, printer: object) -> str:
        return self.name
