"""Derived gradients at full size against an independent automatic derivative (autograd, torch)."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import autograd_layers
import numpy as np
import pytest
from autograd import grad
from brute import size
from networks import ENTROPY, EXAMPLES, SQUARES, layer, linear, network

from derive.api import Given

Arrays = dict[str, Any]
Tables = dict[str, Any]

HEAD = (layer("Flatten"), linear(5))
IMAGE = (3, 4, 17, 16)


def conv(channels: int, kernel: object, **options: object) -> dict[str, object]:
    return layer("Conv2d", out_channels=channels, kernel_size=kernel, **options)


def pool(kind: str, kernel: object, **options: object) -> dict[str, object]:
    return layer(f"{kind}Pool2d", kernel_size=kernel, **options)


WINDOWS = {
    "conv": conv(6, 5),
    "conv with stride and padding": conv(4, [3, 4], stride=[2, 3], padding=[1, 2], bias=False),
    "conv of the same size": conv(4, [2, 3], dilation=[3, 1], padding="same"),
    "conv with dilation": conv(4, 3, stride=2, dilation=3, padding=4),
    "conv in groups": conv(8, 3, groups=2, stride=2),
    "conv of each channel": conv(8, 3, groups=4, padding=1),
    "max": pool("Max", 2),
    "max, overlapping": pool("Max", 3, stride=2, padding=1, ceil_mode=True),
    "max, dilated": pool("Max", [2, 3], stride=2, dilation=[3, 2]),
    "mean": pool("Avg", 3),
    "mean, overlapping": pool("Avg", 3, stride=2, padding=1, ceil_mode=True),
    "mean of what is there": pool(
        "Avg", 4, stride=3, padding=2, ceil_mode=True, count_include_pad=False
    ),
    "mean by a given number": pool("Avg", 3, stride=1, divisor_override=7),
    "norm": pool("LP", 3, stride=2, norm_type=2),
    "norm of another power": pool("LP", [2, 3], norm_type=2.5, stride=2),
}
MLP = (linear(8), layer("Tanh"), linear(9), layer("Sigmoid"), linear(7), layer("ReLU"), linear(5))
NETWORKS: dict[str, Tables] = {
    **{name: network(one, *HEAD, x=IMAGE, t=(3, 5), loss=SQUARES) for name, one in WINDOWS.items()},
    "conv-conv": network(conv(5, 3), conv(4, 4), *HEAD, x=(3, 2, 14, 13), t=(3, 5)),
    "conv-conv strided": network(
        *(conv(5, 5, stride=2, padding=2), layer("ReLU"), conv(4, 3, stride=3), *HEAD),
        x=(3, 2, 21, 18),
        t=(3,),
        loss={**ENTROPY, "reduction": "sum"},
    ),
    "conv-pool-conv": network(
        *(conv(5, 3, padding=1), pool("Max", 3, stride=2, padding=1), conv(4, 4), *HEAD),
        x=(3, 2, 16, 19),
        t=(3, 5),
        loss=SQUARES,
    ),
    "mlp": network(*MLP, layer("Softmax", dim=1), x=(6, 10), t=(6, 5)),
    "logits and classes, counted from 0": network(
        *MLP, x=(6, 10), t=(6,), conventions={"index_base": 0}
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_are_those_of_autograd(name: str) -> None:
    compare(NETWORKS[name], autograd_layers.loss)


def test_gradients_of_lenet_at_full_size() -> None:
    data = tomllib.loads((EXAMPLES / "lenet.toml").read_text(encoding="utf-8"))
    data["sizes"]["N"] = 4
    compare(data, autograd_layers.loss)


def compare(data: Tables, loss: Callable[[Tables, Arrays], Any]) -> None:
    """Each gradient in both forms, for each parameter and for x."""
    data = named(data)
    given = Given.from_dict(data)
    arrays = draw(given, np.random.default_rng(0))
    names = [p.name for p in given.model.parameters] + ["x"]
    assert len(names) > 2
    for name in names:
        expected = grad(along(name, data, arrays, loss))(arrays[name])
        largest = np.abs(expected).max()
        assert largest > 0
        for form in ("recursive", "expanded"):
            found = given.gradient(name, form=form).evaluate(arrays)
            assert found.shape == expected.shape
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11 * largest, err_msg=name)


def named(data: Tables) -> Tables:
    """The tables with a name for each layer."""
    return data | {"layers": [{"name": f"l{k}", **one} for k, one in enumerate(data["layers"])]}


def along(
    name: str, data: Tables, arrays: Arrays, loss: Callable[[Tables, Arrays], Any]
) -> Callable[[Any], Any]:
    """The loss as a function of one array."""
    return lambda value: loss(data, {**arrays, name: value})


def draw(given: Given, rng: np.random.Generator) -> Arrays:
    """Random arrays for everything that is given; no two entries of an image agree."""
    arrays: Arrays = {}
    for t in given.model.program.given:
        shape = [size(d) for d in t.shape]
        if t.classes is not None:
            arrays[t.name] = rng.integers(0, size(t.classes), shape)
        elif t in given.model.targets:
            raw = rng.random(shape)
            arrays[t.name] = raw / raw.sum(axis=-1, keepdims=True)
        elif t in given.model.inputs:
            arrays[t.name] = (rng.permutation(prod(shape)).reshape(shape) + 1) / prod(shape)
        else:
            arrays[t.name] = rng.normal(size=shape) / np.sqrt(prod(shape[1:]))
    return arrays


# -- torch, where it is installed ----------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
def test_autograd_layers_are_those_of_torch(name: str) -> None:
    """The forward formulas that the derivatives above rest on, and torch's own gradients."""
    torch = pytest.importorskip("torch")
    data = named(NETWORKS[name])
    given = Given.from_dict(data)
    arrays = draw(given, np.random.default_rng(1))
    tensors = {k: torch.tensor(v, requires_grad=v.dtype.kind == "f") for k, v in arrays.items()}
    value = torch_loss(torch, data, tensors)
    np.testing.assert_allclose(value.item(), autograd_layers.loss(data, arrays), rtol=1e-10)
    value.backward()
    for p in given.model.parameters:
        found = given.gradient(p.name).evaluate(arrays)
        np.testing.assert_allclose(found, tensors[p.name].grad.numpy(), atol=1e-10)


def torch_loss(torch: Any, data: Tables, tensors: Mapping[str, Any]) -> Any:
    x, nn = tensors["x"], torch.nn
    for one in data["layers"]:
        options = {k: tuple(v) if isinstance(v, list) else v for k, v in one.items()}
        name, kind = options.pop("name"), options.pop("type")
        own = {k.split(".")[1]: v for k, v in tensors.items() if k.startswith(f"{name}.")}
        if kind == "Conv2d":
            options |= {"in_channels": x.shape[1]}
        if kind == "Linear":
            options |= {"in_features": x.shape[1]}
        module = getattr(nn, kind)(**options).double()
        x = torch.func.functional_call(module, own, x) if own else module(x)
    how = data["loss"]
    if how["type"] == "MSELoss":
        return nn.functional.mse_loss(x, tensors["t"])
    reduction = how.get("reduction", "mean")
    if data["layers"][-1]["type"] == "Softmax":
        return -(tensors["t"] * x.log()).sum() / len(x)
    return nn.functional.cross_entropy(x, tensors["t"], reduction=reduction)
