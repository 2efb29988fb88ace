"""The form of results: what a careful teacher would not leave standing, and their length."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from networks import NETWORKS, derived
from sympy import Basic

from derive.derivation.step import Derivation
from derive.ir import (
    TRUE,
    Bracket,
    Delta,
    Entry,
    Formula,
    Index,
    Max,
    NonNegative,
    Number,
    Plus,
    Range,
    Size,
    Sum,
    Tensor,
    Times,
    at_least,
    conjuncts,
    free_indices,
    subformulas,
)
from derive.ir.affine import bound, solve

NODES = 400  # of the longest result, an expanded gradient of the first layer; most have below 100


@pytest.mark.parametrize("name", NETWORKS)
def test_results_are_in_the_form_that_one_would_write(name: str) -> None:
    d = derived(name)
    groups = (d.forward, d.jacobians, d.recursive, d.expanded)
    complaints = [
        f"{x.start} = {x.result}: {what}"
        for group in groups
        for x in group.values()
        for what in lint(x)
    ]
    assert not complaints, "\n".join(complaints)


def lint(d: Derivation) -> Iterator[str]:
    nodes = list(subformulas(d.result))
    if len(nodes) > NODES:
        yield f"{len(nodes)} nodes"
    for f in nodes:
        yield from _lint_node(f)


def _lint_node(f: Basic) -> Iterator[str]:
    if isinstance(f, Sum):
        yield from _lint_sum(f)
    if isinstance(f, (Sum, Max)) and f.condition != TRUE:
        for g in conjuncts(f.condition):
            if _is_bound(g, f.bound):
                yield "a condition that a bound would say"
    if isinstance(f, Times):
        if any(isinstance(g, Times) for g in f.args):
            yield "a product in a product"
        if Number(1) in f.args or Number(0) in f.args:
            yield "a factor 0 or 1"
        numbers = [g for g in f.args if isinstance(g, Number)]
        if numbers and (len(numbers) > 1 or numbers[0] != f.args[0]):
            yield "numbers that are not in front"
        if numbers and numbers[0].value < 0 and any(_is_difference(g) for g in f.args):
            yield "a sign that a bracket would take"
    if isinstance(f, Plus):
        if any(isinstance(g, Plus) or g == Number(0) for g in f.args):
            yield "a sum in a sum, or a term 0"
        if _is_negative(f.args[0]) and not all(_is_negative(g) for g in f.args):
            yield "a negative term first"


def _lint_sum(f: Sum) -> Iterator[str]:
    parts = f.body.args if isinstance(f.body, Times) else (f.body,)
    for r in f.ranges:
        if set(r.lowers) & set(r.uppers):
            yield "a range of one point"
    for g in parts:
        if isinstance(g, Sum):
            yield "a sum right inside a sum"
        if isinstance(g, Delta) and _contractible(g, f):
            yield "a delta that could be contracted"
        if isinstance(g, Bracket):
            for c in conjuncts(g.condition):
                if _is_bound(c, f.bound):
                    yield "a bracket that a bound would say"
        if isinstance(g, Formula) and not free_indices(g) & set(f.bound) and g != Number(1):
            yield "a constant inside a sum"


def _contractible(g: Delta, f: Sum) -> bool:
    if any(isinstance(a, Entry) for side in g.sides for a in side.atoms_within()):
        return False
    e = g.sides[0] - g.sides[1]
    return any(i in e.indices and solve(e, i) is not None for i in f.bound)


def _is_bound(g: object, bound_indices: tuple[object, ...]) -> bool:
    return isinstance(g, NonNegative) and any(
        i in g.expression.indices and bound(g.expression, i) is not None for i in bound_indices
    )


def _is_negative(f: Basic) -> bool:
    first = f.args[0] if isinstance(f, Times) else f
    return isinstance(first, Number) and first.value < 0


def _is_difference(f: Basic) -> bool:
    return isinstance(f, Plus) and any(_is_negative(g) for g in f.args)


def test_the_lint_is_not_blind() -> None:
    i, p = Index("i"), Index("p")
    n = Size("N")
    x = Tensor("x", "x", (n,))
    run = Range(i, 1, n)
    bad = {
        "a delta that could be contracted": Sum(Times(Delta(i, p), x[i]), run),
        "a range of one point": Sum(x[i], Range(i, 1, 1)),
        "a bracket that a bound would say": Sum(Times(Bracket(at_least(p, i)), x[i]), run),
        "a constant inside a sum": Sum(Times(x[p], x[i]), run),
        "a factor 0 or 1": Times(Number(1), x[p]),
        "a sign that a bracket would take": Times(Number(-1), Plus(x[p], Times(Number(-1), x[p]))),
        "a negative term first": Plus(Times(Number(-1), x[p]), x[p]),
    }
    for complaint, formula in bad.items():
        assert complaint in [what for f in subformulas(formula) for what in _lint_node(f)]
