r"""Small edits of a formula as somebody wrote it: the slips that people make.

Edits are made in the source text, so that a suggestion is in the writer's own notation:
`C_{21}` → `C_{22}`.  They come in the order in which slips are likely; most lead nowhere, and it
is the comparison of the edited equation that decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from derive.latex.tokenize import Token, tokenize
from derive.latex.tokens import SYMBOLS


@dataclass(frozen=True)
class Edit:
    """`old` at some places of the source becomes `new`; `shown` is the change with its context."""

    places: tuple[tuple[int, int], ...]
    new: str
    shown: str

    def apply(self, source: str) -> str:
        """The source with the edit made."""
        for start, end in sorted(self.places, reverse=True):
            gap = " " if source[:start].endswith("\\") else ""
            source = source[:start] + gap + self.new + source[end:]
        return source


@dataclass(frozen=True)
class Span:
    """Tokens that stand together: source[start:end]."""

    start: int
    end: int
    text: str


class Text:
    """The part of a source in which edits are looked for, as tokens with their places."""

    def __init__(self, source: str, start: int, end: int) -> None:
        self.source, self.start, self.end = source, start, end
        inside = tokenize(source[start:end])[:-1]
        bounds = [t.position for t in inside] + [end - start]
        self.tokens = [
            (t, start + t.position, start + bounds[k + 1])
            for k, t in enumerate(inside)
            if t.kind != "space"
        ]

    def token(self, k: int) -> Token | None:
        return self.tokens[k][0] if 0 <= k < len(self.tokens) else None

    def says(self, k: int, *texts: str) -> bool:
        token = self.token(k)
        return token is not None and token.text in texts

    def span(self, first: int, last: int) -> Span:
        """The tokens from `first` to `last`, both included."""
        start, end = self.tokens[first][1], self.tokens[last][2]
        text = self.source[start:end].rstrip()
        return Span(start, start + len(text), text)

    def group(self, k: int) -> int:
        """The last token of the group or single token that begins at `k`."""
        if not self.says(k, "{"):
            return k
        depth = 0
        for at in range(k, len(self.tokens)):
            depth += self.says(at, "{") - self.says(at, "}")
            if depth == 0:
                return at
        return k

    def scripts(self, mark: str) -> Iterator[tuple[int, int]]:
        """The first and last token of what stands in each script, without its braces."""
        for k in range(len(self.tokens) - 1):
            if self.says(k, mark):
                last = self.group(k + 1)
                yield (k + 2, last - 1) if self.says(k + 1, "{") else (k + 1, last)

    def units(self, first: int, last: int) -> list[tuple[int, int]]:
        """The names between two tokens: a letter or Greek letter with its primes."""
        found = []
        for k in range(first, last + 1):
            token = self.tokens[k][0]
            if token.kind == "letter" or token.text in SYMBOLS:
                end = k
                while end < last and self.says(end + 1, "'"):
                    end += 1
                found.append((k, end))
        return found

    def named(self, first: int) -> int:
        """The first token of the name whose script opens before `first`."""
        k = first - 1
        while k > 0 and self.says(k, "{", "_", "^"):
            k -= 1
        return k


def edits(
    source: str, start: int, end: int, names: Sequence[Sequence[str]], insertions: Sequence[str]
) -> Iterator[Edit]:
    """Edits of source[start:end].

    `names` has groups of names of which one may be meant for another; `insertions` are factors
    that may be missing in front.
    """
    text = Text(source, start, end)
    kinds = (
        _digits(text),
        _letters(text),
        _swapped(text),
        _renamed(text, names),
        _signs(text),
        _shifted(text),
        _bounds(text),
        _transposed(text),
        _powers(text),
        _floors(text),
        _dropped(text),
        _inserted(text, insertions),
    )
    seen = set()
    for edit in _in_turns(kinds):
        if edit.places and (edit.places, edit.new) not in seen:
            seen.add((edit.places, edit.new))
            yield edit


def _in_turns(kinds: Iterable[Iterator[Edit]]) -> Iterator[Edit]:
    """One edit of each kind after the other, so that no kind uses up the budget."""
    return (e for e in chain.from_iterable(zip_longest(*kinds)) if e is not None)


def _shown(old: str, new: str) -> str:
    return f"{old} → {new}"


def _replacing(text: Text, span: Span, new: str, around: tuple[int, int]) -> Iterator[Edit]:
    """A replacement everywhere that the same thing stands, and at this one place."""
    whole = text.span(*around)
    changed = whole.text[: span.start - whole.start] + new + whole.text[span.end - whole.start :]
    places, at = [], text.source.find(whole.text, text.start, text.end)
    while at >= 0:
        places.append((at, at + len(whole.text)))
        at = text.source.find(whole.text, at + len(whole.text), text.end)
    if len(places) > 1:
        yield Edit(tuple(places), changed, _shown(whole.text, changed) + " everywhere")
    yield Edit(((span.start, span.end),), new, _shown(whole.text, changed))


def _digits(text: Text) -> Iterator[Edit]:
    """Another number in a subscript: C_{21} for C_{22}."""
    for first, last in text.scripts("_"):
        for k in range(first, last + 1):
            token, start, _ = text.tokens[k]
            if token.kind != "number":
                continue
            for place, digit in enumerate(token.text):
                for new in (int(digit) + 1, int(digit) - 1):
                    if 0 <= new <= 9:
                        span = Span(start + place, start + place + 1, digit)
                        yield from _replacing(
                            text,
                            span,
                            str(new),
                            (text.named(first), last + 1 if text.says(last + 1, "}") else last),
                        )


def _letters(text: Text) -> Iterator[Edit]:
    """Another index: z_j for z_i."""
    used: dict[str, None] = {}
    places = []
    for first, last in text.scripts("_"):
        for unit in text.units(first, last):
            used[text.span(*unit).text] = None
            places.append((unit, text.named(first), last))
    for unit, head, last in places:
        span = text.span(*unit)
        end = last + 1 if text.says(last + 1, "}") else last
        for other in used:
            if other != span.text:
                yield from _replacing(text, span, other, (head, end))


def _swapped(text: Text) -> Iterator[Edit]:
    """Two indices in the other order: W_{ji} for W_{ij}."""
    for first, last in text.scripts("_"):
        units = text.units(first, last)
        for a, b in zip(units, units[1:], strict=False):
            x, y = text.span(*a), text.span(*b)
            if x.text != y.text:
                between = text.source[x.end : y.start]
                span = Span(x.start, y.end, text.source[x.start : y.end])
                around = (text.named(first), last + 1 if text.says(last + 1, "}") else last)
                yield from _replacing(text, span, y.text + between + x.text, around)


def _renamed(text: Text, names: Sequence[Sequence[str]]) -> Iterator[Edit]:
    """Another array of the same shape: δ^{(pool)} for δ^{(conv)}."""
    spelled = {
        name: [t.text for t in tokenize(name) if t.kind not in ("space", "end")]
        for group in names
        for name in group
    }
    texts = [t.text for t, _, _ in text.tokens]
    for k in range(len(texts)):
        found = [n for n, parts in spelled.items() if texts[k : k + len(parts)] == parts]
        if not found:
            continue
        name = max(found, key=lambda n: len(spelled[n]))
        span = text.span(k, k + len(spelled[name]) - 1)
        for group in names:
            for other in group if name in group else ():
                if other != name:
                    yield from _replacing(
                        text, span, _apart(other, text, span), (k, k + len(spelled[name]) - 1)
                    )


def _apart(name: str, text: Text, span: Span) -> str:
    """A name, with a space behind it where it would run into a letter."""
    follows = text.source[span.end : span.end + 1]
    return name + " " if name[-1:].isalpha() and "\\" in name and follows.isalpha() else name


def _signs(text: Text) -> Iterator[Edit]:
    """+ for -, and a sign in front or none."""
    if text.says(0, "-"):
        span = text.span(0, 0)
        yield Edit(((span.start, span.end),), "", "without the sign in front")
    for k, (token, start, end) in enumerate(text.tokens):
        if token.text in ("+", "-") and k:
            other = "-" if token.text == "+" else "+"
            after = (
                text.span(k, min(text.group(k + 1), len(text.tokens) - 1))
                if k + 1 < len(text.tokens)
                else text.span(k, k)
            )
            yield Edit(((start, start + 1),), other, _shown(after.text, other + after.text[1:]))


def _shifted(text: Text) -> Iterator[Edit]:
    """An index too high or too low by one."""
    for first, last in text.scripts("_"):
        if last < first or text.says(first - 3, "\\sum", "\\max") or text.says(first - 2, "\\sum"):
            continue
        ends = [k - 1 for k in range(first, last + 1) if text.says(k, ",")] + [last]
        for k in ends:
            if k < first:
                continue
            span = text.span(k, k)
            for shift in ("-1", "+1"):
                head, tail = text.named(first), (last + 1 if text.says(last + 1, "}") else last)
                new = span.text + shift
                if not text.says(first - 1, "{"):
                    new = "{" + new + "}"
                yield from _replacing(text, span, new, (head, tail))
        for k in range(first, last):
            if text.says(k, "+", "-") and text.tokens[k + 1][0].kind == "number":
                span = text.span(k, k + 1)
                yield from _replacing(
                    text,
                    span,
                    "",
                    (text.named(first), last + 1 if text.says(last + 1, "}") else last),
                )


def _bounds(text: Text) -> Iterator[Edit]:
    """A sum that begins or ends one too early or too late, or a sum too many."""
    for k in range(len(text.tokens)):
        if not text.says(k, "\\sum"):
            continue
        last = k
        while text.says(last + 1, "_", "^"):
            last = text.group(last + 2)
        whole = text.span(k, last)
        for at in range(k, last):
            if text.says(at, "^") or (
                text.says(at, "=") and text.tokens[at + 1][0].kind == "number"
            ):
                end = text.group(at + 1)
                span = text.span(at + 1, end)
                inner = span.text[1:-1] if span.text.startswith("{") else span.text
                for shift in ("-1", "+1"):
                    new = _moved(inner, shift)
                    new = "{" + new + "}" if text.says(at, "^") else new
                    changed = (
                        whole.text[: span.start - whole.start]
                        + new
                        + whole.text[span.end - whole.start :]
                    )
                    yield Edit(((span.start, span.end),), new, _shown(whole.text, changed))
        yield Edit(((whole.start, whole.end),), "", f"without {whole.text}")


def _moved(bound: str, shift: str) -> str:
    return str(int(bound) + int(shift)) if bound.lstrip("-").isdigit() else bound + shift


def _transposed(text: Text) -> Iterator[Edit]:
    """A transpose too many or missing, and two factors in the wrong order."""
    for k in range(len(text.tokens)):
        if text.says(k, "^"):
            end = text.group(k + 1)
            span = text.span(k, end)
            if span.text.strip("^{} ") in ("T", "\\top", "\\intercal", "\\mathsf{T}"):
                whole = text.span(max(k - 1, 0), end)
                yield Edit(
                    ((span.start, span.end),),
                    "",
                    _shown(whole.text, whole.text[: span.start - whole.start]),
                )
    atoms = list(_atoms(text))
    for first, last in atoms:
        if not any(text.says(k, "^") for k in range(first, last + 1)):
            span = text.span(first, last)
            yield Edit(
                ((span.end, span.end),), "^{\\top}", _shown(span.text, span.text + "^{\\top}")
            )
    for (a, b), (c, d) in zip(atoms, atoms[1:], strict=False):
        if c == b + 1:
            x, y = text.span(a, b), text.span(c, d)
            gap = text.source[x.end : y.start] or " "
            old = text.source[x.start : y.end]
            new = y.text + gap + x.text
            yield Edit(((x.start, y.end),), new, _shown(old, new))


def _atoms(text: Text) -> Iterator[tuple[int, int]]:
    """The names outside scripts, each with its scripts."""
    k = 0
    while k < len(text.tokens):
        token = text.tokens[k][0]
        if token.text in ("_", "^"):
            k = text.group(k + 1) + 1
            continue
        if token.kind == "letter" or token.text in SYMBOLS:
            last = k
            while text.says(last + 1, "_", "^", "'"):
                last = text.group(last + 2) if not text.says(last + 1, "'") else last + 1
            yield k, last
            k = last + 1
            continue
        k += 1


def _powers(text: Text) -> Iterator[Edit]:
    """An exponent too large or too small by one, or of the wrong sign."""
    for first, last in text.scripts("^"):
        if last < first:
            continue
        span = text.span(first, last)
        base = text.span(max(first - 3, 0), last)
        for new in (f"{span.text}-1", f"{span.text}+1", f"-({span.text})"):
            inner = new if text.says(first - 1, "{") else "{" + new + "}"
            yield Edit(((span.start, span.end),), inner, _shown(base.text, f"the exponent {new}"))


def _floors(text: Text) -> Iterator[Edit]:
    """A fraction that should be rounded down."""
    for k in range(len(text.tokens)):
        if text.says(k, "\\frac", "\\tfrac", "\\dfrac") and k + 2 < len(text.tokens):
            last = text.group(text.group(k + 1) + 1)
            span = text.span(k, last)
            new = rf"\left\lfloor {span.text}\right\rfloor"
            yield Edit(((span.start, span.end),), new, _shown(span.text, new))


def _dropped(text: Text) -> Iterator[Edit]:
    """A factor or a term too many."""
    terms = terms_of(text)
    for span in terms if len(terms) > 1 else ():
        yield Edit(((span.start, span.end),), "", f"without the term {span.text}")
    for k in range(len(text.tokens)):
        if text.says(k, "\\frac", "\\tfrac", "\\dfrac") and k + 2 < len(text.tokens):
            span = text.span(k, text.group(text.group(k + 1) + 1))
            yield Edit(((span.start, span.end),), "", f"without {span.text}")
    for first, last in _atoms(text):
        span = text.span(first, last)
        yield Edit(((span.start, span.end),), "", f"without {span.text}")


def terms_of(text: Text) -> list[Span]:
    """The terms of the side, each from its sign on."""
    depth, starts = 0, [0]
    for k, (token, _, _) in enumerate(text.tokens):
        depth += token.text in ("{", "(", "[", "\\{", "\\lfloor", "\\begin")
        depth -= token.text in ("}", ")", "]", "\\}", "\\rfloor", "\\end")
        if depth == 0 and token.text in ("+", "-") and k:
            starts.append(k)
    ends = [k - 1 for k in starts[1:]] + [len(text.tokens) - 1]
    return [text.span(a, b) for a, b in zip(starts, ends, strict=True) if b >= a]


def _inserted(text: Text, insertions: Sequence[str]) -> Iterator[Edit]:
    """Something missing in front of the whole side."""
    if not text.tokens:
        return
    first = text.tokens[0][1]
    whole = text.span(0, len(text.tokens) - 1)
    several = len(terms_of(text)) > 1
    for new in insertions:
        if several:
            shown = _shown(whole.text, rf"{new}\left({whole.text}\right)")
            yield Edit(((first, whole.end),), rf"{new}\left({whole.text}\right)", shown)
        else:
            yield Edit(((first, first),), new + " ", f"{new} in front of {whole.text}")
