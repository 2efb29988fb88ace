"""The options of a layer as people type them, without those that have their default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic_core import PydanticUndefined

from derive.derivation.program import Layer
from derive.ir import Int, Size
from derive.network.catalogue import LAYERS, LOSSES
from derive.network.site import show


def options_of(layer: Layer, sizes: Iterable[Size]) -> str:
    """`kernel_size=2, stride=1`; names of `sizes` that have a number are told as that."""
    kind = LAYERS.get(layer.kind) or LOSSES.get(layer.kind)
    if kind is None:
        return ""
    told = []
    numbers = {s.name: s.value for s in sizes if s.value is not None}
    implied = ("out_channels", "kernel_size", "bias") if len(layer.inputs) > 1 else ()
    for name, value in layer.options:
        if name in implied:  # the arrays that the layer is called with say it
            continue
        field = kind.model_fields.get(name)
        default = PydanticUndefined if field is None else field.default
        known = _inserted(value, numbers)
        if value is not None and known != default:
            told.append(f"{name}={_shown(known)}")
    return ", ".join(told)


def _inserted(value: object, numbers: Mapping[str, int]) -> object:
    """A value with the numbers of the sizes that it names."""
    if isinstance(value, tuple):
        return tuple(_inserted(v, numbers) for v in value)
    return numbers.get(value, value) if isinstance(value, str) else value


def _shown(value: object) -> str:
    if isinstance(value, Int):
        return show(value)
    if isinstance(value, tuple):
        return f"({', '.join(map(_shown, value))})"
    return str(value)
