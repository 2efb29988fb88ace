"""Dual numbers and full-size values against an independent automatic derivative (autograd)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad, jacobian

from derive.derivation.program import Program
from derive.derivation.step import Derivation
from derive.errors import InputError, Unsupported
from derive.ir import (
    Apply,
    Chosen,
    Component,
    Definition,
    Derivative,
    Formula,
    Index,
    Range,
    Size,
    Sum,
    Tensor,
    Times,
    axis_ranges,
)
from derive.verify.numeric import evaluate_arrays
from tests.verify_programs import CLASS, Convolution, L, Pool, Y, Z, cross_entropy, j, n, p, q, r

Arrays = dict[str, Any]


def of(program: Program, by: Tensor, f: Component | None = None) -> Derivation:
    """∂f/∂by, unevaluated: its value is that of the dual numbers."""
    at = tuple(Index("e", k + 1) for k in range(len(by.shape)))
    start = Derivative(f if f is not None else L[()], Component(by, *at))
    outer = () if f is None else axis_ranges(f.tensor, tuple(e.atom for e in f.indices))  # type: ignore[misc]
    return Derivation(start, (*outer, *axis_ranges(by, at)), ())


def convolution(arrays: Arrays, c: Convolution) -> Any:
    """z = x ⋆ w + b by slices of the padded image, one for each kernel offset."""
    pad = ((0, 0), (0, 0), (c.padding, c.padding), (c.padding, c.padding))
    x = anp.pad(arrays["x"], pad, "constant") if c.padding else arrays["x"]
    rows, columns = ((d - c.kernel) // c.stride + 1 for d in (x.shape[2], x.shape[3]))
    total: Any = arrays["b"][None, :, None, None]
    for a in range(c.kernel):
        for b in range(c.kernel):
            window = x[
                :, :, a : a + c.stride * rows : c.stride, b : b + c.stride * columns : c.stride
            ]
            total = total + anp.einsum("ncij,oc->noij", window, arrays["w"][:, :, a, b])
    return total


def random(rng: np.random.Generator, *shape: int) -> Any:
    return rng.normal(size=shape)


def along(name: str, arrays: Arrays, f: Callable[[Arrays], Any]) -> Callable[[Any], Any]:
    """`f` as a function of one array."""
    return lambda value: f({**arrays, name: value})


@pytest.mark.parametrize("c", [Convolution(), Convolution(5, 1, 0), Convolution(2, 3, 0)])
@pytest.mark.parametrize("name", ["x", "w", "b"])
def test_convolution(c: Convolution, name: str) -> None:
    rng = np.random.default_rng(0)
    arrays = {"x": random(rng, 3, 2, 9, 8), "w": random(rng, 4, 2, c.kernel, c.kernel)}
    arrays["b"] = random(rng, 4)
    arrays["t"] = random(rng, *convolution(arrays, c).shape)
    by = next(t for t in c.program.given if t.name == name)
    loss = along(name, arrays, lambda a: anp.sum((convolution(a, c) - a["t"]) ** 2))
    expected = grad(loss)(arrays[name])
    found = evaluate_arrays(c.program, of(c.program, by), arrays)
    assert found.shape == arrays[name].shape
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@pytest.mark.parametrize("pool", [Pool(), Pool(2, 2), Pool(3, 1)])
def test_max_pooling(pool: Pool) -> None:
    rng = np.random.default_rng(1)
    x = random(rng, 9, 4)
    rows = (9 - pool.kernel) // pool.stride + 1

    def forward(x: Any) -> Any:
        windows = [x[pool.stride * k : pool.stride * k + pool.kernel] for k in range(rows)]
        return anp.stack([anp.max(w, axis=0) for w in windows])

    found = evaluate_arrays(pool.program, of(pool.program, pool.x, pool.y[p, q]), {"x": x})
    np.testing.assert_array_equal(found, jacobian(forward)(x))


def test_ties_go_to_the_first_position() -> None:
    pool = Pool(3, 3)
    found = evaluate_arrays(
        pool.program, of(pool.program, pool.x, pool.y[p, q]), {"x": np.zeros((3, 1))}
    )
    np.testing.assert_array_equal(found.ravel(), [1, 0, 0])


def softmax(z: Any) -> Any:
    e = anp.exp(z)
    return e / anp.sum(e, axis=1, keepdims=True)


def test_softmax_and_cross_entropy() -> None:
    rng = np.random.default_rng(2)
    z, t = random(rng, 3, 5), np.abs(random(rng, 3, 5))
    program = cross_entropy("distribution")
    loss = grad(lambda z: -anp.sum(t * anp.log(softmax(z))) / 3)
    found = evaluate_arrays(program, of(program, Z), {"z": z, "t": t})
    np.testing.assert_allclose(found, loss(z), rtol=1e-10)
    rows = evaluate_arrays(program, of(program, Z, Y[n, j]), {"z": z, "t": t})
    np.testing.assert_allclose(rows, jacobian(softmax)(z), atol=1e-14)


def test_class_indices_in_arrays_count_from_0() -> None:
    z = np.array([[0.0, 1.0, 2.0]])
    program = cross_entropy("classes")
    assert CLASS.base == 1
    found = evaluate_arrays(program, of(program, Z), {"z": z, "c": [2]})
    np.testing.assert_allclose(found, softmax(z) - np.array([[0, 0, 1]]), rtol=1e-12)


U, X = (Tensor(name, name, (Size("M"),)) for name in "ux")
e = Index("i")


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("exp", anp.exp),
        ("tanh", anp.tanh),
        ("sin", anp.sin),
        ("cos", anp.cos),
        ("sigmoid", lambda x: 1 / (1 + anp.exp(-x))),
        ("softplus", lambda x: anp.log(1 + anp.exp(x))),
        ("abs", anp.abs),
        ("relu", lambda x: anp.maximum(x, 0)),
        ("log", anp.log),
        ("sqrt", anp.sqrt),
    ],
)
def test_scalar_functions(name: str, function: Callable[[Any], Any]) -> None:
    """f(x)² x along all paths, on both sides of 0 where f is defined there."""
    m = X.shape[0]
    y = Apply(name, X[e])
    program = Program(
        (m.atom,),  # type: ignore[arg-type]
        (X,),
        (
            Definition(U, (e,), y),
            Definition(L, (), Sum(Times(U[e], U[e], X[e]), Range(e, 1, m))),
        ),
        loss=L,
    )
    x = np.array([0.3, 1.7, 2.5]) if name in ("log", "sqrt") else np.array([-1.3, 0.4, 2.1])
    found = evaluate_arrays(program, of(program, X), {"x": x})
    np.testing.assert_allclose(found, grad(lambda x: anp.sum(function(x) ** 2 * x))(x), rtol=1e-10)


def test_arrays_must_fit() -> None:
    c = Convolution()
    d = of(c.program, c.w)
    arrays = {"x": np.zeros((1, 2, 5, 5)), "w": np.zeros((3, 2, 3, 3)), "b": np.zeros(3)}
    with pytest.raises(InputError, match="“t” is missing"):
        evaluate_arrays(c.program, d, arrays)
    with pytest.raises(InputError, match="4 axes"):
        evaluate_arrays(c.program, d, {**arrays, "x": np.zeros((5, 5))})
    with pytest.raises(InputError, match=r"t should have the shape \(1, 3, 3, 3\)"):
        evaluate_arrays(c.program, d, {**arrays, "t": np.zeros((1, 3, 4, 4))})


def test_a_value_that_cannot_be_computed_is_an_error() -> None:
    f: Formula = Apply("σ", X[e])
    program = Program((X.shape[0].atom,), (X,), ())  # type: ignore[arg-type]
    with pytest.raises(Unsupported, match="σ"):
        evaluate_arrays(program, Derivation(f, axis_ranges(X, (e,)), ()), {"x": [1.0]})
    outside = Derivation(Component(X, e + 1), axis_ranges(X, (e,)), ())
    with pytest.raises(Unsupported, match="outside"):
        evaluate_arrays(program, outside, {"x": [1.0, 2.0]})


def test_a_chosen_position_outside_is_0() -> None:
    pool = Pool(2, 2)
    f = Chosen(pool.window(p), r)
    ranges = (*axis_ranges(pool.y, (p, q)), Range(r, 0, 3))
    found = evaluate_arrays(pool.program, Derivation(f, ranges, ()), {"x": [[1.0], [2.0]]})
    np.testing.assert_array_equal(found[0, 0], [0, 0, 1, 0])
