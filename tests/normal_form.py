"""The normal form of formulas up to which a printed formula is read back."""

from fractions import Fraction

from derive.ir import (
    And,
    Binder,
    Bracket,
    Chosen,
    Compare,
    Count,
    Delta,
    Entry,
    Index,
    Int,
    Number,
    Or,
    Plus,
    Power,
    Range,
    Ravel,
    Sum,
    Times,
    Unravel,
    conjunction,
    map_integers,
    rebuild,
    refresh,
    substitute,
    to_text,
)


def normal(f, depth=0):
    """`f` with sums and products flat and sorted, numbers collected, and binders numbered.

    What a page cannot tell apart is made one: a sum of sums, a product of products, numbers
    multiplied, integers as numbers, powers of products and of powers, Σ_iΣ_j as one sum,
    conditions in any order, [t = j] as a delta, reshapes written out.
    """
    if isinstance(f, Int):
        return map_integers(
            f, lambda e: normal(e.expanded()) if isinstance(e, Ravel | Unravel) else None
        )
    if isinstance(f, Chosen):
        m, *at = f.args
        return Chosen(normal(m, depth), *(normal(e, depth) for e in at))
    if isinstance(f, Binder):
        return normal_binder(f, depth)
    parts = [normal(p, depth) for p in f.args]
    if isinstance(f, And | Or):
        flat = [q for p in parts for q in (p.args if type(p) is type(f) else (p,))]
        parts = sorted(dict.fromkeys(flat), key=to_text)
        return parts[0] if len(parts) == 1 else type(f)(*parts)
    if isinstance(f, Bracket) and any(
        isinstance(e, Int) and isinstance(e.atom, Entry) for e in parts[0].args
    ):
        return Delta(*parts[0].args)
    if isinstance(f, Compare) and f.relation in ("=", "!="):
        left, right = sorted(parts, key=to_text)
        return Compare(left, f.relation, right)
    if isinstance(f, (Plus, Times, Power, Count, Number)):
        return polynomial(f, parts)
    return rebuild(f, tuple(parts))


def normal_binder(f, depth):
    ranges, condition, body = list(f.ranges), f.condition, f.body
    while isinstance(f, Sum) and isinstance(body, Sum):
        body = refresh(body)
        ranges, condition, body = (
            ranges + list(body.ranges),
            conjunction(condition, body.condition),
            body.body,
        )
    whole = type(f)(body, *ranges, condition)
    made = []
    for k, r in enumerate(whole.ranges):
        r = whole.ranges[k]
        to = Index("bound", depth + k)
        rest = type(f)(whole.body, *whole.ranges[k + 1 :], whole.condition)
        rest = substitute(rest, {r.index: to})
        made.append(Range(to, *(sorted((normal(e) for e in s), key=to_text) for s in bounds(r))))
        whole = type(f)(rest.body, *made, *rest.ranges, rest.condition)
    depth += len(made)
    return type(f)(normal(whole.body, depth), *made, normal(whole.condition, depth))


def bounds(r):
    return r.lowers, r.uppers


def polynomial(f, parts):
    """A sorted sum of products, each a number times sorted powers of different factors."""
    terms = {}
    for coefficient, powers in [m for whole in monomials(f, parts) for m in multiplied_out(whole)]:
        key = tuple(sorted(powers.items(), key=lambda item: to_text(item[0])))
        terms[key] = terms.get(key, 0) + coefficient
    made = [
        Times(Number(c), *(Power(p, Number(e)) for p, e in key if e))
        for key, c in terms.items()
        if c
    ]
    return Plus(*sorted(made, key=to_text))


def multiplied_out(monomial):
    """A monomial as several, where a factor is a sum of integers, or the only one a sum."""
    coefficient, powers = monomial
    for p, e in powers.items():
        if isinstance(p, Plus) and e >= 1 and (powers == {p: 1} or is_integer(p)):
            rest = (coefficient, {q: k for q, k in {**powers, p: e - 1}.items() if k})
            return [m for q in again(p) for m in multiplied_out(times((rest, q)))]
    return [monomial]


def is_integer(p):
    return all(isinstance(q, Count) and e >= 1 for _, powers in again(p) for q, e in powers.items())


def monomials(f, parts):
    """Pairs of a number and {factor: exponent}."""
    match f:
        case Number():
            return [(f.value, {})]
        case Count():
            return [(Fraction(k), powers(map(Count, m))) for m, k in parts[0].terms]
        case Plus():
            return [m for p in parts for m in again(p)]
        case Times():
            return [times([one(p) for p in parts])]
    (coefficient, factors), (number, other) = one(parts[0]), one(parts[1])
    if other:
        return [(Fraction(1), {Power(*parts): Fraction(1)})]
    if number.denominator == 1:
        return [(coefficient**number, {p: e * number for p, e in factors.items()})]
    if coefficient == 1 and len(factors) == 1:
        return [(coefficient, {p: e * number for p, e in factors.items()})]
    return [(Fraction(1), {Power(*parts): Fraction(1)})]


def powers(factors):
    counted = {}
    for p in factors:
        counted[p] = counted.get(p, Fraction(0)) + 1
    return counted


def times(ms):
    coefficient, factors = Fraction(1), {}
    for c, more in ms:
        coefficient *= c
        for p, e in more.items():
            factors[p] = factors.get(p, 0) + e
    return coefficient, {p: e for p, e in factors.items() if e}


def one(p):
    """A part that is already normal as one monomial: of a sum, its first coefficient in front."""
    parts = again(p)
    if len(parts) < 2:
        return parts[0] if parts else (Fraction(0), {})
    first = parts[0][0]
    scaled = (Times(Number(q.args[0].value / first), *q.args[1:]) for q in p.args)
    return first, {Plus(*sorted(scaled, key=to_text)): Fraction(1)}


def again(p):
    """The monomials of a part that is already normal."""
    if isinstance(p, Plus) and all(isinstance(q, Times) for q in p.args):
        return [(q.args[0].value, {g.base: g.exponent.value for g in q.args[1:]}) for q in p.args]
    return [(Fraction(1), {p: Fraction(1)})]
