"""A network in Python: layers as objects or tables, in the manner of `torch.nn.Sequential`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from derive.network.given import Given
from derive.network.layer import LayerKind

LayerLike: TypeAlias = LayerKind | Mapping[str, Any] | tuple[str, LayerKind | Mapping[str, Any]]


def Network(
    layers: Iterable[LayerLike],
    *,
    tensors: Mapping[str, Iterable[int | str]],
    loss: LayerKind | Mapping[str, Any] | None = None,
    target: str | None = None,
    **tables: Any,
) -> Given:
    """The Given of a chain of layers: `Given.from_dict` in another spelling.

        Network([("conv", Conv2d(1, 20, 5)), MaxPool2d(2), Flatten(), Linear(2880, 10)],
                tensors={"x": ["N", 1, 28, 28], "t": ["N"]}, loss=CrossEntropyLoss(), target="t")

    A layer is an object of a kind such as `Conv2d`, or a table such as {"type": "Conv2d", ...}; in
    a pair its name comes first.  `tables` are the other tables of a Given: sizes, facts, title...
    """
    data: dict[str, Any] = {key: value for key, value in tables.items() if value is not None}
    data["tensors"] = {name: list(shape) for name, shape in tensors.items()}
    data["layers"] = [_entry(layer) for layer in layers]
    if loss is not None:
        data["loss"] = _entry(loss) | ({} if target is None else {"target": target})
    return Given.from_dict(data)


def _entry(layer: LayerLike) -> dict[str, Any]:
    if isinstance(layer, tuple):
        name, layer = layer
        return {"name": name} | _entry(layer)
    if isinstance(layer, LayerKind):
        options = {key: getattr(layer, key) for key in sorted(layer.model_fields_set)}
        return {"type": type(layer).__name__} | options
    return dict(layer)
