"""How far an index runs that nothing gives a range: as far as the axes that it stands on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sympy import Basic

from derive.ir import (
    Binder,
    Bracket,
    Component,
    Delta,
    Entry,
    Equal,
    Index,
    Int,
    Range,
    Tensor,
    Times,
    at_least,
    at_most,
    conjuncts,
    free_indices,
    subformulas,
)
from derive.ir.affine import bound
from derive.ir.guard import NonNegative
from derive.latex.array import known_extent
from derive.latex.error import ReadError

Bounds = tuple[tuple[Int, ...], tuple[Int, ...]]


class Use(NamedTuple):
    """An expression on an axis from `lower` to `upper`; `strict` where nothing guards it."""

    e: Int
    lower: Int
    upper: Int
    strict: bool


def uses(f: Basic, index: Index, guards: frozenset[Basic] = frozenset()) -> Iterator[Use]:
    """Where a free index stands on axes of tensors, or beside a class index.

    `guards` are the conditions that must hold for this part of a formula to count.
    """
    if isinstance(f, Int):
        if index in f.indices:
            for atom in f.atoms_within():
                if isinstance(atom, Entry):
                    yield from _on_axes(index, atom.tensor, atom.parts, guards)
        return
    if isinstance(f, Component) and index in free_indices(f):
        yield from _on_axes(index, f.tensor, f.indices, guards)
    if isinstance(f, (Delta, Equal)):
        yield from _classes(f.args)
    if isinstance(f, Times):
        brackets = [a.condition for a in f.args if isinstance(a, Bracket)]
        guards = guards.union(*map(conjuncts, brackets))
    if isinstance(f, Binder) and index in f.bound:
        return
    if isinstance(f, Binder):
        yield from _beside(f, index)
    for a in f.args:
        yield from uses(a, index, guards)


def _on_axes(
    index: Index, tensor: Tensor, at: Iterable[Int], guards: frozenset[Basic]
) -> Iterator[Use]:
    for e, extent in zip(at, tensor.shape, strict=True):
        if index not in e.indices:
            continue
        strict = at_least(e, tensor.base) not in guards
        yield Use(e, Int.of(tensor.base), extent + (tensor.base - 1), strict)


def _beside(f: Binder, index: Index) -> Iterator[Use]:
    """An index that bounds another one, as in Σ_{j=1}^i, runs along the same axis."""
    at = Int.of(index)
    for r in f.ranges:
        if at in (*r.lowers, *r.uppers):
            for u in uses(f.args[0], r.index):
                if u.e.atom == r.index:
                    yield u._replace(e=at, strict=False)


def _classes(sides: tuple[Basic, ...]) -> Iterator[Use]:
    """What is compared to a class index runs over the classes."""
    e, f = sides
    assert isinstance(e, Int)
    assert isinstance(f, Int)
    for here, there in ((e, f), (f, e)):
        atom = there.atom
        if isinstance(atom, Entry) and atom.tensor.classes is not None:
            base = atom.tensor.base
            yield Use(here, Int.of(base), atom.tensor.classes + (base - 1), False)


def bounds_of(index: Index, where: Iterable[Basic]) -> Bounds | None:
    """The bounds of an index: of the axes that it stands on alone, else of those in whose
    expressions it stands.
    """
    where = tuple(where)
    return bounds_of_axes(index, where) or bounds_solved(index, where)


def bounds_of_axes(index: Index, where: Iterable[Basic]) -> Bounds | None:
    """The bounds of the axes that an index stands on alone.

    On axes of several extents it runs as far as the shortest.
    """
    alone = [u for part in where for u in uses(part, index) if u.e.atom == index]
    for kind in ([u for u in alone if u.strict], alone):
        different = {known_extent(u.upper - u.lower): u for u in reversed(kind)}
        chosen = [u for u in kind if u in different.values()]
        if chosen:
            lowers = dict.fromkeys(u.lower for u in chosen)
            return tuple(lowers), tuple(dict.fromkeys(u.upper for u in chosen))
    return None


def bounds_solved(index: Index, where: Iterable[Basic]) -> Bounds | None:
    """Bounds from lower ≤ e ≤ upper, for expressions that are linear in the index."""
    found = [u for part in where for u in uses(part, index) if index in u.e.indices]
    lowers: dict[Int, None] = {}
    uppers: dict[Int, None] = {}
    for u in found:
        for guard in (at_least(u.e, u.lower), at_most(u.e, u.upper)):
            assert isinstance(guard, NonNegative)
            solved = bound(guard.expression, index)
            if solved is None:
                return None
            (lowers if solved.lower else uppers)[solved.value] = None
    return (tuple(lowers), tuple(uppers)) if lowers and uppers else None


def free_ranges(
    indices: Iterable[Index],
    stated: dict[Index, Range],
    where: list[Basic],
    position: int,
) -> tuple[Range, ...]:
    """The ranges of free indices, each after those that its bounds use."""
    waiting = list(dict.fromkeys(indices))
    made: list[Range] = []
    while waiting:
        known = {r.index for r in made}
        for index in waiting:
            r = stated.get(index) or _range(index, where) or _partner(index, where, made)
            if r is not None and free_indices(r) <= known:
                made.append(r)
                waiting.remove(index)
                break
        else:
            raise ReadError(position, f"a range for {waiting[0].hint}", "no axis of its own")
    return tuple(made)


def _range(index: Index, where: list[Basic]) -> Range | None:
    found = bounds_of(index, where)
    return None if found is None else Range(index, *found)


def _partner(index: Index, where: list[Basic], made: list[Range]) -> Range | None:
    """The range of an index that this one is compared to, and stands nowhere else."""
    known = {r.index: r for r in made}
    for f in where:
        for node in subformulas(f):
            sides = node.args if isinstance(node, (Delta, Equal)) else ()
            atoms = [e.atom for e in sides if isinstance(e, Int)]
            if index in atoms:
                for other in atoms:
                    if other in known:
                        r = known[other]
                        return Range(index, r.lowers, r.uppers)
    return None
