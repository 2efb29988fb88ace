"""One size for all that are equal where a Given fixes them, so that fewer vary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from sympy import Basic

from derive.derivation.program import Program
from derive.ir import Entry, Equal, Guard, Int, Relation, Size, Tensor, rebuild
from derive.ir.integer import Atom

Node = TypeVar("Node", bound=Basic)


class Moved:
    """Formulas about some arrays and sizes as formulas about others, by their names."""

    def __init__(self, arrays: Mapping[str, Tensor], sizes: Mapping[str, Int]) -> None:
        self.arrays, self.sizes = dict(arrays), dict(sizes)

    def __call__(self, f: Node) -> Node:
        if isinstance(f, Int):
            return f.replace(self._atom)  # type: ignore[return-value]
        if isinstance(f, Tensor):
            return self.arrays.get(f.name, f)  # type: ignore[return-value]
        parts = tuple(map(self, f.args))
        return rebuild(f, parts) if f.args else f

    def _atom(self, a: Atom) -> Int | None:
        if isinstance(a, Entry) and a.tensor.name in self.arrays:
            return Int.of(Entry(self.arrays[a.tensor.name], *map(self, a.parts)))
        return self.sizes.get(a.name) if isinstance(a, Size) else None


def unified(program: Program, least: int) -> tuple[Program, Moved]:
    """A program in which sizes of one value, of at least `least`, are one size.

    With it what makes formulas about the old program such about the new one.
    """
    meant = _meant(program, least)
    to = Moved({}, {})
    sizes: dict[Size, Size] = {}

    def made(s: Size) -> Size:
        """The new size for one that stays, after those that it is computed from."""
        if s not in sizes:
            for a in s.definition.atoms_within() if s.definition is not None else ():
                if isinstance(a, Size):
                    to.sizes[a.name] = Int.of(made(meant.get(a, a)))
            definition = None if s.definition is None else to(s.definition)
            sizes[s] = Size(s.name, s.value, s.least, definition)
        return sizes[s]

    for s in program.sizes:
        to.sizes[s.name] = Int.of(made(meant.get(s, s)))
    to.arrays |= {t.name: _shaped(t, to) for t in (*program.given, *program.defined)}
    new = replace(
        program,
        sizes=tuple(sizes.values()),
        given=tuple(map(to, program.given)),
        definitions=tuple(
            replace(d, tensor=to(d.tensor), body=to(d.body)) for d in program.definitions
        ),
        facts=tuple(
            Relation(to(r.left), r.relation, to(r.right), tuple(map(to, r.ranges)))
            for r in program.facts
        ),
        size_facts=tuple(_not_evident(map(to, program.size_facts))),
        loss=None if program.loss is None else to(program.loss),
    )
    return new, to


def _shaped(t: Tensor, to: Moved) -> Tensor:
    classes = None if t.classes is None else to(t.classes)
    return Tensor(t.name, t.symbol, map(to, t.shape), t.base, classes)


def _not_evident(facts: Iterator[Guard]) -> Iterator[Guard]:
    return (g for g in facts if not (isinstance(g, Equal) and g.args[0] == g.args[1]))


def _meant(program: Program, least: int) -> dict[Size, Size]:
    """For each size that another one stands for, that one: a computed one where there is any."""
    meant: dict[Size, Size] = {}

    def sources(s: Size) -> set[Size]:
        s = meant.get(s, s)
        if s.definition is None:
            return {s}
        within = [a for a in s.definition.atoms_within() if isinstance(a, Size)]
        return set().union(*map(sources, within)) if within else set()

    values = dict.fromkeys(s.value for s in program.sizes if s.value is not None)
    for value in (v for v in values if v >= least):
        alike = [s for s in program.sizes if s.value == value]
        free = [s for s in alike if s.definition is None]
        others = (s for s in alike if s.definition is not None)
        first = next((s for s in others if sources(s).isdisjoint(free)), None)
        for s in free:
            first = first or s
            if s is not first:
                meant[s] = first
    return meant
