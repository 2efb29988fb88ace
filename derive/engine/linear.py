"""Systems of linear equations in rationals, solved one equation after the other."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Generic, TypeVar

Unknown = TypeVar("Unknown", bound=Hashable)


@dataclass
class System(Generic[Unknown]):
    """Equations Σ a_u u = r; `unknowns` has the order in which they are eliminated.

    Each row of `solved` has one unknown with the coefficient 1 that no other row has.
    """

    unknowns: tuple[Unknown, ...]
    solved: dict[Unknown, tuple[dict[Unknown, Fraction], Fraction]] = field(default_factory=dict)

    def add(self, left: dict[Unknown, Fraction], right: Fraction) -> bool:
        """Take one more equation; False, and no change, where it contradicts those before."""
        row = {u: c for u, c in left.items() if c}
        for u in list(row):
            if u in self.solved and u in row:
                row, right = _without(row, right, u, *self.solved[u])
        if not row:
            return right == 0
        pivot = min(row, key=self.unknowns.index)
        by = row[pivot]
        row, right = {u: c / by for u, c in row.items()}, right / by
        for u, (other, r) in self.solved.items():
            if pivot in other:
                self.solved[u] = _without(other, r, pivot, row, right)
        self.solved[pivot] = (row, right)
        return True

    @property
    def free(self) -> tuple[Unknown, ...]:
        """The unknowns that may be chosen."""
        return tuple(u for u in self.unknowns if u not in self.solved)

    def solution(self, u: Unknown) -> tuple[dict[Unknown, Fraction], Fraction]:
        """(c, r) with u = Σ c_v v + r over free unknowns v."""
        if u not in self.solved:
            return {u: Fraction(1)}, Fraction(0)
        row, right = self.solved[u]
        return {v: -c for v, c in row.items() if v != u}, right


def _without(
    row: dict[Unknown, Fraction],
    right: Fraction,
    u: Unknown,
    other: dict[Unknown, Fraction],
    r: Fraction,
) -> tuple[dict[Unknown, Fraction], Fraction]:
    """A row less the multiple of another that has u with the coefficient 1."""
    by = row[u]
    result = dict(row)
    for v, c in other.items():
        result[v] = result.get(v, Fraction(0)) - by * c
        if not result[v]:
            del result[v]
    return result, right - by * r
