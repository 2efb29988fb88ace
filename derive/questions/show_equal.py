"""That two definitions are equal, step by step; or the smallest counterexample and a condition."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice

from derive.check.compare import Comparer
from derive.check.conditions import Conditions
from derive.check.pair import Pair
from derive.ir import Equal, Guard, Int, conjuncts
from derive.network.ask import ShowEqual
from derive.questions.aligned import Aligned, aligned
from derive.questions.as_matrix import check_matrix, matrix
from derive.questions.counterexample import counterexample
from derive.questions.meeting import meeting
from derive.questions.opening import opened
from derive.questions.parts import (
    Lines,
    Part,
    Row,
    Say,
    Side,
    Words,
)
from derive.questions.setting import Setting, verified
from derive.questions.statement import definition
from derive.verify.verdict import REFUTED, Verification
from derive.verify.verify import Verifier

_MOST = 40
"""Conditions that are tried."""


def wording(ask: ShowEqual, setting: Setting) -> Words:
    """The question in words."""
    left = setting.defined(ask.left, "left")
    if ask.right is None:
        return ("Write ", left, " as a matrix times its input, and print the matrix.")
    right = setting.defined(ask.right, "right")
    return ("Are ", left, " and ", right, " equal? Prove it, or give a counterexample.")


def check(ask: ShowEqual, setting: Setting) -> None:
    """Refuse arrays that cannot be compared, and matrices that do not fit on a page."""
    left = setting.defined(ask.left, "left")
    if ask.right is None:
        check_matrix(left, setting)
    else:
        aligned(left, setting.defined(ask.right, "right"), setting, "right")


def answer(ask: ShowEqual, setting: Setting) -> Iterator[Part]:
    """The definitions, then a chain from one to the other, or what speaks against it."""
    left = setting.defined(ask.left, "left")
    if ask.right is None:
        yield from matrix(left, setting)
        return
    right = setting.defined(ask.right, "right")
    for t in (left, right):
        yield from definition(t, setting)
    pair = aligned(left, right, setting, "right")
    verdict = setting.holds(pair.left, pair.right, pair.ranges)
    if verdict.status == REFUTED:
        yield from _refuted(pair, verdict, setting)
    else:
        yield from _proved(pair, setting)


# -- a proof -------------------------------------------------------------------------------------


def _proved(pair: Aligned, setting: Setting) -> Iterator[Part]:
    """Both sides written out until they are the same."""
    down = list(opened(pair.left, pair.ranges, setting))
    up = list(opened(pair.right, pair.ranges, setting))
    holds = partial(setting.holds, ranges=pair.ranges)
    yield Say(("so",), ranges=pair.ranges)
    yield Lines((meeting(pair.left, down, up, pair.right, holds),), pair.ranges)


# -- a refutation --------------------------------------------------------------------------------


def _refuted(pair: Aligned, verdict: Verification, setting: Setting) -> Iterator[Part]:
    """The smallest counterexample, and a condition under which both are equal."""
    yield from counterexample(pair, verdict, setting)
    guard = condition(pair, setting)
    if guard is None:
        yield Say(("No condition on the sizes alone was found that makes them equal.",))
        return
    yield Say(("They are equal where ", guard, ":"))
    told = Side(pair.right, ("if ", guard), verdict=_under(guard, pair, setting))
    yield Lines((Row(pair.left, (told,)),), pair.ranges)


def condition(pair: Aligned, setting: Setting) -> Guard | None:
    """The weakest condition on free sizes that was found to make both sides equal.

    The last that are tried are that a size is 1, as that of a single channel.
    """
    conditions = Conditions(Comparer(setting.program))
    guards = islice(conditions.guards(Pair(pair.left, "=", pair.right, pair.ranges)), _MOST)
    usual = next((g for g in guards if _under(g, pair, setting).holds), None)
    if usual is not None:
        return usual
    free = (s for s in setting.program.sizes if s.definition is None and s.value is None)
    single: list[Guard] = [Equal(Int.of(s), Int.of(1)) for s in free if s.least <= 1]
    found = [g for g in single if _under(g, pair, setting).holds]
    weakest = (g for g in found if not any(conditions.implies(g, h) for h in found if h != g))
    return next(weakest, None)


def _under(guard: Guard, pair: Aligned, setting: Setting) -> Verification:
    """Whether both are equal at sizes at which a condition holds."""
    verifier = Verifier(setting.program, fixed=setting.sizes)
    return verified(verifier, pair.left, "=", pair.right, pair.ranges, conjuncts(guard))
