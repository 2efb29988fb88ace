"""How Kronecker deltas contract.

A delta under a sum picks the one term in which its two sides agree:

    Σ_i δ(i, p) f(i) = f(p)                          where p is in the range of i
    Σ_a δ(i + a - 1, p) f(a) = [1 ≤ p - i + 1 ≤ K] f(p - i + 1)
    Σ_i δ(2i + k, p) f(i) = [2 | p - k] [1 ≤ (p - k)/2 ≤ H] f((p - k)/2)

The relation between the sides is solved over the integers, and both conditions are kept: that the
coefficient divides, and that the solution is in the range.  Index tuples and their positions in a
row-major array are one-to-one, so deltas of one turn into deltas of the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from derive.derivation.rule import rule
from derive.derivation.scope import Scope
from derive.ir import (
    TRUE,
    Atom,
    Binder,
    Bracket,
    Component,
    Delta,
    Entry,
    Equal,
    Formula,
    Index,
    Int,
    Max,
    Number,
    Plus,
    Range,
    Ravel,
    Sum,
    Times,
    Unravel,
    at_least,
    at_most,
    conjunction,
    conjuncts,
    free_indices,
    fresh,
    ravel,
    subformulas,
    substitute,
    unravel,
)
from derive.ir.affine import Solution, solve
from derive.rules import samples
from derive.rules.proof import proves, refutes
from derive.rules.samples import A, H, K, S, a, b, i, j, p, q, u, w, x
from derive.rules.sums import rebind
from derive.rules.terms import factors, product, terms, without


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


def candidates(f: Sum) -> Iterator[tuple[int, Index, Solution]]:
    """A delta's position among the factors, an index to eliminate, the solution for it.

    The innermost index comes first.
    """
    for at, delta in enumerate(factors(f.body)):
        if not isinstance(delta, Delta):
            continue
        e = delta.sides[0] - delta.sides[1]
        for r in reversed(f.ranges):
            if r.index not in e.indices or _bounds_use(f, r.index):
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
    value = solution.value
    divides = [g for g in conjuncts(solution.condition) if not proves(inside, g)]
    bounds = [at_least(value, lo) for lo in r.lowers] + [at_most(value, hi) for hi in r.uppers]
    where_it_divides = inside.given(*divides)
    open_ = divides + [g for g in bounds if not proves(where_it_divides, g)]
    to = {index: value}
    rest = [substitute(g, to) for g in without(factors(f.body), at)]
    if open_:
        after = max((k + 1 for k, g in enumerate(rest) if isinstance(g, Bracket)), default=0)
        rest.insert(after, Bracket(conjunction(*open_)))
    return rebind(f, product(*rest), ranges, substitute(f.condition, to))


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
    return _first_unit(f, scope, frozenset(f.bound))


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
    "index tuple and position",
    "row-major positions and index tuples match one to one",
    "fewer deltas",
    Times,
    lambda: samples.given(
        Times(Delta(unravel(j, 0, (A, K)), i), u[i], Delta(unravel(j, 1, (A, K)), q)),
        Range(j, 1, A * K),
        Range(i, 1, A),
        Range(q, 1, K),
    ),
)
def merge_unravelled(f: Times, scope: Scope) -> Formula | None:
    """δ(unravel_0(j), c) δ(unravel_1(j), m) = δ(j, ravel(c, m))."""
    found: dict[tuple[Int, tuple[Int, ...], int], dict[int, tuple[int, Int]]] = {}
    for at, g in enumerate(f.args):
        if isinstance(g, Delta):
            for side, other in (g.sides, g.sides[::-1]):
                one = side.atom
                if isinstance(one, Unravel):
                    key = (one.flat, one.dims, one.base)
                    found.setdefault(key, {})[one.k] = (at, other)
                    break
    for (flat, dims, base), components in found.items():
        if len(components) == len(dims) > 1:
            used = {at for at, _ in components.values()}
            position = ravel([components[k][1] for k in range(len(dims))], dims, base)
            rest = [g for at, g in enumerate(f.args) if at not in used]
            return product(Delta(flat, position), *rest)  # type: ignore[arg-type]
    return None


@rule(
    "equal positions",
    "positions in row-major order agree where all indices do",
    "both positions disappear",
    Delta,
    lambda: samples.given(
        Delta(ravel((i, q), (A, K)), ravel((p, a), (A, K))),
        *(Range(e, 1, A) for e in (i, p)),
        *(Range(e, 1, K) for e in (q, a)),
    ),
)
def equal_positions(f: Delta, scope: Scope) -> Formula | None:
    """δ(ravel(c, m), ravel(d, l)) = δ(c, d) δ(m, l), for positions in arrays of one shape."""
    one, other = (side.atom for side in f.sides)
    if not isinstance(one, Ravel) or not isinstance(other, Ravel):
        return None
    if one.dims != other.dims or one.base != other.base:
        return None
    return product(*(Delta(e, g) for e, g in zip(one.indices, other.indices, strict=True)))


@rule(
    "position and index tuple",
    "positions in row-major order agree where all indices do",
    "the position disappears",
    Sum,
    lambda: samples.given(
        Sum(Times(Delta(ravel((i, a), (A, K)), p), w[a]), Range(a, 1, K)),
        Range(i, 1, A),
        Range(p, 1, A * K),
    ),
)
def split_ravelled(f: Sum, scope: Scope) -> Formula | None:
    """Σ_m δ(ravel(c, m), p) f(m) = δ(c, unravel_0(p)) f(unravel_1(p))."""
    parts = factors(f.body)
    for at, g in enumerate(parts):
        if not isinstance(g, Delta):
            continue
        for side, other in (g.sides, g.sides[::-1]):
            position = side.atom
            if isinstance(position, Ravel) and set(f.bound) & side.indices:
                deltas = [
                    Delta(e, unravel(other, k, position.dims, position.base))
                    for k, e in enumerate(position.indices)
                ]
                body = product(*parts[:at], *deltas, *parts[at + 1 :])
                return _first_unit(Sum(body, *f.ranges, f.condition), scope, side.indices)
    return None


def _first_unit(f: Sum, scope: Scope, among: frozenset[Atom]) -> Formula | None:
    """The sum with one of the indices `among` eliminated, where it has coefficient ±1."""
    for at, index, solution in candidates(f):
        if index in among and solution.condition == TRUE:
            return contract(f, scope, at, index, solution)
    return None


@rule(
    "sum over positions",
    "a sum over positions is a sum over index tuples",
    "one unravelled index less",
    (Sum, Max),
    lambda: samples.given(
        Sum(Times(Delta(unravel(b, 0, (A, K)), i), w[unravel(b, 1, (A, K))]), Range(b, 1, A * K)),
        Range(i, 1, A),
    ),
)
def sum_over_tuples(f: Binder, scope: Scope) -> Formula | None:
    """Σ_o δ(unravel_0(o), g) f(o) = Σ_{c,m} δ(c, g) f(ravel(c, m)).

    So too where the body reads all parts of the position, Σ_o x[unravel(o)] = Σ_{c,m} x[c, m], and
    for a maximum: tuples in row-major order come in the order of their positions.
    """
    inside = [side.atom for g in factors(f.body) if isinstance(g, Delta) for side in g.sides]
    found = [(a, "") for a in inside if isinstance(a, Unravel)]
    found += [(a, _letters(a)) for a in _fully_read(f.body)]
    for one, letters in found:
        index = one.flat.atom
        if isinstance(index, Index) and index in f.bound and _whole(f, scope, index, one):
            return _by_tuple(f, index, one, letters or [index.hint] * len(one.dims))
    return None


def _letters(one: Unravel) -> str:
    """Letters for the parts of a position: offsets in a window for rows, places for others."""
    index = one.flat.atom
    rows = isinstance(index, Index) and index.hint in ("r", "k")
    return {2: "ab" if rows else "ij", 3: "cab"}.get(len(one.dims), "")


def _fully_read(f: Formula) -> Iterator[Unravel]:
    """A part of each position that `f` takes apart and of which it reads all parts."""
    found: dict[tuple[Int, tuple[Int, ...], int], dict[int, Unravel]] = {}
    for e in subformulas(f):
        if isinstance(e, Int):
            for a in e.atoms_within():
                if isinstance(a, Unravel):
                    found.setdefault((a.flat, a.dims, a.base), {})[a.k] = a
    return (parts[0] for key, parts in found.items() if len(parts) == len(key[1]))


def _whole(f: Binder, scope: Scope, index: Index, one: Unravel) -> bool:
    """Whether the index runs over all positions of the array."""
    last = Int.of(1)
    for d in one.dims:
        last = last * d
    last = last + (one.base - 1)
    r = next(r for r in f.ranges if r.index == index)
    first = Int.of(one.base)
    return r.lowers == (first,) and len(r.uppers) == 1 and proves(scope, Equal(r.uppers[0], last))


def _by_tuple(f: Binder, index: Index, one: Unravel, letters: Sequence[str]) -> Formula:
    parts = tuple(fresh(letter) for letter in letters)
    to = {index: ravel(parts, one.dims, one.base)}
    ranges: list[Range] = []
    for r in f.ranges:
        if r.index == index:
            ranges += [
                Range(e, one.base, d + (one.base - 1)) for e, d in zip(parts, one.dims, strict=True)
            ]
        else:
            ranges.append(substitute(r, to))
    return type(f)(substitute(f.body, to), *ranges, substitute(f.condition, to))


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
