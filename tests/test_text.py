"""The text form: every node has one, it reads back to the same node, and errors say where."""

import json

import pytest
from formulas import K, N, S, alpha, b, formulas, guards, i, integers, j, loss, odd, t, x
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.errors import InputError
from derive.ir import (
    Count,
    Definition,
    Delta,
    Entry,
    Formula,
    Guard,
    Index,
    Int,
    Names,
    Number,
    Power,
    Range,
    Relation,
    Size,
    Sum,
    Tensor,
    Times,
    from_text,
    to_text,
)

NAMES = Names({T.name: T for T in (x, b, t, loss, odd)}, {s.name: s for s in (K, S, N)})


@settings(max_examples=60, deadline=None)
@given(formulas)
def test_formulas_read_back(f):
    assert from_text(to_text(f), Names.of(f)) == f
    assert from_text(to_text(f, NAMES), NAMES) == f


@settings(max_examples=40, deadline=None)
@given(guards, integers)
def test_guards_and_integers_read_back(g, e):
    assert from_text(to_text(g), NAMES, Guard) == g
    assert from_text(to_text(e), NAMES, Int) == e


def test_statements_read_back():
    y = Tensor("y", "y", (K,))
    d = Definition(y, (i,), Sum(x[j, i], Range(j, [1, i - 3], N)) + b[i])
    assert to_text(d) == "y[i] := sum[j=max(1, i-3)..N](x[j, i]) + conv.bias[i]"
    assert from_text(to_text(d), Names.of(d), Definition) == d
    r = Relation(Sum(y[i], Range(i, 1, K)), "<=", Number(1), (Range(j, 1, N),))
    assert to_text(r) == "sum[i=1..K](y[i]) <= 1 for j=1..N"
    assert from_text(to_text(r), Names.of(r), Relation) == r


def test_spelling():
    f = Times(Number(-1), x[i, S * (alpha - 1)]) - Times(Power(Count(N), Number(-1)), b[2])
    assert to_text(f) == r'-1 * x[i, S*"\\alpha"-S] - (count(N)^-1 * conv.bias[2])'
    assert to_text(Delta(Entry(t, i), j)) == "delta(t[i], j)"
    assert to_text(Power(Number(-2), Number(-1))) == "(-2)^-1"


def test_an_index_with_the_name_of_a_size_stays_an_index():
    f = x[Index("N"), Index("K", 3)]
    assert from_text(to_text(f, NAMES), NAMES) == f


def test_one_name_one_meaning():
    with pytest.raises(ValueError, match="two different things are called K"):
        Names.of(Count(Int.of(K) + Size("K", 7)))


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("x[i, j", 6, "“,”"),
        ("x[i]", 0, "well-formed"),
        ("x[i, j] +", 9, "name of a tensor"),
        ("q[i]", 0, "name of a tensor"),
        ("x[i, j] ? 2", 8, "a number, a name or a mark"),
        ("x[i, j] x[i, j]", 8, "the end of the text"),
        ("sum[i=1..](x[i, j])", 9, "an integer, an index or a size"),
        ("sum[i=1..2, i=1..3](x[i, j])", 3, "well-formed"),
        ("1/0", 3, "a denominator"),
        ("cases(1 if 2 >= 1)", 17, "“;”"),
        ("derivative(1, 2)", 14, "an entry"),
        ("9" * 5000, 0, "well-formed"),
        ("(" * 10_000, 60, "at most 60"),
        ("[" + "not {" * 10_000, 305, "at most 60"),
    ],
)
def test_errors_say_where_and_what(text, position, expected):
    with pytest.raises(InputError) as caught:
        from_text(text, NAMES)
    assert caught.value.position == position
    assert expected in str(caught.value)


WORDS = [
    "sum",
    "max",
    "[",
    "]",
    "(",
    ")",
    "i",
    "x",
    "=",
    "..",
    "1",
    "|",
    "+",
    "^",
    ",",
    "ravel",
    "#",
]


@settings(max_examples=80, deadline=None)
@given(st.one_of(st.text(max_size=30), st.lists(st.sampled_from(WORDS)).map(" ".join)))
def test_any_text_is_read_or_refused(text):
    try:
        f = from_text(text, NAMES)
    except InputError as refusal:
        place = refusal.position
        f = None
    assert f is not None or 0 <= place <= len(text)
    assert f is None or from_text(to_text(f, NAMES), NAMES, Formula) == f


def test_quoted_names_are_json():
    assert f"{json.dumps(odd.name)}[0]" == to_text(odd[0])
