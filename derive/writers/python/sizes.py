"""Sizes in Python: read off the shapes of arrays, or computed from others."""

from __future__ import annotations

from collections.abc import Sequence

from derive.derivation.program import Program
from derive.ir import Size, Tensor
from derive.writers.python.integers import Integers
from derive.writers.python.names import PythonNames


def header(program: Program, given: Sequence[Tensor], names: PythonNames) -> list[str]:
    """The lines that define the sizes in use, and those that they are computed from."""
    integers = Integers(names)
    computed = [s for s in program.sizes if s.definition is not None]
    lines: list[str] = []
    for s in reversed(computed):
        if s in names.used:
            assert s.definition is not None
            lines.insert(0, f"{names.size(s)} = {integers.spell(s.definition)}")
    free = [s for s in names.used if s.definition is None]
    return [*_from_shapes(free, given, names), *_constants(free, given, names), *lines]


def unbound(program: Program, given: Sequence[Tensor], names: PythonNames) -> list[Size]:
    """The sizes in use that neither a shape nor a value says: arguments of the function."""
    found = _in_shapes(given)
    return [
        s
        for s in program.sizes
        if s in names.used and s not in found and s.definition is None and s.value is None
    ]


def _in_shapes(given: Sequence[Tensor]) -> set[Size]:
    return {s for t in given for d in t.shape if isinstance(s := d.atom, Size)}


def _from_shapes(wanted: Sequence[Size], given: Sequence[Tensor], names: PythonNames) -> list[str]:
    """Lines such as `N, _, H, W = x.shape`, each size from the first array that has it."""
    left = [s for s in wanted if s in _in_shapes(given)]
    lines: list[str] = []
    for t in given:
        here = [d.atom for d in t.shape]
        new = [s for k, s in enumerate(here) if s in left and s not in here[:k]]
        if not new:
            continue
        name = names.tensor(t)
        left = [s for s in left if s not in new]
        if len(new) == 1:
            size = new[0]
            assert isinstance(size, Size)
            lines.append(f"{names.size(size)} = {name}.shape[{here.index(size)}]")
            continue
        first = [
            s if isinstance(s, Size) and s in new and s not in here[:k] else None
            for k, s in enumerate(here)
        ]
        targets = ["_" if s is None else names.size(s) for s in first]
        lines.append(f"{', '.join(targets)} = {name}.shape")
    return lines


def _constants(wanted: Sequence[Size], given: Sequence[Tensor], names: PythonNames) -> list[str]:
    """Lines such as `S = 2`, for sizes that no shape shows."""
    found = _in_shapes(given)
    return [
        f"{names.size(s)} = {s.value}" for s in wanted if s not in found and s.value is not None
    ]
