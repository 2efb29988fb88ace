"""A sheet: several problems from one file, each with what it inherits from above."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from derive.check.scopes import merged
from derive.derivation.program import Layer
from derive.engine.calculate import Calculator
from derive.errors import DeriveError, InputError
from derive.ir import Size, Tensor
from derive.network.build import build
from derive.network.defining import FORMULA
from derive.network.given import Given
from derive.network.site import show
from derive.network.sizes import value_of
from derive.network.source import Scoped, Source
from derive.questions.options import options_of
from derive.questions.parts import (
    Lines,
    Listed,
    Part,
    Problem,
    Row,
    Say,
    Shape,
    Side,
    Typed,
    Word,
    Words,
)
from derive.questions.registry import answered, check
from derive.questions.setting import Setting
from derive.questions.statement import without_idle_conditions
from derive.questions.tables import tables
from derive.questions.variants import variant_of
from derive.verify.verdict import Verification

_OWN = ("ask", "lines", "parts", "problems", "text")


@dataclass(frozen=True)
class Sheet:
    """A title and problems."""

    title: str
    problems: tuple[tuple[Setting, Problem], ...]

    @property
    def verdicts(self) -> tuple[Verification, ...]:
        """Every verdict in the answers."""
        return tuple(v for _, p in self.problems for a in p.answers for v in a.verdicts)


def sheet(
    data: Mapping[str, Any],
    source: Source,
    variant: int | None = None,
    solve: bool = True,
    progress: Callable[[str], None] = lambda doing: None,
) -> Sheet:
    """The problems of a file, answered; without `solve` only the questions.

    A `variant` is drawn until its sizes fit each other.
    """
    if not Given.from_dict(data, source).problems:
        raise InputError("there are no questions. Expected [[problems]]", file=source.file)
    if variant is not None:
        data = variant_of(data, variant, source, lambda made: _checked(made, source))
    top, settings = Given.from_dict(data, source), _checked(data, source)
    problems = []
    for k, (problem, setting) in enumerate(zip(top.problems, settings, strict=True)):
        progress(f"problem {k + 1} of {len(top.problems)}")
        told = (Say((problem.text,)),) if problem.text else ()
        answers = []
        for n, asked in enumerate(setting.asked):
            with _question(setting, n):
                answers.append(answered(asked, setting, solve))
        given = (*told, *_given(setting))
        problems.append((setting, Problem(problem.title, given, tuple(answers))))
    return Sheet(top.title, tuple(problems))


def _checked(data: Mapping[str, Any], source: Source) -> tuple[Setting, ...]:
    """Each problem with what it inherits; refuses questions that make no sense there."""
    top = Given.from_dict(data, source)
    settings = []
    for k, problem in enumerate(top.problems):
        given = inherited(data, k, source)
        settings.append(Setting(given, build(given), problem.ask))
        _demand_numbers(settings[-1])
        for n, asked in enumerate(problem.ask):
            with _question(settings[-1], n):
                check(asked, settings[-1])
    return tuple(settings)


def _demand_numbers(setting: Setting) -> None:
    """Refuse an array with values, an extent of which is a size without a number."""
    for t in setting.values:
        extent = next((d for d in t.shape if value_of(d) is None), None)
        if extent is not None:
            raise InputError(
                f"[values]: {t.name} has numbers, but its extent {show(extent)} has none. Give it "
                "one in [sizes].",
                **setting.given.source.place("values", t.name),
            )


@contextmanager
def _question(setting: Setting, n: int) -> Iterator[None]:
    """Errors get the place of question `n`."""
    setting.question = n
    try:
        yield
    except DeriveError as error:
        raise error.at(**setting.given.source.place("ask", n)) from None


def inherited(data: Mapping[str, Any], k: int, source: Source) -> Given:
    """Problem `k` with what is declared above the problems; its own entries come last."""
    above = {key: value for key, value in data.items() if key not in ("problems", "title")}
    own = {key: value for key, value in data["problems"][k].items() if key not in _OWN}
    counts = tuple((key, len(v)) for key, v in above.items() if isinstance(v, list))
    names = tuple((key, name) for key, v in own.items() if isinstance(v, Mapping) for name in v)
    keys = tuple((key,) for key in (*own, *_OWN))
    place = Scoped(source.file, source.text, k, (*names, *keys), counts)
    return Given.from_dict(merged(above, own), place)


def _given(setting: Setting) -> tuple[Part, ...]:
    """What is given: arrays with their values, and what is computed from them."""
    needed = _needed(setting)
    words: list[Word] = []
    learnable = setting.model.parameters
    inputs = [t for t in setting.program.given if t in needed and t not in learnable]
    for n, t in enumerate(inputs):
        words += ([", "] if n else ["Given are "]) + [Shape(t)]
    parts: list[Part] = [Say((*words, "."))] if words else []
    shown = [t for t in inputs if t in setting.values and _is_small(t, setting.calculator)]
    if shown:
        parts.append(tables(setting, tuple(shown), 6))
    layers = [x for x in setting.model.layers if x.output in needed]
    called = tuple(_called(x, setting.program.sizes) for x in layers if x.kind != FORMULA)
    if called:
        parts += [Say(("From these are computed",)), Listed(called)]
    for x in (x for x in layers if x.kind == FORMULA):
        for d in x.definitions:
            parts.append(Say(("let",), ranges=d.ranges))
            parts.append(
                Lines((Row(d.left, (Side(without_idle_conditions(d, setting)),)),), d.ranges)
            )
    return tuple(parts)


def _called(layer: Layer, sizes: Iterable[Size]) -> Words:
    """C = Conv2d of A and B, with its options."""
    words: list[Word] = [layer.output, " = ", Typed(layer.kind), " of "]
    for k, t in enumerate(layer.inputs):
        last = k == len(layer.inputs) - 1
        words += ([" and " if last else ", "] if k else []) + [t]
    told = options_of(layer, sizes)
    return (*words, *((", with ", Typed(told)) if told else ()), ".")


def _needed(setting: Setting) -> set[Tensor]:
    """The arrays that the questions are about, and what they are computed from."""
    p = setting.program
    texts = {
        x for a in setting.asked for key in type(a).model_fields for x in _texts(getattr(a, key))
    }
    named = [t for t in (*p.given, *p.defined) if t.name in texts] or list(p.defined)
    needed = set(named).union(*(p.ancestors(t) for t in named))
    return needed - set(setting.model.hidden)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _texts(part)


def _is_small(t: Tensor, calculator: Calculator) -> bool:
    return calculator.count(t) <= 400
