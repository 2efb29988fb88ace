"""Reading one side of a claim again, with a change in it: without all that stands around it."""

from __future__ import annotations

from dataclasses import replace

from sympy import Basic

from derive.ir import Plus, free_indices, substitute
from derive.latex.array import Array, Value
from derive.latex.claims import Claim, Reading, Side
from derive.latex.clauses import Clauses
from derive.latex.error import ReadError
from derive.latex.ranges import free_ranges
from derive.latex.sorting import sort
from derive.latex.symbols import Symbols
from derive.latex.tree import Node


class Rereader:
    """Reads changed sides of the claims in a source, as far as the others do not depend on them.

    Where an edit changes what is said about other sides, or what is defined, the whole source has
    to be read again.
    """

    def __init__(self, source: str, symbols: Symbols) -> None:
        clauses = Clauses(source)
        self._reading = Reading(source, symbols, sort(clauses.all(), symbols))
        found = self._reading.all([])
        self._indices = dict(self._reading.reader.indices)
        self._seen = dict(self._reading.reader.seen)
        self.claims = [c for c in found if isinstance(c, Claim)]

    def side(self, n: int, k: int, text: str) -> Claim:
        """The n-th claim with another text for its side k.  ReadError where that is no side."""
        claim = self.claims[n]
        return self._with(claim, k, self._side(self._value(text), claim.sides[k]))

    def term(self, n: int, k: int, number: int, of: int, text: str) -> Claim:
        """The n-th claim with another text for one `of` so many terms of its side k."""
        claim = self.claims[n]
        side = claim.sides[k]
        if not isinstance(side.formula, Plus) or len(side.formula.args) != of:
            raise ReadError(0, f"a sum of {of} terms", "something else")
        terms = list(side.formula.args)
        found = self._value(text)
        if isinstance(found, Array) and len(found.axes) == len(side.axes):
            found = found.at(*side.axes)
        if isinstance(found, Array):
            raise ReadError(0, "a term like the others", "an array")
        terms[number] = substitute(found, self._reading.integers)
        return self._with(claim, k, replace(side, formula=Plus(*terms)))  # type: ignore[arg-type]

    def _value(self, text: str) -> Value:
        """What a text means beside the claims of the source."""
        reader = self._reading.reader
        if self._reading.symbols.einstein:
            raise ReadError(0, "sums that are written out", "implied sums")
        reader.needed.clear()
        reader.not_ratios.clear()
        try:
            return reader.value(_node(text))
        finally:
            reader.indices, reader.seen = dict(self._indices), dict(self._seen)

    def _side(self, value: Value, old: Side) -> Side:
        if not isinstance(value, Array):
            formula = substitute(value, self._reading.integers)
            return replace(old, formula=formula, axes=(), shape=(), row=False)
        if None in value.shape:
            raise ReadError(old.start, "an array of known shape", "one that fits every shape")
        shape = tuple(e for e in value.shape if e is not None)
        formula = substitute(value.formula, self._reading.integers)
        return replace(old, formula=formula, axes=value.axes, shape=shape, row=value.row)

    def _with(self, claim: Claim, k: int, side: Side) -> Claim:
        """The claim with another side, and with ranges for all free indices."""
        sides = (*claim.sides[:k], side, *claim.sides[k + 1 :])
        guards = dict.fromkeys((*claim.conditions, *self._reading.reader.needed))
        known = [r.index for r in claim.ranges]
        new = free_indices(side.formula) - {*known, *side.axes}
        ranges = claim.ranges
        if new:
            free = [*known, *sorted(new, key=lambda i: (i.hint, i.number))]
            where: list[Basic] = [s.formula for s in sides]
            ranges = free_ranges(free, self._reading.reader.stated, where, claim.start)
        return replace(claim, sides=sides, conditions=tuple(guards), ranges=ranges)


def _node(text: str) -> Node:
    """The one formula that a text is; a term may begin with its sign."""
    clauses = Clauses(text.strip().removeprefix("+")).all()
    if len(clauses) != 1 or clauses[0].relations:
        raise ReadError(0, "one side of a relation", "something else")
    return clauses[0].node
