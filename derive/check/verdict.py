"""What `check` answers about an equation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from derive.verify.verdict import Counterexample

HOLDS, HOLDS_IF, CONVENTION = "holds", "holds if", "convention"
WRONG, UNREADABLE, UNDEFINED = "wrong", "unreadable", "undefined"
WORST_FIRST = (WRONG, UNDEFINED, UNREADABLE, HOLDS_IF, CONVENTION, HOLDS)


@dataclass(frozen=True)
class Finding:
    """A status with what explains it.

    `condition` says when an equation of the status "holds if" holds, or under which convention
    one of the status "convention" does.  `suggestion` is the nearest reading that is right.
    """

    status: str
    message: str = ""
    condition: str = ""
    counterexample: Counterexample | None = None
    suggestion: str = ""


@dataclass(frozen=True)
class PairVerdict(Finding):
    """The verdict on one adjacent pair of a chain, or on a formula that cannot be read.

    `start` and `end` are where the pair stands in the source, in characters from 0; `latex` is
    that part of it.  `stopped` says that reading stopped at `start`, and `latex` is the whole
    source.  `readings` say how notation with several meanings was taken.
    """

    start: int = 0
    end: int = 0
    latex: str = ""
    readings: tuple[str, ...] = ()
    stopped: bool = False


@dataclass(frozen=True)
class Verdict(Finding):
    """The verdict on a whole source: that of its worst pair, with the verdicts on all."""

    pairs: tuple[PairVerdict, ...] = ()


def overall(pairs: Iterable[PairVerdict]) -> Verdict:
    """The verdict of the worst of some pairs, the first of them where several are as bad."""
    found = tuple(pairs)
    if not found:
        return Verdict(UNREADABLE, "there is no equation here")
    p = min(found, key=lambda pair: WORST_FIRST.index(pair.status))
    return Verdict(p.status, p.message, p.condition, p.counterexample, p.suggestion, found)
