"""All rules, in the order in which a student would meet them."""

from __future__ import annotations

from derive.derivation.rule import Rule
from derive.rules import algebra, definitions, deltas, derivative, guards, sums
from derive.rules.wholes import LAWS

_MODULES = (derivative, deltas, sums, guards, definitions, algebra)

CATALOGUE: tuple[Rule, ...] = (
    *(r for module in _MODULES for r in vars(module).values() if isinstance(r, Rule)),
    *(law.rule for law in LAWS),
)
