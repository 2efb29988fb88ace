"""Laws of products of arrays: numbers in front, no brackets, few diagonal matrices."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from derive.ir import (
    Component,
    Diagonal,
    Hadamard,
    Identity,
    Kronecker,
    Number,
    Ones,
    Product,
    Raised,
    Scaled,
    SquaredNorm,
    Trace,
    Transposed,
    Whole,
)
from derive.rules.array_law import M, R, V, X, Y, law
from derive.rules.samples import m, u, v, x
from derive.rules.terms import factors, product, split_number, with_number


@law(
    "product of products",
    "products need no brackets",
    "fewer products",
    Product,
    lambda: Product(Product(Transposed(X), M), Transposed(M)),
)
def flat_product(a: Product) -> Whole | None:
    """(A B) C = A B C."""
    if len(a.factors) == 1:
        return a.factors[0]
    if not any(isinstance(f, Product) for f in a.factors):
        return None
    return Product(*(h for f in a.factors for h in (f.factors if isinstance(f, Product) else [f])))


@law(
    "identity in a product",
    "multiplying by the identity changes nothing",
    "fewer factors",
    Product,
    lambda: Product(Identity(m.shape[0]), M, V),
)
def without_identity(a: Product) -> Whole | None:
    """I A = A."""
    kept = [f for f in a.factors if not isinstance(f, Identity)]
    if len(kept) == len(a.factors):
        return None
    return Product(*kept) if kept else a.factors[0]


@law(
    "number in a product",
    "numbers stand in front",
    "numbers move out",
    (Product, Hadamard, Diagonal, Trace),
    lambda: Product(M, Scaled(Component(u, 1), R)),
)
def number_in_front(a: Product | Hadamard | Diagonal | Trace) -> Whole | None:
    """A (c B) = c A B, and so for ⊙, diag and tr."""
    numbers = [p.factor for p in a.args if isinstance(p, Scaled)]
    if not numbers:
        return None
    inner = type(a)(*(p.of if isinstance(p, Scaled) else p for p in a.args))  # type: ignore[arg-type]
    return Scaled(product(*(n for c in numbers for n in factors(c))), inner)


@law(
    "number of a number",
    "numbers are multiplied",
    "fewer multiples",
    Scaled,
    lambda: Scaled(Number(2), Scaled(Number(Fraction(3, 2)), X)),
)
def one_number(a: Scaled) -> Whole | None:
    """c (d A) = (c d) A, and 1 A = A."""
    if isinstance(a.of, Scaled):
        return Scaled(product(*factors(a.factor), *factors(a.of.factor)), a.of.of)
    c, rest = split_number(a.factor)
    new = with_number(c, rest)
    if new == Number(1):
        return a.of
    return Scaled(new, a.of) if new != a.factor else None


@law(
    "column times itself",
    "the sum of the squares",
    "fewer products",
    Product,
    lambda: Product(Transposed(X), X),
)
def squared_norm(a: Product) -> Whole | None:
    """x^⊤ x = ‖x‖²."""
    if a.rank or len(a.factors) != 2 or a.factors[0] != Transposed(a.factors[1]):
        return None
    return SquaredNorm(a.factors[1])


@law(
    "diagonal times a column",
    "a diagonal matrix scales the entries",
    "fewer diagonal matrices",
    Product,
    lambda: Product(Transposed(M), Diagonal(X), Y),
)
def diagonal_times_column(a: Product) -> Whole | None:
    """diag(u) v = u ⊙ v."""
    *front, d, x = a.factors if len(a.factors) > 1 else (a, a)
    if not isinstance(d, Diagonal) or x.rank != 1 or x.row or d.of.row:
        return None
    return Product(*front, Hadamard(d.of, x))


@law(
    "product of diagonal matrices",
    "diagonal matrices are multiplied entry by entry",
    "fewer diagonal matrices",
    Product,
    lambda: Product(Diagonal(X), Diagonal(Y), M),
)
def product_of_diagonals(a: Product) -> Whole | None:
    """diag(u) diag(v) = diag(u ⊙ v)."""
    for k, (d, e) in enumerate(pairwise(a.factors)):
        if isinstance(d, Diagonal) and isinstance(e, Diagonal):
            both = Diagonal(Hadamard(d.of, e.of))
            return Product(*a.factors[:k], both, *a.factors[k + 2 :])
    return None


@law(
    "Kronecker product of identities",
    "identities give an identity",
    "fewer Kronecker products",
    Kronecker,
    lambda: Kronecker(Identity(x.shape[0]), Identity(v.shape[0])),
)
def identity_of_identities(a: Kronecker) -> Whole | None:
    """I_m ⊗ I_n = I_{mn}."""
    if not all(isinstance(p, Identity) for p in a.args):
        return None
    return Identity(a.shape[0], a.base or 0)


@law(
    "diagonal of ones",
    "ones on the diagonal are the identity",
    "fewer diagonal matrices",
    Diagonal,
    lambda: Diagonal(Ones(x.shape)),
)
def diagonal_of_ones(a: Diagonal) -> Whole | None:
    """diag(𝟏) = I."""
    return Identity(a.shape[0], a.of.base) if isinstance(a.of, Ones) else None


@law(
    "entry by entry with ones",
    "multiplying by ones changes nothing",
    "fewer factors",
    Hadamard,
    lambda: Hadamard(X, Ones(x.shape), Hadamard(Y, X)),
)
def flat_hadamard(a: Hadamard) -> Whole | None:
    """A ⊙ 𝟏 = A, and (A ⊙ B) ⊙ C = A ⊙ B ⊙ C."""
    flat = [q for p in a.parts for q in (p.parts if isinstance(p, Hadamard) else [p])]
    kept = [p for p in flat if not isinstance(p, Ones)] or flat[:1]
    new = Hadamard(*kept) if len(kept) > 1 else kept[0]
    return None if new == a else new


@law(
    "equal factors entry by entry",
    "equal factors make a power",
    "fewer factors",
    Hadamard,
    lambda: Hadamard(X, Y, X),
)
def square_entries(a: Hadamard) -> Whole | None:
    """A ⊙ A = A^{⊙2}."""
    for p in a.parts:
        times = a.parts.count(p)
        if times > 1:
            at = a.parts.index(p)
            rest = [q for q in a.parts if q != p]
            powers = [*rest[:at], Raised(times, p), *rest[at:]]
            return Hadamard(*powers) if rest else powers[0]
    return None
