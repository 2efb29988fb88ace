"""Derivations in an answer: every step with its reason and its verdict."""

from __future__ import annotations

from collections.abc import Iterator

from derive.derivation.step import Derivation
from derive.questions.parts import Lines, Part, Row, Say, Side, Words
from derive.verify.verdict import DerivationVerdict


def derived(
    d: Derivation, verdicts: DerivationVerdict, *more: Side, lead: Words = ()
) -> Iterator[Part]:
    """The steps of a derivation line by line; one without a reason joins the line before it.

    The last line carries the verdict on both ends; `more` goes on from there.
    """
    displayed = [v for v in verdicts.steps if v.depth == 0]
    told: list[Side] = []
    for step, v in zip(d.steps, displayed, strict=True):
        side = Side(step.after, (step.reason,), verdict=v.verification)
        if told and not step.reason:
            told[-1] = Side(step.after, told[-1].reason, verdict=v.verification)
        else:
            told.append(side)
    told[-1] = Side(told[-1].formula, told[-1].reason, verdict=verdicts.ends)
    yield Say(lead, ranges=d.ranges)
    yield Lines((Row(d.start, (*told, *more)),), d.ranges)
