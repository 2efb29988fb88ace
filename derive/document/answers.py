"""A sheet of problems as a document: answers, which are data, laid out in words and figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from string import ascii_lowercase
from typing import Literal

from sympy import Basic

from derive.document import layout
from derive.document.describe import shape_of
from derive.document.displays import ranges_of
from derive.document.inserted import with_expressions
from derive.document.math import (
    Big,
    Fraction,
    Math,
    Name,
    Numeral,
    Relation,
    RelationKind,
    Scripts,
    Sign,
    Space,
    fenced,
    listed,
    related,
    row,
)
from derive.document.math import (
    Words as MathWords,
)
from derive.document.model import (
    Block,
    BulletList,
    Cell,
    Code,
    Display,
    Document,
    Equation,
    Figure,
    Grid,
    Inline,
    Line,
    Mark,
    Paragraph,
    Section,
    Shade,
    Subsection,
    Summary,
    Text,
    line,
)
from derive.document.notation import Names, Notation, parse_name
from derive.document.present import present
from derive.document.windows import places, window_key, windowed, within
from derive.ir import (
    Component,
    Count,
    Formula,
    Guard,
    Int,
    Max,
    Number,
    Range,
    Size,
    Tensor,
    conjuncts,
)
from derive.ir import Relation as Claim
from derive.questions import parts as said
from derive.questions.sheet import Sheet
from derive.verify.verdict import EXACT, NOT_CHECKABLE, NUMERIC, REFUTED, Verification

_WORST_FIRST = (REFUTED, NOT_CHECKABLE, NUMERIC, EXACT)
_NOT_SHOWN = Paragraph(line("What should stand here was refuted, and is not shown."))
_WINDOWS = tuple(map(Name, ("S", "R", "W", r"\Omega")))


def document(sheet: Sheet, summary: tuple[tuple[Mark, int, Line], ...] = ()) -> Document:
    """The whole sheet; without answers where the problems have none."""
    blocks: list[Block] = []
    for setting, problem in sheet.problems:
        notation = replace(Notation.of(setting.program, numbers=True), decimals="long")
        blocks += _Teller(notation).problem(problem)
    if summary:
        blocks += [Section("Verification"), Summary(summary)]
    return Document(sheet.title or "Problems", tuple(blocks))


@dataclass(frozen=True)
class _Teller:
    """Lays out the parts of one problem in its notation."""

    notation: Notation

    def problem(self, problem: said.Problem) -> Iterator[Block]:
        yield Section(problem.title or "Problem")
        yield from self.parts(problem.given)
        for k, answer in enumerate(problem.answers):
            names = self.names(answer.wording, ())
            label = f"({ascii_lowercase[k % 26]}) "
            points = (
                "" if not answer.points else f" [{answer.points}\u00a0{_points(answer.points)}]"
            )
            yield Subsection(line(label, *self.words(answer.wording, names), points))
            yield from self.parts(answer.shown)
            yield from self.parts(answer.parts)

    def parts(self, parts: Iterable[said.Part]) -> Iterator[Block]:
        for part in parts:
            match part:
                case said.Say():
                    yield self.say(part)
                case said.Lines():
                    yield self.lines(part)
                case said.Grids():
                    yield self.grids(part)
                case said.Listed():
                    yield self.listed(part)

    def names(self, things: Iterable[object], ranges: tuple[Range, ...]) -> Names:
        """The letters for everything that is read together, and the windows in it."""
        formulas: list[Basic] = []
        windows: dict[tuple[Basic, ...], Name] = {}
        for thing in things:
            for part in _basic(thing):
                formulas.append(part)
            over = thing.formula if isinstance(thing, said.Limit) else thing
            if isinstance(over, said.OverWindow):
                windows[window_key(*self.shown(over.window))] = self.symbol
        return Names.of(formulas, ranges, replace(self.notation, windows=windows))

    @property
    def symbol(self) -> Name:
        """What windows are called: a letter that nothing else has."""
        return next(w for w in _WINDOWS if w not in self.notation.taken)

    def shown(self, window: said.WindowSet) -> tuple[tuple[Range, ...], Guard]:
        """The ranges and the condition of a window as they are printed."""
        condition = present(window.condition, self.notation.numbers)
        return tuple(map(self.shown_range, window.ranges)), condition  # type: ignore[return-value]

    def shown_range(self, r: Range) -> Range:
        """A range as it is printed."""
        return present(r, self.notation.numbers)  # type: ignore[return-value]

    # -- text ------------------------------------------------------------------------------------

    def say(self, part: said.Say) -> Paragraph:
        lead = (part.lead,) if isinstance(part.lead, str) else part.lead
        names = self.names((*lead, *part.words), part.ranges)
        text = (*self.before(part.ranges), *self.words(part.words, names))
        return Paragraph(text, self.words(lead, names))

    def before(self, ranges: tuple[Range, ...]) -> Line:
        """`For i = 1, ..., 3,` and a space."""
        return (*ranges_of(ranges, self.notation), Text(" ")) if ranges else ()

    def listed(self, part: said.Listed) -> BulletList:
        lines = []
        for item in part.items:
            lines.append(self.words(item, self.names(item, part.ranges)))
        return BulletList(tuple(lines))

    def words(self, words: said.Words, names: Names) -> Line:
        return line(*(self.word(w, names) for w in words))

    def word(self, word: said.Word, names: Names) -> str | Inline | Math:
        match word:
            case str():
                return word
            case said.Typed():
                return Code(word.text)
            case said.Symbol():
                return parse_name(word.latex)
            case said.Shape():
                return shape_of(word.tensor, self.notation)
            case Tensor():
                return parse_name(word.symbol)
            case Claim():
                kind: RelationKind = word.relation  # type: ignore[assignment]
                return related(
                    layout.formula(word.left, names), kind, layout.formula(word.right, names)
                )
            case Int():
                return layout.extent(word, names)
            case Guard():
                return layout.condition(word, names)
            case Range():
                return within(self.shown_range(word), names)
        return self.math(word, names)

    def math(self, f: said.Said, names: Names) -> Math:
        """A formula, or what stands for one."""
        match f:
            case said.Inserted():
                general = Names.of((f.general,), (), Notation())
                math = layout.extent(f.general, general)
                shown = {parse_name(s.name): layout.extent(e, names) for s, e in f.at}
                return with_expressions(math, shown)
            case said.Written():
                stands = _as_it_stands(names, "long")
                return layout.formula(f.formula, replace(stands, values=dict(f.values)))
            case said.Slope():
                return _slope(f, names)
            case Count():
                return layout.extent(f.integer, names)
            case Number():
                return layout.formula(f, _decimal(names))
            case said.OverWindow():
                return layout.formula(f.formula, names)
            case said.WindowSet():
                return self.window(f, names)
            case said.Limit():
                return row(Big("lim", (_grows(f.variable),)), self.math(f.formula, names))
            case said.Grows():
                return _grows(f.variable)
        return layout.formula(f, names)

    def window(self, f: said.WindowSet, names: Names) -> Math:
        """S_{i,j}, or with what is in it."""
        shown, condition = self.shown(f)
        symbol = windowed(self.symbol, shown, names)
        if not f.told:
            return symbol
        return self.inside(shown, condition, names)

    def inside(self, shown: tuple[Range, ...], condition: Guard, names: Names) -> Math:
        """{(u, v) with ...}."""
        under = [within(r, names) for r in shown]
        under += [layout.condition(g, names) for g in conjuncts(condition)]
        inside = row(places(shown, names), MathWords(" with "), listed(under, True))
        return fenced("brace", inside)

    # -- formulas --------------------------------------------------------------------------------

    def lines(self, part: said.Lines) -> Display | Paragraph:
        things: list[object] = [
            x for r in part.rows for x in (r.left, *(s.formula for s in r.sides))
        ]
        things += [w for r in part.rows for s in r.sides for w in s.reason]
        names = self.names(things, part.ranges)
        equations = [e for r in part.rows for e in self.row(r, names)]
        return Display(tuple(equations), part.name) if equations else _NOT_SHOWN

    def row(self, r: said.Row, names: Names) -> Iterator[Equation]:
        left = None if r.left is None else self.math(r.left, names)
        r = replace(r, sides=tuple(s for s in r.sides if not _is_refuted(s.verdict)))
        if not r.sides:
            return
        mark = _mark([s.verdict for s in r.sides if s.verdict is not None])
        maths = [self.math(s.formula, names) for s in r.sides]
        reasons = [self.words(s.reason, names) for s in r.sides]
        kinds: list[RelationKind] = [s.relation for s in r.sides]  # type: ignore[misc]
        for k in range(len(maths) - 1, 0, -1):
            if maths[k] == maths[k - 1]:  # what looks the same needs no line of its own
                del maths[k], reasons[k], kinds[k]
        last = len(maths) - 1
        for k, (kind, m, reason) in enumerate(zip(kinds, maths, reasons, strict=True)):
            verdict, joins = mark if k == last else None, r.inline and k > 0
            yield Equation(None if k else left, m, kind, reason, verdict, joins=joins)

    # -- figures ---------------------------------------------------------------------------------

    def grids(self, part: said.Grids) -> Figure | Paragraph:
        if any(map(_is_refuted, part.verdicts)):
            return _NOT_SHOWN
        things = [c.content for g in part.grids for r in g.rows for c in r]
        names = self.names([*things, *part.caption], ())
        grids = tuple(self.grid(g, names) for g in part.grids)
        return Figure(grids, self.words(part.caption, names), _mark(part.verdicts))

    def grid(self, grid: said.Grid, names: Names) -> Grid:
        rows = tuple(tuple(self.cell(c, names) for c in r) for r in grid.rows)
        if grid.name is None:
            return Grid(rows)
        name = (
            parse_name(grid.name.symbol)
            if isinstance(grid.name, Tensor)
            else self.math(grid.name, names)
        )
        if grid.outer:
            rest = [Sign("cdot")] * 2
            name = Scripts(name, below=listed([*(Numeral(str(k)) for k in grid.outer), *rest]))
        return Grid(rows, line(row(name, Relation("="), Space("thick"))))

    def cell(self, cell: said.Cell, names: Names) -> Cell:
        content: Line = ()
        if isinstance(cell.content, Formula):
            content = line(layout.formula(cell.content, _decimal(names)))
        elif cell.content is not None:
            content = line(cell.content)
        heat = 0 if cell.heat is None else round(100 * cell.heat)
        return Cell(content, Shade(cell.shade.value), heat)


def _as_it_stands(names: Names, decimals: Literal["long", "all"]) -> Names:
    """Names with which nothing is worked out before it is laid out."""
    notation = replace(names.notation, numbers=False, decimals=decimals)
    return replace(names, notation=notation, presented={})


def _decimal(names: Names) -> Names:
    """Names with which numbers are decimals wherever that is possible."""
    return replace(names, notation=replace(names.notation, decimals="all"))


def _slope(f: said.Slope, names: Names) -> Math:
    """∂E/∂A."""
    of = layout.formula(f.of, names) if isinstance(f.of, Component) else parse_name(f.of.symbol)
    return Fraction(row(Sign("partial"), of), row(Sign("partial"), parse_name(f.by.symbol)))


def _grows(variable: Size) -> Math:
    """p → ∞."""
    return row(parse_name(variable.name), Relation("to"), Name(r"\infty"))


def _points(points: str) -> str:
    return "point" if points == "1" else "points"


def _is_refuted(verdict: Verification | None) -> bool:
    return verdict is not None and verdict.status == REFUTED


def _mark(verdicts: Iterable[Verification]) -> Mark | None:
    """The worst of some verdicts."""
    found = {v.status for v in verdicts}
    return next((Mark(s) for s in _WORST_FIRST if s in found), None)


def _basic(thing: object) -> Iterator[Basic]:
    """The formulas in a word, for which letters are needed."""
    if isinstance(thing, said.Inserted):
        yield from (e for _, e in thing.at)
    elif isinstance(thing, Claim):
        yield from (thing.left, thing.right)
    elif isinstance(thing, said.OverWindow):
        yield thing.formula
        yield from _basic(thing.window)
    elif isinstance(thing, said.WindowSet):
        yield Max(Number(1), *thing.ranges, thing.condition)  # binds the indices of the window
    elif isinstance(thing, said.Limit | said.Written):
        yield from _basic(thing.formula)
    elif isinstance(thing, Basic) and not isinstance(thing, Tensor):
        yield thing
