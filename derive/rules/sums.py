"""Laws of sums: nesting, constants, and ranges with nothing or one thing in them."""

from __future__ import annotations

from derive.derivation.rule import rule
from derive.derivation.scope import Scope
from derive.ir import (
    TRUE,
    Binder,
    Bracket,
    Count,
    Formula,
    Guard,
    Index,
    Max,
    Number,
    Range,
    Sum,
    Times,
    at_least,
    at_most,
    conjunction,
    conjuncts,
    free_indices,
    refresh,
    substitute,
)
from derive.rules import samples
from derive.rules.proof import at_least_zero
from derive.rules.samples import A, H, K, a, b, i, j, p, u, w, x, y
from derive.rules.terms import factors, product, without
from derive.rules.values import selects, with_value


def rebind(f: Binder, body: Formula, ranges: tuple[Range, ...], condition: Guard) -> Formula:
    """A binder like `f`; without ranges it is its body, under the condition."""
    if ranges:
        return type(f)(body, *ranges, condition)
    return body if condition == TRUE else product(Bracket(condition), *factors(body))


@rule(
    "sum of nothing",
    "a sum of zeros is 0",
    "the sum disappears",
    Sum,
    lambda: samples.given(Sum(Number(0), Range(a, 1, K))),
    quiet=True,
)
def zero_sum(f: Sum, scope: Scope) -> Formula | None:
    """Σ 0 = 0."""
    return f.body if f.body == Number(0) else None


@rule(
    "empty range",
    "the range is empty",
    "the sum disappears",
    Sum,
    lambda: samples.given(Sum(x[a], Range(a, H + 1, H))),
)
def empty_sum(f: Sum, scope: Scope) -> Formula | None:
    """A sum over lo..hi with hi < lo is 0."""
    inside = scope
    for r in f.ranges:
        if any(at_least_zero(inside, lo - hi - 1) for lo in r.lowers for hi in r.uppers):
            return Number(0)
        inside = inside.within(r)
    return None


@rule(
    "one-point range",
    "one value of the index is left",
    "one range less",
    (Sum, Max),
    lambda: samples.given(Sum(u[a] * x[b], Range(a, i, (i, 6)), Range(b, 1, H)), Range(i, 1, A)),
)
def one_point(f: Binder, scope: Scope) -> Formula | None:
    """Σ_{i=v}^{v} f(i) = f(v), where the other bounds allow v."""
    for at, r in enumerate(f.ranges):
        value = next((lo for lo in r.lowers if lo in r.uppers), None)
        if value is None:
            continue
        inside = scope.within(*f.ranges[:at])
        others = [at_least(value, lo) for lo in r.lowers if lo != value]
        others += [at_most(value, hi) for hi in r.uppers if hi != value]
        open_ = [g for g in others if not at_least_zero(inside, g.args[0])]  # type: ignore[arg-type]
        to = {r.index: value}
        ranges = tuple(substitute(s, to) for s in without(f.ranges, at))
        condition = conjunction(*open_, *conjuncts(substitute(f.condition, to)))
        if isinstance(f, Max) and (open_ or (not ranges and condition != TRUE)):
            continue  # a maximum of nothing is not 0
        return rebind(f, substitute(f.body, to), ranges, condition)
    return None


@rule(
    "one sum",
    "sums of sums are sums over all the indices",
    "fewer sums",
    Sum,
    lambda: samples.given(
        Sum(Times(x[a], Sum(x[b], Range(b, 1, H)), Sum(y[b], Range(b, 1, H))), Range(a, 1, H))
    ),
    quiet=True,
)
def merge_sums(f: Sum, scope: Scope) -> Formula | None:
    """Σ_a f (Σ_b g) = Σ_a Σ_b f g, with an index of its own for each sum."""
    parts = factors(f.body)
    for at, inner in enumerate(parts):
        if isinstance(inner, Sum):
            others = without(parts, at)
            taken = free_indices(product(*others)) | set(f.bound)
            if any(i in taken for i in inner.bound):
                inner = refresh(inner)
            body = product(*others[:at], *factors(inner.body), *others[at:])
            condition = conjunction(f.condition, inner.condition)
            return Sum(body, *f.ranges, *inner.ranges, condition)
    return None


@rule(
    "constants in front",
    "what does not depend on the index stands before the sum",
    "fewer factors inside sums",
    Sum,
    lambda: samples.given(
        Sum(Times(w[a], x[i], y[j]), Range(a, 1, K)), *(Range(e, 1, H) for e in (i, j))
    ),
    quiet=True,
)
def pull_constants(f: Sum, scope: Scope) -> Formula | None:
    """Σ_i c f(i) = c Σ_i f(i), also Σ_i c = c Σ_i 1.

    A c that has no value where there is nothing to sum stays: Σ_{i=p+1}^{H} x[p+1] is 0 at p = H.
    """
    bound = frozenset(f.bound)
    parts = [h for g in factors(f.body) for h in _conditions_apart(g, bound)]
    constants = [g for g in parts if not free_indices(g) & bound]
    if not _has_a_term(f, scope):
        constants = with_value(scope, constants)
    if not constants or f.body == Number(1):
        return None
    rest = [g for g in parts if g not in constants]
    return product(*constants, Sum(product(*rest), *f.ranges, f.condition))


def _conditions_apart(g: Formula, bound: frozenset[Index]) -> tuple[Formula, ...]:
    """A bracket as one of the conditions without, and one of those with, the bound indices."""
    if not isinstance(g, Bracket):
        return (g,)
    split: tuple[list[Guard], list[Guard]] = ([], [])
    for c in conjuncts(g.condition):
        split[bool(free_indices(c) & bound)].append(c)
    return tuple(Bracket(conjunction(*part)) for part in split if part)


def _has_a_term(f: Sum, scope: Scope) -> bool:
    """Whether there is at least one term, and no condition in it."""
    for r in f.ranges:
        if not all(at_least_zero(scope, hi - lo) for lo in r.lowers for hi in r.uppers):
            return False
        scope = scope.within(r)
    return f.condition == TRUE and not any(map(selects, factors(f.body)))


@rule(
    "counting",
    "a sum of ones counts them",
    "the sum disappears",
    Sum,
    lambda: samples.given(Sum(Number(1), Range(a, 1, K), Range(b, p, H)), Range(p, 1, H)),
)
def counting(f: Sum, scope: Scope) -> Formula | None:
    """Σ_{i=lo}^{hi} 1 = hi - lo + 1, where that is not negative."""
    if f.body != Number(1) or f.condition != TRUE or len(f.ranges) == 0:
        return None
    *outer, r = f.ranges
    if r.extent is None or not at_least_zero(scope.within(*outer), r.extent):
        return None
    return rebind(f, Count(r.extent), tuple(outer), TRUE)
