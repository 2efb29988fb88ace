"""Arrays and distinctions of cases that are written out entry by entry."""

from __future__ import annotations

from derive.ir import (
    ONE,
    TRUE,
    Branch,
    Cases,
    Delta,
    Equal,
    Guard,
    Int,
    Number,
    Or,
    conjunction,
    free_indices,
    substitute,
)
from derive.latex.array import Array, Value, multiplied, new_axes, transpose, zipped
from derive.latex.dots import DOTS, DOWN, STEP, going_on, span
from derive.latex.error import ReadError
from derive.latex.integers import opposite, refuse
from derive.latex.operations import diag
from derive.latex.products import Products
from derive.latex.tree import (
    Chain,
    Factors,
    Group,
    Listed,
    Logic,
    Node,
    Numeral,
    Table,
    Word,
    nodes,
    product_of,
    spell,
)

OTHERWISE = ("otherwise", "else", "o.w", "other", "elsewhere")
ZERO = Numeral("0", position=0)
RELATED = (Chain, Logic, Word)


class Written(Products):
    """Reads tables and lists."""

    def table(self, node: Table) -> Value:
        if node.name in ("cases", "dcases", "rcases") or is_cases(node):
            return self.cases(node)
        return self.matrix(node)

    def cases(self, node: Table) -> Value:
        values: list[Value] = []
        conditions: list[Guard] = []
        for row in node.rows:
            if len(row) != 2:
                refuse(row[0], "a value & a condition", f"{len(row)} columns")
            bare = row[1].body if isinstance(row[1], Group) else row[1]
            last = isinstance(bare, Word) and bare.text.rstrip(".") in OTHERWISE
            conditions.append(TRUE if last else self.bracketed(row[1]))
            values.append(self.value(row[0]))
        if conditions[-1] != TRUE:
            self.exhaust(conditions, node)
        with self.fitting(node):
            return zipped(
                values,
                lambda f: Cases(*(Branch(v, c) for v, c in zip(f, conditions, strict=True))),
            )

    def exhaust(self, conditions: list[Guard], node: Table) -> None:
        """The last case is for all that is left, where nothing is left or nothing is said of it."""
        if len(conditions) > 2 or not opposite(conditions[0], conditions[-1]):
            if not self.whole or self.inside:
                refuse(node.rows[-1][1], "\\text{otherwise} in the last line", "a condition")
            self.needed.append(Or(*conditions))
        conditions[-1] = TRUE

    def matrix(self, node: Table) -> Value:
        """Entries that are written out; a single column is a vector, a single row a row."""
        if not self.whole:
            refuse(node, "cases", node.name)
        with_dots = self.going_on(node)
        if with_dots is not None:
            return with_dots
        base, width = self.symbols.base, len(node.rows[0])
        for row in node.rows:
            if len(row) != width:
                refuse(row[0], f"{width} columns", f"{len(row)}")
        i, j = new_axes(2)
        entries = [
            Branch(self.formula(cell), conjunction(Equal(i, base + r), Equal(j, base + c)))
            for r, row in enumerate(node.rows)
            for c, cell in enumerate(row)
        ]
        whole = Array(
            Cases(*entries[:-1], Branch(entries[-1].value, TRUE)),
            (i, j),
            (ONE * len(node.rows), ONE * width),
            base,
        )
        if width == 1 and len(node.rows) > 1:
            return Array(whole.at(i, base), (i,), whole.shape[:1], base)
        if len(node.rows) == 1 and width > 1:
            return Array(whole.at(base, j), (j,), whole.shape[1:], base, row=True)
        return whole

    def lone_entry(self, node: Node) -> Array:
        """The column with zeros above and below an entry: it stands at the index that it has."""
        formula = self.formula(node)
        free = free_indices(formula)
        known = [n for n in nodes(node) if self.indices.get(n) in free]
        if not known:
            refuse(node, "an entry with the index of its place", f"“{spell(node)}”")
        name = min(known, key=lambda n: n.position)
        (k,) = new_axes(1)
        self.note(f"the entry between zeros is the one at {spell(name)}")
        place = Delta(k, self.indices[name])
        return Array(multiplied([place, formula]), (k,), (None,), self.symbols.base)

    def going_on(self, node: Table) -> Value | None:
        """A column, a diagonal matrix or a matrix with dots in it."""
        at = node.position
        cells = [c for row in node.rows for c in row]
        if DOTS not in cells:
            return None
        lone = [c for c in cells if c not in (DOTS, ZERO)]
        if len(lone) == 1 and len(cells) == len(node.rows) > 3:
            return self.lone_entry(lone[0])
        if len(node.rows) == 1 or all(len(row) == 1 for row in node.rows):
            column = self.listed(Group("(", Listed(tuple(cells), position=at), position=at))
            return transpose(column) if column and len(node.rows) == 1 else column
        first, last = node.rows[0], node.rows[-1]
        corners = first[0], first[-1], last[0], last[-1]
        if corners[1] == corners[2] == ZERO:
            diagonal = Listed((corners[0], DOTS, corners[3]), position=at)
            return diag(self.listed(Group("(", diagonal, position=at)) or Number(0))
        ends = ((corners[0], corners[1]), (corners[2], corners[3]))
        if any(span(a, b, self.steps) is None for a, b in ends):
            refuse(node, "corners of a matrix that differ in an index", "others")
        (top, columns), (bottom, _) = (going_on(a, b, self.steps) for a, b in ends)
        with self.binding([STEP, DOWN]):
            if span(top, bottom, self.steps) is None:
                refuse(node, "rows of a matrix that differ in an index", "others")
            entry, rows = going_on(top, bottom, self.steps, DOWN)
            right, down = self.indices[STEP], self.indices[DOWN]
            formula = self.formula(entry)
        i, j = new_axes(2)
        base = self.symbols.base
        shape = (self.index(rows) + 1, self.index(columns) + 1)
        return Array(substitute(formula, {down: i - base, right: j - base}), (i, j), shape, base)

    def listed(self, node: Node) -> Array | None:
        """The column of the entries in `(a, b, c)` or `(a_1, \\dots, a_n)`."""
        body = node.body if isinstance(node, Group) else None
        if not self.whole or not isinstance(body, Listed):
            return None
        base = self.symbols.base
        (i,) = new_axes(1)
        if DOTS not in body.items:
            parts = [Branch(self.formula(e), Equal(i, base + k)) for k, e in enumerate(body.items)]
            return Array(
                Cases(*parts[:-1], Branch(parts[-1].value, TRUE)), (i,), (ONE * len(parts),), base
            )
        first, last = body.items[0], body.items[-1]
        if body.items.index(DOTS) != len(body.items) - 2 or span(first, last, self.steps) is None:
            refuse(node, "entries before and after the dots that differ in an index", "others")
        entry, number = going_on(first, last, self.steps)
        with self.binding([STEP]):
            step = self.indices[STEP]
            formula = self.formula(entry)
        shape = (self.index(number) + 1,)
        return Array(substitute(formula, {step: i - base}), (i,), shape, base)

    def shape(self, node: Node) -> Array:
        """`[N \\times C]`: what stands between the crosses, one behind the other."""
        assert isinstance(node, Factors)
        parts: list[list[tuple[str, Node]]] = [[]]
        for operator, factor in node.factors:
            if operator == "\\times":
                parts.append([])
            parts[-1].append(("" if operator == "\\times" else operator, factor))
        (k,), base = new_axes(1), self.symbols.base
        extents = [self.formula(product_of(part)) for part in parts]
        branches = [Branch(e, Equal(k, base + n)) for n, e in enumerate(extents[:-1])]
        whole = Cases(*branches, Branch(extents[-1], TRUE))
        return Array(whole, (k,), (ONE * len(extents),), base)

    def steps(self, first: Node, last: Node) -> Int | None:
        """How many steps lead from one index to another."""
        try:
            return self.index(last) - self.index(first)
        except ReadError:
            return None


def is_shape(node: Node) -> bool:
    """Extents with crosses between them."""
    return isinstance(node, Factors) and any(mark == "\\times" for mark, _ in node.factors)


def is_cases(node: Table) -> bool:
    """Whether an array is a distinction of cases: conditions in the second of two columns."""
    conditions = [row[1] if len(row) == 2 else None for row in node.rows]
    bare = [c.body if isinstance(c, Group) else c for c in conditions]
    return node.name == "array" and all(isinstance(c, RELATED) for c in bare)
