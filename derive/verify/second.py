"""Derivatives of derivatives: the inner one is written out, so that tangents can run through it.

    ∂f/∂T[e]  becomes a formula in which the entries W[q] of tensors that depend on T give way to
    entries (∂W/∂T)[q, e] of arrays that are defined in the same way from W's own definition.

Where a maximum is attained is taken not to change.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from derive.errors import Unsupported
from derive.ir import (
    Apply,
    Bracket,
    Branch,
    Cases,
    Chosen,
    Compare,
    Component,
    Count,
    Definition,
    Delta,
    Derivative,
    Formula,
    Greatest,
    Guard,
    Index,
    Int,
    Least,
    Max,
    Number,
    Plus,
    Power,
    Sum,
    Tensor,
    Times,
    conjunction,
    fresh,
    instantiate,
    rebuild,
    refresh,
)
from derive.verify.scalar import derivative

if TYPE_CHECKING:
    from sympy import Basic

    from derive.verify.world import World

NOTHING = Number(0)


def lowered(world: World, f: Formula) -> Formula:
    """`f` with every derivative written out, the innermost first."""
    made = _lowered(world, f)
    assert isinstance(made, Formula)
    return made


def _lowered(world: World, f: Basic) -> Basic:
    if isinstance(f, Derivative):
        return Tangent(world, f.by.tensor, f.by.indices, f.held).of(lowered(world, f.of))
    if not f.args or isinstance(f, (Int, Component)):
        return f
    return rebuild(f, tuple(_lowered(world, a) for a in f.args))


class Tangent:
    """The derivative by the entry of `by` at the position `at`, along all paths."""

    def __init__(
        self, world: World, by: Tensor, at: tuple[Int, ...], held: tuple[Tensor, ...]
    ) -> None:
        self.world, self.by, self.at, self.held = world, by, at, held

    def of(self, f: Formula) -> Formula:
        """The derivative of `f`."""
        if not self.varies(f):
            return NOTHING
        match f:
            case Component():
                return self.entry(f)
            case Plus():
                return Plus(*(self.of(a) for a in _parts(f) if self.varies(a)))
            case Times():
                return self.product(f)
            case Power():
                if self.varies(f.exponent):
                    raise Unsupported("the derivative of a power by its exponent")
                if self.world.evaluator("residues").rational(f.exponent) == 0:
                    return NOTHING
                return f.exponent * Power(f.base, f.exponent - 1) * self.of(f.base)
            case Apply():
                return self.applied(f)
            case Sum():
                opened = refresh(f)
                return Sum(self.of(opened.body), *opened.ranges, opened.condition)
            case Max():
                return self.maximum(f)
            case Greatest() | Least():
                return self.extreme(f)
            case Cases():
                branches = f.branches
                return Cases(*(Branch(self.of(b.value), b.condition) for b in branches))
        raise Unsupported(f"the derivative of a {type(f).__name__}")

    def varies(self, f: Formula) -> bool:
        """Whether `f` depends on the entry, through definitions of tensors not held."""
        if isinstance(f, (Number, Count, Delta, Bracket, Chosen)):
            return False
        return self.world.program.depends(f, self.by, (*self.held, self.by))

    def entry(self, f: Component) -> Formula:
        if f.tensor == self.by:
            return Times(*(Delta(e, g) for e, g in zip(f.indices, self.at, strict=True)))
        return Component(self.table(f.tensor), *f.indices, *self.at)

    def table(self, of: Tensor) -> Tensor:
        """The array of all ∂W[q]/∂T[e]; its definition joins the program where it is new."""
        mark = "".join(f", {t.name} held" for t in self.held)
        name = f"∂{of.name}/∂{self.by.name}{mark}"
        based = of if of.shape else self.by
        if of.shape and self.by.shape and of.base != self.by.base:
            raise Unsupported("a derivative between arrays that are counted differently")
        tensor = Tensor(name, name, (*of.shape, *self.by.shape), based.base)
        if tensor not in self.world.program.defined:
            definition = self.world.program.defined[of]
            at = tuple(fresh(i) for i in definition.indices)
            by: tuple[Index, ...] = tuple(fresh("e") for _ in self.by.shape)
            inner = Tangent(self.world, self.by, tuple(map(Int.of, by)), self.held)
            body = inner.of(instantiate(definition, at))
            program = self.world.program
            made = Definition(tensor, (*at, *by), body)
            self.world.program = replace(program, definitions=(*program.definitions, made))
        return tensor

    def product(self, f: Times) -> Formula:
        parts = _parts(f)
        return Plus(
            *(
                Times(*parts[:k], self.of(a), *parts[k + 1 :])
                for k, a in enumerate(parts)
                if self.varies(a)
            )
        )

    def applied(self, f: Apply) -> Formula:
        terms = []
        for k, z in enumerate(f.arguments):
            if self.varies(z):
                slope = derivative(f, k)
                if slope is None:
                    raise Unsupported(f"the derivative of {f.function.name}")
                terms.append(slope * self.of(z))
        return Plus(*terms)

    def maximum(self, f: Max) -> Formula:
        """The derivative of the entry at the chosen position."""
        opened = refresh(f)
        term = Times(Chosen(f, *opened.bound), self.of(opened.body))
        return Sum(term, *opened.ranges, opened.condition)

    def extreme(self, f: Greatest | Least) -> Formula:
        """The derivative of the part that is chosen; on a tie the first constant, or the first."""
        parts = _parts(f)
        order = sorted(range(len(parts)), key=lambda k: (not _constant(parts[k]), k))
        terms = []
        for place, k in enumerate(order):
            conditions: list[Guard] = []
            for other, j in enumerate(order):
                if j != k:
                    low, high = (parts[j], parts[k])[:: 1 if isinstance(f, Greatest) else -1]
                    conditions.append(Compare(low, "<" if other < place else "<=", high))
            if self.varies(parts[k]):
                terms.append(Times(Bracket(conjunction(*conditions)), self.of(parts[k])))
        return Plus(*terms)


def _parts(f: Formula) -> tuple[Formula, ...]:
    return tuple(a for a in f.args if isinstance(a, Formula))


def _constant(f: Formula) -> bool:
    return isinstance(f, (Number, Count))
