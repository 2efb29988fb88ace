"""Numbers in the places of names, in a formula that is laid out: ⌊(5+2·0−1·(3−1)−1)/1⌋+1."""

from __future__ import annotations

from collections.abc import Mapping

from derive.document.math import Break, Fenced, Fraction, Math, Name, Numeral, Row, Sign, Space, row


def with_numbers(tree: Math, numbers: Mapping[Name, int]) -> Math:
    """`tree` with a number for each of the names, and a dot where numbers would run together."""
    if isinstance(tree, Name):
        return Numeral(str(numbers[tree])) if tree in numbers else tree
    if isinstance(tree, Row):
        return row(*_dotted([with_numbers(p, numbers) for p in tree.parts]))
    match tree:
        case Fenced(kind, body, size):
            return Fenced(kind, with_numbers(body, numbers), size)
        case Fraction(above, below):
            return Fraction(with_numbers(above, numbers), with_numbers(below, numbers))
    return tree


def _dotted(parts: list[Math]) -> list[Math]:
    made: list[Math] = []
    for p in parts:
        before = next((q for q in reversed(made) if not isinstance(q, Break | Space)), None)
        if isinstance(before, Numeral) and isinstance(p, Numeral | Fenced | Fraction):
            made.append(Sign("cdot"))
        made.append(p)
    return made
