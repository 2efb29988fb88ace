r"""Families of arrays and sizes: members with a level in their name, and what is said of any level.

    A_3   A_\ell   n_{\ell-1}   y_L   W^{(\ell)}   a^{[\ell-1]}

A name ends with its level: a number, a letter, or a letter plus or minus a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from derive.ir.index import Index
from derive.ir.integer import Int

_LETTER = r"\\[A-Za-z]+|[A-Za-z]"
_LEVEL = re.compile(
    rf"\s*(?:(?P<letter>{_LETTER})\s*(?:(?P<sign>[+-])\s*(?P<by>\d+))?|(?P<n>\d+))\s*"
)
_PLACE = re.compile(
    rf"(?P<place>_)(?:\{{(?P<inner>[^{{}}]*)\}}|(?P<bare>{_LETTER}|\d))"
    r"|(?P<tag>\^\{\()(?P<round>[^(){}]*)\)\}|(?P<square>\^\{\[)(?P<boxed>[^\[\]{}]*)\]\}"
)


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
    def integer(self) -> Int:
        """As an integer expression."""
        return (Int.of(Index(self.letter)) if self.letter else Int.of(0)) + self.plus


@dataclass(frozen=True)
class Family:
    """Names that differ in their level: `stem` is what they share, `place` where the level stands:
    `_` at the foot, `^{(` or `^{[` in brackets above.
    """

    stem: str
    place: str = "_"

    def name(self, level: Level) -> str:
        """The name of a member."""
        return self.stem + _placed(self.place, level)


def _placed(place: str, level: Level) -> str:
    text = str(level)
    if place == "_":
        return f"_{text}" if re.fullmatch(rf"{_LETTER}|\d", text) else f"_{{{text}}}"
    return f"{place}{text}" + (")}" if place == "^{(" else "]}")


def _levelled(text: str) -> Iterator[tuple[re.Match[str], str, Level]]:
    """What may be a level in a text: where it stands, the kind of the place, and the level."""
    for found in _PLACE.finditer(text):
        place = found["place"] or found["tag"] or found["square"]
        inside = (found[x] for x in ("inner", "bare", "round", "boxed"))
        level = Level.of(next(x for x in inside if x is not None))
        if level is not None:
            yield found, place, level


def member(name: str) -> tuple[Family, Level] | None:
    """The family and the level of a name that ends with a level."""
    for found, place, level in _levelled(name):
        if found.end() == len(name) and found.start():
            return Family(name[: found.start()], place), level
    return None


def letters_in(text: str) -> set[str]:
    """The letters that may stand for levels in a formula in LaTeX."""
    return {level.letter for _, _, level in _levelled(text) if level.letter}


def text_at(text: str, to: Mapping[str, Level]) -> str:
    """A name, or a formula in LaTeX, with other levels for letters at the end of names."""
    parts, at = [], 0
    for found, place, level in _levelled(text):
        if level.letter in to:
            parts += [text[at : found.start()], _placed(place, level.at(to))]
            at = found.end()
    return "".join((*parts, text[at:]))
