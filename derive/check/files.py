"""Checking whole documents: a verdict, with its place, on every pair of every chain in them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import partial, reduce
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from derive.check.claims import Checker
from derive.check.declared import (
    Declared,
    indices_in,
    is_definition,
    is_range,
    name_key,
    names_in,
    setting,
    tensors_declared,
)
from derive.check.scopes import Scopes, Tables, merged, scopes
from derive.check.verdict import UNDEFINED, UNREADABLE, PairVerdict
from derive.errors import DeriveError, InputError
from derive.latex.document import Document, Piece, read_document
from derive.latex.error import ReadError
from derive.latex.macros import Macros
from derive.latex.shorthand import Shorthand, expanded, shorthand
from derive.latex.statements import first_relation
from derive.network.source import Source, read_text
from derive.verify.verdict import Counterexample

_PLACE = re.compile(r" at character [0-9]+, here: .*?(?=; it would be right with |\Z)", re.DOTALL)
"""The place in a formula, of which a document has a line and a column."""

KINDS = {".tex": "tex", ".md": "md", ".markdown": "md", ".txt": "txt"}

MOST_DECLARED = 100
"""Things that a text may declare; for each, everything that was declared before is read again."""

DEEPEST = 20
"""Files that take in other files, inside each other, at most."""

RAISES = "DERIVE_RAISES"
"""A variable of the environment; where it is set, a mistake in this library is not reported as a
formula that could not be read but raised.  The tests set it."""

FEW = 3
"""So many files are checked one after the other: starting another process takes half a second."""


@dataclass(frozen=True)
class Entry:
    """The verdict on one pair, or on a formula that cannot be read.

    `line` and `column` count from 1 and say where `latex` begins, the text of the file as it
    stands; of what cannot be read they say where reading stopped.  `caret` is the offset in `latex`
    of the relation, or of that place if reading `stopped`.
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
    stopped: bool = False


@dataclass(frozen=True)
class Remark:
    """Something to know about a file that is no verdict."""

    line: int
    text: str


NOTHING = Document("", ())


@dataclass(frozen=True)
class FileReport:
    """What was found in one file.

    `pieces` has for each entry the number of the formula in `document` that it speaks of;
    `declared` is what was taken from the text itself; `error` says why the file could not be used.
    """

    file: str
    entries: tuple[Entry, ...] = ()
    declared: tuple[Remark, ...] = ()
    remarks: tuple[Remark, ...] = ()
    document: Document = NOTHING
    pieces: tuple[int, ...] = ()
    error: DeriveError | None = None


def check_files(
    files: Sequence[Path],
    given: tuple[Tables, Source] | None = None,
    done: Callable[[], None] = lambda: None,
    jobs: int = 1,
    follow: bool = False,
) -> list[FileReport]:
    """The reports on some files, in their order; several at a time where there are many.

    `done` is called whenever a file is finished.  With `follow`, each is followed by the files
    below its folder that it takes in.
    """
    check = partial(_checked, given=given, follow=follow)
    if jobs < 2 or len(files) <= FEW:
        found = []
        for file in files:
            found.append(check(file))
            done()
        return [report for reports in found for report in reports]
    with ProcessPoolExecutor(min(jobs, len(files)), get_context("spawn")) as pool:
        pending = [pool.submit(check, file) for file in files]
        for _ in as_completed(pending):
            done()
    return [r for file, future in zip(files, pending, strict=True) for r in _result(file, future)]


def _result(file: Path, future: Future[list[FileReport]]) -> list[FileReport]:
    try:
        return future.result()
    except BrokenProcessPool as error:  # killed from outside, for its memory perhaps
        return [_failed(file, error)]


def _failed(file: Path, error: Exception) -> FileReport:
    return FileReport(str(file), error=DeriveError(failure("this file", error), file=str(file)))


def _checked(
    file: Path,
    given: tuple[Tables, Source] | None,
    follow: bool,
    macros: Macros | None = None,
    above: tuple[Path, ...] = (),
) -> list[FileReport]:
    """The report on a file; what makes it unusable is said in the report."""
    try:
        document = read_file(file, macros)
        declared = scopes(file, document, given)
        reports = [_Check(file, document, declared, follow).report()]
    except DeriveError as error:
        return [FileReport(str(file), error=error)]
    except Exception as error:  # one file must not cost the reports on all others
        return [_failed(file, error)]
    seen = (*above, file.resolve())
    for _, name in document.inputs if follow else ():
        inner = file.parent / (name if Path(name).suffix else f"{name}.tex")
        inside = inner.resolve().is_relative_to(seen[0].parent)
        if inside and inner.resolve() not in seen and len(seen) < DEEPEST:
            tables = (declared.tables[0], declared.source)
            reports += _checked(inner, tables, follow, document.macros, seen)
    return reports


def failure(of: str, error: BaseException) -> str:
    """What is said of a mistake in this library; with RAISES in the environment it is raised."""
    if os.environ.get(RAISES):
        raise error
    return f"derive failed on {of} ({_shortened(repr(error))}); please report it"


def _shortened(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}…"


def check_file(file: Path, given: tuple[Tables, Source] | None = None) -> FileReport:
    """The report on one file.  InputError where the file, or its declarations, cannot be used."""
    document = read_file(file)
    return _Check(file, document, scopes(file, document, given)).report()


def read_file(file: Path, macros: Macros | None = None) -> Document:
    """The document in a file, with line ends of one character."""
    if file.is_dir():
        raise InputError("expected a document, found a folder; name its files", file=str(file))
    if file.suffix.lower() not in KINDS:
        raise InputError(
            f"the file ends in “{file.suffix}”. Expected .tex, .md or .txt", file=str(file)
        )
    text = read_text(file, "a document").replace("\r\n", "\n").replace("\r", "\n")
    try:
        return read_document(text, KINDS[file.suffix.lower()], macros)
    except InputError as error:
        raise error.at(file=str(file)) from None


class _Check:
    """The check of one document, from its beginning to its end."""

    def __init__(
        self, file: Path, document: Document, scopes: Scopes, follow: bool = False
    ) -> None:
        self.follow = follow
        self.file, self.document, self.scopes = str(file), document, scopes
        self.declared: list[Declared] = []
        self.remarks: list[Remark] = []
        self.said: list[dict[str, Any]] = [{} for _ in scopes.tables]
        self.shorthands: dict[int, Shorthand] = dict(self.introduced())
        self.checkers: dict[int, Checker] = {}

    def report(self) -> FileReport:
        for at, name in () if self.follow else self.document.inputs:
            said = f"“{name}” is not read; name it, or allow it with --follow"
            self.remarks.append(Remark(self.document.place(at)[0], said))
        found = [(n, e) for n, p in enumerate(self.document.pieces) for e in self.entries(p)]
        declared = sorted(self.declared, key=lambda d: d.offset)
        return FileReport(
            self.file,
            tuple(entry for _, entry in found),
            tuple(Remark(self.document.place(d.offset)[0], d.said) for d in declared),
            tuple(self.remarks),
            self.document,
            tuple(n for n, _ in found),
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
        scope = self.scopes.number(self.document, piece.start)
        ranging = is_range(piece, indices_in(self.scopes.tables[scope]))
        if not piece.claims or ranging or piece.start in self.shorthands:
            return
        if self.shorthands:
            try:
                piece = replace(piece, math=expanded(piece.math, self.shorthands.values()))
            except ReadError as problem:
                yield self.unread(piece, piece.start, problem.message)
                return
        checker = self.checker(scope)
        try:
            verdicts = checker.check(piece.source)
        except Exception as error:  # one formula must not cost the verdicts on all others
            yield self.unread(piece, piece.span()[0], failure("this formula", error))
            return
        undefined = any(v.status == UNDEFINED for v in verdicts)
        name = setting(self.document, piece)
        if name is not None and not checker.fixes(name):
            return
        if undefined and is_definition(self.document, piece) and self.define(scope, piece):
            return
        line = self.document.place(piece.start)[0]
        readings = dict.fromkeys(r for v in verdicts for r in v.readings)
        self.remarks += [Remark(line, f"read so: {reading}") for reading in readings]
        yield from (self.entry(piece, v) for v in verdicts)

    def checker(self, scope: int) -> Checker:
        """The checker for the declarations with the number `scope`, and those of the text."""
        if scope not in self.checkers:
            known = names_in(self.scopes.tables[scope])
            checker = self.checkers[scope] = Checker(self.scopes.given(scope, {}))
            warnings = (Remark(1, text) for text in checker.model.warnings)
            self.remarks += [w for w in warnings if w not in self.remarks]
            stated = list(tensors_declared(self.document, known))
            if not self.declare(scope, *stated):
                for one in stated:
                    self.declare(scope, one)
        return self.checkers[scope]

    def declare(self, scope: int, *stated: Declared) -> bool:
        """Takes what the text declares, if the other declarations allow it."""
        if not stated or len(self.declared) > MOST_DECLARED:
            return not stated
        tables = reduce(merged, (d.tables for d in stated), self.said[scope])
        try:
            self.checkers[scope] = Checker(self.scopes.given(scope, tables))
        except DeriveError:
            return False
        self.said[scope] = tables
        self.declared += [d for d in stated if d not in self.declared]
        return True

    def define(self, scope: int, piece: Piece) -> bool:
        """Takes a formula as the definition of its left side."""
        formula = piece.source.replace(":=", "=").replace(r"\coloneqq", "=")
        return self.declare(scope, Declared(formula, piece.start, {"define": [formula]}))

    def entry(self, piece: Piece, verdict: PairVerdict) -> Entry:
        if verdict.stopped:
            at = piece.span(verdict.start, verdict.start)[0]
            message = _PLACE.sub("", verdict.message)
            found = self.unread(piece, at, message)
            return replace(found, status=verdict.status, suggestion=verdict.suggestion)
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
            self.file,
            line,
            column,
            latex,
            UNREADABLE,
            message=message,
            start=start,
            caret=caret,
            stopped=True,
        )
