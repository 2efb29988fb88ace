"""Questions about windows: what they read, how many entries they have, what that costs."""

from __future__ import annotations

import pytest
from sheets import answers, solved

from derive.document.answers import document
from derive.engine.tally import tally
from derive.engine.unroll import Unroller
from derive.errors import InputError
from derive.ir import Index, Number, Range, Sum
from derive.questions.parts import Lines
from derive.writers.latex import latex
from derive.writers.markdown import markdown

DEEP = """
[tensors]
x = [2, 1, 28, 28]
[[layers]]
name = "conv"
type = "Conv2d"
out_channels = 20
kernel_size = 5
padding = 1
[[layers]]
name = "pool"
type = "MaxPool2d"
kernel_size = 2
[[layers]]
name = "last"
type = "Conv2d"
out_channels = 2
kernel_size = 3
[[problems]]
ask = [%s]
"""


def test_a_receptive_field_is_a_product_of_extents():
    made = solved(DEEP % '{question = "receptive_field", of = "last", wrt = "x"}')
    assert all(v.holds for v in made.verdicts)
    page = markdown(document(made))
    assert r"- $x_{n,1,u,v}$ with $2(i-1)\le u\le 2i+7$, $2(j-1)\le v\le 2j+7$." in page
    assert r"the receptive field has $10\cdot 10$ = $100$ entries" in page
    assert r"[p=n \text{ and }" in page


def test_a_receptive_field_with_symbols_has_brackets():
    text = """
[tensors]
x = ["H"]
w = ["K"]
[[problems]]
define = ["y = Conv1d(x, w, stride=S)", "m = MaxPool1d(y, kernel_size=2)"]
ask = [{question = "receptive_field", of = "m", wrt = "x"}]
"""
    assert "has $K+S$ entries" in markdown(document(solved(text)))
    images = text.replace('"H"]', '"H", "W"]').replace('"K"]', '"K", "L"]').replace("1d", "2d")
    assert "has $(K+S)(L+S)$ entries" in markdown(document(solved(images)))


def test_operations_of_large_layers_are_counted():
    made = solved(DEEP % '{question = "flops", of = "conv"}')
    assert all(v.holds for v in made.verdicts)
    rows = [p.rows[0] for p in answers(made)[0].parts if isinstance(p, Lines)]
    along = sum(min(5, 29 - i + 1) - max(1, 3 - i) + 1 for i in range(1, 27))  # offsets, all places
    assert rows[1].sides[0].formula == Number(2 * 20 * along**2)


def test_a_tally_is_the_sum_of_its_terms():
    i, a, n = Index("i"), Index("a"), Index("n")
    window = Range(a, [1, 3 - i], [5, 7 - i])
    each = Sum(Number(1), window) + Number(-1)
    f = Sum(Number(3) * each, Range(n, 1, 4), Range(i, 1, 6))
    counts = [len(range(max(1, 3 - k), min(5, 7 - k) + 1)) for k in range(1, 7)]
    assert tally(f, Unroller({})) == 3 * 4 * sum(count - 1 for count in counts)


def test_weights_that_a_call_brings_are_parameters():
    text = """
[tensors]
x = [3, 5, 5]
w = [2, 3, 3, 3]
b = [2]
[[problems]]
define = ["y = Conv2d(x, w, b)", "m = MaxPool2d(y, kernel_size=2)"]
ask = [{question = "parameters"%s}]
"""
    page = markdown(document(solved(text % "")))
    assert "54 + 2 &=56" in page
    with pytest.raises(InputError, match="no learnable parameters; expected a layer that has weig"):
        solved(text % ', of = "m"')


def test_the_entries_of_a_window_are_counted_where_windows_differ():
    text = """
[tensors]
t = [5, 6]
[[problems]]
define = ["q = AvgPool2d(t, kernel_size=2, ceil_mode=True)",
  "s = LPPool2d(t, kernel_size=2, norm_type=2, ceil_mode=True)"]
ask = [{question = "pooling", of = ["q", "s"]}, {question = "limit", of = "s"}]
"""
    made = solved(text)
    assert all(v.holds for v in made.verdicts)
    page = markdown(document(made))
    assert r"q_{i,j} &=\frac{1}{\lvert S_{i,j}\rvert} \sum_{(u,v)\in S_{i,j}} t_{u,v}" in page
    assert r"\Bigl(\sum_{(u,v)\in S_{i,j}} t_{u,v}^{2}\Bigr)^{-1/2}" in page
    assert r"\le 1 + \frac{1}{p}\bigl(\lvert S_{i,j}\rvert - 1\bigr)" in page
    assert r"be the window, which has $\lvert S_{i,j}\rvert$ entries" in page
    assert r" 1 " not in page.split("(b)")[1].split("Bernoulli")[1]


def test_entries_of_large_arrays_on_the_way_stay_symbols():
    made = solved(
        DEEP % '{question = "gradient", of = "last", wrt = "conv.weight", at = [[1, 1, 1, 1]]}'
    )
    assert all(v.holds for v in made.verdicts)
    rows = [p.rows for p in answers(made)[0].parts if isinstance(p, Lines)]
    assert [len(r) for r in rows] == [1, 1, 1, 1]  # three arrays in general, and one entry


def test_the_rule_of_sizes_says_which_windows_there_are():
    page = latex(document(solved(DEEP % '{question = "output_size", of = "conv"}')))
    assert r"\bigl[S(i-1)+D(K-1)+1\le I+2P\bigr]" in page
