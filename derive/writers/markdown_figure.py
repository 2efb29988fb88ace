"""Figures of cells in Markdown: arrays between dollar signs; what is shaded has a box around it."""

from __future__ import annotations

from collections.abc import Callable

from derive.document.model import Cell, Figure, Grid, InlineMath, Line, Shade
from derive.writers.markdown_math import markdown_math


def markdown_figure(figure: Figure, line: Callable[[Line], str], mark: str) -> str:
    """The grids in one line, the caption below them."""
    grids = r" \qquad ".join(map(_grid, figure.grids))
    caption = line(figure.caption)
    told = f"\n\n{caption}" if caption else ""
    verdict = rf" \quad {mark}" if mark else ""
    return f"$$\n{grids}{verdict}\n$$" + told


def _grid(grid: Grid) -> str:
    labels = any(row and row[0].shade is Shade.LABEL for row in grid.rows)
    sides = "r" * labels + "|" + "c|" * (grid.columns - labels)
    rows = r" \cr \hline ".join(" & ".join(map(_cell, row)) for row in grid.rows)
    cells = rf"\begin{{array}}{{{sides}}} \hline {rows} \cr \hline \end{{array}}"
    return f"{_plain(grid.name)} {cells}" if grid.name else cells


def _cell(cell: Cell) -> str:
    content = _plain(cell.content)
    if cell.shade in (Shade.WINDOW, Shade.CHOSEN):
        return rf"\boxed{{{content}}}" if content else r"\bullet"
    return content or (r"\cdot" if cell.shade is Shade.PADDING else "")


def _plain(line: Line) -> str:
    """A line inside a formula."""
    return "".join(
        markdown_math(p.math)
        if isinstance(p, InlineMath)
        else rf"\text{{{getattr(p, 'text', '')}}}"
        for p in line
    )
