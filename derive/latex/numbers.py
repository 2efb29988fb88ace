"""Small makers of formulas, with numbers kept together."""

from __future__ import annotations

from derive.ir import Formula, Number, Power, Times


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
