"""Counts: how many learnable numbers layers have, and how many operations they need."""

from __future__ import annotations

from collections.abc import Iterator

from derive.derivation.program import Layer
from derive.engine.operations import operations
from derive.engine.tally import tally
from derive.errors import Unsupported
from derive.ir import (
    Cases,
    Count,
    Formula,
    Int,
    Number,
    Sum,
    Tensor,
    axis_ranges,
    fresh,
    refresh,
    subformulas,
)
from derive.network.ask import Flops, Parameters
from derive.network.catalogue import LAYERS
from derive.questions.parts import (
    Lines,
    Part,
    Row,
    Say,
    Shape,
    Side,
    Typed,
    Word,
    Words,
    Written,
)
from derive.questions.setting import Setting, verified
from derive.rules.terms import product, total


def parameters_wording(ask: Parameters, setting: Setting) -> Words:
    """The question in words."""
    return ("How many learnable parameters are there?",)


def flops_wording(ask: Flops, setting: Setting) -> Words:
    """The question in words."""
    words: list[Word] = ["How many operations does one evaluation of "]
    for k, layer in enumerate(_layers(ask.of, setting)):
        words += ([", "] if k else []) + [layer.output]
    return (*words, " need?")


def _layers(of: tuple[str, ...], setting: Setting) -> list[Layer]:
    """The layers that a question names, by their name or output; all where it names none."""
    if not of:
        return list(setting.model.layers)
    return [setting.layer(setting.defined(name)) for name in of]


def check_parameters(ask: Parameters, setting: Setting) -> None:
    """Refuse layers that have nothing to learn."""
    if not _learnable(ask, setting):
        setting.fail(
            "there are no learnable parameters; expected a layer that has weights",
            "of",
        )


def check_flops(ask: Flops, setting: Setting) -> None:
    """Refuse sizes that are symbols."""
    if not setting.is_numeric:
        setting.fail("operations are counted only where all sizes have numbers", "of")


# -- parameters ----------------------------------------------------------------------------------


def _learnable(ask: Parameters, setting: Setting) -> list[Tensor]:
    """The parameters of the layers, and the given arrays that stand in their place in calls."""
    found: dict[Tensor, None] = {}
    for layer in _layers(ask.of, setting):
        kind = LAYERS.get(layer.kind)
        brought = layer.inputs[1:] if kind is not None and kind.arrays else ()
        found |= dict.fromkeys(
            (*layer.parameters, *(t for t in brought if t in setting.program.given))
        )
    return list(found)


def parameters(ask: Parameters, setting: Setting) -> Iterator[Part]:
    """The entries of every parameter, and their total."""
    arrays = _learnable(ask, setting)
    rows = []
    for p in arrays:
        yield Say(("The array ", Shape(p), " (", Typed(p.name), ")"))
        rows.append(_entries(p, setting))
        yield Lines((rows[-1],))
    counts = [_number_of(p) for p in arrays]
    everything = Int.of(0)
    for n in counts:
        everything = everything + n
    if len(arrays) > 1:
        written = Written(total(*(_shown(n, setting) for n in counts)))
        start = total(*(Count(n) for n in counts))
        verdict = verified(setting.at_sizes, start, "=", Count(everything))
        result = _shown(everything, setting)
        yield Say(("Together:",))
        yield Lines((Row(written, (Side(result, verdict=verdict),), inline=True),))


def _entries(p: Tensor, setting: Setting) -> Row:
    """Counting the entries one by one, and as a product of the extents."""
    at = tuple(fresh("i") for _ in p.shape)
    ones = Sum(Number(1), *axis_ranges(p, at)) if at else Number(1)
    factors = [_shown(d, setting) for d in p.shape]
    n = _number_of(p)
    verdict = verified(setting.at_sizes, ones, "=", Count(n))
    sides = [Side(Written(product(*factors)), ("the product of the extents",), verdict=verdict)]
    if len(factors) > 1:
        end = verified(setting.at_sizes, product(*(Count(d) for d in p.shape)), "=", Count(n))
        sides.append(Side(_shown(n, setting), verdict=end))
    return Row(ones, tuple(sides), inline=True)


def _number_of(p: Tensor) -> Int:
    n = Int.of(1)
    for d in p.shape:
        n = n * d
    return n


def _shown(e: Int, setting: Setting) -> Formula:
    """An expression as its number, where it has one."""
    try:
        return Number(setting.unroll.number(e, {}))
    except Unsupported:
        return Count(e)


# -- operations ----------------------------------------------------------------------------------


def flops(ask: Flops, setting: Setting) -> Iterator[Part]:
    """For each layer the operations of one entry, summed over all entries."""
    yield Say(
        (
            "We count the operations of the formula as it stands: n terms need one addition less "
            "than n, products one multiplication less than they have factors. Terms in the "
            "padding are not there, so they cost nothing.",
        )
    )
    layers = _layers(ask.of, setting)
    definitions = [d for layer in layers for d in layer.definitions]
    if any(isinstance(g, Cases) for d in definitions for g in subformulas(d.body)):
        yield Say(
            (
                "Of several cases we count the comparisons in their conditions, and the largest "
                "number of operations that one of them needs.",
            )
        )
    sums: dict[str, list[Formula]] = {}
    for definition in definitions:
        yield from _operations(definition.tensor, setting, sums)
    if len(layers) > 1:
        yield Say(("Together:",))
        yield Lines(tuple(_totals(sums, setting)))


def _operations(t: Tensor, setting: Setting, sums: dict[str, list[Formula]]) -> Iterator[Part]:
    """The operations of all entries of one array."""
    d = setting.engine(t).forward(t)
    yield Say(("",), ranges=d.ranges)
    verdict = setting.holds(d.start, d.result, d.ranges, d.facts)
    yield Lines((Row(d.start, (Side(d.result, verdict=verdict),)),), d.ranges)
    none = True
    for kind, each in operations(d.result).kinds.items():
        if each == Number(0):
            continue
        none = False
        everything = refresh(Sum(each, *d.ranges)) if d.ranges else each
        value = Number(tally(everything, setting.unroll))
        verdict = verified(setting.at_sizes, everything, "=", value)
        sums.setdefault(kind, []).append(value)
        yield Say((f"needs these {kind}:",))
        yield Lines((Row(everything, (Side(value, verdict=verdict),)),))
    if none:
        yield Say(("which needs no operation.",))


def _totals(sums: dict[str, list[Formula]], setting: Setting) -> Iterator[Row]:
    for kind, values in sums.items():
        added = total(*values)
        numbers = [v.value for v in values if isinstance(v, Number)]
        result = Number(sum(numbers))
        verdict = verified(setting.at_sizes, added, "=", result)
        yield Row(Written(added), (Side(result, (kind,), verdict=verdict),), inline=True)
