"""A stack of L layers: what is derived, that each step is verified and mistakes are noticed."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from mutants import mutants

import derive
from derive.derivation.program import Program
from derive.derivation.scope import Scope
from derive.derivation.step import Derivation, Step
from derive.engine.layers import ALL, WHOLE, Result
from derive.errors import InputError, Unsupported
from derive.ir import (
    Array,
    Component,
    Definition,
    Delta,
    Element,
    Formula,
    Hadamard,
    Identity,
    Index,
    Int,
    Number,
    Product,
    Range,
    Scaled,
    Size,
    Slope,
    Sum,
    Tensor,
    Times,
    Transposed,
    rebuild,
    same,
)
from derive.ir.column import OneEntry
from derive.ir.family import Family, Level, member, text_at
from derive.ir.levels import Chain, OfLevels, at_levels
from derive.network.build import build
from derive.network.given import Given
from derive.network.read_stack import stack_of
from derive.network.stack import Stack
from derive.pipeline import stack_solution
from derive.rules import stacks
from derive.stacked import StackModel
from derive.verify.numeric import evaluate_arrays
from derive.verify.verify import verify_chain
from derive.writers.latex import latex

TANH = {r"\sigma": "tanh"}
UNKNOWN = {r"\sigma": "function"}
SHAPES = {r"y_\ell": [r"n_\ell"], r"A_\ell": [r"n_\ell", r"n_{\ell-1}"], r"b_\ell": [r"n_\ell"]}
SQUARE = {r"y_\ell": ["n"], r"A_\ell": ["n", "n"], r"b_\ell": ["n"]}

MLP: dict[str, Any] = {
    "tensors": SHAPES,
    "define": [
        r"y_\ell = \sigma(A_\ell y_{\ell-1} + b_\ell) for \ell = 1..L-1",
        r"y_L = A_L y_{L-1} + b_L",
    ],
    "notation": UNKNOWN,
}
ALIKE = {**MLP, "define": [r"y_\ell = \sigma(A_\ell y_{\ell-1} + b_\ell) for \ell = 1..L"]}
RESIDUAL = {
    **MLP,
    "tensors": SQUARE,
    "define": [r"y_{\ell} = y_{\ell-1} + \sigma(A_{\ell} y_{\ell-1} + b_{\ell}) for \ell = 1..L"],
}
LINEAR = {
    "tensors": {"x_k": ["d_k"], "W_k": ["d_k", "d_{k-1}"]},
    "define": ["x_k = W_k x_{k-1} for k = 1..M"],
}
TWO_STEPS = {
    **MLP,
    "tensors": {**SHAPES, r"z_\ell": [r"n_\ell"]},
    "define": [
        r"z_\ell = A_\ell y_{\ell-1} + b_\ell for \ell = 1..L",
        r"y_\ell = \sigma(z_\ell) for \ell = 1..L",
    ],
}
STACKS = {"mlp": MLP, "alike": ALIKE, "residual": RESIDUAL, "linear": LINEAR}


def stack(tables: dict[str, Any]) -> Stack:
    made = stack_of(Given.from_dict(tables))
    assert made is not None
    return made


def model(name: str) -> StackModel:
    return StackModel.of(stack(STACKS[name]))


# -- what is derived -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", STACKS)
def test_every_step_is_verified(name: str) -> None:
    made = model(name)
    assert {"base", "step", "product"} <= {r.name for r in made.results}
    for r in made.results:
        assert made.verdict(r).status == "exact", r.name


def whole(r: Derivation) -> Any:
    assert isinstance(r.result, Element)
    return r.result.whole


def test_the_layer_gives_the_factor_of_the_product() -> None:
    found = {r.name: r.derivation for r in model("mlp").results}
    last, chain = whole(found["product"]).factors
    assert isinstance(chain, Chain)
    (r,) = (chain.levels,)
    assert (r.lowers[0], r.uppers[0]) == (Index(r"\ell") + 1, Index("L") - 1)
    assert at_levels(chain.body, {"j": Level(r"\ell")}) == whole(found[r"arrays by y_{\ell-1}"])
    assert last == whole(found["arrays by y_{L-1}"])
    residual = {r.name: r.derivation for r in model("residual").results}
    body = whole(residual["product"]).body
    assert body.args[0] == Identity(Size("n"), 1)


def test_the_steps_of_the_induction() -> None:
    found = {r.name: r.derivation for r in model("mlp").results}
    assert [s.rule for s in found["step"].steps] == [
        "chain rule of a stack",
        "insert",
        "hypothesis",
        "one more factor",
    ]
    assert [s.rule for s in found["base"].steps] == ["base", "empty product"]
    columns = [s.rule for s in found[r"columns by A_\ell"].steps]
    assert columns[:3] == ["chain rule", "column", "matrix times a column with one entry"]
    assert [s.rule for s in found[r"rows by A_\ell"].steps][-1] == "diagonal matrix"
    one = found[r"one output by A_\ell"]
    assert whole(one).factors[1] == Transposed(Slope(*slope_of(one)))
    assert one.facts


def slope_of(d: Derivation) -> tuple[Tensor, Tensor]:
    slope = next(
        f.of for f in whole(d).factors if isinstance(f, Transposed) and isinstance(f.of, Slope)
    )
    return slope.of, slope.by


# -- that mistakes are noticed -------------------------------------------------------------------


def wrong_products(made: StackModel) -> dict[str, Formula]:
    """Wrong closed forms of ∂y_L/∂y_ℓ."""
    r = next(r for r in made.results if r.name == "product")
    assert isinstance(r.derivation.result, Element)
    last, chain = r.derivation.result.whole.args
    assert isinstance(chain, Chain)
    at, k = r.derivation.result.indices, chain.levels
    body = chain.body.args

    def entry(a: Any) -> Formula:
        return Element(a, *at)

    shifted = Chain(chain.body, Range(k.index, k.lowers[0] + 1, k.uppers[0]))
    return {
        "without the last layer's matrix": entry(Product(chain)),
        "a sign": entry(Scaled(Number(-1), Product(last, chain))),
        "without the slopes": entry(Product(last, Chain(body[1], k))),
        "one factor fewer": entry(Product(last, shifted)),
        "half of it": entry(Scaled(Number(Fraction(1, 2)), Product(last, chain))),
    }


@pytest.mark.parametrize(
    "mistake",
    [
        "without the last layer's matrix",
        "a sign",
        "without the slopes",
        "one factor fewer",
        "half of it",
    ],
)
def test_a_wrong_product_is_noticed(mistake: str) -> None:
    made = model("mlp")
    r = next(r for r in made.results if r.name == "product")
    try:
        wrong = wrong_products(made)[mistake]
    except ValueError:
        return  # the extents do not fit: refused before it could be checked
    d = Derivation(
        r.derivation.start,
        r.derivation.ranges,
        (Step(r.derivation.start, wrong, "wrong", "wrong"),),
    )
    try:
        verdict = made.verdict(replace(r, derivation=d))
    except ValueError:
        return  # extents that differ at the drawn widths
    assert verdict.status != "exact"


@pytest.mark.parametrize("name", ["base", "step", r"columns by A_\ell", r"written out by b_\ell"])
def test_a_wrong_step_is_noticed(name: str) -> None:
    made = model("mlp")
    r = next(r for r in made.results if r.name == name)
    for k, s in enumerate(r.derivation.steps):
        wrong = Times(Number(-1), s.after)
        steps = (*r.derivation.steps[:k], Step(s.before, wrong, s.rule, s.reason, s.facts))
        d = Derivation(r.derivation.start, r.derivation.ranges, steps)
        assert made.verdict(Result(name, d, r.where)).status == "refuted", s.rule


def test_statements_about_all_stacks_are_tried_at_every_level() -> None:
    made = model("mlp")
    r = next(r for r in made.results if r.name == "product")
    assert r.where == ALL
    assert len(made._instances(r)) == 1 + 2 + 3 + 4
    assert len(made._instances(replace(r, name="step"))) == 0 + 1 + 2 + 3


# -- against differences of the function itself --------------------------------------------------


def test_the_product_against_finite_differences() -> None:
    tables = {**MLP, "notation": TANH, "sizes": {"L": 3}}
    made = build(Given.from_dict(tables))
    assert [d.tensor.name for d in made.program.definitions] == ["y_1", "y_2", "y_3"]
    rng = np.random.default_rng(0)
    widths = (3, 5, 4, 2)
    given: dict[str, Any] = {"y_0": rng.normal(size=widths[0])}
    for k in (1, 2, 3):
        given |= {
            f"A_{k}": rng.normal(size=(widths[k], widths[k - 1])),
            f"b_{k}": rng.normal(size=widths[k]),
        }

    def output(y: Any) -> Any:
        for k in (1, 2, 3):
            y = given[f"A_{k}"] @ y + given[f"b_{k}"]
            y = np.tanh(y) if k < 3 else y
        return y

    stacked = StackModel.of(stack({**MLP, "notation": TANH}))
    product = next(r for r in stacked.results if r.name == "product").derivation
    to = {"L": Level("", 3), r"\ell": Level("", 0)}
    d = Derivation(
        at_levels(product.start, to),
        tuple(at_levels(r, to) for r in product.ranges),
        tuple(
            Step(at_levels(s.before, to), at_levels(s.after, to), s.rule, s.reason)
            for s in product.steps
        ),
    )
    found = evaluate_arrays(made.program, d, given)
    h = 1e-6
    columns = [
        (output(given["y_0"] + h * e) - output(given["y_0"] - h * e)) / (2 * h) for e in np.eye(3)
    ]
    np.testing.assert_allclose(found, np.stack(columns, axis=1), rtol=1e-7, atol=1e-8)


# -- the laws ------------------------------------------------------------------------------------

i, j, q = Index("i"), Index("j"), Index("q")
N = tuple(Size(f"n_{k}") for k in range(4))
F = tuple(Tensor(f"F_{k}", f"F_{k}", (N[k], N[k - 1])) for k in (1, 2, 3))
ANY = Array(Tensor("F_q", "F_q", (Size("n_q"), Size("n_{q-1}"))))
H, W = Size("H"), Size("W")
X, Y = Tensor("x", "x", (H,)), Tensor("y", "y", (H,))
M = Tensor("m", "m", (H, W))
PROGRAM = Program((*N, H, W), (*F, X, Y, M), ())
SCOPE = Scope(PROGRAM, (Range(i, 1, N[3]), Range(j, 1, N[0])))
ENTRIES = Scope(PROGRAM, (Range(i, 1, H), Range(j, 1, H)))
OBLONG = Scope(PROGRAM, (Range(i, 1, H), Range(j, 1, W)))
UPPER = Chain(ANY, Range(q, 2, 3))


def at(a: Any, *indices: Any) -> Formula:
    return Element(a, *indices)


LAWS = [
    (
        *(stacks.one_more_factor, SCOPE, at(Product(UPPER, Array(F[0])), i, j)),
        at(Chain(ANY, Range(q, 1, 3)), i, j),
    ),
    (
        stacks.one_more_factor,
        SCOPE,
        at(Product(Chain(ANY, Range(q, 3, 3)), Array(F[1]), Array(F[0])), i, j),
        at(Product(Chain(ANY, Range(q, 2, 3)), Array(F[0])), i, j),
    ),
    (stacks.one_more_factor, SCOPE, at(Product(Array(F[2]), Array(F[1])), i, j), None),
    (stacks.one_more_factor, SCOPE, at(UPPER, i, j), None),
    (
        *(stacks.one_more_factor, SCOPE),
        *(at(Product(Chain(ANY, Range(q, 3, 3)), Array(F[2])), i, j), None),
    ),
    (
        *(stacks.column_with_one_entry, ENTRIES, Times(Delta(i, j), X[i])),
        at(OneEntry(X[j], H, j), i),
    ),
    (stacks.column_with_one_entry, ENTRIES, Times(X[i], Y[j]), None),
    (stacks.column_with_one_entry, ENTRIES, Times(X[i], Delta(1, j)), None),
    (
        *(stacks.times_one_entry, OBLONG, at(Product(Array(M), OneEntry(X[i], W, j)), i)),
        Times(M[i, j], X[i]),
    ),
    (
        stacks.times_one_entry,
        ENTRIES,
        at(Product(Array(M), Transposed(Array(M)), OneEntry(X[j], H, j)), i),
        Times(at(Product(Array(M), Transposed(Array(M))), i, j), X[j]),
    ),
    (
        *(stacks.times_one_entry, ENTRIES),
        *(at(Product(Array(M), Transposed(Array(M)), Array(X)), i), None),
    ),
    (stacks.as_diagonal, ENTRIES, at(Product(Array(X), Transposed(Array(Y))), i, j), None),
    (stacks.as_diagonal, ENTRIES, at(Hadamard(Array(X), Array(Y)), i), None),
]


@pytest.mark.parametrize(("rule", "scope", "before", "after"), LAWS)
def test_law(rule: Any, scope: Scope, before: Formula, after: Formula | None) -> None:
    new = rule.apply(before, scope)
    if after is None:
        assert new is None
        return
    assert new is not None
    assert same(new, after), str(new)
    for what, wrong in mutants(new):
        if what not in ("another sign", "transposed"):  # of two factors, of a symmetric product
            assert verify_chain(PROGRAM, [before, wrong], scope.ranges).status != "exact", what
    assert verify_chain(PROGRAM, [before, new], scope.ranges).status == "exact"


def test_the_diagonal_is_that_of_the_later_factors() -> None:
    before = at(Product(Hadamard(Array(X), Array(Y), Array(X)), Transposed(Array(Y))), i, j)
    new = stacks.as_diagonal.apply(before, ENTRIES)
    assert isinstance(new, Element)
    diagonal, first, _ = new.whole.args
    assert (diagonal.args[0], first) == (Hadamard(Array(Y), Array(X)), Array(X))
    assert verify_chain(PROGRAM, [before, new], ENTRIES.ranges).status == "exact"


def chained(paths: int) -> tuple[Program, Formula]:
    """z from y from x; with two paths z reads x as well."""
    x, y, z = X, Tensor("u", "u", (H,)), Tensor("z", "z", (W,))
    body: Formula = Sum(M[i, j] * y[i] * y[i], Range(i, 1, H))
    if paths > 1:
        body = body + Sum(x[i], Range(i, 1, H))
    made = (Definition(y, (i,), x[i] * x[i]), Definition(z, (j,), body))
    return Program((H, W), (x, M), made), Element(Slope(z, x), j, i)


def test_the_chain_rule_needs_a_single_path() -> None:
    ranges = (Range(j, 1, W), Range(i, 1, H))
    program, before = chained(1)
    new = stacks.through_the_layer.apply(before, Scope(program, ranges))
    assert new is not None
    assert verify_chain(program, [before, new], ranges).status == "exact"
    program, before = chained(2)
    assert stacks.through_the_layer.apply(before, Scope(program, ranges)) is None


def test_a_chain_is_the_product_of_its_levels() -> None:
    ranges = (Range(i, 1, N[3]), Range(j, 1, N[0]))
    chain = at(Chain(ANY, Range(q, 1, 3)), i, j)
    written = at(Product(*map(Array, reversed(F))), i, j)
    assert verify_chain(PROGRAM, [chain, written], ranges).status == "exact"
    assert Chain(ANY, Range(q, 3, 2)).at({}) == Identity(N[2], 1)
    assert Chain(ANY, Range(q, 2, 2)).at({}) == Array(F[1])


def test_a_column_with_one_entry() -> None:
    ranges = (Range(i, 1, H), Range(j, 1, H))
    column = at(OneEntry(X[j], H, j), i)
    assert verify_chain(PROGRAM, [column, Times(Delta(i, j), X[j])], ranges).status == "exact"
    assert verify_chain(PROGRAM, [column, X[j]], ranges).status == "refuted"


# -- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (r"A_\ell", (Family("A"), Level(r"\ell"))),
        (r"n_{\ell-1}", (Family("n"), Level(r"\ell", -1))),
        (r"y_{ \ell + 2 }", (Family("y"), Level(r"\ell", 2))),
        ("y_L", (Family("y"), Level("L"))),
        ("y_{12}", (Family("y"), Level("", 12))),
        ("W_{hh}^{(t-1)}", (Family("W_{hh}", "^{("), Level("t", -1))),
        (r"a^{[\ell]}", (Family("a", "^{["), Level(r"\ell"))),
        (r"a^{\ell}", None),
        ("x", None),
        ("c_{out}", None),
        ("A_{i,j}", None),
    ],
)
def test_members(name: str, found: Any) -> None:
    assert member(name) == found


def test_levels_in_a_text() -> None:
    text = r"y_\ell = \sigma(A_{\ell} y_{\ell-1} + c_{out})"
    assert text_at(text, {r"\ell": Level("", 3)}) == r"y_3 = \sigma(A_3 y_2 + c_{out})"
    assert text_at(text, {r"\ell": Level("k", 1)}) == r"y_{k+1} = \sigma(A_{k+1} y_k + c_{out})"
    assert text_at("y_9", {"": Level("")}) == "y_9"


def test_formulas_at_other_levels() -> None:
    f = Component(Tensor(r"A_\ell", r"A_\ell", (Size(r"n_\ell"),)), Index(r"\ell"))
    g = at_levels(f, {r"\ell": Level("", 2)})
    assert isinstance(g, Component)
    assert (g.tensor.name, g.tensor.shape, g.indices) == (
        "A_2",
        (Int.of(Size("n_2")),),
        (Int.of(2),),
    )
    assert rebuild(g, g.args) == g


# -- Givens --------------------------------------------------------------------------------------


def test_instances_are_ordinary_networks() -> None:
    made = stack(MLP).instance(3)
    assert made.define == (
        r"y_1 = \sigma(A_1 y_0 + b_1)",
        r"y_2 = \sigma(A_2 y_1 + b_2)",
        "y_3 = A_3 y_2 + b_3",
    )
    assert made.tensors["A_2"] == ("n_2", "n_1")
    assert stack(RESIDUAL).instance(1).define == (r"y_1 = y_0 + \sigma(A_1 y_0 + b_1)",)


def test_what_is_no_stack() -> None:
    plain = {"tensors": {"x": [5]}, "define": [r"s_{i} = x_{i} + 1 for i = 1..3"]}
    assert stack_of(Given.from_dict(plain)) is None
    shifted = {"tensors": {"x": [5]}, "define": [r"s_{i} = x_{i-1} + x_{i} for i = 2..3"]}
    assert stack_of(Given.from_dict(shifted)) is None


def test_a_stack_without_a_number_is_no_network() -> None:
    with pytest.raises(Unsupported, match=r"a stack of L layers.*L = 3"):
        build(Given.from_dict(MLP))


REFUSED = [
    ({"define": [MLP["define"][0]]}, r"the layers end with y_\{L-1\}, but nothing defines y_L"),
    ({"define": [MLP["define"][0].replace("L-1", "L"), MLP["define"][1]]}, "so does"),
    ({"define": [MLP["define"][0].replace("1..", "2.."), MLP["define"][1]]}, r"Expected 1\.\.L"),
    ({"define": [*MLP["define"], r"u = y_L"]}, "“u = y_L” is computed from the output"),
    ({"define": [*MLP["define"], r"u_k = y_L"]}, "“u_k = y_L” defines no layer"),
    ({"define": [*MLP["define"], r"L = \|y_L\|^2"]}, "L is the number of layers.*such as E"),
    ({"define": [MLP["define"][0], r"y_k = A_k y_{k-1} for k = 1..L"]}, "counts layers by k"),
    ({"tensors": {r"y_\ell": ["n"], r"A_\ell": ["n", "n"]}}, r"b_\\ell belongs to no family"),
    ({"layers": [{"type": "ReLU"}]}, r"\[layers\] cannot stand beside"),
    ({"facts": [r"n_1 > 2"]}, r"\[facts\] cannot stand beside"),
    (
        {"define": [MLP["define"][0].replace("b_", "y_0 + b_"), MLP["define"][1]]},
        r"reads y_0\. A layer of a stack reads y_\{\\ell-1\}",
    ),
    ({"define": [MLP["define"][0], "y_L = A_L y_0"]}, r"reads y_0\. A layer of a stack"),
    ({"second": ["y_0"]}, "second is for networks, and L is no number"),
    ({"listings": "loops"}, "listings is for networks"),
    ({"conventions": {"layout": "denominator"}}, "Expected layout = 'shape'"),
    ({"conventions": {"layout": "numerator"}}, "with matrix_layout = 'shape'"),
    (
        {
            "tensors": {r"y_\ell": ["n"], "A": ["n", "n"]},
            "define": [r"y_\ell = A y_{\ell-1} for \ell = 1..L-1", "y_L = A y_{L-1}"],
        },
        "A is read by the last layer, too",
    ),
]


@pytest.mark.parametrize(("change", "message"), REFUSED)
def test_what_is_unclear_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        stack_of(Given.from_dict({**MLP, **change}))


def test_a_layer_without_a_matrix_form_is_refused_with_the_reason() -> None:
    tables = {
        "tensors": {r"y_\ell": [2, r"n_\ell"]},
        "define": [r"y_{\ell} = y_{\ell-1} for \ell = 1..L"],
    }
    with pytest.raises(Unsupported, match=r"has 2 axes.*Expected a vector"):
        stack(tables)


# -- the document --------------------------------------------------------------------------------


def test_document() -> None:
    made = stack_solution(stack(MLP))
    assert not made.refuted
    source = latex(made.document)
    for part in (
        r"\prod_{j=L-1,\dots,\ell+1} \operatorname{diag}\bigl(\sigma'(A_{j} y_{j-1} + b_{j})\bigr)",
        r"\begin{bmatrix}0 \\ \vdots \\ \sigma'",
        "by the induction hypothesis",
        "Where there is one output",
        r"\frac{\partial y_{\ell}}{\partial b_{\ell}}",
    ):
        assert part in source, part
    assert "refuted" not in made.summary
    brief = stack_solution(stack(RESIDUAL), "brief")
    assert "I_{n} + " in latex(brief.document)


def test_two_definitions_in_a_layer() -> None:
    """A layer may have named parts; what is derived goes through all of them."""
    made = StackModel.of(stack(TWO_STEPS))
    for r in made.results:
        assert made.verdict(r).status == "exact", r.name


# -- recurrent networks: what all layers share ---------------------------------------------------

RECURRENT: dict[str, Any] = {
    "tensors": {"h_t": ["m"], "x_t": ["d"], "W": ["m", "m"], "U_{xh}": ["m", "d"], "b": ["m"]},
    "define": [r"h_t = \sigma(W h_{t-1} + U_{xh} x_t + b) for t = 1..T"],
    "notation": UNKNOWN,
}


def recurrent() -> dict[str, Result]:
    return {r.name: r for r in StackModel.of(stack(RECURRENT)).results}


def test_what_all_layers_share_is_summed_over_them() -> None:
    made = StackModel.of(stack(RECURRENT))
    shared = [r for r in made.results if r.where == WHOLE]
    assert [r.name for r in shared if r.name.startswith("shared by")] == [
        "shared by W",
        "shared by U_{xh}",
        "shared by b",
    ]
    for r in made.results:
        assert made.verdict(r).status == "exact", r.name
    text = latex(stack_solution(stack(RECURRENT)).document)
    for part in (
        r"\frac{\partial[h_{t}]_{l}}{\partial b_{i}}\Bigr\rvert_{h_{t-1}}",
        r"\frac{\partial h_{T}}{\partial b} &= \sum_{t=1}^{T} \frac{\partial h_{T}}",
        r"\frac{\partial h_{t}}{\partial\operatorname{vec}(W)}\Bigr\rvert_{h_{t-1}}",
    ):
        assert part in text, part


@pytest.mark.parametrize("name", ["shared by W", "shared arrays by W", "shared arrays by b"])
def test_a_layer_left_out_of_the_sum_is_noticed(name: str) -> None:
    made = StackModel.of(stack(RECURRENT))
    r = recurrent()[name]
    right = r.derivation.result

    def wrong(f: Any) -> Any:
        if isinstance(f, OfLevels):
            run = f.levels
            return type(f)(f.body, Range(run.index, run.lowers[0] + 1, run.uppers[0]))
        return rebuild(f, tuple(map(wrong, f.args))) if f.args else f

    step = Step(r.derivation.start, wrong(right), "wrong", "wrong")
    d = Derivation(r.derivation.start, r.derivation.ranges, (step,))
    assert made.verdict(replace(r, derivation=d)).status == "refuted"


def test_backpropagation_through_time_against_finite_differences() -> None:
    """∂h_3/∂W as the sum of arrays, for tanh, by differences of the network itself."""
    tables = {**RECURRENT, "notation": TANH}
    made = build(Given.from_dict({**tables, "sizes": {"T": 3}}))
    d = next(
        r for r in StackModel.of(stack(tables)).results if r.name == "shared arrays by W"
    ).derivation
    to = {"T": Level("", 3)}
    f = Derivation(
        at_levels(d.start, to),
        tuple(at_levels(r, to) for r in d.ranges),
        tuple(
            Step(at_levels(s.before, to), at_levels(s.after, to), s.rule, s.reason) for s in d.steps
        ),
    )
    rng = np.random.default_rng(1)
    given: dict[str, Any] = {
        **{"h_0": rng.normal(size=2), "W": rng.normal(size=(2, 2)), "b": rng.normal(size=2)},
        **{f"x_{t}": rng.normal(size=3) for t in (1, 2, 3)},
        "U_{xh}": rng.normal(size=(2, 3)),
    }

    def output(w: Any) -> Any:
        h = given["h_0"]
        for t in (1, 2, 3):
            h = np.tanh(w @ h + given["U_{xh}"] @ given[f"x_{t}"] + given["b"])
        return h

    e = 1e-6
    changes = np.eye(4).reshape(4, 2, 2)
    slopes = [(output(given["W"] + e * c) - output(given["W"] - e * c)) / (2 * e) for c in changes]
    wanted = np.stack(slopes, axis=1).reshape(2, 2, 2)
    np.testing.assert_allclose(
        evaluate_arrays(made.program, f, given), wanted, rtol=1e-7, atol=1e-8
    )


# -- names and letters ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "matrix", "letter", "count"),
    [
        ("h^{(k)}", "W^{(k)}", "k", "K"),
        (r"a^{[l]}", "W^{[l]}", "l", "L"),
        ("x_i", "W_i", "i", "m"),  # the letter that an entry would have
        ("x_j", "A_j", "j", "k"),
    ],
)
def test_levels_stand_below_or_above_and_have_any_letter(
    state: str, matrix: str, letter: str, count: str
) -> None:
    """Wherever the level stands, and whatever its letter: no index has the same one."""
    before = text_at(state, {letter: Level(letter, -1)})
    tables = {
        "tensors": {state: [f"d_{letter}"], matrix: [f"d_{letter}", f"d_{{{letter}-1}}"]},
        "define": [rf"{state} = \phi({matrix} {before}) for {letter} = 1..{count}"],
        "notation": {r"\phi": "function"},
    }
    made = StackModel.of(stack(tables))
    for r in made.results:
        assert made.verdict(r).status == "exact", r.name
    text = latex(stack_solution(stack(tables)).document)
    assert not re.search(rf"[\])]_\{{{letter}\b", text)


def test_functions_may_be_defined_beside_a_stack() -> None:
    tables = {**ALIKE, "notation": {}, "define": [r"\sigma(x) = x^3 + x", *ALIKE["define"]]}
    made = StackModel.of(stack(tables))
    for r in made.results:
        assert made.verdict(r).status == "exact", r.name


def test_with_a_number_of_layers_a_loss_may_stand_on_top() -> None:
    tables = {
        **{**MLP, "sizes": {"L": 2}, "tensors": {**SHAPES, "t": ["n_L"]}},
        "define": [*MLP["define"], r"E = \frac{1}{2} \|y_L - t\|^2"],
    }
    made = build(Given.from_dict(tables))
    assert [d.tensor.name for d in made.program.definitions] == ["y_1", "y_2", "E"]
    found = derive.Given.from_dict(tables).gradient("A_2", of="E", form="matrix")
    assert found.verify().status == "exact"
    assert found.latex().endswith(r" = (y_{2} - t) (y_{1})^{\top}")
