"""Long formulas are broken where people break them, and nothing is lost or too wide."""

import pytest

from derive.document import layout
from derive.document.breaking import break_lines, width_of
from derive.document.math import Break, Numeral, Relation, Sign, row
from derive.document.notation import Names
from derive.ir import Formula, Index, Number, Plus, Power, Range, Sum, Tensor, Times
from derive.writers.latex_math import latex_math
from derive.writers.typst_math import typst_math

i, j = Index("i"), Index("j")
v = Tensor("v", "v", (99,))
w = Tensor("w", "w^{(conv)}", (99, 99))


def lines(f: Formula, width: float) -> list[str]:
    return [latex_math(x) for x in break_lines(layout.formula(f, Names.of([f])), width)]


def test_what_fits_stays_on_one_line() -> None:
    assert lines(v[1] + v[2], 40) == ["v_{1} + v_{2}"]


def test_a_sum_is_broken_before_a_sign_which_keeps_the_space_of_a_binary_one() -> None:
    f = v[1] + v[2] - v[3]
    assert lines(f, 4.5) == ["v_{1} + v_{2}", "{}-v_{3}"]
    tree = break_lines(layout.formula(f, Names.of([f])), 4.5)[1]
    assert typst_math(tree) == 'class("binary", -) v_(3)'


def test_a_relation_goes_before_a_sign_and_a_sign_before_a_factor() -> None:
    term = Times(*(w[k, k] for k in range(1, 5)))
    f = layout.formula(term + term, Names.of([term]))
    chain = row(f, Break(0), Relation("="), f)
    width = width_of(f)
    assert [latex_math(x)[0] for x in break_lines(chain, width + 4)] == ["w", "="]
    assert len(break_lines(f, width - 1)) == 2
    assert latex_math(break_lines(f, width - 1)[1]).startswith("{}+")


def test_a_product_goes_on_with_a_dot() -> None:
    f = Times(*(w[k, k] for k in range(1, 9)))
    first, second = lines(f, width_of(layout.formula(f, Names.of([f]))) * 0.65)
    assert second.startswith(r"{}\cdot w")
    assert first.count("w") + second.count("w") == 8


def test_brackets_are_opened_only_when_nothing_else_helps() -> None:
    long = Plus(*(w[k, k] * w[k, 1] for k in range(1, 7)))
    f = Power(v[1], 2) * Sum(long, Range(i, 1, 9))
    whole = layout.formula(f, Names.of([f]))
    broken = [latex_math(x) for x in break_lines(whole, width_of(whole) * 0.6)]
    assert "(" in broken[0]
    assert broken[-1].endswith(")")
    text = "".join(broken).replace("{}", "").replace(" ", "")
    assert text == latex_math(whole).replace(" ", "")


@pytest.mark.parametrize("width", [8, 15, 25, 40])
def test_no_line_is_wider_than_it_must_be(width: float) -> None:
    f = Plus(*(Number(-1) * w[k, k] * v[k] for k in range(1, 30)))
    for k, x in enumerate(break_lines(layout.formula(f, Names.of([f])), width)):
        assert width_of(x) <= width - 2 * bool(k)


def test_what_has_no_place_to_break_stays_whole() -> None:
    tree = row(Numeral("1" * 80), Sign("slash"), Numeral("2"))
    assert break_lines(tree, 10) == [tree]
