"""Vector forms in a document: chains of equations of arrays, with the size of what they define."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from derive.derivation.step import Derivation
from derive.document import layout
from derive.document.describe import space
from derive.document.displays import ranges_of
from derive.document.math import Math, Relation, Space, row
from derive.document.model import Block, Display, Equation, Mark, Paragraph, line
from derive.document.notation import Names, Notation
from derive.engine.matrix.form import ArrayForm
from derive.ir import Element, Whole, free_indices


def as_vectors(
    form: ArrayForm, name: str, notation: Notation, mark: Callable[[Derivation], Mark | None]
) -> Iterator[Block]:
    """A result in whole arrays, for every value of what is held fixed; or why it has no such form.

    The last line says the size.
    """
    d = form.derivation
    if d is None:
        yield Paragraph(line(f"This has no vector form: {form.reason}."))
        return
    if not isinstance(d.start, Element):
        names = Names.of((d.start, d.result), d.ranges, notation)
        both = layout.formula(d.start, names), layout.formula(d.result, names)
        yield Paragraph(line("In arrays,"))
        yield Display((Equation(*both, mark=mark(d), label=name),), name)
        return
    held = [r for r in d.ranges if r.index in free_indices(d.start.whole)]
    for_every = ranges_of(held, notation)
    yield Paragraph((*line("As arrays. "), *for_every) if held else line("As arrays,"))
    yield Display(tuple(_lines(d, d.start.whole, name, notation, mark(d))), name)


def _lines(
    d: Derivation, left: Whole, name: str, notation: Notation, mark: Mark | None
) -> Iterator[Equation]:
    """The arrays in the chain, each once, with the reasons that are worth a word."""
    names = Names.of((d.start, *(s.after for s in d.steps)), d.ranges, notation)
    lines: dict[Math, str] = {}
    for s in d.steps:
        if isinstance(s.after, Element):
            lines.setdefault(layout.whole(s.after.whole, names), s.reason)
    size = row(Space("quad"), Relation("in"), space(left.shape, notation))
    for k, (right, reason) in enumerate(lines.items()):
        last = k == len(lines) - 1
        yield Equation(
            layout.whole(left, names) if k == 0 else None,
            row(right, size) if last else right,
            reason=line(reason) if len(lines) > 1 and reason != "as arrays" else (),
            mark=mark if last else None,
            label=name if last else "",
        )
