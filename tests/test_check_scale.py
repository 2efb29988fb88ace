"""Large fixed sizes: numbers are read as the sizes that they are, or entries are compared."""

from fractions import Fraction

import pytest

from derive.check.claims import Checker
from derive.check.lift import Named, Numbers
from derive.check.pair import pair, settled
from derive.latex.claims import read_claims
from derive.network.build import build
from derive.network.given import Given

# 12 is the extent of the image behind the convolution, and the number of classes.
GIVEN = Given.from_dict(
    {
        "tensors": {
            "x": [16, 3, 14, 14],
            "w": [13, 3, 3, 3],
            "d": [13],
            "A": [12, 1872],
            "b": [12],
            "t": [16, 12],
        },
        "define": [
            "z = Conv2d(x, w, d)",
            "f = Flatten(z)",
            "u = Linear(f, A, b)",
            r"L = \frac{1}{384}\sum_{n=1}^{16}\sum_{k=1}^{12} (u_{n,k}-t_{n,k})^2",
        ],
    }
)
FLAT = (
    r"u_{n,k} = \sum_{o=1}^{13}\sum_{i=1}^{12}\sum_{j=1}^{12}"
    r"A_{k,144(o-1)+12(i-1)+j} z_{n,o,i,j} + b_k"
)
KERNEL = (
    r"\frac{\partial L}{\partial w_{o,c,p,q}} = \sum_{n=1}^{16}\sum_{i=1}^{12}\sum_{j=1}^{12}"
    r"\frac{\partial L}{\partial z_{n,o,i,j}} x_{n,c,i+p-1,j+q-1}"
)
BIAS = r"\frac{\partial L}{\partial b_k} = \frac{1}{192}\sum_{n=1}^{16}(u_{n,k}-t_{n,k})"
ENTRY = r"z_{2,9,10,8} = \sum_{c,i,j} x_{2,c,i+9,j+7} w_{9,c,i,j} + d_9"


@pytest.fixture(scope="module")
def checker():
    return Checker(GIVEN)


@pytest.mark.parametrize(
    ("claim", "status"),
    [
        (FLAT, "holds"),
        (FLAT.replace("+12(", "+13("), "wrong"),
        (FLAT.replace("144", "156"), "wrong"),
        (KERNEL, "holds"),
        (KERNEL.replace("{i=1}^{12}", "{i=1}^{13}"), "wrong"),
        (KERNEL.replace("{i=1}^{12}", "{i=1}^{11}"), "wrong"),
        (BIAS, "holds"),
        (BIAS.replace("192", "191"), "wrong"),
        (BIAS.replace("^{16}", "^{12}"), "wrong"),
        (ENTRY, "holds"),
        (ENTRY.replace("i+9", "i+10"), "wrong"),
    ],
)
def test_numbers_are_the_sizes_that_they_are(checker, claim, status):
    assert [v.status for v in checker.check(claim)] == [status]


def test_small_sizes_are_drawn_that_tell_as_much(checker):
    by_name = checker.comparer.named
    worlds = by_name.verifier().worlds(by_name.facts())
    for drawn in (w.sizes for w in worlds):
        for s in drawn:
            alike = {drawn[t] for t in drawn if t.value == s.value}
            assert len(alike) == 1, "sizes that are equal stay equal"
            if s.value < 8:
                assert drawn[s] == s.value
            else:
                assert 2 <= drawn[s] < s.value
    images = {drawn[s] for drawn in (w.sizes for w in worlds) for s in drawn if s.value == 14}
    assert len(images) > 1


def test_a_number_may_be_a_size_a_product_a_multiple_or_near_one():
    numbers = Numbers(Named(build(GIVEN, checking=True, literal=False).program).program)

    def meanings(n):
        """The values of the sizes in each meaning, and the number beside them."""
        found = numbers.options(n)
        return [(sorted(a.value for a in m.e.atoms_within()), m.times) for m in found]

    assert meanings(16)[0] == ([16], 1)
    assert meanings(144)[0] == ([12, 12], 1)
    assert ([12, 16], Fraction(1, 2)) in meanings(96)
    assert ([14], 1) in meanings(15)
    assert meanings(7) == []


def test_a_reading_says_the_same_at_the_sizes_given(checker):
    (claim,) = read_claims(FLAT, checker.symbols)
    it = pair(claim, 0, 1, 1)
    for reading in checker.comparer.named.readings(it):
        for f, g in zip(reading.pair.ranges, it.ranges, strict=True):
            assert [settled(e) for e in f.uppers] == [settled(e) for e in g.uppers]


def test_where_no_reading_helps_single_entries_are_compared(checker):
    (claim,) = read_claims(ENTRY, checker.symbols)
    found = checker.comparer.sampled.compare(pair(claim, 0, 1, 1))
    assert found.holds
    assert "entries" in found.reason


def test_a_verdict_on_single_entries_says_so():
    given = Given.from_dict({"tensors": {"x": [400, 400], "y": [400]}, "define": ["u = x y"]})
    claim = r"u_i = \sum_{j=1}^{137} x_{i,j} y_j + \sum_{j=138}^{400} x_{i,j} y_j"
    checker = Checker(given)
    (right,) = checker.check(claim)
    (wrong,) = checker.check(claim.replace("138", "139"))
    assert right.status == "holds"
    assert "entries" in right.message
    assert wrong.status == "wrong"


def test_a_condition_on_free_sizes_is_found_beside_large_fixed_ones():
    given = {
        "sizes": {"S": ">=1"},
        "tensors": {"x": [300, 300], "w": [300, 300], "v": ["H"], "k": ["K"]},
        "define": ["u = x w", "y = Conv1d(v, k, stride=S)"],
        "facts": [r"K \le H"],
    }
    (found,) = Checker(Given.from_dict(given)).check(r"y_i = \sum_{j=1}^{K} v_{i+j-1} k_j")
    assert found.status == "holds if"
    assert found.condition == "S = 1"
