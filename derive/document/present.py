"""Formulas as they are printed: an equal formula with numbers for sizes and readable positions.

    numbers      a named size becomes its value; constant factors are multiplied; redundant constant
                 bounds and conditions that became true go; a sum over one value is that value
    positions    "the offset (a, b) in the window is chosen" becomes "the position (p, q) is": a
                 Chosen is written over the places that its Max reads

Everything here maps a formula to an equal one, so that what is printed can be checked as it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import prod

from sympy import Basic

from derive.ir import (
    FALSE,
    TRUE,
    And,
    Atom,
    Binder,
    Bracket,
    Chosen,
    Component,
    Count,
    Delta,
    Divides,
    Equal,
    Formula,
    Guard,
    Index,
    Int,
    Max,
    NonNegative,
    Number,
    Power,
    Range,
    Size,
    Sum,
    Times,
    conjunction,
    map_integers,
    rebuild,
    subformulas,
    substitute,
)
from derive.ir.integer import residue


def present(f: Basic, numbers: bool = False) -> Basic:
    """`f` as it is printed, with sizes that have a value as numbers if `numbers`."""
    if numbers:
        f = _tidy(map_integers(f, _value))
    return _positions(f)


def value_of(e: Int) -> Int:
    """`e` with the values of its named sizes."""
    return e.replace(_value)


def _value(atom: Atom) -> Int | None:
    """The number of a size; a computed size that is but another one is printed as that."""
    if not isinstance(atom, Size):
        return None
    if atom.value is not None:
        return Int.of(atom.value)
    computed = None if atom.definition is None else atom.definition.replace(_value)
    return computed if computed is not None and isinstance(computed.atom, Size) else None


# -- numbers -------------------------------------------------------------------------------------


def _tidy(f: Basic) -> Basic:
    """What constants decide, decided, from the inside out."""
    if not f.args or isinstance(f, Int):
        return f
    f = rebuild(f, tuple(_tidy(a) for a in f.args))
    match f:
        case Range():
            return Range(f.index, _decided(f.lowers, max), _decided(f.uppers, min))
        case Sum():
            return _without_single_values(f)
        case Times():
            return _with_one_coefficient(f)
        case Guard():
            return _settled(f)
        case Bracket() if f.condition == TRUE:
            return Number(1)
        case Count() if f.integer.constant is not None:
            return Number(f.integer.constant)
        case Delta() if (f.sides[0] - f.sides[1]).constant is not None:
            return Number(int(f.sides[0] == f.sides[1]))
    return f


def _decided(bounds: tuple[Int, ...], best: Callable[[list[int]], int]) -> tuple[Int, ...]:
    """`bounds` with one constant among them at most."""
    constants = [b.constant for b in bounds if b.constant is not None]
    if len(constants) < 2:
        return bounds
    strongest = best(constants)
    kept = [b for b in bounds if b.constant is None or b.constant == strongest]
    return tuple(dict.fromkeys(kept))


def _without_single_values(f: Sum) -> Formula:
    """The sum without the ranges that hold one value."""
    for r in f.ranges:
        if r.lowers == r.uppers and len(r.lowers) == 1:
            at = {r.index: r.lowers[0]}
            others = tuple(substitute(s, at) for s in f.ranges if s != r)
            body, condition = substitute(f.body, at), substitute(f.condition, at)
            if others:
                return _without_single_values(Sum(body, *others, condition))
            return body if condition == TRUE else Times(Bracket(condition), body)
    return f


def _with_one_coefficient(f: Times) -> Formula:
    """The product, flat, with its numbers as one number in front."""
    factors = [p for a in f.args for p in (a.args if isinstance(a, Times) else (a,))]
    numbers = [n for n in map(_number, factors) if n is not None]
    rest = [p for p in factors if _number(p) is None]
    c = prod(numbers, start=Fraction(1))
    parts = rest if c == 1 and rest else [Number(c), *rest]
    return parts[0] if len(parts) == 1 else Times(*parts)  # type: ignore[return-value, arg-type]


def _number(f: Basic) -> Fraction | None:
    match f:
        case Number():
            return f.value
        case Power(base=Number(value=b), exponent=Number(value=e)) if e == -1 and b != 0:
            return 1 / b
    return None


def _settled(g: Guard) -> Guard:
    """A condition on constants as TRUE or FALSE."""
    match g:
        case NonNegative():
            n = g.expression.constant
            return g if n is None else _truth(n >= 0)
        case Equal(args=(Int() as e, Int() as f)):
            n = (e - f).constant
            return g if n is None else _truth(n == 0)
        case Divides(args=(Int() as d, Int() as e)):
            by, left = d.constant, residue(e, d)
            if by is None:
                return g
            n = 0 if by == 1 else left.constant
            return Divides(d, left) if n is None else _truth(n % by == 0)
        case And():
            return conjunction(*g.args)  # type: ignore[arg-type]
    return g


def _truth(holds: bool) -> Guard:
    return TRUE if holds else FALSE


# -- positions -----------------------------------------------------------------------------------


def _positions(f: Basic) -> Basic:
    """Every Chosen over the places that its Max reads, where each place belongs to one index."""
    if not f.args or isinstance(f, Int):
        return f
    f = rebuild(f, tuple(_positions(a) for a in f.args))
    return _over_places(f) if isinstance(f, Chosen) else f


def _over_places(f: Chosen) -> Chosen:
    """Offsets a become places u = a + s, where the body reads T[..., a + s, ...].

    Such a bound index u has the hint u, v, w, ... and the number of the offset: it is the same
    object each time a formula is presented.
    """
    shifts = [_shift(f.maximum, a) for a in f.maximum.bound]
    if any(s is None for s in shifts) or not any(s and s.terms for s in shifts):
        return f
    body: Formula = f.maximum.body
    condition, ranges, at = f.maximum.condition, list(f.maximum.ranges), list(f.at)
    for k, (a, s) in enumerate(zip(f.maximum.bound, shifts, strict=True)):
        assert s is not None
        u = Index("uvwrs"[k] if k < 5 else f"u_{{{k}}}", a.number)
        to = {a: Int.of(u) - s}
        r = ranges[k]
        ranges[k] = Range(u, [e + s for e in r.lowers], [e + s for e in r.uppers])
        ranges[k + 1 :] = [substitute(later, to) for later in ranges[k + 1 :]]
        body, condition, at[k] = substitute(body, to), substitute(condition, to), at[k] + s
    return Chosen(Max(body, *ranges, condition), *at)


def _shift(maximum: Max, a: Index) -> Int | None:
    """s where the body reads at a + s, with no other bound index in s."""
    for node in subformulas(maximum.body):
        if isinstance(node, Component):
            for e in node.indices:
                if a in e.indices:
                    parts = e.split(a)
                    alone = (
                        parts
                        and parts[0].constant == 1
                        and not parts[1].indices & set(maximum.bound)
                    )
                    return parts[1] if parts and alone else None
        if isinstance(node, Binder):
            return None
    return None
