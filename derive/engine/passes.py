"""The forward and the backward pass of a program: what code is printed from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from derive.derivation.program import Program
from derive.derivation.step import Derivation
from derive.engine.differentiate import Differentiator
from derive.ir import Tensor, tensors


@dataclass(frozen=True)
class Passes:
    """Scalar forms of all definitions, and gradients of the loss in the recursive form.

    The gradients come in an order in which each reads only those before it.  `upstream` are the
    arrays that unknown functions read: what these hand back is given.
    """

    title: str
    program: Program
    forward: dict[Tensor, Derivation]
    gradients: dict[Tensor, Derivation] = field(default_factory=dict)
    upstream: tuple[Tensor, ...] = ()


def passes(
    title: str, program: Program, held: Iterable[Tensor] = (), hidden: Iterable[Tensor] = ()
) -> Passes:
    """The passes of a program: gradients by all that the loss depends on, but not by `held`.

    `hidden` are the coefficients of unknown functions, which have no passes.
    """
    engine = Differentiator(program, hidden)
    opaque = {d.tensor for d in program.definitions if tensors(d.body) & engine.unknown}
    opaque |= engine.unknown | engine.hidden
    known = [d.tensor for d in program.definitions if d.tensor not in opaque]
    fixed = {*held, *opaque}
    wanted: list[Tensor] = []
    upstream: list[Tensor] = []
    if program.loss is not None:
        before = program.ancestors(program.loss)
        order = [t for t in (*reversed(known), *program.given) if t in before and t not in fixed]
        upstream = [t for t in order if engine.is_argument(t)]
        wanted = [t for t in order if t.classes is None and t not in upstream]
    return Passes(
        title,
        program,
        {t: engine.forward(t) for t in known},
        {t: engine.gradient(t) for t in wanted},
        tuple(upstream),
    )
