"""Values of definitions by plain loops over Python numbers: slow, short, and independent.

Reading a tensor outside its shape is an error, and so is the largest of nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

from derive.derivation.program import Program
from derive.ir import (
    And,
    Apply,
    Atom,
    Binder,
    Bracket,
    Branch,
    Cases,
    Compare,
    Component,
    Count,
    Definition,
    Delta,
    Divides,
    Entry,
    Equal,
    Floor,
    Formula,
    Guard,
    Index,
    Int,
    NonNegative,
    Number,
    Plus,
    Power,
    Ravel,
    Size,
    Sum,
    Tensor,
    Times,
    Unravel,
)

Env = dict[Atom, int]
Arrays = dict[str, Any]
_FUNCTIONS = {
    "abs": abs,
    "exp": math.exp,
    "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "log": math.log,
    "sqrt": math.sqrt,
    "tanh": math.tanh,
    "relu": lambda x: max(x, 0),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
}


def evaluate(program: Program, given: Arrays) -> Arrays:
    """Every tensor as a dict from 0-based positions to values; `given` maps names to arrays."""
    arrays = dict(given)
    for definition in program.definitions:
        arrays[definition.tensor.name] = dict(_entries(definition, arrays))
    return arrays


def _entries(definition: Definition, arrays: Arrays) -> Iterator[tuple[tuple[int, ...], Any]]:
    base = definition.tensor.base
    for position in product(*(range(size(d)) for d in definition.tensor.shape)):
        env: Env = {i: p + base for i, p in zip(definition.indices, position, strict=True)}
        yield position, _value(definition.body, env, arrays)


def size(e: Int, env: Env | None = None, arrays: Arrays | None = None) -> int:
    """An integer expression, with the values that its sizes carry."""
    total = 0
    for monomial, c in e.terms:
        for a in monomial:
            c *= _atom(a, env or {}, arrays or {})
        total += c
    return total


def _atom(a: Atom, env: Env, arrays: Arrays) -> int:
    if isinstance(a, Size):
        assert a.value is not None
        return a.value
    if isinstance(a, Index):
        return env[a]
    if isinstance(a, Floor):
        return size(a.parts[0], env, arrays) // size(a.parts[1], env, arrays)
    if isinstance(a, (Ravel, Unravel)):
        return size(a.expanded(), env, arrays)
    assert isinstance(a, Entry)
    position = tuple(size(e, env, arrays) - a.tensor.base for e in a.parts)
    return int(_read(a.tensor, position, arrays)) + a.tensor.base


def _read(tensor: Tensor, position: tuple[int, ...], arrays: Arrays) -> Any:
    for p, d in zip(position, tensor.shape, strict=True):
        if not 0 <= p < size(d):
            raise IndexError(f"{tensor.name} is read at {position}")
    return arrays[tensor.name][position]


def _holds(g: Guard, env: Env, arrays: Arrays) -> bool:
    if isinstance(g, And):
        return all(_holds(part, env, arrays) for part in g.args)  # type: ignore[arg-type]
    if isinstance(g, Compare):
        a, b = _value(g.left, env, arrays), _value(g.right, env, arrays)
        return {"<": a < b, "<=": a <= b, "=": a == b, "!=": a != b}[g.relation]
    left, *right = (size(e, env, arrays) for e in g.args)  # type: ignore[arg-type]
    if isinstance(g, NonNegative):
        return left >= 0
    assert isinstance(g, (Equal, Divides))
    return left == right[0] if isinstance(g, Equal) else right[0] % left == 0


def _bound(f: Binder, env: Env, arrays: Arrays, depth: int = 0) -> Iterator[Env]:
    if depth == len(f.ranges):
        if _holds(f.condition, env, arrays):
            yield env
        return
    r = f.ranges[depth]
    low = max(size(e, env, arrays) for e in r.lowers)
    for p in range(low, min(size(e, env, arrays) for e in r.uppers) + 1):
        yield from _bound(f, {**env, r.index: p}, arrays, depth + 1)


def _value(f: Formula, env: Env, arrays: Arrays) -> Any:
    if isinstance(f, Number):
        return f.value
    if isinstance(f, Count):
        return size(f.integer, env, arrays)
    if isinstance(f, Component):
        position = tuple(size(e, env, arrays) - f.tensor.base for e in f.indices)
        return _read(f.tensor, position, arrays)
    if isinstance(f, Delta):
        left, right = (size(e, env, arrays) for e in f.sides)
        return int(left == right)
    if isinstance(f, Bracket):
        return int(_holds(f.condition, env, arrays))
    if isinstance(f, Cases):
        taken = (b for b in f.args if isinstance(b, Branch) and _holds(b.condition, env, arrays))
        return _value(next(taken).value, env, arrays)
    if isinstance(f, Times) and any(isinstance(a, Bracket) for a in f.args):
        guards = [a for a in f.args if isinstance(a, Bracket)]
        if not all(_value(g, env, arrays) for g in guards):
            return 0
    if isinstance(f, Binder):
        values = [_value(f.body, inner, arrays) for inner in _bound(f, env, arrays)]
        return sum(values) if isinstance(f, Sum) else max(values)
    parts = [_value(a, env, arrays) for a in f.args if isinstance(a, Formula)]
    if isinstance(f, Apply):
        return _FUNCTIONS[f.function.name](*parts)
    if isinstance(f, Power):
        return float(parts[0]) ** float(parts[1])
    assert isinstance(f, (Plus, Times))
    return sum(parts) if isinstance(f, Plus) else math.prod(parts)
