"""All questions: for each its wording and its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from derive.engine.calculate import is_short
from derive.network.ask import (
    Commute,
    Compare,
    Flops,
    Forward,
    Gradient,
    Jacobian,
    Limit,
    OutputSize,
    Parameters,
    Pooling,
    Question,
    ReceptiveField,
    ShowEqual,
    SolveFor,
)
from derive.questions import (
    commute,
    compare,
    counts,
    forward,
    gradient,
    jacobian,
    limit,
    output_size,
    pooling,
    receptive_field,
    show_equal,
    solve_for,
)
from derive.questions.parts import Answer, Part, Words
from derive.questions.setting import Setting


@dataclass(frozen=True)
class Kind:
    """How a kind of question is put into words, what is shown beside it, and how it is answered.

    `check` refuses, before anything is computed, what cannot be asked of these arrays and sizes.
    """

    wording: Callable[[Any, Setting], Words]
    answer: Callable[[Any, Setting], Iterator[Part]]
    shown: Callable[[Any, Setting], Iterator[Part]] = lambda ask, setting: iter(())
    check: Callable[[Any, Setting], None] = lambda ask, setting: None


KINDS: dict[type[Question], Kind] = {
    OutputSize: Kind(output_size.wording, output_size.answer),
    Forward: Kind(forward.wording, forward.answer, check=forward.check),
    Jacobian: Kind(jacobian.wording, jacobian.answer, check=jacobian.check),
    Gradient: Kind(gradient.wording, gradient.answer, gradient.shown, gradient.check),
    Pooling: Kind(pooling.wording, pooling.answer),
    Limit: Kind(limit.wording, limit.answer),
    SolveFor: Kind(solve_for.wording, solve_for.answer, check=solve_for.check),
    ShowEqual: Kind(show_equal.wording, show_equal.answer, check=show_equal.check),
    Commute: Kind(commute.wording, commute.answer),
    Parameters: Kind(counts.parameters_wording, counts.parameters, check=counts.check_parameters),
    Flops: Kind(counts.flops_wording, counts.flops, check=counts.check_flops),
    ReceptiveField: Kind(
        receptive_field.wording, receptive_field.answer, check=receptive_field.check
    ),
    Compare: Kind(compare.wording, compare.answer),
}


def check(asked: Question, setting: Setting) -> None:
    """Refuse a question that makes no sense here; nothing is derived for that."""
    kind = KINDS[type(asked)]
    kind.wording(asked, setting)
    kind.check(asked, setting)


def answered(asked: Question, setting: Setting, solve: bool = True) -> Answer:
    """A question with its answer; without `solve` only the question."""
    kind = KINDS[type(asked)]
    wording = (asked.text,) if asked.text else kind.wording(asked, setting)
    shown = tuple(kind.shown(asked, setting))
    parts = tuple(kind.answer(asked, setting)) if solve else ()
    return Answer(wording, shown, parts, _points(asked.points))


def _points(points: Fraction | None) -> str:
    """Points as people write them: 2, 1.5, 1/3."""
    if points is None:
        return ""
    short = is_short(points, 4) and points.denominator > 1
    return f"{float(points):.4f}".rstrip("0") if short else str(points)
