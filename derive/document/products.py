"""Products as they are printed: a sign, numbers, factors in order, fractions among them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from derive.ir import (
    Apply,
    Array,
    Component,
    Count,
    Element,
    Formula,
    Greatest,
    Least,
    Number,
    Plus,
    Power,
    Times,
)


@dataclass(frozen=True)
class Quotient:
    """numbers · counts · above / (divisors · counts · below), printed as one fraction."""

    above: tuple[Formula, ...]
    below: tuple[Formula, ...]
    numbers: tuple[Fraction, ...] = ()
    divisors: tuple[Fraction, ...] = ()
    counts_above: tuple[Formula, ...] = ()
    counts_below: tuple[Formula, ...] = ()


Factor: TypeAlias = Formula | Quotient


@dataclass(frozen=True)
class Split:
    """± numbers · above / below · rest: `above` and `below` are constants, such as the N of 1/N."""

    negative: bool
    numbers: tuple[Fraction, ...]
    above: tuple[Formula, ...]
    below: tuple[Formula, ...]
    rest: tuple[Factor, ...]


def split(f: Formula) -> Split:
    """The parts of a product; nested products are flat, and factors 1 go."""
    numbers: list[Fraction] = []
    above: list[Formula] = []
    below: list[Formula] = []
    rest: list[Formula] = []
    for g in flat(f):
        if isinstance(g, Number):
            numbers.append(g.value)
        elif isinstance(g, Count):
            above.append(g)
        elif is_reciprocal(g) and isinstance(inverse(g), Count | Number):
            below.append(inverse(g))
        else:
            rest.append(g)
    negative = next((k for k, v in enumerate(numbers) if v < 0), None)
    if negative is not None:
        numbers[negative] = -numbers[negative]
    kept = tuple(v for v in numbers if v != 1)
    quotients = _quotients(rest)
    first = quotients[0] if quotients else None
    one = len(kept) < 2 or all(v.denominator == 1 for v in kept)
    if isinstance(first, Quotient) and not first.above and one and _are_counts(below):
        quotients[0] = _together(first, kept, above, below)
        kept, above, below = (), [], []
    if below and len(kept) == 1 and kept[0].denominator > 1:
        below.insert(0, Number(kept[0].denominator))
        kept = (Fraction(kept[0].numerator),) if kept[0].numerator != 1 else ()
    return Split(negative is not None, kept, tuple(above), tuple(below), tuple(quotients))


def _are_counts(fs: list[Formula]) -> bool:
    return all(isinstance(f, Count) for f in fs)


def _together(
    q: Quotient, numbers: tuple[Fraction, ...], above: list[Formula], below: list[Formula]
) -> Quotient:
    """½ · 1/N · 1/b as one fraction."""
    over = tuple(Fraction(v.numerator) for v in numbers if v.numerator != 1)
    under = tuple(Fraction(v.denominator) for v in numbers if v.denominator != 1)
    return Quotient((), q.below, over, under, tuple(above), tuple(below))


def flat(f: Formula) -> list[Formula]:
    """The factors of a product, those of products in it among them."""
    if isinstance(f, Times):
        return [h for g in f.args for h in flat(g)]  # type: ignore[arg-type]
    return [f]


def is_reciprocal(f: Formula) -> bool:
    """Whether `f` is x^{-n} for a whole number n."""
    return (
        isinstance(f, Power) and isinstance(f.exponent, Number) and _is_negative(f.exponent.value)
    )


def _is_negative(exponent: Fraction) -> bool:
    return exponent < 0 and exponent.denominator == 1


def inverse(f: Formula) -> Formula:
    """x^n for x^{-n}."""
    assert isinstance(f, Power)
    assert isinstance(f.exponent, Number)
    n = -f.exponent.value
    return f.base if n == 1 else Power(f.base, Number(n))


def _quotients(factors: list[Formula]) -> list[Factor]:
    """Each reciprocal as a fraction with the small factors before it; at the start, behind it."""
    found: list[Factor] = []
    for f in factors:
        last = found[-1] if found else None
        if is_reciprocal(f):
            base = inverse(f)
            if isinstance(last, Quotient):
                found[-1] = Quotient(last.above, (*last.below, base))
            else:
                above: list[Formula] = []
                while found and _is_small(found[-1]):
                    above.insert(0, found.pop())  # type: ignore[arg-type]
                found.append(Quotient(tuple(above), (base,)))
        elif isinstance(last, Quotient) and len(found) == 1 and _is_small(f) and not last.above:
            found[-1] = Quotient((f,), last.below)
        else:
            found.append(f)
    return found


def _is_small(f: Factor) -> bool:
    if isinstance(f, Element):
        return isinstance(f.whole, Array)
    return isinstance(f, Component | Apply | Power | Greatest | Least | Plus)
