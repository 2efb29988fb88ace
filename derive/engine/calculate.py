"""The numbers of formulas, step by step as a person would calculate them.

The values are rationals as long as that is possible, and real balls where a root or a function of
the table needs them.  Nothing here is used by the verifier, which computes by other means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import product as tuples
from math import prod
from typing import Any, TypeAlias

import flint

from derive.derivation.program import Program
from derive.engine.unroll import Unroller
from derive.errors import Unsupported
from derive.ir import (
    Apply,
    Bracket,
    Chosen,
    Compare,
    Component,
    Derivative,
    Formula,
    Greatest,
    Guard,
    Index,
    Least,
    Max,
    Number,
    Plus,
    Power,
    Size,
    Tensor,
    Times,
    rebuild,
    tensors,
)

Value: TypeAlias = Fraction | Any
"""A Fraction, or a real ball."""
BITS = 200
PLACES = 40_000
"""Entries of a tensor that are looked at one by one, at most."""


class Calculator:
    """Numbers for the entries of a program's tensors, from the values of those that are given.

    `values` are nested tuples of fractions, by tensor; a tensor that is computed has values where
    all that it depends on has.
    """

    def __init__(
        self, program: Program, sizes: Mapping[Size, int], values: Mapping[Tensor, Any]
    ) -> None:
        self.program, self.unroll = program, Unroller(sizes)
        self._tables: dict[Tensor, dict[tuple[int, ...], Value]] = {
            t: dict(_entries(v, t.base)) for t, v in values.items()
        }

    def knows(self, tensor: Tensor) -> bool:
        """Whether the entries of a tensor have values."""
        if tensor in self._tables:
            return True
        known = tensor in self.program.defined
        read = [t for t in self.program.ancestors(tensor) if t not in self.program.defined]
        return known and all(t in self._tables for t in read)

    def shape(self, tensor: Tensor) -> tuple[int, ...]:
        """The extents of a tensor."""
        return tuple(self.unroll.number(d, {}) for d in tensor.shape)

    def count(self, tensor: Tensor) -> int:
        """How many entries a tensor has."""
        return prod(self.shape(tensor))

    def places(self, tensor: Tensor) -> list[tuple[int, ...]]:
        """All positions in a tensor, row by row; Unsupported where there are too many."""
        if (count := self.count(tensor)) > PLACES:
            raise Unsupported(
                f"{tensor.name} has {count} entries, which is too many to look at each of them; "
                "expected smaller sizes"
            )
        axes = (range(tensor.base, tensor.base + n) for n in self.shape(tensor))
        return list(tuples(*axes))

    def table(self, tensor: Tensor) -> dict[tuple[int, ...], Value]:
        """The entries of a tensor that has values."""
        return {at: self.entry(tensor, at) for at in self.places(tensor)}

    def entry(self, tensor: Tensor, at: Sequence[int]) -> Value:
        """The value of one entry."""
        if tensor not in self._tables:
            self._tables[tensor] = {}
        table, place = self._tables[tensor], tuple(at)
        if place not in table:
            definition = self.program.defined.get(tensor)
            if definition is None:
                raise Unsupported(f"{tensor.name} has no values")
            env = dict(zip(definition.indices, place, strict=True))
            table[place] = self.value(self.unroll(definition.body, env))
        return table[place]

    def inserted(self, f: Formula) -> Formula:
        """`f`, which is written out, with numbers for the entries that have rational values.

        Which entry was chosen, and whether z > 0, becomes 1 or 0.  Derivatives stay as they are.
        """
        values = self.values_in(f)
        return self.decided(f, lambda c: Number(values[c]) if c in values else c)

    def decided(self, f: Formula, entry: Callable[[Component], Formula] = lambda c: c) -> Formula:
        """The same with entries as they are, or as what `entry` makes of them."""
        if isinstance(f, Derivative):
            return f
        if isinstance(f, Component):
            return entry(f)
        if isinstance(f, Chosen | Bracket) and all(map(self.knows, tensors(f))):
            return Number(self.value(f))
        parts = tuple(self.decided(a, entry) if isinstance(a, Formula) else a for a in f.args)
        return rebuild(f, parts)

    def values_in(self, f: Formula) -> dict[Component, Fraction]:
        """The rational values of the entries in a formula that is written out."""
        if isinstance(f, Derivative | Chosen | Bracket):
            return {}
        if isinstance(f, Component):
            value = self._of(f) if self.knows(f.tensor) else None
            return {f: value} if isinstance(value, Fraction) else {}
        parts = (self.values_in(a) for a in f.args if isinstance(a, Formula))
        return {c: v for found in parts for c, v in found.items()}

    def _of(self, c: Component) -> Value:
        return self.entry(c.tensor, [e.constant or 0 for e in c.indices])

    # -- values ----------------------------------------------------------------------------------

    def value(self, f: Formula) -> Value:
        """The value of a formula that is written out."""
        match f:
            case Number():
                return f.value
            case Component():
                return self._of(f)
            case Plus():
                return self._sum([self.value(a) for a in f.args])  # type: ignore[arg-type]
            case Times():
                return self._product(f)
            case Power():
                return self._power(self.value(f.base), self.value(f.exponent))
            case Greatest() | Least():
                values = [self.value(a) for a in f.args]  # type: ignore[arg-type]
                return values[first_largest(values, 1 if isinstance(f, Greatest) else -1)]
            case Apply():
                return self._apply(f)
            case Bracket():
                return Fraction(self._holds(f.condition))
            case Chosen():
                return Fraction(self.choice(f.maximum) == tuple(e.constant for e in f.at))
        raise Unsupported(f"a {type(f).__name__} has no number here")

    def choice(self, maximum: Max, at: Mapping[Index, int] | None = None) -> tuple[int, ...]:
        """The values of the bound indices at the first largest entry."""
        places = list(self.unroll.positions(maximum, at or {}))
        values = [self.value(self.unroll(maximum.body, p)) for p in places]
        best = places[first_largest(values)]
        return tuple(best[i] for i in maximum.bound)

    def _sum(self, parts: list[Value]) -> Value:
        result: Value = Fraction(0)
        for p in parts:
            result = _joined(result, p, lambda a, b: a + b)
        return result

    def _product(self, f: Times) -> Value:
        result: Value = Fraction(1)
        for g in f.args:
            result = _joined(result, self.value(g), lambda a, b: a * b)  # type: ignore[arg-type]
            if result == 0:
                return Fraction(0)
        return result

    def _power(self, base: Value, exponent: Value) -> Value:
        if not isinstance(exponent, Fraction):
            raise Unsupported("an exponent that is no rational number")
        if isinstance(base, Fraction):
            if base == 0 and exponent < 0:
                raise Unsupported("a division by 0 has no value; choose other numbers")
            if exponent.denominator == 1:
                return base ** int(exponent)
            if base < 0:
                raise Unsupported("a root of a negative number has no value; choose other numbers")
            exact = _root(base, exponent.denominator)
            if exact is not None:
                return exact**exponent.numerator
        with flint.ctx.workprec(BITS):
            ball = _ball(base)
            if exponent.denominator > 1:
                ball = ball.root(exponent.denominator)
            return ball ** int(exponent.numerator)

    def _apply(self, f: Apply) -> Value:
        z = self.value(f.arguments[0])
        name = f.function.name
        if name in ("relu", "abs", "sign"):
            positive, negative = z > 0, z < 0
            if name == "sign":
                return Fraction(int(positive) - int(negative))
            return z if positive else -z if name == "abs" else Fraction(0)
        if name not in _FUNCTIONS:
            raise Unsupported(f"the function {name} has no numbers here")
        with flint.ctx.workprec(BITS):
            return _FUNCTIONS[name](_ball(z))

    def _holds(self, g: Guard) -> bool:
        if isinstance(g, Compare):
            a, b = self.value(g.left), self.value(g.right)
            found = {"<": a < b, "<=": a <= b, "=": a == b, "!=": a != b}[g.relation]
            return bool(found)
        held = self.unroll.holds(g, {})
        if held is None:
            parts = [self._holds(part) for part in g.args]  # type: ignore[arg-type]
            return all(parts)
        return held


_FUNCTIONS: dict[str, Any] = {
    "exp": lambda x: x.exp(),
    "log": lambda x: x.log(),
    "sqrt": lambda x: x.sqrt(),
    "tanh": lambda x: x.tanh(),
    "sigmoid": lambda x: 1 / (1 + (-x).exp()),
    "erf": lambda x: x.erf(),
    "gelu": lambda x: x / 2 * (1 + (x / flint.arb(2).sqrt()).erf()),
    "softplus": lambda x: (1 + x.exp()).log(),
    "sin": lambda x: x.sin(),
    "cos": lambda x: x.cos(),
}


def first_largest(values: Sequence[Value], direction: int = 1) -> int:
    """The position of the first largest value, or smallest where `direction` is -1."""
    best = 0
    for k, v in enumerate(values):
        if (v - values[best]) * direction > 0:
            best = k
    return best


def rounded(value: Value, decimals: int) -> Fraction:
    """The nearest multiple of 10^-decimals; an exact half is rounded away from 0."""
    scale = 10**decimals
    if not isinstance(value, Fraction):
        with flint.ctx.workprec(BITS):
            value = Fraction(str((value * scale).mid().str(60, radius=False))) / scale
    scaled = value * scale
    whole = (abs(scaled) + Fraction(1, 2)).__floor__()
    return Fraction(whole if scaled >= 0 else -whole, scale)


def is_short(value: Value, decimals: int) -> bool:
    """Whether a value is a decimal fraction with at most so many decimals."""
    return isinstance(value, Fraction) and (value * 10**decimals).denominator == 1


def _entries(value: Any, base: int) -> list[tuple[tuple[int, ...], Value]]:
    if not isinstance(value, tuple):
        return [((), value)]
    return [((k, *at), v) for k, part in enumerate(value, base) for at, v in _entries(part, base)]


def _ball(value: Value) -> Any:
    if isinstance(value, Fraction):
        return flint.arb(flint.fmpq(value.numerator, value.denominator))
    return value


def _joined(a: Value, b: Value, join: Any) -> Value:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return join(a, b)
    with flint.ctx.workprec(BITS):
        return join(_ball(a), _ball(b))


def _root(value: Fraction, degree: int) -> Fraction | None:
    """The root of a fraction where it is one."""
    if value < 0:
        return None
    parts = []
    for n in (value.numerator, value.denominator):
        root, exact = flint.fmpz(n).root(degree), True
        if int(root) ** degree != n:
            exact = False
        if not exact:
            return None
        parts.append(int(root))
    return Fraction(parts[0], parts[1])
