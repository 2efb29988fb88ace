"""Laws of whole arrays: each looks at one node, and rewrites it into an equal array.

As a Rule of the catalogue a law rewrites an entry of an array that this node is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from derive.derivation.rule import Example, Rule
from derive.derivation.scope import Scope
from derive.ir import (
    Array,
    Element,
    Formula,
    Range,
    Whole,
    free_indices,
)
from derive.rules import samples
from derive.rules.samples import H, g, i, j, k, m, n, p, r, s, t, u, v, x, y

Law: TypeAlias = Callable[[Whole], Whole | None]

X, Y, T, V, U = Array(x), Array(y), Array(t), Array(v), Array(u)
M, G, R, S = Array(m), Array(g), Array(r), Array(s)


@dataclass(frozen=True)
class ArrayLaw:
    """`apply` returns the new array, or None where the law does not fire; the rest as in a Rule."""

    name: str
    reason: str
    ends: str
    on: tuple[type[Whole], ...]
    apply: Law
    example: Callable[[], Whole]

    @property
    def rule(self) -> Rule:
        """The law about entries that follows from it."""

        def apply(f: Formula, scope: Scope) -> Formula | None:
            if not isinstance(f, Element) or not isinstance(f.whole, self.on):
                return None
            new = self.apply(f.whole)
            return None if new is None else Element(new, *f.indices)

        apply.__doc__ = self.apply.__doc__
        return Rule(self.name, self.reason, self.ends, (Element,), apply, self._entry)

    def _entry(self) -> Example:
        whole = self.example()
        at = (i, j, k, p)[: whole.rank]
        ranges = [Range(e, 1, d) for e, d in zip(at, whole.shape, strict=True)]
        ranges += [Range(n, 1, H)] if n in free_indices(whole) else []
        return samples.given_arrays(Element(whole, *at), *ranges)


def law(
    name: str,
    reason: str,
    ends: str,
    on: type[Whole] | tuple[type[Whole], ...],
    example: Callable[[], Whole],
) -> Callable[[Callable[..., Whole | None]], ArrayLaw]:
    """Turns a function of a node into an ArrayLaw; its docstring shows the law."""

    def make(apply: Callable[..., Whole | None]) -> ArrayLaw:
        return ArrayLaw(name, reason, ends, on if isinstance(on, tuple) else (on,), apply, example)

    return make
