"""The text of a call in `define`: `Y = Conv2d(X, W, b, stride=S, padding=1)`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from derive.network.catalogue import LAYERS, LOSSES

_CALL = re.compile(r"(?P<left>[^=]+?)\s*=\s*(?P<kind>[A-Z][A-Za-z0-9]*)\s*\((?P<inside>.*)\)\s*")
_LAYER_LIKE = re.compile(r"[A-Z]+[a-z]{2,}[A-Za-z0-9]*|[A-Z]+[A-Za-z0-9]*Loss")
_KEYWORD = re.compile(r"([a-z][a-z_0-9]*)\s*=\s*(.+)", re.DOTALL)
_OPENING, _CLOSING = "([{", ")]}"
_WORDS = {"True": True, "true": True, "False": False, "false": False, "None": None}


class CallError(ValueError):
    """A call that cannot be taken apart; the message says what was expected."""


@dataclass(frozen=True)
class Call:
    """`left = kind(arrays, options)`; the arrays are LaTeX, options are values or LaTeX."""

    left: str
    kind: str
    arrays: tuple[str, ...]
    options: dict[str, object]


def call_of(source: str) -> Call | None:
    """The call that a definition is, or None if it is something else.

    CallError where it is one, but its arguments are not well-formed.
    """
    found = _CALL.fullmatch(source.strip())
    if found is None:
        return None
    kind = found["kind"]
    if kind not in LAYERS and kind not in LOSSES and not _LAYER_LIKE.fullmatch(kind):
        return None
    arrays: list[str] = []
    options: dict[str, object] = {}
    for argument in split(found["inside"]):
        keyword = _KEYWORD.fullmatch(argument)
        if keyword is None and isinstance(_value(argument), (int, Fraction)) and arrays:
            options[_next_option(kind, argument, options)] = _value(argument)
        elif keyword is None:
            if options:
                raise CallError(f"“{argument}” stands after an option; arrays come first")
            arrays.append(argument)
        elif keyword[1] in options:
            raise CallError(f"the option {keyword[1]} is given twice")
        else:
            options[keyword[1]] = _value(keyword[2])
    return Call(
        found["left"], kind, tuple(arrays), {k: v for k, v in options.items() if v is not None}
    )


def _next_option(kind: str, argument: str, options: dict[str, object]) -> str:
    """The option that a number without a keyword gives, as in `MaxPool2d(X, 2)`."""
    cls = LAYERS.get(kind)
    free = [n for n in cls.model_fields if n not in options] if cls and not cls.arrays else []
    if not free:
        raise CallError(f"{argument} needs a keyword, such as stride={argument}")
    return free[0]


def split(text: str) -> list[str]:
    """The arguments in a list with commas; commas inside brackets do not count."""
    parts, depth = [""], 0
    for c in text:
        depth += (c in _OPENING) - (c in _CLOSING)
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    if depth:
        raise CallError("a bracket is not closed")
    parts = [p.strip() for p in parts]
    if parts[-1] == "":
        parts.pop()
    if "" in parts:
        raise CallError("an argument is empty")
    return parts


def _value(text: str) -> object:
    text = text.strip()
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    if len(text) > 1 and text[0] in "([" and text[-1] in ")]":
        return tuple(map(_value, split(text[1:-1])))
    if re.fullmatch(r"-?\d{1,18}", text):
        return int(text)
    if re.fullmatch(
        r"-?(\d{1,18}\.?\d{0,18}|\.\d{1,18})(e-?\d{1,2})?|-?\d{1,9}/0*[1-9]\d{0,8}", text
    ):
        return Fraction(text)
    return text


def names_in(options: Iterable[object]) -> list[str]:
    """Every text among the values of options."""
    found: list[str] = []
    for value in options:
        found += names_in(value) if isinstance(value, tuple) else []
        found += [value] if isinstance(value, str) else []
    return found
