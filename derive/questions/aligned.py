"""Two arrays of the same entries side by side, though one may have axes of extent 1 more."""

from __future__ import annotations

from dataclasses import dataclass

from derive.ir import Component, Index, Int, Range, Tensor, axis_ranges
from derive.network.sizes import value_of
from derive.questions.setting import Setting


@dataclass(frozen=True)
class Aligned:
    """An entry of each, at the same position, and the ranges of the indices in it."""

    left: Component
    right: Component
    ranges: tuple[Range, ...]


def aligned(left: Tensor, right: Tensor, setting: Setting, key: str) -> Aligned:
    """Entries at the same position, with the indices of the left array."""
    axes = [sum(value_of(d) != 1 for d in t.shape) for t in (left, right)]
    if axes[0] != axes[1]:
        setting.fail(
            f"{left.name} has {axes[0]} axes that are longer than 1, {right.name} has {axes[1]}",
            key,
        )
    indices = setting.program.defined[left].indices
    pairs = list(zip(indices, axis_ranges(left, indices), left.shape, strict=True))
    ranges = tuple(r for _, r, d in pairs if value_of(d) != 1)
    at: list[Int | Index | int] = [left.base if value_of(d) == 1 else i for i, _, d in pairs]
    rest = iter(r.index for r in ranges)
    there = [right.base if value_of(d) == 1 else next(rest) for d in right.shape]
    return Aligned(left[tuple(at)], right[tuple(there)], ranges)
