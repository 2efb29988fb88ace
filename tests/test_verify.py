"""The verifier: what holds is exact, what does not is refuted, and it knows what it cannot tell."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial

import pytest

from derive.derivation.program import Program
from derive.derivation.step import Derivation, Step
from derive.ir import (
    TRUE,
    Apply,
    Bracket,
    Branch,
    Cases,
    Chosen,
    Compare,
    Component,
    Count,
    Definition,
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
    Max,
    Number,
    Plus,
    Power,
    Range,
    Relation,
    Size,
    Sum,
    Tensor,
    Times,
    at_least,
    at_most,
    axis_ranges,
    ceiling,
    conjunction,
    floor,
    fresh,
    ravel,
)
from derive.verify.verdict import Verification
from derive.verify.verify import Verifier, verify_chain, verify_derivation
from tests.verify_programs import (
    CLASS,
    CUBE,
    FLAT,
    FLATTEN,
    SUMS_TO_ONE,
    C,
    Convolution,
    F,
    H,
    K,
    L,
    N,
    Pool,
    T,
    W,
    Y,
    Z,
    cross_entropy,
    i,
    inside,
    j,
    m,
    n,
    o,
    p,
    q,
    r,
    s,
)

CONV, POOL = Convolution(), Pool()


def check(
    program: Program, left: Formula, right: Formula, ranges: Sequence[Range], *facts: object
) -> Verification:
    return verify_chain(program, [left, right], ranges, facts).ends  # type: ignore[arg-type]


# -- identities, each as a function of what a wrong version of it would have instead -------------


def kernel_gradient(
    sign: int = 1, shift: int = 0, factor: int = 2, swap: bool = False, last: int = 0
) -> Verification:
    """∂L/∂w = 2 Σ (z - t) x, over the windows whose entry is inside the image."""
    t = CONV.program.given[3]
    at = (p, q, r, s)
    row, column = CONV.at(i, r) + shift, CONV.at(j, s)  # type: ignore[operator]
    reading = CONV.x[n, q, column, row] if swap else CONV.x[n, q, row, column]
    guard = conjunction(inside(row, 1, H), inside(column, 1, W))
    guard = conjunction(inside(row, 1, W), inside(column, 1, H)) if swap else guard
    error = CONV.z[n, p, i, j] + Times(Number(-sign), t[n, p, i, j])
    rows, columns = CONV.sizes
    total = Sum(
        Times(Number(factor), error, reading),
        Range(n, 1, N),
        Range(i, 1, rows + last),
        Range(j, 1, columns),
        guard,
    )
    return check(CONV.program, Derivative(L[()], CONV.w[at]), total, axis_ranges(CONV.w, at))


def image_gradient(low: int = 0, ceil: bool = True, transposed: bool = False) -> Verification:
    """∂L/∂x = Σ ∂L/∂z · w, summed over the windows that meet the entry."""
    at = (n, p, r, s)
    rows, columns = CONV.sizes
    (pad, stride, kernel), up = (CONV.padding, CONV.stride, CONV.kernel), ceiling if ceil else floor

    def meeting(window: Index, place: Index, count: Size, low: int) -> Range:
        lowest = up(place + pad - kernel, stride) + 1 + low
        return Range(window, (1, lowest), (count, floor(place + pad - 1, stride) + 1))

    offsets = r + pad - stride * (i - 1), s + pad - stride * (j - 1)
    if transposed:
        offsets = offsets[::-1]
    kernel_entry = CONV.w[o, p, offsets[0], offsets[1]]
    total = Sum(
        Times(Derivative(L[()], CONV.z[n, o, i, j]), kernel_entry),
        Range(o, 1, F),
        meeting(i, r, rows, low),
        meeting(j, s, columns, 0),
    )
    return check(CONV.program, Derivative(L[()], CONV.x[at]), total, axis_ranges(CONV.x, at))


def softmax_jacobian(keep: bool = True, second: Index = j) -> Verification:
    """∂y_i/∂z_j = y_i (δ_ij - y_j)."""
    program = cross_entropy("distribution")
    inner = Delta(i, j) - Y[n, second] if keep else Delta(i, j)
    ranges = (Range(n, 1, N), Range(i, 1, K), Range(j, 1, K))
    return check(program, Derivative(Y[n, i], Z[n, j]), Times(Y[n, i], inner), ranges)


def logits_gradient(target: str, mean: bool = True, sign: int = -1) -> Verification:
    """∂L/∂z = (y - t)/N, which needs Σ_j t_j = 1 where t is a distribution."""
    program = cross_entropy(target)
    goal = T[n, j] if target == "distribution" else Delta(Entry(CLASS, n), j)
    value = Plus(Y[n, j], Times(Number(sign), goal))
    value = Times(Power(Count(N), -1), value) if mean else value
    return check(program, Derivative(L[()], Z[n, j]), value, axis_ranges(Z, (n, j)))


def pool_jacobian(offset: int = 0, first: bool = True, guarded: bool = True) -> Verification:
    """∂y_pq/∂x_rs = δ_qs [r is the first largest row of window p]."""
    window = POOL.window(p)
    row = Int.of(r) - POOL.stride * (p - 1) + offset
    chosen: Formula = Chosen(window, row)
    if not first:  # every largest row, not only the first
        largest = Compare(POOL.x[r, q], "=", window)
        chosen = Times(Bracket(inside(row, 1, POOL.kernel)), Bracket(largest))
    same_column = Delta(q, s) if guarded else Number(1)
    ranges = (*axis_ranges(POOL.y, (p, q)), *axis_ranges(POOL.x, (r, s)))
    left = Derivative(POOL.y[p, q], POOL.x[r, s])
    return check(POOL.program, left, Times(same_column, chosen), ranges)


def flatten_jacobian(transposed: bool = False) -> Verification:
    """∂f_m/∂x_chw = δ(m, ravel(c, h, w))."""
    at = (p, q, r)
    position = ravel(at, (C, H, W)) if not transposed else ravel((p, r, q), (C, W, H))
    ranges = (*axis_ranges(FLAT, (m,)), *axis_ranges(CUBE, at))
    return check(FLATTEN, Derivative(FLAT[m], CUBE[at]), Delta(m, position), ranges)


def solved_delta(divides: bool = True) -> Verification:
    """Σ_i δ(2i + 1, p) x_i = [2 | p - 1] x_{(p-1)/2}, in range."""
    x = Tensor("x", "x", (N,))
    program = Program((N,), (x,), ())
    half = floor(p - 1, 2)
    guard = conjunction(inside(half, 1, N), *((Divides(2, p - 1),) if divides else ()))
    left = Sum(Times(Delta(2 * i + 1, p), x[i]), Range(i, 1, N))
    return check(program, left, Times(Bracket(guard), x[half]), (Range(p, 1, 2 * N + 2),))


X = Tensor("x", "x", (N,))
VECTOR = Program((N,), (X,), ())
ENTRY = (Range(i, 1, N),)


def relu_derivative(relation: str = "<") -> Verification:
    left = Derivative(Apply("relu", X[i]), X[j])
    right = Times(Delta(i, j), Bracket(Compare(0, relation, X[i])))
    return check(VECTOR, left, right, (*ENTRY, Range(j, 1, N)))


def constant_wins(order: tuple[int, int] = (0, 1), strict: bool = True) -> Verification:
    """max(z, 0)' = [0 < z], whichever of the two stands first."""
    parts = (X[i], Number(0))
    largest = Greatest(*(parts[k] for k in order))
    right = Bracket(Compare(0, "<" if strict else "<=", X[i]))
    return check(VECTOR, Derivative(largest, X[i]), right, ENTRY)


RIGHT = {
    "kernel": kernel_gradient,
    "image": image_gradient,
    "softmax": softmax_jacobian,
    "logits, distribution": partial(logits_gradient, "distribution"),
    "logits, classes": partial(logits_gradient, "classes"),
    "overlapping pool": pool_jacobian,
    "flatten": flatten_jacobian,
    "solved delta": solved_delta,
    "relu": relu_derivative,
    "max with a constant": constant_wins,
    "max with a constant first": partial(constant_wins, (1, 0)),
}

WRONG = {
    "sign": partial(kernel_gradient, sign=-1),
    "shifted reading": partial(kernel_gradient, shift=1),
    "forgotten factor": partial(kernel_gradient, factor=1),
    "swapped indices": partial(kernel_gradient, swap=True),
    "one window too few": partial(kernel_gradient, last=-1),
    "shifted bound": partial(image_gradient, low=1),
    "floor for ceiling": partial(image_gradient, ceil=False),
    "transposed kernel": partial(image_gradient, transposed=True),
    "dropped -y_i y_j": partial(softmax_jacobian, keep=False),
    "y_i for y_j": partial(softmax_jacobian, second=i),
    "sum for mean": partial(logits_gradient, "distribution", mean=False),
    "y + t": partial(logits_gradient, "classes", sign=1),
    "wrong chosen position": partial(pool_jacobian, offset=1),
    "all ties chosen": partial(pool_jacobian, first=False),
    "dropped delta": partial(pool_jacobian, guarded=False),
    "transposed ravel": partial(flatten_jacobian, transposed=True),
    "missing divisibility": partial(solved_delta, divides=False),
    "relu at 0": partial(relu_derivative, "<="),
    "tie rule moved": partial(constant_wins, strict=False),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_holds_is_exact(name: str) -> None:
    verdict = RIGHT[name]()
    assert verdict.status == "exact", verdict
    assert verdict.draws >= 8
    assert verdict.bound is not None
    assert verdict.bound < 1e-9


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_hold_is_refuted(name: str) -> None:
    verdict = WRONG[name]()
    assert verdict.status == "refuted", verdict
    found = verdict.counterexample
    assert found is not None
    assert found.left != found.right
    assert all(value <= 8 for _, value in found.sizes)


def test_counterexamples_are_small() -> None:
    found = WRONG["dropped delta"]().counterexample
    assert found is not None
    assert dict(found.sizes) == {"H": 3, "W": 2, "H'": 1}
    assert dict(found.indices)["q"] != dict(found.indices)["s"]
    assert (found.left, found.right) == (0, 1)
    assert "0 ≠ 1 at H = 3, W = 2" in str(found)
    assert [name for name, _ in found.tensors] == ["x"]


# -- what residues must not be trusted with ------------------------------------------------------


def number_check(left: Formula, right: Formula) -> str:
    return check(VECTOR, left, right, ENTRY).status


def test_functions_that_residues_do_not_know() -> None:
    three, x = Number(3), X[i]
    assert number_check(Apply("log", Apply("exp", three)), three) == "numeric"
    assert number_check(Apply("sqrt", Power(x, 2)), x) == "refuted"
    assert number_check(Apply("sqrt", Power(x, 2)), Apply("abs", x)) == "numeric"
    assert number_check(Apply("log", x), Apply("log", Plus(x, x, Times(Number(-1), x)))) == "exact"
    assert number_check(Power(x, Fraction(1, 2)), Power(x, Number(Fraction(1, 2)))) == "exact"


def test_an_exponential_inside_another_is_opaque() -> None:
    """It is an unknown function of its argument; what needs to know more goes to real numbers."""

    def exp(x: Formula) -> Formula:
        return Apply("exp", x)

    x, y = X[i], X[1]
    assert number_check(exp(exp(x)), exp(exp(x + 0))) == "exact"
    assert number_check(exp(exp(x) + exp(y)), exp(exp(x)) * exp(exp(y))) == "exact"
    assert number_check(exp(exp(x + y)), exp(exp(x) * exp(y))) == "numeric"
    assert number_check(exp(exp(x)), exp(exp(x + 1))) == "refuted"
    assert number_check(exp(exp(x)), exp(x)) == "refuted"


def test_exponentials_are_typed() -> None:
    x = X[i]
    e = Apply("exp", x)
    assert number_check(Apply("exp", x + x), Times(e, e)) == "exact"
    assert number_check(Times(x, e), Times(e, x)) == "exact"
    assert number_check(Apply("exp", Times(Number(Fraction(1, 2)), x)), e) == "refuted"
    half = Apply("tanh", Times(Number(Fraction(1, 2)), x))
    assert number_check(Apply("sigmoid", x), Times(Number(Fraction(1, 2)), 1 + half)) == "exact"
    assert number_check(Derivative(Apply("softplus", x), x), Apply("sigmoid", x)) == "exact"
    assert number_check(Derivative(Apply("gelu", x), x), Apply("sigmoid", x)) == "refuted"


def test_what_is_not_checkable() -> None:
    x = X[i]
    unknown = Relation(Power(x, 2), "=", Number(1), ENTRY)
    program = Program((N,), (X,), (), facts=(unknown,))
    verdict = check(program, x, x, ENTRY)
    assert verdict.status == "not checkable"
    assert "fact" in verdict.reason
    impossible = check(VECTOR, x, x, ENTRY, at_most(N, 0))
    assert impossible.status == "not checkable"
    assert "sizes" in impossible.reason
    outside = X[i + 1]
    assert check(VECTOR, outside, outside, ENTRY).status == "not checkable"


def test_unknown_functions_are_drawn_as_cubics() -> None:
    x = X[i]
    sigma, plain = Apply("σ", x + 1), Apply("σ", x)
    assert number_check(sigma, Apply("σ", 1 + x)) == "exact"
    assert number_check(sigma, plain) == "refuted"
    assert number_check(plain, Apply("τ", x)) == "refuted"
    slope = Derivative(Apply("σ", Power(x, 2)), x)
    once, twice = (Apply(Function("σ", (n,)), Power(x, 2)) for n in (1, 2))
    assert number_check(slope, Times(Number(2), x, once)) == "exact"
    assert number_check(slope, once) == "refuted"
    assert number_check(Derivative(once, x), Times(Number(2), x, twice)) == "exact"
    assert number_check(twice, Number(0)) == "refuted"
    both = Derivative(Apply("φ", x, Power(x, 3)), x)
    first = Apply(Function("φ", (1, 0)), x, Power(x, 3))
    second = Apply(Function("φ", (0, 1)), x, Power(x, 3))
    assert number_check(both, first + 3 * Power(x, 2) * second) == "exact"
    assert number_check(first, second) == "refuted"


def test_second_derivatives() -> None:
    """y = Σ x³, m = max x², h = y m: through definitions, products and maxima, symmetric or not."""
    k, here, there = Index("k"), (*ENTRY, Range(j, 1, N)), X[j]
    y, m, h = (Tensor(name, name, ()) for name in "ymh")
    definitions = (
        Definition(y, (), Sum(Power(X[k], 3), Range(k, 1, N))),
        Definition(m, (), Max(Power(X[k], 2), Range(k, 1, N))),
        Definition(h, (), Times(y[()], m[()])),
    )
    program = Program((N,), (X,), definitions)

    def twice(f: Formula, by: Component, then: Component) -> Formula:
        return Derivative(Derivative(f, by), then)

    def verdict(left: Formula, right: Formula) -> str:
        return check(program, left, right, here).status

    x = X[i]
    assert verdict(twice(y[()], x, there), Times(Number(6), Delta(i, j), x)) == "exact"
    assert verdict(twice(y[()], x, there), Times(Number(6), x)) == "refuted"
    assert verdict(twice(h[()], x, there), twice(h[()], there, x)) == "exact"
    slopes = [Derivative(f[()], at) for f in (y, m) for at in (x, there)]
    mixed = slopes[0] * slopes[3] + slopes[1] * slopes[2]
    rest = y[()] * twice(m[()], x, there) + m[()] * twice(y[()], x, there)
    assert verdict(twice(h[()], x, there), mixed + rest) == "exact"
    assert verdict(twice(h[()], x, there), mixed) == "refuted"
    assert verdict(twice(h[()], y[()], m[()]), Number(1)) == "exact"
    third = Derivative(twice(Power(x, 4), x, x), x)
    assert verdict(third, Times(Number(24), x)) == "exact"
    larger = Greatest(Number(0), Power(x, 2) - 1)
    assert verdict(twice(larger, x, x), 2 * Bracket(Compare(1, "<", Power(x, 2)))) == "exact"


# -- guards, conditions, facts -------------------------------------------------------------------


def test_false_guards_clear_readings_outside() -> None:
    before = Times(X[i - 1], Bracket(at_least(i, 2)))
    cases = Cases(Branch(Number(0), Equal(i, 1)), Branch(X[i - 1], TRUE))
    total = Sum(X[i - j], Range(j, 1, 1), at_least(i - j, 1))
    unguarded = Sum(X[i - j], Range(j, 1, 1))
    assert number_check(before, cases) == "exact"
    assert number_check(cases, total) == "exact"
    found = check(VECTOR, cases, unguarded, ENTRY)
    assert found.status == "refuted"
    assert found.counterexample is not None
    assert found.counterexample.right is None


def test_facts_about_sizes_hold_at_every_draw() -> None:
    half = floor(N, 2)
    doubled = Times(Number(2), Count(half))
    assert check(VECTOR, doubled, Count(N), (), Divides(2, N)).status == "exact"
    refuted = check(VECTOR, doubled, Count(N), ())
    assert refuted.status == "refuted"
    assert refuted.counterexample is not None
    assert refuted.counterexample.sizes == (("N", 1),)


def test_facts_about_entries_hold_at_every_draw() -> None:
    program = cross_entropy("distribution")
    one = Sum(T[n, j], Range(j, 1, K))
    assert check(program, one, Number(1), (Range(n, 1, N),)).status == "exact"
    free = Program(program.sizes, program.given, program.definitions, loss=L)
    assert check(free, one, Number(1), (Range(n, 1, N),)).status == "refuted"
    positive = Relation(T[n, j], ">", Number(0), axis_ranges(T, (n, j)))
    both = Program(program.sizes, program.given, (), facts=(SUMS_TO_ONE, positive))
    ranges = axis_ranges(T, (n, j))
    assert check(both, Apply("abs", T[n, j]), T[n, j], ranges).status == "exact"
    assert check(both, one, Number(1), (Range(n, 1, N),)).status == "exact"


def test_inequalities_are_tested_in_real_numbers() -> None:
    square = (Power(X[i], 2), Number(0))
    assert verify_chain(VECTOR, square[::-1], ENTRY, relation="<=").status == "numeric"
    assert verify_chain(VECTOR, square, ENTRY, relation="<=").status == "refuted"


# -- derivations ---------------------------------------------------------------------------------


def test_every_step_of_a_derivation_is_judged() -> None:
    x = X[i]
    start, middle, end = Derivative(Power(x, 2), x), Plus(x, x), Times(Number(2), x)
    small = Step(middle, end, "collect", "collect equal terms")
    first = Step(start, middle, "power", "the derivative of a power")
    whole = Step(middle, end, "simplify", "collect", substeps=(small,))
    verdict = verify_derivation(VECTOR, Derivation(start, ENTRY, (first, whole)))
    assert [(x.step.rule, x.depth) for x in verdict.steps] == [
        ("power", 0),
        ("simplify", 0),
        ("collect", 1),
    ]
    assert verdict.status == "exact"
    wrong = Step(middle, Times(Number(3), x), "collect", "collect equal terms")
    refuted = verify_derivation(VECTOR, Derivation(start, ENTRY, (first, wrong)))
    assert [x.verification.status for x in refuted.steps] == ["exact", "refuted"]
    assert refuted.ends.status == "refuted"
    assert refuted.counterexample is not None


def test_everything_drawn_depends_on_the_seed_only() -> None:
    def sizes(seed: int) -> list[dict[Size, int]]:
        return [w.sizes for w in Verifier(CONV.program, seed).worlds(())]

    assert sizes(1) == sizes(1)
    assert any(len(set(w.values())) > 4 for w in sizes(0)), "sizes differ where they can"
    assert any(set(w.values()) == {1} for w in sizes(0)), "extent 1 is among the draws"


def test_capture_is_no_identity() -> None:
    """∂/∂k_p Σ_p x_{i+p} k_p: the p that is summed over is not the p of the variable."""
    x, kernel = Tensor("x", "x", (N + K,)), Tensor("k", "k", (K,))
    program = Program((N, K), (x, kernel), ())
    total = Sum(Times(x[i + p], kernel[p]), Range(p, 1, K))
    ranges = (Range(i, 1, N), Range(p, 1, K))
    assert check(program, Derivative(total, kernel[p]), x[i + p], ranges).status == "exact"


def test_own_definition_is_cut_and_all_paths_count() -> None:
    """y = x², L = x y: ∂L/∂x goes both ways, ∂L/∂y only one."""
    x, y, loss = (Tensor(s, s, ()) for s in "xyL")
    program = Program(
        (), (x,), (Definition(y, (), Power(x[()], 2)), Definition(loss, (), x[()] * y[()]))
    )
    assert check(program, Derivative(loss[()], x[()]), 3 * y[()], ()).status == "exact"
    assert check(program, Derivative(loss[()], y[()]), x[()], ()).status == "exact"


def test_bound_indices_may_repeat_a_name() -> None:
    same = Times(Sum(X[i], Range(i, 1, N)), X[i])
    other = fresh("i")
    renamed = Times(Sum(X[other], Range(other, 1, N)), X[i])
    assert number_check(same, renamed) == "exact"
    assert number_check(Derivative(same, X[i]), Derivative(renamed, X[i])) == "exact"
