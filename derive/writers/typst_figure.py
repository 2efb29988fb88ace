"""Figures of cells in Typst: tables of entries, diagrams of windows."""

from __future__ import annotations

from collections.abc import Callable

from derive.document.model import Cell, Figure, Grid, Line
from derive.writers.figure import cell_width, label_width


def typst_figure(figure: Figure, line: Callable[[Line], str]) -> str:
    """The grids beside each other in the middle of the page, the caption below them."""
    grids = "".join(f"  {_grid(g, line)},\n" for g in figure.grids)
    mark = f'"{figure.mark.value}"' if figure.mark else "none"
    return f"#cell-figure([{line(figure.caption)}], {mark},\n{grids})"


def _grid(grid: Grid, line: Callable[[Line], str]) -> str:
    width = cell_width(grid)
    sides = ["auto" if label_width(grid) else f"{width:.2f}em"]
    sides += [f"{width:.2f}em"] * (grid.columns - 1)
    cells = "".join("    " + " ".join(_cell(c, line) for c in row) + "\n" for row in grid.rows)
    return f"cell-grid([{line(grid.name)}], ({', '.join(sides)},),\n{cells}  )"


def _cell(cell: Cell, line: Callable[[Line], str]) -> str:
    heat = f", heat: {cell.heat * 6 // 10}%" if cell.heat else ""
    return f'one-cell("{cell.shade.value}"{heat})[{line(cell.content)}],'
