"""Using what is given: a definition read backwards, and a declared fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from derive.derivation.program import Program
from derive.derivation.rule import rule
from derive.derivation.scope import Scope
from derive.ir import (
    TRUE,
    Apply,
    Count,
    Definition,
    Formula,
    Index,
    Int,
    Number,
    Plus,
    Power,
    Range,
    Relation,
    Sum,
    Tensor,
    Times,
    free_indices,
    match,
    substitute,
    tensors,
)
from derive.ir.extent import product_of
from derive.rules import samples
from derive.rules.proof import proves
from derive.rules.samples import H, i, k, p, t, x, y
from derive.rules.terms import (
    as_power,
    factors,
    power,
    product,
    split_number,
    terms,
    total,
    with_number,
    without,
)
from derive.rules.values import has_value, within

_SOFTMAX = Definition(
    y,
    (i,),
    Times(Apply("exp", x[i]), Power(Sum(Apply("exp", x[k]), Range(k, 1, H)), Number(-1))),
)

_MEAN = Tensor("mean", r"\mu", ())
_THE_MEAN = Definition(_MEAN, (), Times(Power(Count(H), Number(-1)), Sum(x[k], Range(k, 1, H))))


@dataclass(frozen=True)
class _Pattern:
    """A definition that can be recognised: its factors as powers, and its place in the program."""

    definition: Definition
    place: int
    wanted: tuple[tuple[Formula, Fraction], ...]


@rule(
    "definition, read backwards",
    "by the definition",
    "the formula gets shorter",
    (Times, Apply, Power),
    lambda: samples.given(
        Times(t[p], Apply("exp", x[p]), Power(Sum(Apply("exp", x[i]), Range(i, 1, H)), Number(-2))),
        Range(p, 1, H),
        definitions=(_SOFTMAX,),
    ),
)
def fold(f: Formula, scope: Scope) -> Formula | None:
    """e^{z_i} / Σ_k e^{z_k} = y_i: the body of a definition becomes the name that it defines."""
    patterns = _patterns(scope.program)
    possible = [p for t in (None, *tensors(f)) for p in patterns.get(t, ())]
    for pattern in sorted(possible, key=lambda p: p.place):
        new = _fold_one(f, pattern, scope)
        if new is not None:
            return new
    return None


@lru_cache(maxsize=16)
def _patterns(program: Program) -> dict[Tensor | None, tuple[_Pattern, ...]]:
    """The patterns of a program by one tensor that each of them reads."""
    found: dict[Tensor | None, tuple[_Pattern, ...]] = {}
    for place, d in enumerate(program.definitions):
        c, wanted = split_number(d.body)
        if c == 1 and any(_characteristic(g) for g in wanted):
            read = min(tensors(d.body), key=lambda t: t.name, default=None)
            pattern = _Pattern(d, place, tuple(map(as_power, wanted)))
            found[read] = (*found.get(read, ()), pattern)
    return found


def _fold_one(f: Formula, pattern: _Pattern, scope: Scope) -> Formula | None:
    d = pattern.definition
    present = [as_power(g) for g in factors(f)]
    search = _find(pattern.wanted, present, frozenset(d.indices))
    if search is None:
        return None
    binding, taken = search
    if set(binding) < set(d.indices):
        return None
    times = _how_often([e for _, e in pattern.wanted], taken, present)
    if not times:
        return None
    entry = d.tensor[tuple(binding[i] for i in d.indices)]
    if not has_value(scope, entry):
        return None
    left = []
    for at, (b, e) in enumerate(present):
        wanted_exponent = sum(
            (w for (_, w), k in zip(pattern.wanted, taken, strict=True) if k == at), Fraction(0)
        )
        e -= times * wanted_exponent
        if e:
            left.append(power(b, e))
    return product(power(entry, times), *left)


def _characteristic(g: Formula) -> bool:
    """Whether a factor is particular enough to be recognised: a function or a power of a sum."""
    return isinstance(as_power(g)[0], Apply) or (isinstance(g, Power) and isinstance(g.base, Sum))


def _find(
    wanted: Sequence[tuple[Formula, Fraction]],
    present: list[tuple[Formula, Fraction]],
    variables: frozenset[Index],
) -> tuple[dict[Index, Int], list[int]] | None:
    """Which present factor each wanted one is, and the indices at which that is so."""

    def search(
        k: int, known: dict[Index, Int], taken: list[int]
    ) -> tuple[dict[Index, Int], list[int]] | None:
        if k == len(wanted):
            return known, taken
        for at, (b, e) in enumerate(present):
            if at in taken or (len(wanted) > 1 and e / wanted[k][1] < 1):
                continue
            binding = match(wanted[k][0], b, variables, known)
            found = search(k + 1, binding, [*taken, at]) if binding is not None else None
            if found is not None:
                return found
        return None

    return search(0, {}, [])


def _how_often(
    wanted: list[Fraction], taken: list[int], present: list[tuple[Formula, Fraction]]
) -> Fraction:
    """How many whole times the wanted powers are contained in the present ones."""
    ratios = [present[at][1] / e for at, e in zip(taken, wanted, strict=True)]
    if len(ratios) == 1 and ratios[0].denominator == 1:
        return ratios[0]
    least = min(ratios)
    return Fraction(least.numerator // least.denominator) if least >= 1 else Fraction(0)


@rule(
    "declared fact",
    "as declared",
    "the declared sum disappears",
    Sum,
    lambda: samples.given(Sum(t[i], Range(i, 1, H))),
)
def use_fact(f: Sum, scope: Scope) -> Formula | None:
    """Σ_j t_j = 1, for a fact that says so."""
    return _declared(f, scope)


@rule(
    "declared fact of the opposite",
    "as declared",
    "the declared sum disappears",
    Sum,
    lambda: samples.given(
        Sum(_MEAN[()] - x[i], Range(i, 1, H)),
        definitions=(_THE_MEAN,),
        facts=(Relation(Sum(x[k] - _MEAN[()], Range(k, 1, H)), "=", Number(0)),),
    ),
)
def use_opposite_fact(f: Sum, scope: Scope) -> Formula | None:
    """Σ_j (m - x_j) = 0, for a fact that says Σ_j (x_j - m) = 0."""
    if not isinstance(f.body, Plus):
        return None
    right = _declared(_opposite(f), scope)
    return None if right is None else Times(Number(-1), right)


def _opposite(f: Sum) -> Sum:
    """The sum of what has the other sign, positive terms first."""
    turned = [(-c, rest) for c, rest in map(split_number, terms(f.body))]
    turned.sort(key=lambda t: t[0] < 0)
    return Sum(total(*(with_number(c, rest) for c, rest in turned)), *f.ranges, f.condition)


@rule(
    "declared fact in a larger sum",
    "as declared",
    "the declared sum disappears",
    Sum,
    lambda: samples.given(Sum(Times(x[p], t[i]), Range(p, 1, H), Range(i, 1, H))),
)
def use_fact_inside(f: Sum, scope: Scope) -> Formula | None:
    """Σ_p Σ_j x_p t_j = Σ_p x_p, for a fact that says Σ_j t_j = 1."""
    if len(f.ranges) < 2 or f.condition != TRUE:
        return None
    for at, r in enumerate(f.ranges):
        others = without(f.ranges, at)
        if any(r.index in free_indices(s) for s in others):
            continue
        inner = [g for g in factors(f.body) if r.index in free_indices(g)]
        right = _declared(Sum(product(*inner), r), scope.within(*others))
        if right is not None:
            outer = [g for g in factors(f.body) if r.index not in free_indices(g)]
            return Sum(product(*outer, right), *others)
    return None


def _declared(f: Sum, scope: Scope) -> Formula | None:
    """What a fact says that a sum is, for indices in the ranges for which it says so."""
    for fact in scope.program.facts:
        if fact.relation == "=":
            binding = match(fact.left, f, frozenset(r.index for r in fact.ranges))
            if binding is not None and _said_of(fact, binding, scope):
                return substitute(fact.right, binding)
    return None


def _said_of(fact: Relation, binding: dict[Index, Int], scope: Scope) -> bool:
    """Whether the indices of the fact have values, which are in its ranges."""
    if not all(r.index in binding for r in fact.ranges):
        return False
    ranges = {r.index: substitute(r, binding) for r in fact.ranges}
    return all(proves(scope, g) for i, r in ranges.items() for g in within(binding[i], r))


@rule(
    "deviations from a mean",
    "deviations from their mean add up to 0",
    "the sum disappears",
    Sum,
    lambda: samples.given(
        Sum(_MEAN[()] - x[i], Range(i, 1, H)), definitions=(_THE_MEAN,), facts=()
    ),
)
def deviations(f: Sum, scope: Scope) -> Formula | None:
    """Σ_i (x_i - m) = 0 and Σ_i (m - x_i) = 0, where m = (1/N) Σ_i x_i is defined."""
    if not isinstance(f.body, Plus):
        return None
    for pattern, variables in _deviations(scope.program):
        if any(match(pattern, g, variables) is not None for g in (f, _opposite(f))):
            return Number(0)
    return None


@lru_cache(maxsize=16)
def _deviations(program: Program) -> tuple[tuple[Sum, frozenset[Index]], ...]:
    """For each mean that is defined, the sum of the deviations from it, and its free indices."""
    found: list[tuple[Sum, frozenset[Index]]] = []
    for d in program.definitions:
        added = _averaged(d.body)
        if added is not None:
            body = Plus(*terms(added.body), Times(Number(-1), d.left))
            found.append((Sum(body, *added.ranges), frozenset(d.indices)))
    return tuple(found)


def _averaged(f: Formula) -> Sum | None:
    """The sum that a mean divides by the number of its terms."""
    c, rest = split_number(f)
    sums = [g for g in rest if isinstance(g, Sum)]
    if len(sums) != 1 or sums[0].condition != TRUE or c.numerator != 1:
        return None
    divisor = Int.of(c.denominator)
    for b, e in (as_power(g) for g in rest if g is not sums[0]):
        if not isinstance(b, Count) or e != -1:
            return None
        divisor *= b.integer
    extents = [r.extent for r in sums[0].ranges]
    known = [n for n in extents if n is not None]
    return sums[0] if len(known) == len(extents) and product_of(known) == divisor else None


FACTS = (deviations, use_fact, use_opposite_fact, use_fact_inside)
