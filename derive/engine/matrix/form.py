"""The matrix form of a derivation: one more step, from the index form to an entry of an array.

The axes of the array are those of the layout.  "shape": the indices of what is differentiated, then
those of the variable.  "denominator": the variable's first.  "numerator": as "shape", but a scalar
by a vector is a row, and by a matrix is transposed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from derive.derivation.program import Program
from derive.derivation.step import Derivation, Step
from derive.engine.matrix.correlation import correlation
from derive.engine.matrix.folding import folded
from derive.engine.matrix.kronecker import of_matrix_by_matrix, places
from derive.engine.matrix.labelled import NoMatrixForm
from derive.engine.matrix.network import element_of
from derive.engine.matrix.recognise import Recogniser
from derive.engine.matrix.rewrite import Tidying
from derive.ir import (
    Array,
    Component,
    Derivative,
    Element,
    Formula,
    Index,
    Int,
    Product,
    Sliced,
    Slope,
    Sum,
    Tensor,
    Times,
    Transposed,
    Whole,
    refresh,
)
from derive.ir.curvature import Curvature
from derive.ir.vectorised import VecCurvature, VecSlope

RULE = "matrix form"
LayoutOf = Callable[[Tensor], str]
"""The layout of derivatives by a tensor: shape, numerator or denominator."""


@dataclass(frozen=True)
class ArrayForm:
    """A derivation between two arrays, entry by entry; or None, and why there is none."""

    derivation: Derivation | None
    reason: str = ""


def matrix_form(
    d: Derivation, layout_of: LayoutOf, program: Program | None = None
) -> tuple[Derivation, str]:
    """The derivation with its matrix form as last step; or as it is, and why there is none.

    The definitions of a program are read backwards where they fit.
    """
    try:
        step = _step(d, layout_of, program)
    except NoMatrixForm as reason:
        images = correlation_form(d, str(reason))
        if images.derivation is None:
            return d, images.reason
        step = images.derivation.steps[-1]
    return Derivation(d.start, d.ranges, (*d.steps, step)), ""


def array_form(d: Derivation, layout_of: LayoutOf, program: Program | None = None) -> ArrayForm:
    """What a derivation says, as an equation of two arrays: ∂L/∂W = (y - t) x^⊤."""
    try:
        step = _step(d, layout_of, program)
    except NoMatrixForm as reason:
        return correlation_form(d, str(reason))
    if not d.ranges:
        first = Step(d.start, d.result, "index form", "entry by entry", d.facts)
        return ArrayForm(Derivation(d.start, (), (first, step)))
    left = named(d.start, layout_of)
    if left is None or not isinstance(step.after, Element):
        return ArrayForm(None, "it is no array that has a name")
    entry = Element(left, *step.after.indices)
    return ArrayForm(Derivation(entry, d.ranges, (_first(entry, d), step)))


def correlation_form(d: Derivation, reason: str) -> ArrayForm:
    """What a derivation says as a correlation of images, for all other indices held fixed."""
    start = d.start
    try:
        whole, axes = correlation(d.result, d.ranges)
    except NoMatrixForm:
        return ArrayForm(None, reason)
    if not isinstance(start, Derivative) or not isinstance(start.of, Component) or start.of.indices:
        return ArrayForm(None, reason)
    if tuple(e.atom for e in start.by.indices if e.atom in axes) != axes:
        return ArrayForm(None, reason)
    entry = Element(_image(start, axes), *axes)
    steps = (_first(entry, d), _tidied(d, Element(whole, *axes)))
    return ArrayForm(Derivation(entry, d.ranges, steps))


def array_forms(
    derivations: Iterable[Derivation], layout_of: LayoutOf, program: Program | None = None
) -> dict[Derivation, ArrayForm]:
    """The matrix form of each derivation, or why there is none."""
    return {d: array_form(d, layout_of, program) for d in derivations}


def _step(d: Derivation, layout_of: LayoutOf, program: Program | None) -> Step:
    base = 1
    for t in _tensors(d.start):
        base = t.base
    recogniser = Recogniser(d.ranges, base, layout_of)
    read = _by_vec(d, recogniser) if _of_matrices(d.start) else _read(d, recogniser)
    return _tidied(d, read, program)


def _first(entry: Element, d: Derivation) -> Step:
    """From the entry of the array on the left to the index form."""
    return Step(entry, d.result, "index form", "entry by entry", d.facts)


def _tidied(d: Derivation, read: Formula, program: Program | None = None) -> Step:
    """From the index form to the array as it is read, and to its tidy form."""
    small = [Step(d.result, read, "as arrays", "read as arrays")]
    defines = isinstance(d.start, Component)  # which says the body of a definition, not its name
    while True:
        tidying = Tidying()
        tidied = tidying.run(small[-1].after)
        small += tidying.steps
        fold = None if program is None or defines else folded(tidied, program)
        if fold is None:
            return Step(d.result, tidied, RULE, "as arrays", (), tuple(small))
        small.append(fold)


def _read(d: Derivation, recogniser: Recogniser) -> Formula:
    """The entry of an array that a result is; of a number, a formula in which arrays stand."""
    axes, row = axes_of(d, recogniser.layout_of)
    if not axes:
        return element_of(recogniser.read(refresh(d.result)))
    if isinstance(d.start, Derivative) and d.start.of.args[1:] and len(axes) > 2:
        raise NoMatrixForm(f"it has {len(axes)} axes, and a matrix has two")
    whole = recogniser.whole(d.result, axes)
    return Element(Transposed(whole) if row else whole, *axes)


def _of_matrices(start: Formula) -> bool:
    """Whether a derivation is about a derivative of or by a matrix, beside one or a vector."""
    pair = _pair(start)
    axes = [len(_indices(c.indices)) for c in pair if isinstance(c, Component)]
    matrices = all(isinstance(c, Component) and len(c.indices) < 3 for c in pair)
    return matrices and sorted(axes) in ([1, 2], [2, 2])


def _pair(start: Formula) -> tuple[Component, ...]:
    """What is differentiated and the variable; of a number's second derivative both variables."""
    parts = start.args[:2] if isinstance(start, Derivative) else ()
    if parts and isinstance(inner := parts[0], Derivative) and not inner.of.args[1:]:
        parts = (parts[1], inner.by)
    return parts if all(isinstance(c, Component) for c in parts) else ()  # type: ignore[return-value]


def _by_vec(d: Derivation, recogniser: Recogniser) -> Element:
    """A derivative of or by a matrix, with the columns of matrices below each other."""
    of, by = _pair(d.start)
    whole = of_matrix_by_matrix(recogniser, d.result, of, by)
    at = places(of, by)
    first = isinstance(d.start.args[0], Component)
    if first and recogniser.layout_of(by.tensor) == "denominator":
        return Element(Transposed(whole), *at[::-1])
    return Element(whole, *at)


def _tensors(start: Formula) -> tuple[Tensor, ...]:
    parts = start.args[:2] if isinstance(start, Derivative) else (start,)
    return tuple(c.tensor for c in parts if isinstance(c, Component))


def axes_of(d: Derivation, layout_of: LayoutOf) -> tuple[tuple[Index, ...], bool]:
    """The free indices in the order of the layout, and whether they are those of a row."""
    start = d.start
    if not isinstance(start, Derivative) or not isinstance(start.of, Component):
        return tuple(r.index for r in d.ranges), False
    of, by = _indices(start.of.indices), _indices(start.by.indices)
    layout = layout_of(start.by.tensor)
    slope = Slope(start.of.tensor, start.by.tensor, layout)
    return slope.place(of, by), slope.row


def named(start: Formula, layout_of: LayoutOf) -> Whole | None:
    """The array whose entry a derivation is about: ∂L/∂W for ∂L/∂W_{ij}, z for z_i."""
    if isinstance(start, Component):
        return _without_fixed(Array(start.tensor), start.indices)
    if isinstance(start, Sum):
        return _curvature_times(start)
    if isinstance(start, Derivative) and isinstance(start.of, Derivative):
        return _curvature(start, start.of)
    if not isinstance(start, Derivative) or not isinstance(start.of, Component):
        return None
    of, by = start.of, start.by
    if _of_matrices(start):
        return VecSlope(of.tensor, by.tensor, layout_of(by.tensor), *start.held)
    slope = Slope(of.tensor, by.tensor, layout_of(by.tensor), *start.held)
    return _without_fixed(slope, slope.place(of.indices, by.indices))


def named_beside(start: Formula, entry: Element, layout_of: LayoutOf) -> Whole | None:
    """The array on the left of a matrix form, with the axes at whose indices the entry is."""
    left = named(start, layout_of)
    if left is None or left.rank == entry.whole.rank:
        return left
    assert isinstance(start, Derivative)
    return _image(start, tuple(e.atom for e in entry.indices))


def _image(start: Derivative, axes: tuple[object, ...]) -> Whole:
    """The gradient at all indices but some, by which it is an image."""
    assert isinstance(start.of, Component)
    at = start.by.indices
    whole = Slope(start.of.tensor, start.by.tensor, "shape", *start.held)
    fixed = [k for k, e in enumerate(at) if e.atom not in axes]
    return Sliced(whole, fixed, [at[k] for k in fixed]) if fixed else whole


def _curvature(outer: Derivative, inner: Derivative) -> Whole | None:
    """∂²L/∂x∂y for an entry of it."""
    if not isinstance(inner.of, Component) or inner.held or outer.held:
        return None
    if _of_matrices(outer):
        return VecCurvature(inner.of.tensor, outer.by.tensor, inner.by.tensor)
    whole = Curvature(inner.of.tensor, outer.by.tensor, inner.by.tensor)
    return _without_fixed(whole, (*inner.of.indices, *outer.by.indices, *inner.by.indices))


def _curvature_times(f: Sum) -> Whole | None:
    """The Hessian by a vector times a vector, for an entry of the product."""
    if len(f.ranges) > 1 or not isinstance(f.body, Times) or len(f.body.args) != 2:
        return None
    hessian, v = f.body.args
    if not isinstance(hessian, Derivative) or not isinstance(hessian.of, Derivative):
        return None
    matrix = _curvature(hessian, hessian.of)
    if matrix is None or matrix.rank != 2 or not isinstance(v, Component) or len(v.indices) != 1:
        return None
    return Product(matrix, Array(v.tensor))


def _without_fixed(a: Whole, indices: tuple[Int, ...]) -> Whole:
    """The array with an axis for each free index; the others are fixed."""
    fixed = [k for k, e in enumerate(indices) if not isinstance(e.atom, Index)]
    return Sliced(a, fixed, [indices[k] for k in fixed]) if fixed else a


def _indices(es: tuple[Int, ...]) -> tuple[Index, ...]:
    return tuple(i for e in es if isinstance(i := e.atom, Index))
