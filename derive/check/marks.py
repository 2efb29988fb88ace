"""Where the marks of a checked document stand: numbered notes, at relations or whole formulas."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from derive.check.files import Entry, FileReport
from derive.check.verdict import HOLDS
from derive.latex.document import Piece
from derive.latex.environments import RELATION
from derive.latex.traced import Traced

Place = tuple[int, int]
"""A part of a text, by its offsets."""


@dataclass(frozen=True)
class Note:
    """What is to be said of an entry that does not simply hold.

    `relation` is the part of the text that is marked with the number; None where the note speaks of
    the formula as a whole.
    """

    number: int
    entry: Entry
    relation: Place | None


@dataclass(frozen=True)
class Marked:
    """A formula with its notes: everything that stands from `start` to `end` of the text.

    `pieces` are the statements in it; `agreed` are the relations that hold, `chains` the places
    where chains begin that have a verdict.
    """

    start: int
    end: int
    pieces: tuple[Piece, ...]
    notes: tuple[Note, ...]
    agreed: tuple[Place, ...]
    chains: tuple[int, ...]

    @property
    def display(self) -> bool:
        """Whether it stands on lines of its own."""
        return any(piece.display for piece in self.pieces)


def marked(report: FileReport) -> Iterator[Marked]:
    """The formulas of a checked file in their order, each once."""
    text = report.document.text
    found: defaultdict[int, list[Entry]] = defaultdict(list)
    for n, entry in zip(report.pieces, report.entries, strict=True):
        found[n].append(entry)
    number = done = 0
    spans = groupby(enumerate(report.document.pieces), key=lambda it: (it[1].start, it[1].end))
    for (start, end), group in spans:
        numbered = list(group)
        if start < done:
            continue
        done = end
        notes, agreed, chains = [], [], []
        behind = start
        for entry in (e for n, _ in numbered for e in found[n]):
            if entry.start >= behind:
                chains.append(entry.start)
            behind = entry.start + len(entry.latex)
            place = relation_of(entry, text)
            if entry.status != HOLDS:
                number += 1
                notes.append(Note(number, entry, place))
            elif place is not None:
                agreed.append(place)
        pieces = tuple(piece for _, piece in numbered)
        yield Marked(start, end, pieces, tuple(notes), tuple(agreed), tuple(chains))


def relation_of(entry: Entry, text: str) -> Place | None:
    """The relation that an entry speaks of, if it stands in the text as it is."""
    at = entry.start + entry.caret
    found = RELATION.match(text, at)
    if found is None or entry.stopped or text.endswith(r"\not", 0, at):
        return None
    return at, found.end()


def replaced(formula: Traced, marks: dict[Place, str]) -> str:
    """A formula with what stands at some places of the document replaced, each once."""
    parts: list[str] = []
    done = 0
    for (start, end), mark in sorted(marks.items()):
        at = position(formula, start, done)
        if at is not None and formula.span(at, at + end - start) == (start, end):
            parts += [formula.text[done:at], mark]
            done = at + end - start
    return "".join([*parts, formula.text[done:]])


def position(formula: Traced, offset: int, first: int = 0) -> int | None:
    """Where in a formula the character stands that is at an offset of the document."""
    try:
        return formula.begins.index(offset, first)
    except ValueError:
        return None
