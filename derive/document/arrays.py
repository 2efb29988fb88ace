"""Matrix forms in a document: equations of two arrays, and why transposes stand where they do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from derive.derivation.step import Derivation
from derive.document import layout
from derive.document.math import Math
from derive.document.model import Block, Display, Equation, Line, Mark, Paragraph, Text, line
from derive.document.notation import Names, Notation
from derive.engine.matrix.form import ArrayForm
from derive.ir import Element, Product, Slope, Transposed, Whole, subformulas


def as_arrays(
    form: ArrayForm, name: str, notation: Notation, mark: Callable[[Derivation], Mark | None]
) -> Iterator[Block]:
    """A result in whole arrays, with what there is to say of it; or why it has no such form."""
    d = form.derivation
    if d is None:
        yield Paragraph(line(f"This has no matrix form: {form.reason}."))
        return
    names = Names.of((d.start, d.result), d.ranges, notation)
    both = sides(d, names)
    yield Paragraph(line("As arrays,"))
    yield Display((Equation(*both, mark=mark(d), label=name),), name)
    sentences = list(explained(d, names))
    if sentences:
        yield Paragraph(tuple(part for s in sentences for part in (*s, Text(" ")))[:-1])


def sides(d: Derivation, names: Names) -> tuple[Math, Math]:
    """Both sides of a derivation between arrays, without the indices of their entries."""
    start, result = d.start, d.result
    assert isinstance(start, Element)
    assert isinstance(result, Element)
    return layout.whole(start.whole, names), layout.whole(result.whole, names)


def explained(d: Derivation, names: Names) -> Iterator[Line]:
    """A sentence for each kind of transpose in the result, and for its layout."""
    assert isinstance(d.start, Element)
    assert isinstance(d.result, Element)
    whole = d.result.whole
    if isinstance(d.start.whole, Slope):
        yield from _layout(d.start.whole)
    if isinstance(whole, Transposed):
        yield line("The whole is transposed, as the layout asks for the other order of its axes.")
    summed, rows, outer = _by_place(whole)
    for a in summed:
        printed = layout.whole(a, names)
        yield line("The sum runs over the first index of ", printed, ", so it stands transposed.")
    for a in rows:
        yield line("The row ", layout.whole(Transposed(a), names), " sums over what follows it.")
    for a in outer:
        told = " stands last as a row: a column times a row has all products of two entries."
        yield line(layout.whole(Transposed(a), names), told)


def _layout(slope: Slope) -> Iterator[Line]:
    if slope.layout == "numerator":
        if slope.row:
            yield line("In numerator layout, the derivative of a number by a column is a row.")
        elif slope.rank == 2 and not slope.of.shape:
            told = "In numerator layout, the derivative of a number by a matrix is transposed."
            yield line(told)
    if slope.layout == "denominator" and slope.of.shape and slope.by.shape:
        yield line("In denominator layout, the axes of the variable come first.")


def _by_place(whole: Whole) -> tuple[list[Whole], list[Whole], list[Whole]]:
    """Transposed matrices in products, rows at the start of one, and rows at the end."""
    summed: dict[Whole, None] = {}
    rows: dict[Whole, None] = {}
    outer: dict[Whole, None] = {}
    for p in subformulas(whole):
        if not isinstance(p, Product):
            continue
        for k, f in enumerate(p.factors):
            if not isinstance(f, Transposed):
                continue
            if f.of.rank == 2:
                summed[f.of] = None
            elif k == 0:
                rows[f.of] = None
            else:
                outer[f.of] = None
    return list(summed), list(rows), list(outer)
