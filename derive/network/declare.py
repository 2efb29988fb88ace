"""What a Given declares by name: its sizes, its layers, and the shapes of its tensors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from derive.errors import InputError
from derive.ir import Int, Size
from derive.network.given import Given, LossEntry
from derive.network.names import LAYER_NAME, is_lone_symbol, is_symbol
from derive.network.sizes import Sizes
from derive.network.statements import computed_size, left_names

_BOUND = re.compile(r"\s*>=\s*(\d+)\s*")
_AXES = {1: "D", 2: "ND", 3: "NCT", 4: "NCHW", 5: "NCDHW"}


def declared_sizes(given: Given) -> Sizes:
    """The sizes that somebody named: in `sizes`, in a shape, or as the option of a layer.

    A name that stands in shapes and options only is free: at least 1, and at least 0 where it is
    nothing but a padding.
    """
    _check_names(given)
    loss = loss_symbol(given.loss) if given.loss else "L"
    sizes = Sizes((*given.tensors, *left_names(given), "y", loss))
    expressions: dict[str, str] = {}
    for name, value in given.sizes.items():
        bound = _BOUND.fullmatch(value) if isinstance(value, str) else None
        if bound is not None:
            sizes.declare(Size(name, None, int(bound[1])))
        elif isinstance(value, int):
            sizes.declare(Size(name, value, min(value, 1)))
        else:
            expressions[name] = value
    for name in _in_shapes(given):
        if name not in expressions:
            sizes.declare_free(name, 1)
    found = [pair for pair in _in_options(given) if pair[1] not in expressions]
    lone = [(option, name) for option, name in found if is_lone_symbol(name)]
    for _, name in (pair for pair in lone if pair[0] != "padding"):
        sizes.declare_free(name, 1)
    for _, name in lone:
        sizes.declare_free(name, 0)
    for name, expression in expressions.items():
        sizes.declare(computed_size(given, sizes, name, expression))
    return sizes


def _check_names(given: Given) -> None:
    """Refuse names that are not symbols, and names of two things."""
    for name in (*given.sizes, *given.tensors):
        if not is_symbol(name):
            raise InputError(
                f"“{name}” is not the LaTeX of a symbol. Expected a letter or a Greek command, "
                r"with sub- and superscripts if you like, such as K, C_{out} or \hat y.",
                **_place(given, name),
            )
    both = next((name for name in given.sizes if name in given.tensors), None)
    if both is not None:
        raise InputError(
            f"“{both}” names a size and a tensor. Give one of them another name.",
            **given.source.place("tensors", both),
        )


def _place(given: Given, name: str) -> dict[str, Any]:
    return given.source.place("sizes" if name in given.sizes else "tensors", name)


def _in_shapes(given: Given) -> Iterator[str]:
    for tensor, shape in given.tensors.items():
        for extent in shape:
            if not isinstance(extent, str):
                continue
            if not is_symbol(extent) or extent in given.tensors:
                what = "a tensor" if extent in given.tensors else "not the LaTeX of a symbol"
                raise InputError(
                    f"the shape of {tensor} has the extent “{extent}”, which is {what}. Expected a "
                    "number or the name of a size, such as N or C_{out}.",
                    **given.source.place("tensors", tensor),
                )
            yield extent


def _in_options(given: Given) -> Iterator[tuple[str, str]]:
    for entry in given.layers:
        for option, value in entry.options.items():
            for part in value if isinstance(value, (list, tuple)) else (value,):
                if isinstance(part, str) and part not in given.tensors:
                    yield option, part


def declared_shape(given: Given, sizes: Sizes, tensor: str) -> tuple[Int, ...]:
    """The shape of a tensor: an extent that is a number becomes a size such as H, 1 stays 1."""
    shape = given.tensors[tensor]
    letters = _AXES.get(len(shape), "D" * len(shape))
    made: list[Int] = []
    for letter, extent in zip(letters, shape, strict=True):
        if isinstance(extent, int):
            made.append(sizes.extent(letter, extent))
            continue
        size = sizes.named(extent)
        if size is None or size.least < 1:
            raise InputError(
                f"the shape of {tensor} has the extent {extent}, which [sizes] lets be 0. Expected "
                f"an extent of at least 1; write {extent} = 1 or more there, or {extent} = “>=1”.",
                **given.source.place("tensors", tensor),
            )
        made.append(Int.of(size))
    return tuple(made)


def loss_symbol(entry: LossEntry) -> str:
    """The symbol of the loss: its name where that reads as a symbol, else L."""
    return entry.name if entry.name is not None and is_lone_symbol(entry.name) else "L"


def layer_names(given: Given) -> tuple[str, ...]:
    """The names of the layers: as given, else the type in lower case, numbered if repeated."""
    types = Counter(e.type.lower() for e in given.layers if e.name is None)
    counts: Counter[str] = Counter()
    names: list[str] = []
    for k, entry in enumerate(given.layers):
        name = entry.name
        if name is None:
            name = entry.type.lower()
            counts[name] += 1
            name = f"{name}{counts[name]}" if types[name] > 1 else name
        elif not LAYER_NAME.fullmatch(name):
            raise InputError(
                f"layer {k + 1} has the name “{name}”. Expected letters and digits, with . or _ "
                "between them, such as conv1.",
                **given.source.place("layers", k, "name"),
            )
        if name in names or name in given.tensors:
            other = "a tensor" if name in given.tensors else "another layer"
            raise InputError(
                f"layer {k + 1} has the name “{name}”, which is also that of {other}. Expected a "
                "name of its own.",
                **given.source.place("layers", k, "name"),
            )
        names.append(name)
    return tuple(names)
