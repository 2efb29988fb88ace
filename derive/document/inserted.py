"""Expressions in the places of names, in a formula that is laid out: ⌊(5+2·0−1·(3−1)−1)/1⌋+1."""

from __future__ import annotations

from collections.abc import Mapping

from derive.document.math import (
    Break,
    Fenced,
    Fraction,
    Math,
    Name,
    Numeral,
    Row,
    Sign,
    Space,
    fenced,
    row,
)


def with_expressions(tree: Math, values: Mapping[Name, Math]) -> Math:
    """`tree` with a value for each of the names, and a dot where numbers would run together."""
    if isinstance(tree, Name):
        value = values.get(tree, tree)
        return value if isinstance(value, Name | Numeral) else fenced("paren", value)
    match tree:
        case Row(parts):
            return row(*_dotted([with_expressions(p, values) for p in parts]))
        case Fenced(kind, body, size):
            return Fenced(kind, with_expressions(body, values), size)
        case Fraction(above, below):
            return Fraction(with_expressions(above, values), with_expressions(below, values))
    return tree


def _dotted(parts: list[Math]) -> list[Math]:
    made: list[Math] = []
    for p in parts:
        before = next((q for q in reversed(made) if not isinstance(q, Break | Space)), None)
        if isinstance(before, Numeral) and isinstance(p, Numeral | Fenced | Fraction):
            made.append(Sign("cdot"))
        made.append(p)
    return made
