"""Index tuples, and their positions in a row-major array: they match one to one.

    δ(unravel_0(j), c) δ(unravel_1(j), m) = δ(j, ravel(c, m))
    δ(ravel(c, m), ravel(d, l)) = δ(c, d) δ(m, l)
    Σ_m δ(ravel(c, m), p) f(m) = δ(c, unravel_0(p)) f(unravel_1(p))
    Σ_j f(j) = Σ_{c,m} f(ravel(c, m))

So the deltas of a reshape, δ_{cm,j}, contract like all others.  Out of range there is no position
and no tuple: whatever is not proved to be in range is made a condition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from derive.derivation.rule import rule
from derive.derivation.scope import Scope
from derive.ir import (
    Binder,
    Bracket,
    Delta,
    Equal,
    Formula,
    Guard,
    Index,
    Int,
    Max,
    Range,
    Ravel,
    Sum,
    Times,
    Unravel,
    conjunction,
    fresh,
    ravel,
    subformulas,
    substitute,
    unravel,
)
from derive.ir.extent import product_of
from derive.rules import samples
from derive.rules.deltas import first_unit
from derive.rules.proof import proves
from derive.rules.samples import A, K, a, b, i, j, p, q, u, w
from derive.rules.terms import factors, product
from derive.rules.values import on_axes


class _Tuple(NamedTuple):
    """The index tuple at the position `flat` of an array of shape `dims`."""

    flat: Int
    dims: tuple[Int, ...]
    base: int


def _tuple_of(part: Unravel) -> _Tuple:
    return _Tuple(part.flat, part.dims, part.base)


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
    """δ(unravel_0(j), c) δ(unravel_1(j), m) = δ(j, ravel(c, m)), where c and m are in range."""
    found: dict[_Tuple, dict[int, tuple[int, Int]]] = {}
    for at, g in enumerate(f.args):
        if isinstance(g, Delta):
            for side, other in (g.sides, g.sides[::-1]):
                part = side.atom
                if isinstance(part, Unravel):
                    found.setdefault(_tuple_of(part), {})[part.k] = (at, other)
                    break
    for (flat, dims, base), compared in found.items():
        if len(compared) == len(dims):
            used = {at for at, _ in compared.values()}
            rest = [g for at, g in enumerate(factors(f)) if at not in used]
            indices = [compared[k][1] for k in range(len(dims))]
            open_ = _bracket(scope, on_axes(indices, dims, base))
            return product(*open_, Delta(flat, ravel(indices, dims, base)), *rest)
    return None


def _bracket(scope: Scope, conditions: Iterable[Guard]) -> list[Formula]:
    """A bracket of those conditions that the ranges do not imply, if there are any."""
    open_ = [g for g in conditions if not proves(scope, g)]
    return [Bracket(conjunction(*open_))] if open_ else []


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
    """δ(ravel(c, m), ravel(d, l)) = δ(c, d) δ(m, l), for positions in arrays of one shape.

    Where one shape splits an axis of the other, δ(ravel(p, e), ravel(c, d, e')) =
    δ(p, ravel(c, d)) δ(e, e').
    """
    positions = [side.atom for side in f.sides if isinstance(side.atom, Ravel)]
    if len(positions) < 2:
        return None
    coarse, fine = sorted(positions, key=lambda a: len(a.dims))
    parts = [unravel(fine, k, coarse.dims, coarse.base) for k in range(len(coarse.dims))]
    first = parts[0].atom
    if isinstance(first, Unravel) and first.flat.atom == fine:
        return None  # their shapes have no common refinement
    return product(*(Delta(e, part) for e, part in zip(coarse.indices, parts, strict=True)))


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
    """Σ_m δ(ravel(c, m), p) f(m) = δ(c, unravel_0(p)) f(unravel_1(p)), where p is in range."""
    parts = factors(f.body)
    for at, g in enumerate(parts):
        if isinstance(g, Delta):
            for side, other in (g.sides, g.sides[::-1]):
                position = side.atom
                if isinstance(position, Ravel):
                    opened = _by_parts(position, other, scope.within(*f.ranges))
                    body = product(*parts[:at], *opened, *parts[at + 1 :])
                    opened_sum = Sum(body, *f.ranges, f.condition)
                    picked = first_unit(opened_sum, scope, side.indices)
                    if picked is not None:
                        return picked
    return None


def _by_parts(position: Ravel, p: Int, scope: Scope) -> list[Formula]:
    """δ(ravel(c, m), p) as factors: [p is in range] δ(c, unravel_0(p)) δ(m, unravel_1(p))."""
    dims, base = position.dims, position.base
    there = _bracket(scope, on_axes([p], [product_of(dims)], base))
    indices = enumerate(position.indices)
    return [*there, *(Delta(e, unravel(p, k, dims, base)) for k, e in indices)]


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
    compared = [side.atom for g in factors(f.body) if isinstance(g, Delta) for side in g.sides]
    found = [(_tuple_of(part), "") for part in compared if isinstance(part, Unravel)]
    found += [(t, _letters(t)) for t in _fully_read(f.body)]
    for t, letters in found:
        run = next((r for r in f.ranges if r.index == t.flat.atom), None)
        if run is not None and _all_positions(run, scope, t):
            return _by_tuple(f, run.index, t, letters or [run.index.hint] * len(t.dims))
    return None


def _letters(t: _Tuple) -> str:
    """Letters for the parts of a position: offsets in a window for rows, places for others."""
    index = t.flat.atom
    rows = isinstance(index, Index) and index.hint in ("r", "k")
    return {2: "ab" if rows else "ij", 3: "cab"}.get(len(t.dims), "")


def _fully_read(f: Formula) -> Iterator[_Tuple]:
    """The tuples of positions that `f` takes apart and of which it reads all parts."""
    found: dict[_Tuple, set[int]] = {}
    for e in subformulas(f):
        if isinstance(e, Int):
            for part in e.atoms_within():
                if isinstance(part, Unravel):
                    found.setdefault(_tuple_of(part), set()).add(part.k)
    return (t for t, read in found.items() if len(read) == len(t.dims))


def _all_positions(run: Range, scope: Scope, t: _Tuple) -> bool:
    """Whether a range is that of all positions of the array."""
    if run.lowers != (Int.of(t.base),) or len(run.uppers) > 1:
        return False
    return proves(scope, Equal(run.uppers[0], product_of(t.dims) + (t.base - 1)))


def _by_tuple(f: Binder, index: Index, t: _Tuple, letters: Sequence[str]) -> Formula:
    """The sum or maximum with ranges for the parts of a tuple in the place of their position."""
    parts = tuple(fresh(letter) for letter in letters)
    to = {index: ravel(parts, t.dims, t.base)}
    extents = zip(parts, t.dims, strict=True)
    unfolded = [Range(e, t.base, d + (t.base - 1)) for e, d in extents]
    ranges: list[Range] = []
    for r in f.ranges:
        ranges += unfolded if r.index == index else [substitute(r, to)]
    return type(f)(substitute(f.body, to), *ranges, substitute(f.condition, to))
