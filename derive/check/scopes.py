"""Which declarations hold where in a document: from a Given, a file beside it, or its comments.

The tables of a problem are added to those at the top; they hold on the lines or under the headings
that it names, and those at the top hold everywhere else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from derive.errors import InputError
from derive.latex.document import Document
from derive.latex.error import ReadError
from derive.latex.macros import Macros
from derive.latex.traced import Traced
from derive.network.given import Given
from derive.network.source import Source, parse_toml, read_toml

Tables = dict[str, Any]

_SCOPE = ("lines", "parts", "ask", "problems")


@dataclass(frozen=True)
class Scopes:
    """The declarations for a document; number 0 are those at the top, then the problems."""

    tables: tuple[Tables, ...]
    source: Source

    def number(self, document: Document, offset: int) -> int:
        """The number of the declarations that hold at an offset."""
        line, _ = document.place(offset)
        parts = document.parts(offset)
        scoped = range(1, len(self.tables))
        for k in scoped:
            if _covers(self.tables[k], line, parts):
                return k
        everywhere = (k for k in scoped if not self._is_scoped(k))
        return next(everywhere, 0)

    def _is_scoped(self, k: int) -> bool:
        return any(self.tables[k].get(key) for key in ("lines", "parts"))

    def given(self, k: int, more: Mapping[str, Any]) -> Given:
        """The declarations with number `k`, with those of the text itself."""
        tables = {key: value for key, value in self.tables[k].items() if key not in _SCOPE}
        return Given.from_dict(merged(tables, more), self.source)


def scopes(file: Path, document: Document, given: tuple[Tables, Source] | None) -> Scopes:
    """The declarations for a document: `given`, else STEM.toml beside it; and those in it."""
    beside = file.with_suffix(".toml")
    if given is None and beside != file and beside.is_file():
        given = read_toml(beside)
    tables, source = given or ({}, Source(str(file)))
    Given.from_dict(tables, source)
    if document.declarations:
        source = Source(str(file), document.declarations)
        inside = parse_toml(document.declarations, str(file))
        Given.from_dict(inside, source)
        tables = merged(tables, inside)
    tables = expanded_tables(tables, document.macros)
    problems = tables.get("problems", ())
    return Scopes((tables, *(merged(tables, problem) for problem in problems)), source)


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> Tables:
    """Two sets of tables as one: tables are united, lists follow each other, the second wins."""
    both = dict(first)
    for key, value in second.items():
        before = both.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            both[key] = {**before, **value}
        elif isinstance(before, Sequence) and not isinstance(before, str) and key not in _SCOPE:
            both[key] = [*before, *value]
        else:
            both[key] = value
    return both


def expanded_tables(value: Any, macros: Macros) -> Any:
    """Names and formulas of a Given with the macros of the document expanded in them."""
    if not macros.table:
        return value
    if isinstance(value, str) and "\\" in value:
        try:
            return macros.expand(Traced.of(value, 0, len(value))).text
        except ReadError as error:
            raise InputError(f"“{value}” cannot be read: {error.message}.") from error
    if isinstance(value, Mapping):
        return {expanded_tables(k, macros): expanded_tables(v, macros) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [expanded_tables(v, macros) for v in value]
    return value


def _covers(problem: Mapping[str, Any], line: int, parts: Sequence[str]) -> bool:
    """Whether a problem names the line, or a heading above it."""
    lines = list(problem.get("lines", ()))
    lasts = lines[1::2] if len(lines) % 2 == 0 else [*lines[1::2], lines[-1]]
    if any(first <= line <= last for first, last in zip(lines[::2], lasts, strict=True)):
        return True
    return any(_names(part, title) for part in problem.get("parts", ()) for title in parts)


def _names(part: str, title: str) -> bool:
    """Whether a title has the words of `part`, one behind the other: `Problem 4`, `1.1`."""
    words = r"\s+".join(map(re.escape, part.split()))
    return re.search(rf"(?<![\w.]){words}(?!\w|\.\w)", title, re.IGNORECASE) is not None
