"""Differentiation: each law pushes ∂ exactly one node towards the leaves."""

from __future__ import annotations

from derive.derivation.rule import rule
from derive.derivation.scope import Scope
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
    Delta,
    Derivative,
    Formula,
    Greatest,
    Least,
    Max,
    Number,
    Plus,
    Power,
    Range,
    Sum,
    Times,
    at_least,
    conjunction,
    position_read,
    ravel,
    refresh,
)
from derive.rules import samples
from derive.rules.functions import derivative_of
from derive.rules.samples import H, W, a, i, j, k, m, p, v, x, y
from derive.rules.terms import product, total

_DEEPER = "the ∂ moves one node towards the leaves"


def varies(f: Formula, d: Derivative, scope: Scope) -> bool:
    """Whether `f` depends on the variable of the derivative."""
    return scope.program.depends(f, d.by.tensor, d.held)


def pushed(d: Derivative, f: Formula) -> Derivative:
    """The derivative of a part of what `d` differentiates."""
    return Derivative(f, d.by, *d.held)


@rule(
    "independence",
    "does not depend on the variable",
    "the ∂ disappears",
    Derivative,
    lambda: samples.given(Derivative(x[i], y[j]), Range(i, 1, H), Range(j, 1, H)),
)
def independence(f: Derivative, scope: Scope) -> Formula | None:
    """∂f/∂T = 0 for an f that does not read T."""
    return None if varies(f.of, f, scope) else Number(0)


@rule(
    "independent entries",
    "distinct entries are independent",
    "the ∂ disappears",
    Derivative,
    lambda: samples.given(
        Derivative(m[i, j], m[p, k]), Range(i, 1, H), Range(j, 1, W), Range(p, 1, H), Range(k, 1, W)
    ),
)
def independent_entries(f: Derivative, scope: Scope) -> Formula | None:
    """∂T_e/∂T_f = δ_{ef}; where e takes a position apart, δ compares it with the index tuple."""
    if not isinstance(f.of, Component) or f.of.tensor != f.by.tensor:
        return None
    deltas: list[Formula] = []
    k = 0
    while k < len(f.of.indices):
        taken = position_read(f.of.indices[k:])
        if taken is None:
            deltas.append(Delta(f.of.indices[k], f.by.indices[k]))
            k += 1
        else:
            behind = k + len(taken.dims)
            position = ravel(f.by.indices[k:behind], taken.dims, taken.base)
            deltas.append(Delta(taken.flat, position))
            k = behind
    return product(*deltas)


@rule(
    "sum rule",
    "linearity",
    _DEEPER,
    Derivative,
    lambda: samples.given(Derivative(x[i] + y[i], x[j]), Range(i, 1, H), Range(j, 1, H)),
)
def sum_rule(f: Derivative, scope: Scope) -> Formula | None:
    """∂(f + g) = ∂f + ∂g, leaving out the terms that do not depend on the variable."""
    if not isinstance(f.of, Plus):
        return None
    terms = [g for g in f.of.args if varies(g, f, scope)]  # type: ignore[arg-type]
    return total(*(pushed(f, g) for g in terms))  # type: ignore[arg-type]


@rule(
    "linearity",
    "linearity",
    _DEEPER,
    Derivative,
    lambda: samples.given(
        Derivative(Sum(m[i, a] * v[a], Range(a, 1, W)), v[p]), Range(p, 1, W), Range(i, 1, H)
    ),
)
def linearity(f: Derivative, scope: Scope) -> Formula | None:
    """∂ Σ f = Σ ∂f.  The variable's own indices are not those of the sum."""
    if not isinstance(f.of, Sum):
        return None
    inner: Sum = f.of
    if any(i in e.indices for i in inner.bound for e in f.by.indices):
        inner = refresh(inner)
    return Sum(pushed(f, inner.body), *inner.ranges, inner.condition)


@rule(
    "product rule",
    "product rule",
    _DEEPER,
    Derivative,
    lambda: samples.given(
        Derivative(x[i] * y[i] * x[k], x[j]), *(Range(e, 1, H) for e in (i, j, k))
    ),
)
def product_rule(f: Derivative, scope: Scope) -> Formula | None:
    """∂(f g) = ∂f g + f ∂g; factors that do not depend on the variable stay as they are."""
    if not isinstance(f.of, Times):
        return None
    factors: tuple[Formula, ...] = f.of.args  # type: ignore[assignment]
    terms = []
    for at, g in enumerate(factors):
        if varies(g, f, scope):
            terms.append(Times(*factors[:at], pushed(f, g), *factors[at + 1 :]))
    return total(*terms)


@rule(
    "power rule",
    "power rule and chain rule",
    _DEEPER,
    Derivative,
    lambda: samples.given(Derivative(x[i] ** 3, x[j]), Range(i, 1, H), Range(j, 1, H)),
)
def power_rule(f: Derivative, scope: Scope) -> Formula | None:
    """∂ u^r = r u^{r-1} ∂u for an exponent that does not depend on the variable."""
    if not isinstance(f.of, Power) or varies(f.of.exponent, f, scope):
        return None
    u, r = f.of.base, f.of.exponent
    lowered = Number(r.value - 1) if isinstance(r, Number) else Plus(r, Number(-1))
    outer = u if lowered == Number(1) else Power(u, lowered)
    return Times(r, outer, pushed(f, u))


@rule(
    "chain rule for functions",
    "outer times inner derivative",
    _DEEPER,
    Derivative,
    lambda: samples.given(Derivative(Apply("exp", 2 * x[i]), x[j]), Range(i, 1, H), Range(j, 1, H)),
)
def chain_rule(f: Derivative, scope: Scope) -> Formula | None:
    """∂ φ(u) = φ'(u) ∂u, a term for each argument."""
    if not isinstance(f.of, Apply):
        return None
    terms = []
    for at, u in enumerate(f.of.arguments):
        if varies(u, f, scope):
            outer = derivative_of(f.of, at)
            if outer is None:
                return None
            terms.append(Times(outer, pushed(f, u)))
    return total(*terms)


@rule(
    "derivative of a maximum",
    "a maximum follows the entry it picks",
    _DEEPER,
    Derivative,
    lambda: samples.given(Derivative(Max(x[a], Range(a, 1, H)), x[j]), Range(j, 1, H)),
)
def maximum_rule(f: Derivative, scope: Scope) -> Formula | None:
    """∂ max_a f(a) = Σ_a [a is chosen] ∂f(a)."""
    if not isinstance(f.of, Max):
        return None
    opened = refresh(f.of)
    chosen = Chosen(f.of, *opened.bound)
    return Sum(Times(chosen, pushed(f, opened.body)), *opened.ranges, opened.condition)


@rule(
    "derivative of the greatest",
    "the greatest follows the part that it is",
    _DEEPER,
    Derivative,
    lambda: samples.given(
        Derivative(Greatest(Number(0), x[i] - y[i]), x[j]), Range(i, 1, H), Range(j, 1, H)
    ),
)
def greatest_rule(f: Derivative, scope: Scope) -> Formula | None:
    """∂ max(f, g) = [f > g] ∂f + [g ≥ f] ∂g: on a tie the first constant is taken, else the first.

    The same for min.
    """
    if not isinstance(f.of, (Greatest, Least)):
        return None
    parts: list[Formula] = sorted(f.of.args, key=lambda g: not isinstance(g, (Number, Count)))  # type: ignore[arg-type]
    terms = []
    for at, part in enumerate(parts):
        if varies(part, f, scope):
            before = (_beats(f.of, part, g, "<") for g in parts[:at])
            behind = (_beats(f.of, part, g, "<=") for g in parts[at + 1 :])
            terms.append(Times(Bracket(conjunction(*before, *behind)), pushed(f, part)))
    return total(*terms)


def _beats(among: Formula, f: Formula, g: Formula, relation: str) -> Compare:
    """That f is greater than g, or less where the least is looked for."""
    return Compare(g, relation, f) if isinstance(among, Greatest) else Compare(f, relation, g)


@rule(
    "derivative of cases",
    "branch by branch",
    _DEEPER,
    Derivative,
    lambda: samples.given(
        Derivative(Cases(Branch(x[i], at_least(i, 2)), Branch(y[i], TRUE)), x[j]),
        Range(i, 1, H),
        Range(j, 1, H),
    ),
)
def cases_rule(f: Derivative, scope: Scope) -> Formula | None:
    """The conditions on indices do not change with the variable."""
    if not isinstance(f.of, Cases):
        return None
    return Cases(*(Branch(pushed(f, b.value), b.condition) for b in f.of.branches))


@rule(
    "locally constant",
    "the choice stays the same nearby",
    "the ∂ disappears",
    Derivative,
    lambda: samples.given(
        Derivative(Bracket(Compare(Number(0), "<", x[i])), x[j]), Range(i, 1, H), Range(j, 1, H)
    ),
)
def locally_constant(f: Derivative, scope: Scope) -> Formula | None:
    """∂[z > 0] = 0, and so for the position that a maximum picks: at a kink by convention."""
    return Number(0) if isinstance(f.of, (Bracket, Chosen)) else None
