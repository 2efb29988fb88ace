"""Questions about positions and bounds, as the plan of a statement on slices asks them."""

from __future__ import annotations

from collections.abc import Iterator

from derive.derivation.program import Program
from derive.derivation.scope import Scope
from derive.ir import (
    Atom,
    Chosen,
    Component,
    Derivative,
    Floor,
    Formula,
    Index,
    Int,
    Max,
    Range,
    Ravel,
    Size,
    Sum,
    Unravel,
)
from derive.rules.proof import at_least_zero


def positions_in(f: Formula) -> Iterator[tuple[Int, Int | None]]:
    """Positions in entries, and the extents of their axes; what binds has its own windows."""
    if isinstance(f, (Sum, Max)):
        return
    if isinstance(f, Component):
        yield from _of(f)
    elif isinstance(f, Derivative):
        assert isinstance(f.of, Component)
        yield from (*_of(f.of), *_of(f.by))
    elif isinstance(f, Chosen):
        for e, r in zip(f.at, f.maximum.ranges, strict=True):
            yield e, r.uppers[0] + 1
    else:
        for a in f.args:
            if isinstance(a, Formula):
                yield from positions_in(a)


def _of(c: Component) -> Iterator[tuple[Int, Int]]:
    for e, d in zip(c.indices, c.tensor.shape, strict=True):
        yield from axes_of(e - c.tensor.base, d)


def axes_of(e: Int, extent: Int) -> list[tuple[Int, Int]]:
    """A position, or the positions in an index tuple that it stands for, with their extents."""
    r = _ravelled(e)
    if r is None:
        return [(e, extent)]
    pairs = zip(r.indices, r.dims, strict=True)
    return [p for f, d in pairs for p in axes_of(f - r.base, d)]


def without_tuples(a: Atom) -> Int | None:
    """Components of index tuples as the quotients that they are."""
    return a.expanded().replace(without_tuples) if isinstance(a, Unravel) else None


def _ravelled(e: Int) -> Ravel | None:
    """The position of an index tuple that `e` is, counted from 0."""
    for a in (m[0] for m, c in e.terms if len(m) == 1 and c == 1):
        if isinstance(a, Ravel) and e == Int.of(a) - a.base:
            return a
    return None


def tuple_of(e: Int) -> tuple[Index, ...] | None:
    """The index tuple whose position `e` is, counted from 0, where that is all there is to it."""
    if _ravelled(e) is None:
        return None
    inside = [f.atom for f, _ in axes_of(e, e)]
    if not all(isinstance(i, Index) for i in inside) or len(set(inside)) < len(inside):
        return None
    return tuple(i for i in inside if isinstance(i, Index))


def parts(e: Int, i: Index) -> tuple[Int, Int]:
    parts = e.split(i)
    assert parts is not None
    return parts


def alone(e: Int, i: Index) -> bool:
    """Whether an index has the coefficient 1 or -1."""
    parts = e.split(i)
    return parts is not None and parts[0].constant in (1, -1)


def alone_up(e: Int, i: Index) -> bool:
    return parts(e, i)[0].constant == 1


def subtracted(program: Program) -> Iterator[Size]:
    """Sizes that a computed size falls with: kernels."""
    for s in program.sizes:
        for monomial, c in () if s.definition is None else s.definition.terms:
            for a in monomial:
                if isinstance(a, Size) and c < 0:
                    yield a
                if isinstance(a, Floor):
                    for m, k in a.parts[0].terms:
                        yield from (b for b in m if isinstance(b, Size) and k < 0)


def positive(e: Int) -> bool:
    """Whether an expression is a sum of sizes."""
    return all(c > 0 and all(isinstance(a, Size) for a in m) for m, c in e.terms)


def tightened(scope: Scope, r: Range) -> Range:
    """A range without the bounds that others make redundant."""
    lowers, uppers = ([e.replace(_small) for e in es] for es in (r.lowers, r.uppers))
    return Range(r.index, _strictest(scope, tuple(lowers), -1), _strictest(scope, tuple(uppers), 1))


def _small(a: Atom) -> Int | None:
    """⌊-1/d⌋ = -1 for every d ≥ 1."""
    return Int.of(-1) if isinstance(a, Floor) and a.parts[0].constant == -1 else None


def _strictest(scope: Scope, bounds: tuple[Int, ...], direction: int) -> tuple[Int, ...]:
    kept = list(dict.fromkeys(bounds))
    for e in tuple(kept):
        if any(c != e and at_least_zero(scope, (e - c) * direction) for c in kept):
            kept.remove(e)
    return tuple(kept)
