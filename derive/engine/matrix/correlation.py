"""Index forms that are cross-correlations: gradients of convolutions.

    Σ_n Σ_i δ_{n,o,i} x_{n,c,S(i-1)+p-P}    Σ_n pad(x_{n,c}) ⋆ dilate_S(δ_{n,o})
    Σ_o Σ_i δ_{n,o,i} w_{o,c,p-S(i-1)+P}    Σ_o dilate_S(δ_{n,o}) ⋆_full rot₁₈₀(w_{o,c})

Stride and padding are read off the positions.  What the second array has no entry for counts as 0:
every other bound of a sum, and every condition, must say just that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

from derive.engine.matrix.labelled import NoMatrixForm
from derive.ir import (
    ONE,
    TRUE,
    ZERO,
    Array,
    Bracket,
    Component,
    Correlated,
    Derivative,
    Dilated,
    Formula,
    Guard,
    Index,
    Int,
    NonNegative,
    Padded,
    Range,
    Rotated,
    Scaled,
    Series,
    Sliced,
    Slope,
    Sum,
    Whole,
    conjuncts,
    free_indices,
)
from derive.ir.affine import bound
from derive.ir.affine import sign as sign_of
from derive.ir.extent import inlined
from derive.rules.terms import factors, product

_NONE = "an array is read at a position that is computed"


@dataclass(frozen=True)
class Read:
    """An array and the index expressions at which it is read."""

    whole: Whole
    indices: tuple[Int, ...]
    base: int

    @staticmethod
    def of(f: Formula) -> Read | None:
        """What a formula reads, if it is one entry of an array."""
        if isinstance(f, Component):
            return Read(Array(f.tensor), f.indices, f.tensor.base)
        if isinstance(f, Derivative) and isinstance(f.of, Component) and not f.of.indices:
            slope = Slope(f.of.tensor, f.by.tensor, "shape", *f.held)
            return Read(slope, f.by.indices, f.by.tensor.base)
        return None

    def image(self, axes: Sequence[int]) -> Whole:
        """The array with only these axes; the others are fixed where they are read."""
        fixed = [k for k in range(len(self.indices)) if k not in axes]
        return Sliced(self.whole, fixed, [self.indices[k] for k in fixed]) if fixed else self.whole


@dataclass(frozen=True)
class Spatial:
    """An axis: the signal is read at the summed index i, the other array at e, the result at p."""

    summed: Index
    free: Index
    signal: int
    other: int
    stride: Int
    padding: Int


def correlation(f: Formula, ranges: Sequence[Range]) -> tuple[Whole, tuple[Index, ...]]:
    """The cross-correlation that `f` is an entry of, and the indices of that entry, in order."""
    if not isinstance(body := _last_sum(f), Sum):
        raise NoMatrixForm(_NONE)
    reads = [r for g in factors(body.body) if (r := Read.of(g)) is not None]
    if len(reads) != 2 or body.condition != TRUE:
        raise NoMatrixForm(_NONE)
    for signal, other in permutations(reads):
        for sign in (1, -1):
            axes = _axes(body, signal, other, sign, ranges)
            if axes:
                whole = _whole(f, body, signal, other, axes, sign, ranges)
                return whole, tuple(a.free for a in axes)
    raise NoMatrixForm(_NONE)


def _last_sum(f: Formula) -> Formula:
    """The sum in a product with numbers."""
    sums = [g for g in factors(f) if isinstance(g, Sum)]
    rest = [g for g in factors(f) if not isinstance(g, Sum)]
    if len(sums) != 1 or any(free_indices(g) for g in rest):
        return f
    return sums[0]


def _axes(
    f: Sum, signal: Read, other: Read, sign: int, ranges: Sequence[Range]
) -> tuple[Spatial, ...]:
    """The spatial axes: where the other array is read at p + S i - P, or p - S i + P."""
    free = {r.index for r in ranges}
    found: list[Spatial] = []
    for k, e in enumerate(other.indices):
        if e.atom is not None or not e.indices:
            continue
        inside = [i for i in f.bound if i in e.indices]
        outside = [i for i in free if i in e.indices]
        if len(inside) != 1 or len(outside) != 1:
            return ()
        axis = _axis(inside[0], outside[0], signal, other, k, sign)
        if axis is None:
            return ()
        found.append(axis)
    at = [a.signal for a in found]
    return tuple(found) if at == sorted(at) else ()


def _axis(i: Index, p: Index, signal: Read, other: Read, k: int, sign: int) -> Spatial | None:
    split = other.indices[k].split(i)
    plain = [j for j, g in enumerate(signal.indices) if g.atom == i]
    if split is None or len(plain) != 1:
        return None
    stride = split[0] * sign
    rest = split[1].split(p)
    if rest is None or rest[0] != ONE or stride.indices or sign_of(stride) < 1:
        return None
    # Counted from 0, e = p + sign (S i - P).
    shift = other.indices[k] - other.base - (Int.of(p) - other.base)
    padding = (stride * (Int.of(i) - signal.base)) - shift * sign
    return None if padding.indices else Spatial(i, p, plain[0], k, stride, padding)


def _whole(
    f: Formula,
    body: Sum,
    signal: Read,
    other: Read,
    axes: Sequence[Spatial],
    sign: int,
    ranges: Sequence[Range],
) -> Whole:
    """The correlation, summed over what else is summed, times the numbers in front."""
    _demand_inside(body, signal, other, axes)
    a, b = signal.image([x.signal for x in axes]), other.image([x.other for x in axes])
    lengths = [_length(ranges, x.free) for x in axes]
    strides = [x.stride for x in axes]
    if any(s != ONE for s in strides):
        a = Dilated(a, strides)
    made = _correlated(b, a, axes, lengths) if sign > 0 else _full(a, b, axes, lengths)
    spatial = {x.summed for x in axes}
    batch = tuple(r for r in body.ranges if r.index not in spatial)
    if any(len(r.lowers) > 1 or len(r.uppers) > 1 for r in batch):
        raise NoMatrixForm(_NONE)
    whole: Whole = Series(made, *batch) if batch else made
    numbers = [g for g in factors(f) if g is not body]
    inner = [g for g in factors(body.body) if Read.of(g) is None and not isinstance(g, Bracket)]
    if any(free_indices(g) for g in inner):
        raise NoMatrixForm(_NONE)
    return Scaled(product(*numbers, *inner), whole) if numbers or inner else whole


def _correlated(x: Whole, kernel: Whole, axes: Sequence[Spatial], lengths: list[Int]) -> Whole:
    """pad(x) ⋆ kernel, with as many zeros after x as the length asks for."""
    before = [a.padding for a in axes]
    pairs = zip(lengths, kernel.shape, x.shape, before, strict=True)
    after = [_simple(n + k - 1 - h - p, p) for n, k, h, p in pairs]
    return Correlated(_padded(x, before, after), kernel)


def _full(x: Whole, kernel: Whole, axes: Sequence[Spatial], lengths: list[Int]) -> Whole:
    """x ⋆_full rot₁₈₀(kernel), without the entries that belong to the padding."""
    full = Correlated(x, Rotated(kernel), "full")
    before = [-a.padding for a in axes]
    pairs = zip(lengths, full.shape, before, strict=True)
    return _padded(full, before, [_simple(n - m - p, p) for n, m, p in pairs])


def _padded(x: Whole, before: Sequence[Int], after: Sequence[Int]) -> Whole:
    return x if all(e == ZERO for e in (*before, *after)) else Padded(x, before, after)


def _simple(e: Int, like: Int) -> Int:
    """`e`, or the form of `like` where sizes are defined so that both are the same."""
    known = inlined(e)
    if known == inlined(like):
        return like
    return known if known.constant is not None else e


def _length(ranges: Sequence[Range], index: Index) -> Int:
    r = next(r for r in ranges if r.index == index)
    return r.uppers[0] - r.lowers[0] + 1


def _demand_inside(f: Sum, signal: Read, other: Read, axes: Sequence[Spatial]) -> None:
    """Refuse bounds and conditions that say more than that the other array has an entry."""
    inside: set[Guard] = set()
    implied: dict[Index, set[tuple[Int, bool]]] = {}
    for a in axes:
        e, extent = other.indices[a.other], other.whole.shape[a.other]
        for room in (e - other.base, extent - 1 + other.base - e):
            inside.add(NonNegative(room))
            limit = bound(room, a.summed)
            if limit is not None:
                implied.setdefault(a.summed, set()).add((limit.value, limit.lower))
    for a in axes:
        (r,) = (r for r in f.ranges if r.index == a.summed)
        last = signal.whole.shape[a.signal] + (signal.base - 1)
        whole = {(Int.of(signal.base), True), (last, False)}
        limits = {*((e, True) for e in r.lowers), *((e, False) for e in r.uppers)}
        if not limits <= implied.get(a.summed, set()) | whole:
            raise NoMatrixForm("a sum has other bounds than those of the arrays")
    for g in factors(f.body):
        if isinstance(g, Bracket) and not set(conjuncts(g.condition)) <= inside:
            raise NoMatrixForm("a condition says more than that an array has an entry")
