"""What the verifier answers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor, log10

from derive.derivation.step import Step

EXACT, NUMERIC, REFUTED, NOT_CHECKABLE = "exact", "numeric", "refuted", "not checkable"
_WORST_FIRST = (REFUTED, NOT_CHECKABLE, NUMERIC, EXACT)


@dataclass(frozen=True)
class Counterexample:
    """Where two formulas differ: sizes, free indices, both values, and the given tensors.

    A value is a Fraction, a float where it is irrational, or None where a tensor is read outside
    its range.  `tensors` has the entries of the given tensors that the two sides depend on.
    """

    sizes: tuple[tuple[str, int], ...]
    indices: tuple[tuple[str, int], ...]
    left: Fraction | float | None
    right: Fraction | float | None
    tensors: tuple[tuple[str, object], ...] = ()

    def __str__(self) -> str:
        places = ", ".join(f"{name} = {value}" for name, value in (*self.sizes, *self.indices))
        return f"{spelled(self.left)} ≠ {spelled(self.right)}" + (f" at {places}" if places else "")


@dataclass(frozen=True)
class Verification:
    """The verdict on one equation.

    `draws` counts the drawn values at all sizes together.  `bound` is, for "exact", the chance at
    most that a false equation passes at the sizes drawn; `precision`, for "numeric", is the number
    of bits to which both sides agree.  `reason` says why something is not checkable.
    """

    status: str
    draws: int = 0
    bound: float | None = None
    precision: int | None = None
    counterexample: Counterexample | None = None
    reason: str = ""

    @property
    def holds(self) -> bool:
        """Whether the equation has been confirmed."""
        return self.status in (EXACT, NUMERIC)


@dataclass(frozen=True)
class Chain:
    """The verdicts on each adjacent pair of a chain, and on its two ends."""

    pairs: tuple[Verification, ...]
    ends: Verification

    @property
    def status(self) -> str:
        """The worst status in the chain."""
        found = {v.status for v in (*self.pairs, self.ends)}
        return next(s for s in _WORST_FIRST if s in found)


@dataclass(frozen=True)
class StepVerdict:
    """The verdict on a step; `depth` is 0 for displayed steps, and more for their substeps."""

    step: Step
    depth: int
    verification: Verification


@dataclass(frozen=True)
class DerivationVerdict:
    """The verdicts on every step of a derivation, substeps after their step, and on its ends."""

    steps: tuple[StepVerdict, ...]
    ends: Verification

    @property
    def status(self) -> str:
        """The worst status of any step or of the ends."""
        found = {self.ends.status, *(s.verification.status for s in self.steps)}
        return next(s for s in _WORST_FIRST if s in found)

    @property
    def draws(self) -> int:
        """How many drawn values each equation was tried at, at least."""
        return min(v.draws for v in self._all)

    @property
    def bound(self) -> float | None:
        """The chance, at most, that a false equation passes where it was drawn; None if unknown."""
        bounds = [v.bound for v in self._all]
        return None if None in bounds else max(b for b in bounds if b is not None)

    @property
    def counterexample(self) -> Counterexample | None:
        """The first counterexample, if something is refuted."""
        return next((v.counterexample for v in self._all if v.counterexample is not None), None)

    @property
    def _all(self) -> tuple[Verification, ...]:
        return (*(s.verification for s in self.steps), self.ends)


LONG = 10**40
"""Numerators and denominators from which on a value is not written out."""


def spelled(value: Fraction | float | None) -> str:
    """A value as text; a long fraction by its first digits."""
    if value is None:
        return "no value"
    if isinstance(value, float) or max(map(abs, value.as_integer_ratio())) < LONG:
        return str(value)
    digits = log10(abs(value.numerator)) - log10(value.denominator)
    mantissa = 10 ** (digits - floor(digits))
    return f"about {'-' if value < 0 else ''}{mantissa:.3f}e{floor(digits):+d}"
