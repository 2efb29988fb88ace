"""Long lines, broken inside brackets: at words and signs of the outermost level first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

WIDTH = 88
INDENT = "    "
_ASSIGNMENT = re.compile(r"(?P<left>[^\"=]*? [-+]?=) (?P<right>.*)", re.DOTALL)
_SIGNS = ((" if ", " else ", " for "), (" + ", " - "), (" * ", " / ", " @ "))


def wrapped(line: str, width: int = WIDTH) -> list[str]:
    """The line, or several lines where it is longer than `width`."""
    if len(line) <= width:
        return [line]
    margin = line[: len(line) - len(line.lstrip())]
    text = line.strip()
    found = _ASSIGNMENT.fullmatch(text)
    if found is None:
        return [line]
    left, right = found["left"], found["right"]
    group = _longest_bracket(left) if len(margin) + len(left) + 2 > width else None
    if group is not None:
        start, end = group
        inner = _inside(left[start + 1 : end], margin + INDENT, width)
        rest = wrapped(f"{margin}{left[end:]} {right}", width)
        return [f"{margin}{left[: start + 1]}", *inner, *rest]
    call = _opening(right)
    if call is not None:
        first = f"{margin}{left} {right[: call + 1]}"
        return [
            first,
            *_inside(right[call + 1 : -1], margin + INDENT, width),
            f"{margin}{right[-1]}",
        ]
    return [f"{margin}{left} (", *_inside(right, margin + INDENT, width), f"{margin})"]


def _opening(text: str) -> int | None:
    """Where the bracket opens that the text ends with, if the rest is a name before it."""
    k = _last_opening(text)
    return k if k and re.fullmatch(r"[\w.]*", text[:k]) else None


def _inside(text: str, margin: str, width: int) -> Iterator[str]:
    """The lines of what stands inside brackets."""
    if len(margin) + len(text) <= width:
        yield margin + text
        return
    pieces = _split(text, (", ",))
    if len(pieces) > 1:
        for k, piece in enumerate(pieces):
            last = k == len(pieces) - 1
            yield from _closed(piece.removeprefix(", ") + ("" if last else ","), margin, width)
        return
    for signs in _SIGNS:
        pieces = _split(text, signs)
        if len(pieces) > 1:
            for piece in pieces:
                yield from _closed(piece.strip(), margin, width)
            return
    yield from _closed(text, margin, width)


def _closed(piece: str, margin: str, width: int) -> Iterator[str]:
    """A piece of what stands inside brackets, broken inside its longest bracket if need be."""
    group = _longest_bracket(piece) if len(margin) + len(piece) > width else None
    if group is None:
        yield margin + piece
        return
    start, end = group
    yield margin + piece[: start + 1]
    yield from _inside(piece[start + 1 : end], margin + INDENT, width)
    yield margin + piece[end:]


def _longest_bracket(text: str) -> tuple[int, int] | None:
    """Where the longest of the brackets that stand in no other opens and closes."""
    groups: list[tuple[int, int]] = []
    depth, start = 0, 0
    for k, c in enumerate(text):
        if c in "([":
            start = k if depth == 0 else start
            depth += 1
        elif c in ")]":
            depth -= 1
            groups += [(start, k)] if depth == 0 else []
    return max(groups, key=lambda g: g[1] - g[0], default=None)


def _last_opening(text: str) -> int | None:
    """Where the bracket opens that the text ends with."""
    if not text.endswith((")", "]")):
        return None
    depth = 0
    for k in range(len(text) - 1, -1, -1):
        depth += (text[k] in ")]") - (text[k] in "([")
        if depth == 0:
            return k
    return None


def _split(text: str, signs: Sequence[str]) -> list[str]:
    """The text before each sign that stands outside all brackets and quotes."""
    pieces, depth, start, quoted = [], 0, 0, False
    for k, c in enumerate(text):
        quoted ^= c == '"'
        depth += (c in "([{") - (c in ")]}")
        here = depth == 0 and not quoted and k > start
        if here and any(text.startswith(s, k) for s in signs):
            pieces.append(text[start:k])
            start = k
    return [*pieces, text[start:]]
