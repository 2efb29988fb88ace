"""How many multiplications, additions and comparisons a formula needs, as formulas.

What is counted is the formula as it stands: a sum of n products of two factors needs n
multiplications and n - 1 additions.  Conditions on indices cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from derive.ir import (
    Apply,
    Bracket,
    Chosen,
    Component,
    Count,
    Delta,
    Formula,
    Greatest,
    Least,
    Max,
    Number,
    Plus,
    Power,
    Sum,
    Times,
    refresh,
)
from derive.rules.terms import total

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


def operations(f: Formula) -> Operations:
    """What one value of `f` needs."""
    match f:
        case Sum() | Max():
            return _bound(f)
        case Times():
            factors = [g for g in f.args if not isinstance(g, Bracket | Delta | Chosen)]
            signs = sum(g == Number(-1) for g in factors)
            own = Operations(multiplications=Number(max(len(factors) - signs - 1, 0)))
            return _together(own, *map(operations, factors))  # type: ignore[arg-type]
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
        case Number() | Count() | Component():
            return Operations()
    parts = (a for a in f.args if isinstance(a, Formula))
    return _together(*map(operations, parts))


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
    for key in ("multiplications", "additions", "comparisons", "other operations"):
        terms = [p.kinds[key] for p in parts if p.kinds[key] != Number(0)]
        found.append(total(*terms))
    return Operations(*found)
