"""Simplifying: a result has nothing left to do, the value stays, the order does not matter."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import NAMES, PROGRAM, TENSORS, H, K
from networks import NETWORKS, derived

from derive.derivation.scope import Scope
from derive.derivation.step import Derivation
from derive.engine.simplify import FORWARD, GRADIENT, JACOBIAN, PRESENTED, Phase, simplify
from derive.ir import (
    Bracket,
    Delta,
    Derivative,
    Formula,
    Index,
    Number,
    Plus,
    Power,
    Range,
    Sum,
    Times,
    at_least,
    same,
    subformulas,
)
from derive.ir.read import from_text
from derive.ir.text import to_text
from derive.verify.verify import Verifier, verify_chain

i, j, a, b, p = (Index(letter) for letter in "ijabp")
RANGES = (Range(i, 1, H), Range(j, 1, H), Range(p, 1, K))


def simplified(f: Formula, phases: tuple[Phase, ...] = GRADIENT) -> Formula:
    steps = simplify(f, Scope(PROGRAM, RANGES), phases)
    return steps[-1].after if steps else f


# -- on what the engine derives ------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
def test_a_result_has_nothing_left_to_simplify(name: str) -> None:
    d = derived(name)
    kinds = (
        (d.forward, FORWARD),
        (d.jacobians, PRESENTED),
        (d.recursive, GRADIENT),
        (d.expanded, GRADIENT),
    )
    for results, phases in kinds:
        for one in results.values():
            again = simplify(one.result, Scope(d.program, one.ranges), phases)
            assert not again, to_text(again[0].after)


# -- on random formulas --------------------------------------------------------------------------

x, y, w = (TENSORS[name] for name in "xyw")
shared = [Number(-1), Number(2), x[i], y[j], Power(x[i], Number(2)), Power(y[j], Number(-1))]
bound = [w[a], x[b], Delta(a, p), Delta(b, i), Delta(b + a - 1, i), Delta(2 * b, j)]
bound += [Bracket(at_least(b, a)), Bracket(at_least(i, 2)), Bracket(at_least(2 * a, p))]
free = [Delta(i, j), Bracket(at_least(i, j)), Bracket(at_least(i, 1)), *shared]


def products(atoms: list[Formula]) -> st.SearchStrategy[Formula]:
    return st.lists(st.sampled_from(atoms), min_size=1, max_size=3).map(lambda fs: Times(*fs))


def totals(parts: st.SearchStrategy[Formula]) -> st.SearchStrategy[Formula]:
    return st.lists(parts, min_size=1, max_size=3).map(lambda fs: Plus(*fs))


bodies = st.one_of(products(bound + shared), totals(products(bound + shared)))
sums = bodies.map(lambda f: Sum(f, Range(a, 1, K), Range(b, 1, H)))
formulas = totals(st.one_of(products(free), sums, st.tuples(sums, sums).map(lambda s: Times(*s))))


@settings(max_examples=60)
@given(formulas)
def test_simplifying_keeps_the_value_and_comes_to_an_end(f: Formula) -> None:
    new = simplified(f)
    verdict = verify_chain(PROGRAM, [f, new], RANGES, draws=2)
    undefined = verdict.ends.reason.startswith("no draw")
    assert verdict.ends.status == "exact" or undefined, (to_text(f), to_text(new))
    assert same(simplified(new), new), to_text(new)


@settings(max_examples=25)
@given(totals(products([f for f in free if not isinstance(f, Number)])))
def test_a_derivative_of_a_random_formula_is_that_of_the_dual_numbers(f: Formula) -> None:
    for by in (x[j], y[i]):
        start = Derivative(f, by)
        new = simplified(start, JACOBIAN)
        assert not any(isinstance(g, Derivative) for g in subformulas(new))
        verdict = Verifier(PROGRAM, draws=2).chain([start, new], RANGES)
        undefined = verdict.ends.reason.startswith("no draw")
        assert verdict.ends.status == "exact" or undefined, (to_text(f), to_text(new))


@settings(max_examples=40)
@given(st.lists(st.one_of(products(free), sums), min_size=2, max_size=3), st.randoms())
def test_equal_terms_are_collected_in_any_order(terms: list[Formula], random: object) -> None:
    """f + g - g - f is 0, however the terms are mixed."""
    both = [*terms, *(Times(Number(-1), f) for f in terms)]
    random.shuffle(both)  # type: ignore[attr-defined]
    assert simplified(Plus(*both)) == Number(0)


ORDERED = [
    ["x[i]", "2", "y[j]", "x[i]^2"],
    ["delta(a, p)", "w[a]", "x[i]", "[b-a >= 0]", "x[b]"],
]


@pytest.mark.parametrize("texts", ORDERED, ids=" * ".join)
def test_the_order_of_factors_changes_only_the_order_of_factors(texts: list[str]) -> None:
    parts = [from_text(t, NAMES) for t in texts]
    results = set()
    for order in permutations(parts):
        body = Times(*order)
        over = Sum(body, Range(a, 1, K), Range(b, 1, H)) if "w[a]" in texts else body
        results.add(unordered(simplified(over)))
    assert len(results) == 1


def unordered(f: object) -> str:
    """The text of a formula with the factors of every product sorted."""
    if isinstance(f, Times):
        return "*".join(sorted(map(unordered, f.args)))
    if isinstance(f, Sum):
        return f"sum{[to_text(r) for r in f.ranges]}({unordered(f.body)})"
    return to_text(f)  # type: ignore[arg-type]


# -- on what peers get wrong ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("sum[a=1..K](w[a]) * sum[a=1..K](w[a])", "sum[a=1..K](w[a])^2"),
        ("sum[b=1..H](delta(b, i) * x[b] + delta(b, j) * y[b])", "x[i] + y[j]"),
        ("sum[b=1..H](delta(2*b, i) * x[b])", "[2 | i] * x[floor(i, 2)]"),
        ("sum[a=1..K, b=1..H](delta(a, p) * x[b] * w[a])", "w[p] * sum[b=1..H](x[b])"),
        ("sum[b=1..H]([b-i >= 0] * [i-b >= 0] * x[b])", "x[i]"),
        ("x[i] * (1 - y[j] * x[i]^-1)", "x[i] - y[j]"),
        ("-1 * x[i] * (x[j] - y[j])", "x[i] * (y[j] - x[j])"),
        ("sum[b=1..H](1)", "count(H)"),
    ],
)
def test_normal_forms(text: str, wanted: str) -> None:
    f, expected = from_text(text, NAMES), from_text(wanted, NAMES)
    assert same(simplified(f), expected), to_text(simplified(f))
    d = Derivation(f, RANGES, simplify(f, Scope(PROGRAM, RANGES), GRADIENT))
    assert all(s.substeps for s in d.steps)
