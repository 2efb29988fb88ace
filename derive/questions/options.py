"""The options of a layer as people type them, without those that have their default."""

from __future__ import annotations

from pydantic_core import PydanticUndefined

from derive.derivation.program import Layer
from derive.ir import Int
from derive.network.catalogue import LAYERS, LOSSES
from derive.network.site import show


def options_of(layer: Layer) -> str:
    """`kernel_size=2, stride=1`."""
    kind = LAYERS.get(layer.kind) or LOSSES.get(layer.kind)
    if kind is None:
        return ""
    told = []
    implied = ("out_channels", "kernel_size", "bias") if len(layer.inputs) > 1 else ()
    for name, value in layer.options:
        if name in implied:  # the arrays that the layer is called with say it
            continue
        field = kind.model_fields.get(name)
        default = PydanticUndefined if field is None else field.default
        if value is not None and value != default:
            told.append(f"{name}={_shown(value)}")
    return ", ".join(told)


def _shown(value: object) -> str:
    if isinstance(value, Int):
        return show(value)
    if isinstance(value, tuple):
        return f"({', '.join(map(_shown, value))})"
    return str(value)
