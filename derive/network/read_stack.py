"""Reads a stack of layers: which definition is of every layer, which of the last, and what leads
from layer to layer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NoReturn

from derive.errors import InputError, Unsupported
from derive.ir.family import Family, Level, letters_in, member, text_at
from derive.network.given import Given
from derive.network.stack import Part, Stack, names_in

_FOR = re.compile(
    r"(?P<text>.+?)\s*,?\s*\bfor\s+(?P<letter>\\?[A-Za-z]+)\s*=\s*(?P<low>[^.]+?)\s*"
    r"(?:\.\.|,?\s*\\l?dots\s*,?)\s*(?P<high>.+?)\s*",
    re.DOTALL,
)
_WORD = r"\s*(?:\\[A-Za-z]+|[A-Za-z])\s*"
_FUNCTION = re.compile(rf"{_WORD}\({_WORD}\)\s*=.*", re.DOTALL)


def stack_of(given: Given) -> Stack | None:
    """The stack that a Given describes; None where it does not.  InputError where it is unclear."""
    ranged = [(k, f) for k, text in enumerate(given.define) if (f := _FOR.fullmatch(text))]
    lefts = {_left(f["text"], f["letter"]) for _, f in ranged}
    for k, found in ranged:
        if any(before in lefts for before in _reads(found["text"], found["letter"])):
            return _Reading(given, k, found["letter"]).stack()
    return None


def _left(text: str, letter: str) -> tuple[Family, str] | None:
    """The family of a left side, with the letter of its level."""
    found = member(text_at(text.partition("=")[0].strip(), {letter: Level(letter)}))
    return None if found is None else (found[0], found[1].letter)


def _reads(text: str, letter: str) -> Iterator[tuple[Family, str]]:
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
        texts = dict(enumerate(self.given.define))
        functions = {k: text for k, text in texts.items() if _FUNCTION.fullmatch(text)}
        above = {k: text for k, text in texts.items() if k not in functions and self.is_above(text)}
        parts = {
            k: self.part(k, text)
            for k, text in texts.items()
            if k not in functions and k not in above
        }
        general = {k: p for k, p in parts.items() if self.level(p.left) == Level(self.letter)}
        last = {k: p for k, p in parts.items() if k not in general}
        state = self.state(tuple(general.values()))
        count = list(general.values())[-1].high.letter
        stack = Stack(
            *(self.given, self.letter, count, state),
            *(tuple(general.values()), tuple(last.values()), tuple(functions.values())),
            tuple(above.values()),
        )
        for k, p in last.items():
            if self.level(p.left) != Level(count):
                self.no_layer(k, texts[k])
        for k, text in above.items():
            self.check_above(stack, k, text)
        self.check_ends(stack)
        self.check_names(stack)
        for k, p in parts.items():
            self.check_state(stack, k, p)
        self.check_shared(stack)
        if stack.number is None:
            self.check_settings(stack)
        return stack

    def is_above(self, text: str) -> bool:
        """Whether this defines something that is no member of a family, such as a loss."""
        left = text.partition("=")[0].strip()
        return _FOR.fullmatch(text) is None and names_in(left) == [left] and member(left) is None

    def level(self, name: str) -> Level | None:
        found = member(name)
        return None if found is None else found[1]

    def part(self, k: int, text: str) -> Part:
        found = _FOR.fullmatch(text)
        letter = self.letter if found is None else found["letter"]
        if letter != self.letter:
            self.fail(
                f"“{text}” counts layers by {letter}, and others by {self.letter}.", "define", k
            )
        body = text if found is None else found["text"]
        body = text_at(body, {x: Level(x) for x in {self.letter, *letters_in(body)}})
        level = member(body.partition("=")[0].strip())
        if level is None or (found is None) == (level[1].letter == self.letter):
            self.no_layer(k, text)
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

    def no_layer(self, k: int, text: str) -> NoReturn:
        self.fail(
            f"“{text}” defines no layer. Expected one for all levels, such as y_{self.letter} "
            f"= ... for {self.letter} = 1..L-1, or one of the last level, such as y_L = ....",
            *("define", k),
        )

    def state(self, general: tuple[Part, ...]) -> Family:
        """The family that leads from layer to layer."""
        before = Level(self.letter, -1)
        read = {n for p in general for n in map(member, names_in(p.right)) if n is not None}
        states = [f for p in general for f, _ in filter(None, [member(p.left)])]
        found = [f for f in states if (f, before) in read]
        if len(found) != 1 or found[0] != states[-1]:
            self.fail(
                f"a layer reads {' and '.join(f.name(before) for f in found)} of the layer "
                f"before. Expected one array, which the last definition of a layer gives."
            )
        return found[0]

    # -- what does not fit -------------------------------------------------------------------------

    def check_ends(self, stack: Stack) -> None:
        """The levels of the definitions, and the definition of the output."""
        low, high = stack.levels
        if any((p.low, p.high) != (low, high) for p in stack.general):
            self.fail("the definitions of a layer are for different levels; give all the same.")
        top = stack.state.name(Level(stack.count))
        defined = top in [p.left for p in stack.last]
        if (high.plus == -1) != defined:
            said = f"and so does “{top}”." if defined else f"but nothing defines {top}."
            self.fail(
                f"the layers end with {stack.state.name(high)}, {said} Expected a definition of "
                f"{top} or layers up to {stack.count}."
            )

    def check_names(self, stack: Stack) -> None:
        """Every member of a family has a shape: of that family, or declared by itself."""
        declared = [*self.given.tensors, *self._sizes()]
        families = {f for f, _ in filter(None, map(member, declared))}
        needed = [n for p in (*stack.general, *stack.last) for n in names_in(p.text)]
        letters = ("", self.letter, stack.count)
        for f, level in filter(None, map(member, needed)):
            name = f.name(level)
            known = f in families or name in self.given.tensors
            if level.letter in letters and not known:
                general = f.name(Level(self.letter))
                self.fail(
                    f"{name} belongs to no family that is declared. Expected the shape of any "
                    f"member in [tensors]: '{general}' = [...]."
                )

    def _sizes(self) -> Iterator[str]:
        for shape in self.given.tensors.values():
            yield from (d for d in shape if isinstance(d, str))

    def check_state(self, stack: Stack, k: int, p: Part) -> None:
        """A layer reads the state of the layer before and of no other."""
        here = self.level(p.left) or Level(self.letter)
        before = replace(here, plus=here.plus - 1)
        for f, level in filter(None, map(member, names_in(p.right))):
            if f == stack.state and level not in (before, here):
                self.fail(
                    f"“{p.text}” reads {f.name(level)}. A layer of a stack reads {f.name(before)} "
                    f"of the layers before it and no other; write L = 3, say, in [sizes] for one "
                    "network.",
                    *("define", k),
                )

    def check_above(self, stack: Stack, k: int, text: str) -> None:
        """What is computed from the output needs a number of layers, and another letter."""
        left = text.partition("=")[0].strip()
        top = stack.state.name(Level(stack.count))
        if left == stack.count:
            self.fail(
                f"“{text}”: {left} is the number of layers. Expected another letter, such as E.",
                *("define", k),
            )
        if stack.number is None:
            self.fail(
                f"“{text}” is computed from the output, but with {stack.count} a symbol only the "
                f"layers are derived: how {top} depends on everything. Write {stack.count} = 3, "
                "say, in [sizes], or leave it out.",
                *("define", k),
            )

    def check_shared(self, stack: Stack) -> None:
        """What all layers share the last one must not read, if it differs."""
        for name in stack.last_parameters:
            if name in stack.shared:
                self.fail(
                    f"{name} is read by the last layer, too, which differs from the others. "
                    f"Expected an array of its own there, or layers up to {stack.count}."
                )

    def check_settings(self, stack: Stack) -> None:
        """What is asked for and cannot be had where the number of layers is a symbol."""
        self.check_rank(stack)
        for setting in ("second", "listings", "compose"):
            if getattr(self.given, setting) not in ((), "none"):
                self.fail(
                    f"{setting} is for networks, and {stack.count} is no number. Write "
                    f"{stack.count} = 3, say, in [sizes], or leave it out.",
                    setting,
                )
        conventions = self.given.conventions
        by_vector, by_matrix = conventions.layout_by(1), conventions.layout_by(2)
        if by_vector == "denominator" or by_matrix != "shape":
            wrong = "layout" if by_vector == "denominator" else "matrix_layout"
            self.fail(
                f"With {stack.count} layers, {stack.count} a symbol, a Jacobian has a row for each "
                "entry of what is differentiated, and the derivative of one output by a matrix "
                "has the shape of the matrix. Expected layout = 'shape', or 'numerator' with "
                "matrix_layout = 'shape'.",
                *("conventions", wrong if getattr(conventions, wrong) else "layout"),
            )

    def check_rank(self, stack: Stack) -> None:
        """The states are vectors."""
        name, shape = stack.declared(stack.state)
        if len(shape) != 1:
            raise Unsupported(
                f"{name} has {len(shape)} axes, and a product of Jacobians needs matrices. "
                "Expected a vector, one example rather than a batch; or write "
                f"{stack.count} = 3, say, in [sizes] for one network.",
                **self.given.source.place("tensors", name),
            )
