"""Tensors by their names, found as trees: `\\tilde X` and `\\tilde{X}` are one name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from derive.errors import InputError
from derive.ir import Tensor
from derive.latex.parse import parse
from derive.latex.tree import (
    Factors,
    Fraction,
    Group,
    Node,
    Scripted,
    Styled,
    Symbol,
    Terms,
    spell,
)

_FONT = re.compile(r"\\(?:mathbf|boldsymbol|bm|mathrm|mathsf|vec)\s*\{?([A-Za-z]|\\[A-Za-z]+)\}?")
"""A letter in a font in which it may stand without being declared anew."""


def tree(name: str) -> Node | None:
    """The name as a tree; None where it is no LaTeX."""
    try:
        return parse(name)
    except InputError:
        return None


def names_of(expression: str) -> tuple[str, ...]:
    """The names in an expression such as `2 H_{out} + 1`, in order."""
    top = tree(expression)
    return () if top is None else tuple(dict.fromkeys(_names(top)))


def _names(node: Node) -> Iterator[str]:
    match node:
        case Symbol() | Scripted() | Styled():
            yield spell(node)
        case Terms():
            for _, part in node.terms:
                yield from _names(part)
        case Factors():
            for _, part in node.factors:
                yield from _names(part)
        case Fraction():
            yield from (*_names(node.above), *_names(node.below))
        case Group():
            yield from _names(node.body)


class Known:
    """The tensors that have a meaning so far, in order."""

    def __init__(self, tensors: Iterable[Tensor] = ()) -> None:
        self._tensors: dict[str, Tensor] = {}
        self._names: dict[Node, str] = {}
        for t in tensors:
            self.add(t)

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self._tensors.values())

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._tensors)

    def add(self, tensor: Tensor) -> None:
        """Enter a tensor, in place of one of the same symbol."""
        self._tensors[tensor.symbol] = tensor
        name = tree(tensor.symbol)
        if name is not None:
            self._names[name] = tensor.symbol

    def find(self, name: str) -> Tensor | None:
        """The tensor of that name or symbol."""
        if name in self._tensors:
            return self._tensors[name]
        for key in (tree(name), tree(_FONT.sub(r"\1", name))):
            if key is not None and key in self._names:
                return self._tensors[self._names[key]]
        return next((t for t in self if t.name == name), None)
