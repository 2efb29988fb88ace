"""That two definitions are equal, step by step; or the smallest counterexample and a condition."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from derive.check.compare import Comparer
from derive.check.conditions import Conditions
from derive.check.pair import Pair
from derive.ir import Formula, Guard, conjuncts, same
from derive.network.ask import ShowEqual
from derive.questions.aligned import Aligned, aligned
from derive.questions.as_matrix import check_matrix, matrix
from derive.questions.counterexample import counterexample
from derive.questions.opening import Opened, opened
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
        yield from _proved(pair, verdict, setting)


# -- a proof -------------------------------------------------------------------------------------


def _proved(pair: Aligned, verdict: Verification, setting: Setting) -> Iterator[Part]:
    """Both sides written out until they are the same."""
    down = list(opened(pair.left, pair.ranges, setting))
    up = list(opened(pair.right, pair.ranges, setting))
    meeting = [k for k, x in enumerate(down) if any(same(x.formula, y.formula) for y in up)]
    if meeting:
        down = down[: meeting[0] + 1]
        at = next(k for k, y in enumerate(up) if same(down[-1].formula, y.formula))
        up = up[: at + 1]
    before: Formula = pair.left
    told: list[Side] = []
    for x in _told(down):
        told.append(
            Side(x.formula, x.reason, verdict=setting.holds(before, x.formula, pair.ranges))
        )
        before = x.formula
    back = [*(y.formula for y in reversed(up)), pair.right]
    reasons = [y.reason for y in reversed(up)]
    if not meeting:
        reasons = [("the same, written otherwise",), *reasons]
    else:
        back = back[1:]
    for f, why in zip(back, reasons, strict=True):
        told.append(Side(f, why, verdict=setting.holds(before, f, pair.ranges)))
        before = f
    last = told[-1]
    told[-1] = Side(last.formula, last.reason, verdict=verdict)
    yield Say(("so",), ranges=pair.ranges)
    yield Lines((Row(pair.left, tuple(told)),), pair.ranges)


def _told(steps: list[Opened]) -> list[Opened]:
    """The steps, those without a reason together with the one before."""
    told: list[Opened] = []
    for x in steps:
        if told and not x.reason:
            told[-1] = Opened(x.formula, told[-1].reason)
        else:
            told.append(x)
    return told


# -- a refutation --------------------------------------------------------------------------------


def _refuted(pair: Aligned, verdict: Verification, setting: Setting) -> Iterator[Part]:
    """The smallest counterexample, and a condition under which both are equal."""
    yield from counterexample(pair, verdict, setting)
    guard = condition(pair, setting)
    if guard is None:
        yield Say(("No condition on the sizes alone makes them equal.",))
        return
    yield Say(("They are equal where ", guard, ":"))
    told = Side(pair.right, ("if ", guard), verdict=_under(guard, pair, setting))
    yield Lines((Row(pair.left, (told,)),), pair.ranges)


def condition(pair: Aligned, setting: Setting) -> Guard | None:
    """The weakest condition on free sizes that was found to make both sides equal."""
    asked = Pair(pair.left, "=", pair.right, pair.ranges)
    guards = Conditions(Comparer(setting.program)).guards(asked)
    found = (g for g in islice(guards, _MOST) if _under(g, pair, setting).holds)
    return next(found, None)


def _under(guard: Guard, pair: Aligned, setting: Setting) -> Verification:
    """Whether both are equal at sizes at which a condition holds."""
    verifier = Verifier(setting.program, fixed=setting.sizes)
    return verified(verifier, pair.left, "=", pair.right, pair.ranges, conjuncts(guard))
