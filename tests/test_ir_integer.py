"""The normal form of integer expressions against plain integer arithmetic."""

import pickle
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.ir import (
    ONE,
    ZERO,
    Entry,
    Index,
    Int,
    Size,
    Tensor,
    ceiling,
    floor,
    fresh,
    mod,
    ravel,
    unravel,
)
from derive.ir.integer import Floor

p, q, n = Index("p"), Index("q"), Size("n")
ATOMS = (p, q, n)


class Plain:
    """The same arithmetic done on numbers: the oracle."""

    def __init__(self, values):
        self.values = values

    def of(self, e):
        total = 0
        for monomial, c in e.terms:
            for a in monomial:
                c *= self.atom(a)
            total += c
        return total

    def atom(self, a):
        if isinstance(a, Floor):
            above, below = map(self.of, a.parts)
            return above // below
        return self.of(a.expanded()) if hasattr(a, "expanded") else self.values[a]


trees = st.recursive(
    st.one_of(st.integers(-9, 9), st.sampled_from(ATOMS)),
    lambda e: st.one_of(
        st.tuples(st.sampled_from("+-*"), e, e),
        st.tuples(
            st.sampled_from(["floor", "ceiling", "mod"]), e, st.sampled_from([1, 2, 3, 6, n])
        ),
        st.tuples(st.just("floor"), e, st.just(("*", 2, n))),
    ),
    max_leaves=6,
)


def build(tree):
    if not isinstance(tree, tuple):
        return Int.of(tree)
    word, a, b = tree[0], build(tree[1]), build(tree[2])
    plain = {"+": Int.__add__, "-": Int.__sub__, "*": Int.__mul__}
    return (plain | {"floor": floor, "ceiling": ceiling, "mod": mod})[word](a, b)


def compute(tree, values):
    if not isinstance(tree, tuple):
        return values.get(tree, tree)
    word, a, b = tree[0], compute(tree[1], values), compute(tree[2], values)
    return {
        "+": lambda: a + b,
        "-": lambda: a - b,
        "*": lambda: a * b,
        "floor": lambda: a // b,
        "ceiling": lambda: -(-a // b),
        "mod": lambda: a % b,
    }[word]()


@settings(max_examples=150, deadline=None)
@given(trees, st.integers(-8, 8), st.integers(-8, 8), st.integers(1, 5))
def test_normal_form_is_sound(tree, at_p, at_q, at_n):
    values = {p: at_p, q: at_q, n: at_n}
    e = build(tree)
    assert Plain(values).of(e) == compute(tree, values)
    numbers = e.replace(lambda a: Int.of(values[a]) if a in values else None)
    assert numbers.constant == compute(tree, values)


@settings(max_examples=60, deadline=None)
@given(trees, trees, trees)
def test_normal_form_does_not_depend_on_order(r, s, t):
    a, b, c = build(r), build(s), build(t)
    assert a + b == b + a
    assert a * b == b * a
    assert hash(a * b) == hash(b * a)
    assert (a + b) + c == a + (b + c)
    assert (a * b) * c == a * (b * c)
    assert a * (b + c) == a * b + a * c
    assert a - a == ZERO
    assert a * 1 == a
    assert a + 0 == a
    assert a * 0 == ZERO
    assert pickle.loads(pickle.dumps(a)) == a


@pytest.mark.parametrize(
    ("e", "expected"),
    [
        (floor(p + 1, 2), floor(p - 1, 2) + 1),
        (floor(6 * p + 5, 4), floor(3 * p, 2) + 1),
        (floor(2 * p + 5, 4), floor(p, 2) + 1),  # ⌊(2p+5)/4⌋ = ⌊(p+2)/2⌋
        (floor(4 * p + 2, 2), 2 * p + 1),
        (floor(n * p + 3 * n, n), p + 3),
        (floor(n, n), ONE),
        (ceiling(p, 1), Int.of(p)),
        (ceiling(p, 2), floor(p - 1, 2) + 1),
        (mod(p + 4, 4), mod(p, 4)),
        (floor(-7, 2), Int.of(-4)),
    ],
)
def test_floors_in_normal_form(e, expected):
    assert e == expected


def test_a_floor_divides_by_a_positive_number():
    for d in (0, -2):
        with pytest.raises(ValueError, match="positive"):
            floor(p, d)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(0, 1))
def test_ravel_and_unravel_are_inverses_on_their_ranges(dims, base):
    names = [Index(f"i{k}") for k in range(len(dims))]
    symbolic = ravel(names, dims, base)
    for position, at in enumerate(product(*(range(base, d + base) for d in dims)), start=base):
        values = dict(zip(names, at, strict=True))
        assert Plain(values).of(symbolic) == position
        for k, e in enumerate(at):
            assert Plain({p: position}).of(unravel(p, k, dims, base)) == e
    assert [unravel(symbolic, k, dims, base) for k in range(len(dims))] == [
        Int.of(base) if d == 1 else Int.of(i) for i, d in zip(names, dims, strict=True)
    ]
    back = ravel([unravel(p, k, dims, base) for k in range(len(dims))], dims, base)
    assert back == Int.of(p if any(d > 1 for d in dims) else base)


def test_inverses_across_factored_shapes_are_not_confused():
    e = ravel((p, q), (2, 3))
    assert unravel(e, 0, (3, 2)) != Int.of(p)
    assert ravel((unravel(p, 1, (2, 3)), unravel(p, 0, (2, 3))), (3, 2)) != Int.of(p)


def test_split_finds_the_coefficient_or_says_that_there_is_none():
    assert (n * (p - 1) + q).split(p) == (Int.of(n), q - n)
    assert (q + 1).split(p) == (ZERO, q + 1)
    assert (p * p).split(p) is None
    assert (p + floor(p, 2)).split(p) is None


def test_replacing_renormalises_inside_floors_and_entries():
    t = Tensor("t", "t", (n,), classes=Int.of(n))
    assert floor(p - 1, 2).replace(lambda a: 2 * q + 1 if a == p else None) == Int.of(q)
    e = Int.of(Entry(t, p + 1)).replace(lambda a: q - 1 if a == p else None)
    assert e == Int.of(Entry(t, q))
    assert e.indices == {q}


def test_only_integers_make_integers():
    for wrong in (1.0, True, "p", None):
        with pytest.raises(TypeError):
            Int.of(wrong)
        with pytest.raises(TypeError):
            p + wrong


def test_indices_have_identity():
    a, b = fresh(p), fresh(p)
    assert a != b
    assert a != p
    assert a.hint == b.hint == "p"
    assert pickle.loads(pickle.dumps(a)) == a
    assert 1 - p == -p + 1
    assert 2 * p == p * 2
