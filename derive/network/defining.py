"""The entries of `define` in their order: calls of layers, functions, and formulas."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from derive.derivation.program import Layer
from derive.errors import InputError
from derive.ir import Definition, Equal, Tensor, tensors
from derive.latex import read_definition
from derive.network.applied import Applied
from derive.network.call import Call, CallError, call_of
from derive.network.chain import Chain
from derive.network.declare import Declarations
from derive.network.functions import Functions
from derive.network.given import Given
from derive.network.names import is_symbol
from derive.network.site import show_shape
from derive.network.statements import reading, undeclared

_WORD = re.compile(r"[\w\\{}^]+")

FORMULA = "Definition"
"""The kind of a layer that is a formula; its definitions before the last have no names."""


class Defining:
    """Reads `define`."""

    def __init__(
        self, given: Given, declared: Declarations, chain: Chain, functions: Functions
    ) -> None:
        self._given, self._declared, self._chain = given, declared, chain
        self.functions = functions
        self._unnamed: set[Tensor] = set()
        self._read: set[Tensor] = set()

    def layers(self) -> tuple[Layer, ...]:
        """Each definition as a layer of its own."""
        made: list[Layer] = []
        for k, source in enumerate(self._given.define):
            layer = self._entry(k, source)
            if layer is None:
                continue
            self._refuse_repeated(layer, made, source, k)
            made.append(layer)
            self._refuse_circular(layer, source, k)
            for t in (*layer.parameters, *(d.tensor for d in layer.definitions)):
                if t not in self._unnamed:
                    self._declared.known.add(t)
            self._declared.settle()
        return tuple(made)

    # -- one entry ---------------------------------------------------------------------------------

    def _entry(self, k: int, source: str) -> Layer | None:
        place = self._given.source.place("define", k)
        try:
            call = call_of(source)
        except CallError as e:
            raise InputError(f"“{source}”: {e}.", **place) from e
        if call is not None:
            return self._call(k, source, call)
        text = self.functions.entered(source, place)
        if text is None:
            return None
        text, before = self.functions.without_unknown(text, place)
        self._unnamed |= {d.tensor for d in (before if text else before[:-1])}
        if not text:
            return self._layer((*before[:-1], self._declared_left(before[-1], source, place)), k)
        table = self.functions.with_tensors(before)
        made = reading(
            partial(read_definition, text, table), f"“{source}”", place, self._declared.names
        )
        return self._layer((*before, self._declared_left(made, source, place)), k)

    def _layer(self, definitions: tuple[Definition, ...], k: int) -> Layer:
        tensor = definitions[-1].tensor
        read = {t for d in definitions for t in tensors(d.body)}
        inputs = tuple(t for t in self._declared.known if t in read)
        layer = Layer(tensor.name, FORMULA, inputs, (), definitions)
        self._chain.defined(layer, None, k)
        return layer

    def _call(self, k: int, source: str, call: Call) -> Layer:
        place = self._given.source.place("define", k)
        if not is_symbol(call.left):
            raise InputError(f"“{source}”: {call.left} is not the LaTeX of a symbol.", **place)
        before: list[Definition] = []
        arrays = tuple(
            self._array(text, f"{call.left}.{n}", before, source, place)
            for n, text in enumerate(call.arrays, start=1)
        )
        self._unnamed |= {d.tensor for d in before}
        table = self.functions.table
        layer, kind = Applied(self._chain, self._declared, table).layer(k, call, arrays)
        last = self._declared_left(layer.definitions[-1], source, place)
        layer = Layer(
            *(layer.name, layer.kind, layer.inputs, layer.parameters),
            definitions=(*before, *layer.definitions[:-1], last),
            options=layer.options,
            remarks=layer.remarks,
            sizes=layer.sizes,
        )
        self._chain.defined(layer, kind, k)
        return layer

    def _array(
        self, text: str, name: str, before: list[Definition], source: str, place: dict[str, Any]
    ) -> Tensor:
        """The array that an argument names, or the value of an expression, defined under `name`."""
        tensor = self._declared.known.find(text)
        if tensor is None:
            before.append(self._expression(text, name, source, place))
            tensor = before[-1].tensor
        return tensor

    def _expression(self, text: str, name: str, source: str, place: dict[str, Any]) -> Definition:
        """The value of an argument that names no array; a word is refused as such a name."""
        try:
            return self.functions.expression(text, name, source, place)
        except InputError as error:
            if not _WORD.fullmatch(text):
                raise
            hint = undeclared(text, self._declared.names)
            raise InputError(f"“{source}”: there is no array “{text}”. {hint}", **place) from error

    def _declared_left(self, d: Definition, source: str, place: dict[str, Any]) -> Definition:
        """The definition with the shape that is declared for its left side, by names of extents."""
        told = self._declared.known.find(d.tensor.symbol)
        if told is None or told not in self._declared.inputs or told == d.tensor:
            return Definition(self._declared.with_extents(d.tensor), d.indices, d.body)
        pairs = zip(told.shape, d.tensor.shape, strict=False)
        fitting = len(told.shape) == len(d.tensor.shape)
        if not fitting or not all(self._declared.sizes.require(Equal(e, f)) for e, f in pairs):
            raise InputError(
                f"“{source}” has the shape {show_shape(d.tensor.shape)}, but {told.symbol} is "
                f"declared with {show_shape(told.shape)}.",
                **place,
            )
        return Definition(told, d.indices, d.body)

    def _refuse_circular(self, layer: Layer, source: str, k: int) -> None:
        """A declared array may be defined, but not by what is computed from it."""
        for d in layer.definitions:
            self._read |= tensors(d.body)
            if d.tensor in self._read:
                raise InputError(
                    f"“{source}” defines {d.tensor.symbol} by itself, or after what needs it.",
                    **self._given.source.place("define", k),
                )

    def _refuse_repeated(self, layer: Layer, made: list[Layer], source: str, k: int) -> None:
        place = self._given.source.place("define", k)
        symbol = layer.output.symbol
        if self._declared.sizes.named(symbol) is not None:
            raise InputError(f"“{source}” defines {symbol}, which names a size.", **place)
        if any(symbol == m.output.symbol for m in made):
            raise InputError(f"“{source}” defines {symbol} a second time.", **place)
