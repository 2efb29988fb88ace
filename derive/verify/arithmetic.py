"""Four kinds of numbers: residues, exponents, balls in floating point, and exact numbers.

Every drawn value is one rational number that is seen in four ways.

Residues    modulo the prime P; exp(z) is G^z for a random G of order Q, with z modulo Q
Exponents   modulo the prime Q = (P - 1)/2: what stands inside exp, and never contains an exp
Floats      a float64 with a rigorous bound of its error, to decide comparisons quickly
Exact       rationals, and real balls where a function needs them

The first two are homomorphisms of exponential polynomials (Gonnet's signatures; Maple's
`testeq`), so true identities hold in them, and false ones fail but for a chance of about
degree/Q.  Functions that do not reduce to exp are keyed random functions of the residue there:
equal arguments give equal values, and a disagreement decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any, Protocol

import flint
import numpy as np

from derive.errors import Unsupported
from derive.verify.array import Axes, Data

P = 2147483579
Q = (P - 1) // 2


class Untyped(Exception):
    """A value that is needed as an exponent but is not a rational expression, as in exp(exp x)."""


class Arithmetic(Protocol):
    """A kind of numbers, held in NumPy arrays.  `inverse` also says where there is none."""

    @property
    def name(self) -> str: ...
    def integers(self, data: Data) -> Data: ...
    def rational(self, numerators: Data, denominator: int) -> Data: ...
    def add(self, a: Data, b: Data) -> Data: ...
    def multiply(self, a: Data, b: Data) -> Data: ...
    def sum(self, a: Data, axes: tuple[int, ...]) -> Data: ...
    def dot(self, factors: Sequence[tuple[Data, Axes]], to: Axes) -> Data | None: ...
    def scatter(self, at: Data, values: Data, size: int) -> Data: ...
    def inverse(self, a: Data) -> tuple[Data, Data]: ...
    def function(self, name: str, parts: list[Data]) -> tuple[Data, Data | None]: ...


class _MultipliedOut:
    """Numbers whose products are multiplied out before they are summed."""

    def dot(self, factors: Sequence[tuple[Data, Axes]], to: Axes) -> Data | None:
        return None


class Modular(_MultipliedOut):
    """Residues modulo a prime below 2^31, so that a product fits in 64 bits."""

    def __init__(self, name: str, modulus: int, key: int) -> None:
        self.name, self.modulus, self._key = name, modulus, key

    def integers(self, data: Data) -> Data:
        return np.asarray(data) % self.modulus

    def rational(self, numerators: Data, denominator: int) -> Data:
        if denominator == 1:
            return self.integers(numerators)
        inverse = np.asarray(pow(denominator, -1, self.modulus))
        return self.multiply(self.integers(numerators), inverse)

    def add(self, a: Data, b: Data) -> Data:
        return (a + b) % self.modulus

    def multiply(self, a: Data, b: Data) -> Data:
        return a * b % self.modulus

    def sum(self, a: Data, axes: tuple[int, ...]) -> Data:
        return np.asarray(a.sum(axes) % self.modulus)

    def scatter(self, at: Data, values: Data, size: int) -> Data:
        """Sums of values by place.  Up to 2^22 residues add up exactly even in floating point."""
        if len(at) < 1 << 22:
            return np.bincount(at, values, size).astype(np.int64) % self.modulus
        total = np.zeros(size, np.int64)
        np.add.at(total, at, values)
        return total % self.modulus

    def inverse(self, a: Data) -> tuple[Data, Data]:
        """a^(modulus - 2), by Fermat; there is no inverse where a is 0."""
        return power(self, a, self.modulus - 2), a == 0

    def function(self, name: str, parts: list[Data]) -> tuple[Data, Data | None]:
        """A random function of the residues for each name: SplitMix64 of name and parts."""
        code = int.from_bytes(name.encode(), "big") * 0x9E3779B97F4A7C15 + self._key
        mixed = np.asarray(np.uint64(code % 2**64))
        with np.errstate(over="ignore"):
            for part in parts:
                mixed = _splitmix(mixed ^ np.asarray(part).astype(np.uint64))
            mixed = _splitmix(mixed)
        return (mixed % np.uint64(self.modulus)).astype(np.int64), None


def _splitmix(x: Data) -> Data:
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)))


class Powers:
    """G^z modulo P for a random G of order Q, from two tables of 2^16 and 2^15 powers."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._root = pow(int(rng.integers(2, P - 1)), 2, P)

    @cached_property
    def _tables(self) -> tuple[Data, Data]:
        """The powers 0 to 2^16 - 1, and those of 2^16."""
        return _powers(self._root, 1 << 16), _powers(pow(self._root, 1 << 16, P), 1 << 14)

    def of(self, z: Data) -> Data:
        low, high = self._tables
        return np.asarray(low[z & 0xFFFF] * high[z >> 16] % P)


def _powers(base: int, count: int) -> Data:
    """base^0 .. base^(count - 1), doubling the table: count is a power of two."""
    table = np.ones(1, np.int64)
    while len(table) < count:
        table = np.concatenate([table, table * pow(base, len(table), P) % P])
    return table


SHORT, LONG = 64, 1 << 19
"""An exponent that is never too large, and the bits that an exact number may have."""


def _bits(x: object) -> int:
    return max(int(x.p).bit_length(), int(x.q).bit_length()) if isinstance(x, flint.fmpq) else 0


def power(numbers: Arithmetic, a: Data, n: int) -> Data:
    """a^n for n ≥ 0 by repeated squaring."""
    if (
        n > SHORT
        and isinstance(numbers, Exact)
        and max(map(_bits, np.ravel(a)), default=0) > LONG // n
    ):
        raise Unsupported("it takes numbers of more than a hundred thousand digits")
    result = numbers.integers(np.ones(np.shape(a), np.int64))
    while n:
        if n & 1:
            result = numbers.multiply(result, a)
        n >>= 1
        if n:
            a = numbers.multiply(a, a)
    return result


# -- real numbers --------------------------------------------------------------------------------

_UNIT = 2.0**-52  # twice the unit roundoff, which covers the rounding of the bounds themselves
_TINY = 5e-324


class Floats(_MultipliedOut):
    """Midpoint + i·radius, in complex128: the true value is within radius of the midpoint.

    Integers below 2^53 are exact, with radius 0, so that ties of small values are seen as ties.
    Where no bound is known the radius is infinite, and exact arithmetic has to decide.
    """

    name = "floats"

    def integers(self, data: Data) -> Data:
        return _rounded(np.asarray(data, np.float64), np.zeros(np.shape(data)))

    def rational(self, numerators: Data, denominator: int) -> Data:
        return (
            self.integers(numerators)
            if denominator == 1
            else self._quotient(numerators, denominator)
        )

    def _quotient(self, numerators: Data, denominator: int) -> Data:
        value = np.asarray(numerators, np.float64) / denominator
        return _ball(value, abs(value) * _UNIT + _TINY)

    def add(self, a: Data, b: Data) -> Data:
        total = a + b
        return _rounded(total.real, total.imag)

    def multiply(self, a: Data, b: Data) -> Data:
        x, r, y, s = a.real, a.imag, b.real, b.imag
        with np.errstate(all="ignore"):
            return _rounded(x * y, abs(x) * s + abs(y) * r + r * s)

    def sum(self, a: Data, axes: tuple[int, ...]) -> Data:
        total = a.sum(axes)
        terms = int(np.prod([a.shape[k] for k in axes]))
        spread = abs(a.real).sum(axes)
        exact = (total.imag == 0) & (spread < 2.0**53)
        return _ball(total.real, np.where(exact, 0.0, total.imag + (terms + 1) * _UNIT * spread))

    def scatter(self, at: Data, values: Data, size: int) -> Data:
        total, radius, spread = (
            np.bincount(at, x, size) for x in (values.real, values.imag, abs(values.real))
        )
        terms = np.bincount(at, minlength=size)
        exact = (radius == 0) & (spread < 2.0**53)
        return _ball(total, np.where(exact, 0.0, radius + (terms + 1) * _UNIT * spread))

    def inverse(self, a: Data) -> tuple[Data, Data]:
        x, r = a.real, a.imag
        with np.errstate(all="ignore"):
            value = 1 / x
            radius = r / (abs(x) * (abs(x) - r)) + abs(value) * _UNIT * 2
        radius = np.where(abs(x) > r, radius, np.inf)
        return _ball(np.where(np.isfinite(value), value, 0.0), radius), (x == 0) & (r == 0)

    def function(self, name: str, parts: list[Data]) -> tuple[Data, Data | None]:
        x, r = parts[0].real, parts[0].imag
        with np.errstate(all="ignore"):
            if name == "exp":
                value = np.exp(x)
                radius = value * (np.expm1(r) + 8 * _UNIT)
            elif name == "log":
                value = np.log(x)
                radius = np.where(x > r, r / (x - r) + 8 * _UNIT * abs(value) + _TINY, np.inf)
            elif name in ("sqrt", "root"):
                degree = parts[1].real if name == "root" else 2.0
                value = x ** (1 / degree)
                slope = (x - r) ** (1 / degree - 1) / degree  # the steepest in the ball
                radius = np.where(x > r, r * slope + 8 * _UNIT * value, np.inf)
            else:
                value, radius = np.zeros(x.shape), np.full(x.shape, np.inf)
        known = np.isfinite(value) & np.isfinite(radius)
        return _ball(np.where(known, value, 0.0), np.where(known, radius, np.inf)), None


def _ball(midpoint: Data, radius: Data) -> Data:
    """Built part by part, because 1j·∞ has a NaN as its real part."""
    ball = np.empty(np.shape(midpoint), np.complex128)
    ball.real, ball.imag = midpoint, radius
    return ball


def _rounded(value: Data, radius: Data) -> Data:
    """The result of one rounded operation on integers or balls, with the rounding in the radius."""
    exact = (radius == 0) & (abs(value) < 2.0**53) & (value == np.rint(value))
    return _ball(value, np.where(exact, 0.0, radius + abs(value) * _UNIT + _TINY))


class Exact(_MultipliedOut):
    """Rationals where possible, balls where a function needs them, in object arrays.

    The precision of the balls is that of `flint.ctx`.
    """

    name = "exact"

    def integers(self, data: Data) -> Data:
        return _each(lambda n: flint.fmpq(int(n)), data)

    def rational(self, numerators: Data, denominator: int) -> Data:
        return _each(lambda n: flint.fmpq(int(n), denominator), numerators)

    def add(self, a: Data, b: Data) -> Data:
        return np.asarray(a + b, object)

    def multiply(self, a: Data, b: Data) -> Data:
        return np.asarray(a * b, object)

    def sum(self, a: Data, axes: tuple[int, ...]) -> Data:
        zero: Any = flint.fmpq(0)
        return np.asarray(a.sum(axes, initial=zero), object)

    def scatter(self, at: Data, values: Data, size: int) -> Data:
        total = np.full(size, flint.fmpq(0), object)
        np.add.at(total, at, values)
        return total

    def inverse(self, a: Data) -> tuple[Data, Data]:
        pole = np.asarray(_each(lambda x: x == 0, a), bool)
        return _each(lambda x: x if x == 0 else 1 / x, a), pole

    def function(self, name: str, parts: list[Data]) -> tuple[Data, Data | None]:
        compute = FUNCTIONS.get(name)
        if compute is None:
            raise Untyped(f"the function {name} has no known real values")
        value = _each(lambda *x: compute(*(flint.arb(y) for y in x)), *parts)
        return value, np.asarray(_each(lambda x: not x.is_finite(), value), bool)


def _each(f: Any, *parts: Data) -> Data:
    if max(part.size for part in parts) > MOST_BALLS:
        raise Unsupported("it takes too many real numbers of many digits; give smaller sizes")
    return np.asarray(np.frompyfunc(f, len(parts), 1)(*parts), object)


def _root(x: flint.arb, n: flint.arb) -> flint.arb:
    return x.root(int(float(n)))


MOST_BALLS = 1 << 18
"""Real numbers of many digits in an array, at most: each takes a hundred bytes and more."""

FUNCTIONS: dict[str, Callable[..., flint.arb]] = {
    "exp": lambda x: x.exp(),
    "log": lambda x: x.log(),
    "sqrt": lambda x: x.sqrt(),
    "erf": lambda x: x.erf(),
    "sin": lambda x: x.sin(),
    "cos": lambda x: x.cos(),
    "root": _root,
    "power": lambda x, y: x**y,
    "inverse of the root of pi": lambda x: x / flint.arb.const_sqrt_pi(),
}
"""Functions of balls.  All others are defined by these, or unknown."""


def fraction(x: object) -> Fraction | None:
    """An exact number as a Fraction; None for a ball."""
    return Fraction(int(x.p), int(x.q)) if isinstance(x, flint.fmpq) else None
