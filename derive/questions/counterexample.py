"""The smallest place at which two arrays differ: few sizes, and entries that are 0 or 1."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

from derive.engine.calculate import Calculator, Value
from derive.errors import Unsupported
from derive.ir import Component, Count, Formula, Number, Relation, Size, Tensor
from derive.questions.aligned import Aligned
from derive.questions.parts import Grids, Lines, Part, Row, Say, Word
from derive.questions.setting import Setting, number, numeric, result
from derive.questions.tables import Marks, table
from derive.verify.verdict import Verification

_LARGEST = 18
"""The sum of the free sizes."""
_DECIMALS = 4


class Smaller:
    """Sizes, values of the given arrays, and a position at which both sides differ."""

    def __init__(
        self, pair: Aligned, sizes: dict[Size, int], values: dict[Tensor, Any], setting: Setting
    ) -> None:
        self.pair, self.sizes, self.values = pair, sizes, values
        self.calculator = Calculator(setting.program, sizes, values)
        self.at: dict[Any, int] | None = None

    def differs(self) -> bool:
        """Whether the sides differ somewhere; the first place is kept."""
        unroll = self.calculator.unroll
        ranges = self.pair.ranges
        spans = [
            range(
                max(unroll.number(e, {}) for e in r.lowers),
                min(unroll.number(e, {}) for e in r.uppers) + 1,
            )
            for r in ranges
        ]
        for place in product(*spans):
            env = dict(zip((r.index for r in ranges), place, strict=True))
            left, right = self.value(self.pair.left, env), self.value(self.pair.right, env)
            if left is None or right is None or left != right:
                self.at = env
                return True
        return False

    def entry(self, c: Component, env: dict[Any, int]) -> Component:
        """An entry at a position."""
        found = self.calculator.unroll(c, env)
        assert isinstance(found, Component)
        return found

    def value(self, c: Component, env: dict[Any, int]) -> Value | None:
        """Its value; None outside the array."""
        entry = self.entry(c, env)
        at = tuple(e.constant or 0 for e in entry.indices)
        if at not in self.calculator.places(c.tensor):
            return None
        return self.calculator.entry(c.tensor, at)


def counterexample(pair: Aligned, verdict: Verification, setting: Setting) -> Iterator[Part]:
    """The sizes and entries of a small counterexample, and both values."""
    found = _smallest(pair, setting)
    if found is None or found.at is None:
        yield Say((f"They are not equal: {verdict.counterexample}.",))
        return
    yield from _told(found, setting)


def _told(found: Smaller, setting: Setting) -> Iterator[Part]:
    assert found.at is not None
    free = [s for s in setting.program.sizes if s.definition is None and s.value is None]
    words: list[Word] = []
    for k, s in enumerate(free):
        words += [", " if k else " with "]
        words += [Relation(Count(s), "=", Number(found.sizes[s]))]
    yield Say(("They are not equal. A small counterexample", *words, ":"))
    grids = []
    for t in found.values:
        entries: dict[tuple[int, ...], Formula] = {
            at: number(v, _DECIMALS)[0] for at, v in found.calculator.table(t).items()
        }
        grids += list(table(t, found.calculator.shape(t), entries, Marks()))
    yield Grids(tuple(grids))
    verifier = numeric(setting.program, found.sizes, found.values)
    rows: list[Row] = []
    for c in (found.pair.left, found.pair.right):
        value, entry = found.value(c, found.at), found.entry(c, found.at)
        if value is None:
            yield Say((entry, " does not exist, as the shapes differ."))
            continue
        rows.append(Row(entry, (result(verifier, entry, value, _DECIMALS),), inline=True))
    yield Lines(tuple(rows))


def _smallest(pair: Aligned, setting: Setting) -> Smaller | None:
    """The first difference, by the sum of the sizes, then by the entries."""
    for sizes in _sizes(setting):
        for values in _values(pair, sizes, setting):
            try:
                found = Smaller(pair, sizes, values, setting)
                if found.differs():
                    return found
            except (Unsupported, ZeroDivisionError):
                continue
    return None


def _sizes(setting: Setting) -> Iterator[dict[Size, int]]:
    """Numbers for the free sizes that satisfy all conditions, small sums first."""
    fixed = setting.sizes
    free = [s for s in setting.program.sizes if s.definition is None and s not in fixed]
    least = sum(s.least for s in free)
    for extra in range(_LARGEST - least if free else 1):
        for more in _shared(extra, len(free)):
            sizes = fixed | {s: s.least + n for s, n in zip(free, more, strict=True)}
            unroll = Calculator(setting.program, sizes, {}).unroll
            if all(unroll.holds(g, {}) for g in setting.program.size_facts):
                yield sizes


def _shared(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """All ways to write a number as a sum of so many numbers."""
    if parts == 0:
        if total == 0:
            yield ()
        return
    for first in range(total + 1) if parts > 1 else (total,):
        yield from ((first, *rest) for rest in _shared(total - first, parts - 1))


def _values(pair: Aligned, sizes: dict[Size, int], setting: Setting) -> Iterator[dict[Tensor, Any]]:
    """Entries of the given arrays: all ones but for one array that has a single 1, or counted."""
    program = setting.program
    needed = program.ancestors(pair.left.tensor) | program.ancestors(pair.right.tensor)
    given = [t for t in program.given if t in needed]
    calculator = Calculator(program, sizes, {})
    shapes = {t: calculator.shape(t) for t in given}
    ones = {t: _filled(shapes[t], lambda k: 1) for t in given}
    for t in given:
        count = len(calculator.places(t))
        for k in range(min(count, 12)):
            yield ones | {t: _filled(shapes[t], lambda n, k=k: int(n == k))}
    yield {t: _filled(shapes[t], lambda n: n + 1) for t in given}
    yield {t: _filled(shapes[t], lambda n: -n - 1) for t in given}


def _filled(shape: tuple[int, ...], entry: Any) -> Any:
    """Nested tuples of the shape, filled by the number of the entry, row by row."""
    flat = iter(range(10**6))

    def made(rest: tuple[int, ...]) -> Any:
        if not rest:
            return Fraction(entry(next(flat)))
        return tuple(made(rest[1:]) for _ in range(rest[0]))

    return made(shape)
