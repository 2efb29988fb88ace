"""Narration: from derivations to a document.

One section per layer, in the order of the network: parameters, output size, forward formula,
Jacobians, and what the layer hands back to its input.  Then the gradients of all parameters, from
the last layer to the first, each in terms of the next cotangent and written out; then the count of
parameters and what was verified.  The narrator chooses what stands where and why a line is there;
every formula comes from a derivation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from derive.derivation.program import Layer
from derive.derivation.step import Derivation
from derive.document import layout
from derive.document.arrays import as_arrays, conventions_of
from derive.document.conventions import conventions
from derive.document.describe import (
    count,
    entries,
    free_sizes,
    joined,
    membership,
    output_size,
)
from derive.document.displays import Displays, label
from derive.document.math import related
from derive.document.model import (
    Block,
    BulletList,
    Code,
    Document,
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
from derive.document.positions import Positions
from derive.document.sizes import ComputedSizes, computed, equations
from derive.document.together import in_one_formula
from derive.document.vectors import as_vectors
from derive.document.ways import backward_way, forward_way
from derive.engine.matrix.passes import Vectors
from derive.engine.network import Derived
from derive.ir import Bracket, Definition, Delta, Formula, Index, Int, Tensor, subformulas


@dataclass(frozen=True)
class Narrator:
    """Tells what was derived; `mark` says what verification says of a derivation.

    `more` stands behind the gradients.  With `only`, just the layers that have one of those
    arrays, and their results.
    """

    title: str
    base: int
    inputs: tuple[Tensor, ...]
    targets: tuple[Tensor, ...]
    derived: Derived
    mark: Callable[[Derivation], Mark | None]
    full: bool = True
    only: frozenset[Tensor] = frozenset()
    summary: tuple[tuple[Mark, int, Line], ...] = ()
    positions: Positions = "deltas"
    arrays: Vectors | None = None
    vectors: bool = False
    more: tuple[Block, ...] = ()

    @cached_property
    def notation(self) -> Notation:
        program = self.arrays.program if self.arrays else self.derived.program
        made = Notation.of(program, numbers=True)
        return replace(made, positions=self.positions)

    @cached_property
    def displays(self) -> Displays:
        d = self.derived
        labels = [label("jacobian", *e) for e in d.jacobians]
        labels += [label("forward", x.tensor) for layer in self._layers for x in self._known(layer)]
        shown = [t for t in d.expanded if not self._of_formulas or t not in d.program.defined]
        labels += [label("expanded", t) for t in shown if self._is_expanded(t)]
        for of, together in d.together.items():
            labels += [label("composed", of), *(label("direct", of, t) for t in together.jacobians)]
        return Displays(d.program, self.notation, self.full, frozenset(labels), self.mark)

    @cached_property
    def _layers(self) -> tuple[Layer, ...]:
        return tuple(x for x in self.derived.layers if not self.only or self._wanted(x))

    @cached_property
    def _sizes(self) -> ComputedSizes:
        ways = self.arrays.ways if self.arrays else {}
        stages = {z: [s.tensor for s in way.stages] for z, way in ways.items()}
        program, given = self.derived.program, (*self.inputs, *self.targets)
        return ComputedSizes.of(program, given, self._layers, stages)

    def document(self) -> Document:
        """The whole solution."""
        blocks: list[Block] = [*self._given()]
        for layer in self._layers:
            blocks += self._layer(layer)
        blocks += self._backward() if self._of_formulas else self._gradients()
        for t, together in self.derived.together.items():
            blocks += in_one_formula(t, together, self.displays, frozenset(self.derived.moved))
        blocks += [*self.more, *self._counts()]
        if self.summary:
            blocks += [Section("Verification"), Summary(self.summary)]
        return Document(self.title, tuple(blocks))

    @property
    def _down(self) -> Line:
        """What a gradient is written out in."""
        if self.derived.program.loss in self.derived.forward:
            return line("Written out down to the loss,")
        last = joined([line(parse_name(t.symbol)) for t in self.derived.layers[-1].inputs])
        return (*line("Written out in terms of the gradient with respect to "), *last, Text(","))

    @cached_property
    def _of_formulas(self) -> bool:
        """Whether nothing is learnt: then what is given has gradients, and they come at the end."""
        return not any(layer.parameters for layer in self.derived.layers)

    def _wanted(self, layer: Layer) -> list[Tensor]:
        """What the results about a layer are taken with respect to."""
        arrays = (*layer.parameters, *layer.inputs)
        return [t for t in arrays if t not in self.targets and (not self.only or t in self.only)]

    # -- what is given ---------------------------------------------------------------------------

    def _given(self) -> Iterator[Block]:
        yield Section("Given")
        arrays = [line("the input ", *membership(self.inputs, self.notation))]
        if self.targets:
            arrays.append(line("the target ", *membership(self.targets, self.notation)))
        yield Paragraph((*line("We are given "), *joined(arrays), Text(".")))
        sizes = list(free_sizes(self.derived.program, self.notation))
        sizes += [line(m) for m in equations(self._sizes.given, self.notation)]
        if sizes:
            yield Paragraph((*line("Here "), *joined(sizes), Text(".")))
        facts = [
            line(related(layout.formula(f.left, names), "=", layout.formula(f.right, names)))
            for f in self.derived.program.facts
            if f.relation == "="
            for names in [Names.of((f.left, f.right), f.ranges, self.notation)]
        ]
        if facts:
            yield Paragraph((*line("It is known that "), *joined(facts), Text(".")))
        yield Subsection(line("Notation and conventions"))
        yield BulletList(tuple(self._conventions()))

    def _conventions(self) -> Iterator[Line]:
        d = self.derived
        groups = (d.forward, d.jacobians, d.expanded)
        formulas = [x.result for group in groups for x in group.values()]
        formulas += [x.steps[0].after for x in d.jacobians.values()]
        kinds = [x.kind for x in d.layers]
        yield from conventions(formulas, kinds, self.base, self.positions)
        if self.arrays:
            yield from conventions_of(self.arrays.every)

    # -- layers ----------------------------------------------------------------------------------

    def _layer(self, layer: Layer) -> Iterator[Block]:
        wanted = self._wanted(layer)
        yield Section(layer.kind, self._name(layer))
        yield self._signature(layer)
        yield from self._output_size(layer)
        if layer.output not in self.derived.forward:
            yield from self._unknown(layer)
        for x in self._known(layer):
            forward = self.derived.tuples.get(x.tensor) or self.derived.forward[x.tensor]
            yield Paragraph(self.displays.ranges(forward.ranges), line("Forward."))
            yield self.displays.result(forward, label("forward", x.tensor))
            yield from self._as_arrays(forward, label("forward arrays", x.tensor))
            yield from self._way(x.tensor)
        for x in self._known(layer):
            for t in wanted:
                yield from self._jacobian(x.tensor, t)
        for t in layer.inputs:
            first = next(x for x in self._layers if t in x.inputs)  # others may read it, too
            mine = layer is first and not self._of_formulas
            if mine and t in wanted and t in self.derived.recursive:
                lead = line("Gradient with respect to ", parse_name(t.symbol), ".")
                yield from self._gradient(t, lead)
        way = self.arrays.ways.get(layer.output) if self.arrays else None
        if way is not None:
            yield from backward_way(way, self.displays)

    def _name(self, layer: Layer) -> Line:
        """A definition by its symbol, a layer by the name that people type."""
        symbol = layer.output.symbol
        return line(parse_name(symbol) if layer.name == symbol else Code(layer.name))

    def _known(self, layer: Layer) -> tuple[Definition, ...]:
        """The definitions of a layer but for those of an unknown function."""
        return tuple(x for x in layer.definitions if x.tensor in self.derived.forward)

    def _unknown(self, layer: Layer) -> Iterator[Block]:
        """What there is to say of an unknown function."""
        value = parse_name(layer.output.symbol)
        arguments = joined([line(parse_name(t.symbol)) for t in layer.inputs])
        yield Paragraph(
            (
                *line(value, " is a smooth function of "),
                *arguments,
                *line(
                    "; nothing else is known of it. All gradients are in terms of its derivative "
                    "with respect to "
                ),
                *arguments,
                Text("."),
            ),
            line("Loss."),
        )

    def _jacobian(self, of: Tensor, by: Tensor) -> Iterator[Block]:
        derivation = self.derived.jacobians.get((of, by))
        if derivation is None or of == self.derived.program.loss:
            return
        depends = line("How ", parse_name(of.symbol), " depends on ", parse_name(by.symbol), ".")
        yield Paragraph(self.displays.ranges(derivation.ranges), depends)
        yield self.displays.chain(derivation, label("jacobian", of, by))
        written = self.derived.written.get((of, by))
        if written is not None and not self._says_nothing_new(derivation):
            yield Paragraph(line("or, written out,"))
            yield self.displays.result(written, label("written", of, by))
        yield from self._as_arrays(derivation, label("matrix", of, by))

    def _way(self, z: Tensor) -> Iterator[Block]:
        way = self.arrays.ways.get(z) if self.arrays else None
        if way is None:
            return iter(())
        return forward_way(way, z, self._sizes.ways[z], self.displays)

    def _says_nothing_new(self, d: Derivation) -> bool:
        """Whether deltas of single letters are all that there is to write out."""
        plain = all(isinstance(e.atom, Index) for e in _delta_sides(d.result))
        brackets = any(isinstance(g, Bracket) for g in subformulas(d.result))
        return self.positions == "tuples" and plain and not brackets

    def _signature(self, layer: Layer) -> Paragraph:
        parts = [*line("Input "), *membership(layer.inputs, self.notation), Text(".")]
        if layer.parameters:
            each = [
                line(*membership((p,), self.notation), " (", count(entries(p), self.notation), ")")
                for p in layer.parameters
            ]
            parts += [*line(" Learnable parameters "), *joined(each)]
            if len(layer.parameters) > 1:
                parts += line(": ", count(total(layer.parameters), self.notation), " in total")
            parts.append(Text("."))
        parts += [*line(" Output "), *membership((layer.output,), self.notation), Text(".")]
        return Paragraph(tuple(parts))

    def _output_size(self, layer: Layer) -> Iterator[Block]:
        """How the extents of the output follow from those of the input, each rule once."""
        told: list[Line] = []
        for rule in layer.sizes:
            sentence = output_size(rule, self.derived.program, self.notation)
            if sentence and sentence not in told:
                told.append(sentence)
        more = computed(self._sizes.outputs[layer.output], self.notation)
        if more:
            told.append(more)
        if told:
            text = told[0]
            for sentence in told[1:]:
                text = (*text, Text(" "), *sentence)
            yield Paragraph(text, line("Output size."))

    # -- gradients -------------------------------------------------------------------------------

    def _gradients(self) -> Iterator[Block]:
        wanted = [
            p
            for layer in reversed(self._layers)
            for p in layer.parameters
            if not self.only or p in self.only
        ]
        if wanted and self.derived.recursive:
            yield Section("Gradients of the parameters")
            for p in wanted:
                yield Subsection(
                    line("With respect to ", parse_name(p.symbol), " (", Code(p.name), ")")
                )
                yield from self._gradient(p)

    def _is_expanded(self, t: Tensor) -> bool:
        """Whether the expanded form says more than the recursive one."""
        d = self.derived
        return t in d.expanded and d.expanded[t].result != d.recursive[t].result

    def _gradient(self, t: Tensor, lead: Line = ()) -> Iterator[Block]:
        recursive, expanded = self.derived.recursive[t], self.derived.expanded[t]
        yield Paragraph(self.displays.ranges(recursive.ranges), lead)
        if not self._is_expanded(t):
            yield self.displays.chain(recursive, label("expanded", t))
            yield from self._as_arrays(recursive, label("matrix", t))
            return
        yield self.displays.chain(recursive, label("gradient", t))
        yield from self._as_arrays(recursive, label("recursive matrix", t))
        yield Paragraph(self._down)
        yield self.displays.chain(expanded, label("expanded", t), len(recursive.steps))
        yield from self._moved(t)
        yield from self._as_arrays(expanded, label("matrix", t))

    def _backward(self) -> Iterator[Block]:
        """From the last array to the first: what each gets from the next, given ones in full."""
        if not self.derived.recursive:
            return
        yield Section("Gradients, from the last array to the first")
        for t in self.derived.recursive:
            if t in self.derived.program.defined:
                recursive = self.derived.recursive[t]
                yield Paragraph(self.displays.ranges(recursive.ranges), self._by(t))
                yield self.displays.chain(recursive, label("gradient", t))
                yield from self._as_arrays(recursive, label("matrix", t))
        for t in self.derived.recursive:
            if t not in self.derived.program.defined:
                yield from self._gradient(t, self._by(t))

    def _as_arrays(self, d: Derivation, name: str) -> Iterator[Block]:
        form = self.arrays.forms.get(d) if self.arrays else None
        if form is None:
            return iter(())
        told = as_vectors if self.vectors else as_arrays
        return told(form, name, self.notation, self.mark)

    def _by(self, t: Tensor) -> Line:
        return line("Gradient with respect to ", parse_name(t.symbol), ".")

    def _moved(self, t: Tensor) -> Iterator[Block]:
        """The gradient in terms of the arrays of which others are rearrangements."""
        moved = self.derived.moved.get(t)
        if moved is not None:
            yield Paragraph(line("With what the rearranged arrays are,"))
            yield self.displays.chain(moved, label("moved", t), len(self.derived.expanded[t].steps))

    # -- the end ---------------------------------------------------------------------------------

    def _counts(self) -> Iterator[Block]:
        layers = [layer for layer in self.derived.layers if layer.parameters]
        if not layers or self.only:
            return
        yield Section("Parameters")
        rows = [
            (
                line(Code(layer.name)),
                line(layer.kind),
                line(count(total(layer.parameters), self.notation)),
            )
            for layer in layers
        ]
        everything = [p for layer in layers for p in layer.parameters]
        rows.append((line("total"), line(""), line(count(total(everything), self.notation))))
        yield Table((line("layer"), line("kind"), line("parameters")), tuple(rows), frozenset({2}))


def _delta_sides(f: Formula) -> list[Int]:
    return [e for g in subformulas(f) if isinstance(g, Delta) for e in g.sides]


def total(tensors: Sequence[Tensor]) -> Int:
    """The number of entries of several arrays together."""
    everything = Int.of(0)
    for t in tensors:
        everything = everything + entries(t)
    return everything
