"""All questions: for each its wording and its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from derive.network.ask import (
    Forward,
    Gradient,
    Limit,
    OutputSize,
    Pooling,
    Question,
    ShowEqual,
    SolveFor,
)
from derive.questions import forward, gradient, limit, output_size, pooling, show_equal, solve_for
from derive.questions.parts import Answer, Part, Words
from derive.questions.setting import Setting


@dataclass(frozen=True)
class Kind:
    """How a kind of question is put into words, and how it is answered."""

    wording: Callable[[Any, Setting], Words]
    answer: Callable[[Any, Setting], Iterator[Part]]


KINDS: dict[type[Question], Kind] = {
    OutputSize: Kind(output_size.wording, output_size.answer),
    Forward: Kind(forward.wording, forward.answer),
    Gradient: Kind(gradient.wording, gradient.answer),
    Limit: Kind(limit.wording, limit.answer),
    ShowEqual: Kind(show_equal.wording, show_equal.answer),
    SolveFor: Kind(solve_for.wording, solve_for.answer),
    Pooling: Kind(pooling.wording, pooling.answer),
}


def answered(asked: Question, setting: Setting, solve: bool = True) -> Answer:
    """A question with its answer; without `solve` only the question."""
    kind = KINDS[type(asked)]
    wording = (asked.text,) if asked.text else kind.wording(asked, setting)
    parts = tuple(kind.answer(asked, setting)) if solve else ()
    points = "" if asked.points is None else str(asked.points)
    return Answer(wording, parts, points, asked.decimals)
