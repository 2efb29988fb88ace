"""What is to be said of a pair that does not hold: under what it would, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from derive.check import spell
from derive.check.broken import Broken
from derive.check.compare import Comparer
from derive.check.conditions import Conditions, vanishes
from derive.check.conventions import convention, holds
from derive.check.edit import Edit
from derive.check.factors import Factor, factor
from derive.check.pair import Pair
from derive.check.reach import count
from derive.check.repair import repair
from derive.check.terms import differing_entries, meeting
from derive.check.verdict import CONVENTION, HOLDS_IF, WRONG, Finding
from derive.check.zero import zero_outside
from derive.latex.symbols import Symbols
from derive.verify.verdict import Counterexample

SIGNS = {"<": "<", "<=": "≤", "!=": "≠"}
SHOWN = 6
"""Entries of given arrays that are told, at most."""


@dataclass(frozen=True)
class Context:
    """What the diagnosis of a pair may use.

    `broken` is the side to edit.  `otherwise` gives the pair as it reads when indices count from
    the other base, and what it is compared by; `base_stated` says whether the Given fixes the base.
    Without `mends`, what takes long is left out: where the pair is wrong, and how to mend it.
    """

    comparer: Comparer
    symbols: Symbols
    broken: Broken
    otherwise: Callable[[], tuple[Comparer, Pair] | None]
    base_stated: bool
    mends: bool = True


def diagnose(pair: Pair, counterexample: Counterexample | None, context: Context) -> Finding:
    """Why a refuted pair does not hold."""
    comparer = context.comparer
    name = convention(comparer, pair)
    if not name and not context.base_stated:
        name = _with_other_base(context)
    if name:
        message = f"right under another convention: {name}"
        return Finding(CONVENTION, message, name, counterexample)
    by = factor(comparer, pair)
    if by is not None and by.unit:
        message = f"holds only if {by.unit}: the left side is {by.latex} times the right one"
        return Finding(HOLDS_IF, message, by.unit, counterexample, f"a factor {by.latex}")
    condition = Conditions(comparer).find(pair) or _special(comparer, pair)
    if condition:
        return Finding(HOLDS_IF, f"holds only if {condition}", condition, counterexample)
    return _wrong(pair, by, counterexample, context)


def _special(comparer: Comparer, pair: Pair) -> str:
    """What is said of values rather than sizes: entries outside a range, ties, kinks."""
    if comparer.generic(pair):
        return "there are no ties, and no argument is at a kink"
    return zero_outside(comparer, pair)


def _with_other_base(context: Context) -> str:
    """That the pair holds when indices count from the other base, in words."""
    if context.comparer.counts(context.broken.pair):
        return ""
    found = context.otherwise()
    if found is None or not holds(*found) or vanishes(*found):
        return ""
    return f"indices count from {1 - context.symbols.base}"


def _wrong(
    pair: Pair, by: Factor | None, counterexample: Counterexample | None, context: Context
) -> Finding:
    comparer, broken = context.comparer, context.broken
    entries = differing_entries(comparer, pair)
    parts = [entries or difference(counterexample, pair.relation)]
    if not context.mends:
        return Finding(WRONG, parts[0], "", counterexample, entries)
    if broken.bad:
        first = broken.terms[broken.bad[0]]
        parts.append(f"the first term that does not agree is {first.text}")
    where = meeting(comparer, pair)
    if where:
        parts.append(f"both sides agree only where {where}")
    other = _with_other_base(context) if context.base_stated else ""
    if other:
        parts.append(f"it would be right if {other}")
    edit: Edit | None = None
    if by is not None:
        parts.append(f"the left side is {by.latex} times the right one")
    elif not entries:
        edit = repair(broken, comparer, context.symbols)
    suggestion = edit.shown if edit else f"a factor {by.latex}" if by else entries
    if edit:
        parts.append(f"it would be right with {edit.shown}")
    return Finding(WRONG, "; ".join(p for p in parts if p), "", counterexample, suggestion)


def difference(found: Counterexample | None, relation: str) -> str:
    """Where the two sides differ; with the values of arrays that have few entries in all."""
    if found is None:
        return ""
    if found.left is found.right is None:
        where = ", ".join(f"{name} = {value}" for name, value in found.indices)
        return "the two sides differ" + (f" at {where}" if where else "")
    said = f"the two sides differ: {found}"
    if relation != "=":
        said = f"it fails: {found}".replace(" ≠ ", f" {SIGNS[relation]} ", 1)
    for side, value in (("left", found.left), ("right", found.right)):
        said += f"; the {side} side reads outside of an array" if value is None else ""
    if not found.tensors or sum(count(entries) for _, entries in found.tensors) > SHOWN:
        return said
    values = ", ".join(f"{name} = {spell.entries(entries)}" for name, entries in found.tensors)
    return f"{said}, where {values}"
