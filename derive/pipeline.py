"""From a file to a solution, as one straight line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from derive.derivation.step import Derivation
from derive.document.answers import document as document_of_sheet
from derive.document.describe import power_of_ten
from derive.document.model import Block, Document, Line, Mark, line
from derive.document.narrate import Narrator
from derive.document.second import second_derivatives
from derive.document.stack import StackNarrator
from derive.engine.matrix.form import array_forms
from derive.engine.matrix.passes import Vectors, vectors
from derive.engine.network import Derived, derive_all
from derive.errors import InputError, Unsupported
from derive.extras import code_blocks, derivations_of, seconds
from derive.ir import Tensor
from derive.network.build import Model, build
from derive.network.given import Given
from derive.network.read_stack import stack_of
from derive.network.source import Source, read_toml
from derive.network.stack import Stack
from derive.questions.sheet import sheet
from derive.stacked import StackModel
from derive.verify.verdict import (
    EXACT,
    NOT_CHECKABLE,
    NUMERIC,
    REFUTED,
    DerivationVerdict,
    Verification,
)
from derive.verify.verify import Verifier
from derive.writers.files import write_atomically
from derive.writers.html import html
from derive.writers.latex import fragments as latex_fragments
from derive.writers.latex import latex
from derive.writers.markdown import markdown
from derive.writers.pdf import Engine, write_pdf


@dataclass(frozen=True)
class Solution:
    """A document, the verdicts on every step in it, and those on the ends of chains."""

    document: Document
    steps: tuple[Verification, ...]
    ends: tuple[Verification, ...] = ()

    @property
    def refuted(self) -> bool:
        """Whether an equation was refuted; such an equation is not printed."""
        return any(v.status == REFUTED for v in (*self.steps, *self.ends))

    @property
    def summary(self) -> str:
        """One line on what verification said."""
        if not self.steps:
            return "nothing to confirm"
        confirmed = sum(v.holds for v in self.steps)
        refuted = sum(v.status == REFUTED for v in self.steps)
        return f"{confirmed} of {len(self.steps)} steps confirmed" + (
            f", {refuted} refuted" if refuted else ""
        )

    def write(
        self,
        output: str | Path,
        formats: Sequence[str] = ("tex", "pdf"),
        stem: str = "solution",
        fragments: bool = False,
        engine: Engine = Engine.AUTO,
    ) -> tuple[Path, ...]:
        """The files of the solution: the `.tex` always, and those of `formats` (html, md, pdf).

        The PDF comes last: the others stay if it fails.
        """
        folder = Path(output)
        files = [write_atomically(folder / f"{stem}.tex", latex(self.document))]
        if fragments:
            files += [
                write_atomically(folder / stem / f"{name}.tex", text)
                for name, text in latex_fragments(self.document).items()
            ]
        if "html" in formats:
            files.append(write_atomically(folder / f"{stem}.html", html(self.document)))
        if "md" in formats:
            files.append(write_atomically(folder / f"{stem}.md", markdown(self.document)))
        if "pdf" in formats:
            files.append(write_pdf(self.document, folder / f"{stem}.pdf", engine))
        return tuple(files)


@dataclass(frozen=True)
class Solved:
    """What was written, and what verification said."""

    files: tuple[Path, ...]
    summary: str
    refuted: bool


def solve(
    path: Path,
    output: Path,
    formats: Sequence[str],
    detail: str,
    only: Sequence[str],
    fragments: bool,
    pdf_engine: str,
    progress: Callable[[str], None],
    variant: int | None = None,
    questions_only: bool = False,
) -> Solved:
    """Read a network, derive and verify everything about it, write the solution.

    A file with problems makes a sheet: their questions with the answers, or `questions_only`, in
    the `variant` of that number.
    """
    progress("reading")
    data, source = read_toml(path)
    if data.get("problems"):
        if only:
            raise InputError("--only is for networks, but this file has problems", file=str(path))
        made = sheet_solution(data, source, variant, not questions_only, progress)
    elif variant is not None or questions_only:
        raise InputError(
            "--variant and --questions-only are for files with [[problems]]", file=str(path)
        )
    else:
        given = Given.from_dict(data, source)
        stack = stack_of(given)
        if stack is not None and stack.number is None:
            made = stack_solution(stack, detail, progress, only)
        else:
            made = solution(build(given), detail, only, progress)
    progress("writing")
    files = made.write(output, formats, path.stem, fragments, Engine(pdf_engine))
    return Solved(files, made.summary, made.refuted)


def solution(
    model: Model,
    detail: str = "full",
    only: Sequence[str] = (),
    progress: Callable[[str], None] = lambda doing: None,
) -> Solution:
    """Everything about a network, derived, verified and narrated."""
    chosen = selected(model, only)
    progress("deriving")
    derived = derive_all(
        model.program, model.layers, model.targets, chosen, model.hidden, model.compose
    )
    arrays, second = _arrays(model, derived), seconds(model)
    progress("verifying")
    verdicts = verified(derived, arrays, derivations_of(second))
    steps = tuple(s.verification for v in verdicts.values() for s in v.steps)
    ends = tuple(v.ends for v in verdicts.values())
    marks = {d: Mark(v.status) for d, v in verdicts.items()}
    full = detail == "full"
    told = second_derivatives(second, model.program, marks.get, full)
    more = (*told, *code_blocks(model))
    return Solution(narrate(model, derived, verdicts, detail, chosen, arrays, more), steps, ends)


def verified(
    derived: Derived, arrays: Vectors, more: Iterable[Derivation] = ()
) -> dict[Derivation, DerivationVerdict]:
    """What verification says of all derivations, each by the definitions that it is about.

    The way by matrices has more of them; what was derived without is checked without.
    """
    verifier = Verifier(derived.program)
    verdicts = {d: verifier.derivation(d) for d in (*derived.all, *more)}
    if arrays.program is not derived.program:
        verifier = Verifier(arrays.program)
    return verdicts | {d: verifier.derivation(d) for d in arrays.all if d not in verdicts}


def _arrays(model: Model, derived: Derived) -> Vectors:
    """The forms in whole arrays that the document is to show."""
    if model.form == "vector":
        return vectors(derived, model.hidden)
    if model.form != "matrix":
        return Vectors(model.program)
    conventions = model.conventions
    groups = (derived.jacobians, derived.recursive, derived.expanded, derived.moved)
    results = [d for group in groups for d in group.values()]
    forms = array_forms(results, lambda t: conventions.layout_by(len(t.shape)), model.program)
    return Vectors(model.program, forms)


def stack_solution(
    stack: Stack,
    detail: str = "full",
    progress: Callable[[str], None] = lambda doing: None,
    only: Sequence[str] = (),
) -> Solution:
    """Everything about a stack of layers, derived, verified and narrated."""
    if only:
        raise Unsupported(
            f"--only is for networks, and {stack.count} is no number; write {stack.count} = 3, "
            "say, in [sizes]",
            **stack.given.source.place("define"),
        )
    progress("deriving")
    model = StackModel.of(stack)
    results = model.results
    progress("verifying")
    verdicts = {r.derivation: model.verdict(r) for r in results}
    marks = {d: Mark(v.status) for d, v in verdicts.items()}
    steps = tuple(s.verification for v in verdicts.values() for s in v.steps)
    document = StackNarrator(
        model.layers,
        {r.name: r.derivation for r in results},
        marks.get,
        detail == "full",
        stack.given.title,
        tuple(name for name, meaning in stack.given.notation.items() if meaning == "function"),
        tuple(summary(verdicts)),
    ).document()
    return Solution(document, steps, tuple(v.ends for v in verdicts.values()))


def sheet_solution(
    data: Mapping[str, Any],
    source: Source,
    variant: int | None = None,
    solve: bool = True,
    progress: Callable[[str], None] = lambda doing: None,
) -> Solution:
    """The sheet that a file with problems makes, answered and verified."""
    made = sheet(data, source, variant, solve, progress)
    steps = made.verdicts
    return Solution(document_of_sheet(made, tuple(counted(steps))), steps)


def selected(model: Model, only: Sequence[str]) -> frozenset[Tensor]:
    """The arrays that a document is restricted to: parameters by name, or all of a layer."""
    known: dict[str, tuple[Tensor, ...]] = {}
    for layer in model.layers:
        known[layer.name] = (*layer.parameters, *layer.inputs)
        known |= {p.name: (p,) for p in layer.parameters}
    known |= {t.name: (t,) for t in model.inputs}
    for name in only:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            raise InputError(f"there is no layer, parameter or input “{name}”; {hint}")
    return frozenset(t for name in only for t in known[name] if t not in model.targets)


def narrate(
    model: Model,
    derived: Derived,
    verdicts: dict[Derivation, DerivationVerdict],
    detail: str,
    chosen: frozenset[Tensor],
    arrays: Vectors,
    more: tuple[Block, ...] = (),
) -> Document:
    """The document about a network."""
    marks = {d: Mark(v.status) for d, v in verdicts.items()}
    return Narrator(
        model.title,
        model.conventions.index_base,
        model.inputs,
        model.targets,
        derived,
        marks.get,
        detail == "full",
        chosen,
        tuple(summary(verdicts)),
        model.conventions.positions,
        arrays,
        model.form == "vector",
        more,
    ).document()


def summary(verdicts: dict[Derivation, DerivationVerdict]) -> Iterator[tuple[Mark, int, Line]]:
    """For each status how many steps have it, and what it means."""
    steps = [s.verification for v in verdicts.values() for s in v.steps]
    return counted([*steps, *(v.ends for v in verdicts.values())])


def counted(steps: Sequence[Verification]) -> Iterator[tuple[Mark, int, Line]]:
    """For each status how many of some steps have it, and what it means."""
    for status in (EXACT, NUMERIC, REFUTED, NOT_CHECKABLE):
        found = [v for v in steps if v.status == status]
        compared = [v for v in found if status == NUMERIC and v.precision is None]
        equal = [v for v in found if v not in compared]
        if equal:
            yield Mark(status), len(equal), meaning(status, equal)
        if compared:
            told = "the inequality holds, or the rounded number is right, at every draw, in "
            yield Mark(status), len(compared), line(told, "arithmetic with error bounds.")


WORTH_TELLING = 1e-3
"""The largest chance of missing a false equation that is a reason to trust a check."""


def meaning(status: str, found: Sequence[Verification]) -> Line:
    """What a status says, in words."""
    if status == EXACT:
        draws = min(v.draws for v in found)
        bound = max(v.bound or 0.0 for v in found)
        told = line(
            f"both sides equal in exact arithmetic, at {draws} draws or more. A draw is a choice "
            "of small sizes and of random values for all arrays; "
        )
        if bound > WORTH_TELLING:
            return (*told, *line("no bound is known on the chance that a false equation passes."))
        passes = "at the sizes drawn, a false equation passes with a chance of at most "
        return (*told, *line(passes, power_of_ten(bound), "."))
    if status == NUMERIC:
        bits = min(v.precision or 0 for v in found)
        return line(f"both sides equal to at least {bits} bits, in arithmetic with error bounds.")
    if status == REFUTED:
        return line("both sides differ; such equations are not shown.")
    return line("could not be checked: ", "; ".join(dict.fromkeys(v.reason for v in found)), ".")
