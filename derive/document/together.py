"""An array in one formula, and its gradients from that formula, in a document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from derive.document.displays import Displays, label
from derive.document.model import Block, Paragraph, Reference, Section, line
from derive.document.notation import parse_name
from derive.engine.compose import Together
from derive.ir import Tensor


def in_one_formula(
    of: Tensor, d: Together, displays: Displays, moved: frozenset[Tensor]
) -> Iterator[Block]:
    """The definitions put into each other, and what follows from the one formula.

    `moved` are the arrays whose gradients the document has in the same terms already.
    """
    name = parse_name(of.symbol)
    instead = {label("forward", of): label("composed", of)}
    instead |= {label("jacobian", of, t): label("direct", of, t) for t in d.jacobians}
    from_here = replace(displays, instead=instead)
    yield Section("In one formula:", line(name))
    lead = line("The definitions of ", name, " put into each other.")
    yield Paragraph(displays.ranges(d.composed.ranges), lead)
    yield displays.chain(d.composed, label("composed", of))
    for t, jacobian in d.jacobians.items():
        lead = line("How ", name, " depends on ", parse_name(t.symbol), ", from that formula.")
        yield Paragraph(displays.ranges(jacobian.ranges), lead)
        yield from_here.chain(jacobian, label("direct", of, t))
        if t in d.gradients:
            gradient = d.gradients[t]
            lead = line("Gradient with respect to ", parse_name(t.symbol), ", from that formula.")
            yield Paragraph(displays.ranges(gradient.ranges), lead)
            yield from_here.chain(gradient, label("direct gradient", of, t))
        if t in d.again and t in moved:
            yield Paragraph(line("This is the formula ", Reference(label("moved", t)), " again."))
