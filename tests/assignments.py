"""All small numbers for the sizes and indices of a scope; integers and conditions at them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import laws
from hypothesis import strategies as st
from laws import NAMES, PROGRAM, A, C, H, K, R, S

from derive.derivation.scope import Scope
from derive.ir import (
    And,
    Atom,
    Divides,
    Guard,
    Index,
    Int,
    NonNegative,
    Not,
    Or,
    Range,
    Size,
    floor,
)
from derive.ir.read import from_text
from derive.ir.text import to_text

i, j, k, p = (Index(letter) for letter in "ijkp")
Env = dict[Atom, int]


def number(e: Int, env: Env) -> int:
    """The value of an expression by putting numbers for its atoms."""
    e = e.replace(lambda a: a.expanded() if hasattr(a, "expanded") else None)
    found = e.replace(lambda a: Int.of(env[a]) if a in env else None).constant
    assert found is not None, to_text(e)
    return found


def assignments(scope: Scope, sizes: dict[Size, range]) -> Iterator[Env]:
    """All numbers for sizes and indices in the ranges of a scope, under its conditions."""
    for choice in product(*sizes.values()):
        env: Env = dict(zip(sizes, choice, strict=True))
        for s in scope.program.sizes:
            if s.definition is not None:
                env[s] = number(s.definition, env)
        if all(true(g, env) for g in scope.program.size_facts):
            yield from _indices(scope, env, scope.ranges)


def _indices(scope: Scope, env: Env, ranges: tuple[Range, ...]) -> Iterator[Env]:
    if not ranges:
        if all(true(g, env) for g in scope.known):
            yield env
        return
    low = max(number(e, env) for e in ranges[0].lowers)
    high = min(number(e, env) for e in ranges[0].uppers)
    for n in range(low, high + 1):
        yield from _indices(scope, {**env, ranges[0].index: n}, ranges[1:])


def true(g: Guard, env: Env) -> bool:
    if isinstance(g, And):
        return all(true(part, env) for part in g.args)  # type: ignore[arg-type]
    if isinstance(g, Or):
        return any(true(part, env) for part in g.args)  # type: ignore[arg-type]
    if isinstance(g, Not):
        return not true(g.args[0], env)  # type: ignore[arg-type]
    first, *second = (number(e, env) for e in g.args)  # type: ignore[arg-type]
    if isinstance(g, NonNegative):
        return first >= 0
    return second[0] % first == 0 if isinstance(g, Divides) else first == second[0]


def scope_of(where: str, *known: str) -> Scope:
    ranges = laws.ranges_of(where)
    return Scope(PROGRAM, ranges).given(*(from_text(g, NAMES, Guard) for g in known))


SMALL = {H: range(2, 7), K: range(1, 4), C: range(3, 4), A: range(6, 7), S: range(2, 4)}
atoms = st.sampled_from([Int.of(a) for a in (i, k, H, K, S, R, Int.of(1), Int.of(2))])
integers = st.recursive(
    atoms,
    lambda e: st.one_of(
        st.tuples(e, st.integers(-3, 3), e).map(lambda t: t[0] + t[1] * t[2]),
        st.tuples(e, st.sampled_from([Int.of(2), Int.of(3), Int.of(S)])).map(lambda t: floor(*t)),
        st.tuples(e, atoms).map(lambda t: t[0] * t[1]),
        st.integers(-4, 4).map(Int.of),
    ),
    max_leaves=5,
)
SCOPES = [
    "i=1..H, k=1..K",
    "i=1..R, k=i..H",
    "i=max(1, K-1)..min(H, K+1), k=1..S",
    "i=0..2*H-1, k=floor(i, 2)..H",
]
