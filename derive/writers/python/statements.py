"""Statements that compute whole arrays: `T[i, j] = formula for all i, j` as loops."""

from __future__ import annotations

from dataclasses import dataclass

from derive.ir import Component, Formula, Int, Range
from derive.writers.python.functions import Dialect
from derive.writers.python.integers import zero_based
from derive.writers.python.names import PythonNames
from derive.writers.python.scalar import Scalar
from derive.writers.python.spell import sequence


@dataclass(frozen=True)
class Assignment:
    """`name[places] = body`, for all values of the free indices in `ranges`.

    `shape` is that of the array `name`; places and indices count from 0, as in Python.
    """

    name: str
    shape: tuple[Int, ...]
    places: tuple[Int, ...]
    ranges: tuple[Range, ...]
    body: Formula


def assignment(
    name: str, at: tuple[Component, ...], body: Formula, ranges: tuple[Range, ...]
) -> Assignment:
    """The assignment to the array whose axes are those of the components `at`, one by one."""
    shape = tuple(d for c in at for d in c.tensor.shape)
    bases = [c.tensor.base for c in at for _ in c.indices]
    base = at[-1].tensor.base
    free = tuple(r.index for r in ranges)
    places = tuple(
        zero_based(e, base, free) - b
        for e, b in zip((e for c in at for e in c.indices), bases, strict=True)
    )
    moved = tuple(
        Range(r.index, [e - base for e in r.lowers], [e - base for e in r.uppers]) for r in ranges
    )
    return Assignment(name, shape, places, moved, zero_based(body, base, free))


class Loops:
    """Writes assignments as loops over all entries."""

    def __init__(self, names: PythonNames, dialect: Dialect) -> None:
        self.names, self.dialect = names, dialect

    def lines(self, a: Assignment) -> list[str]:
        """The lines that compute the array."""
        self.names.restart()
        scalar = Scalar(self.names, self.dialect)
        if not a.shape:
            return [f"{a.name} = {scalar.spell(a.body)}"]
        extents = sequence([str(scalar.integers.spell(d)) for d in a.shape])
        variables = [self.names.index(r.index) for r in a.ranges]
        spans = [scalar.integers.range(r) for r in a.ranges]
        places = ", ".join(str(scalar.integers.spell(e)) for e in a.places)
        lines = [f"{a.name} = {self.dialect.zeros(extents)}"]
        for depth, (variable, span) in enumerate(zip(variables, spans, strict=True)):
            lines.append(f"{'    ' * depth}for {variable} in {span}:")
        inner = "    " * len(variables)
        return [*lines, f"{inner}{a.name}[{places}] = {scalar.spell(a.body)}"]
