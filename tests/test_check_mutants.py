"""True equations of derivations are held for true, and no small change of one goes unnoticed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, islice
from random import Random

import pytest
from mutants import mutants
from networks import NETWORKS, derived, model

from derive.check.claims import Checker
from derive.check.edit import Vocabulary
from derive.check.edits import edits
from derive.check.repair import names, scales
from derive.check.verdict import CONVENTION, HOLDS, HOLDS_IF, WRONG
from derive.derivation.step import Derivation
from derive.document.notation import Names, Notation
from derive.ir import Formula
from derive.network.given import Given
from derive.verify.verify import Verifier
from derive.writers.latex_math import latex

SOME = ("mlp", "batch norm", "residual", "classes, mean", "average", "conv-pool-conv", "power")
TRIED, SLIPS = 12, 8
"""Changes of formulas, and of their LaTeX, that are tried for each network."""


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
    """Seeded; each kind of change is as likely as the others."""
    rng = Random(name)
    derivations = list(derived(name).all)
    for _ in range(TRIED):
        d = rng.choice(derivations)
        known = sorted(mutants(d.result), key=lambda made: made[0])
        kinds = [list(kind) for _, kind in groupby(known, lambda made: made[0])]
        yield d, *rng.choice(rng.choice(kinds))


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


def slips(name: str, c: Checker) -> Iterator[str]:
    """Derived equations with a slip of the pen in the right side; seeded."""
    rng = Random(name)
    derivations = list(derived(name).all)
    while True:
        d = rng.choice(derivations)
        source = written(d, d.result, name)
        words = Vocabulary(names(c.symbols, source), scales=scales(c.model.program))
        made = list(edits(source, source.index(" = ") + 3, len(source), words))
        yield rng.choice(made).apply(source)


def test_a_slip_of_the_pen_is_found_and_mostly_mended():
    wrong = mended = 0
    for name in SOME:
        c = checker(name)
        found = [p for s in islice(slips(name, c), SLIPS) for p in c.check(s)]
        wrong += sum(p.status == WRONG for p in found)
        mended += sum(p.status == WRONG and bool(p.suggestion) for p in found)
    assert wrong > len(SOME) * SLIPS // 2
    assert mended > 2 * wrong // 3
