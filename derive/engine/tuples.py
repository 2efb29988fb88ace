"""Positions of rearranged arrays as index tuples.

    U_{n,r,l}    where the formula reads all parts of r and of l      becomes
    U_{n,(c,α,β),(i,j)}    with r = ravel(c, α, β) and l = ravel(i, j)

The parts are free indices of their own; a sum over a position is a sum over them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from derive.ir import (
    Component,
    Formula,
    Index,
    Int,
    Range,
    Ravel,
    Tensor,
    Unravel,
    fresh,
    groups,
    ravel,
    subformulas,
    unravel,
)

_LETTERS = {1: "i", 2: "ij", 3: "cij"}
_OFFSETS = {1: "a", 2: "ab", 3: "cab", 4: "cabg"}


def taken_apart(f: Formula, indices: Iterable[Index], fully: bool = True) -> dict[Index, Unravel]:
    """Of the indices those that `f` takes apart as positions, with one of their parts.

    `fully`: only those of which it reads all parts.
    """
    found: dict[Index, list[Unravel]] = {}
    for e in subformulas(f):
        if isinstance(e, Int):
            for a in e.atoms_within():
                if isinstance(a, Unravel) and isinstance(a.flat.atom, Index):
                    found.setdefault(a.flat.atom, []).append(a)
    finest = {i: max(found[i], key=lambda a: len(a.dims)) for i in indices if i in found}
    return {
        i: one for i, one in finest.items() if not fully or _read(found[i], one) == len(one.dims)
    }


def _read(parts: Iterable[Unravel], finest: Unravel) -> int:
    """How many parts of a position are read, those of coarser tuples among them."""
    read: set[int] = set()
    for a in parts:
        spans = groups(a.dims, finest.dims) if a.base == finest.base else None
        read.update(range(*spans[a.k]) if spans is not None else ())
    return len(read)


def tuples(apart: Mapping[Index, Unravel]) -> dict[Index, Int]:
    """For each index that is taken apart the position of a tuple of new indices.

    Rows of windows, which come before their places or are called r, get the letters of offsets.
    """
    made: dict[Index, Int] = {}
    for k, (index, one) in enumerate(apart.items()):
        rows = k + 1 < len(apart) or index.hint == "r"
        letters = (_OFFSETS if rows else _LETTERS).get(len(one.dims), "cijklm")
        parts = tuple(fresh(letters[k % len(letters)]) for k in range(len(one.dims)))
        made[index] = ravel(parts, one.dims, one.base)
    return made


def entry_ranges(c: Component) -> tuple[Range, ...]:
    """The ranges of the indices of an entry, those of tuples among them; extents 1 have none."""
    t = c.tensor
    found: list[Range] = []
    for e, d in zip(c.indices, t.shape, strict=True):
        found += _ranges(e, d, t)
    return tuple(found)


def _ranges(e: Int, d: Int, t: Tensor) -> list[Range]:
    position = e.atom
    if isinstance(position, Index):
        return [Range(position, t.base, d + (t.base - 1))]
    if isinstance(position, Ravel):
        pairs = zip(position.indices, position.dims, strict=True)
        return [r for part, extent in pairs for r in _ranges(part, extent, t)]
    return []


def indices_of(c: Component) -> tuple[Index, ...]:
    """The indices of an entry, those of tuples among them."""
    return tuple(r.index for r in entry_ranges(c))


def assigned(c: Component, at: Component) -> dict[Index, Int]:
    """What the indices of `c` are where it stands for the entry `at` of the same array."""
    found: dict[Index, Int] = {}
    for e, value in zip(c.indices, at.indices, strict=True):
        position = e.atom
        if isinstance(position, Index):
            found[position] = value
        elif isinstance(position, Ravel):
            for k, part in enumerate(position.indices):
                if isinstance(index := part.atom, Index):
                    found[index] = unravel(value, k, position.dims, position.base)
    return found
