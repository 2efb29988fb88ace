"""What an array is, by its definition."""

from __future__ import annotations

from collections.abc import Iterator

from derive.derivation.scope import Scope
from derive.engine.simplify import BOUNDS, simplify
from derive.ir import Bracket, Definition, Formula, Tensor, subformulas
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


def without_idle_conditions(d: Definition, setting: Setting) -> Formula:
    """The body of a definition without conditions that hold for all its indices.

    An array that is 0 outside of its range brings one along for each of its entries.
    """
    if not any(isinstance(g, Bracket) for g in subformulas(d.body)):
        return d.body
    steps = simplify(d.body, Scope(setting.program, d.ranges), (BOUNDS,))
    body = steps[-1].after if steps else d.body
    return body if setting.holds(d.left, body, d.ranges).holds else d.body
