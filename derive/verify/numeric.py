"""Values of formulas in floating point at full size, for given arrays.

The evaluator is the verifier's; only the numbers differ.  Products are summed as matrix products,
and a gradient is added up by slices of the image for each kernel offset, never image against image.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sympy import Basic

from derive.derivation.program import Program
from derive.derivation.step import Derivation
from derive.errors import InputError, Unsupported
from derive.ir import (
    Apply,
    Component,
    Derivative,
    Formula,
    Index,
    Int,
    Ravel,
    Size,
    Sum,
    Tensor,
    Times,
    free_indices,
    subformulas,
)
from derive.ir.binder import Binder
from derive.verify.array import DRAW, OUTSIDE, Array, Axes, Data
from derive.verify.evaluate import Evaluator
from derive.verify.integers import Env
from derive.verify.order import Order
from derive.verify.world import Given, World


class Float64:
    """Plain floating-point numbers."""

    name = "float64"

    def integers(self, data: Data) -> Data:
        return np.asarray(data, np.float64)

    def rational(self, numerators: Data, denominator: int) -> Data:
        return np.asarray(numerators, np.float64) / denominator

    def add(self, a: Data, b: Data) -> Data:
        return np.asarray(a + b)

    def multiply(self, a: Data, b: Data) -> Data:
        return np.asarray(a * b)

    def sum(self, a: Data, axes: tuple[int, ...]) -> Data:
        return np.asarray(a.sum(axes))

    def dot(self, factors: Sequence[tuple[Data, Axes]], to: Axes) -> Data | None:
        """The product of some factors summed down to the labels `to`, never multiplied out."""
        alike: dict[Axes, Data] = {}
        for data, axes in factors:
            alike[axes] = alike[axes] * data if axes in alike else data
        operands = [(data.astype(np.float64, copy=False), axes) for axes, data in alike.items()]
        if len(operands) == 2 and _is_matrix_product(operands[0][1], operands[1][1], to):
            return _matrix_product(*operands[0], *operands[1], to)
        labels = {x: k for k, x in enumerate(sorted({x for _, axes in operands for x in axes}))}
        arguments: list[Any] = []
        for data, axes in operands:
            arguments += [data, [labels[x] for x in axes]]
        return np.asarray(np.einsum(*arguments, [labels[x] for x in to], optimize=True))

    def scatter(self, at: Data, values: Data, size: int) -> Data:
        return np.asarray(np.bincount(at, values, size))

    def inverse(self, a: Data) -> tuple[Data, Data]:
        with np.errstate(divide="ignore"):
            return 1 / a, a == 0

    def function(self, name: str, parts: list[Data]) -> tuple[Data, Data | None]:
        compute = FUNCTIONS.get(name)
        if compute is None:
            raise Unsupported(f"the function {name} has no known values")
        with np.errstate(all="ignore"):
            return np.asarray(compute(*parts), np.float64), None


def _is_matrix_product(left: Axes, right: Axes, to: Axes) -> bool:
    """Whether each factor has rows of its own, and something is summed: else `einsum` is faster."""
    return (
        any(x in to and x not in right for x in left)
        and any(x in to and x not in left for x in right)
        and any(x in right and x not in to for x in left)
    )


def _matrix_product(a: Data, left: Axes, b: Data, right: Axes, to: Axes) -> Data:
    """Two factors summed down to `to`: a matrix product for each value of the labels they share."""
    a, left = _summed(a, left, {*right, *to})
    b, right = _summed(b, right, {*left, *to})
    shared = tuple(x for x in left if x in right and x in to)
    gone = tuple(x for x in left if x in right and x not in to)
    rows = tuple(x for x in left if x not in right)
    columns = tuple(x for x in right if x not in left)
    extents = dict(zip((*left, *right), (*a.shape, *b.shape), strict=True))

    def matrices(data: Data, axes: Axes, *order: Axes) -> Data:
        data = data.transpose([axes.index(x) for group in order for x in group])
        return data.reshape([math.prod(extents[x] for x in group) for group in order])

    product = matrices(a, left, shared, rows, gone) @ matrices(b, right, shared, gone, columns)
    found = (*shared, *rows, *columns)
    return product.reshape([extents[x] for x in found]).transpose([found.index(x) for x in to])


def _summed(a: Data, axes: Axes, keep: set[int]) -> tuple[Data, Axes]:
    gone = tuple(k for k, x in enumerate(axes) if x not in keep)
    return a.sum(gone) if gone else a, tuple(x for x in axes if x in keep)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "erf": np.vectorize(math.erf, otypes=[np.float64]),
    "sin": np.sin,
    "cos": np.cos,
    "root": lambda x, n: x ** (1 / n),
    "power": lambda x, y: x**y,
    "inverse of the root of pi": lambda x: x / math.sqrt(math.pi),
}


class _PlainOrder(Order):
    """Comparisons of floating-point values as they are."""

    def sign(self, f: Formula, env: Env) -> Array:
        value = self.world.evaluator("float64").value(f, env)
        return Array(np.asarray(np.sign(value.data), np.int64), value.axes, value.flaw)

    def _first_largest(
        self, balls: Data, mask: Data, look: Callable[[Any, int], Any], axes: Axes
    ) -> Data:
        return np.asarray(np.where(mask, balls, -np.inf).argmax(-1))


class ArrayWorld(World):
    """A world of one draw whose values are given arrays."""

    def __init__(
        self, program: Program, sizes: dict[Size, int], arrays: Mapping[Tensor, Data]
    ) -> None:
        values = {t: Given(a[None]) for t, a in arrays.items()}
        super().__init__(program, sizes, values, 1, np.random.default_rng(0))
        self._float64 = Evaluator(self, Float64())
        self.order = _PlainOrder(self)

    def drawn(self, f: Apply) -> Formula:
        raise Unsupported(f"the function {f.function.name} has no known values")

    def evaluator(self, name: str) -> Evaluator:
        """Floating point, whatever kind of numbers is asked for."""
        return self._float64


def evaluate_arrays(
    program: Program, derivation: Derivation, arrays: Mapping[str, ArrayLike]
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The value of a derivation's result, given the arrays of all given tensors by name.

    Arrays are 0-based, and so are class indices in them.  Intermediates and cotangents are
    computed from the definitions.  The axes of the value are those of the left side: the shape of
    a gradient is that of its variable, and an index tuple in one place is one axis.  InputError
    where an array is missing or of a wrong shape.
    """
    given = {t: _array(t, arrays) for t in program.given if t.name in arrays}
    world = ArrayWorld(program, _sizes(program, given), given)
    for t, a in given.items():
        if world.shape(t) != a.shape:
            raise InputError(f"{t.name} should have the shape {world.shape(t)}, found {a.shape}")
    read = world.reads(derivation.result)
    needed = frozenset(read).union(*(world.upstream(t) for t in read))
    for t in program.given:
        if t in needed and t not in given:
            raise InputError(f"the array “{t.name}” is missing")
    return _laid_out(world, derivation)


def _array(t: Tensor, arrays: Mapping[str, ArrayLike]) -> Data:
    if t.classes is None:
        return np.asarray(arrays[t.name], np.float64)
    return np.asarray(arrays[t.name], np.int64) + t.base


def _sizes(program: Program, given: Mapping[Tensor, Data]) -> dict[Size, int]:
    """Sizes as declared, and those without a value as the arrays have them."""
    sizes = {s: s.value for s in program.sizes if s.value is not None and s.definition is None}
    for t, a in given.items():
        if a.ndim != len(t.shape):
            raise InputError(f"{t.name} should have {len(t.shape)} axes, found {a.ndim}")
        for d, n in zip(t.shape, a.shape, strict=True):
            if isinstance(d.atom, Size) and d.atom.definition is None:
                sizes.setdefault(d.atom, n)
    return sizes


def _laid_out(world: World, derivation: Derivation) -> np.ndarray[Any, np.dtype[np.float64]]:
    env = world.env(derivation.ranges)
    value = world.evaluator("float64").value(derivation.result, env)
    label = world.integers.label
    extents = {label(r.index): env[r.index][1] - env[r.index][0] + 1 for r in derivation.ranges}
    left = _left(derivation)
    axes = [label(i) if isinstance(i := p.atom, Index) else DRAW for e in left for p in _parts(e)]
    if value.flaw is not None and (value.flaw == OUTSIDE).any():
        raise Unsupported("the formula reads an array outside its range")
    labels = [x for x in axes if x != DRAW]
    order = [value.axes.index(x) for x in (DRAW, *labels) if x in value.axes]
    view = value.data.transpose(order)
    view = view if DRAW in value.axes else view[None]
    view = view[(0, *(slice(None) if x != DRAW and x in value.axes else None for x in axes))]
    parts = iter(axes)
    shape = [prod(extents.get(next(parts), 1) for _ in _parts(e)) for e in left]
    whole = np.broadcast_to(view, [extents.get(x, 1) for x in axes])
    return np.array(whole, order="C").reshape(shape)


def _left(derivation: Derivation) -> tuple[Int, ...]:
    """The indices of the left side: free ones, each once, and constants for axes of extent 1."""
    bound = {i for g in subformulas(derivation.start) if isinstance(g, Binder) for i in g.bound}
    read = [c for c in _differentiated(derivation.start) if not free_indices(c) & bound]
    found = [e for c in read for e in c.indices]
    free = [p.atom for e in found for p in _parts(e) if p.constant is None]
    known = [r.index for r in derivation.ranges]
    if len(free) == len(known) and set(free) == set(known):
        return tuple(found)
    return tuple(Int.of(i) for i in known)


def _parts(e: Int) -> tuple[Int, ...]:
    """The indices of the tuple whose position `e` is, else `e` itself."""
    position = e.atom
    return position.indices if isinstance(position, Ravel) else (e,)


def _differentiated(f: Basic) -> Iterator[Component]:
    """The entries on a left side: what is differentiated, then by what, the outermost first."""
    if isinstance(f, Component):
        yield f
    elif isinstance(f, Derivative):
        *outer, inner = _variables(f)
        yield from (c for c in (inner.of, *outer, inner.by) if isinstance(c, Component))
    elif isinstance(f, (Sum, Times)):
        first = next((g for g in subformulas(f) if isinstance(g, Derivative)), None)
        yield from () if first is None else _differentiated(first)


def _variables(f: Derivative) -> list[Any]:
    """The variables of a derivative of derivatives, the outermost first, and the innermost one."""
    return [f.by, *_variables(f.of)] if isinstance(f.of, Derivative) else [f]
