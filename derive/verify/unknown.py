"""Unknown functions: each is drawn anew as a dense cubic polynomial of its arguments.

What holds for every smooth function holds for cubics; a linear or quadratic draw would let false
statements about second derivatives pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from math import perm
from random import Random

from derive.ir import FUNCTIONS, Apply, Formula, Number, Plus, Power, Times

DEGREE = 3
_SIZE, _UNIT = 1 << 20, 1 << 17
"""Coefficients are multiples of 1/_UNIT up to _SIZE/_UNIT."""
INTERNAL = frozenset({"inverse of the root of pi"})


def unknown(f: Apply) -> bool:
    """Whether nothing is known of the function but its name."""
    return f.function.name not in FUNCTIONS and f.function.name not in INTERNAL


def drawn(f: Apply, seed: int) -> Formula:
    """The cubic of that name, differentiated as the function says, at the arguments of `f`."""
    z = f.arguments
    orders = f.function.orders or (0,) * len(z)
    terms = []
    for exponents in _monomials(len(z)):
        pairs = list(zip(z, exponents, orders, strict=True))
        if all(e >= n for _, e, n in pairs):
            factors: list[Formula] = [Number(_coefficient(f"{seed} {f.function.name} {exponents}"))]
            for x, e, n in pairs:
                factors.append(Number(perm(e, n)))
                factors += [Power(x, Number(e - n))] if e > n else []
            terms.append(Times(*factors))
    return Plus(*terms)


def _monomials(variables: int) -> Iterator[tuple[int, ...]]:
    """The exponents of all monomials up to the degree."""
    return (e for e in product(range(DEGREE + 1), repeat=variables) if sum(e) <= DEGREE)


def _coefficient(key: str) -> Fraction:
    return Fraction(Random(key).choice((-1, 1)) * Random(key + ".").randint(1, _SIZE), _UNIT)
