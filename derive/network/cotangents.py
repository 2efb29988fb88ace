"""Which scalar a cotangent is a derivative of; an unknown function of everything if none is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from derive.errors import InputError
from derive.ir import Definition, Tensor, tensors
from derive.network.given import Given
from derive.network.known import Known
from derive.network.names import nearest
from derive.network.notation import Notation
from derive.network.unknown import Unknown, unknown_function


@dataclass(frozen=True)
class Cotangents:
    """For each declared name its tensor and its loss; `unknown` is the loss that nobody wrote."""

    tensors: dict[str, Tensor]
    losses: dict[str, Tensor]
    unknown: Unknown | None = None


def cotangents(
    given: Given,
    notation: Notation,
    definitions: tuple[Definition, ...],
    known: Known,
    taken: Iterable[str],
) -> Cotangents:
    """The cotangents that `notation` names; `taken` are names that a missing loss cannot have.

    The loss is the last scalar that depends on the tensor and that no other definition reads.
    """
    found: dict[str, Tensor] = {}
    for name, of in notation.cotangents.items():
        tensor = known.find(of) or known.find(notation.aliases.get(of, of))
        if tensor is None:
            raise InputError(
                f"[notation]: {name} is the cotangent of {of}, which is no array that is declared. "
                f"{nearest(of, known.names)}",
                **given.source.place("notation", name),
            )
        found[name] = tensor
    roots = roots_of(definitions)
    upstream = _upstream(definitions)
    losses: dict[str, Tensor] = {}
    for name, tensor in found.items():
        scalars = [t for t in roots if not t.shape and tensor in (t, *upstream[t])]
        if scalars:
            losses[name] = scalars[-1]
    alone = [t for name, t in found.items() if name not in losses]
    if not alone:
        return Cotangents(found, losses)
    ends = [t for t in roots if t.shape] + [t for t in alone if t not in upstream]
    symbol = next(s for s in ("L", "\\mathcal L", "\\mathcal L_0") if s not in taken)
    base = given.conventions.index_base
    made = unknown_function("f", tuple(dict.fromkeys(ends)), symbol, symbol, (), base)
    loss = made.definitions[-1].tensor
    return Cotangents(found, {name: losses.get(name, loss) for name in found}, made)


def roots_of(definitions: tuple[Definition, ...]) -> tuple[Tensor, ...]:
    """The tensors that no other definition reads, in order."""
    read = {t for d in definitions for t in tensors(d.body)}
    return tuple(d.tensor for d in definitions if d.tensor not in read)


def _upstream(definitions: tuple[Definition, ...]) -> dict[Tensor, frozenset[Tensor]]:
    found: dict[Tensor, frozenset[Tensor]] = {}
    for d in definitions:
        direct = tensors(d.body)
        found[d.tensor] = direct.union(*(found.get(t, frozenset()) for t in direct))
    return found
