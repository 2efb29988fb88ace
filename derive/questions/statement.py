"""What an array is, by its definition."""

from __future__ import annotations

from collections.abc import Iterator

from derive.ir import Tensor
from derive.network.defining import FORMULA
from derive.questions.parts import Lines, Part, Row, Say, Side
from derive.questions.setting import Setting


def definition(t: Tensor, setting: Setting) -> Iterator[Part]:
    """The formula of a layer with bounds for its conditions; one that is given, as it is given."""
    d = setting.engine(t).forward(t)
    written = setting.layer(t).kind == FORMULA
    formula = setting.program.defined[t].body if written else d.result
    verdict = setting.holds(d.start, formula, d.ranges, d.facts)
    yield Say(("by definition",), ranges=d.ranges)
    yield Lines((Row(d.start, (Side(formula, verdict=verdict),)),), d.ranges)
