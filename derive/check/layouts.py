"""Claims that hold when derivatives by arrays are laid out in another way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from derive.latex.symbols import Symbols

LAYOUTS = ("numerator", "denominator")


def other_layouts(symbols: Symbols) -> Iterator[tuple[str, Symbols]]:
    """The symbols with derivatives laid out otherwise, each with what that is called."""
    for layout in LAYOUTS:
        if layout != symbols.layout:
            name = f"layout: derivatives by arrays are in {layout} layout"
            yield name, replace(symbols, layout=layout, matrix_layout=layout)
