"""Presentations of a result, each an equal formula in another form."""

from __future__ import annotations

from derive.derivation.step import Derivation, Step
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
    Index,
    Int,
    Number,
    Range,
    Unravel,
    conjunction,
    conjuncts,
    fresh,
    ravel,
    subformulas,
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
    """A definition by positions, read at the position of an index tuple.

        y_j = x_{unravel(j)}  becomes  y_{ravel(c,i,k)} = x_{c,i,k}

    None where the definition does not take positions apart.
    """
    for index, r in zip(d.indices, d.ranges, strict=True):
        one = _unravelled(d.body, index)
        if one is None:
            continue
        parts = tuple(fresh("cijklm"[k % 6]) for k in range(len(one.dims)))
        to = {index: ravel(parts, one.dims, one.base)}
        added = tuple(
            Range(i, one.base, e + (one.base - 1)) for i, e in zip(parts, one.dims, strict=True)
        )
        ranges = tuple(s for old in d.ranges for s in (added if old == r else (old,)))
        left, right = substitute(d.left, to), substitute(d.body, to)
        return Derivation(left, ranges, (Step(left, right, "definition", "by index tuples"),))
    return None


def _unravelled(f: Formula, index: Index) -> Unravel | None:
    """How `f` takes the position `index` apart, if it does."""
    atoms = (a for e in subformulas(f) if isinstance(e, Int) for a in e.atoms_within())
    return next((a for a in atoms if isinstance(a, Unravel) and a.flat.atom == index), None)


def _reads_class(f: Delta) -> bool:
    return any(isinstance(a, Entry) for side in f.sides for a in side.atoms_within())
