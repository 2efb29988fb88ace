"""A checked document once more, as an HTML page with the verdicts in its margin.

Every chain stands in lines that begin with its relations: those that hold are green, the others
have the colour of their verdict and the number of the note beside them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from derive.check.files import FileReport
from derive.check.marks import Marked, Note, Place, marked, position, replaced
from derive.check.prose import Break, Heading, Listing, Words, prose
from derive.check.report import excerpt, phrases, reason
from derive.check.verdict import HOLDS, WORST_FIRST
from derive.latex.document import Piece
from derive.writers.html import Markup, formula, page, text
from derive.writers.latex_source import is_balanced, is_typeset

COLOURS = {
    "wrong": "#bf1a1a",
    "undefined": "#7a2a8c",
    "unreadable": "#616161",
    "holds if": "#a85a00",
    "convention": "#1a4fa8",
    "holds": "#0d7333",
}
EXCERPT = 64
"""Characters of the source that a note shows."""


def annotated_html(report: FileReport) -> str:
    """A checked file as an HTML page."""
    body = Markup("\n".join((_head(report), *_Writer(report).blocks())))
    return page(report.file, Markup(f'<div class="checked">\n{body}\n</div>'))


def index_html(reports: Sequence[FileReport], pages: Sequence[str]) -> str:
    """A page with a table of how many equations of each file have which verdict, and links."""
    statuses = WORST_FIRST[::-1]
    head = "<th>file</th>" + "".join(
        f'<th class="flush">{s}</th>' for s in ("equations", *statuses)
    )
    rows = []
    for report, link in zip(reports, pages, strict=True):
        counts = Counter(e.status for e in report.entries)
        if report.error is not None:
            cells = f'<td colspan="{len(statuses) + 1}">{text(report.error.message)}</td>'
            rows.append(f"<tr><td>{text(report.file)}</td>{cells}</tr>")
            continue
        numbers = [len(report.entries), *(counts[s] for s in statuses)]
        cells = "".join(f'<td class="flush">{n or "·"}</td>' for n in numbers)
        rows.append(f'<tr><td><a href="{text(link)}">{text(report.file)}</a></td>{cells}</tr>')
    table = f"<thead><tr>{head}</tr></thead>\n<tbody>\n{chr(10).join(rows)}\n</tbody>"
    return page(
        "Checked documents", Markup(f'<div class="wide reports"><table>{table}</table></div>')
    )


def _head(report: FileReport) -> str:
    """How many equations have which verdict, and what was taken from the text."""
    counts = Counter(e.status for e in report.entries)
    said = [
        f'<span class="{_kind(s)}">{counts[s]} {s}</span>' for s in WORST_FIRST[::-1] if counts[s]
    ]
    n = len(report.entries)
    found = f"{n} equation{'' if n == 1 else 's'}" + (f": {', '.join(said)}" if said else "")
    lines = [f'<p class="subtitle">{found}</p>']
    known = [(d.line, "taken from the text: ", d.text) for d in report.declared]
    known += [(r.line, "", r.text) for r in report.remarks]
    items = [
        f"<li>line {line}: {text(how)}{_phrase(said, bool(how))}</li>" for line, how, said in known
    ]
    return "\n".join([*lines, *([f"<ul>{''.join(items)}</ul>"] if items else [])])


def _kind(status: str) -> str:
    return status.replace(" ", "-")


class _Writer:
    """Spells the parts of a checked document: each block with the notes on it beside it."""

    def __init__(self, report: FileReport) -> None:
        self.document = report.document
        self.parts = list(prose(report.document, tuple(marked(report))))
        self.line: list[str] = []
        self.notes: list[Note] = []

    def blocks(self) -> Iterator[str]:
        for part in self.parts:
            match part:
                case Words():
                    self.line.append(text(part.text))
                case Marked() if not part.display:
                    self.line.append(self.inline(part))
                    self.notes += part.notes
                case _:
                    yield from self.paragraph()
                    yield from self.block(part)
        yield from self.paragraph()

    def paragraph(self) -> Iterator[str]:
        said = "".join(self.line).strip()
        if said:
            yield _beside(f"<p>{said}</p>", self.notes)
        self.line, self.notes = [], []

    def block(self, part: Heading | Listing | Break | Marked) -> Iterator[str]:
        match part:
            case Heading():
                level = min(max(part.level, 2), 3)
                yield f"<h{level}>{text(part.title)}</h{level}>"
            case Listing():
                lines = "\n".join(map(text, part.text.splitlines()))
                yield f"<pre><code>{lines}</code></pre>"
            case Marked():
                yield _beside(self.display(part), part.notes)

    # -- formulas ----------------------------------------------------------------------------------

    def inline(self, found: Marked) -> str:
        whole = [n for n in found.notes if n.relation is None]
        shown = self.typeset(found)
        if shown is None:
            body = self.source(found)
        else:
            marks = self.marks(found)
            body = ", ".join(_set(replaced(p.math, marks)) for p in shown)
        return body + "".join(map(_number, whole))

    def display(self, found: Marked) -> str:
        shown = self.typeset(found)
        if shown is None:
            return f'<p class="source">{self.source(found)}</p>'
        marks = self.marks(found)
        rows = "".join(row for piece in shown for row in self.rows(piece, marks, found.chains))
        numbers = "".join(_number(n) for n in found.notes if n.relation is None)
        return f'<div class="wide"><div class="equations">\n{rows}{numbers}</div></div>'

    def rows(self, piece: Piece, marks: dict[Place, str], chains: Sequence[int]) -> Iterator[str]:
        """The chains of a statement, with a line for each relation that has a verdict."""
        cuts = {position(piece.math, place): "right" for place, _ in marks}
        cuts |= {position(piece.math, at): "left" for at in chains}
        places = sorted(at for at in cuts if at)
        ends = [*places, len(piece.math)]
        parts = [piece.math.part(a, b) for a, b in zip([0, *places], ends, strict=True)]
        if len(parts) == 1 or not all(is_balanced(part.text) for part in parts):
            yield f'<div class="whole">{_set(replaced(piece.math, marks), True)}</div>\n'
            return
        for part, at in zip(parts, [0, *places], strict=True):
            side = cuts[at] if at else "left"
            yield f'<div class="{side}">{_set(replaced(part, marks), True)}</div>\n'

    def typeset(self, found: Marked) -> tuple[Piece, ...] | None:
        """The statements in a formula; None where it could not be read, or could not be set."""
        if any(n.entry.stopped for n in found.notes):
            return None
        return found.pieces if all(is_typeset(p.source) for p in found.pieces) else None

    def marks(self, found: Marked) -> dict[Place, str]:
        """The relations that have a verdict, as they are shown."""
        whole = self.document.text
        marks = {place: _coloured(HOLDS, whole[slice(*place)]) for place in found.agreed}
        for n in found.notes:
            if n.relation is not None:
                sign = rf"\overset{{\text{{{n.number}}}}}{{{whole[slice(*n.relation)]}}}"
                marks[n.relation] = _coloured(n.entry.status, sign)
        return marks

    def source(self, found: Marked) -> str:
        """A formula as it is written, with a mark where reading stopped."""
        whole = self.document.text
        stops = {
            min(max(e.start + e.caret, found.start), found.end): e.status
            for e in (n.entry for n in found.notes if n.entry.stopped)
        }
        parts, done = [], found.start
        for at, status in sorted(stops.items()):
            parts += [text(whole[done:at]), f'<span class="stop {_kind(status)}"></span>']
            done = at
        return f"<code>{''.join(parts)}{text(whole[done : found.end])}</code>"


def _set(latex: str, display: bool = False) -> Markup:
    """A formula that somebody wrote; KaTeX has one alphabet for blackboard letters."""
    return formula(re.sub(r"\\(?:mathbbm|mathds)(?![A-Za-z])", r"\\mathbf", latex), display)


def _phrase(said: str, math: bool) -> Markup:
    return _set(said) if math and is_typeset(said) else text(said)


def _coloured(status: str, relation: str) -> str:
    return rf"\mathrel{{\textcolor{{{COLOURS[status]}}}{{{relation}}}}}"


def _beside(body: str, notes: Iterable[Note]) -> str:
    """A block with the notes on it."""
    said = "".join(map(_note, notes))
    return body + (f'\n<div class="notes">{said}</div>' if said else "")


def _number(note: Note) -> str:
    return f'<sup class="{_kind(note.entry.status)}">{note.number}</sup>'


def _note(note: Note) -> str:
    e = note.entry
    head = f'<strong class="{_kind(e.status)}">{note.number} {e.status}</strong> line {e.line}'
    said = (_phrase(said, math) for said, math in phrases(reason(e)))
    parts = [f"{head}<br>{''.join(said)}"]
    if e.stopped:
        shown, caret = excerpt(e.latex, e.caret, EXCERPT)
        stop = f'<span class="stop {_kind(e.status)}"></span>'
        parts.append(f"<code>{text(shown[:caret])}{stop}{text(shown[caret:])}</code>")
    return f'<div class="note" id="note{note.number}">{"<br>".join(parts)}</div>'
