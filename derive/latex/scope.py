"""Finding the meaning of a name: which scripts belong to it, which are indices, which a power."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from typing import NamedTuple

from derive.ir import Index, Tensor
from derive.latex.error import ReadError
from derive.latex.symbols import Cotangent, Kronecker, Meaning, Symbols
from derive.latex.tree import Factors, Group, Listed, Node, Numeral, Scripted, Styled, Symbol, spell

NO_INDEX = frozenset(("\\partial", "\\nabla", "\\infty", "\\top", "\\dots", "\\prime", "\\circ"))


class Found(NamedTuple):
    """A name with its meaning, the nodes of its indices, and the power it is raised to."""

    meaning: Meaning
    indices: tuple[Node, ...]
    power: Node | None


class Scope:
    """The declared symbols, and the indices that are known where a formula stands."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols
        self.indices: dict[Node, Index] = {}
        self.creating = False

    @contextmanager
    def binding(self, names: list[Node]) -> Iterator[None]:
        """Inside, `names` are indices of a binder."""
        before = self.indices
        self.indices = {**before, **{n: Index(spell(n)) for n in names}}
        yield
        inside, self.indices = self.indices, before
        for name, index in inside.items():
            if name not in names:
                before.setdefault(name, index)

    def find(self, node: Node) -> Found | None:
        """The meaning of a name, or None if nothing declares it; its indices must fit it."""
        base, below, above, primes = node, None, None, 0
        if isinstance(node, Scripted):
            base, below, above, primes = node.base, node.below, node.above, node.primes
        if isinstance(base, Group) and base.open in ("[", "(") and below is not None:
            base = base.body
        misfit: Meaning | None = None
        for (named_below, left), (named_above, power) in product(_lower(below), _upper(above)):
            key = _named(base, named_below, named_above, primes)
            meaning = self.indices.get(key) or self.symbols.table.get(key)
            if meaning is None:
                continue
            indices = split_indices(left, rank(meaning))
            if indices is not None:
                return Found(meaning, indices, power)
            misfit = misfit or (meaning if rank(meaning) else None)
        if misfit is not None:
            found = f"“{spell(below)}”" if below is not None else "none"
            expected = f"{rank(misfit)} indices of {spell(base)}"
            raise ReadError((below or node).position, expected, found)
        return None

    def create(self, node: Node) -> Index | None:
        """A new free index for a name like `i`, `\\alpha`, `i'` or `i_1` in an index position."""
        base = node.base if isinstance(node, Scripted) and node.above is None else node
        below = node.below if isinstance(node, Scripted) else None
        letter = isinstance(base, Symbol) and base.text not in NO_INDEX
        if not (self.creating and letter and (below is None or isinstance(below, Numeral))):
            return None
        index = self.indices[node] = Index(spell(node))
        return index


def rank(meaning: Meaning) -> int:
    """How many indices a symbol takes."""
    if isinstance(meaning, Tensor):
        return len(meaning.shape)
    if isinstance(meaning, Cotangent):
        return len(meaning.tensor.shape)
    return 2 if isinstance(meaning, Kronecker) else 0


def split_indices(below: Node | None, rank: int) -> tuple[Node, ...] | None:
    """The `rank` indices in a subscript: `i,j`, or glued as in `ij`, `12`; None if others."""
    if below is None:
        return None if rank else ()
    items = below.items if isinstance(below, Listed) else (below,)
    if len(items) == 1 and rank > 1:
        items = tuple(_glued(below))
    return items if len(items) == rank else None


def _glued(node: Node) -> Iterator[Node]:
    if isinstance(node, Numeral):
        for k, digit in enumerate(node.text):
            yield Numeral(digit, position=node.position + k)
    elif isinstance(node, Factors) and all(operator == "" for operator, _ in node.factors):
        for _, factor in node.factors:
            yield from _glued(factor)
    elif isinstance(node, (Symbol, Scripted, Styled)):
        yield node


def _lower(below: Node | None) -> Iterator[tuple[Node | None, Node | None]]:
    """Which part of a subscript belongs to the name, and which holds indices: all, a head, none."""
    yield below, None
    if isinstance(below, Listed):
        for k in range(len(below.items) - 1, 0, -1):
            head = below.items[0] if k == 1 else Listed(below.items[:k], position=below.position)
            tail = Listed(below.items[k:], position=below.items[k].position)
            yield head, tail
    if below is not None:
        yield None, below


def _upper(above: Node | None) -> Iterator[tuple[Node | None, Node | None]]:
    """Whether a superscript belongs to the name or is a power; a tag in brackets is no power."""
    yield above, None
    if above is not None and not (isinstance(above, Group) and above.open == "("):
        yield None, above


def _named(base: Node, below: Node | None, above: Node | None, primes: int) -> Node:
    if below is None and above is None and not primes:
        return base
    return Scripted(base, below, above, primes, position=base.position)
