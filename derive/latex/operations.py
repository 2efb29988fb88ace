"""Named operations on whole arrays: diag, trace, vec, norms, softmax, correlations."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from derive.ir import (
    And,
    Apply,
    Bracket,
    Count,
    Delta,
    Formula,
    Int,
    Max,
    Number,
    Power,
    Range,
    Sum,
    at_least,
    at_most,
    floor,
    fresh,
    mod,
    substitute,
)
from derive.latex.array import (
    Array,
    Extent,
    Mismatch,
    Value,
    between,
    inner,
    multiplied,
    new_axes,
    outer,
    product,
    show,
    total,
    zipped,
)


def hadamard(a: Value, b: Value) -> Value:
    """The product entry by entry."""
    return zipped([a, b], multiplied)


def diag(a: Value) -> Value:
    """The diagonal matrix of a vector, or the diagonal of a matrix."""
    if isinstance(a, Array) and a.rank == 1:
        i, j = new_axes(2)
        return Array(multiplied([Delta(i, j), a.at(i)]), (i, j), a.shape * 2, a.base)
    if isinstance(a, Array) and a.rank == 2:
        i = fresh("i")
        return Array(a.at(i, i), (i,), a.shape[:1], a.base)
    raise Mismatch("a vector or a matrix in diag", show(a), definite=False)


def trace(a: Value) -> Formula:
    if not isinstance(a, Array) or a.rank != 2:
        raise Mismatch("a matrix under the trace", show(a))
    i = fresh("i")
    extent = a.shape[1] if a.shape[0] is None else a.shape[0]
    return Sum(a.at(i, i), between(i, extent, a.base))


def vec(a: Value) -> Value:
    """The columns of a matrix below each other."""
    if not isinstance(a, Array) or a.rank > 2:
        raise Mismatch("a matrix in vec", show(a), definite=False)
    if a.rank == 1:
        return a
    k = fresh("k")
    m, n = _known(a, 0), _known(a, 1)
    row, column = mod(k - a.base, m) + a.base, floor(k - a.base, m) + a.base
    return Array(a.at(row, column), (k,), (m * n,), a.base)


def softmax(a: Value) -> Value:
    """exp over its sum along the last axis."""
    if not isinstance(a, Array):
        raise Mismatch("an array in softmax", show(a))
    k = fresh("k")
    exp = Apply("exp", a.formula)
    others = Apply("exp", substitute(a.formula, {a.axes[-1]: k}))
    whole = Sum(others, between(k, a.shape[-1], a.base))
    return a.map(lambda _: multiplied([exp, Power(whole, Number(-1))]))


def log_sum_exp(a: Value) -> Value:
    return _along_last(a, lambda f, r: Apply("log", Sum(Apply("exp", f), r)))


def _along_last(a: Value, f: Callable[[Formula, Range], Formula]) -> Value:
    if not isinstance(a, Array) or a.rank != 1:
        raise Mismatch("a vector", show(a), definite=False)
    return f(a.formula, a.over(0))


def sum_of(a: Value) -> Value:
    return total(a, lambda f: f) if isinstance(a, Array) else a


def mean_of(a: Value) -> Value:
    if not isinstance(a, Array):
        return a
    counts = [Power(Count(_known(a, k)), Number(-1)) for k in range(a.rank)]
    return multiplied([*counts, total(a, lambda f: f)])


def largest(a: Value) -> Value:
    return Max(a.formula, *(a.over(k) for k in range(a.rank))) if isinstance(a, Array) else a


def normalised_log(a: Value) -> Value:
    """log of softmax."""
    found = softmax(a)
    return found.map(lambda f: Apply("log", f)) if isinstance(found, Array) else found


def norm(a: Value, degree: str, power: Formula | None) -> Formula:
    r"""\|a\| of degree "1", "2", "F" or "\infty", raised to a power."""
    if degree == "1":
        f = total(a, lambda x: Apply("abs", x)) if isinstance(a, Array) else Apply("abs", a)
        return f if power is None else Power(f, power)
    if degree == "\\infty":
        g = a.map(lambda x: Apply("abs", x)) if isinstance(a, Array) else Apply("abs", a)
        f = largest(g)  # type: ignore[assignment]
        return f if power is None else Power(f, power)
    squares = total(a, _square) if isinstance(a, Array) else _square(a)
    if power == Number(2):
        return squares
    if power is None:
        return Apply("sqrt", squares)
    return Power(squares, multiplied([Number(Fraction(1, 2)), power]))


def _square(f: Formula) -> Formula:
    return Power(f, Number(2))


def norm_of_degree(a: Value, p: Formula, power: Formula | None) -> Formula:
    """(Σ|entry|^p)^(1/p), raised to a power."""
    if not isinstance(a, Array):
        a = Apply("abs", a)
        return a if power is None else Power(a, power)
    whole = total(a, lambda x: Power(Apply("abs", x), p))
    if power == p:
        return whole
    root = Power(p, Number(-1))
    return Power(whole, root if power is None else multiplied([power, root]))


# -- products of their own -----------------------------------------------------------------------


def kronecker(a: Value, b: Value) -> Value:
    """The outer product of vectors, the Kronecker product of matrices; a vector may be one."""
    if not isinstance(a, Array) or not isinstance(b, Array):
        return zipped([a, b], multiplied)
    if a.rank == b.rank == 1:
        return outer(a, b)
    a, b = _as_matrix(a), _as_matrix(b)
    if a.rank != 2 or b.rank != 2:
        raise Mismatch("vectors or matrices around ⊗", f"{show(a)} and {show(b)}", False)
    axes = new_axes(2)
    at_a: list[Int] = []
    at_b: list[Int] = []
    shape: list[Extent] = []
    for k, x in enumerate(axes):
        n = _known(b, k)
        at_a.append(floor(x - a.base, n) + a.base)
        at_b.append(mod(x - a.base, n) + a.base)
        shape.append(_known(a, k) * n)
    return Array(multiplied([a.at(*at_a), b.at(*at_b)]), axes, tuple(shape), a.base)


def _as_matrix(a: Array) -> Array:
    """A column or a row as a matrix."""
    if a.rank != 1:
        return a
    one = (fresh("k"), Int.of(1))
    both = ((a.axes[0], a.shape[0]), one)[:: -1 if a.row else 1]
    axes, shape = zip(*both, strict=True)
    return Array(a.formula, axes, shape, a.base)


def flat_kronecker(a: Array, b: Array) -> Array:
    """The column of all products of an entry of `a` and one of `b`, that of `b` running first."""
    k, n = fresh("k"), _known(b, 0)
    at_a, at_b = floor(k - a.base, n) + a.base, mod(k - a.base, n) + a.base
    return Array(multiplied([a.at(at_a), b.at(at_b)]), (k,), (_known(a, 0) * n,), a.base)


def dot(a: Value, b: Value) -> Value:
    """`a · b`: the inner product of two columns, else the product."""
    if isinstance(a, Array) and isinstance(b, Array):
        if a.rank == b.rank == 1 and a.row == b.row:
            return inner(a, b)
        return product(a, b)
    return zipped([a, b], multiplied)


def rotated(a: Value) -> Value:
    """Every axis backwards."""
    return _rotated(a) if isinstance(a, Array) else a


def _rotated(a: Array) -> Array:
    back = [_known(a, k) + (2 * a.base - 1) - x for k, x in enumerate(a.axes)]
    return Array(a.at(*back), a.axes, a.shape, a.base, a.row)


def correlation(x: Value, w: Value, full: bool, flipped: bool) -> Value:
    """Σ x[i + a] w[a] over the window, w turned round for a convolution.

    A full one has an entry for every overlap; what lies outside `x` counts as 0.
    """
    if not isinstance(x, Array) or not isinstance(w, Array) or x.rank != w.rank:
        raise Mismatch("two arrays with equally many axes", f"{show(x)} and {show(w)}", False)
    if flipped:
        w = _rotated(w)
    out, window = new_axes(x.rank), new_axes(x.rank)
    at: list[Int] = []
    shape: list[Extent] = []
    inside = []
    for k, (i, a) in enumerate(zip(out, window, strict=True)):
        n, m = _known(x, k), _known(w, k)
        at.append(i + a - x.base - (m - 1 if full else 0))
        shape.append(n + m - 1 if full else n - m + 1)
        inside += [at_least(at[k], x.base), at_most(at[k], n + (x.base - 1))]
    guard: list[Formula] = [Bracket(And(*inside))] if full else []
    body = multiplied([*guard, x.at(*at), w.at(*window)])
    ranges = [between(a, n, x.base) for a, n in zip(window, w.shape, strict=True)]
    return Array(Sum(body, *ranges), out, tuple(shape), x.base)


def _known(a: Array, axis: int) -> Int:
    extent = a.shape[axis]
    if extent is None:
        raise Mismatch("an array of known shape", "one that fits every shape", definite=False)
    return extent


FUNCTIONS: dict[str, Callable[[Value], Value]] = {
    "diag": diag,
    "Diag": diag,
    "tr": trace,
    "Tr": trace,
    "trace": trace,
    "vec": vec,
    "softmax": softmax,
    "Softmax": softmax,
    "logsoftmax": normalised_log,
    "LogSoftmax": normalised_log,
    "logsumexp": log_sum_exp,
    "LSE": log_sum_exp,
    "sum": sum_of,
    "mean": mean_of,
}
"""Functions of whole arrays by the name in the LaTeX."""

OPERATIONS: dict[str, Callable[[Value, Value], Value]] = {
    "elementwise product": hadamard,
    "outer product": lambda a, b: (
        outer(a, b) if isinstance(a, Array) and isinstance(b, Array) else hadamard(a, b)
    ),
    "Kronecker product": kronecker,
    "valid cross-correlation": lambda a, b: correlation(a, b, full=False, flipped=False),
    "full cross-correlation": lambda a, b: correlation(a, b, full=True, flipped=False),
    "valid convolution": lambda a, b: correlation(a, b, full=False, flipped=True),
    "full convolution": lambda a, b: correlation(a, b, full=True, flipped=True),
}
"""Operations between two arrays by their name in the table of symbols."""

CUSTOMARY = {
    "\\odot": "elementwise product",
    "\\circ": "elementwise product",
    "\\otimes": "Kronecker product",
}
"""What marks mean where nothing declares them."""
