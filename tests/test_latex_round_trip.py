"""What the LaTeX writer prints is read back as the same formula, up to the normal form below."""

from fractions import Fraction
from itertools import product

import pytest

from derive.document.notation import Names, Notation
from derive.ir import (
    TRUE,
    And,
    Apply,
    Binder,
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
    Int,
    Least,
    Max,
    Not,
    Number,
    Or,
    Plus,
    Power,
    Range,
    Ravel,
    Size,
    Sum,
    Tensor,
    Times,
    Unravel,
    at_least,
    at_most,
    conjunction,
    floor,
    free_indices,
    map_integers,
    ravel,
    rebuild,
    refresh,
    substitute,
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


# -- the normal form -----------------------------------------------------------------------------


def normal(f, depth=0):
    """`f` with sums and products flat and sorted, numbers collected, and binders numbered.

    What a page cannot tell apart is made one: a sum of sums, a product of products, numbers
    multiplied, integers as numbers, powers of products and of powers, Σ_iΣ_j as one sum, and-ed
    conditions, [t = j] as a delta, reshapes written out.
    """
    if isinstance(f, Int):
        return map_integers(f, lambda e: e.expanded() if isinstance(e, (Ravel, Unravel)) else None)
    if isinstance(f, Chosen):
        m, *at = f.args
        return Chosen(normal(m, depth), *(normal(e, depth) for e in at))
    if isinstance(f, Binder):
        return normal_binder(f, depth)
    parts = [normal(p, depth) for p in f.args]
    if isinstance(f, And):
        return conjunction(*parts)
    if isinstance(f, Bracket) and any(
        isinstance(e, Int) and isinstance(e.atom, Entry) for e in parts[0].args
    ):
        return Delta(*parts[0].args)
    if isinstance(f, Compare) and f.relation in ("=", "!="):
        left, right = sorted(parts, key=to_text)
        return Compare(left, f.relation, right)
    if isinstance(f, (Plus, Times, Power, Count, Number)):
        return polynomial(f, parts)
    return rebuild(f, tuple(parts))


def normal_binder(f, depth):
    ranges, condition, body = list(f.ranges), f.condition, f.body
    while isinstance(f, Sum) and isinstance(body, Sum):
        body = refresh(body)
        ranges, condition, body = (
            ranges + list(body.ranges),
            conjunction(condition, body.condition),
            body.body,
        )
    whole = type(f)(body, *ranges, condition)
    made = []
    for k, r in enumerate(whole.ranges):
        r = whole.ranges[k]
        to = Index("bound", depth + k)
        rest = type(f)(whole.body, *whole.ranges[k + 1 :], whole.condition)
        rest = substitute(rest, {r.index: to})
        made.append(Range(to, *(sorted((normal(e) for e in s), key=to_text) for s in bounds(r))))
        whole = type(f)(rest.body, *made, *rest.ranges, rest.condition)
    depth += len(made)
    return type(f)(normal(whole.body, depth), *made, normal(whole.condition, depth))


def bounds(r):
    return r.lowers, r.uppers


def polynomial(f, parts):
    """A sorted sum of products, each a number times sorted powers of different factors."""
    terms = {}
    for coefficient, powers in [m for whole in monomials(f, parts) for m in multiplied_out(whole)]:
        key = tuple(sorted(powers.items(), key=lambda item: to_text(item[0])))
        terms[key] = terms.get(key, 0) + coefficient
    made = [
        Times(Number(c), *(Power(p, Number(e)) for p, e in key if e))
        for key, c in terms.items()
        if c
    ]
    return Plus(*sorted(made, key=to_text))


def multiplied_out(monomial):
    """A monomial as several, where a factor is a sum of integers, or the only one a sum."""
    coefficient, powers = monomial
    for p, e in powers.items():
        if isinstance(p, Plus) and e >= 1 and (powers == {p: 1} or is_integer(p)):
            rest = (coefficient, {q: k for q, k in {**powers, p: e - 1}.items() if k})
            return [m for q in again(p) for m in multiplied_out(times((rest, q)))]
    return [monomial]


def is_integer(p):
    return all(isinstance(q, Count) and e >= 1 for _, powers in again(p) for q, e in powers.items())


def monomials(f, parts):
    """Pairs of a number and {factor: exponent}."""
    match f:
        case Number():
            return [(f.value, {})]
        case Count():
            return [(Fraction(k), powers(map(Count, m))) for m, k in parts[0].terms]
        case Plus():
            return [m for p in parts for m in again(p)]
        case Times():
            return [times([one(p) for p in parts])]
    (coefficient, factors), (number, other) = one(parts[0]), one(parts[1])
    if other:
        return [(Fraction(1), {Power(*parts): Fraction(1)})]
    if number.denominator == 1:
        return [(coefficient**number, {p: e * number for p, e in factors.items()})]
    if coefficient == 1 and len(factors) == 1:
        return [(coefficient, {p: e * number for p, e in factors.items()})]
    return [(Fraction(1), {Power(*parts): Fraction(1)})]


def powers(factors):
    counted = {}
    for p in factors:
        counted[p] = counted.get(p, Fraction(0)) + 1
    return counted


def times(ms):
    coefficient, factors = Fraction(1), {}
    for c, more in ms:
        coefficient *= c
        for p, e in more.items():
            factors[p] = factors.get(p, 0) + e
    return coefficient, {p: e for p, e in factors.items() if e}


def one(p):
    """A part that is already normal as one monomial: of a sum, its first coefficient in front."""
    parts = again(p)
    if len(parts) < 2:
        return parts[0] if parts else (Fraction(0), {})
    first = parts[0][0]
    scaled = (Times(Number(q.args[0].value / first), *q.args[1:]) for q in p.args)
    return first, {Plus(*sorted(scaled, key=to_text)): Fraction(1)}


def again(p):
    """The monomials of a part that is already normal."""
    if isinstance(p, Plus) and all(isinstance(q, Times) for q in p.args):
        return [(q.args[0].value, {g.base: g.exponent.value for g in q.args[1:]}) for q in p.args]
    return [(Fraction(1), {p: Fraction(1)})]


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
