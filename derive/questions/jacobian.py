"""How every entry of an array depends on every entry of another: steps, cases, tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from derive.derivation.step import Derivation
from derive.engine.calculate import Value
from derive.engine.present import cases_form
from derive.ir import Binder, Component, Derivative, Formula, Number, Tensor, subformulas, tensors
from derive.network.ask import Jacobian
from derive.questions.derived import derived
from derive.questions.parts import Cell, Grid, Grids, Lines, Part, Row, Say, Side, Slope, Words
from derive.questions.setting import Setting, environment, result, verified
from derive.questions.statement import definition
from derive.questions.tables import Marks, Place, table
from derive.verify.verdict import Verification

_VECTOR = 12
"""The longest vectors whose Jacobian is shown as one matrix."""
_EVERY = 9
"""Entries of the output that all have a table of their own."""
_MOST = 400
"""Entries of the input in a table."""
_WIDTH = 34.0
"""The widest table of formulas, in em; where it would be wider, each has a line of its own."""


def wording(ask: Jacobian, setting: Setting) -> Words:
    """The question in words."""
    of, wrt = _arrays(ask, setting)
    return (
        "Derive ",
        Slope(of, wrt),
        ": how every entry of ",
        of,
        " depends on those of ",
        wrt,
        ".",
    )


def check(ask: Jacobian, setting: Setting) -> None:
    """Refuse an array that `of` does not depend on, and positions that `of` does not have."""
    of, wrt = _arrays(ask, setting)
    if wrt not in setting.program.ancestors(of):
        setting.fail(f"{of.name} does not depend on {wrt.name}", "wrt")
    setting.demand_positions(ask.at or (), of)


def answer(ask: Jacobian, setting: Setting) -> Iterator[Part]:
    """The definition, the derivation, its cases, and entries with their numbers."""
    of, wrt = _arrays(ask, setting)
    yield from definition(of, setting)
    d = setting.engine(of).total(wrt)
    yield from derived(d, setting.derived(d))
    cases = cases_form(d.result)
    if cases is not None:
        verdict = setting.holds(cases.before, cases.after, d.ranges, d.facts)
        yield Say(("or, written out,",))
        yield Lines((Row(d.start, (Side(cases.after, verdict=verdict),)),), d.ranges)
    if setting.is_numeric:
        yield from _Entries(ask, setting, d, of, wrt).parts()


def _arrays(ask: Jacobian, setting: Setting) -> tuple[Tensor, Tensor]:
    return setting.defined(ask.of), setting.tensor(ask.wrt, "wrt")


@dataclass(frozen=True)
class _Entries:
    """The entries of a Jacobian at the numbers of the sizes."""

    ask: Jacobian
    setting: Setting
    d: Derivation
    of: Tensor
    wrt: Tensor

    def parts(self) -> Iterator[Part]:
        """One matrix for two vectors; else, for entries of the output, a table of the input."""
        setting = self.setting
        outputs, inputs = (setting.calculator.places(t) for t in (self.of, self.wrt))
        if self.ask.at is None and self._is_vector(self.of) and self._is_vector(self.wrt):
            yield from self._matrix(outputs, inputs)
            return
        if len(inputs) > _MOST:
            return
        few = len(outputs) <= _EVERY
        for at in self.ask.at or (outputs if few else outputs[:1]):
            yield from self._row(at, inputs)

    def _is_vector(self, t: Tensor) -> bool:
        shape = self.setting.calculator.shape(t)
        return sum(n > 1 for n in shape) <= 1 and max(shape, default=1) <= _VECTOR

    def _entry(self, at: Place, by: Place) -> Formula:
        """∂of/∂wrt at two positions, written out."""
        start = self.d.start
        assert isinstance(start, Derivative)
        assert isinstance(start.of, Component)
        env = environment(start.of, self.of[at].indices)
        return self.setting.unroll(self.d.result, env | environment(start.by, self.wrt[by].indices))

    def _verified(self, at: Place, by: Place, f: Formula) -> Verification:
        slope = Derivative(self.of[at], self.wrt[by])
        return verified(self.setting.at_sizes, slope, "=", f)

    def _numbers(self, f: Formula) -> Side | None:
        """The number of an entry, where all that it reads has values."""
        known = self.setting.calculator
        inserted = known.inserted(f)
        if any(isinstance(g, Derivative) for g in subformulas(inserted)):
            return None
        if not all(map(known.knows, tensors(f))):
            return None
        return result(self.setting.at_values, f, known.value(f), self.ask.decimals)

    # -- two vectors -----------------------------------------------------------------------------

    def _matrix(self, outputs: list[Place], inputs: list[Place]) -> Iterator[Part]:
        """The rows of ∂of/∂wrt, or its columns in the denominator layout."""
        entries = {(at, by): self._entry(at, by) for at in outputs for by in inputs}
        turned = self.setting.given.conventions.layout == "denominator"
        rows, columns = (self.wrt, self.of) if turned else (self.of, self.wrt)
        caption: Words = ("Rows: entries of ", rows, ", columns: entries of ", columns, ".")
        name = Slope(self.of, self.wrt)

        def grid(shown: Mapping[tuple[Place, Place], Formula]) -> Grids:
            lines = [tuple(Cell(shown[at, by]) for by in inputs) for at in outputs]
            cells = tuple(zip(*lines, strict=True)) if turned else tuple(lines)
            return Grids((Grid(cells, name),), caption, tuple(verdicts))

        verdicts: list[Verification] = []
        if _fit(entries.values(), len(outputs if turned else inputs)):
            verdicts = [self._verified(*place, f) for place, f in entries.items()]
            yield Say(("As a matrix:",))
            yield grid(entries)
        else:
            yield Say(("All entries:",))
            yield Lines(tuple(self._line(*place, f) for place, f in entries.items()))
        sides = {place: self._numbers(f) for place, f in entries.items()}
        numbers = {p: s.formula for p, s in sides.items() if s and isinstance(s.formula, Formula)}
        if len(numbers) == len(entries) and numbers != entries:
            verdicts = [s.verdict for s in sides.values() if s and s.verdict is not None]
            yield Say(("With numbers:",))
            yield grid(numbers)

    # -- one entry of the output -----------------------------------------------------------------

    def _row(self, at: Place, inputs: list[Place]) -> Iterator[Part]:
        """How one entry of the output depends on all of the input, and what of it is not 0."""
        entries = {by: self._entry(at, by) for by in inputs}
        met = [by for by, f in entries.items() if f != Number(0)]
        yield Say((self.of[at], " depends on the marked entries of ", self.wrt, ":"))
        columns = self.setting.calculator.shape(self.wrt)[-1:] or (1,)
        if _fit(entries.values(), columns[0]):
            yield from self._tables(at, entries, met)
            return
        yield from self._tables(at, dict.fromkeys(entries), met)
        yield Lines(tuple(self._line(at, by, entries[by]) for by in met))

    def _line(self, at: Place, by: Place, f: Formula) -> Row:
        """An entry, what it is, and its number."""
        sides = [Side(f, verdict=self._verified(at, by, f))]
        number = self._numbers(f)
        sides += [number] if number is not None and number.formula != f else []
        return Row(Derivative(self.of[at], self.wrt[by]), tuple(sides), inline=True)

    def _tables(
        self,
        at: Place,
        entries: Mapping[Place, Formula | None],
        met: list[Place],
    ) -> Iterator[Part]:
        """The table of one entry, and beside it the one of its numbers."""
        marks = Marks(dict.fromkeys(met, "window"), only=True)
        shape = self.setting.calculator.shape(self.wrt)
        name = Slope(self.of[at], self.wrt)
        verdicts: list[Verification] = []
        numbers: dict[Place, Formula | None] = {}
        values: dict[Place, Value] = {}
        for by, f in entries.items():
            if f is None:
                continue
            verdicts.append(self._verified(at, by, f))
            side = self._numbers(f)
            if side is not None and isinstance(side.formula, Formula):
                numbers[by] = side.formula
                verdicts += [side.verdict] if side.verdict is not None else []
        grids = [*table(self.wrt, shape, entries, marks, values, name)]
        if len(numbers) == len(entries) and numbers != entries:
            grids += table(self.wrt, shape, numbers, marks, values, name)
        yield Grids(tuple(grids), (), tuple(verdicts))


def _fit(entries: Iterable[Formula], columns: int) -> bool:
    """Whether formulas have room in a table with so many columns."""
    return columns * (0.5 + max(map(_width, entries), default=0.0)) <= _WIDTH


def _width(f: Formula) -> float:
    """The width of a formula, about, in em: its letters, with their indices, and its numbers.

    What has lines below it, as the choice of a maximum does, is too wide for any table.
    """
    if any(isinstance(g, Binder) for g in subformulas(f)):
        return _WIDTH
    parts = [g for g in subformulas(f) if isinstance(g, Component | Number)]
    return sum(0.8 + 0.6 * len(g.indices) if isinstance(g, Component) else 0.7 for g in parts)
