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
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from derive.ir.family import Family, Level, member, text_at
from derive.network.given import Given

_NAME = re.compile(
    r"(?:\\[A-Za-z]+|[A-Za-z])'*(?:_(?:\{[^{}]*\}|\\[A-Za-z]+|[A-Za-z0-9]))?(?![A-Za-z])"
    r"(?:\^\{(?:\([^(){}]*\)|\[[^\[\]{}]*\])\})?"
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
    those of the last one where they differ; `functions` define functions such as σ(x) = x^2, and
    `above` is what is computed from the output, such as a loss.
    """

    given: Given
    letter: str
    count: str
    state: Family
    general: tuple[Part, ...]
    last: tuple[Part, ...]
    functions: tuple[str, ...] = ()
    above: tuple[str, ...] = ()

    @property
    def levels(self) -> tuple[Level, Level]:
        """The lowest and the highest level of the general layers."""
        return self.general[-1].low, self.general[-1].high

    @property
    def number(self) -> int | None:
        """The number of layers, where the Given has one."""
        value = self.given.sizes.get(self.count)
        return value if isinstance(value, int) else None

    @cached_property
    def _defined(self) -> frozenset[Family]:
        found = (member(p.left) for p in (*self.general, *self.last))
        return frozenset(f for f, _ in filter(None, found))

    @cached_property
    def parameters(self) -> tuple[Family, ...]:
        """The families that a layer reads and no definition gives."""
        found = (member(n) for n in self._read(self.general) if n in self.layer().tensors)
        any_level = Level(self.letter)
        return tuple(f for f, x in filter(None, found) if x == any_level and f not in self._defined)

    @cached_property
    def shared(self) -> tuple[str, ...]:
        """The arrays that all general layers read."""
        return tuple(n for n in self._read(self.general) if n in self._common)

    @cached_property
    def last_parameters(self) -> tuple[str, ...]:
        """What the last layer reads, where it differs, and no definition gives."""
        given = self.last_layer().tensors
        found = ((n, member(n)) for n in self._read(self.last) if n in given)
        return tuple(n for n, of in found if of is None or of[0] not in self._defined)

    @cached_property
    def _common(self) -> frozenset[str]:
        """What is declared and has no level."""
        return frozenset(n for n in self.given.tensors if self._level(n) is None)

    def _level(self, name: str) -> Level | None:
        found = member(name)
        if found is None or found[0] not in self._families:
            return None
        return found[1]

    @cached_property
    def _families(self) -> Mapping[Family, str]:
        """The families, each with the member of which the shape is declared."""
        found = ((n, member(n)) for n in self.given.tensors)
        return {of[0]: n for n, of in found if of is not None and of[1] == Level(self.letter)}

    def declared(self, family: Family) -> tuple[str, tuple[int | str, ...]]:
        """The member of a family of which the shape is declared, and the shape."""
        name = self._families[family]
        return name, tuple(self.given.tensors[name])

    def _read(self, parts: Iterable[Part]) -> list[str]:
        return list(dict.fromkeys(n for p in parts for n in names_in(p.right)))

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
        here, above = (self.state.name(Level(x)) for x in (self.letter, self.count))
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
        return self._given([*texts, *(text_at(text, count) for text in self.above)], to=count)

    def _given(
        self,
        texts: list[str],
        functions: Mapping[str, str] | None = None,
        to: Mapping[str, Level] | None = None,
    ) -> Given:
        """A Given with these definitions, and the arrays that they name, at the levels `to`."""
        tables: dict[str, Any] = self.given.model_dump(exclude_defaults=True)
        tables["tensors"] = dict(self._arrays(texts, to or {}))
        tables["define"] = [*self.functions, *texts]
        tables["sizes"] = {k: v for k, v in self.given.sizes.items() if k != self.count}
        tables["notation"] = {**self.given.notation, **(functions or {})}
        return Given.from_dict(tables, self.given.source)

    def _arrays(
        self, texts: list[str], to: Mapping[str, Level]
    ) -> Iterator[tuple[str, list[int | str]]]:
        """The arrays that some definitions name, each with its shape."""
        declared = self.given.tensors
        for name in dict.fromkeys(n for text in texts for n in names_in(text)):
            found = member(name)
            if found is not None and found[0] in self._families:
                shape = declared[self._families[found[0]]]
                yield name, _shape_at(shape, {self.letter: found[1]})
            elif name in declared:
                yield name, _shape_at(declared[name], to)


def names_in(text: str) -> list[str]:
    """The names in a formula, with their subscripts."""
    return _NAME.findall(text)


def _shape_at(shape: Iterable[int | str], to: Mapping[str, Level]) -> list[int | str]:
    return [text_at(d, to) if isinstance(d, str) else d for d in shape]
