"""The entries of `define` in their order: calls of layers, functions, and formulas."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import Any

from derive.derivation.program import Layer
from derive.errors import InputError
from derive.ir import Definition, Equal, Int, Tensor, tensors
from derive.latex import Symbols, read_definition, read_formula
from derive.latex.symbols import DefinedFunction
from derive.network.applied import Applied
from derive.network.call import Call, CallError, call_of, split
from derive.network.chain import Chain
from derive.network.declare import Declarations
from derive.network.given import Given
from derive.network.names import GREEK, is_symbol, tagged
from derive.network.notation import Notation
from derive.network.site import show_shape
from derive.network.statements import reading, symbols
from derive.network.unknown import unknown_function

_SCRIPT = r"(?:_\{[^{}]*\}|_\\?[A-Za-z0-9]+|\^\{\([^{}]*\)\})"
_LETTER = r"(?:\\(?:mathcal|mathsf|mathbf)\s*(?:\{[A-Za-z]\}|[A-Za-z])|\\[A-Za-z]+|[A-Za-z])"
_APPLIED = re.compile(rf"(?P<name>{_LETTER}{_SCRIPT}*)\s*(?:\\left\s*)?\(")
_FUNCTION = re.compile(
    r"(?P<name>[^=(]+?)\s*(?:\\left\s*)?\((?P<inside>[^()=]+?)(?:\\right\s*)?\)\s*=(?P<body>.+)"
)
FORMULA = "Definition"
"""The kind of a layer that is a formula; its definitions before the last have no names."""
_LOSSES = re.compile(r"L|J|E|l|\\ell|\\mathcal\s*\{?[LJE]\}?|\\text\{[A-Za-z ]*\}|loss")


class Defining:
    """Reads `define`; `functions` are those defined there, `hidden` the coefficients of others."""

    def __init__(
        self, given: Given, notation: Notation, declared: Declarations, chain: Chain, checking: bool
    ) -> None:
        self._given, self.notation, self._declared, self._chain = given, notation, declared, chain
        self._checking = checking
        self.functions: dict[str, DefinedFunction] = {}
        self.hidden: list[Tensor] = []

    def layers(self) -> tuple[Layer, ...]:
        """Each definition as a layer of its own."""
        made: list[Layer] = []
        for k, source in enumerate(self._given.define):
            layer = self._entry(k, source)
            if layer is None:
                continue
            self._refuse_repeated(layer, made, source, k)
            made.append(layer)
            own = layer.definitions[-1:] if layer.kind == FORMULA else layer.definitions
            for t in (*layer.parameters, *(d.tensor for d in own)):
                self._declared.known.add(t)
            self._declared.settle()
        return tuple(made)

    @property
    def table(self) -> Symbols:
        """What names mean so far."""
        declared = self._declared
        sizes = declared.sizes.declared if self._checking else declared.sizes.all
        return symbols(self._given, self.notation, declared.known, sizes, self.functions)

    # -- one entry ---------------------------------------------------------------------------------

    def _entry(self, k: int, source: str) -> Layer | None:
        place = self._given.source.place("define", k)
        try:
            call = call_of(source)
        except CallError as e:
            raise InputError(f"“{source}”: {e}.", **place) from e
        if call is not None:
            return self._call(k, source, call)
        if self._function(source, place):
            return None
        text, before = self._without_unknown(source, place)
        if not text:
            return self._layer((before[0], self._declared_left(before[1], source, place)), k)
        table = self.table
        if before:
            values = {d.tensor.symbol: d.tensor for d in before}
            table = replace(table, tensors={**table.tensors, **values})
        made = reading(partial(read_definition, text, table), f"“{source}”", place)
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
        arrays = tuple(self._array(text, source, place) for text in call.arrays)
        layer, kind = Applied(self._chain, self._declared, self.table).layer(k, call, arrays)
        last = self._declared_left(layer.definitions[-1], source, place)
        layer = Layer(
            *(layer.name, layer.kind, layer.inputs, layer.parameters),
            definitions=(*layer.definitions[:-1], last),
            options=layer.options,
            remarks=layer.remarks,
            sizes=layer.sizes,
        )
        self._chain.defined(layer, kind, k)
        return layer

    def _array(self, text: str, source: str, place: dict[str, Any]) -> Tensor:
        tensor = self._declared.known.find(text)
        if tensor is None:
            names = ", ".join(self._declared.known.names) or "none"
            raise InputError(f"“{source}” reads {text}; known arrays are {names}.", **place)
        return tensor

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

    def _refuse_repeated(self, layer: Layer, made: list[Layer], source: str, k: int) -> None:
        place = self._given.source.place("define", k)
        symbol = layer.output.symbol
        if self._declared.sizes.named(symbol) is not None:
            raise InputError(f"“{source}” defines {symbol}, which names a size.", **place)
        if any(symbol == m.output.symbol for m in made):
            raise InputError(f"“{source}” defines {symbol} a second time.", **place)

    # -- functions ---------------------------------------------------------------------------------

    def _function(self, source: str, place: dict[str, Any]) -> bool:
        """Enter the scalar function that an entry such as `\\sigma(x) = ...` defines."""
        found = _FUNCTION.fullmatch(source.strip())
        if found is None or self._declared.known.find(found["name"]) is not None:
            return False
        names = [part.strip() for part in found["inside"].split(",")]
        if not is_symbol(found["name"]) or not all(map(is_symbol, names)):
            return False
        parameters = tuple(Tensor(f"{found['name']}: {name}", name, ()) for name in names)
        table = self.table
        inner = {**table.tensors, **{p.symbol: p for p in parameters}}
        shadowed = {n: s for n, s in table.sizes.items() if n not in names}
        local = Symbols(
            tensors=inner,
            sizes=shadowed,
            base=table.base,
            defined=table.defined,
            functions=table.functions,
        )
        body = reading(partial(read_formula, found["body"], local), f"“{source}”", place)
        self.functions[found["name"]] = DefinedFunction(parameters, body)
        return True

    def _without_unknown(
        self, source: str, place: dict[str, Any]
    ) -> tuple[str, tuple[Definition, ...]]:
        """The source with the values of unknown functions of whole arrays named, and these values.

        In `L = f(Y) + g(Z)` symbols stand for f(Y) and g(Z); of `L = f(Y)` no source is left.
        """
        left, mark, right = source.partition("=")
        made: list[Definition] = []
        at = 0
        while (found := _APPLIED.search(right, at)) is not None:
            at = found.end()
            end = _closing(right, found.end())
            arguments = self._arrays(right[found.end() : end].removesuffix("\\right"))
            if not arguments or not self._is_unknown(found["name"], left.strip()):
                continue
            name = symbol = left.strip()
            whole = right[: found.start()].strip() == right[end + 1 :].strip() == ""
            told = self._declared.known.find(left) if whole else None
            shape: tuple[Int, ...] = () if told is None else told.shape
            if not whole:
                name = f"{name}.{len(made) // 2 + 1}"
                symbol = tagged("f", name)
            value = unknown_function(
                found["name"], arguments, name, symbol, shape, self._chain.base
            )
            self.hidden += [t for t in value.coefficients if t not in self.hidden]
            made += value.definitions
            if whole:
                return "", tuple(made)
            right = f"{right[: found.start()]} {symbol} {right[end + 1 :]}"
            at = found.start() + len(symbol)
        return left + mark + right, tuple(made)

    def _arrays(self, inside: str) -> tuple[Tensor, ...]:
        """The tensors in a list of names, at least one an array; none if it is anything else."""
        try:
            found = [self._declared.known.find(text) for text in split(inside)]
        except CallError:
            return ()
        arrays = tuple(t for t in found if t is not None and t.classes is None)
        return arrays if len(arrays) == len(found) and any(t.shape for t in arrays) else ()

    def _is_unknown(self, name: str, left: str) -> bool:
        """Whether a name is that of an unknown function of whole arrays.

        A name with the meaning “function” is one where the left side is the name of a loss; else
        it is applied entry by entry.
        """
        command = re.match(r"\\([A-Za-z]+)", name)
        if command and command[1] not in GREEK and not command[1].startswith("math"):
            return False
        table = self.table
        if name in table.functions:
            return self.notation.functions.get(name) == name and bool(_LOSSES.fullmatch(left))
        taken = (table.defined, table.operators, table.sizes, table.ones, table.identities)
        return not any(name in t for t in taken) and self._declared.known.find(name) is None


def _closing(text: str, start: int) -> int:
    """Where the bracket closes that opens before `start`; the end where none does."""
    depth = 1
    for k in range(start, len(text)):
        depth += (text[k] == "(") - (text[k] == ")")
        if not depth:
            return k
    return len(text)
