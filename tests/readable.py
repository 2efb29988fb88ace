"""Formulas as text with short names for indices: what golden cases and assertions compare."""

from __future__ import annotations

from sympy import Basic

from derive.ir import Index, Int, Range, rebuild
from derive.ir.text import to_text


class Readable:
    """Texts in which each index has its letter, followed by 2, 3, ... where that is taken.

    One object gives the same index the same name, so that steps of a derivation agree.
    """

    def __init__(self) -> None:
        self._names: dict[Index, Index] = {}
        self._taken: set[str] = set()

    def __call__(self, f: Basic) -> str:
        return to_text(self._renamed(f))  # type: ignore[arg-type]

    def _name(self, i: Index) -> Index:
        if i not in self._names:
            letters = (i.hint + (str(k) if k > 1 else "") for k in range(1, 1000))
            name = next(x for x in letters if x not in self._taken)
            self._taken.add(name)
            self._names[i] = Index(name)
        return self._names[i]

    def _renamed(self, f: Basic) -> Basic:
        if isinstance(f, Index):
            return self._name(f)
        if isinstance(f, Int):
            return f.replace(lambda a: Int.of(self._name(a)) if isinstance(a, Index) else None)
        if isinstance(f, Range):
            lowers, uppers = (map(self._renamed, bounds) for bounds in (f.lowers, f.uppers))
            return Range(self._name(f.index), lowers, uppers)  # type: ignore[arg-type]
        return rebuild(f, tuple(map(self._renamed, f.args))) if f.args else f


def readable(*formulas: Basic) -> tuple[str, ...]:
    """The texts of formulas that share their indices."""
    text = Readable()
    return tuple(text(f) for f in formulas)
