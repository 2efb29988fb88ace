"""Simplification: named phases, each with the reason for its place.

1. differentiate   every ∂ is pushed to the leaves, so that the rest meets no ∂ of a compound
2. fold            before constants leave sums: Σ_k e^{z_k} must still stand beside its e^{z_j}
3. contract        δ under sums; only then is it known which sums are left
4. bounds          conditions that contraction left become bounds; windows with one element collapse
5. facts           what is declared, once the sums have the form in which it is declared
6. collect         constants in front, common factors, signs: the form that one would write

A phase is repeated until none of them finds anything to do.  Each phase is one displayed step, with
the firings of its rules as substeps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from derive.derivation.rule import Rule
from derive.derivation.scope import Scope
from derive.derivation.step import Step
from derive.engine.rewrite import Rewriter
from derive.ir import Formula
from derive.rules import algebra, definitions, deltas, derivative, guards, positions, sums


@dataclass(frozen=True, eq=False)
class Phase:
    """Rules that are applied together until none of them fires."""

    name: str
    rules: tuple[Rule, ...]

    @cached_property
    def by_node(self) -> dict[type, list[Rule]]:
        """For each class of nodes the rules that look at it, in order."""
        found: dict[type, list[Rule]] = {}
        for r in self.rules:
            for node in r.on:
                found.setdefault(node, []).append(r)
        return found


TIDY = (
    algebra.tidy_product,
    algebra.tidy_sum,
    algebra.tidy_power,
    sums.zero_sum,
)

DIFFERENTIATE = Phase(
    "differentiate",
    (
        derivative.independence,
        derivative.independent_entries,
        derivative.sum_rule,
        derivative.linearity,
        derivative.product_rule,
        derivative.power_rule,
        derivative.chain_rule,
        derivative.maximum_rule,
        derivative.greatest_rule,
        derivative.cases_rule,
        derivative.locally_constant,
        *TIDY,
    ),
)
FOLD = Phase("fold", (definitions.fold, algebra.collect_powers, *TIDY))
CONTRACT = Phase(
    "contract",
    (
        *TIDY,
        algebra.collect_powers,
        algebra.merge_brackets,
        deltas.decided,
        deltas.common_part,
        guards.decided,
        guards.decided_inside,
        guards.floor_to_numerator,
        sums.empty_sum,
        sums.one_point,
        sums.merge_sums,
        positions.merge_unravelled,
        positions.equal_positions,
        positions.split_ravelled,
        deltas.unit_delta,
        deltas.expose_delta,
    ),
)
CONTRACT_ALL = Phase(
    "contract",
    (*CONTRACT.rules, positions.sum_over_tuples, deltas.strided_delta),
)
BOUNDS = Phase(
    "bounds",
    (
        *TIDY,
        guards.decided,
        guards.decided_inside,
        guards.floor_to_numerator,
        guards.conditions_to_bounds,
        guards.choice_in_window,
        guards.redundant_bound,
        sums.empty_sum,
        sums.one_point,
    ),
)
FACTS = Phase("facts", (sums.pull_constants, *definitions.FACTS, *TIDY))
COLLECT = Phase(
    "collect",
    (
        deltas.replace_equal,
        guards.exact_quotient,
        sums.pull_constants,
        sums.counting,
        algebra.collect_powers,
        algebra.cancel,
        algebra.distribute_sign,
        algebra.multiply_out,
        algebra.factor_out,
        *TIDY,
    ),
)

FORWARD = (CONTRACT, BOUNDS, COLLECT)
JACOBIAN = (DIFFERENTIATE, FOLD, CONTRACT, FOLD, BOUNDS, FACTS, COLLECT)
SECOND = (DIFFERENTIATE,)
PRESENTED = (CONTRACT_ALL, BOUNDS, COLLECT)
TUPLES = (Phase("index tuples", (positions.sum_over_tuples, *TIDY)),)
COMPOSED = (CONTRACT_ALL, BOUNDS, COLLECT)
GRADIENT = (FOLD, CONTRACT_ALL, FOLD, BOUNDS, FACTS, COLLECT)


def simplify(f: Formula, scope: Scope, phases: Sequence[Phase]) -> tuple[Step, ...]:
    """The displayed steps from `f` to its normal form under the phases."""
    steps: list[Step] = []
    rewriters = {phase: Rewriter(phase.by_node, scope) for phase in phases}
    while True:
        before = len(steps)
        for phase in phases:
            rewriter = rewriters[phase]
            f = rewriter.run(f)
            if rewriter.steps:
                steps.append(displayed(phase.name, rewriter.steps))
        if len(steps) == before:
            return tuple(steps)


def displayed(name: str, small: Sequence[Step]) -> Step:
    """One step for the reader, made of small ones; its reasons are theirs, each once."""
    reasons = dict.fromkeys(s.reason for s in small if s.reason)
    facts = tuple(dict.fromkeys(g for s in small for g in s.facts))
    return Step(small[0].before, small[-1].after, name, "; ".join(reasons), facts, tuple(small))
