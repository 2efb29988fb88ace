"""The nearest correct reading: one small edit that mends an equation, searched for and verified."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

from derive.check.compare import Comparer
from derive.check.edits import Edit, Vocabulary, edits
from derive.check.pair import Pair, UnequalShapes, settled
from derive.errors import Unsupported
from derive.ir import free_indices
from derive.latex.error import ReadError
from derive.latex.symbols import Symbols

BUDGET, FEWEST = 120, 12
"""Edits that are tried at most; fewer, but at least the second number, where arrays are large."""
WORK = 2_000_000
"""Multiplications for all tries together."""


@dataclass(frozen=True)
class Broken:
    """An equation that does not hold: the pair, and the side in source[start:end] to be edited.

    `again` reads the edited source and gives the pair in it.
    """

    source: str
    start: int
    end: int
    pair: Pair
    again: Callable[[str], Pair | None]


def repair(broken: Broken, comparer: Comparer, symbols: Symbols) -> Edit | None:
    """The first edit after which the pair holds."""
    vocabulary = Vocabulary(
        _names(symbols),
        _scales(comparer),
        list(_missing(broken.pair, symbols)),
        comparer.counts(broken.pair),
    )
    budget = max(min(BUDGET, WORK // comparer.work(broken.pair)), FEWEST)
    tried = 0
    for edit in edits(broken.source, broken.start, broken.end, vocabulary):
        tried += 1
        if tried > budget:
            return None
        try:
            pair = broken.again(edit.apply(broken.source))
            if pair is not None and comparer.probe(pair) and comparer(pair).holds:
                return edit
        except (ReadError, UnequalShapes, Unsupported):
            continue
    return None


def _names(symbols: Symbols) -> list[list[str]]:
    """Names of arrays of as many axes, of which one may be meant for another."""
    groups: dict[int, list[str]] = {}
    for name, tensor in (*symbols.tensors.items(), *symbols.cotangents.items()):
        groups.setdefault(len(tensor.shape), []).append(name)
    return [names for names in groups.values() if len(names) > 1]


def _scales(comparer: Comparer) -> list[str]:
    """What an index may be multiplied by: strides, and small numbers."""
    extents = {d.atom for t in comparer.program.given for d in t.shape}
    named = [s.name for s in comparer.program.sizes if s.definition is None and s not in extents]
    return [*named, "2"]


def _missing(pair: Pair, symbols: Symbols) -> Iterator[str]:
    """What may be missing in front of a side: a delta of free indices, a sum, a sign, a 2."""
    left, right = (free_indices(f) for f in pair.sides)
    for r in pair.free:
        if r.index in right - left:
            yield rf"\sum_{{{r.index.hint}}}"
    lone = [r.index.hint for r in pair.free if r.index in right - left]
    if len(lone) > 1:
        yield rf"\sum_{{{','.join(lone)}}}"
    for a, b in combinations(pair.free, 2):
        alike = [tuple(map(settled, (*r.lowers, *r.uppers))) for r in (a, b)]
        if alike[0] == alike[1] and symbols.kronecker not in symbols.cotangents:
            yield rf"{symbols.kronecker}_{{{a.index.hint}{b.index.hint}}}"
    yield from ("-", "2", r"\frac{1}{2}")
