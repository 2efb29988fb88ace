"""Derivatives of matrices by matrices: ∂Y_{ij}/∂X_{kl} = A_{ik} B_{jl} says B ⊗ A.

With columns below each other, vec(Y) has its entry (i, j) at the place of (j, i) in row-major
order, so that ∂vec(Y)/∂vec(X) is the Kronecker product of what goes with the column indices j, l
and what goes with the row indices i, k.
"""

from __future__ import annotations

from collections.abc import Sequence

from derive.engine.matrix.labelled import Labelled, NoMatrixForm, Value, in_order, scaled
from derive.engine.matrix.network import Network
from derive.engine.matrix.recognise import Recogniser
from derive.ir import (
    Added,
    Component,
    Diagonal,
    Formula,
    Identity,
    Index,
    Int,
    Kronecker,
    Product,
    Vec,
    Whole,
    ravel,
    refresh,
)
from derive.rules.terms import terms


def of_matrix_by_matrix(recogniser: Recogniser, f: Formula, of: Component, by: Component) -> Whole:
    """∂vec(of)/∂vec(by) from its entry at the indices of both, in numerator layout."""
    at = (*_indices(of), *_indices(by))
    parts = [_one(recogniser, g, at) for g in terms(refresh(f))]
    return Added(*parts) if len(parts) > 1 else parts[0]


def places(of: Component, by: Component) -> tuple[Int, Int]:
    """The places of both entries in vec(of) and vec(by)."""
    return tuple(  # type: ignore[return-value]
        ravel(c.indices[::-1], c.tensor.shape[::-1], c.tensor.base) for c in (of, by)
    )


def _indices(c: Component) -> tuple[Index, Index]:
    first, second = (e.atom for e in c.indices)
    if not isinstance(first, Index) or not isinstance(second, Index):
        raise NoMatrixForm("a matrix has an axis of length 1")
    return first, second


def _one(recogniser: Recogniser, f: Formula, at: tuple[Index, ...]) -> Whole:
    """A product as the Kronecker product of what has the column indices and what has the rows.

    What has both indices of one of the matrices scales the entries of its vec.
    """
    i, j, k, m = at
    network = recogniser.network(f)
    network.contract()
    groups = [{j, m}, {i, k}, {i, j}, {k, m}]
    network.arrays = [_uncrossed(a, network.arrays, groups) for a in network.arrays]
    columns, rows, left, right = (
        _taken(recogniser, network, axes) for axes in ((j, m), (i, k), (i, j), (k, m))
    )
    if network.arrays:
        raise NoMatrixForm("row and column indices are crossed, as a transpose crosses them")
    frame = recogniser.frame
    whole: Whole = Kronecker(frame.spread(columns, (j, m)), frame.spread(rows, (i, k)))
    if isinstance(left, Labelled):
        whole = Product(Diagonal(Vec(in_order(left, (i, j)))), whole)
    if isinstance(right, Labelled):
        whole = Product(whole, Diagonal(Vec(in_order(right, (k, m)))))
    made = scaled(network.numbers, Labelled(whole, at))
    assert isinstance(made, Labelled)
    return made.whole


def _uncrossed(a: Labelled, arrays: Sequence[Labelled], groups: list[set[Index]]) -> Labelled:
    """An array at the other of two indices that a δ makes equal, if that puts it in a group."""
    if any(set(a.axes) <= g for g in groups):
        return a
    for delta in arrays:
        if isinstance(delta.whole, Identity):
            for old, new in (delta.axes, delta.axes[::-1]):
                axes = tuple(new if x == old else x for x in a.axes)
                if old in a.axes and any(set(axes) <= g for g in groups):
                    return Labelled(a.whole, axes)
    return a


def _taken(recogniser: Recogniser, network: Network, axes: tuple[Index, Index]) -> Value:
    """The product of the arrays that have no other indices, which leave the network."""
    mine = [a for a in network.arrays if set(a.axes) <= set(axes)]
    network.arrays = [a for a in network.arrays if not any(a is m for m in mine)]
    return Network(recogniser.frame, mine, ()).contracted()
