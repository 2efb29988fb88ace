"""Small networks of every kind, and what is derived about them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from derive.engine.network import Derived, derive_all
from derive.network.build import Model, build
from derive.network.given import Given, load

EXAMPLES = Path(__file__).parent.parent / "examples"


def conv(**options: object) -> dict[str, object]:
    return {"type": "Conv2d", "out_channels": 3, "kernel_size": 3, **options}


def linear(features: int = 4) -> dict[str, object]:
    return {"type": "Linear", "out_features": features}


def layer(kind: str, **options: object) -> dict[str, object]:
    return {"type": kind, **options}


HEAD = (layer("Flatten"), linear())
ENTROPY = {"type": "CrossEntropyLoss", "target": "t"}
SQUARES = {"type": "MSELoss", "target": "t"}
IMAGE = ("N", 2, 12, 11)


def network(
    *layers: dict[str, object],
    x: tuple[object, ...] = IMAGE,
    t: tuple[object, ...] = ("N", 4),
    loss: dict[str, object] = ENTROPY,
    **tables: object,
) -> dict[str, object]:
    tensors = {"x": list(x), "t": list(t)}
    return {"tensors": tensors, "layers": list(layers), "loss": loss, **tables}


FACT = (r"\sum_j t_{n,j} = 1",)
MLP = (linear(5), layer("Tanh"), linear(6), layer("Sigmoid"), linear(7), layer("ReLU"), linear())

NETWORKS: dict[str, Any] = {
    "lenet": EXAMPLES / "lenet.toml",
    "lenet_symbolic": EXAMPLES / "lenet_symbolic.toml",
    "conv-conv": network(conv(), conv(), *HEAD),
    "conv-conv strided": network(conv(stride=2, padding=1), conv(stride=2), *HEAD, t=("N",)),
    "conv-pool-conv": network(
        conv(), layer("MaxPool2d", kernel_size=3, stride=2, padding=1), conv(), *HEAD, loss=SQUARES
    ),
    "dilated": network(conv(dilation=2, padding=2), *HEAD),
    "strided and dilated": network(conv(stride=2, dilation=3, padding=1), *HEAD),
    "grouped": network(conv(groups=2, out_channels=4), *HEAD, x=("N", 4, 8, 7)),
    "average": network(layer("AvgPool2d", kernel_size=3, stride=2, padding=1), *HEAD),
    "average of what is there": network(
        layer("AvgPool2d", kernel_size=3, stride=2, padding=1, count_include_pad=False), *HEAD
    ),
    "power": network(layer("LPPool2d", norm_type=2, kernel_size=2), *HEAD, loss=SQUARES),
    "mlp": network(*MLP, x=("N", 5), facts=FACT),
    "mlp with squares": network(*MLP, x=("N", 5), loss=SQUARES),
    "logits, sum": network(linear(), x=("N", 5), loss={**ENTROPY, "reduction": "sum"}, facts=FACT),
    "logits, none": network(linear(), x=("N", 5), loss={**ENTROPY, "reduction": "none"}),
    "classes, mean": network(linear(), x=("N", 5), t=("N",)),
    "classes, none": network(linear(), x=("N", 5), t=("N",), loss={**ENTROPY, "reduction": "none"}),
    "residual": network(
        layer("Tanh", name="a"),
        x=("N", "D"),
        t=("N", "D"),
        define=[r"s_{n,d} = z^{(a)}_{n,d} + x_{n,d}"],
        loss={**SQUARES, "input": "s"},
    ),
    "batch norm": {
        "tensors": {
            "x": ["N", "D"],
            "t": ["N", "D"],
            r"\gamma": ["D"],
            r"\beta": ["D"],
            r"\epsilon": [],
        },
        "define": [
            r"\mu_{j} = \frac{1}{N}\sum_{i} x_{i,j}",
            r"v_{j} = \frac{1}{N}\sum_{i}(x_{i,j}-\mu_j)^2",
            r"\hat x_{i,j} = \frac{x_{i,j}-\mu_j}{\sqrt{v_j+\epsilon}}",
            r"y_{i,j} = \gamma_j\hat x_{i,j}+\beta_j",
        ],
        "loss": {**SQUARES, "input": "y"},
        "facts": [r"\epsilon > 0"],
    },
    "counted from 0": network(conv(), *HEAD, conventions={"index_base": 0}),
}


@cache
def model(name: str) -> Model:
    given = NETWORKS[name]
    return build(load(given) if isinstance(given, Path) else Given.from_dict(given))


@cache
def derived(name: str) -> Derived:
    m = model(name)
    return derive_all(m.program, m.layers, m.targets, frozenset())
