"""A layer's formula with numbers for its weights: the terms that are left, for each channel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import product as tuples
from typing import TypeVar

from sympy import Basic

from derive.derivation.scope import Scope
from derive.engine.simplify import BOUNDS, CONTRACT, simplify
from derive.engine.unroll import Unroller
from derive.errors import Unsupported
from derive.ir import (
    Atom,
    Bracket,
    Component,
    Formula,
    Index,
    Int,
    Number,
    Plus,
    Range,
    Size,
    Sum,
    Tensor,
    map_integers,
    replace_components,
    substitute,
)
from derive.questions.parts import Row, Side
from derive.questions.setting import Setting, verified
from derive.rules.terms import product, total
from derive.verify.verify import Verifier

Node = TypeVar("Node", bound=Basic)
_CHANNELS = 6


def inserted(
    setting: Setting,
    of: Tensor,
    target: Tensor,
    numbers: Mapping[Component, Fraction],
    fixed: Mapping[Size, int],
    verifier: Verifier,
) -> Iterator[Row]:
    """A row for each channel: Y_{1,i,j} = the terms whose weight is not 0.

    There is none where the weights are read at offsets whose ranges are no numbers.
    """
    definition = setting.program.defined[of]
    unroll = Unroller(fixed)
    weights = {u.tensor for u in numbers}
    channels = _channels(definition.body, weights, definition.indices)
    extents = dict(zip(definition.indices, of.shape, strict=True))
    try:
        counts = [range(of.base, of.base + unroll.number(extents[i], {})) for i in channels]
        places = list(tuples(*counts))
        if len(places) > _CHANNELS:
            return
        for values in places:
            to = dict(zip(channels, values, strict=True))
            left = substitute(definition.left, to)
            opened = _opened(substitute(definition.body, to), weights, unroll, numbers)
            ranges = tuple(r for r in definition.ranges if r.index not in to)
            opened = _fixed(opened, fixed)
            scope = Scope(setting.program, tuple(_fixed(r, fixed) for r in ranges))
            steps = simplify(opened, scope, (CONTRACT, BOUNDS))
            result = steps[-1].after if steps else opened
            yield Row(left, (Side(result, verdict=verified(verifier, left, "=", result, ranges)),))
    except (
        KeyError,
        Unsupported,
    ):  # an extent that is not fixed: the weights cannot be written out
        return


def _fixed(f: Node, fixed: Mapping[Size, int]) -> Node:
    """`f` with numbers for fixed sizes, and what is computed from them."""

    def known(a: Atom) -> Int | None:
        if not isinstance(a, Size):
            return None
        if a in fixed:
            return Int.of(fixed[a])
        return None if a.definition is None else a.definition.replace(known)

    return map_integers(f, known)


def _channels(f: Formula, weights: set[Tensor], free: tuple[Index, ...]) -> list[Index]:
    """The free indices at which weights are read."""
    found: dict[Index, None] = {}
    for c in _components(f):
        if c.tensor in weights:
            for e in c.indices:
                found |= dict.fromkeys(i for i in free if i in e.indices)
    return list(found)


def _components(f: Formula) -> Iterator[Component]:
    if isinstance(f, Component):
        yield f
    for a in f.args:
        if isinstance(a, Formula):
            yield from _components(a)


def _opened(
    f: Formula, weights: set[Tensor], unroll: Unroller, numbers: Mapping[Component, Fraction]
) -> Formula:
    """Sums over the positions of weights written out, with numbers for the weights."""
    if isinstance(f, Plus):
        parts = [_opened(g, weights, unroll, numbers) for g in f.args]  # type: ignore[arg-type]
        return total(*(p for p in parts if p != Number(0)))
    if not isinstance(f, Sum) or not any(c.tensor in weights for c in _components(f)):
        return _numbered(f, numbers)
    terms: list[Formula] = []
    for values in tuples(*(_values(r, unroll) for r in f.ranges)):
        to = {r.index: Int.of(v) for r, v in zip(f.ranges, values, strict=True)}
        body = _numbered(substitute(f.body, to), numbers)
        if body != Number(0):
            terms.append(product(Bracket(substitute(f.condition, to)), body))
    return total(*terms)


def _values(r: Range, unroll: Unroller) -> range:
    low = max(unroll.number(e, {}) for e in r.lowers)
    return range(low, min(unroll.number(e, {}) for e in r.uppers) + 1)


def _numbered(f: Formula, numbers: Mapping[Component, Fraction]) -> Formula:
    """`f` with numbers for the weights; 0 where one of its factors is 0."""
    found = replace_components(f, lambda c: Number(numbers[c]) if c in numbers else None)
    if any(g == Number(0) for g in found.args):
        return Number(0)
    return found
