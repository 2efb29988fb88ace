"""Tensors by their names, found as trees: `\\tilde X` and `\\tilde{X}` are one name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from derive.errors import InputError
from derive.ir import Tensor
from derive.latex.parse import parse
from derive.latex.tree import Node


def tree(name: str) -> Node | None:
    """The name as a tree; None where it is no LaTeX."""
    try:
        return parse(name)
    except InputError:
        return None


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
        key = tree(name)
        if key is not None and key in self._names:
            return self._tensors[self._names[key]]
        return next((t for t in self if t.name == name), None)
