"""Whole arrays, each by its entry: what products, transposes and sums of arrays mean.

A vector is a column; transposed it is a row.  A formula (of the IR) stands for a number.  An
extent None fits every other: that of a vector of ones without a stated length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from derive.ir import (
    ONE,
    Delta,
    Formula,
    Index,
    Int,
    IntLike,
    Plus,
    Range,
    Size,
    Sum,
    Times,
    fresh,
    substitute,
)
from derive.ir.integer import Atom

Extent: TypeAlias = "Int | None"


@dataclass(frozen=True)
class Slope:
    """∂of/∂by: the spelling of both, and which axes belong to which.  For the chain rule."""

    of: object
    by: object
    of_axes: tuple[Index, ...]
    by_axes: tuple[Index, ...]


@dataclass(frozen=True)
class Array:
    """An array of that shape whose entry at `axes` is `formula`; each axis begins at `base`.

    A vector cut out of an array (`W_{i,:}`, `w_j`) is `loose`: a row where only that fits.  The
    shape of an `open` array is that of what stands beside it, with the same entries row by row.
    """

    formula: Formula
    axes: tuple[Index, ...]
    shape: tuple[Extent, ...]
    base: int
    row: bool = False
    slope: Slope | None = None
    loose: bool = False
    open: bool = False

    @property
    def rank(self) -> int:
        return len(self.axes)

    def at(self, *indices: IntLike) -> Formula:
        """The entry at these indices."""
        return substitute(self.formula, dict(zip(self.axes, indices, strict=True)))

    def map(self, f: Callable[[Formula], Formula]) -> Array:
        """`f` of each entry."""
        return replace(self, formula=f(self.formula), slope=None)

    def over(self, axis: int) -> Range:
        """The range of an axis."""
        return between(self.axes[axis], self.shape[axis], self.base)


Value: TypeAlias = "Formula | Array"


class Mismatch(ValueError):
    """Two arrays that do not go together; the text says what was expected and found."""

    def __init__(self, expected: str, found: str, definite: bool = True) -> None:
        super().__init__(expected, found)
        self.expected, self.found, self.definite = expected, found, definite


def between(index: Index, extent: Extent, base: int) -> Range:
    """The range of an index that runs over an axis."""
    if extent is None:
        raise Mismatch("an array of known length beside these ones", "none", definite=False)
    return Range(index, base, extent + (base - 1))


def new_axes(rank: int) -> tuple[Index, ...]:
    return tuple(fresh("ijklmnpq"[k % 8]) for k in range(rank))


# -- extents ---------------------------------------------------------------------------------------


def known_extent(e: Int) -> Int:
    """An extent with sizes replaced by their values, or by what they are defined as."""

    def to(a: Atom) -> Int | None:
        if not isinstance(a, Size):
            return None
        if a.value is not None:
            return Int.of(a.value)
        return None if a.definition is None else known_extent(a.definition)

    return e.replace(to)


def same_extent(a: Extent, b: Extent) -> bool:
    return a is None or b is None or a == b or known_extent(a) == known_extent(b)


def same_shape(a: Sequence[Extent], b: Sequence[Extent]) -> bool:
    return len(a) == len(b) and all(map(same_extent, a, b))


def show(a: Value) -> str:
    """A shape as people write it: `3 x N`; `1 x N` for a row."""
    if not isinstance(a, Array):
        return "a number"
    extents = [show_extent(e) for e in a.shape]
    if a.rank == 1:
        return f"a row of {extents[0]}" if a.row else f"a column of {extents[0]}"
    return f"a {' × '.join(extents)} array"


def show_extent(e: Extent) -> str:
    if e is None:
        return "?"
    text = ""
    for atoms, c in e.terms:
        names = [a.name if isinstance(a, Size) else "⌊·⌋" for a in atoms]
        size = [str(abs(c))] if abs(c) != 1 or not names else []
        text += ("-" if c < 0 else "+") + "·".join([*size, *names])
    return text.removeprefix("+") or "0"


# -- entry by entry --------------------------------------------------------------------------------


def transpose(a: Value) -> Value:
    if not isinstance(a, Array):
        return a
    if a.rank == 1:
        return replace(a, row=not a.row, slope=None)
    if a.rank != 2:
        raise Mismatch("a vector or a matrix before ⊤", show(a), definite=False)
    return replace(a, axes=a.axes[::-1], shape=a.shape[::-1], slope=None)


def zipped(values: Sequence[Value], f: Callable[[list[Formula]], Formula]) -> Value:
    """`f` of the entries of arrays of one shape; a number stands at every entry."""
    arrays = [v for v in values if isinstance(v, Array)]
    if not arrays:
        return f([v for v in values if isinstance(v, Formula)])
    first = max(arrays, key=lambda a: a.rank)
    for a in arrays:
        if not fits_rows(a, first):
            definite = a.rank == first.rank or _fits_nowhere(a, first)
            raise Mismatch(f"the shape of {show(first)}", show(a), definite)
    same = [a for a in arrays if a.rank == first.rank]
    shape = tuple(_widest([a.shape[k] for a in same]) for k in range(first.rank))
    axes = new_axes(first.rank)
    parts = [_spread(v, first, axes) if isinstance(v, Array) else v for v in values]
    return Array(f(parts), axes, shape, first.base, first.row)


def _widest(extents: Iterable[Extent]) -> Extent:
    """The extent of arrays along an axis, in which those of extent 1 are repeated."""
    known = [e for e in extents if e is not None]
    return next((e for e in known if e != ONE), known[0] if known else None)


def fits_rows(a: Array, other: Array) -> bool:
    """Whether `a` has the shape of `other`, or is what each of its rows, columns or parts has."""
    if a.rank == other.rank:
        turned = a.row == other.row or a.loose or other.loose
        return turned and (same_shape(a.shape, other.shape) or _repeats(a, other))
    return _spread_axes(a, other) is not None


def _fits_nowhere(a: Array, other: Array) -> bool:
    """Whether a vector is as long as no axis of an array."""
    return a.rank == 1 and not any(same_extent(a.shape[0], e) for e in other.shape)


def _repeats(a: Array, other: Array) -> bool:
    """Whether arrays that are no vectors differ only where one of them has the extent 1."""
    pairs = list(zip(a.shape, other.shape, strict=True))
    return a.rank > 1 and all(same_extent(e, f) or ONE in (e, f) for e, f in pairs)


def _spread_axes(a: Array, other: Array) -> tuple[int, ...] | None:
    """The axes of an array along which those lie of one with fewer axes that is added to it."""
    if a.rank == 1 and other.rank == 2:
        along = _spread_axis(a, other)
        return None if along is None else (along,)
    last = range(other.rank - a.rank, other.rank)
    if all(same_extent(e, other.shape[k]) for e, k in zip(a.shape, last, strict=True)):
        return tuple(last)
    fitting = [k for k, e in enumerate(other.shape) if same_extent(a.shape[0], e)]
    return tuple(fitting) if a.rank == len(fitting) == 1 else None


def _spread_axis(a: Array, other: Array) -> int | None:
    """The axis of a matrix along which a vector lies that is added to it."""
    if same_extent(a.shape[0], other.shape[1]) and (
        a.row or not same_extent(a.shape[0], other.shape[0]) or other.shape[0] == other.shape[1]
    ):
        return 1
    return 0 if same_extent(a.shape[0], other.shape[0]) and not a.row else None


def _spread(a: Array, other: Array, axes: tuple[Index, ...]) -> Formula:
    along = range(len(axes)) if a.rank == len(axes) else _spread_axes(a, other)
    assert along is not None
    at = [axes[k] for k in along]
    if a.rank > 1 and a.rank == len(axes):
        return a.at(*(a.base if e == ONE else x for e, x in zip(a.shape, at, strict=True)))
    return a.at(*at)


# -- products --------------------------------------------------------------------------------------


def product(a: Array, b: Array) -> Value:
    """The product of matrices; a column of n is n × 1, a row 1 × n."""
    chained = chain_rule(a, b)
    if a.loose or b.loose:
        return _turned(a, b)
    if chained is not None and chained_through(a, b) is not None:
        return chained
    if a.rank > 2 or b.rank > 2:
        return batched(a, b) if chained is None else chained
    return _of_matrices(a, b, chained)


def _of_matrices(a: Array, b: Array, chained: Value | None) -> Value:
    rows = None if a.rank == 1 and a.row else 0
    inner_a = {(1, True): 0, (1, False): None, (2, False): 1}[a.rank, a.row]
    inner_b = 0 if b.rank == 2 or not b.row else None
    columns = b.rank - 1 if b.rank == 2 or b.row else None
    extent_a = ONE if inner_a is None else a.shape[inner_a]
    extent_b = ONE if inner_b is None else b.shape[inner_b]
    if not same_extent(extent_a, extent_b):
        if chained is not None:
            return chained
        raise Mismatch(
            f"{show_extent(extent_a)} rows in the second factor of a product with {show(a)}",
            show(b),
        )
    i, k, j = fresh("i"), fresh("k"), fresh("j")
    at_a = [k if axis == inner_a else i for axis in range(a.rank)]
    at_b = [k if axis == inner_b else j for axis in range(b.rank)]
    body = multiplied([a.at(*at_a), b.at(*at_b)])
    if inner_a is not None and inner_b is not None:
        body = Sum(body, between(k, extent_b if extent_a is None else extent_a, a.base))
    elif k in at_a or k in at_b:
        body = substitute(body, {k: a.base})
    kept: list[tuple[Index, Extent]] = []
    if rows is not None:
        kept.append((i, extent_b if _is_identity(a) else a.shape[0]))
    if columns is not None:
        kept.append((j, extent_a if _is_identity(b) else b.shape[columns]))
    if not kept:
        return body
    axes, shape = zip(*kept, strict=True)
    return Array(body, axes, shape, a.base, rows is None, _slope_of(a, b, i, j, body))


def batched(a: Array, b: Array) -> Array:
    """The product of the matrices along the last axes, for each value of all axes before these.

    A matrix, or the column that is the second factor, is the same for all of them.
    """
    columns = min(b.rank - 1, 1)
    outer_a, outer_b = a.shape[:-2], b.shape[: b.rank - 1 - columns]
    outer = max(outer_a, outer_b, key=len)
    count = min(len(outer_a), len(outer_b))
    alike = same_shape(outer_a[len(outer_a) - count :], outer_b[len(outer_b) - count :])
    if a.rank < 2 or not alike or not same_extent(a.shape[-1], b.shape[-1 - columns]):
        raise Mismatch(
            "arrays that go together in a product", f"{show(a)} times {show(b)}", definite=False
        )
    lead, i, k, j = new_axes(len(outer)), fresh("i"), fresh("k"), fresh("j")
    first = a.at(*lead[len(outer) - len(outer_a) :], i, k)
    second = b.at(*lead[len(outer) - len(outer_b) :], k, *[j] * columns)
    body = Sum(multiplied([first, second]), between(k, a.shape[-1], a.base))
    axes, shape = (*lead, i, *[j] * columns), (*outer, a.shape[-2], *b.shape[b.rank - columns :])
    return Array(body, axes, shape, a.base)


def _is_identity(a: Array) -> bool:
    """Whether an array is an identity matrix that fits every order."""
    return a.shape == (None, None) and isinstance(a.formula, Delta)


def _turned(a: Array, b: Array) -> Value:
    """The product with vectors that may be rows or columns: the first way that fits."""
    first, second = replace(a, loose=False), replace(b, loose=False)
    rows = [replace(x, row=not x.row) for x in (first, second)]
    ways = [(first, second)]
    ways += [(rows[0], second)] * a.loose + [(first, rows[1])] * b.loose
    ways += [tuple(rows)] * (a.loose and b.loose)  # type: ignore[list-item]
    for x, y in ways:
        try:
            return product(x, y)
        except Mismatch:
            continue
    return product(first, second)


def _slope_of(a: Array, b: Array, i: Index, j: Index, body: Formula) -> Slope | None:
    """What a product of ∂x/∂y and ∂y/∂z is the derivative of."""
    s, t = a.slope, b.slope
    if s is None or t is None or s.by != t.of:
        return None
    return Slope(s.of, t.by, (i,) * len(s.of_axes), (j,) * len(t.by_axes))


def chained_through(a: Array, b: Array) -> object | None:
    """The array y, if two factors are ∂x/∂y and ∂y/∂z, in either order, and y is no vector."""
    for first, second in ((a.slope, b.slope), (b.slope, a.slope)):
        if first and second and first.by == second.of:
            return first.by if len(first.by_axes) > 1 else None
    return None


def chain_rule(a: Array, b: Array) -> Value | None:
    """∂x/∂y ∂y/∂z summed over all entries of y, in either order of the factors."""
    if a.slope is None or b.slope is None:
        return None
    s, t = a.slope, b.slope
    if s.by != t.of:
        a, b, s, t = b, a, t, s
    if s.by != t.of or len(s.by_axes) != len(t.of_axes):
        return None
    through = new_axes(len(s.by_axes))
    outer, inner = new_axes(len(s.of_axes)), new_axes(len(t.by_axes))
    at = dict(zip(s.by_axes, through, strict=True)) | dict(zip(s.of_axes, outer, strict=True))
    by = dict(zip(t.of_axes, through, strict=True)) | dict(zip(t.by_axes, inner, strict=True))
    body = multiplied([substitute(a.formula, at), substitute(b.formula, by)])
    extents = dict(zip(a.axes, a.shape, strict=True))
    ranges = [
        between(new, extents[old], a.base) for old, new in zip(s.by_axes, through, strict=True)
    ]
    body = Sum(body, *ranges) if ranges else body
    extents |= dict(zip(b.axes, b.shape, strict=True))
    shape = tuple(extents[x] for x in (*s.of_axes, *t.by_axes))
    if not shape:
        return body
    slope = Slope(s.of, t.by, outer, inner)
    return Array(body, (*outer, *inner), shape, a.base, False, slope)


def inner(a: Array, b: Array) -> Formula:
    """Σ of the products of entries: x·y, ⟨A, B⟩."""
    if not same_shape(a.shape, b.shape):
        raise Mismatch(f"the shape of {show(a)}", show(b))
    axes = new_axes(a.rank)
    known = a if None not in a.shape else b
    ranges = [between(x, n, a.base) for x, n in zip(axes, known.shape, strict=True)]
    return Sum(multiplied([a.at(*axes), b.at(*axes)]), *ranges)


def outer(a: Array, b: Array) -> Array:
    """The array of all products of an entry of `a` and one of `b`."""
    axes = new_axes(a.rank + b.rank)
    body = multiplied([a.at(*axes[: a.rank]), b.at(*axes[a.rank :])])
    return Array(body, axes, a.shape + b.shape, a.base)


def total(a: Array, f: Callable[[Formula], Formula]) -> Formula:
    """Σ f(entry) over all entries."""
    return Sum(f(a.formula), *(a.over(k) for k in range(a.rank)))


# -- numbers ---------------------------------------------------------------------------------------


def multiplied(parts: Iterable[Formula]) -> Formula:
    """A flat product."""
    flat: list[Formula] = []
    for p in parts:
        flat.extend(p.args if isinstance(p, Times) else (p,))  # type: ignore[arg-type]
    return flat[0] if len(flat) == 1 else Times(*flat)


def added(parts: Sequence[Formula]) -> Formula:
    return parts[0] if len(parts) == 1 else Plus(*parts)
