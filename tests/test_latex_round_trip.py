"""What the LaTeX writer prints is read back as the same formula, up to the normal form below."""

from fractions import Fraction
from itertools import product

import pytest
from normal_form import normal

from derive.document.notation import Names, Notation
from derive.ir import (
    TRUE,
    And,
    Apply,
    Bracket,
    Branch,
    Cases,
    Chosen,
    Compare,
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
    Least,
    Max,
    Not,
    Number,
    Or,
    Power,
    Range,
    Size,
    Sum,
    Tensor,
    Times,
    at_least,
    at_most,
    floor,
    free_indices,
    ravel,
    to_text,
    unravel,
)
from derive.latex import Symbols, read_formula
from derive.writers.latex_math import latex, latex_math

N, K, S, H = Size("N", 6), Size("K", 4), Size("S", 2), Size("H_{out}", 9)
i, j, a, b, c = map(Index, "ijabc")
x = Tensor("x", "x", (N, K))
z = Tensor("conv", "z^{(conv)}", (N, K))
w = Tensor("w", r"\tilde w", (K,))
y = Tensor("y", r"y_{\ell-1}", (K,))
t = Tensor("t", "t", (N,), classes=K)
tau = Tensor("tau", r"\tau", ())
loss = Tensor("loss", "L", ())
TENSORS, SIZES = (x, z, w, y, t, tau, loss), (N, K, S, H)

NODES = {
    "number": Number(3),
    "negative": Number(-2),
    "rational": Number(Fraction(3, 2)),
    "size": Count(N),
    "product of sizes": Count(H * K),
    "sum of sizes": Count(H - 4),
    "floor": Count(floor(H - K, S) + 1),
    "scalar": tau[()],
    "entry": x[i, S * (j - 1) + a - 2],
    "tagged": z[i, 1],
    "named with a subscript": y[i],
    "plus": x[i, j] + tau[()],
    "minus": x[i, j] - Number(2) * tau[()],
    "negation": -w[i],
    "times": x[i, j] * w[j],
    "square": w[i] ** 2,
    "tagged square": z[i, j] ** 2,
    "root power": Power(w[i], Number(Fraction(1, 2))),
    "power of entries": Power(w[i], w[j]),
    "inverse": Power(w[i], Number(-1)),
    "one over size": Power(Count(N), Number(-1)),
    "quotient": x[i, j] / w[i],
    "quotient by a sum": w[i] / (w[i] + w[j]),
    "exp": Apply("exp", w[i]),
    "log": Apply("log", w[i]),
    "log of a sum": Apply("log", w[i] + 1),
    "sqrt": Apply("sqrt", w[i] + 1),
    "abs": Apply("abs", w[i] - 1),
    "relu": Apply("relu", w[i]),
    "sigmoid": Apply("sigmoid", w[i]),
    "tanh": Apply("tanh", w[i]),
    "sign": Apply("sign", w[i]),
    "erf": Apply("erf", w[i]),
    "gelu": Apply("gelu", w[i]),
    "softplus": Apply("softplus", w[i]),
    "signed power": Apply("signedpower", w[i], Number(3)),
    "unknown": Apply("f", w[i]),
    "unknown, differentiated": Apply(Function("f", (2,)), w[i]),
    "unknown of two": Apply(Function("g", (2, 1)), w[i], w[j]),
    "greatest": Greatest(w[i], w[j]),
    "greatest like relu": Greatest(w[i], Number(0)),
    "least": Least(w[i], Number(1), w[j]),
    "sum": Sum(x[i, b] * w[b], Range(b, 1, K)),
    "sum of a sum": Sum(x[i, b] + w[b], Range(b, 1, K)),
    "double sum": Sum(x[a, b], Range(a, 1, N), Range(b, [1, a - 3], [K, a])),
    "sum with a condition": Sum(x[i, b], Range(b, 1, K), Not(Equal(b, i))),
    "max": Max(x[S * (i - 1) + a, b], Range(a, 1, 2), Range(b, 1, 2)),
    "max with a condition": Max(w[b], Range(b, 1, 3), at_least(b, i)),
    "chosen": Chosen(Max(x[2 * i + a, j + b], Range(a, 1, 2), Range(b, 1, 3)), i, j),
    "chosen of one": Chosen(Max(w[a], Range(a, 1, K)), j),
    "delta": Delta(i, j),
    "delta of expressions": Delta(S * (i - 1) + a, c),
    "delta of a class": Delta(Entry(t, i), j),
    "bracket": Bracket(And(at_least(i, 1), at_most(i, K))),
    "bracket of divisibility": Bracket(Divides(2, i + 1)),
    "bracket of or": Bracket(Or(Equal(i, j), And(Divides(S, i), Not(Divides(2, j))))),
    "bracket of a comparison": Bracket(Compare(Number(0), "<", w[i])),
    "cases": Cases(Branch(w[i], Equal(i, j)), Branch(Number(0), TRUE)),
    "derivative": Derivative(z[i, j], w[c]),
    "derivative of the loss": Derivative(loss[()], x[i, j]),
    "derivative of a compound": Derivative(w[i] * tau[()], w[j]),
    "derivative of a function": Derivative(Apply("exp", w[i]), w[j]),
    "second derivative": Derivative(Derivative(loss[()], w[i]), w[j]),
    "ravelled": w[ravel((i, j), (K, S))],
    "unravelled": x[unravel(i, 0, (N, K, S)), unravel(i, 1, (N, K, S))],
}

SLOTS = {
    "alone": lambda f: f,
    "first term": lambda f: f + w[j],
    "last term": lambda f: w[j] + f,
    "subtracted": lambda f: w[j] - f,
    "first factor": lambda f: f * w[j],
    "last factor": lambda f: w[j] * f,
    "between factors": lambda f: Times(Number(2), f, w[j]),
    "negated": lambda f: -f,
    "numerator": lambda f: f / w[j],
    "denominator": lambda f: w[j] / f,
    "base": lambda f: f**2,
    "base of an inverse square": lambda f: f**-2,
    "exponent": lambda f: w[j] ** f,
    "argument of exp": lambda f: Apply("exp", f),
    "argument of log": lambda f: Apply("log", f) * w[j],
    "argument of sqrt": lambda f: Apply("sqrt", f),
    "argument of abs": lambda f: Apply("abs", f),
    "argument of an unknown": lambda f: Apply(Function("h", (0, 1)), f, w[j]),
    "part of max": lambda f: Greatest(Number(0), f),
    "part of min": lambda f: Least(f, w[j]),
    "summand": lambda f: Sum(f, Range(Index("k"), 1, K)),
    "summand, with more": lambda f: Sum(f, Range(j, 1, i), Equal(j, a)) * w[j],
    "maximand": lambda f: Max(f, Range(Index("k"), 1, K)),
    "compared": lambda f: Bracket(Compare(f, "<=", w[j])),
    "value of a case": lambda f: Cases(Branch(f, Equal(i, j)), Branch(f, TRUE)),
    "condition of a case": lambda f: Cases(
        Branch(w[j], Compare(f, "!=", w[i])), Branch(Number(1), TRUE)
    ),
    "differentiated": lambda f: Derivative(f, x[i, j]),
}


WITH_NAMES, WITH_NUMBERS = Notation(loss=loss), Notation(numbers=True, loss=loss)
WITH_DELTA = Notation(loss=loss, cotangents={z: "(conv)"})


def read_back(f: Formula, notation: Notation) -> tuple[str, Formula, Formula]:
    """The LaTeX of `f`, what it is read as, and the formula that it shows."""
    names = Names.of([f], notation=notation)
    free = {latex_math(names.index(k)): k for k in sorted(free_indices(f), key=str)}
    symbols = Symbols(
        tensors={T.symbol: T for T in TENSORS},
        sizes={s.name: s for s in SIZES},
        indices=free,
        cotangents={rf"\delta^{{{tag}}}": T for T, tag in notation.cotangents.items()},
        loss=loss,
    )
    source = latex(f, names)
    return source, read_formula(source, symbols), names.present(f)


# -- the tests -----------------------------------------------------------------------------------


def assert_reads_back(f, notation=WITH_NAMES):
    source, back, shown = read_back(f, notation)
    assert normal(back) == normal(shown), f"{to_text(f)}\n  {source}\n  {to_text(back)}"


@pytest.mark.parametrize("slot", SLOTS)
def test_every_node_in_every_slot(slot):
    for node in NODES.values():
        assert_reads_back(SLOTS[slot](node))


@pytest.mark.parametrize("slot", ["alone", "last factor", "denominator", "summand", "exponent"])
def test_with_numbers_for_sizes(slot):
    for node in NODES.values():
        assert_reads_back(SLOTS[slot](node), WITH_NUMBERS)


def test_every_slot_in_every_slot():
    for outer, inner in product(SLOTS.values(), repeat=2):
        assert_reads_back(outer(inner(x[i, j] * w[i] - 1)))


def test_the_normal_form_tells_formulas_apart():
    forms = {to_text(normal(f)): name for name, f in NODES.items()}
    assert len(forms) == len(NODES)
    assert normal(2 * (w[i] + 1) * tau[()] ** 2) == normal(tau[()] * (2 * w[i] + 2) * tau[()])
    assert normal(x[i, j] - w[i]) != normal(w[i] - x[i, j])
    assert normal(Sum(w[a], Range(a, 1, K))) == normal(Sum(w[b], Range(b, 1, K)))


def test_cotangents_read_back():
    for slot in SLOTS.values():
        f = slot(Derivative(loss[()], z[i, j]))
        assert r"\delta^{(conv)}" in read_back(f, WITH_DELTA)[0]
        assert_reads_back(f, WITH_DELTA)
