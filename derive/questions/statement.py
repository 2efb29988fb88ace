"""What an array is, by its definition."""

from __future__ import annotations

from collections.abc import Iterator

from derive.ir import Tensor
from derive.network.defining import FORMULA
from derive.questions.parts import Lines, Part, Row, Say, Side
from derive.questions.setting import Setting


def definition(t: Tensor, setting: Setting) -> Iterator[Part]:
    """The formula of a layer, with bounds for its conditions; a formula that is given is known."""
    if setting.layer(t).kind == FORMULA:
        return
    d = setting.engine(t).forward(t)
    verdict = setting.holds(d.start, d.result, d.ranges, d.facts)
    yield Say(("by definition",), ranges=d.ranges)
    yield Lines((Row(d.start, (Side(d.result, verdict=verdict),)),), d.ranges)
