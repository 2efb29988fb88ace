"""Deciding equations in rationals and real balls: refutations, and what residues cannot type.

A refutation is looked for at the smallest sizes and values first, and it counts only where both
values are certain to differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import flint
import numpy as np

from derive.derivation.program import Program
from derive.ir import Formula, Guard, Range
from derive.verify.arithmetic import Untyped
from derive.verify.array import Data
from derive.verify.compare import Place
from derive.verify.facts import Plan
from derive.verify.sample import POSITIVE, REAL, SMALL, world
from derive.verify.sizes import SizeSearch
from derive.verify.verdict import NOT_CHECKABLE, NUMERIC, REFUTED, Verification

STYLES = (SMALL, SMALL, REAL, POSITIVE)
BITS = 400
SMALLEST, VARIED = 12, 3


class Reals:
    """Compares two formulas over some ranges, at sizes that satisfy some facts."""

    def __init__(
        self, program: Program, plan: Plan, ranges: Sequence[Range], facts: Sequence[Guard]
    ) -> None:
        self.program, self.plan, self.ranges, self.facts = program, plan, ranges, facts

    def check(self, left: Formula, relation: str, right: Formula) -> Verification:
        """ "refuted" at the first certain failure, else "numeric" with the bits of agreement."""
        draws, precision = 0, BITS
        try:
            for place in self._places():
                usable, bits, refuted = self._compare(place, left, relation, right)
                if refuted is not None:
                    return refuted
                draws, precision = draws + usable, min(precision, bits)
        except Untyped as reason:
            return Verification(NOT_CHECKABLE, reason=str(reason))
        if not draws:
            return Verification(NOT_CHECKABLE, reason="no draw gives both sides a value")
        return Verification(NUMERIC, draws, precision=precision)

    def _places(self) -> Iterator[Place]:
        """Places at the smallest sizes, by their sum, and then at varied ones."""
        rng = np.random.default_rng(1)
        search = SizeSearch(self.program, self.facts)
        smallest = list(islice(search.assignments(None), 60))
        smallest.sort(key=lambda sizes: sum(sizes.values()))
        chosen = smallest[:SMALLEST]
        for _ in range(VARIED):
            sizes = search.varied(rng)
            if sizes is not None and sizes not in chosen:
                chosen.append(sizes)
        for sizes in chosen:
            place = Place(world(self.program, self.plan, sizes, STYLES, rng), self.ranges)
            if not place.empty:
                yield place

    def _compare(
        self, place: Place, left: Formula, relation: str, right: Formula
    ) -> tuple[int, int, Verification | None]:
        """The usable draws, the bits of agreement, and a refutation if there is one."""
        with flint.ctx.workprec(BITS):
            exact = place.world.exact(BITS)
            a, b = exact.value(left, place.env), exact.value(right, place.env)
            failing = place.difference(a, b, _FAILS[relation])
            for at in failing.places():
                found = place.exactly(left, right, at)
                if found is not None:
                    shown = place.counterexample((left, right), found, at)
                    return 0, 0, Verification(REFUTED, 1, counterexample=shown)
            bits = _agreement(a.spread(place.axes), b.spread(place.axes))
            return failing.usable, bits, None


def _agreement(a: Data, b: Data) -> int:
    """The smallest number of bits after the binary point to which two arrays of numbers agree."""
    worst = BITS
    for gap in np.ravel(a - b):
        size = abs(flint.arb(gap)).upper()
        if size.is_finite() and size > 0:
            worst = min(worst, int(float(-size.log() / flint.arb.const_log2())))
    return worst


def _test(certain: Callable[[object, object], bool]) -> Callable[[Data, Data], Data]:
    """An elementwise test whose result is False exactly where failure is certain."""
    ufunc = np.frompyfunc(lambda x, y: not certain(x, y), 2, 1)
    return lambda a, b: np.asarray(ufunc(a, b), bool)


_FAILS: dict[str, Callable[[Data, Data], Data]] = {
    "=": _test(lambda x, y: bool(x > y or x < y)),  # type: ignore[operator]
    "<=": _test(lambda x, y: bool(x > y)),  # type: ignore[operator]
    "<": _test(lambda x, y: bool(x >= y)),  # type: ignore[operator]
}
