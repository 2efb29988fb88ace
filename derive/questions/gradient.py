"""Gradients entry by entry: the chain rule over the outputs that see an entry, with numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from derive.engine.calculate import Value
from derive.ir import Component, Definition, Derivative, Formula, Number, Tensor
from derive.network.ask import Gradient
from derive.questions.derived import derived
from derive.questions.error import Error
from derive.questions.parts import (
    Grids,
    Lines,
    Part,
    Row,
    Say,
    Side,
    Slope,
    Words,
    Written,
)
from derive.questions.setting import Setting, environment, position, result, verified
from derive.questions.tables import Marks, left_out, table
from derive.questions.ties import choices
from derive.rules.terms import product, total

_MOST = 40_000
"""Pairs of an output and an input that are looked at."""
_ON_THE_WAY = 36
"""Entries of an array between `wrt` and the error that are written out."""


def wording(ask: Gradient, setting: Setting) -> Words:
    """The question in words."""
    of, wrt = setting.defined(ask.of), setting.tensor(ask.wrt, "wrt")
    if not of.shape:
        return ("Compute the gradient of ", of, " with respect to ", wrt, ", entry by entry.")
    error = Error.asked(ask, setting)
    head: Words = ("An error ", error.tensor, " depends on ", of, ". ")
    slope = Slope(error.tensor, of)
    numbers = error.numbers
    if isinstance(ask.upstream, str):
        assert error.upstream is not None
        told: Words = (
            "With ",
            error.upstream,
            " = ",
            slope,
            ", compute ",
            Slope(error.tensor, wrt),
        )
    elif numbers is None:
        told = ("Express ", Slope(error.tensor, wrt), " by ", slope)
    elif len(set(numbers.values())) == 1:
        value = Number(next(iter(numbers.values())))
        told = ("All entries of ", slope, " are ", value, ". Compute ", Slope(error.tensor, wrt))
    else:
        told = ("With ", slope, " as given below, compute ", Slope(error.tensor, wrt))
    return (*head, *told, ", entry by entry.")


def shown(ask: Gradient, setting: Setting) -> Iterator[Part]:
    """The gradient that is given, where its entries differ."""
    error = Error.asked(ask, setting)
    if error.numbers is not None and len(set(error.numbers.values())) > 1:
        of = error.of
        entries: dict[tuple[int, ...], Formula] = {at: Number(v) for at, v in error.numbers.items()}
        shape, name = setting.calculator.shape(of), Slope(error.tensor, of)
        yield Grids(tuple(table(of, shape, entries, Marks(), name=name)))


def check(ask: Gradient, setting: Setting) -> None:
    """Refuse an array that `of` does not depend on, and positions that it does not have."""
    of, wrt = setting.defined(ask.of), setting.tensor(ask.wrt, "wrt")
    if wrt not in setting.program.ancestors(of):
        setting.fail(f"{of.name} does not depend on {wrt.name}", "wrt")
    setting.demand_positions(ask.at or (), wrt)


def answer(ask: Gradient, setting: Setting) -> Iterator[Part]:
    """The chain rule in general and for each entry, one array after the other down to `wrt`."""
    of, wrt = setting.defined(ask.of), setting.tensor(ask.wrt, "wrt")
    error = Error.asked(ask, setting)
    known: dict[Tensor, dict[tuple[int, ...], Value]] = {}
    if error.numbers is not None:
        known[of] = dict(error.numbers)
    between = [
        d.tensor
        for d in reversed(setting.program.definitions)
        if d.tensor != of
        and d.tensor in setting.program.ancestors(of)
        and wrt in setting.program.ancestors(d.tensor)
    ]
    for t in (*between, wrt):
        yield from _Stage(ask, setting, error, t, known).parts()


class _Stage:
    """∂E/∂T for one array T, where those of the arrays that read it are known."""

    def __init__(
        self,
        ask: Gradient,
        setting: Setting,
        error: Error,
        t: Tensor,
        known: dict[Tensor, dict[tuple[int, ...], Value]],
    ) -> None:
        self.ask, self.setting, self.error, self.t, self.known = ask, setting, error, t, known
        readers = error.program.consumers.get(t, ())
        relevant = {error.tensor, *error.program.ancestors(error.tensor)}
        self.readers = tuple(d for d in readers if d.tensor in relevant)
        self.values: dict[tuple[int, ...], Value] = {}

    def parts(self) -> Iterator[Part]:
        """The general formula, each entry, and the table."""
        yield from self.general()
        if not self.setting.is_numeric:
            return
        for d in self.readers:
            yield from choices(self.setting, d, self.ask.decimals)
        wanted = self._wanted()
        symbolic = self.error.upstream is not None and self.error.numbers is None
        count = self.setting.calculator.count(self.t)
        self._refuse_too_many(len(wanted) if symbolic else count)
        rows = [self.row(at) for at in wanted]
        if rows:
            yield Say(("All entries:" if len(wanted) == count else "Written out:",))
            yield Lines(tuple(rows))
        if symbolic:
            return
        places = self.setting.calculator.places(self.t)
        checked = [self.row(at) for at in places if at not in wanted]
        if len(self.values) == len(places):
            self.known[self.t] = self.values
            yield self.table(checked)

    def _wanted(self) -> list[tuple[int, ...]]:
        """The entries that are written out; those of an array on the way only if they are few."""
        last = self.t.name == self.ask.wrt
        if last and self.ask.at is not None:
            return list(self.ask.at)
        if not last and self.setting.calculator.count(self.t) > _ON_THE_WAY:
            return []
        return self.setting.calculator.places(self.t)

    def _refuse_too_many(self, inputs: int) -> None:
        outputs = sum(
            self.setting.calculator.count(d.tensor)
            for d in self.readers
            if d.tensor in self.setting.program.defined
        )
        if inputs * max(outputs, 1) > _MOST:
            self.setting.fail(
                f"{self.t.name} has {inputs} entries, which is too many to write out; choose a "
                "smaller array, or name entries with “at”"
            )

    # -- in general ------------------------------------------------------------------------------

    def general(self) -> Iterator[Part]:
        """The chain rule and what the engine makes of it."""
        d = self.error.engine.gradient(self.t)
        named = self.error.by_its_name(d.result)
        more: list[Side] = []
        if named != d.result:
            verdict = verified(self.error.anywhere, d.result, "=", named, d.ranges, d.facts)
            more.append(Side(named, (), verdict=verdict))
        yield from derived(d, self.error.derived(d), *more)

    # -- one entry -------------------------------------------------------------------------------

    def row(self, at: tuple[int, ...]) -> Row:
        """The chain rule for one entry: its terms, what they are, and their numbers."""
        by = self.t[at]
        start = Derivative(self.error.tensor[()], by)
        chained: list[Formula] = []
        local: list[Formula] = []
        for d in self.readers:
            for upstream, slope, jacobian in self._terms(d, by):
                zero = jacobian == Number(0)
                if not zero or self.ask.terms == "all":
                    chained.append(product(*(f for f in (upstream, slope) if f is not None)))
                    local.append(self._local(upstream, jacobian))
        if self.ask.terms != "all":
            kept = [f for f in local if f != Number(0)]
            opened = total(*kept)
        else:
            opened = total(*local)
        return Row(start, tuple(self._sides(at, start, total(*chained), opened)), inline=True)

    def _terms(
        self, d: Definition, by: Component
    ) -> Iterator[tuple[Derivative | None, Formula, Formula]]:
        """For each entry of a reader: ∂E/∂Z_i, ∂Z_i/∂T_p, and what the latter is."""
        jacobian = self.error.jacobian(d.tensor, self.t)
        assert isinstance(jacobian.start, Derivative)
        of, variable, held = jacobian.start.of, jacobian.start.by, jacobian.start.held
        assert isinstance(of, Component)
        fixed = environment(variable, by.indices)
        for at in self.setting.calculator.places(d.tensor):
            entry = d.tensor[at]
            env = fixed | environment(of, entry.indices)
            slope = Derivative(entry, by, *held)
            found = self.setting.unroll(jacobian.result, env)
            last = d.tensor == self.error.tensor
            upstream = None if last else Derivative(self.error.tensor[()], entry)
            yield upstream, slope, found

    def _local(self, upstream: Derivative | None, jacobian: Formula) -> Formula:
        """∂E/∂Z_i ∂Z_i/∂T_p with the number of ∂E/∂Z_i, where it is known."""
        if upstream is None:
            return jacobian
        z = upstream.by
        if z.tensor not in self.known:
            return product(self.error.by_its_name(upstream), jacobian)
        value = self.known[z.tensor][position(z)]
        if not isinstance(value, Fraction):
            return product(upstream, jacobian)
        if value == 0 or jacobian == Number(0):
            return Number(0)
        if value == 1:
            return jacobian
        if z.tensor == self.error.of and self.error.upstream is not None:
            return product(self.error.upstream[z.indices], jacobian)
        return Number(value) if jacobian == Number(1) else product(Number(value), jacobian)

    def _sides(
        self, at: tuple[int, ...], start: Formula, chained: Formula, opened: Formula
    ) -> Iterator[Side]:
        error = self.error
        why: Words = () if chained != Number(0) else ("no output reads this entry",)
        yield Side(chained, why, verdict=verified(error.at_sizes, start, "=", chained))
        depends = any(
            t in self.known for t in (d.tensor for d in self.readers if d.tensor != error.of)
        )
        verifier = error.at_values if depends else error.at_sizes
        if opened != chained:
            given = tuple(error.values_in(opened).items())
            yield Side(Written(opened, given), verdict=verified(verifier, chained, "=", opened))
        inserted = error.inserted(opened)
        if error.open(inserted):
            return
        if inserted != opened:
            verdict = verified(error.at_values, opened, "=", inserted)
            written = self.setting.written(opened)
            numbers = (*error.values_in(opened).items(), *written.values)
            yield Side(replace(written, values=numbers), verdict=verdict)
        value = self.setting.calculator.value(inserted)
        self.values[at] = value
        shown = result(error.at_values, inserted, value, self.ask.decimals)
        if shown.formula != inserted:
            yield shown

    # -- the table -------------------------------------------------------------------------------

    def table(self, rest: list[Row]) -> Grids:
        """All entries, with what verified those that are not written out."""
        shown: dict[tuple[int, ...], Formula] = {}
        for at, value in self.values.items():
            side = result(self.error.at_values, Number(0), value, self.ask.decimals)
            shown[at] = side.formula  # type: ignore[assignment]
        shape = self.setting.calculator.shape(self.t)
        name = Slope(self.error.tensor, self.t)
        grids = table(self.t, shape, shown, Marks(heat=True), self.values, name)
        verdicts = tuple(s.verdict for r in rest for s in r.sides if s.verdict is not None)
        words = f"All entries together. {left_out(shape)}"
        return Grids(tuple(grids), (words.rstrip(),), verdicts)
