r"""What a text itself declares: `$A \in \mathbb{R}^{5 \times 5}$`, "let $Y = ...$", `Z := ...`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

from derive.errors import InputError
from derive.latex.document import Document, Piece
from derive.latex.parse import parse
from derive.latex.tree import FONTS, Scripted, as_name, spell
from derive.network.names import is_lone_symbol

_SPACE = re.compile(r"\\[,;:! ]|\\q?quad(?![A-Za-z])|~")
_MEMBER = re.compile(
    r"(?P<names>[^=<>|]{1,200}?)\s*\\in\s*(?:\\math(?:bb|bf|rm)\s*\{?\s*R\s*\}?|\\R|\\Re)"
    r"\s*(?:\^\s*(?:\{(?P<shape>[^=<>|]{1,200})\}|(?P<extent>[A-Za-z0-9])))?"
)
_SIZE = re.compile(r"\[?\s*(?P<shape>[^=<>|\[\]]{1,200}?)\s*\]?")
_OF_SIZE = re.compile(
    r"[^.$\n\\=]{0,40}\b(?:of|with|has|have)\s(?:[a-z]+\s)?(?:size|shape|dimensions?)\b"
    r"[^.$\n\\=]{0,20}\s?\$?\s?"
)
_RANGE = re.compile(r"\s*(?:=|\\in)\s*(?:\\overline|.*\\[lc]?dots|[^=<>]*\.\.|\\\{).*", re.DOTALL)
_LET = re.compile(
    r"(?:\b(?:let(?:'s|’s|\s+us)?|we)(?:\s+(?:denote|define|write|set|put|call))?"
    r"|\b(?:define|denote|set|put))(?:\s+by)?\s*:?\s*\Z",
    re.IGNORECASE,
)
_AND = re.compile(r"[\s,$]*and\b[^.$\\=]{0,80}[\s$\\\[(]*", re.IGNORECASE)
_ASSIGNED = re.compile(r"[^=<>]{1,200}(?::=|\\coloneqq)[^=<>]+", re.DOTALL)
_FONT = re.compile(rf"(?:{'|'.join(map(re.escape, FONTS))})\s*(?:\{{([^{{}}]*)\}}|(?=\\))")
_CASE = re.compile(r"\b(?:if|when|whenever|where|for|with|at|case|assuming|suppose)\s*\Z", re.I)
_VALUE = re.compile(r"-?[0-9]+(?:\.[0-9]+)?|\\infty")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
BEFORE = 60
"""Characters in front of a formula that may say that it is a definition."""


@dataclass(frozen=True)
class Declared:
    """Something that the text declares; `tables` says it as in a Given."""

    said: str
    offset: int
    tables: dict[str, Any]


def tensors_declared(document: Document, known: set[str]) -> Iterator[Declared]:
    r"""The arrays for which the text says a shape, each once, without those that are `known`."""
    names = set(known)
    previous: Piece | None = None
    for piece in document.pieces:
        for name, shape in (*_members(piece), *_sized(document, previous, piece)):
            if names.isdisjoint(_other_spellings(name)):
                names.add(name_key(name))
                extents = r" \times ".join(map(str, shape))
                said = (
                    rf"{name} \in \mathbb{{R}}^{{{extents}}}"
                    if shape
                    else rf"{name} \in \mathbb{{R}}"
                )
                yield Declared(said, piece.start, {"tensors": {name: list(shape)}})
        previous = piece


def is_range(piece: Piece, indices: Set[str] = frozenset()) -> bool:
    """Whether a formula in a line of text only says where an index runs: `n = 1, \\dots, N`.

    Of the names in `indices` it may say which value they have: `c = 1`.
    """
    left, equals, right = piece.source.partition("=")
    if not piece.display and equals and name_key(left.strip()) in indices:
        return bool(_NUMBER.fullmatch(right.strip()) or _RANGE.fullmatch(piece.source[len(left) :]))
    names = re.split(r"(?=\\in\b)|=", piece.source, maxsplit=1)[0]
    bare = [n.strip().removeprefix("(").removesuffix(")") for n in names.split(",")]
    lone = all(map(is_lone_symbol, bare))
    return not piece.display and lone and bool(_RANGE.fullmatch(piece.source[len(names) :]))


def setting(document: Document, piece: Piece) -> str | None:
    """The name for a value of which something holds, as in "if `$p = 1$`"; it claims nothing."""
    name, sign, value = piece.source.partition("=")
    before = document.text[max(0, piece.start - BEFORE) : piece.start]
    lone = bool(sign) and is_lone_symbol(name.strip()) and bool(_VALUE.fullmatch(value.strip()))
    return name.strip() if not piece.display and lone and _CASE.search(before) else None


def is_definition(document: Document, piece: Piece, last: Piece | None = None) -> bool:
    """Whether the words before a formula, or `:=`, say that it defines its left side.

    `last` is a definition before it, which an "and" continues.
    """
    if last is not None and _AND.fullmatch(document.text[last.end : piece.start]):
        return True
    before = document.text[max(0, piece.start - BEFORE) : piece.start].rstrip(" \n\t$[\\")
    return bool(_LET.search(before)) or bool(_ASSIGNED.fullmatch(piece.source))


def _other_spellings(name: str) -> Iterator[str]:
    """A name as it is, in another font, and without the indices that it may have below."""
    for text in (name, _FONT.sub(r"\1", name)):
        yield name_key(text)
        tree = as_name(parse(text))
        if isinstance(tree, Scripted) and tree.below is not None:
            bare = replace(tree, below=None)
            yield spell(tree.base if bare.above is None and not bare.primes else bare)


def indices_in(tables: Mapping[str, Any]) -> set[str]:
    """The names that some tables of a Given declare as indices."""
    notation = tables.get("notation", {}).items()
    return {name_key(name) for name, phrase in notation if phrase in ("index", "an index")}


def names_in(tables: Mapping[str, Any]) -> set[str]:
    """The names that some tables of a Given declare."""
    names = [n for table in ("tensors", "sizes", "notation") for n in tables.get(table, {})]
    for definition in tables.get("define", ()):
        left = definition.partition("=")[0].strip()
        names += [left, left.partition("(")[0], left.rpartition("_")[0]]
    return {name_key(name) for name in names if name.strip()}


def name_key(name: str) -> str:
    """A name in the one spelling that all its spellings share."""
    try:
        return spell(parse(name))
    except InputError:
        return name


def _members(piece: Piece) -> Iterator[tuple[str, tuple[int | str, ...]]]:
    found = _MEMBER.fullmatch(_SPACE.sub(" ", piece.source).strip())
    if found is None or piece.problem:
        return
    shape = _shape(found["shape"] or found["extent"] or "")
    for name in found["names"].split(","):
        if shape is not None and is_lone_symbol(name.strip()):
            yield name.strip(), shape


def _sized(
    document: Document, name: Piece | None, size: Piece
) -> Iterator[tuple[str, tuple[int | str, ...]]]:
    """`$w$ of size $[C \\times K]$`."""
    if name is None or size.problem or not is_lone_symbol(name.source):
        return
    found = _SIZE.fullmatch(size.source.rpartition("=")[2].strip())
    between = document.text[name.end : size.start]
    if found is None or not _OF_SIZE.fullmatch(between):
        return
    shape = _shape(found["shape"])
    if shape:
        yield name.source, shape


def _shape(text: str) -> tuple[int | str, ...] | None:
    """The extents of `5 \\times C_{out}`; None where one is neither a number nor a name."""
    if not text.strip():
        return ()
    extents = [e.strip().removeprefix("(").removesuffix(")") for e in text.split(r"\times")]
    if all(_NUMBER.fullmatch(e) or is_lone_symbol(e) for e in extents):
        return tuple(int(e) if _NUMBER.fullmatch(e) else e for e in extents)
    return None
