"""Array expressions with the indices that their axes belong to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from derive.ir import Index
from derive.writers.python.functions import NUMPY, Dialect
from derive.writers.python.spell import Strength, Text, call

LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Value:
    """An expression; `axes` are the indices of its axes in order.  A `truth` is 0 or 1.

    `places` are the subscripts of an array of which it is an entry or a slice.
    """

    text: Text
    axes: tuple[Index, ...] = ()
    truth: bool = False
    places: tuple[str, ...] = ()


def union(values: Sequence[Value], order: Sequence[Index]) -> tuple[Index, ...]:
    """The axes of all values together, in order."""
    present = {i for v in values for i in v.axes}
    return tuple(i for i in order if i in present)


def aligned(v: Value, axes: Sequence[Index], dialect: Dialect) -> Text:
    """The expression with its axes in the order of `axes`, ready to be broadcast along others."""
    if v.axes == tuple(axes) or not v.axes:
        return v.text
    v = ordered(v, [i for i in axes if i in v.axes], dialect)
    first = min(k for k, i in enumerate(axes) if i in v.axes)
    if len(v.axes) == len(axes) - first:
        return v.text
    own = iter(v.places or [":"] * len(v.axes))
    places: list[str] = []
    for i in axes[first:]:
        if i not in v.axes:
            places.append("None")
            continue
        places += _up_to_slice(own)
    places += own
    name = (
        v.text.text.partition("[")[0]
        if v.places
        else Text(v.text.text, v.text.strength).within(Strength.ATOM)
    )
    while places[-1] == ":":
        places.pop()
    return Text(f"{name}[{', '.join(places)}]", negative=v.text.negative)


def _up_to_slice(places: Iterator[str]) -> Iterator[str]:
    """The next subscripts, up to one that keeps an axis."""
    for p in places:
        yield p
        if ":" in p:
            return


def ordered(v: Value, axes: Sequence[Index], dialect: Dialect) -> Value:
    """The value with its axes transposed to the order of `axes`."""
    if v.axes == tuple(axes):
        return v
    base = Text(v.text.text, v.text.strength).within(Strength.ATOM)
    if len(axes) == 2:
        return Value(Text(f"{base}.T", negative=v.text.negative), tuple(axes), v.truth)
    method = "transpose" if dialect is NUMPY else "permute"
    places = ", ".join(str(v.axes.index(i)) for i in axes)
    made = Text(f"{base}.{method}({places})", negative=v.text.negative)
    return Value(made, tuple(axes), v.truth)


def summed(v: Value, over: Sequence[Index], dialect: Dialect) -> Value:
    """The sum along some axes."""
    left = tuple(i for i in v.axes if i not in over)
    base = v.text.within(Strength.ATOM)
    if not left:
        return Value(Text(f"{base}.sum()"))
    places = [str(k) for k, i in enumerate(v.axes) if i in over]
    where = places[0] if len(places) == 1 else f"({', '.join(places)})"
    return Value(Text(f"{base}.sum({dialect.axis}={where})"), left)


def contracted(values: Sequence[Value], axes: tuple[Index, ...], dialect: Dialect) -> Value:
    """The product of arrays summed down to `axes`: a matrix product, or an `einsum`."""
    if len(values) == 2:
        found = _matrix_product(values[0], values[1], axes, dialect)
        if found is not None:
            return found
    letters: dict[Index, str] = {}
    for i in (i for v in values for i in v.axes):
        wanted = i.hint[:1].lower()
        free = [c for c in (wanted, *LETTERS) if c in LETTERS and c not in letters.values()]
        letters.setdefault(i, free[0])
    operands = ",".join("".join(letters[i] for i in v.axes) for v in values)
    result = "".join(letters[i] for i in axes)
    texts = [str(numeric(v, dialect).text) for v in values]
    made = call(f"{dialect.module}.einsum", f'"{operands}->{result}"', *texts)
    return Value(made, axes)


def numeric(v: Value, dialect: Dialect) -> Value:
    """A truth as the numbers 0 and 1."""
    if not v.truth:
        return v
    made = call(f"{dialect.module}.where", v.text, "1.0", "0.0")
    return Value(dialect.floating(made), v.axes)


def _matrix_product(a: Value, b: Value, axes: tuple[Index, ...], dialect: Dialect) -> Value | None:
    """`a @ b` where both have at most two axes and share just the one that is summed over."""
    shared = [i for i in a.axes if i in b.axes]
    if len(shared) != 1 or shared[0] in axes or max(len(a.axes), len(b.axes)) > 2:
        return None
    rows = [i for i in a.axes if i != shared[0]]
    columns = [i for i in b.axes if i != shared[0]]
    if (*columns, *rows) == axes and (columns and rows):
        a, b, rows, columns = b, a, columns, rows
    if (*rows, *columns) != axes:
        return None
    left = ordered(numeric(a, dialect), [*rows, *shared], dialect)
    right = ordered(numeric(b, dialect), [*shared, *columns], dialect)
    text = f"{left.text.within(Strength.FACTOR)} @ {right.text.within(Strength.SIGN)}"
    return Value(Text(text, Strength.FACTOR), axes)
