"""Taking products and sums apart, and putting them together."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import gcd, prod
from typing import TypeVar

from derive.ir import Binding, Count, Formula, Int, Number, Plus, Power, Times, same, subformulas

Part = TypeVar("Part")


def factors(f: Formula) -> tuple[Formula, ...]:
    """The factors of a product; any other formula is its own only factor."""
    return f.args if isinstance(f, Times) else (f,)  # type: ignore[return-value]


def terms(f: Formula) -> tuple[Formula, ...]:
    """The terms of a sum; any other formula is its own only term."""
    return f.args if isinstance(f, Plus) else (f,)  # type: ignore[return-value]


def product(*parts: Formula) -> Formula:
    """The product of some factors; of one, that factor; of none, 1."""
    return parts[0] if len(parts) == 1 else Times(*parts) if parts else Number(1)


def total(*parts: Formula) -> Formula:
    """The sum of some terms; of one, that term; of none, 0."""
    return parts[0] if len(parts) == 1 else Plus(*parts) if parts else Number(0)


def power(base: Formula, exponent: Fraction) -> Formula:
    """base^exponent; base itself where the exponent is 1."""
    return base if exponent == 1 else Power(base, Number(exponent))


def as_power(f: Formula) -> tuple[Formula, Fraction]:
    """(b, e) with f = b^e; (f, 1) where the exponent is not a number."""
    if isinstance(f, Power) and isinstance(f.exponent, Number):
        return f.base, f.exponent.value
    return f, Fraction(1)


def collected(parts: Iterable[Formula]) -> dict[Formula, Fraction]:
    """The bases of a product with their exponents, each base once: b^r b^s = b^{r+s}.

    Σ_i f(i) and Σ_k f(k) are one base.
    """
    exponents: dict[Formula, Fraction] = {}
    for b, e in map(as_power, parts):
        if b not in exponents:
            b = next((c for c in exponents if _renamed(b, c)), b)
        exponents[b] = exponents.get(b, Fraction(0)) + e
    return exponents


def _renamed(f: Formula, g: Formula) -> bool:
    """Whether they differ in the names of bound indices only."""
    return type(f) is type(g) and any(isinstance(h, Binding) for h in subformulas(f)) and same(f, g)


def split_number(f: Formula) -> tuple[Fraction, tuple[Formula, ...]]:
    """(c, fs) with f = c · Π fs, c the product of the numbers among the factors."""
    c = Fraction(1)
    rest = []
    for g in factors(f):
        if isinstance(g, Number):
            c *= g.value
        else:
            rest.append(g)
    return c, tuple(rest)


def split_count(f: Formula) -> tuple[Formula, ...]:
    """The factors 2 and m of a count 2m; any other formula is its own only factor."""
    if isinstance(f, Count) and len(f.integer.terms) == 1:
        ((monomial, c),) = f.integer.terms
        if monomial and c != 1:
            return Number(c), Count(Int({monomial: 1}))
    return (f,)


def with_number(c: Fraction, rest: Iterable[Formula]) -> Formula:
    """c · Π rest, without a factor 1."""
    rest = tuple(rest)
    if c == 0:
        return Number(0)
    return product(*rest) if c == 1 else product(Number(c), *rest)


def without(parts: tuple[Part, ...], at: int) -> tuple[Part, ...]:
    """`parts` without the one at position `at`."""
    return parts[:at] + parts[at + 1 :]


def common_number(numbers: list[Fraction]) -> Fraction:
    """Their greatest common divisor, negative where all of them are."""
    whole = prod(n.denominator for n in numbers)
    c = Fraction(gcd(*(int(n * whole) for n in numbers)), whole)
    return -c if all(n < 0 for n in numbers) else c
