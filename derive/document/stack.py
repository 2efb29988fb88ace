"""The document about a stack of layers: one layer of any level, then all of them by induction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from derive.derivation.step import Derivation
from derive.document import layout, levels
from derive.document.describe import joined, shape_of
from derive.document.displays import ranges_of
from derive.document.math import Name, Relation, row
from derive.document.model import (
    Block,
    BulletList,
    Display,
    Document,
    Equation,
    Line,
    Mark,
    Paragraph,
    Section,
    Subsection,
    Summary,
    line,
)
from derive.document.notation import Names, parse_name
from derive.document.stack_equations import StackEquations
from derive.ir import Element, Slope, Tensor, Transposed, Whole
from derive.ir.family import Level


@dataclass(frozen=True)
class StackNarrator(StackEquations):
    """Tells what was derived about a stack."""

    title: str = ""
    functions: tuple[str, ...] = ()
    summary: tuple[tuple[Mark, int, Line], ...] = ()

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
        if s.parameters:
            own = "What a layer reads of its own" if s.shared else "The parameters of a layer"
            blocks.append(Section(own))
        for t in s.parameters:
            blocks += self._parameter(t)
        if s.shared:
            blocks += self._shared()
        if self.summary:
            blocks += [Section("Verification"), Paragraph(self._how()), Summary(self.summary)]
        return Document(self.title or "A stack of layers", tuple(blocks))

    # -- what is given -----------------------------------------------------------------------------

    def _given(self) -> Iterator[Block]:
        s = self.layers
        first = self.at(s.here, Level("", 0))
        yield Section("Given")
        count = parse_name(s.count)
        yield Paragraph(
            line(
                *("A stack of ", count, " layers, ", count, " a positive integer. It reads "),
                *(shape_of(first, self.notation), ". Layer ", parse_name(s.letter)),
                *(*self._reads(), " gives ", shape_of(s.here, self.notation), ":"),
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
                    *("The Kronecker delta ", Name(r"\delta", mark="ij"), " is 1 where "),
                    *(row(Name("i"), Relation("="), Name("j")), ", else 0."),
                ),
            )
        )

    def _reads(self) -> Line:
        """What a layer reads beside the state of the layer before."""
        s = self.layers
        own, shared = (
            joined([line(shape_of(t, self.notation)) for t in of])
            for of in (s.parameters, s.shared)
        )
        parts: Line = ()
        if own and not shared:
            parts += line(" has the parameters ", *own, ",")
        elif own:
            parts += line(" has ", *own, " of its own,")
        if shared:
            parts += line(" shares ", *shared, " with all others,")
        return (*parts, *line(" and")) if parts else ()

    def _definitions(self) -> Iterator[Equation]:
        """The layers as equations of arrays."""
        s = self.layers
        for d in s.layer.definitions[:-1]:
            yield self.defined(self.found[f"forward of {d.tensor.name}"], None)
        yield self.defined(self.found["forward"], self.span(1, s.highest))
        if self.special:
            yield self.defined(self.found["forward of the last"], None)

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
        where = line("For ", self.span(1, s.highest), ", entry by entry,")
        yield Paragraph(where)
        for d in s.layer.definitions:
            name = "forward" if d.tensor == s.here else f"forward of {d.tensor.name}"
            yield self.displays.result(self.found[name], name)
        for t in (s.before, *s.parameters, *s.shared):
            yield from self._jacobian(s.here, t)

    def _last(self) -> Iterator[Block]:
        s = self.layers
        yield Section("The last layer")
        yield Paragraph(line("Entry by entry,"))
        for d in s.last.definitions:
            name = "forward of the last" if d.tensor == s.top else f"forward of {d.tensor.name}"
            yield self.displays.result(self.found[name], name)
        before = self.at(s.before, Level(s.count))
        for t in (before, *s.last_parameters):
            yield from self._jacobian(s.top, t)
            one = self.found.get(f"one output by {t.name}")
            if one is not None:
                entry = self.found[f"first output by {t.name}"]
                for_every = ranges_of(entry.ranges, self.notation)
                yield Paragraph((*line("The first output. "), *for_every))
                yield self.displays.chain(entry, f"first output by {t.name}")
                said = line(
                    *("Where there is one output, ", *self.one_wide(s.top), ", this is the whole "),
                    *("derivative: the row ", layout.whole(*self._row(one)), ", as"),
                )
                yield Paragraph(said, line("One output."))
                yield self.arrays(f"one output by {t.name}")

    def _jacobian(self, of: Tensor, by: Tensor) -> Iterator[Block]:
        d = self.found[f"jacobian by {by.name}"]
        lead = line("How ", parse_name(of.symbol), " depends on ", parse_name(by.symbol), ".")
        yield Paragraph(ranges_of(d.ranges, self.notation), lead)
        yield self.displays.chain(d, f"jacobian {by.name}")
        yield from self.as_arrays(f"arrays by {by.name}")

    def _row(self, d: Derivation) -> tuple[Whole, Names]:
        """The result of a derivation as a row."""
        assert isinstance(d.result, Element)
        whole = Transposed(d.result.whole)
        return whole, Names.of((whole,), (), self.notation)

    # -- all layers --------------------------------------------------------------------------------

    def _induction(self) -> Iterator[Block]:
        s = self.layers
        yield Section("All layers")
        top = Level(s.count, -1)
        yield Paragraph(
            line(
                *("The Jacobian of the output by the state of any layer is the product of the "),
                *("Jacobians of the layers above it: for ", self.span(0, top), ","),
            ),
            line("Claim."),
        )
        yield self.arrays("product")
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
        yield self.arrays("base")
        letter = parse_name(s.letter)
        yield Paragraph(
            line(
                *("Let the claim hold for ", letter, ", where ", self.span(1, s.highest)),
                *(". Then it holds for ", levels.level(Level(s.letter, -1)), ", as"),
            ),
            line("Step."),
        )
        yield self.arrays("step")

    # -- parameters --------------------------------------------------------------------------------

    def _parameter(self, t: Tensor) -> Iterator[Block]:
        s = self.layers
        yield Subsection(line("With respect to ", parse_name(t.symbol)))
        where = line(
            *("For ", self.span(1, s.highest), ", ", parse_name(t.symbol), " reaches the output "),
            *("through ", parse_name(s.here.symbol), " only. "),
        )
        columns = self.found.get(f"columns by {t.name}")
        if columns is not None:
            ranges = ranges_of(columns.ranges, self.notation)
            yield Paragraph((*where, *ranges))
            yield self.arrays(f"columns by {t.name}")
        else:
            d = self.found[f"output by {t.name}"]
            yield Paragraph((*where, *ranges_of(d.ranges, self.notation)))
            yield self.displays.chain(d, f"output by {t.name}")
        yield from self.as_arrays(f"output arrays by {t.name}")
        yield from self._rows(t)
        written = self.found.get(f"written out by {t.name}")
        if written is not None:
            yield Paragraph(line("With the product over the layers,"))
            yield self.arrays(f"written out by {t.name}", brief=True)

    def _rows(self, t: Tensor) -> Iterator[Block]:
        """Each output by a matrix, and the only output where there is one."""
        rows = self.found.get(f"rows by {t.name}")
        if rows is None:
            return
        yield Paragraph(self._each_output(t, rows))
        yield self.arrays(f"rows by {t.name}")
        d = self.found.get(f"one output by {t.name}")
        if d is None:
            return
        s = self.layers
        upper = Slope(s.top, s.here)
        names = Names.of((upper,), (), self.notation)
        yield Paragraph(
            line(
                *("Where there is one output, ", *self.one_wide(s.top)),
                *(", its row is the whole of ", layout.whole(upper, names), ", transposed. For "),
                *("several outputs the last line would not be defined."),
            ),
            line("One output."),
        )
        yield self.arrays(f"one output by {t.name}")

    def _each_output(self, t: Tensor, rows: Derivation) -> Line:
        return line(
            *("The derivative of each output by ", parse_name(t.symbol), " is a matrix. "),
            *ranges_of(rows.ranges[:1], self.notation),
        )

    def _shared(self) -> Iterator[Block]:
        """What all layers share: the sum over the layers."""
        s = self.layers
        yield Section("What all layers share")
        yield Paragraph(
            line(
                *("A change of ", *joined([line(parse_name(t.symbol)) for t in s.shared], " or ")),
                *(" changes every layer. What a layer passes on of it is its own Jacobian, with "),
                *(
                    "the state ",
                    parse_name(s.before.symbol),
                    " that it reads held fixed; the rest ",
                ),
                "comes through the layers below, and is counted there.",
            )
        )
        for t in s.shared:
            yield Subsection(line("With respect to ", parse_name(t.symbol)))
            d = self.found[f"shared by {t.name}"]
            yield Paragraph(ranges_of(d.ranges, self.notation))
            yield self.displays.chain(d, f"shared by {t.name}")
            arrays = self.found.get(f"shared arrays by {t.name}")
            if arrays is None:
                continue
            if len(t.shape) == 2:
                yield Paragraph(self._each_output(t, arrays))
            else:
                yield Paragraph(line("As arrays,"))
            yield self.arrays(f"shared arrays by {t.name}")
            yield Paragraph(line("With the product over the layers,"))
            yield self.arrays(f"shared written out by {t.name}", brief=True)

    # -- the end -----------------------------------------------------------------------------------

    def _how(self) -> Line:
        s = self.layers
        return line(
            *("What is said of one layer was verified for a layer of drawn widths; what is said "),
            *("of its parameters, with an unknown smooth function in place of all layers above "),
            *("it; and what is said of all layers, in whole stacks with ", parse_name(s.count)),
            *(" = 1, 2, 3 and 4 layers, for every ", parse_name(s.letter), "."),
        )
