"""Small wrong changes to a formula: a sign, a term, a bound, an index."""

from __future__ import annotations

from collections.abc import Iterator

from sympy import Basic

from derive.ir import (
    Added,
    Bracket,
    Chosen,
    Component,
    Delta,
    Folded,
    Formula,
    Hadamard,
    Ints,
    Number,
    Permuted,
    Plus,
    Power,
    Product,
    Raised,
    Range,
    Reshaped,
    Scaled,
    Sliced,
    Times,
    Transposed,
    Unfolded,
    Whole,
)


def mutants(f: Formula) -> Iterator[tuple[str, Formula]]:
    """Pairs of what was done and the changed formula, for every place where it can be done."""
    yield "sign of the whole", Times(Number(-1), f)
    for change, new in _everywhere(f):
        assert isinstance(new, Formula)
        if new != f:
            yield change, new


def _everywhere(f: Basic) -> Iterator[tuple[str, Basic]]:
    yield from _here(f)
    for at, part in enumerate(f.args):
        for change, new in _everywhere(part):
            try:
                yield change, f.func(*f.args[:at], new, *f.args[at + 1 :])
            except (TypeError, ValueError):
                continue


def _in_array(f: Basic) -> Iterator[tuple[str, Basic]]:
    """Changes of a whole array; one that does not fit its place is refused by a constructor."""
    if isinstance(f, Added | Hadamard) and len(f.args) > 1:
        for at in range(len(f.args)):
            yield "drop a part", f.func(*f.args[:at], *f.args[at + 1 :])
    if isinstance(f, Product) and len(f.args) > 1:
        yield "turn a product round", Product(*reversed(f.factors))
        yield "drop a factor", Product(*f.factors[1:])
    if isinstance(f, Transposed):
        yield "no transpose", f.of
    if isinstance(f, Scaled):
        yield "another sign", Scaled(-f.factor, f.of)
        yield "drop a number", f.of
    if isinstance(f, Raised):
        yield "another power", Raised(f.exponent + 1, f.of)
    yield from _moved(f)
    if isinstance(f, Whole) and f.shape:
        yield "another sign", Scaled(-1, f)
        if f.rank == 2:
            yield "transposed", Transposed(f)


def _moved(f: Basic) -> Iterator[tuple[str, Basic]]:
    """Changes of what moves entries: other axes, another shape, another index, another window."""
    if isinstance(f, Permuted):
        yield "another order of axes", Permuted(f.of, (*f.axes[1:], f.axes[0]))
    if isinstance(f, Reshaped) and f.rank == 2:
        yield "columns for rows", Transposed(Reshaped(f.of, f.shape[::-1]))
    if isinstance(f, Sliced) and f.at:
        yield "shift an index", Sliced(f.of, f.axes, (f.at[0] - 1, *f.at[1:]))
        yield "the first slice", Sliced(f.of, f.axes, (1, *f.at[1:]))
    if isinstance(f, Folded | Unfolded):
        for k, option in enumerate(f.options):
            changed = list(f.options)
            changed[k] = Ints(*(e + 1 for e in option.all))
            first = f.args[: len(f.args) - len(changed)]
            try:
                yield "another window", f.func(*first, *changed)
            except ValueError:
                continue


def _here(f: Basic) -> Iterator[tuple[str, Basic]]:
    if isinstance(f, Whole):
        yield from _in_array(f)
    if isinstance(f, Plus) and len(f.args) > 1:
        for at in range(len(f.args)):
            yield "drop a term", Plus(*f.args[:at], *f.args[at + 1 :])  # type: ignore[arg-type]
    if isinstance(f, Times) and len(f.args) > 1:
        for at in range(len(f.args)):
            yield "drop a factor", Times(*f.args[:at], *f.args[at + 1 :])  # type: ignore[arg-type]
    if isinstance(f, Range):
        yield "shift a lower bound", Range(f.index, [b + 1 for b in f.lowers], f.uppers)
        yield "shift an upper bound", Range(f.index, f.lowers, [b - 1 for b in f.uppers])
    if isinstance(f, Component) and len(f.indices) > 1:
        yield "swap two indices", Component(f.tensor, *reversed(f.indices))
    if isinstance(f, Component) and f.indices:
        yield "shift an index", Component(f.tensor, f.indices[0] - 1, *f.indices[1:])
    if isinstance(f, (Delta, Bracket, Chosen)):
        yield "always 1", Number(1)
    if isinstance(f, Delta):
        yield "shift a delta", Delta(f.sides[0] + 1, f.sides[1])
    if isinstance(f, Power):
        yield "invert", Power(f.base, Times(Number(-1), f.exponent))
    if isinstance(f, Number):
        yield "another number", Number(f.value + 1)
