"""Documents as Typst markup.

Text is written as string literals (`#"..."`), in which nothing but the quote and the backslash
means anything; rows of displays go to a function of the frame, which measures them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from jinja2 import Template

from derive.document.breaking import width_of
from derive.document.math import Relation
from derive.document.model import (
    Block,
    BulletList,
    Code,
    CodeListing,
    Display,
    Document,
    Emphasis,
    Figure,
    Inline,
    InlineMath,
    Line,
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
from derive.writers.page import Fitted, fitted, kept
from derive.writers.plain import printable
from derive.writers.templates import environment
from derive.writers.typst_figure import typst_figure
from derive.writers.typst_math import typst_math

_WHOLE = 14.0  # em; a formula in a line of text that is narrower stays on one line


class Markup(str):
    """Typst as it is to be read by the compiler; every other `str` is text."""

    __slots__ = ()


def typst(document: Document) -> str:
    """The whole document as a Typst file."""
    writer = _Writer(document.numbers)
    return _frame().render(
        title=document.title,
        subtitle=Markup(f"[{writer.line(document.subtitle)}]") if document.subtitle else None,
        body=Markup("\n\n".join(writer.blocks(document.blocks))),
    )


def literal(text: object) -> Markup:
    r"""`text` as a string literal of Typst; Markup stays as it is.

    >>> print(literal('a "quoted" #name'))
    "a \"quoted\" #name"
    """
    if isinstance(text, Markup):
        return text
    quoted = printable(str(text)).replace("\\", "\\\\").replace('"', '\\"').replace("'", "’")
    return Markup(f'"{quoted}"')


@cache
def _frame() -> Template:
    return environment(literal).get_template("document.typ")


class _Writer:
    """Spells the parts of one document, whose equation numbers it knows."""

    def __init__(self, numbers: dict[str, int]) -> None:
        self.numbers = numbers

    # -- text ------------------------------------------------------------------------------------

    def line(self, line: Line) -> str:
        return "".join(self.inline(p) for p in line)

    def inline(self, part: Inline) -> str:
        match part:
            case Text():
                return f"#{literal(part.text)}"
            case Emphasis():
                return f"#emph({literal(part.text)})"
            case Strong():
                return f"#strong({literal(part.text)})"
            case Code():
                return f"#raw({_verbatim(part.text)})"
            case InlineMath():
                math = f"${typst_math(part.math)}$"
                return f"#box[{math}]" if width_of(part.math) < _WHOLE else math
            case Reference():
                number = self.numbers[part.label]
                return f'#link(label("eq{number}"))[({number})]'

    # -- blocks ----------------------------------------------------------------------------------

    def blocks(self, blocks: tuple[Block, ...]) -> Iterator[str]:
        """The blocks; a paragraph that leads to a display stays on the same page."""
        for block, keep in zip(blocks, kept(blocks), strict=True):
            leads = keep and isinstance(block, Paragraph)
            yield f"#lead-in[{self.block(block)}]" if leads else self.block(block)

    def block(self, block: Block) -> str:
        match block:
            case Section():
                about = f"#[ ]{self.line(block.about)}" if block.about else ""
                return f"#heading(level: 1)[#{literal(block.title)}{about}]"
            case Subsection():
                return f"#heading(level: 2)[{self.line(block.title)}]"
            case Paragraph():
                return self._led(block.lead, block.text, "bold-text")
            case Display():
                return self._display(block)
            case BulletList():
                return "#list(" + ", ".join(f"[{self.line(i)}]" for i in block.items) + ")"
            case Table():
                return self._table(block)
            case Figure():
                return typst_figure(block, self.line)
            case Note():
                return f"#note-block[{self._led(block.lead, block.text, 'emph')}]"
            case CodeListing():
                return f"#note-block(raw(block: true, {_verbatim(block.code)}))"
            case Summary():
                return self._summary(block)

    def _led(self, lead: Line, text: Line, form: str) -> str:
        return (f"#{form}[{self.line(lead)}] " if lead else "") + self.line(text)

    def _table(self, table: Table) -> str:
        sides = ", ".join(
            "right" if k in table.numeric else "left" for k in range(len(table.header))
        )
        rows = "".join(
            "  " + " ".join(f"[{self.line(cell)}]," for cell in row) + "\n" for row in table.rows
        )
        header = " ".join(f"[{self.line(cell)}]," for cell in table.header)
        header = f"table.header({header} table.hline(stroke: 0.5pt)),"
        return f"#ruled-table(({sides},),\n  {header}\n{rows})"

    def _summary(self, summary: Summary) -> str:
        rows = "".join(
            f'  verdict-mark("{mark.value}"), [{count}], [{self.line(meaning)}],\n'
            for mark, count, meaning in summary.counts
        )
        return f"#grid(columns: (1.5em, auto, 1fr), gutter: 0.7em,\n{rows})"

    # -- displays --------------------------------------------------------------------------------

    def _display(self, display: Display) -> str:
        rows = "".join(f"  {row},\n" for fit in fitted(display) for row in self._rows(fit))
        return f"#aligned-rows(\n{rows})"

    def _rows(self, fit: Fitted) -> list[str]:
        """The lines of an equation; what belongs to it as a whole stands at the last."""
        e = fit.equation
        left = f"$display({typst_math(e.left)})$" if e.left is not None else "[]"
        first, *more = [typst_math(x) for x in fit.lines]
        rows = [f"left: {left}, right: $display({typst_math(Relation(e.relation))} {first})$"]
        rows += [f"right: $display(#h(2em) {x})$" for x in more]
        if e.reason:
            rows[-1] += f", reason: [{self.line(e.reason)}]"
        if e.mark is not None:
            rows[-1] += f', mark: "{e.mark.value}"'
        if e.label in self.numbers:
            rows[-1] += f", number: {self.numbers[e.label]}"
        return [f"({row})" for row in rows]


def _verbatim(code: str) -> str:
    """Code as a string literal, its line ends kept."""
    return (
        '"' + "\\n".join(str(literal(x))[1:-1].replace("’", "'") for x in code.splitlines()) + '"'
    )
