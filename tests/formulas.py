"""Strategies: random integers, guards and formulas over a small fixed vocabulary."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from derive.ir import (
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
    Delta,
    Derivative,
    Divides,
    Entry,
    Equal,
    Function,
    Greatest,
    Index,
    Int,
    Least,
    Max,
    NonNegative,
    Not,
    Number,
    Or,
    Plus,
    Power,
    Range,
    Size,
    Sum,
    Tensor,
    Times,
    floor,
    ravel,
    unravel,
)

K, S, N = Size("K"), Size("S", 2), Size("N", least=0)
i, j, alpha, k7 = Index("i"), Index("j"), Index("\\alpha"), Index("k", 7)
x = Tensor("x", "x", (N, K))
b = Tensor("conv.bias", "b^{(conv)}", (K,))
t = Tensor("t", "t", (N,), classes=K)
loss = Tensor("loss", "L", ())
odd = Tensor('a "name"', "\\tilde U", (S,), base=0)
TENSORS, SIZES, INDICES = (x, b, loss, odd), (K, S, N), (i, j, alpha, k7)

integers = st.recursive(
    st.one_of(st.integers(-5, 9).map(Int.of), st.sampled_from(INDICES + SIZES).map(Int.of)),
    lambda e: st.one_of(
        st.tuples(e, e).map(lambda p: p[0] + p[1]),
        st.tuples(e, e).map(lambda p: p[0] * p[1]),
        st.tuples(e, st.sampled_from([Int.of(2), Int.of(3), Int.of(K)])).map(lambda p: floor(*p)),
        e.map(lambda p: Int.of(Entry(t, p))),
        st.tuples(e, e).map(lambda p: ravel(p, (K, S))),
        st.tuples(e, st.integers(0, 1)).map(lambda p: unravel(p[0], p[1], (S, K), 0)),
    ),
    max_leaves=4,
)
ranges = st.builds(
    Range,
    st.sampled_from(INDICES),
    st.lists(integers, min_size=1, max_size=2),
    st.lists(integers, min_size=1, max_size=2),
)
leaves = st.one_of(
    st.fractions(max_denominator=7).map(lambda q: Number(Fraction(q))),
    integers.map(Count),
    st.builds(Delta, integers, integers),
    st.sampled_from(TENSORS).flatmap(
        lambda T: st.tuples(*[integers] * len(T.shape)).map(lambda at: Component(T, *at))
    ),
)


def _guards(formulas: st.SearchStrategy) -> st.SearchStrategy:
    simple = st.one_of(
        st.builds(NonNegative, integers),
        st.builds(Equal, integers, integers),
        st.builds(Divides, st.sampled_from([1, 2, 3, K]), integers),
        st.builds(Compare, formulas, st.sampled_from(["<", "<=", "=", "!="]), formulas),
    )
    parts = st.lists(simple, max_size=3)
    compound = st.one_of(simple.map(Not), parts.map(lambda g: And(*g)), parts.map(lambda g: Or(*g)))
    return st.one_of(
        simple, compound, compound.map(Not), st.tuples(compound, simple).map(lambda g: Or(*g))
    )


def _binders(cls: type, inner: st.SearchStrategy) -> st.SearchStrategy:
    distinct = st.lists(ranges, max_size=2, unique_by=lambda r: r.index)
    condition = st.one_of(st.just(TRUE), _guards(inner))
    return st.tuples(inner, distinct, condition).map(lambda p: cls(p[0], *p[1], p[2]))


def _compound(inner: st.SearchStrategy) -> st.SearchStrategy:
    lists = st.lists(inner, max_size=3)
    maxima = _binders(Max, inner)
    entries = st.builds(Component, st.just(b), integers)
    return st.one_of(
        lists.map(lambda p: Plus(*p)),
        lists.map(lambda p: Times(*p)),
        st.tuples(inner, inner).map(lambda p: p[0] - p[1]),
        st.builds(Power, inner, inner),
        inner.map(lambda f: Apply("exp", f)),
        st.tuples(inner, inner).map(lambda p: Apply(Function("sum", (1, 0)), *p)),
        st.lists(inner, min_size=1, max_size=2).map(lambda p: Greatest(*p)),
        st.lists(inner, min_size=1, max_size=2).map(lambda p: Least(*p)),
        _binders(Sum, inner),
        maxima,
        maxima.flatmap(
            lambda m: st.tuples(*[integers] * len(m.ranges)).map(lambda at: Chosen(m, *at))
        ),
        _guards(inner).map(Bracket),
        st.tuples(inner, _guards(inner), inner).map(
            lambda p: Cases(Branch(p[0], p[1]), Branch(p[2], TRUE))
        ),
        st.builds(Derivative, inner, entries),
    )


formulas = st.recursive(leaves, _compound, max_leaves=6)
guards = _guards(formulas)
