r"""Figures of cells in TikZ: tables of entries, diagrams of windows.

A cell is `\node[derive=window] at (2,-1) {$5$};`, in units that fit the widest cell.
"""

from __future__ import annotations

from collections.abc import Callable

from derive.document.model import Cell, Figure, Grid, Line, Shade
from derive.writers.figure import TEXT, cell_width, label_width

_EM = 0.386  # cm, of text of 11 pt
_HEIGHT = 0.58  # cm


def latex_figure(figure: Figure, line: Callable[[Line], str], mark: str) -> str:
    """The grids beside each other in the middle of the page, the caption below them."""
    grids = "\\quad\n".join(_grid(g, line) for g in figure.grids)
    caption = line(figure.caption)
    below = f"\\par\\smallskip{{\\footnotesize {caption} {mark}}}" if caption else f"\\quad {mark}"
    below = below if caption or mark else ""
    return f"\\begin{{derivefigure}}\n{grids}\n{below}\n\\end{{derivefigure}}"


def _grid(grid: Grid, line: Callable[[Line], str]) -> str:
    width = _EM * cell_width(grid)
    scale = min(1.0, TEXT * _EM / (_EM * label_width(grid) + width * grid.columns))
    style = f"derive cells,x={width:.2f}cm,y={_HEIGHT:.2f}cm"
    if scale < 1:
        style += f",scale={scale:.2f},transform shape"
    sides = f"minimum width={width:.2f}cm,minimum height={_HEIGHT:.2f}cm"
    nodes = [
        _cell(cell, k, n, line)
        for n, row in enumerate(grid.rows)
        for k, cell in enumerate(row)
        if cell.shade is not Shade.EMPTY
    ]
    body = "\n".join(f"  {node}" for node in nodes)
    name = f"{line(grid.name)}" if grid.name else ""
    picture = (
        f"\\begin{{tikzpicture}}[{style},every node/.append style={{{sides}}}]\n{body}\n"
        "\\end{tikzpicture}"
    )
    return f"\\mbox{{{name}{picture}}}"


def _cell(cell: Cell, column: int, row: int, line: Callable[[Line], str]) -> str:
    content = line(cell.content)
    if cell.shade is Shade.LABEL:
        return rf"\node[derive=label,anchor=east] at ({column + 0.5},-{row}) {{{content}}};"
    heat = f",fill=deriveheat!{cell.heat * 6 // 10}" if cell.heat else ""
    plain = heat if cell.shade is Shade.PLAIN else ""
    return rf"\node[derive={cell.shade.value}{plain}] at ({column},-{row}) {{{content}}};"
