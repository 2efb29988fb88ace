"""Proofs of conditions from ranges and facts: what must be proved, and nothing that is false."""

from __future__ import annotations

from unittest import mock

import laws
import pytest
from assignments import SCOPES, SMALL, assignments, i, integers, scope_of, true
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import NAMES, A, C, H

from derive.ir import (
    Divides,
    Entry,
    Equal,
    Guard,
    Int,
    NonNegative,
    at_least,
)
from derive.ir.read import from_text
from derive.ir.text import to_text
from derive.rules import proof
from derive.rules.proof import at_least_zero, proves, refutes, value
from derive.rules.sampling import Samples

# -- what must be proved, and what must not ------------------------------------------------------


class Nothing:
    """No samples at all: then it is the search alone that must not prove too much."""

    def refute(self, e: Int) -> bool:
        return False


NONE = Samples(Nothing(), Nothing())  # type: ignore[arg-type]


@pytest.fixture(params=[True, False], ids=["with samples", "without"])
def samples(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if not request.param:
        monkeypatch.setattr(proof, "samples_of", lambda scope: NONE)


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
    ("", "2*floor(A-1, 2)-A+2 >= 0"),
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


@pytest.mark.usefixtures("samples")
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
    ("", "i >= 0"),
    ("i=1..H", "S*c[i]-K*c[i] >= 0"),
    ("i=1..H", "S*i-K*i >= 0"),
    ("i=1..H", "K*i-S*i >= 0"),
    ("i=1..H", "S*i-K*i-S+K >= 0"),
    ("i=1..H", "S*i-K*i-S*H+K*H >= 0"),
    ("i=1..H", "i*i-2 >= 0"),
    ("i=4..H", "3*S*floor(i, 3)-3*K*floor(i, 3)+3*K*i-4*S >= 0"),
    ("i=1..H", "S*floor(i, 2)-K*floor(i, 2) >= 0"),
    ("i=1..H", "K*floor(i, 2)-S*floor(i, 2) >= 0"),
    ("i=1..H", "floor(i, 2)*floor(i, 2)-1 >= 0"),
    ("i=1..H", "floor(i, 2)-1 >= 0"),
    ("i=1..H", "floor(i-1, 3)-1 >= 0"),
    ("i=1..H", "floor(H, 3)-floor(i-1, 3)-1 >= 0"),
    ("i=1..H", "-floor(i-1, 2) >= 0"),
    ("i=1..H", "3*floor(i, 3)-i+1 >= 0"),
    ("i=1..H", "i-3*floor(i, 3)-1 >= 0"),
    ("", "S*floor(A, S)-A >= 0"),
    ("i=1..H", "2 | i"),
    ("i=1..H", "i = 1"),
    ("i=1..H", "i-1 >= 0 and i-2 >= 0"),
    ("i=1..H", "i-2 >= 0 or 2 | i"),
    ("i=1..H", "not {i-2 >= 0}"),
    ("i=1..H", "not {2 | i}"),
    ("i=1..H", "not {i = 1}"),
    ("i=1..H", "false"),
]


@pytest.mark.usefixtures("samples")
@pytest.mark.parametrize(("where", "text"), UNPROVABLE)
def test_what_is_sometimes_false_is_not_proved(where: str, text: str) -> None:
    scope, guard = scope_of(where), from_text(text, NAMES, Guard)
    assert not proves(scope, guard)
    if text != "false":
        assert not refutes(scope, guard)


@pytest.mark.usefixtures("samples")
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
    third = from_text("3*floor(i, 3)-i >= 0", NAMES, Guard)
    assert proves(scope_of("i=1..H", "3 | i"), third)
    assert not proves(scope_of("i=1..H", "2 | i"), third)
    whole = from_text("S*floor(i, S)-i >= 0", NAMES, Guard)
    assert not proves(scope_of("i=1..H", "S >= 0"), whole)
    for text in ("2 | i", "not {i = 3}", "2 | i or i = 3"):
        guard = from_text(text, NAMES, Guard)
        assert proves(scope_of("i=1..H", text), guard)
        assert not proves(scope_of("i=1..H"), guard)


def test_nothing_is_said_of_the_values_of_tensors() -> None:
    compares = from_text("compare(x[i] < x[i])", NAMES, Guard)
    assert proves(scope_of("i=1..H"), compares) is False
    assert refutes(scope_of("i=1..H"), compares) is False


@pytest.mark.usefixtures("samples")
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


@settings(max_examples=100)
@given(st.sampled_from(SCOPES), integers, st.sampled_from(["", "i-2 >= 0", "2 | i"]))
def test_what_is_proved_holds_everywhere(where: str, e: Int, known: str) -> None:
    scope = scope_of(where, *([known] if known else []))
    with mock.patch.object(proof, "samples_of", return_value=NONE):
        for guard in (NonNegative(e), NonNegative(-e - 1), Divides(2, e), Equal(e, i)):
            holds = proves(scope, guard)
            if holds or refutes(scope, guard):
                for env in assignments(scope, SMALL):
                    assert true(guard, env) is holds, (to_text(guard), env)


def test_a_class_is_a_number_of_its_range() -> None:
    e = Int.of(Entry(laws.TENSORS["c"], i))
    assert at_least_zero(scope_of("i=1..H"), 2 * e - 2)
    assert not at_least_zero(scope_of("i=1..H"), 2 * e - 3)
