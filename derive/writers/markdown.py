r"""Documents as Markdown: GitHub's kind, with formulas between dollar signs.

A display is one `aligned` with a line of text for each of its lines, so that it can be read as it
stands; reasons, verdicts and numbers have a column at the right.  Where they have no room there,
each reason is a line of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from derive.document.breaking import break_lines, width_of
from derive.document.math import Math, Relation, Space, row
from derive.document.model import (
    Block,
    BulletList,
    Code,
    CodeListing,
    Display,
    Document,
    Emphasis,
    Equation,
    Figure,
    Inline,
    InlineMath,
    Line,
    Mark,
    Note,
    Paragraph,
    Reference,
    Section,
    Strong,
    Subsection,
    Summary,
    Table,
    Text,
)
from derive.writers.markdown_figure import markdown_figure
from derive.writers.markdown_math import markdown_math
from derive.writers.page import joined
from derive.writers.plain import printable

_MARKS = {
    Mark.EXACT: r"\checkmark",
    Mark.NUMERIC: r"\approx",
    Mark.REFUTED: r"\times",
    Mark.UNCHECKED: "?",
}
_WIDTH = 50.0  # em, as wide as a page of GitHub
_LETTER = 0.46  # em, of text on the average
_RELATION = 1.34  # em, of the sign with its spaces
_MARGIN = 6.0  # em, of a verdict and a number with the gap before them
_INDENT = 2.0  # em, of the lines after the first
_MEANINGFUL = re.compile(r"[\\`*_\[\]<>#$|~&@]|(?<=:)(?=//)|(?<=[Ww])(?=\.)")
_BAR = re.compile(r"(?<!\\)\|")
# What may stand between the braces of \text: letters, digits and harmless punctuation.
_WORDS = re.compile(r"(?:[^\W_]|[ .,;:()'/+=“”’–—-])*")


def markdown(document: Document) -> str:
    """The whole document as a Markdown file."""
    writer = _Writer(document.numbers)
    head = [f"# {text(document.title)}"]
    if document.subtitle:
        head.append(writer.line(document.subtitle))
    return "\n\n".join([*head, *writer.blocks(document.blocks)]) + "\n"


def text(given: str) -> str:
    r"""`given` as text in Markdown.

    >>> print(text("<b> of 5 * x_1"))
    \<b\> of 5 \* x\_1
    """
    line = _MEANINGFUL.sub(lambda found: f"\\{found[0]}", printable(given))
    return line.replace(r"\$", "<span>$</span>")


class _Writer:
    """Spells the parts of one document, whose equation numbers it knows."""

    def __init__(self, numbers: dict[str, int]) -> None:
        self.numbers = numbers
        self.sections = 0

    # -- text ------------------------------------------------------------------------------------

    def line(self, line: Line) -> str:
        return "".join(self.inline(p) for p in line)

    def inline(self, part: Inline) -> str:
        match part:
            case Text():
                return text(part.text)
            case Emphasis():
                return f"*{text(part.text)}*"
            case Strong():
                return f"**{text(part.text)}**"
            case Code():
                return _code(part.text)
            case InlineMath():
                return f"${markdown_math(part.math)}$"
            case Reference():
                number = self.numbers[part.label]
                return f"[({number})](#eq{number})"

    # -- blocks ----------------------------------------------------------------------------------

    def blocks(self, blocks: tuple[Block, ...]) -> Iterator[str]:
        for block in blocks:
            yield self.block(block)

    def block(self, block: Block) -> str:
        match block:
            case Section():
                self.sections += 1
                about = f" {self.line(block.about)}" if block.about else ""
                return f"## {self.sections}. {text(block.title)}{about}"
            case Subsection():
                return f"### {self.line(block.title)}"
            case Paragraph():
                return self._led(block.lead, block.text)
            case Display():
                return self._display(block)
            case BulletList():
                return "\n".join(f"- {self.line(item)}" for item in block.items)
            case Table():
                return self._table(block.header, block.rows, block.numeric)
            case Figure():
                return markdown_figure(block, self.line, _MARKS[block.mark] if block.mark else "")
            case Note():
                return f"> {self._led(block.lead, block.text)}"
            case CodeListing():
                fence = _longer_than("`", block.code, 3)
                return f"{fence}\n{block.code}\n{fence}"
            case Summary():
                return self._summary(block)

    def _led(self, lead: Line, body: Line) -> str:
        return (f"**{self.line(lead)}** " if lead else "") + self.line(body)

    def _table(
        self, header: tuple[Line, ...], rows: tuple[tuple[Line, ...], ...], numeric: frozenset[int]
    ) -> str:
        rule = ["--:" if k in numeric else "---" for k in range(len(header))]
        cells = [[_BAR.sub(r"\|", self.line(cell)) for cell in r] for r in (header, *rows)]
        return "\n".join(f"| {' | '.join(r)} |" for r in (cells[0], rule, *cells[1:]))

    def _summary(self, summary: Summary) -> str:
        rows = [
            f"- ${_MARKS[mark]}$ {n}: {self.line(said).rstrip()}"
            for mark, n, said in summary.counts
        ]
        return "\n".join(rows)

    # -- displays --------------------------------------------------------------------------------

    def _display(self, display: Display) -> str:
        lefts = max(
            (width_of(e.left) for e in display.equations if e.left is not None), default=0.0
        )
        room = _WIDTH - lefts - _RELATION
        display = replace(display, equations=tuple(joined(display, room - _MARGIN)))
        rights = [break_lines(e.right, room, _MARGIN) for e in display.equations]
        in_words = [self._words(e.reason) for e in display.equations]
        spelled = all(words is not None for words in in_words)
        beside = spelled and self._has_room(display, rights, room)
        lines = [
            line
            for e, right, words in zip(display.equations, rights, in_words, strict=True)
            for line in self._equation(e, right, words if spelled and words else "", beside)
        ]
        body = " \\cr\n".join(lines)
        anchors = "".join(f'<a id="eq{n}"></a>' for n in self._numbers(display))
        shown = f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$"
        told = [] if spelled else [self.line(e.reason) for e in display.equations if e.reason]
        return "\n\n".join(
            part for part in (anchors, shown, "\n".join(f"- {reason}" for reason in told)) if part
        )

    def _equation(self, e: Equation, right: list[Math], words: str, beside: bool) -> Iterator[str]:
        """The lines of an equation; what belongs to it as a whole stands at the last."""
        left = f"{markdown_math(e.left)} " if e.left is not None else ""
        lines = [f"{left}&{markdown_math(row(Relation(e.relation), right[0]))}"]
        lines += [f"&{markdown_math(row(*_CONTINUED, x))}" for x in right[1:]]
        number = self.numbers.get(e.label)
        margin = [
            words if beside else "",
            _MARKS[e.mark] if e.mark else "",
            rf"\text{{({number})}}" if number else "",
        ]
        if any(margin):
            lines[-1] += " && " + r" \quad ".join(part for part in margin if part)
        yield from lines
        if words and not beside:
            yield rf"&\quad \text{{— }}{words}".replace(r"}\text{", "")

    def _numbers(self, display: Display) -> list[int]:
        return [self.numbers[e.label] for e in display.equations if e.label in self.numbers]

    def _has_room(self, display: Display, rights: list[list[Math]], room: float) -> bool:
        """Whether a column for the reasons fits beside the widest line."""
        right = max(
            width_of(x) + (_INDENT if k else 0.0) for lines in rights for k, x in enumerate(lines)
        )
        reasons = max(_width_of_words(e.reason) for e in display.equations)
        return right + reasons + _MARGIN <= room

    def _words(self, reason: Line) -> str | None:
        r"""A reason in the line of a formula: `\text{each }\delta_{ij}\text{ picks one}`.

        None where it has characters that neither Markdown nor `\text` would leave alone.
        """
        words = ""
        for p in reason:
            match p:
                case InlineMath():
                    words += f"{markdown_math(p.math)} "
                case Reference():
                    words += rf"\text{{({self.numbers[p.label]})}}"
                case _ if not _WORDS.fullmatch(p.text):
                    return None
                case _:
                    words += rf"\text{{{p.text}}}"
        return words.replace(r"}\text{", "").rstrip()


_CONTINUED: tuple[Math, ...] = (Space("quad"), Space("quad"))


def _width_of_words(line: Line) -> float:
    return sum(
        width_of(p.math)
        if isinstance(p, InlineMath)
        else 1.5
        if isinstance(p, Reference)
        else _LETTER * len(p.text)
        for p in line
    )


def _code(code: str) -> str:
    """Code in a line of text."""
    shown = printable(code)
    fence = _longer_than("`", shown, 1)
    pad = " " if "`" in shown else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _longer_than(mark: str, code: str, least: int) -> str:
    """A run of `mark` that is longer than every one in `code`."""
    runs = [len(run) for run in re.findall(f"{mark}+", code)]
    return mark * max(least, max(runs, default=0) + 1)
