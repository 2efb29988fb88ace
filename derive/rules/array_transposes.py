"""Laws of transposes: towards the leaves, and few of them."""

from __future__ import annotations

from derive.ir import (
    Added,
    Commutation,
    Component,
    Diagonal,
    Hadamard,
    Identity,
    Kronecker,
    Mapped,
    Ones,
    Product,
    Raised,
    Scaled,
    Transposed,
    Whole,
    subformulas,
)
from derive.rules.array_law import G, M, R, S, X, law
from derive.rules.samples import m, u

_ENTRIES = (Added, Hadamard, Mapped, Raised)
_DEEPER = "transposes move towards the leaves"


@law(
    "transpose of a transpose",
    "transposing twice changes nothing",
    "fewer transposes",
    Transposed,
    lambda: Transposed(Transposed(M)),
)
def twice_transposed(a: Transposed) -> Whole | None:
    """(A^⊤)^⊤ = A."""
    return a.of.of if isinstance(a.of, Transposed) else None


@law(
    "transpose of a product",
    "a transpose turns the order of the factors round",
    _DEEPER,
    Transposed,
    lambda: Transposed(Product(M, R)),
)
def transposed_product(a: Transposed) -> Whole | None:
    """(A B)^⊤ = B^⊤ A^⊤."""
    if not isinstance(a.of, Product):
        return None
    return Product(*(Transposed(f) for f in reversed(a.of.factors)))


@law(
    "transpose of a multiple",
    "a number does not mind a transpose",
    _DEEPER,
    Transposed,
    lambda: Transposed(Scaled(Component(u, 1), M)),
)
def transposed_multiple(a: Transposed) -> Whole | None:
    """(c A)^⊤ = c A^⊤."""
    return Scaled(a.of.factor, Transposed(a.of.of)) if isinstance(a.of, Scaled) else None


@law(
    "symmetric matrices",
    "a diagonal matrix is symmetric",
    "fewer transposes",
    Transposed,
    lambda: Transposed(Diagonal(X)),
)
def symmetric(a: Transposed) -> Whole | None:
    """diag(v)^⊤ = diag(v), I^⊤ = I."""
    return a.of if isinstance(a.of, Diagonal | Identity) else None


@law(
    "transpose of a commutation matrix",
    "turning back what a commutation matrix turns",
    "fewer transposes",
    Transposed,
    lambda: Transposed(Commutation(*m.shape)),
)
def transposed_commutation(a: Transposed) -> Whole | None:
    """K_{m,n}^⊤ = K_{n,m}."""
    if not isinstance(a.of, Commutation):
        return None
    return Commutation(*a.of.extents[::-1], a.of.base)


@law(
    "transpose of ones",
    "ones stay ones",
    "fewer transposes",
    Transposed,
    lambda: Transposed(Ones(m.shape)),
)
def transposed_ones(a: Transposed) -> Whole | None:
    """The transpose of a matrix of ones is one of ones."""
    if not isinstance(a.of, Ones) or a.of.rank != 2:
        return None
    return Ones(a.shape, a.of.base)


@law(
    "transpose entry by entry",
    "a transpose goes through what acts entry by entry",
    "fewer transposes",
    Transposed,
    lambda: Transposed(Added(Transposed(M), Mapped("exp", Transposed(G)))),
)
def transposed_entries(a: Transposed) -> Whole | None:
    """(A^⊤ + B)^⊤ = A + B^⊤, where that takes fewer transposes, and (I + A)^⊤ = I + A^⊤."""
    if not isinstance(a.of, _ENTRIES):
        return None
    new = _flipped(a.of)
    before, after = _transposes(a), _transposes(new)
    symmetric = isinstance(a.of, Added) and any(_flipped(p) == p for p in a.of.parts)
    return new if after < before or (after == before and symmetric) else None


@law(
    "transpose of a Kronecker product",
    "a transpose goes through ⊗",
    _DEEPER,
    Transposed,
    lambda: Transposed(Kronecker(M, S)),
)
def transposed_kronecker(a: Transposed) -> Whole | None:
    """(A ⊗ B)^⊤ = A^⊤ ⊗ B^⊤."""
    if not isinstance(a.of, Kronecker):
        return None
    left, right = a.of.args
    return Kronecker(Transposed(left), Transposed(right))  # type: ignore[arg-type]


def _flipped(a: Whole) -> Whole:
    """The transpose, pushed as far as it goes, though a column stays in one piece."""
    pushed = _pushed(a)
    whole = a.rank == 1 and isinstance(a, _ENTRIES)
    return Transposed(a) if whole and _transposes(pushed) > 1 + _transposes(a) else pushed


def _pushed(a: Whole) -> Whole:
    match a:
        case Transposed():
            return a.of
        case Diagonal() | Identity():
            return a
        case Ones() if a.rank == 2:
            return Ones(a.shape[::-1], a.base)
        case Commutation():
            return Commutation(*a.extents[::-1], a.base)
        case Kronecker():
            return Kronecker(*map(_flipped, a.args))  # type: ignore[arg-type]
        case Product():
            return Product(*(_flipped(f) for f in reversed(a.factors)))
        case Scaled():
            return Scaled(a.factor, _flipped(a.of))
        case Added() | Hadamard():
            return type(a)(*map(_flipped, a.parts))
        case Mapped():
            return Mapped(a.function, _flipped(a.of))
        case Raised():
            return Raised(a.exponent, _flipped(a.of))
    return Transposed(a)


def _transposes(a: Whole) -> int:
    return sum(isinstance(n, Transposed) for n in subformulas(a))


@law(
    "sum of transposes",
    "a sum of transposes is the transpose of the sum",
    "fewer transposes",
    (Added, Hadamard),
    lambda: Added(Transposed(M), Scaled(-2, Transposed(G))),
)
def sum_of_transposes(a: Added | Hadamard) -> Whole | None:
    """A^⊤ + B^⊤ = (A + B)^⊤, and so for ⊙."""
    if len(a.parts) < 2 or not all(isinstance(_bare(p), Transposed) for p in a.parts):
        return None
    return Transposed(type(a)(*map(_flipped, a.parts)))


def _bare(a: Whole) -> Whole:
    """What stands behind the numbers."""
    return _bare(a.of) if isinstance(a, Scaled) else a
