"""Sheets that tests make, and what they look at in the answers."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from derive.ir import Number
from derive.network.source import Source, parse_toml
from derive.questions.parts import Answer, Grids, Say
from derive.questions.sheet import Sheet, sheet

EXAMPLES = Path(__file__).parents[1] / "examples"


def solved(text: str, variant: int | None = None, solve: bool = True) -> Sheet:
    return sheet(parse_toml(text), Source("sheet.toml", text), variant, solve)


def answers(made: Sheet) -> list[Answer]:
    return [a for _, p in made.problems for a in p.answers]


def numbers(answer: Answer, name: str) -> list[list[list[Fraction]]]:
    """The tables of an array in an answer, those that consist of numbers."""
    found = []
    for part in answer.parts:
        for grid in part.grids if isinstance(part, Grids) else ():
            symbol = getattr(grid.name, "name", None) or f"d{grid.name and grid.name.by.name}"
            if symbol == name and all(isinstance(c.content, Number) for r in grid.rows for c in r):
                found.append([[c.content.value for c in r] for r in grid.rows])
    return found


def words(made: Sheet) -> str:
    return " ".join(
        w
        for a in answers(made)
        for part in a.parts
        if isinstance(part, Say)
        for w in part.words
        if isinstance(w, str)
    )
