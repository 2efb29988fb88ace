"""The place of a layer in a network: the vocabulary of shape rules and forward formulas."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any, NoReturn, TypeAlias

from derive.derivation.program import SizeRule
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
from derive.ir.extent import inlined
from derive.ir.text import to_text
from derive.network.known import Known
from derive.network.names import tagged
from derive.network.options import PerAxisName, RealName, SizeName
from derive.network.sizes import Sizes, numbers

Shape: TypeAlias = tuple[Int, ...]
Position: TypeAlias = tuple[Index, ...]


class Site:
    """What the shape rule and the formula of one layer may ask for.

    `shape` and `at` are the shape and the indices of the output, known when the formula is made.
    `label` and `input` are what messages call the layer and what it reads; `place` gives the file
    and line of an option.  `supplied` are arrays that stand for parameters, by name; `others` are
    the inputs after the first.
    """

    def __init__(
        self,
        name: str,
        label: str,
        base: int,
        sizes: Sizes,
        place: Callable[[str | None], dict[str, Any]],
    ) -> None:
        self.name, self.label, self.base, self.sizes, self.place = name, label, base, sizes, place
        self.input = ""
        self.shape: Shape = ()
        self.at: Position = ()
        self.parameters: list[Tensor] = []
        self.before: list[Definition] = []
        self.sizes_told: list[SizeRule] = []
        self.supplied: dict[str, Tensor] = {}
        self.others: tuple[Tensor, ...] = ()
        self.known = Known()
        self._letters: set[str] = set()
        self._extents: dict[str, Int] = {}

    # -- indices ---------------------------------------------------------------------------------

    def stand(self, letters: str) -> Position:
        """The indices of the output, one letter for each; the formula begins here."""
        self.at, self._letters = tuple(map(Index, letters)), set(letters)
        return self.at

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

        All but paddings are at least 1.
        """
        if isinstance(value, (int, Int)):
            return Int.of(value)
        size = self.sizes.named(value)
        if size is None:
            self.fail(
                f"{option} = “{value}” names no size. {self.sizes.suggest(value)} Expected a whole "
                "number, or a name that stands in [sizes] or in a shape",
                option,
            )
        if size.least < 1 and option not in ("padding", "output_padding"):
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
        if not isinstance(value, int):
            return self.whole(option, value)
        if letter not in self._extents:
            self._extents[letter] = self.sizes.extent(tagged(letter, self.name), value)
        return self._extents[letter]

    def computed(self, letter: str, definition: Int) -> Int:
        """The extent that follows from others, named after the layer where it is new."""
        return self.sizes.computed(tagged(letter, self.name), definition)

    def spatial(self, extents: Iterable[Int]) -> Shape:
        """The heights and widths (or length, or depths too) of the output."""
        extents = tuple(extents)
        letters = {1: "T", 2: "HW", 3: "DHW"}[len(extents)]
        return tuple(self.computed(a, d) for a, d in zip(letters, extents, strict=True))

    def real(self, option: str, value: RealName) -> Formula:
        """An option as a formula: a number, a size, or a scalar that is declared."""
        if isinstance(value, Fraction):
            return Number(value)
        scalar = self.known.find(value) if isinstance(value, str) else None
        if scalar is None:
            return Count(self.whole(option, value))
        if scalar.shape:
            self.fail(f"{option} = “{value}” is an array, expected a number", option)
        return scalar[()]

    # -- conditions ------------------------------------------------------------------------------

    def require(self, guard: Guard, otherwise: str, option: str | None = None) -> None:
        """Fail with the message `otherwise` where the condition is false, else rely on it."""
        if not self.sizes.require(guard):
            self.fail(otherwise, option)

    def equal(self, d: Int, e: Int) -> bool:
        """Whether two extents are equal by their definitions, or by their numbers.

        In the second case that is noted as a condition on the sizes.
        """
        d, e = inlined(d), inlined(e)
        return d == e or (numbers(d) == numbers(e) and self.sizes.require(Equal(d, e)))

    def agree(self, option: str, value: SizeName | None, extent: Int) -> None:
        """Check an option that repeats an extent of the input, such as `in_channels`."""
        if value is not None:
            told = self.whole(option, value)
            self.require(
                Equal(told, extent),
                f"{option} = {show(told)} does not fit {self.input}; expected {show(extent)}",
                option,
            )

    def need_axes(self, x: Shape, least: int, most: int | None = None) -> None:
        """Refuse an input with fewer axes than `least` or more than `most`."""
        if len(x) < least or (most is not None and len(x) > most):
            wanted = " or ".join(map(str, range(least, most + 1))) if most else f"at least {least}"
            self.fail(f"the input is {self.input}; expected {wanted} axes, found {len(x)}")

    def need_dim(self, option: str, dim: int | None, rank: int) -> None:
        """Refuse an axis that the input does not have; negative ones count from the end."""
        if dim is not None and not -rank <= dim < rank:
            self.fail(f"{option} = {dim} is not an axis of {self.input}", option)

    # -- tensors ---------------------------------------------------------------------------------

    def parameter(self, name: str, letter: str, *shape: IntLike) -> Tensor:
        """A learnable array, named as in a `state_dict`: `conv.weight`, w^{(conv)}.

        An array that is supplied for it must have its shape.
        """
        if name in self.supplied:
            return self._fitting(name, self.supplied[name], tuple(map(Int.of, shape)))
        tensor = Tensor(f"{self.name}.{name}", tagged(letter, self.name), shape, self.base)
        self.parameters.append(tensor)
        return tensor

    def intermediate(
        self, name: str, letter: str, shape: Shape, at: Position, f: Formula
    ) -> Tensor:
        """A named step on the way to the output, such as a mean: its entry at `at` is `f`."""
        tensor = Tensor(f"{self.name}.{name}", tagged(letter, self.name), shape, self.base)
        self.before.append(Definition(tensor, at, f))
        return tensor

    def with_bias(self, f: Formula, at: Index, wanted: bool) -> Formula:
        """`f` plus a learnable bias, one entry for each value of the index `at`, if wanted."""
        if not wanted:
            return f
        return f + self.parameter("bias", "b", self.shape[self.at.index(at)])[at]

    def _fitting(self, name: str, tensor: Tensor, shape: Shape) -> Tensor:
        told = tensor.shape
        pairs = zip(told, shape, strict=False)
        if len(told) != len(shape) or not all(self.sizes.require(Equal(d, e)) for d, e in pairs):
            self.fail(
                f"the {name} {tensor.name} has the shape {show_shape(told)}, which does not fit "
                f"{self.input}; expected {show_shape(shape)}"
            )
        return tensor

    # -- refusing --------------------------------------------------------------------------------

    def fail(self, message: str, option: str | None = None) -> NoReturn:
        """Refuse the network, naming this layer, at the line of the option."""
        raise InputError(f"{self.label}: {message}.", **self.place(option))

    def unsupported(self, message: str, option: str | None = None) -> NoReturn:
        """Say that an option is known, but cannot be used yet."""
        raise Unsupported(f"{self.label}: {message}.", **self.place(option))


def show(e: Int) -> str:
    """An integer expression for a message, with the numbers of the sizes that have one."""
    return to_text(numbers(e))


def show_shape(shape: Shape) -> str:
    """A shape for a message, in round brackets."""
    return f"({', '.join(map(show, shape))})"


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
