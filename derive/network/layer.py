"""What a layer is: options with the names of `torch.nn`, a shape rule, and a forward formula.

A new layer is a class of about fifteen lines with those three, and a word in `catalogue.py`:

    class Linear(LayerKind):
        \"\"\"Fully connected: each output is a weighted sum of all inputs, plus a bias.\"\"\"

        out_features: Extent
        bias: bool = True

        def shape(self, x, new):
            return (*x[:-1], new.extent("P", "out_features", self.out_features))

        def formula(self, x, at, new):
            *rows, j = at
            i = new.index("i")
            w = new.parameter("weight", "w", new.shape[-1], x.shape[-1])
            return new.with_bias(Sum(w[j, i] * x[(*rows, i)], new.along(i, x.shape[-1])), j, self.bias)

Positions count from the index base of the document: `new.base`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from typing import Annotated, Any, ClassVar, NoReturn, TypeAlias

from pydantic import BaseModel, ConfigDict, PlainValidator

from derive.errors import InputError, Unsupported
from derive.ir import (
    ONE,
    Count,
    Definition,
    Equal,
    Formula,
    Guard,
    Index,
    Int,
    IntLike,
    Number,
    Power,
    Range,
    Tensor,
)
from derive.ir.text import to_text
from derive.network.names import tagged
from derive.network.sizes import Sizes, value_of

Shape: TypeAlias = tuple[Int, ...]
Position: TypeAlias = tuple[Index, ...]


def _whole(least: int) -> Callable[[object], int | str]:
    def check(value: object) -> int | str:
        if isinstance(value, str) or (type(value) is int and value >= least):
            return value
        raise ValueError(f"a whole number of at least {least}, or the name of a size")

    return check


def _one_or_several(least: int) -> Callable[[object], int | str | tuple[int | str, ...]]:
    check = _whole(least)

    def check_all(value: object) -> int | str | tuple[int | str, ...]:
        if isinstance(value, (list, tuple)):
            return tuple(check(v) for v in value)
        return check(value)

    return check_all


SizeName: TypeAlias = int | str
PerAxisName: TypeAlias = int | str | tuple[int | str, ...]
Extent = Annotated[SizeName, PlainValidator(_whole(1), json_schema_input_type=SizeName)]
PerAxis = Annotated[
    PerAxisName, PlainValidator(_one_or_several(1), json_schema_input_type=PerAxisName)
]
Padding = Annotated[
    PerAxisName, PlainValidator(_one_or_several(0), json_schema_input_type=PerAxisName)
]


def exact(value: object) -> Fraction:
    """A number as it is written: 0.1 is 1/10."""
    if isinstance(value, Fraction) or type(value) is int:
        return Fraction(value)
    if isinstance(value, (float, Decimal)) and isfinite(value):
        return Fraction(repr(value) if isinstance(value, float) else value)
    raise ValueError("a finite number")


def _exponent(value: object) -> Fraction | str:
    return value if isinstance(value, str) else exact(value)


Exponent = Annotated[
    Fraction | str, PlainValidator(_exponent, json_schema_input_type=int | float | str)
]


class LayerKind(BaseModel):
    """A kind of layer; its fields are its options.  The first line of its docstring describes it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    def shape(self, x: Shape, new: Site) -> Shape:
        """The shape of the output for an input of shape `x`; by default the same."""
        return x

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        """The entry of the output at the position `at`."""
        raise NotImplementedError

    def letters(self, rank: int) -> str:
        """The letters of the output's indices, one per axis."""
        return default_letters(rank)

    def remarks(self) -> tuple[str, ...]:
        """Sentences for the reader where a numerical library does something else."""
        return ()


def default_letters(rank: int) -> str:
    """n for the batch, c for channels, i and j for positions and features."""
    return ("", "j", "nj", "nij", "ncij", "ncijk")[rank] if rank < 6 else "abcdefghijklmn"[:rank]


class Site:
    """The place of one layer in a network: what its shape rule and its formula may ask for.

    `shape` is the shape of the output, known when the formula is made; `label` and `input` are
    what messages call the layer and what it reads; `place` gives the file and line of an option.
    """

    def __init__(
        self,
        name: str,
        label: str,
        base: int,
        sizes: Sizes,
        place: Callable[[str | None], dict[str, Any]],
    ) -> None:
        self.name, self.label, self.base, self.sizes, self._place = name, label, base, sizes, place
        self.input = ""
        self.shape: Shape = ()
        self.at: Position = ()
        self.parameters: list[Tensor] = []
        self._letters: set[str] = set()

    # -- indices ---------------------------------------------------------------------------------

    def index(self, letters: str) -> Index:
        """A bound index with the first of the letters that this formula does not use yet."""
        letter = next(a for a in letters + "klmpqrsuvw" if a not in self._letters)
        self._letters.add(letter)
        return Index(letter)

    def along(self, index: Index, extent: IntLike) -> Range:
        """The range of an index over an axis of the given extent."""
        return Range(index, self.base, Int.of(extent) + (self.base - 1))

    # -- sizes -----------------------------------------------------------------------------------

    def whole(self, option: str, value: SizeName) -> Int:
        """An option as an integer expression: a number stays one, a name is that size.

        All but a padding are at least 1.
        """
        if isinstance(value, int):
            return Int.of(value)
        try:
            size = self.sizes.named(value)
        except InputError as e:
            self.fail(
                f"{option} = “{value}”, but {e.message} Expected a whole number, or a name that "
                "stands in [sizes] or in a shape",
                option,
            )
        if size.least < 1 and option != "padding":
            self.fail(f"{option} = “{value}” must be at least 1, but that size may be 0", option)
        return Int.of(size)

    def per_axis(self, option: str, value: PerAxisName, axes: int) -> Shape:
        """An option that is given once for all axes or once for each."""
        values = value if isinstance(value, tuple) else (value,) * axes
        if len(values) != axes:
            expected = "1" if axes == 1 else f"1 or {axes}"
            self.fail(f"{option} has {len(values)} entries, expected {expected}", option)
        return tuple(self.whole(option, v) for v in values)

    def extent(self, letter: str, option: str, value: SizeName) -> Int:
        """The extent that an option gives: a number gets a name, such as C^{(conv)}."""
        if isinstance(value, int):
            return self.sizes.extent(tagged(letter, self.name), value)
        return self.whole(option, value)

    def computed(self, letter: str, definition: Int) -> Int:
        """The extent that follows from others, named after the layer where it is new."""
        return self.sizes.computed(tagged(letter, self.name), definition)

    def require(self, guard: Guard, otherwise: str, option: str | None = None) -> None:
        """Fail with the message `otherwise` where the condition is false, else rely on it."""
        if not self.sizes.require(guard):
            self.fail(otherwise, option)

    def spatial(self, extents: Iterable[Int]) -> Shape:
        """The heights and widths (lengths, depths) of the output as sizes of this layer."""
        extents = tuple(extents)
        letters = {1: "T", 2: "HW", 3: "DHW"}[len(extents)]
        return tuple(self.computed(a, d) for a, d in zip(letters, extents, strict=True))

    def need_axes(self, x: Shape, least: int, most: int | None = None) -> None:
        """Refuse an input with fewer axes than `least` or more than `most`."""
        if len(x) < least or (most is not None and len(x) > most):
            wanted = (
                str(least)
                if most == least
                else f"{least} to {most}"
                if most
                else f"{least} or more"
            )
            self.fail(f"the input is {self.input}; expected an input with {wanted} axes")

    def need_dim(self, option: str, dim: int | None, rank: int) -> None:
        """Refuse an axis that the input does not have; negative ones count from the end."""
        if dim is not None and not -rank <= dim < rank:
            self.fail(f"{option} = {dim} is not an axis of an input with {rank} axes", option)

    def agree(self, option: str, value: SizeName | None, extent: Int) -> None:
        """Check an option that repeats an extent of the input, such as `in_channels`."""
        if value is not None:
            told = self.whole(option, value)
            self.require(
                Equal(told, extent),
                f"{option} = {show(told)} does not fit {self.input}, which has {show(extent)} there",
                option,
            )

    # -- tensors ---------------------------------------------------------------------------------

    def parameter(self, name: str, letter: str, *shape: IntLike) -> Tensor:
        """A learnable array, named as in a `state_dict`: `conv.weight`, w^{(conv)}."""
        tensor = Tensor(f"{self.name}.{name}", tagged(letter, self.name), shape, self.base)
        self.parameters.append(tensor)
        return tensor

    def with_bias(self, f: Formula, at: Index, wanted: bool) -> Formula:
        """`f` plus a learnable bias, one entry for each value of the index `at`, if wanted."""
        if not wanted:
            return f
        return f + self.parameter("bias", "b", self.shape[self.at.index(at)])[at]

    def define(self, kind: LayerKind, x: Tensor, origin: str, name: str, symbol: str) -> Definition:
        """The definition of a tensor that is what `kind` gives for `x`, the output of `origin`."""
        self.input = f"{origin}, of shape {show_shape(x.shape)}"
        self.shape = kind.shape(x.shape, self)
        letters = kind.letters(len(self.shape))
        self.at, self._letters = tuple(Index(a) for a in letters), set(letters)
        output = Tensor(name, symbol, self.shape, self.base)
        return Definition(output, self.at, kind.formula(x, self.at, self))

    # -- refusing --------------------------------------------------------------------------------

    def fail(self, message: str, option: str | None = None) -> NoReturn:
        """Refuse the network, naming this layer, at the line of the option."""
        raise InputError(f"{self.label}: {message}.", **self._place(option))

    def unsupported(self, message: str, option: str | None = None) -> NoReturn:
        """Say that an option is known, but cannot be used yet."""
        raise Unsupported(f"{self.label}: {message}.", **self._place(option))


def show(e: Int) -> str:
    """An integer expression for a message: its number where it has one."""
    value = value_of(e)
    return to_text(e) if value is None else str(value)


def show_shape(shape: Shape) -> str:
    return f"({', '.join(show(d) for d in shape)})"


def reciprocal(e: Int) -> Formula:
    """1/e for an integer expression e ≥ 1."""
    number = e.constant
    return Power(Count(e), Number(-1)) if number is None else Number(Fraction(1, number))


def product(extents: Shape) -> Int:
    """The number of positions in an array of the given shape."""
    total = ONE
    for d in extents:
        total = total * d
    return total
