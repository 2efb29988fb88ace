r"""What only arranges a formula, taken away: labels, tags, colours, boxes, column specifications.

a \overset{(1)}{=} \boxed{b} \label{eq:b} \tag{3}     ->     a = b
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from derive.latex.traced import Traced

_PARTS = re.compile(
    r"\\(?:begin|end)\s{0,9}\{[A-Za-z]+\*?\}|\\\\\*?\s{0,9}\[[-0-9. ]{1,9}[a-z]{2}\]"
    r"|\\(?:[A-Za-z]+\*?|.)"
    r"|[&{}()\[\]^_]|\s+|[^\\&{}()\[\]^_\s]+|\\",
    re.DOTALL,
)
ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([A-Za-z]+\*?)\}")

_RELATIONS = "coloneqq equiv leq? leqslant geq? geqslant lt gt neq? approx"
RELATION = re.compile(rf":=|[=<>≤≥≠≈≡]|\\(?:{'|'.join(_RELATIONS.split())})(?![A-Za-z])")
_THOUSANDS = re.compile(r"[0-9]{3}(?![0-9])")

# How many arguments a command takes that says nothing of the mathematics.
SILENT = {
    **dict.fromkeys(
        r"""\label \tag \tag* \hspace \hspace* \vspace \vspace* \phantom \hphantom \vphantom \color
        \footnote \cite \ref \eqref \autoref \index \marginpar""".split(),
        1,
    ),
    **dict.fromkeys(
        r"""\nonumber \notag \hline \hfill \hfil \noindent \allowbreak \allowdisplaybreaks \bigskip
        \medskip \smallskip \pagebreak \nopagebreak \par \centering \footnotesize \small
        \scriptsize \tiny \normalsize \large \strut \mathstrut \null \protect \relax
        \qedhere""".split(),
        0,
    ),
}
# How many arguments stand before the one that a command decorates.
DECORATING = {
    **dict.fromkeys(r"\boxed \fbox \ensuremath \smash \mathclap \cancel \bcancel".split(), 0),
    **dict.fromkeys((r"\underbrace", r"\overbrace", r"\underbracket"), 0),
    **dict.fromkeys((r"\textcolor", r"\colorbox"), 1),
}
_LABELLED = (r"\underbrace", r"\overbrace", r"\underbracket")
_STACKED = (r"\stackrel", r"\overset", r"\underset")

_DRESS = (*DECORATING, *_STACKED, r"\hspace", r"\phantom", r"\color")
DECORATED = re.compile("|".join(rf"{re.escape(c)}(?![A-Za-z])" for c in _DRESS))
"""What a formula may be dressed in."""
LONGEST_CELL = 200
"""Parts of a cell that are looked at for what follows them."""


class Part(NamedTuple):
    """A command, a bracket, or characters between them: `source.text[start:end]`."""

    text: str
    start: int
    end: int


def parts(text: str) -> Iterator[Part]:
    """The parts of a formula, one behind the other."""
    for found in _PARTS.finditer(text):
        yield Part(found[0], found.start(), found.end())


def plain(source: Traced) -> Traced:
    """`source` without what only arranges it."""
    return _Plain(source).walk()


class _Plain:
    def __init__(self, source: Traced) -> None:
        self.source = source
        self.parts = list(parts(source.text))
        self.closing = self._closing("{", "}")
        self.bracketed = self._closing("([", ")]")
        self.invisible: set[int] = set()
        self.labelled: set[int] = set()
        self.arrays: list[str] = []
        self.kept: list[Traced] = []

    def _closing(self, opening: str, close: str) -> dict[int, int]:
        """For each part that is an opening bracket, the part that closes it."""
        closing: dict[int, int] = {}
        opened: list[int] = []
        for k, part in enumerate(self.parts):
            if part.text in opening:
                opened.append(k)
            elif part.text in close and opened:
                closing[opened.pop()] = k
        return closing

    def walk(self) -> Traced:
        k = 0
        while k < len(self.parts):
            k = self.step(k)
        return Traced.join(self.kept)

    def step(self, k: int) -> int:
        """Takes the part number `k`, or drops it; the number of the next one."""
        text = self.parts[k].text
        if k in self.invisible:
            return self.behind_label(k + 1) if k in self.labelled else k + 1
        if text in SILENT:
            return self.behind_arguments(k + 1, SILENT[text])
        if text in (r"\intertext", r"\shortintertext"):
            self.kept.append(self.named(r"\therefore ", self.parts[k]))
            return self.behind_arguments(k + 1, 1)
        if text in DECORATING:
            return self.decorated(k)
        if text in _STACKED:
            return self.stacked(k)
        if text in (r"\left", r"\right") and self.at(k + 1).startswith("."):
            self.keep_from(k + 1, 1)
            return k + 2
        if text == "(" and self.is_remark(k):
            return self.bracketed.get(k, k) + 1
        environment = ENVIRONMENT.fullmatch(text)
        if environment is not None and environment[2] in ("array", "tabular"):
            return self.array(k)
        if environment is not None and environment[1] == "begin":
            self.keep_from(k)
            k += 3 * (
                [self.at(j) for j in (k + 1, k + 3)] == ["[", "]"] and self.at(k + 2) in "tbc"
            )
            return self.behind_arguments(k + 1, 1) if "alignat" in environment[2] else k + 1
        if text == r"\," and self.at(k - 1)[-1:].isdigit() and _THOUSANDS.match(self.at(k + 1)):
            return k + 1
        self.keep_from(k)
        return k + 1

    def keep_from(self, k: int, skip: int = 0) -> None:
        part = self.parts[k]
        self.kept.append(self.source.part(part.start + skip, part.end))

    def at(self, k: int) -> str:
        return self.parts[k].text if k < len(self.parts) else ""

    # -- what to pass over -------------------------------------------------------------------------

    def behind_spaces(self, k: int) -> int:
        while k < len(self.parts) and self.at(k).isspace():
            k += 1
        return k

    def behind_arguments(self, k: int, count: int) -> int:
        """Behind an optional argument and `count` groups; where one is missing, before it."""
        option = self.behind_spaces(k)
        if self.at(option) == "[" and option in self.bracketed:
            k = self.bracketed[option] + 1
        for _ in range(count):
            inner = self.behind_spaces(k)
            if inner not in self.closing:
                return k
            k = self.closing[inner] + 1
        return k

    def behind_label(self, k: int) -> int:
        """Behind the script that says what a brace under a formula means."""
        script = self.behind_spaces(k)
        return self.behind_arguments(script + 1, 1) if self.at(script) in ("_", "^") else k

    def is_remark(self, k: int) -> bool:
        """Whether a bracket holds a reason, or words behind a wide space that relate nothing."""
        if self.at(self.behind_spaces(k + 1)) == r"\because":
            return True
        before = k - 1
        while before >= 0 and self.at(before).isspace():
            before -= 1
        inside = [self.at(j) for j in range(k + 1, self.bracketed.get(k, k))]
        spaced = before >= 0 and self.at(before) in (r"\quad", r"\qquad")
        return spaced and r"\text" in inside and not any(map(RELATION.search, inside))

    # -- what to take apart ------------------------------------------------------------------------

    def decorated(self, k: int) -> int:
        """`\\boxed{x}` is x: its braces are not seen."""
        text = self.at(k)
        inner = self.behind_spaces(self.behind_arguments(k + 1, DECORATING[text]))
        if inner not in self.closing:
            self.keep_from(k)
            return k + 1
        close = self.closing[inner]
        self.invisible.add(close)
        if text in _LABELLED:
            self.labelled.add(close)
        return inner + 1

    def stacked(self, k: int) -> int:
        """`\\overset{(1)}{=}` is the relation; something else is left as it stands."""
        first = self.behind_spaces(k + 1)
        second = self.behind_spaces(self.closing.get(first, k) + 1)
        close = self.closing.get(second, second)
        inside = "".join(self.at(j) for j in range(second, min(close, second + 9) + 1))
        if first in self.closing and RELATION.match(inside.strip("{} \n")):
            self.invisible |= {second, close} if close > second else set()
            return second
        self.keep_from(k)
        return k + 1

    def array(self, k: int) -> int:
        """An array is a matrix, or cases behind a brace that nothing closes."""
        part = self.parts[k]
        if part.text.startswith(r"\end"):
            name = self.arrays.pop() if self.arrays else "matrix"
            self.kept.append(self.named(rf"\end{{{name}}}", part))
            return k + 1
        begin = self.behind_arguments(k + 1, 1)
        brace = [p.text for p in self.kept[-3:] if not p.text.isspace()][-2:]
        name = "aligned" if self.aligns(begin) else "matrix"
        if name == "matrix" and brace == [r"\left", r"\{"]:
            name = "cases"
            while self.kept.pop().text != r"\left":
                pass
        self.arrays.append(name)
        self.kept.append(self.named(rf"\begin{{{name}}}", part))
        return begin

    def aligns(self, k: int) -> bool:
        """Whether the cells that begin at `k` are those of `a &=& b`: the second is a relation."""
        start = k
        while k < min(start + LONGEST_CELL, len(self.parts)) and self.at(k) not in ("&", "\\\\"):
            k += 1
        middle = self.behind_spaces(k + 1)
        behind = self.behind_spaces(middle + 1)
        return self.at(k) == self.at(behind) == "&" and bool(RELATION.fullmatch(self.at(middle)))

    def named(self, text: str, part: Part) -> Traced:
        return Traced.at(text, *self.source.span(part.start, part.end))
