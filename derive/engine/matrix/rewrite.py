"""Tidying up matrix forms: the laws of whole arrays, innermost first, every firing recorded."""

from __future__ import annotations

from sympy import Basic

from derive.derivation.step import Step
from derive.engine.matrix.labelled import Labelled, Value
from derive.errors import BudgetSpent
from derive.ir import (
    Broadcast,
    Formula,
    Int,
    Outer,
    Permuted,
    Tensor,
    Whole,
    rebuild,
    subformulas,
)
from derive.rules.array_law import ArrayLaw
from derive.rules.wholes import LAWS

BUDGET = 500

_BY_NODE: dict[type, list[ArrayLaw]] = {}
for _law in LAWS:
    for _node in _law.on:
        _BY_NODE.setdefault(_node, []).append(_law)


class Tidying:
    """Rewrites the arrays inside one formula until no law fires."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._normal: set[Basic] = set()

    def run(self, f: Formula) -> Formula:
        """The tidied formula; the steps that lead there are in `steps`."""
        self._root = f
        self._visit(f, ())
        return self._root

    def _visit(self, f: Basic, path: tuple[int, ...]) -> Basic:
        while f not in self._normal:
            for at in range(len(f.args)):
                part = f.args[at]
                if not isinstance(part, (Int, Tensor)) and part.args:
                    new = self._visit(part, (*path, at))
                    if new is not part:
                        f = rebuild(f, (*f.args[:at], new, *f.args[at + 1 :]))
            fired = self._fire(f, path) if isinstance(f, Whole) else None
            if fired is None:
                self._normal.add(f)
            else:
                f = fired
        return f

    def _fire(self, f: Whole, path: tuple[int, ...]) -> Whole | None:
        for law in _BY_NODE.get(type(f), ()):
            new = law.apply(f)
            if new is not None:
                if len(self.steps) >= BUDGET:
                    raise BudgetSpent(f"tidying a matrix form did not end; last was “{law.name}”")
                after = _replace(self._root, path, new)
                assert isinstance(after, Formula)
                self.steps.append(Step(self._root, after, law.name, law.reason))
                self._root = after
                return new
        return None


_WEIGHTS: dict[type, int] = {Broadcast: 4, Permuted: 4, Outer: 4}


def length(value: Value) -> int:
    """How long a value is when it is written, tidied."""
    if not isinstance(value, Labelled):
        return sum(1 for _ in subformulas(value))
    tidied = Tidying().run(value.element)
    nodes = (n for n in subformulas(tidied) if isinstance(n, Formula | Whole))
    return sum(_WEIGHTS.get(type(n), 1) for n in nodes)


def _replace(f: Basic, path: tuple[int, ...], new: Basic) -> Basic:
    if not path:
        return new
    at = path[0]
    return rebuild(f, (*f.args[:at], _replace(f.args[at], path[1:], new), *f.args[at + 1 :]))
