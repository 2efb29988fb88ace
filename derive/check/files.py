"""Checking whole documents: a verdict, with its place, on every pair of every chain in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from derive.check.claims import Checker
from derive.check.declared import (
    Declared,
    is_definition,
    is_range,
    name_key,
    names_in,
    tensors_declared,
)
from derive.check.scopes import Scopes, Tables, merged, scopes
from derive.check.verdict import UNDEFINED, UNREADABLE, PairVerdict
from derive.errors import DeriveError, InputError
from derive.latex.document import Document, Piece, read_document
from derive.latex.shorthand import Shorthand, expanded, shorthand
from derive.latex.statements import first_relation
from derive.network.source import Source, read_text
from derive.verify.verdict import Counterexample

KINDS = {".tex": "tex", ".md": "md", ".markdown": "md", ".txt": "txt"}

FEW = 3
"""So many files are checked one after the other: starting another process takes half a second."""


@dataclass(frozen=True)
class Entry:
    """The verdict on one pair, or on a formula that cannot be read.

    `line` and `column` count from 1 and say where `latex` begins, the text of the file as it
    stands; of what cannot be read they say where reading stopped.  `caret` is the offset in `latex`
    of the relation, or of that place.
    """

    file: str
    line: int
    column: int
    latex: str
    status: str
    condition: str = ""
    message: str = ""
    counterexample: Counterexample | None = None
    suggestion: str = ""
    start: int = 0
    caret: int = 0


@dataclass(frozen=True)
class Remark:
    """Something to know about a file that is no verdict."""

    line: int
    text: str


@dataclass(frozen=True)
class FileReport:
    """What was found in one file.

    `declared` is what was taken from the text itself; `error` says why the file could not be used.
    """

    file: str
    entries: tuple[Entry, ...] = ()
    declared: tuple[Remark, ...] = ()
    remarks: tuple[Remark, ...] = ()
    text: str = ""
    spans: tuple[tuple[int, int], ...] = ()
    error: DeriveError | None = None


def check_files(
    files: Sequence[Path],
    given: tuple[Tables, Source] | None = None,
    done: Callable[[FileReport], None] = lambda report: None,
    jobs: int = 1,
) -> list[FileReport]:
    """The reports on some files, in their order; several at a time where there are many.

    `done` is called with each report as soon as it is there.
    """
    if jobs < 2 or len(files) <= FEW:
        reports = []
        for file in files:
            reports.append(_checked(file, given))
            done(reports[-1])
        return reports
    with ProcessPoolExecutor(min(jobs, len(files)), get_context("spawn")) as pool:
        pending = {pool.submit(_checked, file, given): k for k, file in enumerate(files)}
        found: dict[int, FileReport] = {}
        for future in as_completed(pending):
            found[pending[future]] = future.result()
            done(found[pending[future]])
    return [found[k] for k in range(len(files))]


def _checked(file: Path, given: tuple[Tables, Source] | None) -> FileReport:
    """The report on a file; what makes it unusable is said in the report."""
    try:
        return check_file(file, given)
    except DeriveError as error:
        return FileReport(str(file), error=error)


def check_file(file: Path, given: tuple[Tables, Source] | None = None) -> FileReport:
    """The report on one file.  InputError where the file, or its declarations, cannot be used."""
    document = read_file(file)
    return _Check(file, document, scopes(file, document, given)).report()


def read_file(file: Path) -> Document:
    """The document in a file, with line ends of one character."""
    if file.suffix.lower() not in KINDS:
        raise InputError(
            f"the file ends in “{file.suffix}”. Expected .tex, .md or .txt", file=str(file)
        )
    text = read_text(file, "a document").replace("\r\n", "\n").replace("\r", "\n")
    try:
        return read_document(text, KINDS[file.suffix.lower()])
    except InputError as error:
        raise error.at(file=str(file)) from None


class _Check:
    """The check of one document, from its beginning to its end."""

    def __init__(self, file: Path, document: Document, scopes: Scopes) -> None:
        self.file, self.document, self.scopes = str(file), document, scopes
        self.declared: list[Declared] = []
        self.remarks: list[Remark] = []
        self.said: list[dict[str, Any]] = [{} for _ in scopes.tables]
        self.shorthands: dict[int, Shorthand] = dict(self.introduced())
        self.checkers: dict[int, Checker] = {}

    def report(self) -> FileReport:
        self.remarks += [
            Remark(self.document.place(at)[0], "another file is named here; it is not read")
            for at in self.document.inputs
        ]
        found = [(p, e) for p in self.document.pieces for e in self.entries(p)]
        declared = sorted(self.declared, key=lambda d: d.offset)
        return FileReport(
            self.file,
            tuple(entry for _, entry in found),
            tuple(Remark(self.document.place(d.offset)[0], d.said) for d in declared),
            tuple(self.remarks),
            self.document.text,
            tuple((piece.start, piece.end) for piece, _ in found),
        )

    def introduced(self) -> Iterator[tuple[int, Shorthand]]:
        """The shorthands that the text introduces, each with the offset where it does."""
        last: Piece | None = None
        for piece in self.document.pieces:
            if piece.problem or not is_definition(self.document, piece, last):
                continue
            found = shorthand(piece.source)
            if found and name_key(found.name) not in self.known(piece):
                self.declared.append(Declared(piece.source, piece.start, {}))
                last = piece
                yield piece.start, found

    def known(self, piece: Piece) -> set[str]:
        """The names that the declarations for a formula have."""
        return names_in(self.scopes.tables[self.scopes.number(self.document, piece.start)])

    def entries(self, piece: Piece) -> Iterator[Entry]:
        """The verdicts on one formula, in order; none where it claims nothing."""
        if piece.problem is not None:
            yield self.unread(piece, piece.problem.position, piece.problem.message)
            return
        if not piece.claims or is_range(piece) or piece.start in self.shorthands:
            return
        if self.shorthands:
            piece = replace(piece, math=expanded(piece.math, self.shorthands.values()))
        scope = self.scopes.number(self.document, piece.start)
        verdicts = self.checker(scope).check(piece.source)
        undefined = any(v.status == UNDEFINED for v in verdicts)
        if undefined and is_definition(self.document, piece) and self.define(scope, piece):
            return
        yield from (self.entry(piece, v) for v in verdicts)

    def checker(self, scope: int) -> Checker:
        """The checker for the declarations with the number `scope`, and those of the text."""
        if scope not in self.checkers:
            known = names_in(self.scopes.tables[scope])
            self.checkers[scope] = Checker(self.scopes.given(scope, {}))
            for d in tensors_declared(self.document, known):
                self.declare(scope, d)
        return self.checkers[scope]

    def declare(self, scope: int, declared: Declared) -> bool:
        """Takes what the text declares, if the other declarations allow it."""
        tables = merged(self.said[scope], declared.tables)
        try:
            self.checkers[scope] = Checker(self.scopes.given(scope, tables))
        except DeriveError:
            return False
        self.said[scope] = tables
        if declared not in self.declared:
            self.declared.append(declared)
        return True

    def define(self, scope: int, piece: Piece) -> bool:
        """Takes a formula as the definition of its left side."""
        formula = piece.source.replace(":=", "=").replace(r"\coloneqq", "=")
        return self.declare(scope, Declared(formula, piece.start, {"define": [formula]}))

    def entry(self, piece: Piece, verdict: PairVerdict) -> Entry:
        stopped = verdict.status in (UNREADABLE, UNDEFINED) or verdict.start > 0
        if stopped and verdict.latex == piece.source:
            at = piece.span(verdict.start, verdict.start)[0]
            return replace(self.unread(piece, at, verdict.message), status=verdict.status)
        start, end = piece.span(verdict.start, verdict.end)
        relation = first_relation(piece.source[verdict.start : verdict.end])
        caret = piece.span(verdict.start + relation, verdict.end)[0] if relation else start
        return Entry(
            self.file,
            *self.document.place(start),
            self.document.text[start:end],
            verdict.status,
            verdict.condition,
            verdict.message,
            verdict.counterexample,
            verdict.suggestion,
            start,
            max(0, caret - start),
        )

    def unread(self, piece: Piece, at: int, message: str) -> Entry:
        """A formula that cannot be read, from the place `at` on."""
        start, end = piece.span(0, len(piece.source))
        line, column = self.document.place(at)
        latex = self.document.text[start:end]
        caret = min(max(0, at - start), len(latex))
        return Entry(
            self.file, line, column, latex, UNREADABLE, message=message, start=start, caret=caret
        )
