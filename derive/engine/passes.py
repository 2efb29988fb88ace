"""The forward and the backward pass of a program: what code is printed from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from derive.derivation.program import Program
from derive.derivation.step import Derivation
from derive.engine.differentiate import Differentiator
from derive.ir import Tensor


@dataclass(frozen=True)
class Passes:
    """Scalar forms of all definitions, and gradients of the loss in the recursive form.

    The gradients come in an order in which each reads only those before it.
    """

    title: str
    program: Program
    forward: dict[Tensor, Derivation]
    gradients: dict[Tensor, Derivation] = field(default_factory=dict)


def passes(title: str, program: Program, held: Iterable[Tensor] = ()) -> Passes:
    """The passes of a program: gradients by all that the loss depends on, but not by `held`."""
    engine = Differentiator(program)
    forward = {d.tensor: engine.forward(d.tensor) for d in program.definitions}
    fixed = set(held)
    loss = program.loss
    wanted: list[Tensor] = []
    if loss is not None:
        before = program.ancestors(loss)
        order = (*reversed([d.tensor for d in program.definitions]), *program.given)
        wanted = [t for t in order if t in before and t not in fixed and t.classes is None]
    return Passes(title, program, forward, {t: engine.gradient(t) for t in wanted})
