"""Each layer's shape rule and forward formula, over its options, against plain NumPy."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from brute import evaluate, size
from windows import Reals, windows

from derive.ir import Formula, Power, Tensor
from derive.network import catalogue
from derive.network.build import Model, build
from derive.network.given import Given
from derive.network.layer import LayerKind
from derive.network.site import Position, Site

RNG = np.random.default_rng(7)
SHAPES = [(1, 2, 4, 5), (1, 2, 3, 6)]


def model(shape: tuple[int, ...], kind: str, base: int = 1, **options: Any) -> Model:
    layer = {"type": kind, "name": "q", **options}
    data = {"conventions": {"index_base": base}, "tensors": {"x": list(shape)}, "layers": [layer]}
    return build(Given.from_dict(data))


def value(made: Model, name: str, **given: Reals) -> Reals:
    """The array `name`, evaluated by definition; its shape is the one that was announced."""
    tensor = next(d.tensor for d in made.program.definitions if d.tensor.name == name)
    shape = tuple(size(d) for d in tensor.shape)
    entries = evaluate(made.program, given)[name]
    return np.array([float(entries[p]) for p in np.ndindex(*shape)]).reshape(shape)


def parameters(made: Model) -> dict[str, Reals]:
    return {p.name: RNG.normal(size=[size(d) for d in p.shape]) for p in made.parameters}


def stacked(parts: list[tuple[tuple[int, ...], Reals]]) -> Reals:
    """An array of `leading axes + position` from its parts at each position."""
    shape = tuple(p + 1 for p in parts[-1][0])
    out = np.stack([part for _, part in parts], axis=-1)
    return out.reshape(*out.shape[:-1], *shape)


def around(padding: Any, kernel: int, dilation: int) -> tuple[int, int]:
    if padding == "same":
        total = dilation * (kernel - 1)
        return total // 2, total - total // 2
    return (0, 0) if padding == "valid" else (padding, padding)


def convolved(x: Reals, w: Reals, b: Reals, groups: int, parts: Any) -> Reals:
    inputs, outputs = w.shape[1], w.shape[0] // groups

    def at(window: Reals) -> Reals:
        channels = [window[:, o // outputs * inputs :][:, :inputs] for o in range(len(w))]
        kernel = [np.sum(c * w[o], axis=(1, 2, 3)) + b[o] for o, c in enumerate(channels)]
        return np.stack(kernel, axis=-1)

    return stacked([(position, at(window)) for position, window in parts])


CONVOLUTIONS = [
    (kernel, stride, padding, dilation, groups)
    for kernel, stride, padding, dilation, groups in product(
        (1, 2, 3), (1, 2, 3), (0, 1, 3, "same", "valid"), (1, 2), (1, 2, 4)
    )
    if padding != "same" or stride == 1
]


@pytest.mark.parametrize(("kernel", "stride", "padding", "dilation", "groups"), CONVOLUTIONS)
def test_convolution(kernel: int, stride: int, padding: Any, dilation: int, groups: int) -> None:
    x = RNG.normal(size=(1, 4, 5, 6))
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    made = model(x.shape, "Conv2d", stride % 2, out_channels=4, kernel_size=kernel, **options)
    arrays = parameters(made)
    pads = (around(padding, kernel, dilation),) * 2
    parts = windows(x, (kernel,) * 2, (stride,) * 2, pads, (dilation,) * 2)
    expected = convolved(x, arrays["q.weight"], arrays["q.bias"], groups, parts)
    assert np.allclose(value(made, "q", x=x, **arrays), expected)


@pytest.mark.parametrize(
    ("channels", "out", "groups"), [(4, 8, 2), (3, 6, 3), (3, 3, 3), (2, 4, 1)]
)
def test_grouped_channels_and_pairs(channels: int, out: int, groups: int) -> None:
    x = RNG.normal(size=(2, channels, 5, 6))
    options = {"stride": [1, 2], "padding": [0, 1], "dilation": [2, 1], "groups": groups}
    made = model(x.shape, "Conv2d", out_channels=out, kernel_size=[2, 3], **options)
    arrays = parameters(made)
    assert arrays["q.weight"].shape == (out, channels // groups, 2, 3)
    parts = windows(x, (2, 3), (1, 2), ((0, 0), (1, 1)), (2, 1))
    expected = convolved(x, arrays["q.weight"], arrays["q.bias"], groups, parts)
    assert np.allclose(value(made, "q", x=x, **arrays), expected)


def test_convolution_without_bias_or_batch_and_along_one_axis() -> None:
    x = RNG.normal(size=(3, 7))
    made = model(x.shape, "Conv1d", out_channels=2, kernel_size=3, stride=2, padding=1, bias=False)
    (weight,) = parameters(made).values()
    y = value(made, "q", x=x, **{"q.weight": weight})
    around_x = np.pad(x, ((0, 0), (1, 1)))
    expected = [[np.sum(around_x[:, s : s + 3] * w) for s in (0, 2, 4, 6)] for w in weight]
    assert np.allclose(y, expected)


POOLS = [
    (kernel, stride, padding, ceil_mode)
    for kernel, stride, padding, ceil_mode in product(
        (1, 2, 3), (None, 1, 2, 4), (0, 1), (False, True)
    )
    if 2 * padding <= kernel
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("kernel", "stride", "padding", "ceil_mode"), POOLS)
def test_max_and_average_pooling(
    shape: tuple[int, ...], kernel: int, stride: int | None, padding: int, ceil_mode: bool
) -> None:
    x = RNG.normal(size=shape)
    options = {"kernel_size": kernel, "padding": padding, "ceil_mode": ceil_mode}
    if stride is not None:
        options["stride"] = stride
    geometry = ((kernel,) * 2, (stride or kernel,) * 2, ((padding, padding),) * 2, (1, 1))

    def expected(reduce: Callable[[Reals], Any], fill: float) -> Reals:
        parts = windows(x, *geometry, ceil_mode, fill)
        return stacked([(p, reduce(w)) for p, w in parts])

    last = (-2, -1)
    largest = expected(lambda w: np.nanmax(w, axis=last), -np.inf)
    assert np.allclose(value(model(shape, "MaxPool2d", **options), "q", x=x), largest)
    mean = expected(lambda w: np.nanmean(w, axis=last), 0.0)
    assert np.allclose(value(model(shape, "AvgPool2d", 0, **options), "q", x=x), mean)
    valid = expected(lambda w: np.nanmean(w, axis=last), np.nan)
    inside = model(shape, "AvgPool2d", count_include_pad=False, **options)
    assert np.allclose(value(inside, "q", x=x), valid)
    fifth = expected(lambda w: np.nansum(w, axis=last) / 5, 0.0)
    overridden = model(shape, "AvgPool2d", divisor_override=5, **options)
    assert np.allclose(value(overridden, "q", x=x), fifth)


@pytest.mark.parametrize("dilation", [2, 3])
@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("ceil_mode", [False, True])
def test_dilated_max_pooling(dilation: int, padding: int, ceil_mode: bool) -> None:
    x = RNG.normal(size=(1, 1, 7, 6))
    options = {"stride": 2, "padding": padding, "dilation": dilation, "ceil_mode": ceil_mode}
    made = model(x.shape, "MaxPool2d", kernel_size=2, **options)
    geometry = ((2, 2), (2, 2), ((padding, padding),) * 2, (dilation, dilation))
    parts = [(p, np.nanmax(w, axis=(-2, -1))) for p, w in windows(x, *geometry, ceil_mode, -np.inf)]
    assert np.allclose(value(made, "q", x=x), stacked(parts))


@pytest.mark.parametrize("p", [1, 2, 3, 2.5])
@pytest.mark.parametrize(("kernel", "stride", "ceil_mode"), [(2, None, False), (3, 2, True)])
def test_power_pooling(p: float, kernel: int, stride: int | None, ceil_mode: bool) -> None:
    x = np.abs(RNG.normal(size=(1, 2, 5, 6)))
    options = {} if stride is None else {"stride": stride}
    made = model(
        x.shape, "LPPool2d", norm_type=p, kernel_size=kernel, ceil_mode=ceil_mode, **options
    )
    step = (stride or kernel,) * 2
    parts = windows(x, (kernel,) * 2, step, ((0, 0), (0, 0)), (1, 1), ceil_mode)
    expected = stacked([(k, np.nansum(w**p, axis=(-2, -1)) ** (1 / p)) for k, w in parts])
    assert np.allclose(value(made, "q", x=x), expected)
    assert bool(made.layers[0].remarks) == ceil_mode


RANKS = [(3,), (2, 3), (2, 3, 2), (2, 2, 3, 2)]


@pytest.mark.parametrize("shape", RANKS)
def test_linear_has_any_leading_axes(shape: tuple[int, ...]) -> None:
    x = RNG.normal(size=shape)
    for bias in (True, False):
        made = model(shape, "Linear", in_features=shape[-1], out_features=4, bias=bias)
        arrays = parameters(made)
        expected = x @ arrays["q.weight"].T + arrays.get("q.bias", 0)
        assert np.allclose(value(made, "q", x=x, **arrays), expected)


@pytest.mark.parametrize("shape", RANKS)
def test_softmax_along_each_axis(shape: tuple[int, ...]) -> None:
    x = RNG.normal(size=shape)
    implied = 0 if len(shape) in (1, 3) else 1
    for dim in (None, *range(-len(shape), len(shape))):
        options = {} if dim is None else {"dim": dim}
        e = np.exp(x)
        expected = e / e.sum(axis=implied if dim is None else dim, keepdims=True)
        assert np.allclose(value(model(shape, "Softmax", **options), "q", x=x), expected)


@pytest.mark.parametrize("shape", RANKS)
@pytest.mark.parametrize("base", [0, 1])
def test_flatten_is_row_major(shape: tuple[int, ...], base: int) -> None:
    x = RNG.normal(size=shape)
    rank = len(shape)
    for first, last in product(range(-rank, rank), repeat=2):
        if first % rank > last % rank:
            continue
        expected = x.reshape(*shape[: first % rank], -1, *shape[last % rank + 1 :])
        made = model(shape, "Flatten", base, start_dim=first, end_dim=last)
        assert np.array_equal(value(made, "q", x=x), expected)


@pytest.mark.parametrize(
    ("kind", "function"),
    [
        ("ReLU", lambda x: np.maximum(x, 0)),
        ("Sigmoid", lambda x: 1 / (1 + np.exp(-x))),
        ("Tanh", np.tanh),
    ],
)
def test_elementwise(kind: str, function: Callable[[Reals], Reals]) -> None:
    x = RNG.normal(size=(2, 3, 2))
    assert np.allclose(value(model(x.shape, kind), "q", x=x), function(x))


# -- losses --------------------------------------------------------------------------------------


def loss(
    shape: tuple[int, ...], target: tuple[int, ...], softmax: bool, kind: str, reduction: str
) -> Model:
    layers: list[dict[str, Any]] = [{"type": "ReLU"}]
    if softmax:
        layers.append({"type": "Softmax", "dim": 0 if len(shape) == 1 else 1})
    return build(
        Given.from_dict(
            {
                "tensors": {"x": list(shape), "t": list(target)},
                "layers": layers,
                "loss": {"type": kind, "target": "t", "reduction": reduction},
            }
        )
    )


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("softmax", [True, False])
@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 2)])
def test_cross_entropy(shape: tuple[int, ...], softmax: bool, reduction: str) -> None:
    axis = 0 if len(shape) == 1 else 1
    x = np.abs(RNG.normal(size=shape))
    log = np.log(np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True))
    t = RNG.dirichlet(np.ones(shape[axis]), size=shape[:axis] + shape[axis + 1 :])
    t = np.moveaxis(t, -1, axis)
    each = -(t * log).sum(axis=axis)
    classes = RNG.integers(0, shape[axis], size=each.shape)
    picked = -np.take_along_axis(log, np.expand_dims(classes, axis), axis).squeeze(axis)
    for targets, losses in ((t, each), (classes, picked)):
        made = loss(shape, targets.shape, softmax, "CrossEntropyLoss", reduction)
        expected = {"mean": np.mean, "sum": np.sum, "none": np.asarray}[reduction](losses)
        assert np.allclose(value(made, "L", x=x, t=targets), expected)
        assert [t.classes is None for t in made.targets] == [targets is t]


def test_cross_entropy_of_logits_names_its_probabilities() -> None:
    made = loss((3, 4), (3, 4), False, "CrossEntropyLoss", "mean")
    softmax, last = made.layers[-1].definitions
    assert (softmax.tensor.symbol, last.tensor.symbol) == ("y", "L")
    assert made.program.consumers[softmax.tensor] == (last,)
    assert made.layers[-1].inputs[0].name == "relu"


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 2)])
def test_squared_error(shape: tuple[int, ...], reduction: str) -> None:
    x, t = np.abs(RNG.normal(size=shape)), RNG.normal(size=shape)
    expected = {"mean": np.mean, "sum": np.sum, "none": np.asarray}[reduction]((x - t) ** 2)
    made = loss(shape, shape, False, "MSELoss", reduction)
    assert np.allclose(value(made, "L", x=x, t=t), expected)


# -- the catalogue -------------------------------------------------------------------------------


def test_names_of_sizes_serve_as_options() -> None:
    x = RNG.normal(size=(1, 2, 6, 5))
    numbers = {"kernel_size": 3, "stride": 2, "padding": 1}
    plain = model(x.shape, "Conv2d", out_channels=3, dilation=2, **numbers)
    arrays = parameters(plain)
    data = {
        "sizes": {"N": 1, "C": 2, "H": 6, "W": 5, "O": 3, "K": 3, "S": 2, "P": 1, "D": 2},
        "tensors": {"x": ["N", "C", "H", "W"]},
        "layers": [
            {
                "type": "Conv2d",
                "name": "q",
                "out_channels": "O",
                "kernel_size": "K",
                "stride": ["S", "S"],
                "padding": "P",
                "dilation": "D",
            }
        ],
    }
    named = build(Given.from_dict(data))
    assert np.allclose(value(named, "q", x=x, **arrays), value(plain, "q", x=x, **arrays))


class Cube(LayerKind):
    """The third power of each entry."""

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        return Power(x[at], 3)


def test_a_new_layer_is_its_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(catalogue.LAYERS, "Cube", Cube)
    x = RNG.normal(size=(2, 3))
    assert np.allclose(value(model(x.shape, "Cube"), "q", x=x), x**3)


def test_every_kind_has_a_description_of_its_own() -> None:
    kinds = [*catalogue.LAYERS.values(), *catalogue.LOSSES.values()]
    lines = [catalogue.description(kind) for kind in kinds]
    assert all(20 < len(line) < 90 and line.endswith(".") for line in lines)
    assert len(set(lines)) == len(lines)


def test_layers_are_forward_formulas_only() -> None:
    folder = Path(catalogue.__file__).parent
    words = re.compile(r"derivative|gradient|jacobian|backward|cotangent|\bgrad\b", re.IGNORECASE)
    kinds = [*catalogue.LAYERS.values(), *catalogue.LOSSES.values()]
    files = sorted({f"{kind.__module__.rpartition('.')[2]}.py" for kind in kinds})
    assert {"convolution.py", "loss.py"} <= set(files)
    assert [name for name in files if words.search((folder / name).read_text("utf-8"))] == []


@pytest.mark.parametrize("kind", ["Conv2d", "MaxPool2d", "AvgPool2d", "LPPool2d"])
def test_output_sizes_are_those_of_torch(kind: str) -> None:
    torch = pytest.importorskip("torch")
    shapes = [(1, 2, 6, 5), (1, 2, 5, 7)]
    grid = product((1, 2, 3), (1, 2, 3), (0, 1), (1, 2), (False, True), shapes)
    for kernel, stride, padding, dilation, ceil_mode, shape in grid:
        options: dict[str, Any] = {"kernel_size": kernel, "stride": stride}
        if kind == "Conv2d":
            options |= {"out_channels": 3, "padding": padding, "dilation": dilation}
        elif kind == "LPPool2d":
            options |= {"norm_type": 2, "ceil_mode": ceil_mode}
        elif 2 * padding <= kernel:
            options |= {"padding": padding, "ceil_mode": ceil_mode}
            options |= {"dilation": dilation} if kind == "MaxPool2d" else {}
        extra = {"in_channels": shape[1]} if kind == "Conv2d" else {}
        layer = getattr(torch.nn, kind)(**options, **extra)
        made = model(shape, kind, **options).layers[-1].output
        assert tuple(size(d) for d in made.shape) == tuple(layer(torch.zeros(shape)).shape)
