"""Laws of sums of arrays: like terms, common numbers and common factors."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from fractions import Fraction

from sympy import Basic

from derive.ir import (
    Added,
    Component,
    Diagonal,
    Element,
    Formula,
    Hadamard,
    Identity,
    Number,
    Ones,
    Product,
    Scaled,
    Transposed,
    Whole,
    Zeros,
    subformulas,
)
from derive.rules.array_law import G, M, S, T, X, Y, law
from derive.rules.samples import u, x
from derive.rules.terms import common_number, factors, product, split_number, with_number


@law(
    "sum of arrays in order",
    "sums need no brackets, like terms are collected",
    "fewer terms",
    Added,
    lambda: Added(X, Added(Y, Scaled(-3, X))),
)
def tidy_sum(a: Added) -> Whole | None:
    """A + (B + A) = 2A + B, and A before A^⊤."""
    flat = [q for p in a.parts for q in (p.parts if isinstance(p, Added) else [p])]
    coefficients: dict[tuple[tuple[Formula, ...], Whole], Fraction] = {}
    for t in flat:
        c, rest, whole = _split(t)
        key = (rest, whole)
        coefficients[key] = coefficients.get(key, Fraction(0)) + c
    kept = [_scaled(c, *key) for key, c in coefficients.items() if c] or [
        Zeros(a.shape, a.base or 0)
    ]
    for k, p in enumerate(kept):
        if isinstance(p, Transposed) and p.of in kept[k:]:
            at = kept.index(p.of)
            kept[k], kept[at] = kept[at], kept[k]
    new = Added(*kept) if len(kept) > 1 else kept[0]
    return None if new == a else new


def _split(a: Whole) -> tuple[Fraction, tuple[Formula, ...], Whole]:
    """(c, fs, B) with A = c Π fs B."""
    if not isinstance(a, Scaled):
        return Fraction(1), (), a
    c, rest = split_number(a.factor)
    d, more, whole = _split(a.of)
    return c * d, (*rest, *more), whole


def _scaled(c: Fraction, rest: Iterable[Formula], a: Whole) -> Whole:
    factor = with_number(c, rest)
    return a if factor == Number(1) else Scaled(factor, a)


@law(
    "common number of arrays",
    "the common number in front",
    "fewer numbers",
    Added,
    lambda: Added(Scaled(4 * Component(u, 1), X), Scaled(-4 * Component(u, 1), Y)),
)
def common_multiple(a: Added) -> Whole | None:
    """c A + c B = c (A + B)."""
    split = [_split(p) for p in a.parts]
    common: list[Formula] = []
    left = [list(rest) for _, rest, _ in split]
    for f in split[0][1]:
        if all(f in rest for rest in left):
            common.append(f)
            for rest in left:
                rest.remove(f)
    numbers = [n for n, _, _ in split]
    c = common_number(numbers)
    if _unusual(numbers) <= _unusual([n / c for n in numbers]) + 1:
        c = Fraction(1)
    if c == 1 and not common:
        return None
    inner = [_scaled(n / c, rest, w) for (n, _, w), rest in zip(split, left, strict=True)]
    return Scaled(with_number(c, common), Added(*inner))


@law(
    "sign of a product with a difference",
    "the sign goes into the bracket",
    "fewer negative numbers",
    Scaled,
    lambda: Scaled(-2, Product(S, Added(X, Scaled(-1, Y)))),
)
def sign_into_product(a: Scaled) -> Whole | None:
    """-A (B - C) = A (C - B)."""
    c, rest = split_number(a.factor)
    if c >= 0 or not isinstance(a.of, Product):
        return None
    for k, f in enumerate(a.of.factors):
        bare = f.of if isinstance(f, Transposed) else f
        turned = _turned(bare)
        if turned is not None and _stands_once(bare, a):
            new = Transposed(turned) if isinstance(f, Transposed) else turned
            return _scaled(-c, rest, Product(*a.of.factors[:k], new, *a.of.factors[k + 1 :]))
    return None


def _stands_once(f: Whole, a: Whole) -> bool:
    """Whether a difference does not stand elsewhere as well, where it would keep its sign."""
    return sum(n == f for n in subformulas(a)) == 1


def _turned(a: Whole) -> Whole | None:
    """B - A for A - B; None for what is no difference, or would have more signs."""
    if not isinstance(a, Added):
        return None
    turned = [(-n, fs, w) for n, fs, w in map(_split, a.parts)]
    negative = sum(n < 0 for n, _, _ in turned)
    if negative > len(turned) - negative:
        return None
    turned.sort(key=lambda t: t[0] < 0)
    return Added(*(_scaled(*t) for t in turned))


@law(
    "opposite differences",
    "one of two opposite differences is turned round",
    "fewer differences that differ by their sign",
    (Product, Scaled),
    lambda: Scaled(
        Element(Product(Transposed(T), Added(X, Scaled(-1, Y)))), Added(Y, Scaled(-1, X))
    ),
)
def opposite_differences(a: Product | Scaled) -> Whole | None:
    """(A - B) (B - A)^⊤ = -(B - A) (B - A)^⊤, also where one stands in a number."""
    if isinstance(a, Product):
        known = {f.of if isinstance(f, Transposed) else f for f in a.factors}
        turned = _opposite(a.factors, known)
        return None if turned is None else Scaled(-1, Product(*turned))
    within = set(subformulas(a.of))
    for f in factors(a.factor):
        if isinstance(f, Element) and isinstance(f.whole, Product):
            new = _opposite(f.whole.factors, within)
            if new is not None:
                others = (Element(Product(*new)) if g is f else g for g in factors(a.factor))
                return Scaled(product(Number(-1), *others), a.of)
    return None


def _opposite(parts: Sequence[Whole], known: Container[Basic]) -> list[Whole] | None:
    """The factors with the first difference turned round whose opposite is known."""
    for k, f in enumerate(parts):
        turned = _turned(f.of if isinstance(f, Transposed) else f)
        if turned is not None and turned in known:
            new = Transposed(turned) if isinstance(f, Transposed) else turned
            return [*parts[:k], new, *parts[k + 1 :]]
    return None


@law(
    "sum of diagonal matrices",
    "diagonal matrices are added entry by entry",
    "fewer diagonal matrices",
    Added,
    lambda: Added(Diagonal(X), S, Scaled(-3, Diagonal(Y)), Identity(x.shape[0])),
)
def sum_of_diagonals(a: Added) -> Whole | None:
    """diag(u) + diag(v) = diag(u + v), and I = diag(𝟏) beside others."""
    split = [_split(p) for p in a.parts]
    at = [k for k, (_, _, w) in enumerate(split) if isinstance(w, Diagonal | Identity)]
    if len(at) < 2:
        return None
    inner = [
        _scaled(c, fs, w.of if isinstance(w, Diagonal) else Ones(w.shape[:1], w.base or 0))
        for c, fs, w in (split[k] for k in at)
    ]
    both = Diagonal(Added(*inner))
    parts = [both if k == at[0] else p for k, p in enumerate(a.parts) if k not in at[1:]]
    return Added(*parts) if len(parts) > 1 else both


@law(
    "common factor entry by entry",
    "the common factor in front",
    "fewer factors in all",
    Added,
    lambda: Added(Hadamard(X, Y), T, Scaled(-1, Hadamard(Y, X, X)), X),
)
def common_entries(a: Added) -> Whole | None:
    """A ⊙ B + A ⊙ C = A ⊙ (B + C), and A = A ⊙ 𝟏 beside such a product."""
    split = [_split(p) for p in a.parts]
    lists = [w.parts if isinstance(w, Hadamard) else (w,) for _, _, w in split]
    products = [f for f in lists if len(f) > 1]
    shared = next(
        (p for f in products for p in f if sum(p in others for others in lists) > 1), None
    )
    if shared is None:
        return None
    at = [k for k, f in enumerate(lists) if shared in f]
    inner = [_scaled(*split[k][:2], _left(lists[k], shared)) for k in at]
    both = Hadamard(shared, Added(*inner))
    parts = [both if k == at[0] else p for k, p in enumerate(a.parts) if k not in at[1:]]
    return Added(*parts) if len(parts) > 1 else both


def _left(parts: Sequence[Whole], gone: Whole) -> Whole:
    """A product entry by entry without one of its factors."""
    k = parts.index(gone)
    rest = [*parts[:k], *parts[k + 1 :]]
    if not rest:
        return Ones(gone.shape, gone.base or 0)
    return Hadamard(*rest) if len(rest) > 1 else rest[0]


@law(
    "number into a sum of arrays",
    "the number goes into the bracket",
    "fewer numbers",
    Scaled,
    lambda: Scaled(Fraction(1, 2), Added(X, Scaled(2, Y))),
)
def number_inside(a: Scaled) -> Whole | None:
    """½ (A + 2 B) = ½ A + B, where that takes fewer numbers."""
    c, rest = split_number(a.factor)
    if rest or not isinstance(a.of, Added):
        return None
    split = [_split(p) for p in a.of.parts]
    new = [c * n for n, _, _ in split]
    if _unusual(new) >= _unusual([n for n, _, _ in split]) + _unusual([c]):
        return None
    return Added(*(_scaled(n, fs, w) for n, (_, fs, w) in zip(new, split, strict=True)))


def _unusual(numbers: Sequence[Fraction]) -> int:
    """How many numbers would have to be written."""
    return sum(abs(n) != 1 for n in numbers)


@law(
    "sign of a difference of arrays",
    "the sign goes into the bracket",
    "fewer negative numbers",
    Scaled,
    lambda: Scaled(-2, Added(X, Scaled(-1, Y))),
)
def sign_inside(a: Scaled) -> Whole | None:
    """-(A - B) = B - A."""
    c, rest = split_number(a.factor)
    turned = _turned(a.of) if c < 0 and _stands_once(a.of, a) else None
    return None if turned is None else _scaled(-c, rest, turned)


@law(
    "common factor on the right",
    "the common factor on the right",
    "fewer factors in all",
    Added,
    lambda: Added(Product(S, X), Scaled(3, Product(Transposed(S), X))),
)
def common_right(a: Added) -> Whole | None:
    """A C + B C = (A + B) C."""
    return _common(a, lambda f: f[-1], lambda f: f[:-1], lambda s, c: Product(s, c))


@law(
    "common factor on the left",
    "the common factor on the left",
    "fewer factors in all",
    Added,
    lambda: Added(Product(S, M), Scaled(-1, Product(S, G))),
)
def common_left(a: Added) -> Whole | None:
    """C A + C B = C (A + B)."""
    return _common(a, lambda f: f[0], lambda f: f[1:], lambda s, c: Product(c, s))


def _common(
    a: Added,
    end: Callable[[Sequence[Whole]], Whole],
    others: Callable[[Sequence[Whole]], Sequence[Whole]],
    joined: Callable[[Whole, Whole], Whole],
) -> Whole | None:
    """The sum with those products put together that have the same factor at an end."""
    split = [_split(p) for p in a.parts]
    lists = [w.factors if isinstance(w, Product) else (w,) for _, _, w in split]
    ends = [end(f) if len(f) > 1 else None for f in lists]
    shared = next((e for e in ends if e is not None and ends.count(e) > 1), None)
    if shared is None:
        return None
    alike = [k for k, e in enumerate(ends) if e == shared]
    left = [others(lists[k]) for k in alike]
    inner = (
        _scaled(*split[k][:2], Product(*f) if len(f) > 1 else f[0])
        for k, f in zip(alike, left, strict=True)
    )
    together = joined(Added(*inner), shared)
    parts = [p for k, p in enumerate(a.parts) if k not in alike]
    parts.insert(alike[0], together)
    return Added(*parts) if len(parts) > 1 else together
