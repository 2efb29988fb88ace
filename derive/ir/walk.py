"""Walking formulas: parts and rebuilding, free indices, substitution, equality up to renaming.

Every function treats a binder as a binder: `substitute` renames bound indices where a replacement
would be captured, `instantiate` gives each copy of a definition bound indices of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import permutations, product
from typing import TypeVar

from sympy import Basic

from derive.ir.binder import Binding, Range
from derive.ir.formula import Component, Entry, Formula, Plus, Tensor, Times
from derive.ir.index import Index, fresh
from derive.ir.integer import Atom, Int, IntLike
from derive.ir.statement import Definition

Node = TypeVar("Node", bound=Basic)
_NONE: frozenset[Index] = frozenset()


def free_indices(f: Basic) -> frozenset[Index]:
    """The indices that `f` (a formula, guard, range or integer) depends on."""
    if isinstance(f, Int):
        return f.indices  # type: ignore[return-value]
    if isinstance(f, Formula):
        try:
            return f._free
        except AttributeError:
            f._free = _free(f)
            return f._free
    return _free(f)


def _free(f: Basic) -> frozenset[Index]:
    if isinstance(f, Binding):
        inner = free_indices(f.body) | free_indices(f.condition)
        for r in reversed(f.ranges):
            inner = (inner - {r.index}) | free_indices(r)
        return inner
    parts = f.args[1:] if isinstance(f, Range) else f.args
    return _NONE.union(*(free_indices(a) for a in parts)) if parts else _NONE


def subformulas(f: Basic) -> Iterator[Basic]:
    """`f` and every node below it, outermost first, left to right."""
    yield f
    for a in f.args:
        yield from subformulas(a)


def tensors(f: Basic) -> frozenset[Tensor]:
    """Every tensor that is read in `f`, also inside index expressions."""
    if isinstance(f, Tensor):
        return frozenset((f,))
    if isinstance(f, Int):
        return frozenset(a.tensor for a in f.atoms_within() if isinstance(a, Entry))
    if isinstance(f, Formula):
        try:
            return f._tensors
        except AttributeError:
            f._tensors = frozenset[Tensor]().union(*(tensors(a) for a in f.args))
            return f._tensors
    return frozenset().union(*(tensors(a) for a in f.args))


def rebuild(f: Node, parts: tuple[Basic, ...]) -> Node:
    """The like of `f` with other parts; `f` itself where they are the same."""
    if all(a is b for a, b in zip(parts, f.args, strict=True)):
        return f
    if hasattr(f, "relation"):
        return type(f)(parts[0], f.relation, parts[1])
    return type(f)(*parts)


def substitute(f: Node, to: Mapping[Index, IntLike]) -> Node:
    """`f` with free indices replaced; bound indices that would capture one are renamed."""
    values = {i: Int.of(e) for i, e in to.items()}
    return _substitute(f, values)


def _substitute(f: Node, to: dict[Index, Int]) -> Node:
    if isinstance(f, Int):
        if f.indices.isdisjoint(to):
            return f
        return f.replace(to.get)  # type: ignore[arg-type, return-value]
    touched = free_indices(f) & to.keys()
    if not touched:
        return f
    to = {i: to[i] for i in touched}
    if not isinstance(f, Binding):
        if isinstance(f, Range):
            return rebuild(f, (f.index, *(_substitute(a, to) for a in f.args[1:])))
        return rebuild(f, tuple(_substitute(a, to) for a in f.args))
    arriving = _NONE.union(*(e.indices for e in to.values()))
    ranges: list[Range] = []
    for r in f.ranges:
        r = _substitute(r, to)
        to = {i: e for i, e in to.items() if i != r.index}
        if r.index in arriving:
            renamed = fresh(r.index)
            to[r.index] = Int.of(renamed)
            r = Range(renamed, r.lowers, r.uppers)
        ranges.append(r)
    return rebuild(f, (_substitute(f.body, to), *ranges, *f.others, _substitute(f.condition, to)))


def refresh(f: Node) -> Node:
    """A copy of `f` whose bound indices, at every depth, are new."""
    if not f.args or isinstance(f, Int):
        return f
    if isinstance(f, Binding):
        to: dict[Index, Int] = {}
        ranges = []
        for r in f.ranges:
            r = _substitute(r, to)
            new = fresh(r.index)
            to[r.index] = Int.of(new)
            ranges.append(Range(new, r.lowers, r.uppers))
        body, condition = refresh(f.body), refresh(f.condition)
        return rebuild(f, (_substitute(body, to), *ranges, *f.others, _substitute(condition, to)))
    return rebuild(f, tuple(refresh(a) for a in f.args))


def instantiate(definition: Definition, at: tuple[IntLike, ...]) -> Formula:
    """The body of a definition at the given indices, with bound indices of its own."""
    to = dict(zip(definition.indices, at, strict=True))
    return substitute(refresh(definition.body), to)


def replace_components(f: Node, to: Callable[[Component], Formula | None]) -> Node:
    """Every entry for which `to` has an answer replaced by it, wherever it stands."""
    if isinstance(f, Component):
        new = to(f)
        return f if new is None else new  # type: ignore[return-value]
    if not f.args or isinstance(f, Int):
        return f
    return rebuild(f, tuple(replace_components(a, to) for a in f.args))


def map_integers(f: Node, to: Callable[[Atom], Int | None]) -> Node:
    """Every integer expression in `f` with its atoms replaced where `to` has an answer."""
    if isinstance(f, Int):
        return f.replace(to)  # type: ignore[return-value]
    if not f.args:
        return f
    return rebuild(f, tuple(map_integers(a, to) for a in f.args))


# -- equality up to renaming ---------------------------------------------------------------------


Marks = dict[Index, Int]


def same(a: Basic, b: Basic) -> bool:
    """Whether `a` and `b` differ only in the names of bound indices and the order of ranges."""
    return a == b or _same(a, b, {}, {}, True)


def alike(a: Basic, b: Basic) -> bool:
    """Whether they differ, besides, only in the order of the terms of sums and of factors."""
    return a == b or _same(a, b, {}, {}, False)


def _same(a: Basic, b: Basic, in_a: Marks, in_b: Marks, ordered: bool) -> bool:
    """`in_a` and `in_b` replace what is bound further out by the marks that the two share."""
    if isinstance(a, Int) and isinstance(b, Int):
        return _substitute(a, in_a) == _substitute(b, in_b)
    if type(a) is not type(b) or len(a.args) != len(b.args):
        return False
    if isinstance(a, Binding) and isinstance(b, Binding):
        return any(
            _same_binder(a, b, order, in_a, in_b, ordered) for order in ranges_that_match(a, b)
        )
    if not a.args:
        return a == b
    if getattr(a, "relation", None) != getattr(b, "relation", None):
        return False
    if isinstance(a, Plus | Times) and not ordered:
        return _same_parts(a.args, b.args, in_a, in_b)
    return all(_same(x, y, in_a, in_b, ordered) for x, y in zip(a.args, b.args, strict=True))


def _same_parts(a: tuple[Basic, ...], b: tuple[Basic, ...], in_a: Marks, in_b: Marks) -> bool:
    """Whether each part of `a` has one of `b` for itself; any that is alike will do."""
    rest = list(b)
    for x in a:
        k = next((k for k, y in enumerate(rest) if _same(x, y, in_a, in_b, False)), None)
        if k is None:
            return False
        del rest[k]
    return True


def _same_binder(
    a: Binding, b: Binding, order: tuple[Range, ...], in_a: Marks, in_b: Marks, ordered: bool
) -> bool:
    if a.others != b.others:
        return False
    for r, s in zip(a.ranges, order, strict=True):
        bounds = zip(r.args[1:], s.args[1:], strict=True)
        if not all(_same(x, y, in_a, in_b, ordered) for x, y in bounds):
            return False
        mark = Int.of(fresh("mark"))
        in_a, in_b = {**in_a, r.index: mark}, {**in_b, s.index: mark}
    parts = ((a.condition, b.condition), (a.body, b.body))
    return all(_same(x, y, in_a, in_b, ordered) for x, y in parts)


def ranges_that_match(a: Binding, b: Binding) -> Iterator[tuple[Range, ...]]:
    """The orders of b's ranges that could match a's: by how each bound index is used."""
    if len(a.ranges) == len(b.ranges) == 1:
        yield b.ranges
        return
    wanted = [_signature(a, r) for r in a.ranges]
    offered: dict[object, list[Range]] = {}
    for s in b.ranges:
        offered.setdefault(_signature(b, s), []).append(s)
    kinds = list(dict.fromkeys(wanted))
    if {k: wanted.count(k) for k in kinds} != {k: len(v) for k, v in offered.items()}:
        return
    for choice in product(*(permutations(offered[k]) for k in kinds)):
        queues = {k: list(c) for k, c in zip(kinds, choice, strict=True)}
        yield tuple(queues[w].pop(0) for w in wanted)


def _signature(f: Binding, r: Range) -> object:
    """How `f` uses the index of `r`: for each integer expression that has it, how often."""
    scope = (*f.ranges[f.ranges.index(r) + 1 :], f.condition, f.body)
    uses = (k for part in scope for k in _uses(part, r.index))
    return (len(r.lowers), len(r.uppers), *sorted(uses))


def _uses(f: Basic, index: Index) -> Iterator[int]:
    """How often a free index stands in each integer expression of `f` that depends on it."""
    if index not in free_indices(f):
        return
    if isinstance(f, Int):
        yield sum(1 for a in f.atoms_within() if a == index)
    parts = f.args
    if isinstance(f, Binding) and index in f.bound:
        parts = f.ranges[: f.bound.index(index) + 1]
    for part in parts:
        yield from _uses(part, index)
