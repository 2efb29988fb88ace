"""Functions in `define`: those that it defines, and unknown ones of whole arrays."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from derive.errors import InputError
from derive.ir import Definition, Int, Tensor
from derive.latex import Symbols, read_definition, read_formula
from derive.latex.error import ReadError
from derive.latex.symbols import ArrayFunction, DefinedFunction
from derive.network.call import CallError, split
from derive.network.declare import Declarations
from derive.network.given import Given
from derive.network.names import GREEK, is_symbol, tagged
from derive.network.notation import Notation
from derive.network.statements import reading, symbols
from derive.network.unknown import nondecreasing, unknown_function

_SCRIPT = r"(?:_\{[^{}]*\}|_\\?[A-Za-z0-9]+|\^\{\([^{}]*\)\})"
_LETTER = r"(?:\\(?:mathcal|mathsf|mathbf)\s*(?:\{[A-Za-z]\}|[A-Za-z])|\\[A-Za-z]+|[A-Za-z])"
_APPLIED = re.compile(rf"(?<![A-Za-z\\])(?P<name>{_LETTER}{_SCRIPT}*)\s*(?:\\left\s*)?\(")
_FUNCTION = re.compile(
    r"(?P<name>[^=(]+?)\s*(?:\\left\s*)?\((?P<inside>[^()=]+?)(?:\\right\s*)?\)\s*=(?P<body>.+)",
    re.DOTALL,
)
_MAP = re.compile(
    r"(?:\\left\s*)?(?P<open>\[?)\s*(?P<name>[^=(\[]+?)\s*(?:\\left\s*)?\((?P<inside>[^()=]+?)"
    r"(?:\\right\s*)?\)\s*(?:\\right\s*)?(?(open)\]|)\s*_\s*(?P<at>\{[^{}]*\}|[A-Za-z])\s*=(?P<body>.+)",
    re.DOTALL,
)
_LOSS = re.compile(
    rf"(?:[LJEl]|\\ell|\\mathcal\s*(?:\{{[LJE]\}}|[LJE])|\\text\{{[^{{}}]*\}}){_SCRIPT}*"
)


_ENTRYWISE = re.compile(
    rf"(?P<left>[^=(]+?)\s*=\s*(?P<name>{_LETTER}{_SCRIPT}*)\s*(?:\\left\s*)?\((?P<inside>.*)\)\s*"
)
_ARRAY = re.compile(r"(?:\\\w+\s*\{?)?[ahoxyzAHOXYZ]\}?(?![A-Za-z])")
"""Letters of the arrays of activations, rather than of losses."""


def applied_by_entry(given: Given) -> frozenset[str]:
    """The names in equations such as `a = g(z)` that nothing declares: of activation functions."""
    found: dict[str, bool] = {}
    for source in given.define:
        equation = _ENTRYWISE.fullmatch(source.strip())
        if equation is None or "," in equation["inside"]:
            continue
        left, name = equation["left"], equation["name"]
        command = re.match(r"\\([A-Za-z]+)", name)
        letter = command is None or command[1] in GREEK
        of_array = letter and bool(_ARRAY.match(left)) and not _LOSS.fullmatch(left)
        found[name] = found.get(name, True) and of_array
    return frozenset(name for name, entrywise in found.items() if entrywise)


class Functions:
    """What `define` says of functions.

    `defined` are those that it defines, `hidden` the coefficients of the unknown ones.  Unknown
    functions give a number for a whole array, but for those `by_entry`; the names of those that
    might be of either kind are put into `taken`.
    """

    def __init__(
        self,
        given: Given,
        notation: Notation,
        declared: Declarations,
        checking: bool,
        by_entry: frozenset[str],
        taken: set[str],
    ) -> None:
        self._given, self.notation, self._declared = given, notation, declared
        self._checking, self._base = checking, given.conventions.index_base
        self._by_entry, self._taken = by_entry, taken
        self.defined: dict[str, DefinedFunction | ArrayFunction] = {}
        self.hidden: list[Tensor] = []
        for name in notation.nondecreasing:
            function, coefficients = nondecreasing(name)
            self.defined[name] = function
            self.hidden += coefficients

    @property
    def table(self) -> Symbols:
        """What names mean so far."""
        sizes = self._declared.sizes
        named = sizes.declared if self._checking else sizes.all
        table = symbols(self._given, self.notation, self._declared.known, named, self.defined)
        unknown = {name: name for name in sorted(self._by_entry)}
        return replace(table, functions={**unknown, **table.functions}) if unknown else table

    @property
    def arguments(self) -> tuple[Tensor, ...]:
        """The parameters of the functions that are defined, for claims about any argument."""
        functions = self.defined.values() if self._checking else ()
        scalar = (f for f in functions if isinstance(f, DefinedFunction))
        return tuple(p for f in scalar for p in f.parameters)

    def with_tensors(self, definitions: Iterable[Definition]) -> Symbols:
        """The table, with the values of some definitions."""
        table = self.table
        values = {d.tensor.symbol: d.tensor for d in definitions}
        return replace(table, tensors={**table.tensors, **values}) if values else table

    # -- functions that are defined ----------------------------------------------------------------

    def entered(self, source: str, place: dict[str, Any]) -> str | None:
        """Enters a function such as `\\sigma(x) = ...`; else what is left to be read.

        `L(W, b) = ...` with arrays W and b defines L, whatever it depends on.
        """
        text = source.replace(":=", "=").replace("\\coloneqq", "=")
        if self._mapped(text.strip(), source, place):
            return None
        found = _FUNCTION.fullmatch(text.strip())
        known = self._declared.known
        if found is None or not is_symbol(found["name"]) or known.find(found["name"]) is not None:
            return text
        names = [part.strip() for part in found["inside"].split(",")]
        if not all(map(is_symbol, names)):
            return text
        told = [known.find(name) for name in names]
        plain = f"{found['name']} = {found['body']}"
        if any(t is not None and t.shape for t in told) and _LOSS.fullmatch(found["name"]):
            return plain
        try:
            self._enter(found["name"], names, found["body"], source, place)
        except InputError:
            if any(t is None for t in told):
                raise
            return plain
        return None

    def _mapped(self, text: str, source: str, place: dict[str, Any]) -> bool:
        """Enters a function of whole arrays such as `[\\rho(X)]_{i,j} = \\max_p X_{i,p}`."""
        found = _MAP.fullmatch(text)
        if found is None or not is_symbol(found["name"]):
            return False
        arrays = [self._declared.known.find(part.strip()) for part in found["inside"].split(",")]
        parameters = tuple(t for t in arrays if t is not None and t.shape)
        if len(parameters) < len(arrays) or self._declared.known.find(found["name"]) is not None:
            return False
        plain = f"{found['name']}_{found['at']} = {found['body']}"
        made = reading(
            partial(read_definition, plain, self.table), f"“{source}”", place, self._declared.names
        )
        shape = made.tensor.shape
        self.defined[found["name"]] = ArrayFunction(parameters, made.indices, shape, made.body)
        return True

    def _enter(
        self, name: str, names: list[str], body: str, source: str, place: dict[str, Any]
    ) -> None:
        parameters = tuple(Tensor(f"{name}: {n}", n, ()) for n in names)
        table = self.table
        local = replace(
            table,
            tensors={**table.tensors, **{p.symbol: p for p in parameters}},
            sizes={n: s for n, s in table.sizes.items() if n not in names},
        )
        formula = reading(
            partial(read_formula, body, local), f"“{source}”", place, self._declared.names
        )
        self.defined[name] = DefinedFunction(parameters, formula)

    # -- unknown functions -------------------------------------------------------------------------

    def without_unknown(
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
            end = _closing(right, at)
            inside = right[at:end].removesuffix("\\right")
            if not self._is_unknown(found["name"], left.strip()):
                continue
            before, arguments = self._arguments(inside, f"{left.strip()}.{len(made) + 1}", place)
            if not arguments:
                continue
            whole = right[: found.start()].strip() == right[end + 1 :].strip() == ""
            made += [*before, *self._value(found["name"], arguments, left.strip(), whole, made)]
            if whole:
                return "", tuple(made)
            symbol = made[-1].tensor.symbol
            right = f"{right[: found.start()]} {symbol} {right[end + 1 :]}"
            at = found.start() + len(symbol)
        return left + mark + right, tuple(made)

    def _value(
        self, function: str, arguments: tuple[Tensor, ...], left: str, whole: bool, made: list[Any]
    ) -> tuple[Definition, Definition]:
        """The value of an unknown function: of the left side where that is all there is."""
        told = self._declared.known.find(left) if whole else None
        if told is None and len(arguments) == 1 and not _LOSS.fullmatch(left):
            self._taken.add(function)
        shape: tuple[Int, ...] = () if told is None else told.shape
        name = left if whole else f"{left}.{len(made) + 1}"
        symbol = left if whole else tagged("f", name)
        value = unknown_function(function, arguments, name, symbol, shape, self._base)
        self.hidden += [t for t in value.coefficients if t not in self.hidden]
        return value.definitions

    def _arguments(
        self, inside: str, name: str, place: dict[str, Any]
    ) -> tuple[list[Definition], tuple[Tensor, ...]]:
        """The tensors in a list of names and expressions, at least one an array; else none."""
        before: list[Definition] = []
        found: list[Tensor] = []
        try:
            for k, text in enumerate(split(inside)):
                tensor = self._declared.known.find(text)
                if tensor is None:
                    before.append(self.expression(text, f"{name}.{k + 1}", inside, place))
                    tensor = before[-1].tensor
                found.append(tensor)
        except (CallError, InputError):
            return [], ()
        if any(t.classes is not None for t in found) or not any(t.shape for t in found):
            return [], ()
        return before, tuple(found)

    def expression(self, text: str, name: str, source: str, place: dict[str, Any]) -> Definition:
        """The value of an expression in `source`, such as `W x + b`, under a name of ours."""
        symbol = tagged("u", name)
        table = self.table

        def read() -> Definition:
            left = f"{symbol} = "
            try:
                return read_definition(left + text, table)
            except ReadError as e:
                e.position -= len(left)
                raise e.within(text) from None

        return reading(read, f"“{source}”", place, self._declared.names)

    def _is_unknown(self, name: str, left: str) -> bool:
        """Whether a name is that of an unknown function of whole arrays.

        A name with the meaning “function” is one where the left side is the name of a loss; else
        it is applied entry by entry.
        """
        command = re.match(r"\\([A-Za-z]+)", name)
        if not is_symbol(left) or (
            command and command[1] not in GREEK and not command[1].startswith("math")
        ):
            return False
        table = self.table
        if name in table.functions:
            return self.notation.functions.get(name) == name and bool(_LOSS.fullmatch(left))
        meant = (
            table.defined,
            table.operators,
            table.sizes,
            table.ones,
            table.identities,
        )
        return not any(name in t for t in meant) and self._declared.known.find(name) is None


def _closing(text: str, start: int) -> int:
    """Where the bracket closes that opens before `start`; the end where none does."""
    depth = 1
    for k in range(start, len(text)):
        depth += (text[k] == "(") - (text[k] == ")")
        if not depth:
            return k
    return len(text)
