"""Whether an array equals another one with its axes in a different order: another layout."""

from __future__ import annotations

from derive.check.compare import Comparer
from derive.check.conventions import holds
from derive.check.pair import UnequalShapes, pair
from derive.latex.claims import Claim


def transposed(claim: Claim, k: int, base: int, comparer: Comparer) -> bool:
    """Whether side k equals side k + 1 once the two halves of its axes are swapped."""
    axes = len(claim.sides[k + 1].axes)
    for split in range(1, axes):
        try:
            order = (*range(split, axes), *range(split))
            if holds(comparer, pair(claim, k, k + 1, base, order)):
                return True
        except UnequalShapes:
            continue
    return False
