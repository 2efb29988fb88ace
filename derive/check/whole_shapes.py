r"""Shapes of arrays in formulas that are written without indices, such as `\|W x - y\|^2`.

A capital letter is a matrix, another Latin letter a vector, a Greek one a number; what is
multiplied, added or transposed must go together, and so says which extents are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from derive.latex.clauses import Clauses
from derive.latex.error import ReadError
from derive.latex.tree import (
    Call,
    Factors,
    Fraction,
    Group,
    Node,
    Root,
    Scripted,
    Styled,
    Symbol,
    Terms,
    nodes,
    spell,
)

ONE = 0
NUMBER = (ONE, ONE)
_NORMS = ("\\|", "\\lVert", "\\Vert", "|")
_WHOLE = ("\\|", "\\lVert", "\\Vert")
_TRANSPOSED = ("\\top", "T", "\\intercal")
_BETWEEN = ("", "*", "\\cdot")
_NAMES = "nmkpqlrs"
Shape = tuple[int, int]
"""Numbers of the extents of rows and columns; a vector is a column, a number has ONE twice."""


class _Conflict(Exception):
    """The arrays do not go together; nothing is known of their shapes then."""


def whole_shapes(formula: str) -> dict[str, tuple[int | str, ...]]:
    """The shapes of the arrays in a formula, by name; empty unless it treats some as a whole."""
    try:
        sides = [p.node for clause in Clauses(formula).all() for p in clause.parts]
        if not any(map(_is_whole, (n for side in sides for n in nodes(side)))):
            return {}
        found = _Shapes()
        for side in sides[1:]:
            found.of(side)
    except (ReadError, RecursionError, _Conflict):
        return {}
    return found.named(sides)


def _is_whole(node: Node) -> bool:
    if isinstance(node, Group):
        return node.open in _WHOLE
    if isinstance(node, Factors):
        return any(operator == "\\odot" for operator, _ in node.factors)
    return isinstance(node, Scripted) and _is_transpose(node)


def _is_transpose(node: Scripted) -> bool:
    return node.above is not None and node.below is None and spell(node.above) in _TRANSPOSED


class _Shapes:
    """The shapes met so far; extents that must be the same are joined."""

    def __init__(self) -> None:
        self.shapes: dict[str, Shape] = {}
        self.parents = [ONE]

    def of(self, node: Node) -> Shape:
        """The shape of a formula."""
        match node:
            case Terms():
                return self.alike(self.of(part) for _, part in node.terms)
            case Factors():
                return self.product(node)
            case Fraction():
                self.of(node.below)
                return self.of(node.above)
            case Group():
                shape = self.of(node.body)
                return NUMBER if node.open in _NORMS else shape
            case Call():
                shape = self.of(node.argument)
                return NUMBER if node.name in ("tr", "det") else shape
            case Root():
                return self.of(node.body)
            case Scripted(base=Group(open=mark)) if mark in _NORMS:
                return self.of(node.base)
            case Scripted() if node.below is None and node.above is not None:
                rows, columns = self.of(node.base)
                return (columns, rows) if _is_transpose(node) else (rows, columns)
            case Symbol() | Styled():
                return self.letter(node)
            case Scripted():
                raise _Conflict
        return NUMBER

    def letter(self, node: Node) -> Shape:
        name = spell(node)
        letter = node.body if isinstance(node, Styled) else node
        text = letter.text if isinstance(letter, Symbol) else ""
        if name not in self.shapes:
            if not text.isalpha() or not text.isascii():
                return NUMBER
            self.shapes[name] = (self.new(), self.new() if text.isupper() else ONE)
        return self.shapes[name]

    def product(self, node: Factors) -> Shape:
        (_, first), *others = node.factors
        shape = self.of(first)
        for operator, factor in others:
            other = self.of(factor)
            if self.is_number(shape) or self.is_number(other):
                shape = other if self.is_number(shape) else shape
            elif operator == "\\odot":
                shape = self.alike((shape, other))
            elif operator in _BETWEEN:
                self.join(shape[1], other[0])
                shape = (shape[0], other[1])
            else:
                raise _Conflict
        return shape

    def alike(self, shapes: Iterable[Shape]) -> Shape:
        """The one shape of some arrays; numbers may stand beside them."""
        arrays = [s for s in shapes if not self.is_number(s)]
        for other in arrays[1:]:
            self.join(arrays[0][0], other[0])
            self.join(arrays[0][1], other[1])
        return arrays[0] if arrays else NUMBER

    def is_number(self, shape: Shape) -> bool:
        return self.root(shape[0]) == self.root(shape[1]) == ONE

    # -- extents that are the same -----------------------------------------------------------------

    def new(self) -> int:
        self.parents.append(len(self.parents))
        return len(self.parents) - 1

    def root(self, extent: int) -> int:
        while self.parents[extent] != extent:
            extent = self.parents[extent]
        return extent

    def join(self, first: int, second: int) -> None:
        low, high = sorted((self.root(first), self.root(second)))
        self.parents[high] = low

    def named(self, sides: Iterable[Node]) -> dict[str, tuple[int | str, ...]]:
        """The shapes with a letter for every extent, none of which the formula uses."""
        used = {spell(n) for side in sides for n in nodes(side) if isinstance(n, Symbol)}
        letters = (letter for letter in _letters() if letter not in used)
        names: dict[int, str] = {}
        found: dict[str, tuple[int | str, ...]] = {}
        for name, (rows, columns) in self.shapes.items():
            roots = [self.root(rows), self.root(columns)]
            if name.strip("\\{}").rpartition("{")[2].islower() and roots[1] == ONE:
                roots = roots[:1]
            names |= {r: next(letters) for r in roots if r != ONE and r not in names}
            found[name] = tuple(names.get(r, 1) for r in roots)
        return found


def _letters() -> Iterator[str]:
    yield from _NAMES
    k = 1
    while True:
        yield f"n_{k}"
        k += 1
