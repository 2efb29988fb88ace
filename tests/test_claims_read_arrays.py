"""Whole arrays in what people write: each notation and the entry that it stands for."""

from dataclasses import replace

import pytest
from claim_symbols import SYMBOLS, claims, says, side

from derive.latex.error import Miscounted, Misfit, ReadError, UndefinedName

D = 'derivative(L[], "z^{(1)}"[i])'


@pytest.mark.parametrize(
    ("source", "text", "shape"),
    [
        ("W", "W[i, j]", "m n"),
        (r"W^\top", "W[j, i]", "n m"),
        (r"x^{\mathrm T}", "x[i]", "row n"),
        ("W x", "sum[k=1..n](W[i, k] * x[k])", "m"),
        (r"y^T W", "sum[k=1..m](y[k] * W[k, i])", "row n"),
        (r"x^\top v", "sum[k=1..n](x[k] * v[k])", ""),
        (r"x \cdot v", "sum[k=1..n](x[k] * v[k])", ""),
        (r"\langle x, v\rangle", "sum[k=1..n](x[k] * v[k])", ""),
        (r"y x^\top", "y[i] * x[j]", "m n"),
        (r"x \otimes v", "x[i] * v[j]", "n n"),
        (r"x \odot v", "x[i] * v[i]", "n"),
        (r"x \circ v", "x[i] * v[i]", "n"),
        (r"X W^\top", "sum[k=1..n](X[i, k] * W[j, k])", "N m"),
        (r"X W^\top + b", "sum[k=1..n](X[i, k] * W[j, k]) + b[j]", "N m"),
        (r"X W^\top + \mathbf 1_N b^\top", "sum[k=1..n](X[i, k] * W[j, k]) + 1 * b[j]", "N m"),
        (r"y^\top W x", "sum[k=1..n](sum[l=1..m](y[l] * W[l, k]) * x[k])", ""),
        (r"2\lambda W", r'2 * "\\lambda"[] * W[i, j]', "m n"),
        (r"x / s", "s[]^-1 * x[i]", "n"),
        (r"\frac{y}{\hat y}", r'y[i] * "\\hat y"[i]^-1', "m"),
        (r"1 - h_1^2", "1 - h_1[i]^2", "m"),
        (r"A^2", "sum[k=1..n](A[i, k] * A[k, j])", "n n"),
        (r"1 - A^2", "1 - A[i, j]^2", "n n"),
        (r"x^{\odot 2}", "x[i]^2", "n"),
        (r"\tanh(W x + b)", "tanh(sum[k=1..n](W[i, k] * x[k]) + b[i])", "m"),
        (r"\phi'(y)", r'"\\phi"{1}(y[i])', "m"),
        (r"\sigma'(y)", "sigmoid(y[i]) * (1 - sigmoid(y[i]))", "m"),
        ("e^{x}", "exp(x[i])", "n"),
        (r"\max(0, z)", "greatest(0, z[i])", "m"),
        (r"\mathrm{ReLU}(z)", "relu(z[i])", "m"),
        (r"\mathrm{softmax}(z)", "exp(z[i]) * sum[k=1..m](exp(z[k]))^-1", "m"),
        (r"softmax(z)_2", "exp(z[2]) * sum[k=1..m](exp(z[k]))^-1", ""),
        (r"\mathrm{softmax}(Z)", "exp(Z[i, j]) * sum[k=1..m](exp(Z[i, k]))^-1", "N m"),
        (r"\mathrm{diag}(y)", "delta(i, j) * y[i]", "m m"),
        (r"\text{diag}(A)", "A[i, i]", "n"),
        (r"\operatorname{tr}(A)", "sum[k=1..n](A[k, k])", ""),
        (r"\operatorname{vec}(B)", "B[-3*floor(i-1, 3)+i, floor(i-1, 3)+1]", "9"),
        (r"\|x\|^2", "sum[k=1..n](x[k]^2)", ""),
        (r"\|x\|", "sqrt(sum[k=1..n](x[k]^2))", ""),
        (r"\lVert W\rVert_F^2", "sum[k=1..m, l=1..n](W[k, l]^2)", ""),
        (r"\|x\|_1", "sum[k=1..n](abs(x[k]))", ""),
        ("W_{i,:}", "W[i, j]", None),
        (r"\sum_n X_{n,:}", "sum[n#0=1..N](X[n#0, i])", "n"),
        ("W_{:,2}", "W[i, 2]", "m"),
        ("w_2", "w[2, i]", "n"),
        (r"w_2^\top x", "sum[k=1..n](w[2, k] * x[k])", ""),
        ("W_{2,:} x", "sum[k=1..n](W[2, k] * x[k])", ""),
        (r"\sum_{k} X_k X_k^\top", "sum[k=1..N](X[k, i] * X[k, j])", "n n"),
        ("(W x)_2", "sum[k=1..n](W[2, k] * x[k])", ""),
        (r"(W^\top)_{1,2} + W^\top_{12}", "W[2, 1] + W[2, 1]", ""),
        (r"\{ x_i v_j \}_{i,j}", "x[i] * v[j]", "n n"),
        (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", "cases(1 if i = 1 and 1 = 1; 2)", "2"),
        (r"x^\top \mathbf 1", "sum[k=1..n](x[k] * 1)", ""),
        ("I x", "sum[k=1..n](delta(i, k) * x[k])", "n"),
        ("dW", "derivative(L[], W[i, j])", "m n"),
        (r"d\hat y", r'derivative(L[], "\\hat y"[i])', "m"),
        ("dc_{t-1}", "derivative(L[], h_1[i])", "m"),
        (r"\delta^{(1)} x^\top", f"{D} * x[j]", "m n"),
        (r"W^{(2)\top} z^{(1)}", 'sum[k=1..m]("W^{(2)}"[k, i] * "z^{(1)}"[k])', "m"),
        (
            r"W^\top \delta^{(1)} \odot x",
            'sum[k=1..m](W[k, i] * derivative(L[], "z^{(1)}"[k])) * x[i]',
            "n",
        ),
        (r"\delta^{(1)} \odot y x^\top", f"{D} * y[i] * x[j]", "m n"),
        ("y(1-y)", "y[i] * (1 - y[i])", "m"),
        (r"B \star B", "sum[k=1..3, l=1..3](B[i+k-1, j+l-1] * B[k, l])", "1 1"),
        (r"\mathrm{rot}_{180}(B)", "B[-i+4, -j+4]", "3 3"),
        (r"\boldsymbol{x}^\top\mathbf{v}", "sum[k=1..n](x[k] * v[k])", ""),
    ],
)
def test_arrays_by_their_entries(source, text, shape):
    if shape is None:
        assert side(source)[1] == "n"
    else:
        assert says(source, text, shape)


@pytest.mark.parametrize(
    ("source", "text", "shape"),
    [
        (r"\frac{\partial L}{\partial W}", "derivative(L[], W[i, j])", "m n"),
        (r"\partial L/\partial W", "derivative(L[], W[i, j])", "m n"),
        (r"\frac{dL}{dx}", "derivative(L[], x[i])", "n"),
        (r"\frac{\mathrm{d}L}{\mathrm{d}x_1}", "derivative(L[], x[1])", ""),
        (r"\nabla_W L", "derivative(L[], W[i, j])", "m n"),
        (r"\nabla_W L(W, b)", "derivative(L[], W[i, j])", "m n"),
        (r"\nabla_x L\, x^\top", "derivative(L[], x[i]) * x[j]", "n n"),
        (
            r"\nabla_x \frac12 \|x\|^2",
            "derivative((1/2) * sum[k=1..n](x[k]^2), x[i])",
            "n",
        ),
        (
            r"\frac{\partial}{\partial W}\lambda\|W\|_F^2",
            r'derivative("\\lambda"[] * sum[k=1..m, l=1..n](W[k, l]^2), W[i, j])',
            "m n",
        ),
        (r"\nabla_{w_{t_i}} L", "derivative(L[], w[t[], i])", "n"),
        (r"\frac{\partial y}{\partial x}", "derivative(y[i], x[j])", "m n"),
        (r"\frac{\partial y}{\partial W}", "derivative(y[i], W[j, k])", "m m n"),
        (r"\frac{\partial y}{\partial s}", "derivative(y[i], s[])", "m"),
        (
            r"\frac{\partial^2 L}{\partial x\,\partial x^\top}",
            "derivative(derivative(L[], x[j]), x[i])",
            "n n",
        ),
        (r"\nabla_x^2 L", "derivative(derivative(L[], x[j]), x[i])", "n n"),
        (r"\frac{\partial^2 L}{\partial s^2}", "derivative(derivative(L[], s[]), s[])", ""),
        (
            r"\frac{\partial L}{\partial y}\frac{\partial y}{\partial W}",
            "sum[k=1..m](derivative(L[], y[k]) * derivative(y[k], W[i, j]))",
            "m n",
        ),
        (
            r"\frac{\partial L}{\partial Z}\frac{\partial Z}{\partial x}",
            "sum[k=1..N, l=1..m](derivative(L[], Z[k, l]) * derivative(Z[k, l], x[i]))",
            "n",
        ),
        (r"\frac{\partial}{\partial [x]_2}\left([W x]_1\right)", None, ""),
    ],
)
def test_derivatives_by_arrays(source, text, shape):
    if text is None:
        assert side(source)[1] == shape
    else:
        assert says(source, text, shape)


LAYOUTS = [
    ("numerator", r"\frac{\partial L}{\partial x}", "row n"),
    ("numerator", r"\frac{\partial L}{\partial W}", "n m"),
    ("numerator", r"\frac{\partial y}{\partial x}", "m n"),
    ("numerator", r"\frac{\partial L}{\partial y} W", "row n"),
    ("numerator", r"\nabla_x L", "n"),
    ("denominator", r"\frac{\partial L}{\partial x}", "n"),
    ("denominator", r"\frac{\partial y}{\partial x}", "n m"),
    ("denominator", r"\frac{\partial y}{\partial x^\top}", "m n"),
    ("denominator", r"\frac{\partial y}{\partial s}", "row m"),
]


@pytest.mark.parametrize(("layout", "source", "shape"), LAYOUTS)
def test_the_layout_orders_the_axes(layout, source, shape):
    assert side(source, replace(SYMBOLS, layout=layout, matrix_layout=None))[1] == shape


def test_derivatives_by_matrices_may_have_a_layout_of_their_own():
    symbols = replace(SYMBOLS, layout="numerator", matrix_layout="shape")
    assert side(r"\frac{\partial L}{\partial W}", symbols)[1] == "m n"
    assert side(r"\frac{\partial L}{\partial x}", symbols)[1] == "row n"


@pytest.mark.parametrize(
    ("source", "position", "error"),
    [
        ("W y", 2, Misfit),
        (r"W x^\top", 2, Misfit),
        ("x + y", 0, Misfit),
        (r"x \odot y", 8, Misfit),
        ("W + A", 0, Misfit),
        ("x_{ij}", 3, Miscounted),
        ("W_{i,j,k}", 3, Miscounted),
        (r"(W x)_{ij}", 7, Misfit),
        (r"\exp(W x)_{ij}", None, ReadError),
        ("W u", 2, UndefinedName),
        (r"x \ast v", 7, UndefinedName),
        (r"\nabla_u L", 7, UndefinedName),
        ("A^{-1}", 3, ReadError),
        (r"\operatorname{foo}(x)", 0, ReadError),
        (r"\begin{bmatrix} 1 & 2 \\ 3 \end{bmatrix}", 25, ReadError),
        (r"\frac{\partial L}{\partial (x + v)}", 27, ReadError),
    ],
)
def test_refusals(source, position, error):
    with pytest.raises(ReadError) as caught:
        claims(f"{source} = 0")
    assert type(caught.value) is error or position is None, caught.value
    assert position in (None, caught.value.position), caught.value


def test_the_chain_rule_through_a_matrix_sums_over_all_its_entries():
    product = r"\frac{\partial L}{\partial W} \cdot \frac{\partial W}{\partial W_{i,j}}"
    (claim,) = claims(rf"\frac{{\partial L}}{{\partial W_{{i,j}}}} = {product}")
    assert [s.axes for s in claim.sides] == [(), ()]
    assert [len(r.uppers) for r in claim.ranges] == [1, 1]
    assert any("sum over all entries of W" in r for r in claim.readings)


def test_a_misfit_names_both_shapes():
    with pytest.raises(Misfit, match=r"a m × n array, found a column of m"):
        claims("W y = 0")
