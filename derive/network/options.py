"""The types of the options of layers: numbers, or sizes in their place, by name or as such."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from typing import Annotated, TypeAlias

from pydantic import PlainValidator

from derive.ir import Int

SizeName: TypeAlias = int | str | Int
RealName: TypeAlias = Fraction | str | Int
PerAxisName: TypeAlias = SizeName | tuple[SizeName, ...]
ExtentName: TypeAlias = SizeName


def _whole(least: int) -> Callable[[object], SizeName]:
    def check(value: object) -> SizeName:
        if isinstance(value, (str, Int)) or (type(value) is int and value >= least):
            return value
        raise ValueError(f"a whole number of at least {least}, or the name of a size")

    return check


def _one_or_several(least: int) -> Callable[[object], PerAxisName]:
    check = _whole(least)

    def check_all(value: object) -> PerAxisName:
        return tuple(map(check, value)) if isinstance(value, (list, tuple)) else check(value)

    return check_all


def _extents(value: object) -> tuple[ExtentName, ...]:
    """A shape; -1 stands for what the other extents leave."""
    if isinstance(value, (list, tuple)) and all(
        isinstance(e, (str, Int)) or (type(e) is int and (e >= 1 or e == -1)) for e in value
    ):
        return tuple(value)
    raise ValueError("a list of extents: whole numbers of at least 1, names of sizes, or once -1")


def _axes(value: object) -> tuple[int, ...]:
    if isinstance(value, (list, tuple)) and all(type(k) is int for k in value):
        return tuple(value)
    raise ValueError("a list of axes, counted from 0")


def exact(value: object) -> Fraction:
    """A number as it is written: 0.1 is 1/10, and "1/3" a third."""
    if isinstance(value, Fraction) or type(value) is int:
        return Fraction(value)
    if isinstance(value, (float, Decimal)) and isfinite(value):
        return Fraction(repr(value) if isinstance(value, float) else value)
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d+/0*[1-9]\d*", value):
        return Fraction(value)
    raise ValueError("a finite number, or a fraction in quotes such as “1/3”")


def nested(value: object) -> object:
    """A number, or nested lists of numbers as tuples; a refusal says where the wrong entry is."""
    return _nested(value, ())


def _nested(value: object, at: tuple[int, ...]) -> object:
    if isinstance(value, (list, tuple)):
        return tuple(_nested(v, (*at, k)) for k, v in enumerate(value, start=1))
    try:
        return exact(value)
    except ValueError as error:
        place = f", not {value!r}, as entry {', '.join(map(str, at))}" if at else ""
        raise ValueError(f"{error}{place}") from None


def _real(value: object) -> RealName:
    return value if isinstance(value, (str, Int)) else exact(value)


_ONE: TypeAlias = int | str
_SEVERAL: TypeAlias = int | str | tuple[int | str, ...]

Extent = Annotated[SizeName, PlainValidator(_whole(1), json_schema_input_type=_ONE)]
PerAxis = Annotated[
    PerAxisName, PlainValidator(_one_or_several(1), json_schema_input_type=_SEVERAL)
]
Padding = Annotated[
    PerAxisName, PlainValidator(_one_or_several(0), json_schema_input_type=_SEVERAL)
]
Extents = Annotated[
    tuple[ExtentName, ...],
    PlainValidator(_extents, json_schema_input_type=tuple[int | str, ...]),
]
Axes = Annotated[tuple[int, ...], PlainValidator(_axes, json_schema_input_type=tuple[int, ...])]
Exact = Annotated[Fraction, PlainValidator(exact, json_schema_input_type=int | float)]
Real = Annotated[RealName, PlainValidator(_real, json_schema_input_type=int | float | str)]
