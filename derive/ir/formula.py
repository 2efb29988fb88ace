"""The closed set of formula nodes.

Constructors check and never simplify: only rules do, so that no step is lost.  All nodes are
immutable `sympy.Basic` objects; structural equality is `==`, equality up to the names of bound
indices is `walk.same`.

    Number  Count  Component            3/2,  N as a number,  x[n,c,i+a-1,j]
    Plus  Times  Power  Apply           arithmetic and scalar functions
    Greatest  Least                     max(a, b), min(a, b) of scalars
    Sum  Max  Chosen                    over ranges of indices; "Max picked this position"
    Delta  Bracket  Cases               Kronecker delta, Iverson bracket, guarded values
    Derivative                          ∂f/∂T[e..], not yet carried out
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, TypeAlias, Union

from sympy import Basic

from derive.ir.index import Index
from derive.ir.integer import Compound, Int, IntLike, str_of

FormulaLike: TypeAlias = Union["Formula", int, Fraction]


class Formula(Basic):
    """A real-valued expression.  Its free indices are those that no Sum or Max inside it binds."""

    __slots__ = ("_free", "_tensors")
    _free: frozenset[Index]
    _tensors: frozenset[Tensor]

    def __add__(self, other: FormulaLike) -> Formula:
        return Plus(self, as_formula(other))

    def __radd__(self, other: FormulaLike) -> Formula:
        return Plus(as_formula(other), self)

    def __sub__(self, other: FormulaLike) -> Formula:
        return Plus(self, Times(Number(-1), as_formula(other)))

    def __rsub__(self, other: FormulaLike) -> Formula:
        return Plus(as_formula(other), Times(Number(-1), self))

    def __mul__(self, other: FormulaLike) -> Formula:
        return Times(self, as_formula(other))

    def __rmul__(self, other: FormulaLike) -> Formula:
        return Times(as_formula(other), self)

    def __truediv__(self, other: FormulaLike) -> Formula:
        return Times(self, Power(as_formula(other), Number(-1)))

    def __rtruediv__(self, other: FormulaLike) -> Formula:
        return Times(as_formula(other), Power(self, Number(-1)))

    def __pow__(self, other: FormulaLike) -> Formula:
        return Power(self, as_formula(other))

    def __rpow__(self, other: FormulaLike) -> Formula:
        return Power(as_formula(other), self)

    def __neg__(self) -> Formula:
        return Times(Number(-1), self)

    def _sympystr(self, printer: object) -> str:
        return (
            f"{type(self).__name__}({', '.join(map(str, self.args))})"
            if self.args
            else str_of(self)
        )


def as_formula(x: FormulaLike) -> Formula:
    """`x` itself, or the Number it is."""
    return x if isinstance(x, Formula) else Number(x)


def checked(parts: Iterable[Any], cls: type, what: str) -> tuple[Any, ...]:
    """`parts` as a tuple, or a TypeError that says what `what` is made of."""
    parts = tuple(parts)
    for p in parts:
        if not isinstance(p, cls):
            raise TypeError(f"{what} is made of {cls.__name__}s, found {p!r}")
    return parts


class Number(Formula):
    """An exact rational number."""

    __slots__ = ("value",)
    value: Fraction

    def __new__(cls, value: int | Fraction) -> Number:
        if isinstance(value, bool) or not isinstance(value, (int, Fraction)):
            raise TypeError(f"a Number is an int or a Fraction, found {value!r}")
        self = Basic.__new__(cls)
        self.value = Fraction(value)
        return self

    def _hashable_content(self) -> tuple[Any, ...]:
        return (self.value,)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (self.value,)


class Count(Formula):
    """An integer expression used as a number: the N of 1/N."""

    __slots__ = ()

    def __new__(cls, e: IntLike) -> Count:
        return Basic.__new__(cls, Int.of(e))

    @property
    def integer(self) -> Int:
        return self.args[0]  # type: ignore[return-value]


class Tensor(Basic):
    """A named array.  A scalar has the shape ().

    `name` is what people type in files and code (`conv.weight`); `symbol` is its LaTeX
    (`w^{(conv)}`).  Axis k counts from `base` to `base + shape[k] - 1`.  The entries of a tensor
    of `kind` "class" are class indices, counted from `base`, below `base + classes`.
    """

    __slots__ = ("name", "symbol", "shape", "base", "classes")
    is_Atom = True
    name: str
    symbol: str
    shape: tuple[Int, ...]
    base: int
    classes: Int | None

    def __new__(
        cls,
        name: str,
        symbol: str,
        shape: Iterable[IntLike],
        base: int = 1,
        classes: Int | None = None,
    ) -> Tensor:
        self = Basic.__new__(cls)
        self.name, self.symbol, self.base, self.classes = name, symbol, base, classes
        self.shape = tuple(Int.of(d) for d in shape)
        return self

    def _hashable_content(self) -> tuple[Any, ...]:
        return (self.name, self.symbol, self.shape, self.base, self.classes)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return self._hashable_content()

    def __getitem__(self, indices: IntLike | tuple[IntLike, ...]) -> Component:
        return Component(self, *(indices if isinstance(indices, tuple) else (indices,)))

    def _sympystr(self, printer: object) -> str:
        return self.name


class Component(Formula):
    """An entry T[e1, ..., ek].  Outside the ranges it has no value: padding is a guard."""

    __slots__ = ()

    def __new__(cls, tensor: Tensor, *indices: IntLike) -> Component:
        if not isinstance(tensor, Tensor):
            raise TypeError(f"a Component belongs to a Tensor, found {tensor!r}")
        if len(indices) != len(tensor.shape):
            raise ValueError(
                f"{tensor.name} has {len(tensor.shape)} axes, found {len(indices)} indices"
            )
        return Basic.__new__(cls, tensor, *(Int.of(e) for e in indices))

    @property
    def tensor(self) -> Tensor:
        return self.args[0]  # type: ignore[return-value]

    @property
    def indices(self) -> tuple[Int, ...]:
        return self.args[1:]  # type: ignore[return-value]


class Entry(Compound):
    """The class index that a tensor of class indices holds at a position: an integer atom.

    It stands in deltas only, as in [t_n = j].
    """

    __slots__ = ("tensor",)
    tensor: Tensor

    def __new__(cls, tensor: Tensor, *indices: IntLike) -> Entry:
        if tensor.classes is None:
            raise TypeError(f"the entries of {tensor.name} are not class indices")
        self = Basic.__new__(cls)
        self.tensor = tensor
        self._make(5, tensor.name, 0, tuple(Int.of(e) for e in indices))
        return self

    def _hashable_content(self) -> tuple[Any, ...]:
        return (self.tensor, self.parts)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (self.tensor, *self.parts)

    def rebuild(self, parts: list[Int]) -> Int:
        return Int.of(Entry(self.tensor, *parts))

    def _sympystr(self, printer: object) -> str:
        return f"{self.tensor.name}[{', '.join(map(str, self.parts))}]"


class Plus(Formula):
    __slots__ = ()

    def __new__(cls, *terms: Formula) -> Plus:
        return Basic.__new__(cls, *checked(terms, Formula, "a Plus"))


class Times(Formula):
    """A product.  A Bracket or Delta that is 0 makes it 0 without the others having a value."""

    __slots__ = ()

    def __new__(cls, *factors: Formula) -> Times:
        return Basic.__new__(cls, *checked(factors, Formula, "a Times"))


class Power(Formula):
    __slots__ = ()

    def __new__(cls, base: FormulaLike, exponent: FormulaLike) -> Power:
        return Basic.__new__(cls, as_formula(base), as_formula(exponent))

    @property
    def base(self) -> Formula:
        return self.args[0]  # type: ignore[return-value]

    @property
    def exponent(self) -> Formula:
        return self.args[1]  # type: ignore[return-value]


FUNCTIONS = frozenset(
    "exp log sqrt abs sign relu sigmoid tanh erf sin cos gelu softplus signedpower".split()
)


class Function(Basic):
    """A scalar function: one of FUNCTIONS, or an unknown smooth one.

    `orders` says how often it has been differentiated in each argument; only unknown functions
    carry it (σ' of an unknown σ).
    """

    __slots__ = ("name", "orders")
    is_Atom = True
    name: str
    orders: tuple[int, ...]

    def __new__(cls, name: str, orders: tuple[int, ...] = ()) -> Function:
        self = Basic.__new__(cls)
        self.name, self.orders = name, orders if any(orders) else ()
        return self

    @property
    def known(self) -> bool:
        return self.name in FUNCTIONS

    def _hashable_content(self) -> tuple[Any, ...]:
        return (self.name, self.orders)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (self.name, self.orders)

    def _sympystr(self, printer: object) -> str:
        return self.name + "'" * sum(self.orders)


class Apply(Formula):
    """f(x, ...) for a scalar function f; a str names one."""

    __slots__ = ()

    def __new__(cls, function: Function | str, *arguments: Formula) -> Apply:
        f = Function(function) if isinstance(function, str) else function
        return Basic.__new__(cls, f, *checked(arguments, Formula, "an Apply"))

    @property
    def function(self) -> Function:
        return self.args[0]  # type: ignore[return-value]

    @property
    def arguments(self) -> tuple[Formula, ...]:
        return self.args[1:]  # type: ignore[return-value]


class Greatest(Formula):
    """The largest of some scalars; on a tie the first constant, else the first, is chosen."""

    __slots__ = ()

    def __new__(cls, *parts: Formula) -> Greatest:
        return Basic.__new__(cls, *checked(parts, Formula, "a Greatest"))


class Least(Formula):
    """The smallest of some scalars."""

    __slots__ = ()

    def __new__(cls, *parts: Formula) -> Least:
        return Basic.__new__(cls, *checked(parts, Formula, "a Least"))


class Derivative(Formula):
    """∂f/∂T[e..]: how f changes with that one entry along all paths, T's own definition cut.

    Tensors in `held` do not change: their definitions are cut, too.
    """

    __slots__ = ()

    def __new__(cls, f: Formula, by: Component, *held: Tensor) -> Derivative:
        checked((f,), Formula, "a Derivative")
        checked((by,), Component, "the variable of a Derivative")
        return Basic.__new__(cls, f, by, *checked(held, Tensor, "what a Derivative holds"))

    @property
    def of(self) -> Formula:
        return self.args[0]  # type: ignore[return-value]

    @property
    def by(self) -> Component:
        return self.args[1]  # type: ignore[return-value]

    @property
    def held(self) -> tuple[Tensor, ...]:
        return self.args[2:]  # type: ignore[return-value]
