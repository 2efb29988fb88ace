"""Which entry of each window a maximum chose, and what happens where several are largest."""

from __future__ import annotations

from collections.abc import Iterator

from derive.engine.calculate import Value
from derive.ir import Component, Definition, Max, Tensor
from derive.questions.parts import Listed, Part, Say, Typed, Word, Words
from derive.questions.setting import Setting
from derive.questions.tables import Marks, tables

_MOST = 200
"""Windows that are looked at."""


def choices(setting: Setting, d: Definition, decimals: int) -> Iterator[Part]:
    """The chosen entries of a definition that is a maximum, where its input has values."""
    f = d.body
    if not isinstance(f, Max) or not isinstance(f.body, Component):
        return
    source = f.body.tensor
    places = setting.calculator.places(d.tensor) if setting.calculator.knows(source) else []
    if not places or len(places) > _MOST:
        return
    shades: dict[tuple[int, ...], str] = {}
    items: list[Words] = []
    tied = False
    for at in places:
        largest = _largest(setting, d, at)
        for other in largest[1:]:
            shades.setdefault(other, "window")
        shades[largest[0]] = "chosen"
        tied = tied or len(largest) > 1
        items.append(_sentence(d.tensor[at], source, largest))
    yield Say(("Each window hands its gradient on to the entry that it chose:",))
    yield Listed(tuple(items))
    if tied:
        yield Say(
            (
                "Where several entries of a window are largest, the maximum has no derivative "
                "there; the first of them in row order is chosen, as in ",
                Typed("torch"),
                ".",
            )
        )
    yield tables(setting, (source,), decimals, {source: Marks(shades)})


def _largest(setting: Setting, d: Definition, at: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The positions of the largest entries of the window of one output, in row order."""
    assert isinstance(d.body, Max)
    env = dict(zip(d.indices, at, strict=True))
    found: list[tuple[tuple[int, ...], Value]] = []
    for inner in setting.unroll.positions(d.body, env):
        read = setting.unroll(d.body.body, inner)
        assert isinstance(read, Component)
        place = tuple(e.constant or 0 for e in read.indices)
        found.append((place, setting.calculator.entry(read.tensor, place)))
    best = max(v for _, v in found)
    return [place for place, v in found if v == best]


def _sentence(of: Component, source: Tensor, largest: list[tuple[int, ...]]) -> Words:
    chosen: list[Word] = [of, " is ", source[largest[0]]]
    if len(largest) > 1:
        chosen.append("; as large ")
        chosen.append("is " if len(largest) == 2 else "are ")
        for k, place in enumerate(largest[1:]):
            chosen += ([", "] if k else []) + [source[place]]
    return tuple(chosen)
