"""Verifying what is said of all levels of a stack: at numbers for the levels, as whole programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from derive.derivation.step import Derivation, Step
from derive.ir import Formula, Range
from derive.verify.verdict import (
    EXACT,
    NOT_CHECKABLE,
    NUMERIC,
    REFUTED,
    DerivationVerdict,
    StepVerdict,
    Verification,
)
from derive.verify.verify import Verifier

_WORST_FIRST = (REFUTED, NOT_CHECKABLE, NUMERIC, EXACT)


@dataclass(frozen=True)
class Instance:
    """A program, and what turns a formula about all levels into one about it.

    `at` has no answer for a formula that says nothing of these levels.
    """

    verifier: Verifier
    at: Callable[[Formula], Formula]
    at_range: Callable[[Range], Range]


def verify_instances(d: Derivation, instances: Sequence[Instance]) -> DerivationVerdict:
    """The verdict on a derivation at all instances: of each step the worst that any of them has."""
    found = [one.verifier.derivation(_at(d, one)) for one in instances]
    steps = tuple(
        StepVerdict(told, verdicts[0].depth, _worst([v.verification for v in verdicts]))
        for told, *verdicts in zip(_all(d.steps), *(v.steps for v in found), strict=True)
    )
    return DerivationVerdict(steps, _worst([v.ends for v in found]))


def _all(steps: Sequence[Step]) -> list[Step]:
    return [t for s in steps for t in (s, *_all(s.substeps))]


def _at(d: Derivation, one: Instance) -> Derivation:
    ranges = tuple(map(one.at_range, d.ranges))
    return Derivation(one.at(d.start), ranges, tuple(_step(s, one) for s in d.steps))


def _step(s: Step, one: Instance) -> Step:
    inner = tuple(_step(t, one) for t in s.substeps)
    return Step(one.at(s.before), one.at(s.after), s.rule, s.reason, s.facts, inner)


def _worst(found: Sequence[Verification]) -> Verification:
    """The worst verdict; of equal ones the weakest bound and the fewest draws."""
    status = next(s for s in _WORST_FIRST if any(v.status == s for v in found))
    alike = [v for v in found if v.status == status]
    first = alike[0]
    if status != EXACT:
        return first
    return Verification(EXACT, min(v.draws for v in alike), max(v.bound or 0.0 for v in alike))
