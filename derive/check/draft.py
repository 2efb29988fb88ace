"""A Given drafted from formulas: the symbols in them, with the shapes that their ranges suggest."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from derive.check.declared import is_definition, name_key, names_in, tensors_declared
from derive.check.scopes import expanded_tables, merged
from derive.errors import DeriveError
from derive.latex.document import Document
from derive.latex.survey import Reach, Seen, Survey, survey
from derive.network.build import build
from derive.network.given import Given
from derive.network.names import is_lone_symbol, is_symbol
from derive.network.source import parse_toml

_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_BELOW = re.compile(r"(?P<size>.+?)\s*-\s*1")

_OUTPUTS = "zyhaosx."
"""The letters that outputs of layers mostly have, most of them first."""

_FONT = re.compile(
    r"\\(?:math(?:bf|rm|it|sf|bb)|boldsymbol|bm)\{(?P<letter>[A-Za-z]|\\[A-Za-z]+)\}"
)

Extent = int | str


@dataclass
class Draft:
    """The tables of a Given, with a remark on each entry that a person should look at.

    `defined` has for each definition the name that it defines, and the shape of that; `left_out`
    are those that could not be read, `unknown` the names of what must be computed somehow.
    """

    base: int = 1
    sizes: dict[str, str] = field(default_factory=dict)
    tensors: dict[str, list[Extent]] = field(default_factory=dict)
    define: list[str] = field(default_factory=list)
    notation: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    remarks: dict[str, str] = field(default_factory=dict)
    defined: dict[str, tuple[str, list[Extent]]] = field(default_factory=dict)

    def give_up(self, definition: str) -> None:
        """Declares what a definition that cannot be read defines."""
        name, shape = self.defined[definition]
        if shape:
            self.tensors.setdefault(name, shape)
            self.remarks[name] = "how is it computed?"

    def tables(self) -> dict[str, object]:
        """The draft as the tables of a Given."""
        return {
            "conventions": {"index_base": self.base},
            "sizes": {n: int(v) if v.isdecimal() else v for n, v in self.sizes.items()},
            "tensors": dict(self.tensors),
            "define": list(self.define),
            "notation": dict(self.notation),
        }

    def toml(self, title: str) -> str:
        """The draft as TOML, with the remarks as comments."""
        lines = ["# A draft: complete the shapes, and say in `define` how things are computed.", ""]
        lines += [f"title = {_quoted(title)}"]
        unknown = [f"  # '{name} = f(...)',  # how is it computed?" for name in self.unknown]
        if self.define or unknown:
            lines += ["define = [", *(f"  {_quoted(d)}," for d in self.define), *unknown, "]"]
        lines += [f"# not understood: {' '.join(d.split())}" for d in self.left_out]
        lines += ["", "[conventions]", f"index_base = {self.base}"]
        numbers = {n: v if v.isdecimal() else _quoted(v) for n, v in self.sizes.items()}
        lines += self._table("sizes", numbers)
        shapes = {n: f"[{', '.join(map(_extent, s))}]" for n, s in self.tensors.items()}
        lines += self._table("tensors", shapes)
        lines += self._table("notation", {n: _quoted(v) for n, v in self.notation.items()})
        return "\n".join(lines) + "\n"

    def _table(self, head: str, entries: Mapping[str, str]) -> Iterator[str]:
        if entries:
            yield from ("", f"[{head}]")
        for name, value in entries.items():
            remark = f"  # {self.remarks[name]}" if name in self.remarks else ""
            yield f"{_quoted(name)} = {value}{remark}"


def draft(document: Document) -> Draft:
    """A draft from the formulas of a document, and from what its text says.

    What the document declares in its comments is left to it.
    """
    inside = parse_toml(document.declarations) if document.declarations else {}
    inside = expanded_tables(inside, document.macros)
    pieces = [p for p in document.pieces if not p.problem]
    found = survey(p.source for p in pieces)
    stated = {
        name: shape
        for d in tensors_declared(document, set())
        for name, shape in d.tables["tensors"].items()
    }
    said = {p.source for p in pieces if is_definition(document, p)}
    return usable(drafted(found, stated, said, names_in(inside)), inside)


def usable(made: Draft, inside: Mapping[str, Any] | None = None) -> Draft:
    """The draft with what can be read together, and with the tables in `inside`.

    Where no definition can be read, what the first of them defines is declared as an array.
    """
    waiting, made.define = made.define, []
    notation = made.notation
    made.notation = {n: m for n, m in notation.items() if m in ("index", "function", "kronecker")}
    while waiting:
        before = len(made.define)
        for definition in waiting:
            made.define.append(definition)
            if not _builds(made, inside):
                made.define.pop()
        waiting = [d for d in waiting if d not in made.define]
        if waiting and len(made.define) == before:
            made.left_out.append(waiting.pop(0))
            made.give_up(made.left_out[-1])
    for name in [n for n in notation if n not in made.notation]:
        made.notation[name] = notation[name]
        if not _builds(made, inside):
            made.left_out.append(f"{name} = {made.notation.pop(name)}")
    return made


def _builds(made: Draft, inside: Mapping[str, Any] | None) -> bool:
    try:
        build(Given.from_dict(merged(made.tables(), inside or {})), checking=True)
    except DeriveError:
        return False
    return True


def drafted(
    found: Survey,
    stated: Mapping[str, Sequence[Extent]] | None = None,
    said: set[str] | None = None,
    known: Set[str] = frozenset(),
) -> Draft:
    """A draft from what a survey found.

    `stated` has shapes, `said` what the text defines, `known` the names that need no declaration.
    """
    made = Draft(base=0 if found.firsts["0"] > found.firsts["1"] else 1)
    said, shapes = said or set(), dict(stated or {})
    lone = {n for n, s in found.names.items() if not s.rank}
    indices = {i for s in found.names.values() for votes in s.letters.values() for i in votes}
    bounds = _bounds(found)
    for name in found.names:
        plain = _FONT.sub(r"\g<letter>", name)
        if plain != name and plain in found.names:
            made.notation[name] = f"same as {plain}"
            shapes.setdefault(plain, shapes.get(name, ()))
    for name, seen in found.names.items():
        if name in made.notation or name in found.ranges or name in found.indices:
            continue
        if not is_symbol(name) or name_key(name) in known:
            continue
        if name in found.sizes:
            _named_size(made, found, name)
        elif name in found.definitions and found.definitions[name] not in said:
            definition = _with_ranges(found, name)
            made.define.append(definition)
            made.defined[definition] = name, [_axis(made, found, seen, a) for a in range(seen.rank)]
        elif shapes.get(name):
            made.tensors[name] = list(shapes[name])
        elif name.startswith(r"\delta"):
            _error_signal(made, found, name, seen)
        elif name not in bounds and name not in found.functions and name not in indices & lone:
            _tensor(made, found, name, seen, lone)
    made.notation |= {n: "index" for n in found.indices if name_key(n) not in known}
    made.notation |= {f: "function" for f in found.functions if f.startswith("\\")}
    return made


def _with_ranges(found: Survey, name: str) -> str:
    """A definition with the ranges of the indices on its left side, as far as the text has them."""
    first = found.firsts.most_common(1)[0][0] if found.firsts else "1"
    stated = []
    for index in found.lefts[name]:
        anywhere = found.ranges.get(index, Counter()).most_common(1)
        last = found.stated[name].get(index) or (anywhere[0][0] if anywhere else "")
        stated += [f"{index}={first}..{last}"] if last else []
    return found.definitions[name] + (f" for {', '.join(stated)}" if stated else "")


def _named_size(made: Draft, found: Survey, name: str) -> None:
    """A size: free, unless the text gives it a number; what a formula of sizes says is a claim."""
    number = found.definitions.get(name, "").partition("=")[2].strip()
    made.sizes[name] = number if _NUMBER.fullmatch(number) else ">=0" if name == "P" else ">=1"
    if name in found.definitions and made.sizes[name] == ">=1":
        made.remarks[name] = "is it the extent of an array? then say so in [notation]"


def _tensor(made: Draft, found: Survey, name: str, seen: Seen, lone: set[str]) -> None:
    if name in found.tops and not seen.rank:
        made.unknown.append(name)
        return
    made.tensors[name] = [_axis(made, found, seen, axis) for axis in range(seen.rank)]
    if name in lone:
        made.remarks[name] = "a number? an array written as a whole needs its extents here"
    elif len(seen.ranks) > 1:
        made.remarks[name] = "it stands with different numbers of indices"


def _axis(made: Draft, found: Survey, seen: Seen, axis: int) -> Extent:
    """The extent that the bounds of the indices on an axis suggest; a new name if nothing does."""
    votes = Counter(seen.bounds.get(axis, {}))
    letters = seen.letters.get(axis, Counter())
    if not votes:
        for letter in letters:
            votes.update(found.ranges.get(letter, {}))
    if votes:
        return _size(made, votes.most_common(1)[0][0])
    reached = [last for r in seen.reaches.get(axis, ()) if (last := _last(made, found, r))]
    if reached:
        numbers = [int(last) for last in reached if last.isdecimal()]
        return _size(made, str(max(numbers)) if numbers else reached[0])
    if axis in seen.largest and not letters:
        return seen.largest[axis] + 1 - made.base
    letter = letters.most_common(1)[0][0] if letters else str(axis + 1)
    name = f"n_{letter}" if len(letter) == 1 else f"n_{{{letter}}}"
    if not is_symbol(name):
        name = f"n_{axis + 1}"
    made.remarks.setdefault(name, "how many?")
    return name


def _last(made: Draft, found: Survey, reach: Reach) -> str:
    """The largest value of a sum of indices, as far as their bounds say; else nothing."""
    number, names = 0, ""
    for factor, letter, bound in reach:
        known = found.ranges.get(letter, Counter()).most_common(1)
        last = bound or (known[0][0] if known else "")
        if not letter:
            number += factor
        elif factor < 0:
            number += factor * made.base
        elif last.isdecimal():
            number += factor * int(last)
        elif not last:
            return ""
        else:
            names += f" + {factor if factor > 1 else ''}{last}"
    if not names:
        return str(number) if number > 0 else ""
    return names.removeprefix(" + ") + (
        f" {'+' if number > 0 else '-'} {abs(number)}" if number else ""
    )


def _size(made: Draft, last: str) -> Extent:
    """An axis whose last index is `last`."""
    if _NUMBER.fullmatch(last):
        return int(last) + 1 - made.base
    if made.base == 0:
        below = _BELOW.fullmatch(last)
        last = below["size"] if below else f"{last} + 1"
    if is_lone_symbol(last):
        return last
    known = next((n for n, e in made.sizes.items() if e == last), None)
    if known is None:
        known = f"M_{len(made.sizes) + 1}"
        made.sizes[known] = last
    return known


def _error_signal(made: Draft, found: Survey, name: str, seen: Seen) -> None:
    """A δ is Kronecker's, or the derivative of a loss by what has the same tag."""
    tag = name.partition("^")[2]
    same = [n for n in found.names if tag and n.endswith(f"^{tag}") and not n.startswith(name[:6])]
    of = min(same, key=lambda n: _OUTPUTS.find(n[0]) % len(_OUTPUTS), default=None)
    if of is not None:
        made.notation[name] = f"cotangent of {of}"
    elif seen.rank == 2 and not tag:
        made.notation[name] = "kronecker"
    else:
        made.notation[name] = "cotangent of "
        made.remarks[name] = "of what?"


def _bounds(found: Survey) -> set[str]:
    """The names that only say how far an index runs."""
    return {last for votes in found.ranges.values() for last in votes if is_lone_symbol(last)}


def _extent(extent: Extent) -> str:
    return str(extent) if isinstance(extent, int) else _quoted(extent)


def _quoted(text: str) -> str:
    """A TOML string; literal, so that LaTeX stays as it is, where that is possible."""
    flat = " ".join(text.split())
    if "'" not in flat and flat.isprintable():
        return f"'{flat}'"
    escaped = flat.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{"".join(c for c in escaped if c.isprintable())}"'
