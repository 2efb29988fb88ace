"""Reading whole tables at computed places, and adding up into them: the one is the other's dual."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from derive.verify.arithmetic import Arithmetic
from derive.verify.array import DRAW, Array, Data, relabel


def read(a: Array, at: dict[int, Array]) -> Array:
    """`a` with the positions that `at` names read off, instead of having axes for them."""
    named = [x for x in a.axes if x in at]
    if not named:
        return a
    axes = tuple(sorted({x for x in a.axes if x not in at}.union(*(at[x].axes for x in named))))
    index = tuple(
        at[x].spread(axes) if x in at else _along(n, axes.index(x), len(axes))
        for x, n in zip(a.axes, a.data.shape, strict=True)
    )
    flaw = None if a.flaw is None else np.asarray(a.flaw[index])
    return Array(np.asarray(a.data[index], a.data.dtype), axes, flaw)  # one entry is no array


def scatter(
    a: Array,
    places: Sequence[Array],
    labels: dict[int, int],
    kept: dict[int, int],
    positions: dict[int, int],
    numbers: Arithmetic,
) -> Array:
    """Σ a·δ(places, positions) over all of `labels` but those that are `kept`.

    `labels` has the extents of all labels of `a` and of the places, which count from 0.  A flaw
    anywhere in the sum is a flaw of the whole table.
    """
    labels = dict(labels)
    draws = [b.extent(DRAW) for b in (a, *places) if DRAW in b.axes]
    if draws:
        labels[DRAW] = max(draws)
    axes = tuple(sorted(labels))
    shape = tuple(labels[x] for x in axes)
    lead = tuple(x for x in axes if x in kept or x == DRAW)
    flat = np.zeros((1,) * len(axes), np.int64)
    for x in lead:
        flat = flat * labels[x] + _along(labels[x], axes.index(x), len(axes))
    for place, extent in zip(places, positions.values(), strict=True):
        flat = flat * extent + place.spread(axes)
    extents = (*(labels[x] for x in lead), *positions.values())
    values = np.broadcast_to(a.spread(axes), shape).ravel()
    data = numbers.scatter(np.broadcast_to(flat, shape).ravel(), values, prod(extents))
    table = Array(data.reshape(extents), (*lead, *positions), _spoiled(a, extents))
    return relabel(table, {})


def _spoiled(a: Array, extents: tuple[int, ...]) -> Data | None:
    """The worst flaw of `a` everywhere, draw by draw where it has draws."""
    if a.flaw is None or not a.flaw.any():
        return None
    if DRAW not in a.axes:
        return np.full(extents, a.flaw.max())
    worst = a.flaw.reshape(a.flaw.shape[0], -1).max(1)
    return np.broadcast_to(worst.reshape(-1, *(1 for _ in extents[1:])), extents)


def _along(extent: int, axis: int, axes: int) -> Data:
    return np.arange(extent).reshape(*(extent if k == axis else 1 for k in range(axes)))
