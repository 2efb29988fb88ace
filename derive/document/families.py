r"""The layout of arrays for all values of an index: \sum_n A_n^\top B_n, stack_1({z_c})."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from derive.document.integers import bounds, integer
from derive.document.juxtapose import operators
from derive.document.math import (
    Big,
    Comma,
    Math,
    Numeral,
    Operator,
    Relation,
    Scripts,
    Sign,
    Space,
    Words,
    fenced,
    listed,
    row,
)
from derive.document.notation import Names
from derive.document.strength import Laid, Strength, slot
from derive.ir import Folded, Ints, Largest, Picked, Range, Series, StackedOver, Unfolded, Whole

Lay = Callable[[Whole], Laid]


def families(names: Names, lay: Lay) -> dict[type, Callable[[Any], Laid]]:
    """How arrays for all values of an index, windows, and largest entries are laid out."""

    def call(head: Math, a: Whole) -> Laid:
        return Laid(row(head, fenced("paren", lay(a).math)), Strength.OPERAND)

    def at(word: str, axes: Sequence[int]) -> Math:
        return Scripts(Operator(word), below=listed(Numeral(str(k)) for k in axes))

    return {
        Series: lambda a: series(a, names, lay),
        StackedOver: lambda a: stacked_over(a, names, lay),
        Largest: lambda a: call(at("max", a.axes), a.of),
        Picked: lambda a: call(at("pick", a.axes), a.of),
        Unfolded: lambda a: call(windowed("unfold", a.options, names), a.of),
        Folded: lambda a: call(windowed("fold", a.options, names), a.of),
    }


def series(a: Series, names: Names, lay: Lay) -> Laid:
    """A sum, its signs in front."""
    signs = [Big("sum", (_start(r, names),), _end(r, names)) for r in a.ranges]
    body = slot(lay(a.body), Strength.FACTOR)
    return Laid(row(*operators(signs), body), Strength.FACTOR, open=True)


def stacked_over(a: StackedOver, names: Names, lay: Lay) -> Laid:
    """A stack of a family of arrays along an axis, which is counted from 0."""
    (r,) = a.ranges
    family = fenced("brace", lay(a.body).math)
    inside = fenced("paren", Scripts(family, below=_start(r, names), above=_end(r, names)))
    head = Scripts(Operator("stack"), below=Numeral(str(a.axis)))
    return Laid(row(head, inside), Strength.OPERAND)


def windowed(name: str, options: Sequence[Ints], names: Names) -> Math:
    """unfold or fold, with the window below it, and what is not 1, 0 and 1 of the rest."""
    kernel, *others = options
    parts: list[Math] = []
    for d in kernel.all:
        parts += [Sign("times")] * bool(parts) + [integer(d, names)]
    usual = (("stride", 1), ("padding", 0), ("dilation", 1))
    for (word, number), given in zip(usual, others, strict=True):
        if any(e.constant != number for e in given.all):
            same = len(set(given.all)) == 1
            told = given.all[:1] if same else given.all
            parts += [
                Comma(),
                Space("thin"),
                Words(f"{word} "),
                listed(integer(e, names) for e in told),
            ]
    return Scripts(Operator(name), below=row(*parts))


def _start(r: Range, names: Names) -> Math:
    return row(names.index(r.index), Relation("="), bounds(r.lowers, names, lower=True))


def _end(r: Range, names: Names) -> Math:
    return bounds(r.uppers, names, lower=False)
