"""Numbers, and factors side by side: where a dot, a thin space or the end of a line goes."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction as Rational

from derive.document.breaking import width_of
from derive.document.math import (
    Big,
    Break,
    Comma,
    Fenced,
    Fraction,
    Math,
    Name,
    Numeral,
    Scripts,
    Sign,
    Space,
    parts_of,
    row,
)


def numeral(value: Rational, decimals: str = "none") -> Math:
    """A number as a factor: a negative one in brackets.

    `decimals`: "all" fractions that can be are decimals, or those that are "long", as 3/4 and
    1/1000 are and 1/4 is not.
    """
    if value < 0:
        return Fenced("paren", row(Sign("prefix -"), numeral(-value, decimals)))
    if value.denominator == 1:
        return Numeral(str(value))
    long = value.numerator > 1 or (value.denominator > 10 and _is_power_of_ten(value.denominator))
    if decimals == "all" or (decimals == "long" and long):
        short = 10**_DECIMALS % value.denominator == 0
        digits = f"{float(value):.{_DECIMALS}f}".rstrip("0")
        if short:
            return Numeral(digits)
    return Fraction(Numeral(str(value.numerator)), Numeral(str(value.denominator)))


def _is_power_of_ten(n: int) -> bool:
    return str(n).rstrip("0") == "1"


_DECIMALS = 8
"""More of them are written as a fraction."""


def inline(value: Rational) -> Math:
    """A fraction as it stands in an exponent: 1/2."""
    sign = (Sign("prefix -"),) if value < 0 else ()
    below = () if value.denominator == 1 else (Sign("slash"), Numeral(str(value.denominator)))
    return row(*sign, Numeral(str(abs(value.numerator))), *below)


def juxtaposed(parts: Sequence[Math], numbers: int = 0) -> Math:
    """Factors side by side, `numbers` of them in front; a line may end before the later ones."""
    written: list[Math] = []
    for k, part in enumerate(parts):
        if k:
            if k > numbers:
                written.append(Break(2))
            written += _between(parts[k - 1], part)
        written.append(part)
    return row(*written)


def _between(left: Math, right: Math) -> list[Math]:
    """A dot before a digit or a negative number; a thin space behind a fraction or a list of
    indices, and around an Iverson bracket."""
    a, b = parts_of(left)[-1], parts_of(right)[0]
    if isinstance(a, Numeral | Fenced | Fraction) and _is_negative_number(b):
        return [Sign("cdot")]
    if _is_digit(b) or (_is_number(b) and isinstance(a, Numeral)):
        return [Sign("cdot")]
    if isinstance(a, Fraction):
        roomy = isinstance(b, Fraction) or not _is_number(a)
    else:
        roomy = _is_iverson(a) or (isinstance(a, Scripts) and _is_list(a.below))
    if _is_iverson(b):
        return [Space("thin")] if roomy or isinstance(a, Scripts) else []
    return [Space("thin")] if roomy and isinstance(b, Name | Scripts | Fraction) else []


def _is_iverson(m: Math) -> bool:
    return isinstance(m, Fenced) and m.kind == "bracket"


def _is_number(m: Math) -> bool:
    """Whether it is a number or one over something."""
    return isinstance(m, Fraction) and isinstance(m.numerator, Numeral)


def _is_negative_number(m: Math) -> bool:
    inside = parts_of(m.body) if isinstance(m, Fenced) and m.kind == "paren" else ()
    return len(inside) == 2 and inside[0] == Sign("prefix -") and _is_digit(inside[1])


def _is_digit(m: Math) -> bool:
    return isinstance(m.base if isinstance(m, Scripts) else m, Numeral)


def _is_list(m: Math | None) -> bool:
    return m is not None and any(isinstance(p, Comma) for p in parts_of(m))


def operators(signs: Sequence[Big]) -> list[Math]:
    """The signs of a sum side by side, apart where their limits are wide."""
    written: list[Math] = []
    for k, sign in enumerate(signs):
        excess = _excess(signs[k - 1]) + _excess(sign) if k else 0.0
        if excess > 0.5:
            written.append(Space("quad" if excess > 8 else "thick" if excess > 3 else "thin"))
        written += [sign, Break(3 if k == len(signs) - 1 else 4)]
    return written


def _excess(sign: Big) -> float:
    """How far the limits stand out beside the sign, in em."""
    return max(0.0, width_of(sign) - width_of(Big(sign.kind)))
