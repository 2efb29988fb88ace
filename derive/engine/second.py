"""Second derivatives: the gradient differentiated once more.

    ∂²L/∂U_e∂T_f = ∂/∂U_e (∂L/∂T_f)

The gradient is taken in its expanded form.  It reads entries of arrays that depend on U; where ∂
has reached one of them, that array's own Jacobian, along all paths, is put in its place.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from derive.derivation.scope import Scope
from derive.derivation.step import Derivation, Step
from derive.engine.differentiate import (
    Differentiator,
    entry,
    readings,
    replace_derivatives,
)
from derive.engine.simplify import GRADIENT, SECOND, simplify
from derive.engine.tuples import entry_ranges
from derive.errors import MissingRule
from derive.ir import (
    Component,
    Derivative,
    Formula,
    Guard,
    Index,
    Range,
    Sum,
    Tensor,
    Times,
    axis_ranges,
    fresh,
    refresh,
    substitute,
    tensors,
)
from derive.rules.terms import total


class SecondDerivatives:
    """The second derivatives of what an engine takes gradients of; each is derived once."""

    def __init__(self, engine: Differentiator) -> None:
        self.engine, self.program = engine, engine.program
        self._found: dict[tuple[Tensor, Tensor], Derivation] = {}
        self._inner: dict[Tensor, Differentiator] = {}
        self._cut: dict[Tensor, Differentiator] = {}

    def hessian(self, by: Tensor, and_by: Tensor | None = None) -> Derivation:
        """∂²L/∂by∂and_by, by default twice by the same array; the indices of `by` come first.

        Axes of extent 1 have no index, as in a gradient.
        """
        pair = (by, by if and_by is None else and_by)
        if pair not in self._found:
            self._found[pair] = self._hessian(*pair)
        return self._found[pair]

    def product(self, by: Tensor, vector: Tensor) -> Derivation:
        """The Hessian by one array times a `vector` of its shape: Σ_f ∂²L/∂T_e∂T_f v_f."""
        hessian = self.hessian(by)
        start = hessian.start
        assert isinstance(start, Derivative)
        assert isinstance(start.of, Derivative)
        inner = start.of.by
        bound = entry_ranges(inner)
        free = tuple(r for r in hessian.ranges if r not in bound)
        factor = vector[inner.indices]

        def summed(f: Formula) -> Formula:
            return Sum(Times(f, factor), *bound) if bound else Times(f, factor)

        before, after = summed(start), summed(hessian.result)
        inserted = Step(before, after, "insert the Hessian", "insert the Hessian", hessian.facts)
        scope = Scope(self.engine.simplified, free)
        return Derivation(before, free, (inserted, *simplify(after, scope, GRADIENT)))

    def _hessian(self, by: Tensor, and_by: Tensor) -> Derivation:
        gradient = self._varied(by).gradient(and_by, expanded=True)
        inner = gradient.start
        assert isinstance(inner, Derivative)
        outer = entry(by, *((inner.by,) if by == and_by else self._read(by)))
        seed = tuple(r for r in gradient.ranges if r not in entry_ranges(inner.by))
        ranges = (*seed, *entry_ranges(outer), *entry_ranges(inner.by))
        start = Derivative(inner, outer)
        opened = Derivative(refresh(gradient.result), outer)
        step = Step(start, opened, "insert the gradient", "insert the gradient", gradient.facts)
        steps = [step, *self._differentiated(opened, outer, ranges)]
        scope = Scope(self.engine.simplified, ranges)
        return Derivation(start, ranges, (*steps, *simplify(steps[-1].after, scope, GRADIENT)))

    def _varied(self, by: Tensor) -> Differentiator:
        """The engine for what is differentiated by `by`: its own definition does not hold then."""
        if by not in self.program.defined:
            return self.engine
        if by not in self._cut:
            p = self.program
            left = tuple(d for d in p.definitions if d.tensor != by)
            program = replace(p, given=(*p.given, by), definitions=left)
            self._cut[by] = Differentiator(program, self.engine.hidden)
        return self._cut[by]

    def _differentiated(
        self, f: Formula, by: Component, ranges: tuple[Range, ...]
    ) -> tuple[Step, ...]:
        """The steps that carry ∂ to the entries of `by` itself."""
        scope = Scope(self.engine.simplified, ranges)
        steps = simplify(f, scope, SECOND)
        pushed = steps[-1].after
        facts: list[Guard] = []
        inserted = replace_derivatives(pushed, lambda d: self._jacobian(d, facts))
        if inserted == pushed:
            return steps
        reason = "insert the Jacobian"
        return (*steps, Step(pushed, inserted, "insert", reason, tuple(dict.fromkeys(facts))))

    def _jacobian(self, d: Derivative, facts: list[Guard]) -> Formula:
        """∂W/∂T along all paths, at the indices that stand there."""
        if self._handed_back(d):
            return d
        if isinstance(d.of, Derivative) and self._handed_back(d.of):
            return self._through_arguments(d, facts)
        if isinstance(d.of, Derivative) and (loss := self.program.loss) is not None:
            raise MissingRule(
                f"{loss.name} is a formula in an unknown function; second derivatives are "
                "derived of such a function itself"
            )
        if not isinstance(d.of, Component) or d.of.tensor not in self.program.defined:
            raise MissingRule(f"no rule differentiates {d.of} by {d.by}")
        of, by = d.of.tensor, d.by.tensor
        if of not in self._inner:
            inner = replace(self.program, loss=of)
            self._inner[of] = Differentiator(inner, self.engine.hidden)
        found = self._inner[of].gradient(by, expanded=True)
        facts += found.facts
        start = found.start
        assert isinstance(start, Derivative)
        assert isinstance(start.of, Component)
        to = {
            i: e
            for mine, theirs in ((start.of, d.of), (start.by, d.by))
            for own, e in zip(mine.indices, theirs.indices, strict=True)
            if isinstance(i := own.atom, Index)
        }
        return substitute(refresh(found.result), to)

    def _handed_back(self, d: Derivative) -> bool:
        """Whether this is ∂L/∂Y of L = f(Y) with an unknown f, which stays a name."""
        of_loss = isinstance(d.of, Component) and d.of.tensor == self.program.loss
        return of_loss and d.by.tensor in self._arguments

    @cached_property
    def _arguments(self) -> tuple[Tensor, ...]:
        """What the loss is an unknown function of and of nothing else; none where it is not."""
        loss = self.program.loss
        forms = tensors(self.program.defined[loss].body) if loss is not None else set()
        if not forms or not forms <= self.engine.unknown:
            return ()
        read = (tensors(d.body) for d in self.program.definitions if d.tensor in forms)
        found = dict.fromkeys(t for r in read for t in sorted(r, key=lambda t: t.name))
        return tuple(t for t in found if t not in self.engine.hidden)

    def _through_arguments(self, d: Derivative, facts: list[Guard]) -> Formula:
        """∂/∂T_e (∂L/∂Y_q) = Σ_Z Σ_z ∂²L/∂Y_q∂Z_z ∂Z_z/∂T_e over the arguments Z of L = f(Y, Z)."""
        terms: list[Formula] = []
        depend, loss = self.program.ancestors, self.program.loss
        assert loss is not None
        if any(y in depend(z) for y in self._arguments for z in self._arguments):
            raise MissingRule(
                f"the arguments of {loss.name} depend on each other: no rule for its second "
                "derivatives"
            )
        for z in self._arguments:
            if z == d.by.tensor:
                terms.append(d)
            elif d.by.tensor in depend(z):
                at = tuple(fresh("k") for _ in z.shape)
                inner = self._jacobian(Derivative(z[at], d.by), facts)
                terms.append(Sum(Times(Derivative(d.of, z[at]), inner), *axis_ranges(z, at)))
        return total(*terms)

    def _read(self, tensor: Tensor) -> list[Component]:
        """The entries of a tensor that the first definition reads that reads any."""
        bodies = (d.body for d in self.program.consumers.get(tensor, ()))
        return next((readings(body, tensor) for body in bodies), [])
