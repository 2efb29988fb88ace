"""The verdicts on the adjacent pairs of one chain."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from derive.check import spell
from derive.check.broken import Broken
from derive.check.compare import Comparer
from derive.check.conventions import holds
from derive.check.diagnose import Context, diagnose
from derive.check.diagonal import settled
from derive.check.edit import Edit
from derive.check.layouts import other_layouts
from derive.check.pair import Pair, UnequalShapes, entry_for_array, pair
from derive.check.reach import relevant
from derive.check.transpose import transposed
from derive.check.verdict import (
    CONVENTION,
    HOLDS,
    HOLDS_IF,
    UNREADABLE,
    WRONG,
    Finding,
    PairVerdict,
)
from derive.errors import Unsupported
from derive.ir import Bracket, Guard, Number, conjunction
from derive.latex.claims import Claim, read_claims
from derive.latex.error import ReadError
from derive.latex.rereading import Rereader
from derive.latex.symbols import Symbols

if TYPE_CHECKING:
    from derive.check.claims import Checker


def claims_in(source: str, symbols: Symbols, comparer: Comparer) -> list[Claim]:
    """The claims of a source, without what it defines."""
    return [settled(c, comparer) for c in read_claims(source, symbols) if isinstance(c, Claim)]


MOST_MENDED, LONGEST_MENDED = 20, 4000
"""In so many pairs of a chain a repair is looked for, and in a source of so many characters."""
TOO_DEEP = "sums, functions or derivatives stand too deep inside each other"


class Chain:
    """The `n`-th claim of a source; `definitions` are the places of what the source defines."""

    def __init__(
        self,
        checker: Checker,
        source: str,
        n: int,
        claim: Claim,
        definitions: tuple[tuple[int, int], ...],
    ) -> None:
        self.checker, self.source, self.n, self.claim = checker, source, n, claim
        self.definitions = definitions
        self.comparer = checker.comparer
        self.mended: dict[int, Edit | None] = {}
        self.refuted = 0
        self._agreeing: dict[tuple[int, int], bool] = {}

    def verdicts(self) -> list[PairVerdict]:
        """The verdicts on its adjacent pairs."""
        made = []
        for k in range(len(self.claim.relations)):
            start, end = self.claim.sides[k].start, self.claim.sides[k + 1].end
            f = self._finding(k)
            made.append(
                PairVerdict(
                    f.status,
                    f.message,
                    f.condition,
                    f.counterexample,
                    f.suggestion,
                    start,
                    end,
                    self.source[start:end],
                    self.claim.readings,
                )
            )
        return made

    def _finding(self, k: int) -> Finding:
        try:
            it = self.pair(k, k + 1)
        except UnequalShapes as reason:
            return self._read_otherwise(k) or Finding(WRONG, str(reason))
        try:
            assumed = self._assumed
            found = self.comparer(it, assumed)
            if found.holds and assumed:
                condition = spell.condition(conjunction(*assumed))
                return Finding(HOLDS_IF, f"holds only if {condition}", condition)
            if found.holds:
                return Finding(HOLDS, found.reason)
            if found.counterexample is None:
                return Finding(UNREADABLE, f"this cannot be checked: {found.reason}")
            if it.axes:
                turned = (
                    self._multiplied_otherwise(k)
                    or self._transposed(k)
                    or self._laid_out_otherwise(k)
                )
                if turned is not None:
                    return turned
            self.refuted += 1
            shown = relevant(found.counterexample, it, self.comparer.program, self.checker.hidden)
            return diagnose(it, shown, self._context(k, it))
        except Unsupported as reason:
            return Finding(UNREADABLE, f"this cannot be checked: {reason}")
        except RecursionError:
            return Finding(UNREADABLE, f"this cannot be checked: {TOO_DEEP}")

    @property
    def base(self) -> int:
        return self.checker.symbols.base

    def _read_otherwise(self, k: int) -> Finding | None:
        """Sides of different shapes: one is the entry of the other, or its transpose."""
        for claim in entry_for_array(self.claim, k, k + 1):
            if holds(self.comparer, pair(claim, k, k + 1, self.base)):
                return Finding(HOLDS, "the one side is an array, the other its entry")
        return self._transposed(k) or self._laid_out_otherwise(k)

    @cached_property
    def _assumed(self) -> list[Guard]:
        """What the chain takes for granted of sizes, and the Given does not say."""
        certain = (Pair(Bracket(g), "=", Number(1), ()) for g in self.claim.assumed)
        pairs = zip(self.claim.assumed, certain, strict=True)
        return [g for g, it in pairs if not holds(self.comparer, it)]

    def _multiplied_otherwise(self, k: int) -> Finding | None:
        """The pair as it reads where products of matrices over an index have their last one first.

        People write the Jacobians of a chain in either order.
        """
        if r"\prod" not in self.source:
            return None
        symbols = replace(self.checker.symbols, descending=True)
        try:
            claim = claims_in(self.source, symbols, self.comparer)[self.n]
            it = pair(claim, k, k + 1, self.base)
        except (ReadError, UnequalShapes, IndexError):
            return None
        said = "where the product over an index has its last factor first"
        return Finding(HOLDS, said) if holds(self.comparer, it) else None

    def _laid_out_otherwise(self, k: int) -> Finding | None:
        """The pair as it reads with derivatives laid out in another way."""
        for name, symbols in other_layouts(self.checker.symbols):
            try:
                claim = claims_in(self.source, symbols, self.comparer)[self.n]
                it = pair(claim, k, k + 1, self.base)
            except (ReadError, UnequalShapes, IndexError):
                continue
            if holds(self.comparer, it):
                return Finding(CONVENTION, f"right under another convention: {name}", name)
        return None

    def _transposed(self, k: int) -> Finding | None:
        if not transposed(self.claim, k, self.base, self.comparer):
            return None
        name = "layout: one side is the transpose of the other"
        return Finding(CONVENTION, f"right under another convention: {name}", name)

    def _context(self, k: int, it: Pair) -> Context:
        return Context(
            self.comparer,
            self.checker.symbols,
            Broken(self, k, it),
            lambda: self._otherwise(k),
            self.checker.base_stated,
            self.refuted <= MOST_MENDED and len(self.source) <= LONGEST_MENDED,
        )

    # -- for repairs -------------------------------------------------------------------------------

    def pair(self, first: int, second: int) -> Pair:
        """Two sides of the chain."""
        return pair(self.claim, first, second, self.base)

    def agree(self, first: int, second: int) -> bool:
        """Whether two sides are probably equal."""
        if (first, second) not in self._agreeing:
            try:
                found = self.comparer.probe(self.pair(first, second))
            except (UnequalShapes, Unsupported):
                found = False
            self._agreeing[first, second] = self._agreeing[second, first] = found
        return self._agreeing[first, second]

    @cached_property
    def rereader(self) -> Rereader:
        """What reads an edited side of this chain."""
        return Rereader(self.source, self.checker.symbols)

    def edited(self, source: str) -> Claim | None:
        """The chain in an edited source, if it still has as many sides."""
        claims = claims_in(source, self.checker.symbols, self.comparer)
        same = self.n < len(claims) and len(claims[self.n].sides) == len(self.claim.sides)
        return claims[self.n] if same else None

    def _otherwise(self, k: int) -> tuple[Comparer, Pair] | None:
        """The pair as it reads with the other index base."""
        other, claim = self.checker.counted_otherwise, self._counted_otherwise
        if other is None or claim is None:
            return None
        try:
            return other.comparer, pair(claim, k, k + 1, other.symbols.base)
        except (UnequalShapes, IndexError):
            return None

    @cached_property
    def _counted_otherwise(self) -> Claim | None:
        """The chain as it reads with the other index base."""
        other = self.checker.counted_otherwise
        try:
            if other is None:
                return None
            return claims_in(self.source, other.symbols, other.comparer)[self.n]
        except (ReadError, IndexError):
            return None
