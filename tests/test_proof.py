"""Proofs of conditions and solving for an index, against brute force over small numbers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import laws
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import NAMES, PROGRAM, A, C, H, K, R, S

from derive.derivation.program import Program
from derive.derivation.scope import Scope
from derive.ir import (
    TRUE,
    And,
    Atom,
    Divides,
    Entry,
    Equal,
    Guard,
    Index,
    Int,
    NonNegative,
    Not,
    Or,
    Range,
    Size,
    at_least,
    at_most,
    floor,
    ravel,
    unravel,
)
from derive.ir.affine import bound, open_floor, sign, solve
from derive.ir.read import from_text
from derive.ir.text import to_text
from derive.rules import sampling
from derive.rules.proof import at_least_zero, proves, refutes, value
from derive.rules.sampling import Numbers, samples_of

i, j, k, p = (Index(letter) for letter in "ijkp")
Env = dict[Atom, int]


def number(e: Int, env: Env) -> int:
    """The value of an expression by putting numbers for its atoms."""
    e = e.replace(lambda a: a.expanded() if hasattr(a, "expanded") else None)
    found = e.replace(lambda a: Int.of(env[a]) if a in env else None).constant
    assert found is not None, to_text(e)
    return found


def assignments(scope: Scope, sizes: dict[Size, range]) -> Iterator[Env]:
    """All numbers for sizes and indices in the ranges of a scope, under its conditions."""
    for choice in product(*sizes.values()):
        env: Env = dict(zip(sizes, choice, strict=True))
        for s in scope.program.sizes:
            if s.definition is not None:
                env[s] = number(s.definition, env)
        if all(true(g, env) for g in scope.program.size_facts):
            yield from _indices(scope, env, scope.ranges)


def _indices(scope: Scope, env: Env, ranges: tuple[Range, ...]) -> Iterator[Env]:
    if not ranges:
        if all(true(g, env) for g in scope.known):
            yield env
        return
    low = max(number(e, env) for e in ranges[0].lowers)
    high = min(number(e, env) for e in ranges[0].uppers)
    for n in range(low, high + 1):
        yield from _indices(scope, {**env, ranges[0].index: n}, ranges[1:])


def true(g: Guard, env: Env) -> bool:
    if isinstance(g, And):
        return all(true(part, env) for part in g.args)  # type: ignore[arg-type]
    if isinstance(g, Or):
        return any(true(part, env) for part in g.args)  # type: ignore[arg-type]
    if isinstance(g, Not):
        return not true(g.args[0], env)  # type: ignore[arg-type]
    first, *second = (number(e, env) for e in g.args)  # type: ignore[arg-type]
    if isinstance(g, NonNegative):
        return first >= 0
    return second[0] % first == 0 if isinstance(g, Divides) else first == second[0]


# -- what must be proved, and what must not ------------------------------------------------------


def scope_of(where: str, *known: str) -> Scope:
    ranges = laws.ranges_of(where)
    return Scope(PROGRAM, ranges).given(*(from_text(g, NAMES, Guard) for g in known))


PROVABLE = [
    ("i=1..H", "i-1 >= 0"),
    ("i=1..H", "H-i >= 0"),
    ("i=1..H", "3*i-3 >= 0"),
    ("i=1..H", "K*i-1 >= 0"),
    ("i=1..H", "H*K-K*i >= 0"),
    ("i=1..H, k=i..H", "k-i >= 0"),
    ("i=1..H, k=i..H", "2*H-k-i >= 0"),
    ("i=1..min(H, K)", "K-i >= 0"),
    ("i=max(2, K)..H", "i-K >= 0"),
    ("i=1..H", "floor(i-1, 2) >= 0"),
    ("i=1..H", "floor(i, 2)-floor(i-1, 2)+1 >= 0"),
    ("i=1..H", "H-1-floor(i-1, 2) >= 0"),
    ("i=1..H", "i-2*floor(i-1, 2)-1 >= 0"),
    ("i=1..H", "2*floor(i-1, 2)-i+2 >= 0"),
    ("i=1..H", "R-1-floor(i-1, 2) >= 0"),
    ("i=1..R", "H-2*i >= 0"),
    ("i=1..H", "floor(S*i, S)-1 >= 0"),
    ("i=1..A, k=1..K", "ravel[1](i, k; A, K)-1 >= 0"),
    ("i=1..A, k=1..K", "A*K-ravel[1](i, k; A, K) >= 0"),
    ("i=0..A-1, k=0..K-1", "A*K-1-ravel[0](i, k; A, K) >= 0"),
    ("p=1..A*K", "unravel[1, 0](p; A, K)-1 >= 0"),
    ("p=1..A*K", "K-unravel[1, 1](p; A, K) >= 0"),
    ("p=0..A*K-1", "A-1-unravel[0, 0](p; A, K) >= 0"),
    ("i=1..H", "c[i]-1 >= 0"),
    ("i=1..H", "K-c[i] >= 0"),
    ("", "H-2 >= 0"),
    ("i=1..H", "H+i-3 >= 0"),
    ("", "S-2 >= 0"),
    ("", "H-2*R >= 0"),
    ("", "2*R-H >= 0"),
    ("", "2 | 2*H+4*K"),
    ("", "S | S*K+2*S"),
    ("i=1..H", "i = i"),
    ("i=1..1", "i = 1"),
    ("i=1..H", "i-1 >= 0 and H-i >= 0"),
    ("i=1..H", "i-2 >= 0 or i-1 >= 0"),
    ("i=1..H", "not {-i >= 0}"),
    ("i=1..H", "not {i = 0}"),
    ("i=1..H", "not {i = H+1}"),
    ("i=1..H", "not {2 | 2*i+1}"),
    ("i=1..H", "not {i-1 >= 0 and -i >= 0}"),
    ("i=1..H", "not {-i >= 0 or i-H-1 >= 0}"),
    ("i=1..H", "not {not {i-1 >= 0}}"),
    ("i=1..H", "true"),
    ("i=1..H", "not {false}"),
]


@pytest.mark.parametrize(("where", "text"), PROVABLE)
def test_what_ranges_and_facts_imply_is_proved(where: str, text: str) -> None:
    scope, guard = scope_of(where), from_text(text, NAMES, Guard)
    assert proves(scope, guard)
    assert not scope.used
    assert not refutes(scope, guard)


UNPROVABLE = [
    ("i=1..H", "i-2 >= 0"),
    ("i=1..H", "H-i-1 >= 0"),
    ("i=1..H", "K-i >= 0"),
    ("i=1..H", "R-1-floor(i, 2) >= 0"),
    ("i=1..H", "2*floor(i-1, 2)-i+1 >= 0"),
    ("i=1..H", "i-2*floor(i-1, 2)-2 >= 0"),
    ("", "K-2 >= 0"),
    ("", "H-K >= 0"),
    ("", "H-3 >= 0"),
    ("", "S-3 >= 0"),
    ("i=1..H, k=1..K", "i-k >= 0"),
    ("i=1..H", "c[i]-2 >= 0"),
    ("i=1..H", "K-1-c[i] >= 0"),
    ("i=1..A, k=1..K", "ravel[1](i, k; A, K)-2 >= 0"),
    ("p=1..A*K", "A-1-unravel[1, 0](p; A, K) >= 0"),
    ("i=1..H", "2 | i"),
    ("i=1..H", "i = 1"),
    ("i=1..H", "i-1 >= 0 and i-2 >= 0"),
    ("i=1..H", "i-2 >= 0 or 2 | i"),
    ("i=1..H", "not {i-2 >= 0}"),
    ("i=1..H", "not {2 | i}"),
    ("i=1..H", "not {i = 1}"),
    ("i=1..H", "false"),
]


@pytest.mark.parametrize(("where", "text"), UNPROVABLE)
def test_what_is_sometimes_false_is_not_proved(where: str, text: str) -> None:
    scope, guard = scope_of(where), from_text(text, NAMES, Guard)
    assert not proves(scope, guard)
    if text != "false":
        assert not refutes(scope, guard)


def test_known_conditions_are_used() -> None:
    e = at_least(i, 3)
    for known, wanted in (
        (["i-3 >= 0"], True),
        (["i-4 >= 0"], True),
        (["i-2 >= 0"], False),
        (["2 | i", "i-5 >= 0"], True),
    ):
        assert proves(scope_of("i=1..H", *known), e) is wanted, known
    even = from_text("2*floor(i, 2)-i >= 0", NAMES, Guard)
    assert not proves(scope_of("i=1..H"), even)
    assert proves(scope_of("i=1..H", "2 | i"), even)
    assert proves(scope_of("i=1..H", "2 | i+2"), even)
    positive = from_text("floor(i, 2)-1 >= 0", NAMES, Guard)
    assert proves(scope_of("i=1..H", "2 | i"), positive), "an even i ≥ 1 is at least 2"
    assert not proves(scope_of("i=0..H", "2 | i"), positive)
    assert not proves(scope_of("i=1..H", "3 | i"), even)
    assert not proves(scope_of("i=1..H", "2 | i+1"), even)


def test_numbers_of_sizes_are_used_last_and_told() -> None:
    """2⌊A/2⌋ ≥ A holds for A = 6 as 2 divides A, and 4⌊(A - 1)/4⌋ ≥ A - 2 as 4 divides A - 2."""
    for text, told in (
        ("2*floor(A, 2)-A >= 0", "2 | A"),
        ("4*floor(A-1, 4)-A+2 >= 0", "4 | A-2"),
        ("3*floor(A, 3)-A >= 0", "3 | A"),
    ):
        scope = scope_of("")
        guard = from_text(text, NAMES, Guard)
        assert proves(scope, guard)
        assert [to_text(g) for g in scope.used] == [told]
        scope.used.clear()
        assert proves(scope, guard)
        assert [to_text(g) for g in scope.used] == [told], "a remembered proof tells it again"
    for text in (
        "4*floor(A, 4)-A >= 0",
        "A-7 >= 0",
        "2*floor(H, 2)-H-1 >= 0",
        "2*floor(K, 2)-K >= 0",
    ):
        scope = scope_of("")
        assert not proves(scope, from_text(text, NAMES, Guard))
        assert not scope.used


def test_the_number_of_an_expression() -> None:
    assert value(A * 2 - C) == 9
    assert value(A + H) is None


# -- soundness by brute force --------------------------------------------------------------------

SMALL = {H: range(2, 7), K: range(1, 4), C: range(3, 4), A: range(6, 7), S: range(2, 4)}
atoms = st.sampled_from([Int.of(a) for a in (i, k, H, K, S, R, Int.of(1), Int.of(2))])
integers = st.recursive(
    atoms,
    lambda e: st.one_of(
        st.tuples(e, st.integers(-3, 3), e).map(lambda t: t[0] + t[1] * t[2]),
        st.tuples(e, st.sampled_from([Int.of(2), Int.of(3), Int.of(S)])).map(lambda t: floor(*t)),
        st.tuples(e, atoms).map(lambda t: t[0] * t[1]),
        st.integers(-4, 4).map(Int.of),
    ),
    max_leaves=5,
)
SCOPES = [
    "i=1..H, k=1..K",
    "i=1..R, k=i..H",
    "i=max(1, K-1)..min(H, K+1), k=1..S",
    "i=0..2*H-1, k=floor(i, 2)..H",
]


@settings(max_examples=150)
@given(st.sampled_from(SCOPES), integers, st.sampled_from(["", "i-2 >= 0", "2 | i"]))
def test_what_is_proved_holds_everywhere(where: str, e: Int, known: str) -> None:
    scope = scope_of(where, *([known] if known else []))
    for guard in (NonNegative(e), NonNegative(-e - 1), Divides(2, e), Equal(e, i)):
        holds = proves(scope, guard)
        fails = refutes(scope, guard)
        if holds or fails:
            for env in assignments(scope, SMALL):
                assert true(guard, env) is holds, (to_text(guard), env)


def as_env(numbers: Numbers) -> Env:
    return {**numbers.sizes, **numbers.indices}


@pytest.mark.parametrize("known", [(), ("2 | i",), ("i-2 >= 0", "k-i >= 0"), ("not {i = 1}",)])
@pytest.mark.parametrize("where", SCOPES)
def test_samples_satisfy_what_is_known(where: str, known: tuple[str, ...]) -> None:
    scope = scope_of(where, *known)
    for draws, with_values in (
        (samples_of(scope).general, False),
        (samples_of(scope).valued, True),
    ):
        envs = [as_env(numbers) for numbers in draws]
        assert bool(not known) <= len(envs) <= 16
        for env in envs:
            assert all(true(g, env) for g in (*PROGRAM.size_facts, *scope.known))
            for r in scope.ranges:
                assert max(number(e, env) for e in r.lowers) <= env[r.index]
                assert env[r.index] <= min(number(e, env) for e in r.uppers)
            for size in PROGRAM.sizes:
                assert env[size] >= size.least
                if with_values and size.value is not None:
                    assert env[size] == size.value
                if size.definition is not None:
                    assert env[size] == number(size.definition, env)


def test_samples_reach_both_ends_of_a_range_and_the_least_sizes() -> None:
    envs = [as_env(numbers) for numbers in samples_of(scope_of("i=1..H")).general]
    assert len(envs) == 16
    assert {env[i] == 1 for env in envs} == {True, False}
    assert {env[i] == env[H] for env in envs} == {True, False}
    assert any(1 < env[i] < env[H] for env in envs)
    for size in (H, K, S, A):
        assert any(env[size] == size.least or env[size] == 2 for env in envs)
        assert len({env[size] for env in envs}) > 3
    again = [as_env(numbers) for numbers in samples_of(scope_of("i=1..H")).general]
    assert envs == again


@settings(max_examples=60)
@given(st.sampled_from(SCOPES), integers)
def test_a_refutation_is_a_sample_below_zero(where: str, e: Int) -> None:
    draws = samples_of(scope_of(where)).general
    assert draws.refute(e) == any(number(e, as_env(numbers)) < 0 for numbers in draws)


def test_conditions_and_numbers_of_samples() -> None:
    numbers = Numbers({H: 6, K: 3}, {i: 4, p: 11})
    for text, wanted in [
        ("i-4 >= 0", True),
        ("i-5 >= 0", False),
        ("2 | i", True),
        ("3 | i", False),
        ("i = 4", True),
        ("i = H", False),
        ("2 | i and i-5 >= 0", False),
        ("2 | i or i-5 >= 0", True),
        ("3 | i or i-5 >= 0", False),
        ("2 | i and S-1 >= 0", None),
        ("3 | i and S-1 >= 0", False),
        ("2 | i or S-1 >= 0", True),
        ("3 | i or S-1 >= 0", None),
        ("not {2 | i}", False),
        ("not {3 | i}", True),
        ("not {S-1 >= 0}", None),
        ("true", True),
        ("false", False),
        ("compare(x[i] < x[p])", None),
        ("floor(i, K)-1 >= 0", True),
        ("floor(i, K)-2 >= 0", False),
        ("unravel[1, 0](p; H, K)-4 >= 0", True),
        ("unravel[1, 0](p; H, K)-5 >= 0", False),
        ("ravel[1](i, K; H, K)-12 >= 0", True),
        ("ravel[1](i, K; H, K)-13 >= 0", False),
        ("c[i]-1 >= 0", None),
    ]:
        assert sampling.holds(from_text(text, NAMES, Guard), numbers) is wanted, text
    assert sampling.evaluate(i * p * 2 - H, numbers) == 82
    assert sampling.evaluate(Int.of(S), numbers) is None
    assert sampling.evaluate(floor(i, K - 3), numbers) is None


def test_impossible_sizes_have_no_samples() -> None:
    """Nothing satisfies H ≥ 2 and 1 ≥ H, so nothing can be refuted; an empty range likewise."""
    program = Program((H,), (), (), (at_least(H, 2), at_most(H, 1)))
    assert not list(samples_of(Scope(program)).general)
    assert not list(samples_of(scope_of("i=H+1..H")).general)
    too_small = Size("Q", definition=H - 30)
    assert not list(samples_of(Scope(Program((H, too_small), (), ()))).general)


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


def test_a_class_is_a_number_of_its_range() -> None:
    e = Int.of(Entry(laws.TENSORS["c"], i))
    assert at_least_zero(scope_of("i=1..H"), 2 * e - 2)
    assert not at_least_zero(scope_of("i=1..H"), 2 * e - 3)
