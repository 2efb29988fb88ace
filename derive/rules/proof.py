"""Proving conditions on indices and sizes from their ranges.

To prove e ≥ 0, every unknown is replaced by its worst value, in a fixed order, until a number or
an expression of free sizes is left:

1. positions (ravelled, unravelled, class indices), by the ends of their axis;
2. floors: d·⌊n/d⌋ is at least n - d + 1 and at most n; e ≥ 0 as soon as d·e + d - 1 ≥ 0;
3. indices, innermost first, by a lower or an upper bound of their range;
4. computed sizes, by their definition (which brings new floors);
5. free sizes, each at least its least value: all coefficients must then be ≥ 0.

An index without a range may be anything, so nothing is proved of it.

It answers "proved" or "not proved", never "false"; `refutes` proves the opposite.  Most questions
have the answer no, and a sample of numbers that makes e negative finds that out without a search.
"""

from __future__ import annotations

from collections.abc import Iterator

from derive.derivation.scope import Scope
from derive.ir import (
    And,
    Atom,
    Divides,
    Entry,
    Equal,
    Floor,
    Guard,
    Index,
    Int,
    NonNegative,
    Not,
    Or,
    Ravel,
    Size,
    Unravel,
    mod,
)
from derive.ir.affine import sign
from derive.ir.extent import product_of
from derive.rules.sampling import samples_of

_DEPTH = 40


def proves(scope: Scope, guard: Guard) -> bool:
    """Whether the ranges and facts of the scope imply the condition."""
    if guard in scope.known:
        return True
    if isinstance(guard, And):
        return all(proves(scope, g) for g in guard.args)  # type: ignore[arg-type]
    if isinstance(guard, Or):
        return any(proves(scope, g) for g in guard.args)  # type: ignore[arg-type]
    if isinstance(guard, Not):
        return refutes(scope, guard.args[0])  # type: ignore[arg-type]
    if isinstance(guard, NonNegative):
        return at_least_zero(scope, guard.expression)
    if isinstance(guard, Equal):
        e = guard.args[0] - guard.args[1]  # type: ignore[operator]
        return not e.terms or (at_least_zero(scope, e) and at_least_zero(scope, -e))
    if isinstance(guard, Divides):
        return not mod(guard.args[1], guard.args[0]).terms  # type: ignore[arg-type]
    return False


def refutes(scope: Scope, guard: Guard) -> bool:
    """Whether the ranges and facts of the scope imply the opposite of the condition."""
    if isinstance(guard, And):
        return any(refutes(scope, g) for g in guard.args)  # type: ignore[arg-type]
    if isinstance(guard, Or):
        return all(refutes(scope, g) for g in guard.args)  # type: ignore[arg-type]
    if isinstance(guard, Not):
        return proves(scope, guard.args[0])  # type: ignore[arg-type]
    if isinstance(guard, NonNegative):
        return at_least_zero(scope, -guard.expression - 1)
    if isinstance(guard, Equal):
        e = guard.args[0] - guard.args[1]  # type: ignore[operator]
        return at_least_zero(scope, e - 1) or at_least_zero(scope, -e - 1)
    if isinstance(guard, Divides):
        left = mod(guard.args[1], guard.args[0])  # type: ignore[arg-type]
        return left.constant not in (None, 0)
    return False


def at_least_zero(scope: Scope, e: Int) -> bool:
    """Whether e ≥ 0, first for all sizes that fit, then for the numbers that the sizes have.

    What was needed of the numbers (that 2 divides H) is added to `scope.used`.
    """
    scope = scope.home(e.indices)
    if e not in scope.proved:
        scope.proved[e] = _find_proof(scope, e)
    used = scope.proved[e]
    if used is not None:
        scope.used.extend(g for g in used if g not in scope.used)
    return used is not None


def _find_proof(scope: Scope, e: Int) -> tuple[Guard, ...] | None:
    """What a proof of e ≥ 0 relies on; None where none was found."""
    samples = samples_of(scope)
    if not samples.general.refute(e):
        if _prove(scope, e, _DEPTH, None):
            return ()
        for known in (*scope.program.size_facts, *scope.known):
            for least in _not_negative(known):
                if not samples.general.refute(e - least) and _prove(scope, e - least, _DEPTH, None):
                    return ()
    if not scope.program.valued or samples.valued.refute(e):
        return None
    used: list[Guard] = []
    return tuple(used) if _prove(scope, e, _DEPTH, used) else None


def _not_negative(g: Guard) -> tuple[Int, ...]:
    """The expressions that are not negative where a condition holds: both differences of e = f."""
    if isinstance(g, NonNegative):
        return (g.expression,)
    if isinstance(g, Equal):
        difference = g.args[0] - g.args[1]  # type: ignore[operator]
        return (difference, -difference)
    return ()


def _prove(scope: Scope, e: Int, depth: int, exact: list[Guard] | None) -> bool:
    number = e.constant
    if number is not None:
        return number >= 0
    if depth == 0:
        return False
    position = next((a for a in _atoms(e) if isinstance(a, (Ravel, Unravel, Entry))), None)
    if position is not None:
        return any(_prove(scope, worst, depth - 1, exact) for worst in _worst(scope, e, position))
    floor = next((a for a in _atoms(e) if isinstance(a, Floor)), None)
    if floor is not None:
        opened = _without_floor(scope, e, floor, exact)
        return opened is not None and _prove(scope, opened, depth - 1, exact)
    index = _innermost(scope, e)
    if index is not None:
        return any(_prove(scope, worst, depth - 1, exact) for worst in _worst(scope, e, index))
    computed = _last_computed(scope, e)
    if computed is not None:
        definition = computed.definition
        inlined = e.replace(lambda a: definition if a == computed else None)
        return _prove(scope, inlined, depth - 1, exact)
    shifted = e.replace(lambda a: a + a.least if isinstance(a, Size) else None)
    return not e.indices and all(c > 0 for _, c in shifted.terms)


def _atoms(e: Int) -> Iterator[Atom]:
    return (a for monomial, _ in e.terms for a in monomial)


def _without_floor(scope: Scope, e: Int, atom: Floor, exact: list[Guard] | None) -> Int | None:
    parts = e.split(atom)
    if parts is None:
        return None
    c, rest = parts
    n, d = atom.parts
    if _divides(scope, d, n):
        return c * n + d * rest + d - 1
    left = _remainder(n, d) if exact is not None else None
    if left is not None and exact is not None:
        exact.append(Divides(d, n - left))
        return c * (n - left) + d * rest + d - 1
    s = sign(c)
    if not s:
        return None
    worst = c * (n - d + 1) if s > 0 else c * n
    return worst + d * rest + d - 1


def _divides(scope: Scope, d: Int, n: Int) -> bool:
    """Whether a known condition says that d divides n."""
    return any(
        isinstance(g, Divides) and g.args[0] == d and not mod(g.args[1] - n, d).terms  # type: ignore[operator]
        for g in (*scope.known, *scope.program.size_facts)
    )


def _remainder(n: Int, d: Int) -> int | None:
    """n mod d by the values of the sizes, for expressions of sizes that have values."""
    numerator, divisor = value(n), value(d)
    return None if numerator is None or divisor is None else numerator % divisor


def value(e: Int) -> int | None:
    """The number of an expression of sizes that have values."""
    number = e.replace(
        lambda a: Int.of(a.value) if isinstance(a, Size) and a.value is not None else None
    )
    return number.constant


def _innermost(scope: Scope, e: Int) -> Index | None:
    """The index to bound next: the one whose range is innermost."""
    present = [a for a in _atoms(e) if isinstance(a, Index)]
    return next((r.index for r in reversed(scope.ranges) if r.index in present), None)


def _worst(scope: Scope, e: Int, atom: Index | Ravel | Unravel | Entry) -> Iterator[Int]:
    parts = e.split(atom)
    if parts is None:
        return
    c, rest = parts
    s = sign(c)
    lowers, uppers = _bounds(scope, atom)
    for b in lowers if s > 0 else uppers if s < 0 else ():
        yield c * b + rest


def _bounds(
    scope: Scope, atom: Index | Ravel | Unravel | Entry
) -> tuple[tuple[Int, ...], tuple[Int, ...]]:
    if isinstance(atom, Index):
        r = scope.range_of(atom)
        assert r is not None
        return r.lowers, r.uppers
    if isinstance(atom, Ravel):
        total, base = product_of(atom.dims), atom.base
    elif isinstance(atom, Unravel):
        total, base = atom.dims[atom.k], atom.base
    else:
        assert atom.tensor.classes is not None
        total, base = atom.tensor.classes, atom.tensor.base
    return (Int.of(base),), (total + (base - 1),)


def _last_computed(scope: Scope, e: Int) -> Size | None:
    present = {a for a in _atoms(e) if isinstance(a, Size)}
    for s in reversed(scope.program.sizes):
        if s in present and s.definition is not None:
            return s
    return None
