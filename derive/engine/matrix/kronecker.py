"""Derivatives that have three or four axes as matrices: ∂Y_{ij}/∂X_{kl} = A_{ik} B_{jl} says B ⊗ A.

With columns below each other, vec(Y) has its entry (i, j) at the place of (j, i) in row-major
order, so that ∂vec(Y)/∂vec(X) is the Kronecker product of what goes with the column indices j, l
and what goes with the row indices i, k.  Where j goes with k and i with l, the same holds of X^⊤,
whose vec is a commutation matrix times vec(X).  A vector, and a matrix with an axis of length 1, is
one column or one row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from derive.engine.matrix.labelled import Labelled, NoMatrixForm, Value, in_order, scaled
from derive.engine.matrix.network import Network
from derive.engine.matrix.recognise import Recogniser
from derive.ir import (
    Added,
    Commutation,
    Component,
    Diagonal,
    Formula,
    Identity,
    Index,
    Int,
    Kronecker,
    Product,
    Transposed,
    Vec,
    Whole,
    ravel,
    refresh,
)
from derive.rules.terms import terms

Place: TypeAlias = "Index | None"


@dataclass(frozen=True)
class Way:
    """The row and column indices of `of` and of `by`; None where a vector has no such axis.

    `turned` is the matrix `by`, of which these are the indices of the transpose.
    """

    of: tuple[Place, Place]
    by: tuple[Place, Place]
    turned: Component | None = None

    @property
    def columns(self) -> tuple[Place, Place]:
        return self.of[1], self.by[1]

    @property
    def rows(self) -> tuple[Place, Place]:
        return self.of[0], self.by[0]

    @property
    def groups(self) -> list[set[Index]]:
        """Index sets of the arrays that a form in ⊗ has a place for."""
        return [set(_known(pair)) for pair in (self.columns, self.rows, self.of, self.by)]


def of_matrix_by_matrix(recogniser: Recogniser, f: Formula, of: Component, by: Component) -> Whole:
    """∂vec(of)/∂vec(by) from its entry at the indices of both, in numerator layout."""
    parts = [_one(recogniser, g, list(_ways(of, by))) for g in terms(refresh(f))]
    return Added(*parts) if len(parts) > 1 else parts[0]


def places(of: Component, by: Component) -> tuple[Int, Int]:
    """The places of both entries in vec(of) and vec(by)."""
    return tuple(  # type: ignore[return-value]
        ravel(c.indices[::-1], c.tensor.shape[::-1], c.tensor.base)
        if len(c.indices) > 1
        else c.indices[0]
        for c in (of, by)
    )


def _ways(of: Component, by: Component) -> Iterator[Way]:
    """The ways to look at both: vectors as columns or rows, two matrices straight or crossed."""
    sides = [_sides(c) for c in (of, by)]
    for left in sides[0]:
        for right in sides[1]:
            yield Way(left, right)
    if len(sides[0]) == len(sides[1]) == 1:
        (left,), (right,) = sides
        yield Way(left, right[::-1], by)


def _sides(c: Component) -> list[tuple[Place, Place]]:
    first, *others = (i for e in c.indices if isinstance(i := e.atom, Index))
    return [(first, others[0])] if others else [(first, None), (None, first)]


def _known(places: Sequence[Place]) -> list[Index]:
    return [i for i in places if i is not None]


def _one(recogniser: Recogniser, f: Formula, ways: Sequence[Way]) -> Whole:
    """A product as a Kronecker product, in the first way in which there is one."""
    for way in ways:
        found = _in(recogniser, f, way)
        if found is not None:
            return found
    apart = recogniser.multiplied_out(f)
    if not apart:
        raise NoMatrixForm("row and column indices are crossed in some factors only")
    return Added(*(_one(recogniser, g, ways) for g in apart))


def _in(recogniser: Recogniser, f: Formula, way: Way) -> Whole | None:
    """A product as the Kronecker product of what has the column indices and what has the rows.

    What has both indices of one of the matrices scales the entries of its vec.
    """
    network = recogniser.network(f, way.groups)
    network.contract()
    network.arrays = [_uncrossed(a, network.arrays, way.groups) for a in network.arrays]
    columns, rows = (_taken(recogniser, network, g) for g in (way.columns, way.rows))
    left, right = (_taken(recogniser, network, g) for g in (way.of, way.by))
    if network.arrays:
        return None
    whole: Whole = Kronecker(
        _spread(recogniser, columns, way.columns), _spread(recogniser, rows, way.rows)
    )
    if isinstance(left, Labelled):
        whole = Product(Diagonal(Vec(in_order(left, _known(way.of)))), whole)
    if way.turned is not None:
        m, n = way.turned.tensor.shape
        whole = Product(whole, Commutation(m, n, way.turned.tensor.base))
    if isinstance(right, Labelled):
        at = _known(way.by)
        order = at if way.turned is None else at[::-1]
        whole = Product(whole, Diagonal(Vec(in_order(right, order))))
    made = scaled(network.numbers, Labelled(whole, ()))
    assert isinstance(made, Labelled)
    return made.whole


def _spread(recogniser: Recogniser, value: Value, group: tuple[Place, Place]) -> Whole:
    """A factor of ⊗: a column without an index of `by`, a row without one of `of`."""
    whole = recogniser.frame.spread(value, tuple(_known(group)))
    return Transposed(whole) if group[0] is None else whole


def _uncrossed(a: Labelled, arrays: Sequence[Labelled], groups: list[set[Index]]) -> Labelled:
    """An array at the other of two indices that a δ makes equal, if that puts it in a group."""
    if any(set(a.axes) <= g for g in groups):
        return a
    for delta in arrays:
        if isinstance(delta.whole, Identity):
            for old, new in (delta.axes, delta.axes[::-1]):
                axes = tuple(new if x == old else x for x in a.axes)
                apart = len(set(axes)) == len(axes)
                if old in a.axes and apart and any(set(axes) <= g for g in groups):
                    return Labelled(a.whole, axes)
    return a


def _taken(recogniser: Recogniser, network: Network, axes: tuple[Place, Place]) -> Value:
    """The product of the arrays that have no other indices, which leave the network."""
    mine = [a for a in network.arrays if set(a.axes) <= set(_known(axes))]
    network.arrays = [a for a in network.arrays if not any(a is m for m in mine)]
    return Network(recogniser.frame, mine, ()).contracted()
