r"""Small edits of a formula as somebody wrote it: the slips that people make.

They come in the order in which slips are likely; most lead nowhere, and it is the comparison of
the edited equation that decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from derive.check.edit import (
    Edit,
    Vocabulary,
    everywhere,
    in_turns,
    joined,
    replacing,
    without,
)
from derive.check.slips import as_beside, in_scripts, indexed, renamed, shifted
from derive.check.text import Span, Text

TRANSPOSE = ("T", "\\top", "\\intercal", "\\mathsf{T}", "\\mathrm{T}")


def edits(source: str, start: int, end: int, vocabulary: Vocabulary) -> Iterator[Edit]:
    """Edits of source[start:end], one of each kind in turn."""
    text = Text(source, start, end, [n for group in vocabulary.names for n in group])
    if not len(text):
        return
    repeated = (everywhere(text, e) for e in in_scripts(text, vocabulary))
    kinds = (
        as_beside(text, vocabulary.beside),
        renamed(text, vocabulary.names, akin=True),
        *[(e for e in repeated if e is not None)] * 3,
        *[in_scripts(text, vocabulary)] * 3,
        _signs(text),
        _missing(text, vocabulary.missing),
        _bounds(text),
        _transposed(text),
        indexed(text, vocabulary.names),
        _powers(text),
        _whole(text) if vocabulary.whole else iter(()),
        _numbers(text),
        _dropped(text),
    )
    seen = set()
    for edit in in_turns(kinds):
        if edit.changes not in seen:
            seen.add(edit.changes)
            yield edit


def _signs(text: Text) -> Iterator[Edit]:
    """+ for -, and the other way round."""
    for k in range(len(text) - 1):
        if text.says(k, "+", "-"):
            span = text.span(k, k)
            leading = k == 0 or text.says(k - 1, "(", "{", "=", "[")
            new = "" if leading else "-" if span.text == "+" else "+"
            yield replacing(span, new, text.span(k, text.factor(k + 1)))


def _missing(text: Text, missing: Sequence[str]) -> Iterator[Edit]:
    """Something missing in front of the whole side."""
    whole = text.span(0, len(text) - 1)
    for new in missing:
        if len(text.terms()) > 1:
            yield replacing(whole, rf"{new}\left({whole.text}\right)")
        else:
            at = Span(whole.start, whole.start, "")
            yield Edit(((at.start, at.end, f"{new} "),), f"{whole.text} → {new} {whole.text}")


def _bounds(text: Text) -> Iterator[Edit]:
    """A sum that begins or ends one too early or too late, or a sum too many."""
    for first, last in _sums(text):
        whole = text.span(first, last)
        for at in range(first + 1, last):
            bound = _bound(text, at)
            if bound is not None:
                for shift in (-1, 1):
                    yield replacing(bound, shifted(bound.text, shift), whole)
        yield without(whole)


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
                yield replacing(span, "", whole)
        if not marks and "," not in whole.text:
            yield replacing(Span(whole.end, whole.end, ""), "^{\\top}", whole)
    for (a, b), (c, d) in pairwise(atoms):
        if c == b + 1:
            x, y = text.span(a, b), text.span(c, d)
            between = text.source[x.end : y.start]
            old = Span(x.start, y.end, text.source[x.start : y.end])
            yield replacing(old, joined(joined(y.text, between), x.text))


def _powers(text: Text) -> Iterator[Edit]:
    """An exponent too large or too small by one, or of the wrong sign."""
    for script in text.scripts("^"):
        span = text.span(script.first, script.last)
        for new in (shifted(span.text, -1), shifted(span.text, 1), f"-({span.text})"):
            yield replacing(span, new if script.braced else f"{{{new}}}", script.whole)


def _whole(text: Text) -> Iterator[Edit]:
    """One more or less, a fraction that should be rounded down, a lost sign between two names."""
    whole = text.span(0, len(text) - 1)
    for shift in (1, -1):
        new = shifted(whole.text, shift)
        yield Edit(((whole.start, whole.end, new),), f"{shift:+d} at the end")
    for fraction in text.fractions():
        yield replacing(fraction, rf"\left\lfloor {fraction.text}\right\rfloor")
    for k in range(len(text) - 1):
        if text.is_name(k) and text.is_name(k + 1):
            at, behind = text.span(k, k).end, text.span(k + 1, k + 1).start
            for sign in "-+":
                gap = Span(at, behind, text.source[at:behind])
                yield replacing(gap, sign, text.span(k, k + 1))


def _numbers(text: Text) -> Iterator[Edit]:
    """Another number outside of subscripts."""
    inside = {k for s in text.scripts("_") for k in range(s.first, s.last + 1)}
    inside |= {k for first, last in _sums(text) for k in range(first, last + 1)}
    for k in range(len(text)):
        if text.token(k).kind == "number" and k not in inside:
            span = text.span(k, k)
            if span.text.isdecimal():
                for new in (int(span.text) + 1, int(span.text) - 1):
                    yield replacing(span, str(new))


def _dropped(text: Text) -> Iterator[Edit]:
    """A factor or a term too many."""
    terms = text.terms()
    atoms = [text.span(first, last) for first, last in text.atoms()]
    for span in terms if len(terms) > 1 else ():
        yield without(span, "the term ")
    for span in (*text.fractions(), *atoms):
        yield without(span)
