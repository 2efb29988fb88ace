"""What a document has beyond gradients where its Given asks for it: second derivatives, code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from derive.derivation.step import Derivation
from derive.document.model import Block, CodeListing, Paragraph, Section, line
from derive.document.second import SecondDerived
from derive.engine.differentiate import Differentiator
from derive.engine.matrix.form import array_form, matrix_form, named
from derive.engine.passes import passes
from derive.engine.second import SecondDerivatives
from derive.network.build import Model
from derive.writers.python import listings


def seconds(model: Model) -> tuple[SecondDerived, ...]:
    """The second derivatives that a Given asks for, with matrix forms where it asks for those."""
    found = []
    for asked in model.second:
        engine = Differentiator(replace(model.program, loss=asked.of), model.hidden)
        second = SecondDerivatives(engine)
        made = (
            second.hessian(asked.by, asked.and_by)
            if asked.vector is None
            else second.product(asked.by, asked.vector)
        )
        form = None
        if model.form == "matrix" and named(made.start, model.layout_of) is None:
            made, _ = matrix_form(made, model.layout_of, model.program)
        elif model.form == "matrix":
            form = array_form(made, model.layout_of, model.program)
        found.append(SecondDerived(asked.of, asked.by, asked.and_by, asked.vector, made, form))
    return tuple(found)


def derivations_of(found: tuple[SecondDerived, ...]) -> Iterator[Derivation]:
    """Everything about second derivatives that is to be verified."""
    for one in found:
        yield one.derivation
        if one.form is not None and one.form.derivation is not None:
            yield one.form.derivation


def code_blocks(model: Model) -> Iterator[Block]:
    """The passes of a network as Python."""
    if model.listings == "none":
        return
    made = passes(model.title, model.program, model.targets, model.hidden)
    words = {"arrays": "with operations on whole arrays", "loops": "with loops over all entries"}
    yield Section("As Python")
    yield Paragraph(
        line(
            f"In NumPy, {words[model.listings]}: the formulas above, printed. Positions and class "
            "indices count from 0; sizes are those of the arrays."
        )
    )
    for text in listings(made, model.listings):
        yield CodeListing(text)
