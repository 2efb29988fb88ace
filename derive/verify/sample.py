"""Drawing values under the facts: general ones, small ones with ties and zeros, and real ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np

from derive.derivation.program import Program
from derive.errors import Unsupported
from derive.ir import Size, Tensor
from derive.verify.array import LARGEST, Data
from derive.verify.facts import Bounds, Plan
from derive.verify.whole import number
from derive.verify.world import Given, World

GENERAL, SMALL, TIED, REAL, POSITIVE = "general", "small", "tied", "real", "positive"
LIMITS = {
    GENERAL: (-(1 << 60), 1 << 60),
    SMALL: (-2, 3),
    TIED: (-1, 2),
    REAL: (-17, 18),
    POSITIVE: (1, 17),
}
"""Where numerators are drawn.  General ones cover every pair of a residue and an exponent."""
TIES = (0, 1, 0, -1)
"""What tied entries are, in random order: there is always a 0, and mostly a tie."""
WIDE = 1 << 57
"""The denominator of general entries: any residue, but a moderate size, so that tanh can be told
from 1 and comparisons can be decided."""
FINE = 1 << 20
"""The denominator of entries that are drawn inside an interval."""


def world(
    program: Program,
    plan: Plan,
    sizes: Mapping[Size, int],
    styles: Sequence[str],
    rng: np.random.Generator,
    known: Mapping[Tensor, Given] | None = None,
) -> World:
    """A world at given sizes, with one draw of all values for each style.

    `known` has the entries of tensors that do not vary, without an axis for the draws.
    """
    values: dict[Tensor, Given] = {}
    for t in program.given:
        shape = tuple(number(d, sizes) for d in t.shape)
        if math.prod(shape) * len(styles) > LARGEST:
            raise Unsupported(f"{t.symbol} has {math.prod(shape)} entries; give smaller sizes")
        if known and t in known:
            entries = np.broadcast_to(known[t].numerators, (len(styles), *shape))
            values[t] = Given(entries, known[t].denominator)
        elif t.classes is not None:
            count = number(t.classes, sizes)
            values[t] = Given(rng.integers(t.base, t.base + count, (len(styles), *shape)))
        else:
            values[t] = _given(t, plan, shape, styles, rng)
    for lesser, greater in plan.ordered:
        _order(values, lesser, greater)
    return World(program, dict(sizes), values, len(styles), rng)


def _given(
    t: Tensor, plan: Plan, shape: tuple[int, ...], styles: Sequence[str], rng: np.random.Generator
) -> Given:
    bounds = plan.bounds.get(t, Bounds())
    axes, total = plan.totals.get(t, ((), Fraction(0)))
    between = bounds.low is not None and (bounds.high is not None or bool(axes))
    unit = math.lcm(*(b.denominator for b in (bounds.low, bounds.high, total) if b is not None))
    unit *= FINE if between else 8 if REAL in styles else WIDE
    if axes and bounds.low is not None:
        count = int(np.prod([shape[a] for a in axes]))
        bounds = Bounds(bounds.low, bounds.low + (total - bounds.low * count) / max(count, 1))
    draws = [_entries(style, shape, bounds, unit, bool(axes), rng) for style in styles]
    if t in plan.distinct:
        draws = [_distinct(d, style, rng) for d, style in zip(draws, styles, strict=True)]
    numerators = np.stack(draws)
    if t in plan.symmetric:
        _mirror(numerators)
    if axes:
        _close(numerators, tuple(a + 1 for a in axes), int(total * unit))
    return Given(numerators, unit)


def _entries(
    style: str,
    shape: tuple[int, ...],
    bounds: Bounds,
    unit: int,
    summed: bool,
    rng: np.random.Generator,
) -> Data:
    low, high = LIMITS[style]
    if summed and style == GENERAL:
        low, high = low >> 6, high >> 6  # so that the entry that closes the sum does not overflow
    step = unit if style in (SMALL, TIED) else 1  # small draws are integers
    if style == TIED and bounds == Bounds():
        return step * rng.permutation(np.resize(TIES, math.prod(shape))).reshape(shape)
    if bounds.low is None and bounds.high is None:
        return step * rng.integers(low, high, shape)
    if bounds.high is None:
        return int(bounds.low * unit) + step * rng.integers(1, high, shape)  # type: ignore[operator]
    if bounds.low is None:
        return int(bounds.high * unit) - step * rng.integers(1, high, shape)
    bottom, top = int(bounds.low * unit), int(bounds.high * unit)
    if top - bottom < 16:
        raise Unsupported("the facts leave no interval to draw from")
    if style in (SMALL, TIED):
        return bottom + (top - bottom) // 8 * rng.integers(1, 8, shape)
    return rng.integers(bottom + 1, top, shape)


def _distinct(entries: Data, style: str, rng: np.random.Generator) -> Data:
    """Small entries without ties: a permutation of consecutive numbers without 0."""
    if style not in (SMALL, TIED):
        return entries
    n = entries.size
    values = np.arange(1, n + 1) - n // 2
    return rng.permutation(np.where(values <= 0, values - 1, values)).reshape(entries.shape)


def _close(numerators: Data, axes: tuple[int, ...], total: int) -> None:
    """Change the first entry along `axes` so that each sum over them is `total`."""
    first = tuple(0 if k in axes else slice(None) for k in range(numerators.ndim))
    numerators[first] += total - numerators.sum(axes)


def _mirror(numerators: Data) -> None:
    """Copy what stands above the diagonals of matrices below them."""
    rows, columns = np.tril_indices(numerators.shape[-1], -1)
    numerators[..., rows, columns] = numerators[..., columns, rows]


def _order(values: dict[Tensor, Given], lesser: Tensor, greater: Tensor) -> None:
    """Swap entries where necessary, and part equal ones."""
    a, b = values[lesser], values[greater]
    if a.denominator != b.denominator or a.numerators.shape != b.numerators.shape:
        raise Unsupported("an order between tensors that are drawn differently")
    low, high = np.minimum(a.numerators, b.numerators), np.maximum(a.numerators, b.numerators)
    values[lesser] = Given(low, a.denominator)
    values[greater] = Given(np.where(low == high, high + 1, high), a.denominator)
