"""The types of the options of layers: numbers, or names of sizes in their place."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from typing import Annotated, TypeAlias

from pydantic import PlainValidator

SizeName: TypeAlias = int | str
PerAxisName: TypeAlias = int | str | tuple[int | str, ...]


def _whole(least: int) -> Callable[[object], SizeName]:
    def check(value: object) -> SizeName:
        if isinstance(value, str) or (type(value) is int and value >= least):
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


def _exponent(value: object) -> Fraction | str:
    return value if isinstance(value, str) else exact(value)


Extent = Annotated[SizeName, PlainValidator(_whole(1), json_schema_input_type=SizeName)]
PerAxis = Annotated[
    PerAxisName, PlainValidator(_one_or_several(1), json_schema_input_type=PerAxisName)
]
Padding = Annotated[
    PerAxisName, PlainValidator(_one_or_several(0), json_schema_input_type=PerAxisName)
]
Exact = Annotated[Fraction, PlainValidator(exact, json_schema_input_type=int | float)]
Exponent = Annotated[
    Fraction | str, PlainValidator(_exponent, json_schema_input_type=int | float | str)
]
