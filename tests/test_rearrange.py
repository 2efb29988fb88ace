"""Reshapes, permuted axes, stacks, im2col and col2im against plain NumPy, and what they refuse."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from test_network_layers import call
from windows import Reals

from derive.errors import InputError
from derive.ir import Int, to_text
from derive.network.build import Model, build
from derive.network.given import Given

RNG = np.random.default_rng(5)
X = RNG.normal(size=(2, 3, 4, 5))
REARRANGED = [
    ("Reshape(x, shape=[2, 3, 20])", X.reshape(2, 3, 20)),
    ("Reshape(x, shape=[6, -1])", X.reshape(6, -1)),
    ("View(x, shape=[2, 5, 3, 4])", X.reshape(2, 5, 3, 4)),
    ("Reshape(x, shape=[120])", X.reshape(120)),
    ("Reshape(x, shape=[1, 2, 1, -1, 5, 1])", X.reshape(1, 2, 1, -1, 5, 1)),
    ("Unflatten(x, dim=-2, unflattened_size=[2, -1])", X.reshape(2, 3, 2, 2, 5)),
    ("Permute(x, dims=[0, 2, -1, 1])", X.transpose(0, 2, 3, 1)),
    ("Permute(x, dims=[3, 0, 1, 2])", X.transpose(3, 0, 1, 2)),
    ("Transpose(x, dim0=1, dim1=-1)", X.swapaxes(1, -1)),
    ("Unsqueeze(x, dim=-1)", X[..., None]),
    ("Unsqueeze(x, dim=1)", X[:, None]),
    ("Stack(x, x, x, dim=1)", np.stack([X, X, X], 1)),
    ("Stack(x, x, dim=-1)", np.stack([X, X], -1)),
]


@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize(("source", "expected"), REARRANGED, ids=lambda p: str(p)[:40])
def test_entries_move_as_in_numpy(source: str, expected: Reals, base: int) -> None:
    found = call(f"y = {source}", base, x=X)
    assert found.shape == expected.shape
    assert np.array_equal(found, expected)


def test_squeeze_leaves_out_axes_of_extent_one() -> None:
    x = RNG.normal(size=(1, 3, 1))
    assert np.array_equal(call("y = Squeeze(x)", x=x), x[0, :, 0])
    assert np.array_equal(call("y = Squeeze(x, dim=-1)", x=x), x[:, :, 0])


def test_a_stack_tells_its_arrays_apart() -> None:
    a, b = RNG.normal(size=(2, 2, 3))
    assert np.array_equal(call("y = Stack(a, b, a, dim=2)", a=a, b=b), np.stack([a, b, a], 2))


# -- im2col and col2im ---------------------------------------------------------------------------


def columns(x: Reals, kernel: Any, stride: Any, padding: Any, dilation: Any) -> list[Any]:
    """For each window the places in the padded image that it covers, offsets in row order."""
    padded = [n + 2 * p for n, p in zip(x.shape[-2:], padding, strict=True)]
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    starts = [range(0, n - s + 1, t) for n, s, t in zip(padded, spans, stride, strict=True)]
    return [
        [(i + dilation[0] * a, j + dilation[1] * b) for a, b in np.ndindex(*kernel)]
        for i, j in product(*starts)
    ]


WINDOWS = [
    ((2, 3), (2, 1), (1, 0), (1, 2)),
    ((3, 2), (1, 2), (2, 1), (1, 1)),
    ((2, 2), (3, 3), (0, 1), (1, 1)),
    ((2, 2), (2, 3), (2, 2), (2, 2)),
]


@pytest.mark.parametrize(("kernel", "stride", "padding", "dilation"), WINDOWS)
@pytest.mark.parametrize("base", [0, 1])
def test_unfold_and_fold(kernel: Any, stride: Any, padding: Any, dilation: Any, base: int) -> None:
    told = f"kernel_size={kernel}, stride={stride}, padding={padding}, dilation={dilation}"
    pads = ((0, 0), (0, 0), *((p, p) for p in padding))
    image, places = np.pad(X, pads), columns(X, kernel, stride, padding, dilation)
    windows = [[image[:, :, i, j] for i, j in window] for window in places]
    expected = np.array(windows).transpose(2, 3, 1, 0).reshape(2, -1, len(places))
    found = call(f"y = Unfold(x, {told})", base, x=X)
    assert np.array_equal(found, expected)
    u = RNG.normal(size=found.shape)
    back = np.zeros_like(image)
    parts = u.reshape(2, 3, len(places[0]), len(places))
    for at, window in enumerate(places):
        for k, (i, j) in enumerate(window):
            back[:, :, i, j] += parts[:, :, k, at]
    cropped = back[:, :, padding[0] :, padding[1] :][:, :, : X.shape[2], : X.shape[3]]
    assert np.allclose(call(f"y = Fold(u, output_size=[4, 5], {told})", base, u=u), cropped)


# -- shapes --------------------------------------------------------------------------------------


def made(shape: list[Any], source: str, **tables: Any) -> Model:
    return build(Given.from_dict({"tensors": {"x": shape}, "define": [source], **tables}))


SHAPES = [
    (["N", "H", "W"], "[N, Q]", "N, Q", "H*W"),
    (["N", "H", "W"], "[-1, W]", "D^{(y)}, W", "H*N"),
    (["N", "H", 4], "[N, 2, Q]", "N, D^{(y)}, Q", None),
    (["N", "R"], "[N, C, -1]", "N, C, K", None),
    (["N", 24, 24], "[N, 576]", "N, D^{(y)}", "C*T"),
]


@pytest.mark.parametrize(("shape", "told", "expected", "last"), SHAPES)
def test_open_extents_are_what_the_others_leave(
    shape: list[Any], told: str, expected: str, last: str | None
) -> None:
    sizes = {"C": ">=1", "K": ">=1", "R": "C K"} if "R" in shape else {}
    model = made(shape, f"y = Reshape(x, shape={told})", sizes=sizes)
    found = model.program.definitions[-1].tensor.shape
    assert ", ".join(map(to_text, found)).replace('"', "") == expected
    defined = [s for s in model.program.sizes if s.definition and Int.of(s) in found]
    if last is not None:
        (size,) = defined
        assert size.definition is not None
        assert to_text(size.definition).replace('"', "") == last


REFUSED = [
    ([8], "Reshape(x, shape=[2])", "has 2 entries, but the tensor x, of shape (8), has 8"),
    (["N", 8], "Reshape(x, shape=[N, 2])", "2*N entries"),
    (["N", "H"], "Reshape(x, shape=[N])", "H*N"),
    (["A", "B"], "Reshape(x, shape=[B, B])", "a reshape keeps all entries"),
    ([8], "Reshape(x, shape=[3, -1])", "not a multiple of the 3"),
    (["N", "H"], "Reshape(x, shape=[M, -1])", "leaves 2 extents open"),
    ([8], "Reshape(x, shape=[0])", "list of extents"),
    ([2, 3], "Permute(x, dims=[0, 0])", "each axis"),
    ([2, 3], "Transpose(x, dim0=0, dim1=2)", "not an axis"),
    ([2, 3], "Squeeze(x, dim=0)", "expected one of extent 1"),
    ([2, 3], "Unsqueeze(x, dim=4)", "no place for an axis"),
    (["N", 7, 4], "Fold(x, output_size=[3, 3], kernel_size=2)", "not a multiple of the 4"),
    (["N", 8, 5], "Fold(x, output_size=[3, 3], kernel_size=2)", "has 4 windows"),
]


@pytest.mark.parametrize(("shape", "source", "words"), REFUSED)
def test_refusals_say_why(shape: list[Any], source: str, words: str) -> None:
    with pytest.raises(InputError) as refused:
        made(shape, f"y = {source}")
    assert words in str(refused.value)


def test_arrays_of_different_shapes_are_not_stacked() -> None:
    data = {"tensors": {"x": [2, 3], "z": [3, 2]}, "define": ["y = Stack(x, z)"]}
    with pytest.raises(InputError, match="arrays that are stacked have one shape"):
        build(Given.from_dict(data))
