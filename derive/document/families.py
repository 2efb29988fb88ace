r"""The layout of arrays for all values of an index: \sum_n A_n^\top B_n, stack_1({z_c})."""

from __future__ import annotations

from collections.abc import Callable

from derive.document.integers import bounds
from derive.document.juxtapose import operators
from derive.document.math import Big, Math, Numeral, Operator, Relation, Scripts, fenced, row
from derive.document.notation import Names
from derive.document.strength import Laid, Strength, slot
from derive.ir import Range, Series, StackedOver, Whole

Lay = Callable[[Whole], Laid]


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


def _start(r: Range, names: Names) -> Math:
    return row(names.index(r.index), Relation("="), bounds(r.lowers, names, lower=True))


def _end(r: Range, names: Names) -> Math:
    return bounds(r.uppers, names, lower=False)
