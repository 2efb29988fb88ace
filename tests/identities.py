r"""The table of matrix-calculus identities in `cases/identities.txt`, a block for each.

    The Matrix Cookbook, eq. 81                 where it is stated
    S: n, n; x: n                               the arrays with their extents; [] for a number
    f = x^\top S x                              the definitions, one or more
    fact \sum_{i=1}^{n} x_i = 0                 what is known of the arrays, if anything is
    notation \phi = function                    what a symbol means, if it needs saying
    by x                                        the last definition is differentiated by this
    denominator (S + S^{\top}) x                the derivative in either layout
    numerator x^{\top} (S + S^{\top})

The sources state each fact; the letters are ours, and so is the arrangement, which is that in which
the engine prints it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parent / "cases" / "identities.txt"
LAYOUTS = ("denominator", "numerator")
_WORDS = ("fact", "notation", "by", *LAYOUTS)


@dataclass(frozen=True)
class Identity:
    """What is given, what is differentiated by what, and the result in each layout."""

    source: str
    tensors: dict[str, list[str]]
    define: list[str]
    by: str
    expected: dict[str, str]
    facts: list[str]
    notation: dict[str, str]

    def given(self, layout: str) -> dict[str, Any]:
        """The tables of a Given."""
        return {
            "tensors": self.tensors,
            "define": self.define,
            "facts": self.facts,
            "notation": self.notation,
            "conventions": {"layout": layout},
        }

    @property
    def of(self) -> str:
        """The name of what is differentiated."""
        return self.define[-1].partition("=")[0].strip()


def table() -> Iterator[Identity]:
    """All identities."""
    for block in TABLE.read_text(encoding="utf-8").strip().split("\n\n"):
        yield _identity(block.splitlines())


def _identity(lines: list[str]) -> Identity:
    source, arrays, *rest = lines
    told: dict[str, list[str]] = {word: [] for word in _WORDS}
    define = []
    for text in rest:
        word, _, what = text.partition(" ")
        if word in told:
            told[word].append(what)
        else:
            define.append(text)
    tensors = {}
    for array in arrays.split("; "):
        name, _, extents = array.partition(": ")
        tensors[name] = [] if extents == "[]" else extents.split(", ")
    notation = dict(text.split(" = ") for text in told["notation"])
    expected = {layout: told[layout][0] for layout in LAYOUTS}
    return Identity(source, tensors, define, told["by"][0], expected, told["fact"], notation)
