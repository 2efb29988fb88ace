"""Whether a function that is applied to every entry commutes with a maximum over windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from derive.derivation.program import Program
from derive.engine.calculate import Calculator
from derive.engine.places import over_places
from derive.ir import (
    FUNCTIONS,
    Apply,
    Component,
    Formula,
    Function,
    Greatest,
    Max,
    Number,
    Range,
    Tensor,
    fresh,
    substitute,
)
from derive.network.ask import Commute
from derive.network.names import is_symbol
from derive.questions.monotone import DRAWS, for_all_monotone
from derive.questions.parts import (
    Lines,
    OverWindow,
    Part,
    Row,
    Say,
    Side,
    Symbol,
    Typed,
    WindowSet,
    Words,
    Written,
)
from derive.questions.setting import Setting, result, verified
from derive.verify.verdict import REFUTED, Verification
from derive.verify.verify import Verifier


def wording(ask: Commute, setting: Setting) -> Words:
    """The question in words."""
    case = Case.asked(ask, setting)
    return (
        *("Does ", case.name, ", applied to every entry, commute with ", case.of),
        *(f", if the function is {ask.monotone}?" if not case.known else "?",),
    )


def answer(ask: Commute, setting: Setting) -> Iterator[Part]:
    """The proof from both sides for a rising function, the counterexample for a falling one."""
    case = Case.asked(ask, setting)
    yield from case.introduced()
    if case.falling:
        yield from case.fails()
        return
    if case.known and case.refuted():
        yield from case.refutation(ask.decimals)
        return
    yield from case.bounds()
    yield from case.chain()
    if not case.known:
        yield from case.drawn()
        yield from case.instance()
        yield from replace(case, falling=True).fails()


@dataclass(frozen=True, eq=False)
class Case:
    """A maximum over windows of one array, and a function of one argument."""

    setting: Setting
    of: Tensor
    maximum: Max
    ranges: tuple[Range, ...]
    function: str
    falling: bool

    @staticmethod
    def asked(ask: Commute, setting: Setting) -> Case:
        """The maximum and the function of a question."""
        of = setting.defined(ask.of)
        d = setting.engine(of).forward(of)
        found = over_places(d.result)
        fits = found is not None and isinstance(found.binder, Max) and found.formula == found.binder
        if not fits or found is None or not isinstance(found.binder, Max):
            setting.fail(f"{of.name} is no maximum over windows; expected max pooling", "of")
        if not isinstance(found.binder.body, Component):
            setting.fail(f"{of.name} is no maximum of the entries of an array", "of")
        if ask.function not in FUNCTIONS and not is_symbol(ask.function):
            setting.fail(f"“{ask.function}” is no symbol of a function", "function")
        falling = ask.monotone == "nonincreasing" and ask.function not in FUNCTIONS
        return Case(setting, of, found.binder, d.ranges, ask.function, falling)

    @property
    def known(self) -> bool:
        """Whether the function is one of the table: relu, tanh, ..."""
        return self.function in FUNCTIONS

    @property
    def name(self) -> Typed | Symbol:
        """What the function is called."""
        return Typed(self.function) if self.known else Symbol(self.function)

    @property
    def x(self) -> Component:
        assert isinstance(self.maximum.body, Component)
        return self.maximum.body

    @property
    def window(self) -> WindowSet:
        return WindowSet(self.maximum.ranges, self.maximum.condition)

    def applied(self, f: Formula) -> Formula:
        """σ(f)."""
        return Apply(Function(self.function), f)

    def over(self, body: Formula) -> Max:
        """The maximum of another body over the same window."""
        return Max(body, *self.maximum.ranges, self.maximum.condition)

    def verdict(self, left: Formula, relation: str, right: Formula) -> Verification:
        """The verdict for the known function, or for all that are monotone."""
        program = self.setting.program
        given = Program(program.sizes, (self.x.tensor,), (), program.size_facts, program.facts)
        verifier = Verifier(given)
        if self.known:
            return verified(verifier, left, relation, right, self.ranges)
        return for_all_monotone(
            verifier, left, relation, right, self.function, self.falling, self.ranges
        )

    # -- parts -----------------------------------------------------------------------------------

    def introduced(self) -> Iterator[Part]:
        """The window and the two orders."""
        told = replace(self.window, told=True)
        yield Say(
            (
                "the window is ",
                told,
                ", and",
            ),
            ranges=self.ranges,
        )
        left = self.of[tuple(r.index for r in self.ranges)]
        yield Lines((Row(left, (Side(OverWindow(self.maximum, self.window)),)),), self.ranges)
        verb = "never rises" if self.falling else "never falls"
        if not self.known:
            yield Say(
                (
                    "The function ",
                    self.name,
                    f" {verb} as its argument grows; nothing else is known of it.",
                )
            )

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
        inner, outer = self.over(self.applied(self.x)), self.applied(self.maximum)
        at = {i: fresh(i) for i in self.maximum.bound}
        entry = substitute(self.x, at)
        own = tuple(
            Range(at[r.index], *substitute(r, at).args[1:])  # type: ignore[arg-type]
            for r in self.maximum.ranges
        )
        everywhere = (*self.ranges, *own)
        case = replace(self, ranges=everywhere)
        reason: Words = ("no entry is above the largest, and the function never falls",)
        first = Side(outer, reason, "<=", case.verdict(self.applied(entry), "<=", outer))
        yield Say(("For every entry of the window",), ranges=())
        yield Lines((Row(self.applied(entry), (first,)),), everywhere)
        yield Say(
            (
                "so the largest of these values is at most that, too; and the largest entry is "
                "itself an entry of the window, so that its value is one of them:",
            )
        )
        rows = (
            Row(
                self._told(inner),
                (Side(outer, ("no value is above",), "<=", self.verdict(inner, "<=", outer)),),
            ),
            Row(
                outer,
                (
                    Side(
                        self._told(inner),
                        ("one of the values is that of the largest entry",),
                        "<=",
                        self.verdict(outer, "<=", inner),
                    ),
                ),
            ),
        )
        yield Lines(rows, self.ranges)

    def _told(self, f: Formula) -> OverWindow:
        return OverWindow(f, self.window)

    def chain(self) -> Iterator[Part]:
        """The chain from one order to the other."""
        outer = self.applied(self.of[tuple(r.index for r in self.ranges)])
        opened, inner = self.applied(self.maximum), self.over(self.applied(self.x))
        yield Say(("together,",), ranges=self.ranges)
        sides = (
            Side(self._told(opened), ("definition of ", self.of)),
            Side(
                self._told(inner),
                ("from both bounds",),
                verdict=self.verdict(opened, "=", inner),
            ),
        )
        yield Lines((Row(outer, sides),), self.ranges)
        yield Say(("which is the maximum over the window after the function: they commute.",))

    def instance(self) -> Iterator[Part]:
        """ReLU, which never falls."""
        relu = replace(self, function="relu")
        left, right = relu.applied(self.maximum), relu.over(relu.applied(self.x))
        verdict = relu.verdict(left, "=", right)
        yield Say(("the function max(x, 0) never falls, so",), "For example,")
        told = Side(self._told(right), ("ReLU",), verdict=verdict)
        yield Lines((Row(self._told(left), (told,)),), self.ranges)

    def refuted(self) -> bool:
        """Whether the known function does not commute."""
        inner = self.over(self.applied(self.x))
        return self.verdict(self.applied(self.maximum), "=", inner).status == REFUTED

    def refutation(self, decimals: int) -> Iterator[Part]:
        """Two entries of which the larger one has the smaller value."""
        calculator = Calculator(Program((), (), ()), {}, {})
        verifier = Verifier(Program((), (), ()))
        pairs = ((a, b) for b in range(-3, 4) for a in range(-4, b))
        for a, b in pairs:
            entries = Number(a), Number(b)
            values = [self.applied(e) for e in entries]
            if calculator.value(values[0]) > calculator.value(values[1]):
                break
        else:
            return
        told: Words = ("the function is not nondecreasing. In a window with the entries ",)
        yield Say((*told, entries[0], " and ", entries[1], " only,"), "They do not commute:")
        rows = []
        for f in (self.applied(Greatest(*entries)), Greatest(*values)):
            value = calculator.value(f)
            rows.append(Row(Written(f), (result(verifier, f, value, decimals),), inline=True))
        yield Lines(tuple(rows))

    def fails(self) -> Iterator[Part]:
        """A function that falls: the largest entry has the smallest value."""
        yield Say(
            (
                "a function that falls does not commute. With the opposite, in a window that has "
                "the entries 0 and 1 and no others,",
            ),
            "In contrast,",
        )
        zero, one = Number(0), Number(1)
        yield Lines((*self._opposite(zero, one),))

    def _opposite(self, *entries: Number) -> Iterator[Row]:
        """-max(0, 1) and max(-0, -1)."""
        verifier = Verifier(Program((), (), ()))
        largest = max(e.value for e in entries)
        smallest = max(-e.value for e in entries)
        before = -Greatest(*entries)
        after = Greatest(*(Number(-e.value) for e in entries))
        for f, value in ((before, -largest), (after, smallest)):
            shown = Number(value)
            yield Row(f, (Side(shown, verdict=verified(verifier, f, "=", shown)),), inline=True)
