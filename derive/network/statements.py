"""Reading the LaTeX in a Given: the symbol table, computed sizes, and refusals with their place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from derive.errors import InputError
from derive.ir import Count, Equal, Index, Int, Number, Size, Tensor
from derive.latex import Symbols, read_formula, read_relation
from derive.latex.error import UndefinedName
from derive.latex.symbols import ArrayFunction, DefinedFunction, Identity, Ones, Operator
from derive.network.given import Given
from derive.network.names import nearest
from derive.network.notation import Notation
from derive.network.sizes import Sizes, value_of

T = TypeVar("T")


def symbols(
    given: Given,
    notation: Notation,
    known: Iterable[Tensor],
    sizes: Iterable[Size],
    functions: Mapping[str, DefinedFunction | ArrayFunction],
) -> Symbols:
    """What the names in a formula mean, without the cotangents, which need a loss."""
    conventions = given.conventions
    named = {s.name: s for s in sizes}
    arrays = {t.symbol: t for t in known}
    aliases = {a: arrays[name] for a, name in notation.aliases.items() if name in arrays}
    named |= {a: named[name] for a, name in notation.aliases.items() if name in named}
    lengths = {s.name: Int.of(s) for s in named.values()}

    def length(text: str | None) -> Int | None:
        if text is None:
            return None
        return Int.of(int(text)) if text.isdecimal() else lengths.get(text)

    return Symbols(
        tensors={**arrays, **aliases},
        sizes=named,
        indices={name: Index(name) for name in notation.indices},
        base=conventions.index_base,
        kronecker=notation.kroneckers[0] if notation.kroneckers else "\\delta",
        kroneckers=tuple(notation.kroneckers[1:]),
        functions={"\\sigma": "sigmoid"} | notation.functions,
        defined=functions,
        ones={name: Ones(length(text)) for name, text in notation.ones.items()},
        identities={name: Identity(length(text)) for name, text in notation.identities.items()},
        operators={name: Operator(meaning) for name, meaning in notation.operators.items()},
        zero_outside=frozenset(notation.zero_outside),
        slices=notation.slices,
        layout=conventions.layout,
        matrix_layout=conventions.matrix_layout or conventions.layout,
        einstein=conventions.summation == "einstein",
        upper=conventions.index_position == "upper",
        unknown=notation.unknown,
    )


def computed_size(given: Given, sizes: Sizes, name: str, expression: str) -> Size:
    r"""The size `name`, which is an expression in sizes that are known, such as H_{out} W_{out}."""
    place = given.source.place("sizes", name)
    unknown = Size(name)
    table = Symbols(sizes={**{s.name: s for s in sizes.all}, name: unknown})
    what = f"the size {name} = “{expression}”"
    read = reading(
        lambda: read_relation(f"{name} = {expression}", table),
        what,
        place,
        sizes.names,
    )
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


def undeclared(name: str, known: Iterable[str]) -> str:
    """What to do about a name that means nothing."""
    near = nearest(name, known)
    return f"{near} Names get a meaning in [tensors], [sizes], [notation] or `define`."


def whole_number(
    text: str, table: Symbols, known: Iterable[str], what: str, place: dict[str, Any]
) -> Int:
    """A whole number, or an expression in sizes."""
    read = reading(lambda: read_formula(text, table), what, place, known)
    if isinstance(read, Count):
        return read.integer
    if isinstance(read, Number) and read.value.denominator == 1:
        return Int.of(read.value.numerator)
    raise InputError(f"{what}: “{text}” is not a whole number or an expression in sizes.", **place)


def left_names(given: Given) -> tuple[str, ...]:
    """What may be the names that `define` gives a meaning, so that no size takes them."""
    left = [source.partition("=")[0].strip() for source in given.define]
    return tuple(name for text in left for name in (text, text.partition("_")[0]))


def reading(
    read: Callable[[], T], what: str, place: dict[str, Any], known: Iterable[str] = ()
) -> T:
    """What the reader makes of a text; its refusal says where the text stands.

    Of a name without a meaning it says which `known` name is near.
    """
    try:
        return read()
    except UndefinedName as e:
        name = e.found.strip("“”")
        raise InputError(f"{what}: {e.message}. {undeclared(name, known)}", **place) from e
    except InputError as e:
        raise InputError(f"{what}: {e.message}.", **place) from e
