"""The scope of a formula: the ranges of its free indices and what is known of the sizes."""

from __future__ import annotations

from dataclasses import dataclass

from derive.derivation.program import Program
from derive.ir import Guard, Index, Range


@dataclass(frozen=True)
class Scope:
    """Where a formula stands: indices with their ranges, outermost first, and conditions that hold."""

    program: Program
    ranges: tuple[Range, ...] = ()
    known: tuple[Guard, ...] = ()

    def within(self, *ranges: Range) -> Scope:
        """The scope inside a binder of `ranges`."""
        return Scope(self.program, (*self.ranges, *ranges), self.known)

    def given(self, *guards: Guard) -> Scope:
        """The scope beside factors that are 0 unless `guards` hold."""
        return Scope(self.program, self.ranges, (*self.known, *guards))

    def range_of(self, index: Index) -> Range | None:
        """The innermost range of an index."""
        return next((r for r in reversed(self.ranges) if r.index == index), None)
