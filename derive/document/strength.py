"""How tightly a piece of typeset mathematics holds together, and what a slot asks for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from derive.document.math import Math, fenced


class Strength(IntEnum):
    """TERM < MARKED < FACTOR < OPERAND < ATOM: a + b, A ⊙ B, a b, exp(x), x."""

    TERM = 0
    MARKED = 1
    FACTOR = 2
    OPERAND = 3
    ATOM = 4


@dataclass(frozen=True)
class Laid:
    """`open`: it reaches to the right as far as it can, as a sum does."""

    math: Math
    strength: Strength
    open: bool = False


def slot(laid: Laid, wanted: Strength) -> Math:
    """The mathematics in a place that asks for a strength, with brackets where it is weaker."""
    return laid.math if laid.strength >= wanted else fenced("paren", laid.math)
