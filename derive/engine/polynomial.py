"""Entries of a program's tensors as polynomials in the entries of the given ones."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TypeAlias

from derive.derivation.program import Program
from derive.engine.unroll import Unroller
from derive.ir import Cases, Component, Formula, Greatest, Least, Number, Plus, Power, Tensor, Times

Monomial: TypeAlias = tuple[Component, ...]
Polynomial: TypeAlias = dict[Monomial, Fraction]
"""Products of entries, each in a fixed order, with their coefficients; () is the constant."""
_HIGHEST = 4
_NAMES: dict[type[Formula], str] = {Greatest: "a maximum", Least: "a minimum", Cases: "cases"}


class NotPolynomial(ValueError):
    """A formula that is no polynomial of a low degree; the message says what stands in the way."""


class Expander:
    """Multiplies out, through all definitions, at numbers for the sizes.

    Entries of tensors in `values` are numbers.
    """

    def __init__(
        self,
        program: Program,
        unroll: Unroller,
        values: Mapping[Tensor, Mapping[tuple[int, ...], Fraction]],
    ) -> None:
        self.program, self.unroll, self._values = program, unroll, values
        self._known: dict[Component, Polynomial] = {}

    def entry(self, c: Component) -> Polynomial:
        """The polynomial of an entry."""
        if c not in self._known:
            at = tuple(e.constant or 0 for e in c.indices)
            definition = self.program.defined.get(c.tensor)
            if c.tensor in self._values:
                value = self._values[c.tensor][at]
                self._known[c] = {(): value} if value else {}
            elif definition is None:
                self._known[c] = {(c,): Fraction(1)}
            else:
                env = dict(zip(definition.indices, at, strict=True))
                self._known[c] = self.of(self.unroll(definition.body, env))
        return self._known[c]

    def of(self, f: Formula) -> Polynomial:
        """The polynomial of a formula that is written out."""
        match f:
            case Number():
                return {(): f.value} if f.value else {}
            case Component():
                return self.entry(f)
            case Plus():
                total: Polynomial = {}
                for g in f.args:
                    total = added(total, self.of(g))  # type: ignore[arg-type]
                return total
            case Times():
                result: Polynomial = {(): Fraction(1)}
                for g in f.args:
                    result = multiplied(result, self.of(g))  # type: ignore[arg-type]
                return result
            case Power():
                return self._power(f)
        raise NotPolynomial(f"it contains {_NAMES.get(type(f), 'a function')} of entries")

    def _power(self, f: Power) -> Polynomial:
        base, exponent = self.of(f.base), self.of(f.exponent)
        n = exponent.get((), Fraction(0))
        if set(exponent) <= {()} and n.denominator == 1:
            if set(base) <= {()} and (n >= 0 or base):
                value = base.get((), Fraction(0)) ** int(n)
                return {(): value} if value else {}
            if 0 <= n <= _HIGHEST:
                result: Polynomial = {(): Fraction(1)}
                for _ in range(int(n)):
                    result = multiplied(result, base)
                return result
        raise NotPolynomial("it contains a power of entries")


def added(p: Polynomial, q: Polynomial) -> Polynomial:
    """The sum, without terms that cancel."""
    total = dict(p)
    for m, c in q.items():
        total[m] = total.get(m, Fraction(0)) + c
        if not total[m]:
            del total[m]
    return total


def multiplied(p: Polynomial, q: Polynomial) -> Polynomial:
    """The product."""
    total: Polynomial = {}
    for m, c in p.items():
        for n, d in q.items():
            key = tuple(sorted((*m, *n), key=_order)) if m and n else m or n
            if len(key) > _HIGHEST:
                raise NotPolynomial(f"its degree is more than {_HIGHEST}")
            total[key] = total.get(key, Fraction(0)) + c * d
    return {m: c for m, c in total.items() if c}


def _order(c: Component) -> tuple[object, ...]:
    return (c.tensor.name, *(e.constant for e in c.indices))
