"""The facts of a Given: relations between entries, and conditions on sizes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from derive.errors import InputError, Unsupported
from derive.ir import (
    Component,
    Delta,
    Entry,
    Formula,
    Guard,
    Int,
    Plus,
    Relation,
    Tensor,
    Times,
    axis_ranges,
    free_indices,
    fresh,
    subformulas,
)
from derive.ir.text import to_text
from derive.latex import Symbols, read_facts
from derive.network.given import Given
from derive.network.known import Known
from derive.network.sizes import Sizes
from derive.network.statements import reading

_NO_TIES = re.compile(r"no ties(?: (?:in|among|between)(?: the entries of)? (?P<name>.+))?", re.I)
_NAME_FIRST = re.compile(r"(?P<name>.+?) has no ties", re.I)


def facts(
    given: Given, table: Symbols, known: Known, inputs: tuple[Tensor, ...], sizes: Sizes
) -> tuple[Relation, ...]:
    """The facts about entries; those about sizes are recorded in `sizes`.

    “no ties” is said of an array (`no ties in z`), or else of all `inputs`.
    """
    found: list[Relation] = []
    for k, source in enumerate(given.facts):
        place = given.source.place("facts", k)
        ties = _NO_TIES.fullmatch(source.strip()) or _NAME_FIRST.fullmatch(source.strip())
        if ties is not None:
            name = ties["name"]
            chosen = inputs if name is None else (_named(name, source, known, place),)
            found += [r for t in chosen for r in _no_ties(t, t in inputs)]
            continue
        for part in reading(
            partial(read_facts, source, table), f"the fact “{source}”", place, table.tensors
        ):
            if isinstance(part, Relation):
                found.append(part)
            else:
                _record(part, source, sizes, place)
    return tuple(found)


def _named(name: str, source: str, known: Known, place: dict[str, Any]) -> Tensor:
    tensor = known.find(name)
    if tensor is None:
        raise InputError(
            f"the fact “{source}” speaks of {name}, which is no array that is declared.", **place
        )
    return tensor


def _no_ties(tensor: Tensor, drawn: bool) -> Iterator[Relation]:
    """That entries at different positions differ; for an array that is drawn, in all of it."""
    if not tensor.shape or tensor.classes is not None:
        return
    at, other = (tuple(fresh(a) for _ in tensor.shape) for a in "ij")
    left, right = Component(tensor, *at), Component(tensor, *other)
    ranges = (*axis_ranges(tensor, at), *axis_ranges(tensor, other))
    apart: Formula = right
    if not drawn:  # at the same position the relation says nothing: it reads z_i ≠ z_i + 1
        same = Times(*(Delta(e, f) for e, f in zip(at, other, strict=True)))
        apart = Plus(right, same)
    yield Relation(left, "!=", apart, ranges)


def _record(guard: Guard, source: str, sizes: Sizes, place: dict[str, Any]) -> None:
    atoms = [a for e in subformulas(guard) if isinstance(e, Int) for a in e.atoms_within()]
    if free_indices(guard) or any(isinstance(a, Entry) for a in atoms):
        raise Unsupported(
            f"the fact “{source}” is about indices; expected sizes or entries.", **place
        )
    if not sizes.require(guard):
        raise InputError(
            f"the fact “{source}”, that is {to_text(guard)}, is false for the sizes given. Change "
            "the numbers or leave it out.",
            **place,
        )
