"""The nearest correct reading: one small edit that mends an equation, searched for and verified."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations, islice

from derive.check.broken import Broken
from derive.check.compare import Comparer
from derive.check.conditions import Conditions
from derive.check.edit import Edit, Vocabulary
from derive.check.edits import edits
from derive.check.named import Name, occurrences, parsed, renaming
from derive.check.pair import Pair, UnequalShapes, settled
from derive.check.text import Text
from derive.derivation.program import Program
from derive.errors import Unsupported
from derive.ir import free_indices
from derive.latex.error import ReadError
from derive.latex.symbols import Symbols

BUDGET, FEWEST = 75, 12
"""Edits that are tried at most; fewer, but at least the second number, where arrays are large."""
TRANSPOSITIONS = 60
"""Edits that are tried where arrays do not go together."""
WORK = 2_000_000
"""Multiplications for all tries together."""
READING = 100_000
"""Characters of the source that are read for all tries together."""


def repair(broken: Broken, comparer: Comparer, symbols: Symbols) -> Edit | None:
    """The first edit after which the pair holds.

    A side that is wrong in two pairs is mended once: what mends one of them mends the other.
    """
    known, trial = broken.chain.mended, _Trial(broken, comparer)
    if broken.side in known:
        edit = known[broken.side]
        return edit if edit is not None and trial.mends(edit) else None
    vocabulary = Vocabulary(
        names(symbols, broken.source),
        broken.beside,
        scales(comparer.program),
        list(_missing(broken.pair, symbols)),
        comparer.counts(broken.pair),
        symbols.base,
    )
    tries = max(min(BUDGET, WORK // comparer.work(broken.pair)), FEWEST)
    tries = min(tries, READING // len(broken.source) + 1)
    candidates = list(islice(dict.fromkeys(broken.edits(vocabulary)), tries))
    found = next(filter(trial.mends, candidates), None)
    if found is None and vocabulary.whole:
        found = next(filter(None, map(trial.mends_where, candidates)), None)
    known[broken.side] = found
    return found


class _Trial:
    """Tries edits of a broken pair: first by a quick look at what has changed."""

    def __init__(self, broken: Broken, comparer: Comparer) -> None:
        self.broken, self.comparer = broken, comparer
        self.might_hold = comparer.like(broken.pair)

    def mends(self, edit: Edit) -> bool:
        """Whether the pair holds with an edit."""
        try:
            changed = self.broken.quickly(edit)
            if changed is None or not self.might_hold(changed):
                return False
            pair = self.broken.again(edit)
            return pair is not None and self.comparer(pair).holds
        except (ReadError, UnequalShapes, Unsupported):
            return False

    def mends_where(self, edit: Edit) -> Edit | None:
        """The edit with what has to divide what after it, if that mends the pair."""
        try:
            changed = self.broken.quickly(edit)
            where = None if changed is None else Conditions(self.comparer).divisibility(changed)
        except (ReadError, UnequalShapes, Unsupported):
            return None
        return replace(edit, shown=f"{edit.shown} where {where}") if where else None


def fitting(
    source: str, position: int, symbols: Symbols, holds: Callable[[str], bool]
) -> Edit | None:
    """The first edit of a side whose arrays do not go together, at a position, that mends it."""
    place = Text(source, 0, len(source)).side_at(position)
    vocabulary = Vocabulary(names(symbols, source), base=symbols.base)
    for edit in islice(edits(source, *place, vocabulary), TRANSPOSITIONS):
        if holds(edit.apply(source)):
            return edit
    return None


def meant(
    source: str, position: int, symbols: Symbols, holds: Callable[[str], bool]
) -> Edit | None:
    """The declared name that is meant at a position by its letter alone: w^{(fc1)} by w."""
    text = Text(source, position, len(source))
    known = map(parsed, (*symbols.tensors, *symbols.cotangents))
    for name in islice((n for n in known if n.scripts), TRANSPOSITIONS):
        scripts = {m: s for m, s in name.scripts.items() if m == "^"}
        bare = Name("", name.base, {})
        found = next(occurrences(text, [bare]), None) if scripts == name.scripts else None
        if found is not None and found.whole.start == position:
            edit = renaming(source, [found], name)
            if edit is not None and holds(edit.apply(source)):
                return edit
    return None


def names(symbols: Symbols, source: str) -> list[list[str]]:
    """Names of which one may be meant for another: of as many axes, or of sizes in the source."""
    groups: dict[int, list[str]] = {}
    for name, tensor in (*symbols.tensors.items(), *symbols.cotangents.items()):
        groups.setdefault(len(tensor.shape), []).append(name)
    sizes = [name for name in symbols.sizes if name in source]
    return [group for group in (*groups.values(), sizes) if len(group) > 1]


def scales(program: Program) -> list[str]:
    """What an index may be multiplied or moved by: strides, paddings, a small number."""
    extents = {d.atom for t in program.given for d in t.shape}
    named = [s.name for s in program.sizes if s.definition is None and s not in extents]
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
