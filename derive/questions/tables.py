"""Tables of the entries of arrays: a matrix is one table, an array of more axes one for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import TypeAlias

from derive.engine.calculate import Value
from derive.ir import Formula, Tensor
from derive.questions.parts import Cell, Grid, Grids, Shade, Slope
from derive.questions.setting import Setting, result
from derive.verify.verdict import Verification

MOST = 12
"""Tables beside each other."""
Place: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Marks:
    """Which positions have which shade; `heat` colours all by their size.

    With `only`, tables without such a position are left out.
    """

    shades: Mapping[Place, str] = field(default_factory=dict)
    heat: bool = False
    only: bool = False


def tables(
    setting: Setting,
    arrays: Sequence[Tensor],
    decimals: int,
    marks: Mapping[Tensor, Marks] | None = None,
) -> Grids:
    """The entries of arrays that have values; those that are computed are verified, every one."""
    grids: list[Grid] = []
    verdicts: list[Verification] = []
    rough = False
    for t in arrays:
        known = (marks or {}).get(t, Marks())
        found: dict[Place, Formula] = {}
        values: dict[Place, Value] = {}
        for at in setting.calculator.places(t):
            values[at] = setting.calculator.entry(t, at)
            shown = result(setting.at_values, t[at], values[at], decimals)
            found[at] = shown.formula  # type: ignore[assignment]
            rough = rough or shown.relation != "="
            if t in setting.program.defined and shown.verdict is not None:
                verdicts.append(shown.verdict)
        grids += table(t, setting.calculator.shape(t), found, known, values)
    told = [f"Rounded to {decimals} decimals."] if rough else []
    told += [left_out(setting.calculator.shape(t)) for t in arrays]
    caption = " ".join(filter(None, told))
    return Grids(tuple(grids), (caption,) if caption else (), tuple(verdicts))


def left_out(shape: Sequence[int]) -> str:
    """A sentence about the tables of an array that are not shown; nothing where all are."""
    count = prod(shape[:-2])
    return f"The first {MOST} of {count} tables are shown." if count > MOST else ""


def table(
    t: Tensor,
    shape: Sequence[int],
    entries: Mapping[Place, Formula | None],
    marks: Marks,
    values: Mapping[Place, Value] | None = None,
    name: Slope | None = None,
) -> Iterator[Grid]:
    """One table for each value of the indices before the last two."""
    heat = _heat(values) if marks.heat and values else {}
    outer = shape[:-2]
    found = list(product(*(range(t.base, t.base + d) for d in outer)))
    if marks.only:
        marked = {at[: len(outer)] for at in marks.shades}
        found = [before for before in found if before in marked]
    for before in found[:MOST]:
        rows = []
        for at in _rows(shape[-2:], t.base):
            cells = []
            for place in at:
                shade = Shade(marks.shades.get((*before, *place), "plain"))
                cells.append(Cell(entries[(*before, *place)], shade, heat.get((*before, *place))))
            rows.append(tuple(cells))
        yield Grid(tuple(rows), name or t, before)


def _rows(shape: Sequence[int], base: int) -> list[list[Place]]:
    """The positions of a matrix row by row; a vector is one row, a scalar one cell."""
    axes = [range(base, base + n) for n in shape]
    if len(shape) < 2:
        return [list(product(*axes))]
    return [[(i, j) for j in axes[1]] for i in axes[0]]


def _heat(values: Mapping[Place, Value]) -> dict[Place, float]:
    """From 0 for an entry that is 0 to 1 for the largest in absolute value."""
    sizes = {at: abs(float(v)) for at, v in values.items()}
    largest = max(sizes.values(), default=0.0)
    return {at: v / largest if largest else 0.0 for at, v in sizes.items()}
