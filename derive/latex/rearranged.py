"""Arrays as programs rearrange them: view, permute, stack, im2col; sums and maxima along an axis.

Names, axes (from 0) and the order of entries (row by row) are PyTorch's.  What is reduced keeps
its axis, with the extent 1, so that it still stands beside the array that it comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from derive.ir import (
    ONE,
    Apply,
    Bracket,
    Count,
    Formula,
    Int,
    IntLike,
    Max,
    Number,
    Power,
    Range,
    Sum,
    at_least,
    at_most,
    conjunction,
    floor,
    fresh,
    ravel,
    substitute,
    unravel,
)
from derive.latex.array import (
    Array,
    Mismatch,
    Value,
    between,
    known_extent,
    multiplied,
    new_axes,
    same_extent,
    show,
    show_extent,
)

REST = Int.of(-1)
"""The extent that stands for what the others leave."""


def shape_of(a: Array) -> tuple[Int, ...]:
    """The shape of an array, all of whose extents must be known."""
    known = tuple(e for e in a.shape if e is not None)
    if len(known) < a.rank:
        raise Mismatch("an array of known shape", "one that fits every shape", definite=False)
    return known


def entries(shape: Sequence[Int]) -> Int:
    """How many entries an array has."""
    total = ONE
    for e in shape:
        total = total * e
    return total


def reshaped(a: Array, shape: Sequence[Int]) -> Array:
    """The same entries, row by row, in another shape; one extent may be -1."""
    old = shape_of(a)
    shape = _completed(old, tuple(shape))
    if not same_extent(entries(shape), entries(old)):
        found = " × ".join(map(show_extent, shape))
        raise Mismatch(f"a shape with as many entries as {show(a)}", found)
    axes = new_axes(len(shape))
    first = 0
    while first < min(len(old), len(shape)) and same_extent(old[first], shape[first]):
        first += 1
    position = ravel(axes[first:], shape[first:], a.base)
    inner = old[first:]
    at: list[IntLike] = [
        *axes[:first],
        *(unravel(position, k, inner, a.base) for k in range(len(inner))),
    ]
    return Array(a.at(*at), axes, shape, a.base)


def _completed(old: tuple[Int, ...], shape: tuple[Int, ...]) -> tuple[Int, ...]:
    """A shape with what the others leave for -1."""
    if REST not in shape:
        return shape
    others = entries([e for e in shape if e != REST])
    rest = floor(entries(old), others)
    if known_extent(rest).constant is None:
        cancelled = [e for e in old if e not in shape]
        rest = entries(cancelled) if entries(cancelled) * others == entries(old) else rest
    return tuple(rest if e == REST else e for e in shape)


def shaped_like(a: Array, others: Sequence[Array]) -> Array:
    """An array whose shape is open, in the shape of one beside it that has as many entries."""
    for other in others:
        known = None not in other.shape and not other.open
        if known and same_extent(entries(shape_of(a)), entries(shape_of(other))):
            return reshaped(a, shape_of(other))
    return replace(a, open=False)


def axis_of(a: Array, k: Int) -> int:
    """The number of an axis, from 0; negative ones count from the end."""
    n = k.constant
    if n is None or not -a.rank <= n < a.rank:
        raise Mismatch(f"an axis of {show(a)}", show_extent(k), definite=False)
    return n % a.rank


def permuted(a: Array, order: Sequence[Int]) -> Array:
    """Axis order[k] becomes axis k."""
    axes = [axis_of(a, k) for k in order]
    if sorted(axes) != list(range(a.rank)):
        raise Mismatch(f"each axis of {show(a)} once", f"{len(axes)} axes", definite=False)
    at = tuple(a.axes[k] for k in axes)
    return Array(a.formula, at, tuple(a.shape[k] for k in axes), a.base)


def swapped(a: Array, pair: Sequence[Int]) -> Array:
    """Two axes swapped; all of them in reverse where none are named."""
    order = list(range(a.rank))
    if not pair:
        return permuted(a, [Int.of(k) for k in reversed(order)])
    if len(pair) != 2:
        raise Mismatch("two axes to swap", f"{len(pair)}", definite=False)
    i, j = (axis_of(a, k) for k in pair)
    order[i], order[j] = order[j], order[i]
    return permuted(a, [Int.of(k) for k in order])


def flattened(a: Array, first: int = 0) -> Array:
    """All axes from `first` on as one."""
    old = shape_of(a)
    return reshaped(a, (*old[:first], entries(old[first:])))


def rows_flattened(a: Value) -> Value:
    """All axes but the first as one."""
    return flattened(a, 1) if isinstance(a, Array) else a


def stacked(a: Array, axis: Int) -> Array:
    """The first axis, that of what is stacked, put at `axis`."""
    to = axis_of(a, axis)
    order = [*range(1, a.rank)]
    order.insert(to, 0)
    return permuted(a, [Int.of(k) for k in order])


def columns(a: Array, kernel: Int, stride: Int, padding: Int) -> Array:
    """im2col: the windows of an image, by channel and offset and then by place.

    What is made of these axes, one or several of each, is left open.
    """
    *outer, height, width = shape_of(a)
    image = (height, width)
    places = [floor(n + padding * 2 - kernel, stride) + 1 for n in image]
    axes = new_axes(len(outer) + 4)
    offsets, windows = axes[len(outer) : -2], axes[-2:]
    at = [
        stride * (i - a.base) + (k - a.base) + a.base - padding
        for i, k in zip(windows, offsets, strict=True)
    ]
    formula = a.at(*axes[: len(outer)], *at)
    if padding.terms:
        inside = [
            g
            for e, n in zip(at, image, strict=True)
            for g in (at_least(e, a.base), at_most(e, n + (a.base - 1)))
        ]
        formula = multiplied([Bracket(conjunction(*inside)), formula])
    return Array(formula, axes, (*outer, kernel, kernel, *places), a.base, open=True)


# -- along an axis ---------------------------------------------------------------------------------


def along(a: Array, axis: Int, reduce: Callable[[Formula, Range], Formula]) -> Array:
    """What `reduce` makes of the entries along an axis, which keeps the extent 1."""
    k = axis_of(a, axis)
    kept = fresh("i")
    axes = tuple(kept if n == k else x for n, x in enumerate(a.axes))
    shape = tuple(ONE if n == k else e for n, e in enumerate(a.shape))
    return Array(reduce(a.formula, a.over(k)), axes, shape, a.base)


def summed(f: Formula, over: Range) -> Formula:
    return Sum(f, over)


def summed_over(a: Array, axes: Sequence[Int]) -> Array:
    """The sum over some axes, which are gone."""
    gone = {axis_of(a, k) for k in axes}
    kept = [k for k in range(a.rank) if k not in gone]
    entry = Sum(a.formula, *(a.over(k) for k in sorted(gone)))
    return Array(entry, tuple(a.axes[k] for k in kept), tuple(a.shape[k] for k in kept), a.base)


def averaged(f: Formula, over: Range) -> Formula:
    count = over.uppers[0] - over.lowers[0] + 1
    return multiplied([Power(Count(count), Number(-1)), Sum(f, over)])


def greatest(f: Formula, over: Range) -> Formula:
    return Max(f, over)


def least(f: Formula, over: Range) -> Formula:
    return multiplied([Number(-1), Max(multiplied([Number(-1), f]), over)])


def normalised(a: Array, axis: Int) -> Array:
    """softmax along an axis."""
    k = axis_of(a, axis)
    other = fresh("k")
    whole = Sum(
        Apply("exp", substitute(a.formula, {a.axes[k]: other})), between(other, a.shape[k], a.base)
    )
    return a.map(lambda f: multiplied([Apply("exp", f), Power(whole, Number(-1))]))


REDUCTIONS: dict[str, Callable[[Formula, Range], Formula]] = {
    "sum": summed,
    "mean": averaged,
    "max": greatest,
    "amax": greatest,
    "min": least,
    "amin": least,
}
