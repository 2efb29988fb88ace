"""Questions about design: weights for a target, layers that are equal, functions that commute."""

from __future__ import annotations

import pytest

from derive.document.answers import document
from derive.errors import InputError
from derive.network.source import Source, parse_toml
from derive.questions.sheet import Sheet, sheet
from derive.writers.markdown import markdown


def solved(text: str) -> Sheet:
    return sheet(parse_toml(text), Source("sheet.toml", text), None, True)


def page(text: str) -> str:
    """What the sheet says; whatever it claims has been verified."""
    made = solved(text)
    assert all(v.holds for v in made.verdicts)
    return markdown(document(made))


def problem(define: list[str], tensors: dict[str, list[object]], ask: str, more: str = "") -> str:
    lines = ",\n".join(f"  '{d}'" for d in define)
    shapes = "\n".join(f"'{name}' = {shape}" for name, shape in tensors.items())
    return f"""[[problems]]
define = [
{lines},
]
ask = [{{{ask}}}]
{more}
[problems.tensors]
{shapes}
[problems.notation]
'\\delta' = "kronecker"
"""


# -- commute ---------------------------------------------------------------------------------------


def commuting(define: list[str], function: str, more: str = "") -> str:
    ask = f"""question = "commute", of = "R", function = '{function}'"""
    return problem(define, {"X": ["m", "n"]}, ask, more)


MAX, MEAN = "R = MaxPool2d(X, kernel_size=2)", "R = AvgPool2d(X, kernel_size=2)"
MIN = r"R_{i,j} = \min_{1 \le a \le 2} X_{i,j+a-1} for i=1..m, j=1..n-1"
NONNEGATIVE, NONPOSITIVE = r"facts = ['X_{i,j} \ge 0']", r"facts = ['X_{i,j} \le 0']"

COMMUTE = [
    ([MAX], "relu", ""),
    ([MAX], "abs", NONNEGATIVE),
    (["s(t) = t^2", MAX], "s", NONNEGATIVE),
    (["s(t) = 3 t - 2", MAX], "s", ""),
    (["R = MaxPool2d(X, kernel_size=3, stride=2, padding=1)"], r"\sigma", ""),
    (['R = MaxPool2d(X, kernel_size=["K", "L"], stride=["S", "T"])'], "f", ""),
    ([MIN], "f", ""),
    ([MIN], "tanh", ""),
    (["s(t) = 3 t - 2", MEAN], "s", ""),
    (["s(t) = 3 t", "R = AvgPool2d(X, kernel_size=2, padding=1)"], "s", ""),
]


@pytest.mark.parametrize(("define", "function", "more"), COMMUTE)
def test_functions_that_commute(define, function, more):
    told = page(commuting(define, function, more))
    assert "they commute" in told
    assert "They do not commute" not in told


DO_NOT = [
    ([MAX], "abs", ""),
    (["s(t) = t^2", MAX], "s", ""),  # not any nondecreasing function that is called s
    (["s(t) = t^2", MAX], "s", NONPOSITIVE),
    ([MAX], "gelu", ""),
    ([MIN], "abs", ""),
    ([MEAN], "relu", ""),
    (["s(t) = t^2", MEAN], "s", ""),
    (["s(t) = t + 1", "R = AvgPool2d(X, kernel_size=2, padding=1)"], "s", ""),
]


@pytest.mark.parametrize(("define", "function", "more"), DO_NOT)
def test_functions_that_do_not_commute(define, function, more):
    told = page(commuting(define, function, more))
    assert "They do not commute" in told
    assert "they commute" not in told


def test_unknown_functions_and_the_mean():
    told = page(commuting([MEAN], r"\sigma"))
    assert told.index("Not in general") < told.index("functions that are affine do")
    assert r"\lambda R_{i,j} + \mu" in told


@pytest.mark.parametrize("function", ["square", "2x", "identity"])
def test_a_function_has_to_be_known_or_a_letter(function):
    with pytest.raises(InputError, match=f"there is no function “{function}”"):
        solved(commuting([MAX], function))


# -- show_equal ------------------------------------------------------------------------------------


def equal(define: list[str], tensors: dict[str, list[object]], more: str = "") -> str:
    return problem(define, tensors, 'question = "show_equal", left = "Y", right = "Z"', more)


KERNEL = r"w_{l,c,a,b} = \frac{1}{k^2} \delta_{c l} for l=1..C, c=1..C, a=1..k, b=1..k"
DERIVED = [
    (
        [KERNEL, "Y = Conv2d(X, w, stride=k)", "Z = AvgPool2d(X, kernel_size=k)"],
        {"X": ["C", "m", "n"]},
    ),
    (
        [
            "f = Flatten(X, start_dim=0)",
            "Y = Linear(f, M, b)",
            r"u_{o,c,a,d} = M_{o,(c-1) H W+(a-1)W+d} for o=1..O, c=1..C, a=1..H, d=1..W",
            "Z = Conv2d(X, u, b)",
        ],
        {"X": ["C", "H", "W"], "M": ["O", "C H W"], "b": ["O"]},
    ),
    (
        [
            "Y = Conv2d(X, w)",
            r"Z_{o,i,j} = \sum_{c=1}^C w_{o,c,1,1} X_{c,i,j} for o=1..O, i=1..m, j=1..n",
        ],
        {"X": ["C", "m", "n"], "w": ["O", "C", 1, 1]},
    ),
    (
        ["A = Conv1d(x, v)", "Y = Conv1d(A, w)", "B = Conv1d(x, w)", "Z = Conv1d(B, v)"],
        {"x": ["n"], "v": ["K"], "w": ["L"]},
    ),
    (
        ["Y = MaxPool2d(X, kernel_size=1)", "Z_{i,j} = X_{i,j} for i=1..m, j=1..n"],
        {"X": ["m", "n"]},
    ),
    (["Y = LogSoftmax(x)", r"Z_i = x_i - \log \sum_{k=1}^n e^{x_k} for i=1..n"], {"x": ["n"]}),
]


@pytest.mark.parametrize(("define", "tensors"), DERIVED)
def test_both_sides_meet(define, tensors):
    """Every line of the chain follows from the one before by a definition or a law."""
    told = page(equal(define, tensors))
    assert "definition of" in told
    assert "as substitution shows" not in told


def test_a_line_that_is_checked_and_not_derived_says_so():
    halves = ["u_i = 2 x_i for i=1..n", "S = Sigmoid(u)", "Z_i = 2 S_i - 1 for i=1..n"]
    told = page(equal(["Y = Tanh(x)", *halves], {"x": ["n"]}))
    assert "equal for all values, as substitution shows" in told


REFUTED = [
    (["Y = AvgPool1d(x, kernel_size=2)", "Z = MaxPool1d(x, kernel_size=2)"], {}, None),
    (["Y = Softmax(x)", "Z = Softmax(Y)"], {}, "n=1"),
    (["Y = Tanh(x)", "S = Sigmoid(x)", "Z_i = 2 S_i - 1 for i=1..n"], {}, None),
    (["Y = GELU(x)", "S = Sigmoid(x)", "Z_i = x_i S_i for i=1..n"], {}, None),
    (["Y = Conv1d(x, w, dilation=D)", "Z = Conv1d(x, w)"], {"w": ["K"]}, "D=1"),
    (["Y = Conv1d(x, w, padding=P)", "Z = Conv1d(x, w)"], {"w": ["K"]}, "P=0"),
    (["Y = Conv1d(x, w)", "u_a = w_{K+1-a} for a=1..K", "Z = Conv1d(x, u)"], {"w": ["K"]}, "K=1"),
    (
        ["A = Linear(x, M)", "Y = ReLU(A)", "r = ReLU(x)", "Z = Linear(r, M)"],
        {"M": ["o", "n"]},
        None,
    ),
]


@pytest.mark.parametrize(("define", "more", "where"), REFUTED)
def test_what_is_not_equal(define, more, where):
    told = page(equal(define, {"x": ["n"], **more}))
    assert "A small counterexample" in told
    assert ("They are equal where" in told) == (where is not None)
    assert where is None or f"They are equal where ${where}$" in told


def test_layers_that_commute_for_one_channel():
    tensors = {"x": ["C", "n"], "v": ["C", "C", "K"], "w": ["C", "C", "K"]}
    define = ["A = Conv1d(x, v)", "Y = Conv1d(A, w)", "B = Conv1d(x, w)", "Z = Conv1d(B, v)"]
    assert "They are equal where $C=1$" in page(equal(define, tensors))


# -- compare ---------------------------------------------------------------------------------------


def compared(latex: str) -> str:
    define = [
        r"y_i = \sum_{j=1}^n W_{i,j} x_j + b_i for i=1..m",
        r"L = \frac{1}{2}\sum_{i=1}^m (y_i - t_i)^2",
    ]
    tensors = {"W": ["m", "n"], "x": ["n"], "b": ["m"], "t": ["m"]}
    return page(problem(define, tensors, f"question = \"compare\", latex = '{latex}'"))


def test_a_right_formula_is_printed_with_its_mark():
    told = compared(r"\frac{\partial L}{\partial W_{i,j}} = (y_i - t_i) x_j")
    assert "It holds." in told
    assert r"&=(y_{i} - t_{i}) x_{j} && \checkmark" in told


def test_a_wrong_formula_is_crossed_out_and_the_right_one_shown():
    told = compared(r"\frac{\partial L}{\partial W_{i,j}} = (y_i - t_i) x_i")
    answer = told.split("It is wrong.")[1]
    assert r"&\ne(y_{i} - t_{i}) x_{i} && \text{in general}" in answer
    assert "The two sides differ: 4815/512" in answer
    assert r"&=(y_{i} - t_{i}) x_{j} && \checkmark" in answer.split("Instead")[1]
    assert r"=(y_{i} - t_{i}) x_{i}" not in answer


def test_each_link_of_a_chain_is_judged():
    first, link = (
        r"\frac{\partial L}{\partial b_i}",
        r"\sum_k (y_k - t_k) \frac{\partial y_k}{\partial b_i}",
    )
    told = compared(f"{first} = {link} = 2(y_i - t_i)").split("It is wrong.")[1]
    assert told.index(r"\checkmark") < told.index(r"\ne 2(y_{i} - t_{i})")
    assert r"&=y_{i} - t_{i} && \checkmark" in told.split("Instead")[1]


@pytest.mark.parametrize(
    ("latex", "said"),
    [
        (r"\frac{\partial L}{\partial q_i} = 1", "means nothing here"),
        (r"\frac{1}{", "cannot be read"),
    ],
)
def test_what_cannot_be_judged(latex, said):
    told = compared(latex)
    assert "It cannot be judged" in told
    assert said in told


# -- solve_for -------------------------------------------------------------------------------------


def sought(
    define: list[str], tensors: dict[str, list[object]], unknown: str, more: str = ""
) -> str:
    ask = f"question = 'solve_for', of = 'Y', equals = 'T', {unknown}"
    return problem(define, tensors, ask, more)


MOVING = r"T_i = \frac{1}{K} \sum_{a=1}^K x_{i+a-1} for i=1..n-K+1"
NORMALISED = (
    r"T_{o,i} = g_o \frac{A_{o,i} - \mu_o}{\sqrt{s_o + 0.00001}} + h_o for o=1..O, i=1..n-K+1"
)
FOLDED = {
    **{"X": ["C", "n"], "v": ["O", "C", "K"], "w": ["O", "C", "K"], "b": ["O"]},
    **{"g": ["O"], "h": ["O"], r"\mu": ["O"], "s": ["O"]},
}
GENERAL = [
    (["Y = Conv1d(x, w)", MOVING], {"x": ["n"], "w": ["K"]}, r"w_{\alpha} &=\frac{1}{K}"),
    (
        ["Y = Conv1d(x, w, padding=P)", "T_i = x_i for i=1..n"],
        {"x": ["n"], "w": ["2P+1"]},
        r"w_{\alpha} &=\delta_{\alpha,\thinspace P+1}",
    ),
    (
        ["Y = Conv2d(X, w, stride=k)", "T = AvgPool2d(X, kernel_size=k)"],
        {"X": ["C", "m", "n"], "w": ["C", "C", "k", "k"]},
        r"w_{o,c,\alpha,\beta} &=\frac{1}{k^{2}}\delta_{oc}",
    ),
    (
        ["Y = Conv2d(X, w)", "T_{c,i,j} = g_c X_{c,i,j} for c=1..C, i=1..m, j=1..n"],
        {"X": ["C", "m", "n"], "w": ["C", "C", 1, 1], "g": ["C"]},
        r"w_{o,c,1,1} &=g_{o} \delta_{oc}",
    ),
    (
        ["f = Flatten(X, start_dim=0)", "T = Linear(f, M, b)", "Y = Conv2d(X, w, c)"],
        {"X": [1, 3, 4], "M": [2, 12], "b": [2], "w": [2, 1, 3, 4], "c": [2]},
        r"w_{o,1,\alpha,\beta} &=M_{o,(\alpha-1)\cdot 4+\beta}",
    ),
    (
        ["A = Conv1d(X, v)", NORMALISED, "Y = Conv1d(X, w, b)"],
        FOLDED,
        r"w_{o,c,\alpha} &=\frac{g_{o}}{\sqrt{s_{o} + 0.00001}} \thinspace v_{o,c,\alpha}",
    ),
]


@pytest.mark.parametrize(("define", "tensors", "told"), GENERAL)
def test_weights_at_any_size(define, tensors, told):
    """With symbols for the extents of the kernel, or for the coefficients of the target."""
    unknown = [name for name in ("w", "b", "c") if name in tensors and f", {name}" in define[-1]]
    unknown = unknown or ["w"]
    more = "facts = ['s_o > 0']" if "s" in tensors else ""
    assert told in page(sought(define, tensors, f"unknown = {unknown}", more))


def test_weights_for_upsampling():
    define = ["Y = ConvTranspose1d(x, w, stride=2)", "T = Upsample(x, scale_factor=2)"]
    told = page(sought(define, {"x": ["n"], "w": [2]}, "unknown = 'w'"))
    assert r"\boxed{1} & \boxed{1}" in told


def test_sizes_for_given_weights():
    define = ["Y = Conv1d(x, w, padding=P)", "T_i = x_i for i=1..n"]
    values = "values = {w = [0, 1, 0]}"
    text = sought(define, {"x": ["n"], "w": [3]}, "choose = {P = [0, 1, 2]}", values)
    told = page(text)
    assert "For which $P$ is $Y$ equal to $T$ for every input?" in told
    assert "$P = 1$: possible" in told
    wrong = page(text.replace("[0, 1, 0]", "[0, 2, 0]"))
    assert "They are not equal" in wrong


NONE = [
    (
        r"T_i = x_i - \frac{1}{n} \sum_{p=1}^n x_p for i=1..n",
        "does not depend on this entry at all",
    ),
    ("T_i = x_i + x_1 for i=1..n", "The two demands on the same weights contradict each other"),
    ("T_i = x_i + 1 for i=1..n", "has no such part, whatever the weights are"),
    (
        r"T_i = \begin{cases} x_i & \text{if } i \le 5 \\ 0 & \text{otherwise} \end{cases}"
        " for i=1..n",
        "The two demands on the same weights contradict each other",  # not for n = 5, but for n = 6
    ),
]


@pytest.mark.parametrize(("target", "reason"), NONE)
def test_targets_that_no_weights_reach(target, reason):
    define = ["Y = Conv1d(x, w, padding=1)", target]
    told = page(sought(define, {"x": ["n"], "w": [3]}, "unknown = 'w'"))
    assert "There are no such weights" in told
    assert reason in told


@pytest.mark.parametrize(
    ("target", "size", "told"),
    [
        ("T_i = x_i^2 for i=1..n", 3, "it has a product of entries of x"),
        (r"T_i = \max(x_i, 0) for i=1..n", 3, "it contains a function of entries"),
        ("T_i = x_i^2 for i=1..n", "2P+1", "the target T is not linear in x"),
        ("T_i = g_i x_i for i=1..n", 3, r"need numbers in \[values\]"),
    ],
)
def test_targets_that_are_not_linear(target, size, told):
    padding = "P" if size != 3 else 1
    define = [f"Y = Conv1d(x, w, padding={padding})", target]
    tensors = {"x": ["n"], "w": [size], **({"g": ["n"]} if "g_i" in target else {})}
    with pytest.raises(InputError, match=told):
        solved(sought(define, tensors, "unknown = 'w'"))


def test_decimals_stay_as_they_are_written():
    target = "T_{i} = 0.299 X_{1,i} + 0.587 X_{2,i} + 0.114 X_{3,i} for i=1..n"
    told = page(
        sought(["Y = Conv1d(X, w)", target], {"X": [3, "n"], "w": [1, 3, 1]}, "unknown = 'w'")
    )
    assert r"0.299\delta_{1,p} + 0.587\delta_{2,p} + 0.114\delta_{3,p}" in told
    assert "1000" not in told
