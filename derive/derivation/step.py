"""Steps and derivations: a derivation is data, and its steps must meet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from derive.ir import Formula, Guard, Range, same


@dataclass(frozen=True)
class Step:
    """`before = after` by the law named `rule`, for the reason given; both are whole formulas.

    `facts` are the conditions on sizes that the step relies on (S = K, 2 divides H).  `substeps`
    are the small steps that one displayed step consists of.  A step without a reason goes without
    saying; a document shows it together with the one before it.
    """

    before: Formula
    after: Formula
    rule: str
    reason: str
    facts: tuple[Guard, ...] = ()
    substeps: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        _meet(self.before, self.after, self.substeps)


@dataclass(frozen=True, eq=False)
class Derivation:
    """A chain of steps from `start`, for every value of the free indices in `ranges`.

    Each derivation is itself: two of them are equal only where they are one object.
    """

    start: Formula
    ranges: tuple[Range, ...]
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        _meet(self.start, self.result, self.steps)

    @property
    def result(self) -> Formula:
        return self.steps[-1].after if self.steps else self.start

    @property
    def facts(self) -> tuple[Guard, ...]:
        """Every condition on sizes that some step relies on."""
        return tuple(dict.fromkeys(f for s in self.steps for f in s.facts))

    @property
    def smallest(self) -> Iterator[Step]:
        """The steps that have no substeps, in order."""
        for s in self.steps:
            yield from (
                Derivation(s.before, self.ranges, s.substeps).smallest if s.substeps else (s,)
            )


def _meet(start: Formula, end: Formula, steps: tuple[Step, ...]) -> None:
    at = start
    for s in steps:
        if not same(at, s.before):
            raise ValueError(
                f"the step “{s.rule}” starts at\n  {s.before}\nbut the chain is at\n  {at}"
            )
        at = s.after
    if steps and not same(at, end):
        raise ValueError(f"the chain ends at\n  {at}\nbut should end at\n  {end}")
