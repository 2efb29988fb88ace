"""The catalogue: every rule fires on its example, changes it, and is right at ties and borders."""

from __future__ import annotations

import pytest
from mutants import mutants

from derive.derivation.rule import Rule
from derive.ir import same
from derive.rules.catalogue import CATALOGUE
from derive.verify.verify import verify_chain

BY_NAME = pytest.mark.parametrize("rule", CATALOGUE, ids=lambda r: r.name)


@BY_NAME
def test_rule_is_right_on_its_example(rule: Rule) -> None:
    formula, scope = rule.example()
    assert isinstance(formula, rule.on)
    new = rule.apply(formula, scope)
    assert new is not None, "does not fire on its example"
    assert not same(formula, new), "does not change its example"
    verdict = verify_chain(scope.program, [formula, new], scope.ranges, tuple(scope.used))
    assert verdict.status == "exact", verdict.ends.counterexample or verdict.ends.reason


@BY_NAME
def test_a_wrong_result_of_the_rule_would_be_noticed(rule: Rule) -> None:
    """Each small change to what the rule returns is refuted on the same example."""
    formula, scope = rule.example()
    new = rule.apply(formula, scope)
    assert new is not None
    noticed = [
        name
        for name, wrong in mutants(new)
        if verify_chain(scope.program, [formula, wrong], scope.ranges).status != "exact"
    ]
    assert noticed, "no mutant of the result is noticed: the example exercises nothing"


def test_names_are_unique_and_everything_is_said() -> None:
    assert len({r.name for r in CATALOGUE}) == len(CATALOGUE)
    for r in CATALOGUE:
        assert r.reason
        assert r.ends
        assert r.apply.__doc__


def test_without_its_condition_a_rule_does_not_fire() -> None:
    """A formula in normal form for a rule is left alone: rules end."""
    for rule in CATALOGUE:
        formula, scope = rule.example()
        seen = 0
        while seen < 20:
            new = rule.apply(formula, scope) if isinstance(formula, rule.on) else None
            if new is None:
                break
            formula, seen = new, seen + 1
        assert seen < 20, rule.name
