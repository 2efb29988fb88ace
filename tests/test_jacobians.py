"""The question `jacobian`: how every entry of an array depends on every entry of another."""

from __future__ import annotations

from fractions import Fraction

import pytest
from sheets import answers, numbers, solved

from derive.document.answers import document
from derive.errors import InputError
from derive.questions.parts import Grids, Lines
from derive.writers.markdown import markdown

JACOBIANS = """
[[problems]]
define = ['C = Conv2d(A, B)']
tensors = {A = [3, 3], B = [2, 2]}
values = {B = [[1, -2], [0.5, 4]]}
ask = [{question = "jacobian", of = "C", wrt = "A"}]
[[problems]]
define = ['y = Softmax(z, dim=0)', 'q = Linear(y, W)']
tensors = {z = [2], W = [2, 2]}
values = {W = [[1, 2], [3, 5]]}
ask = [
  {question = "jacobian", of = "y", wrt = "z"},
  {question = "jacobian", of = "q", wrt = "y"},
  {question = "jacobian", of = "q", wrt = "z"},
]
[[problems]]
define = ['M = MaxPool2d(X, kernel_size=2)']
tensors = {X = [2, 4, 6]}
ask = [{question = "jacobian", of = "M", wrt = "X", at = [[2, 1, 3]]}]
"""


def test_jacobians_with_their_steps_and_entries():
    made = solved(JACOBIANS)
    assert all(v.holds for v in made.verdicts)
    convolution, _, linear, composed, pooling = answers(made)
    assert numbers(convolution, "dA") == [
        [[1, -2, 0], [Fraction(1, 2), 4, 0], [0, 0, 0]],
        [[0, 1, -2], [0, Fraction(1, 2), 4], [0, 0, 0]],
        [[0, 0, 0], [1, -2, 0], [Fraction(1, 2), 4, 0]],
        [[0, 0, 0], [0, 1, -2], [0, Fraction(1, 2), 4]],
    ]
    assert numbers(linear, "dy") == [[[1, 2], [3, 5]]]
    page = markdown(document(made))
    assert "y_{1} (1 - y_{1}) & -y_{1} y_{2}" in page
    assert "chain rule" in page.split("depends on those of $z$.")[2]
    window = next(p for p in pooling.parts if isinstance(p, Grids))
    assert len(window.grids) == 1  # that of the second channel; nothing else is read
    assert [c.shade.value for c in window.grids[0].rows[0]] == ["plain"] * 4 + ["window"] * 2
    assert len([p for p in pooling.parts if isinstance(p, Lines)][-1].rows) == 4
    assert composed.verdicts


def test_a_jacobian_in_the_denominator_layout_is_transposed():
    text = JACOBIANS.replace(
        "[[problems]]", '[conventions]\nlayout = "denominator"\n[[problems]]', 1
    )
    linear = answers(solved(text))[2]
    assert numbers(linear, "dy") == [[[1, 3], [2, 5]]]


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ('of = "M", wrt = "X", at = [[1, 3, 1]]', r"\[1, 3, 1\] is no position in M"),
        ('of = "M", wrt = "Z"', "there is no array “Z”"),
        ('of = "X", wrt = "X"', "“X” is given"),
    ],
)
def test_jacobians_that_are_refused(asked, complaint):
    text = '[tensors]\nX = [2, 4, 6]\n[[problems]]\ndefine = ["M = MaxPool2d(X, kernel_size=2)"]\n'
    with pytest.raises(InputError, match=complaint):
        solved(f'{text}ask = [{{question = "jacobian", {asked}}}]')
