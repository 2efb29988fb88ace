"""The networks that the benchmarks derive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from derive.network.build import Model, build
from derive.network.given import Given, load
from derive.network.source import read_toml

EXAMPLES = Path(__file__).parents[2] / "examples"
LENET = EXAMPLES / "lenet.toml"
SYMBOLIC = EXAMPLES / "lenet_symbolic.toml"


def example(path: Path) -> Model:
    """One of the networks in `examples/`."""
    return build(load(path))


def lenet_for(pixels: int) -> Model:
    """LeNet for images of `pixels` × `pixels`."""
    data, source = read_toml(LENET)
    data["tensors"]["x"] = ["N", 1, pixels, pixels]
    return build(Given.from_dict(data, source))


def deep(layers: int) -> Model:
    """So many pairs of a 3×3 convolution and a ReLU, then one fully connected layer."""
    chain: list[dict[str, Any]] = []
    for k in range(1, layers + 1):
        conv = {"type": "Conv2d", "out_channels": 4, "kernel_size": 3, "padding": 1}
        chain += [{"name": f"c{k}", **conv}, {"name": f"r{k}", "type": "ReLU"}]
    chain += [{"type": "Flatten"}, {"type": "Linear", "out_features": 10}]
    tensors = {"x": ["N", 4, 16, 16], "t": ["N", 10]}
    loss = {"type": "CrossEntropyLoss", "target": "t"}
    return build(Given.from_dict({"tensors": tensors, "layers": chain, "loss": loss}))


def convolution() -> Model:
    """One convolution with a name for every extent, and nothing else."""
    conv = {"name": "z", "type": "Conv2d", "out_channels": "O", "kernel_size": "K"}
    return build(Given.from_dict({"tensors": {"x": ["N", "C", "H", "W"]}, "layers": [conv]}))
