"""Computed sizes in a document: each with what it is computed from, where it is first met."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from derive.derivation.program import Layer, Program
from derive.document.describe import joined, number
from derive.document.math import Math, Numeral, Relation, Sign, row
from derive.document.model import Line, Text, line
from derive.document.notation import Notation, parse_name
from derive.ir import Int, Size, Tensor


@dataclass(frozen=True)
class ComputedSizes:
    """The computed sizes to tell of: with what is given, with each output, on the way to one."""

    given: tuple[Size, ...]
    outputs: Mapping[Tensor, tuple[Size, ...]]
    ways: Mapping[Tensor, tuple[Size, ...]]

    @staticmethod
    def of(
        program: Program,
        given: Sequence[Tensor],
        layers: Sequence[Layer],
        stages: Mapping[Tensor, Sequence[Tensor]],
    ) -> ComputedSizes:
        """In the order of a document; what rules for output sizes say needs no other word."""
        rules = {rule.result for layer in layers for rule in layer.sizes}
        told = {s for s in program.sizes if s.definition in rules}
        first = _computed(given, told)
        outputs: dict[Tensor, tuple[Size, ...]] = {}
        ways: dict[Tensor, tuple[Size, ...]] = {}
        for layer in layers:
            z = layer.output
            outputs[z] = _computed((*layer.inputs, *layer.parameters, z), told)
            ways[z] = _computed(stages.get(z, ()), told)
        return ComputedSizes(first, outputs, ways)


def _computed(tensors: Iterable[Tensor], told: set[Size]) -> tuple[Size, ...]:
    """The computed sizes of some arrays that were not told yet, what they rest on first.

    From here on they count as told.
    """
    found: list[Size] = []
    for t in tensors:
        for d in t.shape:
            found += _untold(d, told)
    return tuple(found)


def _untold(e: Int, told: set[Size]) -> Iterator[Size]:
    for s in e.atoms_within():
        if isinstance(s, Size) and s.definition is not None and s not in told:
            told.add(s)
            yield from _untold(s.definition, told)
            yield s


def computed(sizes: Iterable[Size], notation: Notation) -> Line:
    """`Here R = C K_1 K_2 and M = H_{out} W_{out}.`; nothing where there is nothing to say."""
    parts = [line(m) for m in equations(sizes, notation)]
    return (*line("Here "), *joined(parts), Text(".")) if parts else ()


def equations(sizes: Iterable[Size], notation: Notation) -> list[Math]:
    """`R = C K_1 K_2`, each once."""
    found = (_equation(s, notation) for s in sizes)
    return list(dict.fromkeys(m for m in found if m is not None))


def _equation(s: Size, notation: Notation) -> Math | None:
    """`R = C K_1 K_2`; with numbers, `2880 = 20 · 12 · 12`."""
    assert s.definition is not None
    value = number(Int.of(s), notation)
    if not isinstance(value, Numeral):
        return row(parse_name(s.name), Relation("="), number(s.definition, notation))
    ((monomial, c),) = s.definition.terms if len(s.definition.terms) == 1 else (((), 1),)
    if c != 1 or len(monomial) < 2:
        return None
    parts: list[Math] = []
    for a in monomial:
        parts += [Sign("cdot")] * bool(parts) + [number(Int.of(a), notation)]
    return row(value, Relation("="), *parts)
