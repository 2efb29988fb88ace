"""Entries as slices of whole arrays, of reshaped ones where positions are those of index tuples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from derive.ir import (
    Atom,
    Component,
    Index,
    Int,
    Range,
    Size,
    Unravel,
)
from derive.ir.affine import sign
from derive.writers.python.integers import Integers, is_from_zero
from derive.writers.python.names import PythonNames
from derive.writers.python.positions import axes_of
from derive.writers.python.spell import Text
from derive.writers.python.values import Value
from derive.writers.python.windows import NoSlices


class Slices:
    """Spells entries along indices that run over `spans`; all others are variables of loops."""

    def __init__(self, names: PythonNames, spans: Mapping[Index, Range]) -> None:
        self.names, self.spans = names, dict(spans)
        self.integers = Integers(names)

    def read(self, name: str, at: Sequence[Component]) -> Value:
        """The slices of an array that entries stand for."""
        pairs = [
            (e - c.tensor.base, d)
            for c in at
            for e, d in zip(c.indices, c.tensor.shape, strict=True)
        ]
        name, pairs = self._reshaped(name, pairs)
        texts: list[str] = []
        axes: list[Index] = []
        for e, extent in pairs:
            along = [i for i in e.indices if i in self.spans]
            if any(is_from_zero(a) for a in e.atoms_within()) or len(along) > 1:
                raise NoSlices("a position that is no slice")
            if not along:
                texts.append(str(self.integers.spell(e)))
                continue
            (i,) = along
            assert isinstance(i, Index)
            if i in axes:
                raise NoSlices("a diagonal")
            axes.append(i)
            texts.append(self.slice(e, i, extent))
        if all(t == ":" for t in texts):
            return Value(Text(name), tuple(axes))
        text = Text(f"{name}[{', '.join(texts)}]")
        places = tuple(texts) if "(" not in name else ()
        return Value(text, tuple(axes), places=places)

    def slice(self, e: Int, i: Index, extent: Int) -> str:
        """start:stop:step for the positions that an index runs over."""
        parts = e.split(i)
        if parts is None or sign(parts[0]) <= 0 or parts[0].indices:
            raise NoSlices("a position that is no slice")
        step, rest = parts
        low, high = self.spans[i].lowers[0], self.spans[i].uppers[0] + 1
        start, stop = step * low + rest, step * high + rest
        first = "" if not start.terms else str(self.integers.spell(start))
        last = "" if defined(stop) == defined(extent) else str(self.integers.spell(stop))
        by = "" if step.constant == 1 else f":{self.integers.spell(step)}"
        return f"{first}:{last}{by}"

    def _reshaped(
        self, name: str, pairs: list[tuple[Int, Int]]
    ) -> tuple[str, list[tuple[Int, Int]]]:
        """The array with axes split or merged, where positions are those of index tuples."""
        made: list[tuple[Int, Int]] = []
        extents: list[Int] = []
        k = 0
        changed = False
        while k < len(pairs):
            e, d = pairs[k]
            split = axes_of(e, d)
            taken = _taken_apart(pairs[k:])
            if split != [(e, d)]:
                made += split
                extents += [n for _, n in split]
                changed = True
                k += 1
            elif taken is not None:
                flat_, count = taken
                size = self._merged(flat_, [n for _, n in pairs[k : k + count]])
                made.append((flat_, size))
                extents.append(size)
                changed = True
                k += count
            else:
                made.append((e, d))
                extents.append(d)
                k += 1
        if not changed:
            return name, pairs
        shape = ", ".join(str(self.integers.spell(n)) for n in extents)
        return f"{name}.reshape({shape})", made

    def _merged(self, position: Int, extents: Sequence[Int]) -> Int:
        """The extent of merged axes, as the span of their position has it where it is the same."""
        size = Int.of(1)
        for n in extents:
            size = size * n
        i = position.atom
        r = self.spans.get(i) if isinstance(i, Index) else None
        told = size if r is None else r.uppers[0] + 1
        return told if defined(told) == defined(size) else size


def defined(e: Int) -> Int:
    """An expression with computed sizes as what they are computed from."""

    def to(a: Atom) -> Int | None:
        definition = a.definition if isinstance(a, Size) else None
        return None if definition is None else defined(definition)

    return e.replace(to)


def _taken_apart(pairs: list[tuple[Int, Int]]) -> tuple[Int, int] | None:
    """(flat position, number of axes) where the next positions take one position apart."""
    first = _unravel(pairs[0][0])
    if first is None or first.k != 0 or first.flat - first.base == Int.of(0):
        return None
    count = len(first.dims)
    here = [_unravel(e) for e, _ in pairs[:count]]
    same = [u is not None and u.flat == first.flat and u.k == k for k, u in enumerate(here)]
    if len(here) < count or not all(same) or first.dims != tuple(d for _, d in pairs[:count]):
        return None
    return first.flat - first.base, count


def _unravel(e: Int) -> Unravel | None:
    """The component of an index tuple that `e` is, counted from 0."""
    for a in (m[0] for m, c in e.terms if len(m) == 1 and c == 1):
        if isinstance(a, Unravel) and e == Int.of(a) - a.base:
            return a
    return None
