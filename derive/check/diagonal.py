"""Jacobians that are written as the arrays of their diagonals: ∂c_t/∂c_{t-1} = f_t."""

from __future__ import annotations

from derive.check.compare import Comparer
from derive.check.conventions import holds
from derive.check.pair import Pair
from derive.errors import Unsupported
from derive.ir import Delta, Formula, Number, Plus, Times
from derive.latex.array import Array
from derive.latex.claims import Claim


def settled(claim: Claim, comparer: Comparer) -> Claim:
    """The claim, or what it means plainly where its Jacobians are not diagonal.

    Raises Misfit where it has no plain meaning then.
    """
    if claim.plain is None or all(is_diagonal(j, comparer) for j in claim.jacobians):
        return claim
    if isinstance(claim.plain, Claim):
        return claim.plain
    raise claim.plain


def is_diagonal(jacobian: Array, comparer: Comparer) -> bool:
    """Whether every entry of an array depends on its own entry of the other one only."""
    half = jacobian.rank // 2
    pairs = zip(jacobian.axes[:half], jacobian.axes[half:], strict=True)
    same: list[Formula] = [Delta(i, j) for i, j in pairs]
    off = Times(Plus(Number(1), Times(Number(-1), *same)), jacobian.formula)
    ranges = tuple(jacobian.over(k) for k in range(jacobian.rank))
    try:
        return holds(comparer, Pair(off, "=", Number(0), ranges, len(ranges)))
    except Unsupported:
        return False
