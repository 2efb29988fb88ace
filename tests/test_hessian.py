"""Second derivatives: their forms, each step verified, and their values against autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd.numpy as np
import numpy as plain
import pytest
from autograd import hessian, jacobian
from readable import Readable

import derive
from derive.errors import InputError, MissingRule, Unsupported
from derive.ir import Element, Kronecker
from derive.ir.curvature import Curvature
from derive.network.build import build
from derive.network.given import Given
from derive.pipeline import solution
from derive.writers.latex import latex

Arrays = dict[str, Any]
RNG = plain.random.default_rng(3)

LOGISTIC: dict[str, Any] = {
    "tensors": {"X": ["N", "D"], "w": ["D"], "t": ["N"]},
    "define": [
        r"z_i = \sum_j X_{i,j} w_j",
        r"y_i = \sigma(z_i)",
        r"L = -\sum_i (t_i \log y_i + (1 - t_i) \log(1 - y_i))",
    ],
}
SOFTMAX: dict[str, Any] = {
    "tensors": {"z": ["K"], "t": ["K"]},
    "facts": [r"\sum_j t_j = 1"],
    "define": [r"y_i = \frac{e^{z_i}}{\sum_k e^{z_k}}", r"L = -\sum_i t_i \log y_i"],
}
SQUARES: dict[str, Any] = {
    "tensors": {"X": ["N", "D"], "W": ["D", "K"], "T": ["N", "K"]},
    "define": [
        r"R_{i,k} = \sum_j X_{i,j} W_{j,k} - T_{i,k}",
        r"L = \frac{1}{2} \sum_i \sum_k R_{i,k}^2",
    ],
}
SPREAD: dict[str, Any] = {
    "tensors": {"x": ["n"]},
    "define": [
        r"\mu = \frac{1}{n} \sum_i x_i",
        r"v = \frac{1}{n} \sum_i (x_i - \mu)^2",
        r"L = v^2 + \mu v",
    ],
}
HIDDEN: dict[str, Any] = {
    "tensors": {"x": ["N", "D"], "t": ["N", "K"]},
    "layers": [
        {"type": "Linear", "name": "in", "out_features": "M"},
        {"type": "Tanh", "name": "h"},
        {"type": "Linear", "name": "out", "out_features": "K"},
    ],
    "loss": {"type": "MSELoss", "target": "t", "reduction": "sum"},
}


def rectified(tables: dict[str, Any]) -> dict[str, Any]:
    first, _, last = tables["layers"]
    return {**tables, "layers": [first, {"type": "ReLU", "name": "h"}, last]}


@pytest.mark.parametrize(
    ("tables", "wrt", "result"),
    [
        (SOFTMAX, ("z",), "y[i] * (delta(i, i2) - y[i2])"),
        (LOGISTIC, ("w",), "sum[i=1..N](y[i] * (1 - y[i]) * X[i, j2] * X[i, j])"),
        (SQUARES, ("W",), "delta(k, k2) * sum[i=1..N](X[i, j2] * X[i, j])"),
        (SQUARES, ("W", "X"), None),
        (SPREAD, ("v",), "2"),
        (SPREAD, (r"\mu",), r'2 * (2 * v[] + "\\mu"[])'),  # ∂L/∂μ is v only where μ is the mean
        (SPREAD, ("x",), None),
        (HIDDEN, ("in.weight",), None),
        (HIDDEN, ("in.weight", "out.weight"), None),
        (rectified(HIDDEN), ("in.weight",), None),
    ],
)
def test_every_step_is_verified(
    tables: dict[str, Any], wrt: tuple[str, ...], result: str | None
) -> None:
    found = derive.Given.from_dict(tables).hessian("L", *wrt)
    verdict = found.verify()
    assert verdict.status == "exact", verdict.counterexample
    if result is not None:
        text = Readable()
        text(found.chain.start)
        assert text(found.result) == result


@pytest.mark.parametrize(
    ("tables", "wrt", "vector", "equation"),
    [
        (SOFTMAX, "z", None, r"\operatorname{diag}(y) - y y^{\top}"),
        (SQUARES, "W", "V", r"[X^{\top} X V]_{j,k}"),
    ],
)
def test_matrix_form(tables: dict[str, Any], wrt: str, vector: str | None, equation: str) -> None:
    found = derive.Given.from_dict(tables).hessian("L", wrt, vector=vector, form="matrix")
    assert not found.remark
    assert found.verify().status == "exact"
    left, right = found.latex().split(" = ", 1) if wrt != "W" else found.latex().rsplit(" = ", 1)
    assert right == equation
    if vector is None:
        assert left == r"\frac{\partial^{2}L}{\partial z\,\partial z^{\top}}"


def test_matrix_form_of_the_logistic_hessian() -> None:
    found = derive.Given.from_dict(LOGISTIC).hessian("L", "w", form="matrix")
    assert found.verify().status == "exact"
    diagonal = r"\operatorname{diag}\bigl(y \odot (\mathbf{1}_{N} - y)\bigr)"
    assert found.latex().endswith(rf" = X^{{\top}} {diagonal} X")


def second(tables: dict[str, Any], wrt: str, of: str = "L") -> Any:
    found = derive.Given.from_dict(tables).hessian(of, wrt, form="matrix")
    assert found.verify().status == "exact"
    return found


WEIGHTS: dict[str, Any] = {
    **SOFTMAX,
    "tensors": {"W": ["K", "D"], "x": ["D"], "t": ["K"]},
    "define": ["z = W x", *SOFTMAX["define"]],
}
TRACE = {
    "tensors": {"X": ["n", "m"], "A": ["n", "n"]},
    "define": [r"L = \operatorname{tr}(X^\top A X)"],
}


@pytest.mark.parametrize(
    ("tables", "wrt", "right"),
    [
        (SQUARES, "W", r"I_{K} \otimes (X^{\top} X)"),
        (SQUARES, "X", r"(W W^{\top}) \otimes I_{N}"),
        (WEIGHTS, "W", r"(x x^{\top}) \otimes \bigl(\operatorname{diag}(y) - y y^{\top}\bigr)"),
        (TRACE, "X", r"I_{m} \otimes (A + A^{\top})"),
    ],
)
def test_the_hessian_by_a_matrix_is_a_kronecker_product(
    tables: dict[str, Any], wrt: str, right: str
) -> None:
    """Columns below each other: the Hessian by W of ½‖XW - T‖² is I ⊗ X^⊤X (Magnus and Neudecker,
    Matrix Differential Calculus, chapter 10)."""
    found = second(tables, wrt)
    name = rf"\operatorname{{vec}}({wrt})"
    assert found.latex().startswith(
        rf"\frac{{\partial^{{2}}L}}{{\partial{name}\,\partial{name}^{{\top}}}} = "
    )
    assert found.latex().endswith(" = " + right)


def test_the_order_of_a_kronecker_product_matters() -> None:
    """(X^⊤X) ⊗ I is the Hessian by rows side by side, and refuted for columns below each other."""
    given = derive.Given.from_dict(SQUARES)
    chain = given.hessian("L", "W", form="matrix").chain
    assert isinstance(chain.result, Element)
    kronecker = chain.result.whole
    assert isinstance(kronecker, Kronecker)
    swapped = Element(Kronecker(*kronecker.args[::-1]), *chain.result.indices)
    verify = given._verifier.chain
    assert verify([chain.start, chain.result], chain.ranges).status == "exact"
    assert verify([chain.start, swapped], chain.ranges).status != "exact"


def test_log_sum_exp_has_the_hessian_of_softmax() -> None:
    tables = {"tensors": {"x": ["n"]}, "define": [r"L = \log \sum_i e^{x_i}"]}
    p = r"\operatorname{softmax}(x)"
    right = rf" = \operatorname{{diag}}\bigl({p}\bigr) - {p} {p}^{{\top}}"
    assert second(tables, "x").latex().endswith(right)


UNKNOWN = {"tensors": {"x": ["n"], "A": ["m", "n"], "B": ["k", "n"]}}
CURVED = r"\frac{\partial^{2}L}{\partial y\,\partial y^{\top}}"
BENT = r"\operatorname{diag}(\mathbf{1}_{m} - y^{\odot 2})"


@pytest.mark.parametrize(
    ("define", "wrt", "right"),
    [
        (["y = A x", "L = g(y)"], "x", rf"A^{{\top}} {CURVED} \,A"),
        (["y = A x", "L = g(y)"], "A", rf"(x x^{{\top}}) \otimes {CURVED}"),
        ([r"y = \tanh(A x)", "L = g(y)"], "x", None),
        (["y = A x", "z = B x", "L = g(y, z)"], "x", None),
    ],
)
def test_unknown_functions_keep_their_second_derivatives(
    define: list[str], wrt: str, right: str | None
) -> None:
    """∂²L/∂x∂x^⊤ = A^⊤ (∂²L/∂y∂y^⊤) A for y = A x: what holds of dense cubics."""
    found = second({**UNKNOWN, "define": define}, wrt)
    assert right is None or found.latex().endswith(" = " + right)
    if "tanh" in define[0]:
        assert rf"{BENT} {CURVED} {BENT}" in found.latex()


@pytest.mark.parametrize(
    ("define", "message"),
    [
        (["y = A x", "L = g(y, x)"], "the arguments of L depend on each other"),
        (["y = A x", "u = g(y)", "L = u^2"], "L is a formula in an unknown function"),
    ],
)
def test_unknown_functions_that_are_not_supported(define: list[str], message: str) -> None:
    with pytest.raises(MissingRule, match=message):
        derive.Given.from_dict({**UNKNOWN, "define": define}).hessian("L", "x")


def test_coefficients_of_unknown_functions_are_not_told() -> None:
    """What stands for an unknown function when it is verified is not part of any result."""
    tables = {
        "tensors": {"x": ["n"], "t": ["m"], "r": ["m"]},
        "define": ["r = g(x)", r"L = \frac{1}{2} \|r - t\|^2"],
    }
    given = derive.Given.from_dict(tables)
    with pytest.raises(Unsupported, match="leads through an unknown function"):
        given.gradient("x", of="L")
    with pytest.raises(Unsupported, match="leads through an unknown function"):
        given.hessian("L", "x")


def test_where_the_gradient_jumps_the_document_says_so() -> None:
    absolute = {"tensors": {"x": ["n"]}, "define": [r"L = \sum_i |x_i|"]}
    assert second(absolute, "x").latex().endswith(r" = \mathbf{0}_{n\times n}")
    for tables, jumps in ((absolute, True), (rectified(HIDDEN), True), (HIDDEN, False)):
        wrt = "x" if tables is absolute else "in.weight"
        made = solution(build(Given.from_dict({**tables, "second": [wrt]})))
        assert ("There is no second derivative at such points" in latex(made.document)) == jumps


def test_matrix_form_of_a_product_with_a_vector() -> None:
    """However it is written, it is one column: no matrix of second derivatives is formed."""
    for tables, wrt in ((LOGISTIC, "w"), (SOFTMAX, "z")):
        found = derive.Given.from_dict(tables).hessian("L", wrt, vector="v", form="matrix")
        assert found.verify().status == "exact"
        assert "diag" not in found.latex()
        assert not found.remark


def test_the_array_of_second_derivatives_is_its_entries() -> None:
    """∂²L/∂z∂z^⊤ as an array equals the second derivative entry by entry, and not its negative."""
    given = derive.Given.from_dict(SQUARES)
    chain = given.hessian("L", "W", "X", form="index").chain
    whole = Curvature(*(given._tensor(name) for name in ("L", "W", "X")))
    entry = Element(whole, *(r.index for r in chain.ranges))
    verify = given._verifier.chain
    assert verify([chain.start, entry], chain.ranges).status == "exact"
    assert verify([chain.start, -entry], chain.ranges).status == "refuted"
    swapped = Element(whole, *(chain.ranges[k].index for k in (0, 1, 3, 2)))
    assert verify([chain.start, swapped], chain.ranges).status != "exact"


def loss_of_squares(a: Arrays) -> Any:
    return np.sum((a["X"] @ a["W"] - a["T"]) ** 2) / 2


def loss_of_logistic(a: Arrays) -> Any:
    y = 1 / (1 + np.exp(-(a["X"] @ a["w"])))
    return -np.sum(a["t"] * np.log(y) + (1 - a["t"]) * np.log(1 - y))


def loss_of_hidden(a: Arrays) -> Any:
    h = np.tanh(a["x"] @ a["in.weight"].T + a["in.bias"])
    return np.sum((h @ a["out.weight"].T + a["out.bias"] - a["t"]) ** 2)


SQUARE_ARRAYS = {"X": (4, 3), "W": (3, 1), "T": (4, 1)}
LOGISTIC_ARRAYS = {"X": (5, 3), "w": (3,), "t": (5,)}
HIDDEN_ARRAYS = {
    **{"x": (4, 2), "t": (4, 3), "in.weight": (5, 2), "in.bias": (5,)},
    **{"out.weight": (3, 5), "out.bias": (3,)},
}
CASES = [
    (SQUARES, SQUARE_ARRAYS, loss_of_squares, ("W",)),
    (LOGISTIC, LOGISTIC_ARRAYS, loss_of_logistic, ("w",)),
    (HIDDEN, HIDDEN_ARRAYS, loss_of_hidden, ("in.weight",)),
    (HIDDEN, HIDDEN_ARRAYS, loss_of_hidden, ("in.bias", "out.weight")),
]


def drawn(shapes: dict[str, tuple[int, ...]]) -> Arrays:
    return {name: RNG.normal(size=shape) for name, shape in shapes.items()}


@pytest.mark.parametrize(("tables", "shapes", "loss", "wrt"), CASES)
def test_values(
    tables: dict[str, Any],
    shapes: dict[str, tuple[int, ...]],
    loss: Callable[[Arrays], Any],
    wrt: tuple[str, ...],
) -> None:
    arrays = drawn(shapes)
    first, last = wrt[0], wrt[-1]

    if first == last:
        expected = hessian(lambda a: loss({**arrays, first: a}))(arrays[first])
    else:
        outer, inner = arrays[first], arrays[last]

        def slope(a: Any) -> Any:
            return jacobian(lambda b: loss({**arrays, first: a, last: b}))(inner)

        places = range(outer.ndim, outer.ndim + inner.ndim)
        expected = np.moveaxis(jacobian(slope)(outer), range(inner.ndim), places)
    found = derive.Given.from_dict(tables).hessian("L", *wrt).evaluate(arrays)
    assert found.shape == arrays[first].shape + arrays[last].shape
    plain.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("tables", "shapes", "loss", "wrt"), CASES[:3])
def test_times_a_vector(
    tables: dict[str, Any],
    shapes: dict[str, tuple[int, ...]],
    loss: Callable[[Arrays], Any],
    wrt: tuple[str, ...],
) -> None:
    arrays = drawn({**shapes, "v": shapes[wrt[0]]})
    expected = hessian(lambda a: loss({**arrays, wrt[0]: a}))(arrays[wrt[0]])
    product = derive.Given.from_dict(tables).hessian("L", *wrt, vector="v")
    assert product.verify().status == "exact"
    axes = arrays["v"].ndim
    plain.testing.assert_allclose(
        product.evaluate(arrays), np.tensordot(expected, arrays["v"], axes), rtol=1e-9, atol=1e-12
    )


def test_a_vector_of_another_shape_is_refused() -> None:
    given = derive.Given.from_dict(SQUARES)
    with pytest.raises(InputError, match=r"T has the shape \(N, K\), expected that of W, \(D, K\)"):
        given.hessian("L", "W", vector="T")
    with pytest.raises(InputError, match="by one array"):
        given.hessian("L", "W", "X", vector="v")
