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
from derive.network.declare import Declarations, layer_names, loss_symbol
from derive.network.given import Given, LayerEntry, LossEntry, schema_error
from derive.network.layer import LayerKind
from derive.network.loss import CrossEntropyLoss, Loss
from derive.network.names import nearest, tagged
from derive.network.site import Site, show_shape
from derive.network.sizes import value_of

Kind = TypeVar("Kind", bound=LayerKind)


class Chain:
    """The layers of a Given, made one after another; `inputs` and `targets` are what they read."""

    def __init__(self, given: Given, declared: Declarations) -> None:
        self._given, self.base = given, given.conventions.index_base
        if given.loss is not None and given.loss.target not in given.tensors:
            raise InputError(
                f"the loss has the target “{given.loss.target}”, which is not a tensor. "
                f"{nearest(given.loss.target, given.tensors)} Expected a name from [tensors].",
                **given.source.place("loss", "target"),
            )
        self.declared, self.sizes = declared, declared.sizes
        self.targets: tuple[Tensor, ...] = ()
        self._symbols = {name: f"the tensor {name}" for name in given.tensors}
        self._symbols.update((name, f"the size {name}") for name in given.sizes)
        self._names = layer_names(given)
        self._outputs: dict[str, Tensor] = {}
        self._origins = {name: f"the tensor {name}" for name in given.tensors}
        self._kinds: dict[str, LayerKind] = {}
        self._last: Tensor | None = None

    def layer(self, k: int, entry: LayerEntry) -> Layer:
        """The layer number `k`, from 0."""
        name = self._names[k]
        kind = self.kind(LAYERS, "layer", entry, "layers", k)
        x = self._read(entry, "layers", k)
        new = self.site(name, entry, "layers", k)
        ends = k == len(self._given.layers) - 1 and isinstance(kind, Softmax)
        made = kind.define(x, self.origin(x), name, self._symbol(name, ends), new)
        self._outputs[name] = self._last = made.tensor
        self._origins[name] = f"the output of “{name}” ({entry.type})"
        self._kinds[name] = kind
        self.declared.known.add(made.tensor)
        return self.described(entry, kind, (x,), new, (*new.before, made))

    def defined(self, layer: Layer, kind: LayerKind | None, k: int) -> None:
        """Enter what entry `k` of `define` gives a meaning."""
        name, tensor = layer.name, layer.output
        taken = name not in self._given.tensors and tensor.symbol in self._symbols
        if name in self._names or (kind is None and name not in self._outputs and taken):
            other = self._symbols.get(tensor.symbol, "a layer")
            self._fail(f"`define` gives {name} a meaning, but it is {other} already.", "define", k)
        self._outputs[name] = self._last = tensor
        self._origins[name] = f"the definition of {name}"
        if kind is not None:
            self._kinds[name] = kind

    def origin(self, tensor: Tensor) -> str:
        """What messages call a tensor."""
        return self._origins.get(tensor.name, f"the tensor {tensor.name}")

    def loss(self, entry: LossEntry) -> Layer:
        """The loss of the last output, or of what its `input` names."""
        kind = self.kind(LOSSES, "loss", entry, "loss")
        x = self._read(entry, "loss")
        name = entry.name or "L"
        new = self.site(name, entry, "loss")
        if name in self._outputs or name in self._given.tensors:
            new.fail("its name is also that of a layer or tensor; give it another `name`", "name")
        t = self._target(entry, kind, x, new)
        inner: tuple[Definition, ...] = ()
        if isinstance(kind, CrossEntropyLoss):
            inner = self.probabilities(kind, x, new)
        read = inner[-1].tensor if inner else x
        made = kind.loss(read, t, loss_symbol(entry), new)
        return self.described(entry, kind, (x, t), new, (*inner, made))

    # -- parts -----------------------------------------------------------------------------------

    def _symbol(self, name: str, ends: bool) -> str:
        """The symbol of an output: y for the softmax that ends the chain, else z^{(name)}."""
        return "y" if ends and "y" not in self._symbols else tagged("z", name)

    def _label(self, entry: LayerEntry, *path: str | int) -> str:
        """What messages call a layer or the loss."""
        if path[0] == "loss":
            return f"the loss ({entry.type})"
        k = int(path[1])
        if path[0] == "define":
            return f"“{self._given.define[k]}”"
        return f"layer {k + 1} “{self._names[k]}” ({entry.type})"

    def site(self, name: str, entry: LayerEntry, *path: str | int) -> Site:
        def place(option: str | None) -> dict[str, Any]:
            return self._given.source.place(*path, *([option] if option else []))

        new = Site(name, self._label(entry, *path), self.base, self.sizes, place)
        new.known = self.declared.known
        return new

    def kind(
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
        inputs = {t.name: t for t in self.declared.inputs}
        if entry.input is not None:
            known = inputs | self._outputs
            if entry.input not in known:
                self._fail(
                    f"{self._label(entry, *path)} reads “{entry.input}”, which is neither a tensor "
                    f"nor a layer before it. {nearest(entry.input, known)}",
                    *path,
                    "input",
                )
            return known[entry.input]
        if self._last is not None:
            return self._last
        if len(inputs) != 1:
            found = ", ".join(inputs) or "none"
            self._fail(
                f"{self._label(entry, *path)} has no layer before it, and its input is not clear: "
                f"the tensors that are not the target are {found}. Expected one, or an `input` "
                "that names one.",
                *path,
            )
        return next(iter(inputs.values()))

    def probabilities(
        self, kind: CrossEntropyLoss, x: Tensor, new: Site, name: str = ""
    ) -> tuple[Definition, ...]:
        """The softmax that turns logits into probabilities; nothing where they are such already.

        Without a `name` it is a layer of its own, named softmax if it can be.
        """
        axis, producer = kind.class_axis(len(x.shape)), self._kinds.get(x.name)
        if not isinstance(producer, Softmax):
            symbol = tagged("z", name)
            if not name:
                name = "softmax" if "softmax" not in self._outputs else f"{new.name}.softmax"
                symbol = self._symbol(name, ends=True)
            return (Softmax(dim=axis).define(x, self.origin(x), name, symbol, new),)
        found = producer.axis(len(x.shape))
        if found != axis:
            new.fail(
                f"the prediction is {self.origin(x)} along axis {found}, but the classes "
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
                f"prediction, {self.origin(x)}, of shape {show_shape(x.shape)}; expected a "
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

    def described(
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
            if other not in (new.label, f"the tensor {new.name}"):
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
