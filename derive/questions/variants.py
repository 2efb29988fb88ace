"""Variants of a sheet: other numbers and sizes within the ranges that are declared.

A variant is drawn from its number alone, so that the same number gives the same sheet.  Sizes and
arrays in `variants` are drawn between their ends; every other array that has values gets whole
numbers between its smallest and its largest one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any, TypeAlias

from derive.errors import InputError
from derive.network.declare import BOUND
from derive.network.names import nearest
from derive.network.options import exact
from derive.network.source import Source

DRAWS = 2000
"""Draws of sizes, until some fit each other."""
TRIES = 200
"""Different sizes of which it is tried whether they fit; the smaller ranges have fewer."""

Tables: TypeAlias = dict[str, Any]
Check: TypeAlias = Callable[[Mapping[str, Any]], object]
Choice: TypeAlias = tuple[tuple[str, int], ...]
"""Sizes by their name, those of all problems one after the other."""


def variant_of(
    data: Mapping[str, Any],
    variant: int,
    source: Source,
    check: Check,
) -> Tables:
    """The tables of a variant: the first draw that `check` does not refuse.

    Nothing is drawn where it refuses the tables as they stand.
    """
    check(data)
    refused: dict[Choice, InputError] = {}
    for attempt in range(DRAWS):
        made, chosen = _drawn(data, Random(f"{variant}, draw {attempt}"), source)
        if chosen in refused:
            continue
        try:
            check(made)
            return made
        except InputError as error:
            refused[chosen] = error
        if len(refused) == TRIES:
            break
    raise _nothing_fits(refused, source)


def _nothing_fits(refused: Mapping[Choice, InputError], source: Source) -> InputError:
    chosen, why = next(iter(refused.items()))
    sizes = ", ".join(f"{name} = {n}" for name, n in chosen)
    return InputError(
        f"[variants]: {len(refused)} draws were tried, and none fits. Of the first"
        f"{f', {sizes},' if sizes else ''} this is to be said: {why.message} Expected ranges with "
        "sizes that fit each other; change them.",
        **source.place("variants"),
    )


# -- drawing -------------------------------------------------------------------------------------


def _drawn(data: Mapping[str, Any], random: Random, source: Source) -> tuple[Tables, Choice]:
    """The tables of one draw, and the sizes in it."""
    top, chosen = _scope(data, {}, random, source)
    problems = []
    for k, problem in enumerate(data.get("problems", ())):
        inside: Tables = {
            key: top[key] for key in ("variants", "tensors", "sizes", "values") if key in top
        }
        made, more = _scope(problem, inside, random, source, ("problems", k))
        problems.append(made)
        chosen = (*chosen, *more)
    return ({**top, "problems": problems} if problems else top), chosen


def _scope(
    data: Mapping[str, Any],
    above: Mapping[str, Any],
    random: Random,
    source: Source,
    within: tuple[str | int, ...] = (),
) -> tuple[Tables, Choice]:
    """The tables of one scope; what is drawn above holds in it."""
    spans, tensors, sizes, values = (
        {**above.get(key, {}), **data.get(key, {})}
        for key in ("variants", "tensors", "sizes", "values")
    )
    for name in data.get("variants", {}):
        _demand_drawable(name, sizes, values, source, within)
    own = {key: data.get(key, {}) for key in ("variants", "sizes", "values")}
    wanted = [n for n in spans if n in own["variants"] or n in own["sizes"]]
    chosen = tuple((n, random.randint(*spans[n])) for n in wanted if n in sizes)
    now = {**sizes, **dict(chosen)}
    redrawn = dict(own["values"])
    for name in values:
        shape = _shape(tensors.get(name, ()), now)
        outgrown = shape is not None and shape != _extents(values[name])
        if outgrown or name in own["variants"] or name in own["values"]:
            redrawn[name] = _entries(values[name], spans.get(name), shape, random)
    made = dict(data)
    if chosen:
        made["sizes"] = {**own["sizes"], **dict(chosen)}
    if redrawn:
        made["values"] = redrawn
    return made, chosen


def _demand_drawable(
    name: str,
    sizes: Mapping[str, Any],
    values: Mapping[str, Any],
    source: Source,
    within: tuple[str | int, ...],
) -> None:
    """Refuse to draw what is not declared, or follows from something else."""
    place = source.place(*within, "variants", name)
    if name not in sizes and name not in values:
        known = nearest(name, [*sizes, *values])
        raise InputError(
            f"[variants]: “{name}” is no size in [sizes], and no array in [values]. {known}",
            **place,
        )
    told = sizes.get(name)
    if isinstance(told, str) and not BOUND.fullmatch(told):
        raise InputError(
            f"[variants]: {name} is computed, as {told}. Expected a size with a number or a "
            "bound; draw those from which it is computed.",
            **place,
        )


def _shape(shape: Any, sizes: Mapping[str, Any]) -> tuple[int, ...] | None:
    """The extents of an array where all are numbers by now."""
    found = [sizes.get(d, d) for d in shape]
    return tuple(found) if all(type(d) is int for d in found) else None


def _entries(
    values: Any, span: tuple[int, int] | None, shape: tuple[int, ...] | None, random: Random
) -> Any:
    """Whole numbers in the shape of the array, which may have changed with its sizes."""
    flat = list(map(exact, _flat(values)))
    low, high = span or (math.floor(min(flat)), math.ceil(max(flat)))

    def nested(extents: tuple[int, ...]) -> Any:
        if not extents:
            return random.randint(low, high)
        return [nested(extents[1:]) for _ in range(extents[0])]

    return nested(_extents(values) if shape is None else shape)


def _flat(values: Any) -> Iterator[Any]:
    if isinstance(values, (list, tuple)):
        for v in values:
            yield from _flat(v)
    else:
        yield values


def _extents(values: Any) -> tuple[int, ...]:
    if not isinstance(values, (list, tuple)):
        return ()
    return (len(values), *(_extents(values[0]) if values else ()))
