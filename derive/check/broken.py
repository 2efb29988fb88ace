"""A pair of a chain that does not hold: where an edit may mend it, and how it reads then."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from derive.check.edit import Edit, Vocabulary
from derive.check.edits import edits
from derive.check.pair import Pair, UnequalShapes, pair
from derive.check.terms import bad_terms
from derive.check.text import Span, Text
from derive.errors import Unsupported
from derive.latex.claims import Claim
from derive.latex.error import ReadError

if TYPE_CHECKING:
    from derive.check.chain import Chain


class Broken:
    """Sides `k` and `k + 1` of a chain, which are not equal.

    The one that is probably wrong is the right one, unless its neighbours on both sides of the
    left one agree with each other.
    """

    def __init__(self, chain: Chain, k: int, pair: Pair) -> None:
        self.chain, self.k, self.pair, self.source = chain, k, pair, chain.source

    @cached_property
    def side(self) -> int:
        """The number of the side in which an edit is looked for."""
        return self.k if self.k and self.chain.agree(self.k - 1, self.k + 1) else self.k + 1

    @property
    def target(self) -> int:
        """The side that it should equal."""
        return self.k + 1 if self.side == self.k else self.k

    @cached_property
    def terms(self) -> list[Span]:
        """The terms of the side to edit."""
        return self.text.terms()

    @cached_property
    def text(self) -> Text:
        """The side to edit."""
        where = self.chain.claim.sides[self.side]
        return Text(self.source, where.start, where.end)

    @cached_property
    def bad(self) -> tuple[int, ...]:
        """The numbers of the terms that differ from those of a side that is equal to the target."""
        for k in range(len(self.chain.claim.sides)):
            if k != self.side and (k == self.target or self.chain.agree(k, self.target)):
                try:
                    found = bad_terms(self.chain.comparer, self.chain.pair(k, self.side))
                except (UnequalShapes, Unsupported):
                    continue
                if found and found[-1] < len(self.terms):
                    return found
        return ()

    @property
    def beside(self) -> list[str]:
        """The names with indices in the other sides, those of the target first."""
        sides = self.chain.claim.sides
        found: dict[str, None] = {}
        for k in (self.target, *range(len(sides))):
            if k != self.side:
                text = Text(self.source, sides[k].start, sides[k].end)
                found |= dict.fromkeys(s.whole.text for s in text.scripts("_"))
        return list(found)

    def edits(self, vocabulary: Vocabulary) -> Iterator[Edit]:
        """Edits that may mend the pair: first in the only term that is bad, if one is."""
        if len(self.bad) == 1:
            term = self.terms[self.bad[0]]
            yield from edits(self.source, term.start, term.end, vocabulary)
        yield from edits(self.source, self.text.start, self.text.end, vocabulary)
        for place in self.chain.definitions:
            yield from edits(self.source, *place, vocabulary)

    def quickly(self, edit: Edit) -> Pair | None:
        """The pair with an edit, of which as little as possible is read again."""
        whole = self.chain.claim.plain or self.chain.checker.symbols.einstein
        if whole or not edit.within(self.text.start, self.text.end):
            return self.again(edit)
        changed = edit.apply(self.source)
        longer = len(changed) - len(self.source)
        for number, term in enumerate(self.terms if len(self.terms) > 1 else ()):
            if edit.within(term.start, term.end):
                try:
                    text = changed[term.start : term.end + longer]
                    return self._paired(self._term(number, text))
                except ReadError:
                    break
        text = changed[self.text.start : self.text.end + longer]
        return self._paired(self.chain.rereader.side(self.chain.n, self.side, text))

    def again(self, edit: Edit) -> Pair | None:
        """The pair in the edited source."""
        claim = self.chain.edited(edit.apply(self.source))
        return None if claim is None else self._paired(claim)

    def _term(self, number: int, text: str) -> Claim:
        reread = self.chain.rereader.term
        return reread(self.chain.n, self.side, number, len(self.terms), text)

    def _paired(self, claim: Claim) -> Pair:
        return pair(claim, self.k, self.k + 1, self.chain.base)
