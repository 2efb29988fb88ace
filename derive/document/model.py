"""Documents as data, a closed set of types: writers have one case for each, and only spell.

A `str` is plain text everywhere: writers escape it.  The one thing that is not is mathematics, a
tree of `derive.document.math`.

    Inline   Text  Emphasis  Strong  Code  InlineMath  Reference
    Block    Section  Subsection  Paragraph  Display  BulletList  Table  Figure  Note
             CodeListing  Summary
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from derive.document.math import Math, RelationKind


class Mark(Enum):
    """What verification says of a line."""

    EXACT = "exact"
    NUMERIC = "numeric"
    REFUTED = "refuted"
    UNCHECKED = "not checkable"


# -- inside a line of text -----------------------------------------------------------------------


@dataclass(frozen=True)
class Text:
    text: str


@dataclass(frozen=True)
class Emphasis:
    text: str


@dataclass(frozen=True)
class Strong:
    text: str


@dataclass(frozen=True)
class Code:
    """Something that people type: a name, an option, a command."""

    text: str


@dataclass(frozen=True)
class InlineMath:
    math: Math


@dataclass(frozen=True)
class Reference:
    """The number, in parentheses, of the equation that has this label."""

    label: str


Inline: TypeAlias = Text | Emphasis | Strong | Code | InlineMath | Reference
Line: TypeAlias = tuple[Inline, ...]


def line(*parts: str | Inline | Math) -> Line:
    """A line from its parts: a str is text, a math tree is inline mathematics; "" is nothing.

    >>> line("for ", Emphasis("every"), " batch")
    (Text(text='for '), Emphasis(text='every'), Text(text=' batch'))
    """
    return tuple(
        Text(p) if isinstance(p, str) else p if isinstance(p, Inline) else InlineMath(p)
        for p in parts
        if p != ""
    )


# -- blocks --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Section:
    """A numbered heading.  `about` names what it is about, by its symbol or as people type it."""

    title: str
    about: Line = ()


@dataclass(frozen=True)
class Subsection:
    """An unnumbered heading inside a section."""

    title: Line


@dataclass(frozen=True)
class Paragraph:
    """Lines of text; `lead` opens it in bold."""

    text: Line
    lead: Line = ()


@dataclass(frozen=True)
class Equation:
    """`left relation right`, the reason in the margin, and what verification says of it.

    Without a left side it goes on from the equation above; where it `joins` that one, it stands in
    the same line if there is room.  An equation whose label some Reference names is numbered.
    """

    left: Math | None
    right: Math
    relation: RelationKind = "="
    reason: Line = ()
    mark: Mark | None = None
    label: str = ""
    joins: bool = False


@dataclass(frozen=True)
class Display:
    """Equations aligned at their relations.  `name` is that of the file it makes as a fragment."""

    equations: tuple[Equation, ...]
    name: str = ""


@dataclass(frozen=True)
class BulletList:
    items: tuple[Line, ...]


@dataclass(frozen=True)
class Table:
    """Cells are lines.  `numeric` says which columns are set flush right."""

    header: tuple[Line, ...]
    rows: tuple[tuple[Line, ...], ...]
    numeric: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        for r in self.rows:
            if len(r) != len(self.header):
                raise ValueError(
                    f"a row of {len(r)} cells in a table of {len(self.header)} columns"
                )


class Shade(Enum):
    """What a cell of a figure is, and so its colour; a label and an empty cell have no frame."""

    PLAIN = "plain"
    WINDOW = "window"
    CHOSEN = "chosen"
    PADDING = "padding"
    LABEL = "label"
    EMPTY = "empty"


@dataclass(frozen=True)
class Cell:
    """A cell of a figure; `heat`, from 0 to 100, is how dark it is where it has no other colour."""

    content: Line = ()
    shade: Shade = Shade.PLAIN
    heat: int = 0


@dataclass(frozen=True)
class Grid:
    """Cells of one size in rows and columns, with what stands before them: `C =`."""

    rows: tuple[tuple[Cell, ...], ...]
    name: Line = ()

    @property
    def columns(self) -> int:
        return max(map(len, self.rows), default=0)


@dataclass(frozen=True)
class Figure:
    """Grids beside each other, as far as they fit, with a caption and a verdict."""

    grids: tuple[Grid, ...]
    caption: Line = ()
    mark: Mark | None = None


@dataclass(frozen=True)
class Note:
    """A remark set apart from the derivation: `In words: ...`."""

    text: Line
    lead: Line = (Text("In words:"),)


@dataclass(frozen=True)
class CodeListing:
    code: str


@dataclass(frozen=True)
class Summary:
    """What was verified: for each mark how many equations have it and what it means."""

    counts: tuple[tuple[Mark, int, Line], ...]


Block: TypeAlias = (
    Section
    | Subsection
    | Paragraph
    | Display
    | BulletList
    | Table
    | Figure
    | Note
    | CodeListing
    | Summary
)


@dataclass(frozen=True)
class Document:
    """A title, a line that may stand under it, and the blocks in order."""

    title: str
    blocks: tuple[Block, ...]
    subtitle: Line = ()

    def __post_init__(self) -> None:
        labels = [e.label for d in self.displays for e in d.equations if e.label]
        twice = next((x for k, x in enumerate(labels) if x in labels[:k]), None)
        if twice is not None:
            raise ValueError(f"two equations have the label {twice!r}")
        missing = next((r.label for r in self.references if r.label not in labels), None)
        if missing is not None:
            raise ValueError(f"a reference to {missing!r}, which no equation has as its label")

    @property
    def displays(self) -> tuple[Display, ...]:
        return tuple(b for b in self.blocks if isinstance(b, Display))

    @property
    def references(self) -> tuple[Reference, ...]:
        """Every reference in the document, in order."""
        return tuple(p for text in self.lines for p in text if isinstance(p, Reference))

    @property
    def lines(self) -> Iterator[Line]:
        """Every line of text in the document, in order."""
        yield self.subtitle
        for b in self.blocks:
            yield from lines_of(b)

    @property
    def numbers(self) -> dict[str, int]:
        """The labels that some Reference names, each with the number of its equation."""
        wanted = {r.label for r in self.references}
        labels = (e.label for d in self.displays for e in d.equations if e.label in wanted)
        return {label: k for k, label in enumerate(labels, start=1)}


def lines_of(block: Block) -> Iterator[Line]:
    """Every line of text in a block, in order."""
    match block:
        case Paragraph() | Note():
            yield block.lead
            yield block.text
        case Subsection():
            yield block.title
        case Display():
            yield from (e.reason for e in block.equations)
        case BulletList():
            yield from block.items
        case Table():
            yield from block.header
            for row in block.rows:
                yield from row
        case Figure():
            yield block.caption
            for grid in block.grids:
                yield grid.name
                for cells in grid.rows:
                    yield from (cell.content for cell in cells)
        case Summary():
            yield from (meaning for _, _, meaning in block.counts)
        case Section():
            yield block.about
        case CodeListing():
            pass


def plain(line: Line) -> str:
    """The words of a line; each piece of mathematics is one ellipsis."""
    return "".join(
        "…" if isinstance(p, InlineMath) else f"({p.label})" if isinstance(p, Reference) else p.text
        for p in line
    )
