"""Reading LaTeX: what facts and definitions need, and refusals that say where and why."""

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.errors import InputError
from derive.ir import Guard, Index, Names, Relation, Size, Tensor, from_text, same, to_text
from derive.latex import (
    ReadError,
    Symbols,
    read_definition,
    read_facts,
    read_formula,
    read_ranges,
    read_relation,
)

SIZES = {name: Size(name) for name in ("K", "H", "P", "N", "m", "k", "F", "H_{out}")}
H, K, N, F = (SIZES[s] for s in "HKNF")
TENSORS = {
    name: Tensor(name, name, shape, base)
    for name, shape, base in [
        ("X", (H, H), 1),
        ("t", (N, 10), 1),
        ("w", (20, F, F), 1),
        ("b", (20,), 1),
        ("w^{(conv)}", (3, 3), 1),
        ("\\lambda", (), 1),
        ("z", (N,), 1),
        ("y_{\\ell-1}", (4,), 1),
        ("\\tilde U", (H, H), 1),
        ("\\hat y", (N,), 0),
        ("X_{col}", (H, K), 1),
        ("h_t", (K,), 1),
    ]
} | {"c": Tensor("c", "c", (N,), classes=10 * K)}
SYMBOLS = Symbols(TENSORS, SIZES, {"c_{out}": Index("c_{out}")})
NAMES = Names(TENSORS, SIZES)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (r"\sum_{j} t_{n,j} = 1", "sum[j=1..10](t[n, j]) = 1 for n=1..N"),
        (r"X_{i,j} > 0", "0 < X[i, j] for i=1..H, j=1..H"),
        (r"\hat y_i \ge 0", r'0 <= "\\hat y"[i] for i=0..N-1'),
        (r"z_{i} \ne 0", "z[i] != 0 for i=1..N"),
        (r"\lambda > 0", r'0 < "\\lambda"[]'),
        (r"X_{i,1} = z_i for i=1..3", "X[i, 1] = z[i] for i=1..3"),
    ],
)
def test_facts_about_entries(source, expected):
    fact = read_relation(source, SYMBOLS)
    assert fact == from_text(expected, NAMES, Relation)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (r"k \mid m", "k | m"),
        (r"K \le H+2P", "K <= H+2*P"),
        (r"K < H", "K+1 <= H"),
        (r"2(K-1)+1 \leq H", "2*K-1 <= H"),
        (r"H_{out} = \left\lfloor\frac{H-K}{2}\right\rfloor + 1", '"H_{out}" = floor(H-K, 2)+1'),
        (r"H_{out} = \lfloor (H-K)/2 + 1 \rfloor", '"H_{out}" = floor(H-K, 2)+1'),
        (r"k \nmid m \text{ or } m = 0", "or {not {k | m}}"),
    ],
)
def test_facts_about_sizes_are_guards(source, expected):
    fact = read_relation(source, SYMBOLS)
    assert isinstance(fact, Guard)
    if "or" not in source:
        assert fact == from_text(expected, NAMES, Guard)


def test_a_chain_is_several_facts():
    facts = read_facts(r"0 < \hat y_{i} < 1, k \mid H", SYMBOLS)
    assert [type(f).__name__ for f in facts] == ["Relation", "Relation", "Divides"]
    with pytest.raises(ReadError, match="expected one relation, found 2"):
        read_relation(r"0 < \hat y_{i} < 1", SYMBOLS)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (r"w^{(conv)}_{1,2} + w_{1}^{(conv)} \cdot 0", None),
        (r"X_{ij} - X_{11}", "X[i, j] - X[1, 1]"),
        (r"[X_{col}]_{i,j} (h_t)_j h_{t,i}", '"X_{col}"[i, j] * h_t[j] * h_t[i]'),
        (r"\tilde U_{i'j'} + \tilde{U}_{i,c_{out}}", None),
        (r"(1-z_i) z_j", "(1 + -1 * z[i]) * z[j]"),
        (r"-\frac{3}{2} z_i + 0.1", "-3/2 * z[i] + 1/10"),
        (r"\frac{1}{H K}\sum_i z_i^2", None),
        (r"z_i^{\,2} + z^2_i", "z[i]^2 + z[i]^2"),
        (r"e^{-z_i} + \exp(z_i)", "exp(-1 * z[i]) + exp(z[i])"),
        (r"\log\frac{z_i}{z_j}", "log(z[i] * z[j]^-1)"),
        (r"\log\sum_{q} e^{z_q}", "log(sum[q=1..N](exp(z[q])))"),
        (r"\tanh^2(z_1)", "tanh(z[1])^2"),
        (r"\sqrt{z_1} + \sqrt[3]{z_1}", "sqrt(z[1]) + z[1]^(1/3)"),
        (r"\max(z_i, 0) + \max(0, z_i)", "relu(z[i]) + greatest(0, z[i])"),
        (r"\left|z_i\right| \lvert z_j\rvert", "abs(z[i]) * abs(z[j])"),
        (r"f(z_i) + \sigma'(z_i)", None),
        (r"\sum_{i=1}^{3} z_i + z_j", "sum[i=1..3](z[i]) + z[j]"),
        (r"\sum_{i,j=1}^{3} X_{ij}", "sum[i=1..3, j=1..3](X[i, j])"),
        (r"\sum_{i} \sum_{j} X_{ij} X_{i1}", "sum[i=1..H, j=1..H](X[i, j] * X[i, 1])"),
        (r"\sum_{j \ne i} z_j", "sum[j=1..N | not {j = i}](z[j])"),
        (r"\sum_{1 \le i \le H} z_i", "sum[i=1..H](z[i])"),
        (r"\sum_{i=\max(1,j-2)}^{\min(H,j)} z_i", "sum[i=max(1, j-2)..min(H, j)](z[i])"),
        (r"\max_{1\le a,b\le 2} X_{i+a,j+b}", "max[a=1..2, b=1..2](X[a+i, b+j])"),
        (r"[i = j] \delta_{ij} \delta_{i+1,\,2j}", "[i = j] * delta(i, j) * delta(i+1, 2*j)"),
        (r"[c_n = j] + [z_i > 0]", "delta(c[n], j) + [compare(0 < z[i])]"),
        (
            r"\begin{cases} z_i & \text{if } i=j \\ 0, & \text{otherwise.}\end{cases}",
            None,
        ),
        (
            r"\begin{cases} z_i & 1 \le i < j \\ 0 & \text{otherwise}\end{cases}",
            "cases(z[i] if i-1 >= 0 and j-i-1 >= 0; 0)",
        ),
        (r"\frac{\partial z_i}{\partial X_{jk}}", None),
        (r"\frac{\partial z_i}{\partial X_{jl}}", "derivative(z[i], X[j, l])"),
        (r"\frac{\partial}{\partial z_j}(z_i z_j) z_1", "derivative(z[i] * z[j], z[j]) * z[1]"),
        (
            r"\frac{\partial^{2} \lambda}{\partial z_j\,\partial z_i}",
            r'derivative(derivative("\\lambda"[], z[i]), z[j])',
        ),
        (r"z_{(i-1)K+j} z_{\lceil i/2\rceil}", "z[(i-1)*K+j] * z[floor(i+1, 2)]"),
        (r"{} - z_1 % a comment", "-1 * z[1]"),
    ],
)
def test_formulas(source, expected):
    if expected is None:
        outcome = refusal_or_text(source)
        assert outcome in EXPECTED[source], outcome
    else:
        assert same(read_formula(source, SYMBOLS), from_text(expected, NAMES))


def refusal_or_text(source):
    try:
        return to_text(read_formula(source, SYMBOLS))
    except ReadError as error:
        return f"{error.position}: {error.expected}"


EXPECTED = {
    r"w^{(conv)}_{1,2} + w_{1}^{(conv)} \cdot 0": ["22: 2 indices of w^{(conv)}"],
    r"\tilde U_{i'j'} + \tilde{U}_{i,c_{out}}": [
        r""""\\tilde U"[i'#0, j'#0] + "\\tilde U"[i, "c_{out}"]""",
        r""""\\tilde U"["i'", "j'"] + "\\tilde U"[i, "c_{out}"]""",
    ],
    r"\frac{1}{H K}\sum_i z_i^2": ["count(H*K)^-1 * sum[i=1..N](z[i]^2)"],
    r"f(z_i) + \sigma'(z_i)": ["f(z[i]) + sigmoid(z[i]) * (1 - sigmoid(z[i]))"],
    r"\begin{cases} z_i & \text{if } i=j \\ 0, & \text{otherwise.}\end{cases}": [
        "cases(z[i] if i = j; 0)"
    ],
    r"\frac{\partial z_i}{\partial X_{jk}}": ["derivative(z[i], X[j, k])"],
}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            r"Y_{l,i,j} = \sum_{\alpha=1}^{F}\sum_{\beta=1}^{F} w_{l,\alpha,\beta}"
            r" X_{i+\alpha-1,j+\beta-1} + b_l for i=1..3, j=1..3",
            r'Y[l, i, j] := sum["\\alpha"=1..F, "\\beta"=1..F](w[l, "\\alpha", "\\beta"]'
            r' * X[i+"\\alpha"-1, j+"\\beta"-1]) + b[l]',
        ),
        (r"y_{i} = z_i/\lambda", r'y[i] := z[i] * "\\lambda"[]^-1'),
        (r"h_1 = \sum_j z_j^2", "h_1[] := sum[j=1..N](z[j]^2)"),
        (r"\sigma^2_{j} = \frac1N\sum_i X_{i,j}", None),
        (r"z_i = \tilde U_{i,i}", r'z[i] := "\\tilde U"[i, i]'),
    ],
)
def test_definitions(source, expected):
    d = read_definition(source, SYMBOLS)
    if expected:
        assert to_text(d).replace('"h_1"', "h_1") == to_text(
            from_text(expected, Names(TENSORS | {d.tensor.name: d.tensor}, SIZES), type(d))
        ).replace('"h_1"', "h_1")
    if d.tensor.name == "Y":
        assert [to_text(e) for e in d.tensor.shape] == ["20", "3", "3"]
    if d.tensor.name == r"\sigma^2":
        assert [to_text(e) for e in d.tensor.shape] == ["H"]


def test_ranges():
    assert [to_text(r) for r in read_ranges(r"i,j=1..3, k'=0..H-1", SYMBOLS)] == [
        "i=1..3",
        "j=1..3",
        '"k\'"=0..H-1',
    ]
    dotted = r"n=1,\dots,64,\quad i,j=1,\dots,24, c=1"
    assert [to_text(r) for r in read_ranges(dotted, SYMBOLS)] == [
        "n=1..64",
        "i=1..24",
        "j=1..24",
        "c=1..1",
    ]


@pytest.mark.parametrize(
    ("source", "position", "expected"),
    [
        ("", 0, "a term"),
        ("z_1 +", 5, "a term"),
        ("z_1 z_2)", 7, "the end"),
        ("(z_1", 4, "“)”"),
        (r"z_1 \foo", 4, "the end"),
        ("z_1 $", 4, "mathematics"),
        ("q + 1", 0, "a declared symbol"),
        (r"w^{(fc)}_{1,2}", 0, "a declared symbol"),
        ("X_{i}", 3, "2 indices of X"),
        ("z_{i,j}", 3, "1 indices of z"),
        ("z", 0, "1 indices of z"),
        (r"\mu(1-z_1)", 0, "a declared symbol"),
        ("z_{z_1}", 3, "an integer expression"),
        ("z_{i/2}", 3, "an integer"),
        ("z_{i+}", 2, "an integer expression"),
        ("z_1^2^3", 5, "at most one script"),
        ("z_i/z_j z_k", 8, "brackets or an operator"),
        (r"\log z_i z_j", 9, "brackets around the argument"),
        (r"\sum_{k} z_{k+1}", 6, "a range for k"),
        (r"\sum_{i} X_{i,1} z_i", 6, "a range for i"),
        (r"\sum z_1", 0, "the indices below"),
        (r"\sum_{i=1} z_i", 6, "an upper bound"),
        (r"\frac{\partial z_1}{\partial z_1 z_2}", 20, "\\partial and the entry"),
        (r"\frac{\partial z_1}{\partial (z_1+1)}", 29, "the entry of a tensor"),
        (r"\begin{tabular} z_1 \end{tabular}", 7, "one of"),
        (r"\begin{cases} 1 & i=2 \end{cases}", 18, "\\text{otherwise}"),
        (r"z_1^\top", 4, "a formula for entries"),
        (r"\max_{i} z_i z_{1/0}", 18, "a divisor"),
        ("9" * 100 + "+z_1", 0, "at most 60 digits"),
        ("z_{" + "(H+K+P+N+m+F+1)" * 8 + "}", 63, "reasonable size"),
        ("z_1 = z_2", 0, "a formula"),
    ],
)
def test_refusals_say_where_and_what(source, position, expected):
    with pytest.raises(ReadError) as caught:
        read_formula(source, SYMBOLS)
    assert expected in caught.value.expected
    assert caught.value.position == position
    assert f"at character {position + 1}" in str(caught.value)


HUGE = {
    "brackets": "(" * 10_000 + "z_1" + ")" * 10_000,
    "scripts": "z_{" * 10_000,
    "powers": "z_1^{" * 10_000 + "2" + "}" * 10_000,
    "fractions": r"\frac{1}{" * 10_000 + "2" + "}" * 10_000,
    "sums": r"\sum_{i}" * 10_000 + "z_i",
    "logs": r"\log " * 10_000 + "z_1",
    "accents": r"\tilde " * 10_000 + "x",
    "nots": r"[" + r"\lnot" * 10_000 + "z_1=1]",
    "a million characters": "z_1+" * 250_000 + "z_1",
    "a tower": "10^{10^{10^{10}}}",
    "a large range": r"\sum_{i=1}^{1000000000000} z_i",
    "minus signs": "-" * 50_000 + "z_1",
    "primes": "z" + "'" * 50_000,
    "terms": "z_1" + "+z_1" * 10_000,
    "a power in an index": "z_{" + "(" * 20 + "H+K" + ")^8" * 20 + "}",
    "backslashes": "\\" * 50_000,
    "cells": r"\begin{cases}" + "1&" * 20_000,
}


HANG = 60  # seconds: a limit against hangs, not a measure of speed


@pytest.mark.parametrize("name", HUGE)
def test_huge_input_is_read_or_refused_quickly(name):
    start = time.process_time()
    assert len(refusal_or_text(HUGE[name])) < 200_000
    assert time.process_time() - start < HANG


PIECES = (
    r"\sum _ ^ { } ( ) [ ] i j X z , = + - * / \frac \partial \max \le 1 2 3 \text{if} & \\ |"
    r" \lvert \rvert ' \tilde \lfloor \rfloor \begin{cases} \end{cases} for .. : e \delta \log H"
).split()


@settings(max_examples=120, deadline=None)
@given(
    st.one_of(
        st.text(max_size=30),
        st.binary(max_size=30).map(lambda raw: raw.decode("latin-1")),
        st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join),
    )
)
def test_any_text_is_read_or_refused(source):
    for read in (read_formula, read_relation, read_definition, read_ranges):
        with contextlib.suppress(InputError):
            read(source, SYMBOLS)
