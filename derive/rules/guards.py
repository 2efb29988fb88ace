"""Conditions: decided where the ranges decide them, and turned into bounds of sums elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from derive.derivation.rule import rule
from derive.derivation.scope import Scope
from derive.ir import (
    TRUE,
    Binder,
    Bracket,
    Chosen,
    Component,
    Divides,
    Floor,
    Formula,
    Guard,
    Int,
    Max,
    NonNegative,
    Number,
    Range,
    Sum,
    Times,
    at_least,
    conjunction,
    conjuncts,
    floor,
    free_indices,
    rebuild,
)
from derive.ir.affine import Bound, bound, without_floors
from derive.ir.integer import residue
from derive.rules import samples
from derive.rules.proof import at_least_zero, proves, refutes
from derive.rules.samples import H, K, S, a, b, i, p, x, y
from derive.rules.terms import factors, product
from derive.rules.values import has_value, window_conditions


@rule(
    "decided condition",
    "the condition follows from the ranges",
    "fewer conditions",
    Bracket,
    lambda: samples.given(Bracket(conjunction(at_least(i, 1), at_least(i, 2))), Range(i, 1, H)),
    quiet=True,
)
def decided(f: Bracket, scope: Scope) -> Formula | None:
    """[C] = 1 where C always holds and 0 where it never does; open parts stay."""
    if f.condition == TRUE:
        return Number(1)
    if refutes(scope, f.condition):
        return Number(0)
    parts = conjuncts(f.condition)
    open_ = [g for g in parts if not proves(scope, g)]
    if len(open_) == len(parts):
        return None
    return Bracket(conjunction(*open_)) if open_ else Number(1)


@rule(
    "decided condition of a sum",
    "the condition follows from the ranges",
    "fewer conditions",
    (Sum, Max),
    lambda: samples.given(Sum(x[a], Range(a, 1, H), at_least(a, 1))),
    quiet=True,
)
def decided_inside(f: Binder, scope: Scope) -> Formula | None:
    """A condition on the indices that always holds is left out."""
    inside = scope.within(*f.ranges)
    parts = conjuncts(f.condition)
    open_ = [g for g in parts if not proves(inside, g)]
    if len(open_) == len(parts):
        return None
    return type(f)(f.body, *f.ranges, conjunction(*open_))


@rule(
    "a bound on a floor",
    "a floor has a bound where its numerator has",
    "fewer floors",
    Bracket,
    lambda: samples.given(Bracket(at_least(floor(p - 1, K), 2)), Range(p, 1, H)),
)
def floor_to_numerator(f: Bracket, scope: Scope) -> Formula | None:
    """[⌊n/d⌋ ≥ k] = [n ≥ d·k]  and  [⌊n/d⌋ ≤ k] = [n ≤ d·k + d - 1]."""
    parts = conjuncts(f.condition)
    opened = [without_floors(g) for g in parts]
    return Bracket(conjunction(*opened)) if list(parts) != opened else None


@rule(
    "exact quotient",
    "where d divides n, d times n/d is n",
    "fewer floors",
    Times,
    lambda: samples.given(
        Times(Bracket(Divides(S, p - 1)), x[S * floor(p - 1, S) + 1]), Range(p, 1, H)
    ),
)
def exact_quotient(f: Times, scope: Scope) -> Formula | None:
    """[d | n] f(d⌊n/d⌋) = [d | n] f(n), in the indices of entries."""
    new: Formula = f
    for g in factors(f):
        for c in conjuncts(g.condition) if isinstance(g, Bracket) else ():
            if isinstance(c, Divides):
                new = _exact(new, c)
    return None if new == f else new


def _exact(f: Formula, known: Divides) -> Formula:
    """`f` with what is known to divide divided exactly."""
    if isinstance(f, Binder) and free_indices(known) & set(f.bound):
        return f
    if isinstance(f, Component):
        return Component(f.tensor, *(_without_quotient(e, known) for e in f.indices))
    parts = (_exact(g, known) if isinstance(g, Formula) else g for g in f.args)
    return rebuild(f, tuple(parts))


def _without_quotient(e: Int, known: Divides) -> Int:
    """rest + k·d⌊n/d⌋ as rest + k·n, where d | n is known."""
    d, n = known.args
    assert isinstance(d, Int)
    assert isinstance(n, Int)
    for atom in e.atoms_within():
        parts = e.split(atom)
        if not isinstance(atom, Floor) or atom.parts[1] != d or parts is None:
            continue
        c, rest = parts
        if not residue(atom.parts[0] - n, d).terms and floor(c, d) * d == c:
            return rest + floor(c, d) * atom.parts[0]
    return e


@rule(
    "conditions are bounds",
    "the condition bounds the index",
    "fewer conditions",
    (Sum, Max),
    lambda: samples.given(
        Sum(Times(Bracket(at_least(p - 2 * i, 0)), x[i]), Range(i, 1, H)), Range(p, 1, H)
    ),
)
def conditions_to_bounds(f: Binder, scope: Scope) -> Formula | None:
    """Σ_i [p - 2i ≥ 0] f(i) = Σ_{i ≤ ⌊p/2⌋} f(i), for conditions that are linear in an index."""
    conditions = list(conjuncts(f.condition))
    rest: list[Formula] = []
    if isinstance(f, Sum):
        for g in factors(f.body):
            if isinstance(g, Bracket):
                conditions += conjuncts(g.condition)
            else:
                rest.append(g)
    ranges, left = narrow(scope, f.ranges, conditions)
    if len(left) == len(conditions):
        return None
    if isinstance(f, Max):
        return Max(f.body, *ranges, conjunction(*left))
    brackets = [Bracket(conjunction(*left))] if left else []
    return Sum(product(*brackets, *rest), *ranges)


def narrow(
    scope: Scope, ranges: Sequence[Range], conditions: Sequence[Guard]
) -> tuple[tuple[Range, ...], list[Guard]]:
    """Ranges with the conditions that could become bounds of theirs, and the conditions left.

    A bound must have a value by itself: no condition stands before it.
    """
    narrowed = list(ranges)
    left: list[Guard] = []
    for g in conditions:
        at = _last_mentioned(narrowed, g)
        if at is not None and isinstance(g, NonNegative):
            limit = bound(g.expression, narrowed[at].index)
            if limit is not None and has_value(scope.within(*narrowed[:at]), limit.value):
                narrowed[at] = _bounded(narrowed[at], limit)
                continue
        left.append(g)
    return tuple(narrowed), left


def _bounded(r: Range, limit: Bound) -> Range:
    """A range with one more bound."""
    if limit.lower:
        return Range(r.index, (*r.lowers, limit.value), r.uppers)
    return Range(r.index, r.lowers, (*r.uppers, limit.value))


def _last_mentioned(ranges: Sequence[Range], g: Guard) -> int | None:
    mentioned = [at for at, r in enumerate(ranges) if r.index in free_indices(g)]
    return mentioned[-1] if mentioned else None


@rule(
    "redundant bound",
    "another bound is at least as strict",
    "fewer bounds",
    (Sum, Max),
    lambda: samples.given(Sum(x[a], Range(a, (1, p), (H, p + K))), Range(p, 1, H)),
    quiet=True,
)
def redundant_bound(f: Binder, scope: Scope) -> Formula | None:
    """max(1, p) = p where p ≥ 1."""
    inside = scope
    for at, r in enumerate(f.ranges):
        lowers = _strictest(inside, r.lowers, -1)
        uppers = _strictest(inside, r.uppers, 1)
        if len(lowers) < len(r.lowers) or len(uppers) < len(r.uppers):
            ranges = list(f.ranges)
            ranges[at] = Range(r.index, lowers, uppers)
            return type(f)(f.body, *ranges, f.condition)
        inside = inside.within(r)
    return None


def _strictest(scope: Scope, bounds: tuple[Int, ...], direction: int) -> tuple[Int, ...]:
    kept = list(bounds)
    for e in bounds:
        if any(c != e and at_least_zero(scope, (e - c) * direction) for c in kept):
            kept.remove(e)
    return tuple(kept)


@rule(
    "the choice is in the window",
    "only a window around an entry can choose it",
    "each condition is added once",
    Sum,
    lambda: samples.given(
        Sum(Times(Chosen(Max(x[i + b], Range(b, 0, (2, H - i))), p - i), y[i]), Range(i, 1, H)),
        Range(p, 1, H),
    ),
)
def choice_in_window(f: Sum, scope: Scope) -> Formula | None:
    """Σ_i [a(i) chosen from lo..hi] f(i) has only the terms with lo ≤ a(i) ≤ hi."""
    inside = scope.within(*f.ranges)
    conditions: list[Guard] = []
    for g in factors(f.body):
        if isinstance(g, Chosen):
            conditions += [c for c in window_conditions(g) if not proves(inside, c)]
    ranges, left = narrow(scope, f.ranges, conditions)
    if len(left) == len(conditions):
        return None
    return Sum(f.body, *ranges, f.condition)
