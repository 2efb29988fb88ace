"""Whether a function that is applied to every entry commutes with pooling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from derive.check.diagnose import difference
from derive.derivation.program import Program
from derive.ir import Component, Formula, Number, Range, Relation, fresh, substitute
from derive.network.ask import Commute
from derive.questions import commute_mean
from derive.questions.applied import Applied
from derive.questions.monotone import DRAWS, for_all_monotone
from derive.questions.parts import Lines, Part, Row, Say, Side, Words
from derive.questions.pooled import Kind, Pooled
from derive.questions.setting import Setting, verified
from derive.questions.two_entries import TwoEntries, falls
from derive.verify.verdict import REFUTED, Verification
from derive.verify.verify import Verifier


def wording(ask: Commute, setting: Setting) -> Words:
    """The question in words."""
    case = Case.asked(ask, setting)
    told = "" if case.function.known else f", if the function is {ask.monotone}"
    return (
        *("Does ", case.function.name, ", applied to every entry, commute with ", case.pool.name),
        f"{told}?",
    )


def answer(ask: Commute, setting: Setting) -> Iterator[Part]:
    """A proof from both sides for a rising function and an extreme; else what is true instead."""
    case = Case.asked(ask, setting)
    yield from case.introduced()
    if case.pool.kind is Kind.MEAN:
        yield from commute_mean.answer(case.pool, case.function, setting, ask.decimals)
    elif case.falling:
        yield from case.fails("Not in general:")
    elif case.function.known and case.verdict(*case.both).status == REFUTED:
        yield from case.refutation(ask.decimals)
    else:
        yield from case.bounds()
        yield from case.chain()
        if not case.function.known:
            yield from case.drawn()
            yield from case.instance()
            yield from case.fails("In contrast,")


@dataclass(frozen=True, eq=False)
class Case:
    """Pooling of one array, and a function of one argument."""

    setting: Setting
    pool: Pooled
    function: Applied
    falling: bool

    @staticmethod
    def asked(ask: Commute, setting: Setting) -> Case:
        """The pooling and the function of a question."""
        pool = Pooled.asked(setting.defined(ask.of), setting)
        function = Applied.asked(ask.function, setting)
        falling = ask.monotone == "nonincreasing" and not function.known
        return Case(setting, pool, function, falling)

    @property
    def both(self) -> tuple[Formula, str, Formula]:
        """The function after pooling, and pooling after the function."""
        return (
            *(self.function.of(self.pool.formula), "="),
            self.pool.over(self.function.of(self.pool.read)),
        )

    def verdict(
        self, left: Formula, relation: str, right: Formula, more: tuple[Range, ...] = ()
    ) -> Verification:
        """The verdict for the known function, or for all that are monotone."""
        program, ranges = self.setting.program, (*self.pool.ranges, *more)
        read = (self.pool.read.tensor,)
        given = Program(program.sizes, read, (), program.size_facts, self._facts)

        def found(verifier: Verifier) -> Verification:
            if self.function.known:
                return verified(verifier, left, relation, right, ranges)
            symbol, falling = self.function.symbol, self.falling
            return for_all_monotone(verifier, left, relation, right, symbol, falling, ranges)

        everywhere = found(Verifier(given))
        return everywhere if everywhere.holds else found(Verifier(given, fixed=self.setting.sizes))

    @property
    def _facts(self) -> tuple[Relation, ...]:
        """What is known of the entries that are pooled."""
        return self.setting.facts_of(self.pool.read.tensor)

    # -- parts -----------------------------------------------------------------------------------

    def introduced(self) -> Iterator[Part]:
        """The window, what is pooled, and the function."""
        pool = self.pool
        told = replace(pool.window, told=True)
        yield Say(("the window is ", told, ", and"), ranges=pool.ranges)
        yield Lines((Row(pool.left, (Side(pool.told(pool.formula)),)),), pool.ranges)
        yield from self.function.told()
        if not self.function.known and pool.kind is not Kind.MEAN:
            verb = "never rises" if self.falling else "never falls"
            words = ("The function ", self.function.name, f" {verb} as its argument grows; ")
            yield Say((*words, "nothing else is known of it."))

    def drawn(self) -> Iterator[Part]:
        """What was evaluated where the function is unknown."""
        yield Say(
            (
                f"What is said of all such functions was evaluated with {DRAWS} of them, ",
                "piecewise linear and drawn: on finitely many entries every such function agrees "
                "with one of that kind.",
            )
        )

    def bounds(self) -> Iterator[Part]:
        """Each side is at most the other."""
        pool, largest = self.pool, self.pool.kind is Kind.LARGEST
        outer, _, inner = self.both
        where = " on the values that the entries may have" if self._falls_elsewhere else ""
        beyond = "above the largest" if largest else "below the smallest"
        entry, own = self._entry()
        value = self.function.of(entry)
        why = f"no entry is {beyond}, and the function never falls{where}"
        yield Say(("For every entry of the window",))
        low, high = (value, outer) if largest else (outer, value)
        yield Lines((self._at_most(low, high, why, own),), (*pool.ranges, *own))
        kind, bound = pool.kind.value, "at most" if largest else "at least"
        yield Say(
            (
                f"so the {kind} of these values is {bound} that, too; and the {kind} entry is "
                "itself an entry of the window, so that its value is one of them:",
            )
        )
        one = f"one of the values is that of the {kind} entry"
        none = "no value is above" if largest else "no value is below"
        reasons = (none, one) if largest else (one, none)
        pairs = zip(((inner, outer), (outer, inner)), reasons, strict=True)
        yield Lines(tuple(self._at_most(*sides, why) for sides, why in pairs), pool.ranges)

    def _at_most(self, low: Formula, high: Formula, why: str, more: tuple[Range, ...] = ()) -> Row:
        """low ≤ high."""
        verdict = self.verdict(low, "<=", high, more)
        if more:
            return Row(low, (Side(high, (why,), "<=", verdict),))
        return Row(self.pool.told(low), (Side(self.pool.told(high), (why,), "<=", verdict),))

    def _entry(self) -> tuple[Component, tuple[Range, ...]]:
        """An entry of the window with indices of its own, and their ranges."""
        ranges = self.pool.binder.ranges
        at = {r.index: fresh(r.index) for r in ranges}
        own = tuple(
            Range(at[r.index], *substitute(r, at).args[1:])  # type: ignore[arg-type]
            for r in ranges
        )
        return substitute(self.pool.read, at), own

    @property
    def _falls_elsewhere(self) -> bool:
        return self.function.known and falls(self.function.of) is not None

    def chain(self) -> Iterator[Part]:
        """The chain from one order to the other."""
        pool = self.pool
        outer, _, inner = self.both
        yield Say(("together,",), ranges=pool.ranges)
        sides = (
            Side(pool.told(outer), ("definition of ", pool.of)),
            Side(pool.told(inner), ("from both bounds",), verdict=self.verdict(outer, "=", inner)),
        )
        yield Lines((Row(self.function.of(pool.left), sides),), pool.ranges)
        yield Say((f"which is the {pool.kind.value} of the values in the window: they commute.",))

    def instance(self) -> Iterator[Part]:
        """ReLU, which never falls."""
        relu = replace(self, function=Applied.table("relu"))
        left, _, right = relu.both
        yield Say(("the function max(x, 0) never falls, so",), "For example,")
        told = Side(self.pool.told(right), ("ReLU",), verdict=relu.verdict(left, "=", right))
        yield Lines((Row(self.pool.told(left), (told,)),), self.pool.ranges)

    def refutation(self, decimals: int) -> Iterator[Part]:
        """Two entries of which the larger one has the smaller value."""
        pair = falls(self.function.of, self._facts)
        if pair is None:
            found = self.verdict(*self.both).counterexample
            yield Say((f"{difference(found, '=')}.",), "They do not commute:")
            return
        told = "the function is not nondecreasing. In a window with the entries "
        entries = TwoEntries(self.pool.kind, pair)
        yield Say((told, pair[0], " and ", pair[1], " only,"), "They do not commute:")
        yield from entries.told(self.function.of, decimals)

    def fails(self, lead: str) -> Iterator[Part]:
        """A function that falls: the largest entry has the smallest value."""
        told = "a function that falls need not commute. With the opposite, in a window with the "
        yield Say((f"{told}entries 0 and 1 only,",), lead)
        yield from TwoEntries(self.pool.kind, (Number(0), Number(1))).told(_opposite, 0)


def _opposite(f: Formula) -> Formula:
    return Number(-f.value) if isinstance(f, Number) else -f
