"""Text that knows where each of its characters stands in the document it comes from."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

_OFFSETS = "q"


@dataclass(frozen=True)
class Traced:
    """A text; character k of it was written at `begins[k]` to `ends[k]` of the document.

    A character that a macro put in was written where the macro was called.
    """

    text: str
    begins: array[int] = field(compare=False, repr=False)
    ends: array[int] = field(compare=False, repr=False)

    @staticmethod
    def of(document: str, start: int, end: int) -> Traced:
        """The part of a document from `start` to `end`."""
        begins, ends = range(start, end), range(start + 1, end + 1)
        return Traced(document[start:end], array(_OFFSETS, begins), array(_OFFSETS, ends))

    @staticmethod
    def at(text: str, start: int, end: int) -> Traced:
        """A text that stands for what the document has from `start` to `end`."""
        n = len(text)
        return Traced(text, array(_OFFSETS, [start]) * n, array(_OFFSETS, [end]) * n)

    @staticmethod
    def join(parts: Iterable[Traced]) -> Traced:
        """The parts, one behind the other."""
        kept = list(parts)
        begins, ends = array(_OFFSETS), array(_OFFSETS)
        for p in kept:
            begins.extend(p.begins)
            ends.extend(p.ends)
        return Traced("".join(p.text for p in kept), begins, ends)

    def __len__(self) -> int:
        return len(self.text)

    def part(self, start: int, end: int | None = None) -> Traced:
        """The characters from `start` to `end`."""
        return Traced(self.text[start:end], self.begins[start:end], self.ends[start:end])

    def stripped(self, spaces: str | None = None) -> Traced:
        """Without the spaces, or the characters given, at both ends."""
        start = len(self.text) - len(self.text.lstrip(spaces))
        return self.part(start, max(start, len(self.text.rstrip(spaces))))

    def span(self, start: int = 0, end: int | None = None) -> tuple[int, int]:
        """The smallest part of the document that holds the characters from `start` to `end`."""
        n = len(self.text)
        end = n if end is None else min(end, n)
        if start >= end:
            at = self.begins[start] if start < n else self.ends[-1] if n else 0
            return at, at
        return min(self.begins[start:end]), max(self.ends[start:end])


class Lines:
    """The lines of a text, for telling places; both line and column count from 1."""

    def __init__(self, text: str) -> None:
        self.starts = [0]
        at = text.find("\n")
        while at >= 0:
            self.starts.append(at + 1)
            at = text.find("\n", at + 1)

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1
