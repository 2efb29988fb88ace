r"""Declared names in a text, wherever indices stand: δ^{(conv)} in `\delta_{i,j}^{(conv)}`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from derive.check.edit import Change, Edit
from derive.check.text import Span, Text

FONTS = ("\\mathbf", "\\boldsymbol", "\\bm", "\\mathrm", "\\mathit", "\\vec")
MARKS = ("_", "^")
LONGEST = 60
"""Characters of a name with its indices that are shown, at most."""


@dataclass(frozen=True)
class Name:
    """A declared name: what it begins with, and its own scripts by their marks."""

    text: str
    base: tuple[str, ...]
    scripts: dict[str, str]

    def akin(self, other: Name) -> bool:
        """Whether both have a letter in common: x and \\hat x, δ^{(1)} and δ^{(2)}."""
        return bool(_letters(self.base) & _letters(other.base))


@dataclass(frozen=True)
class Occurrence:
    """A name in a text, its base in a font perhaps; `scripts` are its own ones with their marks.

    The base ends with the token `last`.
    """

    name: Name
    whole: Span
    base: Span
    last: int
    font: str
    scripts: dict[str, Span]

    def renamed(self, other: Name) -> tuple[Change, ...]:
        """The changes that make another name of it; none where its indices would be in the way."""
        changes: list[Change] = []
        behind = ""
        for mark, script in other.scripts.items():
            if mark in self.scripts:
                span = self.scripts[mark]
                if span.text[1:] != script:
                    changes.append((span.start, span.end, mark + script))
            else:
                behind += mark + script
        changes += [(s.start, s.end, "") for m, s in self.scripts.items() if m not in other.scripts]
        if self.name.base != other.base:
            base = other.text[: len(other.text) - sum(map(_length, other.scripts.values()))]
            base = f"{self.font}{{{base.strip()}}}" if self.font else base.strip()
            changes.append((self.base.start, self.base.end, base + behind))
        elif behind:
            changes.append((self.base.end, self.base.end, behind))
        return tuple(changes)


def renaming(source: str, found: Sequence[Occurrence], other: Name) -> Edit | None:
    """Another name at one place or several."""
    changes = tuple(change for o in found for change in o.renamed(other))
    if not changes:
        return None
    first = found[0].whole
    edit = Edit(tuple(found[0].renamed(other)), "")
    longer = len(edit.apply(source)) - len(source)
    after = edit.apply(source)[first.start : first.end + longer].strip()
    if len(found) == 1 and len(first.text) <= LONGEST:
        return Edit(changes, f"{first.text} → {after}")
    name = found[0].name.text or "".join(found[0].name.base)
    return Edit(changes, f"{name} → {other.text}" + (" everywhere" if len(found) > 1 else ""))


def occurrences(text: Text, names: Sequence[Name]) -> Iterator[Occurrence]:
    """The declared names in a text, in order; of several that fit the one with most to it."""
    k = 0
    while k < len(text):
        fits = [o for name in names if (o := _at(text, k, name)) is not None]
        best = max(fits, key=lambda o: (len(o.name.base), len(o.scripts)), default=None)
        if best is not None:
            yield best
        k = k + 1 if best is None else best.last + 1


def _at(text: Text, k: int, name: Name) -> Occurrence | None:
    """The name at a token, if it stands there."""
    first, last = k, k + len(name.base) - 1
    if text.says(k, *FONTS) and text.says(k + 1, "{"):
        first, last = k + 2, k + len(name.base) + 1
        if not text.says(last + 1, "}"):
            return None
    if not all(text.says(first + n, token) for n, token in enumerate(name.base)):
        return None
    font = text.token(k).text if first > k else ""
    end = last = last + bool(font)
    found: dict[str, Span] = {}
    while text.says(end + 1, *MARKS) and end + 2 < len(text):
        mark, group = end + 1, text.group(end + 2)
        span = text.span(mark, group)
        wanted = name.scripts.get(text.token(mark).text)
        if wanted is not None and _bare(text.span(mark + 1, group).text) == _bare(wanted):
            found[text.token(mark).text] = span
        end = group
    if len(found) < len(name.scripts):
        return None
    return Occurrence(name, text.span(k, end), text.span(k, last), last, font, found)


@lru_cache(1024)
def parsed(name: str) -> Name:
    """A declared name in its parts."""
    text = Text(name, 0, len(name))
    k, scripts = 0, {}
    while k < len(text) and not text.says(k, *MARKS):
        k = text.group(k) + 1
    base = tuple(text.token(n).text for n in range(k))
    while text.says(k, *MARKS) and k + 1 < len(text):
        last = text.group(k + 1)
        scripts[text.token(k).text] = text.span(k + 1, last).text
        k = last + 1
    return Name(name, base, scripts)


def _bare(script: str) -> str:
    return script.replace(" ", "").strip("{}")


def _length(script: str) -> int:
    return len(script) + 1


def _letters(base: tuple[str, ...]) -> set[str]:
    accents = {t for t in base if t.startswith("\\") and len(base) > 1}
    return {*base} - accents - {"{", "}"}
