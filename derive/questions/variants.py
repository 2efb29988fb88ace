"""Variants of a sheet: other numbers and sizes within the ranges that are declared.

A variant is drawn from its number alone, so that the same number gives the same sheet.  Sizes and
arrays in `variants` are drawn between their ends; every other array that has values gets whole
numbers between its smallest and its largest one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from derive.errors import InputError
from derive.network.names import nearest
from derive.network.source import Source

TRIES = 60
"""Draws, until one has sizes that fit each other."""

Tables = dict[str, Any]


def drawn(data: Mapping[str, Any], variant: int, attempt: int, source: Source) -> Tables:
    """The tables of a variant; another `attempt` is another draw of it."""
    rng = np.random.default_rng([variant, attempt])
    top = _drawn(data, {}, rng, source)
    problems = [_drawn(p, top, rng, source) for p in data.get("problems", ())]
    return {**top, "problems": problems} if problems else top


def _drawn(
    data: Mapping[str, Any], above: Mapping[str, Any], rng: np.random.Generator, source: Source
) -> Tables:
    """The tables of one scope; sizes that are drawn above hold in it."""
    made = dict(data)
    spans = {**above.get("variants", {}), **data.get("variants", {})}
    tensors = {**above.get("tensors", {}), **data.get("tensors", {})}
    sizes = {**above.get("sizes", {}), **data.get("sizes", {})}
    values = {**above.get("values", {}), **data.get("values", {})}
    _refuse_unknown(spans, sizes, tensors, source)
    own = data.get("variants", {})
    told = dict(data.get("sizes", {}))
    for name in (n for n in sizes if n in (own if above else spans)):
        low, high = spans[name]
        told[name] = int(rng.integers(low, high + 1))
    if told:
        made["sizes"] = told
    now = {**sizes, **told}
    redrawn = dict(data.get("values", {}))
    for name in values:
        if name in redrawn or name in own:
            shape = _shape(tensors.get(name, ()), now)
            redrawn[name] = _entries(values[name], spans.get(name), shape, rng)
    if redrawn:
        made["values"] = redrawn
    return made


def _refuse_unknown(
    spans: Mapping[str, Any],
    sizes: Mapping[str, Any],
    tensors: Mapping[str, Any],
    source: Source,
) -> None:
    for name in spans:
        if name not in sizes and name not in tensors:
            known = nearest(name, [*sizes, *tensors])
            raise InputError(
                f"[variants]: there is no size or tensor “{name}”. {known}",
                **source.place("variants", name),
            )


def _shape(shape: Any, sizes: Mapping[str, Any]) -> tuple[int, ...] | None:
    """The extents of an array where all are numbers by now."""
    found = [sizes.get(d, d) for d in shape]
    return tuple(found) if all(type(d) is int for d in found) else None


def _entries(
    values: Any, span: Any, shape: tuple[int, ...] | None, rng: np.random.Generator
) -> Any:
    """Whole numbers in the shape of the array, which may have changed with its sizes."""
    flat = _flat(values)
    low, high = span or (math.floor(min(flat)), math.ceil(max(flat)))
    extents = _extents(values) if shape is None else shape
    return rng.integers(low, high + 1, extents).tolist()


def _flat(values: Any) -> list[Any]:
    if not isinstance(values, (list, tuple)):
        return [values]
    return [x for v in values for x in _flat(v)]


def _extents(values: Any) -> tuple[int, ...]:
    if not isinstance(values, (list, tuple)):
        return ()
    return (len(values), *(_extents(values[0]) if values else ()))
