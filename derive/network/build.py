"""From a Given to definitions: layers are joined, sizes are named, the loss is put at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from derive.derivation.program import Layer, Program
from derive.errors import InputError, Unsupported
from derive.ir import Tensor
from derive.network.chain import Chain
from derive.network.given import Conventions, Given
from derive.network.names import nearest
from derive.network.site import show_shape
from derive.network.sizes import value_of
from derive.network.statements import facts


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
    top = given.source.place()
    chain = Chain(given)
    layers = tuple(chain.layer(k, entry) for k, entry in enumerate(given.layers))
    layers = (*layers, *chain.definitions())
    if given.loss is not None:
        layers = (*layers, chain.loss(given.loss))
    if not layers:
        raise InputError("there is nothing to derive. Expected [[layers]], or `define`.", **top)
    made = tuple(d for layer in layers for d in layer.definitions)
    defined = {d.tensor for d in made}
    inputs = tuple(t for t in chain.inputs if t not in defined)
    parameters = tuple(p for layer in layers for p in layer.parameters)
    last = layers[-1].output
    read = (*inputs, *chain.targets, *parameters)
    program = Program(
        given=read,
        definitions=made,
        facts=facts(given, (*read, *defined), chain.sizes, chain.base),
        loss=last if given.loss is not None or (given.define and not last.shape) else None,
        size_facts=chain.sizes.facts,
        sizes=chain.sizes.all,
    )
    _check_values(given, program)
    return Model(
        given.title, given.conventions, program, layers, inputs, chain.targets, given.values
    )


def _check_values(given: Given, program: Program) -> None:
    """Refuse numbers for a tensor that is not there, or that do not have its shape."""
    shapes = {t.name: t.shape for t in program.given}
    for name, value in given.values.items():
        place = given.source.place("values", name)
        if name not in shapes:
            raise InputError(
                f"[values]: there is no tensor “{name}”. {nearest(name, shapes)}", **place
            )
        found = _extents(value)
        told = tuple(value_of(d) for d in shapes[name])
        if (
            found is None
            or len(found) != len(told)
            or any(t is not None and f != t for f, t in zip(found, told, strict=True))
        ):
            raise InputError(
                f"[values]: the numbers of {name} do not have its shape, "
                f"{show_shape(shapes[name])}. Expected nested lists, one level for each axis.",
                **place,
            )


def _extents(value: Any) -> tuple[int, ...] | None:
    """The shape of nested tuples of numbers; None where they are ragged or empty."""
    if not isinstance(value, tuple):
        return ()
    inner = {_extents(v) for v in value}
    part = inner.pop() if len(inner) == 1 else None
    return None if part is None else (len(value), *part)


def _refuse_unused(given: Given) -> None:
    """Say which declarations this version cannot use, rather than ignore them."""
    unused = {"problems": given.problems, "notation": given.notation}
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
