"""Networks in `autograd.numpy`, written without this library: an independent automatic derivative.

The tables are those of a Given; options that are left out have torch's defaults.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import autograd.numpy as np
import numpy as plain

Array = Any
Layer = Mapping[str, Any]


def pair(option: Any) -> tuple[int, int]:
    return (option, option) if isinstance(option, int) else tuple(option)


class Windows:
    """The windows of a layer over the last two axes: a slice of the image for each offset."""

    def __init__(self, layer: Layer, shape: Sequence[int]) -> None:
        kernel = pair(layer["kernel_size"])
        default = 1 if layer["type"] == "Conv2d" else kernel
        stride, dilation = pair(layer.get("stride", default)), pair(layer.get("dilation", 1))
        self.kernel, self.stride, self.dilation = kernel, stride, dilation
        self.pads = tuple(self._pads(layer.get("padding", 0), k) for k in range(2))
        ceil_mode = layer.get("ceil_mode", False)
        self.outputs = tuple(self._outputs(shape[k - 2], k, ceil_mode) for k in range(2))
        reach = [
            (o - 1) * s + d * (k - 1) + 1
            for o, s, d, k in zip(self.outputs, stride, dilation, kernel, strict=True)
        ]
        padded = [shape[k - 2] + sum(self.pads[k]) for k in range(2)]
        self.over = tuple(max(r - p, 0) for r, p in zip(reach, padded, strict=True))

    def _pads(self, padding: Any, axis: int) -> tuple[int, int]:
        if padding == "same":
            total = self.dilation[axis] * (self.kernel[axis] - 1)
            return total // 2, total - total // 2
        return (0, 0) if padding == "valid" else (pair(padding)[axis],) * 2

    def _outputs(self, extent: int, k: int, ceil_mode: bool) -> int:
        room = extent + sum(self.pads[k]) - self.dilation[k] * (self.kernel[k] - 1) - 1
        if not ceil_mode:
            return room // self.stride[k] + 1
        count = -(-room // self.stride[k]) + 1
        return count - ((count - 1) * self.stride[k] >= extent + self.pads[k][0])

    def around(self, x: Array, fill: float, beyond: float) -> Array:
        """The image with `fill` in the padding and `beyond` where a window hangs over it."""
        for at, (before, after), over in zip((-2, -1), self.pads, self.over, strict=True):
            ends = [(before, fill), (after, fill), (over, beyond)]
            first, *last = [plain.full(self._strip(x, at, n), value) for n, value in ends]
            x = np.concatenate([first, x, *last], axis=at)
        return x

    @staticmethod
    def _strip(x: Array, axis: int, length: int) -> tuple[int, ...]:
        shape = list(x.shape)
        shape[axis] = length
        return tuple(shape)

    def slices(self, x: Array, fill: float = 0.0, beyond: float = 0.0) -> list[Array]:
        """For each offset of the kernel, row by row, what all windows have there."""
        image = self.around(x, fill, beyond)
        found = []
        for offset in product(*map(range, self.kernel)):
            starts = [a * d for a, d in zip(offset, self.dilation, strict=True)]
            rows, columns = (
                slice(b, b + (o - 1) * s + 1, s)
                for b, o, s in zip(starts, self.outputs, self.stride, strict=True)
            )
            found.append(image[:, :, rows, columns])
        return found


def convolution(layer: Layer, x: Array, parameters: Mapping[str, Array]) -> Array:
    weight = parameters["weight"]
    groups = layer.get("groups", 1)
    slices = Windows(layer, x.shape).slices(x)
    inputs, outputs = weight.shape[1], weight.shape[0] // groups
    parts = []
    for g in range(groups):
        kernel = weight[g * outputs : (g + 1) * outputs]
        channels = slice(g * inputs, (g + 1) * inputs)
        offsets = product(range(weight.shape[2]), range(weight.shape[3]))
        terms = [
            np.einsum("ncij,oc->noij", s[:, channels], kernel[:, :, a, b])
            for s, (a, b) in zip(slices, offsets, strict=True)
        ]
        parts.append(sum(terms))
    bias = parameters["bias"][None, :, None, None] if "bias" in parameters else 0
    return np.concatenate(parts, axis=1) + bias


def largest(layer: Layer, x: Array, _: Mapping[str, Array]) -> Array:
    low = -plain.inf
    return np.max(np.stack(Windows(layer, x.shape).slices(x, low, low)), axis=0)


def average(layer: Layer, x: Array, _: Mapping[str, Array]) -> Array:
    windows = Windows(layer, x.shape)
    padding = 1.0 if layer.get("count_include_pad", True) else 0.0
    count = sum(windows.slices(plain.ones(x.shape), padding, 0.0))
    return sum(windows.slices(x)) / (layer.get("divisor_override") or count)


def norm(layer: Layer, x: Array, _: Mapping[str, Array]) -> Array:
    p = layer["norm_type"]
    return sum(s**p for s in Windows(layer, x.shape).slices(x)) ** (1 / p)


def flatten(layer: Layer, x: Array, _: Mapping[str, Array]) -> Array:
    first, last = layer.get("start_dim", 1) % x.ndim, layer.get("end_dim", -1) % x.ndim
    return np.reshape(x, (*x.shape[:first], -1, *x.shape[last + 1 :]))


def softmax(layer: Layer, x: Array, _: Mapping[str, Array]) -> Array:
    e = np.exp(x)
    return e / np.sum(e, axis=layer.get("dim", 1), keepdims=True)


LAYERS: dict[str, Callable[[Layer, Array, Mapping[str, Array]], Array]] = {
    "Conv2d": convolution,
    "MaxPool2d": largest,
    "AvgPool2d": average,
    "LPPool2d": norm,
    "Flatten": flatten,
    "Linear": lambda layer, x, p: np.dot(x, p["weight"].T) + p.get("bias", 0),
    "ReLU": lambda layer, x, p: np.maximum(x, 0),
    "Sigmoid": lambda layer, x, p: 1 / (1 + np.exp(-x)),
    "Tanh": lambda layer, x, p: np.tanh(x),
    "Softmax": softmax,
}


def output(layers: Sequence[Layer], arrays: Mapping[str, Array]) -> Array:
    """The output of a chain of named layers, with parameters such as `conv.weight` in `arrays`."""
    x = arrays["x"]
    for layer in layers:
        own = f"{layer['name']}."
        parameters = {k.removeprefix(own): v for k, v in arrays.items() if k.startswith(own)}
        x = LAYERS[layer["type"]](layer, x, parameters)
    return x


def loss(tables: Mapping[str, Any], arrays: Mapping[str, Array]) -> Array:
    """The loss of the network in the tables of a Given."""
    z, t, how = output(tables["layers"], arrays), arrays["t"], tables["loss"]
    if how["type"] == "MSELoss":
        each = (z - t) ** 2
    else:
        if tables["layers"][-1]["type"] != "Softmax":
            z = softmax({}, z, {})
        hot = t if plain.ndim(t) == 2 else plain.eye(z.shape[1])[t]
        each = -np.sum(hot * np.log(z), axis=1)
    return np.sum(each) if how.get("reduction") == "sum" else np.mean(each)
