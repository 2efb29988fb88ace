"""Pooling layers over their windows: the formulas, the modules of torch.nn, numbers, gradients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from derive.derivation.program import Layer
from derive.engine.places import OverPlaces, over_places
from derive.engine.unroll import entries_read
from derive.ir import Component, Derivative, Formula, Size, Tensor, subformulas, substitute
from derive.network.ask import Pooling
from derive.network.defining import FORMULA
from derive.questions.options import options_of
from derive.questions.parts import (
    Lines,
    OverWindow,
    Part,
    Row,
    Say,
    Side,
    Typed,
    WindowSet,
    Word,
    Words,
)
from derive.questions.setting import Setting, result, verified
from derive.questions.tables import Marks, tables

_MOST = 36
"""Entries that are written out with numbers."""


def wording(ask: Pooling, setting: Setting) -> Words:
    """The question in words."""
    arrays = _arrays(ask, setting)
    if len(arrays) == 1:
        return ("Give the formula of ", arrays[0], " over its windows, and its gradient.")
    words: list[Word] = []
    for k, t in enumerate(arrays):
        words += ([" and " if k == len(arrays) - 1 else ", "] if k else []) + [t]
    return ("Give the formulas of ", *words, " over their windows, and their gradients.")


def answer(ask: Pooling, setting: Setting) -> Iterator[Part]:
    """Each layer in turn."""
    for t in _arrays(ask, setting):
        yield from _layer(t, ask, setting)


def _arrays(ask: Pooling, setting: Setting) -> list[Tensor]:
    return [setting.defined(name) for name in ask.of] if ask.of else [setting.defined(None)]


def _layer(t: Tensor, ask: Pooling, setting: Setting) -> Iterator[Part]:
    layer, forward = setting.layer(t), setting.engine(t).forward(t)
    window = over_places(forward.result)
    if window is None:
        setting.fail(f"{t.name} does not look at windows of one array", "of")
    source = _source(window.formula)
    module: Words = (
        " is the module ",
        Typed(_module(layer, setting.program.sizes)),
        " of ",
        source,
    )
    lead: Words = (t, *(module if layer.kind != FORMULA else (" is computed from ", source)), ".")
    yield Say(lead)
    for remark in layer.remarks:
        yield Say((remark,))
    places = WindowSet(window.binder.ranges, window.binder.condition)
    said = OverWindow(window.formula, places)
    verdict = setting.holds(forward.start, window.formula, forward.ranges, forward.facts)
    yield Say(("with its window",), ranges=forward.ranges)
    named = Row(places, (Side(replace(places, told=True)),))
    yield Lines((named, Row(forward.start, (Side(said, verdict=verdict),))), forward.ranges)
    yield from _slope(t, source, window, setting)
    if setting.is_numeric and setting.calculator.knows(t):
        yield from _numbers(t, source, ask, setting)


def _module(layer: Layer, sizes: Iterable[Size]) -> str:
    """The call in torch.nn, with the options that are not the default."""
    return f"torch.nn.{layer.kind}({options_of(layer, sizes)})"


def _source(f: Formula) -> Tensor:
    return next(g.tensor for g in subformulas(f) if isinstance(g, Component))


def _slope(t: Tensor, source: Tensor, window: OverPlaces, setting: Setting) -> Iterator[Part]:
    """How an entry of the output depends on an entry of the input."""
    engine = setting.engine(t)
    d = engine.jacobian(t, source)
    yield Say(("its gradient is",), ranges=d.ranges)
    here = setting.program.defined[t].indices
    assert isinstance(d.start, Derivative)
    assert isinstance(d.start.of, Component)
    to = dict(zip(here, d.start.of.indices, strict=True))
    shown = window.like(d.result, to)
    binder = substitute(window.binder, to)
    said = OverWindow(shown, WindowSet(binder.ranges, binder.condition))
    verdict = setting.derived(d).ends
    if verdict.holds and shown != d.result:
        verdict = setting.holds(d.start, shown, d.ranges, d.facts)
    yield Lines((Row(d.start, (Side(said, verdict=verdict),)),), d.ranges)


def _numbers(t: Tensor, source: Tensor, ask: Pooling, setting: Setting) -> Iterator[Part]:
    """The first window marked, each entry with its numbers, and all entries."""
    places = setting.calculator.places(t)
    definition = setting.program.defined[t]
    rows: list[Row] = []
    for at in places[:_MOST]:
        opened = setting.unroll(definition.body, dict(zip(definition.indices, at, strict=True)))
        inserted = setting.calculator.inserted(opened)
        verdict = verified(setting.at_values, t[at], "=", inserted)
        value = setting.calculator.value(opened)
        told = (
            Side(setting.written(opened), verdict=verdict),
            result(setting.at_values, inserted, value, ask.decimals),
        )
        rows.append(Row(t[at], told, inline=True))
        if len(rows) == 1:
            first = dict.fromkeys(entries_read(opened, source), "window")
    yield Say(("With numbers, the window of ", t[places[0]], " is marked:"))
    marks = {source: Marks(first), t: Marks({places[0]: "window"})}
    yield tables(setting, (source, t), ask.decimals, marks)
    yield Lines(tuple(rows))
