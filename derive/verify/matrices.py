"""The value of a whole-array expression, computed with arrays: products, diagonals, reshapes.

Nothing here is expanded to entries, so a matrix form is checked as what it says.  A value has an
axis for the draws and for each index in scope that it depends on, in order of their labels, and
then its own axes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from derive.errors import Unsupported
from derive.ir import (
    Added,
    Apply,
    Array,
    Broadcast,
    Commutation,
    Compare,
    Compared,
    Diagonal,
    DiagonalOf,
    Element,
    Formula,
    Hadamard,
    Identity,
    Index,
    Kronecker,
    Mapped,
    Ones,
    Outer,
    Permuted,
    Power,
    Product,
    Raised,
    Range,
    Reshaped,
    Scaled,
    Softmax,
    SquaredNorm,
    Stacked,
    Summed,
    Times,
    Trace,
    Transposed,
    Vec,
    Whole,
    Zeros,
    fresh,
)
from derive.ir.column import OneEntry
from derive.ir.levels import Chain
from derive.ir.selector import Bracket, Delta
from derive.verify.array import DRAW, UNDEFINED, Axes, Data
from derive.verify.array import Array as Labelled
from derive.verify.families import Families
from derive.verify.grid import Grid, Numbers, Operation, combined, moved, plus, times, total
from derive.verify.images import Images
from derive.verify.integers import Env, gather
from derive.verify.slopes import Slopes

if TYPE_CHECKING:
    from derive.verify.evaluate import Evaluator


LARGE = 1 << 20
"""Products of two numbers that are held at once, about, when matrices are multiplied."""


class Matrices(Slopes, Images, Families):
    """Values of whole arrays in one world and one kind of numbers, each computed once."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.numbers: Numbers = evaluator.numbers
        self.integers = evaluator.world.integers
        self._known: dict[tuple[object, ...], Grid] = {}
        self._cases: dict[type, Callable[[Any, Env], Grid]] = {
            **self.images,
            **self.families,
            **self.slopes,
            Array: self._array,
            Chain: self._chain,
            OneEntry: self._one_entry,
            Ones: lambda a, env: self._filled(a, 1),
            Zeros: lambda a, env: self._filled(a, 0),
            Identity: lambda a, env: self._numbers(np.eye(self._extents(a)[0], dtype=np.int64)),
            Commutation: self._commutation,
            Product: self._product,
            Transposed: self._transposed,
            Diagonal: lambda a, env: self._moved(_diagonal, a.of, env),
            DiagonalOf: lambda a, env: self._moved(_diagonal_of, a.of, env),
            Trace: self._trace,
            SquaredNorm: self._squared_norm,
            Softmax: self._softmax,
            Added: lambda a, env: self._joined(plus, a.parts, env),
            Hadamard: lambda a, env: self._joined(times, a.parts, env),
            Scaled: self._scaled,
            Mapped: lambda a, env: self._entries(lambda f: Apply(a.function, f), a.of, env),
            Raised: lambda a, env: self._entries(lambda f: Power(f, a.exponent), a.of, env),
            Compared: self._compared,
            Outer: self._outer,
            Kronecker: self._kronecker,
            Permuted: lambda a, env: self._moved(lambda x, n: _permuted(x, n, a.axes), a.of, env),
            Reshaped: self._reshaped,
            Vec: lambda a, env: self._moved(_vec, a.of, env),
            Summed: self._summed,
            Broadcast: self._broadcast,
            Stacked: self._stacked,
        }

    def entry(self, f: Element, env: Env) -> Labelled:
        """The entry of a whole array at indices in scope."""
        grid = self.value(f.whole, env)
        base = f.whole.base
        positions = [self.integers.value(e, env) for e in f.indices]
        if grid.labels == (DRAW,):
            return gather(Labelled(grid.data, (), grid.flaw), base or 0, positions)
        lead = grid.data.shape[1 : len(grid.labels)]
        table = grid.data.reshape(grid.data.shape[0], *lead, *grid.shape)
        flaw = None if grid.flaw is None else grid.flaw.reshape(table.shape)
        outer = [Labelled(np.arange(n), (x,)) for n, x in zip(lead, grid.labels[1:], strict=True)]
        shifted = [Labelled(p.data - (base or 0), p.axes, p.flaw) for p in positions]
        return gather(Labelled(table, (), flaw), 0, [*outer, *shifted])

    def value(self, a: Whole, env: Env) -> Grid:
        """The value of a whole array, with its own axes last."""
        key = self.integers.key(a, env)
        if key not in self._known:
            case = self._cases.get(type(a))
            if case is None:
                raise Unsupported(f"{type(a).__name__} is no array that can be evaluated")
            found = case(a, env)
            if found.shape != self._extents(a):
                raise Unsupported(f"extents {self._extents(a)} do not fit {found.shape}")
            self._known[key] = found
        return self._known[key]

    def _extents(self, a: Whole) -> tuple[int, ...]:
        return tuple(self.integers.number(d) for d in a.shape)

    # -- leaves ----------------------------------------------------------------------------------

    def _array(self, a: Array, env: Env) -> Grid:
        table = self.evaluator.table(a.tensor)
        return Grid(table.data, (DRAW,), table.flaw)

    def _chain(self, a: Chain, env: Env) -> Grid:
        if isinstance(product := a.at({}), Chain):
            raise Unsupported("a product over levels that have no numbers")
        return self.value(product, env)

    def _one_entry(self, a: OneEntry, env: Env) -> Grid:
        k = fresh("k")
        return self._tabulated(Times(Delta(k, a.at), a.value), (k,), a, env)

    def _commutation(self, a: Commutation, env: Env) -> Grid:
        rows, columns = (self.integers.number(d) for d in a.extents)
        i, j = (x.ravel() for x in np.indices((rows, columns)))
        data = np.zeros((i.size, i.size), np.int64)
        data[i * columns + j, j * rows + i] = 1
        return self._numbers(data)

    def _filled(self, a: Whole, value: int) -> Grid:
        return self._numbers(np.full(self._extents(a), value, np.int64))

    def _numbers(self, data: Data) -> Grid:
        return Grid(self.numbers.integers(data)[None])

    def _tabulated(self, f: Formula, indices: Sequence[Index], a: Whole, env: Env) -> Grid:
        """The array with the entry `f` at the indices, whose shape is that of `a`."""
        base = a.base or 0
        ranges = [Range(i, base, d + (base - 1)) for i, d in zip(indices, a.shape, strict=True)]
        value = self.evaluator.value(f, self.evaluator.world.env(ranges, env))
        own = tuple(map(self.integers.label, indices))
        labels = tuple(sorted({DRAW, *value.axes} - set(own)))
        extents = dict(zip(own, self._extents(a), strict=True))
        return _laid(value, labels, own, extents)

    # -- entry by entry --------------------------------------------------------------------------

    def _entries(self, of: Callable[[Formula], Formula], a: Whole, env: Env) -> Grid:
        """A scalar function of each entry; what stands inside is computed as an array."""
        indices = [fresh("i") for _ in a.shape]
        return self._tabulated(of(Element(a, *indices)), indices, a, env)

    def _compared(self, a: Compared, env: Env) -> Grid:
        indices = [fresh("i") for _ in a.shape]
        left, right = (Element(x, *indices) if isinstance(x, Whole) else x for x in a.sides)
        return self._tabulated(Bracket(Compare(left, a.relation, right)), indices, a, env)

    def _scaled(self, a: Scaled, env: Env) -> Grid:
        factor = self.evaluator.value(a.factor, env)
        labels = tuple(sorted({DRAW, *factor.axes}))
        flaw = None if factor.flaw is None else factor.flaws(labels)
        scalar = Grid(factor.spread(labels), labels, flaw)
        return combined(times, scalar, self.value(a.of, env), self.numbers)

    def _joined(self, operation: Operation, parts: Sequence[Whole], env: Env) -> Grid:
        found = self.value(parts[0], env)
        for p in parts[1:]:
            grid = self.value(p, env)
            if grid.shape != found.shape:
                raise Unsupported(f"arrays of the shapes {found.shape} and {grid.shape}")
            found = combined(operation, found, grid, self.numbers)
        return found

    def _moved(self, move: Callable[[Data, int], Data], a: Whole, env: Env) -> Grid:
        return moved(move, self.value(a, env), self.numbers)

    # -- linear algebra --------------------------------------------------------------------------

    def _product(self, a: Product, env: Env) -> Grid:
        found = self._as_matrix(a.factors[0], env)
        for factor in a.factors[1:]:
            found = combined(_matmul, found, self._as_matrix(factor, env), self.numbers)
        last, first = a.factors[-1], a.factors[0]
        n = len(found.labels)
        gone = [n] if first.rank == 1 and first.row else []
        gone += [n + 1] if last.rank == 1 and not last.row else []
        flaw = None if found.flaw is None else found.flaw.squeeze(tuple(gone))
        return Grid(found.data.squeeze(tuple(gone)), found.labels, flaw)

    def _as_matrix(self, a: Whole, env: Env) -> Grid:
        if a.rank == 2:
            return self.value(a, env)
        at = -2 if a.row else -1
        return self._moved(lambda x, n: np.expand_dims(x, at), a, env)

    def _transposed(self, a: Transposed, env: Env) -> Grid:
        if a.rank == 1:
            return self.value(a.of, env)
        return self._moved(lambda x, n: x.swapaxes(-1, -2), a.of, env)

    def _trace(self, a: Trace, env: Env) -> Grid:
        return total(self._moved(_diagonal_of, a.of, env), (0,), self.numbers)

    def _squared_norm(self, a: SquaredNorm, env: Env) -> Grid:
        grid = self.value(a.of, env)
        squares = combined(times, grid, grid, self.numbers)
        return total(squares, tuple(range(grid.rank)), self.numbers)

    def _softmax(self, a: Softmax, env: Env) -> Grid:
        exp = self._entries(lambda f: Apply("exp", f), a.of, env)
        sums = total(exp, (exp.rank - 1,), self.numbers)
        data, pole = self.evaluator.numbers.inverse(sums.data)
        flaw = np.where(pole, UNDEFINED, np.uint8(0))
        if sums.flaw is not None:
            flaw = np.maximum(flaw, sums.flaw)
        share = Grid(data[..., None], sums.labels, flaw[..., None] if flaw.any() else None)
        return combined(times, exp, share, self.numbers)

    def _outer(self, a: Outer, env: Env) -> Grid:
        left, right = (self.value(p, env) for p in a.args)  # type: ignore[arg-type]
        k, m = left.rank, right.rank

        def outer(numbers: Numbers, x: Data, y: Data, n: int) -> Data:
            x = x.reshape(*x.shape, *(1,) * m)
            y = y.reshape(*y.shape[:n], *(1,) * k, *y.shape[n:])
            return numbers.multiply(x, y)

        return combined(outer, left, right, self.numbers)

    def _kronecker(self, a: Kronecker, env: Env) -> Grid:
        left, right = (self._as_matrix(p, env) for p in a.args)  # type: ignore[arg-type]
        return combined(_blocks, left, right, self.numbers)

    # -- rearranged ------------------------------------------------------------------------------

    def _reshaped(self, a: Reshaped, env: Env) -> Grid:
        shape = self._extents(a)
        if prod(shape) != prod(self._extents(a.of)):
            raise Unsupported("a reshape keeps the number of entries")
        return self._moved(lambda x, n: x.reshape(*x.shape[:n], *shape), a.of, env)

    def _summed(self, a: Summed, env: Env) -> Grid:
        return total(self.value(a.of, env), a.axes, self.numbers)

    def _broadcast(self, a: Broadcast, env: Env) -> Grid:
        shape, axes = self._extents(a), a.axes

        def spread(x: Data, n: int) -> Data:
            x = _permuted(x, n, sorted(range(len(axes)), key=axes.__getitem__))
            own = [shape[k] if k in axes else 1 for k in range(len(shape))]
            return np.broadcast_to(x.reshape(*x.shape[:n], *own), (*x.shape[:n], *shape))

        return self._moved(spread, a.of, env)

    def _stacked(self, a: Stacked, env: Env) -> Grid:
        grids = [self.value(p, env) for p in a.parts]
        labels = tuple(sorted({x for g in grids for x in g.labels}))
        parts = [g.over(labels) for g in grids]
        lead = np.broadcast_shapes(*(data.shape for data, _ in parts))
        at = len(labels) + a.axis
        data, flaw = (
            np.stack([np.broadcast_to(x, lead) for x in kind], at)
            for kind in zip(*parts, strict=True)
        )
        return Grid(data, labels, flaw if flaw.any() else None)


def _laid(value: Labelled, labels: Axes, own: Axes, extents: dict[int, int]) -> Grid:
    """A value over labels as one whose last axes are those of `own`."""
    order = [value.axes.index(x) for x in (*labels, *own) if x in value.axes]
    missing = tuple(slice(None) if x in value.axes else None for x in (*labels, *own))

    def lay(data: Data) -> Data:
        data = data.transpose(order)[missing]
        return np.broadcast_to(data, (*data.shape[: len(labels)], *(extents[x] for x in own)))

    return Grid(lay(value.data), labels, None if value.flaw is None else lay(value.flaw))


def _matmul(numbers: Numbers, a: Data, b: Data, n: int) -> Data:
    if a.shape[-1] != b.shape[-2]:
        raise Unsupported(f"a product of {a.shape[n:]} with {b.shape[n:]}")
    if a.size * b.shape[-1] <= LARGE:
        terms = numbers.multiply(a[..., :, :, None], b[..., None, :, :])
        return numbers.sum(terms, (terms.ndim - 2,))
    total: Data | None = None
    for k in range(a.shape[-1]):
        term = numbers.multiply(a[..., :, k, None], b[..., None, k, :])
        total = term if total is None else numbers.add(total, term)
    assert total is not None
    return total


def _blocks(numbers: Numbers, x: Data, y: Data, n: int) -> Data:
    (p, q), (r, s) = x.shape[n:], y.shape[n:]
    terms = numbers.multiply(x[..., :, None, :, None], y[..., None, :, None, :])
    return terms.reshape(*terms.shape[:n], p * r, q * s)


def _permuted(x: Data, n: int, axes: Sequence[int]) -> Data:
    return x.transpose(*range(n), *(n + k for k in axes))


def _diagonal(x: Data, n: int) -> Data:
    made = np.zeros((*x.shape, x.shape[-1]), x.dtype)
    at = np.arange(x.shape[-1])
    made[..., at, at] = x
    return made


def _diagonal_of(x: Data, n: int) -> Data:
    return np.diagonal(x, axis1=-2, axis2=-1)


def _vec(x: Data, n: int) -> Data:
    return x if x.ndim == n + 1 else x.swapaxes(-1, -2).reshape(*x.shape[:n], -1)
