"""Laws of whole arrays: what brings a matrix form to the one that a textbook has.

Each law looks at one node; as a Rule of the catalogue it rewrites an entry of an array that this
node is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TypeAlias

from derive.derivation.rule import Example, Rule
from derive.derivation.scope import Scope
from derive.ir import (
    Added,
    Array,
    Component,
    Diagonal,
    Element,
    Formula,
    Hadamard,
    Identity,
    Mapped,
    Number,
    Ones,
    Product,
    Raised,
    Range,
    Scaled,
    Trace,
    Transposed,
    Whole,
    subformulas,
)
from derive.rules import samples
from derive.rules.samples import g, i, j, m, r, s, u, v, x, y
from derive.rules.terms import common_number, factors, product, split_number, with_number

Law: TypeAlias = Callable[[Whole], Whole | None]

X, Y, V, U = Array(x), Array(y), Array(v), Array(u)
M, G, R, S = Array(m), Array(g), Array(r), Array(s)


@dataclass(frozen=True)
class ArrayLaw:
    """`apply` returns the new array, or None where the law does not fire; the rest as in a Rule."""

    name: str
    reason: str
    ends: str
    on: tuple[type[Whole], ...]
    apply: Law
    example: Callable[[], Whole]

    @property
    def rule(self) -> Rule:
        """The law about entries that follows from it."""

        def apply(f: Formula, scope: Scope) -> Formula | None:
            if not isinstance(f, Element) or not isinstance(f.whole, self.on):
                return None
            new = self.apply(f.whole)
            return None if new is None else Element(new, *f.indices)

        apply.__doc__ = self.apply.__doc__
        return Rule(self.name, self.reason, self.ends, (Element,), apply, self._entry)

    def _entry(self) -> Example:
        whole = self.example()
        at = (i, j)[: whole.rank]
        ranges = [Range(k, 1, d) for k, d in zip(at, whole.shape, strict=True)]
        return samples.given_arrays(Element(whole, *at), *ranges)


def law(
    name: str,
    reason: str,
    ends: str,
    on: type[Whole] | tuple[type[Whole], ...],
    example: Callable[[], Whole],
) -> Callable[[Callable[..., Whole | None]], ArrayLaw]:
    """Turns a function of a node into an ArrayLaw; its docstring shows the law."""

    def make(apply: Callable[..., Whole | None]) -> ArrayLaw:
        return ArrayLaw(name, reason, ends, on if isinstance(on, tuple) else (on,), apply, example)

    return make


# -- transposes ------------------------------------------------------------------------------------

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
    """(A^⊤ + B)^⊤ = A + B^⊤, where that takes fewer transposes."""
    if not isinstance(a.of, Added | Hadamard | Mapped | Raised):
        return None
    new = _flipped(a.of)
    return new if _transposes(new) < _transposes(a) else None


def _flipped(a: Whole) -> Whole:
    """The transpose, pushed as far as it goes."""
    match a:
        case Transposed():
            return a.of
        case Diagonal() | Identity():
            return a
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


# -- products --------------------------------------------------------------------------------------


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


# -- sums ------------------------------------------------------------------------------------------


@law(
    "sum of arrays in order",
    "sums need no brackets, like terms are collected",
    "fewer terms",
    Added,
    lambda: Added(X, Added(Y, Scaled(-3, X))),
)
def tidy_sum(a: Added) -> Whole | None:
    """A + (B + A) = 2A + B."""
    flat = [q for p in a.parts for q in (p.parts if isinstance(p, Added) else [p])]
    coefficients: dict[tuple[tuple[Formula, ...], Whole], Fraction] = {}
    for t in flat:
        c, rest, whole = _split(t)
        key = (rest, whole)
        coefficients[key] = coefficients.get(key, Fraction(0)) + c
    kept = [_scaled(c, *key) for key, c in coefficients.items() if c] or [Scaled(0, flat[0])]
    new = Added(*kept) if len(kept) > 1 else kept[0]
    return None if new == a else new


def _split(a: Whole) -> tuple[Fraction, tuple[Formula, ...], Whole]:
    """(c, fs, B) with A = c Π fs B."""
    if not isinstance(a, Scaled):
        return Fraction(1), (), a
    c, rest = split_number(a.factor)
    d, more, whole = _split(a.of)
    return c * d, (*rest, *more), whole


def _scaled(c: Fraction, rest: Iterable[Formula], a: Whole) -> Whole:
    factor = with_number(c, rest)
    return a if factor == Number(1) else Scaled(factor, a)


@law(
    "common number of arrays",
    "the common number in front",
    "fewer numbers",
    Added,
    lambda: Added(Scaled(4 * Component(u, 1), X), Scaled(-6 * Component(u, 1), Y)),
)
def common_multiple(a: Added) -> Whole | None:
    """c A + c B = c (A + B)."""
    split = [_split(p) for p in a.parts]
    common: list[Formula] = []
    left = [list(rest) for _, rest, _ in split]
    for f in split[0][1]:
        if all(f in rest for rest in left):
            common.append(f)
            for rest in left:
                rest.remove(f)
    c = common_number([n for n, _, _ in split])
    if c == 1 and not common:
        return None
    inner = [_scaled(n / c, rest, w) for (n, _, w), rest in zip(split, left, strict=True)]
    return Scaled(with_number(c, common), Added(*inner))


@law(
    "sign of a difference of arrays",
    "the sign goes into the bracket",
    "fewer negative numbers",
    Scaled,
    lambda: Scaled(-2, Added(X, Scaled(-1, Y))),
)
def sign_inside(a: Scaled) -> Whole | None:
    """-(A - B) = B - A."""
    c, rest = split_number(a.factor)
    if c >= 0 or not isinstance(a.of, Added):
        return None
    turned = [(-n, fs, w) for n, fs, w in map(_split, a.of.parts)]
    if all(n < 0 for n, _, _ in turned):
        return None
    turned.sort(key=lambda t: t[0] < 0)
    return _scaled(-c, rest, Added(*(_scaled(*t) for t in turned)))


@law(
    "common factor on the right",
    "the common factor on the right",
    "fewer factors in all",
    Added,
    lambda: Added(Product(S, X), Scaled(3, Product(Transposed(S), X))),
)
def common_right(a: Added) -> Whole | None:
    """A C + B C = (A + B) C."""
    return _common(a, lambda f: f[-1], lambda f: f[:-1], lambda s, c: Product(s, c))


@law(
    "common factor on the left",
    "the common factor on the left",
    "fewer factors in all",
    Added,
    lambda: Added(Product(S, M), Scaled(-1, Product(S, G))),
)
def common_left(a: Added) -> Whole | None:
    """C A + C B = C (A + B)."""
    return _common(a, lambda f: f[0], lambda f: f[1:], lambda s, c: Product(c, s))


def _common(
    a: Added,
    end: Callable[[Sequence[Whole]], Whole],
    others: Callable[[Sequence[Whole]], Sequence[Whole]],
    joined: Callable[[Whole, Whole], Whole],
) -> Whole | None:
    """The sum of products that all have one factor at an end."""
    split = [_split(p) for p in a.parts]
    lists = [w.factors if isinstance(w, Product) else (w,) for _, _, w in split]
    if len(split) < 2 or min(map(len, lists)) < 2 or len({end(f) for f in lists}) > 1:
        return None
    inner = [
        _scaled(c, fs, Product(*others(f)) if len(f) > 2 else others(f)[0])
        for (c, fs, _), f in zip(split, lists, strict=True)
    ]
    return joined(Added(*inner), end(lists[0]))


LAWS: tuple[ArrayLaw, ...] = (
    twice_transposed,
    symmetric,
    transposed_ones,
    transposed_product,
    transposed_multiple,
    transposed_entries,
    flat_product,
    without_identity,
    number_in_front,
    one_number,
    product_of_diagonals,
    diagonal_times_column,
    diagonal_of_ones,
    flat_hadamard,
    square_entries,
    tidy_sum,
    common_multiple,
    sign_inside,
    common_right,
    common_left,
    sum_of_transposes,
)
"""In the order in which they are tried at a node."""
