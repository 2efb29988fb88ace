"""Which facts about entries a draw can satisfy, and how.

Linear equality over an index (Σ_j t[n,j] = 1), bounds by numbers (x > 0, 0 ≤ p ≤ 1), order between
two tensors (a ≤ b) and ≠.  Any other kind of fact about given tensors is unsupported; facts about
computed tensors are tested after the draw.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from derive.derivation.program import Program
from derive.errors import Unsupported
from derive.ir import (
    TRUE,
    Atom,
    Component,
    Formula,
    Index,
    Int,
    Number,
    Relation,
    Size,
    Sum,
    Tensor,
    tensors,
)

FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}


@dataclass
class Bounds:
    """An interval in which all entries of a tensor are drawn; the ends themselves are left out."""

    low: Fraction | None = None
    high: Fraction | None = None


@dataclass
class Plan:
    """What the drawing of given tensors has to respect, and what has to be tested afterwards."""

    bounds: dict[Tensor, Bounds] = field(default_factory=dict)
    totals: dict[Tensor, tuple[tuple[int, ...], Fraction]] = field(default_factory=dict)
    ordered: list[tuple[Tensor, Tensor]] = field(default_factory=list)
    distinct: dict[Tensor, None] = field(default_factory=dict)
    symmetric: dict[Tensor, None] = field(default_factory=dict)
    implied: list[Relation] = field(default_factory=list)


def plan(program: Program, known: Collection[Tensor] = ()) -> Plan:
    """How to draw values that satisfy the program's facts; raises Unsupported for other kinds.

    The entries of the `known` tensors are not drawn, so facts about them are tested afterwards.
    """
    made = Plan()
    for fact in program.facts:
        read = [t for side in (fact.left, fact.right) for t in tensors(side)]
        if any(t in program.defined or t in known for t in read):
            made.implied.append(fact)
        elif not (
            _add(made, fact.left, fact.relation, fact.right)
            or _add(made, fact.right, FLIPPED.get(fact.relation, "?"), fact.left)
        ):
            raise Unsupported("a fact of a kind that no draw is known to satisfy")
    otherwise = {*made.totals, *made.distinct, *(t for two in made.ordered for t in two)}
    if otherwise & {*made.symmetric}:
        raise Unsupported("facts about a symmetric matrix that no draw is known to satisfy")
    return made


def _add(made: Plan, left: Formula, relation: str, right: Formula) -> bool:
    """Enter one fact into the plan, if it is of a known kind with the tensor on its left."""
    if isinstance(left, Sum) and isinstance(right, Number) and relation == "=":
        return _add_total(made, left, right.value)
    if not isinstance(left, Component):
        return False
    tensor = left.tensor
    if relation == "!=":
        made.distinct[tensor] = None
        if isinstance(right, Component):
            made.distinct[right.tensor] = None
        return isinstance(right, (Number, Component))
    if isinstance(right, Number):
        bounds = made.bounds.setdefault(tensor, Bounds())
        if relation in (">", ">="):
            bounds.low = right.value if bounds.low is None else max(bounds.low, right.value)
        elif relation in ("<", "<="):
            bounds.high = right.value if bounds.high is None else min(bounds.high, right.value)
        return relation in ("<", "<=", ">", ">=")
    if isinstance(right, Component) and relation == "=" and right.tensor == tensor:
        made.symmetric[tensor] = None
        apart = len({e.atom for e in left.indices if isinstance(e.atom, Index)}) == 2
        return apart and len(tensor.shape) == 2 and right.indices == left.indices[::-1]
    if isinstance(right, Component) and relation in ("<", "<=") and right.indices == left.indices:
        made.ordered.append((tensor, right.tensor))
        return right.tensor != tensor
    return False


def _add_total(made: Plan, left: Sum, total: Fraction) -> bool:
    body = left.body
    if not isinstance(body, Component) or left.condition != TRUE:
        return False
    atoms = [e.atom for e in body.indices]
    axes = []
    for r in left.ranges:
        if atoms.count(r.index) != 1:
            return False
        axis = atoms.index(r.index)
        base, extent = body.tensor.base, body.tensor.shape[axis]
        if r.lowers != (Int.of(base),) or _fixed(r.uppers) != _fixed([extent + (base - 1)]):
            return False
        axes.append(axis)
    if body.tensor in made.totals:
        return made.totals[body.tensor] == (tuple(axes), total)
    made.totals[body.tensor] = (tuple(axes), total)
    return True


def _fixed(bounds: Sequence[Int]) -> list[Int]:
    """Bounds with their numbers for the sizes that are nothing but a number."""

    def number(atom: Atom) -> Int | None:
        defined = atom.definition if isinstance(atom, Size) else None
        return defined if defined is not None and defined.constant is not None else None

    return [e.replace(number) for e in bounds]
