"""Reading what a text claims: chains of equations between numbers, entries or whole arrays."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from sympy import Basic

from derive.ir import (
    ONE,
    Formula,
    Guard,
    Index,
    Int,
    Range,
    free_indices,
    substitute,
)
from derive.latex.agreement import are_entries, equally_many_axes
from derive.latex.array import Array, Extent, Value
from derive.latex.binders import Bounds, refuse_huge
from derive.latex.clauses import Clause, Clauses, Part
from derive.latex.einstein import implied_sums
from derive.latex.error import Misfit, ReadError
from derive.latex.formulas import Formulas
from derive.latex.parameters import at_any_argument
from derive.latex.ranges import bounds_of_axes, bounds_solved, free_ranges
from derive.latex.rearranged import shaped_like
from derive.latex.sorting import Sorted, sort
from derive.latex.symbols import Abbreviation, Symbols
from derive.latex.tree import Call, Chain, Factors, Node, spell, terms_of


@dataclass(frozen=True)
class Side:
    """One side of a relation: `formula` is the entry at `axes` of an array of that `shape`.

    A number, or an entry with free indices, has no axes.  `row` says that a vector is written as
    a row.  The side stands in source[start:end].
    """

    formula: Formula
    axes: tuple[Index, ...]
    shape: tuple[Int, ...]
    start: int
    end: int
    row: bool = False


@dataclass(frozen=True)
class Claim:
    """sides[k] relations[k] sides[k + 1], for all free indices in `ranges` where `conditions` hold.

    `readings` says how notation with several meanings was taken, `assumed` what the sides take for
    granted of sizes: that m/k in an index is a whole number.  Where derivatives of arrays by arrays
    of their shape are read as their diagonals, these `jacobians` have to be diagonal; `plain` is
    the claim that is meant where they are not, or why there is none.
    """

    sides: tuple[Side, ...]
    relations: tuple[str, ...]
    ranges: tuple[Range, ...]
    conditions: tuple[Guard, ...]
    start: int
    end: int
    readings: tuple[str, ...] = ()
    assumed: tuple[Guard, ...] = ()
    jacobians: tuple[Array, ...] = ()
    plain: Claim | Misfit | None = None


@dataclass(frozen=True)
class Defined:
    """A name that the text itself defines: `value` is its entry at `indices`.

    A `called` one has its indices in brackets: `f(i,j) = ...`.  The value is an Int for an index
    (`k = (c-1)HW + ...`), which stands for it in every formula.
    """

    name: str
    indices: tuple[Index, ...]
    shape: tuple[Int, ...]
    value: Formula | Int
    start: int
    end: int
    called: bool = False

    def add_to(self, symbols: Symbols) -> Symbols:
        """The table of symbols with this name in it, for what follows in a document."""
        if isinstance(self.value, Int):
            return symbols
        made = Abbreviation(self.value, self.indices, self.shape, self.called)
        return replace(symbols, abbreviations={**symbols.abbreviations, self.name: made})


def read_claims(source: str, symbols: Symbols) -> tuple[Claim | Defined, ...]:
    """What a text claims and defines, in its order.

    Raises ReadError where it cannot be read, UndefinedName at a symbol that nothing declares, and
    Misfit where arrays do not go together.
    """
    try:
        clauses = Clauses(source)
        found = clauses.all()
        reading = Reading(source, symbols, sort(found, symbols))
        return reading.all(clauses.remarks)
    except ReadError as error:
        raise error.within(source) from None
    except RecursionError:
        raise ReadError(0, "a formula of reasonable depth", "a deeper one").within(source) from None


class ClaimReader(Formulas):
    """Reads whole arrays; an index without a range runs as far as all its axes allow."""

    def __init__(self, symbols: Symbols) -> None:
        super().__init__(symbols, whole=True)
        self.stated: dict[Index, Range] = {}
        self.seen: dict[Index, tuple[Bounds, Bounds]] = {}

    @property
    def known(self) -> int:
        """How much is known of indices."""
        return len(self.indices) + len(self.seen) + len(self.spans)

    def implied(self, index: Index, where: Iterable[Basic], name: Node) -> tuple[Bounds, Bounds]:
        """Those of the axes that it stands on, or stated, or had elsewhere."""
        where = tuple(where)
        found = bounds_of_axes(index, where)
        told = self.stated.get(index)
        if found is None and told is not None:
            found = told.lowers, told.uppers
        found = found or bounds_solved(index, where)
        if found is not None:
            self.seen[index] = found
        found = found or self.seen.get(index)
        if found is None:
            raise ReadError(name.position, f"a range for {spell(name)}", "no axis of its own")
        if len(found[1]) > 1:
            self.note(f"{spell(name)} stands on axes of different extents")
        return found


@dataclass
class Reading:
    """Reads the sorted clauses of one text."""

    source: str
    symbols: Symbols
    sorted: Sorted
    integers: dict[Index, Int] = field(default_factory=dict)
    had: dict[Index, Range] = field(default_factory=dict)

    def all(self, remarks: list[str]) -> tuple[Claim | Defined, ...]:
        self.reader = ClaimReader(self.symbols)
        for remark in remarks:
            self.reader.note(f"“{remark}” is a remark")
        for name in self.sorted.indices:
            self.reader.indices.setdefault(name, Index(spell(name)))
        made: list[tuple[int, Claim | Defined]] = []
        for stated in self.sorted.ranges:
            self.range(stated)
        for clause in self.sorted.definitions:
            made.append((clause.start, self.definition(clause)))
        for clause, conditions in self.sorted.claims:
            made.append((clause.start, self.claim(clause, conditions)))
        return tuple(found for _, found in sorted(made, key=lambda m: m[0]))

    # -- ranges and definitions --------------------------------------------------------------------

    def range(self, stated: tuple[Node, Node, Node]) -> None:
        name, first, last = stated
        index = self.reader.indices.setdefault(name, Index(spell(name)))
        lower, upper = self.reader.bound("max", first), self.reader.bound("min", last)
        refuse_huge((lower, upper), name)
        self.reader.stated[index] = self.reader.spans[index] = Range(index, lower, upper)

    def definition(self, clause: Clause) -> Defined:
        """An index that is an integer expression, or a name that stands for a formula."""
        left, right = clause.parts
        name, indices = self.sorted.left(left.node)
        index = None if indices else self.reader.indices.get(left.node)
        integer = None if index is None else self.integer(right.node)
        if index is not None and integer is not None:
            self.integers[index] = integer
            return Defined(spell(name), (), (), integer, clause.start, clause.end)
        self.reader.indices.pop(left.node, None)
        for i in indices:
            self.reader.indices.setdefault(i, Index(spell(i)))
        value_ = self.reader.value(right.node)
        at = tuple(self.reader.indices[i] for i in indices)
        formula, shape = self.abbreviation(value_, at, right)
        if isinstance(value_, Array):
            at = (*at, *value_.axes)
        called = isinstance(left.node, (Call, Factors)) and bool(indices)
        made = Defined(spell(name), at, shape, formula, clause.start, clause.end, called)
        self.symbols = made.add_to(self.symbols)
        self.reader = self.with_symbols(self.symbols)
        return made

    def with_symbols(self, symbols: Symbols) -> ClaimReader:
        """A reader like this one with other symbols."""
        made = ClaimReader(symbols)
        made.indices |= self.reader.indices
        made.readings |= self.reader.readings
        made.stated = self.reader.stated
        return made

    def integer(self, node: Node) -> Int | None:
        """The integer expression that a node is, in which new letters are indices."""
        with self.reader.expecting(creating=True, powers=True):
            ratio = self.reader.ratio(node)
        if ratio is None or ratio.below != ONE:
            self.reader.not_ratios.clear()
            return None
        return substitute(ratio.above, self.integers)

    def abbreviation(
        self, value: Value, at: tuple[Index, ...], right: Part
    ) -> tuple[Formula, tuple[Int, ...]]:
        formula = value.formula if isinstance(value, Array) else value
        ranges = free_ranges(at, self.reader.stated, [formula], right.start)
        extents = {r.index: r.uppers[0] - r.lowers[0] + 1 for r in ranges}
        shape = [extents[i] for i in at]
        for extent in value.shape if isinstance(value, Array) else ():
            if extent is None:
                raise ReadError(right.start, "an array of known shape", "one that fits every shape")
            shape.append(extent)
        return formula, tuple(shape)

    # -- claims ------------------------------------------------------------------------------------

    def claim(self, clause: Clause, conditions: list[Clause]) -> Claim:
        symbols = at_any_argument(clause, self.symbols)
        if symbols is self.symbols:
            return self.either(clause, conditions)
        before, self.reader = self.reader, self.with_symbols(symbols)
        try:
            return self.either(clause, conditions)
        finally:
            self.reader = before

    def either(self, clause: Clause, conditions: list[Clause]) -> Claim:
        r"""A claim; as in `\partial c_t/\partial c_{t-1} = f_t`, a Jacobian may be its diagonal."""
        plain: Claim | Misfit
        self.reader.jacobians.clear()
        try:
            plain = self.read_claim(clause, conditions)
        except Misfit as problem:
            plain = problem
        agree = isinstance(plain, Claim) and len({len(s.axes) for s in plain.sides}) == 1
        jacobians = tuple(self.reader.jacobians)
        if jacobians and not agree:
            self.reader.entrywise = True
            with suppress(ReadError):
                other = self.read_claim(clause, conditions)
                plain = replace(other, jacobians=jacobians, plain=plain)
            self.reader.entrywise = False
        if isinstance(plain, Misfit):
            raise plain
        return plain

    def read_claim(self, clause: Clause, conditions: list[Clause]) -> Claim:
        self.reader.needed.clear()
        self.reader.assumed.clear()
        self.reader.spans = dict(self.reader.stated)
        values = self.values(clause)
        guards = (*(self.guard(c) for c in conditions), *dict.fromkeys(self.reader.needed))
        if self.symbols.einstein:
            values = implied_sums(values, self.reader.stated)
        sides = self.sides(clause, values)
        if self.integers:
            sides = [replace(s, formula=substitute(s.formula, self.integers)) for s in sides]
            guards = tuple(substitute(g, self.integers) for g in guards)
        where: list[Basic] = [s.formula for s in sides]
        axes = {i for s in sides for i in s.axes}
        free = [
            i
            for i in sorted(
                frozenset().union(*map(free_indices, (*where, *guards))),
                key=lambda i: (i.hint, i.number),
            )
            if i not in axes
        ]
        ranges = self.ranges(free, where, clause.start)
        return Claim(
            tuple(sides),
            clause.relations,
            ranges,
            guards,
            clause.start,
            clause.end,
            tuple(self.reader.readings),
            tuple(dict.fromkeys(self.reader.assumed)),
        )

    def ranges(self, free: list[Index], where: list[Basic], at: int) -> tuple[Range, ...]:
        """The ranges of free indices: what their axes allow, else what they had in other claims."""
        stated = self.reader.stated
        try:
            made = free_ranges(free, stated, where, at)
        except ReadError:
            known = self.reader.spans | self.had | stated
            made = free_ranges(free, known, where, at)
        self.had |= {r.index: r for r in made}
        return made

    def values(self, clause: Clause) -> list[Value]:
        """The sides.

        In Σ_{i<j} both indices are bound where a side of the equation does not have the second.
        """
        self.reader.compared.clear()
        self.reader.choices.clear()
        self.reader.letters.clear()
        self.reader.pairs = frozenset()
        values = self.read(clause)
        if self.reader.letters:
            for name in self.reader.letters:
                self.reader.note(f"{spell(name)} is an index here, and not the size of that name")
                self.reader.shadowing[name] = Index(spell(name))
            self.reader.not_ratios.clear()
            values = self.read(clause)
        values = self.agreeing(clause, values)
        names = [n for n in self.reader.compared if n in self.reader.indices]
        free = [free_indices(v.formula if isinstance(v, Array) else v) for v in values]
        both = [n for n in names if any(self.reader.indices[n] not in f for f in free)]
        if both:
            self.reader.pairs = frozenset(both)
            self.reader.not_ratios.clear()
            for name in both:
                self.reader.note(f"a sum such as Σ_(i<{spell(name)}) is over both indices")
                del self.reader.indices[name]
            values = self.read(clause)
        return values

    def agreeing(self, clause: Clause, values: list[Value]) -> list[Value]:
        """The sides, some notation taken in another way where they have different ranks."""
        for choice in [] if equally_many_axes(values) else list(self.reader.choices):
            self.reader.choices[choice] = True
            self.reader.not_ratios.clear()
            try:
                others = self.read(clause)
            except ReadError:
                others = values
            if equally_many_axes(others) or are_entries(others):
                return others
            self.reader.choices[choice] = False
        return values

    def read(self, clause: Clause) -> list[Value]:
        """The sides; where a later part says what an index is, they are read again."""
        before = self.reader.known
        try:
            return [self.reader.value(p.node) for p in clause.parts]
        except ReadError:
            for part in clause.parts:
                for term in terms_of(part.node):
                    self.try_to_read(term)
            if self.reader.known == before:
                raise
            self.reader.not_ratios.clear()
            return [self.reader.value(p.node) for p in clause.parts]

    def try_to_read(self, node: Node) -> None:
        """Read a part for the sake of its indices."""
        try:
            self.reader.value(node)
        except ReadError:
            return

    def guard(self, clause: Clause) -> Guard:
        links = zip(clause.relations, (p.node for p in clause.parts[1:]), strict=True)
        chain = Chain(clause.node, tuple(links), position=clause.start)
        return self.reader.bracketed(chain)

    def sides(self, clause: Clause, values: list[Value]) -> list[Side]:
        """The sides with all extents known: those that fit everything are as in another side."""
        ranked = [v for v in values if isinstance(v, Array)]
        values = [shaped_like(v, ranked) if isinstance(v, Array) and v.open else v for v in values]
        made = []
        for value, part in zip(values, clause.parts, strict=True):
            if not isinstance(value, Array):
                made.append(Side(value, (), (), part.start, part.end))
                continue
            shape = tuple(self.extent(value, k, ranked, part) for k in range(value.rank))
            side = Side(value.formula, value.axes, shape, part.start, part.end, value.row)
            made.append(side)
        return made

    def extent(self, value: Array, axis: int, others: list[Array], part: Part) -> Int:
        known: list[Extent] = [value.shape[axis]]
        known += [o.shape[axis] for o in others if o.rank == value.rank]
        found = next((e for e in known if e is not None), None)
        if found is None:
            raise ReadError(part.start, "an array of known shape", "one that fits every shape")
        return found
