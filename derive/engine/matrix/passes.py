"""The vector forms of a network: definitions by way of matrices, and what goes back through them.

Each definition that windows or contractions of several indices take part in is replaced by a chain:
im2col, weights as rows, a product of matrices, a view.  Put into each other they are the definition
again, by recorded steps.  The gradients of the arrays in between come from the chain rule, as all
gradients do, and their forms are put into each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from derive.derivation.program import Program
from derive.derivation.step import Derivation, Step
from derive.engine.compose import Composer, is_rearrangement
from derive.engine.differentiate import Differentiator
from derive.engine.matrix.batched import held_form, vector_form
from derive.engine.matrix.carried import carried
from derive.engine.matrix.form import ArrayForm
from derive.engine.matrix.vectorise import vectorised
from derive.engine.network import Derived
from derive.engine.present import by_index_tuples
from derive.ir import (
    Array,
    Component,
    Definition,
    Element,
    Formula,
    Index,
    Int,
    Sliced,
    StackedOver,
    Tensor,
    axis_ranges,
    fresh,
    replace_components,
    subformulas,
    tensors,
)


@dataclass(frozen=True)
class Stage:
    """A definition on the way: its index form and its form in arrays."""

    tensor: Tensor
    index: Derivation
    form: ArrayForm


@dataclass(frozen=True)
class Way:
    """One definition by way of matrices.

    `channels` is the same for one output channel at a time, and the stack of the results.
    `together` puts the stages into each other; `gradients` are those of the arrays in between, last
    first.
    """

    stages: tuple[Stage, ...]
    channels: tuple[ArrayForm, ...]
    together: Derivation
    gradients: tuple[Stage, ...]

    @property
    def all(self) -> Iterator[Derivation]:
        """Every derivation, in the order of a document."""
        for stage in (*self.stages, *self.gradients):
            yield stage.index
            yield from _of(stage.form)
        for form in self.channels:
            yield from _of(form)
        yield self.together


@dataclass(frozen=True)
class Vectors:
    """The vector forms of a document; `program` is the one in which all of them hold.

    `forms` are those of derivations of the document, `ways` the definitions by way of matrices.
    """

    program: Program
    forms: Mapping[Derivation, ArrayForm] = field(default_factory=dict)
    ways: Mapping[Tensor, Way] = field(default_factory=dict)

    @property
    def every(self) -> Iterator[ArrayForm]:
        """Every form, in the order of a document."""
        yield from self.forms.values()
        for way in self.ways.values():
            yield from (s.form for s in (*way.stages, *way.gradients))
            yield from way.channels

    @property
    def all(self) -> Iterator[Derivation]:
        """Every derivation between arrays, and those that lead there."""
        for form in self.forms.values():
            yield from _of(form)
        for way in self.ways.values():
            yield from way.all


def _of(form: ArrayForm) -> Iterator[Derivation]:
    if form.derivation is not None:
        yield form.derivation


def vectors(derived: Derived, hidden: tuple[Tensor, ...] = ()) -> Vectors:
    """The vector forms of everything that a document derives."""
    return _Passes(derived, hidden).vectors()


class _Passes:
    """The index form of a network beside the one by way of matrices."""

    def __init__(self, derived: Derived, hidden: tuple[Tensor, ...]) -> None:
        self.derived, made = derived, vectorised(derived.program, hidden)
        self.program, self.parts, self.turned = made.program, made.parts, made.turned
        self.engine = Differentiator(self.program, hidden)
        self.between = frozenset(
            d.tensor for parts in self.parts.values() for d in parts if d.tensor not in self.parts
        )
        self.affected = frozenset(
            t for z in self.parts for t in tensors(derived.program.defined[z].body)
        )
        learnt = any(layer.parameters for layer in derived.layers)
        moved = (d.tensor for d in self.program.definitions if is_rearrangement(d))
        self.through = self.between if learnt else self.between.union(moved)
        self.gradients = self._gradients()
        self.forms = {t: vector_form(d, self.program) for t, d in self.gradients.items()}

    def _gradients(self) -> dict[Tensor, Derivation]:
        """The recursive gradients, those that the way by matrices changes derived anew."""
        known = self.derived.recursive
        found = {t: d for t, d in known.items() if t not in self.affected}
        if self.program.loss is not None:
            again = [*(t for t in known if t in self.affected), *self._needed()]
            found |= {t: self.engine.gradient(t) for t in again}
        return found

    def _needed(self) -> Iterator[Tensor]:
        """The arrays in between of which the loss depends on."""
        loss = self.program.loss
        for d in self.program.definitions:
            if d.tensor in self.between and loss and d.tensor in self.program.ancestors(loss):
                yield d.tensor

    def vectors(self) -> Vectors:
        derived = self.derived
        found: dict[Derivation, ArrayForm] = {}
        for t, d in derived.forward.items():
            if t not in self.parts:
                shown = derived.tuples.get(t) or d
                found[shown] = vector_form(shown, self.program)
        for t, d in derived.recursive.items():
            further = carried(self.forms[t], self.forms, self.through)
            if t in self.affected and further is not None:
                found[d] = ArrayForm(further)
                continue
            found[d] = self.forms[t]
            whole = ArrayForm(further) if further else held_form(derived.expanded[t], ())
            if whole.derivation is not None and (further or derived.expanded[t].result != d.result):
                found[derived.expanded[t]] = whole
        return Vectors(self.program, found, {z: self._way(z) for z in self.parts})

    def _way(self, z: Tensor) -> Way:
        stages = tuple(map(self._stage, self.parts[z]))
        composed = Composer(self.engine).composed(z, self.between)
        back = [s.tensor for s in reversed(stages) if s.tensor in self.gradients]
        back = [t for t in back if t in self.between]
        gradients = tuple(Stage(t, self.gradients[t], self.forms[t]) for t in back)
        return Way(stages, tuple(self._channels(z, stages)), composed, gradients)

    def _stage(self, d: Definition) -> Stage:
        index = by_index_tuples(d) or self.engine.forward(d.tensor)
        return Stage(d.tensor, index, vector_form(index, self.program))

    def _channels(self, z: Tensor, stages: tuple[Stage, ...]) -> Iterator[ArrayForm]:
        """One channel at a time, where the weights have a row for each."""
        turned = self.turned.get(z)
        if turned is None:
            return
        *operands, flat, view = stages
        rows = next(s.tensor for s in operands if len(s.tensor.shape) == 2)
        left, start = flat.index.start, view.index.start
        assert isinstance(left, Component)
        assert isinstance(start, Component)
        yield self._stage(turned).form
        free = [i for e in left.indices if isinstance(i := e.atom, Index)]
        at = _channel_axis(flat.index.result, rows, free)
        yield held_form(_with_rows(flat.index, turned), free[:-1])
        yield held_form(view.index, [_indices(view.index)[at]])
        yield ArrayForm(_stack(start, at, view.index))


def _with_rows(d: Derivation, turned: Definition) -> Derivation:
    """A definition that reads columns, reading them as rows."""
    read = turned.body
    assert isinstance(read, Component)

    def to(c: Component) -> Formula | None:
        if c.tensor != read.tensor:
            return None
        places = dict(zip(read.indices, c.indices, strict=True))
        return turned.tensor[tuple(places[e] for e in turned.left.indices)]

    after = replace_components(d.result, to)
    return replace(d, steps=(*d.steps, Step(d.result, after, "permute", "columns as rows")))


def _channel_axis(f: Formula, rows: Tensor, free: list[Index]) -> int:
    """Which of the free indices picks a row of the weights."""
    read = next(g for g in subformulas(f) if isinstance(g, Component) and g.tensor == rows)
    return next(k for k, i in enumerate(free) if Int.of(i) == read.indices[0])


def _indices(d: Derivation) -> list[Index]:
    return [r.index for r in d.ranges]


def _stack(start: Component, axis: int, d: Derivation) -> Derivation:
    """An array is the stack of its slices along an axis."""
    z = start.tensor
    run = fresh(d.ranges[axis].index)
    whole = StackedOver(
        Sliced(Array(z), (axis,), (run,)), axis_ranges(z, _along(z, axis, run))[axis], axis
    )
    entry = Element(Array(z), *start.indices)
    last = Element(whole, *start.indices)
    steps = (
        Step(entry, start, "index form", "entry by entry"),
        Step(start, last, "stack", "stacked along that axis"),
    )
    return Derivation(entry, d.ranges, steps)


def _along(z: Tensor, axis: int, run: Index) -> tuple[Index, ...]:
    return tuple(run if k == axis else fresh("i") for k in range(len(z.shape)))
