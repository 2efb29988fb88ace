"""A linear layer as a matrix times its input, flattened row by row; its Toeplitz structure."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

from derive.ir import Component, Derivative, Formula, Number, Tensor, tensors
from derive.questions.parts import Cell, Grid, Grids, Lines, Part, Row, Say, Shade, Side, Slope
from derive.questions.setting import Setting, verified
from derive.questions.statement import definition
from derive.rules.terms import product, terms, total

_ROWS, _COLUMNS = 16, 25
_WRITTEN = 9
"""Rows that are also written as equations."""


def check_matrix(of: Tensor, setting: Setting) -> None:
    """Refuse a matrix that has no numbers of rows and columns, or too many."""
    source = _source(of, setting)
    if not setting.is_numeric:
        setting.fail("the matrix can be printed only where all sizes have numbers", "left")
    rows, columns = (setting.calculator.count(t) for t in (of, source))
    if rows > _ROWS or columns > _COLUMNS:
        setting.fail(
            f"the matrix has {rows} rows and {columns} columns, expected at most "
            f"{_ROWS} and {_COLUMNS}; take smaller sizes",
            "left",
        )


def matrix(of: Tensor, setting: Setting) -> Iterator[Part]:
    """The matrix of derivatives, of weights and zeros, and the equations that it stands for."""
    source = _source(of, setting)
    rows, columns = (setting.calculator.places(t) for t in (of, source))
    yield from definition(of, setting)
    d = setting.engine(of).jacobian(of, source)
    yield Say(
        (
            "The matrix has the entry ",
            d.start,
            " in the row of ",
            of,
            " and the column of ",
            source,
            "; both are flattened row by row:",
        )
    )
    verdict = setting.derived(d).ends
    yield Lines((Row(d.start, (Side(d.result, verdict=verdict),)),), d.ranges)
    entries = {(at, p): _entry(d.start, d.result, at, p, setting) for at in rows for p in columns}
    yield _grid(of, source, rows, columns, entries)
    yield from _structure(of, source, rows, columns, entries, setting)
    yield from _products(of, source, rows, columns, entries, setting)


def _source(of: Tensor, setting: Setting) -> Tensor:
    """The array that the layer is applied to."""
    inputs = setting.layer(of).inputs
    if not inputs:
        setting.fail(f"{of.name} reads no array", "left")
    return inputs[0]


def _entry(
    start: Formula, f: Formula, at: tuple[int, ...], p: tuple[int, ...], setting: Setting
) -> Formula:
    assert isinstance(start, Derivative)
    assert isinstance(start.of, Component)
    env: dict[Any, int] = {}
    for c, place in ((start.of, at), (start.by, p)):
        env |= {e.atom: k for e, k in zip(c.indices, place, strict=True) if e.constant is None}
    return setting.unroll(f, env)


def _grid(
    of: Tensor,
    source: Tensor,
    rows: list[tuple[int, ...]],
    columns: list[tuple[int, ...]],
    entries: dict[tuple[tuple[int, ...], tuple[int, ...]], Formula],
) -> Grids:
    table = []
    for at in rows:
        cells = []
        for p in columns:
            f = entries[at, p]
            zero = f == Number(0)
            cells.append(Cell(f, Shade.PLAIN if zero else Shade.WINDOW))
        table.append(tuple(cells))
    return Grids((Grid(tuple(table), Slope(of, source)),))


def _structure(
    of: Tensor,
    source: Tensor,
    rows: list[tuple[int, ...]],
    columns: list[tuple[int, ...]],
    entries: dict[tuple[tuple[int, ...], tuple[int, ...]], Formula],
    setting: Setting,
) -> Iterator[Part]:
    """Whether entries agree along diagonals: of the whole matrix, or of its blocks and in them."""
    shapes = [setting.calculator.shape(t) for t in (of, source)]

    def shifted(axis: int) -> bool:
        pairs = (
            (entries[at, p], entries.get((_moved(at, axis), _moved(p, axis))))
            for at in rows
            for p in columns
        )
        return all(b is None or a == b for a, b in pairs)

    depth = min(len(shapes[0]), len(shapes[1]), 2)
    if not depth or not all(shifted(-k) for k in range(1, depth + 1)):
        return
    if depth == 1:
        yield Say(("All entries on a diagonal are equal: it is a Toeplitz matrix.",))
        return
    blocks = [prod(s[:-1]) for s in shapes]
    yield Say(
        (
            f"It consists of {blocks[0]}×{blocks[1]} blocks of {shapes[0][-1]} rows and "
            f"{shapes[1][-1]} columns. In each block all entries on a diagonal are equal, and so "
            "are all blocks on a diagonal: the matrix is a Toeplitz matrix of Toeplitz blocks.",
        )
    )


def _moved(at: tuple[int, ...], axis: int) -> tuple[int, ...]:
    """The position one further along an axis."""
    moved = list(at)
    moved[axis] += 1
    return tuple(moved)


def _products(
    of: Tensor,
    source: Tensor,
    rows: list[tuple[int, ...]],
    columns: list[tuple[int, ...]],
    entries: dict[tuple[tuple[int, ...], tuple[int, ...]], Formula],
    setting: Setting,
) -> Iterator[Part]:
    """Each row times the input, plus what does not depend on it."""
    told: list[Row] = []
    definition_ = setting.program.defined[of]
    for at in rows:
        env = dict(zip(definition_.indices, at, strict=True))
        body = setting.unroll(definition_.body, env)
        rest = _without(body, source)
        read = [product(entries[at, p], source[p]) for p in columns if entries[at, p] != Number(0)]
        f = total(*read, *([rest] if rest != Number(0) else []))
        told.append(
            Row(of[at], (Side(f, verdict=verified(setting.at_sizes, of[at], "=", f)),), True)
        )
    yield Say((f"Row by row{', the first of them' if len(told) > _WRITTEN else ''}:",))
    yield Lines(tuple(told[:_WRITTEN]))


def _without(f: Formula, source: Tensor) -> Formula:
    """The terms of a sum that do not read the input: the bias."""
    return total(*(t for t in terms(f) if source not in tensors(t)))
