"""Matrix-calculus identities, derived from definitions to the matrix form, in both layouts."""

from __future__ import annotations

import pytest
from identities import LAYOUTS, Identity, table
from mutants import mutants

from derive.api import Derivation, Given
from derive.document import layout as laid
from derive.document.notation import Names, Notation
from derive.engine.matrix.form import named
from derive.ir import Element, substitute
from derive.latex.definitions import read_definition
from derive.writers.latex_math import latex_math

IDENTITIES = list(table())


def derived(identity: Identity, layout: str) -> Derivation:
    """The matrix form as the engine finds it."""
    given = Given.from_dict(identity.given(layout))
    top = next(t for t in given.model.program.defined if t.name == identity.of)
    if top.shape:
        return given.jacobian(identity.of, identity.by, form="matrix")
    return given.gradient(identity.by, of=identity.of, form="matrix")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("identity", IDENTITIES, ids=lambda i: f"{i.define[-1]} by {i.by}")
def test_identity(identity: Identity, layout: str) -> None:
    """The printed result is the expected one; both are what the definitions say.

    Every step is verified with the matrix form evaluated as matrices, at shapes and values drawn at
    random; the expected text is read by our reader, entry by entry, and verified on its own.
    """
    d = derived(identity, layout)
    assert not d.remark
    result = d.result
    assert isinstance(result, Element)
    notation = Notation.of(d.given.model.program, numbers=True)
    names = Names.of([result.whole], (), notation)
    assert latex_math(laid.whole(result.whole, names)) == identity.expected[layout]
    assert d.verify().status == "exact"
    assert is_true(d, identity.expected[layout])


def is_true(d: Derivation, text: str) -> bool:
    """Whether the verifier finds that a formula, as our reader reads it, is what `d` derives."""
    assert isinstance(d.result, Element)
    read = read_definition(f"R = {text}", d.given.model.table)
    body = substitute(read.body, dict(zip(read.indices, d.result.indices, strict=True)))
    return d.given._verifier.chain([d.chain.start, body], d.chain.ranges).ends.holds


@pytest.mark.parametrize("identity", IDENTITIES[::4], ids=lambda i: f"{i.define[-1]} by {i.by}")
def test_a_wrong_expected_form_is_refuted(identity: Identity) -> None:
    """What the literature is said to have is not taken on trust, nor is what we printed."""
    d = derived(identity, "denominator")
    right = identity.expected["denominator"]
    assert is_true(d, rf"\bigl({right}\bigr)")
    for wrong in (rf"2 \bigl({right}\bigr)", rf"-\bigl({right}\bigr)"):
        assert not is_true(d, wrong)


def test_there_are_many_and_each_names_its_source() -> None:
    assert len(IDENTITIES) >= 60
    assert all(len(i.source) > 10 for i in IDENTITIES)
    assert len({(tuple(i.define), i.by, str(i.tensors)) for i in IDENTITIES}) == len(IDENTITIES)


@pytest.mark.parametrize("identity", IDENTITIES[::5], ids=lambda i: f"{i.define[-1]} by {i.by}")
def test_a_wrong_matrix_form_is_refuted(identity: Identity) -> None:
    """A sign, a transpose, a factor or a term: nearly every small change of a form is noticed.

    A few change nothing: a transposed diagonal matrix, x x^⊤ turned round.
    """
    d = derived(identity, "denominator")
    changed = list(mutants(d.result))
    unnoticed = [
        name
        for name, wrong in changed
        if d.given._verifier.chain([d.chain.start, wrong], d.chain.ranges).status == "exact"
    ]
    assert len(unnoticed) <= len(changed) / 3, unnoticed
    assert "sign of the whole" not in unnoticed


def test_the_left_side_says_what_the_layout_makes_of_it() -> None:
    for layout, row in (("numerator", True), ("denominator", False), ("shape", False)):
        tables = {"tensors": {"a": ["n"], "x": ["n"]}, "define": [r"f = a^\top x"]}
        given = Given.from_dict({**tables, "conventions": {"layout": layout}})
        d = given.gradient("x", of="f", form="matrix")
        left = named(d.chain.start, lambda t, layout=layout: layout)  # type: ignore[misc]
        assert left is not None
        assert left.row == row
        assert isinstance(d.result, Element)
        assert d.result.whole.row == row
