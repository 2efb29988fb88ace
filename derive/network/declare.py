"""What a Given declares by name: its sizes, its layers, and the shapes of its tensors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from derive.errors import InputError
from derive.ir import Equal, Int, Size, Tensor, at_least
from derive.latex import Symbols
from derive.network.call import Call, CallError, call_of
from derive.network.given import Given, LossEntry
from derive.network.known import Known, names_of, tree
from derive.network.names import LAYER_NAME, is_lone_symbol, is_symbol, nearest
from derive.network.notation import Notation
from derive.network.site import show
from derive.network.sizes import Sizes, value_of
from derive.network.statements import computed_size, left_names, whole_number

BOUND = re.compile(r"\s*(>=|>|≥|\\geq?)\s*(\d+)\s*")
"""How a size is declared of which only the least value is known: >=2."""
_REAL = frozenset("eps momentum negative_slope alpha beta value delta min_val max_val p".split())
"""Options that are real numbers: a name there is that of a scalar, not of a new size."""
_RESHAPED = frozenset(("shape", "unflattened_size"))
"""Options in which a name that stands nowhere else is computed from the others."""
MOST_AXES = 16
"""Axes of an array, at most."""
_AXES = {1: "D", 2: "ND", 3: "NCT", 4: "NCHW", 5: "NCDHW"}


class Declarations:
    """What a Given declares by name; some of it only once a definition gives an extent.

    `sizes` are the sizes known so far, `known` the tensors, `inputs` those that are not defined.
    With `literal`, sizes that have a number cannot vary.
    """

    def __init__(self, given: Given, notation: Notation, literal: bool = False) -> None:
        self._given, self._notation = given, notation
        self.known = Known()
        self.inputs: list[Tensor] = []
        _check_names(given)
        self._expressions: dict[str, str] = {}
        self.sizes = self._named_sizes(literal)
        targets = [] if given.loss is None else [given.loss.target]
        self._tensors = [name for name in given.tensors if name not in targets]
        self._tensors += [n for n in notation.classes if n not in given.tensors]
        self._extents = dict(notation.extents)
        self.settle()

    def settle(self) -> None:
        """Enter what has become known: extents, computed sizes, tensors of these sizes."""
        waiting = -1
        while waiting != (waiting := self._waiting):
            for name, (axis, of) in list(self._extents.items()):
                if (tensor := self.known.find(of)) is not None:
                    del self._extents[name]
                    self._enter_extent(name, axis, tensor)
            for name, expression in list(self._expressions.items()):
                try:
                    size = computed_size(self._given, self.sizes, name, expression)
                except InputError:
                    continue
                del self._expressions[name]
                self.sizes.declare(size)
            for name in [n for n in self._tensors if self._shaped(n)]:
                self._tensors.remove(name)
                self._enter_tensor(name)

    def with_extents(self, tensor: Tensor) -> Tensor:
        """A tensor that is about to be defined, its extents by the names that they are given."""
        shape = list(tensor.shape)
        key = tree(tensor.symbol)
        for name, (axis, of) in list(self._extents.items()):
            named = self.sizes.named(name) is not None
            if not named and tree(of) == key and axis <= len(shape):
                extent = shape[axis - 1].atom
                meant = getattr(extent, "definition", None) or shape[axis - 1]
                size = Size(name, value_of(meant), 1, meant)
                self.sizes.declare(size)
                shape[axis - 1] = Int.of(size)
                del self._extents[name]
        return Tensor(tensor.name, tensor.symbol, shape, tensor.base, tensor.classes)

    def finish(self) -> None:
        """Refuse what never became known."""
        for name, (_, of) in self._extents.items():
            raise InputError(
                f"[notation]: {name} is an extent of {of}, which is no array that is declared. "
                f"{nearest(of, self.known.names)}",
                **self._given.source.place("notation", name),
            )
        for name, expression in self._expressions.items():
            computed_size(self._given, self.sizes, name, expression)

    @property
    def names(self) -> list[str]:
        """The names that somebody gave a meaning so far."""
        return [*self.known.names, *self.sizes.names]

    @property
    def _waiting(self) -> int:
        return len(self._extents) + len(self._expressions) + len(self._tensors)

    def _shaped(self, name: str) -> bool:
        shape = [d for d in self._given.tensors.get(name, ()) if isinstance(d, str)]
        read = {n for d in shape for n in (d, *names_of(d))}
        coming = {*self._extents, *self._expressions} - {s.name for s in self.sizes.all}
        return read.isdisjoint(coming)

    def _named_sizes(self, literal: bool) -> Sizes:
        """The sizes that somebody named: in `sizes`, in a shape, or as the option of a layer.

        A name that stands in shapes and options only is free: at least 1, and at least 0 where it
        is nothing but a padding.
        """
        given, notation = self._given, self._notation
        loss = loss_symbol(given.loss) if given.loss else "L"
        taken = (*given.tensors, *notation.extents, *given.sizes, *left_names(given), "y", loss)
        sizes = Sizes(taken, literal)
        for name, value in given.sizes.items():
            bound = BOUND.fullmatch(value) if isinstance(value, str) else None
            if bound is not None:
                sizes.declare(Size(name, None, int(bound[2]) + (bound[1] == ">")))
            elif isinstance(value, int):
                sizes.declare(Size(name, value, min(value, 1)))
            else:
                self._expressions[name] = value
        computed = {*self._expressions, *notation.extents} - {*_circular(given, notation)}
        for name in (*_in_shapes(given), *_in_classes(notation)):
            if name not in computed:
                sizes.declare_free(name, 1)
        found = [pair for pair in _in_options(given) if pair[1] not in computed]
        lone = [(option, name) for option, name in found if is_lone_symbol(name)]
        for _, name in (pair for pair in lone if pair[0] != "padding"):
            sizes.declare_free(name, 1)
        for _, name in lone:
            sizes.declare_free(name, 0)
        return sizes

    def _enter_extent(self, name: str, axis: int, tensor: Tensor) -> None:
        """The size that is the extent of an axis, from 1; a size of its own name must equal it."""
        place = self._given.source.place("notation", name)
        if axis > len(tensor.shape):
            raise InputError(
                f"[notation]: {name} is extent {axis} of {tensor.symbol}, which has "
                f"{len(tensor.shape)} axes.",
                **place,
            )
        extent = tensor.shape[axis - 1]
        told = self.sizes.named(name)
        if told is None:
            self.sizes.declare(Size(name, value_of(extent), 1, extent))
        elif not self.sizes.require(Equal(told, extent)):
            raise InputError(
                f"[notation]: {name} is {show(Int.of(told))}, but extent {axis} of "
                f"{tensor.symbol} is {show(extent)}.",
                **place,
            )

    def _enter_tensor(self, name: str) -> None:
        given = self._given
        base: int = given.conventions.index_base
        classes = None
        shape = declared_shape(given, self.sizes, name) if name in given.tensors else ()
        if name in self._notation.classes:
            first, count = self._class_range(name)
            if shape and first != base:
                raise InputError(
                    f"[notation]: the entries of {name} begin at {first}, but positions at {base}. "
                    f"Expected an index into {base}.. something.",
                    **given.source.place("notation", name),
                )
            base, classes = first, count
        if len(shape) > MOST_AXES:
            raise InputError(
                f"“{name}” has {len(shape)} axes. Expected at most {MOST_AXES}.",
                **given.source.place("tensors", name),
            )
        tensor = Tensor(name, name, shape, base, classes)
        self.known.add(tensor)
        self.inputs.append(tensor)
        order = list(given.tensors)
        self.inputs.sort(key=lambda t: order.index(t.name) if t.name in order else len(order))

    def _class_range(self, name: str) -> tuple[int, Int]:
        """The first class index of a tensor, and how many there are."""
        place = self._given.source.place("notation", name)
        table = Symbols(sizes={s.name: s for s in self.sizes.all})
        first, last = (
            whole_number(text, table, self.sizes.names, f"the index {name}", place)
            for text in self._notation.classes[name]
        )
        if first.constant not in (0, 1):
            raise InputError(f"[notation]: the index {name} begins at neither 0 nor 1.", **place)
        return first.constant, last - first + 1


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
            symbol = is_symbol(extent) or (is_expression(extent) and names_of(extent))
            if not symbol or extent in given.tensors:
                what = "a tensor" if extent in given.tensors else "not the LaTeX of a symbol"
                raise InputError(
                    f"the shape of {tensor} has the extent “{extent}”, which is {what}. Expected a "
                    "number or the name of a size, such as N or C_{out}.",
                    **given.source.place("tensors", tensor),
                )
            yield from names_of(extent) if is_expression(extent) else (extent,)


def is_expression(extent: str) -> bool:
    """Whether an extent is an expression in sizes, such as 2N or H + 1, rather than a name."""
    return (
        not is_lone_symbol(extent)
        and re.search(r"^\d|[-+*/ ]|\\cdot|\\[lr]floor", extent) is not None
    )


def _circular(given: Given, notation: Notation) -> Iterator[str]:
    """The names of extents of arrays that are computed from arrays with the same extents."""
    for name, (_, of) in notation.extents.items():
        left = [tree(source.partition("=")[0]) for source in given.define]
        last = left.index(tree(of)) + 1 if tree(of) in left else 0
        text = " ".join(given.define[:last])
        for tensor, shape in given.tensors.items():
            told = {n for d in shape if isinstance(d, str) for n in (d, *names_of(d))}
            if name in told and (not last or tensor in text):
                yield name


def _in_classes(notation: Notation) -> Iterator[str]:
    for bounds in notation.classes.values():
        for text in bounds:
            yield from names_of(text)


def _in_options(given: Given) -> Iterator[tuple[str, str]]:
    """The names of options that are sizes, in tables of layers and in calls."""
    options = [entry.options for entry in given.layers]
    options += [call.options for call in calls(given)]
    for option, value in (pair for table in options for pair in table.items()):
        if option in _REAL | _RESHAPED:
            continue
        for part in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(part, str) and part not in given.tensors:
                yield option, part


def calls(given: Given) -> Iterator[Call]:
    """The well-formed calls in `define`."""
    for source in given.define:
        try:
            call = call_of(source)
        except CallError:
            continue
        if call is not None:
            yield call


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
        if size is None and is_expression(extent):
            table = Symbols(sizes={s.name: s for s in sizes.all})
            place = given.source.place("tensors", tensor)
            made.append(whole_number(extent, table, sizes.names, f"the shape of {tensor}", place))
            sizes.require(at_least(made[-1], 1))
            continue
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
