"""The scope of a formula: the ranges of its free indices and what is known of the sizes."""

from __future__ import annotations

from derive.derivation.program import Program
from derive.ir import Atom, Guard, Index, Int, Range


class Scope:
    """Where a formula stands: `ranges` of its indices, outermost first, and conditions that hold.

    Scopes are made once per place (`within` and `given` remember what they returned), so "nothing
    more to do here" can be remembered by the identity of a formula and its scope.  `used` collects
    the conditions on the numbers of sizes (2 divides H) that a proof in this scope relied on;
    `proved` keeps what was asked before, with what it relied on, or None where there is no proof.
    """

    def __init__(
        self,
        program: Program,
        ranges: tuple[Range, ...] = (),
        known: tuple[Guard, ...] = (),
        parent: Scope | None = None,
    ) -> None:
        self.program, self.ranges, self.known = program, ranges, known
        self.parent = parent
        self.used: list[Guard] = [] if parent is None else parent.used
        self.proved: dict[Int, tuple[Guard, ...] | None] = {}
        self.samples: object | None = None
        self._inner: dict[tuple[object, ...], Scope] = {}
        self._range_of = {r.index: r for r in ranges}

    def within(self, *ranges: Range) -> Scope:
        """The scope inside a binder of `ranges`, which lies inside that of the first, and so on."""
        scope = self
        for r in ranges:
            scope = scope._make((r,), ())
        return scope

    def given(self, *guards: Guard) -> Scope:
        """The scope beside factors that are 0 unless `guards` hold."""
        return self._make((), guards)

    def _make(self, ranges: tuple[Range, ...], guards: tuple[Guard, ...]) -> Scope:
        if not ranges and not guards:
            return self
        key = (ranges, guards)
        if key not in self._inner:
            self._inner[key] = Scope(
                self.program, (*self.ranges, *ranges), (*self.known, *guards), self
            )
        return self._inner[key]

    def home(self, indices: frozenset[Atom]) -> Scope:
        """The outermost scope that knows as much as this one about some of its indices."""
        scope = self
        while (outer := scope.parent) is not None:
            if len(scope.known) > len(outer.known) or scope.ranges[-1].index in indices:
                break
            scope = outer
        return scope

    def range_of(self, index: Index) -> Range | None:
        """The range of an index, where the scope has one."""
        return self._range_of.get(index)
