"""The types of the options of layers: numbers, or sizes in their place, by name or as such."""

from __future__ import annotations

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


def exact(value: object) -> Fraction:
    """A number as it is written: 0.1 is 1/10."""
    if isinstance(value, Fraction) or type(value) is int:
        return Fraction(value)
    if isinstance(value, (float, Decimal)) and isfinite(value):
        return Fraction(repr(value) if isinstance(value, float) else value)
    raise ValueError("a finite number")


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
Exact = Annotated[Fraction, PlainValidator(exact, json_schema_input_type=int | float)]
Real = Annotated[RealName, PlainValidator(_real, json_schema_input_type=int | float | str)]
