"""Solving for an index and bounds on it, against brute force."""

from __future__ import annotations

import pytest
from assignments import i, number, p, true
from laws import A, H, K, S

from derive.ir import (
    TRUE,
    Index,
    Int,
    Size,
    floor,
    ravel,
    unravel,
)
from derive.ir.affine import bound, open_floor, sign, solve
from derive.ir.text import to_text

# -- solving for an index ------------------------------------------------------------------------

COEFFICIENTS = [Int.of(n) for n in (-3, -2, -1, 1, 2, 3)] + [Int.of(S), -Int.of(S), S * K, -2 * K]
RESTS = [Int.of(0), p + 0, p - 3, -p + S, 2 * p + K, floor(p, 2) - 4]
NUMBERS = [{S: s, K: n, p: q} for s in (2, 3) for n in (1, 2) for q in range(-6, 8)]


@pytest.mark.parametrize("c", COEFFICIENTS, ids=to_text)
def test_solutions_are_those_of_brute_force(c: Int) -> None:
    for rest in RESTS:
        e = c * i + rest
        solution = solve(e, i)
        assert solution is not None
        for env in NUMBERS:
            roots = [n for n in range(-40, 41) if number(e, {**env, i: n}) == 0]
            found = [number(solution.value, env)] if true(solution.condition, env) else []
            assert roots == found, (to_text(e), env)
    assert (solve(c * i, i).condition == TRUE) == (c in (Int.of(1), Int.of(-1)))  # type: ignore[union-attr]


@pytest.mark.parametrize("c", COEFFICIENTS, ids=to_text)
def test_bounds_are_those_of_brute_force(c: Int) -> None:
    for rest in RESTS:
        floors = (floor(c * i + rest, 3) - p, p - floor(c * i + rest, 2))
        for e in (c * i + rest, *floors, floor(i, 2) + i + rest):
            limit = bound(e, i)
            assert limit is not None, to_text(e)
            for env in NUMBERS[::3]:
                edge = number(limit.value, env)
                for n in (*range(edge - 3, edge + 4), -60, 60):
                    inside = n >= edge if limit.lower else n <= edge
                    assert (number(e, {**env, i: n}) >= 0) is inside, (to_text(e), env, n)


def test_the_floor_with_the_index_is_opened() -> None:
    """⌊a/2⌋ + ⌊i/3⌋ ≥ 0 says i ≥ -3⌊a/2⌋, whichever floor comes first."""
    first = Index("a")
    limit = bound(floor(first, 2) + floor(i, 3), i)
    assert limit is not None
    assert limit.lower
    assert limit.value == -3 * floor(first, 2)


def test_what_is_not_linear_in_the_index_is_left() -> None:
    for e in (i * i - p, i * p - K, Int.of(ravel((i, p), (H, K))), i * (S - K)):
        assert solve(e, i) is None, to_text(e)
        assert bound(e, i) is None, to_text(e)
    assert bound(2 * floor(i, 2) - p, i) is None
    assert bound(floor(i, 2) * floor(p, 2), i) is None
    assert bound(unravel(i, 0, (A, K)) - p, i) is None
    assert bound(p - 3, i) is None
    assert open_floor(2 * floor(i, 2) - p, floor(i, 2).atom) is None  # type: ignore[arg-type]
    assert open_floor(floor(i, 2) * floor(i, 2) - p, floor(i, 2).atom) is None  # type: ignore[arg-type]


def test_signs_of_coefficients() -> None:
    free = Size("P", least=0)
    for e, wanted in [
        (Int.of(2), 1),
        (Int.of(-2), -1),
        (Int.of(S), 1),
        (S * K + 1, 1),
        (-S - K, -1),
        (S - K, 0),
        (Int.of(free), 0),
        (Int.of(p), 0),
        (S * p, 0),
    ]:
        assert sign(e) == wanted, to_text(e)
