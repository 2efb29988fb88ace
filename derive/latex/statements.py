r"""From the body of a display to statements: one text per chain, in the order of the document.

A row of an aligned display continues the chain of the row above where it begins with a relation or
an operator (`a &= b \\ &= c`), or where that row ends with one; another row is a statement of its
own, and so is each further pair of columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from derive.latex.environments import ENVIRONMENT, RELATION, parts, plain
from derive.latex.traced import Traced

_MULTLINES = frozenset("multline multline* multlined".split())
LAYOUTS = _MULTLINES | {
    name + star
    for name in """equation align alignat xalignat flalign gather eqnarray displaymath dmath math
        IEEEeqnarray aligned alignedat split gathered""".split()
    for star in ("", "*")
}
"""Environments that only arrange rows."""

SYSTEMS = frozenset("cases dcases rcases".split())

_IMPLYING = frozenset(
    r"""\Rightarrow \implies \Longrightarrow \iff \Leftrightarrow \Longleftrightarrow
    \therefore""".split()
)
_OPERATOR = re.compile(r"[+*/]|\\(?:cdot|times|odot|otimes|div|star|ast)(?![A-Za-z])")
_ENDS = r"\s*\Z"
_RELATION_LAST = re.compile(rf"({RELATION.pattern}){_ENDS}")
_OPERATOR_LAST = re.compile(rf"([-+*/(]|\\(?:cdot|times|odot|otimes|div|star|ast)){_ENDS}")
_SPACE = r"\\q?quad(?![A-Za-z])|\\[ ,;:!]|[\s~]|\{\s*\}"
_BLANK_FIRST = re.compile(rf"(?:{_SPACE}|[.,;\u2022])+")
_BLANK_LAST = re.compile(rf"(?:{_SPACE}|[.,;])+\Z")
_TAIL = 200
"""Characters at the end of a text that are looked at at once: patterns for ends search there."""
_NUMBER_BY_HAND = re.compile(rf"(?:\\q?quad|\\ |~)(?:{_SPACE})*\(\s*[0-9]{{1,4}}[a-z]?\s*\){_ENDS}")


def statements(body: Traced) -> list[Traced]:
    """The statements of a formula whose macros are expanded; chains are continued over rows."""
    done: list[Statement] = []
    open_: dict[int, Statement] = {}
    for row in _rows(plain(body)):
        if row.fresh:
            open_ = {}
        for column, cells in row.statements():
            text = Traced.join(cells)
            trimmed = _trimmed(text)
            if not trimmed.text:
                continue
            indented = row.multline or (len(cells) > 1 and not _trimmed(cells[0]).text)
            above = open_.get(column)
            if above is None or not above.goes_on(trimmed.text, indented):
                above = open_[column] = Statement()
                done.append(above)
            above.append(trimmed)
    return [s.whole() for s in done]


def starts_with_relation(text: str) -> bool:
    """Whether a text is the right part of a chain."""
    return RELATION.match(text) is not None


def ends_with_relation(text: str) -> bool:
    """Whether a text is the left part of a chain."""
    return _RELATION_LAST.search(text[-_TAIL:]) is not None


def first_relation(text: str) -> int | None:
    """The offset of the first relation that stands outside all brackets."""
    depth = 0
    for part in parts(text):
        depth += _deeper(part.text)
        found = RELATION.search(part.text) if depth <= 0 else None
        if found is not None:
            return part.start + found.start()
    return None


def has_relation(text: str) -> bool:
    """Whether a text relates formulas."""
    return first_relation(text) is not None


def joined(left: Traced, right: Traced) -> Traced:
    """Two parts of a chain as one."""
    return Traced.join(_meeting(left, right))


def _meeting(left: Traced, right: Traced) -> tuple[Traced, Traced]:
    """Two parts of a chain; a sign that stands at the end and again at the start counts once."""
    for last in (_RELATION_LAST, _OPERATOR_LAST):
        sign = last.search(left.text[-_TAIL:])
        if sign is not None and sign[1] not in "-(/" and right.text.startswith(sign[1]):
            left = left.part(0, len(left) - len(sign[0]))
    if not left:
        return left, right
    space = Traced.at(" ", *left.span(len(left) - 1))
    return Traced.join([left, space]), right


@dataclass
class Statement:
    """The rows of one chain, and how many of their brackets are still open."""

    rows: list[Traced] = field(default_factory=list)
    open: int = 0

    def goes_on(self, text: str, indented: bool) -> bool:
        """Whether a further row with this text belongs to the chain."""
        before = self.rows[-1].text
        if self.open > 0 or ends_with_relation(before) or _OPERATOR_LAST.search(before[-_TAIL:]):
            return True
        if starts_with_relation(text) or _OPERATOR.match(text):
            return True
        return not has_relation(text) and (indented or text.startswith("-"))

    def append(self, row: Traced) -> None:
        self.rows.append(row)
        braces = 0
        for part in parts(row.text):
            braces += (part.text == "{") - (part.text == "}")
            if braces == 0:
                self.open += (part.text in ("(", "[")) - (part.text in (")", "]"))

    def whole(self) -> Traced:
        rows = [*self.rows]
        for k in range(1, len(rows)):
            rows[k - 1 : k + 1] = _meeting(rows[k - 1], rows[k])
        return Traced.join(rows)


@dataclass
class _Row:
    """The cells of a row; a `fresh` one stands behind words and begins something new."""

    cells: list[list[Traced]] = field(default_factory=lambda: [[]])
    fresh: bool = False
    blank: bool = True
    multline: bool = False

    def add(self, piece: Traced) -> None:
        self.cells[-1].append(piece)
        self.blank = self.blank and not piece.text.strip()

    def open_brace(self) -> None:
        """Drops a brace before rows: `\\left\\{` with nothing on the other side."""
        cell = [p for p in self.cells[-1][-3:] if p.text.strip()]
        if [p.text for p in cell] == [r"\left", r"\{"]:
            self.cells[-1].clear()

    def statements(self) -> Iterator[tuple[int, list[Traced]]]:
        """The statements in the row, each with the number of the columns where it begins."""
        cells = [Traced.join(cell) for cell in self.cells]
        column, start = 0, 0
        related, last = False, ""
        for k, cell in enumerate(cells):
            complete = related and not ends_with_relation(last)
            if k % 2 == 0 and complete and _is_equation(cells[k : k + 2]):
                yield column, cells[start:k]
                column = start = k
                related = False
            related = related or has_relation(cell.text)
            last = cell.text if cell.text.strip() else last
        yield column, cells[start:]


def _is_equation(pair: list[Traced]) -> bool:
    """Whether a pair of columns is an equation, not a remark on the one beside it."""
    text = Traced.join(pair).text
    return has_relation(text) and not text.lstrip().startswith(r"\text")


def _rows(source: Traced) -> Iterator[_Row]:
    """The rows of a display; the environments in it that only arrange rows are opened."""
    row, depth, inner = _Row(), 0, 0
    opened: list[bool] = []
    behind_relation = multline = False
    for text, start, end in parts(source.text):
        piece = source.part(start, end)
        environment = ENVIRONMENT.fullmatch(text)
        if environment is not None and environment[1] == "begin":
            system = environment[2] in SYSTEMS and row.blank and not behind_relation
            layout = depth == inner == 0 and (environment[2] in LAYOUTS or system)
            opened.append(layout)
            inner += not layout
            if layout:
                multline = environment[2] in _MULTLINES
                row.open_brace()
                row.multline = multline
                continue
        elif environment is not None and opened:
            layout = opened.pop()
            inner -= not layout
            if layout:
                continue
        depth += (text == "{") - (text == "}")
        if depth > 0 or inner > 0:
            row.add(piece)
        elif text.startswith("\\\\") or text in _IMPLYING:
            behind_relation = ends_with_relation(Traced.join(row.cells[-1]).text)
            yield row
            row = _Row(fresh=text in _IMPLYING, multline=multline)
        elif text == "&":
            row.cells.append([])
        else:
            row.add(piece)
    yield row


def _deeper(text: str) -> int:
    """How much further inside brackets and environments a part leads."""
    environment = ENVIRONMENT.fullmatch(text)
    if environment is not None:
        return 1 if environment[1] == "begin" else -1
    return (text in ("{", "(", "[")) - (text in ("}", ")", "]"))


def _trimmed(text: Traced) -> Traced:
    """Without spaces, punctuation and a number set by hand at the ends."""
    first = _BLANK_FIRST.match(text.text)
    text = text if first is None else text.part(first.end())
    while found := _NUMBER_BY_HAND.search(text.text[-_TAIL:]) or _BLANK_LAST.search(
        text.text[-_TAIL:]
    ):
        text = text.part(0, len(text) - len(found[0]))
    return text
