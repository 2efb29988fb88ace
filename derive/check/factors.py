"""Two sides that differ by a constant factor: a forgotten 1/√d, a spurious 1/N, a sign, a 2."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations_with_replacement

import numpy as np

from derive.check import spell
from derive.check.compare import Comparer
from derive.check.conditions import variables
from derive.check.pair import Pair, settled
from derive.errors import Unsupported
from derive.ir import (
    Apply,
    Component,
    Count,
    Formula,
    Int,
    Number,
    Power,
    Size,
    Tensor,
    Times,
    subformulas,
    tensors,
)
from derive.verify.arithmetic import P, Untyped
from derive.verify.sample import GENERAL
from derive.verify.verify import STYLES

LARGEST = 200
"""The largest numerator and denominator of a number that is recognised as a factor."""


@dataclass(frozen=True)
class Factor:
    """left = formula · right; `latex` spells the formula.

    `unit` is the condition under which it is 1, empty where it is never 1.
    """

    formula: Formula
    latex: str
    unit: str = ""

    @property
    def number(self) -> Fraction | None:
        """The factor, where it is a number."""
        return self.formula.value if isinstance(self.formula, Number) else None


def factor(comparer: Comparer, pair: Pair) -> Factor | None:
    """The factor by which the left side is the right one, for all entries and sizes."""
    try:
        ratios = _ratios(comparer, pair)
        found = None if ratios is None else _recognised(comparer, pair, ratios)
        if found is None:
            return None
        scaled = replace(pair, right=Times(found.formula, pair.right))
        return found if comparer(scaled).holds else None
    except (Unsupported, Untyped):
        return None


def _ratios(comparer: Comparer, pair: Pair) -> list[int] | None:
    """left/right in residues for each general draw, where that is the same for all entries."""
    if pair.relation != "=" or comparer.counts(pair) or not comparer.direct(pair):
        return None
    place, _ = comparer.placed(pair)
    evaluator = place.world.evaluator("residues")
    values = [evaluator.value(side, place.env) for side in pair.sides]
    sound = place.allowed()
    for v in values:
        sound = sound & (v.flaws(place.axes) == 0)
    left, right = (np.broadcast_to(v.spread(place.axes), place.shape) for v in values)
    found = []
    for draw, style in enumerate(STYLES):
        if style != GENERAL:
            continue
        pairs = {
            (int(a), int(b))
            for a, b in zip(left[draw][sound[draw]], right[draw][sound[draw]], strict=True)
        }
        ratios = {a * pow(b, -1, P) % P if a and b else (0 if a or b else None) for a, b in pairs}
        ratios.discard(None)
        if len(ratios) != 1 or 0 in ratios:
            return None
        found += [r for r in ratios if r is not None]
    return found


def _recognised(comparer: Comparer, pair: Pair, ratios: Sequence[int]) -> Factor | None:
    number = _rational(ratios[0]) if len(set(ratios)) == 1 else None
    place, _ = comparer.placed(pair)
    evaluator = place.world.evaluator("residues")
    for formula, latex, unit in _candidates(comparer, pair):
        value = evaluator.value(formula, {})
        data = np.broadcast_to(value.spread((0,)), (len(STYLES),))
        drawn = [int(x) for x, style in zip(data, STYLES, strict=True) if style == GENERAL]
        if drawn == list(ratios):
            return Factor(formula, latex, unit)
        if all(x * r % P == 1 for x, r in zip(drawn, ratios, strict=True)):
            return Factor(Power(formula, Number(-1)), rf"\frac{{1}}{{{latex}}}", unit)
    if number is None or number == 1:
        return None
    return Factor(Number(number), _fraction(number))


def _candidates(comparer: Comparer, pair: Pair) -> Iterator[tuple[Formula, str, str]]:
    """Formulas that may be factors, each with its LaTeX and the condition that makes it 1."""
    read: dict[Tensor, None] = {}
    nodes = [g for side in pair.sides for g in subformulas(side)]
    for side in pair.sides:
        for t in sorted(tensors(side), key=lambda t: t.name):
            above = sorted(comparer.program.ancestors(t), key=lambda t: t.name)
            read |= dict.fromkeys((t, *above))
    for t in read:
        if t in comparer.program.defined:
            nodes += subformulas(comparer.program.defined[t].body)
    integers = [g.integer for g in nodes if isinstance(g, Count) and not g.integer.indices]
    sizes = [Int.of(d.atom) for t in read for d in t.shape if isinstance(d.atom, Size)]
    whole = list(dict.fromkeys(e for e in (*integers, *sizes) if e.constant is None))
    products = (a * b for a, b in combinations_with_replacement(whole[:8], 2))
    for e in dict.fromkeys((*whole, *products)):
        yield Count(e), spell.integer(e), _is_one(e)
    for e in whole:
        root, latex = Apply("sqrt", Count(e)), rf"\sqrt{{{spell.integer(e)}}}"
        yield root, latex, _is_one(e)
        yield Times(Count(e), Power(root, Number(-1))), latex, _is_one(e)
    held = variables(pair.sides)
    for t in read:
        if not t.shape and t in comparer.program.given and t not in held and t.classes is None:
            yield Component(t), t.symbol, f"{t.symbol} = 1"


def _is_one(e: Int) -> str:
    """The condition that an expression is 1; empty where the sizes in it are fixed."""
    return f"{spell.integer(e)} = 1" if settled(e).constant is None else ""


def _rational(residue: int) -> Fraction | None:
    """The fraction of small numerator and denominator that has a residue, if there is one."""
    for q in range(1, LARGEST):
        p = residue * q % P
        p = p - P if p > P // 2 else p
        if abs(p) <= LARGEST:
            return Fraction(p, q)
    return None


def _fraction(x: Fraction) -> str:
    sign = "-" if x < 0 else ""
    if x.denominator == 1:
        return str(x)
    return rf"{sign}\frac{{{abs(x.numerator)}}}{{{x.denominator}}}"
