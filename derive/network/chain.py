"""A chain of layers: each reads the one before it, or what its `input` names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar

from pydantic import ValidationError

from derive.derivation.program import Layer
from derive.errors import InputError
from derive.ir import Definition, Equal, Int, Tensor
from derive.network.activation import Softmax
from derive.network.catalogue import LAYERS, LOSSES
from derive.network.declare import declared_shape, declared_sizes
from derive.network.given import Given, LayerEntry, LossEntry, schema_error
from derive.network.layer import LayerKind, Shape, Site, show_shape
from derive.network.loss import CrossEntropyLoss, Loss
from derive.network.names import LAYER_NAME, nearest, tagged
from derive.network.sizes import value_of

Kind = TypeVar("Kind", bound=LayerKind)


class Chain:
    """The layers of a Given, made one after another."""

    def __init__(self, given: Given) -> None:
        self._given, self._base = given, given.conventions.index_base
        self.sizes = declared_sizes(given)
        self.inputs = tuple(
            Tensor(name, name, declared_shape(given, self.sizes, name), self._base)
            for name in given.tensors
            if given.loss is None or name != given.loss.target
        )
        self.targets: tuple[Tensor, ...] = ()
        self._symbols = {*given.tensors, *given.sizes}
        self._names = _layer_names(given)
        self._outputs = {t.name: t for t in self.inputs}
        self._origins = {t.name: f"the tensor {t.name}" for t in self.inputs}
        self._kinds: dict[str, LayerKind] = {}
        self._last: Tensor | None = None

    def layer(self, k: int, entry: LayerEntry) -> Layer:
        """The layer number `k`, from 0."""
        name = self._names[k]
        kind = self._kind(LAYERS, "layer", entry, "layers", k)
        x = self._read(entry, "layers", k)
        new = self._site(f"layer {k + 1} “{name}” ({entry.type})", name, "layers", k)
        ends = k == len(self._given.layers) - 1 and isinstance(kind, Softmax)
        made = new.define(kind, x, self._origins[x.name], name, self._symbol(name, ends))
        self._outputs[name] = self._last = made.tensor
        self._origins[name] = f"the output of “{name}” ({entry.type})"
        self._kinds[name] = kind
        return _described(name, entry, kind, (x,), new, (made,))

    def loss(self, entry: LossEntry) -> Layer:
        """The loss of the last output, or of what its `input` names."""
        name = entry.name or "L"
        kind = self._kind(LOSSES, "loss", entry, "loss")
        x = self._read(entry, "loss")
        new = self._site(f"the loss “{name}” ({entry.type})", name, "loss")
        t = self._targeted(entry, kind, x, new)
        definitions = []
        if isinstance(kind, CrossEntropyLoss):
            producer = self._kinds.get(x.name)
            if not isinstance(producer, Softmax):
                softmax = Softmax(dim=kind.class_axis(len(x.shape)))
                free = "softmax" if "softmax" not in self._outputs else f"{name}.softmax"
                definitions.append(
                    new.define(softmax, x, self._origins[x.name], free, self._symbol(free, True))
                )
                x = definitions[-1].tensor
            elif producer.axis(len(x.shape)) != kind.class_axis(len(x.shape)):
                new.fail(
                    f"the prediction is a softmax along axis {producer.axis(len(x.shape))}, but the "
                    f"classes are on axis {kind.class_axis(len(x.shape))}; give that as its dim"
                )
        definitions.append(kind.loss(x, t, new))
        return _described(name, entry, kind, (x, t), new, tuple(definitions))

    # -- parts -----------------------------------------------------------------------------------

    def _symbol(self, name: str, ends: bool) -> str:
        """The symbol of an output: y for the softmax that ends the chain, else z^{(name)}."""
        return "y" if ends and "y" not in self._symbols else tagged("z", name)

    def _site(self, label: str, name: str, *path: str | int) -> Site:
        def place(option: str | None) -> dict[str, Any]:
            return self._given.source.place(*path, *([option] if option else []))

        return Site(name, label, self._base, self.sizes, place)

    def _kind(
        self, table: Mapping[str, type[Kind]], what: str, entry: LayerEntry, *path: str | int
    ) -> Kind:
        if entry.type not in table:
            raise InputError(
                f"there is no {what} of type “{entry.type}”. {nearest(entry.type, table)}",
                **self._given.source.place(*path, "type"),
            )
        try:
            return table[entry.type].model_validate(entry.options)
        except ValidationError as e:
            raise schema_error(table[entry.type], e, self._given.source, *path) from e

    def _read(self, entry: LayerEntry, *path: str | int) -> Tensor:
        """What a layer reads: the tensor or output that it names, else the one before it."""
        if entry.input is not None:
            if entry.input not in self._outputs:
                self._fail(
                    f"{_of(path)} reads “{entry.input}”, which is neither a tensor nor a layer "
                    f"before it. {nearest(entry.input, self._outputs)}",
                    *path,
                    "input",
                )
            return self._outputs[entry.input]
        if self._last is not None:
            return self._last
        if len(self.inputs) != 1:
            found = ", ".join(t.name for t in self.inputs) or "none"
            self._fail(
                f"{_of(path)} has no layer before it, and the input is not clear: the tensors that "
                f"are not the target are {found}. Expected one, or an `input` that names one.",
                *path,
            )
        return self.inputs[0]

    def _targeted(self, entry: LossEntry, kind: Loss, x: Tensor, new: Site) -> Tensor:
        """The target, with the extents of the prediction where its own are just numbers."""
        name = entry.target
        if name not in self._given.tensors:
            known = [n for n in self._given.tensors if n not in self._origins]
            self._fail(
                f"the loss has the target “{name}”, which is not a tensor. "
                f"{nearest(name, known or self._given.tensors)} Declare it in [tensors].",
                "loss",
                "target",
            )
        told = self._given.tensors[name]
        expected, classes = kind.target_shape(x.shape, len(told))
        if len(told) != len(expected) or not all(map(self._unified, told, expected)):
            shapes = kind.target_shapes(x.shape)
            new.fail(
                f"the target {name} has the shape ({', '.join(map(str, told))}), which does not fit "
                f"the prediction, {self._origins[x.name]}, of shape {show_shape(x.shape)}; expected "
                + " or ".join(show_shape(s) for s in shapes),
                "target",
            )
        target = Tensor(name, name, expected, self._base, classes)
        self.targets = (target,)
        return target

    def _unified(self, told: int | str, expected: Int) -> bool:
        """Whether an extent that somebody wrote is that of the prediction, as far as is known."""
        if isinstance(told, int):
            value = value_of(expected)
            if value is None:
                return self.sizes.require(Equal(expected, told))
            return value == told
        return self.sizes.require(Equal(self.sizes.named(told), expected))

    def _fail(self, message: str, *path: str | int) -> NoReturn:
        raise InputError(message, **self._given.source.place(*path))


def _of(path: tuple[str | int, ...]) -> str:
    return f"layer {int(path[1]) + 1}" if len(path) > 1 else "the loss"


def _described(
    name: str,
    entry: LayerEntry,
    kind: LayerKind,
    inputs: tuple[Tensor, ...],
    new: Site,
    definitions: tuple[Definition, ...],
) -> Layer:
    options = tuple((key, getattr(kind, key)) for key in type(kind).model_fields)
    return Layer(
        name, entry.type, inputs, tuple(new.parameters), definitions, options, kind.remarks()
    )


def _layer_names(given: Given) -> tuple[str, ...]:
    """The names of the layers: as given, else the type in lower case, numbered if repeated."""
    types = Counter(e.type.lower() for e in given.layers if e.name is None)
    told = [e.name for e in given.layers if e.name is not None]
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
        if name in names or name in given.tensors or told.count(name) > 1:
            other = "a tensor" if name in given.tensors else "another layer"
            raise InputError(
                f"layer {k + 1} has the name “{name}”, which is also that of {other}. Give each its "
                "own name.",
                **given.source.place("layers", k, "name"),
            )
        names.append(name)
    return tuple(names)
