"""All rules, in the order in which a student would meet them."""

from __future__ import annotations

from derive.derivation.rule import Rule
from derive.rules import algebra, definitions, deltas, derivative, guards, positions, stacks, sums
from derive.rules.wholes import LAWS

_MODULES = (derivative, deltas, positions, sums, guards, definitions, algebra, stacks)

ARRAY_RULES: tuple[Rule, ...] = tuple(law.rule for law in LAWS)
"""The laws of whole arrays, as rules about their entries."""

CATALOGUE: tuple[Rule, ...] = (
    *(r for module in _MODULES for r in vars(module).values() if isinstance(r, Rule)),
    *ARRAY_RULES,
)
