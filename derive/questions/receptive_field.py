"""Which entries of an input one entry of an output depends on, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

from derive.derivation.scope import Scope
from derive.engine.simplify import PRESENTED, simplify
from derive.engine.unroll import Unroller
from derive.ir import (
    Atom,
    Binder,
    Bracket,
    Component,
    Count,
    Definition,
    Derivative,
    Equal,
    Formula,
    Guard,
    Index,
    Int,
    Number,
    Range,
    Tensor,
    Times,
    at_least,
    axis_ranges,
    conjunction,
    fresh,
    subformulas,
    tensors,
)
from derive.ir.affine import sign
from derive.network.ask import ReceptiveField
from derive.questions.parts import Grids, Lines, Listed, Part, Row, Say, Side, Word, Words, Written
from derive.questions.setting import Setting
from derive.questions.tables import Marks, table
from derive.rules.terms import product

_LARGEST = 400
"""Entries of an input that is drawn."""


@dataclass(frozen=True)
class Span:
    """The first and the last position along an axis, as expressions in the output's indices."""

    first: Int
    last: Int

    @property
    def extent(self) -> Int:
        return self.last - self.first + 1


def wording(ask: ReceptiveField, setting: Setting) -> Words:
    """The question in words."""
    of, wrt = setting.defined(ask.of), setting.tensor(ask.wrt, "wrt")
    return ("Which entries of ", wrt, " does one entry of ", of, " depend on?")


def check(ask: ReceptiveField, setting: Setting) -> None:
    """Refuse an array that `of` does not depend on."""
    of, wrt = setting.defined(ask.of), setting.tensor(ask.wrt, "wrt")
    if wrt not in setting.program.ancestors(of):
        setting.fail(f"{of.name} does not depend on {wrt.name}", "wrt")


def answer(ask: ReceptiveField, setting: Setting) -> Iterator[Part]:
    """The windows from the output back to the input, and a picture of the last."""
    of, wrt = setting.defined(ask.of), setting.tensor(ask.wrt, "wrt")
    definition = setting.program.defined[of]
    start = {of: tuple(Span(Int.of(i), Int.of(i)) for i in definition.indices)}
    spans = _traced(of, wrt, start, setting)
    yield Say(("The entry ", definition.left, " reads, from layer to layer,"))
    items: list[Words] = []
    between = [d.tensor for d in reversed(setting.program.definitions)]
    for t in (*between, wrt):
        if t in spans and t != of:
            items.append((*_told(spans[t], t), "."))
    yield Listed(tuple(items), axis_ranges(of, definition.indices))
    last = spans[wrt]
    yield Say(
        (
            "So the receptive field has ",
            *_count([s.extent for s in last if s.first != s.last], setting),
            " entries, where it does not reach over the border.",
        )
    )
    yield from _confirmed(of, wrt, definition, last, setting)
    yield from _picture(of, wrt, definition, last, setting)


def _count(extents: list[Int], setting: Setting) -> Words:
    """The product of some extents: with numbers, 8 · 8 = 64."""
    if not setting.is_numeric:
        return (product(*map(Count, extents)),)
    numbers = [setting.unroll.number(e, {}) for e in extents]
    whole = Number(prod(numbers))
    written = (Written(product(*map(Number, numbers))), " = ") if len(numbers) > 1 else ()
    return (*written, whole)


def _told(spans: tuple[Span, ...], t: Tensor) -> Words:
    """T_{n,u,v} with lo ≤ u ≤ hi, for the positions along the axes that are several."""
    ranges: list[Range] = []
    at: list[Int] = []
    for s in spans:
        if s.first == s.last:
            at.append(s.first)
        else:
            u = fresh("uvwrs"[min(len(ranges), 4)])
            ranges.append(Range(u, s.first, s.last))
            at.append(Int.of(u))
    words: list[Word] = [t[tuple(at)]]
    for k, r in enumerate(ranges):
        words += [" with " if k == 0 else ", ", r]
    return tuple(words)


def _traced(
    of: Tensor, wrt: Tensor, start: dict[Tensor, tuple[Span, ...]], setting: Setting
) -> dict[Tensor, tuple[Span, ...]]:
    """The spans of every array on the way, from the output back."""
    spans = dict(start)
    for d in reversed(setting.program.definitions):
        if d.tensor not in spans or d.tensor == wrt:
            continue
        for t in tensors(d.body):
            on_the_way = t == wrt or wrt in setting.program.ancestors(t)
            if not on_the_way:
                continue
            found = _read(d, t, spans[d.tensor], setting)
            spans[t] = _union(spans[t], found, setting) if t in spans else found
    return spans


def _read(d: Definition, t: Tensor, at: tuple[Span, ...], setting: Setting) -> tuple[Span, ...]:
    """What a definition reads of an array, at some span of its own positions."""
    bounds: dict[Atom, Span] = dict(zip(d.indices, at, strict=True))
    for g in subformulas(d.body):
        if isinstance(g, Binder):
            for r in g.ranges:
                bounds[r.index] = Span(r.lowers[0], r.uppers[0])
    read = [g for g in subformulas(d.body) if isinstance(g, Component) and g.tensor == t]
    spans: tuple[Span, ...] | None = None
    for c in read:
        one = tuple(
            Span(_end(e, bounds, -1, setting), _end(e, bounds, 1, setting)) for e in c.indices
        )
        spans = one if spans is None else _union(spans, one, setting)
    assert spans is not None
    return spans


def _end(e: Int, bounds: Mapping[Atom, Span], direction: int, setting: Setting) -> Int:
    """The smallest or the largest value of a position, with the indices at their ends."""
    for a in sorted(e.indices & bounds.keys(), key=lambda a: a.sort_key()):
        parts = e.split(a)
        if parts is None or not sign(parts[0]):
            setting.fail("what is read does not move evenly with the position", "of")
        upper = sign(parts[0]) * direction > 0
        value = bounds[a].last if upper else bounds[a].first
        e = parts[0] * value + parts[1]
    return e


def _union(first: tuple[Span, ...], second: tuple[Span, ...], setting: Setting) -> tuple[Span, ...]:
    """The smallest spans that hold both."""
    found = []
    for a, b in zip(first, second, strict=True):
        low, high = (a.first - b.first), (a.last - b.last)
        if low.constant is None or high.constant is None:
            setting.fail("two paths read windows that cannot be compared", "of")
        found.append(
            Span(
                a.first if low.constant <= 0 else b.first, a.last if high.constant >= 0 else b.last
            )
        )
    return tuple(found)


def _confirmed(
    of: Tensor, wrt: Tensor, d: Definition, spans: tuple[Span, ...], setting: Setting
) -> Iterator[Part]:
    """The derivative is that with a bracket: outside of the field it is 0."""
    at = tuple(fresh("p") for _ in wrt.shape)
    within: list[Guard] = []
    for i, s in zip(at, spans, strict=True):
        if s.first == s.last:
            within.append(Equal(Int.of(i), s.first))
        else:
            within += [at_least(i, s.first), at_least(s.last, i)]
    slope = Derivative(d.left, wrt[at])
    ranges = (*d.ranges, *axis_ranges(wrt, at))
    f: Formula = Times(Bracket(conjunction(*within)), slope)
    steps = simplify(f, Scope(setting.program, ranges), PRESENTED)
    f = steps[-1].after if steps else f
    verdict = setting.holds(slope, f, ranges)
    yield Say(("outside of it nothing is read: there the derivative is 0.",), ranges=ranges)
    yield Lines((Row(slope, (Side(f, verdict=verdict),)),), ranges)


def _picture(
    of: Tensor, wrt: Tensor, d: Definition, spans: tuple[Span, ...], setting: Setting
) -> Iterator[Part]:
    """The field of the entry in the middle of the output, marked in the input."""
    if not setting.is_numeric or setting.calculator.count(wrt) > _LARGEST:
        return
    shape = setting.calculator.shape(of)
    middle = tuple(of.base + (n - 1) // 2 for n in shape)
    env: dict[Index, int] = dict(zip(d.indices, middle, strict=True))
    unroll = Unroller(setting.sizes)
    ends = [(unroll.number(s.first, env), unroll.number(s.last, env)) for s in spans]
    places = setting.calculator.places(wrt)
    inside = [p for p in places if all(lo <= k <= hi for k, (lo, hi) in zip(p, ends, strict=True))]
    entries: dict[tuple[int, ...], Formula | None] = dict.fromkeys(places)
    marks = Marks(dict.fromkeys(inside, "window"), only=True)
    grids = table(wrt, setting.calculator.shape(wrt), entries, marks)
    caption: Words = ("What ", of[middle], f" depends on: {len(inside)} entries.")
    yield Grids(tuple(grids), caption)
