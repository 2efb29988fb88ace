r"""Positions in rearranged arrays by their index tuples: A_{(cd)} and \delta_{cd,f}.

    ravel(c, d)             (cd)            in the place of one index
    unravel(f, 0..1)        (f)             in the place of the two
    ravel(c, p-i+1)         (c, p-i+1)      parts that are no single letters

"spelled" writes out (c-1)D+d and ⌊(f-1)/D⌋+1 instead; "deltas", the middle way, has tuples in
deltas only, where nothing but the correspondence matters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from derive.document.math import Comma, Fenced, Math, Name, Numeral, listed, row
from derive.ir import Int, Ravel, position_read

Positions: TypeAlias = Literal["tuples", "deltas", "spelled"]
Lay: TypeAlias = Callable[[Int], Math]


def tuple_of(e: Int, lay: Lay) -> Math | None:
    """The letters of an index tuple whose position `e` is, side by side where that is clear."""
    position = e.atom
    if not isinstance(position, Ravel):
        return None
    parts = [tuple_of(p, lay) or lay(p) for p in position.indices]
    return row(*parts) if all(map(_is_letter, parts)) else listed(parts)


def side(e: Int, lay: Lay) -> Math | None:
    """A side of a delta that is a position; in brackets where there are commas in it."""
    parts = tuple_of(e, lay)
    if parts is None or not _has_comma(parts):
        return parts
    return Fenced("paren", parts)


def places(indices: Sequence[Int], lay: Lay) -> list[Math]:
    """What stands in the places of some indices, positions as index tuples."""
    found: list[Math] = []
    k = 0
    while k < len(indices):
        run = position_read(indices[k:])
        parts = tuple_of(indices[k], lay)
        if run is not None:
            inner = tuple_of(run.flat, lay) or lay(run.flat)
            found.append(Fenced("paren", inner))
            k += len(run.dims)
            continue
        found.append(lay(indices[k]) if parts is None else Fenced("paren", parts))
        k += 1
    return found


def _is_letter(m: Math) -> bool:
    return (isinstance(m, Name) and not (m.mark or m.tag)) or (
        isinstance(m, Numeral) and len(m.digits) == 1
    )


def _has_comma(m: Math) -> bool:
    return any(isinstance(p, Comma) for p in getattr(m, "parts", ()))
