"""The gradient of one formula, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from derive.api import Derivation, Given
from derive.check.declared import name_key
from derive.check.draft import drafted
from derive.check.scopes import merged
from derive.check.whole_shapes import whole_shapes
from derive.derivation.step import Step
from derive.document.notation import Names, Notation
from derive.errors import InputError
from derive.ir import Element
from derive.latex.survey import survey
from derive.network.build import build
from derive.network.given import Given as Schema
from derive.network.source import read_toml
from derive.verify.verdict import EXACT, REFUTED
from derive.writers.latex_math import latex

_AROUND = (("$$", "$$"), ("$", "$"), (r"\[", r"\]"), (r"\(", r"\)"))


@dataclass(frozen=True)
class Gradient:
    """A derivation as LaTeX, a line for each step, and whether a step was refuted."""

    lines: tuple[str, ...]
    refuted: bool


def gradient(formula: str, wrt: str, file: Path | None = None, form: str = "expanded") -> Gradient:
    """The gradient of `formula`, an equation that defines its left side, by `wrt`.

    Without a file for the Given, the use of the symbols in the formula says what they are; that is
    told in the first line.  `form` is as in `Given.gradient`.
    """
    formula = _bare(formula)
    tables: dict[str, Any] = read_toml(file)[0] if file else _drafted(formula)
    assumed = () if file else _assumed(tables)
    tables = merged({**tables, "define": []}, {"define": [*_without(formula, tables), formula]})
    schema = Schema.from_dict(tables)
    given = Given(build(schema, checking=True), schema)
    if not given.model.layers:
        raise InputError(
            f"“{formula}” defines a function. Expected a number or an array on the left side, such "
            "as L = f(x)."
        )
    top = given.model.layers[-1].output
    by = _named(given, wrt)
    if form == "expanded":
        derivation = given.jacobian(top.name, by)
    elif form == "matrix" and top.shape:
        derivation = given.jacobian(top.name, by, form=form)
    else:
        derivation = given.gradient(by, of=top.name, form=form)
    verdict = derivation.verify()
    said = f"% {len(verdict.steps)} steps verified: {verdict.status}"
    if verdict.status == EXACT and verdict.bound:
        said += f", up to a chance of {verdict.bound:.0e} at the sizes drawn"
    lines = (*assumed, *_lines(given, derivation), *_arrays(derivation), said)
    return Gradient(lines, verdict.status == REFUTED)


def _arrays(derivation: Derivation) -> Iterator[str]:
    """The equation of arrays that a matrix form ends with, or why there is none."""
    if derivation.remark:
        yield f"% {derivation.remark}"
    elif isinstance(derivation.result, Element):
        yield derivation.latex()


def _bare(formula: str) -> str:
    """A formula without what marks it as one in a text."""
    formula = formula.strip()
    for before, behind in _AROUND:
        if formula.startswith(before) and formula.endswith(behind) and formula != before:
            return formula[len(before) : -len(behind)].strip()
    return formula


def _drafted(formula: str) -> dict[str, Any]:
    """What the use of the symbols in a formula says about them."""
    found = survey([formula])
    found.sizes.clear()
    made = drafted(found, whole_shapes(formula))
    left = found.definitions
    made.tensors = {n: s for n, s in made.tensors.items() if n not in left}
    return made.tables()


def _assumed(tables: Mapping[str, Any]) -> Iterator[str]:
    """What was taken of the arrays, as a comment."""
    said = []
    for name, shape in tables["tensors"].items():
        extents = r" \times ".join(map(str, shape))
        said.append(rf"{name} \in \mathbb{{R}}" + (f"^{{{extents}}}" if shape else ""))
    if said:
        yield f"% taken: {', '.join(said)}; --given FILE.toml would say otherwise"


def _without(formula: str, tables: Mapping[str, Any]) -> list[str]:
    """The other definitions of the tables."""
    left, equals, _ = formula.partition("=")
    if not equals:
        raise InputError(f"“{formula}” is no equation. Expected one, such as L = \\sum_i x_i^2.")
    return [d for d in tables.get("define", ()) if d.partition("=")[0].strip() != left.strip()]


def _named(given: Given, wrt: str) -> str:
    """The name of an array that may be spelt in several ways: `α`, `\\alpha`, `\\mathbf x`."""
    program = given.model.program
    known = {name_key(t.symbol): t.name for t in (*program.given, *program.defined)}
    return known.get(name_key(wrt), wrt)


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
