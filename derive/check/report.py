"""Reports on checked documents: lines for a terminal, a table for a class, JSON, and a baseline."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from derive.check.files import Entry, FileReport
from derive.check.verdict import HOLDS, WORST_FIRST, WRONG
from derive.errors import InputError
from derive.network.source import read_text
from derive.verify.verdict import Counterexample, spelled

_BETWEEN = re.compile(
    r"[;:,]? ?(?:\b(?:at|with|where|everywhere|only|if|and|is|times|not|than)\b|→)(?= |$) ?"
    r"|[;:,] |[“”]"
)
_MATHEMATICS = re.compile(r"[\\_^]|^\S+ (?:=|≠|>=) (?:\S+|\[.*\])$|^[A-Za-z]$")
_WORD = re.compile(r"(?<![\\{A-Za-z_])[A-Za-z]{3,}")
WIDEST = 96
"""Characters of a formula that a line of the report shows."""


def lines(report: FileReport, new: Collection[Entry] | None = None) -> Iterator[tuple[str, str]]:
    """The lines of the report on one file, each with the status that it speaks of.

    A pair that holds takes one line; another one is followed by its text, with a caret under the
    place.  Where some problems are `new`, the others are said to be known.
    """
    for declared in report.declared:
        yield "", f"{report.file}:{declared.line}: taken from the text: {declared.text}"
    for remark in report.remarks:
        yield "", f"{report.file}:{remark.line}: {remark.text}"
    for e in report.entries:
        text, caret = excerpt(e.latex, e.caret)
        where = f"{e.file}:{e.line}:{e.column}"
        if e.status == HOLDS:
            said = f" ({e.message})" if e.message else ""
            yield e.status, f"{where}: {e.status}{said}: {text}"
            continue
        known = " (known)" if new is not None and e.status == WRONG and e not in new else ""
        yield e.status, f"{where}: {e.status}{known}: {reason(e)}"
        yield e.status, f"    {text}"
        yield e.status, f"    {' ' * caret}^"


def excerpt(latex: str, caret: int, widest: int = WIDEST) -> tuple[str, int]:
    """At most `widest` characters of a formula around an offset, in one line; the offset in it."""
    before = " ".join(latex[:caret].split())
    before += " " if before and latex[caret - 1].isspace() else ""
    text = before + " ".join(latex[caret:].split())
    caret = len(before)
    if len(text) <= widest:
        return text, caret
    start = max(0, min(caret - widest // 2, len(text) - widest))
    shown = text[start : start + widest]
    shown = f"…{shown[1:]}" if start else shown
    return (f"{shown[:-1]}…" if start + widest < len(text) else shown), caret - start


def reason(e: Entry) -> str:
    """Why a pair has its verdict, in one line."""
    said = " ".join(e.message.split()) or e.condition
    if e.suggestion and e.suggestion not in said:
        said += f"; nearest right reading: {e.suggestion}"
    return said


def phrases(message: str) -> Iterator[tuple[str, bool]]:
    """The parts of a message, each with whether it is mathematics."""
    done = 0
    for found in (*_BETWEEN.finditer(message), None):
        end = len(message) if found is None else found.start()
        part = message[done:end]
        if found is None or all(part.count(a) == part.count(b) for a, b in ("{}", "[]", "()")):
            if part:
                yield part, bool(_MATHEMATICS.search(part)) and not _WORD.search(part)
            if found is not None:
                yield found[0], False
                done = found.end()


def summary(report: FileReport) -> str:
    """One line on what was found in a file."""
    counts = Counter(e.status for e in report.entries)
    n = len(report.entries)
    parts = [f"{counts[s]} {s}" for s in (*WORST_FIRST[::-1],) if counts[s]]
    equations = "equation" if n == 1 else "equations"
    return f"{report.file}: {n} {equations}" + (f": {', '.join(parts)}" if parts else "")


def table(reports: Sequence[FileReport]) -> Iterator[str]:
    """A table of how many equations of each file have which verdict."""
    heads = ("equations", *WORST_FIRST[::-1])
    width = max(len("file"), *(len(r.file) for r in reports))
    yield "  ".join(("file".ljust(width), *heads))
    for report in reports:
        counts = Counter(e.status for e in report.entries)
        numbers = (len(report.entries), *(counts[s] for s in heads[1:]))
        cells = (str(n).rjust(len(h)) for n, h in zip(numbers, heads, strict=True))
        unusable = ["could not be used"] if report.error is not None else cells
        yield "  ".join((report.file.ljust(width), *unusable))


# -- JSON and baseline -----------------------------------------------------------------------------


def as_json(reports: Iterable[FileReport]) -> str:
    """The verdicts on all files, in document order, as JSON."""
    entries = [_as_dict(e) for r in reports for e in r.entries]
    return json.dumps(entries, ensure_ascii=False, indent=2)


def _as_dict(e: Entry) -> dict[str, Any]:
    return {
        "file": e.file,
        "line": e.line,
        "column": e.column,
        "latex": e.latex,
        "status": e.status,
        "condition": e.condition,
        "message": e.message,
        "counterexample": _example(e.counterexample),
        "suggestion": e.suggestion,
    }


def _example(found: Counterexample | None) -> dict[str, Any] | None:
    """Where two sides differ; values are exact, as text."""
    if found is None:
        return None
    return {
        "sizes": dict(found.sizes),
        "indices": dict(found.indices),
        "left": None if found.left is None else spelled(found.left),
        "right": None if found.right is None else spelled(found.right),
        "values": {name: _texts(entries) for name, entries in found.tensors},
    }


def _texts(entries: object) -> object:
    return list(map(_texts, entries)) if isinstance(entries, list) else str(entries)


Known = Counter[tuple[str, str, str]]


def baseline(path: Path) -> Known:
    """What is known of some documents: an earlier report of `--json`."""
    text = read_text(path, "an earlier report, as written by `derive check --json`")
    try:
        entries = json.loads(text)
        return Counter(_key(e["file"], e["latex"], e["status"]) for e in entries)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            "this is no list of verdicts. Expected an earlier report, as written by "
            "`derive check --json`.",
            file=str(path),
        ) from error


def _key(file: str, latex: str, status: str) -> tuple[str, str, str]:
    """What is the same of a pair that has moved, or that was checked from another folder."""
    path = Path(file).absolute()
    here = Path.cwd()
    name = path.relative_to(here) if path.is_relative_to(here) else path
    return name.as_posix(), " ".join(latex.split()), status


def problems(reports: Iterable[FileReport], known: Known, strict: bool = False) -> list[Entry]:
    """The pairs that are wrong and not yet `known`; if `strict`, all that do not hold.

    A pair is known by its text: it may have moved.  What stands there twice must be known twice.
    """
    left = Counter(known)
    found = []
    for e in (e for r in reports for e in r.entries):
        if e.status == HOLDS or (e.status != WRONG and not strict):
            continue
        key = _key(e.file, e.latex, e.status)
        if left[key] > 0:
            left[key] -= 1
        else:
            found.append(e)
    return found
