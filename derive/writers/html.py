"""Documents as one HTML page that needs nothing but itself: no network, no file beside it.

KaTeX, its style sheet and its fonts are inside the page; the script at its end turns the LaTeX of
each formula, which stands in the page as text, into typeset mathematics.  A policy in the head
allows that one script, by its hash, and no connection at all.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from html import escape

from jinja2 import Template

from derive.document.math import Math, Relation, Space, row
from derive.document.model import (
    Block,
    BulletList,
    Code,
    CodeListing,
    Display,
    Document,
    Emphasis,
    Figure,
    Grid,
    Inline,
    InlineMath,
    Line,
    Mark,
    Note,
    Paragraph,
    Reference,
    Section,
    Shade,
    Strong,
    Subsection,
    Summary,
    Table,
    Text,
)
from derive.writers import katex
from derive.writers.latex_math import latex_math
from derive.writers.page import Fitted, fitted, kept
from derive.writers.plain import printable
from derive.writers.templates import environment

_MARKS = {Mark.EXACT: "✓", Mark.NUMERIC: "≈", Mark.REFUTED: "×", Mark.UNCHECKED: "?"}
_FLUSH = ' class="flush"'
_RENDER = """
for (const e of document.getElementsByClassName("math")) {
  const style = e.classList.contains("display") ? "\\\\displaystyle " : "", source = e.textContent;
  try {
    katex.render(style + source, e, {throwOnError: true, strict: "ignore"});
  } catch {
    e.textContent = source;
  }
}
"""


class Markup(str):
    """HTML as it is to be read by the browser; every other `str` is text."""

    __slots__ = ()


def html(document: Document) -> str:
    """The whole document as an HTML page."""
    writer = _Writer(document.numbers)
    subtitle = Markup(writer.line(document.subtitle)) if document.subtitle else None
    return page(document.title, Markup("\n".join(writer.blocks(document.blocks))), subtitle)


def page(title: str, body: Markup, subtitle: Markup | None = None) -> str:
    """A page in our frame; formulas in `body` are as `formula` writes them."""
    script = katex.script() + _RENDER
    digest = b64encode(sha256(script.encode("utf-8")).digest()).decode("ascii")
    return _frame().render(
        title=title,
        subtitle=subtitle,
        body=body,
        style=Markup(katex.style()),
        script=Markup(script),
        digest=digest,
    )


def text(given: object) -> Markup:
    """`given` as text in HTML, also in an attribute; Markup stays as it is.

    >>> print(text("<b> & 'c'"))
    &lt;b&gt; &amp; &#x27;c&#x27;
    """
    return given if isinstance(given, Markup) else Markup(escape(printable(str(given))))


def formula(latex: str, display: bool = False) -> Markup:
    """A formula, by its LaTeX; `display` sets it large."""
    kind = "math display" if display else "math"
    return Markup(f'<span class="{kind}">{escape(latex)}</span>')


@cache
def _frame() -> Template:
    return environment(text).get_template("document.html")


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
                return f"<em>{text(part.text)}</em>"
            case Strong():
                return f"<strong>{text(part.text)}</strong>"
            case Code():
                return f"<code>{text(part.text)}</code>"
            case InlineMath():
                return formula(latex_math(part.math))
            case Reference():
                number = self.numbers[part.label]
                return f'<a href="#eq{number}">({number})</a>'

    # -- blocks ----------------------------------------------------------------------------------

    def blocks(self, blocks: tuple[Block, ...]) -> Iterator[str]:
        """The blocks; a paragraph that leads to a display stays on the same printed page."""
        for block, keep in zip(blocks, kept(blocks), strict=True):
            yield self.block(block, ' class="lead-in"' if keep else "")

    def block(self, block: Block, attributes: str = "") -> str:
        match block:
            case Section():
                return self._section(block)
            case Subsection():
                return f"<h3>{self.line(block.title)}</h3>"
            case Paragraph():
                return f"<p{attributes}>{self._led(block.lead, block.text, 'strong')}</p>"
            case Display():
                return self._display(block)
            case BulletList():
                items = "".join(f"<li>{self.line(item)}</li>\n" for item in block.items)
                return f"<ul>\n{items}</ul>"
            case Table():
                return self._table(block)
            case Figure():
                return self._figure(block)
            case Note():
                return f'<p class="note">{self._led(block.lead, block.text, "em")}</p>'
            case CodeListing():
                lines = "\n".join(map(text, block.code.splitlines()))
                return f'<pre class="note"><code>{lines}</code></pre>'
            case Summary():
                return self._summary(block)

    def _section(self, section: Section) -> str:
        self.sections += 1
        about = f" {self.line(section.about)}" if section.about else ""
        number = f'<span class="section-number">{self.sections}</span>'
        return f'<h2 id="section{self.sections}">{number}{text(section.title)}{about}</h2>'

    def _led(self, lead: Line, body: Line, form: str) -> str:
        return (f"<{form}>{self.line(lead)}</{form}> " if lead else "") + self.line(body)

    def _table(self, table: Table) -> str:
        def cells(tag: str, line: tuple[Line, ...]) -> str:
            return "".join(
                f"<{tag}{_FLUSH if k in table.numeric else ''}>{self.line(cell)}</{tag}>"
                for k, cell in enumerate(line)
            )

        rows = "".join(f"<tr>{cells('td', r)}</tr>\n" for r in table.rows)
        header = f"<thead><tr>{cells('th', table.header)}</tr></thead>"
        return f'<div class="wide"><table>\n{header}\n<tbody>\n{rows}</tbody></table></div>'

    def _figure(self, figure: Figure) -> str:
        grids = "\n".join(map(self._grid, figure.grids))
        mark = _mark(figure.mark) if figure.mark else ""
        told = f"{self.line(figure.caption)} {mark}".strip()
        caption = f"<figcaption>{told}</figcaption>" if told else ""
        return f'<figure class="wide"><div class="grids">\n{grids}</div>{caption}</figure>'

    def _grid(self, grid: Grid) -> str:
        """A table of cells; one that is empty stands for its place only."""
        rows = ""
        for cells in grid.rows:
            rows += "<tr>"
            for c in cells:
                tag = "th" if c.shade is Shade.LABEL else "td"
                style = f' style="--heat:{c.heat}%"' if c.heat else ""
                heat = " heat" if c.heat and c.shade is Shade.PLAIN else ""
                kind = f'class="{c.shade.value}{heat}"{style}'
                rows += f"<{tag} {kind}>{self.line(c.content)}</{tag}>"
            rows += "</tr>\n"
        name = f"<span>{self.line(grid.name)}</span>" if grid.name else ""
        return f'<div class="grid">{name}<table class="cells"><tbody>\n{rows}</tbody></table></div>'

    def _summary(self, summary: Summary) -> str:
        rows = "".join(
            f"<tr><td>{_mark(mark)}</td><td{_FLUSH}>{count}</td><td>{self.line(meaning)}</td></tr>\n"
            for mark, count, meaning in summary.counts
        )
        return f'<table class="summary"><tbody>\n{rows}</tbody></table>'

    # -- displays --------------------------------------------------------------------------------

    def _display(self, display: Display) -> str:
        """A grid of two columns: left sides, and right sides with what stands in the margin."""
        rows = "".join(self._equation(fit) for fit in fitted(display))
        return f'<div class="wide"><div class="equations">\n{rows}</div></div>'

    def _equation(self, fit: Fitted) -> str:
        """The lines of an equation; what belongs to it as a whole stands at the last."""
        e = fit.equation
        lines = [row(Relation(e.relation), fit.lines[0])]
        lines += [row(Space("quad"), Space("quad"), x) for x in fit.lines[1:]]
        reason = f'<span class="reason">{self.line(e.reason)}</span>' if e.reason else ""
        margin = self._margin(reason if fit.beside else "", e.mark, e.label)
        cells = [f'<div class="left">{_formula(e.left)}</div>'] if e.left is not None else []
        cells += [f'<div class="right">{_formula(x)}</div>' for x in lines[:-1]]
        cells.append(f'<div class="right">{_formula(lines[-1])}{margin}</div>')
        if reason and not fit.beside:
            cells.append(f'<div class="below">{reason}</div>')
        return "".join(f"{cell}\n" for cell in cells)

    def _margin(self, reason: str, mark: Mark | None, label: str) -> str:
        """The columns at the right of a line, if anything stands there."""
        number = self.numbers.get(label)
        link = f'<a id="eq{number}" href="#eq{number}">({number})</a>' if number else ""
        if not (reason or mark or number):
            return ""
        verdict = f'<span class="verdict">{_mark(mark) if mark else ""}</span>'
        return f'<span class="margin">{reason}{verdict}<span class="number">{link}</span></span>'


def _formula(tree: Math) -> Markup:
    return formula(latex_math(tree), display=True)


def _mark(mark: Mark) -> str:
    kind = mark.value.replace(" ", "-")
    return f'<span class="{kind}" title="{mark.value}">{_MARKS[mark]}</span>'
