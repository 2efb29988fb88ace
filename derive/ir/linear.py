"""Linear algebra and entry-by-entry operations on whole arrays.

    Product  Transposed  Diagonal  DiagonalOf  Trace  SquaredNorm  Outer  Kronecker
    Added  Hadamard  Scaled  Mapped  Raised  Compared  Softmax

Constructors check extents and never simplify.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, TypeAlias

from derive.ir.extent import differ, product_of
from derive.ir.formula import Formula, FormulaLike, Function, as_formula
from derive.ir.integer import ONE, Int
from derive.ir.whole import Whole, demand_equal, made, show_shape, wholes


class Transposed(Whole):
    """A^⊤ of a matrix; of a column it is a row, of a row a column."""

    __slots__ = ()

    def __new__(cls, a: Whole) -> Transposed:
        wholes((a,), "a transpose")
        if a.rank not in (1, 2):
            raise ValueError(f"the transpose is of a vector or a matrix, found {a.rank} axes")
        return made(cls, a.shape[::-1], a)

    @property
    def of(self) -> Whole:
        return self.args[0]  # type: ignore[return-value]

    @property
    def row(self) -> bool:
        return self.rank == 1 and not self.of.row


def as_matrix(a: Whole) -> tuple[Int, Int]:
    """Rows and columns; a column has one column, a row one row."""
    if a.rank == 1:
        return (ONE, a.shape[0]) if a.row else (a.shape[0], ONE)
    if a.rank != 2:
        raise ValueError(f"a product is of vectors and matrices, found {a.rank} axes")
    return a.shape[0], a.shape[1]


class Product(Whole):
    """The product of matrices, columns and rows: x^⊤ y is a scalar, x y^⊤ a matrix."""

    __slots__ = ()

    def __new__(cls, *factors: Whole) -> Product:
        wholes(factors, "a Product")
        if not factors:
            raise ValueError("a Product has at least one factor")
        for a, b in pairwise(factors):
            (m, n), (p, q) = as_matrix(a), as_matrix(b)
            if differ(n, p):
                raise ValueError(f"a product of {m} × {n} with {p} × {q}")
        shape: list[Int] = []
        if not (factors[0].rank == 1 and factors[0].row):
            shape.append(as_matrix(factors[0])[0])
        if not (factors[-1].rank == 1 and not factors[-1].row):
            shape.append(as_matrix(factors[-1])[1])
        return made(cls, shape, *factors)

    @property
    def factors(self) -> tuple[Whole, ...]:
        return self.args  # type: ignore[return-value]

    @property
    def row(self) -> bool:
        return self.rank == 1 and self.factors[0].rank == 1 and self.factors[0].row


class Diagonal(Whole):
    """diag(v): the matrix with the vector v on its diagonal."""

    __slots__ = ()

    def __new__(cls, v: Whole) -> Diagonal:
        wholes((v,), "diag")
        if v.rank != 1:
            raise ValueError(f"diag is of a vector, found {v.rank} axes")
        return made(cls, v.shape * 2, v)

    @property
    def of(self) -> Whole:
        return self.args[0]  # type: ignore[return-value]


class DiagonalOf(Whole):
    """diag(A): the column of the diagonal entries of a square matrix."""

    __slots__ = ()

    def __new__(cls, a: Whole) -> DiagonalOf:
        demand_square(a, "the diagonal")
        return made(cls, a.shape[:1], a)

    @property
    def of(self) -> Whole:
        return self.args[0]  # type: ignore[return-value]


class Trace(Whole):
    """tr(A): the sum of the diagonal entries, a scalar."""

    __slots__ = ()

    def __new__(cls, a: Whole) -> Trace:
        demand_square(a, "the trace")
        return made(cls, (), a)

    @property
    def of(self) -> Whole:
        return self.args[0]  # type: ignore[return-value]


class SquaredNorm(Whole):
    """‖a‖²: the sum of the squares of all entries, a scalar."""

    __slots__ = ()

    def __new__(cls, a: Whole) -> SquaredNorm:
        wholes((a,), "a norm")
        return made(cls, (), a)

    @property
    def of(self) -> Whole:
        return self.args[0]  # type: ignore[return-value]


def demand_square(a: Whole, what: str) -> None:
    """Refuse what is no square matrix."""
    wholes((a,), what)
    if a.rank != 2 or differ(*a.shape):
        raise ValueError(f"{what} is of a square matrix, found {show_shape(a.shape)}")


class Outer(Whole):
    """All products of an entry of `a` and one of `b`: the axes of `a`, then those of `b`."""

    __slots__ = ()

    def __new__(cls, a: Whole, b: Whole) -> Outer:
        wholes((a, b), "an Outer")
        return made(cls, a.shape + b.shape, a, b)


class Kronecker(Whole):
    """A ⊗ B: blocks a_{ij} B.  A column or a row beside a matrix counts as a matrix."""

    __slots__ = ()

    def __new__(cls, a: Whole, b: Whole) -> Kronecker:
        wholes((a, b), "a Kronecker product")
        if max(a.rank, b.rank) != 2 or not (a.rank and b.rank):
            raise ValueError(f"⊗ is of matrices here, found {a.rank} and {b.rank} axes")
        shape = map(product_of, zip(as_matrix(a), as_matrix(b), strict=True))
        return made(cls, shape, a, b)


# -- entry by entry --------------------------------------------------------------------------------


class _Alike(Whole):
    """An operation entry by entry on arrays of one shape."""

    __slots__ = ()

    def __new__(cls, *parts: Whole) -> _Alike:
        wholes(parts, f"a {cls.__name__}")
        if not parts:
            raise ValueError(f"a {cls.__name__} has at least one part")
        for p in parts[1:]:
            demand_equal(f"a {cls.__name__}", parts[0].shape, p.shape)
            if p.row != parts[0].row:
                raise ValueError(f"a {cls.__name__} of a row and a column")
        return made(cls, parts[0].shape, *parts)

    @property
    def parts(self) -> tuple[Whole, ...]:
        return self.args  # type: ignore[return-value]

    @property
    def row(self) -> bool:
        return self.parts[0].row


class Added(_Alike):
    """A + B + ..."""

    __slots__ = ()


class Hadamard(_Alike):
    """A ⊙ B ⊙ ...: the product entry by entry."""

    __slots__ = ()


class _OfOne(Whole):
    """What has the shape of its last argument."""

    __slots__ = ()

    @property
    def of(self) -> Whole:
        return self.args[-1]  # type: ignore[return-value]

    @property
    def row(self) -> bool:
        return self.of.row


class Scaled(_OfOne):
    """A number times an array; the number is a formula without indices of the array."""

    __slots__ = ()

    def __new__(cls, factor: FormulaLike, a: Whole) -> Scaled:
        wholes((a,), "a Scaled")
        return made(cls, a.shape, as_formula(factor), a)

    @property
    def factor(self) -> Formula:
        return self.args[0]  # type: ignore[return-value]


class Mapped(_OfOne):
    """A scalar function of each entry."""

    __slots__ = ()

    def __new__(cls, function: Function | str, a: Whole) -> Mapped:
        wholes((a,), "a Mapped")
        f = Function(function) if isinstance(function, str) else function
        return made(cls, a.shape, f, a)

    @property
    def function(self) -> Function:
        return self.args[0]  # type: ignore[return-value]


class Raised(_OfOne):
    """A^{⊙ e}: a power of each entry."""

    __slots__ = ()

    def __new__(cls, exponent: FormulaLike, a: Whole) -> Raised:
        wholes((a,), "a Raised")
        return made(cls, a.shape, as_formula(exponent), a)

    @property
    def exponent(self) -> Formula:
        return self.args[0]  # type: ignore[return-value]


class Softmax(_OfOne):
    """exp(a) over its sum along the last axis."""

    __slots__ = ()

    def __new__(cls, a: Whole) -> Softmax:
        wholes((a,), "softmax")
        if not a.rank:
            raise ValueError("softmax is of a vector or an array, found a number")
        return made(cls, a.shape, a)


Comparable: TypeAlias = Whole | Formula


class Compared(Whole):
    """[A > 0]: 1 at each entry where the relation (one of < <= = !=) holds, else 0.

    One side may be a formula, which stands at every entry.
    """

    __slots__ = ("relation",)
    relation: str

    def __new__(cls, left: Comparable, relation: str, right: Comparable) -> Compared:
        arrays = [a for a in (left, right) if isinstance(a, Whole)]
        if not arrays:
            raise ValueError("a Compared compares at least one array")
        demand_equal("a Compared", arrays[0].shape, arrays[-1].shape)
        self: Compared = made(cls, arrays[0].shape, left, right)
        self.relation = relation
        return self

    def _hashable_content(self) -> tuple[Any, ...]:
        return (*self.args, self.relation)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (self.args[0], self.relation, self.args[1])

    @property
    def sides(self) -> tuple[Comparable, Comparable]:
        return self.args  # type: ignore[return-value]

    @property
    def row(self) -> bool:
        return any(a.row for a in self.sides if isinstance(a, Whole))
