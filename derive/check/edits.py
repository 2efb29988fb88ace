r"""Small edits of a formula as somebody wrote it: the slips that people make.

Edits are made in the source text, so that a suggestion is in the writer's own notation:
`C_{21}` → `C_{22}`.  They come in the order in which slips are likely; most lead nowhere, and it
is the comparison of the edited equation that decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, pairwise, zip_longest

from derive.check.text import Script, Span, Text

TRANSPOSE = ("T", "\\top", "\\intercal", "\\mathsf{T}", "\\mathrm{T}")


@dataclass(frozen=True)
class Edit:
    """What stands at some places of the source becomes `new`; `shown` is the change in words."""

    places: tuple[tuple[int, int], ...]
    new: str
    shown: str

    def apply(self, source: str) -> str:
        """The source with the edit made."""
        for start, end in sorted(self.places, reverse=True):
            source = _joined(_joined(source[:start], self.new), source[end:])
        return source


@dataclass(frozen=True)
class Vocabulary:
    """What may stand where something else does.

    `names` has groups of names of which one may be meant for another, `scales` what an index may
    be multiplied or moved by, `missing` what may be missing in front of a side.  `whole` says that
    the formula is about whole numbers, which may be rounded, or too large by one.  Indices count
    from `base`.
    """

    names: Sequence[Sequence[str]] = ()
    scales: Sequence[str] = ()
    missing: Sequence[str] = ()
    whole: bool = False
    base: int = 1


def edits(source: str, start: int, end: int, vocabulary: Vocabulary) -> Iterator[Edit]:
    """Edits of source[start:end], one of each kind in turn."""
    text = Text(source, start, end, [n for group in vocabulary.names for n in group])
    if not len(text):
        return
    everywhere = (_everywhere(text, e) for e in _in_scripts(text, vocabulary))
    kinds = (
        *[(e for e in everywhere if e is not None)] * 3,
        *[_in_scripts(text, vocabulary)] * 3,
        _signs(text),
        _missing(text, vocabulary.missing),
        _bounds(text),
        _transposed(text),
        _powers(text),
        _whole(text) if vocabulary.whole else iter(()),
        _numbers(text),
        _dropped(text),
    )
    seen = set()
    for edit in _in_turns(kinds):
        if (edit.places, edit.new) not in seen:
            seen.add((edit.places, edit.new))
            yield edit


def _in_turns(kinds: Iterable[Iterator[Edit]]) -> Iterator[Edit]:
    """One edit of each kind after the other, so that no kind uses up the budget.

    A kind that stands there several times has several turns.
    """
    return (e for e in chain.from_iterable(zip_longest(*kinds)) if e is not None)


def _joined(before: str, after: str) -> str:
    """Two pieces of LaTeX; a space between them where a command would run into a letter."""
    runs_on = after[:1].isalpha() and re.search(r"\\[A-Za-z]+\Z", before)
    return before + " " + after if runs_on else before + after


def _append(part: str, tail: str) -> str:
    return part + tail


def _edit(span: Span, new: str, whole: Span | None = None) -> Edit:
    """The replacement of a span, shown with what it is part of."""
    whole = whole or span
    a, b = span.start - whole.start, span.end - whole.start
    changed = _joined(_joined(whole.text[:a], new), whole.text[b:])
    return Edit(((span.start, span.end),), new, f"{whole.text} → {changed}")


def _everywhere(text: Text, edit: Edit) -> Edit | None:
    """The same change wherever the same thing stands, if that is at several places."""
    old, _, new = edit.shown.partition(" → ")
    places = tuple(text.occurrences(old))
    return Edit(places, new, f"{edit.shown} everywhere") if len(places) > 1 else None


# -- in subscripts ---------------------------------------------------------------------------------


def _in_scripts(text: Text, vocabulary: Vocabulary) -> Iterator[Edit]:
    """Another index or number, two indices swapped, an index shifted or scaled, another name."""
    whole = Text(text.source, 0, len(text.source))
    used = dict.fromkeys(u.text for s in whole.scripts("_") for u in s.units())
    scripts = list(text.scripts("_"))
    kinds = (
        *[(e for s in scripts for e in _digits(s, vocabulary.base))] * 2,
        (e for s in scripts for e in _letters(s, list(used))),
        (e for s in scripts for e in _swapped(s)),
        _renamed(text, vocabulary.names),
        (e for s in scripts for e in _shifted(s, vocabulary.scales)),
        (e for s in scripts for e in _scaled(s, vocabulary.scales)),
    )
    return _in_turns(kinds)


def _digits(script: Script, base: int) -> Iterator[Edit]:
    """Another number: C_{21} for C_{22}."""
    for k in range(script.first, script.last + 1):
        if script.text.token(k).kind == "number":
            span = script.text.span(k, k)
            for place, digit in enumerate(span.text):
                at = Span(span.start + place, span.start + place + 1, digit)
                added = script.text.says(k - 1, "+", "-") and k > script.first
                least = 1 if added else base
                for new in (int(digit) + 1, int(digit) - 1):
                    if least <= new <= 9:
                        yield _edit(at, str(new), script.whole)


def _letters(script: Script, used: Sequence[str]) -> Iterator[Edit]:
    """Another index: z_j for z_i."""
    for unit in script.units():
        for other in used:
            if other != unit.text:
                yield _edit(unit, other, script.whole)


def _swapped(script: Script) -> Iterator[Edit]:
    """Two indices in the other order: W_{ji} for W_{ij}."""
    for a, b in pairwise(script.units()):
        if a.text != b.text:
            between = script.text.source[a.end : b.start]
            new = _joined(_joined(b.text, between), a.text)
            span = Span(a.start, b.end, script.text.source[a.start : b.end])
            yield _edit(span, new, script.whole)


def _renamed(text: Text, names: Sequence[Sequence[str]]) -> Iterator[Edit]:
    """Another array with as many axes: δ^{(pool)} for δ^{(conv)}."""
    for k in range(len(text)):
        found = text.declared(k)
        if found is not None:
            name, last = found
            for group in names:
                for other in group if name in group else ():
                    if other != name:
                        yield _edit(text.span(k, last), other)


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
                yield _edit(part, new if script.braced else f"{{{new}}}", script.whole)


def _all_parts(script: Script, change: Callable[[str], str]) -> Iterator[Edit]:
    """The same change of every computed index, such as i+a and j+b, if there are several."""
    parts = [p for p in script.parts() if re.search(r"[+-]", p.text)]
    if len(parts) > 1:
        first, last = parts[0].start, parts[-1].end
        source, new, at = script.text.source, "", first
        for part in parts:
            new += source[at : part.start] + change(part.text)
            at = part.end
        yield _edit(Span(first, last, source[first:last]), new, script.whole)


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
        yield from _all_parts(script, partial(_joined, scale))
    for unit in script.units():
        for scale in scales:
            yield _edit(Span(unit.start, unit.start, ""), scale, script.whole)
    for k in range(script.first, script.last):
        if script.text.token(k).kind == "number" and script.text.is_name(k + 1):
            yield _edit(script.text.span(k, k), "", script.whole)


# -- outside of subscripts -------------------------------------------------------------------------


def _signs(text: Text) -> Iterator[Edit]:
    """+ for -, and the other way round."""
    for k in range(len(text) - 1):
        if text.says(k, "+", "-"):
            span = text.span(k, k)
            leading = k == 0 or text.says(k - 1, "(", "{", "=", "[")
            new = "" if leading else "-" if span.text == "+" else "+"
            yield _edit(span, new, text.span(k, text.factor(k + 1)))


def _missing(text: Text, missing: Sequence[str]) -> Iterator[Edit]:
    """Something missing in front of the whole side."""
    whole = text.span(0, len(text) - 1)
    for new in missing:
        if len(text.terms()) > 1:
            yield _edit(whole, rf"{new}\left({whole.text}\right)")
        else:
            at = Span(whole.start, whole.start, "")
            yield Edit(((at.start, at.end),), f"{new} ", f"{whole.text} → {new} {whole.text}")


def _bounds(text: Text) -> Iterator[Edit]:
    """A sum that begins or ends one too early or too late, or a sum too many."""
    for first, last in _sums(text):
        whole = text.span(first, last)
        for at in range(first + 1, last):
            bound = _bound(text, at)
            if bound is not None:
                for shift in (-1, 1):
                    yield _edit(bound, shifted(bound.text, shift), whole)
        yield Edit(((whole.start, whole.end),), "", f"without {whole.text}")


def _sums(text: Text) -> Iterator[tuple[int, int]]:
    """The first and last token of each \\sum with its bounds."""
    for k in range(len(text)):
        if text.says(k, "\\sum"):
            last = k
            while text.says(last + 1, "_", "^") and last + 2 < len(text):
                last = text.group(last + 2)
            yield k, last


def _bound(text: Text, at: int) -> Span | None:
    """The bound of a sum behind a ^ or an =, without braces."""
    if text.says(at, "^"):
        last = text.group(at + 1)
        braced = text.says(at + 1, "{")
        return text.span(at + 1 + braced, last - braced) if braced and last > at + 2 else None
    if text.says(at, "=") and text.token(at + 1).kind == "number":
        return text.span(at + 1, at + 1)
    return None


def _transposed(text: Text) -> Iterator[Edit]:
    """A transpose too many or missing, and two factors in the wrong order."""
    atoms = list(text.atoms())
    for first, last in atoms:
        whole = text.span(first, last)
        marks = [k for k in range(first, last) if text.says(k, "^")]
        for k in marks:
            span = text.span(k, text.group(k + 1))
            if span.text.strip("^{} ") in TRANSPOSE:
                yield _edit(span, "", whole)
        if not marks:
            yield _edit(Span(whole.end, whole.end, ""), "^{\\top}", whole)
    for (a, b), (c, d) in pairwise(atoms):
        if c == b + 1:
            x, y = text.span(a, b), text.span(c, d)
            between = text.source[x.end : y.start]
            old = Span(x.start, y.end, text.source[x.start : y.end])
            yield _edit(old, _joined(_joined(y.text, between), x.text))


def _powers(text: Text) -> Iterator[Edit]:
    """An exponent too large or too small by one, or of the wrong sign."""
    for script in text.scripts("^"):
        span = text.span(script.first, script.last)
        for new in (shifted(span.text, -1), shifted(span.text, 1), f"-({span.text})"):
            yield _edit(span, new if script.braced else f"{{{new}}}", script.whole)


def _whole(text: Text) -> Iterator[Edit]:
    """One more or less, and a fraction that should be rounded down."""
    whole = text.span(0, len(text) - 1)
    for shift in (1, -1):
        new = shifted(whole.text, shift)
        yield Edit(((whole.start, whole.end),), new, f"{shift:+d} at the end")
    for fraction in text.fractions():
        yield _edit(fraction, rf"\left\lfloor {fraction.text}\right\rfloor")


def _numbers(text: Text) -> Iterator[Edit]:
    """Another number outside of subscripts."""
    inside = {k for s in text.scripts("_") for k in range(s.first, s.last + 1)}
    inside |= {k for first, last in _sums(text) for k in range(first, last + 1)}
    for k in range(len(text)):
        if text.token(k).kind == "number" and k not in inside:
            span = text.span(k, k)
            if span.text.isdigit():
                for new in (int(span.text) + 1, int(span.text) - 1):
                    yield _edit(span, str(new))


def _dropped(text: Text) -> Iterator[Edit]:
    """A factor or a term too many."""
    terms = text.terms()
    atoms = [text.span(first, last) for first, last in text.atoms()]
    for span in terms if len(terms) > 1 else ():
        yield Edit(((span.start, span.end),), "", f"without the term {span.text}")
    for span in (*text.fractions(), *atoms):
        yield Edit(((span.start, span.end),), "", f"without {span.text}")
