"""What an answer consists of: words, aligned formulas, tables of numbers, lists.

    Say        a paragraph
    Lines      rows of formulas: left = ... = ..., each side with its reason and its verdict
    Grids      tables of entries beside each other, with cells that are shaded
    Listed     a list of sentences

Words are texts, formulas, conditions, arrays and the like, one after the other.  Every formula in
an answer that claims something carries what verification said of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import TypeAlias

from derive.ir import Component, Formula, Guard, Int, Range, Relation, Size, Tensor
from derive.verify.verdict import Verification


@dataclass(frozen=True)
class Typed:
    """Something that people type: the name of a module, an option."""

    text: str


@dataclass(frozen=True)
class Symbol:
    """A name that stands for something, as LaTeX: S_{i,j} without its indices."""

    latex: str


@dataclass(frozen=True)
class Inserted:
    """An integer expression with others in the places of its sizes, not yet worked out."""

    general: Int
    at: tuple[tuple[Size, Int], ...]


@dataclass(frozen=True)
class Written:
    """A formula as it stands, its numbers not multiplied out: 4 · 3 + 5 · 2.

    `values` are printed in the place of entries.
    """

    formula: Formula
    values: tuple[tuple[Component, Fraction], ...] = ()


@dataclass(frozen=True)
class Slope:
    """∂E/∂A as a whole; or how one entry of an array depends on another array."""

    of: Tensor | Component
    by: Tensor


@dataclass(frozen=True)
class Shape:
    """x ∈ ℝ^{2×3}."""

    tensor: Tensor


@dataclass(frozen=True)
class WindowSet:
    """S_{i,j}, the set of the values of some bound indices.

    With `told`, what is in it: {(u, v) with ...}.
    """

    ranges: tuple[Range, ...]
    condition: Guard
    told: bool = False


@dataclass(frozen=True)
class OverWindow:
    """A formula whose sums and maxima over these ranges are written as over S_{i,j}."""

    formula: Formula
    window: WindowSet


@dataclass(frozen=True)
class Limit:
    """The limit of a formula as a size grows without bound."""

    formula: Formula | OverWindow
    variable: Size


@dataclass(frozen=True)
class Grows:
    """p → ∞."""

    variable: Size


Said: TypeAlias = Formula | Written | Slope | Inserted | OverWindow | WindowSet | Limit | Grows
Word: TypeAlias = str | Typed | Symbol | Said | Int | Guard | Range | Tensor | Shape | Relation
Words: TypeAlias = tuple[Word, ...]


@dataclass(frozen=True)
class Say:
    """A paragraph; `lead` opens it in bold.  `ranges` are those of the free indices in it."""

    words: Words
    lead: str | Words = ""
    ranges: tuple[Range, ...] = ()


@dataclass(frozen=True)
class Side:
    """`relation formula`, with the reason, and the verdict on the relation with what is before."""

    formula: Said
    reason: Words = ()
    relation: str = "="
    verdict: Verification | None = None


@dataclass(frozen=True)
class Row:
    """A chain: the left side and what it is equal to; `inline` in one line as far as it fits."""

    left: Said | None
    sides: tuple[Side, ...]
    inline: bool = False


@dataclass(frozen=True)
class Lines:
    """Chains below each other, for all values of the free indices in `ranges`."""

    rows: tuple[Row, ...]
    ranges: tuple[Range, ...] = ()
    name: str = ""


class Shade(Enum):
    """What a cell of a table is: its colour."""

    PLAIN = "plain"
    WINDOW = "window"
    CHOSEN = "chosen"
    PADDING = "padding"
    LABEL = "label"
    EMPTY = "empty"


@dataclass(frozen=True)
class Cell:
    """A cell: a formula or nothing, its colour, and from 0 to 1 how dark it is."""

    content: Formula | str | None = None
    shade: Shade = Shade.PLAIN
    heat: float | None = None


@dataclass(frozen=True)
class Grid:
    """A table of cells, with the name of what it shows; `outer` are the indices that are fixed."""

    rows: tuple[tuple[Cell, ...], ...]
    name: Slope | Tensor | None = None
    outer: tuple[int, ...] = ()


@dataclass(frozen=True)
class Grids:
    """Tables beside each other, with a caption, and the verdicts on their entries."""

    grids: tuple[Grid, ...]
    caption: Words = ()
    verdicts: tuple[Verification, ...] = ()


@dataclass(frozen=True)
class Listed:
    """A list of sentences."""

    items: tuple[Words, ...]
    ranges: tuple[Range, ...] = ()


Part: TypeAlias = Say | Lines | Grids | Listed


@dataclass(frozen=True)
class Answer:
    """A question in words, with what is shown beside it, and what answers it."""

    wording: Words
    shown: tuple[Part, ...]
    parts: tuple[Part, ...]
    points: str = ""

    @property
    def verdicts(self) -> Iterator[Verification]:
        """Every verdict in the answer."""
        for part in self.parts:
            if isinstance(part, Lines):
                sides = (s for r in part.rows for s in r.sides)
                yield from (s.verdict for s in sides if s.verdict is not None)
            elif isinstance(part, Grids):
                yield from part.verdicts


@dataclass(frozen=True)
class Problem:
    """A problem of a sheet: what is given, and its questions with their answers."""

    title: str
    given: tuple[Part, ...]
    answers: tuple[Answer, ...]
