"""Samples of sizes and indices, which show at once that something cannot be proved."""

from __future__ import annotations

import pytest
from assignments import SCOPES, Env, i, integers, number, p, scope_of, true
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import NAMES, PROGRAM, A, H, K, S

from derive.derivation.program import Program
from derive.derivation.scope import Scope
from derive.ir import (
    Guard,
    Int,
    Size,
    at_least,
    at_most,
    floor,
)
from derive.ir.read import from_text
from derive.rules import sampling
from derive.rules.sampling import Numbers, samples_of


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
