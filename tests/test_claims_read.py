"""Reading claims: entries, indices, clauses, conditions, definitions, implied sums, huge input."""

import contextlib
import time
from dataclasses import replace

import pytest
from claim_symbols import NAMES, SYMBOLS, claims, says
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.errors import InputError
from derive.ir import from_text, same, to_text
from derive.latex.claims import Claim, Defined, read_claims
from derive.latex.error import ReadError, UndefinedName


def shown(claim):
    """A claim as `sides | ranges | conditions`."""
    sides = [to_text(s.formula) for s in claim.sides]
    text = sides[0] + "".join(f" {r} {s}" for r, s in zip(claim.relations, sides[1:], strict=True))
    ranges = ", ".join(map(to_text, claim.ranges))
    conditions = ", ".join(map(to_text, claim.conditions))
    return " | ".join([text, ranges, *([conditions] if conditions else [])])


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("V^2_{i,j}", "V[2, i, j]"),
        (r"V^{(k)}_{ij}", "V[k, i, j]"),
        ("x^{(i)}", "x[i]"),
        ("W_{i'j'}", """W["i'", "j'"]"""),
        ("W_{12} + W_{1 2} + W_{1,2}", "W[1, 2] + W[1, 2] + W[1, 2]"),
        (r"\sigma^2_j + \sigma_j^2", r'"\\sigma^2"[j] + "\\sigma^2"[j]'),
        (r"z^{(1)}_i + z_i^{(1)} + z_i", '"z^{(1)}"[i] + "z^{(1)}"[i] + z[i]'),
        ("W^{(2)}_{1j}", '"W^{(2)}"[1, j]'),
        (r"y_{\ell-1,i} + [y_{\ell-1}]_i", None),
        (r"d\hat y_{i}", r'derivative(L[], "\\hat y"[i])'),
        (r"\delta_{ij} - \delta^i_j", "delta(i, j) - delta(i, j)"),
        (r"\mathbf 1\{i=j\} + \mathbb 1(x_i > 0)", "[i = j] + [compare(0 < x[i])]"),
        (r"\mathbf{1}_{x_i > 0} + \mathbb I[i \le 2]", "[compare(0 < x[i])] + [-i+2 >= 0]"),
        (r"1\{t_i = j\} + [t_i = j]", "delta(t[], j) + delta(t[], j)"),
        (r"\sum_{j\ne t_i} w_{j,1}", "sum[j=1..K | not {j = t[]}](w[j, 1])"),
        (r"\sum_{i:x_i>0} x_i", "sum[i=1..n | compare(0 < x[i])](x[i])"),
        (r"\sum_{i\in\{1,\dots,n\}} x_i", "sum[i=1..n](x[i])"),
        (r"\sum_{i} B_{i+1,2}", None),
        (r"\sum_{i} x_{i+1} x_{i}", "sum[i=1..n](x[i+1] * x[i])"),
        (r"x_{2} + 0.125 + 1\,000", "x[2] + 1/8 + 1000"),
        (r"\frac{\partial^2 L}{\partial x_i\partial x_j}", None),
        (r"\partial L/\partial x_i \cdot 2", "derivative(L[], x[i]) * 2"),
        (r"\phi(x_i)^2 + \phi''(x_i)", r'"\\phi"(x[i])^2 + "\\phi"{2}(x[i])'),
        (r"\|w_2\|^2", "sum[k=1..n](w[2, k]^2)"),
        (r"\max\{x_1, x_2\}", "greatest(x[1], x[2])"),
        (r"B_{i,2}", None),
    ],
)
def test_entries(source, text):
    if text is None:
        text = OTHERS[source]
    ranges = ", ".join(f"{i}=1..{2 if i == 'k' else 'n'}" for i in ("i", "j", "k", "i'", "j'"))
    (claim,) = claims(f"{source} = s, {ranges}")
    assert same(claim.sides[0].formula, from_text(text, NAMES)), to_text(claim.sides[0].formula)


GUARD = "[i-{0} >= 0 and {1}-i >= 0 and 2-1 >= 0 and 3-2 >= 0]"
OTHERS = {
    r"y_{\ell-1,i} + [y_{\ell-1}]_i": r'"y_{\\ell-1}"[i] + "y_{\\ell-1}"[i]',
    r"\sum_{i} B_{i+1,2}": "sum[i=1..n]([i >= 0 and 2-i >= 0 and 1 >= 0 and 1 >= 0] * B[i+1, 2])",
    r"\frac{\partial^2 L}{\partial x_i\partial x_j}": "derivative(derivative(L[], x[j]), x[i])",
    r"B_{i,2}": "[i-1 >= 0 and 3-i >= 0 and 1 >= 0 and 1 >= 0] * B[i, 2]",
}


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ("x_i = v_i", ["x[i] = v[i] | i=1..n"]),
        ("y_i = x_i", ["y[i] = x[i] | i=1..min(m, n)"]),
        ("x_1 = v_1 = s", ["x[1] = v[1] = s[] | "]),
        (r"x_1 &= v_1 \\ &= s", ["x[1] = v[1] = s[] | "]),
        (r"x_1 = \\ = s", ["x[1] = s[] | "]),
        (r"x_1 = s, \quad x_2 = s", ["x[1] = s[] | ", "x[2] = s[] | "]),
        (r"x_1 = s \quad v_1 = s", ["x[1] = s[] | ", "v[1] = s[] | "]),
        (r"x_1 = s \Rightarrow v_1 = s", ["x[1] = s[] | ", "v[1] = s[] | "]),
        (r"x_1 = s \text{ and } v_1 = s.", ["x[1] = s[] | ", "v[1] = s[] | "]),
        (r"0 \le x_i \le s", ["0 <= x[i] <= s[] | i=1..n"]),
        (r"W_{ij} = s \quad (i\ne j)", ["W[i, j] = s[] | i=1..m, j=1..n | not {i = j}"]),
        (r"W_{ij} = s, i \ne j", ["W[i, j] = s[] | i=1..m, j=1..n | not {i = j}"]),
        (r"W_{ij} = s (i\ne j)", ["W[i, j] = s[] | i=1..m, j=1..n | not {i = j}"]),
        (r"x_i = s \text{ if } i > 2", ["x[i] = s[] | i=1..n | i-3 >= 0"]),
        (r"x_i = s \text{ for } i=1..3", ["x[i] = s[] | i=1..3"]),
        (r"x_i = s, \quad i = 1, \dots, m", ["x[i] = s[] | i=1..m"]),
        (r"W_{ij} = s, \quad i,j = 1, \ldots, 2", ["W[i, j] = s[] | i=1..2, j=1..2"]),
        (r"x_i = s, i = \overline{1,m}", ["x[i] = s[] | i=1..m"]),
        (r"x_i = s \quad \forall i \in \{1,2,3\}", ["x[i] = s[] | i=1..3"]),
        (r"x_i = s, \quad 1 \le i \le m", ["x[i] = s[] | i=1..m"]),
        (r"x_k = s, \quad k = 2i - 1, \quad i=1..2", ["x[2*i-1] = s[] | i=1..2"]),
        (r"x_k = V_{c,l,p}, k = (c-1)H + l, p=1", None),
        (
            r"W_{ij} = \begin{cases} 1 & \text{if } i = j \\ 0 & \text{if } i \ne j \end{cases}",
            ["W[i, j] = cases(1 if i = j; 0) | i=1..m, j=1..n"],
        ),
        (
            r"s = \begin{cases} 1 & x_1 > 0 \\ -1 & x_1 < 0 \end{cases}",
            ["s[] = cases(1 if compare(0 < x[1]); -1) |  | compare(0 < x[1]) or compare(x[1] < 0)"],
        ),
        (r"x_i = i s", ["x[i] = count(i) * s[] | i=1..n"]),
        (r"i s = x_i", ["count(i) * s[] = x[i] | i=1..n"]),
        ("N H = H N", ["count(H*N) = count(H*N) | "]),
        (r"s = \sum_{i<j} A_{ij}", ["s[] = sum[i=1..n, j=1..n | -i+j-1 >= 0](A[i, j]) | "]),
        (r"x_j = \sum_{i<j} A_{ij}", ["x[j] = sum[i=1..n | -i+j-1 >= 0](A[i, j]) | j=1..n"]),
        (r"x_i = \sum_{j\ne i} A_{ij}", ["x[i] = sum[j=1..n | not {j = i}](A[i, j]) | i=1..n"]),
        ("x", []),
        ("", []),
    ],
)
def test_clauses(source, texts):
    if texts is None:
        (claim,) = claims(source)
        assert [to_text(e) for e in claim.sides[0].formula.indices] == ["H*c-H+l"]
        assert [r.index.hint for r in claim.ranges] == ["c", "l"]
    else:
        assert [shown(c) for c in claims(source)] == texts


@pytest.mark.parametrize(
    ("source", "text", "defined"),
    [
        (r"x_1 = r, \quad r = 2s", "x[1] = 2 * s[] | ", "r"),
        (r"W_{ij} = r_i x_j, \quad r_i = y_i^2", None, "r"),
        (r"y = r, \quad r = W x", None, "r"),
        (r"W_{ij} = f(i,j) \text{ where } f(i,j) = y_i x_j", None, "f"),
        (r"x_k = s, \quad k = 3", "x[3] = s[] | ", "k"),
        (r"x_{\mathrm{ind}(1,2)} = s, \quad ind(i,j) = 2i+j, i,j=1..2", None, "ind"),
    ],
)
def test_texts_define_names(source, text, defined):
    found = read_claims(source, SYMBOLS)
    (name,) = [d.name for d in found if isinstance(d, Defined)]
    (claim,) = [c for c in found if isinstance(c, Claim)]
    assert name == defined
    if text:
        assert shown(claim) == text
    else:
        assert not {"r", "f", "ind"} & {str(t) for s in claim.sides for t in s.formula.args}


def test_only_what_follows_a_claim_defines():
    with pytest.raises(UndefinedName):
        claims("r = 2s")
    (d,) = read_claims(r"\text{let } r = 2s", SYMBOLS)
    assert to_text(d.value) == "2 * s[]"
    assert says("r", "2 * s[]", symbols=d.add_to(SYMBOLS))


def test_sides_stand_where_they_are_written():
    source = r"\left(x_1\right)^2 &= s\,, \quad v_1 = \frac{1}{2} \text{ for } i=1..2"
    found = [source[s.start : s.end] for c in claims(source) for s in c.sides]
    assert found == [r"\left(x_1\right)^2", "s", "v_1", r"\frac{1}{2}"]


EINSTEIN = replace(SYMBOLS, einstein=True)
UPPER = replace(SYMBOLS, einstein=True, upper=True)


@pytest.mark.parametrize(
    ("symbols", "source", "text"),
    [
        (EINSTEIN, "y_i = W_{ij} x_j + b_i", "y[i] = sum[j=1..n](W[i, j] * x[j]) + b[i] | i=1..m"),
        (EINSTEIN, "s = W_{ij} W_{ij}", "s[] = sum[i=1..m, j=1..n](W[i, j] * W[i, j]) | "),
        (EINSTEIN, "s = y_i^2", "s[] = sum[i=1..m](y[i]^2) | "),
        (EINSTEIN, r"y_i\delta_{ij} = y_j", "sum[i=1..m](y[i] * delta(i, j)) = y[j] | j=1..m"),
        (
            EINSTEIN,
            r"\frac{\partial y_i}{\partial z_j} = y_i\delta_{ij} - y_i y_j",
            "derivative(y[i], z[j]) = y[i] * delta(i, j) - y[i] * y[j] | i=1..m, j=1..m",
        ),
        (EINSTEIN, r"\sum_j W_{ij} x_j = y_i", "sum[j=1..n](W[i, j] * x[j]) = y[i] | i=1..m"),
        (UPPER, "y^i = W^i_j x^j", "y[i] = sum[j=1..n](W[i, j] * x[j]) | i=1..m"),
        (
            UPPER,
            r"\frac{\partial L}{\partial x^j} = \frac{\partial L}{\partial y^i} W^i{}_j",
            "derivative(L[], x[j]) = sum[i=1..m](derivative(L[], y[i]) * W[i, j]) | j=1..n",
        ),
        (UPPER, r"z^i = \sigma(W^i_j x^j)", None),
        (UPPER, r"\delta^{(1)i} = z^i", None),
        (UPPER, "x^2 = s", "x[2] = s[] | "),
    ],
)
def test_implied_sums_and_upper_indices(symbols, source, text):
    (claim,) = claims(source, symbols)
    assert shown(claim) == text if text else [r.index.hint for r in claim.ranges] == ["i"]


def test_readings_are_reported():
    (claim,) = claims("y = y(1 - y)")
    assert claim.readings == ("a product of two columns is taken entry by entry",)
    assert claims("y = z")[0].readings == ()


@pytest.mark.parametrize(
    ("source", "position"),
    [
        ("x_1 = ", 6),
        ("x_1 = s )", 8),
        ("= x_1", 0),
        ("x_1 = s $", 8),
        ("x_1 = s, q_{j} = z_", 19),
        (r"x_i = s, i \in S", 15),
        (r"x_1 = \vdots", 6),
        (r"x_1 \approx s", 4),
    ],
)
def test_damage_has_a_place(source, position):
    with pytest.raises(ReadError) as caught:
        claims(source)
    assert caught.value.position == position, caught.value
    assert "⟨?⟩" in str(caught.value)


HUGE = {
    "brackets": "(" * 9_000 + "s" + ")" * 9_000,
    "scripts": "z_{" * 6_000,
    "powers": "x_1^{" * 2_000 + "2" + "}" * 2_000,
    "a tower": "x_1 = 10^{10^{10}}",
    "a tower in a tower": "x_1 = 10^{10^{10^{10}}}",
    "a range": r"\sum_{i=1}^{1000000000000} x_i = s",
    "a stated range": "x_i = s, i = 1..1000000000000",
    "a million characters": "x_1+" * 250_000 + "x_1 = s",
    "equations": "s=" * 9_000 + "s",
    "commas": "s," * 9_000,
    "clauses": "s=s, " * 3_000,
    "products": "A" * 19_000 + "=s",
    "powers of matrices": "x = " + "(" * 15 + "A" + ")^4" * 15 + "x",
    "functions of functions": r"\mathrm{softmax}(" * 18 + "x" + ")" * 18 + "= x",
    "definitions": "s=s, q=s" + "".join(f", q_{{{k}}}=q+q" for k in range(200)),
    "doubling": "x=x, q=x, "
    + ", ".join(f"{b}={a}\\odot {a}" for a, b in zip("qrupcefghjlo", "rupcefghjlod", strict=True)),
    "nablas": r"\nabla_x" * 2_000 + " L = x",
    "transposes": "A" + r"^\top" * 3_000 + " = A",
    "bars": "|" * 15_000 + "s",
    "tables": r"\begin{bmatrix}" + r"1&2\\" * 3_000 + r"1&2\end{bmatrix} = A",
}


HANG = 60  # seconds: a limit against hangs, not a measure of speed


@pytest.mark.parametrize("name", HUGE)
def test_huge_input_is_read_or_refused_quickly(name):
    start = time.process_time()
    with contextlib.suppress(InputError):
        read_claims(HUGE[name], SYMBOLS)
    assert time.process_time() - start < HANG


PIECES = (
    r"\sum _ ^ { } ( ) [ ] i j X z W x y , = + - / \frac \partial \max \le 1 2 \text{if} & \\ |"
    r" \| ' \hat \lfloor \rfloor \begin{cases} \end{cases} \text{for} .. : e \delta \log \nabla"
    r" \odot \top \quad \mathbf \mathrm{diag} \begin{bmatrix} \end{bmatrix} \cdot d \{ \} \star I"
).split()
WORDS = ["W x", r"x^\top", "x_i", "W_{ij}", r"\frac{\partial L}{\partial W}", r"\odot", "=", "+"]
WORDS += [r"\sum_{i}", "(", ")", r"\mathrm{diag}", "dW", r"\|x\|^2", ",", r"\quad", "L", "A^2", "2"]


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.text(max_size=30),
        st.binary(max_size=30).map(lambda raw: raw.decode("latin-1")),
        st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join),
        st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join),
    )
)
def test_any_text_is_read_or_refused(source):
    for symbols in (SYMBOLS, UPPER):
        with contextlib.suppress(InputError):
            for claim in claims(source, symbols):
                assert len(claim.sides) == len(claim.relations) + 1
                assert all(len(s.axes) == len(s.shape) for s in claim.sides)
