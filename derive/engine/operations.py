"""How many multiplications, additions and comparisons a formula needs, as formulas.

What is counted is the formula as it stands: a sum of n products of two factors needs n
multiplications and n - 1 additions.  Conditions on indices cost nothing.  Of several cases, those
conditions that compare entries are counted, and of each kind of operation the largest number.
"""

from __future__ import annotations

from dataclasses import dataclass

from derive.ir import (
    Apply,
    Bracket,
    Cases,
    Chosen,
    Compare,
    Component,
    Count,
    Delta,
    Formula,
    Greatest,
    Guard,
    Least,
    Max,
    Number,
    Plus,
    Power,
    Sum,
    Times,
    refresh,
)
from derive.rules.terms import factors, total

_NONE = Number(0)


@dataclass(frozen=True)
class Operations:
    """The numbers of operations; `other` are roots, powers and functions of the table."""

    multiplications: Formula = _NONE
    additions: Formula = _NONE
    comparisons: Formula = _NONE
    other: Formula = _NONE

    @property
    def kinds(self) -> dict[str, Formula]:
        return {
            "multiplications": self.multiplications,
            "additions": self.additions,
            "comparisons": self.comparisons,
            "other operations": self.other,
        }


_NONE_OF = Operations()


def operations(f: Formula) -> Operations:
    """What one value of `f` needs."""
    match f:
        case Sum() | Max():
            return _bound(f)
        case Times():
            parts = [g for g in factors(f) if not isinstance(g, Delta | Chosen)]
            values = [g for g in parts if not isinstance(g, Bracket)]
            signs = sum(g == Number(-1) for g in values)
            own = Operations(multiplications=Number(max(len(values) - signs - 1, 0)))
            return _together(own, *map(operations, parts))
        case Plus():
            own = Operations(additions=Number(max(len(f.args) - 1, 0)))
            return _together(own, *map(operations, f.args))  # type: ignore[arg-type]
        case Greatest() | Least():
            own = Operations(comparisons=Number(max(len(f.args) - 1, 0)))
            return _together(own, *map(operations, f.args))  # type: ignore[arg-type]
        case Power() if isinstance(f.base, Number | Count):
            return Operations()
        case Power():
            return _together(Operations(other=Number(1)), operations(f.base))
        case Apply() if f.function.name == "relu":
            own = Operations(comparisons=Number(1))
            return _together(own, *map(operations, f.arguments))
        case Apply():
            return _together(Operations(other=Number(1)), *map(operations, f.arguments))
        case Bracket():
            return _condition(f.condition)
        case Cases():
            conditions = (_condition(b.condition) for b in f.branches)
            return _together(*conditions, _largest(*(operations(b.value) for b in f.branches)))
        case Number() | Count() | Component():
            return Operations()
    return _together(*(operations(a) for a in f.args if isinstance(a, Formula)))


def _condition(g: Guard) -> Operations:
    """What deciding a condition needs: a comparison for each pair of compared values."""
    if isinstance(g, Compare):
        own = Operations(comparisons=Number(1))
        return _together(own, operations(g.left), operations(g.right))
    return _together(*(_condition(part) for part in g.args if isinstance(part, Guard)))


def _largest(*parts: Operations) -> Operations:
    """Of each kind the largest number."""
    found: list[Formula] = []
    for key in _NONE_OF.kinds:
        counted = [p.kinds[key] for p in parts]
        numbers = [g.value for g in counted if isinstance(g, Number)]
        known = len(numbers) == len(counted)
        found.append(Number(max(numbers)) if known else Greatest(*dict.fromkeys(counted)))
    return Operations(*found)


def _bound(f: Sum | Max) -> Operations:
    """The operations of every term, and one less than their number to join them."""
    inner = {key: _over(f, g) for key, g in operations(f.body).kinds.items()}
    joins = total(_over(f, Number(1)), Number(-1))
    key = "additions" if isinstance(f, Sum) else "comparisons"
    inner[key] = joins if inner[key] == Number(0) else total(inner[key], joins)
    return Operations(*inner.values())


def _over(f: Sum | Max, g: Formula) -> Formula:
    """Σ g over the ranges of a sum or maximum."""
    return g if g == Number(0) else refresh(Sum(g, *f.ranges, f.condition))


def _together(*parts: Operations) -> Operations:
    found = []
    for key in _NONE_OF.kinds:
        terms = [p.kinds[key] for p in parts if p.kinds[key] != Number(0)]
        found.append(total(*terms))
    return Operations(*found)
