"""Functions that a document defines, at their arguments; derivatives of them by the rules."""

from __future__ import annotations

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
    Tensor,
    refresh,
    replace_components,
    subformulas,
)
from derive.latex.symbols import DefinedFunction


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
    body = Apply(Function(name), *(Component(p) for p in parameters))
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
