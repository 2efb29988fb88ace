"""LP pooling for p = 1 and for p → ∞: bounds from both sides, and numbers along growing p.

The window has the entries x; M is the largest of them, N their number.  All bounds come from the
formula of the layer, with p in the place of its exponent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from derive.derivation.program import Program
from derive.engine.bounds import (
    Bound,
    bernoulli,
    equal_terms,
    largest_entry,
    number_of,
    one_term,
    replaced,
    without_root,
)
from derive.engine.places import over_places
from derive.ir import (
    Apply,
    Component,
    Count,
    Definition,
    Formula,
    Int,
    Max,
    Number,
    Power,
    Range,
    Relation,
    Size,
    Sum,
    Tensor,
    Times,
    axis_ranges,
    fresh,
    subformulas,
)
from derive.network.ask import Limit
from derive.questions import parts as said
from derive.questions.parts import (
    Lines,
    OverWindow,
    Part,
    Row,
    Say,
    Side,
    WindowSet,
    Words,
)
from derive.questions.sequence import along
from derive.questions.setting import Setting, verified
from derive.verify.verdict import Verification
from derive.verify.verify import Verifier

_P = "p"


def wording(ask: Limit, setting: Setting) -> Words:
    """The question in words."""
    of = setting.defined(ask.of)
    p = Count(Size(_P))
    ends: dict[str, Words] = {
        "1": (Relation(p, "=", Number(1)),),
        "infinity": (said.Grows(Size(_P)),),
    }
    told = ends.get(ask.to, (*ends["1"], " and for ", *ends["infinity"]))
    return ("What does ", of, " become, with any ", p, " as its exponent, for ", *told, "?")


def answer(ask: Limit, setting: Setting) -> Iterator[Part]:
    """The case p = 1, the limit with its proof, and numbers."""
    pooled = Pooled.asked(ask, setting)
    yield from pooled.introduced()
    if ask.to in ("1", "both"):
        yield from pooled.first()
    if ask.to in ("infinity", "both"):
        for k, variant in enumerate(ask.variants):
            if ask.signs in ("nonnegative", "both"):
                yield from pooled.squeezed(variant == "mean", k == 0)
        if ask.signs in ("any", "both"):
            yield from pooled.signed()
        yield from along(ask, setting, pooled.source, pooled.entries)


def _free(setting: Setting, *symbols: str) -> str:
    """The first of some symbols that the problem does not use."""
    p = setting.program
    taken = {t.symbol for t in (*p.given, *p.defined)} | {s.name for s in p.sizes}
    return next(s for s in symbols if s not in taken)


@dataclass(frozen=True, eq=False)
class Pooled:
    """The power sum over a window, with the exponent p, of entries that are not negative."""

    setting: Setting
    symbol: Tensor
    total: Sum
    ranges: tuple[Range, ...]
    program: Program

    @staticmethod
    def asked(ask: Limit, setting: Setting) -> Pooled:
        """The window and the exponent of the layer that a question is about."""
        of = setting.defined(ask.of)
        d = setting.engine(of).forward(of)
        found = over_places(d.result)
        power = next((g for g in subformulas(d.result) if isinstance(g, Power)), None)
        binder = None if found is None else found.binder
        fits = isinstance(binder, Sum) and isinstance(binder.body, Power) and power is not None
        if not fits or not isinstance(binder, Sum) or not isinstance(binder.body, Power):
            setting.fail(f"{of.name} is no sum of powers over a window; expected LP pooling", "of")
        p, x = Size(_P), binder.body.base
        if not isinstance(x, Component) or any(s.name == _P for s in setting.program.sizes):
            setting.fail(f"{of.name} is no sum of powers of the entries of an array", "of")
        total = Sum(Power(x, Count(p)), *binder.ranges, binder.condition)
        at = tuple(fresh("k") for _ in x.tensor.shape)
        fact = Relation(Number(0), "<=", x.tensor[at], axis_ranges(x.tensor, at))
        old = setting.program
        program = Program((*old.sizes, p), (x.tensor,), (), old.size_facts, (fact,))
        largest = Tensor("largest", _free(setting, "M", "m", r"\mu"), of.shape, of.base)
        indices = tuple(r.index for r in d.ranges)
        body = Max(x, *binder.ranges, binder.condition)
        program = replace(program, definitions=(Definition(largest, indices, body),))
        return Pooled(setting, of, total, d.ranges, program)

    # -- formulas --------------------------------------------------------------------------------

    @property
    def p(self) -> Formula:
        return Count(Size(_P))

    @property
    def x(self) -> Component:
        """The entry of the window."""
        assert isinstance(self.total.body, Power)
        assert isinstance(self.total.body.base, Component)
        return self.total.body.base

    @property
    def source(self) -> Tensor:
        return self.x.tensor

    @property
    def window(self) -> WindowSet:
        return WindowSet(self.total.ranges, self.total.condition)

    @cached_property
    def number(self) -> Formula:
        """How many entries the window has."""
        return number_of(self.total)

    @cached_property
    def entries(self) -> int | None:
        """The same as a number, where it is one for all windows."""
        n = self.number
        if isinstance(n, Count) and self.setting.is_numeric and not n.integer.indices:
            return self.setting.unroll.number(n.integer, {})
        return None

    def pooled(self, total: Formula, mean: bool) -> Formula:
        """The root of a power sum, or of its mean."""
        inside = Times(Power(self.number, Number(-1)), total) if mean else total
        return Power(inside, Power(self.p, Number(-1)))

    @property
    def count(self) -> OverWindow:
        """How many entries the window has, as it is printed."""
        return self._over(self.number)

    def verdict(
        self, left: Formula, relation: str, right: Formula, program: Program | None = None
    ) -> Verification:
        """The verdict at drawn sizes; or at those of the problem, if it needs them."""
        program = program or self.program
        found = verified(Verifier(program), left, relation, right, self.ranges)
        if found.holds:
            return found
        at_sizes = Verifier(program, fixed=self.setting.sizes)
        return verified(at_sizes, left, relation, right, self.ranges)

    # -- parts -----------------------------------------------------------------------------------

    def introduced(self) -> Iterator[Part]:
        """The names: the window, its entries, their number."""
        words: Words = ("let ", self.window, " be the window, which has ", self.count)
        words = (*words, " entries, ", self.p, " the exponent, and ", self.largest)
        yield Say((*words, " the largest entry:"), ranges=self.ranges)
        formula = OverWindow(self.pooled(self.total, False), self.window)
        left = self.symbol[tuple(r.index for r in self.ranges)]
        d = self.program.definitions[0]
        largest = Side(self._over(d.body))
        window = Row(self.window, (Side(replace(self.window, told=True)),))
        rows = (window, Row(left, (Side(formula),)), Row(self.largest, (largest,)))
        yield Lines(rows, self.ranges)

    def first(self) -> Iterator[Part]:
        """p = 1: the sum, which is N times the mean."""
        one = Number(1)
        plain = Sum(self.x, *self.total.ranges, self.total.condition)
        rows: list[Row] = []
        for mean in (False, True):
            inside: Formula = Sum(Power(self.x, one), *self.total.ranges, self.total.condition)
            after: Formula = plain
            if mean:
                inside, after = (Times(Power(self.number, Number(-1)), f) for f in (inside, after))
            raised = Power(inside, one)
            why: Words = ("the average",) if mean else (self.count, " times the average")
            told = Side(self._over(after), why, verdict=self.verdict(raised, "=", after))
            rows.append(Row(self._over(raised), (told,)))
        lead: Words = ("For ", Relation(self.p, "=", one))
        yield Say(("the powers and the root disappear:",), lead)
        yield Lines(tuple(rows), self.ranges)
        yield Say(
            (
                "So LP pooling is sum pooling, and average pooling where the sum is divided by ",
                *(self.count, "."),
            )
        )

    def _over(self, f: Formula) -> said.OverWindow:
        return OverWindow(f, self.window)

    # -- the limit -------------------------------------------------------------------------------

    def squeezed(self, mean: bool, first: bool) -> Iterator[Part]:
        """Bounds from both sides that come together, for entries that are not negative."""
        name = "The mean" if mean else "The sum"
        told: Words = ("let no entry be negative. Then, for every ", self.p, ",")
        yield Say(told, (f"{name} as ", self.p, " grows:"))
        low, high = self._below(mean), self._above(mean)
        rows = (self._row(low), self._row(high))
        yield Lines(rows, self.ranges)
        yield from self._closed(mean, first)

    def _row(self, bounds: list[Bound]) -> Row:
        sides = [
            Side(
                self._over(b.after),
                (b.reason,),
                b.relation,
                self.verdict(b.before, b.relation, b.after),
            )
            for b in bounds
        ]
        return Row(self._over(bounds[0].before), tuple(sides))

    @property
    def largest(self) -> Formula:
        """The largest entry, by its name."""
        return self.program.definitions[0].left

    def named(self, f: Formula) -> Formula:
        """`f` with the name of the largest entry in the place of the maximum."""
        return replaced(f, self.program.definitions[0].body, self.largest)

    def _below(self, mean: bool) -> list[Bound]:
        """The largest entry, or a multiple of it, is at most the pooled value."""
        power = self.named(one_term(self.total))
        root = self.pooled(power, mean)
        plain = without_root(root, Size(_P))
        assert plain is not None
        pooled = self.pooled(self.total, mean)
        return [
            Bound(plain, "=", root, "the p-th root of the p-th power"),
            Bound(root, "<=", pooled, "one of the terms is the largest; none is negative"),
        ]

    def _above(self, mean: bool) -> list[Bound]:
        """The pooled value is at most a multiple of the largest entry."""
        pooled = self.pooled(self.total, mean)
        most = self.named(largest_entry(self.total))
        assert isinstance(most, Sum)
        raised = self.pooled(most, mean)
        counted = replaced(raised, most, equal_terms(most, self.number))
        found = [
            Bound(pooled, "<=", raised, "no entry is above the largest; powers and roots increase"),
            Bound(raised, "=", counted, "all terms are alike"),
        ]
        if mean:
            counted = Power(most.body, Power(self.p, Number(-1)))
            found[-1] = Bound(raised, "=", counted, "the mean of equal terms")
        plain = without_root(counted, Size(_P))
        assert plain is not None
        return [*found, Bound(counted, "=", plain, "the p-th root of the p-th power")]

    def _closed(self, mean: bool, first: bool) -> Iterator[Part]:
        """N^{1/p} tends to 1, so both bounds tend to the largest entry."""
        yield from self._root_of_number() if first else ()
        pooled, largest = self.pooled(self.total, mean), self.largest
        top = bernoulli(self.number, self.p)
        gap = Times(top.after, largest) - largest
        distance = largest - pooled if mean else pooled - largest
        verdict = self.verdict(distance, "<=", gap)
        limit = said.Limit(self._over(pooled), Size(_P))
        told = Side(largest, ("between two bounds that meet",), verdict=verdict)
        yield Say(("So both bounds tend to the largest entry, and",))
        yield Lines((Row(limit, (told,)),), self.ranges)

    def _root_of_number(self) -> Iterator[Part]:
        n, p = self.number, self.p
        root = Power(n, Power(p, Number(-1)))
        top = bernoulli(n, p)
        one = Number(1)
        yield Say(("It remains to see that ", self._over(root), " tends to 1 as ", p, " grows:"))
        why: Words = ("a root of a number that is at least 1",)
        lower = Side(self._over(root), why, "<=", self.verdict(one, "<=", root))
        bound = self._over(top.after)
        upper = Side(bound, (top.reason,), "<=", self.verdict(root, "<=", top.after))
        yield Lines((Row(one, (lower, upper)),), self.ranges)

    def signed(self) -> Iterator[Part]:
        """Entries of any sign, for even p: the same with their absolute values."""
        half = Size(_free(self.setting, "q", "k", "h"))
        p = Count(Int.of(half) * 2)
        ranges, condition = self.total.ranges, self.total.condition
        sizes = (*self.setting.program.sizes, half)
        program = Program(sizes, (self.source,), (), self.program.size_facts)
        root, size = Power(p, Number(-1)), Apply("abs", self.x)
        plain = Power(Sum(Power(self.x, p), *ranges, condition), root)
        absolute = Power(Sum(Power(size, p), *ranges, condition), root)
        verdict = self.verdict(plain, "=", absolute, program)
        told: Words = ("only even exponents make sense; let ", Relation(self.p, "=", p), ". Then")
        yield Say(told, ("Entries of any sign:",))
        why: Words = ("even powers do not see the sign",)
        side = Side(self._over(absolute), why, verdict=verdict)
        yield Lines((Row(self._over(plain), (side,)),), self.ranges)
        largest = Max(size, *ranges, condition)
        yield Say(("and, as the absolute values are not negative, by the same bounds",))
        most = Times(Power(self.number, root), largest)
        yield Lines((self._between(largest, absolute, most, program),), self.ranges)
        yield Say(("so that the limit is the largest absolute value, not the largest entry.",))

    def _between(self, low: Formula, f: Formula, high: Formula, program: Program) -> Row:
        """low ≤ f ≤ high."""
        first = self.verdict(low, "<=", f, program)
        second = self.verdict(f, "<=", high, program)
        sides = (Side(self._over(f), (), "<=", first), Side(self._over(high), (), "<=", second))
        return Row(self._over(low), sides)
