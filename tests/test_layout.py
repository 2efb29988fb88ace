r"""How formulas are printed: what a careful teacher would write, formula by formula."""

import re

import pytest
import typst

from derive.document import layout
from derive.document.notation import Names, Notation
from derive.ir import (
    FALSE,
    TRUE,
    And,
    Apply,
    Bracket,
    Branch,
    Cases,
    Chosen,
    Compare,
    Component,
    Count,
    Delta,
    Derivative,
    Divides,
    Entry,
    Equal,
    Formula,
    Function,
    Greatest,
    Index,
    Int,
    Least,
    Max,
    Not,
    Number,
    Or,
    Plus,
    Power,
    Range,
    Size,
    Sum,
    Tensor,
    Times,
    at_least,
    at_most,
    ceiling,
    conjunction,
    floor,
    fresh,
    ravel,
    unravel,
)
from derive.writers.latex_math import latex, latex_math
from derive.writers.typst_math import typst_math

a, b, c, i, j, k, m, n, o, p, q, r, s = (Index(h) for h in "abcijkmnopqrs")
l = Index("l")  # noqa: E741
C, H, K, N, S, W = (Size(name) for name in "CHKNSW")
P = Size("P", least=0)
x = Tensor("x", "x", (N, C, H, W))
w = Tensor("conv.weight", "w^{(conv)}", (20, C, K, K))
bias = Tensor("conv.bias", "b^{(conv)}", (20,))
z = Tensor("conv", "z^{(conv)}", (N, 20, H, W))
f2 = Tensor("fc2", "z^{(fc2)}", (N, 10))
y = Tensor("y", "y", (N, 10))
t = Tensor("t", "t", (N, 10))
labels = Tensor("labels", "t", (N,), classes=Int.of(10))
v = Tensor("v", "v", (N,))
u_hat = Tensor("u", r"\hat{u}", (N,))
cols = Tensor("cols", "X_{col}", (N, N))
loss = Component(Tensor("loss", "L", ()))
lam = Component(Tensor("lam", r"\lambda", ()))
o2, n2 = fresh(o), fresh(n)


def window(body: Formula) -> Max:
    return Max(body, Range(a, 1, 2), Range(b, 1, 2))


POOL = window(z[n, c, 2 * (i - 1) + a, 2 * (j - 1) + b])
PICKED = Chosen(POOL, p - 2 * i + 2, q - 2 * j + 2)
WINDOWS = Max(z[n, c, S * (i - 1) + a - P, j], Range(a, [1, P - S * (i - 1) + 1], K))
ROW = Sum(v[i], Range(i, 1, N))
SOFTMAX = Apply("exp", f2[n, j]) / Sum(Apply("exp", f2[n, k]), Range(k, 1, 10))

PRINTED = [
    # products and sums
    (v[i] - v[j], "v_{i} - v_{j}"),
    (-1 * v[i] + v[j], "v_{j} - v_{i}"),
    (-1 * v[i] - v[j], "-v_{i} - v_{j}"),
    (1 * v[i], "v_{i}"),
    (-1 * (v[i] - v[j]), "-(v_{i} - v_{j})"),
    (v[i] - (v[j] + v[k]), "v_{i} - (v_{j} + v_{k})"),
    (v[i] + (v[j] + v[k]), "v_{i} + v_{j} + v_{k}"),
    (v[i] * Number(3), "3v_{i}"),
    (v[i] * (Number(-1) * v[j]), "-v_{i} v_{j}"),
    (v[i] - Number(-1) * v[j], "v_{i} - (-v_{j})"),
    (Number(2) * Number(3), r"2\cdot 3"),
    (v[i] * Power(Number(2), v[j]), r"v_{i} \cdot 2^{v_{j}}"),
    (Times(), "1"),
    (Plus(), "0"),
    (y[n, i] * (Delta(i, j) - y[n, j]), r"y_{n,i} (\delta_{ij} - y_{n,j})"),
    (lam * (v[i] + v[j]), r"\lambda (v_{i} + v_{j})"),
    (cols[i, j] * v[j], "[X_{col}]_{i,j} \\,v_{j}"),
    # fractions
    (Power(Count(N), -1) * (y[n, j] - t[n, j]), r"\frac{1}{N}(y_{n,j} - t_{n,j})"),
    (Power(Number(2), -1) * Power(Count(N), -1) * v[i], r"\frac{1}{2N}v_{i}"),
    (Count(H - 4) * v[i], "(H-4)v_{i}"),
    (SOFTMAX, r"\frac{\exp(z^{(fc2)}_{n,j})}{\sum_{k=1}^{10} \exp(z^{(fc2)}_{n,k})}"),
    (-1 * t[n, j] / y[n, j], r"-\frac{t_{n,j}}{y_{n,j}}"),
    (v[i] * Power(v[j], -1) * Power(v[k], -2), r"\frac{v_{i}}{v_{j} v_{k}^{2}}"),
    (2 / v[i], r"\frac{2}{v_{i}}"),
    # sums
    (
        Sum(
            x[n, c, i + a - 1, j + b - 1] * w[o, c, a, b],
            Range(c, 1, C),
            Range(a, 1, 5),
            Range(b, 1, 5),
        )
        + bias[o],
        r"\sum_{c=1}^{C} \sum_{\alpha=1}^{5} \sum_{\beta=1}^{5} x_{n,c,i+\alpha-1,j+\beta-1} "
        r"\,w^{(conv)}_{o,c,\alpha,\beta} + b^{(conv)}_{o}",
    ),
    (
        ROW * Sum(v[j], Range(j, 1, N)),
        r"\Bigl(\sum_{i=1}^{N} v_{i}\Bigr) "
        r"\Bigl(\sum_{j=1}^{N} v_{j}\Bigr)",
    ),
    (v[k] * ROW, r"v_{k} \sum_{i=1}^{N} v_{i}"),
    (ROW * v[k], r"\Bigl(\sum_{i=1}^{N} v_{i}\Bigr) v_{k}"),
    (Sum(v[i] + v[k], Range(i, 1, N)), r"\sum_{i=1}^{N} (v_{i} + v_{k})"),
    (Sum(-1 * v[i], Range(i, 1, N)), r"\sum_{i=1}^{N} (-v_{i})"),
    (Sum(v[j], Range(j, 1, 10), Not(Equal(j, k))), r"\sum_{\substack{j=1\\j\ne k}}^{10} v_{j}"),
    (
        Sum(w[o, c, p - i + 1, 1], Range(i, [1, p - 4], [24, p])),
        r"\sum_{i=\max(1,p-4)}^{\min(24,p)} w^{(conv)}_{o,c,p-i+1,1}",
    ),
    (
        Sum(v[i], Range(i, [1, ceiling(p + P - K, S) + 1], floor(p + P - 1, S) + 1)),
        r"\sum_{i=\max(1,\lceil(p+P-K)/S\rceil+1)}^{\lfloor(p+P-1)/S\rfloor+1} v_{i}",
    ),
    # functions
    (
        Power(Count(N), -1) * -1 * Sum(t[n, j] * Apply("log", y[n, j]), Range(j, 1, 10)),
        r"-\frac{1}{N}\sum_{j=1}^{10} t_{n,j} \log y_{n,j}",
    ),
    (Apply("log", y[n, j]) * t[n, j], r"\log(y_{n,j}) t_{n,j}"),
    (Apply("log", 1 - y[n, j]), r"\log(1 - y_{n,j})"),
    (Apply("exp", v[i] / v[j]), r"\exp\Bigl(\frac{v_{i}}{v_{j}}\Bigr)"),
    (Apply("relu", f2[n, j]), r"\max(z^{(fc2)}_{n,j},0)"),
    (Greatest(v[i], Number(0)), r"\max\{v_{i},0\}"),
    (Greatest(v[i], v[j], Number(1)), r"\max(v_{i},v_{j},1)"),
    (Least(v[i], v[j]), r"\min(v_{i},v_{j})"),
    (Apply("sqrt", v[i] + 1), r"\sqrt{v_{i} + 1}"),
    (Apply("abs", v[i]), r"\lvert v_{i}\rvert"),
    (
        Apply("sigmoid", v[i]) * (1 - Apply("sigmoid", v[i])),
        r"\sigma(v_{i}) \bigl(1 - \sigma(v_{i})\bigr)",
    ),
    (Apply(Function(r"\phi", (1,)), v[i]), r"\phi'(v_{i})"),
    (
        Apply(Function("f", (1, 2)), v[i], v[j]),
        r"\partial_{1}\partial_{2}\partial_{2}f(v_{i},v_{j})",
    ),
    (Power(v[i], 2), "v_{i}^{2}"),
    (Power(f2[n, j], 2), "(z^{(fc2)}_{n,j})^{2}"),
    (Power(v[i], Number(1) * Number(2)), r"v_{i}^{2}"),
    (Power(Power(v[i], 2), 3), "(v_{i}^{2})^{3}"),
    (Power(Apply("exp", v[i]), 2), r"\bigl(\exp(v_{i})\bigr)^{2}"),
    (Power(u_hat[i], 2), r"\hat{u}_{i}^{2}"),
    # maxima
    (POOL, r"\max_{1\le\alpha,\beta\le 2} z^{(conv)}_{n,c,2(i-1)+\alpha,2(j-1)+\beta}"),
    (
        WINDOWS,
        r"\max_{\max(1,P-S(i-1)+1)\le\alpha\le K} z^{(conv)}_{n,c,S(i-1)+\alpha-P,j}",
    ),
    (
        PICKED,
        r"\Bigl[(p,q)=\operatorname*{arg\,max}_{\substack{2i-1\le u\le 2i\\2j-1\le v\le 2j}} "
        r"z^{(conv)}_{n,c,u,v}\Bigr]",
    ),
    (
        Chosen(Max(v[i] * v[a], Range(a, 1, 3)), k),
        r"\bigl[k=\operatorname*{arg\,max}_{1\le\alpha\le 3} v_{i} v_{\alpha}\bigr]",
    ),
    # deltas, brackets, cases
    (Delta(o, o2), r"\delta_{oo'}"),
    (Delta(i, 1), r"\delta_{i,1}"),
    (Delta(i + a - 1, p), r"\delta_{i+\alpha-1,\,p}"),
    (Delta(Entry(labels, n), j) - y[n, j], "[t_{n}=j] - y_{n,j}"),
    (
        Delta(k, ravel((c, m, l), (C, H, W))),
        r"\delta_{k,\,(c-1)HW+(m-1)W+l}",
    ),
    (Bracket(Compare(0, "<", f2[n, j])), "[z^{(fc2)}_{n,j}>0]"),
    (Bracket(Compare(v[i], "<", 0)), "[v_{i}<0]"),
    (Bracket(at_least(p - 4, 1)), r"[p\ge 5]"),
    (Bracket(at_least(p - 4, i)), r"[i+4\le p]"),
    (Bracket(at_most(i + 1, j)), "[i<j]"),
    (
        Bracket(conjunction(at_least(p, 5), at_most(p, 24), Divides(2, p - 1))),
        r"[5\le p\le 24 \text{ and }2\mid p-1]",
    ),
    (
        Bracket(conjunction(at_least(p + P - S * (i - 1), 1), at_most(p + P - S * (i - 1), K))),
        r"\bigl[1\le p+P-S(i-1)\le K\bigr]",
    ),
    (Bracket(Not(Divides(2, p))), r"[2\nmid p]"),
    (Bracket(Not(at_least(i, j))), "[i<j]"),
    (
        Bracket(Or(Equal(i, j), And(Equal(i, k), Equal(j, k)))),
        r"\bigl[i=j \text{ or }(i=k \text{ and }j=k)\bigr]",
    ),
    (Bracket(Not(Or(Equal(i, j), Equal(i, k)))), r"\bigl[\lnot(i=j \text{ or }i=k)\bigr]"),
    (Bracket(TRUE), r"[\text{true}]"),
    (Bracket(FALSE), r"[\text{false}]"),
    (
        Cases(Branch(x[n, 1, i, j], Equal(o, o2)), Branch(Number(0), TRUE)),
        r"\begin{cases}x_{n,1,i,j} & \text{if }o=o' \\ 0 & \text{otherwise}\end{cases}",
    ),
    (
        Cases(Branch(Number(1), Compare(PICKED, "=", 1)), Branch(Number(0), TRUE)),
        r"\begin{cases}1 & \displaystyle \text{if }(p,q)=\operatorname*{arg\,max}"
        r"_{\substack{2i-1\le u\le 2i\\2j-1\le v\le 2j}} z^{(conv)}_{n,c,u,v}"
        r" \\ 0 & \text{otherwise}\end{cases}",
    ),
    # room between factors
    (
        Derivative(loss, f2[n, j]) * Bracket(Compare(0, "<", f2[n, j])) * v[i],
        r"\frac{\partial L}{\partial z^{(fc2)}_{n,j}} \,[z^{(fc2)}_{n,j}>0] \,v_{i}",
    ),
    (
        Sum(v[i] * v[j], Range(i, [1, p - 4], [24, p]), Range(j, [1, q - 4], [24, q])),
        r"\sum_{i=\max(1,p-4)}^{\min(24,p)} \;\sum_{j=\max(1,q-4)}^{\min(24,q)} v_{i} v_{j}",
    ),
    # derivatives
    (
        Derivative(z[n, o, i, j], w[o2, c, q, r]),
        r"\frac{\partial z^{(conv)}_{n,o,i,j}}{\partial w^{(conv)}_{o',c,q,r}}",
    ),
    (Derivative(loss, lam.tensor[()]), r"\frac{\partial L}{\partial\lambda}"),
    (Derivative(ROW, v[k]), r"\frac{\partial}{\partial v_{k}}\Bigl(\sum_{i=1}^{N} v_{i}\Bigr)"),
    (Derivative(Apply("log", v[i]), v[k]), r"\frac{\partial}{\partial v_{k}}\log(v_{i})"),
    (
        Derivative(Derivative(loss, v[i]), v[j]),
        r"\frac{\partial^{2}L}{\partial v_{j}\,\partial v_{i}}",
    ),
    (
        Derivative(loss, z[n, o, i, j]) * w[o, c, 1, 1],
        r"\frac{\partial L}{\partial z^{(conv)}_{n,o,i,j}} \,w^{(conv)}_{o,c,1,1}",
    ),
]


@pytest.mark.parametrize(("f", "printed"), PRINTED, ids=range(len(PRINTED)))
def test_formulas_are_printed_as_a_teacher_writes_them(f: Formula, printed: str) -> None:
    assert latex(f) == printed


INTEGERS = [
    (p - i + 1, "p-i+1"),
    (1 - i, "1-i"),
    (-i - 1, "-i-1"),
    (S * (i - 1) + a - P, r"S(i-1)+\alpha-P"),
    (2 * (i - 1) + a, r"2(i-1)+\alpha"),
    (2 * (i - 1) + a - 1, r"2(i-1)+\alpha-1"),
    (2 * (i - 1) + 3 * (a - 1) + 1, r"2(i-1)+3(\alpha-1)+1"),
    (2 * i - 1, "2i-1"),
    (p + P - S * (i - 1), "p+P-S(i-1)"),
    (p - 2 * (i - 1), "p-2(i-1)"),
    (H + 2 * P - K * (S - 1) - 1, "H+2P-K(S-1)-1"),
    (H * H * W, "H^{2}W"),
    (floor(p - 1, 2) + 1, r"\lfloor(p-1)/2\rfloor+1"),
    (floor(p, S * 2), r"\lfloor p/(2S)\rfloor"),
    (ravel((c, m, l), (20, 12, 12)), r"(c-1)\cdot 144+(m-1)\cdot 12+l"),
    (
        ravel((c, floor(p - 1, 2) + 1, floor(s - 1, 2) + 1), (20, 12, 12)),
        r"(c-1)\cdot 144+\lfloor(p-1)/2\rfloor\cdot 12+\lfloor(s-1)/2\rfloor+1",
    ),
    (ravel((c, m), (20, 12), 0), r"c\cdot 12+m"),
    (unravel(k, 0, (20, 12, 12)), r"\lfloor(k-1)/144\rfloor+1"),
    (unravel(k, 1, (20, 12, 12)), r"(\lfloor(k-1)/12\rfloor\bmod 12)+1"),
    (unravel(k, 2, (20, 12, 12), 0), r"(k\bmod 12)"),
    (Int.of(0), "0"),
]


@pytest.mark.parametrize(("e", "printed"), INTEGERS, ids=range(len(INTEGERS)))
def test_integers_keep_strides_together_and_positive_terms_first(e: Int, printed: str) -> None:
    assert latex(v[e]) == f"v_{{{printed}}}"


def test_an_extent_on_its_own_line_has_a_fraction_in_its_floor() -> None:
    e = floor(H + 2 * P - K, S) + 1
    names = Names.of([e])
    assert latex_math(layout.extent(e, names)) == r"\Bigl\lfloor\frac{H+2P-K}{S}\Bigr\rfloor+1"


def test_free_indices_are_listed_with_equal_ranges_together() -> None:
    rs = (Range(n, 1, 64), Range(i, 1, 24), Range(c, 1, 1), Range(j, 1, 24), Range(k, 0, 1))
    printed = [latex_math(x) for x in layout.ranges(rs, Names.of([], rs))]
    assert printed == [r"n=1,\dots,64", r"i,j=1,\dots,24", "c=1", "k=0,1"]


# -- numbers -------------------------------------------------------------------------------------

N64, H28 = Size("N", 64), Size("H", 28)
O24 = Size("H^{(conv)}", 24, definition=H28 - 4)
ONE_MAP = Size("M", 1)


def numbered(f: Formula) -> str:
    return latex(f, Names.of([f], (), Notation(numbers=True)))


@pytest.mark.parametrize(
    ("f", "printed"),
    [
        (Power(Count(N64), -1) * v[i], r"\frac{1}{64}v_{i}"),
        (Power(Count(N64), -1) * (Number(2) * v[i]), r"\frac{1}{32}v_{i}"),
        (Sum(v[i], Range(i, [1, p - 4], [O24, p])), r"\sum_{i=\max(1,p-4)}^{\min(24,p)} v_{i}"),
        (Sum(v[i], Range(i, [1, O24 - 23], [O24, H28])), r"\sum_{i=1}^{24} v_{i}"),
        (Sum(v[i] * v[j], Range(i, 1, ONE_MAP), Range(j, 1, 3)), r"\sum_{j=1}^{3} v_{1} v_{j}"),
        (Bracket(at_most(O24, H28)) * v[i], "v_{i}"),
        (Bracket(conjunction(Divides(2, O24), at_least(i, 2))), r"[i\ge 2]"),
        (v[ravel((c, m, l), (20, O24, H28 - 16))], r"v_{(c-1)\cdot 288+(m-1)\cdot 12+l}"),
        (Count(H28 - K), "28-K"),
    ],
)
def test_numbers_are_inserted_and_what_they_decide_is_decided(f: Formula, printed: str) -> None:
    assert numbered(f) == printed


# -- every node in every slot --------------------------------------------------------------------

INNER: dict[str, Formula] = {
    "number": Number(3),
    "negative": Number(-2),
    "count": Count(H - 4),
    "component": v[k],
    "tagged": f2[n, k],
    "plus": v[j] - v[k],
    "minus": -1 * v[k],
    "times": v[j] * v[k],
    "fraction": v[j] / v[k],
    "power": Power(v[k], 2),
    "call": Apply("tanh", v[k]),
    "log": Apply("log", v[k]),
    "root": Apply("sqrt", v[k]),
    "relu": Apply("relu", v[k]),
    "greatest": Greatest(v[j], v[k]),
    "sum": Sum(v[m], Range(m, 1, N)),
    "max": Max(v[m], Range(m, 1, N)),
    "chosen": PICKED,
    "delta": Delta(j, k),
    "bracket": Bracket(Compare(v[j], "<", v[k])),
    "cases": Cases(Branch(v[k], Equal(j, k)), Branch(Number(0), TRUE)),
    "derivative": Derivative(v[j], v[k]),
    "of compound": Derivative(v[j] * v[k], v[p]),
}
OUTER = {
    "first term": lambda f: f + v[q],
    "last term": lambda f: v[q] - f,
    "first factor": lambda f: f * v[q],
    "last factor": lambda f: v[q] * f,
    "numerator": lambda f: f * Power(v[q], -1),
    "denominator": lambda f: v[q] / f,
    "base": lambda f: Power(f, 3),
    "exponent": lambda f: Power(v[q], f),
    "argument": lambda f: Apply("exp", f),
    "of two": lambda f: Greatest(f, v[q]),
    "summand": lambda f: Sum(f * v[r], Range(r, 1, N)),
    "alone in a sum": lambda f: Sum(f, Range(r, 1, N)),
    "maximised": lambda f: Max(f, Range(r, 1, N)),
    "compared": lambda f: Bracket(Compare(v[q], "<=", f)),
    "value": lambda f: Cases(Branch(f, Equal(p, q)), Branch(f, TRUE)),
    "differentiated": lambda f: Derivative(f, v[q]),
    "beside its double": lambda f: f * f,
}


def slots() -> list[Formula]:
    return [outer(inner) for outer in OUTER.values() for inner in INNER.values()]


def test_no_slot_prints_what_nobody_writes() -> None:
    wrong = re.compile(
        r"\+ ?-|- ?-|\\cdot ?-|(?<!\d)1\\cdot|\\left|"
        r"(?<![a-z}])\(\d+\)|\^\{[^{}]*\}\^|\(\(([^()]*)\)\)"
    )
    for f in slots():
        printed = latex(f)
        assert not wrong.search(printed), printed
        assert printed.count("(") == printed.count(")")
        assert printed.count("[") == printed.count("]")


def test_every_slot_compiles_in_typst() -> None:
    sources = [typst_math(layout.formula(f, Names.of([f]))) for f, _ in PRINTED]
    sources += [typst_math(layout.formula(f, Names.of([f]))) for f in slots()]
    page = "\n".join(f"$ {source} $" for source in sources)
    assert typst.compile(page.encode(), format="pdf").startswith(b"%PDF")
