"""Vector forms in a document: chains of equations of arrays, with the size of what they define."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from derive.derivation.step import Derivation
from derive.document import layout
from derive.document.describe import joined, space
from derive.document.math import Math, Relation, Space, row
from derive.document.model import Block, Display, Equation, Line, Mark, Paragraph, Text, line
from derive.document.notation import Names, Notation
from derive.engine.matrix.form import ArrayForm
from derive.ir import Array, Element, Formula, Sliced, Whole, free_indices, subformulas


def as_vectors(
    form: ArrayForm,
    name: str,
    notation: Notation,
    mark: Callable[[Derivation], Mark | None],
    lead: str = "As arrays",
) -> Iterator[Block]:
    """A result in whole arrays, for every value of what is held fixed; or why it has no such form.

    The last line says the size; those of the slices that it reads come before.
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
    yield from _led(d, d.start.whole, notation, lead)
    yield Display(tuple(_lines(d, d.start.whole, name, notation, mark(d))), name)


def _led(d: Derivation, left: Whole, notation: Notation, lead: str) -> Iterator[Block]:
    """`As arrays, for n = 1, ..., 64, with x_n ∈ ℝ^{25×576},`: what stands before the equation."""
    names = Names.of((d.start, d.result), d.ranges, notation)
    held = layout.ranges([r for r in d.ranges if r.index in free_indices(left)], names)
    sizes = [row(layout.whole(a, names), _in(a, notation)) for a in _read(d.result, left)]
    parts: list[Line] = [line(lead)] if lead else []
    if held:
        told = joined([line(m) for m in held], "; ", "; ")
        parts.append((*line("for " if lead else "For "), *told))
    if sizes:
        parts.append((*line("with " if parts else "With "), *joined([line(m) for m in sizes])))
    if parts:
        yield Paragraph((*joined(parts, ", "), Text(",")))


def _read(result: Formula, left: Whole) -> Iterator[Whole]:
    """The array that is defined slice by slice, and the slices of others that are read for it."""
    base = left.of if isinstance(left, Sliced) else left
    if base is not left and isinstance(base, Array):
        yield base
    slices = (a for a in subformulas(result) if isinstance(a, Sliced) and isinstance(a.of, Array))
    yield from dict.fromkeys(a for a in slices if a.of != base and a.rank)


def _in(a: Whole, notation: Notation) -> Math:
    return row(Relation("in"), space(a.shape, notation))


def _lines(
    d: Derivation, left: Whole, name: str, notation: Notation, mark: Mark | None
) -> Iterator[Equation]:
    """The arrays in the chain, each once, with the reasons that are worth a word."""
    names = Names.of((d.start, *(s.after for s in d.steps)), d.ranges, notation)
    lines: dict[Math, str] = {}
    for s in d.steps:
        if isinstance(s.after, Element):
            lines.setdefault(layout.whole(s.after.whole, names), s.reason)
    size = row(Space("quad"), _in(left, notation))
    for k, (right, reason) in enumerate(lines.items()):
        last = k == len(lines) - 1
        yield Equation(
            layout.whole(left, names) if k == 0 else None,
            row(right, size) if last else right,
            reason=line(reason) if len(lines) > 1 and reason != "as arrays" else (),
            mark=mark if last else None,
            label=name if last else "",
        )
