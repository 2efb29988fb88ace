"""Matrix forms in a document: equations of two arrays, and why transposes stand where they do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from derive.derivation.step import Derivation
from derive.document import layout
from derive.document.describe import joined
from derive.document.math import Math
from derive.document.model import Block, Display, Equation, Line, Mark, Paragraph, Text, line
from derive.document.notation import Names, Notation
from derive.engine.matrix.form import ArrayForm
from derive.ir import (
    Commutation,
    Correlated,
    Dilated,
    Element,
    Folded,
    Formula,
    Hadamard,
    Int,
    Kronecker,
    Largest,
    Ones,
    Padded,
    Permuted,
    Picked,
    Product,
    Reshaped,
    Rotated,
    Sliced,
    Slope,
    StackedOver,
    Summed,
    Transposed,
    Unfolded,
    Whole,
    free_indices,
    subformulas,
)
from derive.ir.vectorised import VecSlope


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
    held = [r for r in d.ranges if r.index in free_indices(d.start)]
    among = set(d.start.args[1:]) if isinstance(d.start, Element) else set()
    fixed = [r for r in held if Int.of(r.index) not in among]
    told = joined([line(x) for x in layout.ranges(fixed, names)], "; ", "; ")
    yield Paragraph((*line("As arrays, for "), *told, *line(",")) if told else line("As arrays,"))
    yield Display((Equation(*both, mark=mark(d), label=name),), name)
    sentences = list(explained(d, names))
    if sentences:
        yield Paragraph(tuple(part for s in sentences for part in (*s, Text(" ")))[:-1])


def sides(d: Derivation, names: Names) -> tuple[Math, Math]:
    """Both sides of a derivation between arrays, without the indices of their entries."""
    return _side(d.start, names), _side(d.result, names)


def _side(f: Formula, names: Names) -> Math:
    return layout.whole(f.whole, names) if isinstance(f, Element) else layout.formula(f, names)


def explained(d: Derivation, names: Names) -> Iterator[Line]:
    """A sentence for each kind of transpose in the result."""
    whole = d.result.whole if isinstance(d.result, Element) else d.result
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


_LAYOUTS = {
    "shape": (
        "As an array, a gradient has the shape of its variable, and a Jacobian has the axes of "
        "what is differentiated first."
    ),
    "numerator": (
        "Derivatives as arrays are in numerator layout: the axes of what is differentiated come "
        "first, and of a number by a column it is a row, by a matrix it is transposed."
    ),
    "denominator": (
        "Derivatives as arrays are in denominator layout: the axes of the variable come first."
    ),
}
_NOTATION: tuple[tuple[type[Whole], str], ...] = (
    (Ones, "A bold 1 is an array of ones, of the size in its subscript."),
    (Hadamard, "The sign ⊙ multiplies entry by entry, and so does a power with it."),
    (Kronecker, "The sign ⊗ is the Kronecker product, and vec puts columns below each other."),
    (
        Commutation,
        "The commutation matrix K with the extents m, n of a matrix A takes vec(A) to the vec of "
        "the transpose of A.",
    ),
    (Summed, "The axes over which an array is summed are counted from 0."),
    (
        Sliced,
        "The array at one index is written with that index; a colon is a whole axis before it.",
    ),
    (Permuted, "The subscript of permute says which axis comes where, counted from 0."),
    (
        Unfolded,
        "To unfold puts the windows of images side by side as columns (im2col): rows run over "
        "channel and offset in the window, columns over its places. The window, and where they "
        "are not 1, 0 and 1 the stride, the padding and the dilation, are in the subscript.",
    ),
    (Folded, "To fold adds columns back into images, each entry where its window has it (col2im)."),
    (Largest, "The axes over which a maximum is taken are counted from 0."),
    (
        Picked,
        "An array under pick is 1 at the first of the largest entries along the axis in the "
        "subscript, and 0 elsewhere.",
    ),
    (StackedOver, "A stack has a new axis, whose place in the subscript is counted from 0."),
    (Reshaped, "A reshape keeps the entries in their order, row by row."),
    (
        Correlated,
        "The sign ⋆ is cross-correlation, where the kernel lies within the image, or with “full” "
        "wherever it meets it.",
    ),
    (Rotated, "A kernel under rot has all its axes turned round."),
    (Dilated, "To dilate by S puts S − 1 zeros between neighbours."),
    (
        Padded,
        "To pad puts as many zeros around an image as the subscript says, before and after; "
        "a negative number cuts off.",
    ),
)


def conventions_of(forms: Iterable[ArrayForm]) -> Iterator[Line]:
    """What the matrix forms of a document take for granted: each notation that they use."""
    known = [f.derivation for f in forms if f.derivation is not None]
    nodes = [n for d in known for f in (d.start, d.result) for n in subformulas(f)]
    for layout_ in dict.fromkeys(n.layout for n in nodes if isinstance(n, Slope | VecSlope)):
        yield line(_LAYOUTS[layout_])
    kinds = {type(n) for n in nodes}
    yield from (line(told) for kind, told in _NOTATION if kind in kinds)


def _by_place(whole: Formula | Whole) -> tuple[list[Whole], list[Whole], list[Whole]]:
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
