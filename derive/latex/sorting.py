"""What the clauses of a text are: claims, definitions, ranges of indices, conditions."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from derive.latex.binders import is_name
from derive.latex.clauses import Clause
from derive.latex.dots import DOTS, set_bounds
from derive.latex.integers import refuse
from derive.latex.scope import Scope
from derive.latex.symbols import Symbols
from derive.latex.tree import (
    Call,
    Dots,
    Factors,
    Group,
    Listed,
    Node,
    Numeral,
    Scripted,
    Styled,
    Terms,
    letters_of,
    spell,
)


@dataclass
class Sorted:
    """The clauses of a text by what they are.

    `ranges` are names with their first and last value; `indices` are names of indices that
    ranges and definitions mention.
    """

    claims: list[tuple[Clause, list[Clause]]] = field(default_factory=list)
    definitions: list[Clause] = field(default_factory=list)
    ranges: list[tuple[Node, Node, Node]] = field(default_factory=list)
    indices: list[Node] = field(default_factory=list)

    @staticmethod
    def left(node: Node) -> tuple[Node, tuple[Node, ...]]:
        """The name and the indices on the left side of a definition."""
        if isinstance(node, Call) and isinstance(node.argument, Group):
            body = node.argument.body
            return letters_of(node.name), body.items if isinstance(body, Listed) else (body,)
        if isinstance(node, Factors) and isinstance(node.factors[-1][1], Group):
            group = node.factors[-1][1]
            first = node.factors[:-1]
            name = first[0][1] if len(first) == 1 else replace(node, factors=first)
            body = group.body
            return name, body.items if isinstance(body, Listed) else (body,)
        if isinstance(node, Scripted) and node.below is not None and is_indices(node.below):
            below = node.below
            items = below.items if isinstance(below, Listed) else (below,)
            name = replace(node, below=None)
            return (name.base if name.above is None and not name.primes else name), items
        return node, ()


def is_indices(node: Node) -> bool:
    items = node.items if isinstance(node, Listed) else (node,)
    return all(is_name(i) and len(spell(i)) < 8 for i in items)


def sort(clauses: list[Clause], symbols: Symbols) -> Sorted:
    """The clauses by what they are, each condition with the claims that it restricts."""
    return _Sorter(symbols).sort(clauses)


class _Sorter:
    def __init__(self, symbols: Symbols) -> None:
        self.scope = Scope(symbols)
        self.scope.whole = True
        self.made = Sorted()
        self.open: list[list[Clause]] = []
        self.early: list[Clause] = []
        self.closed = False

    def sort(self, clauses: list[Clause]) -> Sorted:
        rest = list(clauses)
        waiting: list[Clause] = []
        while rest:
            clause = rest.pop(0)
            if not clause.relations:
                waiting = self.lone(clause, waiting, rest)
                continue
            if self.is_range(clause, rest):
                self.range(clause, [w.node for w in waiting], rest)
            elif self.is_condition(clause):
                self.condition(clause)
            elif self.is_definition(clause):
                self.definition(clause)
            else:
                self.claim(clause)
            waiting = []
        return self.made

    def lone(self, clause: Clause, waiting: list[Clause], rest: list[Clause]) -> list[Clause]:
        """A name waits for the range that follows; a formula that nothing is said of is left."""
        more = any(c.relations for c in rest)
        if is_name(clause.node) and more:
            return [*waiting, clause]
        if self.made.claims and not clause.attached:
            refuse(clause.node, "a relation", f"“{spell(clause.node)}”")
        return waiting

    # -- ranges ------------------------------------------------------------------------------------

    def is_range(self, clause: Clause, rest: list[Clause]) -> bool:
        """`i = 1..3`, `i = 1, \\dots, n`, `i = \\overline{1,n}`, `i \\in \\{1, ..., n\\}`."""
        names = self.names(clause.node)
        if len(clause.parts) == 3 and set(clause.relations) <= {"<=", "<"}:
            return all(map(self.is_index, self.names(clause.parts[1].node))) and bool(
                self.made.claims or clause.attached
            )
        if len(clause.parts) != 2 or not names or not all(map(self.is_index, names)):
            return False
        right = clause.parts[1].node
        if clause.relations == ("in",):
            return bool(self.made.claims) or clause.attached
        dotted = dots_at(rest) is not None
        return clause.relations == ("=",) and (self.bounds(right) is not None or dotted)

    @staticmethod
    def names(node: Node) -> list[Node]:
        """A name, or those in `(i, j)`."""
        if isinstance(node, Group) and node.open == "(" and isinstance(node.body, Listed):
            node = node.body
        items = list(node.items) if isinstance(node, Listed) else [node]
        return items if all(map(is_name, items)) else []

    def is_index(self, name: Node) -> bool:
        """Whether a name is that of an index: declared as one, or not at all."""
        found = self.scope.symbols.table.get(name)
        return (
            name in self.made.indices
            or found is None
            or (spell(name) in self.scope.symbols.indices)
        )

    @staticmethod
    def bounds(node: Node) -> tuple[Node, Node] | None:
        """The bounds in `1..n`, `\\overline{1,n}`, `\\{1, \\dots, n\\}`."""
        if isinstance(node, Dots):
            return node.first, node.last
        over = node.body if isinstance(node, Styled) and node.command == "\\overline" else None
        if isinstance(over, Listed) and len(over.items) == 2:
            return over.items[0], over.items[1]
        return None

    def range(self, clause: Clause, names: list[Node], rest: list[Clause]) -> None:
        if len(clause.parts) == 3:
            first, middle, last = (p.node for p in clause.parts)
            strict = [r == "<" for r in clause.relations]
            if any(strict):
                self.note_indices(self.names(middle))
                return self.condition(clause)
            return self.enter([*names, *self.names(middle)], first, last)
        right = clause.parts[1].node
        names = [*names, *self.names(clause.node)]
        bounds = self.bounds(right)
        if bounds is None and clause.relations == ("in",):
            bounds = set_bounds(right)
        if bounds is None:
            del rest[: (dots_at(rest) or 0) + 1]
            if not rest or rest[0].relations:
                refuse(right, "the last value after \\dots", "none")
            bounds = right, rest.pop(0).node
        return self.enter(names, *bounds)

    def enter(self, names: list[Node], first: Node, last: Node) -> None:
        self.note_indices(names)
        self.made.ranges += [(name, first, last) for name in names]

    def note_indices(self, names: list[Node]) -> None:
        self.made.indices += [n for n in names if n not in self.made.indices]

    # -- the others --------------------------------------------------------------------------------

    def is_condition(self, clause: Clause) -> bool:
        """Whether a clause restricts claims: "if ...", or an inequality behind an equation."""
        if clause.conditional:
            return True
        if "=" in clause.relations:
            return False
        return clause.attached or bool(self.made.claims)

    def condition(self, clause: Clause) -> None:
        if not self.open:
            self.early.append(clause)
        for conditions in self.open:
            conditions.append(clause)
        self.closed = True

    def is_definition(self, clause: Clause) -> bool:
        """A lone index or an undeclared name, said to be equal to something, behind a claim."""
        if len(clause.parts) != 2 or clause.relations != ("=",):
            return False
        behind = bool(self.made.claims) or clause.defining or clause.attached
        behind = behind or bool({"let", "define", "denote", "set"} & set(clause.words))
        if not behind:
            return False
        name, indices = self.made.left(clause.node)
        if not is_name(name) and not isinstance(name, (Scripted, Factors)):
            return False
        if indices and not all(map(self.is_index, indices)):
            return False
        if isinstance(name, Factors) and len(self.scope.joined(name)) > 1 and not indices:
            return False
        return self.is_new(clause.node) and self.is_new(name)

    def is_new(self, name: Node) -> bool:
        """Whether nothing declares a name."""
        if spell(name) in self.scope.symbols.indices:
            return True
        if isinstance(name, Factors):
            return all(self.scope.symbols.table.get(f) is None for _, f in name.factors[:1])
        return self.scope.find(name) is None

    def definition(self, clause: Clause) -> None:
        name, indices = self.made.left(clause.node)
        if not indices and is_name(name):
            self.note_indices([clause.node])
        self.made.definitions.append(clause)

    def claim(self, clause: Clause) -> None:
        if self.closed:
            self.open, self.closed = [], False
        conditions = list(self.early)
        self.open.append(conditions)
        self.made.claims.append((clause, conditions))


def dots_at(rest: list[Clause]) -> int | None:
    """Where the dots of `1, 2, \\dots, n` stand behind the first value; None without any."""
    for k, clause in enumerate(rest[:3]):
        if clause.node == DOTS and not clause.relations:
            return k
        if clause.relations or not isinstance(clause.node, (Numeral, Terms)):
            return None
    return None
