"""From a Given to definitions: layers are joined, sizes are named, the loss is put at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from derive.derivation.program import Layer, Program
from derive.errors import Unsupported
from derive.ir import Tensor
from derive.network.chain import Chain
from derive.network.given import Conventions, Given


@dataclass(frozen=True)
class Model:
    """A network as definitions, with what a document says of it layer by layer.

    `layers` ends with the loss, where there is one.  `values` are the numbers that the Given has
    for tensors, by name, as nested tuples of fractions.
    """

    title: str
    conventions: Conventions
    program: Program
    layers: tuple[Layer, ...]
    inputs: tuple[Tensor, ...]
    targets: tuple[Tensor, ...]
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def parameters(self) -> tuple[Tensor, ...]:
        """The learnable arrays, layer by layer."""
        return tuple(p for layer in self.layers for p in layer.parameters)


def build(given: Given) -> Model:
    """The definitions that a Given stands for."""
    _refuse_unused(given)
    chain = Chain(given)
    layers = tuple(chain.layer(k, entry) for k, entry in enumerate(given.layers))
    if given.loss is not None:
        layers = (*layers, chain.loss(given.loss))
    parameters = tuple(p for layer in layers for p in layer.parameters)
    program = Program(
        sizes=chain.sizes.all,
        given=(*chain.inputs, *chain.targets, *parameters),
        definitions=tuple(d for layer in layers for d in layer.definitions),
        size_facts=chain.sizes.facts,
        loss=layers[-1].output if given.loss is not None else None,
    )
    return Model(
        given.title, given.conventions, program, layers, chain.inputs, chain.targets, given.values
    )


def _refuse_unused(given: Given) -> None:
    """Say which declarations this version cannot use, rather than ignore them."""
    unused = {"problems": given.problems, "notation": given.notation, "define": given.define}
    for key, value in unused.items():
        if value:
            raise Unsupported(
                f"[{key}] cannot be used yet; leave it out.", **given.source.place(key)
            )
    defaults = Conventions()
    for key in ("layout", "matrix_layout", "summation", "index_position"):
        value = getattr(given.conventions, key)
        if value != getattr(defaults, key):
            raise Unsupported(
                f"{key} = “{value}” cannot be used yet; leave it out.",
                **given.source.place("conventions", key),
            )
