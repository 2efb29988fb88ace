"""Formulas: what constructors refuse, operators, binding, substitution, equality up to renaming."""

import contextlib
import pickle
from fractions import Fraction

import pytest
import sympy
from formulas import formulas
from hypothesis import given, settings

from derive.ir import (
    FALSE,
    TRUE,
    And,
    Apply,
    Bracket,
    Branch,
    Cases,
    Chosen,
    Compare,
    Component,
    Count,
    Definition,
    Delta,
    Derivative,
    Divides,
    Entry,
    Equal,
    Greatest,
    Index,
    Max,
    NonNegative,
    Not,
    Number,
    Plus,
    Power,
    Range,
    Relation,
    Size,
    Sum,
    Tensor,
    Times,
    at_least,
    conjunction,
    conjuncts,
    free_indices,
    fresh,
    instantiate,
    map_integers,
    refresh,
    replace_components,
    same,
    substitute,
    tensors,
    to_sympy,
)

n = Size("n")
h, i, j, k = map(Index, "hijk")
A = Tensor("A", "A", (n, n))
a = Tensor("a", "a", (n,))
t = Tensor("t", "t", (n,), classes=n)
R = Range(i, 1, n)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Number(True), TypeError),
        (lambda: Number(0.5), TypeError),
        (lambda: Component(a, 1.0), TypeError),
        (lambda: Component(A, 1), ValueError),
        (lambda: Component("A", 1), TypeError),
        (lambda: Entry(a, 1), TypeError),
        (lambda: Delta(i, 0.5), TypeError),
        (lambda: Plus(a[1], 2), TypeError),
        (lambda: Times(a[1], i), TypeError),
        (lambda: a[i] + i, TypeError),
        (lambda: Bracket(a[1]), TypeError),
        (lambda: And(a[1]), TypeError),
        (lambda: Compare(a[1], ">", 0), ValueError),
        (lambda: Derivative(a[1], Number(2)), TypeError),
        (lambda: Derivative(a[1], a[1] * 2), TypeError),
        (lambda: Sum(a[i], R, R), ValueError),
        (lambda: Sum(i, R), TypeError),
        (lambda: Range(i, [], n), ValueError),
        (lambda: Range(n, 1, n), TypeError),
        (lambda: Chosen(Sum(a[i], R), 1), TypeError),
        (lambda: Chosen(Max(a[i], R), 1, 1), ValueError),
        (lambda: Cases(Branch(a[1], FALSE)), ValueError),
        (lambda: Definition(A, (i,), a[i]), ValueError),
        (lambda: Size("n", 0), ValueError),
        (lambda: Index(""), TypeError),
    ],
)
def test_constructors_refuse(make, error):
    with pytest.raises(error):
        make()


def test_constructors_keep_what_they_are_given():
    assert Component(a, 1).indices[0].constant == 1
    assert Plus(a[1], a[1]).args == (a[1], a[1])
    assert Times(Number(1), a[1]) != a[1]
    assert Plus() != Number(0)


def test_operators_also_reflected():
    u = a[i]
    assert 1 - u == Plus(Number(1), Times(Number(-1), u))
    assert 2 / u == Times(Number(2), Power(u, Number(-1)))
    assert 2**u == Power(Number(2), u)
    assert 2 * u == Times(Number(2), u)
    assert u * 2 == Times(u, Number(2))
    assert Fraction(1, 2) + u == Plus(Number(Fraction(1, 2)), u)
    assert -u == Times(Number(-1), u)
    assert u / 2 == Times(u, Power(Number(2), Number(-1)))


@settings(max_examples=40, deadline=None)
@given(formulas)
def test_formulas_pickle_refresh_and_print(f):
    assert pickle.loads(pickle.dumps(f)) == f
    assert str(f)
    assert repr(f)
    copy = refresh(f)
    assert same(f, copy)
    assert same(copy, f)
    assert free_indices(copy) == free_indices(f)


# -- binding ---------------------------------------------------------------------------------------


def test_free_indices():
    assert free_indices(Sum(A[i, j], R)) == {j}
    assert free_indices(a[i] * Sum(a[i], R)) == {i}
    assert free_indices(Sum(a[i], R, Equal(i, k))) == {k}
    # a range is outside its own index, and inside the ranges before it
    assert free_indices(Sum(a[i], Range(i, i, n))) == {i}
    assert free_indices(Sum(A[i, j], R, Range(j, i, n))) == frozenset()
    assert free_indices(Sum(A[i, j], Range(j, i, n), R)) == {i}
    assert free_indices(Delta(Entry(t, h), 1)) == {h}
    assert free_indices(Derivative(a[i], a[j])) == {i, j}


def test_inlining_does_not_capture():
    y = Tensor("y", "y", (n,))
    definition = Definition(y, (h,), Sum(A[h, i] * a[i], R))
    inlined = instantiate(definition, (i,))
    assert free_indices(inlined) == {i}
    assert same(inlined, Sum(A[i, j] * a[j], Range(j, 1, n)))
    assert not same(inlined, Sum(A[i, i] * a[i], R))


def test_two_copies_have_different_bound_indices():
    s = Tensor("s", "s", ())
    total = Definition(s, (), Sum(a[i], R))
    first, second = instantiate(total, ()), instantiate(total, ())
    assert not {*first.bound} & {*second.bound}
    assert same(first * second, Sum(a[i], R) * Sum(a[i], R))
    assert not same(first * second, Sum(a[i] * a[i], R))


def test_substitution_respects_binders():
    f = Sum(A[i, j], R, Equal(i, k))
    g = substitute(f, {j: i, k: i + 1, i: 5})
    assert free_indices(g) == {i}
    (inner,) = g.bound
    assert inner != i
    assert same(g, Sum(A[h, i], Range(h, 1, n), Equal(h, i + 1)))
    # the bound of a range is outside the range it belongs to
    assert substitute(Sum(a[i], Range(i, 1, i)), {i: j}) == Sum(a[i], Range(i, 1, j))
    # and the bound of a later range is inside
    later = substitute(Sum(A[i, j], R, Range(j, i, k)), {k: i})
    assert same(later, Sum(A[h, j], Range(h, 1, n), Range(j, h, i)))
    # a swap happens at once
    assert substitute(A[i, j], {i: j, j: i}) == A[j, i]


def test_substitution_reaches_deltas_guards_entries_and_chosen():
    m = Max(a[j], Range(j, i, n))
    f = Bracket(Divides(2, i)) * Delta(Entry(t, i), i) * Chosen(m, i) * Count(i)
    g = substitute(f, {i: 2 * h})
    assert free_indices(g) == {h}
    assert same(
        g,
        Times(
            Times(
                Times(Bracket(Divides(2, 2 * h)), Delta(Entry(t, 2 * h), 2 * h)),
                Chosen(Max(a[j], Range(j, 2 * h, n)), 2 * h),
            ),
            Count(2 * h),
        ),
    )


# -- equality up to renaming -----------------------------------------------------------------------


def test_same_knows_renaming_and_order_of_ranges():
    Rj = Range(j, 1, n)
    assert same(Sum(a[i], R), Sum(a[j], Rj))
    assert same(Sum(A[i, j], R, Rj), Sum(A[i, j], Rj, R))
    assert same(Sum(A[i, j], R, Rj), Sum(A[j, i], R, Rj))
    assert same(Sum(Sum(A[i, j], R), Rj), Sum(Sum(A[k, h], Range(k, 1, n)), Range(h, 1, n)))
    assert same(Max(a[i], R, Equal(i, h)), Max(a[k], Range(k, 1, n), Equal(k, h)))
    assert same(Sum(A[i, j], R, Range(j, i, n)), Sum(A[k, h], Range(k, 1, n), Range(h, k, n)))
    inner = Range(j, i, n), Range(k, i * i, i + 1)
    assert same(Sum(Sum(A[j, k], *inner), R), Sum(Sum(A[j, k], *reversed(inner)), R))


def test_same_tells_different_things_apart():
    Rj = Range(j, 1, n)
    assert not same(Sum(a[i], R), Sum(a[i], Range(i, 1, n - 1)))
    assert not same(Sum(a[i], R), Max(a[i], R))
    assert not same(Sum(A[i, h], R), Sum(A[h, i], R))
    assert not same(Sum(A[i, i], R, Rj), Sum(A[i, j], R, Rj))
    assert not same(Sum(A[i, j] * a[i], R, Range(j, 1, 2)), Sum(A[i, j] * a[j], R, Range(j, 1, 2)))
    # a free index is not a bound one, in either direction
    assert not same(Sum(A[i, h], R), Sum(A[i, i], R))
    assert not same(Sum(A[i, i], R), Sum(A[i, h], R))
    assert not same(Sum(a[h], R), Sum(a[i], R))
    assert not same(Sum(a[i], R), Sum(a[h], R))
    assert not same(Compare(a[1], "<", a[2]), Compare(a[1], "<=", a[2]))
    assert not same(Number(1), Number(2))
    assert not same(Apply("exp", a[1]), Apply("log", a[1]))


def test_a_binder_shadows_an_outer_one():
    outer = Sum(a[i] * Sum(a[i], R), R)
    assert same(outer, Sum(a[j] * Sum(a[k], Range(k, 1, n)), Range(j, 1, n)))
    assert not same(outer, Sum(a[j] * Sum(a[j] * 1, Range(k, 1, n)), Range(j, 1, n)))
    assert not same(Sum(Sum(A[j, k], Range(k, 1, n)), Range(j, 1, n)), Sum(Sum(A[i, i], R), R))
    assert same(Sum(Sum(A[i, i], R), R), Sum(Sum(A[k, k], Range(k, 1, n)), Range(j, 1, n)))
    # the lower bound of the inner sum is the outer index
    assert same(Sum(Sum(a[i], Range(i, i, n)), R), Sum(Sum(a[k], Range(k, j, n)), Range(j, 1, n)))


def test_a_bound_index_is_not_taken_for_a_free_one():
    x = Tensor("x", "x", (n,), base=0)
    left = Sum(x[i - j] * x[j], R)
    right = Sum(x[0] * x[j], Range(j, 1, n))
    assert not same(left, right)
    assert not same(right, left)


@settings(max_examples=40, deadline=None)
@given(formulas, formulas)
def test_same_is_symmetric(f, g):
    assert same(f, g) == same(g, f)


# -- walking ---------------------------------------------------------------------------------------


def test_walks_reach_every_place():
    f = Bracket(Compare(a[i], "<", 1)) * Max(a[j], Range(j, 1, n), Compare(a[j], "!=", a[i]))
    g = replace_components(f, lambda c: Number(7) if c == a[i] else None)
    assert tensors(f * Delta(Entry(t, 1), i)) == {a, t}
    assert g == Bracket(Compare(Number(7), "<", 1)) * Max(
        a[j], Range(j, 1, n), Compare(a[j], "!=", Number(7))
    )
    h2 = map_integers(f, lambda atom: i * 0 + 3 if atom == n else None)
    assert h2.args[1].ranges[0].uppers[0].constant == 3


def test_guards():
    assert at_least(i, 3) == NonNegative(i - 3)
    assert conjunction(TRUE, Equal(i, j), And(Equal(i, j), Divides(2, i))) == And(
        Equal(i, j), Divides(2, i)
    )
    assert conjuncts(Equal(i, j)) == (Equal(i, j),)
    assert conjuncts(TRUE) == ()
    assert Not(TRUE) != FALSE


def test_definitions_know_their_ranges():
    zero = Tensor("z", "z", (n,), base=0)
    assert Definition(zero, (i,), a[i + 1]).ranges == (Range(i, 0, n - 1),)
    assert Relation(a[i], "<", Number(0), (R,)).ranges == (R,)


# -- for users of SymPy ----------------------------------------------------------------------------


def test_to_sympy():
    f = Sum(A[i, j] * Delta(i, j) / Count(n), R, Divides(2, i)) - Apply("sigmoid", a[j])
    symbols = {s.name: s for s in to_sympy(f).free_symbols if isinstance(s, sympy.Symbol)}
    at, J, N = sympy.Symbol("i", integer=True), symbols["j"], symbols["n"]
    matrix = sympy.IndexedBase("A", real=True)
    vector = sympy.IndexedBase("a", real=True)
    term = matrix[at, J] * sympy.KroneckerDelta(at, J) / N
    even = sympy.Piecewise((term, sympy.Eq(sympy.Mod(at, 2), 0)), (0, True))
    expected = sympy.Sum(even, (at, 1, N)) - 1 / (1 + sympy.exp(-vector[J]))
    assert to_sympy(f) == expected


def test_to_sympy_keeps_binders_apart():
    i1, i2 = fresh(i), fresh(i)
    f = to_sympy(Sum(A[i1, i2], Range(i1, 1, n), Range(i2, i1, n)))
    inner, outer = f.limits
    assert inner[0] != outer[0]
    assert inner[1] == outer[0]


@settings(max_examples=30, deadline=None)
@given(formulas)
def test_every_formula_has_a_sympy_form(f):
    # SymPy itself refuses 1/0 in a comparison and nan in a maximum
    with contextlib.suppress(TypeError, ValueError):
        assert isinstance(to_sympy(f), sympy.Basic)


def test_greatest_is_a_node_of_its_own():
    assert to_sympy(Greatest(a[1], Number(0))) == sympy.Max(sympy.IndexedBase("a", real=True)[1], 0)
