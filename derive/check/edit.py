r"""A small change of a formula as somebody wrote it, and what it may be made of.

Edits are made in the source text, so that a suggestion is in the writer's own notation:
`C_{21}` → `C_{22}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from derive.check.text import Span, Text

Change = tuple[int, int, str]


@dataclass(frozen=True)
class Edit:
    """source[start:end] becomes a text, at one place or several; `shown` is that in words."""

    changes: tuple[Change, ...]
    shown: str

    def apply(self, source: str) -> str:
        """The source with the edit made."""
        for start, end, new in sorted(self.changes, reverse=True):
            source = joined(joined(source[:start], new), source[end:])
        return source

    def within(self, start: int, end: int) -> bool:
        """Whether all that changes stands between two places."""
        return all(start <= a and b <= end for a, b, _ in self.changes)


@dataclass(frozen=True)
class Vocabulary:
    """What may stand where something else does.

    `names` has groups of names of which one may be meant for another, `beside` the names with
    their indices that stand in the other sides, `scales` what an index may be multiplied or moved
    by, `missing` what may be missing in front of a side.  `whole` says that the formula is about
    whole numbers, which may be rounded, or too large by one.  Indices count from `base`.
    """

    names: Sequence[Sequence[str]] = ()
    beside: Sequence[str] = ()
    scales: Sequence[str] = ()
    missing: Sequence[str] = ()
    whole: bool = False
    base: int = 1


def joined(before: str, after: str) -> str:
    """Two pieces of LaTeX; a space between them where a command would run into a letter."""
    runs_on = after[:1].isalpha() and re.search(r"\\[A-Za-z]+\Z", before)
    return before + " " + after if runs_on else before + after


def replacing(span: Span, new: str, whole: Span | None = None) -> Edit:
    """The replacement of a span, shown with what it is part of."""
    whole = whole or span
    a, b = span.start - whole.start, span.end - whole.start
    changed = joined(joined(whole.text[:a], new), whole.text[b:])
    return Edit(((span.start, span.end, new),), f"{whole.text} → {changed}")


def without(span: Span, what: str = "") -> Edit:
    """The removal of a span."""
    return Edit(((span.start, span.end, ""),), f"without {what}{span.text}")


def everywhere(text: Text, edit: Edit) -> Edit | None:
    """The same change wherever the same thing stands, if that is at several places."""
    old, _, new = edit.shown.partition(" → ")
    changes = tuple((start, end, new) for start, end in text.occurrences(old))
    return Edit(changes, f"{edit.shown} everywhere") if len(changes) > 1 else None


def in_turns(kinds: Iterable[Iterator[Edit]]) -> Iterator[Edit]:
    """One edit of each kind after the other, so that no kind uses up the budget.

    A kind that stands there several times has several turns.
    """
    return (e for e in chain.from_iterable(zip_longest(*kinds)) if e is not None)
