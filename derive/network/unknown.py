"""Unknown smooth functions of whole arrays, as in L = f(Y): dense cubics with drawn coefficients.

    u[k.., r] = Σ_arguments Σ_position a[k.., r, position] Y[position]      for r = 1, 2, 3
    L[k..] = Σ_r (u[k.., r] + u[k.., r]^2 + u[k.., r]^3)

The coefficients are given arrays that no document shows.  A linear function would let false
statements about second derivatives pass.
"""

from __future__ import annotations

from dataclasses import dataclass

from derive.ir import (
    Apply,
    Component,
    Definition,
    Formula,
    Index,
    Number,
    Plus,
    Power,
    Range,
    Sum,
    Tensor,
    Times,
    axis_ranges,
    fresh,
)
from derive.latex.symbols import DefinedFunction
from derive.network.names import tagged
from derive.network.site import Shape

FORMS = 3
"""How many linear forms of the arguments there are, so that second derivatives vary."""


@dataclass(frozen=True)
class Unknown:
    """The definitions of the forms and of the value, and the coefficients that they read."""

    coefficients: tuple[Tensor, ...]
    definitions: tuple[Definition, Definition]


def unknown_function(
    function: str, arguments: tuple[Tensor, ...], name: str, symbol: str, shape: Shape, base: int
) -> Unknown:
    """The value, of that name, symbol and shape, of an unknown function of some arrays.

    Where a function of the same name is used again on arrays of the same shapes, the coefficients
    are the same.
    """
    at = tuple(fresh("k") for _ in shape)
    r = Index("r")
    coefficients = []
    terms: list[Formula] = []
    for k, x in enumerate(arguments):
        signature = ", ".join(str(d) for d in (*shape, "of", *x.shape))
        a = Tensor(f"{function}.{k} ({signature})", "a", (*shape, FORMS, *x.shape), base)
        inner = tuple(fresh("p") for _ in x.shape)
        term: Formula = Times(a[(*at, r, *inner)], Component(x, *inner))
        terms.append(Sum(term, *axis_ranges(x, inner)) if inner else term)
        coefficients.append(a)
    forms = Tensor(f"{name}.forms", tagged("u", name), (*shape, FORMS), base)
    u = forms[(*at, r)]
    cubic = Plus(u, Power(u, Number(2)), Power(u, Number(3)))
    value = Sum(cubic, Range(r, base, FORMS - 1 + base))
    made = (
        Definition(forms, (*at, r), Plus(*terms) if len(terms) > 1 else terms[0]),
        Definition(Tensor(name, symbol, shape, base), at, value),
    )
    return Unknown(tuple(coefficients), made)


def nondecreasing(name: str) -> tuple[DefinedFunction, tuple[Tensor, ...]]:
    """A function that does not decrease: a² relu(x - p) - b² relu(q - x), with drawn coefficients.

    Between q and p it is constant, so that arguments in a different order may have equal values.
    """
    x = Tensor(f"{name}: x", "x", ())
    a, b, p, q = (Tensor(f"{name}.{letter}", letter, ()) for letter in "abpq")

    def term(factor: Tensor, distance: Formula) -> Formula:
        return Times(Power(Component(factor), Number(2)), Apply("relu", distance))

    left = Times(Number(-1), term(b, Component(q) - Component(x)))
    body = Plus(term(a, Component(x) - Component(p)), left)
    return DefinedFunction((x,), body), (a, b, p, q)
