"""Everything that there is to derive about a network, each once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from derive.derivation.program import Layer, Program
from derive.derivation.step import Derivation
from derive.engine.compose import Composer, Together
from derive.engine.differentiate import Differentiator
from derive.engine.present import by_index_tuples, cases_form
from derive.ir import Tensor, tensors


@dataclass(frozen=True)
class Derived:
    """The derivations about a network, by what they derive: an array, or a pair of arrays.

    `forward` has the scalar form of every definition, and `tuples` the form by index tuples of
    those that take positions apart.  `jacobians` has a derivation for every array that a definition
    reads, `written` those as cases, where that says it better.  `recursive` and `expanded` are the
    gradients of the loss.  Targets have no derivatives.  `moved` are the expanded gradients carried
    on to the arrays of which others are rearrangements, `together` what is composed.
    """

    program: Program
    layers: tuple[Layer, ...]
    forward: dict[Tensor, Derivation]
    tuples: dict[Tensor, Derivation]
    jacobians: dict[tuple[Tensor, Tensor], Derivation]
    written: dict[tuple[Tensor, Tensor], Derivation]
    recursive: dict[Tensor, Derivation]
    expanded: dict[Tensor, Derivation]
    moved: dict[Tensor, Derivation] = field(default_factory=dict)
    together: dict[Tensor, Together] = field(default_factory=dict)

    @cached_property
    def all(self) -> tuple[Derivation, ...]:
        """Every derivation, in the order of a document."""
        groups = (
            self.forward,
            self.tuples,
            self.jacobians,
            self.written,
            self.recursive,
            self.expanded,
            self.moved,
        )
        composed = (d for t in self.together.values() for d in t.all)
        return (*(d for group in groups for d in group.values()), *composed)


def derive_all(
    program: Program,
    layers: tuple[Layer, ...],
    targets: tuple[Tensor, ...],
    only: frozenset[Tensor],
    hidden: tuple[Tensor, ...] = (),
    compose: tuple[Tensor, ...] = (),
) -> Derived:
    """Everything about a network; with `only`, the gradients and Jacobians of those arrays.

    Of unknown functions, whose coefficients are `hidden`, nothing is derived.  The arrays in
    `compose` are written in terms of what is given.
    """
    d = Differentiator(program, hidden)
    opaque = {x.tensor for x in program.definitions if tensors(x.body) & d.unknown} | d.unknown
    known = [x for x in program.definitions if x.tensor not in opaque]
    edges = [(x.tensor, t) for x in known for t in read_by(x.body, program) if t not in targets]
    left_out = {*targets, *hidden, *opaque}
    wanted = [
        t
        for t in variables(program, layers)
        if t not in left_out and not d.is_argument(t) and (not only or t in only)
    ]
    jacobians = {e: d.jacobian(*e) for e in edges if not only or e[1] in only}
    expanded = {t: d.gradient(t, expanded=True) for t in wanted} if program.loss else {}
    composer = Composer(d)
    given = [t for t in wanted if t in program.given]
    moved = {t: m for t in given if t in expanded for m in [composer.written(expanded[t])]}
    return Derived(
        program,
        layers,
        {x.tensor: d.forward(x.tensor) for x in known},
        {x.tensor: t for x in known for t in [by_index_tuples(x)] if t is not None},
        jacobians,
        {e: w for e, j in jacobians.items() for w in [written_out(j)] if w is not None},
        {t: d.gradient(t) for t in wanted} if program.loss else {},
        expanded,
        {t: m for t, m in moved.items() if m is not None},
        {t: composer.together(t, given) for t in compose},
    )


def written_out(jacobian: Derivation) -> Derivation | None:
    """A Jacobian as "its value if ..., and 0 otherwise", where its result has deltas."""
    step = cases_form(jacobian.result)
    if step is None:
        return None
    return Derivation(jacobian.start, jacobian.ranges, (*jacobian.steps, step))


def read_by(body: object, program: Program) -> Iterator[Tensor]:
    """The arrays that a formula reads, given ones first, in the order of the program."""
    read = tensors(body)  # type: ignore[arg-type]
    return (t for t in (*program.given, *program.defined) if t in read)


def variables(program: Program, layers: tuple[Layer, ...]) -> Iterator[Tensor]:
    """Everything that the loss may be differentiated by, last definition first."""
    for x in reversed(program.definitions):
        if x.tensor != program.loss:
            yield x.tensor
    for layer in reversed(layers):
        yield from layer.parameters
    parameters = {p for layer in layers for p in layer.parameters}
    yield from (t for t in program.given if t not in parameters)
