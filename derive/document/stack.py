"""The document about a stack of layers: one layer of any level, then all of them by induction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from derive.derivation.step import Derivation, Step
from derive.document import layout, levels
from derive.document.arrays import as_arrays
from derive.document.describe import joined, shape_of
from derive.document.displays import Displays, ranges_of
from derive.document.math import Comma, Math, Name, Numeral, Relation, Sign, row
from derive.document.model import (
    Block,
    BulletList,
    Display,
    Document,
    Equation,
    Line,
    Mark,
    Paragraph,
    Reference,
    Section,
    Subsection,
    Summary,
    line,
)
from derive.document.notation import Names, Notation, parse_name
from derive.engine.layers import Layers, Result
from derive.engine.matrix.form import ArrayForm, array_form
from derive.ir import Element, Formula, Slope, Tensor, Transposed, Whole
from derive.ir.family import Level, at_levels, member


@dataclass(frozen=True)
class StackNarrator:
    """Tells what was derived about a stack; `mark` says what verification says of a derivation."""

    title: str
    layers: Layers
    results: tuple[Result, ...]
    mark: Callable[[Derivation], Mark | None]
    full: bool = True
    functions: tuple[str, ...] = ()
    summary: tuple[tuple[Mark, int, Line], ...] = ()

    @cached_property
    def found(self) -> Mapping[str, Derivation]:
        return {r.name: r.derivation for r in self.results}

    @cached_property
    def notation(self) -> Notation:
        return Notation.of(self.layers.below, numbers=True)

    @cached_property
    def displays(self) -> Displays:
        return Displays(self.layers.layer, self.notation, self.full, frozenset(), self.mark)

    @property
    def special(self) -> bool:
        return self.layers.highest != Level(self.layers.count)

    def document(self) -> Document:
        """The whole solution."""
        s = self.layers
        blocks = [*self._given(), *self._layer()]
        if self.special:
            blocks += self._last()
        blocks += self._induction()
        blocks.append(Section("The parameters of a layer"))
        for t in s.parameters:
            blocks += self._parameter(t)
        if self.summary:
            blocks += [Section("Verification"), Paragraph(self._how()), Summary(self.summary)]
        return Document(self.title or "A stack of layers", tuple(blocks))

    # -- levels ------------------------------------------------------------------------------------

    def _levels(self, low: int, high: Level) -> Math:
        """ℓ = 1, …, L-1"""
        letter = parse_name(self.layers.letter)
        ends = (Numeral(str(low)), Comma(), Sign("dots"), Comma(), levels.level(high))
        return row(letter, Relation("="), *ends)

    def _at(self, t: Tensor, level: Level) -> Tensor:
        return at_levels(t, {self.layers.letter: level})

    # -- what is given -----------------------------------------------------------------------------

    def _given(self) -> Iterator[Block]:
        s = self.layers
        first = self._at(s.here, Level("", 0))
        yield Section("Given")
        arrays = joined([line(shape_of(t, self.notation)) for t in s.parameters])
        count = parse_name(s.count)
        yield Paragraph(
            line(
                *("A stack of ", count, " layers, ", count, " a positive integer. It reads "),
                *(shape_of(first, self.notation), ". "),
                *("Layer ", parse_name(s.letter), " has the parameters "),
                *(*arrays, ", and gives ", shape_of(s.here, self.notation), ":"),
            )
        )
        yield Display(tuple(self._definitions()))
        yield Paragraph(
            line("All widths are positive integers, and any two of them may differ. ")
            + self._functions()
        )
        yield Subsection(line("Notation and conventions"))
        yield BulletList(
            (
                line(
                    "A Jacobian has a row for each entry of what is differentiated and a column "
                    "for each entry of the variable; for a matrix as variable it has three axes."
                ),
                line(
                    "A product over layers has the highest layer first, as its levels are listed; "
                    "where the last level named is above the first it is the identity matrix."
                ),
                line(
                    "Indices at the foot of an array fix its first axes; a colon leaves an axis as "
                    "it is. A row that is fixed in this way is written as a column."
                ),
                line(
                    "The Kronecker delta ", Name(r"\delta", mark="ij"), " is 1 where i = j, else 0."
                ),
            )
        )

    def _definitions(self) -> Iterator[Equation]:
        """The layers as equations of arrays."""
        s = self.layers
        for d in s.layer.definitions[:-1]:
            yield self._defined(self.found[f"forward of {d.tensor.name}"], None)
        yield self._defined(self.found["forward"], self._levels(1, s.highest))
        if self.special:
            yield self._defined(self.found["forward of the last"], None)

    def _defined(self, d: Derivation, where: Math | None) -> Equation:
        reason = line("for ", where) if where is not None else ()
        form = array_form(d, lambda t: "shape").derivation
        if form is None:
            names = Names.of((d.start, d.result), d.ranges, self.notation)
            sides = [layout.formula(f, names) for f in (d.start, d.result)]
            return Equation(sides[0], sides[1], reason=reason)
        names = Names.of((form.start, form.result), form.ranges, self.notation)
        left, right = (_side(f, names) for f in (form.start, form.result))
        return Equation(left, right, reason=reason)

    def _functions(self) -> Line:
        if not self.functions:
            return ()
        names = joined([line(parse_name(f)) for f in self.functions])
        verb = " is any smooth function" if len(self.functions) == 1 else " are smooth functions"
        each = ", applied to each entry; a prime is its derivative."
        return line(*names, verb + each)

    # -- one layer ---------------------------------------------------------------------------------

    def _layer(self) -> Iterator[Block]:
        s = self.layers
        yield Section("One layer")
        where = line("For ", self._levels(1, s.highest), ", entry by entry,")
        yield Paragraph(where)
        for d in s.layer.definitions:
            name = "forward" if d.tensor == s.here else f"forward of {d.tensor.name}"
            yield self.displays.result(self.found[name], name)
        for t in (s.before, *s.parameters):
            yield from self._jacobian(s.here, t)

    def _last(self) -> Iterator[Block]:
        s = self.layers
        yield Section("The last layer")
        yield Paragraph(line("Entry by entry,"))
        for d in s.last.definitions:
            name = "forward of the last" if d.tensor == s.top else f"forward of {d.tensor.name}"
            yield self.displays.result(self.found[name], name)
        before = self._at(s.before, Level(s.count))
        for t in (before, *s.last_parameters):
            yield from self._jacobian(s.top, t)
            one = self.found.get(f"one output by {t.name}")
            if one is not None:
                width = layout.extent(s.top.shape[0], Names.of(s.top.shape, (), self.notation))
                said = line(
                    *("Where there is one output, ", row(width, Relation("="), Numeral("1"))),
                    *(", the result is the row ", layout.whole(*self._row(one)), ":"),
                )
                yield Paragraph(said, line("One output."))
                yield self._arrays(f"one output by {t.name}", one)

    def _jacobian(self, of: Tensor, by: Tensor) -> Iterator[Block]:
        d = self.found[f"jacobian by {by.name}"]
        lead = line("How ", parse_name(of.symbol), " depends on ", parse_name(by.symbol), ".")
        yield Paragraph(ranges_of(d.ranges, self.notation), lead)
        yield self.displays.chain(d, f"jacobian {by.name}")
        yield from self._as_arrays(f"arrays by {by.name}")

    def _as_arrays(self, name: str) -> Iterator[Block]:
        d = self.found.get(name)
        if d is not None:
            yield from as_arrays(ArrayForm(d), _label(name), self.notation, self.mark)

    def _row(self, d: Derivation) -> tuple[Whole, Names]:
        """The result of a derivation as a row."""
        assert isinstance(d.result, Element)
        whole = Transposed(d.result.whole)
        return whole, Names.of((whole,), (), self.notation)

    # -- all layers --------------------------------------------------------------------------------

    def _induction(self) -> Iterator[Block]:
        s = self.layers
        yield Section("All layers")
        claim = self.found["product"]
        top = Level(s.count, -1)
        yield Paragraph(
            line(
                *("The Jacobian of the output by the state of any layer is the product of the "),
                *("Jacobians of the layers above it: for ", self._levels(0, top), ","),
            ),
            line("Claim."),
        )
        yield self._arrays("product", claim)
        yield Paragraph(
            line(
                *("The proof is by induction on ", parse_name(s.letter)),
                ", from the last layer down.",
            )
        )
        start = s.highest if self.special else Level(s.count)
        at = row(parse_name(s.letter), Relation("="), levels.level(start))
        base = line("For ", at, ",")
        yield Paragraph(base, line("Base."))
        yield self._arrays("base", self.found["base"])
        letter = parse_name(s.letter)
        yield Paragraph(
            line(
                *("Let the claim hold for ", letter, ", where ", self._levels(1, s.highest)),
                *(". Then it holds for ", levels.level(Level(s.letter, -1)), ", as"),
            ),
            line("Step."),
        )
        yield self._arrays("step", self.found["step"])

    def _arrays(self, name: str, d: Derivation, brief: bool = False) -> Display:
        """A chain of equations between arrays, line by line; where there are none, of entries.

        In `brief`, just its ends.
        """
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
                label=_label(name) if k == len(lines) - 1 else "",
            )
            for k, (right, s) in enumerate(lines.items())
        ]
        return Display(tuple(equations), name)

    def _reason(self, s: Step) -> Line:
        """Why a line is true, with the number of the equation that it uses."""
        s_ = self.layers
        used = {
            "insert": f"arrays by {s_.before.name}",
            "base": f"arrays by {self._at(s_.before, Level(s_.count)).name}",
            "hypothesis": "product",
            "product": "product",
        }.get(s.rule)
        if used is None or used not in self.found or "column" in s.reason or "entry" in s.reason:
            return line(s.reason)
        words = {"insert": "insert ", "base": "by ", "hypothesis": "by the induction hypothesis "}
        return line(words.get(s.rule, "insert "), Reference(_label(used)))

    # -- parameters --------------------------------------------------------------------------------

    def _parameter(self, t: Tensor) -> Iterator[Block]:
        s = self.layers
        found = member(t.name)
        assert found is not None
        yield Subsection(line("With respect to ", parse_name(t.symbol)))
        here = parse_name(s.here.symbol)
        where = line(
            *("For ", self._levels(1, s.highest), ", the parameter reaches the output through "),
            *(here, " only. "),
        )
        columns = self.found.get(f"columns by {t.name}")
        if columns is not None:
            ranges = ranges_of(columns.ranges, self.notation)
            yield Paragraph((*where, *ranges))
            yield self._arrays(f"columns by {t.name}", columns)
        else:
            d = self.found[f"output by {t.name}"]
            yield Paragraph((*where, *ranges_of(d.ranges, self.notation)))
            yield self.displays.chain(d, f"output by {t.name}")
        yield from self._as_arrays(f"output arrays by {t.name}")
        yield from self._rows(t)
        written = self.found.get(f"written out by {t.name}")
        if written is not None:
            yield Paragraph(line("With the product over the layers,"))
            yield self._arrays(f"written out by {t.name}", written, brief=True)

    def _rows(self, t: Tensor) -> Iterator[Block]:
        """Each output by a matrix, and the only output where there is one."""
        rows = self.found.get(f"rows by {t.name}")
        if rows is None:
            return
        yield Paragraph(
            line(
                *("The derivative of each output by ", parse_name(t.symbol), " is a matrix. "),
                *ranges_of(rows.ranges[:1], self.notation),
            )
        )
        yield self._arrays(f"rows by {t.name}", rows)
        d = self.found.get(f"one output by {t.name}")
        if d is None:
            return
        s = self.layers
        upper = Slope(s.top, s.here)
        names = Names.of((upper,), (), self.notation)
        width = layout.extent(s.top.shape[0], Names.of(s.top.shape, (), self.notation))
        yield Paragraph(
            line(
                *("Where there is one output, ", row(width, Relation("="), Numeral("1"))),
                *(", its row is the whole of ", layout.whole(upper, names), ", transposed. For "),
                *("several outputs the last line would not be defined."),
            ),
            line("One output."),
        )
        yield self._arrays(f"one output by {t.name}", d)

    # -- the end -----------------------------------------------------------------------------------

    def _how(self) -> Line:
        s = self.layers
        return line(
            *("What is said of one layer was verified for a layer of drawn widths; what is said "),
            *("of its parameters, with an unknown smooth function in place of all layers above "),
            *("it; and what is said of all layers, in whole stacks with ", parse_name(s.count)),
            *(" = 1, 2, 3 and 4 layers, for every ", parse_name(s.letter), "."),
        )


def _label(name: str) -> str:
    return f"stack:{name}"


def _is_whole(f: Formula, start: Formula) -> bool:
    """Whether a formula is an entry of an array at the indices of `start`."""
    return isinstance(f, Element) and isinstance(start, Element) and f.indices == start.indices


def _side(f: Formula, names: Names) -> Math:
    assert isinstance(f, Element)
    return layout.whole(f.whole, names)
