"""Definitions read backwards in matrix forms: where one fits, and where something only looks so."""

from __future__ import annotations

from typing import Any

import pytest

from derive.api import Given
from derive.derivation.step import Derivation
from derive.engine.differentiate import Differentiator
from derive.engine.matrix.form import ArrayForm, array_forms

SHAPES: dict[str, list[str]] = {
    "A": ["m", "n"],
    "B": ["k", "m"],
    "S": ["n", "n"],
    "a": ["n"],
    "c": ["m"],
    "x": ["n"],
    "y": ["n"],
    r"\lambda": [],
}


def given(*define: str, layout: str = "denominator") -> Given:
    used = {name: shape for name, shape in SHAPES.items() if any(name in d for d in define)}
    tables: dict[str, Any] = {"tensors": used, "define": list(define)}
    return Given.from_dict({**tables, "conventions": {"layout": layout}})


def right(g: Given, of: str, by: str) -> str:
    """The right side of the matrix form, every step of which is verified."""
    shape = next(t for t in g.model.program.defined if t.name == of).shape
    d = g.jacobian(of, by, form="matrix") if shape else g.gradient(by, of=of, form="matrix")
    assert not d.remark
    assert d.verify().status == "exact"
    return d.latex().partition(" = ")[2]


@pytest.mark.parametrize(
    ("define", "of", "by", "expected"),
    [
        # a product, neighbours in a longer one, and the transpose
        (["z = A x", r"f = c^\top A x"], "f", "c", "z"),
        (["z = A x", r"f = (B A x)^\top (B A x)"], "f", "B", r"2B z z^{\top}"),
        # with a number in front, out of the numbers that there are
        (["z = 2 A x", r"f = 6 c^\top A x"], "f", "c", "3z"),
        ([r"z = \lambda A x", r"f = \lambda c^\top A x"], "f", "c", "z"),
        (
            [r"z = \frac{1}{\lambda} (x - y)", r"f = \frac{1}{\lambda} x^\top S (x - y)"],
            *("f", "S", r"x z^{\top}"),
        ),
        # the other sign, and both at once
        (["z = x - y", r"f = \frac{1}{2} \|y - x\|^2"], "f", "y", "-z"),
        (["z = x - y", r"f = (y - x)^\top S (x - y)"], "f", "S", r"-z z^{\top}"),
        # parts of a product entry by entry, in any order
        ([r"z = x \odot y", r"f = \sum_{i=1}^{n} a_i x_i y_i"], "f", "a", "z"),
        # a scalar of several factors
        (
            [r"f = \frac{x^\top a}{\|x\|}"],
            *("f", "x", r"\frac{1}{\lVert x\rVert_{2}}a - \frac{f}{\lVert x\rVert_{2}^{2}}\,x"),
        ),
    ],
)
def test_a_definition_is_read_backwards(define: list[str], of: str, by: str, expected: str) -> None:
    assert right(given(*define), of, by) == expected


@pytest.mark.parametrize(
    ("define", "of", "by", "expected"),
    [
        # a number that is not there, or not often enough
        (["z = 2 A x", r"f = 3 c^\top A x"], "f", "c", "3A x"),
        ([r"z = \lambda A x", r"f = c^\top A x"], "f", "c", "A x"),
        (
            [r"z = \lambda A x", r"f = \frac{1}{\lambda} c^\top A x"],
            *("f", "c", r"\frac{1}{\lambda}A x"),
        ),
        # another sign within, another transpose, other factors
        (["z = x + y", r"f = \frac{1}{2} \|y - x\|^2"], "f", "y", "y - x"),
        ([r"z = S^\top x", r"f = y^\top S x"], "f", "y", "S x"),
        ([r"z = x \odot x", r"f = \sum_{i=1}^{n} a_i x_i y_i"], "f", "a", r"x \odot y"),
        # a lone inner product has no shorter name
        ([r"g = x^\top a", r"f = (x^\top a)^2"], "f", "x", r"2(x^{\top} a) a"),
    ],
)
def test_what_only_looks_so_stays(define: list[str], of: str, by: str, expected: str) -> None:
    assert right(given(*define), of, by) == expected


def test_a_definition_says_its_body() -> None:
    g = given("z = A x", r"w = A x + c")
    assert right(g, "w", "c") == "I_{m}"
    printed = [str(f.derivation.result) for f in _forward(g).values() if f.derivation is not None]
    assert printed[0].startswith("Element(Product(Array(A), Array(x))")
    assert printed[1].startswith("Element(Added(Product(Array(A), Array(x)), Array(c))")


def _forward(g: Given) -> dict[Derivation, ArrayForm]:
    program = g.model.program
    made = [Differentiator(program).forward(d.tensor) for d in program.definitions]
    return array_forms(made, lambda t: "shape", program)
