"""A chain from one formula to another by way of a form that both are brought to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from derive.ir import (
    Binder,
    Count,
    Formula,
    Int,
    Number,
    Power,
    Ravel,
    Times,
    alike,
    conjunction,
    map_integers,
    rebuild,
    refresh,
)
from derive.questions.opening import Opened
from derive.questions.parts import Row, Side
from derive.rules.terms import as_power, factors, power, with_number
from derive.verify.verdict import Verification

_BRIDGE = "equal for all values, as substitution shows"


def meeting(
    left: Formula,
    down: Sequence[Opened],
    up: Sequence[Opened],
    right: Formula,
    holds: Callable[[Formula, Formula], Verification],
) -> Row:
    """`left = ... = right`: the forms of the left side, then those of the right side backwards.

    They are joined where they first agree up to the order of terms and factors.  Where they do not,
    the line between them says that it is no derivation: it is verified like every other.
    """
    met = _met(down, up)
    if met is not None:
        down, up = down[: met[0] + 1], up[: met[1] + 1]
    sides: list[Side] = []
    before = left

    def told(f: Formula, reason: tuple[object, ...]) -> None:
        nonlocal before
        sides.append(Side(f, reason, verdict=holds(before, f)))  # type: ignore[arg-type]
        before = f

    for x in _together(down):
        told(x.formula, x.reason)
    if met is None and up:
        told(up[-1].formula, (_BRIDGE,))
    forms = [x.formula for x in up[:-1]]
    for x, f in zip(reversed(up), (*reversed(forms), right), strict=True):
        told(f, x.reason)
    if not up:
        told(right, ())
    return Row(left, (*sides[:-1], Side(right, sides[-1].reason, verdict=holds(left, right))))


def _met(down: Sequence[Opened], up: Sequence[Opened]) -> tuple[int, int] | None:
    forms = [_flat(y.formula) for y in up]
    for k, x in enumerate(down):
        f = _flat(x.formula)
        n = next((n for n, y in enumerate(forms) if alike(f, y)), None)
        if n is not None:
            return k, n
    return None


def _together(steps: Sequence[Opened]) -> list[Opened]:
    """The steps, those without a reason together with the one before."""
    told: list[Opened] = []
    for x in steps:
        if told and not x.reason:
            told[-1] = Opened(x.formula, told[-1].reason)
        else:
            told.append(x)
    return told


def _flat(f: Formula) -> Formula:
    """`f` with one product for products of products, and one sum or maximum for sums of sums.

    Positions are polynomials in their indices, and powers of one base are one power.
    """
    return _joined(map_integers(f, lambda a: a.expanded() if isinstance(a, Ravel) else None))


def _joined(f: Formula) -> Formula:
    f = rebuild(f, tuple(_joined(a) if isinstance(a, Formula) else a for a in f.args))
    if isinstance(f, Times | Power):
        return _product(f)
    if isinstance(f, Binder) and type(f.body) is type(f):
        inner = refresh(f.body)
        assert isinstance(inner, Binder)
        condition = conjunction(f.condition, inner.condition)
        return type(f)(inner.body, *f.ranges, *inner.ranges, condition)
    return f


def _product(f: Formula) -> Formula:
    """A product with one power for each base, the number first."""
    number, exponents = Fraction(1), dict[Formula, Fraction]()
    for b, e in _powers(f, Fraction(1)):
        if isinstance(b, Number) and e.denominator == 1 and (b.value or e > 0):
            number *= b.value ** int(e)
        else:
            same_base = next((known for known in exponents if alike(known, b)), b)
            exponents[same_base] = exponents.get(same_base, Fraction(0)) + e
    return with_number(number, (power(b, e) for b, e in exponents.items() if e))


def _powers(f: Formula, by: Fraction) -> Iterator[tuple[Formula, Fraction]]:
    """The bases and exponents in f^by: (b c)^2 and (h w)^{-1} are taken apart."""
    for g in factors(f):
        b, e = as_power(g)
        if isinstance(b, Count) and len(b.integer.terms) == 1:
            ((atoms, c),) = b.integer.terms
            yield Number(c), e * by
            yield from ((Count(Int.of(a)), e * by) for a in atoms)
        elif isinstance(b, Times) and (e * by).denominator == 1:
            yield from _powers(b, e * by)
        else:
            yield b, e * by
