"""Comparing formulas that are made of sizes only, such as H_out = ⌊(H + 2P − K)/S⌋ + 1.

Such a formula has one value at each choice of sizes, so hundreds of choices are tried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import islice
from math import prod

import numpy as np

from derive.check.pair import Pair
from derive.errors import Unsupported
from derive.ir import Count, Formula, Guard, Number, Plus, Power, Size, Times
from derive.verify.sizes import SizeSearch
from derive.verify.verdict import (
    EXACT,
    NOT_CHECKABLE,
    REFUTED,
    Counterexample,
    Verification,
)
from derive.verify.whole import holds, number

SMALLEST, DRAWN = 300, 60
"""Choices of sizes: the smallest ones, and others at random."""
FEW, MORE = 20, 40
"""Where conditions leave fewer than the first number, up to the second are looked for."""


def counts_only(f: Formula) -> bool:
    """Whether a formula consists of numbers, sizes, sums, products and whole powers."""
    if isinstance(f, (Plus, Times)):
        return all(counts_only(part) for part in f.args)  # type: ignore[arg-type]
    if isinstance(f, Power):
        whole = isinstance(f.exponent, Number) and f.exponent.value.denominator == 1
        return whole and counts_only(f.base)
    return isinstance(f, Number) or (isinstance(f, Count) and not f.integer.indices)


class Counting:
    """Compares formulas of sizes at all the sizes that a search finds."""

    def __init__(self, search: Callable[[Sequence[Guard]], SizeSearch]) -> None:
        self._search = search

    @cached_property
    def _choices(self) -> list[dict[Size, int]]:
        return self._drawn((), SMALLEST, DRAWN)

    def _drawn(self, facts: Sequence[Guard], smallest: int, drawn: int) -> list[dict[Size, int]]:
        """The smallest sizes at which the facts hold, and where there are more, some at random."""
        search = self._search(facts)
        rng = np.random.default_rng(0)
        found = list(islice(search.assignments(None), smallest))
        if len(found) == smallest:
            others = (next(search.assignments(rng), None) for _ in range(drawn))
            found += [sizes for sizes in others if sizes is not None]
        return sorted(found, key=lambda sizes: sum(sizes.values()))

    def compare(self, pair: Pair, facts: Sequence[Guard]) -> Verification:
        """ "exact" where both sides agree at every choice at which the facts hold."""
        fitting = [s for s in self._choices if all(holds(g, s) for g in facts)]
        refuted = self._refuted(pair, fitting)
        if refuted is None and len(fitting) < FEW and facts:
            fitting = self._drawn(facts, MORE, MORE)
            refuted = self._refuted(pair, fitting)
        if refuted is not None:
            return Verification(REFUTED, 1, counterexample=refuted)
        if not fitting:
            return Verification(NOT_CHECKABLE, reason="no small sizes satisfy the conditions")
        return Verification(EXACT, len(fitting), 0.0)

    def _refuted(self, pair: Pair, choices: Sequence[dict[Size, int]]) -> Counterexample | None:
        for sizes in choices:
            left, right = value(pair.left, sizes), value(pair.right, sizes)
            if left != right:
                shown = tuple((s.name, n) for s, n in sizes.items())
                return Counterexample(shown, (), left, right)
        return None


def value(f: Formula, sizes: Mapping[Size, int]) -> Fraction | None:
    """The value of a formula of sizes; None where it divides by 0."""
    if isinstance(f, Number):
        return f.value
    if isinstance(f, Count):
        return Fraction(number(f.integer, sizes))
    if isinstance(f, (Plus, Times)):
        parts = [value(part, sizes) for part in f.args]  # type: ignore[arg-type]
        known = [p for p in parts if p is not None]
        if len(known) < len(parts):
            return None
        return sum(known, Fraction(0)) if isinstance(f, Plus) else prod(known, start=Fraction(1))
    if isinstance(f, Power) and isinstance(f.exponent, Number):
        base = value(f.base, sizes)
        n = int(f.exponent.value)
        return None if base is None or (base == 0 and n < 0) else base**n
    raise Unsupported(f"{f} is not made of sizes")
