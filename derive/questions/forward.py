"""The numbers of an output: one entry with its window written out, and the whole table."""

from __future__ import annotations

from collections.abc import Iterator

from derive.engine.unroll import entries_read
from derive.ir import Component, Formula, Tensor, substitute
from derive.network.ask import Forward
from derive.questions.parts import Lines, Part, Row, Say, Side, Words
from derive.questions.setting import Setting, result, verified
from derive.questions.statement import definition
from derive.questions.tables import Marks, tables


def wording(ask: Forward, setting: Setting) -> Words:
    """The question in words."""
    of = setting.defined(ask.of)
    entry = of[_position(ask, of, setting)]
    return ("Compute ", of, ". Write out how ", entry, " comes about.")


def check(ask: Forward, setting: Setting) -> None:
    """Refuse arrays without numbers, and positions that there are not."""
    of = setting.defined(ask.of)
    if not setting.is_numeric:
        setting.fail("values can be computed only where all sizes have numbers", "of")
    if not setting.calculator.knows(of):
        missing = [t.name for t in setting.program.given if not setting.calculator.knows(t)]
        setting.fail(f"there are no numbers for {', '.join(missing)}; add them to [values]")
    _position(ask, of, setting)


def answer(ask: Forward, setting: Setting) -> Iterator[Part]:
    """The definition, one entry of it with numbers, and all entries."""
    of = setting.defined(ask.of)
    yield from definition(of, setting)
    at = _position(ask, of, setting)
    yield from _entry(ask, of, at, setting)
    yield Say(("All entries in the same way:",))
    yield tables(setting, (of,), ask.decimals, {of: Marks({at: "window"})})


def _position(ask: Forward, of: Tensor, setting: Setting) -> tuple[int, ...]:
    """The position that is written out: the first one unless the question says another."""
    at = ask.at if ask.at is not None else tuple(of.base for _ in of.shape)
    setting.demand_positions((at,), of)
    return at


def _entry(ask: Forward, of: Tensor, at: tuple[int, ...], setting: Setting) -> Iterator[Part]:
    definition = setting.program.defined[of]
    to = dict(zip(definition.indices, at, strict=True))
    general = substitute(setting.engine(of).forward(of).result, to)
    opened = setting.unroll(definition.body, to)
    marks = {t: Marks(dict.fromkeys(entries_read(opened, t), "window")) for t in _read(opened)}
    lead = ("The entry ", of[at], " reads the marked entries:")
    yield Say(lead)
    yield tables(setting, tuple(marks), ask.decimals, marks)
    yield Lines((Row(of[at], tuple(_sides(ask, of[at], general, opened, setting))),))


def _read(f: Formula) -> tuple[Tensor, ...]:
    """The arrays that a formula reads, in the order in which they stand there."""
    found: dict[Tensor, None] = {}
    pending = [f]
    while pending:
        g = pending.pop(0)
        if isinstance(g, Component):
            found[g.tensor] = None
        pending = [a for a in g.args if isinstance(a, Formula)] + pending
    return tuple(found)


def _sides(
    ask: Forward, left: Formula, general: Formula, opened: Formula, setting: Setting
) -> Iterator[Side]:
    """The entry by its definition, written out, with numbers, and its value."""
    verdict = verified(setting.at_sizes, left, "=", general)
    yield Side(general, ("by definition",), verdict=verdict)
    if opened != general:
        verdict = verified(setting.at_sizes, general, "=", opened)
        yield Side(opened, ("written out",), verdict=verdict)
    inserted = setting.calculator.inserted(opened)
    if inserted != opened:
        verdict = verified(setting.at_values, opened, "=", inserted)
        yield Side(setting.written(opened), ("with numbers",), verdict=verdict)
    value = setting.calculator.value(opened)
    yield result(setting.at_values, inserted, value, ask.decimals)
