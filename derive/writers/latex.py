r"""Documents as LaTeX: amsmath's align, reasons in the place of tags, few macros of our own.

A line of a display is `left &= right \tag*{\aside{reason}{\verified}{eq:label}}`, with nothing in
the last two braces where there is no verdict or no number.  amsmath moves a tag below the line
where both do not fit beside each other.
"""

from __future__ import annotations

import re
from functools import cache

from jinja2 import Template
from pylatex import Center, Itemize, LongTable, Tabular
from pylatex.base_classes import Command
from pylatex.utils import NoEscape

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
    plain,
)
from derive.writers.latex_figure import latex_figure
from derive.writers.latex_math import latex_math
from derive.writers.latex_text import escape
from derive.writers.page import Fitted, fitted, kept
from derive.writers.templates import environment

_MARKS = {
    Mark.EXACT: r"\verified",
    Mark.NUMERIC: r"\agreed",
    Mark.REFUTED: r"\refuted",
    Mark.UNCHECKED: r"\unchecked",
}
_LONG_CELL = 40  # characters; a column with a longer cell is set as a paragraph
_WHOLE_TABLE = 20  # rows; a longer table may go over several pages


def latex(document: Document) -> str:
    """The whole document as a LaTeX file."""
    numbered = frozenset(document.numbers)
    return _frame("document.tex").render(
        title=document.title,
        figures=any(isinstance(b, Figure) for b in document.blocks),
        subtitle=_line(document.subtitle),
        macros=NoEscape(_frame("macros.tex").render()),
        body=NoEscape(_body(document.blocks, numbered)),
    )


def fragments(document: Document) -> dict[str, str]:
    r"""Each display that has a name, by the stem of its file: for `\input` in a document that loads
    amsmath, amssymb and xcolor."""
    numbered = frozenset(document.numbers)
    macros = NoEscape(_frame("macros.tex").render())
    return {
        re.sub(r"[^\w.-]+", "-", d.name): _frame("fragment.tex").render(
            macros=macros, body=NoEscape(_display(d, numbered))
        )
        for d in document.displays
        if d.name
    }


@cache
def _frame(name: str) -> Template:
    return environment(escape).get_template(name)


# -- text ----------------------------------------------------------------------------------------


def _line(line: Line) -> NoEscape:
    return NoEscape("".join(_inline(p) for p in line))


def _inline(part: Inline) -> str:
    match part:
        case Text():
            return str(escape(part.text))
        case Emphasis():
            return rf"\emph{{{escape(part.text)}}}"
        case Strong():
            return rf"\textbf{{{escape(part.text)}}}"
        case Code():
            return rf"\texttt{{{escape(part.text)}}}"
        case InlineMath():
            return f"${latex_math(part.math)}$"
        case Reference():
            return rf"\eqref{{{_key(part.label)}}}"


def _key(label: str) -> str:
    """A label as LaTeX accepts it: letters and digits of ASCII, others by their code."""
    return "eq:" + "".join(
        c if c.isascii() and (c.isalnum() or c in ".:-") else f"+{ord(c):X}" for c in label
    )


# -- blocks --------------------------------------------------------------------------------------


def _body(blocks: tuple[Block, ...], numbered: frozenset[str]) -> str:
    """The blocks as paragraphs; a display belongs to the paragraph before it."""
    text = ""
    before: Block | None = None
    for b, keep in zip(blocks, kept(blocks), strict=True):
        between = "\n" if isinstance(b, Display) else "\n\n"
        if isinstance(b, Display) and isinstance(before, Figure):
            between = "\n\\vspace{-\\baselineskip}\n"  # of the empty line before a display
        before = b
        text += (between if text else "") + _block(b, numbered)
        text += r"\nopagebreak" if keep and isinstance(b, Paragraph) else ""
    return text


def _block(block: Block, numbered: frozenset[str]) -> str:
    match block:
        case Section():
            about = f" {_line(block.about)}" if block.about else ""
            return _command("section", escape(block.title) + about)
        case Subsection():
            return _command("subsection*", _line(block.title))
        case Paragraph():
            return _led(block.lead, block.text, r"\textbf{%s}")
        case Display():
            return _display(block, numbered)
        case BulletList():
            items = Itemize()
            for item in block.items:
                items.add_item(_line(item))
            return str(items.dumps())
        case Table():
            return _table(block)
        case Figure():
            return latex_figure(block, _line, _MARKS[block.mark] if block.mark else "")
        case Note():
            note = _led(block.lead, block.text, r"\emph{%s}")
            return f"\\begin{{derivenote}}\n{note}\n\\end{{derivenote}}"
        case CodeListing():
            lines = (_code(x) for x in block.code.splitlines())
            return (
                "\\begin{derivenote}\\raggedright\n" + "\\\\\n".join(lines) + "\n\\end{derivenote}"
            )
        case Summary():
            return _summary(block)


def _command(name: str, argument: str) -> str:
    return str(Command(name, NoEscape(argument)).dumps())


def _led(lead: Line, text: Line, form: str) -> str:
    return f"{form % _line(lead)} {_line(text)}" if lead else _line(text)


def _code(line: str) -> str:
    indent = len(line) - len(line.lstrip(" "))
    return rf"\texttt{{{'~' * indent}{escape(line.strip())}}}" if line.strip() else r"\mbox{}"


def _table(table: Table) -> str:
    columns = list(zip(table.header, *table.rows, strict=True))
    long = [max(len(plain(cell)) for cell in column) > _LONG_CELL for column in columns]
    share = 0.62 / max(1, sum(long))
    spec = "".join(
        rf">{{\raggedright\arraybackslash}}p{{{share:.2f}\linewidth}}"
        if is_long
        else "r"
        if k in table.numeric
        else "l"
        for k, is_long in enumerate(long)
    )
    whole = len(table.rows) <= _WHOLE_TABLE
    tabular = (Tabular if whole else LongTable)(NoEscape(spec), booktabs=True)
    tabular.add_row([_line(cell) for cell in table.header])
    tabular.append(NoEscape(r"\midrule" if whole else r"\midrule\endhead"))
    for row in table.rows:
        tabular.add_row([_line(cell) for cell in row])
    return str(Center(data=tabular).dumps() if whole else tabular.dumps())


def _summary(summary: Summary) -> str:
    tabular = LongTable(NoEscape(r"cr>{\raggedright\arraybackslash}p{0.8\linewidth}"))
    for mark, count, meaning in summary.counts:
        tabular.add_row([NoEscape(_MARKS[mark]), str(count), _line(meaning)])
    return str(tabular.dumps())


# -- displays ------------------------------------------------------------------------------------


def _display(display: Display, numbered: frozenset[str]) -> str:
    """An align environment; no page ends before its last line, or inside an equation or chain."""
    fits = list(fitted(display))
    text = _equation(fits[0], numbered)
    for fit in fits[1:]:
        together = fit is fits[-1] or fit.equation.joins
        text += (r" \\*" if together else r" \\") + "\n" + _equation(fit, numbered)
    return f"\\begin{{align*}}\n{text}\n\\end{{align*}}"


def _equation(fit: Fitted, numbered: frozenset[str]) -> str:
    """The lines of an equation; what belongs to it as a whole stands at the last."""
    e = fit.equation
    left = latex_math(e.left) + " " if e.left is not None else ""
    first, *more = [latex_math(x) for x in fit.lines]
    lines = [f"{left}&{latex_math(Relation(e.relation))} {first}", *(rf"&\qquad {x}" for x in more)]
    text = " \\\\*[-3pt]\n".join(lines)
    reason = _line(e.reason)
    aside = [
        reason if fit.beside else "",
        _MARKS[e.mark] if e.mark else "",
        _key(e.label) if e.label in numbered else "",
    ]
    if any(aside):
        text += rf" \tag*{{\aside{''.join(f'{{{part}}}' for part in aside)}}}"
    if reason and not fit.beside:
        text += f" \\\\*[-6pt]\n& \\tag*{{\\asidebelow{{{reason}}}}}"
    return text
