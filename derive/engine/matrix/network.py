"""Tensor networks: products of labelled arrays, summed over the indices that they share.

    Σ_j A_{ij} x_j                  A x              an index that two arrays share, contracted
    Σ_n A_{ni} d_n B_{nj}           A^⊤ diag(d) B    with a vector on it as well
    Σ_{ij} A_{ij} B_{ji}            tr(A B)          a loop
    u_i v_j                         u v^⊤            nothing shared
    u_i A_{ij}                      diag(u) A        shared and kept
    A_{ij} B_{ij}                   A ⊙ B            all shared and kept

An index that is summed away is taken as soon as at most two matrices have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from derive.engine.matrix.labelled import Frame, Labelled, NoMatrixForm, Value, in_order, scaled
from derive.ir import (
    Count,
    Diagonal,
    Formula,
    Hadamard,
    Index,
    Outer,
    Product,
    Summed,
    Trace,
    Transposed,
    Whole,
)


class Network:
    """A product of arrays and numbers with some of the indices summed."""

    def __init__(self, frame: Frame, values: Iterable[Value], summed: Sequence[Index]) -> None:
        self.frame = frame
        self.numbers: list[Formula] = []
        self.arrays: list[Labelled] = []
        self.summed = list(summed)
        for v in values:
            self._take(v)

    def contracted(self) -> Value:
        """The value of the network."""
        self.contract()
        return scaled(self.numbers, self._spread_out())

    def contract(self) -> None:
        """Sum over all indices that are summed; what is left stays apart."""
        self._count_unused()
        while self.summed:
            self._close_loop() or self._merge_alike() or self._contract_one()

    def _take(self, value: Value) -> None:
        if isinstance(value, Labelled) and value.axes:
            self.arrays.append(replace(value))  # equal factors are different nodes of the network
        else:
            self.numbers.append(value.element if isinstance(value, Labelled) else value)

    def _having(self, index: Index) -> list[Labelled]:
        return [a for a in self.arrays if index in a.axes]

    def _replace(self, gone: Sequence[Labelled], value: Value) -> bool:
        """Some arrays by what their product is, in the place of the first."""
        at = min(k for k, a in enumerate(self.arrays) if any(a is g for g in gone))
        rest = [a for a in self.arrays if not any(a is g for g in gone)]
        self.arrays = rest[:at]
        self._take(value)
        self.arrays += rest[at:]
        return True

    def _count_unused(self) -> None:
        """An index that nothing depends on counts its values."""
        for i in [i for i in self.summed if not self._having(i)]:
            self.summed.remove(i)
            self.numbers.append(Count(self.frame.extent(i)))

    # -- what is summed --------------------------------------------------------------------------

    def _close_loop(self) -> bool:
        """Σ_{ij} A_{ij} B_{ji} = tr(A B), where nothing else has i or j."""
        for i in self.summed:
            pair = self._having(i)
            if len(pair) != 2 or any(a.rank != 2 for a in pair):
                continue
            a, b = pair
            j = next(x for x in a.axes if x != i)
            if j in self.summed and j in b.axes and len(self._having(j)) == 2:
                i, j = a.axes
                self.summed = [x for x in self.summed if x not in (i, j)]
                loop = Product(a.whole, in_order(b, (j, i)))
                return self._replace(pair, Labelled(Trace(loop), ()))
        return False

    def _merge_alike(self) -> bool:
        """A_{ij} B_{ij}: arrays with the same indices, entry by entry."""
        for k, a in enumerate(self.arrays):
            if len(a.axes) == 1 and a.axes[0] in self.summed and len(self._having(a.axes[0])) == 2:
                continue  # two vectors: an inner product
            for b in self.arrays[k + 1 :]:
                if set(a.axes) == set(b.axes):
                    both = Hadamard(a.whole, in_order(b, a.axes))
                    return self._replace((a, b), Labelled(both, a.axes))
        return False

    def _contract_one(self) -> bool:
        for i in self.summed:
            found = self._contracted(i)
            if found is not None:
                self.summed.remove(i)
                return self._replace(self._having(i), found)
        if any(a.rank > 2 for i in self.summed for a in self._having(i)):
            raise NoMatrixForm("an array with more than two axes is multiplied and summed")
        linked = max(len(self._having(i)) for i in self.summed)
        raise NoMatrixForm(f"one index links {linked} arrays, which no product of matrices does")

    def _contracted(self, i: Index) -> Value | None:
        """The arrays that have the index `i`, multiplied and summed over it."""
        having = self._having(i)
        larger = [a for a in having if a.rank > 2]
        if larger:
            return self._summed_axes(i) if len(having) == 1 else None
        vectors = [a.whole for a in having if a.rank == 1]
        matrices = [a for a in having if a.rank == 2]
        if len(matrices) > 2:
            return None
        one = self.frame.ones(i)
        if not matrices:
            left, *right = vectors
            behind = _together(right) if right else left
            first = left if right else one
            return Labelled(Product(Transposed(first), behind), ())
        ends = [next(x for x in a.axes if x != i) for a in matrices]
        if len(matrices) == 1:
            (a,), (j,) = matrices, ends
            return Labelled(Product(in_order(a, (j, i)), _together(vectors or [one])), (j,))
        if ends[0] == ends[1]:
            return None
        between = [Diagonal(_together(vectors))] if vectors else []
        (a, b), (j, k) = matrices, ends
        return Labelled(Product(in_order(a, (j, i)), *between, in_order(b, (i, k))), (j, k))

    def _summed_axes(self, i: Index) -> Value:
        """The one array that has `i`, summed over it and all that nothing else has."""
        (a,) = self._having(i)
        gone = [x for x in a.axes if x in self.summed and self._having(x) == [a]]
        self.summed = [x for x in self.summed if x not in gone or x == i]
        left = tuple(x for x in a.axes if x not in gone)
        return Labelled(Summed(a.whole, [a.axes.index(x) for x in gone]), left)

    # -- what is left ----------------------------------------------------------------------------

    def _spread_out(self) -> Labelled | None:
        """The product of arrays whose indices are all kept."""
        while self._merge_alike():
            pass
        while len(self.arrays) > 1:
            self._join()
        return self.arrays[0] if self.arrays else None

    def _join(self) -> bool:
        """Two arrays by what they share: diag(u) A for one index, an outer product for none."""
        for k, a in enumerate(self.arrays):
            for b in self.arrays[k + 1 :]:
                shared = set(a.axes) & set(b.axes)
                if shared:
                    return self._replace((a, b), _scaled_rows(a, b))
        a, b = self.arrays[:2]
        axes = (*a.axes, *b.axes)
        if a.rank == b.rank == 1:
            return self._replace((a, b), Labelled(Product(a.whole, Transposed(b.whole)), axes))
        return self._replace((a, b), Labelled(Outer(a.whole, b.whole), axes))


def _scaled_rows(a: Labelled, b: Labelled) -> Labelled:
    """diag(u) A or A diag(u): a vector on one of the indices of a matrix."""
    vector, matrix = (a, b) if a.rank < b.rank else (b, a)
    if vector.rank != 1 or matrix.rank != 2:
        raise NoMatrixForm("arrays with more than two axes share some of their indices only")
    scale = Diagonal(vector.whole)
    if vector.axes[0] == matrix.axes[0]:
        return Labelled(Product(scale, matrix.whole), matrix.axes)
    return Labelled(Product(matrix.whole, scale), matrix.axes)


def _together(vectors: Sequence[Whole]) -> Whole:
    return vectors[0] if len(vectors) == 1 else Hadamard(*vectors)


def element_of(value: Value) -> Formula:
    """A value as a formula."""
    return value.element if isinstance(value, Labelled) else value
