"""Small edits of LaTeX: the slips that are tried, and that trying them never fails."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.check.edit import Vocabulary
from derive.check.edits import edits
from derive.check.slips import shifted
from derive.check.text import Text
from derive.latex.error import ReadError

WORDS = Vocabulary(
    names=((r"\tilde U", "U", r"e^{(in)}", r"e^{(out)}"), ("dS", "K")),
    scales=("R", "2"),
    missing=("-", r"\sum_{i}"),
)

SLIPS = [
    # what stands there, what it becomes
    (r"c_{21}+c_{13}", r"c_{22}+c_{13}"),
    (r"c_{21}d_{4}c_{21}", r"c_{22}d_{4}c_{22}"),
    (r"p_i q_j", r"p_j q_j"),
    (r"p_{i'j}", r"p_{ji'}"),
    (r"p_{i}q_{i'}", r"p_{i'}q_{i'}"),
    (r"U_{i+a,j+b}", r"U_{i+a-1,j+b-1}"),
    (r"U_{i+a-1,j}", r"U_{i+a,j}"),
    (r"U_{i+a,j+b}", r"U_{Ri+a,Rj+b}"),
    (r"U_{2i+a}", r"U_{i+a}"),
    (r"U_{i+a,j+b}", r"U_{i+a-R,j+b-R}"),
    (r"e^{(in)}_{i}", r"e^{(out)}_{i}"),
    (r"\tilde U_{i}x", r"U_{i}x"),
    (r"U_{i}x", r"\tilde U_{i}x"),
    (r"a(b+c)", r"a(b-c)"),
    (r"-\frac{1}{n}x", r"\frac{1}{n}x"),
    (r"x_i y_i", r"- x_i y_i"),
    (r"x_i y_i", r"\sum_{i} x_i y_i"),
    (r"a+b", r"-\left(a+b\right)"),
    (r"\sum_{i=1}^{n}x_i", r"\sum_{i=0}^{n}x_i"),
    (r"\sum_{i=1}^{n}x_i", r"\sum_{i=1}^{n-1}x_i"),
    (r"\sum_{i=1}^{n-1}x_i", r"\sum_{i=1}^{n}x_i"),
    (r"\sum_{i=1}^{n}x_i", r"x_i"),
    (r"A G", r"A^{\top} G"),
    (r"A^{\top} G", r"A G"),
    (r"A^{\top} G", r"G A^{\top}"),
    (r"dS\,K", r"dS^{\top}\,K"),
    (r"x^{p-1}", r"x^{p}"),
    (r"(v+1)^{-1/2}", r"(v+1)^{-1/2-1}"),
    (r"3x", r"2x"),
    (r"\frac{1}{n}x y", r"x y"),
    (r"x y z", r"x z"),
    (r"a+b-c", r"a-c"),
]


@pytest.mark.parametrize(("old", "new"), SLIPS)
def test_slip(old: str, new: str):
    before = r"\frac{\partial L}{\partial x_{i}} = "
    source = before + old + r",\quad i=1..3"
    made = [e.apply(source) for e in edits(source, len(before), len(before) + len(old), WORDS)]
    wanted = (before + new + r",\quad i=1..3").replace(" ", "")
    assert wanted in [m.replace(" ", "") for m in made]


def test_only_the_side_is_edited():
    source = "p_{i} = q_{i} r_{i}"
    start = source.index("q")
    for e in edits(source, start, len(source), WORDS):
        assert e.apply(source).startswith(source[:start])


def test_whole_numbers():
    whole = Vocabulary(whole=True)
    shown = {e.apply(r"\frac{a}{b}") for e in edits(r"\frac{a}{b}", 0, 11, whole)}
    assert {r"\frac{a}{b}+1", r"\left\lfloor \frac{a}{b}\right\rfloor"} <= shown
    assert "I-K" in {e.apply("I K") for e in edits("I K", 0, 3, whole)}
    assert not {r"\frac{a}{b}+1"} & {
        e.apply(r"\frac{a}{b}") for e in edits(r"\frac{a}{b}", 0, 11, WORDS)
    }


def test_other_sides_tell_which_indices_are_meant():
    words = Vocabulary(beside=("A_{43}", "C_{9}"))
    first = next(edits("A_{42} + A_{42}C_{1}", 0, 20, words))
    assert first.shown == "A_{42} → A_{43} everywhere"
    assert first.apply("A_{42} + A_{42}C_{1}") == "A_{43} + A_{43}C_{1}"


def test_a_name_is_known_wherever_its_indices_stand():
    words = Vocabulary(names=[[r"\delta^{(a)}", r"\delta^{(b)}", r"\hat y", "y"]])
    source = r"\delta_{i,j}^{(a)} y_{i} + \mathbf{y}_j"
    made = {e.shown: e.apply(source) for e in edits(source, 0, len(source), words)}
    changed = r"\delta_{i,j}^{(a)} → \delta_{i,j}^{(b)}"
    assert made[changed] == source.replace("(a)", "(b)")
    assert made[r"y → \hat y everywhere"] == r"\delta_{i,j}^{(a)} \hat y_{i} + \mathbf{\hat y}_j"


def test_the_index_base_bounds_digits():
    def digits(base: int) -> set[str]:
        return {e.apply("x_{11}") for e in edits("x_{11}", 0, 6, Vocabulary(base=base))}

    assert "x_{01}" in digits(0)
    assert "x_{01}" not in digits(1)


@pytest.mark.parametrize(
    ("bound", "by", "moved"),
    [("n", 1, "n+1"), ("n-1", 1, "n"), ("n+1", 1, "n+2"), ("3", -1, "2"), ("2n", -1, "2n-1")],
)
def test_shifted(bound: str, by: int, moved: str):
    assert shifted(bound, by) == moved


def test_terms_and_sides():
    source = r"z = -a_{i+1} + (b-c) - \frac{d-e}{f}, k = 2"
    side = Text(source, 0, len(source)).side_at(source.index("b"))
    terms = Text(source, *side).terms()
    assert [t.text for t in terms] == ["-a_{i+1}", "+ (b-c)", r"- \frac{d-e}{f}"]


PIECES = st.sampled_from(
    r"x y_i z_{ij} {  } _ ^ ' + - 1 23 \frac \sum \partial ( ) [ ] = , \left \right \alpha "
    r"^{\top} \\ & \begin \end \lfloor \rfloor".split()
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=14).map(" ".join))
def test_no_text_is_too_odd(source: str):
    try:
        made = list(islice(edits(source, 0, len(source), WORDS), 300))
    except ReadError:
        return
    for e in made:
        e.apply(source)
