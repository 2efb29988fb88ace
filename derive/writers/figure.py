"""What all writers of figures need to know: how wide the cells of a grid must be."""

from __future__ import annotations

from derive.document.breaking import width_of
from derive.document.model import Cell, Grid, InlineMath, Reference, Shade

TEXT = 42.0  # em, the width of the page
_LEAST = 1.5  # em, of a cell
_SMALL = 1.15  # em, where no cell has anything in it that is wide
_LETTER = 0.46


def cell_width(grid: Grid) -> float:
    """The width of every cell that is no label, in em of the text."""
    cells = [c for row in grid.rows for c in row if c.shade is not Shade.LABEL]
    widest = max((_width(c) for c in cells), default=0.0)
    least = _SMALL if grid.columns > 14 else _LEAST
    return max(least, widest + 0.7)


def label_width(grid: Grid) -> float:
    """What the labels at the left need more than a cell."""
    labels = [_width(c) for row in grid.rows for c in row[:1] if c.shade is Shade.LABEL]
    return max(labels, default=0.0)


def _width(cell: Cell) -> float:
    total = 0.0
    for part in cell.content:
        match part:
            case InlineMath():
                total += width_of(part.math)
            case Reference():
                total += 1.5
            case _:
                total += _LETTER * len(part.text)
    return total
