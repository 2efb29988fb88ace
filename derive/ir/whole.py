"""The sister language: expressions whose value is a whole array.

    Array  Slope  Ones  Zeros  Identity        W,  ∂L/∂W,  𝟏,  0,  I
    Commutation                                 K_{m,n} with K vec(A) = vec(A^⊤)
    Product  Transposed  Added  Scaled          A B,  A^⊤,  A + B,  ½ A
    Hadamard  Mapped  Raised  Compared          A ⊙ B,  σ(A),  A^{⊙2},  [A > 0]
    Diagonal  DiagonalOf  Trace                 diag(v),  diag(A),  tr(A)
    Outer  Kronecker                            a ⊗ b,  A ⊗ B

The leaves are here, the others in `derive.ir.linear`; `derive.ir.rearranged` has those that move
or select entries.  A vector is a column; a `row` is the transpose of one, and has one axis, too.
`Element(whole, i, j)` is the formula for one entry, so that a Step can say that an index form is an
entry of a matrix form.

Constructors check extents, as far as these are certain to differ, and never simplify.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias, TypeVar

from sympy import Basic

from derive.ir.extent import differ, product_of
from derive.ir.formula import Formula, Tensor, checked
from derive.ir.integer import Int, IntLike

Shape: TypeAlias = tuple[Int, ...]


class Word(Basic):
    """A word that chooses between variants of a node."""

    __slots__ = ("text",)
    is_Atom = True
    text: str

    def __new__(cls, text: str) -> Word:
        self = Basic.__new__(cls)
        self.text = text
        return self

    def _hashable_content(self) -> tuple[Any, ...]:
        return (self.text,)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (self.text,)

    def _sympystr(self, printer: object) -> str:
        return self.text


class Ints(Basic):
    """A tuple of integer expressions: a shape, a list of axes (counted from 0), of steps."""

    __slots__ = ()

    def __new__(cls, *parts: IntLike) -> Ints:
        return Basic.__new__(cls, *(Int.of(p) for p in parts))

    @staticmethod
    def of(parts: Ints | Iterable[IntLike]) -> Ints:
        return parts if isinstance(parts, Ints) else Ints(*parts)

    @property
    def all(self) -> Shape:
        return self.args  # type: ignore[return-value]

    @property
    def numbers(self) -> tuple[int, ...]:
        """The parts, each of which must be a number."""
        found = [p.constant for p in self.all]
        if None in found:
            raise ValueError(f"expected numbers, found {self}")
        return tuple(found)  # type: ignore[arg-type]

    def _sympystr(self, printer: object) -> str:
        return f"({', '.join(map(str, self.args))})"


class Whole(Basic):
    """An array-valued expression; `shape` has its extents, and a scalar has the shape ().

    A `row` has one axis; so has a column, which every other vector is.  `base` is where its indices
    begin, and None where nothing in it says so.
    """

    __slots__ = ("shape",)
    shape: Shape

    @property
    def row(self) -> bool:
        return False

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def base(self) -> int | None:
        return next((b for b in map(_base, self.args) if b is not None), None)

    def _sympystr(self, printer: object) -> str:
        return f"{type(self).__name__}({', '.join(map(str, self.args))})"


def _base(part: Basic) -> int | None:
    return part.base if isinstance(part, Whole) else None


Node = TypeVar("Node", bound="Whole")


def made(cls: type[Node], shape: Iterable[Int], *parts: Basic) -> Node:
    """A node of the class with that shape and those arguments."""
    self: Node = Basic.__new__(cls, *parts)
    self.shape = tuple(shape)
    return self


def demand_equal(what: str, first: Sequence[Int], second: Sequence[Int]) -> None:
    """Refuse shapes that cannot be the same."""
    if len(first) != len(second) or any(map(differ, first, second)):
        raise ValueError(
            f"{what} has arrays of one shape, found {show_shape(first)} and {show_shape(second)}"
        )


def show_shape(shape: Sequence[Int]) -> str:
    """A shape for a message."""
    return f"({', '.join(map(str, shape))})"


def wholes(parts: Iterable[Any], what: str) -> tuple[Whole, ...]:
    return checked(parts, Whole, what)


class Element(Formula):
    """An entry of a whole array; a scalar whole has no indices."""

    __slots__ = ()

    def __new__(cls, whole: Whole, *indices: IntLike) -> Element:
        checked((whole,), Whole, "an Element")
        if len(indices) != whole.rank:
            raise ValueError(f"an array of {whole.rank} axes, found {len(indices)} indices")
        return Basic.__new__(cls, whole, *(Int.of(e) for e in indices))

    @property
    def whole(self) -> Whole:
        return self.args[0]  # type: ignore[return-value]

    @property
    def indices(self) -> Shape:
        return self.args[1:]  # type: ignore[return-value]


# -- leaves ----------------------------------------------------------------------------------------


class Array(Whole):
    """A tensor as a whole."""

    __slots__ = ()

    def __new__(cls, tensor: Tensor) -> Array:
        checked((tensor,), Tensor, "an Array")
        return made(cls, tensor.shape, tensor)

    @property
    def tensor(self) -> Tensor:
        return self.args[0]  # type: ignore[return-value]

    @property
    def base(self) -> int:
        return self.tensor.base


class Slope(Whole):
    """∂of/∂by along all paths, the definition of `by` cut, tensors in `held` fixed.

    Layout "shape": the axes of `of`, then those of `by`.  "denominator": those of `by` first.
    "numerator": as "shape", but a scalar by a vector is a row, and by a matrix is transposed.
    """

    __slots__ = ()

    def __new__(cls, of: Tensor, by: Tensor, layout: Word | str = "shape", *held: Tensor) -> Slope:
        checked((of, by, *held), Tensor, "a Slope")
        layout = Word(layout) if isinstance(layout, str) else layout
        shape = of.shape + by.shape
        if layout.text == "denominator":
            shape = by.shape + of.shape
        elif layout.text == "numerator" and not of.shape and len(by.shape) == 2:
            shape = by.shape[::-1]
        return made(cls, shape, of, by, layout, *held)

    @property
    def of(self) -> Tensor:
        return self.args[0]  # type: ignore[return-value]

    @property
    def by(self) -> Tensor:
        return self.args[1]  # type: ignore[return-value]

    @property
    def layout(self) -> str:
        return self.args[2].text  # type: ignore[attr-defined, no-any-return]

    @property
    def held(self) -> tuple[Tensor, ...]:
        return self.args[3:]  # type: ignore[return-value]

    @property
    def row(self) -> bool:
        scalar_by_vector = self.layout == "numerator" and not self.of.shape
        vector_by_scalar = self.layout == "denominator" and not self.by.shape
        return self.rank == 1 and (scalar_by_vector or vector_by_scalar)

    @property
    def base(self) -> int:
        return self.by.base

    def place(self, of: Sequence[Any], by: Sequence[Any]) -> tuple[Any, ...]:
        """What belongs to the axes of `of` and of `by`, in the order of the own axes."""
        if self.layout == "denominator":
            return (*by, *of)
        if self.layout == "numerator" and not self.of.shape and len(self.by.shape) == 2:
            return tuple(by)[::-1]
        return (*of, *by)


class _Constant(Whole):
    """An array of that shape whose entries are the same everywhere."""

    __slots__ = ()

    def __new__(cls, shape: Ints | Iterable[IntLike], base: IntLike = 1) -> _Constant:
        extents = Ints.of(shape)
        return made(cls, extents.all, extents, Int.of(base))

    @property
    def base(self) -> int:
        return self.args[1].constant or 0  # type: ignore[attr-defined]


class Ones(_Constant):
    """The array of ones of a shape: 𝟏."""

    __slots__ = ()


class Zeros(_Constant):
    """The array of zeros of a shape."""

    __slots__ = ()


class Commutation(Whole):
    """The matrix that takes vec(A), for A with m rows and n columns, to vec(A^⊤)."""

    __slots__ = ()

    def __new__(cls, m: IntLike, n: IntLike, base: IntLike = 1) -> Commutation:
        both = (Int.of(m), Int.of(n))
        return made(cls, (product_of(both),) * 2, *both, Int.of(base))

    @property
    def extents(self) -> tuple[Int, Int]:
        return self.args[:2]  # type: ignore[return-value]

    @property
    def base(self) -> int:
        return self.args[2].constant or 0  # type: ignore[attr-defined]


class Identity(Whole):
    """The identity matrix of an order."""

    __slots__ = ()

    def __new__(cls, n: IntLike, base: IntLike = 1) -> Identity:
        return made(cls, (Int.of(n),) * 2, Int.of(n), Int.of(base))

    @property
    def order(self) -> Int:
        return self.args[0]  # type: ignore[return-value]

    @property
    def base(self) -> int:
        return self.args[1].constant or 0  # type: ignore[attr-defined]
