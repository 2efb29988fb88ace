"""The conventions that a document states: each where something in its formulas depends on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sympy import Basic

from derive.document.math import Name, Numeral, Operator, Relation, Scripts, fenced, listed, row
from derive.document.model import Code, Line, line
from derive.document.positions import Positions
from derive.ir import (
    Apply,
    Bracket,
    Chosen,
    Component,
    Delta,
    Int,
    Max,
    Ravel,
    Unravel,
    position_read,
    subformulas,
)


def conventions(
    formulas: Iterable[Basic], kinds: Iterable[str], base: int, positions: Positions = "spelled"
) -> Iterator[Line]:
    """The sentences for what occurs in `formulas` and for the `kinds` of layers."""
    nodes = list(_nodes(formulas))
    yield line(f"Indices count from {base}; a sum over an empty range is 0.")
    if any(k.startswith("Conv") for k in kinds):
        told = "Convolution is cross-correlation: the kernel is not flipped, as in "
        yield line(told, Code("torch.nn"), ".")
    if any(isinstance(n, Int) and _reshapes(n) for n in nodes):
        yield line("Arrays are flattened row by row: the last index varies fastest.")
    if any(isinstance(n, Delta) for n in nodes):
        yield line("A Kronecker delta is 1 where its two indices agree, and 0 otherwise.")
    yield from _tuples(nodes, positions)
    if any(isinstance(n, (Bracket, Chosen)) for n in nodes):
        yield line("A condition in square brackets is 1 where it holds, and 0 otherwise.")
    if any(isinstance(n, (Max, Chosen)) for n in nodes):
        yield line("Of several largest entries of a window, the first in row order is chosen.")
    if any(isinstance(n, Apply) and n.function.name == "relu" for n in nodes):
        z, zero = Name("z"), Numeral("0")
        relu = row(Operator("max"), fenced("paren", listed([z, zero])))
        at = row(z, Relation("="), zero)
        yield line("The derivative of ", relu, " at ", at, " is taken to be 0.")


def _tuples(nodes: Iterable[Basic], positions: Positions) -> Iterator[Line]:
    """How positions are written by their index tuples."""
    c, d, f = (Name(letter) for letter in "cdf")
    pair = fenced("paren", listed([c, d]))
    if positions == "tuples" and any(isinstance(n, Component) and _ravels(n) for n in nodes):
        entry = Scripts(Name("A"), below=fenced("paren", row(c, d)))
        yield line("In ", entry, ", the one index is the position of the tuple ", pair, ".")
    if positions == "tuples" and any(isinstance(n, Component) and _unravels(n) for n in nodes):
        entry = Scripts(Name("A"), below=fenced("paren", f))
        yield line("In ", entry, ", the indices are the tuple at the position ", f, ".")
    if positions != "spelled" and any(isinstance(n, Delta) and _ravels(n) for n in nodes):
        delta = Scripts(Name(r"\delta"), below=listed([row(c, d), f]))
        yield line("The symbol ", delta, " is 1 where ", f, " is the position of ", pair, ".")


def _ravels(f: Basic) -> bool:
    return any(isinstance(e, Int) and isinstance(e.atom, Ravel) for e in f.args)


def _unravels(f: Component) -> bool:
    return any(position_read(f.indices[k:]) is not None for k in range(len(f.indices)))


def _nodes(formulas: Iterable[Basic]) -> Iterator[Basic]:
    for f in formulas:
        yield from subformulas(f)


def _reshapes(e: Int) -> bool:
    return any(isinstance(a, (Ravel, Unravel)) for a in e.atoms_within())
