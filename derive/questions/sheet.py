"""A sheet: several problems from one file, each with what it inherits from above."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from derive.check.scopes import merged
from derive.engine.calculate import Calculator
from derive.ir import Tensor
from derive.network.build import build
from derive.network.given import Given
from derive.network.source import Scoped, Source
from derive.questions.parts import Part, Problem, Say, Shape, Word
from derive.questions.registry import answered
from derive.questions.setting import Setting
from derive.questions.tables import tables
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
    """The problems of a file, answered; without `solve` only the questions."""
    top = Given.from_dict(data, source)
    problems = []
    for k, problem in enumerate(top.problems):
        progress(f"problem {k + 1} of {len(top.problems)}")
        given = inherited(data, k, source)
        setting = Setting(given, build(given), problem.ask)
        answers = []
        for n, asked in enumerate(problem.ask):
            setting.question = n
            answers.append(answered(asked, setting, solve))
        told = (Say((problem.text,)),) if problem.text else ()
        problems.append(
            (setting, Problem(problem.title, (*told, *_given(setting)), tuple(answers)))
        )
    return Sheet(top.title, tuple(problems))


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
    """What is given: arrays with their values, and definitions."""
    words: list[Word] = []
    inputs = _read(setting)
    shown = [t for t in inputs if t in setting.values and _is_small(t, setting.calculator)]
    for n, t in enumerate(inputs):
        words += ([", "] if n else ["Given are "]) + [Shape(t)]
    parts: list[Part] = [Say((*words, "."))] if words else []
    if shown:
        parts.append(tables(setting, tuple(shown), 6))
    return tuple(parts)


def _read(setting: Setting) -> list[Tensor]:
    """The given arrays that the questions are about, directly or not."""
    p = setting.program
    texts = {
        x for a in setting.asked for key in type(a).model_fields for x in _texts(getattr(a, key))
    }
    named = [t for t in (*p.given, *p.defined) if t.name in texts]
    named = named or list(p.defined)
    needed = set(named).union(*(p.ancestors(t) for t in named))
    return [t for t in p.given if t in needed and t not in setting.model.hidden]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _texts(part)


def _is_small(t: Tensor, calculator: Calculator) -> bool:
    return len(calculator.places(t)) <= 400
