"""The table of derivatives of scalar functions: one line each.

At a kink the line is the convention: relu'(0) = 0, abs'(0) = sign(0) = 0.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from derive.ir import (
    Apply,
    Bracket,
    Compare,
    Formula,
    Function,
    Number,
    Plus,
    Power,
    Times,
)

ONE, MINUS, HALF = Number(1), Number(-1), Number(Fraction(1, 2))

DERIVATIVES: dict[str, Callable[[Formula], Formula]] = {
    "exp": lambda u: Apply("exp", u),
    "log": lambda u: Power(u, MINUS),
    "sqrt": lambda u: Times(HALF, Power(Apply("sqrt", u), MINUS)),
    "abs": lambda u: Apply("sign", u),
    "sign": lambda u: Number(0),
    "relu": lambda u: Bracket(Compare(Number(0), "<", u)),
    "sigmoid": lambda u: Times(Apply("sigmoid", u), Plus(ONE, Times(MINUS, Apply("sigmoid", u)))),
    "tanh": lambda u: Plus(ONE, Times(MINUS, Power(Apply("tanh", u), Number(2)))),
    "softplus": lambda u: Apply("sigmoid", u),
    "sin": lambda u: Apply("cos", u),
    "cos": lambda u: Times(MINUS, Apply("sin", u)),
}


def derivative_of(f: Apply, k: int) -> Formula | None:
    """The derivative of a scalar function in its argument `k`, at its arguments."""
    function = f.function
    if function.known:
        line = DERIVATIVES.get(function.name)
        return None if line is None else line(f.arguments[0])
    orders = list(function.orders or (0,) * len(f.arguments))
    orders[k] += 1
    return Apply(Function(function.name, tuple(orders)), *f.arguments)
