"""More layers and losses against plain NumPy, and layers called on arrays that lack axes."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from brute import evaluate, size
from windows import Reals

from derive.errors import InputError
from derive.network import catalogue
from derive.network.build import Model, build
from derive.network.given import Given

RNG = np.random.default_rng(11)


def layer(shape: tuple[int, ...], kind: str, base: int = 1, **options: Any) -> Model:
    table = {"type": kind, "name": "q", **options}
    data = {"conventions": {"index_base": base}, "tensors": {"x": list(shape)}, "layers": [table]}
    return build(Given.from_dict(data))


def call(source: str, base: int = 1, notation: Any = None, **arrays: Reals) -> Reals:
    """The last array of a Given with one call, at these arrays."""
    shapes = {name: list(np.shape(a)) for name, a in arrays.items()}
    data = {"conventions": {"index_base": base}, "tensors": shapes, "define": [source]}
    made = build(Given.from_dict(data | {"notation": notation or {}}), checking=True)
    return value(made, made.program.definitions[-1].tensor.name, **arrays)


def value(made: Model, name: str, **given: Reals) -> Reals:
    tensor = next(d.tensor for d in made.program.definitions if d.tensor.name == name)
    shape = tuple(size(d) for d in tensor.shape)
    entries = evaluate(made.program, given)[name]
    return np.array([float(entries[p]) for p in np.ndindex(*shape)]).reshape(shape)


def transposed(x: Reals, w: Reals, stride: int, padding: int, dilation: int) -> Reals:
    """x [C, H, W], w [C, O, K, K]: every entry of x puts the kernel into the output."""
    span = [(n - 1) * stride + dilation * (w.shape[2] - 1) + 1 for n in x.shape[1:]]
    full = np.zeros((w.shape[1], *span))
    for (i, j), (a, b) in product(np.ndindex(*x.shape[1:]), np.ndindex(*w.shape[2:])):
        at = stride * i + dilation * a, stride * j + dilation * b
        full[:, at[0], at[1]] += x[:, i, j] @ w[:, :, a, b]
    return full[:, padding : span[0] - padding, padding : span[1] - padding]


@pytest.mark.parametrize(("kernel", "stride"), list(product((1, 2, 3), (1, 2, 3))))
@pytest.mark.parametrize(("padding", "dilation"), [(0, 1), (1, 2)])
def test_transposed_convolution(kernel: int, stride: int, padding: int, dilation: int) -> None:
    x, w = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(2, 3, kernel, kernel))
    expected = transposed(x, w, stride, padding, dilation)
    source = f"y = ConvTranspose2d(x, w, stride={stride}, padding={padding}, dilation={dilation})"
    assert np.allclose(call(source, kernel % 2, x=x, w=w), expected)


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_groups_and_output_padding_of_a_transposed_convolution(groups: int) -> None:
    x = RNG.normal(size=(4, 3, 2))
    made = layer(
        x.shape,
        "ConvTranspose2d",
        **{"out_channels": 4, "kernel_size": 2, "stride": 3, "groups": groups},
        output_padding=[1, 2],
    )
    arrays = {p.name: RNG.normal(size=[size(d) for d in p.shape]) for p in made.parameters}
    w, b = arrays["q.weight"], arrays["q.bias"]
    assert w.shape == (4, 4 // groups, 2, 2)
    parts = zip(np.split(x, groups), np.split(w, groups), strict=True)
    plain = np.concatenate([transposed(part, kernel, 3, 0, 1) for part, kernel in parts])
    expected = np.pad(plain, ((0, 0), (0, 1), (0, 2))) + b[:, None, None]
    assert np.allclose(value(made, "q", x=x, **arrays), expected)


@pytest.mark.parametrize("padding", [1, [1, 0, 2, 3]])
@pytest.mark.parametrize("base", [0, 1])
def test_padding_counts_from_the_last_axis(padding: Any, base: int) -> None:
    x = RNG.normal(size=(2, 3, 4))
    left, right, top, bottom = padding if isinstance(padding, list) else (padding,) * 4
    around = ((0, 0), (top, bottom), (left, right))
    zeros = value(layer(x.shape, "ZeroPad2d", base, padding=padding), "q", x=x)
    assert np.allclose(zeros, np.pad(x, around))
    threes = value(layer(x.shape, "ConstantPad2d", base, padding=padding, value=3), "q", x=x)
    assert np.allclose(threes, np.pad(x, around, constant_values=3))


def gelu(x: Reals) -> Reals:
    return x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2


ACTIVATIONS: list[tuple[str, dict[str, Any], Callable[[Reals], Reals]]] = [
    ("Identity", {}, lambda x: x),
    ("LeakyReLU", {"negative_slope": 0.3}, lambda x: np.where(x > 0, x, 0.3 * x)),
    ("LeakyReLU", {}, lambda x: np.where(x > 0, x, 0.01 * x)),
    ("ELU", {"alpha": 2}, lambda x: np.where(x > 0, x, 2 * np.expm1(x))),
    ("GELU", {}, gelu),
    ("SiLU", {}, lambda x: x / (1 + np.exp(-x))),
    ("Softplus", {}, lambda x: np.log1p(np.exp(x))),
    ("Softplus", {"beta": 2}, lambda x: np.log1p(np.exp(2 * x)) / 2),
    ("Softsign", {}, lambda x: x / (1 + np.abs(x))),
    ("LogSigmoid", {}, lambda x: -np.log1p(np.exp(-x))),
    ("Hardtanh", {"min_val": -0.5, "max_val": 2}, lambda x: np.clip(x, -0.5, 2)),
    ("ReLU6", {}, lambda x: np.clip(x, 0, 6)),
    ("LogSoftmax", {"dim": 1}, lambda x: np.log(np.exp(x) / np.exp(x).sum(1, keepdims=True))),
    ("Softmin", {"dim": 0}, lambda x: np.exp(-x) / np.exp(-x).sum(0)),
]


@pytest.mark.parametrize(("kind", "options", "function"), ACTIVATIONS)
def test_activation(kind: str, options: dict[str, Any], function: Callable[[Reals], Reals]) -> None:
    x = 4 * RNG.normal(size=(3, 4))
    assert np.allclose(value(layer(x.shape, kind, **options), "q", x=x), function(x))


@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize(
    ("kind", "shape", "over"),
    [
        ("BatchNorm1d", (3, 2), (0,)),
        ("BatchNorm2d", (2, 3, 2, 2), (0, 2, 3)),
        ("LayerNorm", (3, 4), (1,)),
        ("LayerNorm", (2, 3, 2), (1, 2)),
    ],
)
def test_normalization(kind: str, shape: tuple[int, ...], over: tuple[int, ...], base: int) -> None:
    x = RNG.normal(size=shape)
    last = {"normalized_shape": list(shape[1:])} if kind == "LayerNorm" else {}
    made = layer(shape, kind, base, eps=0.25, **last)
    arrays = {p.name: RNG.normal(size=[size(d) for d in p.shape]) for p in made.parameters}
    plain = (x - x.mean(over, keepdims=True)) / np.sqrt(x.var(over, keepdims=True) + 0.25)
    rest = tuple(1 if k in over else n for k, n in enumerate(shape))
    scale, shift = arrays["q.weight"], arrays["q.bias"]
    if kind != "LayerNorm":
        scale, shift = scale.reshape(rest), shift.reshape(rest)
    assert np.allclose(value(made, "q", x=x, **arrays), plain * scale + shift)


def test_resampling() -> None:
    x = RNG.normal(size=(2, 3, 4))
    columns = call("U = Unfold(x, kernel_size=2, stride=(1, 2))", x=x)
    expected = [x[:, i : i + 2, j : j + 2].ravel() for i in (0, 1) for j in (0, 2)]
    assert np.allclose(columns, np.transpose(expected))
    padded = call("U = Unfold(x, kernel_size=3, padding=1)", 0, x=x[0])
    image = np.pad(x[0], 1)
    expected = [image[i : i + 3, j : j + 3].ravel() for i in range(3) for j in range(4)]
    assert np.allclose(padded, np.transpose(expected))
    grown = call("y = Upsample(x, scale_factor=(2, 3))", 0, x=x)
    assert np.allclose(grown, x.repeat(2, 1).repeat(3, 2))
    assert np.allclose(call("y = AdaptiveAvgPool2d(x)", x=x).squeeze(), x.mean((1, 2)))


@pytest.mark.parametrize("base", [0, 1])
def test_an_embedding_picks_rows(base: int) -> None:
    rows, t = RNG.normal(size=(4, 3)), np.array([[0, 3], [2, 2]])
    assert np.allclose(call("y = Embedding(t, w)", base, t=t, w=rows), rows[t])


# -- losses --------------------------------------------------------------------------------------

LOSSES: dict[str, Callable[[Reals, Reals], Reals]] = {
    "L1Loss": lambda x, t: np.abs(x - t),
    "SmoothL1Loss": lambda x, t: np.where(np.abs(x - t) < 0.5, (x - t) ** 2, np.abs(x - t) - 0.25),
    "HuberLoss": lambda x, t: np.where(
        np.abs(x - t) < 0.5, (x - t) ** 2 / 2, 0.5 * (np.abs(x - t) - 0.25)
    ),
    "BCELoss": lambda x, t: -(t * np.log(x) + (1 - t) * np.log(1 - x)),
    "BCEWithLogitsLoss": lambda x, t: np.log1p(np.exp(x)) - t * x,
    "KLDivLoss": lambda x, t: t * (np.log(t) - x),
}
WIDTHS = {"SmoothL1Loss": ", beta=0.5", "HuberLoss": ", delta=0.5"}


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_loss(kind: str, reduction: str) -> None:
    x, t = RNG.uniform(0.05, 0.95, size=(2, 3, 4))
    reduce = {"mean": np.mean, "sum": np.sum, "none": np.asarray}[reduction]
    source = f"L = {kind}(x, t, reduction='{reduction}'{WIDTHS.get(kind, '')})"
    assert np.allclose(call(source, x=x, t=t), reduce(LOSSES[kind](x, t)))


def test_losses_of_classes() -> None:
    x, t = RNG.normal(size=(3, 4)), np.array([1, 0, 3])
    logs = np.log(np.exp(x) / np.exp(x).sum(1, keepdims=True))
    assert np.allclose(call("L = NLLLoss(x, t)", x=logs, t=t), -logs[range(3), t].mean())
    assert np.allclose(call("L = CrossEntropyLoss(x, t)", x=x, t=t), -logs[range(3), t].mean())
    each = call("L = CrossEntropyLoss(x, t, reduction='none')", x=x, t=np.exp(logs))
    assert np.allclose(each, -(np.exp(logs) * logs).sum(1))


def test_every_kind_has_a_test_of_its_value() -> None:
    told = {kind for kind, *_ in ACTIVATIONS} | set(LOSSES)
    elsewhere = """Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d ZeroPad1d
        ZeroPad2d ZeroPad3d ConstantPad1d ConstantPad2d ConstantPad3d MaxPool1d MaxPool2d MaxPool3d
        AvgPool1d AvgPool2d AvgPool3d LPPool1d LPPool2d LPPool3d AdaptiveAvgPool1d AdaptiveAvgPool2d
        AdaptiveAvgPool3d BatchNorm1d BatchNorm2d BatchNorm3d LayerNorm Flatten Unfold Upsample
        Reshape View Unflatten Permute Transpose Unsqueeze Squeeze Stack Fold
        Linear Embedding ReLU Sigmoid Tanh Softmax CrossEntropyLoss NLLLoss MSELoss""".split()
    assert {*catalogue.LAYERS, *catalogue.LOSSES} == told | set(elsewhere)


# -- arrays that lack axes -----------------------------------------------------------------------


def correlated(x: Reals, w: Reals) -> Reals:
    """x [C, H, W], w [O, C, K, L]."""
    rows, columns = (n - k + 1 for n, k in zip(x.shape[1:], w.shape[2:], strict=True))
    out = [
        [np.einsum("cij,ocij->o", x[:, i : i + w.shape[2], j : j + w.shape[3]], w)]
        for i in range(rows)
        for j in range(columns)
    ]
    return np.moveaxis(np.array(out).reshape(rows, columns, -1), -1, 0)


IMAGE, KERNEL = RNG.normal(size=(3, 4, 5)), RNG.normal(size=(2, 3, 2, 3))


@pytest.mark.parametrize(
    ("x", "w", "expected"),
    [
        (IMAGE[0], KERNEL[0, 0], correlated(IMAGE[:1], KERNEL[:1, :1])[0]),
        (IMAGE[0], KERNEL[:, 0], correlated(IMAGE[:1], KERNEL[:, :1])),
        (IMAGE, KERNEL[0], correlated(IMAGE, KERNEL[:1])[0]),
        (IMAGE, KERNEL, correlated(IMAGE, KERNEL)),
        (IMAGE[None], KERNEL[0], correlated(IMAGE, KERNEL[:1])),
        (IMAGE, KERNEL[0, 0], [correlated(c[None], KERNEL[:1, :1])[0] for c in IMAGE]),
        (IMAGE, KERNEL[:, 0], [correlated(c[None], KERNEL[:, :1]) for c in IMAGE]),
        (IMAGE[:1], KERNEL[:, 0], correlated(IMAGE[:1], KERNEL[:, :1])),
    ],
    ids="one-to-one one-to-many many-to-one many batch-to-one batch batch-to-many unit".split(),
)
@pytest.mark.parametrize("base", [0, 1])
def test_a_convolution_without_batch_or_channels(x: Any, w: Any, expected: Any, base: int) -> None:
    assert np.allclose(call("y = Conv2d(x, w)", base, x=x, w=w), expected)


def test_a_bias_tells_output_channels_from_input_channels() -> None:
    x, w = RNG.normal(size=(2, 4, 4)), RNG.normal(size=(2, 3, 3))
    summed = correlated(x, w[None])[0]
    assert np.allclose(call("y = Conv2d(x, w, b)", x=x, w=w, b=np.array(5.0)), summed + 5)
    b = np.array([1.0, -1])
    each = [correlated(c[None], w[:, None]) + b[:, None, None] for c in x]
    assert np.allclose(call("y = Conv2d(x, w, b)", x=x, w=w, b=b), each)


def test_other_layers_without_axes() -> None:
    x, w = RNG.normal(size=5), RNG.normal(size=3)
    full = np.convolve(x, w)
    assert np.allclose(call("y = ConvTranspose1d(x, w)", x=x, w=w), full)
    many = call("y = ConvTranspose1d(x, w)", x=x, w=np.stack([w, 2 * w]))
    assert np.allclose(many, [full, 2 * full])
    assert np.allclose(call("y = Conv1d(x, w, padding=1)", x=x, w=w), np.correlate(x, w, "same"))
    assert np.allclose(call("y = ZeroPad1d(x, padding=(1, 2))", x=x), np.pad(x, (1, 2)))
    rows, weight = RNG.normal(size=(4, 5)), RNG.normal(size=(2, 5))
    assert np.allclose(call("z = Linear(x, w)", x=x, w=weight), weight @ x)
    single = call("z = Linear(x, w, b)", x=rows, w=x, b=np.array(3.0))
    assert np.allclose(single, rows @ x + 3)
    assert np.allclose(call("y = MaxPool1d(x, 2)", x=x), [max(x[:2]), max(x[2:4])])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("y = Conv2d(x)", "“out_channels” is missing"),
        ("y = Conv2d()", "there is no array to apply it to"),
        ("y = Conv2d(x, w, b, x)", "4 arrays, expected at most 3: input, weight, bias"),
        ("y = Conv2d(x, w, stride=0)", "stride = 0, expected a whole number"),
        ("y = Conv2d(x, w, strid=2)", "Did you mean “stride”?"),
        ("y = Conv2d(x, w, stride=2, stride=1)", "the option stride is given twice"),
        ("y = Conv2d(x, stride=2, w)", "arrays come first"),
        ("y = Conv2d(x, w, 2)", "2 needs a keyword, such as stride=2"),
        ("y = Conv2d(x, w, stride=7/2)", "a whole number of at least 1"),
        ("y = Conv2d(x, w", "expected"),
        ("y = Conv2d(x, (w)", "a bracket is not closed"),
        ("y = Conv2d(x, , w)", "an argument is empty"),
        ("y = Conv2d(q, w)", "there is no array “q”. Known are: x"),
        ("y = Conv2dd(x, w)", "Did you mean “Conv2d”?"),
        ("y = Conv2d(b, w)", "expected 3 or 4 axes"),
        ("y = Conv2d(x, v)", "the weight v has the shape (2, 2, 3, 3), which does not fit"),
        ("y = Linear(b, w)", "the weight w has the shape"),
        ("y = ReLU(x, w)", "2 arrays, expected at most 1: input"),
        ("L = MSELoss(x)", "1 arrays, expected 2: the prediction and the target"),
        ("L = MSELoss(x, w)", "does not fit the prediction x"),
        ("K = ReLU(x)", "defines K, which names a size"),
    ],
)
def test_calls_that_cannot_be_used(source: str, message: str) -> None:
    shapes = {"x": [1, 5, 5], "w": [2, 1, 3, 3], "b": [2], "v": [2, 2, 3, 3], "k": ["K"]}
    with pytest.raises(InputError) as caught:
        build(Given.from_dict({"tensors": shapes, "define": [source]}), checking=True)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
