"""All rules, in the order in which a student would meet them."""

from __future__ import annotations

from derive.derivation.rule import Rule
from derive.rules import algebra, definitions, deltas, derivative, guards, sums

_MODULES = (derivative, deltas, sums, guards, definitions, algebra)

CATALOGUE: tuple[Rule, ...] = tuple(
    r for module in _MODULES for r in vars(module).values() if isinstance(r, Rule)
)
