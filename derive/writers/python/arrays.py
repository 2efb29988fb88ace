"""Writes assignments as operations on whole arrays, with loops over small windows only.

A term that reads windows is planned (`windows.py`); its statement adds slices up:

    z = np.zeros((N, O, H, W))
    for a in range(5):
        for b in range(5):
            z += np.einsum("ncij,oc->noij", x[:, :, a:a + H, b:b + W], w[:, :, a, b])

What is no combination of slices is written as loops over all entries.
"""

from __future__ import annotations

from collections.abc import Sequence

from derive.derivation.program import Program
from derive.ir import (
    TRUE,
    Bracket,
    Branch,
    Cases,
    Chosen,
    Compare,
    Component,
    Derivative,
    Formula,
    Guard,
    Index,
    Int,
    IntLike,
    Max,
    Plus,
    Range,
    Times,
    conjuncts,
    free_indices,
    refresh,
    same,
    subformulas,
)
from derive.writers.python.functions import NUMPY, Dialect
from derive.writers.python.integers import Integers
from derive.writers.python.names import PythonNames
from derive.writers.python.positions import tuple_of
from derive.writers.python.scalar import flat
from derive.writers.python.slices import Slices
from derive.writers.python.spell import Strength, Text, call, sequence
from derive.writers.python.statements import Assignment, Loops
from derive.writers.python.tuples import by_tuples
from derive.writers.python.values import Value, aligned, numeric
from derive.writers.python.vector import Vector
from derive.writers.python.windows import NoSlices, Plan, planned

INDENT = "    "


class Arrays:
    """Writes assignments of one function."""

    def __init__(self, names: PythonNames, dialect: Dialect, program: Program) -> None:
        self.names, self.dialect, self.program = names, dialect, program
        self.loops = Loops(names, dialect)
        self.facts: dict[Guard, None] = {}

    def lines(self, a: Assignment) -> list[str]:
        """The lines that compute the array."""
        self.names.restart()
        used = dict(self.names.used)
        try:
            return _Statement(self, by_tuples(a)).lines()
        except NoSlices:
            self.names.used = used
            return self.loops.lines(a)


class _Statement:
    """One assignment.  `made` are the lines so far."""

    def __init__(self, writer: Arrays, a: Assignment) -> None:
        self.writer, self.a = writer, a
        self.names, self.dialect = writer.names, writer.dialect
        self.integers = Integers(self.names)
        self.made: list[str] = []
        self.known: list[tuple[Formula, Value]] = []
        self.target_free = True

    def lines(self) -> list[str]:
        a = self.a
        split = [i for e in a.places for i in (tuple_of(e) or (e.atom,)) if isinstance(i, Index)]
        spans = {r.index: r for r in a.ranges}
        if sorted(split, key=str) != sorted(spans, key=str):
            raise NoSlices("a left side that is no array")
        spans = {i: spans[i] for i in split}
        value = self.evaluated(a.body, spans)
        axes = tuple(spans)
        text = aligned(value, axes, self.dialect)
        if set(value.axes) != set(axes):
            extents = sequence([str(self.integers.spell(r.uppers[0] + 1)) for r in spans.values()])
            where = f"{self.dialect.module}.broadcast_to"
            text = call(where, text if value.axes else str(text), extents)
            if self.dialect is NUMPY:
                text = Text(f"{text}.copy()")
        return [*self.made, *self.final(str(text), axes)]

    def final(self, text: str, axes: tuple[Index, ...]) -> list[str]:
        """The assignment to the name, with the axes of extent 1 and merged axes."""
        a = self.a
        if any(tuple_of(e) is not None for e in a.places):
            shape = ", ".join(str(self.integers.spell(d)) for d in a.shape)
            text = f"{_atom(text)}.reshape({shape})"
        elif len(axes) < len(a.places):
            places = [":" if isinstance(e.atom, Index) else "None" for e in a.places]
            while places[-1] == ":":
                places.pop()
            text = f"{_atom(text)}[{', '.join(places)}]"
        return [] if text == a.name else [f"{a.name} = {text}"]

    # -- what is computed before -------------------------------------------------------------------

    def evaluated(self, f: Formula, spans: dict[Index, Range]) -> Value:
        """The value of a formula along full axes."""
        if isinstance(f, Cases) and _by_place(f):
            return self.boxes(f, spans)
        vector = Vector(self.names, self.dialect, spans, lambda g: self.before(g, spans))
        if isinstance(f, Plus) or not _has_conditions(f):
            return vector.value(f)
        return self.windowed(f, spans)

    def before(self, f: Formula, spans: dict[Index, Range]) -> Value:
        """A sum or a maximum over windows, or a choice, as an array of its own."""
        if isinstance(f, Chosen):
            raise NoSlices("a choice outside of a sum")
        return self.windowed(f, spans)

    def target(self, like: str, axes: Sequence[Index]) -> str:
        """The name of an array for a part of the statement: the array's own where that fits."""
        whole = [i for e in self.a.places for i in (tuple_of(e) or (e.atom,)) if i is not None]
        if self.target_free and list(axes) == whole:
            self.target_free = False
            return self.a.name
        return self.names.new(like)

    def windowed(self, f: Formula, spans: dict[Index, Range]) -> Value:
        """The array of a term that reads windows, added up in statements of its own."""
        axes = tuple(i for i in spans if i in free_indices(f))
        free = tuple(spans[i] for i in axes)
        known = next((v for g, v in self.known if same(g, f)), None)
        if known is not None:
            return known
        plan = planned(self.writer.program, tuple(map(Int.of, axes)), free, f)
        self.writer.facts |= dict.fromkeys(plan.used)
        name = self.target("highest" if isinstance(f, Max) else "total", axes)
        largest = isinstance(f, Max)
        first = self.zeros(name, free, "-inf" if largest else "")
        self.made += [first, *self.statement(name, plan, largest)]
        value = Value(Text(name), axes)
        self.known.append((f, value))
        return value

    def zeros(
        self, name: str, free: Sequence[Range], fill: str = "", integers: bool = False
    ) -> str:
        module = self.dialect.module
        shape = sequence([str(self.integers.spell(r.uppers[0] + 1)) for r in free])
        if not free:
            return f"{name} = -{module}.inf" if fill else f"{name} = 0.0"
        made = self.dialect.least(shape) if fill else self.dialect.zeros(shape, integers)
        return f"{name} = {made}"

    def statement(self, name: str, plan: Plan, largest: bool = False) -> list[str]:
        """The loops of a plan with the statement in them."""
        inside = _Slices(self, plan)
        lines, depth = inside.head()
        places = inside.places()
        value = inside.value()
        text = str(value)
        if largest:
            current = f"{name}[{places}]" if places else name
            text = str(call(f"{self.dialect.module}.maximum", current, value))
            operator = "="
        else:
            operator = "-=" if value.negative else "+="
            text = value.text if value.negative else text
        left = f"{name}[{places}]" if places else name
        return [*lines, f"{INDENT * depth}{left} {operator} {text}"]

    def picked(self, m: Max, homes: dict[Index, Range]) -> str:
        """The array of the first places at which a maximum is attained; its name."""
        known = next((v for g, v in self.known if same(g, m)), None)
        if known is not None:
            return str(known.text)
        free = tuple(homes.values())
        m = refresh(m)
        plan = planned(self.writer.program, tuple(map(Int.of, homes)), free, m)
        if [r.index for r in plan.loops] != list(m.bound):
            raise NoSlices("a maximum along whole axes")
        highest, place = self.names.new("highest"), self.names.new("place")
        inside = _Slices(self, plan)
        lines, depth = inside.head()
        here = f"[{inside.places() or ':'}]"
        where = f"{self.dialect.module}.where"
        offset = self.integers.spell(flat_place(m, m.bound))
        body = (
            f"value = {inside.value()}",
            f"better = value > {highest}{here}",
            f"{highest}{here} = {where}(better, value, {highest}{here})",
            f"{place}{here} = {where}(better, {offset}, {place}{here})",
        )
        self.made += [self.zeros(highest, free, "-inf"), self.zeros(place, free, integers=True)]
        self.made += [*lines, *(INDENT * depth + line for line in body)]
        self.known.append((m, Value(Text(place))))
        return place

    # -- values by regions -------------------------------------------------------------------------

    def boxes(self, f: Cases, spans: dict[Index, Range]) -> Value:
        """Cases by conditions on indices: the last value everywhere, then each where it holds."""
        branches = f.branches
        axes, free = tuple(spans), tuple(spans.values())
        name = self.target("cases", axes)
        self.made.append(self.zeros(name, free))
        last = Branch(branches[-1].value, TRUE)
        for b in (last, *reversed(branches[:-1])):
            body = Times(Bracket(b.condition), b.value) if b.condition != TRUE else b.value
            plan = planned(self.writer.program, tuple(map(Int.of, axes)), free, body)
            self.writer.facts |= dict.fromkeys(plan.used)
            inside = _Slices(self, plan)
            lines, depth = inside.head()
            left = f"{name}[{inside.places() or '...'}]"
            self.made += [*lines, f"{INDENT * depth}{left} = {inside.value()}"]
        return Value(Text(name), axes)


class _Slices:
    """The statement inside the loops of a plan."""

    def __init__(self, statement: _Statement, plan: Plan) -> None:
        self.statement, self.plan = statement, plan
        self.names, self.dialect = statement.names, statement.dialect
        self.integers = statement.integers
        self.spans: dict[Index, Range] = {}

    def head(self) -> tuple[list[str], int]:
        """The lines of the loops, tests and bounds, and how deep the statement stands."""
        lines: list[str] = []
        for depth, r in enumerate(self.plan.loops):
            text = f"for {self.names.index(r.index)} in {self.integers.range(r)}:"
            lines.append(f"{INDENT * depth}{text}")
        depth = len(self.plan.loops)
        if self.plan.tests:
            tests = [self.integers.condition(g) for g in self.plan.tests]
            lines.append(f"{INDENT * depth}if {self.integers.joined(tests, True)}:")
            depth += 1
        for i, r in self.plan.spans.items():
            self.spans[i] = r
            if len(r.lowers) > 1 or len(r.uppers) > 1 or i in self.plan.loose:
                lines += [INDENT * depth + line for line in self.ends(i, r)]
        return lines, depth

    def ends(self, i: Index, r: Range) -> list[str]:
        """i0 = ..., i1 = ...: the ends of a span, which is not less than empty."""
        low, _ = self.integers.span(r)
        first, last = Index(f"{i.hint}0", i.number), Index(f"{i.hint}1", i.number)
        self.spans[i] = Range(i, Int.of(first), last - 1)
        names = self.names.index(first), self.names.index(last)
        least = names[0] if len(r.lowers) > 1 else str(low)
        upper = [str(self.integers.spell(e + 1)) for e in r.uppers]
        end = upper[0] if len(upper) == 1 else f"min({', '.join(upper)})"
        return [f"{names[0]} = {low}", f"{names[1]} = max({least}, {end})"]

    def places(self) -> str:
        """Where in the target the statement adds."""
        texts = []
        for e, extent in zip(self.plan.places, self.plan.extents, strict=True):
            along = [i for i in e.indices if i in self.spans]
            if not along:
                texts.append(str(self.integers.spell(e)))
                continue
            slices = Slices(self.names, self.spans)
            assert isinstance(along[0], Index)
            texts.append(slices.slice(e, along[0], extent))
        return "" if all(t == ":" for t in texts) else ", ".join(texts)

    def value(self) -> Text:
        """What is added."""
        order = [i for e in self.plan.places for i in e.indices if i in self.spans]
        spans = {i: self.spans[i] for i in order if isinstance(i, Index)}
        spans |= self.spans
        axes = tuple(i for i in order if isinstance(i, Index))
        vector = Vector(self.names, self.dialect, spans, self.before)
        over = [i for i in spans if i not in axes]
        made = vector.contraction(flat(self.plan.body), over)
        return aligned(numeric(made, self.dialect), axes, self.dialect)

    def before(self, f: Formula) -> Value:
        """What is computed before the loops: sums over windows, and where a maximum is attained."""
        inner = f.maximum if isinstance(f, Chosen) else f
        axes = tuple(i for i in self.spans if i in free_indices(inner))
        if any(i not in axes for i in free_indices(inner)):
            raise NoSlices("a window that moves with the loops")
        homes = {i: Range(i, 0, self.home(i) - 1) for i in axes}
        if not isinstance(f, Chosen):
            return self.sliced(str(self.statement.windowed(refresh(f), homes).text), axes)
        if any(i in self.spans for e in f.at for i in e.indices):
            raise NoSlices("a choice at several places")
        read = self.sliced(self.statement.picked(f.maximum, homes), axes)
        place = self.integers.spell(flat_place(f.maximum, f.at))
        return Value(Text(f"{read.text} == {place}", Strength.COMPARISON), axes, truth=True)

    def sliced(self, array: str, axes: Sequence[Index]) -> Value:
        """The part of an array over full axes that the spans here cover."""
        slices = Slices(self.names, self.spans)
        texts = tuple(slices.slice(Int.of(i), i, self.home(i)) for i in axes)
        if all(t == ":" for t in texts):
            return Value(Text(array), tuple(axes))
        return Value(Text(f"{array}[{', '.join(texts)}]"), tuple(axes), places=texts)

    def home(self, i: Index) -> Int:
        """The extent of an axis along which an index stands alone."""
        for g in subformulas(self.plan.body):
            entries = (g.of, g.by) if isinstance(g, Derivative) else (g,)
            for c in entries:
                if isinstance(c, Component):
                    for e, d in zip(c.indices, c.tensor.shape, strict=True):
                        if e - c.tensor.base == Int.of(i):
                            return d
        raise NoSlices("an index without an axis of its own")


def flat_place(m: Max, at: Sequence[IntLike]) -> Int:
    """The position of an offset among all offsets of a window, row-major."""
    place = Int.of(0)
    for e, r in zip(at, m.ranges, strict=True):
        place = place * (r.uppers[0] + 1) + e
    return place


def _by_place(f: Cases) -> bool:
    """Whether the cases are by conditions on indices."""
    return any(not isinstance(g, Compare) for b in f.branches for g in conjuncts(b.condition))


def _has_conditions(f: Formula) -> bool:
    """Whether a product has conditions on indices, or reads the place of a maximum."""
    return any(
        isinstance(g, Chosen)
        or (
            isinstance(g, Bracket)
            and any(not isinstance(c, Compare) for c in conjuncts(g.condition))
        )
        for g in flat(f)
    )


def _atom(text: str) -> str:
    return text if text.replace("_", "a").isalnum() or text.endswith(")") else f"({text})"
