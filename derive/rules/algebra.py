"""Arithmetic: products and sums of products brought to the form that one would write."""

from __future__ import annotations

from fractions import Fraction

from derive.derivation.rule import rule
from derive.derivation.scope import Scope
from derive.ir import (
    Bracket,
    Compare,
    Count,
    Formula,
    Number,
    Plus,
    Power,
    Range,
    Times,
    at_least,
    conjunction,
    subformulas,
)
from derive.rules import samples
from derive.rules.samples import H, i, j, x, y
from derive.rules.terms import (
    as_power,
    collected,
    common_number,
    factors,
    power,
    product,
    split_count,
    split_number,
    terms,
    total,
    with_number,
    without,
)
from derive.rules.values import selects, with_value

_FREE = (Range(i, 1, H), Range(j, 1, H))


@rule(
    "product in order",
    "arithmetic",
    "the product gets flatter or shorter",
    Times,
    lambda: samples.given(Times(x[i], Number(2), Times(Number(3), y[j])), *_FREE),
    quiet=True,
)
def tidy_product(f: Times, scope: Scope) -> Formula | None:
    """Numbers in front and multiplied, products in products flattened, 0 and 1 carried out."""
    flat: list[Formula] = []
    for g in f.args:
        flat.extend(h for part in factors(g) for h in split_count(part))  # type: ignore[arg-type]
    new = with_number(*split_number(Times(*flat)))
    return None if new == f else new


@rule(
    "equal factors",
    "equal factors make a power",
    "fewer factors",
    Times,
    lambda: samples.given(Times(x[i], y[j], Power(x[i], Number(2))), *_FREE),
    quiet=True,
)
def collect_powers(f: Times, scope: Scope) -> Formula | None:
    """b^r b^s = b^{r+s}; δ δ = δ and [C][C] = [C] for what is 0 or 1."""
    exponents = collected(factors(f))
    if len(exponents) == len(f.args):
        return None
    exponents.update({b: Fraction(1) for b in exponents if selects(b)})
    return product(*(power(b, e) for b, e in exponents.items() if e))


@rule(
    "conditions together",
    "both conditions at once",
    "fewer brackets",
    Times,
    lambda: samples.given(Times(Bracket(at_least(i, 2)), x[i], Bracket(at_least(j, 2))), *_FREE),
    quiet=True,
)
def merge_brackets(f: Times, scope: Scope) -> Formula | None:
    """[C] [D] = [C and D], for conditions on indices: one about entries stays where it is."""
    places = [at for at, g in enumerate(f.args) if isinstance(g, Bracket) and not _compares(g)]
    if len(places) < 2:
        return None
    parts = factors(f)
    conditions = (g.condition for g in (parts[at] for at in places) if isinstance(g, Bracket))
    merged = Bracket(conjunction(*conditions))
    return product(
        *(merged if at == places[0] else g for at, g in enumerate(parts) if at not in places[1:])
    )


def _compares(f: Bracket) -> bool:
    return any(isinstance(g, Compare) for g in subformulas(f))


@rule(
    "sum in order",
    "arithmetic",
    "the sum gets flatter or shorter",
    Plus,
    lambda: samples.given(Plus(x[i], Plus(Number(0), x[i]), y[j]), *_FREE),
    quiet=True,
)
def tidy_sum(f: Plus, scope: Scope) -> Formula | None:
    """Sums in sums flattened, zeros dropped, like terms collected."""
    coefficients: dict[tuple[Formula, ...], Fraction] = {}
    for g in f.args:
        for term in terms(g):  # type: ignore[arg-type]
            c, rest = split_number(term)
            coefficients[rest] = coefficients.get(rest, Fraction(0)) + c
    new = total(*(with_number(c, rest) for rest, c in coefficients.items() if c))
    return None if new == f else new


@rule(
    "powers of powers",
    "arithmetic",
    "fewer powers",
    Power,
    lambda: samples.given(Power(Power(x[i], Number(2)), Number(3)), *_FREE),
    quiet=True,
)
def tidy_power(f: Power, scope: Scope) -> Formula | None:
    """b^1 = b, b^0 = 1, 1^e = 1; (b^r)^n = b^{rn} and (fg)^n = f^n g^n for a whole n;
    1/(2m) is 1/2 of 1/m."""
    e = f.exponent
    if not isinstance(e, Number):
        return None
    if e.value in (0, 1):
        return f.base if e.value == 1 else Number(1)
    if isinstance(f.base, Number) and e.value.denominator == 1 and f.base.value != 0:
        return Number(f.base.value ** int(e.value))
    number = f.base.integer.constant if isinstance(f.base, Count) else None
    if number:
        return Power(Number(number), e)
    if len(split_count(f.base)) > 1:
        return Power(Times(*split_count(f.base)), e)
    if e.value.denominator != 1:
        return None
    if isinstance(f.base, Times):
        return Times(*(Power(g, e) for g in factors(f.base)))
    inner, r = as_power(f.base)
    whole = r.denominator == 1
    return Power(inner, Number(r * e.value)) if r != 1 and whole else None


_SIMPLE = 100
"""Numbers up to this one are simpler than the fractions that they are taken from."""


@rule(
    "common factor",
    "common factor in front",
    "fewer factors in all",
    Plus,
    lambda: samples.given(Plus(Times(x[i], y[j]), Times(Number(-1), x[i], x[j])), *_FREE),
)
def factor_out(f: Plus, scope: Scope) -> Formula | None:
    """f g + f h = f (g + h), also for the common part of the numbers in front.

    An f that has no value where both g and h are 0 stays.
    Numbers such as 0.299 and 0.587 stay: what is left of them would be no simpler.
    """
    split = [split_number(g) for g in terms(f)]
    common: list[Formula] = []
    left = [list(rest) for _, rest in split]
    for g in split[0][1]:
        if all(g in rest for rest in left):
            common.append(g)
            for rest in left:
                rest.remove(g)
    if all(any(map(selects, rest)) for rest in left):
        kept = with_value(scope, common)
        left = [[*(g for g in common if g not in kept), *rest] for rest in left]
        common = kept
    c = common_number([number for number, _ in split])
    if c.denominator > 1 and any(abs(n / c) > _SIMPLE for n, _ in split):
        c = Fraction(1)
    if not common and c == 1:
        return None
    inner = [(n / c, rest) for (n, _), rest in zip(split, left, strict=True)]
    inner.sort(key=lambda term: term[0] < 0)
    return with_number(c, (*common, total(*(with_number(n, rest) for n, rest in inner))))


@rule(
    "sign into the bracket",
    "the sign goes into the bracket",
    "fewer negative factors",
    Times,
    lambda: samples.given(Times(Number(-2), x[i], x[j] - y[j]), *_FREE),
)
def distribute_sign(f: Times, scope: Scope) -> Formula | None:
    """-(f - g) = g - f: where a negative number stands before a difference."""
    c, rest = split_number(f)
    if c >= 0:
        return None
    for at, g in enumerate(rest):
        if isinstance(g, Plus) and any(split_number(h)[0] < 0 for h in terms(g)):
            turned = [with_number(-n, fs) for n, fs in map(split_number, terms(g))]
            turned.sort(key=lambda h: split_number(h)[0] < 0)
            return with_number(-c, (*rest[:at], total(*turned), *rest[at + 1 :]))
    return None


@rule(
    "cancelling",
    "multiply out and cancel",
    "fewer reciprocals",
    Times,
    lambda: samples.given(Times(x[i], Plus(Number(1), -y[j] * Power(x[i], Number(-1)))), *_FREE),
)
def cancel(f: Times, scope: Scope) -> Formula | None:
    """b (1 - f/b) = b - f, where a factor meets its own reciprocal inside a sum."""
    parts = factors(f)
    for at, g in enumerate(parts):
        b, e = as_power(g)
        for inside, h in enumerate(parts):
            if isinstance(h, Plus) and any(_contains_reciprocal(t, b, e) for t in terms(h)):
                multiplied = [product(*factors(t), g) for t in terms(h)]
                multiplied.sort(key=lambda t: split_number(t)[0] < 0)
                rest = list(parts)
                rest[inside] = total(*multiplied)
                return product(*without(tuple(rest), at))
    return None


def _contains_reciprocal(term: Formula, b: Formula, e: Fraction) -> bool:
    return any(c == b and d * e < 0 for c, d in map(as_power, factors(term)))


@rule(
    "multiplying out",
    "multiply out; terms cancel",
    "fewer factors in all",
    Plus,
    lambda: samples.given(Plus(Times(x[i], 1 - y[j]), Times(Plus(x[i], Number(-1)), y[j])), *_FREE),
)
def multiply_out(f: Plus, scope: Scope) -> Formula | None:
    """f (1 - g) + (f - 1) g = f - g: where multiplying out leaves less than there was."""
    if not any(isinstance(g, Plus) for h in terms(f) for g in factors(h)):
        return None
    coefficients: dict[tuple[Formula, ...], Fraction] = {}
    for g in terms(f):
        for c, rest in _multiplied(g):
            bases = tuple(power(b, e) for b, e in collected(rest).items() if e)
            key = next((k for k in coefficients if set(k) == set(bases)), bases)
            coefficients[key] = coefficients.get(key, Fraction(0)) + c
    new = total(*(with_number(c, rest) for rest, c in coefficients.items() if c))
    return new if _extent(new) < _extent(f) else None


def _multiplied(f: Formula) -> list[tuple[Fraction, tuple[Formula, ...]]]:
    """The terms of a product of sums, each as its number and its other factors."""
    made: list[tuple[Fraction, tuple[Formula, ...]]] = [(Fraction(1), ())]
    for g in factors(f):
        parts = [split_number(t) for t in terms(g)]
        made = [(c * d, (*left, *right)) for c, left in made for d, right in parts]
    return made


def _extent(f: Formula) -> Fraction:
    """How many factors a sum of products has, x² counting as two; a lone number counts as one."""
    return sum((max(Fraction(1), _factors(t)) for t in terms(f)), Fraction(0))


def _factors(f: Formula) -> Fraction:
    counted = (as_power(g) for g in split_number(f)[1])
    return sum((max(Fraction(1), e) * _terms_in(b) for b, e in counted), Fraction(0))


def _terms_in(f: Formula) -> Fraction:
    return _extent(f) if isinstance(f, Plus) else Fraction(1)
