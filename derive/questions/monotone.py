"""Monotone functions, drawn: piecewise linear with kinks, flat parts and jumps of the slope.

On finitely many points every nondecreasing function agrees with such a one, so what holds for all
of these holds for all nondecreasing functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from derive.ir import Apply, Formula, Function, Number, Plus, Range, Times, rebuild
from derive.questions.setting import verified
from derive.verify.verdict import EXACT, NUMERIC, REFUTED, Verification
from derive.verify.verify import Verifier

DRAWS = 8
_KINKS = 4


def drawn(x: Formula, k: int, falling: bool) -> Formula:
    """The value at x of the k-th drawn function: c + Σ a_n max(x - t_n, 0), all a_n ≥ 0.

    The 0-th is x itself, the 1st is max(x, 0); a falling function is the opposite of a rising one.
    """
    if k == 0:
        f: Formula = x
    elif k == 1:
        f = Apply("relu", x)
    else:
        rng = np.random.default_rng(k)
        slopes = rng.integers(0, 4, _KINKS)
        kinks = rng.integers(-3, 4, _KINKS)
        parts: list[Formula] = [Number(int(rng.integers(-3, 4)))]
        for a, t in zip(slopes.tolist(), kinks.tolist(), strict=True):
            parts.append(Times(Number(Fraction(a, 2)), Apply("relu", Plus(x, Number(-t)))))
        f = Plus(*parts)
    return Times(Number(-1), f) if falling else f


def at_drawn(f: Formula, function: str, k: int, falling: bool) -> Formula:
    """`f` with the k-th drawn function in the place of an unknown one."""
    if isinstance(f, Apply) and f.function == Function(function):
        return drawn(at_drawn(f.arguments[0], function, k, falling), k, falling)
    parts = tuple(
        at_drawn(a, function, k, falling) if isinstance(a, Formula) else a for a in f.args
    )
    return rebuild(f, parts)


def for_all_monotone(
    verifier: Verifier,
    left: Formula,
    relation: str,
    right: Formula,
    function: str,
    falling: bool,
    ranges: Sequence[Range],
) -> Verification:
    """The verdict on `left relation right` for every drawn function: the worst of all."""
    draws = 0
    worst: Verification | None = None
    for k in range(DRAWS):
        sides = (at_drawn(f, function, k, falling) for f in (left, right))
        found = verified(verifier, next(sides), relation, next(sides), ranges)
        draws += found.draws
        if worst is None or _rank(found) < _rank(worst):
            worst = found
        if found.status == REFUTED:
            break
    assert worst is not None
    if worst.status not in (EXACT, NUMERIC):
        return worst
    # Drawn functions are examples: what holds for them all is not proved in exact arithmetic.
    return Verification(NUMERIC, draws, precision=None)


def _rank(v: Verification) -> int:
    return {REFUTED: 0, NUMERIC: 2, EXACT: 3}.get(v.status, 1)
