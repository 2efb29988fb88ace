"""Notations of programs and of proofs, each right and with a slip."""

import pytest

from derive.check.claims import Checker
from derive.network.given import Given

GIVEN = Given.from_dict(
    {
        "sizes": {"H": ">=2", "K": ">=1"},
        "tensors": {
            "x": ["N", "C", "H", "H"],
            "w": ["O", "C", "K", "K"],
            "b": ["O"],
            "Q": ["n", "n"],
            "a": ["n"],
            "y": ["n", "m"],
        },
        "define": [
            "z = Conv2d(x, w, b)",
            "U = Unfold(x, kernel_size=K)",
            "F = Flatten(w, start_dim=1)",
            "V = Flatten(z, start_dim=2)",
            r"[\rho(Q)]_{i,j} = \max_{k=1}^{n} (Q_{i,k} + Q_{k,j}) for i=1..n, j=1..n",
            r"\mathbf 1_+(v) = [v > 0]",
            r"L = \sum_{i} \exp(a_i)",
        ],
        "facts": [r"K \le H"],
        "notation": {
            r"\sigma": "nondecreasing function",
            "/": "integer division",
            "z": "sliced along axis 2",
            "c_{out}": "index",
        },
    }
)
CASES = r"\begin{cases} 1 & \text{if } a > 0 \\ 0 & \text{otherwise} \end{cases}"
COLUMN = r"\begin{bmatrix} e^{a_1} \\ \vdots \\ e^{a_n} \end{bmatrix}"
LONE = r"a^\top \begin{bmatrix} 0 \\ \vdots \\ \exp(a_i) \\ \vdots \\ 0 \end{bmatrix}"
RIGHT = [
    ("V = F U + b", "+ b", "+ 2 b"),
    (r"z = \text{view}(F U + b, (N, O, H - K + 1, H - K + 1))", "F U + b", "F U"),
    (r"U = \text{im2col}(x, K=K, S=1)", "S=1", "S=2"),
    (
        r"\text{permute}(U, \text{dims} = (0, 2, 1)) = U.\text{transpose}(1, 2)",
        "0, 2, 1",
        "2, 1, 0",
    ),
    (r"z = \text{stack}(\{z_c\}_{c=1}^{O}, \text{dim} = 1)", "dim} = 1", "dim} = 2"),
    (r"\text{sum}(y, \text{axis} = 1) = y \mathbf 1_m", "axis} = 1", "axis} = 0"),
    (r"[N \times C \times H] = [N \times C \times H]", "N \\times C", "C \\times N"),
    (r"\rho(Q^\top) = \rho(Q)^\top", "= \\rho(Q)^\\top", "= \\rho(Q)"),
    (r"\sigma(\max(a_1, a_i)) = \max(\sigma(a_1), \sigma(a_i))", r"\sigma(a_1)", "a_1"),
    (rf"\mathbf 1_+(a) = {CASES}", "a > 0", "a < 0"),
    (r"a_{(i+1)/2} = a_{\lfloor (i+1)/2 \rfloor}", r"\lfloor (i+1)/2 \rfloor", "i"),
    (rf"\frac{{\partial L}}{{\partial a}} = {COLUMN}", "\\frac", "2 \\frac"),
    (rf"a_i \exp(a_i) = {LONE}", r"a_i \exp", r"a_1 \exp"),
]


@pytest.fixture(scope="module")
def checker():
    return Checker(GIVEN)


@pytest.mark.parametrize(("claim", "old", "new"), RIGHT)
def test_a_notation_is_read(checker, claim, old, new):
    assert {v.status for v in checker.check(claim)} == {"holds"}
    slip = claim.replace(old, new, 1)
    assert {v.status for v in checker.check(slip)} & {"wrong", "holds if", "convention"}


def test_the_first_of_the_largest_entries_is_picked(checker):
    picked = r"[\{i, k\} = \arg\max(Q_{i,k}, Q_{k,i})]"
    assert {v.status for v in checker.check(rf"{picked} = [Q_{{i,k}} \ge Q_{{k,i}}]")} == {"holds"}
    assert {v.status for v in checker.check(rf"{picked} = [Q_{{i,k}} > Q_{{k,i}}]")} == {"wrong"}
