"""Sheets of problems: the answers, their numbers, and what is refused."""

from __future__ import annotations

import re
from fractions import Fraction
from html import unescape

import pytest
from pages import rendered
from sheets import EXAMPLES, answers, numbers, solved, words

from derive.document.answers import document
from derive.engine.calculate import Calculator
from derive.errors import InputError
from derive.ir import Number
from derive.network.source import read_toml
from derive.questions.parts import Grids, Lines, Say
from derive.questions.sheet import Sheet, sheet
from derive.verify.verdict import REFUTED
from derive.writers.html import html
from derive.writers.latex import latex
from derive.writers.markdown import markdown
from derive.writers.pdf import Engine, write_pdf


@pytest.fixture(scope="module")
def pool() -> Sheet:
    return sheet(*read_toml(EXAMPLES / "conv_pool.toml"))


def test_convolution_by_hand(pool):
    _size, forward, gradient, *_ = answers(pool)
    assert numbers(forward, "C")[-1] == [[109, 92, 72], [108, 85, 74], [110, 74, 79]]
    assert numbers(gradient, "dA")[-1] == [
        [4, 7, 10, 6, 3],
        [9, 17, 25, 16, 8],
        [11, 23, 34, 23, 11],
        [7, 16, 24, 17, 8],
        [2, 6, 9, 7, 3],
    ]
    entries = next(p for p in gradient.parts if isinstance(p, Lines) and len(p.rows) == 25)
    assert all(1 < len(r.sides) <= 4 for r in entries.rows)  # product, kernel entries, numbers, sum
    terms = [len(r.sides[1].formula.formula.args) for r in entries.rows if len(r.sides) == 4]
    assert max(terms) == 9


def test_pooling_by_hand(pool):
    *_, pooling, gradient, limit = answers(pool)
    assert numbers(pooling, "M")[0] == [[109, 92], [110, 85]]
    assert numbers(pooling, "V")[0] == [
        [Fraction("98.5"), Fraction("80.75")],
        [Fraction("94.25"), 78],
    ]
    assert numbers(gradient, "dC")[-1] == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    relations = {
        s.relation for p in limit.parts if isinstance(p, Lines) for r in p.rows for s in r.sides
    }
    assert relations == {"=", "<="}


def test_everything_in_the_examples_is_verified(pool):
    design = sheet(*read_toml(EXAMPLES / "conv_design.toml"))
    for made, least in ((pool, 250), (design, 40)):
        assert len(made.verdicts) >= least
        assert all(v.holds for v in made.verdicts)
    first = answers(design)[0]
    assert [n for name in ("w",) for n in numbers(first, name)] == [
        [[0, 0, 0], [0, -1, 0], [0, 1, 0]],
        [[0, 0, 0], [0, -1, 1], [0, 0, 0]],
    ]
    assert numbers(first, "b") == [[[0, 0]]]
    grey = answers(design)[3]
    assert [n[0][0] for n in numbers(grey, "w")] == [Fraction(n, 1000) for n in (299, 587, 114)]


def test_a_wrong_number_is_refuted_and_not_shown(monkeypatch):
    right = Calculator.value
    monkeypatch.setattr(Calculator, "value", lambda self, f: right(self, f) + 1)
    made = sheet(*read_toml(EXAMPLES / "conv_pool.toml"))
    assert sum(v.status == REFUTED for v in made.verdicts) > 25
    page = markdown(document(made))
    assert "110" not in page.split("(b)")[1].split("(c)")[0].replace("110 &", "")
    assert "was refuted, and is not shown" in page


SETTINGS = """
[tensors]
X = [2, 4, 5]
w = [2, 2, 2, 3]
Z = [3, 3]
[values]
Z = [[1, 3, 3], [3, 0, 2], [-1, 2, 2]]
[[problems]]
define = ['Y = Conv2d(X, w, stride=2, padding=1, dilation=2)']
ask = [
  {question = "gradient", of = "Y", wrt = "X"},
  {question = "gradient", of = "Y", wrt = "w", terms = "all", at = [[1, 2, 1, 3]]},
]
[[problems]]
define = ['P = MaxPool2d(Z, kernel_size=2, stride=1)', 'Q = AvgPool2d(P, kernel_size=2)']
ask = ["output_size", {question = "gradient", of = "Q", wrt = "Z", upstream = 2}]
"""


def test_channels_strides_and_symbols_and_ties():
    made = solved(SETTINGS)
    assert all(v.holds for v in made.verdicts)
    gradient = answers(made)[0]
    rows = next(p for p in gradient.parts if isinstance(p, Lines) and len(p.rows) == 40)
    assert any(len(r.sides) == 2 for r in rows.rows)
    last = answers(made)[3]
    # Each window of P hands 1/2 to the first of its largest entries, in row order.
    assert numbers(last, "dZ")[-1] == [
        [0, 1, 0],
        [Fraction(1, 2), 0, Fraction(1, 2)],
        [0, 0, 0],
    ]
    assert "several entries of a window are largest" in words(made)


SOLVE = """
[tensors]
X = ["m", "n"]
w = [3, 3]
[notation]
X = "zero outside its range"
[[problems]]
define = ['Y = Conv2d(X, w, padding=1)', 'T_{i,j} = %s for i=1..m, j=1..n']
ask = [{question = "solve_for", of = "Y", equals = "T", unknown = "w"}]
"""


def test_weights_that_do_not_exist():
    made = solved(SOLVE % "X_{i+2,j}")
    assert "There are no such weights" in words(made)
    assert all(v.holds for v in made.verdicts)


@pytest.mark.parametrize(
    ("target", "kernel"),
    [
        ("X_{i,j}", [[0, 0, 0], [0, 1, 0], [0, 0, 0]]),
        (
            "X_{i-1,j-1} - X_{i-1,j+1} + 2X_{i,j-1} - 2X_{i,j+1} + X_{i+1,j-1} - X_{i+1,j+1}",
            [[1, 0, -1], [2, 0, -2], [1, 0, -1]],
        ),
        (r"\frac{1}{3}(X_{i,j-1} + X_{i,j} + X_{i,j+1})", [[0] * 3, [Fraction(1, 3)] * 3, [0] * 3]),
    ],
)
def test_weights_of_known_filters(target, kernel):
    made = solved(SOLVE % target)
    assert all(v.holds for v in made.verdicts)
    assert numbers(answers(made)[0], "w") == [kernel]


def test_all_weights_where_there_are_many():
    text = SOLVE.replace('X = ["m", "n"]', 'X = [1, "n"]').replace("i=1..m", "i=1..1")
    made = solved(text % "X_{i,j+1}")
    assert "6 of 9 are free" in words(made)
    assert all(v.holds for v in made.verdicts)


def test_sizes_that_are_chosen():
    text = """
[tensors]
X = ["n"]
w = ["K"]
[notation]
X = "zero outside its range"
[[problems]]
define = ['Y = Conv1d(X, w, padding=P)', 'T_{i} = X_{i+1} - X_{i-1} for i=1..n']
[[problems.ask]]
question = "solve_for"
of = "Y"
equals = "T"
unknown = "w"
choose = {K = [2, 3], P = [0, 1]}
"""
    made = solved(text)
    items = [
        "".join(w for w in item if isinstance(w, str))
        for part in answers(made)[0].parts
        for item in getattr(part, "items", ())
    ]
    assert [("possible" in item) for item in items] == [False, False, False, True]
    assert numbers(answers(made)[0], "w") == [[[-1, 0, 1]]]


def test_an_array_with_values_needs_numbers_for_its_extents():
    text = """
[tensors]
A = [2, "n"]
[values]
A = [[1, 2, 3], [4, 5, 6]]
[[problems]]
define = ['C = ReLU(A)']
ask = ["output_size"]
"""
    with pytest.raises(InputError, match="A has numbers, but its extent n has none") as error:
        solved(text)
    assert error.value.line == 5
    assert solved(text.replace("[values]", "[sizes]\nn = 3\n[values]"), solve=False).problems


def test_sizes_that_nobody_can_choose_are_refused():
    text = """
[tensors]
X = ["n"]
w = ["K"]
[notation]
X = "zero outside its range"
[[problems]]
define = ['Y = Conv1d(X, w, padding=1)', 'T_{i} = X_{i+1} for i=1..n']
ask = [{question = "solve_for", of = "Y", equals = "T", unknown = "w", choose = {K = 0}}]
"""
    with pytest.raises(InputError, match="no choice of these values") as error:
        solved(text)
    assert error.value.line == 9


def test_a_linear_layer_as_a_convolution():
    text = """
[tensors]
X = [1, 3, 4]
M = [2, 12]
w = [2, 1, 3, 4]
[[problems]]
define = ['f = Flatten(X, start_dim=0)', 'Y = Linear(f, M)', 'Z = Conv2d(X, w)']
ask = [{question = "solve_for", of = "Z", equals = "Y", unknown = "w"}]
"""
    assert all(v.holds for v in solved(text).verdicts)  # in terms of M
    numbered = text.replace(
        "[[problems]]", f"[values]\nM = {[[*range(12)], [*range(12, 24)]]}\n[[problems]]", 1
    )
    made = solved(numbered)
    assert all(v.holds for v in made.verdicts)
    assert numbers(answers(made)[0], "w")[1] == [
        [12 + 4 * i + j for j in range(4)] for i in range(3)
    ]


def test_two_layers_that_are_equal_under_a_condition():
    text = """
[tensors]
X = ["m", "n"]
w = ["k", "k"]
[[problems]]
define = ['Y = Conv2d(X, w, stride=S)', 'Z = Conv2d(X, w)']
ask = [{question = "show_equal", left = "Y", right = "Z"}]
"""
    made = solved(text)
    assert all(v.holds for v in made.verdicts)
    page = markdown(document(made))
    assert "They are equal where $S=1$" in page
    assert "$m = 1$, $n = 3$, $k = 1$, $S = 2$" in page


def test_two_convolutions_are_one_with_a_larger_kernel():
    text = """
[tensors]
x = ["n"]
v = [2]
w = [2]
[[problems]]
define = ['A = Conv1d(x, v)', 'Y = Conv1d(A, w)',
  'u_{k} = \\sum_{a=1}^{2} \\sum_{b=1}^{2} v_a w_b \\delta_{a+b-1,k} for k=1..3',
  'Z = Conv1d(x, u)']
ask = [{question = "show_equal", left = "Y", right = "Z"}]
[problems.notation]
'\\delta' = "kronecker"
"""
    made = solved(text)
    assert all(v.holds for v in made.verdicts)
    assert "not equal" not in words(made)


def test_average_pooling_and_flattened_layers_as_other_layers():
    text = """
[[problems]]
define = ['Y = Conv2d(X, w, stride=2)', 'T = AvgPool2d(X, kernel_size=2)']
ask = [{question = "solve_for", of = "Y", equals = "T", unknown = "w"}]
tensors = {X = [2, 4, 4], w = [2, 2, 2, 2]}
[[problems]]
define = ['f = Flatten(X, start_dim=0)', 'L = Linear(f, M)', 'C = Conv1d(X, v)']
ask = [{question = "solve_for", of = "L", equals = "C", unknown = "M"}]
tensors = {X = [1, 5], M = [3, 5], v = [1, 1, 3]}
values = {v = [[[1, 2, 3]]]}
[[problems]]
define = ['f = Flatten(X, start_dim=0)', 'L = Linear(f, M)',
  'u_{o,c,a,b} = M_{o,4(a-1)+b} for o=1..2, c=1..1, a=1..3, b=1..4', 'C = Conv2d(X, u)']
ask = [{question = "show_equal", left = "L", right = "C"}]
tensors = {X = [1, 3, 4], M = [2, 12]}
"""
    made = solved(text)
    assert all(v.holds for v in made.verdicts)
    average, matrix, equal = answers(made)
    quarter, zero = [[Fraction(1, 4)] * 2] * 2, [[0, 0]] * 2
    assert numbers(average, "w") == [quarter, zero, zero, quarter]
    assert numbers(matrix, "M") == [[[1, 2, 3, 0, 0], [0, 1, 2, 3, 0], [0, 0, 1, 2, 3]]]
    assert "not equal" not in str(equal.parts)


@pytest.mark.parametrize(
    ("call", "extent"),
    [
        ("Conv1d(x, k, stride=2, padding=1, dilation=2)", 1),
        ("Conv1d(x, k, padding='same')", 6),
        ("ConvTranspose1d(x, k, stride=2, padding=1)", 12),
        ("MaxPool1d(x, kernel_size=3, stride=2, ceil_mode=True)", 3),
        ("MaxPool1d(x, kernel_size=2, stride=3, padding=1, ceil_mode=True)", 3),
    ],
)
def test_output_sizes(call, extent):
    text = f"""
[[problems]]
define = ["y = {call}"]
ask = ["output_size"]
tensors = {{x = [6], k = [4]}}
"""
    made = solved(text)
    assert len(made.verdicts) >= 2
    assert all(v.holds for v in made.verdicts)
    rows = [r for p in answers(made)[0].parts if isinstance(p, Lines) for r in p.rows]
    assert rows[-1].sides[-1].formula == Number(extent)
    assert any(isinstance(p, Grids) for p in answers(made)[0].parts)


def test_what_commutes():
    text = """
[tensors]
X = ["m", "n"]
[[problems]]
define = ['P = MaxPool2d(X, kernel_size=2)']
ask = [
  {question = "commute", of = "P", function = "f"},
  {question = "commute", of = "P", function = "f", monotone = "nonincreasing"},
]
"""
    rising, falling = answers(solved(text))
    assert sum(1 for v in rising.verdicts) >= 5
    assert all(v.holds for v in rising.verdicts)
    assert any("need not commute" in str(p) for p in falling.parts)


def test_counts():
    text = """
[tensors]
x = [1, 3, 9, 9]
[[problems]]
ask = ["parameters", "flops", {question = "receptive_field", of = "pool", wrt = "x"}]
[[problems.layers]]
name = "conv"
type = "Conv2d"
out_channels = 4
kernel_size = 3
[[problems.layers]]
name = "pool"
type = "MaxPool2d"
kernel_size = 2
"""
    made = solved(text)
    assert all(v.holds for v in made.verdicts)
    results = [
        r.sides[-1].formula
        for a in answers(made)
        for p in a.parts
        if isinstance(p, Lines)
        for r in p.rows
    ]
    # 4·3·3·3 + 4 parameters; 49 outputs of 4 kernels with 27 products each; 3 windows of 4 x 4
    assert Number(112) in results
    assert Number(49 * 4 * 27) in results
    assert any(isinstance(p, Say) and Number(3 * 4 * 4) in p.words for p in answers(made)[2].parts)


REFUSED = [
    ('ask = ["sizes"]', "there is no question “sizes”", 7),
    ('ask = [\n  "output_size",\n  {question = "forward", of = "Y"},\n]', "no array “Y”", 9),
    ('ask = [{question = "forward", of = "C", at = [3, 1]}]', "no position in C", 7),
    ('ask = [{question = "gradient", of = "C", wrt = "A", upstream = [[1, 1], [1]]}]', "shape", 7),
    ('ask = [{question = "gradient", of = "C", wrt = "Z"}]', "no array “Z”", 7),
    ('ask = [{question = "forward", of = "C", points = -1}]', "not negative", 7),
    ('ask = [{question = "pooling", of = "C", colour = 1}]', "“colour” is not known", 7),
    ('ask = [{question = "limit", of = "C"}]', "no sum of powers", 7),
    ('ask = [{question = "commute", of = "C"}]', "no maximum", 7),
    ('ask = [{question = "solve_for", of = "C", equals = "S", unknown = "B"}]', "not linear", 7),
    ('ask = [{question = "solve_for", of = "C", equals = "C", unknown = "Q"}]', "no array “Q”", 7),
]


@pytest.mark.parametrize(("ask", "told", "line"), REFUSED)
def test_what_is_refused(ask, told, line):
    text = f"""define = ['C = Conv2d(A, B)', 'S = MaxPool2d(A, kernel_size=2, stride=1)']
[tensors]
A = [3, 3]
B = [2, 2]
[[problems]]
title = "p"
{ask}
"""
    with pytest.raises(InputError) as error:
        solved(text)
    assert told in str(error.value)
    assert (error.value.file, error.value.line) == ("sheet.toml", line)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ("[[1, 2], [3]]", "shape"),
        ("[[1, 2, 3]]", "shape"),
        ("'a'", "number"),
        ("[[1, 2], [3, 'a']]", "not 'a', as entry 2, 2"),
    ],
)
def test_tables_that_do_not_fit(values, told):
    text = f"""define = ['C = ReLU(A)']
[tensors]
A = [2, 2]
[[problems]]
ask = ["forward"]
[problems.values]
A = {values}
"""
    with pytest.raises(InputError, match=told) as error:
        solved(text)
    assert error.value.line == 7


def test_variants(tmp_path):
    data, source = read_toml(EXAMPLES / "conv_pool.toml")
    pages = [latex(document(sheet(data, source, n))) for n in (1, 2, 1)]
    assert pages[0] == pages[2]
    assert pages[0] != pages[1]
    for n in range(3, 9):
        made = sheet(data, source, n)
        assert all(v.holds for v in made.verdicts)
        file = write_pdf(document(made), tmp_path / f"{n}.pdf", Engine.TYPST)
        assert file.read_bytes().startswith(b"%PDF")


def test_points_are_written_as_people_write_them():
    text = """
[tensors]
A = [2]
[[problems]]
define = ['C = ReLU(A)']
ask = [{question = "output_size", points = %s}]
"""
    found = [answers(solved(text % n, solve=False))[0].points for n in ("2", "1.5", "0.25")]
    assert found == ["2", "1.5", "0.25"]


@pytest.mark.parametrize("text", ["", "title = 'x'\nproblems = []"])
def test_without_questions_there_is_no_sheet(text):
    with pytest.raises(InputError, match=r"there are no questions. Expected \[\[problems"):
        solved(text)


def test_numbers_that_are_too_long_are_refused():
    text = """
[tensors]
A = [2]
[[problems]]
define = ['C = ReLU(A)']
ask = [{question = "gradient", of = "C", wrt = "A", upstream = 1e18}]
"""
    with pytest.raises(InputError, match=r"question 1 .gradient.: upstream: .* 18 digits") as error:
        solved(text)
    assert error.value.line == 6


def test_questions_alone(pool):
    made = sheet(*read_toml(EXAMPLES / "conv_pool.toml"), solve=False)
    assert not made.verdicts
    assert not any(a.parts for a in answers(made))
    page = markdown(document(made))
    assert "109" not in page
    assert "109" in markdown(document(pool))
    assert page.count("\u00a0points") == 6  # never apart from their number
    assert latex(document(made)).count("~points") == 6


def test_a_sheet_in_every_format(pool):
    shown = document(pool)
    formulas = re.findall(r'<span class="math[^"]*">(.*?)</span>', html(shown), re.DOTALL)
    assert len(formulas) > 200
    for formula in dict.fromkeys(map(unescape, formulas)):
        assert "katex-error" not in rendered(formula)
    assert r"\node[derive=window]" in latex(shown)
    assert '<td class="window">' in html(shown)
    assert r"\boxed{109}" in markdown(shown)


def test_a_symbol_for_the_gradient_that_comes_from_above():
    text = """
[tensors]
A = [3]
B = [2]
[values]
A = ["1/3", -2, 0.25]
[[problems]]
define = ['C = Conv1d(A, B)']
ask = [{question = "gradient", of = "C", wrt = "A", upstream = "%s"}]
"""
    made = solved(text % "G")
    assert all(v.holds for v in made.verdicts)
    page = markdown(document(made))
    assert r"= G_{1} B_{2} + G_{2} B_{1}" in page
    assert r"With $G$ = $\frac{\partial E}{\partial C}$, compute" in page
    for symbol in ("A", "E", "G H"):
        with pytest.raises(InputError, match="free for the upstream"):
            solved(text % symbol)
    with pytest.raises(InputError, match=r"A = \[0.25, '1/0'\], expected a finite number"):
        solved(text.replace('["1/3", -2, 0.25]', '[0.25, "1/0"]') % "G")


def test_numbers_stand_where_the_entries_stood():
    text = """
[tensors]
A = [3]
B = [2]
[values]
A = [0.25, -1, 1]
B = [-3, 1]
[[problems]]
define = ['C = Conv1d(A, B)',
  'V = AvgPool1d(A, kernel_size=2, padding=1, count_include_pad=False)']
ask = ["output_size", {question = "forward", of = "C"},
  {question = "gradient", of = "C", wrt = "A", upstream = [1, -0.5]},
  {question = "pooling", of = "V"}]
"""
    made = solved(text)
    assert all(v.holds for v in made.verdicts)
    page = markdown(document(made))
    assert r"&=0.25 \cdot (-3) + (-1) \cdot 1 && \text{with numbers}" in page
    assert r"= B_{2} + (-0.5) B_{1} = 1 + (-0.5) \cdot (-3) = 2.5" in page
    assert r"&=\frac{1}{2}(-1 + 1) = 0" in page
    assert r"V_{i} &=\frac{1}{\lvert S_{i}\rvert} \sum_{u\in S_{i}} A_{u}" in page


def test_an_entry_that_nothing_reads_has_no_gradient():
    text = """
[tensors]
x = [5]
[[problems]]
define = ['m = LPPool1d(x, norm_type=2, kernel_size=2)']
ask = [{question = "gradient", of = "m", wrt = "x", at = [[5]]}]
"""
    page = markdown(document(solved(text)))
    assert r"\frac{\partial E}{\partial x_{5}} &=0 && \text{no output reads this entry}" in page


def test_chains_that_do_not_fit_in_a_line_go_on_at_their_relations(pool):
    page = latex(document(pool))
    middle = page.split(r"\frac{\partial E}{\partial A_{3,3}} &")[1].split(r"\verified")[0]
    lines = [x.strip() for x in middle.splitlines()]
    assert [x for x in lines if x.startswith("&=")] == [
        "&= B_{3,3} + B_{3,2} + B_{3,1} + B_{2,3} + B_{2,2} + B_{2,1} + B_{1,3} + B_{1,2} + "
        r"B_{1,1} \\*",
        r"&= 3 + 4 + 2 + 5 + 5 + 5 + 3 + 3 + 4 = 34 \tag*{\aside{}{",
    ]
    assert not any(x.startswith((r"&\qquad \cdot", r"&\qquad {}\cdot")) for x in lines)


def test_options_that_name_a_size_are_told_as_its_number():
    text = """
[sizes]
S = 2
P = 1
[tensors]
A = [6, 6]
B = [2, 2]
Q = [6, 6]
[[problems]]
define = [
  'C = Conv2d(A, B, stride=S, padding=(P, 2P))',
  'M = MaxPool2d(Q, kernel_size=S, stride=P)',
  'V = MaxPool2d(Q, kernel_size=K)',
]
ask = ["output_size", {question = "pooling", of = ["M", "V"]}]
"""
    page = markdown(document(solved(text, solve=False)))
    assert "with `kernel_size=2, stride=1`" in page
    assert "with `kernel_size=K`" in page
    page = markdown(document(solved(text.replace('["M", "V"]', '["C", "M"]'), solve=False)))
    assert "with `stride=2, padding=(1, 2)`" in page
