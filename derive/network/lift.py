"""Layers on arrays that lack an axis: one image without channels, one output without its axis.

A forward formula is written for all axes.  Where an array has no batch or channel axis, the layer
is made with axes of extent 1 in their places, and these are taken out of the definition again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from derive.ir import (
    ONE,
    Component,
    Definition,
    Formula,
    Index,
    Int,
    Range,
    Sum,
    Tensor,
    rebuild,
    replace_components,
    substitute,
)


@dataclass(frozen=True)
class Fit:
    """How a layer is called: options that follow from the arrays, and the axes that these lack.

    `units` has for the input ("") and each supplied array the places of the axes that are put in,
    counted in the array with all axes; `dropped` are the axes of the output that go.
    """

    options: dict[str, object] = field(default_factory=dict)
    units: dict[str, tuple[int, ...]] = field(default_factory=dict)
    dropped: tuple[int, ...] = ()


def with_units(tensor: Tensor, places: tuple[int, ...]) -> Tensor:
    """The tensor with axes of extent 1 put in at `places`, in increasing order."""
    shape = list(tensor.shape)
    for k in places:
        shape.insert(k, ONE)
    return Tensor(tensor.name, tensor.symbol, shape, tensor.base, tensor.classes)


def without_units(
    d: Definition, read: dict[Tensor, tuple[Tensor, tuple[int, ...]]], dropped: tuple[int, ...]
) -> Definition:
    """The definition in terms of the arrays as they are, and without the axes `dropped`.

    `read` has for each array with axes put in the array itself and the places of these axes.
    """

    def bare(c: Component) -> Formula | None:
        if c.tensor not in read:
            return None
        tensor, places = read[c.tensor]
        return Component(tensor, *(e for k, e in enumerate(c.indices) if k not in places))

    t = d.tensor
    kept = [k for k in range(len(t.shape)) if k not in dropped]
    gone = {d.indices[k]: t.base for k in dropped}
    tensor = Tensor(t.name, t.symbol, [t.shape[k] for k in kept], t.base, t.classes)
    body = _collapsed(replace_components(substitute(d.body, gone), bare))
    return Definition(tensor, tuple(d.indices[k] for k in kept), body)


def _collapsed(f: Any) -> Any:
    """Sums without ranges of one number."""
    if not f.args or isinstance(f, Int):
        return f
    f = rebuild(f, tuple(map(_collapsed, f.args)))
    if not isinstance(f, Sum):
        return f
    single: dict[Index, Int] = {}
    kept: list[Range] = []
    for r in f.ranges:
        if len(r.lowers) == len(r.uppers) == 1 and r.lowers == r.uppers:
            single[r.index] = r.lowers[0]
        else:
            kept.append(substitute(r, single))
    if not single:
        return f
    body, condition = substitute(f.body, single), substitute(f.condition, single)
    return Sum(body, *kept, condition) if kept or condition.args else body
