"""Narration: from derivations to a document.

One section per layer, in the order of the network: parameters, output size, forward formula,
Jacobians, and what the layer hands back to its input.  Then the gradients of all parameters, from
the last layer to the first, each in terms of the next cotangent and written out; then the count of
parameters and what was verified.  The narrator chooses what stands where and why a line is there;
every formula comes from a derivation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from derive.derivation.program import Layer
from derive.derivation.step import Derivation, Step
from derive.document import layout
from derive.document.conventions import conventions
from derive.document.describe import entries, joined, membership, number
from derive.document.model import (
    Block,
    BulletList,
    Code,
    Display,
    Document,
    Equation,
    Line,
    Mark,
    Paragraph,
    Section,
    Subsection,
    Summary,
    Table,
    Text,
    line,
)
from derive.document.notation import Names, Notation, parse_name
from derive.engine.network import Derived
from derive.ir import Formula, Int, Range, Tensor

MarkOf = Callable[[Derivation], Mark | None]


@dataclass(frozen=True)
class Narrator:
    """Tells what was derived; `mark` says what verification says of a derivation."""

    title: str
    base: int
    inputs: tuple[Tensor, ...]
    targets: tuple[Tensor, ...]
    derived: Derived
    mark: MarkOf
    full: bool = True
    only: frozenset[Tensor] = frozenset()
    summary: tuple[tuple[Mark, int, Line], ...] = ()
    notation: Notation = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "notation", Notation.of(self.derived.program, numbers=True))

    def document(self) -> Document:
        d = self.derived
        blocks: list[Block] = [*self._given()]
        for layer in d.layers:
            blocks += self._layer(layer)
        blocks += self._gradients()
        blocks += self._counts()
        if self.summary:
            blocks += [Section("Verification"), Summary(self.summary)]
        return Document(self.title, tuple(blocks))

    # -- what is given ---------------------------------------------------------------------------

    def _given(self) -> Iterator[Block]:
        d = self.derived
        yield Section("Given")
        arrays = [line("the input ", *membership(self.inputs, self.notation))]
        if self.targets:
            arrays.append(line("the target ", *membership(self.targets, self.notation)))
        yield Paragraph((*line("We are given "), *joined(arrays), Text(".")))
        facts = [
            layout.related(layout.formula(f.left, names), "=", layout.formula(f.right, names))
            for f in d.program.facts
            if f.relation == "="
            for names in [Names.of((f.left, f.right), f.ranges, self.notation)]
        ]
        if facts:
            yield Paragraph(
                (*line("It is known that "), *joined([line(f) for f in facts]), Text("."))
            )
        yield Subsection(line("Notation and conventions"))
        formulas = [
            x.result for x in (*d.forward.values(), *d.jacobians.values(), *d.expanded.values())
        ]
        sentences = conventions(formulas, (layer.kind for layer in d.layers), self.base)
        yield BulletList(tuple(line(s) for s in sentences))

    # -- layers ----------------------------------------------------------------------------------

    def _layer(self, layer: Layer) -> Iterator[Block]:
        wanted = [t for t in (*layer.parameters, *layer.inputs) if not self.only or t in self.only]
        if self.only and not wanted:
            return
        yield Section(layer.kind, layer.name)
        yield self._signature(layer)
        for x in layer.definitions:
            yield Paragraph(self._ranges(self.derived.forward[x.tensor].ranges), line("Forward."))
            yield self._forward(x.tensor)
        edges = [
            (x.tensor, t) for x in layer.definitions for t in (*layer.parameters, *layer.inputs)
        ]
        for edge in edges:
            derivation = self.derived.jacobians.get(edge)
            if derivation is not None and edge[1] in wanted:
                yield self._display(derivation, label("jacobian", *edge))
        for t in layer.inputs:
            yield from self._handed_back(t, wanted)

    def _signature(self, layer: Layer) -> Paragraph:
        parts = [*line("Input "), *membership(layer.inputs, self.notation), Text(".")]
        if layer.parameters:
            each = [
                line(*membership((p,), self.notation), " (", number(entries(p), self.notation), ")")
                for p in layer.parameters
            ]
            parts += [*line(" Learnable parameters "), *joined(each)]
            if len(layer.parameters) > 1:
                parts += line(": ", number(total(layer.parameters), self.notation), " in total")
            parts.append(Text("."))
        parts += [*line(" Output "), *membership((layer.output,), self.notation), Text(".")]
        return Paragraph(tuple(parts))

    def _forward(self, tensor: Tensor) -> Display:
        d = self.derived.forward[tensor]
        names = self._names(d)
        last = d.result
        return Display(
            (
                Equation(
                    layout.formula(d.start, names),
                    layout.formula(last, names),
                    mark=self.mark(d),
                    label=label("forward", tensor),
                ),
            )
        )

    def _handed_back(self, t: Tensor, wanted: Sequence[Tensor]) -> Iterator[Block]:
        if t not in wanted or t not in self.derived.recursive:
            return
        yield Paragraph(
            line("The chain rule sums over every entry that ", parse_name(t.symbol), " enters."),
            line("Back to ", parse_name(t.symbol), "."),
        )
        yield from self._gradient(t)

    # -- gradients -------------------------------------------------------------------------------

    def _gradients(self) -> Iterator[Block]:
        layers = [layer for layer in reversed(self.derived.layers) if layer.parameters]
        wanted = [
            p for layer in layers for p in layer.parameters if not self.only or p in self.only
        ]
        if wanted:
            yield Section("Gradients of the parameters")
        for p in wanted:
            yield Subsection(line("Gradient of ", parse_name(p.symbol), " (", Code(p.name), ")"))
            yield from self._gradient(p)

    def _gradient(self, t: Tensor) -> Iterator[Block]:
        recursive, expanded = self.derived.recursive[t], self.derived.expanded[t]
        yield Paragraph(self._ranges(recursive.ranges))
        yield self._display(recursive, label("gradient", t))
        if expanded.result != recursive.result:
            rest = expanded.steps[len(recursive.steps) :]
            yield Paragraph(line("Written out down to the loss,"))
            yield self._display(
                Derivation(expanded.start, expanded.ranges, ()),
                label("expanded", t),
                rest,
                expanded,
            )

    # -- pieces ----------------------------------------------------------------------------------

    def _names(self, d: Derivation, extra: Sequence[Formula] = ()) -> Names:
        formulas = [d.start, *(s.after for s in d.steps), *extra]
        return Names.of(formulas, d.ranges, self.notation)

    def _ranges(self, ranges: Sequence[Range]) -> Line:
        if not ranges:
            return ()
        names = Names.of((), tuple(ranges), self.notation)
        return line("For ", layout.ranges(ranges, names), ",")

    def _display(
        self,
        d: Derivation,
        name: str,
        steps: Sequence[Step] | None = None,
        judged: Derivation | None = None,
    ) -> Display:
        """The start of a derivation and its steps, one below the other."""
        shown = self._shown(d.steps if steps is None else steps)
        names = self._names(d, [s.after for s in shown])
        equations = [
            Equation(
                layout.formula(d.start, names) if k == 0 else None,
                layout.formula(s.after, names),
                reason=self._reason(s, d),
                mark=self.mark(judged or d) if k == len(shown) - 1 else None,
                label=name if k == len(shown) - 1 else "",
            )
            for k, s in enumerate(shown)
        ]
        return Display(tuple(equations), name)

    def _shown(self, steps: Sequence[Step]) -> Sequence[Step]:
        """All steps; in brief, those that say something new, the rest joined to the result."""
        if self.full or len(steps) < 2:
            return steps
        first = [s for s in steps[:-1] if s.rule == "chain rule"]
        rest = steps[len(first) :]
        merged = Step(rest[0].before, rest[-1].after, rest[-1].rule, rest[-1].reason)
        return [*first, merged]

    def _reason(self, s: Step, d: Derivation) -> Line:
        return line(s.reason)

    def _counts(self) -> Iterator[Block]:
        layers = [layer for layer in self.derived.layers if layer.parameters]
        if not layers or self.only:
            return
        yield Section("Parameters")
        everything = [p for layer in layers for p in layer.parameters]
        rows = tuple(
            (
                line(Code(layer.name)),
                line(layer.kind),
                line(number(total(layer.parameters), self.notation)),
            )
            for layer in layers
        )
        last = (line("total"), line(""), line(number(total(everything), self.notation)))
        yield Table(
            (line("layer"), line("kind"), line("parameters")), (*rows, last), frozenset({2})
        )


def label(kind: str, *tensors: Tensor) -> str:
    """The label of an equation: what it derives and of what."""
    return ":".join((kind, *(t.name for t in tensors)))


def total(tensors: Sequence[Tensor]) -> Int:
    """The number of entries of several arrays together."""
    count = Int.of(0)
    for t in tensors:
        count = count + entries(t)
    return count

