"""Vector forms put into each other, through the arrays that are only rearranged.

    ∂L/∂W = reshape(∂L/∂V),   ∂L/∂V = (∂L/∂W̃)^⊤,   ∂L/∂W̃ = Σ_n U_n^⊤ (∂L/∂Y')_n
    ∂L/∂W = reshape(Σ_n (∂L/∂Y')_n^⊤ U_n)

An array is sliced where one of the forms holds for every value of an index only.
"""

from __future__ import annotations

from collections.abc import Mapping

from sympy import Basic

from derive.derivation.step import Derivation, Step
from derive.engine.matrix.form import ArrayForm
from derive.engine.matrix.rewrite import Tidying
from derive.ir import Element, Formula, Int, Sliced, Slope, Tensor, Whole, rebuild, substitute

Forms = Mapping[Tensor, ArrayForm]


def carried(form: ArrayForm, forms: Forms, through: frozenset[Tensor]) -> Derivation | None:
    """A vector form with those of the arrays in `through` put in; None where it has none."""
    d = form.derivation
    if d is None:
        return None
    start, f = d.start, d.result
    steps = list(d.steps)
    while (slope := _next(f, forms, through)) is not None:
        put = _put(f, slope, forms[slope.by])
        if put is None:
            assert isinstance(start, Element)
            assert isinstance(f, Element)
            if isinstance(start.whole, Sliced) or start.whole.rank < 2:
                return None
            start, sliced = _at_first(start), _at_first(f)
            steps = [Step(start, sliced, "slice", "for every value of the first index", d.facts)]
            f = _tidied(sliced, steps)
            put = _put(f, slope, forms[slope.by])
        if put is None:
            return None
        steps.append(Step(f, put, "insert arrays", "insert the array form"))
        f = _tidied(put, steps)
    return Derivation(start, d.ranges, tuple(steps)) if f != d.result else None


def _next(f: Basic, forms: Forms, through: frozenset[Tensor]) -> Slope | None:
    """A derivative by name, for which another form is to be put."""
    if isinstance(f, Slope):
        known = f.by in through and f.by in forms and forms[f.by].derivation is not None
        return f if known else None
    if isinstance(f, Int):
        return None
    return next((s for a in f.args if (s := _next(a, forms, through)) is not None), None)


def _at_first(f: Formula) -> Element:
    """The same entry, of the array that is left at its first index."""
    assert isinstance(f, Element)
    return Element(Sliced(f.whole, (0,), f.indices[:1]), *f.indices[1:])


def _put(f: Formula, slope: Slope, form: ArrayForm) -> Formula | None:
    """The form in place of the derivative; None where it is for single slices only."""
    d = form.derivation
    assert d is not None
    start, result = d.start, d.result
    assert isinstance(start, Element)
    assert isinstance(result, Element)
    new = _replaced(f, slope, start.whole, result.whole)
    return new if isinstance(new, Formula) else None


def _replaced(f: Basic, slope: Slope, left: Whole, right: Whole) -> Basic | None:
    if f == left:
        return right
    if isinstance(f, Sliced) and isinstance(left, Sliced) and f.of == slope:
        if f.axes != left.axes:
            return None
        places = (i.atom for i in left.at)
        to = {i: e for i, e in zip(places, f.at, strict=True) if i is not None}
        return substitute(right, to)  # type: ignore[arg-type]
    if f == slope:
        return None
    if isinstance(f, (Int, Tensor)) or not f.args:
        return f
    parts = [_replaced(a, slope, left, right) for a in f.args]
    return None if None in parts else rebuild(f, tuple(p for p in parts if p is not None))


def _tidied(f: Formula, steps: list[Step]) -> Formula:
    """The array tidied up, as a step of its own."""
    tidying = Tidying()
    tidied = tidying.run(f)
    if tidying.steps:
        small = tuple(tidying.steps)
        reasons = "; ".join(dict.fromkeys(s.reason for s in small))
        steps.append(Step(f, tidied, "tidy", reasons, (), small))
    return tidied
