"""How Kronecker deltas contract.

A delta under a sum picks the one term in which its two sides agree:

    Σ_i δ(i, p) f(i) = f(p)                          where p is in the range of i
    Σ_a δ(i + a - 1, p) f(a) = [1 ≤ p - i + 1 ≤ K] f(p - i + 1)
    Σ_i δ(2i + k, p) f(i) = [2 | p - k] [1 ≤ (p - k)/2 ≤ H] f((p - k)/2)

The relation between the sides is solved over the integers, and both conditions are kept: that the
coefficient divides, and that the solution is in the range.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from derive.derivation.rule import rule
from derive.derivation.scope import Scope
from derive.ir import (
    TRUE,
    Atom,
    Bracket,
    Component,
    Delta,
    Entry,
    Equal,
    Formula,
    Index,
    Int,
    Number,
    Plus,
    Range,
    Sum,
    Times,
    conjunction,
    conjuncts,
    free_indices,
    subformulas,
    substitute,
)
from derive.ir.affine import Solution, solve
from derive.rules import samples
from derive.rules.proof import proves, refutes
from derive.rules.samples import A, H, K, S, a, i, j, p, u, w, x
from derive.rules.sums import rebind
from derive.rules.terms import factors, product, terms, without
from derive.rules.values import within


@rule(
    "decided delta",
    "the two sides agree always, or never",
    "the delta disappears",
    Delta,
    lambda: samples.given(Delta(i + 1, i), Range(i, 1, H)),
    quiet=True,
)
def decided(f: Delta, scope: Scope) -> Formula | None:
    """δ(e, e) = 1, and δ(e, f) = 0 where e ≠ f always."""
    equal = Equal(*f.sides)
    if proves(scope, equal):
        return Number(1)
    return Number(0) if refutes(scope, equal) else None


@rule(
    "common part",
    "what both sides have in common does not matter",
    "fewer indices",
    Delta,
    lambda: samples.given(Delta(i + p - 2, p), Range(i, 1, H), Range(p, 1, A)),
    quiet=True,
)
def common_part(f: Delta, scope: Scope) -> Formula | None:
    """δ(e + i, f + i) = δ(e, f), solved for an index that is left."""
    one, other = f.sides
    rest = one - other
    shared = one.indices & other.indices
    if not shared or shared & rest.indices:
        return None
    for index in rest.atoms_within():
        parts = rest.split(index) if isinstance(index, Index) else None
        if parts is not None and parts[0].constant in (1, -1):
            return Delta(Int.of(index), -parts[1] * parts[0])
    return Delta(rest, 0)


def candidates(f: Sum) -> Iterator[tuple[int, Index, Solution]]:
    """A delta's position among the factors, an index to eliminate, the solution for it.

    The innermost index comes first.
    """
    for at, delta in enumerate(factors(f.body)):
        if not isinstance(delta, Delta):
            continue
        e = delta.sides[0] - delta.sides[1]
        for r in reversed(f.ranges):
            if _bounds_use(f, r.index):
                continue
            solution = solve(e, r.index)
            if solution is not None and _readable(f, at, r.index, solution):
                yield at, r.index, solution


def _bounds_use(f: Sum, index: Index) -> bool:
    return any(index in free_indices(r) for r in f.ranges)


def _readable(f: Sum, at: int, index: Index, solution: Solution) -> bool:
    """A class index t_n may move into deltas, but no tensor is read at it."""
    if not any(isinstance(a, Entry) for a in solution.value.atoms_within()):
        return True
    others = product(*without(factors(f.body), at))
    return not any(
        isinstance(g, Component) and index in free_indices(g) for g in subformulas(others)
    )


def contract(f: Sum, scope: Scope, at: int, index: Index, solution: Solution) -> Formula:
    """`f` with the delta at position `at` used up: index = solution, where that is in the range."""
    r = next(r for r in f.ranges if r.index == index)
    ranges = tuple(s for s in f.ranges if s.index != index)
    inside = scope.within(*ranges)
    value, to = solution.value, {index: solution.value}
    divides = [g for g in conjuncts(solution.condition) if not proves(inside, g)]
    where_it_divides = inside.given(*divides)
    open_ = divides + [g for g in within(value, r) if not proves(where_it_divides, g)]
    conditions = conjuncts(f.condition)
    open_ += [substitute(g, to) for g in conditions if index in free_indices(g)]
    rest = [substitute(g, to) for g in without(factors(f.body), at)]
    if open_:
        after = max((k + 1 for k, g in enumerate(rest) if isinstance(g, Bracket)), default=0)
        rest.insert(after, Bracket(conjunction(*open_)))
    condition = conjunction(*(g for g in conditions if index not in free_indices(g)))
    return rebind(f, product(*rest), ranges, condition)


@rule(
    "δ picks a term",
    "each δ picks one term of its sum",
    "one delta and one index less",
    Sum,
    lambda: samples.given(
        Sum(Times(Delta(i + a - 1, p), w[a]), Range(a, 1, K)), Range(i, 1, H), Range(p, 1, H)
    ),
)
def unit_delta(f: Sum, scope: Scope) -> Formula | None:
    """Σ_i δ(±i + k, p) f(i): an index with coefficient ±1 has exactly one solution."""
    return first_unit(f, scope, f.bound)


def first_unit(f: Sum, scope: Scope, among: Collection[Atom]) -> Formula | None:
    """The sum with one of the indices `among` eliminated, where it has coefficient ±1."""
    for at, index, solution in candidates(f):
        if index in among and solution.condition == TRUE:
            return contract(f, scope, at, index, solution)
    return None


@rule(
    "δ picks a term where it divides",
    "each δ picks one term of its sum, if the stride divides",
    "one delta and one index less",
    Sum,
    lambda: samples.given(
        Sum(Times(Delta(S * i + a, p), u[i], w[a]), Range(i, 1, A)), Range(a, 1, K), Range(p, 1, H)
    ),
)
def strided_delta(f: Sum, scope: Scope) -> Formula | None:
    """Σ_i δ(s·i + k, p) f(i) = [s | p - k] [lo ≤ (p - k)/s ≤ hi] f((p - k)/s)."""
    for at, index, solution in candidates(f):
        return contract(f, scope, at, index, solution)
    return None


@rule(
    "δ makes equal",
    "beside δ both indices are the same",
    "one index is used less",
    Times,
    lambda: samples.given(Times(Delta(i, j), x[i], x[j]), Range(i, 1, H), Range(j, 1, H)),
)
def replace_equal(f: Times, scope: Scope) -> Formula | None:
    """δ(i, j) f(j) = δ(i, j) f(i), for the index i whose range comes first."""
    for at, g in enumerate(f.args):
        if not isinstance(g, Delta):
            continue
        pair = [e.atom for e in g.sides]
        known = [r.index for r in scope.ranges if r.index in pair]
        if len(known) < 2:
            continue
        kept, replaced = known[0], known[1]
        others = without(factors(f), at)
        if any(replaced in free_indices(h) for h in others):
            to = {replaced: Int.of(kept)}
            new = [substitute(h, to) for h in others]
            return Times(*new[:at], g, *new[at:])
    return None


@rule(
    "multiply out for a δ",
    "multiply out, so that each δ stands in a product",
    "fewer deltas inside sums of terms",
    Sum,
    lambda: samples.given(
        Sum(Times(x[a], Plus(Delta(a, p), x[p])), Range(a, 1, H)), Range(p, 1, H)
    ),
    quiet=True,
)
def expose_delta(f: Sum, scope: Scope) -> Formula | None:
    """Σ_a f (δ(a, p) + g) = Σ_a f δ(a, p) + Σ_a f g."""
    parts = factors(f.body)
    for at, g in enumerate(parts):
        if isinstance(g, Plus):
            others = without(parts, at)
            sums = [
                Sum(product(*others[:at], *factors(h), *others[at:]), *f.ranges, f.condition)
                for h in terms(g)
            ]
            if any(next(candidates(s), None) is not None for s in sums):
                return Plus(*sums)
    return None
