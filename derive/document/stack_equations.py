"""Displays of what was derived about a stack: equations of arrays of any level, line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from derive.derivation.step import Derivation, Step
from derive.document import layout, levels
from derive.document.arrays import as_arrays
from derive.document.displays import Displays
from derive.document.math import Comma, Math, Name, Numeral, Relation, Sign, row
from derive.document.model import Block, Display, Equation, Line, Mark, Reference, line
from derive.document.notation import Names, Notation, parse_name
from derive.engine.layers import Layers
from derive.engine.matrix.form import ArrayForm, array_form
from derive.ir import Element, Formula, Tensor
from derive.ir.family import Level
from derive.ir.levels import at_levels


@dataclass(frozen=True)
class StackEquations:
    """Makes the displays of one document; `mark` says what verification says of a derivation."""

    layers: Layers
    found: Mapping[str, Derivation]
    mark: Callable[[Derivation], Mark | None]
    full: bool

    @cached_property
    def notation(self) -> Notation:
        """No index has the letter of a level, nor that of a family or an extent."""
        s = self.layers
        known = (*s.below.given, *s.below.defined)
        levels = (s.letter, s.count, s.product_letter)
        symbols = (*(t.symbol for t in known), *(d.name for d in s.below.sizes), *levels)
        taken = frozenset(Name(parse_name(x).base) for x in symbols)
        made = Notation.of(s.below, numbers=True)
        return replace(made, taken=made.taken | taken)

    @cached_property
    def displays(self) -> Displays:
        return Displays(self.layers.layer, self.notation, self.full, frozenset(), self.mark)

    def at(self, t: Tensor, level: Level) -> Tensor:
        return at_levels(t, {self.layers.letter: level})

    def span(self, low: int, high: Level) -> Math:
        """ℓ = 1, …, L-1"""
        letter = parse_name(self.layers.letter)
        ends = (Numeral(str(low)), Comma(), Sign("dots"), Comma(), levels.level(high))
        return row(letter, Relation("="), *ends)

    def one_wide(self, t: Tensor) -> Line:
        """n_L = 1"""
        width = layout.extent(t.shape[0], Names.of(t.shape, (), self.notation))
        return line(row(width, Relation("="), Numeral("1")))

    def defined(self, d: Derivation, where: Math | None) -> Equation:
        """A definition as an equation of arrays."""
        reason = line("for ", where) if where is not None else ()
        form = array_form(d, lambda t: "shape").derivation
        shown = d if form is None else form
        spell = layout.formula if form is None else _side
        names = Names.of((shown.start, shown.result), shown.ranges, self.notation)
        left, right = (spell(f, names) for f in (shown.start, shown.result))
        return Equation(left, right, reason=reason)

    def as_arrays(self, name: str) -> Iterator[Block]:
        """A result in whole arrays, where it has that form."""
        d = self.found.get(name)
        if d is not None:
            yield from as_arrays(ArrayForm(d), label(name), self.notation, self.mark)

    def arrays(self, name: str, brief: bool = False) -> Display:
        """A chain of equations between arrays, line by line; where there are none, of entries.

        In `brief`, just its ends.
        """
        d = self.found[name]
        shown = list(d.steps[-1:] if brief else d.steps)
        if _is_whole(d.result, d.start):
            shown = [s for s in shown if _is_whole(s.after, d.start)]
        names = Names.of((d.start, *(s.after for s in shown)), d.ranges, self.notation)
        whole = all(_is_whole(f, d.start) for f in (d.start, *(s.after for s in shown)))
        spell = _side if whole else layout.formula
        lines: dict[Math, Step] = {}
        for s in shown:
            at = spell(s.after, names)
            if not s.reason and lines:
                last = list(lines)[-1]
                lines[at] = lines.pop(last)
                continue
            lines.setdefault(at, s)
        equations = [
            Equation(
                spell(d.start, names) if k == 0 else None,
                right,
                reason=self._reason(s),
                mark=self.mark(d) if k == len(lines) - 1 else None,
                label=label(name) if k == len(lines) - 1 else "",
            )
            for k, (right, s) in enumerate(lines.items())
        ]
        return Display(tuple(equations), name)

    def _reason(self, s: Step) -> Line:
        """Why a line is true, with the number of the equation that it uses."""
        of = self.layers
        used = {
            "insert": f"arrays by {of.before.name}",
            "base": f"arrays by {self.at(of.before, Level(of.count)).name}",
            "hypothesis": "product",
            "product": "product",
        }.get(s.rule)
        if used is None or used not in self.found:
            return line(s.reason)
        words = {"insert": "insert ", "base": "by ", "hypothesis": "by the induction hypothesis "}
        return line(words.get(s.rule, "insert "), Reference(label(used)))


def label(name: str) -> str:
    """The label of the equation that is a result."""
    return f"stack:{name}"


def _is_whole(f: Formula, start: Formula) -> bool:
    """Whether a formula is an entry of an array at the indices of `start`."""
    return isinstance(f, Element) and isinstance(start, Element) and f.indices == start.indices


def _side(f: Formula, names: Names) -> Math:
    assert isinstance(f, Element)
    return layout.whole(f.whole, names)
