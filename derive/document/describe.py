"""Phrases about arrays: their shapes, their numbers of entries, their extents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, log10

from derive.derivation.program import Program, SizeRule
from derive.document import layout
from derive.document.math import (
    Math,
    Name,
    Numeral,
    Relation,
    Scripts,
    Sign,
    Space,
    fenced,
    listed,
    row,
)
from derive.document.model import Inline, Line, line
from derive.document.notation import Names, Notation, parse_name
from derive.ir import ONE, TRUE, Int, Sum, Tensor

_REALS = Name("R", ("mathbb",))


def membership(tensors: Sequence[Tensor], notation: Notation) -> Line:
    """`x ∈ ℝ^{64×1×28×28} and t ∈ ℝ^{64×10}`."""
    return joined([line(shape_of(t, notation)) for t in tensors])


def shape_of(t: Tensor, notation: Notation) -> Math:
    """`x ∈ ℝ^{64×1×28×28}`; class indices are in {1, ..., C}."""
    if t.classes is None:
        return row(parse_name(t.symbol), Relation("in"), space(t.shape, notation))
    names = Names.of(t.shape, (), notation)
    last = layout.extent(t.classes + (t.base - 1), names)
    classes = fenced("brace", listed((Numeral(str(t.base)), Sign("dots"), last)))
    found: Math = Scripts(classes, above=_extents(t.shape, names)) if t.shape else classes
    return row(parse_name(t.symbol), Relation("in"), found)


def space(shape: Sequence[Int], notation: Notation) -> Math:
    """`ℝ^{64×1×28×28}`; of numbers, ℝ."""
    names = Names.of(shape, (), notation)
    return Scripts(_REALS, above=_extents(shape, names)) if shape else _REALS


def _extents(shape: Sequence[Int], names: Names) -> Math:
    parts: list[Math] = []
    for d in shape:
        parts += [Sign("times")] * bool(parts) + [layout.extent(d, names)]
    return row(*parts)


def entries(t: Tensor) -> Int:
    """How many entries an array has."""
    product = ONE
    for d in t.shape:
        product = product * d
    return product


def number(e: Int, notation: Notation) -> Math:
    """An expression of sizes, as its number where it has one."""
    return layout.extent(e, Names.of((e,), (), notation))


def count(e: Int, notation: Notation) -> Math:
    """How many, in text and in tables: from five digits on with thin spaces, 1 440 000."""
    math = number(e, notation)
    if not isinstance(math, Numeral) or len(math.digits) < 5:
        return math
    digits = math.digits
    starts = range(len(digits) % 3 or 3, len(digits), 3)
    parts: list[Math] = [Numeral(digits[: starts[0]])]
    for k in starts:
        parts += [Space("thin"), Numeral(digits[k : k + 3])]
    return row(*parts)


def output_size(rule: SizeRule, program: Program, notation: Notation) -> Line:
    """An extent by the general rule, `with I = 28, ... the window fits ⌊...⌋ + 1 = 24 times`.

    Where it stays a symbol, its definition says it in the symbols of the document.
    """
    result = number(rule.result, notation)
    counted = isinstance(rule.meaning, Sum)  # else it is the last position that is reached
    if not isinstance(result, Numeral):
        named = next((s for s in program.sizes if s.definition == rule.result), None)
        told = row(parse_name(named.name), Relation("="), result) if named else result
        return line("The window fits ", told, " times.") if counted else line("Extent ", told, ".")
    symbols = Notation()
    general = layout.extent(rule.general, Names.of((rule.general,), (), symbols))
    values = [line(row(parse_name(s.name), Relation("="), number(e, notation))) for s, e in rule.at]
    told = row(general, Relation("="), result)
    if not counted:
        return (*line("With "), *joined(values), *line(" the extent is ", told, "."))
    return (*line("With "), *joined(values), *line(" the window fits ", told, " times."))


def free_sizes(program: Program, notation: Notation) -> Iterator[Line]:
    """What is known of the sizes that stay symbols: what they are at least, and conditions."""
    free = [s for s in program.sizes if s.definition is None and s.value is None]
    for least, words in ((1, "positive integers"), (0, "non-negative integers")):
        names = [line(parse_name(s.name)) for s in free if s.least == least]
        if names:
            one = words.replace("integers", "integer")
            article = "a " if len(names) == 1 else ""
            verb = " is " if len(names) == 1 else " are "
            yield (*joined(names), *line(verb, article + (one if len(names) == 1 else words)))
    for g in program.size_facts:
        names_of = Names.of((g,), (), notation)
        if names_of.present(g) != TRUE:
            yield line(layout.condition(g, names_of))


def joined(parts: Sequence[Line], word: str = " and ", comma: str = ", ") -> Line:
    """`a, b and c`."""
    made: list[Inline] = []
    for k, part in enumerate(parts):
        if k:
            made += line(word if k == len(parts) - 1 else comma)
        made += part
    return tuple(made)


def power_of_ten(bound: float) -> Math:
    """The smallest power of ten that is not below `bound`."""
    exponent = ceil(log10(bound)) if bound > 0 else -300
    return Scripts(Numeral("10"), above=row(Sign("prefix -"), Numeral(str(-exponent))))
