"""What is printed for stacks of layers: second derivatives, products over levels, lone entries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from derive.document.math import (
    Big,
    Column,
    Fence,
    Fraction,
    Math,
    Name,
    Numeral,
    Operator,
    Relation,
    Scripts,
    Sign,
    Space,
    fenced,
    listed,
    row,
)
from derive.document.notation import parse_name
from derive.document.strength import Laid, Strength, slot
from derive.ir import Formula, Tensor, Whole
from derive.ir.column import OneEntry
from derive.ir.curvature import Curvature
from derive.ir.family import Level
from derive.ir.levels import Chain, OverLevels, SumOverLevels
from derive.ir.vectorised import VecCurvature, VecSlope


def nodes(
    whole: Callable[[Whole], Laid], formula: Callable[[Formula], Laid]
) -> dict[type, Callable[[Any], Laid]]:
    """How each of these is laid out."""
    return {
        VecSlope: vec_slope,
        VecCurvature: vec_curvature,
        Curvature: curvature,
        Chain: lambda a: chain(a, whole(a.body)),
        SumOverLevels: lambda a: over_levels(a, whole(a.body)),
        OneEntry: lambda a: one_entry(formula(a.value)),
    }


def curvature(a: Curvature) -> Laid:
    """∂²L/∂x∂y, the second of two vectors as a row."""
    above = row(Scripts(Sign("partial"), above=Numeral("2")), parse_name(a.of.symbol))
    last: Math = parse_name(a.and_by.symbol)
    if len(a.by.shape) == len(a.and_by.shape) == 1:
        last = Scripts(last, above=Name(r"\top"))
    below = row(*(Sign("partial"), parse_name(a.by.symbol), Space("thin")), Sign("partial"), last)
    return Laid(Fraction(above, below), Strength.OPERAND)


def chain(a: Chain, body: Laid) -> Laid:
    """The product over the levels, which are listed in the order of the factors."""
    r = a.levels
    ends = [level(Level.from_integer(e)) for e in (r.uppers[0], r.lowers[0])]
    under = row(
        *(parse_name(r.index.hint), Relation("="), listed((ends[0], Sign("dots"), ends[1])))
    )
    inside = body.math if body.strength >= Strength.FACTOR else fenced("paren", body.math)
    return Laid(row(Big("prod", (under,)), inside), Strength.FACTOR, open=True)


def over_levels(a: OverLevels | SumOverLevels, body: Laid) -> Laid:
    """The sum over the levels, from the lowest to the highest."""
    r = a.levels
    low, high = (level(Level.from_integer(e)) for e in (r.lowers[0], r.uppers[0]))
    sign = Big("sum", (row(parse_name(r.index.hint), Relation("="), low),), high)
    return Laid(row(sign, slot(body, Strength.FACTOR)), Strength.FACTOR, open=True)


def level(x: Level) -> Math:
    """A level: ℓ-1, L, 3."""
    if not x.letter:
        return Numeral(str(x.plus))
    letter = parse_name(x.letter)
    if not x.plus:
        return letter
    return row(letter, Sign("+" if x.plus > 0 else "-"), Numeral(str(abs(x.plus))))


def one_entry(value: Laid) -> Laid:
    """The column with one entry between zeros."""
    zero, dots = Numeral("0"), Sign("vdots")
    return Laid(Column((zero, dots, value.math, dots, zero)), Strength.ATOM)


def fixed(held: Sequence[Tensor]) -> tuple[Math, ...]:
    """The bar behind a derivative, with what does not change."""
    names = listed(parse_name(t.symbol) for t in held)
    return (Scripts(Fence("bar", False, 2), below=names),) if held else ()


def vec_slope(a: VecSlope) -> Laid:
    """∂vec(Y)/∂vec(X)."""
    above, below = (row(Sign("partial"), _vec(t)) for t in (a.slope.of, a.slope.by))
    return Laid(row(Fraction(above, below), *fixed(a.slope.held)), Strength.OPERAND)


def vec_curvature(a: VecCurvature) -> Laid:
    """∂²L/∂vec(X)∂vec(Y)^⊤."""
    c = a.curvature
    above = row(Scripts(Sign("partial"), above=Numeral("2")), parse_name(c.of.symbol))
    last = Scripts(_vec(c.and_by), above=Name(r"\top"))
    below = row(Sign("partial"), _vec(c.by), Space("thin"), Sign("partial"), last)
    return Laid(Fraction(above, below), Strength.OPERAND)


def _vec(t: Tensor) -> Math:
    """vec(X); a vector as it is."""
    name = parse_name(t.symbol)
    return row(Operator("vec"), fenced("paren", name)) if len(t.shape) > 1 else name


def commutation(extents: tuple[Math, Math]) -> Laid:
    """K_{m,n}, in bold as K is often the name of a size."""
    letter = Name("K", accents=("mathbf",))
    return Laid(Scripts(letter, below=listed(extents)), Strength.ATOM)
