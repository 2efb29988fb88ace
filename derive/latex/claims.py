"""Reading what a text claims: chains of equations between numbers, entries or whole arrays."""

from __future__ import annotations

from dataclasses import dataclass

from derive.ir import Formula, Guard, Index, Int, Range


@dataclass(frozen=True)
class Side:
    """One side of a relation: `formula` is the entry at `axes` of an array of that `shape`.

    A number, or an entry with free indices, has no axes.  `row` says that a vector is written as
    a row.  The side stands in source[start:end].
    """

    formula: Formula
    axes: tuple[Index, ...]
    shape: tuple[Int, ...]
    start: int
    end: int
    row: bool = False


@dataclass(frozen=True)
class Claim:
    """`sides[k] relations[k] sides[k + 1]`, for all free indices in `ranges` where `conditions` hold.

    `readings` says how notation with several meanings was taken.
    """

    sides: tuple[Side, ...]
    relations: tuple[str, ...]
    ranges: tuple[Range, ...]
    conditions: tuple[Guard, ...]
    start: int
    end: int
    readings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Defined:
    """A name that the text itself defines: `formula` is its entry at `indices`.

    `range` is how far each index runs.  A lone index that is defined (`k = (c-1)HW + ...`) has
    `formula` None and `integer`.
    """

    name: str
    indices: tuple[Index, ...]
    shape: tuple[Int, ...]
    formula: Formula | None
    integer: Int | None
    start: int
    end: int
