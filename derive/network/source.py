"""The text that a Given was read from: its name, and on which line each entry stands."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from derive.errors import InputError

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]")
_KEY = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*[.=]""")
_TOKEN = re.compile(r"""'[^']*'|"(?:[^"\\]|\\.)*"|[\[\]{},#]|[^\s\[\]{},#'"]+""")
_AT = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)")


@dataclass(frozen=True)
class Source:
    """A TOML text; without one, places are not known."""

    file: str | None = None
    text: str = ""

    def place(self, *path: str | int) -> dict[str, Any]:
        """File and line of an entry, as arguments of an error.

        The path leads from the top: ("layers", 2, "stride").  What cannot be found is left out.
        """
        return {"file": self.file, "line": self._line(path)}

    def _line(self, path: tuple[str | int, ...]) -> int | None:
        found: int | None = None
        table: tuple[str | int, ...] = ()
        counts: dict[str, int] = {}
        depth = 0
        here: tuple[str | int, ...]
        lines = self.text.splitlines()
        for number, line in enumerate(lines, start=1):
            header, key = _HEADER.match(line), _KEY.match(line)
            if header:
                here = table = _table_of(header[2].strip("\"'"), header[1] == "[[", counts)
            elif key:
                here = (*table, (key[1] or "").replace("\\\\", "\\") or key[2] or key[3])
            else:
                continue
            if header and here[:-1] == path:  # [[layers]], where all of them are meant
                here = path
            if len(here) > depth and here == path[: len(here)]:
                found, depth = number, len(here)
                rest = path[len(here) :]
                if key and rest and isinstance(rest[0], int):
                    starts = _entry_lines(lines[number - 1 :], key.end())
                    found = number + starts[rest[0]] if rest[0] < len(starts) else number
        return found


@dataclass(frozen=True)
class Scoped(Source):
    """The text of a problem that inherits what stands above it.

    `problem` is its number, from 0; `own` has the keys of its tables; `inherited` says how many
    entries of each list come from above.
    """

    problem: int = 0
    own: tuple[tuple[str, ...], ...] = ()
    inherited: tuple[tuple[str, int], ...] = ()

    def place(self, *path: str | int) -> dict[str, Any]:
        before = dict(self.inherited).get(str(path[0]), 0) if path else 0
        inside: tuple[str | int, ...] = path
        if len(path) > 1 and isinstance(path[1], int):
            inside = (path[0], path[1] - before, *path[2:])
            here = path[1] >= before
        else:
            here = not path or tuple(path[:2]) in self.own or tuple(path[:1]) in self.own
        return super().place(*(("problems", self.problem, *inside) if here else path))


def _table_of(name: str, is_array: bool, counts: dict[str, int]) -> tuple[str | int, ...]:
    """The path of a table by its header; `counts` numbers the tables in arrays so far."""
    if is_array:
        counts[name] = counts.get(name, -1) + 1
        for inner in [n for n in counts if n.startswith(f"{name}.")]:
            del counts[inner]
    path: list[str | int] = []
    parts = name.split(".") if "." in name else [name]
    for k, part in enumerate(parts, start=1):
        path.append(part.strip().strip("\"'"))
        prefix = ".".join(parts[:k])
        if prefix in counts:
            path.append(counts[prefix])
    return tuple(path)


def _entry_lines(lines: list[str], start: int) -> list[int]:
    """On which of the lines, counted from 0, each entry of a list begins; it opens after `start`.

    Texts over several lines are not expected in it.
    """
    found: list[int] = []
    depth, fresh = 0, False
    for number, line in enumerate(lines):
        for token in _TOKEN.finditer(line, start if number == 0 else 0):
            text = token[0]
            if text[0] == "#":
                break
            if depth == 1 and fresh and text not in ",]":
                found.append(number)
                fresh = False
            depth += (text in "[{") - (text in "]}")
            fresh = fresh or (depth == 1 and text == ",") or (depth == 1 and text == "[")
            if depth == 0 and text in "]}":
                return found
    return found


def read_toml(path: Path) -> tuple[dict[str, Any], Source]:
    """The tables of a TOML file; decimals become exact fractions."""
    text = read_text(path, "a TOML file")
    return parse_toml(text, str(path)), Source(str(path), text)


def read_text(path: Path, expected: str) -> str:
    """The text of a file in UTF-8; the refusal says what was `expected`."""
    file = str(path)
    try:
        data = path.read_bytes()
    except OSError as e:
        reason = e.strerror or "it cannot be read"
        raise InputError(
            f"the file cannot be read ({reason}). Expected {expected}; check the path.", file=file
        ) from e
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        before = data[: e.start]
        raise InputError(
            f"the byte 0x{data[e.start]:02X} is not UTF-8. Expected {expected} in UTF-8; save it "
            "with that encoding.",
            file=file,
            line=before.count(b"\n") + 1,
            column=e.start - (before.rfind(b"\n") + 1) + 1,
        ) from e


def parse_toml(text: str, file: str | None = None) -> dict[str, Any]:
    """The tables of a TOML text; decimals become exact fractions."""
    try:
        return tomllib.loads(text.replace("\r\n", "\n"), parse_float=_exact)
    except tomllib.TOMLDecodeError as e:
        found = _AT.search(str(e))
        line, column = (int(g) if g else None for g in (found.groups() if found else (None, None)))
        raise InputError(
            f"this is not TOML: {_AT.sub('', str(e))}. Expected lines such as “key = value” and "
            "headers such as “[sizes]”; text values stand in quotes.",
            file=file,
            line=line if line is not None else text.count("\n") + 1,
            column=column,
        ) from e


def _exact(decimal: str) -> Fraction | float:
    try:
        return Fraction(decimal)
    except ValueError:
        return float(decimal)
