r"""Typeset mathematics as data: a closed set of types, between formulas and the writers.

`layout` decides on brackets, order and spelling; a writer has one case for each type and only
spells.

    Row        parts side by side, flat
    Name       a letter or word with accents, primes and a tag:  \hat z^{(conv)}
    Numeral    3
    Sign       a sign:  - + \cdot \bmod \partial
    Relation   = \le \mid ...
    Scripts    a base with what stands below and above it at the right
    Fraction   Root   Fenced   CasesMath   Column
    Big        \sum, \max, \operatorname*{arg\,max} with lines under and above it
    Operator   the upright name of a function:  \exp
    Comma  Words  Space
    Break      where a line may end; writers spell nothing for it
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True)
class Row:
    parts: tuple[Math, ...]


@dataclass(frozen=True)
class Name:
    r"""`base` is LaTeX: a letter, a word or a command; `tag` stands at its upper right.

    `z^{(conv)}` has the base z and the tag "(conv)"; `c_{out}` has the mark "out".
    """

    base: str
    accents: tuple[str, ...] = ()
    tag: str = ""
    mark: str = ""
    primes: int = 0


@dataclass(frozen=True)
class Numeral:
    digits: str


SignKind: TypeAlias = Literal[
    "+",
    "-",
    "prefix -",
    "cdot",
    "times",
    "odot",
    "otimes",
    "star",
    "bmod",
    "slash",
    "partial",
    "dots",
    "vdots",
    "not",
]


@dataclass(frozen=True)
class Sign:
    kind: SignKind


RelationKind: TypeAlias = Literal[
    "=", "!=", "<", "<=", ">", ">=", "divides", "divides not", "to", "in", "approx"
]


@dataclass(frozen=True)
class Relation:
    kind: RelationKind


@dataclass(frozen=True)
class Scripts:
    """`below` and `above` stand at the lower and upper right of `base`."""

    base: Math
    below: Math | None = None
    above: Math | None = None


@dataclass(frozen=True)
class Fraction:
    numerator: Math
    denominator: Math


@dataclass(frozen=True)
class Root:
    body: Math


FenceKind: TypeAlias = Literal["paren", "bracket", "brace", "floor", "ceil", "bar", "norm"]


@dataclass(frozen=True)
class Fenced:
    """`body` between two delimiters; `size` runs from 0 (those of the text) to 4."""

    kind: FenceKind
    body: Math
    size: int = 0


@dataclass(frozen=True)
class Fence:
    """One delimiter of a Fenced that line breaking has opened up."""

    kind: FenceKind
    opens: bool
    size: int = 0


@dataclass(frozen=True)
class Big:
    """A big operator; each entry of `under` is a line of its own."""

    kind: Literal["sum", "prod", "max", "min", "argmax", "lim"]
    under: tuple[Math, ...] = ()
    over: Math | None = None


@dataclass(frozen=True)
class Operator:
    """The upright name of a function, with the space that goes with it: sin, erf."""

    name: str


@dataclass(frozen=True)
class CasesMath:
    """Values with their conditions, each condition with the words before it."""

    branches: tuple[tuple[Math, Math], ...]


@dataclass(frozen=True)
class Column:
    """Entries below each other between brackets."""

    entries: tuple[Math, ...]


@dataclass(frozen=True)
class Comma:
    """A comma; `spaced` in lists of compound parts."""

    spaced: bool = False


@dataclass(frozen=True)
class Words:
    """Upright text, with the spaces in it."""

    text: str


@dataclass(frozen=True)
class Space:
    width: Literal["thin", "thick", "quad"]


@dataclass(frozen=True)
class Break:
    """A place where a line may end, the better the smaller `rank`.

    0 before a relation, 1 before a term, 2 before a factor, 3 behind the signs of a sum, 4 between
    them.
    """

    rank: int


Math: TypeAlias = (
    Row
    | Name
    | Numeral
    | Sign
    | Relation
    | Scripts
    | Fraction
    | Root
    | Fenced
    | Fence
    | Big
    | Operator
    | CasesMath
    | Column
    | Comma
    | Words
    | Space
    | Break
)


def row(*parts: Math) -> Math:
    """`parts` side by side, flat; a single part is itself."""
    flat: list[Math] = []
    for p in parts:
        flat.extend(p.parts if isinstance(p, Row) else (p,))
    return flat[0] if len(flat) == 1 else Row(tuple(flat))


def listed(items: Iterable[Math], spaced: bool = False) -> Math:
    """`items` with commas between them."""
    parts: list[Math] = []
    for item in items:
        if parts:
            parts.append(Comma(spaced))
        parts.append(item)
    return row(*parts)


def parts_of(tree: Math) -> tuple[Math, ...]:
    """What stands side by side in `tree`."""
    return tree.parts if isinstance(tree, Row) else (tree,)


def has_big_operator(tree: Math) -> bool:
    """Whether a big operator stands in the line of `tree`, perhaps in brackets."""
    if isinstance(tree, Fenced):
        return has_big_operator(tree.body)
    return isinstance(tree, Big) or (
        isinstance(tree, Row) and any(map(has_big_operator, tree.parts))
    )


def fenced(kind: FenceKind, body: Math) -> Math:
    """`body` between delimiters as tall as a careful typesetter makes them."""
    return Fenced(kind, body, fence_size(body))


def related(left: Math, relation: RelationKind, right: Math) -> Math:
    """`left relation right`, where a line may end before the relation."""
    return row(left, Break(0), Relation(relation), right)


def fence_size(body: Math) -> int:
    """The size of delimiters around `body`: one more around others, else as tall as needed."""
    return min(4, max((_height(p) for p in parts_of(body)), default=0))


def _height(tree: Math) -> int:
    match tree:
        case Fraction():
            return 2 + _stacked(tree.numerator, tree.denominator)
        case Big():
            return (2 if tree.kind in ("sum", "prod") else 1) + (len(tree.under) > 1)
        case CasesMath():
            return 3 if len(tree.branches) < 3 else 4
        case Column():
            return 4
        case Fenced():
            return max(1, tree.size)
        case Fence():
            return tree.size
        case Root():
            return max(1, fence_size(tree.body))
        case Scripts(base=base):
            return _height(base)
    return 0


def _stacked(*trees: Math) -> int:
    return 1 if any(isinstance(p, Fraction | Big) for t in trees for p in parts_of(t)) else 0
