"""Reading an index form as an expression in whole arrays.

Every free or summed index is an axis; a formula becomes an array with these axes, bottom up.  What
is no operation on whole arrays raises NoMatrixForm with the reason: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from derive.engine.matrix.labelled import Frame, Labelled, NoMatrixForm, Value, in_order
from derive.engine.matrix.network import Network, element_of
from derive.engine.matrix.rewrite import length
from derive.ir import (
    TRUE,
    Added,
    Apply,
    Array,
    Bracket,
    Cases,
    Chosen,
    Compare,
    Compared,
    Component,
    Count,
    Delta,
    Derivative,
    DiagonalOf,
    Element,
    Formula,
    Greatest,
    Identity,
    Index,
    Int,
    Least,
    Mapped,
    Max,
    Number,
    Plus,
    Power,
    Raised,
    Range,
    Ravel,
    Reshaped,
    Sliced,
    Slope,
    Softmax,
    SquaredNorm,
    Sum,
    Tensor,
    Times,
    Transposed,
    Whole,
    free_indices,
    refresh,
    same,
    subformulas,
    substitute,
)
from derive.ir.curvature import Curvature
from derive.rules.terms import as_power, factors, product, terms, total, without


class Recogniser:
    """Reads formulas whose indices have ranges; derivatives by a tensor have a layout."""

    def __init__(
        self, ranges: Sequence[Range], base: int, layout_of: Callable[[Tensor], str]
    ) -> None:
        self.frame = Frame(ranges, base)
        self.layout_of = layout_of
        self._known: dict[Formula, Value] = {}
        self._cases: dict[type, Callable[[Any], Value]] = {
            Number: lambda f: f,
            Count: lambda f: f,
            Component: self._component,
            Derivative: self._slope,
            Delta: self._delta,
            Plus: self._sum,
            Times: lambda f: self._network(f),
            Sum: lambda f: self._network(f),
            Power: self._power,
            Apply: self._apply,
            Bracket: self._bracket,
            Element: self._element,
        }

    def whole(self, f: Formula, axes: tuple[Index, ...]) -> Whole:
        """The array whose entry at `axes` is `f`."""
        return self.frame.spread(self.read(refresh(f)), axes)

    def read(self, f: Formula) -> Value:
        """The array that a formula is an entry of, or the formula with arrays inside."""
        if f not in self._known:
            case = self._cases.get(type(f))
            if case is None:
                raise NoMatrixForm(f"{_NAMES.get(type(f), 'this')} is no operation on whole arrays")
            self._known[f] = case(f)
        return self._known[f]

    # -- leaves ----------------------------------------------------------------------------------

    def _component(self, f: Component) -> Value:
        if f.tensor.classes is not None:
            raise NoMatrixForm("class indices are no numbers that matrices are made of")
        return self.at(Array(f.tensor), f.indices)

    def _element(self, f: Element) -> Value:
        return self.at(f.whole, f.indices)

    def _slope(self, f: Derivative) -> Value:
        if isinstance(inner := f.of, Derivative) and isinstance(inner.of, Component):
            second = Curvature(inner.of.tensor, f.by.tensor, inner.by.tensor)
            return self.at(second, (*inner.of.indices, *f.by.indices, *inner.by.indices))
        if not isinstance(f.of, Component):
            raise NoMatrixForm("a derivative of a formula has no name as an array")
        slope = Slope(f.of.tensor, f.by.tensor, self.layout_of(f.by.tensor), *f.held)
        indices = slope.place(f.of.indices, f.by.indices)
        return self.at(Transposed(slope) if slope.row else slope, indices)

    def at(self, whole: Whole, indices: Sequence[Int]) -> Value:
        """The entry of an array at index expressions."""
        whole, indices = self._unravelled(whole, indices)
        fixed = [k for k, e in enumerate(indices) if e.constant is not None]
        if fixed:
            whole = Sliced(whole, fixed, [indices[k] for k in fixed])
            indices = [e for k, e in enumerate(indices) if k not in fixed]
        axes = [e.atom for e in indices]
        if not axes:
            return Element(whole)
        if not all(isinstance(i, Index) for i in axes):
            raise NoMatrixForm("an array is read at a position that is computed")
        for i, extent in zip(axes, whole.shape, strict=True):
            if self.frame.extent(i) != extent:  # type: ignore[arg-type]
                raise NoMatrixForm("an index runs over a part of an axis only")
        if len(set(axes)) == len(axes):
            return Labelled(whole, tuple(axes))  # type: ignore[arg-type]
        if len(axes) == 2:
            return Labelled(DiagonalOf(whole), tuple(axes[:1]))  # type: ignore[arg-type]
        raise NoMatrixForm("an array with more than two axes is read along a diagonal")

    def _unravelled(self, whole: Whole, indices: Sequence[Int]) -> tuple[Whole, list[Int]]:
        """An array that is read at positions of index tuples, with axes for the tuples."""
        shape: list[Int] = []
        opened: list[Int] = []
        for e, d in zip(indices, whole.shape, strict=True):
            position = e.atom
            one = isinstance(position, Ravel)
            shape += position.dims if one else [d]  # type: ignore[union-attr]
            opened += position.indices if one else [e]  # type: ignore[union-attr]
        return (Reshaped(whole, shape), opened) if len(shape) > len(indices) else (whole, opened)

    def _delta(self, f: Delta) -> Value:
        sides = [e.atom for e in f.sides]
        if not all(isinstance(i, Index) for i in sides):
            raise NoMatrixForm("a δ compares more than two indices")
        i, j = sides
        extent = self.frame.extent(i)  # type: ignore[arg-type]
        if self.frame.extent(j) != extent:  # type: ignore[arg-type]
            raise NoMatrixForm("a δ compares indices of different ranges")
        return Labelled(Identity(extent, self.frame.base), (i, j))  # type: ignore[arg-type]

    # -- entry by entry --------------------------------------------------------------------------

    def _sum(self, f: Plus) -> Value:
        values = [self.read(g) for g in terms(f)]
        axes = tuple(dict.fromkeys(i for v in values if isinstance(v, Labelled) for i in v.axes))
        if not axes:
            return total(*(element_of(v) for v in values))
        return Labelled(Added(*(self.frame.spread(v, axes) for v in values)), axes)

    def _power(self, f: Power) -> Value:
        base, exponent = self.read(f.base), self.read(f.exponent)
        if isinstance(exponent, Labelled):
            raise NoMatrixForm("an exponent varies from entry to entry")
        if isinstance(base, Labelled):
            return Labelled(Raised(exponent, base.whole), base.axes)
        return Power(base, exponent)

    def _apply(self, f: Apply) -> Value:
        values = [self.read(a) for a in f.arguments]
        if not any(isinstance(v, Labelled) for v in values):
            return Apply(f.function, *map(element_of, values))
        if len(values) > 1:
            raise NoMatrixForm("a function of several arrays has no usual notation")
        (v,) = values
        assert isinstance(v, Labelled)
        return Labelled(Mapped(f.function, v.whole), v.axes)

    def _bracket(self, f: Bracket) -> Value:
        g = f.condition
        if not isinstance(g, Compare):
            raise NoMatrixForm("a condition on indices is no operation on arrays")
        left, right = self.read(g.left), self.read(g.right)
        arrays = [v for v in (left, right) if isinstance(v, Labelled)]
        if not arrays:
            return Bracket(Compare(element_of(left), g.relation, element_of(right)))
        axes = tuple(dict.fromkeys(i for v in arrays for i in v.axes))
        sides = [
            self.frame.spread(v, axes) if isinstance(v, Labelled) else v for v in (left, right)
        ]
        return Labelled(Compared(sides[0], g.relation, sides[1]), axes)

    # -- products and sums -----------------------------------------------------------------------

    def network(self, f: Formula, groups: Iterable[set[Index]] = ()) -> Network:
        """A product of factors, read but not multiplied; a sum and what has indices of its group
        are one."""
        parts, summed = self._flat(f)
        for group in groups:
            mine = [g for g in parts if free_indices(g) and free_indices(g) <= group]
            if len(mine) > 1 and any(isinstance(g, Plus) for g in mine):
                parts = [*(g for g in parts if g not in mine), product(*mine)]
        return Network(self.frame, map(self.read, parts), summed)

    def multiplied_out(self, f: Formula) -> list[Formula]:
        """The terms of a product with a sum among its factors; none where there is no sum."""
        parts, summed = self._flat(f)
        at = next((k for k, g in enumerate(parts) if isinstance(g, Plus)), None)
        return [] if at is None else self._distributed(parts, at, summed)

    def _network(self, f: Formula) -> Value:
        parts, summed = self._flat(f)
        sums = [at for at, g in enumerate(parts) if isinstance(g, Plus)]
        if not sums or (len(parts) == 1 and not summed):
            return self._product(parts, summed)
        apart: Formula = Plus(*self._distributed(parts, sums[0], summed))
        if any(isinstance(g, Delta) for at in sums for g in subformulas(parts[at])):
            return self.read(apart)
        return self._shorter(lambda: self._product(parts, summed), lambda: self.read(apart))

    def _shorter(self, one: Callable[[], Value], other: Callable[[], Value]) -> Value:
        """The shorter of two forms, or the one that there is."""
        try:
            first = one()
        except NoMatrixForm as reason:
            try:
                return other()
            except NoMatrixForm:
                raise reason from None
        try:
            second = other()
        except NoMatrixForm:
            return first
        return second if length(second) < length(first) else first

    def _product(self, parts: Sequence[Formula], summed: Sequence[Index]) -> Value:
        found, rest = self._softmaxes(parts)
        if found:
            return self._multiplied([*found, *map(self.read, rest)], summed)
        norm = self._norm(parts, summed)
        if norm is not None:
            return norm
        return self._multiplied([self.read(g) for g in parts], summed)

    def _multiplied(self, values: Sequence[Value], summed: Sequence[Index]) -> Value:
        """The product, its indices summed from the outermost or from the innermost on."""

        def from_outside() -> Value:
            return Network(self.frame, values, summed).contracted()

        if len(summed) < 2 or len(values) < 3:
            return from_outside()
        inward = summed[::-1]
        return self._shorter(from_outside, lambda: Network(self.frame, values, inward).contracted())

    def _flat(self, f: Formula) -> tuple[list[Formula], list[Index]]:
        """The factors of a product, and the indices of the sums around them."""
        if isinstance(f, Sum):
            if f.condition != TRUE:
                raise NoMatrixForm("a condition on indices is no operation on arrays")
            self.frame.add(f.ranges)
            parts, summed = self._flat(f.body)
            return parts, [*f.bound, *summed]
        if not isinstance(f, Times):
            return [f], []
        flat: list[Formula] = []
        summed = []
        for g in factors(f):
            inner, bound = self._flat(g)
            flat += inner
            summed += bound
        return flat, summed

    def _distributed(
        self, parts: Sequence[Formula], at: int, summed: Sequence[Index]
    ) -> list[Formula]:
        """The product multiplied out at one of its factors, a sum."""
        before, after = parts[:at], parts[at + 1 :]
        ranges = [self.frame.range(i) for i in summed]
        bodies = [product(*before, *factors(h), *after) for h in terms(parts[at])]
        return [Sum(b, *ranges) if ranges else b for b in bodies]

    def _norm(self, parts: Sequence[Formula], summed: Sequence[Index]) -> Value | None:
        """Σ of all squares: ‖a‖²."""
        squares = [k for k, g in enumerate(parts) if _is_square(g) and free_indices(g)]
        for k in squares:
            base = as_power(parts[k])[0]
            free = free_indices(base)
            others = without(tuple(parts), k)
            if free <= set(summed) and not any(free & free_indices(g) for g in others):
                a = self.read(base)
                if isinstance(a, Labelled):
                    rest = [i for i in summed if i not in free]
                    values = [Element(SquaredNorm(a.whole)), *map(self.read, others)]
                    return Network(self.frame, values, rest).contracted()
        return None

    def _softmaxes(self, parts: Sequence[Formula]) -> tuple[list[Labelled], Sequence[Formula]]:
        """All softmax(z) among the factors, and the other factors."""
        found: list[Labelled] = []
        while (one := self._softmax(parts)) is not None:
            array, parts = one
            found.append(array)
        return found, parts

    def _softmax(self, parts: Sequence[Formula]) -> tuple[Labelled, list[Formula]] | None:
        """e^{z_i} / Σ_k e^{z_k} among the factors: softmax(z), and the other factors.

        A higher power of the sum in the denominator has enough for several of them.
        """
        for at, g in enumerate(parts):
            if not isinstance(g, Apply) or g.function.name != "exp":
                continue
            for over, h in enumerate(parts):
                index = _normalises(h, g)
                if index is None:
                    continue
                value = self.read(g.arguments[0])
                if isinstance(value, Labelled):
                    axes = (*(i for i in value.axes if i != index), index)
                    made = Labelled(Softmax(in_order(value, axes)), axes)
                    base, e = as_power(h)
                    left = [] if e == -1 else [Power(base, e + 1)]
                    rest = [p for k, p in enumerate(parts) if k not in (at, over)]
                    return made, [*left, *rest]
        return None


_NAMES: dict[type, str] = {
    Max: "a maximum over a window",
    Chosen: "the choice of a maximum",
    Cases: "a distinction of cases",
    Greatest: "a maximum of two arrays",
    Least: "a minimum of two arrays",
}


def _is_square(f: Formula) -> bool:
    return isinstance(f, Power) and f.exponent == Number(2)


def _normalises(f: Formula, exp: Apply) -> Index | None:
    """The index i where `f` is 1/Σ_k e^{z_k}, or a power of it, and `exp` is e^{z_i}."""
    base, e = as_power(f)
    if (
        e > -1
        or e.denominator != 1
        or not isinstance(base, Sum)
        or len(base.ranges) != 1
        or base.condition != TRUE
    ):
        return None
    (k,) = base.bound
    for i in sorted(free_indices(exp), key=lambda i: i.sort_key()):
        if i not in free_indices(base) and same(substitute(base.body, {k: i}), exp):
            return i
    return None
