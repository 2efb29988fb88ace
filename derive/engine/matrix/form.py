"""The matrix form of a derivation: one more step, from the index form to an entry of an array.

The axes of the array are those of the layout.  "shape": the indices of what is differentiated, then
those of the variable.  "denominator": the variable's first.  "numerator": as "shape", but a scalar
by a vector is a row, and by a matrix is transposed.
"""

from __future__ import annotations

from collections.abc import Sequence

from derive.derivation.step import Derivation, Step
from derive.engine.matrix.labelled import NoMatrixForm
from derive.engine.matrix.recognise import Recogniser
from derive.engine.matrix.rewrite import Tidying
from derive.ir import Component, Derivative, Element, Index, Tensor, Transposed

RULE = "matrix form"


def matrix_form(d: Derivation, base: int, layout: str = "shape") -> tuple[Derivation, str]:
    """The derivation with its matrix form as last step; or as it is, and why there is none."""
    axes, row = axes_of(d, layout)
    recogniser = Recogniser(d.ranges, base, layout)
    try:
        whole = recogniser.whole(d.result, axes)
    except NoMatrixForm as reason:
        return d, str(reason)
    read = Element(Transposed(whole) if row else whole, *axes)
    tidying = Tidying()
    tidied = tidying.run(read)
    small = (Step(d.result, read, "as arrays", "read as arrays"), *tidying.steps)
    step = Step(d.result, tidied, RULE, "as arrays", (), small)
    return Derivation(d.start, d.ranges, (*d.steps, step)), ""


def axes_of(d: Derivation, layout: str) -> tuple[tuple[Index, ...], bool]:
    """The free indices in the order of the layout, and whether they are those of a row."""
    start = d.start
    if not isinstance(start, Derivative) or not isinstance(start.of, Component):
        return tuple(r.index for r in d.ranges), False
    of, by = _indices(start.of), _indices(start.by)
    scalar_by_vector = layout == "numerator" and not of and len(by) == 1
    vector_by_scalar = layout == "denominator" and not by and len(of) == 1
    if layout == "denominator":
        return (*by, *of), vector_by_scalar
    if layout == "numerator" and not of:
        return by[::-1], scalar_by_vector
    return (*of, *by), False


def _indices(f: Component) -> tuple[Index, ...]:
    return tuple(i for e in f.indices if isinstance(i := e.atom, Index))


def base_of(tensors: Sequence[Tensor]) -> int:
    """Where the indices of a program begin."""
    return tensors[0].base if tensors else 1
