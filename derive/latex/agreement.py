"""Whether the sides of a claim can be equal, as far as their axes go."""

from __future__ import annotations

from derive.ir import Number, free_indices
from derive.latex.array import Array, Value


def equally_many_axes(values: list[Value]) -> bool:
    """Whether all sides have as many axes, but for zeros."""
    ranks = {v.rank if isinstance(v, Array) else 0 for v in values if v != Number(0)}
    return len(ranks) <= 1


def are_entries(values: list[Value]) -> bool:
    """Whether sides without axes have as many free indices as the other sides have axes."""
    ranks = {v.rank for v in values if isinstance(v, Array)}
    free = {len(free_indices(v)) for v in values if not isinstance(v, Array)}
    return len(ranks) == 1 and ranks == free
