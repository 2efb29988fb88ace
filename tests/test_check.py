"""Verdicts on equations: which hold, under what, what is wrong, and what would mend it."""

from __future__ import annotations

import pytest
from claims_of_ours import CLAIMS, FIT, HEAT, MAPS, PATCHES, SLIDING, Ours

import derive
from derive.check.claims import Checker
from derive.check.verdict import WORST_FIRST
from derive.errors import InputError
from derive.network.given import Given


@pytest.mark.parametrize("ours", CLAIMS, ids=[f"{k} {c.status}" for k, c in enumerate(CLAIMS)])
def test_verdict(ours: Ours):
    v = derive.check(ours.claim, given=ours.given)
    assert v.status == ours.status, v.message
    assert ours.told in f"{v.message} {v.condition} {v.suggestion}"


def test_every_status_is_tried():
    assert {c.status for c in CLAIMS} == set(WORST_FIRST)


def test_a_condition_is_named():
    v = derive.check(r"\frac{\partial J}{\partial k_b} = \sum_{i} e_i u_{i+b-1}", SLIDING)
    assert v.condition == "R = 1"


def test_what_the_given_fixes_is_no_condition():
    fixed = {**SLIDING, "sizes": {"R": 2}}
    v = derive.check(r"\frac{\partial J}{\partial k_b} = \sum_{i} e_i u_{i+b-1}", fixed)
    assert (v.status, v.condition) == ("wrong", "")


def test_a_fixed_stride_of_one_hides_nothing():
    fixed = {**SLIDING, "sizes": {"R": 1}}
    v = derive.check(r"\frac{\partial J}{\partial k_b} = \sum_{i} e_i u_{i+b-1}", fixed)
    assert v.status == "holds"


def test_a_counterexample_can_be_recomputed():
    v = derive.check(r"E = \sum_{i}(h_i - g_i)^2 + 1", FIT)
    assert v.status == "wrong"
    found = v.counterexample
    n = dict(found.sizes)["n"]
    given = dict(found.tensors)
    predicted = [sum(a * w for a, w in zip(row, given["w"], strict=True)) for row in given["a"]]
    squares = sum((h - g) ** 2 for h, g in zip(predicted, given["g"], strict=True))
    assert (found.left, found.right) == (squares / n, squares + 1)


def test_every_equation_of_a_chain_counts():
    v = derive.check(
        r"\frac{\partial E}{\partial w_j} = \sum_i\frac{\partial E}{\partial h_i} a_{j,i}"
        r"= \frac{2}{n}\sum_{i}(h_i - g_i) a_{i,j}",
        {**FIT, "tensors": {"a": ["n", "n"], "g": ["n"], "w": ["n"]}},
    )
    assert [p.status for p in v.pairs] == ["wrong", "wrong"]
    assert v.pairs[0].suggestion == v.pairs[1].suggestion == "a_{j,i} → a_{i,j}"


def test_pairs_say_where_they_stand():
    source = r"\frac{\partial J}{\partial X} = A^{\top} G = A G^{\top}X"
    pairs = Checker(Given.from_dict({**MAPS, "tensors": {"A": [3, 3], "X": [3, 3]}})).check(source)
    assert [source[p.start : p.end].strip() for p in pairs] == [p.latex.strip() for p in pairs]
    assert pairs[0].latex.startswith(r"\frac")
    assert pairs[0].latex.rstrip().endswith("G")
    assert pairs[1].latex.startswith("A^{")
    assert pairs[1].latex.endswith("X")


def test_several_claims_in_one_source():
    pairs = Checker(Given.from_dict(MAPS)).check(
        r"\nabla_A J = G X^{\top},\quad \nabla_X J = -A^{\top} G"
    )
    assert [p.status for p in pairs] == ["holds", "wrong"]
    assert pairs[1].suggestion == "a factor -1"


def test_what_cannot_be_read_has_a_position():
    source = r"\frac{\partial J}{\partial A} = G X^{\top} + \heartsuit"
    v = derive.check(source, MAPS).pairs[0]
    assert v.status == "unreadable"
    assert source[v.start :].startswith(r"\heartsuit")


def test_an_index_that_is_free_on_one_side():
    v = derive.check(r"\frac{\partial E}{\partial w_j} = \frac{2}{n}(h_i - g_i) a_{i,j}", FIT)
    assert v.status == "wrong"
    assert r"\sum_{i}" in v.suggestion


def test_true_only_where_indices_meet_is_wrong():
    v = derive.check(r"\frac{\partial p_i}{\partial s_j} = \beta p_i(1 - p_i)", HEAT)
    assert v.status == "wrong"
    assert "only where i = j" in v.message


def test_the_other_index_base():
    claim = r"\frac{\partial Z_{i,j}}{\partial F_{a,b}} = P_{i+a,j+b}"
    tables = {k: v for k, v in PATCHES.items() if k not in ("conventions", "define")}
    free = {**tables, "define": ["Z = Conv2d(P, F)"]}
    assert derive.check(claim, free).condition == "indices count from 0"
    stated = derive.check(claim, {**free, "conventions": {"index_base": 1}})
    assert stated.status == "wrong"
    assert "indices count from 0" in stated.message


def test_ties_are_told_from_errors():
    given = {"tensors": {"z": ["n"]}, "define": [r"y_{i} = \max(z_i, 0)"]}
    claim = r"\frac{\partial y_i}{\partial z_j} = \delta_{ij}[z_i \ge 0]"
    v = derive.check(claim, given)
    assert v.status == "holds if"
    assert "kink" in v.condition
    assert derive.check(claim, {**given, "facts": [r"z_{i} \ne 0"]}).status == "holds"
    assert derive.check(claim.replace(r"\ge", "<"), given).status == "wrong"


def test_facts_that_no_draw_satisfies_are_not_held_for_true():
    given = {**FIT, "facts": [r"\sum_i h_i g_i = 3"]}
    v = derive.check(r"\frac{\partial E}{\partial w_j} = 0", given)
    assert v.status == "unreadable"
    assert "cannot be checked" in v.message


def test_large_networks_are_compared_at_sizes_that_tell_as_much():
    given = {
        "tensors": {"x": [64, 1, 28, 28], "t": [64, 10]},
        "layers": [
            {"name": "conv", "type": "Conv2d", "out_channels": 20, "kernel_size": 5},
            {"type": "Flatten"},
            {"name": "fc", "type": "Linear", "out_features": 10},
        ],
        "loss": {"type": "MSELoss", "target": "t"},
    }
    left = r"\frac{\partial L}{\partial b^{(conv)}_{o}} ="
    entry = r"\frac{\partial L}{\partial z^{(conv)}_{n,o,i,j}}"
    sums = r"\sum_{n=1}^{64}\sum_{i=1}^{24}\sum_{j=1}^{24}"
    assert derive.check(f"{left} {sums} {entry}", given).status == "holds"
    assert derive.check(f"{left} {sums.replace('24', '23')} {entry}", given).status == "wrong"
    claim = r"\frac{\partial L}{\partial z^{(fc)}_{n,j}} = \frac{1}{320}(z^{(fc)}_{n,j} - t_{n,j})"
    assert derive.check(claim, given).status == "holds"
    assert derive.check(claim.replace("320", "300"), given).status == "wrong"


def test_a_given_that_cannot_be_used_is_an_error():
    with pytest.raises(InputError):
        derive.check("x = x", {"tensors": {"x": ["n"]}, "define": ["y = Nothing(x)"]})


def test_the_folder_is_the_function():
    assert derive.check("w_j = w_j", FIT).status == "holds"
    assert derive.check is __import__("derive.check").check


def test_a_name_with_too_many_indices_is_not_called_wrong():
    source = r"\frac{\partial E}{\partial w_{j,k}} = 0"
    (pair,) = Checker(Given.from_dict(FIT)).check(source)
    assert pair.status == "unreadable"
    assert source[pair.start :].startswith("j,k")


def test_the_chain_rule_through_a_matrix_is_read_as_a_contraction():
    chain = r"\frac{\partial J}{\partial Y}\cdot\frac{\partial Y}{\partial A_{i,j}}"
    (pair,) = Checker(Given.from_dict(MAPS)).check(
        rf"\frac{{\partial J}}{{\partial A_{{i,j}}}} = {chain}"
    )
    assert pair.status == "holds"
    assert any("sum over all entries of Y" in r for r in pair.readings)


def test_a_counterexample_shows_what_matters_and_nothing_else():
    given = {**SLIDING, "tensors": {**SLIDING["tensors"], "x": ["Q", "D"]}}
    v = derive.check(r"\frac{\partial J}{\partial v_i} = 2 e_i", given)
    found = v.counterexample
    assert [name for name, _ in found.sizes] == ["R", "M", "B"]
    assert {name for name, _ in found.tensors} == {"k", "u"}
    w = derive.check(r"x_{i,j} = 2 x_{i,j}", {"tensors": {"x": ["m", "n"], "y": ["l"]}})
    assert [name for name, _ in w.counterexample.sizes] == ["m", "n"]
    assert "y" not in w.message
    assert "where x = [[" in w.message


def sum_of_paths(i: int, j: int, k: int, first: int) -> str:
    """The paths from P_ij to J; the `first` so many speak of P_ik."""
    terms = [
        rf"\frac{{\partial J}}{{\partial Z_{{{a}{b}}}}}"
        rf"\frac{{\partial Z_{{{a}{b}}}}}{{\partial P_{{{i}{j if n >= first else k}}}}}"
        for n, (a, b) in enumerate([(1, 1), (1, 2), (2, 1), (2, 2)])
    ]
    return rf"\frac{{\partial J}}{{\partial P_{{{i}{j}}}}} = {' + '.join(terms)}"


def test_the_term_that_is_wrong_is_mended_as_its_neighbours_suggest():
    assert derive.check(sum_of_paths(2, 2, 3, 0), PATCHES).status == "holds"
    once = derive.check(sum_of_paths(2, 2, 3, 1), PATCHES)
    assert (once.status, once.suggestion) == ("wrong", "P_{23} → P_{22}")


def test_one_slip_at_several_places_is_one_correction():
    last = "c_{11}F_{22} + c_{12}F_{21} + c_{21}F_{12} + c_{22}F_{11}"
    v = derive.check(f"{sum_of_paths(2, 2, 3, 4)} = {last}", PATCHES)
    assert [p.status for p in v.pairs] == ["wrong", "wrong"]
    assert {p.suggestion for p in v.pairs} == {"P_{23} → P_{22} everywhere"}


def test_the_terms_of_the_next_side_tell_which_one_is_wrong():
    source = (
        rf"{sum_of_paths(2, 2, 2, 4)} = c_{{11}}F_{{22}} + c_{{12}}F_{{21}} + "
        r"c_{21}F_{11} + c_{22}F_{11}"
    )
    v = derive.check(source, PATCHES)
    assert [p.status for p in v.pairs] == ["holds", "wrong"]
    assert "the first term that does not agree is + c_{21}F_{11}" in v.pairs[1].message
    assert v.pairs[1].suggestion == "F_{11} → F_{12}"


def test_a_swapped_name_is_mended_wherever_its_indices_stand():
    given = {
        "tensors": {"x": [4], "w^{(a)}": [4, 4], "w^{(b)}": [4, 4]},
        "define": [
            r"h^{(a)}_{i} = \sum_j w^{(a)}_{i,j} x_j",
            r"h^{(b)}_{i} = \sum_j w^{(b)}_{i,j} h^{(a)}_j",
            "L = f(h^{(b)})",
        ],
        "notation": {
            r"\delta^{(a)}": "cotangent of h^{(a)}",
            r"\delta^{(b)}": "cotangent of h^{(b)}",
        },
    }
    v = derive.check(r"\frac{\partial L}{\partial w_{i,j}^{(a)}} = \delta_i^{(b)} x_j", given)
    assert (v.status, v.suggestion) == ("wrong", r"\delta_i^{(b)} → \delta_i^{(a)}")


def test_a_lost_sign_in_a_size_is_found_where_the_stride_divides():
    v = derive.check(r"Q = \frac{M B}{R} + 1", SLIDING)
    assert (v.status, v.suggestion) == ("wrong", r"M B → M-B where R \mid M-B")
