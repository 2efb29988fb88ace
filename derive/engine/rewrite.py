"""Rewriting: rules applied innermost first until none fires, every firing recorded.

The formula is one object at a time; each firing replaces one node in it and yields a Step between
whole formulas.  What was found to be in normal form is not looked at again in the same scope.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sympy import Basic

from derive.derivation.rule import Rule
from derive.derivation.scope import Scope
from derive.derivation.step import Step
from derive.errors import BudgetSpent
from derive.ir import (
    Binder,
    Chosen,
    Component,
    Delta,
    Formula,
    Guard,
    Int,
    Range,
    Tensor,
    Times,
    conjuncts,
    rebuild,
)
from derive.rules.values import known_beside

BUDGET = 2_000


class Rewriter:
    """Applies rules to the whole of a formula: at each node those for its class, in order.

    It may run again, on what other rules have made of the formula in the meantime.
    """

    def __init__(self, rules: Mapping[type, Sequence[Rule]], scope: Scope) -> None:
        self.scope = scope
        self.steps: list[Step] = []
        self._rules = rules
        self._normal: set[tuple[Basic, Scope]] = set()

    def run(self, f: Formula) -> Formula:
        """The normal form of `f`; the steps that lead there are in `steps`."""
        self.steps = []
        self._root: Formula = f
        self._visit(f, self.scope, ())
        return self._root

    def _visit(self, f: Basic, scope: Scope, path: tuple[int, ...]) -> Basic:
        while True:
            if (f, scope) in self._normal:
                return f
            f = self._visit_parts(f, scope, path)
            new = self._fire(f, scope, path) if isinstance(f, Formula) else None
            if new is None:
                self._normal.add((f, scope))
                return f
            f = new

    def _visit_parts(self, f: Basic, scope: Scope, path: tuple[int, ...]) -> Basic:
        if isinstance(f, Chosen):
            return f  # its position refers to the ranges of its Max: it stays whole
        inner = (
            scope.within(*f.ranges).given(*conjuncts(f.condition))
            if isinstance(f, Binder)
            else scope
        )
        for at in range(len(f.args)):
            part = f.args[at]
            if isinstance(part, (Int, Tensor, Range)) or not part.args:
                continue
            if isinstance(part, (Component, Delta)) and type(part) not in self._rules:
                continue  # there is no formula inside
            if isinstance(f, Times):
                inner = scope.given(*known_beside(f.args, at))
            new = self._visit(part, inner, (*path, at))
            if new is not part:
                f = rebuild(f, (*f.args[:at], new, *f.args[at + 1 :]))
        return f

    def _fire(self, f: Formula, scope: Scope, path: tuple[int, ...]) -> Formula | None:
        for r in self._rules.get(type(f), ()):
            scope.used.clear()
            new = r.apply(f, scope)
            if new is not None:
                self._record(r, new, path, tuple(scope.used))
                return new
        return None

    def _record(
        self, r: Rule, new: Formula, path: tuple[int, ...], facts: tuple[Guard, ...]
    ) -> None:
        if len(self.steps) >= BUDGET:
            raise BudgetSpent(
                f"simplifying did not end after {BUDGET} steps; the last law was “{r.name}”"
            )
        after = _replace(self._root, path, new)
        assert isinstance(after, Formula)
        self.steps.append(Step(self._root, after, r.name, "" if r.quiet else r.reason, facts))
        self._root = after


def _replace(f: Basic, path: Sequence[int], new: Basic) -> Basic:
    if not path:
        return new
    at = path[0]
    return rebuild(f, (*f.args[:at], _replace(f.args[at], path[1:], new), *f.args[at + 1 :]))
