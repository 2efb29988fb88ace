"""Presentations of a result, each an equal formula in another form."""

from __future__ import annotations

from derive.derivation.step import Derivation, Step
from derive.engine.tuples import entry_ranges, taken_apart, tuples
from derive.ir import (
    TRUE,
    Bracket,
    Branch,
    Cases,
    Definition,
    Delta,
    Entry,
    Equal,
    Formula,
    Guard,
    Number,
    conjunction,
    conjuncts,
    substitute,
)
from derive.rules.terms import factors, product


def cases_form(f: Formula) -> Step | None:
    """`f` written as "its value if ..., and 0 otherwise", where it is a product with deltas."""
    equal: list[Guard] = []
    conditions: list[Guard] = []
    rest: list[Formula] = []
    for g in factors(f):
        if isinstance(g, Delta) and not _reads_class(g):
            equal.append(Equal(*g.sides))
        elif isinstance(g, Bracket):
            conditions += conjuncts(g.condition)
        else:
            rest.append(g)
    if not equal and not conditions:
        return None
    first = Branch(product(*rest), conjunction(*equal, *conditions))
    return Step(f, Cases(first, Branch(Number(0), TRUE)), "cases", "written out")


def by_index_tuples(d: Definition) -> Derivation | None:
    """A definition by positions, read at the positions of index tuples.

        y_j = x_{unravel(j)}  becomes  y_{ravel(c,i,k)} = x_{c,i,k}

    None where the definition takes no position apart.
    """
    apart = tuples(taken_apart(d.body, d.indices, fully=False))
    if not apart:
        return None
    left, right = substitute(d.left, apart), substitute(d.body, apart)
    step = Step(left, right, "definition", "by index tuples")
    return Derivation(left, entry_ranges(left), (step,))


def _reads_class(f: Delta) -> bool:
    return any(isinstance(a, Entry) for side in f.sides for a in side.atoms_within())
