"""Matrix forms of networks: convolutions, batches, layouts, what has none, and the document."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import derive
from derive.api import Derivation, Given
from derive.document.arrays import explained
from derive.document.model import Inline, InlineMath, Text
from derive.document.notation import Names, Notation
from derive.engine.differentiate import Differentiator
from derive.engine.matrix.form import array_form
from derive.errors import InputError
from derive.ir import (
    Correlated,
    Dilated,
    Element,
    Padded,
    Rotated,
    Series,
    Slope,
    Tensor,
    Whole,
    subformulas,
)
from derive.network.build import build
from derive.network.given import Given as Schema
from derive.pipeline import solution
from derive.verify.verify import Verifier
from derive.writers.latex_math import latex_math
from derive.writers.markdown import markdown

OPTIONS: list[dict[str, Any]] = [
    {},
    {"stride": 2},
    {"padding": 1},
    {"stride": 2, "padding": 1},
    {"kernel_size": [3, 2], "stride": [2, 1], "padding": [1, 0]},
    {"groups": 2},
    {"bias": False},
]


def shaped(t: Tensor) -> str:
    return "shape"


def convolution(**options: Any) -> dict[str, Any]:
    layer = {"name": "conv", "type": "Conv2d", "out_channels": 6, "kernel_size": 3, **options}
    return {
        "tensors": {"x": ["N", 4, 9, 8], "t": ["N", 3]},
        "layers": [layer, {"type": "Flatten"}, {"type": "Linear", "out_features": 3}],
        "loss": {"type": "CrossEntropyLoss", "target": "t"},
    }


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", ["conv.weight", "x"])
def test_gradients_of_a_convolution_are_correlations(name: str, options: dict[str, Any]) -> None:
    """Of x with δ, or in full of δ with the rotated kernel; a stride dilates δ."""
    model = build(Schema.from_dict(convolution(**options)))
    by = next(t for t in model.program.given if t.name == name)
    form = array_form(Differentiator(model.program).gradient(by), shaped)
    assert form.derivation is not None, form.reason
    verdict = Verifier(model.program).derivation(form.derivation)
    assert verdict.status == "exact", verdict.counterexample
    result = form.derivation.result
    assert isinstance(result, Element)
    nodes = [n for n in subformulas(result) if isinstance(n, Whole)]
    (found,) = [n for n in nodes if isinstance(n, Correlated)]
    assert isinstance(result.whole, Series)
    assert found.full == (name == "x")
    assert any(isinstance(n, Rotated) for n in nodes) == (name == "x")
    assert any(isinstance(n, Dilated) for n in nodes) == ("stride" in options)
    assert any(isinstance(n, Padded) for n in nodes) == (
        "padding" in options or "stride" in options
    )


def test_where_there_is_no_matrix_form_the_index_form_stays_and_the_reason_is_given() -> None:
    given = derive.load("examples/lenet.toml")
    d = given.gradient("conv", form="matrix")
    assert d.result == given.gradient("conv").result
    assert d.remark == "there is no matrix form: an array is read at a position that is computed"
    pooled = given.jacobian("pool", "conv", form="matrix")
    assert pooled.remark.endswith("it has 8 axes, and a matrix has two")
    tables = {"tensors": {"A": ["n", "n"], "x": ["n"], "B": ["n", "n"]}}
    three = r"f = \sum_{i=1}^{n} \sum_{j=1}^{n} A_{i,j} B_{i,j} \max(A_{j,i}, x_j)"
    given = Given.from_dict({**tables, "define": [three]})
    assert "no operation on" in given.gradient("B", of="f", form="matrix").remark


def test_the_last_step_is_a_correlation_where_that_is_the_form() -> None:
    given = derive.load("examples/lenet.toml")
    d = given.gradient("conv.weight", form="matrix")
    assert not d.remark
    assert d.verify().status == "exact"
    assert d.latex().endswith(
        r"\sum_{n=1}^{64} \Bigl(x_{n,1} \star \Bigl(\frac{\partial L}"
        r"{\partial z^{(conv)}}\Bigr)_{n,o}\Bigr)"
    )


def test_three_arrays_on_one_index_have_no_matrix_form() -> None:
    shape = {name: ["n", "n"] for name in "ABC"}
    sums = "".join(rf"\sum_{{{i}=1}}^{{n}} " for i in "ijkl")
    f = f"f = {sums} A_{{i,j}} B_{{i,k}} C_{{i,l}} D_{{j,k,l}}"
    given = Given.from_dict({"tensors": {**shape, "D": ["n", "n", "n"]}, "define": [f]})
    d = given.gradient("D", of="f", form="matrix")
    assert "links 3 arrays" in d.remark
    assert d.verify().status == "exact"


def test_class_indices_have_no_matrix_form() -> None:
    tables = convolution()
    tables["tensors"]["t"] = ["N"]
    d = Given.from_dict(tables).gradient("linear", form="matrix")
    assert not d.remark
    expanded = array_form(Given.from_dict(tables).gradient("linear", form="expanded").chain, shaped)
    assert expanded.reason == "a δ compares more than two indices"


@pytest.mark.parametrize("layout", ["shape", "numerator", "denominator"])
def test_layout_decides_on_rows_and_transposes(layout: str) -> None:
    tables = {
        "tensors": {"W": ["k", "d"], "x": ["d"], "t": ["k"]},
        "define": [r"y = W x", r"L = \frac{1}{2} \|y - t\|^2"],
        "conventions": {"layout": layout},
    }
    given = Given.from_dict(tables)
    by_matrix, by_vector = (given.gradient(n, form="matrix").latex() for n in "Wx")
    jacobian = given.jacobian("y", "x", form="matrix").latex()
    turned = layout == "numerator"
    assert by_matrix.endswith(r"x (y - t)^{\top}" if turned else r"= (y - t) x^{\top}")
    assert by_vector.endswith(r"(y - t)^{\top} W" if turned else r"= W^{\top} (y - t)")
    assert jacobian.endswith(r"= W^{\top}" if layout == "denominator" else "= W")


def test_a_layout_of_its_own_for_matrices() -> None:
    tables = {
        "tensors": {"W": ["k", "d"], "x": ["d"]},
        "define": [r"L = \|W x\|^2"],
        "conventions": {"layout": "numerator", "matrix_layout": "denominator"},
    }
    given = Given.from_dict(tables)
    assert given.gradient("W", form="matrix").latex().endswith(r"= 2W x x^{\top}")
    assert given.gradient("x", form="matrix").latex().endswith(r"= 2x^{\top} W^{\top} W")


def regression() -> dict[str, Any]:
    return {
        "title": "Softmax regression",
        "form": "matrix",
        "tensors": {"x": ["D"], "W": ["K", "D"], "b": ["K"], "t": ["K"]},
        "define": [
            "z = W x + b",
            r"y = \operatorname{softmax}(z)",
            r"L = -\sum_{i=1}^{K} t_i \log y_i",
        ],
        "facts": [r"\sum_{i=1}^{K} t_i = 1"],
    }


def test_a_matrix_form_has_a_value_like_any_result() -> None:
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=5), rng.normal(size=(3, 5)), rng.normal(size=3)
    t = np.array([0.2, 0.5, 0.3])
    given = Given.from_dict(regression())
    z = np.exp(w @ x + b)
    expected = np.outer(z / z.sum() - t, x)
    arrays = {"x": x, "W": w, "b": b, "t": t}
    for form in ("matrix", "expanded"):
        found = given.gradient("W", form=form).evaluate(arrays)
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_the_last_step_of_a_matrix_form_says_so() -> None:
    d = Given.from_dict(regression()).gradient("W", form="matrix")
    assert isinstance(d, Derivation)
    last = d.steps[-1]
    assert last.rule == "matrix form"
    assert isinstance(last.after, Element)
    assert last.substeps[0].rule == "as arrays"
    assert d.latex() == r"\frac{\partial L}{\partial W} = (y - t) x^{\top}"


def test_a_document_shows_arrays_with_their_conventions() -> None:
    made = solution(build(Schema.from_dict(regression())))
    assert not made.refuted
    text = markdown(made.document)
    assert r"(y - t) x^{\top}" in text
    assert r"\mathrm{diag}(y) - y y^{\top}" in text
    assert "so it stands transposed" in text
    assert "a gradient has the shape of its variable" in text
    assert r"\frac{\partial\mathrm{vec}(W)" not in text
    assert r"x^{\top} \otimes I_{K}" in text


@pytest.mark.parametrize(
    ("define", "by", "said"),
    [
        (r"f = \operatorname{tr}(A^\top X)", "X", []),
        (r"f = c^\top X a", "X", ["$a^{\\top}$ is a row: behind a column"]),
        (r"f = \|X a\|^2", "a", ["The sum runs over the first index of $X$"]),
        (
            r"f = \operatorname{tr}(D X S)",
            "X",
            ["the first index of $D$", "the second index of $S$"],
        ),
        (
            r"f = \operatorname{tr}(E (A \odot X))",
            "X",
            ["$E^{\\top}$ has its axes in the order of"],
        ),
        (r"y = X a", "X", ["$a^{\\top}$ is a row: its index goes with the columns"]),
        (r"Y = D X S", "X", ["The first index of $S$ goes with the columns of the result"]),
    ],
)
def test_every_transpose_is_explained(define: str, by: str, said: list[str]) -> None:
    """A factor in front is summed over its first index, one behind over its second."""
    shapes = {"X": "mn", "A": "mn", "D": "pm", "S": "np", "E": "nm", "a": "n", "c": "m"}
    used = {name: list(shape) for name, shape in shapes.items() if name in define}
    given = Given.from_dict({"tensors": used, "define": [define]})
    jacobian = define[0] != "f"
    d = given.jacobian(define[0], by) if jacobian else given.gradient(by, of="f")
    form = array_form(d.chain, shaped).derivation
    assert form is not None
    names = Names.of((form.start, form.result), form.ranges, Notation.of(given.model.program))
    told = ["".join(map(_spelled, line)) for line in explained(form, names)]
    assert len(told) == len(said)
    assert all(words in sentence for words, sentence in zip(said, told, strict=True)), told


def _spelled(part: Inline) -> str:
    if isinstance(part, InlineMath):
        return f"${latex_math(part.math)}$"
    assert isinstance(part, Text)
    return part.text


def test_correlations_are_said_in_words() -> None:
    """The cross-correlation of x with δ, the full correlation of δ with the rotated kernel."""
    tables = {**convolution(stride=2, padding=1), "form": "matrix"}
    text = markdown(solution(build(Schema.from_dict(tables))).document)
    delta = r"$\Bigl(\frac{\partial L}{\partial z^{(conv)}}\Bigr)_ {n,o}$"
    assert (
        f"This is the cross-correlation of $x_{{n,c}}$ with {delta}, dilated by the stride." in text
    )
    full = (
        f"This is the full correlation of {delta}, dilated by the stride, with the rotated kernel"
    )
    assert full in text


def test_an_unknown_form_is_refused() -> None:
    given = Given.from_dict(regression())
    with pytest.raises(InputError, match="recursive or expanded or matrix"):
        given.gradient("W", form="tensor")
    with pytest.raises(InputError, match="index or matrix"):
        given.jacobian("y", "z", form="expanded")
    with pytest.raises(InputError, match="form"):
        Given.from_dict({**regression(), "form": "tensors"})


@pytest.mark.parametrize(
    ("define", "numerator", "denominator"),
    [
        ("A X B + C X D", r"B^{\top} \otimes A + D^{\top} \otimes C", None),
        (
            r"A (X \odot E)",
            r"(I_{n} \otimes A) \operatorname{diag}\bigl(\operatorname{vec}(E)\bigr)",
            None,
        ),
        (r"A F X", r"I_{n} \otimes (A F)", r"I_{n} \otimes (F^{\top} A^{\top})"),
        (r"\lambda X B", r"\lambda (B^{\top} \otimes I_{m})", r"\lambda (B \otimes I_{m})"),
        (
            r"G \odot (A X B)",
            r"\operatorname{diag}\bigl(\operatorname{vec}(G)\bigr) (B^{\top} \otimes A)",
            r"(B \otimes A^{\top}) \operatorname{diag}\bigl(\operatorname{vec}(G)\bigr)",
        ),
    ],
)
def test_matrices_by_matrices(define: str, numerator: str, denominator: str | None) -> None:
    shapes = {
        "A": "pm",
        "B": "nq",
        "C": "pm",
        "D": "nq",
        "E": "mn",
        "F": "mm",
        "G": "pq",
        "X": "mn",
    }
    tensors = {name: list(extents) for name, extents in shapes.items() if name in define}
    if "lambda" in define:
        tensors[r"\lambda"] = []
    for layout, expected in (("numerator", numerator), ("denominator", denominator)):
        tables = {"tensors": tensors, "define": [f"Y = {define}"]}
        given = Given.from_dict({**tables, "conventions": {"layout": layout}})
        d = given.jacobian("Y", "X", form="matrix")
        assert d.verify().status == "exact"
        left, _, right = d.latex().partition(" = ")
        assert left == r"\frac{\partial\operatorname{vec}(Y)}{\partial\operatorname{vec}(X)}"
        assert expected is None or right == expected


@pytest.mark.parametrize(
    ("define", "shapes", "expected"),
    [
        (r"y = X a", {"X": "mn", "a": "n"}, r"a^{\top} \otimes I_{m}"),
        (r"y = X^\top a", {"X": "mn", "a": "m"}, r"I_{n} \otimes a^{\top}"),
        (r"Y = x a^\top", {"X": "mn", "a": "n", "x": "m"}, r"a \otimes I_{m}"),
        (r"Y = a x^\top", {"a": "n", "x": "m"}, r"I_{m} \otimes a"),
        (r"Y = x \mathbf{1}^\top + A", {"x": "m", "A": "mn"}, r"\mathbf{1}_{n} \otimes I_{m}"),
        ("Y = A X", {"X": [1, "n"], "A": ["p", 1]}, "I_{n} \\otimes A_{:,1}"),
        ("Y = X A", {"X": ["m", 1], "A": [1, "p"]}, r"A_{1} \otimes I_{m}"),
    ],
)
def test_vectors_beside_matrices(define: str, shapes: dict[str, Any], expected: str) -> None:
    """A vector is its own vec, and so is the one row or column of a matrix."""
    tensors = {name: list(extents) for name, extents in shapes.items()}
    given = Given.from_dict({"tensors": tensors, "define": [define]})
    by = "X" if "X" in define else "x"
    d = given.jacobian(define[0], by, form="matrix")
    assert d.verify().status == "exact"
    assert d.latex().partition(" = ")[2] == expected


@pytest.mark.parametrize(
    ("define", "expected"),
    [
        (r"X^\top", r"\mathbf{K}_{m,n}"),
        (r"B X^\top C", r"(C^{\top} \otimes B) \mathbf{K}_{m,n}"),
        (
            r"X^\top A X",
            r"\bigl((X^{\top} A^{\top}) \otimes I_{n}\bigr) \mathbf{K}_{m,n}"
            r" + I_{n} \otimes (X^{\top} A)",
        ),
        (
            r"B (X \odot D)^\top",
            r"(I_{m} \otimes B) \mathbf{K}_{m,n} "
            r"\operatorname{diag}\bigl(\operatorname{vec}(D)\bigr)",
        ),
    ],
)
@pytest.mark.parametrize("square", [False, True], ids=["m x n", "n x n"])
def test_transposes_take_a_commutation_matrix(define: str, expected: str, square: bool) -> None:
    """Also where the matrix is square, so that both orders of its entries would fit."""
    tensors = {"X": "mn", "A": "mm", "B": "pn", "C": "mq", "D": "mn"}
    shapes = {name: list(x.replace("m", "n") if square else x) for name, x in tensors.items()}
    used = {name: shape for name, shape in shapes.items() if name in define}
    given = Given.from_dict({"tensors": used, "define": [f"Y = {define}"]})
    d = given.jacobian("Y", "X", form="matrix")
    assert d.verify().status == "exact"
    in_n = expected.replace("m,n", "n,n").replace("_{m}", "_{n}")
    assert d.latex().partition(" = ")[2] == (in_n if square else expected)


def test_a_softmax_of_every_row_by_its_matrix() -> None:
    """diag(v) - v v^⊤ for each row; the product is multiplied out to find its places."""
    tables = {"tensors": {"X": ["N", "k"]}, "define": [r"Y = \operatorname{softmax}(X)"]}
    d = Given.from_dict(tables).jacobian("Y", "X", form="matrix")
    diagonal = r"\operatorname{diag}\bigl(\operatorname{vec}(Y)\bigr)"
    rows = r"\bigl((\mathbf{1}_{k}\mathbf{1}_{k}^{\top}) \otimes I_{N}\bigr)"
    assert d.verify().status == "exact"
    assert d.latex().partition(" = ")[2] == f"{diagonal} - {diagonal} {rows} {diagonal}"


def test_numerator_layout_transposes_matrices_only() -> None:
    """Arrays with more axes keep them in order."""
    model = build(Schema.from_dict(convolution()))
    loss, x = model.program.loss, next(t for t in model.program.given if t.name == "x")
    assert loss is not None
    assert Slope(loss, x, "numerator").shape == x.shape
    assert Slope(loss, x, "numerator").place((), "nchw") == tuple("nchw")


def test_matrices_by_matrices_without_a_form() -> None:
    tables = {"tensors": {"X": ["m", "n"], "A": ["m", "p"]}, "define": [r"Y = X \exp(X^\top A)"]}
    d = Given.from_dict(tables).jacobian("Y", "X", form="matrix")
    assert "crossed in some factors only" in d.remark
    assert d.verify().status == "exact"
