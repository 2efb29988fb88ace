"""Scalar functions: what each is in terms of simpler ones, and its derivative, in an own table.

The derivatives are formulas that the evaluator evaluates like any other, so exp stays typed.
Conventions: relu'(0) = 0, abs'(0) = 0, sign' = 0.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from derive.ir import Apply, Bracket, Compare, Formula, Function, Number, Power, Times

HALF = Number(Fraction(1, 2))
ONE, TWO = Number(1), Number(2)


def _exp(z: Formula) -> Formula:
    return Apply("exp", z)


def _inverse(z: Formula) -> Formula:
    return Power(z, Number(-1))


def _normal_cdf(z: Formula) -> Formula:
    return HALF * (1 + Apply("erf", z * _inverse(Apply("sqrt", TWO))))


def _inverse_root_pi() -> Formula:
    return Apply("inverse of the root of pi", ONE)


DEFINED: dict[str, Callable[..., Formula]] = {
    "sigmoid": lambda z: _inverse(1 + _exp(-z)),
    "tanh": lambda z: 1 - TWO * _inverse(1 + _exp(TWO * z)),
    "softplus": lambda z: Apply("log", 1 + _exp(z)),
    "gelu": lambda z: z * _normal_cdf(z),
    "signedpower": lambda z, p: Apply("sign", z) * Power(Apply("abs", z), p),
}
"""Functions that are defined by others."""

DERIVATIVES: dict[str, Callable[[Formula], Formula]] = {
    "exp": _exp,
    "log": _inverse,
    "sqrt": lambda z: HALF * _inverse(Apply("sqrt", z)),
    "abs": lambda z: Apply("sign", z),
    "sign": lambda z: Number(0),
    "relu": lambda z: Bracket(Compare(0, "<", z)),
    "sigmoid": lambda z: Apply("sigmoid", z) * (1 - Apply("sigmoid", z)),
    "tanh": lambda z: 1 - Power(Apply("tanh", z), TWO),
    "erf": lambda z: TWO * _inverse_root_pi() * _exp(-(z * z)),
    "sin": lambda z: Apply("cos", z),
    "cos": lambda z: -Apply("sin", z),
    "softplus": lambda z: Apply("sigmoid", z),
    "gelu": lambda z: (
        _normal_cdf(z)
        + z * _inverse(Apply("sqrt", TWO)) * _inverse_root_pi() * _exp(-(HALF * z * z))
    ),
}
"""Derivatives of functions of one argument."""


def derivative(f: Apply, k: int) -> Formula | None:
    """∂f(z1, z2, ...)/∂zk as a formula, for k from 0; None where none is known."""
    name, z = f.function.name, f.arguments
    if name in DERIVATIVES:
        return DERIVATIVES[name](z[0])
    if name == "signedpower":
        p = z[1]
        return Times(p, Power(Apply("abs", z[0]), p - 1)) if k == 0 else None
    if f.function.known:
        return None
    orders = list(f.function.orders or (0,) * len(z))
    orders[k] += 1
    return Apply(Function(name, tuple(orders)), *z)
