"""Scripts of a name: which part belongs to it, which holds its indices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from derive.ir import Tensor
from derive.latex.symbols import Abbreviation, Cotangent, Kronecker, Meaning
from derive.latex.tokens import SYMBOLS
from derive.latex.tree import (
    Factors,
    Group,
    Listed,
    Node,
    Numeral,
    Raw,
    Scripted,
    Styled,
    Symbol,
    Terms,
    Word,
    product_of,
)

EVERY = Symbol(":", position=0)
SLICES = (":", "\\cdot", "\\bullet", "*")
"""Marks for a whole axis."""
TAGS = ("(", "[", "\\langle")
"""Brackets around a superscript that is no power: `W^{(1)}`, `W^{[1]}`."""


def rank(meaning: Meaning) -> int:
    """How many indices a symbol takes."""
    if isinstance(meaning, Tensor):
        return len(meaning.shape)
    if isinstance(meaning, Cotangent):
        return len(meaning.tensor.shape)
    if isinstance(meaning, Abbreviation):
        return len(meaning.indices)
    return 2 if isinstance(meaning, Kronecker) else 0


def split_indices(below: Node | None, rank: int) -> tuple[Node, ...] | None:
    """The `rank` indices in a subscript: `i,j`, or glued as in `ij`, `12`; None if others."""
    if below is None:
        return None if rank else ()
    items = below.items if isinstance(below, Listed) else (below,)
    if len(items) == 1 and rank > 1:
        items = tuple(glued(below))
    return items if len(items) == rank else None


def glued(node: Node) -> Iterator[Node]:
    if isinstance(node, Numeral):
        for k, digit in enumerate(node.text):
            yield Numeral(digit, position=node.position + k)
    elif isinstance(node, Factors) and all(operator == "" for operator, _ in node.factors):
        for _, factor in node.factors:
            yield from glued(factor)
    elif isinstance(node, Raw) and all(map(_is_glueable, node.tokens)):
        for text in node.tokens:
            at = node.position
            if text in SLICES:
                yield EVERY
            else:
                yield Numeral(text, position=at) if text.isdecimal() else Symbol(text, position=at)
    else:
        yield node


def _is_glueable(text: str) -> bool:
    return text in SLICES or (len(text) == 1 and text.isalnum()) or text in SYMBOLS


def is_letter(node: Node) -> bool:
    """Whether a node is a lone letter, primed perhaps."""
    base = node.base if isinstance(node, Scripted) and node.below is node.above is None else node
    return isinstance(base, Symbol)


def is_mark(node: Node) -> bool:
    """Whether a superscript says "transposed"."""
    if isinstance(node, Styled):
        return is_mark(node.body)
    return isinstance(node, (Symbol, Word)) and node.text in ("T", "\\top", "\\intercal")


def circled(power: Node) -> Node | None:
    """The 2 of `x^{\\circ 2}` or `x^{\\odot 2}`, also -1 and 1/2."""
    if isinstance(power, Factors) and _circle(power.factors[0][1]):
        (_, first), *rest = power.factors[1:]
        return Factors((("", first), *rest), position=first.position) if rest else first
    if isinstance(power, Terms) and len(power.terms) > 1 and _circle(power.terms[0][1]):
        return Terms(power.terms[1:], position=power.terms[1][1].position)
    return None


def _circle(mark: Node) -> bool:
    return isinstance(mark, Symbol) and mark.text in ("\\circ", "\\odot")


def in_brackets(node: Node) -> bool:
    if not isinstance(node, Group) or node.open not in TAGS:
        return False
    return node.open == "(" or isinstance(node.body, (Numeral, Symbol, Terms, Factors))


def lower_parts(below: Node | None) -> Iterator[tuple[Node | None, Node | None]]:
    """Which part of a subscript belongs to the name, and which holds indices: all, a head, none."""
    yield below, None
    if isinstance(below, Listed):
        for k in range(len(below.items) - 1, 0, -1):
            head = below.items[0] if k == 1 else Listed(below.items[:k], position=below.position)
            tail = Listed(below.items[k:], position=below.items[k].position)
            yield head, tail
    if below is not None:
        yield None, below


def upper_parts(above: Node | None) -> Iterator[tuple[Node | None, Node | None]]:
    """Whether a superscript belongs to the name, or is a power or holds indices."""
    yield above, None
    if isinstance(above, Factors) and is_mark(above.factors[-1][1]):
        yield product_of(above.factors[:-1]), above.factors[-1][1]
    elif isinstance(above, Factors) and isinstance(above.factors[0][1], Group):
        yield above.factors[0][1], product_of(above.factors[1:])
    elif isinstance(above, Raw) and above.tokens[-1] in ("T", "\\top"):
        mark = Symbol(above.tokens[-1], position=above.position)
        yield replace(above, tokens=above.tokens[:-1]), mark
    if above is not None:
        yield None, above


def name_of(base: Node, below: Node | None, above: Node | None, primes: int) -> Node:
    if below is None and above is None and not primes:
        return base
    return Scripted(base, below, above, primes, position=base.position)
