"""Row-major reshapes of index tuples: `ravel` and `unravel`, exact inverses on their ranges.

    ravel((c, m, l), (C, H, W)) = ((c - 1)·H + (m - 1))·W + (l - 1) + 1      counting from 1
    unravel(f, 0, (C, H, W))    = ⌊(f - 1)/(H·W)⌋ + 1

They stay whole, as atoms, because a reader knows (c, m, l) by sight and nobody knows
144c + 12m + l - 156.  Outside their ranges they have no value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Basic

from derive.ir.extent import inlined, product_of
from derive.ir.integer import ONE, Compound, Int, IntLike, floor, mod


class Ravel(Compound):
    """The position of the tuple `indices` in an array of shape `dims`, both counted from `base`."""

    __slots__ = ("base",)
    base: int

    def __new__(cls, indices: tuple[Int, ...], dims: tuple[Int, ...], base: int) -> Ravel:
        if len(indices) != len(dims):
            raise ValueError(f"{len(indices)} indices do not fit {len(dims)} extents")
        self = Basic.__new__(cls)
        self.base = base
        self._make(3, "", base, (*indices, *dims))
        return self

    def _hashable_content(self) -> tuple[Any, ...]:
        return (self.base, self.parts)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (self.indices, self.dims, self.base)

    @property
    def indices(self) -> tuple[Int, ...]:
        return self.parts[: len(self.parts) // 2]

    @property
    def dims(self) -> tuple[Int, ...]:
        return self.parts[len(self.parts) // 2 :]

    def rebuild(self, parts: list[Int]) -> Int:
        half = len(parts) // 2
        return ravel(parts[:half], parts[half:], self.base)

    def expanded(self) -> Int:
        """The polynomial that it abbreviates."""
        position = Int.of(0)
        for e, d in zip(self.indices, self.dims, strict=True):
            position = position * d + (e - self.base)
        return position + self.base

    def _sympystr(self, printer: object) -> str:
        return f"ravel({', '.join(map(str, self.indices))}; {', '.join(map(str, self.dims))})"


class Unravel(Compound):
    """Component `k` (from 0) of the index tuple at position `flat` of an array of shape `dims`."""

    __slots__ = ("base", "k")
    base: int
    k: int

    def __new__(cls, flat: Int, k: int, dims: tuple[Int, ...], base: int) -> Unravel:
        if not 0 <= k < len(dims):
            raise ValueError(f"component {k} of an index tuple of length {len(dims)}")
        self = Basic.__new__(cls)
        self.base, self.k = base, k
        self._make(4, "", 2 * k + base, (flat, *dims))
        return self

    def _hashable_content(self) -> tuple[Any, ...]:
        return (self.base, self.k, self.parts)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (self.flat, self.k, self.dims, self.base)

    @property
    def flat(self) -> Int:
        return self.parts[0]

    @property
    def dims(self) -> tuple[Int, ...]:
        return self.parts[1:]

    def rebuild(self, parts: list[Int]) -> Int:
        return unravel(parts[0], self.k, parts[1:], self.base)

    def expanded(self) -> Int:
        """The floors that it abbreviates."""
        inner = ONE
        for d in self.dims[self.k + 1 :]:
            inner = inner * d
        quotient = floor(self.flat - self.base, inner)
        return (quotient if self.k == 0 else mod(quotient, self.dims[self.k])) + self.base

    def _sympystr(self, printer: object) -> str:
        return f"unravel[{self.k}]({self.flat}; {', '.join(map(str, self.dims))})"


def ravel(indices: Sequence[IntLike], dims: Sequence[IntLike], base: int = 1) -> Int:
    """The position of an index tuple, row-major: the inverse of `unravel`.

    Extents 1 drop out, and tuples in the tuple become part of it.
    """
    pairs: list[tuple[Int, Int]] = []
    for e, d in zip(map(Int.of, indices), map(Int.of, dims), strict=True):
        inner = e.atom
        if isinstance(inner, Ravel) and inner.base == base and _make_up(inner.dims, d):
            pairs += zip(inner.indices, inner.dims, strict=True)
        elif d != ONE:
            pairs.append((e, d))
    if not pairs:
        return Int.of(base)
    if len(pairs) == 1:
        return pairs[0][0]
    made = Ravel(tuple(e for e, _ in pairs), tuple(d for _, d in pairs), base)
    first = made.indices[0].atom
    if isinstance(first, Unravel) and first.dims == made.dims:
        flat = first.flat
        if all(e == unravel(flat, k, made.dims, base) for k, e in enumerate(made.indices)):
            return flat
    return Int.of(made)


def unravel(flat: IntLike, k: int, dims: Sequence[IntLike], base: int = 1) -> Int:
    """Component `k` of the index tuple at position `flat`, row-major; the inverse of `ravel`."""
    flat, extents = Int.of(flat), [Int.of(d) for d in dims]
    if extents[k] == ONE:
        return Int.of(base)
    kept = tuple(d for d in extents if d != ONE)
    k = sum(1 for d in extents[:k] if d != ONE)
    if len(kept) == 1:
        return flat
    position = flat.atom
    if isinstance(position, Ravel) and position.base == base:
        part = _part(position, k, kept)
        if part is not None:
            return part
    if isinstance(position, Unravel) and position.base == base:
        before, extent, after = _around(position)
        if _make_up(kept, extent):
            return unravel(position.flat, len(before) + k, (*before, *kept, *after), base)
    return Int.of(Unravel(flat, k, kept, base))


def _around(a: Unravel) -> tuple[tuple[Int, ...], Int, tuple[Int, ...]]:
    return a.dims[: a.k], a.dims[a.k], a.dims[a.k + 1 :]


def _make_up(dims: Sequence[Int], extent: Int) -> bool:
    """Whether an axis of that extent is one of these, laid out as one."""
    return inlined(product_of(dims)) == inlined(extent)


def _part(position: Ravel, k: int, dims: tuple[Int, ...]) -> Int | None:
    """Component `k` for other extents, where these and the tuple's are groups of the same ones."""
    if position.dims == dims:
        return position.indices[k]
    finest = _refinement(position.dims, dims)
    wanted = groups(dims, finest or ())
    known = groups(position.dims, finest or ())
    if finest is None or wanted is None or known is None:
        return None
    start, end = wanted[k]
    pairs: list[tuple[Int, Int]] = []
    for e, d, (first, last) in zip(position.indices, position.dims, known, strict=True):
        if start <= first and last <= end:
            pairs.append((e, d))
        else:
            overlap = range(max(start, first), min(end, last))
            split = finest[first:last]
            pairs += [(unravel(e, r - first, split, position.base), finest[r]) for r in overlap]
    return ravel([e for e, _ in pairs], [d for _, d in pairs], position.base)


def _refinement(one: Sequence[Int], other: Sequence[Int]) -> tuple[Int, ...] | None:
    """The extents of which both lists are groups: (C, D, E) for (CD, E) and (C, DE)."""
    found: list[Int] = []
    left, right = list(one), list(other)
    while left and right:
        a, b = inlined(left[0]), inlined(right[0])
        if a == b:
            found.append(left[0] if left[0].atom else right[0])
            del left[0], right[0]
        elif (rest := _quotient(b, a)) is not None:
            found.append(left.pop(0))
            right[0] = rest
        elif (rest := _quotient(a, b)) is not None:
            found.append(right.pop(0))
            left[0] = rest
        else:
            return None
    return None if left or right else tuple(found)


def _quotient(n: Int, d: Int) -> Int | None:
    """n/d, where d divides n whatever the sizes are."""
    quotient = floor(n, d)
    return quotient if quotient * d == n else None


def groups(coarse: Sequence[Int], fine: Sequence[Int]) -> list[tuple[int, int]] | None:
    """For each extent of `coarse` the span of those in `fine` that make it up."""
    spans: list[tuple[int, int]] = []
    start = 0
    for d in coarse:
        ends = range(start + 1, len(fine) + 1)
        end = next((e for e in ends if _make_up(fine[start:e], d)), None)
        if end is None:
            return None
        spans.append((start, end))
        start = end
    return spans if start == len(fine) else None


def position_read(indices: Sequence[Int]) -> Unravel | None:
    """The first part of a position, all parts of which the indices begin with, in order."""
    first = indices[0].atom
    if not isinstance(first, Unravel) or len(indices) < len(first.dims):
        return None
    wanted = [unravel(first.flat, k, first.dims, first.base) for k in range(len(first.dims))]
    return first if wanted == list(indices[: len(wanted)]) else None
