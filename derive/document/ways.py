"""Definitions by way of matrices in a document: the stages, one channel at a time, and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from derive.document.displays import Displays, label
from derive.document.model import Block, Paragraph, Text, line
from derive.document.notation import parse_name
from derive.document.sizes import computed
from derive.document.vectors import as_vectors
from derive.engine.matrix.passes import Way
from derive.ir import Size, Tensor


def forward_way(way: Way, z: Tensor, sizes: Sequence[Size], displays: Displays) -> Iterator[Block]:
    """The stages of a definition, each by its entries and as an array; `sizes` are new to it."""
    told = line("With windows as columns and sums as products.")
    more = computed(sizes, displays.notation)
    lead = line("Vector form.")
    yield Paragraph((*told, Text(" "), *more) if more else told, lead)
    for stage in way.stages:
        yield Paragraph(displays.ranges(stage.index.ranges))
        yield displays.result(stage.index, label("stage", stage.tensor))
        name = label("stage arrays", stage.tensor)
        yield from as_vectors(stage.form, name, displays.notation, displays.mark)
    if way.channels:
        yield Paragraph(
            line("One output channel at a time, then all of them stacked."),
            line("Channel by channel."),
        )
    for k, form in enumerate(way.channels):
        name = label(f"channel {k}", z)
        yield from as_vectors(form, name, displays.notation, displays.mark, "")
    again = line(
        "Put into each other, these are the definition of ", parse_name(z.symbol), " again:"
    )
    yield Paragraph(again)
    yield displays.chain(way.together, label("together", z))


def backward_way(way: Way, displays: Displays) -> Iterator[Block]:
    """What the arrays in between hand back."""
    if not way.gradients:
        return
    yield Paragraph(line("From the last array to the first."), line("Backward, in arrays."))
    for stage in way.gradients:
        name = label("backward arrays", stage.tensor)
        yield from as_vectors(stage.form, name, displays.notation, displays.mark, "")
