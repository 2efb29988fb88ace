"""Conventions under which an equation is right that is wrong as it stands.

The list is closed: layout or transpose, index base, sum against mean reduction, flipped kernel,
½ in a squared penalty, power mean against power sum, a derivative in terms of the output.  Each
other reading is constructed, as other definitions or as another pair, and verified.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

from sympy import Basic

from derive.check.compare import Comparer
from derive.check.pair import Pair
from derive.derivation.program import Program
from derive.errors import Unsupported
from derive.ir import (
    Apply,
    Branch,
    Component,
    Count,
    Definition,
    Derivative,
    Formula,
    Function,
    Int,
    Number,
    Plus,
    Power,
    Range,
    Sum,
    Tensor,
    Times,
    free_indices,
    rebuild,
    replace_components,
    subformulas,
    tensors,
)

Node = TypeVar("Node", bound=Basic)

HALF = Number(Fraction(1, 2))
FEW = 4
"""Terms of a sum that are changed one by one, at most."""


def convention(comparer: Comparer, pair: Pair) -> str | None:
    """The convention under which the pair holds, said in words."""
    if comparer.counts(pair):
        return None
    for name, program, other in _readings(comparer.program, pair):
        meant = comparer if program is comparer.program else comparer.with_program(program)
        if holds(meant, other):
            return name
    return None


def holds(comparer: Comparer, pair: Pair) -> bool:
    """Whether a pair holds, with a quick look first."""
    try:
        return comparer.probe(pair) and comparer(pair).holds
    except Unsupported:
        return False


def _readings(program: Program, pair: Pair) -> Iterator[tuple[str, Program, Pair]]:
    for other in _in_terms_of_the_output(program, pair):
        yield "the derivative is written in terms of the output", program, other
    for name, change in CHANGES:
        yield from _changed(name, change, program, pair)
    for t, axes in _kernels(program, pair):
        name = f"the kernel {t.symbol} is flipped (convolution for cross-correlation, or reversed)"
        yield name, program, _flipped(pair, t, axes)


def _changed(
    name: str, change: Callable[[Formula], list[Formula]], program: Program, pair: Pair
) -> Iterator[tuple[str, Program, Pair]]:
    """One definition changed at a time, and what the pair itself differentiates."""
    for k, d in enumerate(program.definitions):
        if change is not _averaged and not _is_objective(program, d.tensor):
            continue
        for body in change(d.body):
            others = [*program.definitions]
            others[k] = replace(d, body=body)
            yield name, with_definitions(program, others), pair
    for node in _differentiated(pair):
        for of in change(node.of):
            new = rebuild(node, (of, *node.args[1:]))
            yield (
                name,
                program,
                replace(
                    pair, left=replaced(pair.left, node, new), right=replaced(pair.right, node, new)
                ),
            )


def _is_objective(program: Program, t: Tensor) -> bool:
    """Whether nothing but numbers is computed from a number: a loss, or a term of one."""
    return not t.shape and all(
        not d.tensor.shape for d in program.definitions if t in tensors(d.body)
    )


def with_definitions(program: Program, definitions: list[Definition]) -> Program:
    """The program with other definitions of the same tensors."""
    return replace(program, definitions=tuple(definitions))


def _differentiated(pair: Pair) -> list[Derivative]:
    found = (d for side in pair.sides for d in subformulas(side) if isinstance(d, Derivative))
    return [d for d in dict.fromkeys(found) if not isinstance(d.of, Component)]


def replaced(f: Node, old: Formula, new: Formula) -> Node:
    """`f` with every occurrence of a node replaced."""
    if f == old:
        return new  # type: ignore[return-value]
    parts = tuple(replaced(a, old, new) if isinstance(a, (Formula, Branch)) else a for a in f.args)
    return rebuild(f, parts) if f.args else f


# -- other definitions -----------------------------------------------------------------------------


def _halved(f: Formula) -> list[Formula]:
    """Terms that have a square at half their size, or at twice their size where there is a ½."""
    if not _scalar(f):
        return []
    whole = _scaled(f, Number(2) if _has_half(f) else HALF)
    return [whole, *_term_by_term(f, _halved)]


def _term_by_term(f: Formula, change: Callable[[Formula], list[Formula]]) -> Iterator[Formula]:
    """A sum of a few terms with one of them changed."""
    terms: tuple[Formula, ...] = f.args if isinstance(f, Plus) else ()  # type: ignore[assignment]
    for k, term in enumerate(terms if len(terms) <= FEW else ()):
        for new in change(term):
            yield Plus(*terms[:k], new, *terms[k + 1 :])


def _has_half(f: Formula) -> bool:
    """Whether a formula has a factor ½, also as that of 1/(2n)."""
    integers = (e.constant for g in subformulas(f) if isinstance(g, Count) for e in [g.integer])
    numbers = (g.value.denominator for g in subformulas(f) if isinstance(g, Number))
    doubled = (
        all(c % 2 == 0 for _, c in g.integer.terms) for g in subformulas(f) if isinstance(g, Count)
    )
    return any(d % 2 == 0 for d in numbers) or any(doubled) or any(c == 2 for c in integers)


def _scaled(f: Formula, by: Formula) -> Formula:
    if isinstance(f, Plus):
        return Plus(*(_scaled(t, by) for t in f.args))  # type: ignore[arg-type]
    squared = any(isinstance(g, Power) and g.exponent == Number(2) for g in subformulas(f))
    return Times(by, f) if squared else f


def _scalar(f: Formula) -> bool:
    """Whether a formula is a number that is summed from squares."""
    return not free_indices(f) and any(
        isinstance(g, Power) and g.exponent == Number(2) for g in subformulas(f)
    )


def _reduced(f: Formula) -> list[Formula]:
    """A sum over everything as a mean, and a mean as a sum."""
    if free_indices(f):
        return []
    sums = [g for g in subformulas(f) if isinstance(g, Sum)]
    counts = dict.fromkeys(n for s in sums for n in extents(s.ranges))
    made: list[Formula] = [Times(Power(Count(n), Number(-1)), f) for n in counts]
    made += (Times(Count(n), f) for n in counts if _divides_by(f, n))
    return [*made, *_term_by_term(f, _reduced)]


def _divides_by(f: Formula, n: Int) -> bool:
    """Whether a formula divides by a number of terms, so that it is a mean."""
    inverses = [g.base for g in subformulas(f) if isinstance(g, Power) and g.exponent == Number(-1)]
    sizes = {a for e in inverses if isinstance(e, Count) for a in e.integer.atoms_within()}
    fixed = n.constant
    numbers = (g.value.denominator for g in subformulas(f) if isinstance(g, Number))
    if fixed is not None:
        return any(d % fixed == 0 for d in numbers if fixed > 1)
    return bool(sizes) and sizes >= {*n.atoms_within()}


def extents(ranges: tuple[Range, ...]) -> list[Int]:
    """How many terms a sum has, over each range and over all of them."""
    each = [n for r in ranges if (n := r.extent) is not None and not n.indices]
    total = Int.of(1)
    for n in each:
        total = total * n
    return list(dict.fromkeys([*each, total]))


def _averaged(f: Formula) -> list[Formula]:
    """A root of a sum of powers as the root of their mean, and the other way round."""
    made: list[Formula] = []
    for node in dict.fromkeys(subformulas(f)):
        if not isinstance(node, Power) or not _is_root(node.exponent):
            continue
        for s in subformulas(node.base):
            if isinstance(s, Sum):
                for n in extents(s.ranges):
                    for factor in (Power(Count(n), Number(-1)), Count(n)):
                        if factor == Count(n) and not _divides_by(node.base, n):
                            continue
                        new = Power(Times(factor, node.base), node.exponent)
                        made.append(replaced(f, node, new))
                break
    return made


def _is_root(exponent: Formula) -> bool:
    if isinstance(exponent, Number):
        return 0 < exponent.value < 1
    return isinstance(exponent, (Power, Times)) and any(
        isinstance(g, Power) and g.exponent == Number(-1) for g in subformulas(exponent)
    )


CHANGES: tuple[tuple[str, Callable[[Formula], list[Formula]]], ...] = (
    ("½ in a squared penalty", _halved),
    ("sum or mean as the reduction", _reduced),
    ("power mean or power sum", _averaged),
)


# -- flipped kernels -------------------------------------------------------------------------------


def _kernels(program: Program, pair: Pair) -> Iterator[tuple[Tensor, int]]:
    """The given tensors that a pair speaks of, with how many of their last axes a flip reverses.

    Where nothing is read at a computed position there are no kernels.
    """
    if not any(map(_slides, pair.sides)):
        return
    for t in program.given:
        if t.shape and any(t in tensors(side) for side in pair.sides):
            if len(t.shape) in (2, 4):
                yield t, 2
            yield t, 1


def _slides(f: Formula) -> bool:
    read = (c for c in subformulas(f) if isinstance(c, Component))
    return any(e.atom is None and e.indices for c in read for e in c.indices)


def _flipped(pair: Pair, kernel: Tensor, axes: int) -> Pair:
    """The pair with a kernel read backwards: on the right side, if it is read there."""
    last = [2 * kernel.base + n - 1 for n in kernel.shape]
    kept = len(kernel.shape) - axes

    def flip(c: Component) -> Formula | None:
        if c.tensor != kernel:
            return None
        indices = (e if k < kept else last[k] - e for k, e in enumerate(c.indices))
        return Component(kernel, *indices)

    if kernel in tensors(pair.right):
        return replace(pair, right=replace_components(pair.right, flip))
    return replace(pair, left=replace_components(pair.left, flip))


# -- derivatives in terms of the output ------------------------------------------------------------


def _in_terms_of_the_output(program: Program, pair: Pair) -> Iterator[Pair]:
    """The right side with the variable replaced by what a scalar function makes of it."""
    nodes = list(subformulas(pair.left))
    names = dict.fromkeys(g.function.name for g in nodes if isinstance(g, Apply) and _smooth(g))
    varied = {d.by.tensor for d in subformulas(pair.right) if isinstance(d, Derivative)}
    for t in dict.fromkeys(c.tensor for c in nodes if isinstance(c, Component)):
        for name in names if t not in varied else ():
            yield replace(pair, right=_composed(pair.right, t, name))
    for d in (g for g in nodes if isinstance(g, Derivative)):
        of, by = d.of, d.by.tensor
        if isinstance(of, Component) and _function_of(program.defined.get(of.tensor), by):
            yield replace(pair, right=_renamed(pair.right, by, of.tensor))


def _smooth(g: Apply) -> bool:
    return len(g.arguments) == 1 and g.function.name not in ("exp", "log", "abs", "sign")


def _composed(f: Formula, t: Tensor, name: str) -> Formula:
    return replace_components(f, lambda c: Apply(Function(name), c) if c.tensor == t else None)


def _renamed(f: Formula, t: Tensor, output: Tensor) -> Formula:
    return replace_components(f, lambda c: Component(output, *c.indices) if c.tensor == t else None)


def _function_of(d: Definition | None, t: Tensor) -> bool:
    """Whether a definition is a scalar function of an array, entry by entry."""
    if d is None or d.tensor.shape != t.shape:
        return False
    read = [c for c in subformulas(d.body) if isinstance(c, Component)]
    return bool(read) and all(c == Component(t, *d.indices) for c in read)
