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
        for number, line in enumerate(self.text.splitlines(), start=1):
            header, key = _HEADER.match(line), _KEY.match(line)
            if header:
                name = header[2].strip("\"'")
                counts[name] = counts.get(name, -1) + 1
                table = (name, counts[name]) if header[1] == "[[" else (name,)
                here = table
            elif key:
                here = (*table, (key[1] or "").replace("\\\\", "\\") or key[2] or key[3])
            else:
                continue
            if len(here) > depth and here == path[: len(here)]:
                found, depth = number, len(here)
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
