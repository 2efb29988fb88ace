"""The table of laws: what each rule makes of small formulas at its borders, and what it leaves."""

from __future__ import annotations

from fractions import Fraction

import laws
import pytest
from laws import PROGRAM, TENSORS, H, Law

from derive.derivation.program import Program
from derive.derivation.rule import Rule
from derive.derivation.scope import Scope
from derive.ir import (
    Apply,
    Bracket,
    Delta,
    Derivative,
    Divides,
    Formula,
    Function,
    Index,
    Int,
    Number,
    Plus,
    Power,
    Range,
    Relation,
    Sum,
    Tensor,
    Times,
    floor,
    same,
    unravel,
)
from derive.ir.extent import product_of
from derive.rules import stacks
from derive.rules.catalogue import ARRAY_RULES, CATALOGUE
from derive.rules.definitions import use_fact, use_opposite_fact
from derive.rules.functions import DERIVATIVES, derivative_of
from derive.rules.guards import exact_quotient
from derive.rules.positions import sum_over_tuples
from derive.verify.verify import verify_chain

TABLE = list(laws.table())


@pytest.mark.parametrize("law", TABLE, ids=lambda law: f"{law.rule.name}: {law.text}")
def test_law(law: Law) -> None:
    assert isinstance(law.before, law.rule.on)
    scope = law.scope
    new = law.rule.apply(law.before, scope)
    if law.after is None:
        assert new is None
        return
    assert new is not None
    assert same(new, law.after), str(new)
    assert not scope.used
    verdict = verify_chain(PROGRAM, [law.before, law.after], law.ranges)
    assert verdict.ends.holds, verdict.ends.counterexample or verdict.ends.reason


def test_each_rule_has_laws_and_most_have_limits() -> None:
    of_stacks = {
        r for r in vars(stacks).values() if isinstance(r, Rule)
    }  # test_stack.py has theirs
    for rule in set(CATALOGUE) - set(ARRAY_RULES) - of_stacks:
        mine = [law for law in TABLE if law.rule is rule]
        assert any(law.after is not None for law in mine), rule.name
        assert any(law.after is None for law in mine), rule.name


# -- scalar functions ----------------------------------------------------------------------------

x = Tensor("x", "x", (H,))
i, j = Index("i"), Index("j")
RANGES = (Range(i, 1, H), Range(j, 1, H))


@pytest.mark.parametrize("name", DERIVATIVES)
def test_the_derivative_of_a_function_is_that_of_the_dual_numbers(name: str) -> None:
    """At positive, negative and zero arguments; log and sqrt where they are smooth."""
    u: Formula = Power(x[i], Number(2)) + 1 if name in ("log", "sqrt") else x[i]
    inner = Times(Number(2), x[i]) if name in ("log", "sqrt") else Number(1)
    f = Apply(name, u)
    outer = derivative_of(f, 0)
    assert outer is not None
    found = Times(outer, inner, Delta(i, j))
    program = Program((H,), (x,), ())
    verdict = verify_chain(program, [Derivative(f, x[j]), found], RANGES)
    assert verdict.status == "exact", verdict.ends.counterexample or verdict.ends.reason


@pytest.mark.parametrize(
    ("name", "at", "value"),
    [("relu", 0, 0), ("relu", 1, 1), ("relu", Fraction(1, 2), 1), ("relu", -1, 0)]
    + [("abs", 0, 0), ("abs", 2, 1), ("abs", -2, -1), ("sign", 0, 0), ("sign", 3, 0)],
)
def test_derivatives_at_kinks_are_the_conventions(name: str, at: Fraction, value: int) -> None:
    outer = derivative_of(Apply(name, Number(at)), 0)
    assert outer is not None
    verdict = verify_chain(Program((), (), ()), [outer, Number(value)], ())
    assert verdict.ends.holds


def test_derivatives_of_unknown_functions_count_their_orders() -> None:
    f = Apply("phi", x[i], x[j])
    once = derivative_of(f, 1)
    assert once == Apply(Function("phi", (0, 1)), x[i], x[j])
    assert derivative_of(once, 0) == Apply(Function("phi", (1, 1)), x[i], x[j])
    assert derivative_of(once, 1) == Apply(Function("phi", (0, 2)), x[i], x[j])


def test_a_known_function_without_a_line_has_no_derivative() -> None:
    assert "gelu" not in DERIVATIVES
    assert derivative_of(Apply("gelu", x[i]), 0) is None


def test_only_equations_are_used_as_facts() -> None:
    total = Sum(x[i], Range(i, 1, H))
    for relation, wanted in (("<=", None), ("=", Number(1))):
        fact = Relation(Sum(x[j], Range(j, 1, H)), relation, Number(1))
        program = Program((H,), (x,), (), facts=(fact,))
        assert use_fact.apply(total, Scope(program)) == wanted


def test_a_fact_is_told_of_the_indices_that_stand_there() -> None:
    """Σ_j m_{i,j} = x_i is used for i = 1 and, with j for i, beside another sum over j."""
    m = Tensor("m", "m", (H, H))
    fact = Relation(Sum(m[i, j], Range(j, 1, H)), "=", x[i], (Range(i, 1, H),))
    scope = Scope(Program((H,), (x, m), (), facts=(fact,)), RANGES)
    assert use_fact.apply(Sum(m[j, i], Range(i, 1, H)), scope) == x[j]
    assert use_fact.apply(Sum(m[1, j], Range(j, 1, H)), scope) == x[1]
    assert use_fact.apply(Sum(m[j - 1, i], Range(i, 1, H)), scope) is None


def test_a_fact_holds_where_its_ranges_say() -> None:
    """Σ_k c_{i,j,k} = 1 for j ≥ i only."""
    c, k, p = Tensor("c", "c", (H, H, H)), Index("k"), Index("p")
    over = Range(k, 1, H)
    fact = Relation(Sum(c[i, j, k], over), "=", Number(1), (Range(i, 1, H), Range(j, i, H)))
    program = Program((H,), (c,), (), facts=(fact,))
    for lowest, wanted in ((Int.of(p), Number(1)), (Int.of(1), None)):
        scope = Scope(program, (Range(p, 1, H), Range(i, lowest, H)))
        assert use_fact.apply(Sum(c[p, i, k], over), scope) == wanted


def test_the_opposite_of_a_fact_has_its_terms_in_any_order() -> None:
    """Σ_j (y_j - x_j/2) = 0, where Σ_j (x_j/2 - y_j) = 0 is declared for all j."""
    y = Tensor("y", "y", (H,))
    half = Times(Number(Fraction(1, 2)), x[j])
    fact = Relation(Sum(Plus(half, Times(Number(-1), y[j])), Range(j, 1, H)), "=", Number(0))
    scope = Scope(Program((H,), (x, y), (), facts=(fact,)))
    turned = Plus(y[j], Times(Number(Fraction(-1, 2)), x[j]))
    found = use_opposite_fact.apply(Sum(turned, Range(j, 1, H)), scope)
    assert found == Times(Number(-1), Number(0))
    assert use_opposite_fact.apply(Sum(turned, Range(j, 1, H), Divides(2, j)), scope) is None


def test_a_fact_without_a_place_for_its_index_is_not_used() -> None:
    fact = Relation(Sum(x[j], Range(j, 1, H)), "=", Number(1), (Range(i, 1, H),))
    scope = Scope(Program((H,), (x,), (), facts=(fact,)), RANGES)
    assert use_fact.apply(Sum(x[j], Range(j, 1, H)), scope) is None


@pytest.mark.parametrize(
    ("index", "parts", "letters"),
    [
        ("n", 2, "ij"),
        ("r", 2, "ab"),
        ("k", 2, "ab"),
        ("n", 3, "cab"),
        ("r", 3, "cab"),
        ("n", 4, "n"),
    ],
)
def test_parts_of_positions_have_the_letters_of_their_kind(
    index: str, parts: int, letters: str
) -> None:
    """Offsets in a window for rows, places for others; longer tuples keep the letter."""
    at, dims = Index(index), (H, 2, 3, 2)[:parts]
    array = Tensor("array", "array", dims)
    size = product_of(map(Int.of, dims))
    read = array[tuple(unravel(at, k, dims) for k in range(parts))]
    new = sum_over_tuples.apply(Sum(read, Range(at, 1, size)), Scope(PROGRAM))
    assert isinstance(new, Sum)
    assert [i.hint for i in new.bound] == list(letters if len(letters) > 1 else letters * parts)


def test_a_tuple_that_is_compared_has_the_letter_of_its_position() -> None:
    at = Index("n")
    compared = Delta(unravel(at, 0, (H, 2)), i) * x[unravel(at, 0, (H, 2))]
    new = sum_over_tuples.apply(Sum(compared, Range(at, 1, H * 2)), Scope(PROGRAM, RANGES))
    assert isinstance(new, Sum)
    assert [k.hint for k in new.bound] == ["n", "n"]


def test_a_quotient_is_not_exact_where_its_index_is_another() -> None:
    """In [2 | p] Σ_p x(2⌊p/2⌋) the p of the sum is not that of the condition."""
    p, x = Index("p"), TENSORS["x"]
    summed = Sum(x[2 * floor(p, 2)], Range(p, 2, H))
    scope = Scope(PROGRAM, (Range(p, 1, H),))
    assert exact_quotient.apply(Times(Bracket(Divides(2, p)), summed), scope) is None
