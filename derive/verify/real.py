"""Deciding equations in rationals and real balls: refutations, and what residues cannot type.

A refutation is looked for at the smallest sizes and values first, and it counts only where both
values are certain to differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count, islice

import flint
import numpy as np

from derive.errors import Unsupported
from derive.ir import Formula, Range, Size
from derive.verify.arithmetic import Untyped
from derive.verify.array import Data
from derive.verify.compare import Difference, Fails, Place, differ
from derive.verify.sample import POSITIVE, REAL, SMALL, TIED
from derive.verify.sizes import SizeSearch
from derive.verify.verdict import NOT_CHECKABLE, NUMERIC, REFUTED, Verification
from derive.verify.world import World

STYLES = (TIED, SMALL, REAL, POSITIVE)
BITS = 400
SMALLEST, VARIED = 12, 3
"""How many of the smallest, and how many varied sizes are tried."""
PLACES = 40
"""At how many places of one world a refutation is looked for."""


class RealWorlds:
    """Worlds of small numbers: at the smallest sizes, by their sum, and then at varied ones."""

    def __init__(
        self,
        search: SizeSearch,
        make: Callable[[dict[Size, int], Sequence[str], np.random.Generator], World],
    ) -> None:
        self._search, self._make = search, make
        self._made: list[World] = []
        self._more = self._draw()

    def __iter__(self) -> Iterator[World]:
        """Every world; each is made when it is first needed, and kept."""
        for k in count():
            if k == len(self._made):
                made = next(self._more, None)
                if made is None:
                    return
                self._made.append(made)
            yield self._made[k]

    def _draw(self) -> Iterator[World]:
        rng = np.random.default_rng(1)
        smallest = list(islice(self._search.assignments(None), 60))
        smallest.sort(key=lambda sizes: sum(sizes.values()))
        chosen = smallest[:SMALLEST]
        for _ in range(VARIED):
            sizes = self._search.varied(rng, chosen)
            if sizes is not None and sizes not in chosen:
                chosen.append(sizes)
        for sizes in chosen:
            yield self._make(sizes, STYLES, rng)


class Reals:
    """Compares two formulas over some ranges, in some worlds."""

    def __init__(self, worlds: Iterable[World], ranges: Sequence[Range]) -> None:
        self.worlds, self.ranges = worlds, ranges

    def check(self, left: Formula, relation: str, right: Formula) -> Verification:
        """ "refuted" at the first certain failure, else "numeric" with the bits of agreement."""
        draws, precision, undecided = 0, BITS, ""
        try:
            for place in self._places():
                found = self._compare(place, left, relation, right)
                if found.counterexample is not None:
                    return found
                undecided = undecided or found.reason
                draws, precision = draws + found.draws, min(precision, found.precision or 0)
        except Untyped as reason:
            return Verification(NOT_CHECKABLE, reason=str(reason))
        if undecided or not draws:
            undecided = undecided or "no draw gives both sides a value"
            return Verification(NOT_CHECKABLE, reason=undecided)
        return Verification(NUMERIC, draws, precision=precision)

    def confirm(
        self, left: Formula, right: Formula, suspect: Place, difference: Difference
    ) -> Verification:
        """The smallest certain failure, where residues differ at the suspected places.

        Without one the difference is due to functions that residues do not know: "numeric".
        """
        try:
            for place in self._places():
                found = place.residues(left, right)
                if found.differs.any():
                    refuted = self._refute(place, left, right, found)
                    if refuted is not None:
                        return refuted
            refuted = self._refute(suspect, left, right, difference)
        except Untyped as reason:
            return Verification(NOT_CHECKABLE, reason=str(reason))
        return self.check(left, "=", right) if refuted is None else refuted

    def _refute(
        self,
        place: Place,
        left: Formula,
        right: Formula,
        found: Difference,
        fails: Fails = differ,
    ) -> Verification | None:
        """A refutation at the first of some places where a relation is certain to fail."""
        for at in islice(found.places(), PLACES):
            values = place.exactly(left, right, at, fails)
            if values is not None:
                shown = place.counterexample((left, right), values, at)
                return Verification(REFUTED, 1, counterexample=shown)
        return None

    def _places(self) -> Iterator[Place]:
        """The ranges in every world in which they are not empty."""
        places = (Place(world, self.ranges) for world in self.worlds)
        return (place for place in places if not place.empty)

    def _compare(self, place: Place, left: Formula, relation: str, right: Formula) -> Verification:
        """The verdict in one world: "refuted", or "numeric" at the draws that are usable."""
        if place.large and relation == "=":
            return self._compare_roughly(place, left, right)
        with flint.ctx.workprec(BITS):
            exact = place.world.exact(BITS)
            a, b = exact.value(left, place.env), exact.value(right, place.env)
            failing = place.difference(a, b, _test(_FAILS[relation]))
            refuted = self._refute(place, left, right, failing, _FAILS[relation])
            if refuted is not None:
                return refuted
            if relation in _STRICT:
                sure = place.difference(a, b, lambda x, y: ~_test(_STRICT[relation])(x, y))
                if sure.differs.any():
                    reason = "whether both sides are equal somewhere cannot be decided"
                    return Verification(NOT_CHECKABLE, reason=reason)
            bits = _agreement(a.spread(place.axes), b.spread(place.axes))
            return Verification(NUMERIC, int(failing.usable.sum()), precision=bits)

    def _compare_roughly(self, place: Place, left: Formula, right: Formula) -> Verification:
        """The same in floating point, where exact arithmetic would take too long."""
        floats = place.world.evaluator("floats")
        a, b = floats.value(left, place.env), floats.value(right, place.env)
        failing = place.difference(a, b, lambda x, y: abs(x.real - y.real) <= x.imag + y.imag)
        refuted = self._refute(place, left, right, failing)
        if refuted is not None:
            return refuted
        x, y = a.spread(place.axes), b.spread(place.axes)
        worst = float(np.max(abs(x.real - y.real) + x.imag + y.imag))
        if not np.isfinite(worst):
            raise Unsupported("the arrays are too large for exact arithmetic")
        bits = BITS if worst == 0 else int(-np.log2(worst))
        return Verification(NUMERIC, int(failing.usable.sum()), precision=bits)


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


_FAILS: dict[str, Fails] = {
    "=": differ,
    "<=": lambda x, y: bool(x > y),
    "<": lambda x, y: bool(x >= y),
    "!=": lambda x, y: bool(x == y),
}
"""Whether it is certain that a relation fails."""

_STRICT: dict[str, Fails] = {"<": lambda x, y: bool(x < y), "!=": differ}
"""Whether it is certain that a relation holds, of those that fail where both sides are equal."""
