r"""What symbols some formulas use, and what that suggests: how many indices, how far they run.

Nothing is declared here: a person completes what `derive init` drafts from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import prod

from derive.errors import InputError
from derive.latex.clauses import Clause, Clauses
from derive.latex.scope import NO_INDEX
from derive.latex.tree import (
    Big,
    Chain,
    Dots,
    Factors,
    Fraction,
    Group,
    Listed,
    Node,
    Numeral,
    Scripted,
    Styled,
    Symbol,
    Terms,
    Word,
    spell,
)

LABELS = frozenset(
    "in out max min pad col row new old hid emb batch pool conv top src ref tot true pred".split()
)
"""Subscripts of several letters that are words, not indices side by side."""

TIMES = frozenset((r"\ell", "L", "t", "T"))
"""Subscripts that mostly number layers or times: part of the name."""

FUNCTIONS = frozenset(("f", "g", "h", r"\phi", r"\psi", r"\sigma", r"\rho", r"\varphi"))


Reach = tuple[tuple[int, str, str], ...]
"""A sum: factor, index ("" for a number), and the upper bound of the index where it has one."""


@dataclass
class Seen:
    """How a name was used: for each number of indices, how often; and what stood on each axis.

    `bounds` are upper bounds of the index there, `letters` the lone indices, `largest` the largest
    number, `reaches` what stands there as a sum of indices.
    """

    ranks: Counter[int] = field(default_factory=Counter)
    bounds: dict[int, Counter[str]] = field(default_factory=dict)
    letters: dict[int, Counter[str]] = field(default_factory=dict)
    largest: dict[int, int] = field(default_factory=dict)
    reaches: dict[int, list[Reach]] = field(default_factory=dict)

    @property
    def rank(self) -> int:
        """The number of indices that it has: the largest, for an example of a batch has fewer."""
        return max(self.ranks, default=0)


@dataclass
class Survey:
    """The names in some formulas, in the order in which they appear.

    `ranges` has the last values of each index, `firsts` the first ones; `tops` are the L of ∂L/∂x.
    `definitions` has the first equation for each name, `lefts` the indices on its left side,
    `stated` the last values that the text has for them behind it; `latest` is the last one defined.
    """

    names: dict[str, Seen] = field(default_factory=dict)
    ranges: dict[str, Counter[str]] = field(default_factory=dict)
    firsts: Counter[str] = field(default_factory=Counter)
    indices: dict[str, None] = field(default_factory=dict)
    functions: dict[str, None] = field(default_factory=dict)
    tops: dict[str, None] = field(default_factory=dict)
    definitions: dict[str, str] = field(default_factory=dict)
    lefts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    stated: dict[str, dict[str, str]] = field(default_factory=dict)
    latest: str = ""
    sizes: dict[str, None] = field(default_factory=dict)

    def add(self, source: str) -> None:
        """Takes what a formula says; nothing where it cannot be parsed."""
        try:
            clauses = Clauses(source).all()
        except (InputError, RecursionError):
            return
        ranged = [self.range(clause, clauses[k + 1 :]) for k, clause in enumerate(clauses)]
        for clause, is_range in zip(clauses, ranged, strict=True):
            if not is_range:
                self.clause(clause, source)

    def range(self, clause: Clause, behind: list[Clause]) -> bool:
        """Whether a clause says where an index runs, as `n = \\overline{1, 64}` does."""
        if clause.relations != ("=",) or not _is_index(clause.node):
            return False
        right = clause.parts[1].node
        first: Node | None = None
        last: Node | None = None
        if isinstance(right, Styled) and right.command == r"\overline":
            ends = right.body.items if isinstance(right.body, Listed) else ()
            first, last = (ends[0], ends[-1]) if len(ends) > 1 else (None, None)
        elif isinstance(right, Dots):
            first, last = right.first, right.last
        elif len(behind) > 1 and spell(behind[0].node) == r"\dots":
            first, last = right, behind[1].node
        if first is None or last is None:
            return False
        self.bound(clause.node, first, last)
        if self.latest and spell(clause.node) in self.lefts[self.latest]:
            self.stated[self.latest].setdefault(spell(clause.node), spell(last))
        return True

    def bound(self, index: Node, first: Node, last: Node) -> None:
        self.firsts[spell(first)] += 1
        self.ranges.setdefault(spell(index), Counter())[spell(last)] += 1

    def clause(self, clause: Clause, source: str) -> None:
        left = clause.node
        if clause.relations[:1] == ("=",) and not clause.words:
            name, indices = _name_of(left)
            text = source[clause.start : clause.parts[1].end]
            new = name and name not in self.definitions and r"\partial" not in text
            if new and all(map(_is_index, indices)) and len({*map(spell, indices)}) == len(indices):
                self.definitions[name] = text
                self.lefts[name] = tuple(map(spell, indices))
                self.stated[name] = {}
                self.latest = name
                if not indices and self.counts(clause.parts[1].node):
                    self.sizes.setdefault(name, None)
        if clause.relations or not _name_of(left)[0]:
            for part in clause.parts:
                self.visit(part.node, {})

    def counts(self, node: Node) -> bool:
        """Whether a formula is one of sizes, such as `(I - K) / S + 1`: it takes their names."""
        leaves = list(_leaves(node))
        names = [_name_of(leaf) for leaf in leaves if not isinstance(leaf, Numeral)]
        if len(names) == len(leaves) or any(not name or indices for name, indices in names):
            return False
        self.sizes |= dict.fromkeys(name for name, _ in names)
        return True

    # -- walking -----------------------------------------------------------------------------------

    def visit(self, node: Node, bound: dict[str, str]) -> None:
        """Takes the names in a formula; `bound` has the upper bounds of its indices."""
        if isinstance(node, Big):
            inner = {**bound, **dict(self.binders(node))}
            self.visit(node.body, inner)
        elif isinstance(node, Factors):
            self.product(node, bound)
        elif isinstance(node, (Scripted, Symbol, Styled)) and _name_of(node)[0]:
            self.name(node, bound)
        elif isinstance(node, Fraction):
            self.top(node.above)
            self.visit(node.above, bound)
            self.visit(node.below, bound)
        elif isinstance(node, Styled) and node.command == r"\mathbb":
            return
        else:
            for child in _children(node):
                self.visit(child, bound)

    def product(self, node: Factors, bound: dict[str, str]) -> None:
        factors = [f for _, f in node.factors]
        for k, factor in enumerate(factors):
            called = k + 1 < len(factors) and _is_call(factors[k + 1])
            name, _ = _name_of(factor)
            if called and name.rstrip("'") in FUNCTIONS:
                self.functions.setdefault(name.rstrip("'"), None)
            else:
                self.visit(factor, bound)

    def top(self, node: Node) -> None:
        """Takes L as what ∂L is the numerator of a derivative of."""
        factors = [f for _, f in node.factors] if isinstance(node, Factors) else []
        if len(factors) == 2 and factors[0] == Symbol(r"\partial", position=0):
            name, indices = _name_of(factors[1])
            if name and not indices:
                self.tops.setdefault(name, None)

    def binders(self, node: Big) -> Iterator[tuple[str, str]]:
        """The indices that a sum binds, with their upper bounds where they have one."""
        below = node.below
        items = below.items if isinstance(below, Listed) else (below,)
        for item in items:
            if isinstance(item, Chain) and item.links[0][0] == "=" and node.above is not None:
                self.bound(item.first, item.links[0][1], node.above)
                yield spell(item.first), spell(node.above)
            elif isinstance(item, Chain) and [r for r, _ in item.links] == ["<=", "<="]:
                index, last = item.links[0][1], item.links[1][1]
                self.bound(index, item.first, last)
                yield spell(index), spell(last)
            elif item is not None and _is_index(item):
                yield spell(item), ""

    def name(self, node: Node, bound: dict[str, str]) -> None:
        name, indices = _name_of(node)
        if isinstance(node, Scripted) and node.above is not None and not _is_tag(node.above):
            self.visit(node.above, bound)
        if not name or name in bound or name in NO_INDEX or _is_exponential(node):
            return
        seen = self.names.setdefault(name, Seen())
        seen.ranks[len(indices)] += 1
        for axis, index in enumerate(indices):
            text = spell(index)
            if isinstance(index, Numeral) and text.isdecimal():
                seen.largest[axis] = max(seen.largest.get(axis, 0), int(text[:6]))
            elif reach := _reach(index, bound):
                seen.reaches.setdefault(axis, []).append(reach)
            elif _is_index(index):
                seen.letters.setdefault(axis, Counter())[text] += 1
                if isinstance(index, Scripted) and index.below is not None:
                    self.indices.setdefault(text, None)
                if bound.get(text):
                    seen.bounds.setdefault(axis, Counter())[bound[text]] += 1


def survey(sources: Iterable[str]) -> Survey:
    """What some formulas use, in their order."""
    found = Survey()
    for source in sources:
        found.add(source)
    return found


def _name_of(node: Node) -> tuple[str, tuple[Node, ...]]:
    """A name with its tags and primes, and the indices that stand below it; "" if it is none."""
    if isinstance(node, Group) and node.open in ("[", "("):
        return "", ()
    if not isinstance(node, Scripted):
        return (spell(node) if _is_letter(node) else ""), ()
    base: Node = node.base.body if isinstance(node.base, Group) else node.base
    if not _is_letter(base):
        return "", ()
    above = node.above if _is_tag(node.above) else None
    label = node.below is not None and _is_label(node.below)
    below = node.below if label else None
    bare = below is None and above is None and not node.primes
    named: Node = base if bare else Scripted(base, below, above, node.primes, position=0)
    return spell(named), () if label or node.below is None else tuple(_indices(node.below))


def _is_letter(node: Node) -> bool:
    """Whether a node is a letter, perhaps with an accent or in another font; not 𝟏, not ℝ."""
    if isinstance(node, Styled):
        return node.command != r"\mathbb" and _is_letter(node.body)
    return isinstance(node, Symbol)


def _is_exponential(node: Node) -> bool:
    """Whether a node is a power of Euler's number."""
    base = Symbol("e", position=0)
    return (
        isinstance(node, Scripted) and node.base == base and node.below is None and bool(node.above)
    )


def _reach(index: Node, bound: dict[str, str]) -> Reach:
    """An index expression as a sum of indices; nothing where it is none, or just an index."""
    if not isinstance(index, Terms):
        return ()
    found = []
    for sign, term in index.terms:
        factors = [f for _, f in term.factors] if isinstance(term, Factors) else [term]
        numbers = [
            int(f.text[:6]) for f in factors if isinstance(f, Numeral) and f.text.isdecimal()
        ]
        letters = [f for f in factors if not isinstance(f, Numeral)]
        if len(letters) > 1 or not all(map(_is_index, letters)):
            return ()
        letter = spell(letters[0]) if letters else ""
        found.append((sign * prod(numbers), letter, bound.get(letter, "")))
    return tuple(found)


def _indices(below: Node) -> Iterator[Node]:
    items = below.items if isinstance(below, Listed) else (below,)
    for item in items:
        glued = isinstance(item, Factors) and all(o == "" for o, _ in item.factors)
        if isinstance(item, Numeral) and len(items) == 1:
            for digit in item.text:
                yield Numeral(digit, position=item.position)
        elif isinstance(item, Factors) and glued and len(items) == 1:
            for _, factor in item.factors:
                yield factor
        else:
            yield item


def _leaves(node: Node) -> Iterator[Node]:
    """The parts of a formula that are not sums, products and quotients of others."""
    if not isinstance(node, (Terms, Factors, Fraction, Group)):
        yield node
        return
    for child in _children(node):
        yield from _leaves(child)


def _is_label(below: Node) -> bool:
    """Whether a subscript is part of the name: a word, or the number of a layer or a time."""
    if isinstance(below, Word) or spell(below) in LABELS:
        return True
    lone = below.terms[0][1] if isinstance(below, Terms) else below
    return isinstance(lone, Symbol) and lone.text in TIMES and not isinstance(below, Listed)


def _is_index(node: Node) -> bool:
    if isinstance(node, Scripted):
        return isinstance(node.base, Symbol) and node.above is None
    return isinstance(node, Symbol) and node.text not in NO_INDEX


def _is_tag(above: Node | None) -> bool:
    return isinstance(above, Group) and above.open == "("


def _is_call(node: Node) -> bool:
    return isinstance(node, Group) and node.open == "("


def _children(node: Node) -> Iterator[Node]:
    """The nodes directly inside another one."""
    for value in vars(node).values():
        yield from _nodes_in(value)


def _nodes_in(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for v in value:
            yield from _nodes_in(v)
