"""Definitions read backwards in whole arrays: P V is O, and the row p^⊤ V is o^⊤.

A definition is known by its own matrix form c W, a number times an array; W is recognised as a
node, as neighbours in a product or as some of the parts of ⊙, also transposed or with the other
sign, and c among the numbers beside it.  A scalar is known by its factors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from sympy import Basic

from derive.derivation.program import Program
from derive.derivation.step import Step
from derive.engine.matrix.labelled import NoMatrixForm
from derive.engine.matrix.recognise import Recogniser
from derive.engine.matrix.rewrite import Tidying
from derive.ir import (
    Added,
    Array,
    Definition,
    Element,
    Formula,
    Hadamard,
    Number,
    Product,
    Scaled,
    Tensor,
    Times,
    Transposed,
    Whole,
    axis_ranges,
    rebuild,
    subformulas,
    tensors,
)
from derive.rules.terms import as_power, factors, power, product, split_number

RULE = "definition, as arrays"


@dataclass(frozen=True)
class Known:
    """A definition with the body c W: the powers in c, W, and the name; W is None for a scalar."""

    tensor: Tensor
    numbers: tuple[tuple[Formula, Fraction], ...]
    body: Whole | None
    name: Whole

    @property
    def size(self) -> int:
        return sum(1 for _ in subformulas(self.body)) if self.body is not None else 0


def folded(f: Formula, program: Program) -> Step | None:
    """One definition read backwards, the longest first, or None where none fits."""
    read = sorted(tensors(f), key=lambda t: t.name)
    among = [k for t in read for k in _by_tensor(program).get(t, ())]
    for known in sorted(among, key=lambda k: -k.size):
        new = _in(f, known)
        if new is not None:
            assert isinstance(new, Formula)
            return Step(f, new, RULE, "by the definition")
    return None


@lru_cache(maxsize=16)
def _by_tensor(program: Program) -> dict[Tensor, tuple[Known, ...]]:
    """What is known of each definition, by one tensor that its body reads."""
    found: dict[Tensor, tuple[Known, ...]] = {}
    for d in program.definitions:
        read = min(tensors(d.body), key=lambda t: t.name, default=None)
        if read is not None and len(d.tensor.shape) < 3:
            found[read] = (*found.get(read, ()), *_known(d))
    return found


def _known(d: Definition) -> Iterator[Known]:
    """The forms of a definition: as it is, transposed, and with the other sign."""
    recogniser = Recogniser(axis_ranges(d.tensor, d.indices), d.tensor.base, lambda t: "shape")
    try:
        entry = Element(recogniser.whole(d.body, d.indices), *d.indices) if d.indices else None
        tidied = Tidying().run(entry or _number(recogniser, d.body))
    except NoMatrixForm:
        return
    name = Array(d.tensor)
    if entry is None:
        parts = tuple(map(as_power, factors(tidied)))
        if len(parts) > 1 and any(_is_inner_product(b) for b, _ in parts):
            yield Known(d.tensor, parts, None, name)
        return
    assert isinstance(tidied, Element)
    numbers, body = _apart(tidied.whole)
    if isinstance(body, Product | Hadamard | Added):
        c = tuple(map(as_power, numbers))
        for sign in (1, -1) if isinstance(body, Added) else (1,):
            w, n = (body, name) if sign > 0 else (_tidy(Scaled(-1, body)), Scaled(-1, name))
            yield Known(d.tensor, c, w, n)
            yield Known(d.tensor, c, _tidy(Transposed(w)), Transposed(n))


def _is_inner_product(f: Formula) -> bool:
    return isinstance(f, Element) and isinstance(f.whole, Product)


def _number(recogniser: Recogniser, f: Formula) -> Formula:
    value = recogniser.read(f)
    if not isinstance(value, Formula):
        raise NoMatrixForm("it is no number")
    return value


def _tidy(a: Whole) -> Whole:
    at = [1] * a.rank
    tidied = Tidying().run(Element(a, *at))
    assert isinstance(tidied, Element)
    return tidied.whole


def _apart(a: Whole) -> tuple[tuple[Formula, ...], Whole]:
    """(c, W) for c W."""
    if not isinstance(a, Scaled):
        return (), a
    numbers, inner = _apart(a.of)
    return (*factors(a.factor), *numbers), inner


def _in(f: Basic, known: Known) -> Basic | None:
    """`f` with the definition read backwards in one place, the outermost and first."""
    new = _here(f, known)
    if new is not None:
        return new
    for at, part in enumerate(f.args):
        if isinstance(part, Formula | Whole):
            inner = _in(part, known)
            if inner is not None:
                return rebuild(f, (*f.args[:at], inner, *f.args[at + 1 :]))
    return None


def _here(f: Basic, known: Known) -> Basic | None:
    if known.body is None:
        return _scalar(f, known)
    if isinstance(f, Whole) and not known.numbers:
        return _replaced(f, known.body, known.name)
    if isinstance(f, Scaled):
        return _scaled(f, known)
    return None


def _scalar(f: Basic, known: Known) -> Basic | None:
    """A scalar among the factors of a product."""
    if not isinstance(f, Times):
        return None
    left = _without(factors(f), known.numbers)
    if left is None:
        return None
    return product(*left, Element(known.name))


def _scaled(a: Scaled, known: Known) -> Basic | None:
    """c W in a multiple, where W is in what is multiplied or in a number that is a product."""
    assert known.body is not None
    numbers, of = _apart(a)
    inside = _replaced(of, known.body, known.name)
    if inside is not None:
        left = _without(numbers, known.numbers)
        return None if left is None else Scaled(product(*left), inside)
    for g in numbers:
        if isinstance(g, Element) and _is_inner_product(g):
            inner = _replaced(g.whole, known.body, known.name)
            others = [h for h in numbers if h is not g]
            left = None if inner is None else _without(others, known.numbers)
            if inner is not None and left is not None:
                return Scaled(product(*left, Element(inner)), of)
    return None


def _without(
    have: Sequence[Formula], wanted: Sequence[tuple[Formula, Fraction]]
) -> list[Formula] | None:
    """The factors that are left, if each wanted power is there at least as high."""
    c, rest = split_number(Times(*have))
    d, others = split_number(Times(*(power(b, e) for b, e in wanted)))
    if (c / d).denominator != 1:
        return None
    left: dict[Formula, Fraction] = {}
    for b, e in map(as_power, rest):
        left[b] = left.get(b, Fraction(0)) + e
    for b, e in map(as_power, others):
        had = left.get(b, Fraction(0))
        if had * e <= 0 or abs(had) < abs(e):
            return None
        left[b] = had - e
    return [Number(c / d), *(power(b, e) for b, e in left.items() if e)]


def _replaced(a: Whole, body: Whole, name: Whole) -> Whole | None:
    """`a` with `body` as a factor of it replaced."""
    if a == body:
        return name
    if isinstance(a, Product) and isinstance(body, Product):
        n = len(body.factors)
        for k in range(len(a.factors) - n + 1):
            if a.factors[k : k + n] == body.factors:
                return Product(*a.factors[:k], name, *a.factors[k + n :])
    if isinstance(a, Product) and not isinstance(body, Product) and body in a.factors:
        k = a.factors.index(body)
        return Product(*a.factors[:k], name, *a.factors[k + 1 :])
    if isinstance(a, Hadamard):
        wanted = body.parts if isinstance(body, Hadamard) else (body,)
        return _among(list(a.parts), list(wanted), name)
    return None


def _among(parts: list[Whole], wanted: list[Whole], name: Whole) -> Whole | None:
    """Some parts of a product entry by entry replaced by one, in the place of the first."""
    if any(parts.count(w) < wanted.count(w) for w in wanted):
        return None
    at = parts.index(wanted[0])
    for w in wanted:
        parts.remove(w)
    parts.insert(min(at, len(parts)), name)
    return Hadamard(*parts) if len(parts) > 1 else parts[0]
