"""A formula that somebody wrote, compared with what follows from the definitions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from derive.check.chain import claims_in
from derive.check.claims import Checker
from derive.check.pair import Pair, UnequalShapes, pair
from derive.check.verdict import (
    CONVENTION,
    HOLDS,
    HOLDS_IF,
    UNDEFINED,
    UNREADABLE,
    WRONG,
    PairVerdict,
    overall,
)
from derive.errors import DeriveError
from derive.ir import Component, Derivative, Formula, Relation
from derive.latex.error import ReadError
from derive.network.ask import Compare
from derive.questions.parts import Lines, Part, Row, Say, Side, Typed, Word, Words
from derive.questions.setting import Setting

_SAID = {
    HOLDS: "It holds.",
    HOLDS_IF: "It does not hold in general, but under a condition.",
    CONVENTION: "It holds under another convention.",
    WRONG: "It is wrong.",
    UNDEFINED: "It cannot be judged: it has a symbol that means nothing here.",
    UNREADABLE: "It cannot be judged: it cannot be read.",
}


def wording(ask: Compare, setting: Setting) -> Words:
    """The question in words."""
    claimed = _claimed(ask, _checker(setting))
    if not claimed:
        return ("Does this hold: ", Typed(ask.latex), "?")
    words: list[Word] = ["Does this hold: "]
    for k, p in enumerate(claimed):
        words += [", "] if k else []
        words.append(Relation(p.left, p.relation, p.right, p.ranges))
    return (*words, "?")


def answer(ask: Compare, setting: Setting) -> Iterator[Part]:
    """The verdict of the checker on each relation, and what is right where one is wrong."""
    checker = _checker(setting)
    found = overall(checker.check(ask.latex))
    claimed = _claimed(ask, checker)
    yield Say((_SAID[found.status],))
    fitting = claimed if len(claimed) == len(found.pairs) else []
    shown: set[Formula] = set()
    first = before = None
    for verdict, p in zip_longest(found.pairs, fitting):
        if p is None:
            yield Say((Typed(verdict.latex), f": {verdict.message}."))
            continue
        yield from _judged(verdict, p, checker)
        first = first if first is not None and before == p.left else p.left  # of a chain
        before = p.right
        if verdict.status != HOLDS and first not in shown:
            shown.add(first)
            yield from _ours(first, setting)


def _checker(setting: Setting) -> Checker:
    return Checker(setting.given.model_copy(update={"problems": ()}))


def _claimed(ask: Compare, checker: Checker) -> list[Pair]:
    """What is claimed, as formulas; nothing where it cannot be read."""
    try:
        return [
            pair(claim, k, k + 1, checker.symbols.base)
            for claim in claims_in(ask.latex, checker.symbols, checker.comparer)
            for k in range(len(claim.relations))
        ]
    except (ReadError, UnequalShapes, RecursionError):
        return []


def _judged(verdict: PairVerdict, p: Pair, checker: Checker) -> Iterator[Part]:
    """One relation: as it is where it holds, crossed out where it does not."""
    if verdict.status == HOLDS:
        known = checker.comparer(p)
        yield Lines((Row(p.left, (Side(p.right, (), p.relation, known),)),), p.ranges)
        return
    if p.relation == "=":
        yield Lines((Row(p.left, (Side(p.right, ("in general",), "!="),)),), p.ranges)
    else:
        yield Say(("Not ", Relation(p.left, p.relation, p.right, p.ranges), ":"))
    yield Say((f"{verdict.message[:1].upper()}{verdict.message[1:]}.",))


def _ours(left: Formula, setting: Setting) -> Iterator[Part]:
    """The left side as the engine derives it, where it is an array or a derivative."""
    try:
        match left:
            case Component() if left.tensor in setting.program.defined:
                d = setting.engine(left.tensor).forward(left.tensor)
            case Derivative() if isinstance(left.of, Component):
                of = setting.tensor(left.of.tensor.name)
                d = setting.engine(of).gradient(setting.tensor(left.by.tensor.name), expanded=True)
            case _:
                return
    except DeriveError:  # that it is wrong stands there already
        return
    yield Say(("it is",), "Instead,")
    yield Lines((Row(d.start, (Side(d.result, verdict=setting.derived(d).ends),)),), d.ranges)
