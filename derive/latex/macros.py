r"""Macros that a document defines, and their expansion.

`\newcommand`, `\renewcommand`, `\providecommand`, `\def`, `\let` and `\DeclareMathOperator`, with
arguments.  Nothing is executed: a macro is a text with places for its arguments.  One that calls
itself, grows beyond a limit or does not find its arguments is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn

from derive.latex.error import ReadError
from derive.latex.traced import Traced

LONGEST = 100_000
"""Characters that the macros in one formula may read or write, at most."""

DEEPEST = 60
"""Macros and their arguments inside each other, at most."""

DEFINING = frozenset(
    r"\newcommand \renewcommand \providecommand \def \gdef \let \DeclareMathOperator".split()
)

_TOKEN = re.compile(r"\\(?:[A-Za-z@]+|.)|[{}]|%[^\n]*(?:\n[ \t]*)?|[^\\{}%]+|\\", re.DOTALL)
_NAME = re.compile(r"\s*(?:\{\s*(\\(?:[A-Za-z@]+|.))\s*\}|(\\(?:[A-Za-z@]+|.)))", re.DOTALL)
_COUNT = re.compile(r"\s*\[\s*([0-9])\s*\]")
_DEFAULT = re.compile(r"\s*\[([^\]]{0,1000})\]")
_MEANING = re.compile(r"\s*(?:=\s*)?(\\(?:[A-Za-z@]+|.)|[^\s\\{}])", re.DOTALL)
_ARGUMENT = re.compile(r"\\(?:[A-Za-z@]+|.)|[^\\}]", re.DOTALL)
_COMMAND_AT_END = re.compile(r"\\[A-Za-z@]+\Z")
_SPACES = re.compile(r"\s*")
_PARAMETERS = re.compile(r"\s*((?:#[1-9])*)\s*")
_PLACE = re.compile(r"#([1-9])")


@dataclass(frozen=True)
class Macro:
    """A body with the places #1, #2, ... for arguments; `default` is that of an optional first.

    A `final` body is not looked into again: it names a command as it was before.
    """

    body: str
    arguments: int = 0
    default: str | None = None
    final: bool = False


def without_comments(text: str) -> str:
    r"""The text without what stands behind `%`, up to and with the end of the line."""
    return "".join(t for t in _TOKEN.findall(text) if not t.startswith("%"))


def closing_braces(text: str) -> dict[int, int]:
    """For each brace that is closed, the offset behind the brace that closes it."""
    closed: dict[int, int] = {}
    opened: list[int] = []
    for found in _TOKEN.finditer(text):
        if found[0] == "{":
            opened.append(found.start())
        elif found[0] == "}" and opened:
            closed[opened.pop()] = found.end()
    return closed


def _behind_spaces(text: str, at: int) -> int:
    found = _SPACES.match(text, at)
    return at if found is None else found.end()


@dataclass
class Macros:
    """The macros known at one place of a document."""

    table: dict[str, Macro] = field(default_factory=dict)

    def define(self, text: str, at: int, closing: Mapping[int, int]) -> int | None:
        """Takes the definition that begins with the command at `at`; returns the offset behind it.

        None where it is not a definition that can be understood: it is left as it stands.
        """
        command = _TOKEN.match(text, at)
        assert command is not None
        star = text.startswith("*", command.end())
        named = _NAME.match(text, command.end() + star)
        if named is None:
            return None
        name = named[1] or named[2]
        if command[0] == "\\let":
            return self._let(name, text, named.end())
        if command[0] in ("\\def", "\\gdef"):
            found = _PARAMETERS.match(text, named.end())
            assert found is not None
            return self._body(name, len(found[1]) // 2, None, text, found.end(), closing)
        if command[0] == "\\DeclareMathOperator":
            return self._operator(name, "*" if star else "", text, named.end(), closing)
        count, default, at = self._signature(text, named.end())
        before = self.table.get(name)
        end = self._body(name, count, default, text, at, closing)
        if before is not None and command[0] == "\\providecommand":
            self.table[name] = before
        return end

    def _signature(self, text: str, at: int) -> tuple[int, str | None, int]:
        """The number of arguments and the default of an optional first one."""
        count = _COUNT.match(text, at)
        if count is None:
            return 0, None, at
        opened = _DEFAULT.match(text, count.end())
        if opened is None:
            return int(count[1]), None, count.end()
        return int(count[1]), opened[1], opened.end()

    def _body(
        self,
        name: str,
        count: int,
        default: str | None,
        text: str,
        at: int,
        closing: Mapping[int, int],
    ) -> int | None:
        at = _behind_spaces(text, at)
        end = closing.get(at)
        if end is not None:
            self.table[name] = Macro(without_comments(text[at + 1 : end - 1]), count, default)
        return end

    def _operator(
        self, name: str, star: str, text: str, at: int, closing: Mapping[int, int]
    ) -> int | None:
        end = self._body(name, 0, None, text, at, closing)
        if end is not None:
            body = rf"\operatorname{star}{{{self.table[name].body}}}"
            self.table[name] = Macro(body, final=True)
        return end

    def _let(self, name: str, text: str, at: int) -> int | None:
        meaning = _MEANING.match(text, at)
        if meaning is None:
            return None
        self.table[name] = self.table.get(meaning[1]) or Macro(meaning[1], final=True)
        return meaning.end()

    def expand(self, source: Traced) -> Traced:
        """`source` without comments and with its macros expanded; definitions in it are taken.

        Raises ReadError, with the offset in the document.
        """
        return _Expansion(self).of(source, ())


class _Expansion:
    """The expansion of one formula, which keeps count of the work."""

    def __init__(self, macros: Macros) -> None:
        self.macros, self.work = macros, 0

    def of(self, source: Traced, active: tuple[str, ...], depth: int = 0) -> Traced:
        """`source` with its macros expanded, inside the macros `active`."""
        text, at = source.text, 0
        if depth > DEEPEST:
            self.stop(source, 0, f"at most {DEEPEST} macros inside each other", "more")
        if depth:
            self.spend(source, 0, len(text) + 1)
        closing = closing_braces(text)
        parts: list[Traced] = []
        while found := _TOKEN.match(text, at):
            token, start, at = found[0], at, found.end()
            if token in self.macros.table:
                expanded, at = self.call(_Call(source, closing, start, token), active, depth)
                parts.append(expanded)
            elif token in DEFINING and (end := self.macros.define(text, start, closing)):
                at = end
            elif not token.startswith("%"):
                parts.append(source.part(start, at))
        return _joined(parts)

    def call(self, call: _Call, active: tuple[str, ...], depth: int) -> tuple[Traced, int]:
        """What a macro stands for, and the offset behind its last argument."""
        source, start, name = call.source, call.start, call.name
        macro = self.macros.table[name]
        if name in active:
            self.stop(source, start, f"a macro {name} that does not call itself", "one that does")
        at = start + len(name)
        arguments: list[Traced] = []
        for k in range(macro.arguments):
            argument, at = self.argument(call, at, macro.default if k == 0 else None)
            arguments.append(self.of(argument, active, depth + 1))
        body = Traced.at(macro.body, *source.span(start, at))
        if not macro.final:
            body = self.of(body, (*active, name), depth + 1)
        return self.filled(body, arguments, call), at

    def filled(self, body: Traced, arguments: list[Traced], call: _Call) -> Traced:
        """The body with the arguments in their places."""
        parts, at = [], 0
        for place in _PLACE.finditer(body.text):
            parts.append(body.part(at, place.start()))
            number, at = int(place[1]), place.end()
            if number <= len(arguments):
                self.spend(call.source, call.start, len(arguments[number - 1]))
                parts.append(arguments[number - 1])
        return _joined([*parts, body.part(at)])

    def argument(self, call: _Call, at: int, default: str | None) -> tuple[Traced, int]:
        """The next argument: in braces, in square brackets if optional, or one token."""
        source, text = call.source, call.source.text
        at = _behind_spaces(text, at)
        if default is not None:
            close = text.find("]", at) if text.startswith("[", at) else -1
            if close < 0:
                return Traced.at(default, *source.span(call.start, call.start + 1)), at
            return source.part(at + 1, close), close + 1
        if text.startswith("{", at):
            end = call.closing.get(at)
            if end is None:
                self.stop(source, at, "a closing brace", "none")
            return source.part(at + 1, end - 1), end
        found = _ARGUMENT.match(text, at)
        if found is None:
            self.stop(source, call.start, f"an argument of {call.name}", "none")
        return source.part(at, found.end()), found.end()

    def spend(self, source: Traced, at: int, characters: int) -> None:
        self.work += characters
        if self.work > LONGEST:
            self.stop(source, at, f"macros of at most {LONGEST} characters in all", "more")

    def stop(self, source: Traced, at: int, expected: str, found: str) -> NoReturn:
        raise ReadError(source.span(at, at)[0], expected, found)


class _Call(NamedTuple):
    """A macro where it is called."""

    source: Traced
    closing: Mapping[int, int]
    start: int
    name: str


def _joined(parts: list[Traced]) -> Traced:
    """The parts, with a space where a command would run into a letter."""
    apart: list[Traced] = []
    for p in parts:
        if apart and p.text[:1].isalpha() and _COMMAND_AT_END.search(apart[-1].text[-60:]):
            apart.append(Traced.at(" ", *apart[-1].span(len(apart[-1]) - 1)))
        if p.text:
            apart.append(p)
    return Traced.join(apart)
