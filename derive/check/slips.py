"""Edits of names and what stands in their subscripts: another index or number, another name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise

from derive.check.edit import Edit, Vocabulary, everywhere, in_turns, joined, replacing
from derive.check.named import occurrences, parsed, renaming
from derive.check.text import Script, Span, Text


def in_scripts(text: Text, vocabulary: Vocabulary) -> Iterator[Edit]:
    """Another index or number, two indices swapped, an index shifted or scaled, another name."""
    whole = Text(text.source, 0, len(text.source))
    used = dict.fromkeys(u.text for s in whole.scripts("_") for u in s.units())
    scripts = list(text.scripts("_"))
    kinds = (
        *[(e for s in scripts for e in _digits(s, vocabulary.base))] * 2,
        (e for s in scripts for e in _letters(s, list(used))),
        (e for s in scripts for e in _swapped(s)),
        renamed(text, vocabulary.names, akin=False),
        (e for s in scripts for e in _shifted(s, vocabulary.scales)),
        (e for s in scripts for e in _scaled(s, vocabulary.scales)),
    )
    return in_turns(kinds)


def as_beside(text: Text, beside: Sequence[str]) -> Iterator[Edit]:
    """The indices that the same name has in another side: A_{32} for A_{33}; first everywhere."""
    for script in text.scripts("_"):
        whole = script.whole
        start = text.source[whole.start : whole.start + script.offset]
        for other in beside:
            if other != whole.text and other.startswith(start):
                edit = replacing(whole, other)
                repeated = everywhere(text, edit)
                yield from (e for e in (repeated, edit) if e is not None)


def _digits(script: Script, base: int) -> Iterator[Edit]:
    """Another number: C_{21} for C_{22}."""
    for k in range(script.first, script.last + 1):
        if script.text.token(k).kind == "number":
            span = script.text.span(k, k)
            for place, digit in enumerate(span.text if span.text.isdecimal() else ""):
                at = Span(span.start + place, span.start + place + 1, digit)
                added = script.text.says(k - 1, "+", "-") and k > script.first
                factor = k < script.last and script.text.is_name(k + 1)
                least = 2 if factor else 1 if added else base
                for new in (int(digit) + 1, int(digit) - 1):
                    if least <= new <= 9:
                        yield replacing(at, str(new), script.whole)


def _letters(script: Script, used: Sequence[str]) -> Iterator[Edit]:
    """Another index: z_j for z_i."""
    for unit in script.units():
        for other in used:
            if other != unit.text:
                yield replacing(unit, other, script.whole)


def _swapped(script: Script) -> Iterator[Edit]:
    """Two indices in the other order: W_{ji} for W_{ij}."""
    for a, b in pairwise(script.units()):
        if a.text != b.text:
            between = script.text.source[a.end : b.start]
            new = joined(joined(b.text, between), a.text)
            span = Span(a.start, b.end, script.text.source[a.start : b.end])
            yield replacing(span, new, script.whole)


def renamed(text: Text, names: Sequence[Sequence[str]], akin: bool) -> Iterator[Edit]:
    """Another array with as many axes: δ^{(pool)} for δ^{(conv)}; first everywhere.

    Names that are `akin` have a letter in common.
    """
    groups = [list(map(parsed, group)) for group in names]
    found = list(occurrences(text, [name for group in groups for name in group]))
    for name in dict.fromkeys(o.name.text for o in found):
        here = [o for o in found if o.name.text == name]
        others = [n for g in groups if here[0].name in g for n in g if n.text != name]
        for other in others:
            if here[0].name.akin(other) == akin:
                for some in ([here] if len(here) > 1 else []) + [[o] for o in here]:
                    edit = renaming(text.source, some, other)
                    if edit is not None:
                        yield edit


def indexed(text: Text, names: Sequence[Sequence[str]]) -> Iterator[Edit]:
    """An index for an array that has none: b_c for b."""
    used = dict.fromkeys(
        u.text for s in Text(text.source, 0, len(text.source)).scripts("_") for u in s.units()
    )
    known = [parsed(name) for group in names for name in group]
    for found in occurrences(text, known):
        if "_" not in found.whole.text:
            for index in used:
                at = Span(found.base.end, found.base.end, "")
                yield replacing(at, f"_{{{index}}}", found.whole)


def _shifted(script: Script, by: Sequence[str]) -> Iterator[Edit]:
    """An index too high or too low by one, or by a padding; all computed indices at once, first."""
    for shift in (-1, 1):
        yield from _all_parts(script, partial(shifted, shift=shift))
    for name in by:
        for sign in "-+":
            yield from _all_parts(script, partial(_append, tail=sign + name))
    for part in script.parts():
        for shift in (-1, 1):
            new = shifted(part.text, shift)
            if not new.lstrip("-").isdigit():
                yield replacing(part, new if script.braced else f"{{{new}}}", script.whole)


def _append(part: str, tail: str) -> str:
    return part + tail


def _all_parts(script: Script, change: Callable[[str], str]) -> Iterator[Edit]:
    """The same change of every computed index, such as i+a and j+b, if there are several."""
    parts = [p for p in script.parts() if re.search(r"[+-]", p.text)]
    if len(parts) > 1:
        first, last = parts[0].start, parts[-1].end
        source, new, at = script.text.source, "", first
        for part in parts:
            new += source[at : part.start] + change(part.text)
            at = part.end
        yield replacing(Span(first, last, source[first:last]), new, script.whole)


def shifted(bound: str, shift: int) -> str:
    """An integer expression moved by one: `i-1` and 1 make `i`."""
    number = re.search(r"(?:\A|[+-])\s*[0-9]+\s*\Z", bound)
    if number is None:
        return f"{bound}{shift:+d}"
    rest = bound[: number.start()]
    total = int(number[0].replace(" ", "")) + shift
    if rest.strip():
        return rest.rstrip() + (f"{total:+d}" if total else "")
    return str(total)


def _scaled(script: Script, scales: Sequence[str]) -> Iterator[Edit]:
    """An index with or without the stride as its factor; all computed indices at once, first."""
    for scale in scales:
        yield from _all_parts(script, partial(joined, scale))
    for unit in script.units():
        for scale in scales:
            yield replacing(Span(unit.start, unit.start, ""), scale, script.whole)
    for k in range(script.first, script.last):
        if script.text.token(k).kind == "number" and script.text.is_name(k + 1):
            yield replacing(script.text.span(k, k), "", script.whole)
