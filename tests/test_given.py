"""What a Given can declare: sizes, definitions, functions, notation, facts, conventions."""

from __future__ import annotations

import tomllib
from typing import Any

import numpy as np
import pytest
from brute import evaluate, size

from derive.errors import InputError
from derive.ir import (
    Apply,
    Component,
    Derivative,
    Formula,
    Index,
    Int,
    Number,
    Range,
    Tensor,
    axis_ranges,
    floor,
    fresh,
)
from derive.ir.text import to_text
from derive.latex import Symbols, read_formula
from derive.latex.functions import applied
from derive.network.build import Model, build
from derive.network.given import Given
from derive.network.source import Source, parse_toml
from derive.network.symbols import symbols_of
from derive.verify.facts import Bounds, plan
from derive.verify.verify import Verifier

RNG = np.random.default_rng(3)


def model(**tables: Any) -> Model:
    return build(Given.from_dict(tables), checking=True)


def defined(made: Model) -> dict[str, str]:
    return {d.tensor.symbol: to_text(d.body) for d in made.program.definitions}


def tensor(made: Model, symbol: str) -> Tensor:
    return symbols_of(made).tensors[symbol]


def holds(made: Model, left: Formula, right: Formula, *ranges: Range) -> bool:
    """Whether an equation holds at all draws, by the verifier; it must be able to tell."""
    status = Verifier(made.program).chain([left, right], ranges).status
    assert status in ("exact", "numeric", "refuted")
    return status != "refuted"


# -- sizes ---------------------------------------------------------------------------------------


def test_sizes_with_numbers_keep_them_and_others_vary() -> None:
    made = model(sizes={"k": 3, "s": ">=2", "p": ">0"}, tensors={"x": ["n", "k"], "y": ["s", "p"]})
    known = symbols_of(made).sizes
    assert list(known) == ["k", "s", "p", "n"]
    assert (known["k"].definition, known["n"].definition) == (Int.of(3), None)
    assert (known["s"].least, known["p"].least, known["n"].least) == (2, 1, 1)
    drawn = [w.sizes for w in Verifier(made.program).worlds(())]
    assert {s[known["k"]] for s in drawn} == {3}
    assert len({s[known["n"]] for s in drawn}) > 1


def test_large_sizes_with_numbers_keep_them() -> None:
    made = model(sizes={"N": 640}, tensors={"x": ["N"], "z": [28]}, define=["s = \\sum_i x_i"])
    (n,) = made.program.sizes
    assert {w.sizes[n] for w in Verifier(made.program).worlds(())} == {640}


def test_numbers_in_shapes_are_numbers_without_a_name() -> None:
    made = model(tensors={"A": [4, 6], "B": [3, 3]}, define=["C = Conv2d(A, B)"])
    assert [size(d) for d in tensor(made, "C").shape] == [2, 4]
    assert all(d.constant for d in tensor(made, "C").shape)
    assert not symbols_of(made).sizes


def test_computed_sizes_follow_extents_of_computed_arrays() -> None:
    made = model(
        sizes={"S": 2, "p": "H_o W_o", "q": "p + 1"},
        tensors={"X": ["H", "W"], "K": ["k", "k"], "U": ["p", "m"]},
        define=["Y = Conv2d(X, K, stride=S)", "V = U^\\top U"],
        notation={"H_o": "extent 1 of Y", "W_o": "extent 2 of Y"},
    )
    known = symbols_of(made).sizes
    height, width, step = known["H_o"], known["W_o"], known["S"]
    assert tensor(made, "Y").shape == (Int.of(height), Int.of(width))
    assert height.definition == floor(known["H"] - known["k"], step) + 1
    assert known["p"].definition == height * width
    assert tensor(made, "U").shape[0] == Int.of(known["p"])
    for world in Verifier(made.program).worlds(()):
        assert world.sizes[known["q"]] == world.sizes[height] * world.sizes[width] + 1


def test_an_extent_that_has_a_size_of_its_own_equals_it() -> None:
    tables = {"tensors": {"x": ["n"], "w": ["k"], "z": ["m"]}, "define": ["y = Conv1d(x, w)"]}
    made = model(**tables, notation={"m": "extent 1 of y"})
    assert tensor(made, "z").shape == tensor(made, "y").shape
    made = model(**tables, sizes={"m": ">=1"}, notation={"m": "extent 1 of y"})
    assert "m = " in " ".join(to_text(f) for f in made.program.size_facts)
    with pytest.raises(InputError, match=r"m is extent 2 of y, which has 1 axes"):
        model(**tables, notation={"m": "extent 2 of y"})
    with pytest.raises(InputError, match=r"m is 5, but extent 1 of z is 4"):
        model(sizes={"m": 5}, tensors={"z": [4]}, notation={"m": "extent 1 of z"})


def test_an_extent_may_be_that_of_what_it_leads_to() -> None:
    made = model(
        tensors={"X": ["N", "H"], "W": ["M", "H"], "b": ["M"], "T": ["N", "M"]},
        define=["Y = Linear(X, W, b)", "D = Y - T"],
        notation={"M": "extent 2 of Y", "N": "extent 1 of Y"},
    )
    assert tensor(made, "Y").shape == tensor(made, "T").shape == tensor(made, "D").shape


def test_extents_may_be_expressions() -> None:
    made = model(tensors={"x": ["2n"], "y": ["n+1"]}, define=["z_{i} = x_{i} for i=1..n"])
    n = symbols_of(made).sizes["n"]
    assert tensor(made, "x").shape == (n * 2,)
    assert tensor(made, "y").shape == (n + 1,)


# -- definitions -----------------------------------------------------------------------------------


def test_definitions_of_entries_and_of_whole_arrays() -> None:
    made = model(
        tensors={"W": [2, 3], "x_0": [3], "b": [2]},
        define=["h_1 = W x_0 + b", "u_{i} = b_i^2", "G = b b^\\top"],
    )
    arrays = {"W": RNG.normal(size=(2, 3)), "x_0": RNG.normal(size=3), "b": RNG.normal(size=2)}
    values = evaluate(made.program, arrays)
    h = arrays["W"] @ arrays["x_0"] + arrays["b"]
    assert np.allclose([values["h_1"][i,] for i in range(2)], h)
    assert np.allclose([values["u"][i,] for i in range(2)], arrays["b"] ** 2)
    assert np.isclose(values["G"][0, 1], arrays["b"].prod())


def test_an_expression_is_an_argument_of_a_layer() -> None:
    made = model(tensors={"W": [2, 3], "x": [3]}, define=["h = ReLU(2 W x)"])
    w, x = RNG.normal(size=(2, 3)), RNG.normal(size=3)
    found = evaluate(made.program, {"W": w, "x": x})["h"]
    assert np.allclose([found[i,] for i in range(2)], np.maximum(2 * w @ x, 0))
    assert list(symbols_of(made).tensors) == ["W", "x", "h"]


def test_a_left_side_may_be_declared_with_its_shape() -> None:
    tables: dict[str, Any] = {"tensors": {"y": ["p"], "W": ["m", "n"], "x": ["n"]}}
    made = model(**tables, define=["y = Linear(x, W)"])
    assert [t.symbol for t in made.inputs] == ["W", "x"]
    assert [to_text(f) for f in made.program.size_facts] == ["p = m"]
    assert tensor(made, "y").shape == (Int.of(symbols_of(made).sizes["p"]),)
    assert model(**tables, define=["y = W x"]).program.size_facts == made.program.size_facts
    with pytest.raises(InputError, match=r"has the shape \(4\), but y is declared with \(3\)"):
        model(tensors={"y": [3], "x": [4]}, define=["y = ReLU(x)"])


def test_a_loss_may_name_what_it_depends_on() -> None:
    made = model(tensors={"w": ["n"], "x": ["n"]}, define=["L(w) = \\sum_i (w_i - x_i)^2"])
    assert made.program.loss == tensor(made, "L")
    assert not symbols_of(made).defined


# -- functions -------------------------------------------------------------------------------------


def test_functions_that_are_defined() -> None:
    made = model(
        tensors={"z": [3], "x": []},
        define=["\\rho(x) = x^2 + 3x", "s(a, b) := a b^2", "y_{i} = s(\\rho(z_i), x)"],
    )
    z, x = RNG.normal(size=3), RNG.normal()
    found = evaluate(made.program, {"z": z, "x": np.array(x)})["y"]
    assert np.allclose([found[i,] for i in range(3)], (z**2 + 3 * z) * x**2)
    table = symbols_of(made)
    one = read_formula("x", table)
    slope = applied(table.defined["\\rho"], (one,), (1,))
    assert holds(made, slope, 2 * one + 3)
    assert holds(made, applied(table.defined["s"], (one, one), (0, 2)), 2 * one)


UNKNOWN: dict[str, Any] = {"tensors": {"Y": ["m", "n"], "z": ["m"]}}


def entry(t: Tensor, letter: str = "i") -> tuple[Component, tuple[Range, ...]]:
    at = tuple(fresh(letter) for _ in t.shape)
    return Component(t, *at), axis_ranges(t, at)


def test_an_unknown_function_of_arrays_is_general() -> None:
    made = model(**UNKNOWN, define=["L = f(Y, z)"])
    y, z, loss = (tensor(made, s) for s in ("Y", "z", "L"))
    assert not loss.shape
    assert [t.symbol for t in made.inputs] == ["Y", "z"]
    assert list(symbols_of(made).tensors) == ["Y", "z", "L"]
    (at, rows), (other, columns) = entry(z), entry(z, "j")
    slope = Derivative(Component(loss), at)
    assert not holds(made, slope, Number(0), *rows)
    assert not holds(made, slope, Derivative(Component(loss), other), *rows, *columns)
    here, ranges = entry(y)
    assert not holds(made, Derivative(Component(loss), here), slope, *ranges, *rows)


def test_a_function_is_the_same_wherever_it_stands() -> None:
    tables = {"tensors": {"x": ["n"], "y": ["n"]}}
    made = model(**tables, define=["a = f(x)", "b = f(y)", "c = g(x)", "L = f(x) + a f(y)"])
    a, b, c, total = (Component(tensor(made, s)) for s in "abcL")
    assert not holds(made, a, b)
    assert not holds(made, a, c)
    assert holds(made, total, a + a * b)


def test_second_derivatives_of_an_unknown_function_are_dense() -> None:
    made = model(tensors={"x": [4]}, define=["L = f(x)"])
    coefficients, *rest = made.hidden
    assert not rest
    draw = {coefficients.name: RNG.normal(size=[size(d) for d in coefficients.shape])}

    def at(x: Any) -> float:
        return float(evaluate(made.program, draw | {"x": np.asarray(x)})["L"][()])

    x, unit = RNG.normal(size=4), 0.5 * np.eye(4)
    mixed = [
        at(x + unit[i] + unit[j]) - at(x + unit[i]) - at(x + unit[j]) + at(x)
        for i in range(4)
        for j in range(i)
    ]
    assert min(map(abs, mixed)) > 1e-3
    assert len(set(np.round(mixed, 6))) == 6


def test_an_unknown_function_has_the_values_that_its_left_side_is_declared_with() -> None:
    made = model(tensors={"y": ["m"], "x": ["n"]}, define=["y = g(x)"])
    (here, rows), (other, others) = entry(tensor(made, "y")), entry(tensor(made, "y"), "j")
    assert not holds(made, here, other, *rows, *others)
    assert symbols_of(made).results == ("y",)


def test_functions_by_entry() -> None:
    tables = {"tensors": {"z": ["n"]}, "define": ["a = \\varphi(z)"]}
    made = model(**tables, notation={"\\varphi": "function"})
    assert defined(made) == {"a": '"\\\\varphi"(z[i])'}
    used = model(tensors={"z": ["n"]}, define=["a = g(z)", "b_{i} = a_i z_i"])
    assert tensor(used, "a").shape == tensor(used, "z").shape  # else a_i means nothing
    named = model(**tables, notation={"\\varphi": "tanh"})
    assert defined(named) == {"a": "tanh(z[i])"}


def test_an_unknown_function_of_numbers_is_refuted_by_its_own_values() -> None:
    made = model(tensors={"x": []}, define=["y = h(x)"])
    x = read_formula("x", symbols_of(made))
    assert holds(made, Component(tensor(made, "y")), Apply("h", x))
    assert not holds(made, Component(tensor(made, "y")), x)


# -- notation --------------------------------------------------------------------------------------


def test_notation() -> None:
    made = model(
        tensors={"A": ["n", "m"], "x": ["n"], "c": []},
        define=["L = f(A)"],
        notation={
            "\\epsilon": "kronecker",
            "\\Delta": "kronecker delta",
            "\\phi": "function",
            "i_{in}": "index",
            "\\mathbb I": "identity",
            "I_n": "identity of order n",
            "\\mathbf 1": "ones",
            "\\mathbf 1_n": "ones of length n",
            "\\mathbf A": "same as A",
            "\\star": "valid cross-correlation",
            "*": "convolution",
            "rot_{180}": "rotation by 180 degrees",
            "//": "integer division",
            "\\bar A": "cotangent of A; zero outside its range",
            "c": "index into 1..m",
            "d": "index into 0..n-1",
        },
    )
    table = symbols_of(made)
    n, m = table.sizes["n"], table.sizes["m"]
    assert (table.kronecker, table.kroneckers) == ("\\epsilon", ("\\Delta",))
    assert table.functions["\\phi"] == "\\phi"
    assert table.indices == {"i_{in}": Index("i_{in}")}
    assert (table.identities["\\mathbb I"].order, table.identities["I_n"].order) == (
        None,
        Int.of(n),
    )
    assert (table.ones["\\mathbf 1"].length, table.ones["\\mathbf 1_n"].length) == (None, Int.of(n))
    assert table.tensors["\\mathbf A"] == table.tensors["A"]
    meanings = {name: operator.meaning for name, operator in table.operators.items()}
    assert meanings == {
        "\\star": "valid cross-correlation",
        "*": "valid convolution",
        "rot_{180}": "rotation by 180 degrees",
        "//": "integer division",
    }
    assert table.cotangents == {"\\bar A": table.tensors["A"]}
    assert table.zero_outside == {"\\bar A"}
    assert (table.tensors["c"].classes, table.tensors["c"].base) == (Int.of(m), 1)
    assert (table.tensors["d"].classes, table.tensors["d"].base) == (Int.of(n), 0)
    assert not made.warnings


def test_an_unknown_phrase_is_a_warning_and_its_symbol_stays_undefined() -> None:
    made = model(tensors={"x": ["n"]}, notation={"Q": "something else", "R": "kronecker"})
    (warning,) = made.warnings
    assert "“something else” says nothing known of Q" in warning
    assert symbols_of(made).unknown == {"Q": "something else"}
    assert "Q" not in symbols_of(made).tensors


def test_every_cotangent_has_the_loss_that_depends_on_its_array() -> None:
    made = model(
        tensors={"x": ["n"], "u": ["n"]},
        define=["a = ReLU(x)", "b = Tanh(u)", "s = f(a)", "t = g(b)", "r = t^2"],
        notation={"\\delta^a": "cotangent of a", "db": "cotangent of b", "du": "cotangent of u"},
    )
    table = symbols_of(made)
    assert {name: t.symbol for name, t in table.losses.items()} == {
        "\\delta^a": "s",
        "db": "r",
        "du": "r",
    }


@pytest.mark.parametrize("loss", ["L", "\\mathcal L"])
def test_without_a_loss_there_is_an_unknown_one(loss: str) -> None:
    taken = {"L": []} if loss != "L" else {}
    made = model(
        tensors={"x": ["n"], "w": ["k"], **taken},
        define=["y = Conv1d(x, w)"],
        notation={"\\delta": "cotangent of y", "dw": "cotangent of w"},
    )
    table = symbols_of(made)
    assert table.losses == {"\\delta": made.program.loss, "dw": made.program.loss}
    assert table.tensors[loss] == table.loss == made.program.loss
    (at, rows) = entry(tensor(made, "y"))
    assert not holds(made, Derivative(Component(table.tensors[loss]), at), Number(0), *rows)


def test_conventions_reach_the_reader() -> None:
    conventions = {"layout": "denominator", "summation": "einstein", "index_position": "upper"}
    table = symbols_of(model(conventions=conventions | {"index_base": 0}, tensors={"x": [3]}))
    assert (table.layout, table.matrix_layout) == ("denominator", "denominator")
    assert (table.einstein, table.upper, table.base) == (True, True, 0)
    assert table.tensors["x"].base == 0
    mixed = symbols_of(model(conventions={"layout": "numerator", "matrix_layout": "shape"}))
    assert (mixed.layout, mixed.matrix_layout) == ("numerator", "shape")
    assert symbols_of(model()) == Symbols()


# -- facts -----------------------------------------------------------------------------------------


def test_facts_of_every_kind() -> None:
    made = model(
        sizes={"k": 2},
        tensors={"p": ["n"], "x": ["n"], "a": ["n"], "b": ["n"], "\\tau": [], "z": ["H", "H"]},
        facts=[
            "p_{i} > 0",
            "\\sum_{i} p_{i} = 1",
            "-1 \\le x_i < 2",
            "a_i \\le b_i",
            "\\tau \\ne 0",
            "no ties in z",
            "k \\mid H",
            "H \\ge 4",
        ],
    )
    found = plan(made.program)
    p, x, a, b, tau, z = (tensor(made, s) for s in ("p", "x", "a", "b", "\\tau", "z"))
    assert found.bounds == {p: Bounds(0, None), x: Bounds(-1, 2)}
    assert found.totals == {p: ((0,), 1)}
    assert found.ordered == [(a, b)]
    assert set(found.distinct) == {tau, z}
    assert not found.implied
    for world in Verifier(made.program).worlds(()):
        heights = {s.name: n for s, n in world.sizes.items()}
        assert heights["H"] % 2 == 0
        assert heights["H"] >= 4
        for draw in world.given(z).numerators:
            assert len(np.unique(draw)) == draw.size


def test_no_ties_in_a_computed_array_discards_draws() -> None:
    tables: dict[str, Any] = {"tensors": {"x": [3]}, "define": ["y_{i} = x_i^2"]}
    made = model(**tables, facts=["no ties in y"])
    verifier = Verifier(made.program)
    for world in verifier.worlds(()):
        values = np.abs(world.given(tensor(made, "x")).numerators)
        kept = values[~world.discarded]
        assert len(kept)
        assert all(len(np.unique(draw)) == 3 for draw in kept)
    assert any(w.discarded.any() for w in verifier.worlds(()))


def test_no_ties_of_everything() -> None:
    made = model(tensors={"x": ["n"], "y": ["n"], "c": []}, facts=["no ties"])
    assert set(plan(made.program).distinct) == {tensor(made, "x"), tensor(made, "y")}


# -- what cannot be used ---------------------------------------------------------------------------

TEXT = """
[tensors]
x = ["n"]
[sizes]
k = "n q"
[notation]
g = "cotangent of y"
"""

BAD: list[tuple[dict[str, Any], str]] = [
    ({"notation": {"g": "cotangent of q"}}, "g is the cotangent of q, which is no array"),
    ({"notation": {"m": "extent 1 of q"}}, "m is an extent of q, which is no array"),
    ({"notation": {"c": "index into 3..n"}}, "the index c begins at neither 0 nor 1"),
    ({"notation": {"x": "index into 0..n"}}, "entries of x begin at 0, but positions at 1"),
    ({"facts": ["no ties in q"]}, "speaks of q, which is no array"),
    ({"sizes": {"n": 3}, "facts": ["n = 4"]}, "is false for the sizes given"),
    ({"define": ["y = f(q)"]}, "expected a declared symbol, found “q"),
    ({"define": ["y_{i} = x_{i} for i=1..k"]}, "where the range of i ends, found “k”"),
    (
        {"define": ["y_{i,j} = x_{i} for i=1..n, j=1..i"]},
        "expected ranges that end at sizes, found that of j, up to i",
    ),
    ({"define": ["y = MaxPool2d(x, kernel_size=2)"]}, "axes"),
    ({"define": ["y = f(q)"]}, "Known are: x, n. Names get a meaning in [tensors]"),
    ({"define": ["y = ReLU(q)"]}, "“y = ReLU(q)”: there is no array “q”. Known are: x, n."),
    (
        {"tensors": {"bias": ["n"]}, "define": ["y = ReLU(bais)"]},
        "there is no array “bais”. Did you mean “bias”?",
    ),
    ({"define": ["y = ReLU(x + q)"]}, "found “q” at character 5, here: x +  ⟨?⟩ q."),
    ({"values": {"x": [1, 10**18]}, "tensors": {"x": [2]}}, "more than 18 digits"),
    ({"values": {"x": [[1, 2], [3]]}}, "The lists in it differ in length."),
    ({"define": ["n = ReLU(x)"]}, "defines n, which names a size"),
    ({"define": ["y = ReLU(x)", "y = Tanh(x)"]}, "“y = Tanh(x)”"),
    ({"define": ["\\input{a} = ReLU(x)"]}, "is not the LaTeX of a symbol"),
    ({"define": ["\\rho(a) = a + b"]}, "“\\rho(a) = a + b”: expected a declared symbol"),
    ({"tensors": {"x": ["n / 2"]}}, "the shape of x: “n / 2” is not a whole number"),
    ({"sizes": {"m": "2n", "n": "m"}}, "the size m = “2n”: expected a declared symbol"),
]


@pytest.mark.parametrize(("tables", "message"), BAD, ids=[message for _, message in BAD])
def test_what_cannot_be_used(tables: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        model(**{"tensors": {"x": ["n"]}, **tables})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_refusals_say_where(tmp_path: Any) -> None:
    for text, line in ((TEXT, 5), (TEXT.replace("n q", "n n"), 7)):
        given = Given.from_dict(tomllib.loads(text), Source("a.toml", text))
        with pytest.raises(InputError) as caught:
            build(given, checking=True)
        assert (caught.value.file, caught.value.line) == ("a.toml", line)
    assert parse_toml(TEXT)["sizes"] == {"k": "n q"}


def test_an_unknown_array_of_tables_is_refused_at_its_first_header() -> None:
    text = "title = 'a'\n\n[[question]]\nof = 'y'\n[[question]]\n"
    with pytest.raises(InputError, match="“question” is not known here") as caught:
        Given.from_dict(tomllib.loads(text), Source("a.toml", text))
    assert caught.value.line == 3


def test_options_that_are_free_vary() -> None:
    sizes = {"S": ">=1", "P": ">=0", "D": ">=1"}
    made = model(
        sizes=sizes,
        tensors={"X": ["N", "C", "H", "W"], "K": ["O", "C", 3, 3]},
        define=["Y = Conv2d(X, K, stride=S, padding=P, dilation=D)"],
    )
    worlds = Verifier(made.program).worlds(())
    for name in sizes:
        drawn = {w.sizes[symbols_of(made).sizes[name]] for w in worlds}
        assert len(drawn) > 1, name
