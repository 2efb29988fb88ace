"""Displays: a derivation as aligned lines, each with its reason and a link to what it uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from derive.derivation.program import Program
from derive.derivation.step import Derivation, Step
from derive.document import layout
from derive.document.describe import joined
from derive.document.math import Math
from derive.document.model import Display, Equation, Line, Mark, Reference, line
from derive.document.notation import Names, Notation
from derive.ir import Component, Derivative, Formula, Range, Tensor, subformulas, tensors

_LONG = 120  # nodes; what is longer is shown only in its final form


def label(kind: str, *tensors: Tensor) -> str:
    """The label of an equation: what it derives and of what."""
    return ":".join((kind, *(t.name for t in tensors)))


@dataclass(frozen=True)
class Displays:
    """Makes displays for one document: its notation, its detail, the labels it has.

    `instead` has other labels for what is derived a second time.
    """

    program: Program
    notation: Notation
    full: bool
    labels: frozenset[str]
    mark: Callable[[Derivation], Mark | None]
    instead: Mapping[str, str] = field(default_factory=dict)

    def ranges(self, ranges: Sequence[Range]) -> Line:
        """`For n = 1, ..., 64; i, j = 1, ..., 24,`: what the free indices run over."""
        return ranges_of(ranges, self.notation)

    def result(self, d: Derivation, name: str) -> Display:
        """Start and result in one line."""
        names = self._names(d, (d.result,))
        return Display(
            (
                Equation(
                    layout.formula(d.start, names),
                    layout.formula(d.result, names),
                    mark=self.mark(d),
                    label=name,
                ),
            ),
            name,
        )

    def chain(self, d: Derivation, name: str, after: int = 0) -> Display:
        """The start and, from step `after` on, what it is equal to, line by line."""
        shown = self._shown(d.steps[after:])
        names = self._names(d, [s.after for s in shown])
        lines: dict[Math, Step] = {}
        for s in shown:  # a step that only reorders what is printed anyway needs no line
            lines.setdefault(layout.formula(s.after, names), s)
        last = len(lines) - 1
        equations = [
            Equation(
                layout.formula(d.start, names) if k == 0 else None,
                right,
                reason=self._reason(s, d.start),
                mark=self.mark(d) if k == last else None,
                label=name if k == last else "",
            )
            for k, (right, s) in enumerate(lines.items())
        ]
        return Display(tuple(equations), name)

    def _names(self, d: Derivation, formulas: Iterable[Formula]) -> Names:
        return Names.of((d.start, *formulas), d.ranges, self.notation)

    def _shown(self, steps: Sequence[Step]) -> Sequence[Step]:
        """The lines of a display: what goes without saying is joined to the line before.

        In brief, and where a formula is long, what lies between the first line and the result
        is left out.
        """
        told: list[Step] = []
        for s in steps:
            quiet = told and (not s.reason or _is_long(told[-1].after))
            told[-1:] = [_together(told[-1], s)] if quiet else [*told[-1:], s]
        if self.full or len(told) < 3:
            return told
        first = [told[0]] if told[0].rule == "chain rule" else []
        rest = told[len(first) :]
        return [*first, Step(rest[0].before, rest[-1].after, "result", rest[-1].reason)]

    def _reason(self, s: Step, start: Formula) -> Line:
        """Why a line is true, with the numbers of the equations that it uses."""
        known = (self.instead.get(x, x) for x in self._used(s, start))
        used = [x for x in known if x in self.labels]
        references = joined([(Reference(x),) for x in used])
        if s.rule == "definition":
            return (*line("by "), *references) if used else line("by definition")
        if s.rule == "insert":
            return (*line("insert "), *references) if used else line("insert the Jacobian")
        if s.rule == "compose":
            return (*line("with "), *references) if used else line("insert the definitions")
        if s.rule == "substitute":
            return (*line("with "), *references) if used else line("insert the cotangents")
        return line(s.reason)

    def _used(self, s: Step, start: Formula) -> list[str]:
        if s.rule == "definition" and isinstance(start, Derivative):
            return [label("forward", of.tensor) for of in (start.of,) if isinstance(of, Component)]
        found = [g for g in subformulas(s.before) if isinstance(g, Derivative)]
        if s.rule == "insert":
            edges = [(g.of.tensor, g.by.tensor) for g in found if isinstance(g.of, Component)]
            return list(
                dict.fromkeys(label("jacobian", *e) for e in edges if e[0] != self.program.loss)
            )
        if s.rule == "compose":
            gone = tensors(s.before) - tensors(s.after)
            return [label("forward", t) for t in self.program.defined if t in gone]
        if s.rule == "substitute":
            return list(dict.fromkeys(label("expanded", g.by.tensor) for g in found))
        return []


def ranges_of(ranges: Sequence[Range], notation: Notation) -> Line:
    """`For n = 1, ..., 64; i, j = 1, ..., 24,`; nothing where there are no ranges."""
    if not ranges:
        return ()
    names = Names.of((), tuple(ranges), notation)
    told = joined([line(x) for x in layout.ranges(ranges, names)], "; ", "; ")
    return (*line("For "), *told, *line(","))


def _together(s: Step, t: Step) -> Step:
    return Step(s.before, t.after, s.rule, s.reason)


def _is_long(f: Formula) -> bool:
    return sum(1 for _ in subformulas(f)) > _LONG
