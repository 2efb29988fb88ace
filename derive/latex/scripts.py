"""What stands in scripts: indices of arrays, arrays collected from their entries, powers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from derive.ir import Formula, Index, Int, Number, Power, Range, substitute
from derive.latex.array import (
    Array,
    Mismatch,
    Value,
    between,
    new_axes,
    product,
    same_extent,
    show,
    transpose,
)
from derive.latex.binders import Binders
from derive.latex.error import Misfit, ReadError
from derive.latex.indices import EVERY, circled, is_mark, split_indices
from derive.latex.integers import refuse
from derive.latex.numbers import is_moderate
from derive.latex.tree import Listed, Node, Raw, Scripted, Symbol, spell

HIGHEST = 10_000
"""Exponents that are numbers, at most."""


class Scripts(Binders):
    """Reads what has scripts."""

    elementwise = False

    def value(self, node: Node) -> Value:
        raise NotImplementedError

    def formula(self, node: Node) -> Formula:
        """The number that a node stands for."""
        value = self.value(node)
        if isinstance(value, Array):
            raise Misfit(node.position, "a number", show(value))
        return value

    @contextmanager
    def fitting(self, node: Node) -> Iterator[None]:
        """Inside, arrays that do not go together are refused at `node`."""
        try:
            yield
        except Mismatch as problem:
            refused = Misfit if problem.definite else ReadError
            raise refused(node.position, problem.expected, problem.found) from None

    def with_scripts(self, value: Value, node: Scripted) -> Value:
        """A value at indices, or to a power."""
        if node.below is None:
            if node.above is None:
                return value
            with self.fitting(node):
                return self.raised_value(value, node.above, node)
        if node.above is not None and is_mark(node.above):
            value, above = transpose(value), None
        else:
            above = node.above
        below = self.indexed_by(value, node.below, node)
        return below if above is None else self.raised_value(below, above, node)

    def indexed_by(self, value: Value, below: Node, node: Node) -> Value:
        if not isinstance(value, Array):
            return self.collected(value, below, node)
        indices = split_indices(below, value.rank)
        if indices is None:
            indices = below.items if isinstance(below, Listed) else (below,)
        many = len(indices) == 1 and value.rank < 3 and self.are_letters(indices[0])
        if len(indices) > value.rank or many:
            found = f"“{spell(below)}”"
            raise Misfit(below.position, f"{value.rank} indices of {show(value)}", found)
        return self.indexed(value, indices, node)

    def indexed(self, value: Array, indices: tuple[Node, ...], node: Node) -> Value:
        """The entry, or the row, of an array at indices."""
        items = [*indices, *[EVERY] * (value.rank - len(indices))]
        kept = [k for k, e in enumerate(items) if e == EVERY]
        axes = new_axes(len(kept))
        free = dict(zip(kept, axes, strict=True))
        at = [free[k] if k in free else self.index(e) for k, e in enumerate(items)]
        self.remember(value, at)
        formula = value.at(*at)
        if not kept:
            return formula
        shape, cut = tuple(value.shape[k] for k in kept), len(kept) == 1 < len(items)
        return Array(formula, axes, shape, value.base, loose=cut)

    def remember(self, value: Array, at: Sequence[Int | Index]) -> None:
        """How far indices run that stand alone on the axes of a value."""
        for e, extent in zip(at, value.shape, strict=True):
            if extent is not None:
                self.remember_axis(e, between(Index("i"), extent, value.base))

    def remember_axis(self, e: Int | Index, over: Range) -> None:
        """How far an index runs that stands alone on an axis."""
        index = e.atom if isinstance(e, Int) else None
        if isinstance(index, Index):
            self.spans.setdefault(index, Range(index, over.lowers, over.uppers))

    def extent(self, name: Node) -> Int:
        """How many values an index has."""
        index = self.index(name).atom
        over = self.spans.get(index) if isinstance(index, Index) else None
        if over is None or len(over.lowers) + len(over.uppers) > 2:
            refuse(name, f"how far {spell(name)} runs, said before this", "nothing")
        return over.uppers[0] - over.lowers[0] + 1

    def collected(self, f: Formula, below: Node, node: Node) -> Value:
        """`\\{f(i, j)\\}_{i,j}`: the array whose entries these are."""
        items = split_indices(below, 2) or split_indices(below, 1) or ()
        if isinstance(below, Listed):
            items = below.items
        known = [self.indices.get(e) for e in items]
        indices = [i for i in known if i is not None]
        if not items or len(indices) < len(items) or len(set(indices)) < len(items):
            raise Misfit(below.position, "no indices of a number", f"“{spell(below)}”")
        extents = []
        for i, name in zip(indices, items, strict=True):
            lower, upper = self.implied(i, (f,), name)
            if len(lower) > 1 or len(upper) > 1:
                refuse(name, "an index that runs over one axis", "one over several")
            extents.append(upper[0] - (self.symbols.base - 1))
        axes = new_axes(len(items))
        body = substitute(f, dict(zip(indices, axes, strict=True)))
        for name in items:
            self.indices.pop(name, None)
        return Array(body, axes, tuple(extents), self.symbols.base)

    def gathered(self, body: Node, node: Scripted) -> Value:
        """`\\{z_c\\}_{c=1}^{C}`: the arrays z_c as one, c along its first axis."""
        assert node.below is not None
        plan = self.plan(node.below, node.above)
        name, (first, last) = next(iter(plan.bounds.items()))
        if first is None or last is None or plan.conditions or len(plan.bounds) > 1:
            refuse(node.below, "one index with its range", f"“{spell(node.below)}”")
        lower, upper = self.index(first), self.index(last)
        with self.binding([name]):
            index, value = self.indices[name], self.value(body)
        (k,) = new_axes(1)
        base = self.symbols.base
        inner = value if isinstance(value, Array) else Array(value, (), (), base)
        formula = substitute(inner.formula, {index: k + (lower - base)})
        return Array(formula, (k, *inner.axes), (upper - lower + 1, *inner.shape), base)

    # -- powers --------------------------------------------------------------------------------

    def raised_value(self, value: Value, power: Node, node: Node) -> Value:
        if is_mark(power) and (isinstance(value, Array) or self.find(power) is None):
            if not self.whole:
                refuse(power, "a formula for entries", "a mark for whole arrays")
            with self.fitting(node):
                return transpose(value)
        if isinstance(power, Raw):
            raise power.problem
        entries = circled(power)
        exponent = self.exponent(entries or power)
        if not is_moderate(exponent, HIGHEST):
            refuse(power, f"an exponent of at most {HIGHEST}", f"“{spell(power)}”")
        if not isinstance(value, Array):
            return Power(value, exponent)
        square = value.rank == 2 and same_extent(*value.shape)
        if square and entries is None and not self.elementwise:
            return self.matrix_power(value, exponent, power)
        return value.map(lambda f: Power(f, exponent))

    def matrix_power(self, a: Array, exponent: Formula, power: Node) -> Value:
        whole = isinstance(exponent, Number) and exponent.value.denominator == 1
        if not whole or not 1 <= exponent.value <= 4:  # type: ignore[attr-defined]
            refuse(power, "a power from 1 to 4 of a square matrix", f"“{spell(power)}”")
        self.note("a power of a square matrix is a product of matrices")
        result: Value = a
        for _ in range(int(exponent.value) - 1):  # type: ignore[attr-defined]
            assert isinstance(result, Array)
            result = product(result, a)
        return result

    def exponent(self, node: Node) -> Formula:
        if isinstance(node, Symbol) and node.text in ("*", "+", "-", "\\dagger"):
            refuse(node, "a formula for entries", "a mark for whole arrays")
        if isinstance(node, Raw):
            raise node.problem
        return self.formula(node)
