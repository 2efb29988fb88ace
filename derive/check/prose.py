"""What stands between the formulas of a document: headings, words and listings, as plain text.

Only so much of LaTeX and Markdown is understood as a reader needs to find his way; what a command
does to the type is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from derive.check.marks import Marked
from derive.latex.document import Document
from derive.latex.document import Heading as Title

BEGIN = re.compile(r"^[^%\n]*?\\begin\{document\}", re.MULTILINE)
"""Where the body of a LaTeX document begins."""

_LISTING = re.compile(
    r"^(?P<fence>```+|~~~+)[^\n]*\n(?P<code>.*?)(?:^(?P=fence)[^\n]*$|\Z)"
    r"|\\begin\{(?P<name>verbatim|lstlisting|minted)\}[^\n]*\n(?P<text>.*?)\\end\{(?P=name)\}",
    re.DOTALL | re.MULTILINE,
)
_SILENT = re.compile(
    r"(?<!\\)%[^\n]*\n?[ \t]*|\\(?:(?:re|provide)?newcommand|def|DeclareMathOperator)\b[^\n]*"
    r"|\\(?:label|ref|eqref|cite[a-z]*|include[a-z]*|input|[vh]space\*?|maketitle)(?![A-Za-z])"
    r"\s*(?:\[[^\]\n]*\])?(?:\{[^{}\n]*\})?"
    r"|\\(?:begin|end)\s*\{[^{}\n]*\}(?:\[[^\]\n]*\])?(?:\{[lcrp|@. ]*\})?"
)
_TEX = re.compile(
    r"(?P<item>\s*\\item(?![A-Za-z])\s*)"
    r"|(?P<stop>\\(?:par|(?:med|big|small)skip|(?:new|clear)page)(?![A-Za-z])|\\\\)"
    r"|\\(?P<escaped>[%&$#_{} ])|(?P<sign>~|---?|``|'')|\\[A-Za-z]+\*?\s?|[{}]"
)
_SIGNS = {"~": " ", "---": "—", "--": "–", "``": "“", "''": "”"}
_REMARK = re.compile(r"<!--.*?(?:-->|\Z)|^[ \t]*%![^\n]*$\n?", re.DOTALL | re.MULTILINE)
_ITEM = re.compile(r"\n(?=[ \t]*(?:[-*+]|[0-9]{1,3}[.)])[ \t])")
_PARAGRAPHS = re.compile(r"\s*\n[ \t]*\n\s*")


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the highest."""

    level: int
    title: str


@dataclass(frozen=True)
class Listing:
    """Lines that stand as they are."""

    text: str


@dataclass(frozen=True)
class Words:
    """Text in a line; a space at its ends is one that parts it from what stands there."""

    text: str


@dataclass(frozen=True)
class Break:
    """The end of a paragraph."""


Part = Heading | Listing | Words | Break | Marked


def prose(document: Document, formulas: Sequence[Marked]) -> Iterator[Part]:
    """The parts of a document in their order."""
    text, tex = document.text, document.kind == "tex"
    begin = BEGIN.search(text) if tex else None
    done = begin.end() if begin is not None else 0
    stops: list[Title | Marked] = [*document.headings, *formulas]
    for stop in sorted(stops, key=_start):
        if _start(stop) < done:
            continue
        yield from _between(text[done : _start(stop)], tex)
        if isinstance(stop, Title):
            yield Heading(stop.level, " ".join(_read(stop.title, tex).split()))
        else:
            yield stop
        done = stop.end
    yield from _between(text[done:].partition(r"\end{document}")[0] if tex else text[done:], tex)


def _start(stop: Title | Marked) -> int:
    return stop.offset if isinstance(stop, Title) else stop.start


def _between(text: str, tex: bool) -> Iterator[Part]:
    done = 0
    for found in _LISTING.finditer(text):
        yield from _words(text[done : found.start()], tex)
        yield Listing((found["code"] or found["text"] or "").rstrip())
        done = found.end()
    yield from _words(text[done:], tex)


def _words(text: str, tex: bool) -> Iterator[Words | Break]:
    for k, paragraph in enumerate(_PARAGRAPHS.split(_read(text, tex))):
        if k:
            yield Break()
        if paragraph:
            yield Words(re.sub(r"\s+", " ", paragraph))


def _read(text: str, tex: bool) -> str:
    """A text as it is read, with an empty line between paragraphs."""
    if tex:
        return _TEX.sub(_sign, _SILENT.sub("", text))
    return _ITEM.sub("\n\n", _REMARK.sub("", text))


def _sign(found: re.Match[str]) -> str:
    if found["item"]:
        return "\n\n• "
    if found["stop"]:
        return "\n\n"
    return found["escaped"] or _SIGNS.get(found["sign"] or "", "")
