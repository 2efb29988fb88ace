"""Functions that a document defines, at their arguments; derivatives of them by the rules."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

from derive.derivation.program import Program
from derive.derivation.scope import Scope
from derive.engine.rewrite import Rewriter
from derive.engine.simplify import DIFFERENTIATE, TIDY
from derive.errors import MissingRule
from derive.ir import (
    Apply,
    Component,
    Derivative,
    Formula,
    Function,
    Number,
    Plus,
    Power,
    Tensor,
    Times,
    refresh,
    replace_components,
    subformulas,
)
from derive.latex.symbols import DefinedFunction

ONE, TWO = Number(1), Number(2)
HALF, MINUS = Number(Fraction(1, 2)), Number(-1)


def _inverse(z: Formula) -> Formula:
    return Power(z, MINUS)


def _exp(z: Formula) -> Formula:
    return Apply("exp", z)


def _sigmoid(z: Formula) -> Formula:
    return Apply("sigmoid", z)


def _cosh(z: Formula) -> Formula:
    return Times(HALF, Plus(_exp(z), _exp(Times(MINUS, z))))


def _sinh(z: Formula) -> Formula:
    return Times(HALF, Plus(_exp(z), Times(MINUS, _exp(Times(MINUS, z)))))


def _softplus(z: Formula) -> Formula:
    return Apply("log", Plus(ONE, _exp(z)))


def _silu(z: Formula) -> Formula:
    return Times(z, _sigmoid(z))


WRITTEN_OUT: dict[str, Callable[[Formula], Formula]] = {
    "cosh": _cosh,
    "sinh": _sinh,
    "sech": lambda z: _inverse(_cosh(z)),
    "csch": lambda z: _inverse(_sinh(z)),
    "coth": lambda z: Times(_cosh(z), _inverse(_sinh(z))),
    "tan": lambda z: Times(Apply("sin", z), _inverse(Apply("cos", z))),
    "silu": _silu,
    "swish": _silu,
    "mish": lambda z: Times(z, Apply("tanh", _softplus(z))),
    "logsigmoid": lambda z: Apply("log", _sigmoid(z)),
    "logit": lambda z: Apply("log", Times(z, _inverse(Plus(ONE, Times(MINUS, z))))),
    "softsign": lambda z: Times(z, _inverse(Plus(ONE, Apply("abs", z)))),
    "softplus": _softplus,
    "gelu": lambda z: Times(
        HALF, z, Plus(ONE, Apply("erf", Times(z, _inverse(Apply("sqrt", TWO)))))
    ),
}
"""Functions of one argument that are made of simpler ones."""


def applied(
    function: DefinedFunction, arguments: tuple[Formula, ...], orders: tuple[int, ...] = ()
) -> Formula:
    """The function, differentiated `orders` times in each argument, at its arguments.

    Raises ValueError where their number does not fit, MissingRule where no rule differentiates it.
    """
    names = function.parameters
    if len(arguments) != len(names):
        raise ValueError(f"{len(names)} arguments, found {len(arguments)}")
    body = function.body
    for parameter, order in zip(names, orders, strict=False):
        for _ in range(order):
            body = _derived(body, parameter)
    values = dict(zip(names, arguments, strict=True))
    return replace_components(refresh(body), lambda c: values.get(c.tensor))


def known(name: str, orders: tuple[int, ...], arguments: tuple[Formula, ...]) -> Formula:
    """A function of the table, differentiated: tanh'(x) is 1 - tanh(x)^2."""
    parameters = tuple(Tensor(f"argument {k + 1}", "x", ()) for k in range(len(arguments)))
    entries = tuple(Component(p) for p in parameters)
    body = WRITTEN_OUT[name](*entries) if name in WRITTEN_OUT else Apply(Function(name), *entries)
    return applied(DefinedFunction(parameters, body), arguments, orders)


@lru_cache(maxsize=256)
def _derived(body: Formula, parameter: Tensor) -> Formula:
    scope = Scope(Program((), (parameter,), ()))
    rules = {**DIFFERENTIATE.by_node}
    for r in TIDY:
        for node in r.on:
            rules[node] = [*rules.get(node, []), r]
    found = Rewriter(rules, scope).run(Derivative(body, Component(parameter)))
    if any(isinstance(f, Derivative) for f in subformulas(found)):
        raise MissingRule(f"no rule differentiates {body}")
    return found
