"""Matrix forms in a document: equations of two arrays, and why transposes stand where they do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from sympy import Basic

from derive.derivation.step import Derivation
from derive.document import layout
from derive.document.describe import joined
from derive.document.math import Math
from derive.document.model import Block, Display, Equation, Line, Mark, Paragraph, Text, line
from derive.document.notation import Names, Notation
from derive.engine.matrix.form import ArrayForm
from derive.ir import (
    Added,
    Commutation,
    Correlated,
    Dilated,
    Element,
    Folded,
    Formula,
    Hadamard,
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
    named = d.start.whole if isinstance(d.start, Element) else d.start
    fixed = [r for r in d.ranges if r.index in free_indices(named)]
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
    """A sentence for each correlation and for each transpose in the result, saying why it is."""
    whole = d.result.whole if isinstance(d.result, Element) else d.result
    yield from (_in_words(n, names) for n in subformulas(whole) if isinstance(n, Correlated))
    if isinstance(whole, Transposed):
        yield line("The whole is transposed, as the layout asks for the other order of its axes.")
    told: dict[tuple[Whole, str, str], None] = {}
    for p in subformulas(whole):
        for k, f in enumerate(p.args):
            if isinstance(f, Transposed) and (reason := _reason(p, k, f)) is not None:
                before, after = reason
                told[f.of if before else f, before, after] = None
    for a, before, after in told:
        yield line(before, layout.whole(a, names), after)


def _reason(p: Basic, k: int, f: Transposed) -> tuple[str, str] | None:
    """Why a factor or a part stands transposed: the words before and behind its name."""
    vector = f.of.rank == 1
    if isinstance(p, Kronecker) and vector:
        return "", " is a row: its index goes with the columns of the result."
    if isinstance(p, Kronecker):
        columns = " goes with the columns of the result, so it stands transposed."
        return "The first index of ", columns
    if isinstance(p, Hadamard | Added) and not vector:
        return "", " has its axes in the order of what stands beside it."
    if isinstance(p, Product) and vector and not k:
        return "", " is a row, which sums over what follows it."
    if isinstance(p, Product) and vector:
        return "", " is a row: behind a column it gives all products of two entries."
    if isinstance(p, Product):
        which = "second" if k else "first"
        return f"The sum runs over the {which} index of ", ", so it stands transposed."
    return None


def _in_words(a: Correlated, names: Names) -> Line:
    """The cross-correlation of x with δ; the full correlation of δ with the rotated kernel."""
    x, kernel = (_bare(side) for side in (a.of, a.kernel))
    left, right = (layout.whole(side, names) for side in (x, kernel))
    dilated = any(isinstance(n, Dilated) for n in subformulas(a))
    stride = ", dilated by the stride" if dilated else ""
    if a.full:
        return line(
            *("This is the full correlation of ", left, stride + "," if stride else ""),
            *(" with the rotated kernel ", right, "."),
        )
    return line("This is the cross-correlation of ", left, " with ", right, stride, ".")


def _bare(a: Whole) -> Whole:
    """An image without its padding, dilation and rotation."""
    return _bare(a.of) if isinstance(a, Padded | Dilated | Rotated) else a


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
_IMAGES = "Image by image, a gradient has the axes of its variable in any layout."
_NOTATION: tuple[tuple[type[Whole], str], ...] = (
    (Ones, "A bold 1 is an array of ones, of the size in its subscript."),
    (Hadamard, "The sign ⊙ multiplies entry by entry, and so does a power with it."),
    (Kronecker, "The sign ⊗ is the Kronecker product, and vec puts columns below each other."),
    (
        Commutation,
        "A bold K is a commutation matrix: it takes the vec of a matrix with the extents in its "
        "subscript to the vec of the transpose.",
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
    layouts = dict.fromkeys(n.layout for n in nodes if isinstance(n, Slope | VecSlope))
    for layout_ in layouts:
        images = layout_ == "shape" and len(layouts) > 1
        yield line(_IMAGES if images else _LAYOUTS[layout_])
    kinds = {type(n) for n in nodes}
    yield from (line(told) for kind, told in _NOTATION if kind in kinds)
