"""Small makers of formulas, with numbers kept together."""

from __future__ import annotations

from math import inf, prod

from sympy import Basic

from derive.ir import Formula, Number, Plus, Power, Times


def negative(f: Formula) -> Formula:
    if isinstance(f, Number):
        return Number(-f.value)
    if isinstance(f, Times) and f.args:
        first, *others = f.args
        if isinstance(first, Number):
            return Times(Number(-first.value), *others)  # type: ignore[arg-type]
        return Times(Number(-1), *f.args)  # type: ignore[arg-type]
    return Times(Number(-1), f)


def inverse(f: Formula) -> Formula:
    if isinstance(f, Times):
        return Times(*(inverse(p) for p in f.args))  # type: ignore[arg-type]
    if isinstance(f, Power) and isinstance(f.exponent, Number):
        return f.base if f.exponent == Number(-1) else Power(f.base, Number(-f.exponent.value))
    return Number(1 / f.value) if isinstance(f, Number) and f.value else Power(f, Number(-1))


class Sizes:
    """How many nodes formulas have, each counted once however often it is asked for."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[Basic, int]] = {}

    def of(self, f: Basic) -> int:
        found = self.known.get(id(f))
        if found is None:
            found = self.known[id(f)] = f, 1 + sum(map(self.of, f.args))
        return found[1]


def is_moderate(f: Formula, most: int) -> bool:
    """Whether a formula made of numbers alone lies between -most and most, as all others may."""
    value = _constant(f)
    return value is None or abs(value) <= most


def _constant(f: Formula) -> float | None:
    """The value of a formula made of numbers, roughly; infinite where it is enormous."""
    if isinstance(f, Number):
        return float(f.value) if abs(f.value) < 1e300 else inf
    if not isinstance(f, (Plus, Times, Power)):
        return None
    parts = [_constant(a) for a in f.args]  # type: ignore[arg-type]
    known = [p for p in parts if p is not None]
    if len(known) < len(parts):
        return None
    if isinstance(f, Plus):
        return sum(known)
    if isinstance(f, Times):
        return prod(known)
    try:
        return float(abs(known[0]) ** known[1])
    except (OverflowError, ZeroDivisionError):
        return inf
