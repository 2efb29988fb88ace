r"""A stack of L layers, L a symbol: `y_\ell = \sigma(A_\ell y_{\ell-1} + b_\ell) for \ell=1..L-1`.

A definition for all levels reads the level before; arrays are declared by any member of a family:

    [tensors]
    'y_\ell' = ['n_\ell']
    'A_\ell' = ['n_\ell', 'n_{\ell-1}']

Out of these come ordinary Givens: one layer of any level, the last layer, a layer below an unknown
function that stands for all layers above, and the whole stack for a number of layers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from derive.errors import InputError
from derive.ir.family import Level, member, text_at
from derive.network.given import Given

_FOR = re.compile(
    r"(?P<text>.+?)\s*,?\s*\bfor\s+(?P<letter>\\?[A-Za-z]+)\s*=\s*(?P<low>[^.]+?)\s*"
    r"(?:\.\.|,?\s*\\l?dots\s*,?)\s*(?P<high>.+?)\s*",
    re.DOTALL,
)
_NAME = re.compile(
    r"(?:\\[A-Za-z]+|[A-Za-z])'*(?:_(?:\{[^{}]*\}|\\[A-Za-z]+|[A-Za-z0-9]))?(?![A-Za-z])"
)


@dataclass(frozen=True)
class Part:
    """A definition of a member of a family, for the levels from `low` to `high`."""

    text: str
    low: Level
    high: Level

    @property
    def left(self) -> str:
        return self.text.partition("=")[0].strip()

    @property
    def right(self) -> str:
        return self.text.partition("=")[2]


@dataclass(frozen=True)
class Stack:
    """A Given that defines every layer from the one before.

    `letter` is that of a level, `count` that of the number of layers; `state` is the family that
    leads from layer to layer.  `general` are the definitions of one layer of any level, `last`
    those of the last one where they differ.
    """

    given: Given
    letter: str
    count: str
    state: str
    general: tuple[Part, ...]
    last: tuple[Part, ...]

    @property
    def levels(self) -> tuple[Level, Level]:
        """The lowest and the highest level of the general layers."""
        return self.general[-1].low, self.general[-1].high

    @property
    def number(self) -> int | None:
        """The number of layers, where the Given has one."""
        value = self.given.sizes.get(self.count)
        return value if isinstance(value, int) else None

    def name(self, family: str, level: Level) -> str:
        """The name of a member."""
        return family + level.subscript

    @property
    def parameters(self) -> tuple[str, ...]:
        """The families of a layer that no definition gives."""
        defined = {member(p.left) for p in (*self.general, *self.last)}
        families = {f[0] for f in defined if f is not None}
        read = dict.fromkeys(n for p in self.general for n in names_in(p.right))
        found = (member(n) for n in read if n in self.layer().tensors)
        return tuple(f for f, _ in filter(None, found) if f not in families)

    # -- Givens ------------------------------------------------------------------------------------

    def layer(self) -> Given:
        """One layer of any level."""
        return self._given([p.text for p in self.general])

    def last_layer(self) -> Given:
        """The last layer."""
        to = {self.letter: Level(self.count)}
        return self._given(
            [p.text for p in self.last] or [text_at(p.text, to) for p in self.general]
        )

    def below(self) -> Given:
        """A layer of any level, and an unknown function for all the layers above it."""
        here, above = (self.name(self.state, Level(x)) for x in (self.letter, self.count))
        taken = {n for text in self.given.define for n in names_in(text)} | {*self.given.notation}
        function = next(f for f in ("f", "g", "h", r"\phi", r"\psi") if f not in taken)
        texts = [*(p.text for p in self.general), f"{above} = {function}({here})"]
        return self._given(texts, {function: "function"})

    def instance(self, layers: int) -> Given:
        """The whole stack with a number of layers."""
        count = {self.count: Level("", layers)}
        texts = []
        for level in range(1, layers + 1):
            to = {self.letter: Level("", level), **count}
            for p in (*self.general, *self.last):
                if p.low.at(count).plus <= level <= p.high.at(count).plus:
                    texts.append(text_at(p.text, to))
        return self._given(texts)

    def _given(self, texts: list[str], functions: Mapping[str, str] | None = None) -> Given:
        """A Given with these definitions, and the arrays that they name."""
        tables: dict[str, Any] = self.given.model_dump(exclude_defaults=True)
        tables["tensors"] = dict(self._arrays(texts))
        tables["define"] = texts
        tables["sizes"] = {k: v for k, v in self.given.sizes.items() if k != self.count}
        tables["notation"] = {**self.given.notation, **(functions or {})}
        made = Given.from_dict(tables, self.given.source)
        return made

    def _arrays(self, texts: list[str]) -> Iterator[tuple[str, list[int | str]]]:
        """The arrays that some definitions name, each with its shape."""
        declared = self.given.tensors
        general = {
            f: n for n in declared for f, x in [member(n) or ("", Level(""))] if self._any(x)
        }
        for name in dict.fromkeys(n for text in texts for n in names_in(text)):
            found = member(name)
            if found is not None and found[0] in general:
                template = general[found[0]]
                to = {self.letter: found[1]}
                yield (
                    name,
                    [text_at(d, to) if isinstance(d, str) else d for d in declared[template]],
                )
            elif name in declared:
                yield name, list(declared[name])

    def _any(self, level: Level) -> bool:
        return level == Level(self.letter)


def stack_of(given: Given) -> Stack | None:
    """The stack that a Given describes; None where it does not.  InputError where it is unclear."""
    ranged = [(k, f) for k, text in enumerate(given.define) if (f := _FOR.fullmatch(text))]
    lefts = {_left(f["text"], f["letter"]) for _, f in ranged}
    for k, found in ranged:
        if any(before in lefts for before in _reads(found["text"], found["letter"])):
            return _Reading(given, k, found["letter"]).stack()
    return None


def names_in(text: str) -> list[str]:
    """The names in a formula, with their subscripts."""
    return _NAME.findall(text)


def _left(text: str, letter: str) -> tuple[str, str]:
    """The family of a left side, with the letter of its level."""
    found = member(text_at(text.partition("=")[0].strip(), {letter: Level(letter)}))
    return ("", "") if found is None else (found[0], found[1].letter)


def _reads(text: str, letter: str) -> Iterator[tuple[str, str]]:
    """The families of which a definition reads the level before."""
    for name in names_in(text_at(text.partition("=")[2], {letter: Level(letter)})):
        found = member(name)
        if found is not None and found[1] == Level(letter, -1):
            yield found[0], letter


class _Reading:
    """Reads the definitions of a stack; `k` is the first that reads the level before."""

    def __init__(self, given: Given, k: int, letter: str) -> None:
        self.given, self.k, self.letter = given, k, letter

    def fail(self, message: str, *path: str | int) -> NoReturn:
        raise InputError(message, **self.given.source.place(*(path or ("define", self.k))))

    def stack(self) -> Stack:
        for table in ("layers", "loss", "facts", "problems"):
            if getattr(self.given, table):
                self.fail(f"[{table}] cannot stand beside a stack of layers; leave it out.", table)
        parts = [self.part(k, text) for k, text in enumerate(self.given.define)]
        general = tuple(p for p in parts if member(p.left)[1] == Level(self.letter))  # type: ignore[index]
        count = general[-1].high.letter
        last = tuple(p for p in parts if p not in general)
        stack = Stack(self.given, self.letter, count, self.state(general), general, last)
        self.check(stack)
        return stack

    def part(self, k: int, text: str) -> Part:
        found = _FOR.fullmatch(text)
        letter = self.letter if found is None else found["letter"]
        if letter != self.letter:
            self.fail(
                f"“{text}” counts layers by {letter}, and others by {self.letter}.", "define", k
            )
        body = text if found is None else found["text"]
        body = text_at(body, {x: Level(x) for x in {self.letter, *re.findall(r"_\{?(\w)", body)}})
        level = member(body.partition("=")[0].strip())
        if level is None or (found is None) == (level[1].letter == self.letter):
            self.fail(
                f"“{text}” defines no layer. Expected one for all levels, such as y_{self.letter} "
                f"= ... for {self.letter} = 1..L-1, or one of the last level, such as y_L = ....",
                *("define", k),
            )
        if found is None:
            return Part(body, level[1], level[1])
        low, high = Level.of(found["low"]), Level.of(found["high"])
        if low != Level("", 1) or high is None or not high.letter or high.plus not in (0, -1):
            self.fail(
                f"“{text}” is for {self.letter} = {found['low']}..{found['high']}. Expected "
                f"1..L, or 1..L-1 and another definition for the last layer.",
                *("define", k),
            )
        return Part(body, low, high)

    def state(self, general: tuple[Part, ...]) -> str:
        """The family that leads from layer to layer."""
        before = Level(self.letter, -1)
        read = {n for p in general for n in map(member, names_in(p.right)) if n is not None}
        states = [f for p in general for f, _ in [member(p.left) or ("", before)]]
        found = [f for f in states if (f, before) in read]
        if len(found) != 1 or found[0] != states[-1]:
            self.fail(
                f"a layer reads {' and '.join(f + before.subscript for f in found)} of the layer "
                f"before. Expected one array, which the last definition of a layer gives."
            )
        return found[0]

    def check(self, stack: Stack) -> None:
        """Refuse what is missing or does not fit."""
        low, high = stack.levels
        if any((p.low, p.high) != (low, high) for p in stack.general):
            self.fail("the definitions of a layer are for different levels; give all the same.")
        lefts = [p.left for p in stack.last]
        top = stack.name(stack.state, Level(stack.count))
        if (high.plus == -1) != (top in lefts):
            ends = f"{stack.name(stack.state, high)}"
            self.fail(
                f"the layers end with {ends}"
                + (
                    f", but nothing defines {top}."
                    if top not in lefts
                    else f", and so does “{top}”."
                )
                + f" Expected a definition of {top} or layers up to {stack.count}."
            )
        families = {f for f, _ in filter(None, map(member, self.given.tensors))}
        needed = [n for p in (*stack.general, *stack.last) for n in names_in(p.text)]
        for f, level in filter(None, map(member, needed)):
            name = f + level.subscript
            if f not in families and name not in self.given.tensors:
                general = f + Level(self.letter).subscript
                self.fail(
                    f"{name} belongs to no family that is declared. Expected the shape of any "
                    f"member in [tensors]: '{general}' = [...]."
                )
