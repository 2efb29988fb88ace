"""Scanning a text form: tokens, what to expect next, and errors that say where."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from derive.errors import InputError

DEEPEST = 60
"""Brackets inside brackets, at most: a limit of the reader, far above what people can follow."""

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>[0-9]+)
          |(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)
          |(?P<string>"(?:[^"\\]|\\.)*")
          |(?P<mark>:=|\.\.|<=|>=|!=|[-+*/^()\[\]{},;|=<>#])
          |(?P<end>\Z))""",
    re.VERBOSE,
)


class TextError(InputError):
    """A text that is not in the text form: `position` counts characters from 0."""

    def __init__(self, position: int, expected: str, found: str):
        super().__init__(f"expected {expected}, found {found} at character {position + 1}")
        self.position, self.expected, self.found = position, expected, found


class Token(NamedTuple):
    kind: str
    text: str
    position: int


def _tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    while not tokens or tokens[-1].kind != "end":
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise TextError(at, "a number, a name or a mark", repr(text[at]))
        tokens.append(Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup)))
        at = found.end()
    return tokens


class Scanner:
    """The tokens of a text and how far they have been taken."""

    def __init__(self, text: str):
        self.tokens = _tokens(text)
        self.at = 0
        self.depth = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    @property
    def following(self) -> str:
        """The text of the token after the next."""
        return self.tokens[min(self.at + 1, len(self.tokens) - 1)].text

    def sees(self, *marks: str) -> bool:
        """Whether the next token is one of these marks or words."""
        return self.next.kind in ("mark", "name") and self.next.text in marks

    def skip(self, *marks: str) -> str | None:
        """The next token's text, taken, if it is one of these marks or words."""
        return self.take(self.next.kind, None, "").text if self.sees(*marks) else None

    def take(self, kind: str, text: str | None, expected: str) -> Token:
        token = self.next
        if token.kind != kind or (text is not None and token.text != text):
            self.stop(expected)
        self.at += 1
        return token

    def mark(self, text: str) -> None:
        self.take("mark", text, f"“{text}”")

    def stop(self, expected: str, token: Token | None = None) -> NoReturn:
        token = token or self.next
        found = "the end of the text" if token.kind == "end" else f"“{token.text[:40]}”"
        raise TextError(token.position, expected, found)

    def made(self, token: Token, make: Callable[..., Any], *parts: Any) -> Any:
        """`make(*parts)`, its refusal told as an error at `token`."""
        try:
            return make(*parts)
        except (ValueError, TypeError) as refusal:
            raise TextError(token.position, "a well-formed node", str(refusal)) from refusal

    def listed(self, item: Callable[[], Any], close: str, separator: str = ",") -> list[Any]:
        """Items up to the mark `close`, which is taken too."""
        items: list[Any] = []
        while not self.sees(close):
            if items:
                self.mark(separator)
            items.append(item())
        self.mark(close)
        return items

    def enclosed(self, item: Callable[[], Any], open: str = "(", close: str = ")") -> Any:
        """`(item)`, counted as one more level of brackets."""
        self.depth += 1
        if self.depth > DEEPEST:
            self.stop(f"at most {DEEPEST} brackets inside each other")
        self.mark(open)
        node = item()
        self.mark(close)
        self.depth -= 1
        return node

    def digits(self) -> int:
        token = self.take("number", None, "a number")
        return self.made(token, int, token.text)  # type: ignore[no-any-return]

    def some(self, item: Callable[[], Any]) -> list[Any]:
        """Items up to a closing bracket, which is left."""
        items: list[Any] = []
        while not self.sees(")"):
            if items:
                self.mark(",")
            items.append(item())
        return items
