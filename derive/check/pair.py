"""Two adjacent sides of a claim as two formulas over the same indices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

from derive.ir import (
    ONE,
    TRUE,
    Bracket,
    Formula,
    Guard,
    Index,
    Int,
    Number,
    Range,
    Size,
    Times,
    conjunction,
    free_indices,
    substitute,
    tensors,
)
from derive.ir.integer import Atom
from derive.latex.array import show_extent
from derive.latex.claims import Claim, Side

SWAPPED = {">": "<", ">=": "<="}


@dataclass(frozen=True)
class Pair:
    """`left relation right` for every value of the indices in `ranges`.

    `axes` of the ranges, the last ones, are those of whole arrays; the others are free indices.
    """

    left: Formula
    relation: str
    right: Formula
    ranges: tuple[Range, ...]
    axes: int = 0

    @property
    def sides(self) -> tuple[Formula, Formula]:
        return self.left, self.right

    @property
    def free(self) -> tuple[Range, ...]:
        """The ranges of the indices that somebody wrote."""
        return self.ranges[: len(self.ranges) - self.axes]

    def where(self, guard: Guard) -> Pair:
        """The same pair where a condition on its indices holds."""
        return replace(self, left=_where(self.left, guard), right=_where(self.right, guard))


def entry_for_array(claim: Claim, left: int, right: int) -> Iterator[Claim]:
    """Readings of an array that is set equal to its entry, as in ∂L/∂W = δ_i x_j.

    The free indices of the entry become the axes of an array, in every order that fits.
    """
    array, entry = claim.sides[left], claim.sides[right]
    if not array.axes:
        array, entry = entry, array
    lone = free_indices(entry.formula) - free_indices(array.formula)
    ranges = [r for r in claim.ranges if r.index in lone]
    if entry.axes or len(ranges) != len(array.axes):
        return
    for order in permutations(ranges):
        extents = tuple(r.uppers[0] - r.lowers[0] + 1 for r in order)
        made = replace(entry, axes=tuple(r.index for r in order), shape=extents)
        if all(settled(a) == settled(b) for a, b in zip(extents, array.shape, strict=True)):
            rest = tuple(r for r in claim.ranges if r.index not in lone)
            sides = tuple(made if s is entry else s for s in claim.sides)
            yield replace(claim, sides=sides, ranges=rest)


class UnequalShapes(Exception):
    """Two sides that are arrays of different shapes; the message says which."""


def pair(claim: Claim, left: int, right: int, base: int, swapped: Sequence[int] = ()) -> Pair:
    """Two sides of a claim; the axes of the right one in the order `swapped`, if that is given.

    Axes of extent 1 do not count; a number stands for an array of it.
    """
    a, b = claim.sides[left], claim.sides[right]
    f, over = _entries(a, range(len(a.axes)), base)
    g, by = _entries(b, swapped or range(len(b.axes)), base)
    if not over and isinstance(a.formula, Number):
        over = by
    if by and not _fit(over, by):
        raise UnequalShapes(f"the one side is {_shape(a)}, the other {_shape(b)}")
    if not by and over and not isinstance(b.formula, Number):
        raise UnequalShapes(f"the one side is {_shape(a)}, the other {_shape(b)}")
    to = dict(zip((i for i, _ in by), (i for i, _ in over), strict=True)) if by else {}
    g = substitute(g, to)
    free = free_indices(f) | free_indices(g)
    ranges = tuple(r for r in claim.ranges if r.index in free)
    ranges = _with_those_needed(ranges, claim.ranges)
    axes = tuple(Range(i, base, extent + (base - 1)) for i, extent in over)
    relation = claim.relations[left] if right == left + 1 else "="
    if relation in SWAPPED:
        f, relation, g = g, SWAPPED[relation], f
    made = Pair(f, relation, g, (*ranges, *axes), len(axes))
    return made.where(conjunction(*claim.conditions)) if claim.conditions else made


def _entries(
    side: Side, order: Sequence[int], base: int
) -> tuple[Formula, list[tuple[Index, Int]]]:
    """The formula of an entry, and its axes with their extents, but for those of extent 1."""
    axes = [(side.axes[k], settled(side.shape[k]), side.shape[k]) for k in order]
    formula = substitute(side.formula, {i: base for i, known, _ in axes if known == ONE})
    return formula, [(i, extent) for i, known, extent in axes if known != ONE]


def _with_those_needed(some: tuple[Range, ...], known: Sequence[Range]) -> tuple[Range, ...]:
    """`some` ranges with those of the indices in their bounds, in the order of `known`."""
    needed = {i for r in some for i in free_indices(r)} | {r.index for r in some}
    wider = tuple(r for r in known if r.index in needed)
    return wider if len(wider) == len(some) else _with_those_needed(wider, known)


def _fit(over: list[tuple[Index, Int]], by: list[tuple[Index, Int]]) -> bool:
    return len(over) == len(by) and all(
        settled(a) == settled(b) for (_, a), (_, b) in zip(over, by, strict=True)
    )


def settled(e: Int) -> Int:
    """An extent with every size that has a value or a definition replaced by it."""

    def known(atom: Atom) -> Int | None:
        if isinstance(atom, Size) and atom.value is not None:
            return Int.of(atom.value)
        if isinstance(atom, Size) and atom.definition is not None:
            return settled(atom.definition)
        return None

    return e.replace(known)


def _shape(side: Side) -> str:
    if not side.axes:
        return "a scalar"
    return "an array " + " × ".join(map(show_extent, side.shape))


def _where(f: Formula, guard: Guard) -> Formula:
    return f if guard == TRUE else Times(Bracket(guard), f)


def is_numeric(f: Formula) -> bool:
    """Whether a side consists of numbers only, so that it speaks of the values given."""
    return not tensors(f)
