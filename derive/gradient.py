"""The gradient of one formula, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from derive.api import Derivation, Given
from derive.check.draft import drafted
from derive.check.scopes import merged
from derive.derivation.step import Step
from derive.document.notation import Names, Notation
from derive.errors import InputError
from derive.latex.survey import survey
from derive.network.build import build
from derive.network.given import Given as Schema
from derive.network.source import read_toml
from derive.verify.verdict import EXACT, REFUTED
from derive.writers.latex_math import latex


@dataclass(frozen=True)
class Gradient:
    """A derivation as LaTeX, a line for each step, and whether a step was refuted."""

    lines: tuple[str, ...]
    refuted: bool


def gradient(formula: str, wrt: str, file: Path | None, form: str) -> Gradient:
    """The gradient of `formula`, an equation that defines its left side, by `wrt`.

    Without a file for the Given, the use of the symbols in the formula says what they are.
    """
    tables: dict[str, Any] = read_toml(file)[0] if file else drafted(survey([formula])).tables()
    tables = merged({**tables, "define": []}, {"define": [*_without(formula, tables), formula]})
    schema = Schema.from_dict(tables)
    given = Given(build(schema, checking=True), schema)
    top = given.model.layers[-1].output
    derivation = given.gradient(wrt, of=top.name, form=form)
    verdict = derivation.verify()
    said = f"% {len(verdict.steps)} steps verified: {verdict.status}"
    if verdict.status == EXACT and verdict.bound:
        said += f", up to a chance of {verdict.bound:.0e} at the sizes drawn"
    return Gradient((*_lines(given, derivation), said), verdict.status == REFUTED)


def _without(formula: str, tables: dict[str, Any]) -> list[str]:
    """The other definitions of the tables."""
    left, equals, _ = formula.partition("=")
    if not equals:
        raise InputError(f"“{formula}” is no equation. Expected one, such as L = \\sum_i x_i^2.")
    return [d for d in tables.get("define", ()) if d.partition("=")[0].strip() != left.strip()]


def _lines(given: Given, derivation: Derivation) -> Iterator[str]:
    chain = derivation.chain
    notation = Notation.of(given.model.program, numbers=True)
    names = Names.of((chain.start, *(s.after for s in chain.steps)), chain.ranges, notation)
    yield latex(chain.start, names)
    for step, reason in _displayed(chain.steps):
        yield f"  = {latex(step.after, names)}  % {reason}"


def _displayed(steps: tuple[Step, ...]) -> Iterator[tuple[Step, str]]:
    """The steps with their reasons; one without a reason is shown with the one before it."""
    reason = ""
    for k, step in enumerate(steps):
        reason = step.reason or reason or step.rule
        if k + 1 == len(steps) or steps[k + 1].reason:
            yield step, reason
