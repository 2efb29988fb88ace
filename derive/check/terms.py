"""Where two sides differ: the terms that do not agree, the entries of a table."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, islice

import numpy as np

from derive.check.compare import Comparer
from derive.check.pair import Pair, is_numeric, settled
from derive.errors import Unsupported
from derive.ir import Bracket, Equal, Formula, Int, Plus, Times
from derive.verify.arithmetic import Untyped, fraction

SHOWN = 5
"""How many entries of a table are named, at most."""


def bad_terms(comparer: Comparer, pair: Pair) -> tuple[int, ...]:
    """The numbers, from 0, of the terms of the right side that differ from the left one's.

    Both sides must be sums of as many terms, most of which agree.
    """
    left, right = _terms(pair.left), _terms(pair.right)
    if len(left) != len(right) or len(left) < 2:
        return ()
    both = zip(left, right, strict=True)
    agree = [comparer.probe(replace(pair, left=a, right=b)) for a, b in both]
    if 2 * sum(agree) < len(agree):
        return ()
    return tuple(k for k, same in enumerate(agree) if not same)


def _terms(f: Formula) -> list[Formula]:
    """The terms of a sum, each under the conditions that the whole is under."""
    if isinstance(f, Times) and f.args and isinstance(f.args[0], Bracket):
        guard, *rest = f.args
        whole = rest[0] if len(rest) == 1 else f
        return [Times(guard, t) for t in _terms(whole)] if whole is not f else [f]  # type: ignore[arg-type]
    return list(f.args) if isinstance(f, Plus) else [f]  # type: ignore[arg-type]


def differing_entries(comparer: Comparer, pair: Pair) -> str:
    """The entries at which a table of numbers is wrong, with the numbers that belong there."""
    if not pair.axes or not is_numeric(pair.right):
        return ""
    try:
        place, here = comparer.placed(pair)
        values = [place.world.exact(128).value(f, place.env) for f in here.sides]
    except (Unsupported, Untyped):
        return ""
    left, right = (np.broadcast_to(v.spread(place.axes), place.shape)[0] for v in values)
    found = [at for at in np.ndindex(left.shape) if left[at] != right[at]]
    order = [place.axes.index(x) - 1 for x in place.extents]
    low = [place.env[r.index][0] for r in place.ranges]
    told = []
    for at in islice(found, SHOWN):
        position = ",".join(str(at[k] + n) for k, n in zip(order, low, strict=True))
        told.append(f"entry ({position}) is {_number(left[at])}, not {_number(right[at])}")
    more = len(found) - SHOWN
    return "; ".join(told) + (f"; and {more} more" if more > 0 else "")


def _number(value: object) -> str:
    exact = fraction(value)
    return str(exact) if exact is not None else f"{float(value):.6g}"  # type: ignore[arg-type]


def meeting(comparer: Comparer, pair: Pair) -> str:
    """The free indices that must be equal for the pair to hold, as `i = j`."""
    for a, b in combinations(pair.free, 2):
        bounds = [tuple(map(settled, (*r.lowers, *r.uppers))) for r in (a, b)]
        if bounds[0] != bounds[1]:
            continue
        if comparer.probe(pair.where(Equal(Int.of(a.index), Int.of(b.index)))):
            return f"{a.index.hint} = {b.index.hint}"
    return ""
