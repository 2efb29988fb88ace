"""Definitions put into each other: an array in terms of what is given.

    Y_{n,o,(ij)} = Σ_k Ũ_{n,(ij),k} W̃_{k,o}    becomes    Σ_{c,α,β} X_{n,c,i+α-1,j+β-1} W_{o,c,α,β}

A definition that only moves entries of another array, perhaps with zeros around, is a
rearrangement; to put it in never makes a formula longer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sympy import Basic

from derive.derivation.program import Program
from derive.derivation.scope import Scope
from derive.derivation.step import Derivation, Step
from derive.engine.differentiate import Differentiator
from derive.engine.simplify import COMPOSED, TUPLES, simplify
from derive.engine.tuples import assigned, entry_ranges, taken_apart, tuples
from derive.ir import (
    Bracket,
    Component,
    Definition,
    Derivative,
    Formula,
    Int,
    Range,
    Ravel,
    Tensor,
    Unravel,
    instantiate,
    rebuild,
    same,
    subformulas,
    substitute,
)
from derive.rules.terms import factors


def is_rearrangement(d: Definition) -> bool:
    """Whether every entry is an entry of another array, or 0 where a condition says so."""
    parts = [f for f in factors(d.body) if not isinstance(f, Bracket)]
    return len(parts) == 1 and isinstance(parts[0], Component)


@dataclass(frozen=True)
class Together:
    """An array in terms of what is given, and its gradients derived from that formula.

    `again` are the given arrays for which the other road, through all definitions, leads to the
    very same formula.
    """

    composed: Derivation
    jacobians: dict[Tensor, Derivation]
    gradients: dict[Tensor, Derivation]
    again: frozenset[Tensor]

    @property
    def all(self) -> tuple[Derivation, ...]:
        """Every derivation, in the order of a document."""
        return (self.composed, *self.jacobians.values(), *self.gradients.values())


class Composer:
    """Puts the definitions of one program into each other."""

    def __init__(self, engine: Differentiator) -> None:
        self.engine, self.program = engine, engine.program
        self._moved = frozenset(d.tensor for d in self.program.definitions if is_rearrangement(d))

    def composed(self, of: Tensor, through: Collection[Tensor] | None = None) -> Derivation:
        """An array in terms of what is given, or with only the definitions of some put in."""
        wanted = self.program.defined if through is None else through
        d = self.program.defined[of]
        found = self._composed(d.left, wanted)
        apart = tuples(taken_apart(found.result, d.indices))
        return self._composed(substitute(d.left, apart), wanted) if apart else found

    def _composed(self, left: Component, wanted: Collection[Tensor]) -> Derivation:
        """The entry `left` with the definitions of all wanted arrays put in."""
        opened = instantiate(self.program.defined[left.tensor], left.indices)
        named = Step(left, opened, "definition", "definition")
        ranges = entry_ranges(left)
        steps = self._inserted(opened, ranges, wanted.__contains__)
        return Derivation(left, ranges, (named, *steps))

    def written(self, d: Derivation) -> Derivation | None:
        """A derivation carried on to the arrays whose entries rearrangements move.

        None where that does not make every position an index tuple.
        """
        steps = self._inserted(d.result, d.ranges, self._moved.__contains__)
        made = Derivation(d.start, d.ranges, (*d.steps, *steps))
        return made if steps and not _positions(made.result) else None

    def together(self, of: Tensor, by: Sequence[Tensor]) -> Together:
        """All of it for one array, with the gradients of the given arrays in `by`."""
        composed = self.composed(of)
        engine = Differentiator(self.direct(of), self.engine.hidden)
        by = tuple(t for t in by if t in _read(composed.result))
        gradients = {t: engine.gradient(t) for t in by} if self.program.loss else {}
        again = frozenset(t for t, d in gradients.items() if self._is_again(t, d))
        return Together(composed, {t: engine.jacobian(of, t) for t in by}, gradients, again)

    def _is_again(self, by: Tensor, d: Derivation) -> bool:
        """Whether the expanded gradient ends in the same formula as this derivation."""
        other = self.engine.gradient(by, expanded=True)
        other = self.written(other) or other
        left, right = d.start, other.start
        assert isinstance(left, Derivative)
        assert isinstance(right, Derivative)
        return same(substitute(d.result, assigned(left.by, right.by)), other.result)

    def direct(self, of: Tensor) -> Program:
        """The program in which the definition of an array is the composed one."""
        p, made, d = self.program, self.composed(of), self.program.defined[of]
        assert isinstance(made.start, Component)
        body = substitute(made.result, assigned(made.start, d.left))
        behind = [e for e in p.definitions if of in p.ancestors(e.tensor)]
        definitions = (Definition(of, d.indices, body), *behind)
        return Program(p.sizes, p.given, definitions, p.size_facts, p.facts, p.loss)

    def _inserted(
        self, f: Formula, ranges: tuple[Range, ...], wanted: Callable[[Tensor], bool]
    ) -> tuple[Step, ...]:
        """The steps from `f` to the formula in which no wanted array is read."""
        scope = Scope(self.engine.simplified, ranges)
        steps: list[Step] = []
        while found := [t for t in self.program.defined if t in _read(f) and wanted(t)]:
            opened = _replaced(f, lambda c: self._opened(c, found))
            small = [Step(f, opened, "compose", "insert the definitions")]
            small += (s for step in simplify(opened, scope, TUPLES) for s in step.substeps)
            opened = small[-1].after
            inserted = tuple(small) if len(small) > 1 else ()
            steps.append(Step(f, opened, "compose", "insert the definitions", (), inserted))
            steps += simplify(opened, scope, COMPOSED)
            f = steps[-1].after
        return tuple(steps)

    def _opened(self, c: Component, wanted: list[Tensor]) -> Formula | None:
        if c.tensor not in wanted:
            return None
        return instantiate(self.program.defined[c.tensor], c.indices)


def _read(f: Basic) -> frozenset[Tensor]:
    """The arrays whose entries stand in a formula, but for those in derivatives."""
    if isinstance(f, Component):
        return frozenset((f.tensor,))
    if isinstance(f, (Derivative, Int)) or not f.args:
        return frozenset()
    return frozenset().union(*map(_read, f.args))


def _replaced(f: Basic, to: Callable[[Component], Formula | None]) -> Any:
    """Entries replaced where `to` has an answer, but for those in derivatives."""
    if isinstance(f, Component):
        return to(f) or f
    if isinstance(f, (Derivative, Int)) or not f.args:
        return f
    return rebuild(f, tuple(_replaced(a, to) for a in f.args))


def _positions(f: Formula) -> bool:
    """Whether some index of `f` is a position in a rearranged array."""
    return any(
        isinstance(a, (Ravel, Unravel))
        for e in subformulas(f)
        if isinstance(e, Int)
        for a in e.atoms_within()
    )
