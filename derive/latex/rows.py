"""Tables of formulas, row by row: matrices and cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from derive.latex.tokens import TABLES
from derive.latex.tree import Listed, Node, Table, Word

if TYPE_CHECKING:
    from derive.latex.parse import Parser

OTHERWISE = ("otherwise", "else", "elsewhere")
"""Words with which the last of several cases begins; what follows explains them."""


def table(parser: Parser) -> Node:
    """`\\begin{name} rows \\end{name}`."""
    tokens = parser.tokens
    at = tokens.take().position
    name = tokens.environment(*TABLES)
    if name == "array":
        tokens.columns()
    rows = [_row(parser)]
    while tokens.skip("\\\\"):
        if not tokens.sees("\\end"):
            rows.append(_row(parser))
    tokens.expect("\\end")
    tokens.environment(name)
    return Table(name, tuple(rows), position=at)


def _row(parser: Parser) -> tuple[Node, ...]:
    cells = [_cell(parser)]
    while parser.tokens.skip("&"):
        cells.append(_cell(parser))
    return tuple(cells)


def _cell(parser: Parser) -> Node:
    tokens = parser.tokens
    while tokens.next.kind == "text" and tokens.sees("if", "when", "for"):
        tokens.take()
    token, at = tokens.next, tokens.at
    if token.kind == "text" and token.text.lower().startswith(tuple(f"{w} " for w in OTHERWISE)):
        tokens.skip_to("&", "\\\\", "\\end")
        return Word(token.text.split()[0].lower(), position=at)
    items = [parser.item()]
    while tokens.skip(",", ".", ";"):
        if tokens.sees("&", "\\\\", "\\end"):
            break
        items.append(parser.item())
    return items[0] if len(items) == 1 else Listed(tuple(items), position=at)
