"""Presentations of a result, each an equal formula in another form."""

from __future__ import annotations

from derive.derivation.step import Step
from derive.ir import (
    TRUE,
    Bracket,
    Branch,
    Cases,
    Delta,
    Entry,
    Equal,
    Formula,
    Guard,
    Number,
    conjunction,
    conjuncts,
)
from derive.rules.terms import factors, product


def cases_form(f: Formula) -> Step | None:
    """`f` written as "its value if ..., and 0 otherwise", where it is a product with deltas."""
    conditions: list[Guard] = []
    rest: list[Formula] = []
    for g in factors(f):
        if isinstance(g, Delta) and not _reads_class(g):
            conditions.append(Equal(*g.sides))
        elif isinstance(g, Bracket):
            conditions += conjuncts(g.condition)
        else:
            rest.append(g)
    if not conditions:
        return None
    cases = Cases(Branch(product(*rest), conjunction(*conditions)), Branch(Number(0), TRUE))
    return Step(f, cases, "cases", "written out")


def _reads_class(f: Delta) -> bool:
    return any(isinstance(a, Entry) for side in f.sides for a in side.atoms_within())
