"""Letters for indices after the names of the extents that they run over."""

from __future__ import annotations

from derive.ir import Size
from derive.network.site import Shape

_CUSTOMARY = {"h": "ip", "w": "jq", "k": "ab", "g": "q"}
"""Rows and columns of images, offsets in a kernel, and groups."""
_PLAIN = "ncomlrt"


def by_extents(shape: Shape, otherwise: str) -> str:
    """One letter for each axis: n for N, o for O, i for H_out; else the one in `otherwise`."""
    letters: list[str] = []
    for d, usual in zip(shape, otherwise, strict=True):
        size = d.atom
        name = size.name.lower()[:1] if isinstance(size, Size) else ""
        wanted = _CUSTOMARY.get(name, name if name and name in _PLAIN else "")
        free = (a for a in (*wanted, usual, *"klmpqrsuvw") if a not in letters)
        letters.append(next(free))
    return "".join(letters)
