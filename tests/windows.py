"""Convolution and pooling by NumPy slices: what the layers must agree with."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]


def starts(extent: int, pads: tuple[int, int], span: int, stride: int, ceil_mode: bool) -> range:
    """Where the windows begin in the padded input.

    In ceil mode there is one more as long as the one before does not reach the end of the padded
    input, and as long as it does not start in the padding after the input.
    """
    count, padded = 0, extent + sum(pads)
    while True:
        start = count * stride
        fits = start + span <= padded
        if ceil_mode:
            fits = (count == 0 or start - stride + span < padded) and start < extent + pads[0]
        if not fits:
            return range(0, count * stride, stride)
        count += 1


def padded(x: Reals, pads: tuple[tuple[int, int], ...], fill: float) -> Reals:
    """`x` with `fill` around its last axes, and NaN where a window may hang over."""
    around = [(0, 0)] * (x.ndim - len(pads)) + list(pads)
    over = [(0, 0)] * (x.ndim - len(pads)) + [(0, 50)] * len(pads)
    return np.pad(np.pad(x, around, constant_values=fill), over, constant_values=np.nan)


def windows(
    x: Reals,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    pads: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    ceil_mode: bool = False,
    fill: float = 0.0,
) -> Iterator[tuple[tuple[int, ...], Reals]]:
    """Each output position with what its window holds; NaN is beyond the padded input."""
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    begins = [
        starts(*axis, ceil_mode)
        for axis in zip(x.shape[-len(kernel) :], pads, spans, stride, strict=True)
    ]
    around = padded(x, pads, fill)
    for position in product(*(range(len(b)) for b in begins)):
        cut = tuple(
            slice(b[k], b[k] + span, d)
            for b, k, span, d in zip(begins, position, spans, dilation, strict=True)
        )
        yield position, around[(..., *cut)]
