"""From a source to verdicts: every adjacent pair of every chain that it claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Protocol

from derive.check.chain import TOO_DEEP, Chain, claims_in
from derive.check.compare import Comparer
from derive.check.conventions import holds
from derive.check.diagonal import settled
from derive.check.layouts import other_layouts
from derive.check.pair import UnequalShapes, pair
from derive.check.repair import fitting, meant
from derive.check.verdict import (
    CONVENTION,
    UNDEFINED,
    UNREADABLE,
    WRONG,
    PairVerdict,
    Verdict,
    overall,
)
from derive.derivation.program import Program
from derive.errors import InputError, Unsupported
from derive.latex.claims import Claim, Defined, read_claims
from derive.latex.environments import DECORATED, plain
from derive.latex.error import Miscounted, Misfit, ReadError, UndefinedName
from derive.latex.symbols import Symbols
from derive.latex.traced import Traced
from derive.network.build import Model, build
from derive.network.given import Given
from derive.network.symbols import symbols_of
from derive.verify.world import Given as Entries


class Declared(Protocol):
    """Something that was made from a Given, as `derive.load` makes it."""

    @property
    def schema(self) -> Given: ...


def check(claim: str, given: Given | Declared | Mapping[str, object]) -> Verdict:
    r"""The verdict on LaTeX that somebody wrote: an equation, a chain, or several of them.

    `given` declares the symbols, as a dict of the tables of a Given or as `derive.load` returns it:

        derive.check(r"\frac{\partial y_i}{\partial x_j} = 2 x_i \delta_{ij}",
                     given={"tensors": {"x": ["n"]}, "define": ["y_{i} = x_i^2"]})

    Raises InputError where the Given itself cannot be used.
    """
    if isinstance(given, Mapping):
        given = Given.from_dict(given)
    elif not isinstance(given, Given):
        given = given.schema
    return overall(check_source(claim, given))


def check_source(source: str, given: Given) -> tuple[PairVerdict, ...]:
    """The verdicts on everything that a source claims, in its order.

    Several sources about one Given are checked faster by one `Checker`.
    """
    return Checker(given).check(source)


class Checker:
    """Checks claims about what a Given declares."""

    def __init__(self, given: Given) -> None:
        self.given = given
        self.model: Model = build(given, checking=True)
        self.symbols: Symbols = symbols_of(self.model)

    @property
    def hidden(self) -> frozenset[str]:
        """The names of given arrays that nobody named: the coefficients of unknown functions."""
        return frozenset(t.name for t in self.model.hidden)

    def fixes(self, name: str) -> bool:
        """Whether the Given fixes the size of a name."""
        return any(s.name == name and s.value is not None for s in self.model.program.sizes)

    @cached_property
    def comparer(self) -> Comparer:
        known = {t.name: t for t in self.model.program.given}
        numbers = {known[n]: Entries.of(v) for n, v in self.model.values.items() if n in known}
        return Comparer(self.model.program, numbers, general=lambda: self._general)

    @cached_property
    def _general(self) -> Program:
        """The program with a name for every size.

        Unsupported where a definition has numbers that are not known to be those of sizes.
        """
        try:
            return build(self.given, checking=True, literal=False).program
        except InputError as reason:
            raise Unsupported("the arrays are too large to be compared") from reason

    def check(self, source: str) -> tuple[PairVerdict, ...]:
        """The verdict on every adjacent pair, or on the one place that cannot be read."""
        if DECORATED.search(source):
            text = plain(Traced.of(source, 0, len(source)))
            return tuple(_moved(v, text) for v in self.check(text.text))
        try:
            found = [
                settled(c, self.comparer) if isinstance(c, Claim) else c
                for c in read_claims(source, self.symbols)
            ]
        except Misfit as error:
            for name, symbols in other_layouts(self.symbols):
                if self.holds(source, symbols):
                    message = f"right under another convention: {name}"
                    end = len(source)
                    return (PairVerdict(CONVENTION, message, name, end=end, latex=source),)
            edit = fitting(source, error.position, self.symbols, self.holds)
            return (_unread(source, error, edit.shown if edit else ""),)
        except UndefinedName as error:
            edit = meant(source, error.position, self.symbols, self.holds)
            return (_unread(source, error, edit.shown if edit else ""),)
        except ReadError as error:
            return (_unread(source, error),)
        except RecursionError:
            return (_unread(source, ReadError(0, "a simpler formula", TOO_DEEP)),)
        claims = [c for c in found if isinstance(c, Claim)]
        places = tuple(_right_side(source, d) for d in found if isinstance(d, Defined))
        return tuple(
            verdict
            for n, claim in enumerate(claims)
            for verdict in Chain(self, source, n, claim, places).verdicts()
        )

    def holds(self, source: str, symbols: Symbols | None = None) -> bool:
        """Whether everything that a source claims can be read, by some symbols, and holds."""
        try:
            pairs = [
                pair(claim, k, k + 1, self.symbols.base)
                for claim in claims_in(source, symbols or self.symbols, self.comparer)
                for k in range(len(claim.relations))
            ]
        except (ReadError, UnequalShapes):
            return False
        return bool(pairs) and all(holds(self.comparer, it) for it in pairs)

    @property
    def base_stated(self) -> bool:
        """Whether the Given says from where indices count."""
        return "index_base" in self.given.conventions.model_fields_set

    @cached_property
    def counted_otherwise(self) -> Checker | None:
        """The same with indices that count from the other base."""
        conventions = self.given.conventions
        other = conventions.model_copy(update={"index_base": 1 - conventions.index_base})
        try:
            return Checker(self.given.model_copy(update={"conventions": other}))
        except InputError:  # its definitions mean nothing when counted otherwise
            return None


def _moved(v: PairVerdict, text: Traced) -> PairVerdict:
    """A verdict on a text as one on the source that it was made from."""
    start, end = text.span(v.start, v.end)
    return replace(v, start=start, end=end)


def _right_side(source: str, definition: Defined) -> tuple[int, int]:
    """Where the right side of a definition stands."""
    start = source.find("=", definition.start, definition.end) + 1
    return start or definition.start, definition.end


def _unread(source: str, error: ReadError, suggestion: str = "") -> PairVerdict:
    status, message = UNREADABLE, error.message
    if isinstance(error, UndefinedName):
        status = UNDEFINED
    elif isinstance(error, Misfit) and not isinstance(error, Miscounted):
        status = WRONG
    message += f"; it would be right with {suggestion}" if suggestion else ""
    start = min(max(error.position, 0), len(source))
    return PairVerdict(
        status,
        message,
        suggestion=suggestion,
        start=start,
        end=len(source),
        latex=source,
        stopped=True,
    )
