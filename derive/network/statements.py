"""The LaTeX in a Given: definitions, computed sizes, and facts about entries or sizes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

from derive.derivation.program import Layer
from derive.errors import InputError, Unsupported
from derive.ir import (
    Entry,
    Equal,
    Guard,
    Int,
    Relation,
    Size,
    Tensor,
    free_indices,
    subformulas,
    tensors,
)
from derive.ir.text import to_text
from derive.latex import Symbols, read_definition, read_facts, read_relation
from derive.network.given import Given
from derive.network.sizes import Sizes, value_of

_CALL = re.compile(r"[^=]*=\s*[A-Z][A-Za-z]{2,}\d?d?\s*\(.*\)\s*")
T = TypeVar("T")


def symbols(known: Iterable[Tensor], sizes: Sizes, base: int) -> Symbols:
    """What the names in a formula mean."""
    return Symbols(
        tensors={t.symbol: t for t in known}, sizes={s.name: s for s in sizes.all}, base=base
    )


def computed_size(given: Given, sizes: Sizes, name: str, expression: str) -> Size:
    r"""The size `name`, which is an expression in sizes that are known, such as H_{out} W_{out}."""
    place = given.source.place("sizes", name)
    unknown = Size(name)
    table = Symbols(sizes={**{s.name: s for s in sizes.all}, name: unknown})
    what = f"the size {name} = “{expression}”"
    read = _read(lambda: read_relation(f"{name} = {expression}", table), what, place)
    if not isinstance(read, Equal) or read.args[0] != Int.of(unknown):
        raise InputError(
            f"{what} is not an expression in sizes. Expected a whole number, a bound such as "
            "“>=1”, or products and sums of sizes.",
            **place,
        )
    definition = read.args[1]
    assert isinstance(definition, Int)
    value = value_of(definition)
    if value is not None and value < 1:
        raise InputError(f"{what} is {value}, expected 1 or more.", **place)
    return Size(name, value, 1, definition)


def definitions(
    given: Given, known: Iterable[Tensor], sizes: Sizes, base: int
) -> tuple[Layer, ...]:
    """The definitions of `define` in their order, each as a layer of its own."""
    read: dict[str, Tensor] = {t.symbol: t for t in known}
    made: list[Layer] = []
    for k, source in enumerate(given.define):
        place = given.source.place("define", k)
        if _CALL.fullmatch(source):
            raise Unsupported(
                f"the call “{source}” cannot be used in `define` yet; write the layer as a table "
                "in [[layers]].",
                **place,
            )
        table = symbols(read.values(), sizes, base)
        definition = _read(partial(read_definition, source, table), f"“{source}”", place)
        tensor = definition.tensor
        if sizes.named(tensor.symbol) is not None:
            raise InputError(f"“{source}” defines {tensor.symbol}, which names a size.", **place)
        if any(tensor.symbol == m.name for m in made):
            raise InputError(f"“{source}” defines {tensor.symbol} a second time.", **place)
        read[tensor.symbol] = tensor
        inputs = [t for t in read.values() if t in tensors(definition.body)]
        made.append(Layer(tensor.name, "Definition", tuple(inputs), (), (definition,)))
    return tuple(made)


def left_names(given: Given) -> tuple[str, ...]:
    """What may be the names that `define` gives a meaning, so that no size takes them."""
    left = [source.partition("=")[0].strip() for source in given.define]
    return tuple(name for text in left for name in (text, text.partition("_")[0]))


def _read(read: Callable[[], T], what: str, place: dict[str, Any]) -> T:
    """What the reader makes of a text; its refusal says where the text stands."""
    try:
        return read()
    except InputError as e:
        raise InputError(f"{what}: {e.message}.", **place) from e


def facts(given: Given, known: Iterable[Tensor], sizes: Sizes, base: int) -> tuple[Relation, ...]:
    """The facts about entries; those about sizes are recorded in `sizes`."""
    table = symbols(known, sizes, base)
    found: list[Relation] = []
    for k, source in enumerate(given.facts):
        place = given.source.place("facts", k)
        for part in _read(partial(read_facts, source, table), f"the fact “{source}”", place):
            if isinstance(part, Relation):
                found.append(part)
            else:
                _record(part, source, sizes, place)
    return tuple(found)


def _record(guard: Guard, source: str, sizes: Sizes, place: dict[str, Any]) -> None:
    atoms = [a for e in subformulas(guard) if isinstance(e, Int) for a in e.atoms_within()]
    if free_indices(guard) or any(isinstance(a, Entry) for a in atoms):
        raise Unsupported(
            f"the fact “{source}” is about indices; expected sizes or entries.", **place
        )
    if not sizes.require(guard):
        raise InputError(
            f"the fact “{source}”, that is {to_text(guard)}, is false for the sizes given. Change "
            "the numbers or leave it out.",
            **place,
        )
