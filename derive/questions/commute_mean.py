"""Whether a function that is applied to every entry commutes with the mean over a window."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from derive.check.diagnose import difference
from derive.derivation.program import Program
from derive.derivation.scope import Scope
from derive.engine.simplify import PRESENTED, simplify
from derive.ir import Formula, Tensor
from derive.questions.applied import Applied
from derive.questions.meeting import meeting
from derive.questions.opening import Opened
from derive.questions.parts import Lines, Part, Say, Words
from derive.questions.pooled import Kind, Pooled
from derive.questions.setting import Setting, verified
from derive.questions.two_entries import TwoEntries, pairs
from derive.verify.verdict import REFUTED, Verification
from derive.verify.verify import Verifier


def answer(pool: Pooled, function: Applied, setting: Setting, decimals: int) -> Iterator[Part]:
    """A chain from one order to the other, or two entries that speak against it.

    Of unknown functions those commute that are affine, or linear where padding counts; ReLU is
    one that rises and does not.
    """
    if function.known:
        if _verdict(pool, function, setting, ()).status == REFUTED:
            yield from _against(pool, function, setting, decimals, "They do not commute:")
        else:
            yield from _chain(pool, function, setting, ())
        return
    yield from _against(pool, Applied.table("relu"), setting, decimals, "Not in general:")
    a, c = (Tensor(name, name, ()) for name in _letters(setting))
    affine = Applied(function.symbol, function.name, True, lambda f: a[()] * f + c[()])
    linear = Applied(function.symbol, function.name, True, lambda f: a[()] * f)
    for kind, special, given in (("affine", affine, (a, c)), ("linear", linear, (a,))):
        if _verdict(pool, special, setting, given).holds:
            yield Say((f"functions that are {kind} do:",), "In contrast,")
            yield from _chain(pool, special, setting, given)
            return


def _letters(setting: Setting) -> tuple[str, str]:
    """Names of two numbers that stand for nothing else."""
    taken = {t.symbol for t in (*setting.program.given, *setting.program.defined)}
    taken |= {s.name for s in setting.program.sizes}
    free = [x for x in (r"\lambda", r"\mu", r"\kappa", "r", "s", "q", "d") if x not in taken]
    return free[0], free[1]


def _program(pool: Pooled, setting: Setting, more: tuple[Tensor, ...]) -> Program:
    p = setting.program
    read = pool.read.tensor
    return Program(p.sizes, (read, *more), (), p.size_facts, setting.facts_of(read))


def _verdict(
    pool: Pooled, function: Applied, setting: Setting, more: tuple[Tensor, ...]
) -> Verification:
    left, right = function.of(pool.formula), pool.over(function.of(pool.read))
    verifier = Verifier(_program(pool, setting, more))
    return verified(verifier, left, "=", right, pool.ranges)


def _chain(
    pool: Pooled, function: Applied, setting: Setting, more: tuple[Tensor, ...]
) -> Iterator[Part]:
    """The function of the mean, brought to the mean of its values."""
    p = setting.program
    program = Program(p.sizes, (*p.given, *more), p.definitions, p.size_facts, p.facts)
    verifier = Verifier(program)

    def steps(f: Formula, reason: Words) -> Iterator[Opened]:
        yield Opened(f, reason)
        for s in simplify(f, Scope(program, pool.ranges), PRESENTED):
            yield Opened(s.after, (s.reason,) if s.reason else ())

    down = list(steps(function.of(pool.formula), ("definition of ", pool.of)))
    after = pool.over(function.of(pool.read))
    up = list(steps(after, ("the mean of the values",)))
    holds = partial(_holds, verifier, pool)
    yield Say(("so",), ranges=pool.ranges)
    yield Lines((meeting(function.of(pool.left), down, up, after, holds),), pool.ranges)
    yield Say(("which is the mean of the values in the window: they commute.",))


def _holds(verifier: Verifier, pool: Pooled, left: Formula, right: Formula) -> Verification:
    return verified(verifier, left, "=", right, pool.ranges)


def _against(
    pool: Pooled, function: Applied, setting: Setting, decimals: int, lead: str
) -> Iterator[Part]:
    """Two entries at which both orders differ."""
    tried = (TwoEntries(Kind.MEAN, pair) for pair in pairs(setting.facts_of(pool.read.tensor)))
    two = next((t for t in tried if t.differ(function.of)), None)
    if two is None:
        found = _verdict(pool, function, setting, ()).counterexample
        yield Say((f"{difference(found, '=')}.",), lead)
        return
    told = ("with ", function.name, ", in a window with the entries ")
    yield Say((*told, two.entries[0], " and ", two.entries[1], " only,"), lead)
    yield from two.told(function.of, decimals)
