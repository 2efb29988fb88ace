"""A chain of layers: each reads the one before it, or what its `input` names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar

from pydantic import ValidationError

from derive.derivation.program import Layer
from derive.errors import InputError
from derive.ir import Definition, Equal, Int, Tensor
from derive.network.activation import Softmax
from derive.network.catalogue import LAYERS, LOSSES
from derive.network.declare import declared_shape, declared_sizes, layer_names, loss_symbol
from derive.network.given import Given, LayerEntry, LossEntry, schema_error
from derive.network.layer import LayerKind
from derive.network.loss import CrossEntropyLoss, Loss
from derive.network.names import nearest, tagged
from derive.network.site import Site, show_shape
from derive.network.sizes import value_of
from derive.network.statements import definitions

Kind = TypeVar("Kind", bound=LayerKind)


class Chain:
    """The layers of a Given, made one after another; `inputs` and `targets` are what they read."""

    def __init__(self, given: Given) -> None:
        self._given, self.base = given, given.conventions.index_base
        if given.loss is not None and given.loss.target not in given.tensors:
            raise InputError(
                f"the loss has the target “{given.loss.target}”, which is not a tensor. "
                f"{nearest(given.loss.target, given.tensors)} Expected a name from [tensors].",
                **given.source.place("loss", "target"),
            )
        self.sizes = declared_sizes(given)
        self.inputs = tuple(
            Tensor(name, name, declared_shape(given, self.sizes, name), self.base)
            for name in given.tensors
            if given.loss is None or name != given.loss.target
        )
        self.targets: tuple[Tensor, ...] = ()
        self._symbols = {name: f"the tensor {name}" for name in given.tensors}
        self._symbols.update((name, f"the size {name}") for name in given.sizes)
        self._names = layer_names(given)
        self._outputs = {t.name: t for t in self.inputs}
        self._origins = {t.name: f"the tensor {t.name}" for t in self.inputs}
        self._kinds: dict[str, LayerKind] = {}
        self._last: Tensor | None = None

    def layer(self, k: int, entry: LayerEntry) -> Layer:
        """The layer number `k`, from 0."""
        name = self._names[k]
        kind = self._kind(LAYERS, "layer", entry, "layers", k)
        x = self._read(entry, "layers", k)
        new = self._site(name, entry, "layers", k)
        ends = k == len(self._given.layers) - 1 and isinstance(kind, Softmax)
        made = kind.define(x, self._origins[x.name], name, self._symbol(name, ends), new)
        self._outputs[name] = self._last = made.tensor
        self._origins[name] = f"the output of “{name}” ({entry.type})"
        self._kinds[name] = kind
        return self._described(entry, kind, (x,), new, (made,))

    def definitions(self) -> tuple[Layer, ...]:
        """What `define` adds to the layers, which it may read."""
        made = definitions(self._given, self._outputs.values(), self.sizes, self.base)
        for layer in made:
            name, tensor = layer.name, layer.output
            if name in self._names or (
                name not in self._outputs and tensor.symbol in self._symbols
            ):
                other = self._symbols.get(tensor.symbol, "a layer")
                self._fail(f"`define` gives {name} a meaning, but it is {other} already.", "define")
            self._outputs[name] = self._last = tensor
            self._origins[name] = f"the definition of {name}"
        return made

    def loss(self, entry: LossEntry) -> Layer:
        """The loss of the last output, or of what its `input` names."""
        kind = self._kind(LOSSES, "loss", entry, "loss")
        x = self._read(entry, "loss")
        name = entry.name or "L"
        new = self._site(name, entry, "loss")
        if name in self._outputs or name in self._given.tensors:
            new.fail("its name is also that of a layer or tensor; give it another `name`", "name")
        t = self._target(entry, kind, x, new)
        inner: tuple[Definition, ...] = ()
        if isinstance(kind, CrossEntropyLoss):
            inner = self._probabilities(kind, x, new)
        read = inner[-1].tensor if inner else x
        made = kind.loss(read, t, loss_symbol(entry), new)
        return self._described(entry, kind, (x, t), new, (*inner, made))

    # -- parts -----------------------------------------------------------------------------------

    def _symbol(self, name: str, ends: bool) -> str:
        """The symbol of an output: y for the softmax that ends the chain, else z^{(name)}."""
        return "y" if ends and "y" not in self._symbols else tagged("z", name)

    def _label(self, entry: LayerEntry, *path: str | int) -> str:
        """What messages call a layer or the loss."""
        if path[0] == "loss":
            return f"the loss ({entry.type})"
        k = int(path[1])
        return f"layer {k + 1} “{self._names[k]}” ({entry.type})"

    def _site(self, name: str, entry: LayerEntry, *path: str | int) -> Site:
        def place(option: str | None) -> dict[str, Any]:
            return self._given.source.place(*path, *([option] if option else []))

        return Site(name, self._label(entry, *path), self.base, self.sizes, place)

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
            label = self._label(entry, *path)
            raise schema_error(table[entry.type], e, self._given.source, *path, label=label) from e

    def _read(self, entry: LayerEntry, *path: str | int) -> Tensor:
        """What a layer reads: the tensor or output that it names, else the one before it."""
        if entry.input is not None:
            if entry.input not in self._outputs:
                self._fail(
                    f"{self._label(entry, *path)} reads “{entry.input}”, which is neither a tensor "
                    f"nor a layer before it. {nearest(entry.input, self._outputs)}",
                    *path,
                    "input",
                )
            return self._outputs[entry.input]
        if self._last is not None:
            return self._last
        if len(self.inputs) != 1:
            found = ", ".join(t.name for t in self.inputs) or "none"
            self._fail(
                f"{self._label(entry, *path)} has no layer before it, and its input is not clear: "
                f"the tensors that are not the target are {found}. Expected one, or an `input` "
                "that names one.",
                *path,
            )
        return self.inputs[0]

    def _probabilities(
        self, kind: CrossEntropyLoss, x: Tensor, new: Site
    ) -> tuple[Definition, ...]:
        """The softmax that turns logits into probabilities; nothing where they are such already."""
        axis, producer = kind.class_axis(len(x.shape)), self._kinds.get(x.name)
        if not isinstance(producer, Softmax):
            name = "softmax" if "softmax" not in self._outputs else f"{new.name}.softmax"
            symbol = self._symbol(name, ends=True)
            return (Softmax(dim=axis).define(x, self._origins[x.name], name, symbol, new),)
        found = producer.axis(len(x.shape))
        if found != axis:
            new.fail(
                f"the prediction is {self._origins[x.name]} along axis {found}, but the classes "
                f"are on axis {axis}; expected dim = {axis} there"
            )
        return ()

    def _target(self, entry: LossEntry, kind: Loss, x: Tensor, new: Site) -> Tensor:
        """The target, with the extents of the prediction where its own are just numbers."""
        name = entry.target
        told = self._given.tensors[name]
        expected, classes = kind.target_shape(x.shape, len(told))
        if len(told) != len(expected) or not all(map(self._unified, told, expected)):
            new.fail(
                f"the target {name}, of shape ({', '.join(map(str, told))}), does not fit the "
                f"prediction, {self._origins[x.name]}, of shape {show_shape(x.shape)}; expected a "
                f"target of shape {' or '.join(map(show_shape, kind.target_shapes(x.shape)))}",
                "target",
            )
        self.targets = (Tensor(name, name, expected, self.base, classes),)
        return self.targets[0]

    def _unified(self, told: int | str, expected: Int) -> bool:
        """Whether an extent that somebody wrote is that of the prediction, as far as is known."""
        if isinstance(told, int):
            value = value_of(expected)
            if value is None:
                return self.sizes.require(Equal(expected, told))
            return value == told
        size = self.sizes.named(told)
        return size is not None and self.sizes.require(Equal(size, expected))

    def _described(
        self,
        entry: LayerEntry,
        kind: LayerKind,
        inputs: tuple[Tensor, ...],
        new: Site,
        definitions: tuple[Definition, ...],
    ) -> Layer:
        """What a document says of a layer; the symbols that it brings are its own from here on."""
        for tensor in (*new.parameters, *(d.tensor for d in definitions)):
            other = self._symbols.setdefault(tensor.symbol, new.label)
            if other != new.label:
                new.fail(
                    f"its symbol {tensor.symbol} is also that of {other}; rename one of them",
                    "name",
                )
        options = tuple((key, getattr(kind, key)) for key in type(kind).model_fields)
        return Layer(
            *(new.name, entry.type, inputs, tuple(new.parameters), definitions, options),
            remarks=kind.remarks(),
            sizes=tuple(new.sizes_told),
        )

    def _fail(self, message: str, *path: str | int) -> NoReturn:
        raise InputError(message, **self._given.source.place(*path))
