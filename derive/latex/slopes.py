"""Derivatives in formulas: `\\frac{\\partial a}{\\partial b}`, `\\nabla_b a`, `\\partial_b a`."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from derive.ir import Component, Derivative, Tensor
from derive.latex.array import Array, Slope, Value, new_axes, same_shape
from derive.latex.indices import is_mark
from derive.latex.integers import refuse
from derive.latex.names import Names
from derive.latex.symbols import DefinedFunction, ScalarFunction
from derive.latex.tokens import PRODUCT
from derive.latex.tree import (
    Factors,
    Fraction,
    Listed,
    Node,
    Numeral,
    Scripted,
    Symbol,
    Word,
    spell,
)

FUNCTION = (ScalarFunction, DefinedFunction)
PARTIAL = Symbol("\\partial", position=0)
HIGHEST_ORDER = 6
NABLA = Symbol("\\nabla", position=0)
DIFFERENTIALS = (Symbol("d", position=0), Word("d", position=0))


class Slopes(Names):
    """Reads derivatives."""

    def product(self, factors: list[tuple[str, Node]]) -> Value:
        raise NotImplementedError

    def fraction(self, node: Fraction) -> Value | None:
        """A derivative, or None for a quotient."""
        above, below = self.factors_of(node.above), self.factors_of(node.below)
        mark = self.mark_of(above[0], below)
        if mark is None:
            return None
        if len(above) < 2:
            refuse(node, "what is differentiated, after this", "nothing")
        of = self.lone_function(above[1:], below)
        if of is None:
            of = self.product([("", f) for f in above[1:]])
        return self.derivatives(of, node, above[1:], mark, self.order(above[0]))

    def lone_function(self, above: list[Node], below: list[Node]) -> Value | None:
        """The σ of dσ/dx, at x; None for anything else."""
        found = self.find(above[0]) if len(above) == 1 and len(below) == 2 else None
        if found is None or found.power or not isinstance(found.meaning, FUNCTION):
            return None
        bare = below[1].base if isinstance(below[1], Scripted) and not below[1].below else below[1]
        name = below[1] if self.find(bare) is None else bare
        return self.at_arguments(found.meaning, (0,), [self.value(name)], above[0])

    def at_arguments(
        self,
        meaning: ScalarFunction | DefinedFunction,
        orders: tuple[int, ...],
        arguments: list[Value],
        node: Node,
    ) -> Value:
        raise NotImplementedError

    def mark_of(self, first: Node, below: list[Node]) -> Node | None:
        """The ∂ or d that a numerator begins with, if the denominator begins with it, too."""
        base = first.base if isinstance(first, Scripted) and first.below is None else first
        if base == PARTIAL:
            return base
        if base not in DIFFERENTIALS or len(below) < 2 or below[0] != base:
            return None
        declared = base in self.symbols.table or base in self.indices
        return base if not declared or self.is_array(below[1]) else None

    def is_array(self, node: Node) -> bool:
        found = self.find(node)
        return found is not None and isinstance(found.meaning, Tensor)

    def order(self, mark: Node) -> int:
        """The 2 of ∂^2."""
        if isinstance(mark, Scripted) and isinstance(mark.above, Numeral):
            return int(mark.above.text[:3])
        return 1

    def factors_of(self, node: Node) -> list[Node]:
        """The factors of a numerator or denominator, a mark `d` apart from what follows it."""
        if not isinstance(node, Factors):
            return [node]
        apart = isinstance(node.factors[0][1], Symbol) and node.factors[0][1].text == "d"
        if apart:
            rest = node.factors[1:]
            tail = rest[0][1] if len(rest) == 1 else Factors(rest, position=rest[0][1].position)
            return [node.factors[0][1], *self.factors_of(tail)]
        joined = self.joined(node)
        return [f for _, f in joined] if all(o in PRODUCT for o, _ in joined) else [node]

    def operator(self, node: Fraction) -> Node | None:
        """The mark of `\\frac{\\partial}{\\partial x}` and `\\frac{d}{dx}`, else None."""
        base = node.above
        if isinstance(base, Scripted) and base.below is None:
            base = base.base
        below = self.factors_of(node.below)
        if base == PARTIAL:
            return base
        return base if base in DIFFERENTIALS and len(below) > 1 and below[0] == base else None

    def derivatives(
        self, of: Value, node: Fraction, above: list[Node], mark: Node, order: int = 1
    ) -> Value:
        """∂of by the names in `\\partial y \\partial x`, the last one first."""
        held = self.held(node.held)
        names = self.names_below(node.below, mark, order)
        variables = [self.variable(name) for name in names]
        if len(names) == 1:
            layout = "numerator" if transposed(names[0]) else self.layout(variables[0])
            spelt = Spelt(spell_all(above), spell(names[0]))
            found = slope(of, variables[0], held, layout, spelt)
            return self.or_diagonal(found, of, variables[0], spelt)
        for variable in reversed(variables):
            of = slope(of, variable, held, "shape")
        return self.in_order(of, variables)

    def or_diagonal(self, jacobian: Value, of: Value, by: Value, spelt: Spelt) -> Value:
        """A Jacobian, or where derivatives are entrywise the array of its diagonal."""
        if not (isinstance(jacobian, Array) and isinstance(of, Array) and isinstance(by, Array)):
            return jacobian
        if not same_shape(of.shape, by.shape) or None in of.shape:
            return jacobian
        if not self.entrywise:
            self.jacobians.append(jacobian)
            return jacobian
        self.note(f"∂{spelt.of}/∂{spelt.by} is the derivative of each entry by its own: a diagonal")
        axes = new_axes(of.rank)
        return Array(jacobian.at(*axes, *axes), axes, of.shape, of.base)

    @staticmethod
    def in_order(of: Value, variables: list[Value]) -> Value:
        """A derivative by several names, with the axes in the order of the names."""
        if not isinstance(of, Array):
            return of
        extents = dict(zip(of.axes, of.shape, strict=True))
        last = [x for v in variables if isinstance(v, Array) for x in v.axes]
        axes = tuple([x for x in of.axes if x not in last] + last)
        return replace(of, axes=axes, shape=tuple(extents[x] for x in axes), row=False)

    def names_below(self, by: Node, mark: Node, order: int) -> list[Node]:
        parts = self.factors_of(by)
        names = parts[1::2]
        if len(parts) % 2 or any(p != mark for p in parts[::2]):
            refuse(by, "\\partial and the entry of a tensor", f"“{spell(by)}”")
        if len(names) == 1 and order > 1:
            last = names[0]
            if isinstance(last, Scripted) and last.above == Numeral(str(order), position=0):
                last = replace(last, above=None)
                last = last.base if last.below is None and not last.primes else last
            names = [last] * min(order, HIGHEST_ORDER)
        if order != len(names):
            refuse(by, f"as many ∂ as above, {order}", f"{len(names)}")
        return names

    def variable(self, name: Node) -> Value:
        """What a derivative is by: an entry or an array of entries."""
        bare = name
        if transposed(name) and isinstance(name, Scripted):
            bare = replace(name, above=None)
            bare = name.base if name.below is None and not name.primes else bare
        before, self.reading_variable = self.reading_variable, True
        try:
            value = self.value(bare)
        finally:
            self.reading_variable = before
        formula = value.formula if isinstance(value, Array) else value
        if not isinstance(formula, Component):
            refuse(name, "the entry of a tensor", f"“{spell(name)}”")
        return value

    def held(self, node: Node | None) -> list[Tensor]:
        """The tensors in `|_{...}`, each by its whole name."""
        names = node.items if isinstance(node, Listed) else [node] if node else []
        found = [self.symbols.table.get(name) for name in names]
        for name, meaning in zip(names, found, strict=True):
            if not isinstance(meaning, Tensor):
                refuse(name, "the name of a tensor that is held fixed", f"“{spell(name)}”")
        return [meaning for meaning in found if isinstance(meaning, Tensor)]

    def layout(self, by: Value) -> str:
        """The layout for derivatives by this variable."""
        by_matrix = isinstance(by, Array) and by.rank > 1
        return (by_matrix and self.symbols.matrix_layout) or self.symbols.layout

    def gradient(self, of: Value, name: Node, order: int, spelt: str) -> Value:
        """∇: laid out as the variable; of a vector, one column for each of its entries."""
        if order == 2:
            first, second = self.variable(name), self.variable(name)
            of = slope(slope(of, second, [], "shape"), first, [], "shape")
            return self.in_order(of, [first, second])
        return slope(of, self.variable(name), [], "denominator", Spelt(spelt, spell(name)))


class Spelt(NamedTuple):
    """How a derivative is written: of what, by what."""

    of: str
    by: str


def slope(
    of: Value, by: Value, held: list[Tensor], layout: str, spelt: Spelt | None = None
) -> Value:
    """∂of/∂by, its axes in the order of the layout.

    "shape": those of `of`, then those of `by`.  "numerator": the same for vectors, but a number by
    a vector is a row, and by a matrix it is transposed.  "denominator": those of `by` first.
    """
    entry = by.formula if isinstance(by, Array) else by
    assert isinstance(entry, Component)
    f = Derivative(of.formula if isinstance(of, Array) else of, entry, *held)
    of_axes, of_shape = (of.axes, of.shape) if isinstance(of, Array) else ((), ())
    by_axes, by_shape = (by.axes, by.shape) if isinstance(by, Array) else ((), ())
    if not of_axes and not by_axes:
        return f
    row = not by_axes and isinstance(of, Array) and (of.row or layout == "denominator")
    row = row and len(of_axes) == 1
    axes, shape = of_axes + by_axes, of_shape + by_shape
    if layout == "denominator":
        axes, shape = by_axes + of_axes, by_shape + of_shape
    elif layout == "numerator" and not of_axes:
        row = len(by_axes) == 1
        axes, shape = axes[::-1], shape[::-1]
    base = of.base if isinstance(of, Array) else by.base  # type: ignore[union-attr]
    how = Slope(spelt.of, spelt.by, of_axes, by_axes) if spelt else None
    return Array(f, axes, shape, base, row, how)


def transposed(name: Node) -> bool:
    return isinstance(name, Scripted) and name.above is not None and is_mark(name.above)


def spell_all(nodes: list[Node]) -> str:
    return " ".join(map(spell, nodes))


def is_partial(node: Node) -> bool:
    """∂, or ∂^2."""
    return node == PARTIAL or (
        isinstance(node, Scripted) and node.base == PARTIAL and node.below is None
    )


def partial_axis(node: Node) -> int | None:
    """The k of ∂_k, from 1."""
    if isinstance(node, Scripted) and node.base == PARTIAL and isinstance(node.below, Numeral):
        return int(node.below.text[:3])
    return None
