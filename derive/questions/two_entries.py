"""Small windows with two entries, and what pooling and a function make of them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from derive.derivation.program import Program
from derive.engine.calculate import Calculator
from derive.errors import Unsupported
from derive.ir import Formula, Greatest, Least, Number, Plus, Relation, Times, replace_components
from derive.questions.parts import Lines, Part, Row, Written
from derive.questions.pooled import Kind
from derive.questions.setting import result
from derive.verify.verify import Verifier

_ALONE = Program((), (), ())
_FARTHEST = 4

_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
}

Function = Callable[[Formula], Formula]


@dataclass(frozen=True)
class TwoEntries:
    """A window that has two entries and no others."""

    kind: Kind
    entries: tuple[Number, Number]

    def pooled(self, *values: Formula) -> Formula:
        """What pooling makes of two values."""
        if self.kind is Kind.MEAN:
            return Times(Number(Fraction(1, 2)), Plus(*values))
        return (Greatest if self.kind is Kind.LARGEST else Least)(*values)

    def both(self, function: Function) -> tuple[Formula, Formula]:
        """The function after pooling, and pooling after the function."""
        return function(self.pooled(*self.entries)), self.pooled(*map(function, self.entries))

    def differ(self, function: Function) -> bool:
        """Whether the two orders differ."""
        left, right = (value(f) for f in self.both(function))
        return left is not None and right is not None and left != right

    def told(self, function: Function, decimals: int) -> Iterator[Part]:
        """Both orders with their values."""
        verifier = Verifier(_ALONE)
        rows = []
        for f in self.both(function):
            known = Calculator(_ALONE, {}, {}).value(f)
            rows.append(Row(Written(f), (result(verifier, f, known, decimals),), inline=True))
        yield Lines(tuple(rows))


def value(f: Formula) -> object | None:
    """The value of a formula of numbers; None where it has none."""
    try:
        return Calculator(_ALONE, {}, {}).value(f)
    except (Unsupported, ValueError, ZeroDivisionError):
        return None


def pairs(facts: Sequence[Relation] = ()) -> Iterator[tuple[Number, Number]]:
    """Pairs of whole numbers a < b that entries may be by some facts, those near 0 first."""
    near = range(-_FARTHEST, _FARTHEST + 1)
    whole = [n for n in near if all(_allowed(Number(n), fact) for fact in facts)]
    found = [(a, b) for a in whole for b in whole if a < b]
    for a, b in sorted(found, key=lambda p: (max(map(abs, p)), abs(p[0]) + abs(p[1]), p)):
        yield Number(a), Number(b)


def _allowed(number: Number, fact: Relation) -> bool:
    """Whether a fact holds where every entry in it is the number; False where that is not known."""
    low, high = (value(replace_components(f, lambda c: number)) for f in (fact.left, fact.right))
    return low is not None and high is not None and _HOLDS[fact.relation](low, high)


def falls(function: Function, facts: Sequence[Relation] = ()) -> tuple[Number, Number] | None:
    """Two numbers, allowed by the facts, of which the larger one has the smaller value."""
    for pair in pairs(facts):
        low, high = (value(function(e)) for e in pair)
        if low is not None and high is not None and low > high:  # type: ignore[operator]
            return pair
    return None
