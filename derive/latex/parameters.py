"""Claims about a function at any argument: `\\sigma(x) = ...`, whatever else x may be."""

from __future__ import annotations

from dataclasses import replace

from derive.ir import Tensor
from derive.latex.binders import is_name
from derive.latex.clauses import Clause
from derive.latex.sorting import Sorted
from derive.latex.symbols import DefinedFunction, Symbols
from derive.latex.tree import spell


def at_any_argument(clause: Clause, symbols: Symbols) -> Symbols:
    """The symbols for a claim that begins with a defined function of names of arrays.

    In it each of these names is an argument of that function: a number.
    """
    name, arguments = Sorted.left(clause.node)
    function = symbols.table.get(name)
    if not isinstance(function, DefinedFunction) or not all(map(is_name, arguments)):
        return symbols
    if len(arguments) != len(function.parameters):
        return symbols
    meanings = [symbols.table.get(a) for a in arguments]
    if any(isinstance(m, Tensor) and not m.shape for m in meanings):
        return symbols
    if not all(m is None or isinstance(m, Tensor) for m in meanings):
        return symbols
    own = {spell(a): p for a, p in zip(arguments, function.parameters, strict=True)}
    return replace(symbols, tensors={**symbols.tensors, **own})
