r"""The mathematics of a document: every displayed and inline formula, in order, with its place.

Reads LaTeX, Markdown and plain text with formulas in it.  Nothing is executed, and no other file is
read.  What is damaged becomes a piece with a `problem`; the rest of the document is read all the
same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from derive.errors import InputError
from derive.latex.error import ReadError
from derive.latex.macros import DEFINING, Macros, closing_braces
from derive.latex.statements import (
    LAYOUTS,
    ends_with_relation,
    has_relation,
    joined,
    starts_with_relation,
    statements,
)
from derive.latex.tables import table_behind
from derive.latex.torn_tables import torn_tables
from derive.latex.traced import Lines, Traced

LONGEST = 500_000
"""Characters in one document, at most."""

LONGEST_FORMULA = 100_000
"""Characters in one formula, at most."""

KINDS = ("tex", "md", "txt")

_INPUT = frozenset((r"\input", r"\include", r"\subfile", r"\import"))
_HEADINGS = {
    f"\\{name}": level
    for level, name in enumerate(
        "part chapter section subsection subsubsection paragraph subparagraph".split(), start=1
    )
}
_VERBATIM = frozenset("verbatim lstlisting minted comment Verbatim filecontents".split())
_COMMON = r"\\begin\{(?P<begin>[A-Za-z]+\*?)\}|(?P<command>\\(?:[A-Za-z@]+|.))|(?P<dollar>\${1,2})"
_TEX = re.compile(rf"%[^\n]*|{_COMMON}", re.DOTALL)
_MARKDOWN = re.compile(
    r"^(?P<fence>```+|~~~+)(?P<info>[^\n]*)$|^[ ]{0,3}(?P<heading>\#{1,6})[ \t]+(?P<title>[^\n]*)$"
    rf"|(?P<code>`+)|(?P<remark><!--)|{_COMMON}",
    re.DOTALL | re.MULTILINE,
)
_INSIDE = (
    r"(?P<words>\\(?:text|textrm|textit|textbf|mbox|intertext|shortintertext)\s*)\{"
    r"|\\(?:[A-Za-z]+|.)|\$\$?"
)
_INSIDE_TEX = re.compile(rf"{_INSIDE}|%[^\n]*|\n[ \t]*\n", re.DOTALL)
_INSIDE_MARKDOWN = re.compile(rf"{_INSIDE}|\n[ \t]*\n", re.DOTALL)
_PARAGRAPH_END = re.compile(r"\n[ \t]*\n|\Z")
_CLOSING = {"$": "$", "$$": "$$", r"\(": r"\)", r"\[": r"\]"}
_FILE = re.compile(r"\s*\{\s*([^{}\n]{1,200}?)\s*\}|[ ]+([^\s\\{}]{1,200})")
_SPACES = re.compile(r"\s*")
_VERB = re.compile(r"\*?([^\sA-Za-z])[^\n]*?\1")
_DECLARATION = re.compile(r"[ \t]*%!(?: (.*))?")
_TEX_TEXT = re.compile(r"^[^%\n]*\\(?:documentclass|begin\{document\})", re.MULTILINE)


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the highest.  It stands from `offset` to `end`."""

    level: int
    title: str
    offset: int
    end: int


@dataclass(frozen=True)
class Piece:
    """A formula, or one chain of a display: `math` is what the formula reader gets.

    Macros are expanded in it, rows are joined, labels and comments are gone; it knows where each of
    its characters stands in the document.  `problem` says why there is no formula, with the offset
    in the document as its position.
    """

    math: Traced
    display: bool
    start: int
    end: int
    problem: ReadError | None = None

    @property
    def source(self) -> str:
        """The formula, for the formula reader."""
        return self.math.text

    @cached_property
    def claims(self) -> bool:
        """Whether it relates formulas; within a line of text, an inequality is a condition."""
        return has_relation(self.source) and (self.display or "=" in self.source)

    def span(self, start: int = 0, end: int | None = None) -> tuple[int, int]:
        """The part of the document where the characters `start` to `end` of `source` stand."""
        return self.math.span(start, end)


@dataclass(frozen=True)
class Document:
    """A text, its formulas in order, its headings, macros, and the declarations in its comments.

    `kind` is `tex` or `md`, as which a `txt` is read too.  `declarations` is TOML with the lines of
    the document, empty where there are none.  `inputs` are the other files that it names, each with
    the offset of the command.
    """

    text: str
    pieces: tuple[Piece, ...]
    headings: tuple[Heading, ...] = ()
    macros: Macros = field(default_factory=Macros)
    declarations: str = ""
    inputs: tuple[tuple[int, str], ...] = ()
    kind: str = "tex"

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self.text)

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, from 1."""
        return self._lines.place(offset)

    def parts(self, offset: int) -> tuple[str, ...]:
        """The titles of the headings under which an offset stands, outermost first."""
        above: list[Heading] = []
        for heading in self.headings:
            if heading.offset > offset:
                break
            above = [h for h in above if h.level < heading.level]
            above.append(heading)
        return tuple(h.title for h in above)


def read_document(text: str, kind: str = "tex", macros: Macros | None = None) -> Document:
    """The formulas of a document of the kind `tex`, `md` or `txt`, in order.

    `macros` are known before it begins.

    Raises InputError where the text is too long; whatever is wrong with a formula is told by its
    piece.
    """
    if len(text) > LONGEST:
        raise InputError(
            f"the document has {len(text)} characters. Expected at most {LONGEST}; split it."
        )
    if kind == "txt":
        kind = "tex" if is_tex(text) else "md"
    reader = _Reader(text, kind, macros or Macros())
    reader.read()
    return Document(
        text,
        tuple(_with_torn_tables(text, list(_continued(text, reader.pieces)))),
        tuple(reader.headings),
        reader.macros,
        _declarations(text),
        tuple(reader.inputs),
        kind,
    )


def is_tex(text: str) -> bool:
    """Whether a text is a whole LaTeX document."""
    return _TEX_TEXT.search(text) is not None


def _declarations(text: str) -> str:
    """What stands behind `%!`, on the lines where it stands; other lines are empty."""
    if "%!" not in text:
        return ""
    lines = (_DECLARATION.fullmatch(line) for line in text.split("\n"))
    return "\n".join((found[1] or "") if found else "" for found in lines).rstrip()


def _continued(text: str, pieces: list[Piece]) -> Iterator[Piece]:
    """The pieces; what goes on in the next one, or in a table of numbers, is put together."""
    last: Piece | None = None
    for piece in pieces:
        if last is not None and _go_together(text, last, piece):
            last = Piece(
                joined(last.math, piece.math),
                last.display or piece.display,
                last.start,
                piece.end,
            )
            continue
        if last is not None:
            yield last
        last = _with_table(text, piece)
    if last is not None:
        yield last


def _with_torn_tables(text: str, pieces: list[Piece]) -> list[Piece]:
    """The pieces with the tables that a scan has torn apart; what stands in these is no formula."""
    torn = [Piece(math, True, *math.span()) for math in torn_tables(text)]
    kept = [p for p in pieces if not any(t.start <= p.start < t.end for t in torn)]
    return sorted([*kept, *torn], key=lambda p: p.start)


def _go_together(text: str, first: Piece, second: Piece) -> bool:
    if first.problem or second.problem or first.end > second.start:
        return False
    ends, starts = ends_with_relation(first.source), starts_with_relation(second.source)
    return (ends or starts) and not text[first.end : second.start].strip()


def _with_table(text: str, piece: Piece) -> Piece:
    """`M =` with the table of numbers that stands behind it in the text."""
    if piece.problem or not ends_with_relation(piece.source):
        return piece
    table = table_behind(text, piece.end)
    if table is None:
        return piece
    end = table.span()[1]
    return Piece(joined(piece.math, table), piece.display, piece.start, end)


class _Reader:
    """What has been found in a document so far."""

    def __init__(self, text: str, kind: str, macros: Macros) -> None:
        self.text, self.markdown = text, kind == "md"
        self.closing = closing_braces(text)
        self.unclosed: set[str] = set()
        self.macros = Macros(dict(macros.table))
        self.pieces: list[Piece] = []
        self.headings: list[Heading] = []
        self.inputs: list[tuple[int, str]] = []

    def read(self) -> None:
        outside, at = _MARKDOWN if self.markdown else _TEX, 0
        while found := outside.search(self.text, at):
            at = self.take(found)

    def take(self, found: re.Match[str]) -> int:
        """Takes what was found outside of mathematics; returns the offset behind it."""
        groups = found.groupdict()
        if groups.get("heading"):
            title = found["title"].strip().rstrip("#").strip()
            level = len(found["heading"])
            self.headings.append(Heading(level, title, found.start(), found.end()))
        elif groups.get("fence"):
            return self.fence(found)
        elif groups.get("code"):
            limit = self.paragraph_end(found.end())
            close = self.text.find(found["code"], found.end(), limit)
            return found.end() if close < 0 else close + len(found["code"])
        elif groups.get("remark"):
            return self.behind("-->", found.end())
        elif groups.get("begin"):
            return self.environment(found)
        elif groups.get("dollar"):
            return self.mathematics(found.start(), found["dollar"])
        elif groups.get("command"):
            return self.command(found)
        return found.end()

    def command(self, found: re.Match[str]) -> int:
        name, at = found["command"], found.end()
        if name in _CLOSING:
            return self.mathematics(found.start(), name)
        if name in DEFINING:
            end = self.macros.define(self.text, found.start(), self.closing)
            return at if end is None else end
        if name in _HEADINGS:
            brace = at + self.text.startswith("*", at)
            end = self.closing.get(brace, brace)
            title = " ".join(self.text[brace + 1 : end - 1].split())
            self.headings.append(Heading(_HEADINGS[name], title, found.start(), max(at, end)))
            return max(at, end)
        if name in _INPUT:
            named = _FILE.match(self.text, at)
            self.inputs.append((found.start(), "" if named is None else named[1] or named[2]))
        elif name == r"\iffalse":
            return self.behind(r"\fi", at)
        elif name == r"\verb":
            verbatim = _VERB.match(self.text, at)
            return at if verbatim is None else verbatim.end()
        elif name == r"\end" and self.text.startswith("{document}", at):
            return len(self.text)
        return at

    def environment(self, found: re.Match[str]) -> int:
        name, start, at = found["begin"], found.start(), found.end()
        if name == "document":
            self.pieces.clear()
        if name in _VERBATIM:
            return self.behind(rf"\end{{{name}}}", at)
        if name not in LAYOUTS:
            return at
        end = self.behind(rf"\end{{{name}}}", at)
        if end == at or self.text.find(found[0], at, end) >= 0:
            return self.stop(start, at, rf"\end{{{name}}}")
        self.formula(start, end, start, end, name not in ("math", "math*"))
        return end

    def fence(self, found: re.Match[str]) -> int:
        end = self.behind("\n" + found["fence"], found.end())
        if found["info"].strip() == "math" and end > found.end():
            close = end - len(found["fence"])
            self.formula(found.end(), close, found.start(), end, True)
        return end

    def behind(self, text: str, at: int) -> int:
        """The offset behind the next `text`; `at` if there is none."""
        found = -1 if text in self.unclosed else self.text.find(text, at)
        if found < 0:
            self.unclosed.add(text)
            return at
        return found + len(text)

    def paragraph_end(self, at: int) -> int:
        found = _PARAGRAPH_END.search(self.text, at)
        return len(self.text) if found is None else found.start()

    # -- formulas ----------------------------------------------------------------------------------

    def mathematics(self, start: int, opening: str) -> int:
        """A formula between dollars or brackets; returns the offset behind it."""
        at = start + len(opening)
        while self.text[at : at + 1].isspace() and opening != "$":
            at += 1
        close = self.close(at, _CLOSING[opening])
        if close is None:
            behind = self.text[at : self.paragraph_end(at)]
            if self.markdown and opening == "$" and not re.search(r"[\\=^_]", behind):
                return start + 1
            return self.stop(start, at, f"the {_CLOSING[opening]} that closes {opening}")
        end = close + len(_CLOSING[opening])
        inner, outer = (at, close), (start, end)
        if self.text.startswith("`", at) and self.text.endswith("`", at + 1, close):
            inner = (at + 1, close - 1)
        self.formula(*inner, *outer, opening in ("$$", r"\["))
        return end

    def close(self, at: int, closing: str) -> int | None:
        """Where a formula ends that begins at `at`; None at the end of the paragraph."""
        inside = _INSIDE_MARKDOWN if self.markdown else _INSIDE_TEX
        while found := inside.search(self.text, at):
            token, at = found[0], found.end()
            if token == closing or (closing == "$" and token == "$$"):
                return found.start()
            if token.startswith("\n"):
                behind = _SPACES.match(self.text, at)
                closes = behind is not None and self.text.startswith(closing, behind.end())
                return behind.end() if behind and closes and closing not in "$\\)" else None
            if found["words"] is not None:
                at = self.closing.get(at - 1, at)
        return None

    def formula(self, start: int, end: int, outer: int, outer_end: int, display: bool) -> None:
        """Takes the formula from `start` to `end`, apart into statements."""
        body = Traced.of(self.text, start, end)
        try:
            if len(body) > LONGEST_FORMULA:
                expected = f"a formula of at most {LONGEST_FORMULA} characters"
                raise ReadError(start, expected, f"{len(body)} characters")
            found = statements(self.macros.expand(body))
        except ReadError as problem:
            self.pieces.append(Piece(body, display, outer, outer_end, problem))
            return
        self.pieces.extend(Piece(s, display, outer, outer_end) for s in found)

    def stop(self, start: int, at: int, expected: str) -> int:
        """Takes the rest of the paragraph as a formula that nothing closes."""
        end = self.paragraph_end(at)
        body = Traced.of(self.text, start, end).stripped()
        problem = ReadError(end, expected, "the end of the paragraph")
        self.pieces.append(Piece(body, True, start, end, problem))
        return end
