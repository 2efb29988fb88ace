"""True equations of derivations are held for true, and no small change of one goes unnoticed."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from mutants import mutants
from networks import NETWORKS, derived, model

from derive.check.claims import Checker
from derive.check.verdict import CONVENTION, HOLDS, HOLDS_IF, WRONG
from derive.derivation.step import Derivation
from derive.document.notation import Names, Notation
from derive.ir import Formula
from derive.network.given import Given
from derive.verify.verify import Verifier
from derive.writers.latex_math import latex

SOME = ("mlp", "batch norm", "residual", "classes, mean", "average", "conv-pool-conv", "power")
TRIED = 7
"""Mutants of each network."""


def checker(name: str) -> Checker:
    return Checker(Given.from_dict(NETWORKS[name]))


def written(d: Derivation, result: Formula, name: str) -> str:
    """`start = result` as our writer prints it, on one line."""
    notation = Notation.of(model(name).program, numbers=True)
    names = Names.of((d.start, result), d.ranges, notation)
    return f"{latex(d.start, names)} = {latex(result, names)}".replace(r"\quad", "")


@pytest.mark.parametrize("name", [*SOME, "dilated", "conv-conv strided", "counted from 0"])
def test_what_we_derive_holds(name: str):
    c = checker(name)
    sources = [written(d, d.result, name) for d in derived(name).all]
    verdicts = {s: [p.status for p in c.check(s)] for s in sources}
    assert {s: v for s, v in verdicts.items() if v != [HOLDS]} == {}


def some_mutants(name: str) -> Iterator[tuple[Derivation, str, Formula]]:
    rng = Random(name)
    derivations = list(derived(name).all)
    for _ in range(TRIED):
        d = rng.choice(derivations)
        yield d, *rng.choice(list(mutants(d.result)))


@pytest.mark.parametrize("name", SOME)
def test_what_is_changed_is_noticed(name: str):
    c = checker(name)
    given = {s: s.value for s in model(name).program.sizes if s.value and s.definition is None}
    verifier = Verifier(model(name).program, fixed=given)
    refuted = 0
    for d, change, mutant in some_mutants(name):
        (pair,) = c.check(written(d, mutant, name))
        true = verifier.chain((d.start, mutant), d.ranges).pairs[0].holds
        expected = {HOLDS} if true else {WRONG, HOLDS_IF, CONVENTION}
        assert pair.status in expected, f"{change}: {pair.latex}"
        refuted += not true
    assert refuted > TRIED // 2
