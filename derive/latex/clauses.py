"""A text in mathematics as clauses: chains of relations with commas, quads and words between."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from derive.latex.dots import with_ranges
from derive.latex.error import ReadError
from derive.latex.parse import Parser
from derive.latex.tokens import RELATIONS, SEPARATORS, Tokens
from derive.latex.tree import Chain, Factors, Group, Listed, Node, Numeral, Symbol, Word

LONGEST = 20_000
"""Characters of a text, at most."""
MOST = 300
"""Clauses of a text, and parts of a chain, at most."""
_OPENING = re.compile(r"\\(?:left|[bB]igg?l?)\s*\Z")
"""A command before a bracket, which is no part of the formula but of its text."""
CONDITIONAL = frozenset("if when whenever provided unless".split()) | {"provided that", "only if"}
RANGING = frozenset(
    """for where with over given on such s.t as in fixed any all every each forall""".split()
)
IMPLICATIONS = tuple(
    r"""\Rightarrow \implies \Longrightarrow \iff \Leftrightarrow \Longleftrightarrow \therefore
    \because""".split()
)
PUNCTUATION = (",", ";", ".", ":", *SEPARATORS, *IMPLICATIONS)


@dataclass(frozen=True)
class Part:
    """One side of a relation, which stands in source[start:end]."""

    node: Node
    start: int
    end: int


@dataclass(frozen=True)
class Clause:
    """A chain of parts with relations between them, or a lone part.

    `words` stand before it; `defining` says that its relation is `:=`.
    """

    parts: tuple[Part, ...]
    relations: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    defining: bool = False

    @property
    def start(self) -> int:
        return self.parts[0].start

    @property
    def end(self) -> int:
        return self.parts[-1].end

    @property
    def node(self) -> Node:
        return self.parts[0].node

    @property
    def conditional(self) -> bool:
        """Whether a word such as "if" stands before it."""
        return any(w in CONDITIONAL for w in self.words)

    @property
    def attached(self) -> bool:
        """Whether a word says that it belongs to what stands before."""
        first = {w.split()[0] for w in self.words if w}
        return self.conditional or bool(first & RANGING)


@dataclass
class Clauses:
    """Takes clauses from tokens, all of them or an error with the place."""

    source: str
    parser: Parser = field(init=False)
    remarks: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if len(self.source) > LONGEST:
            found = f"{len(self.source)} characters"
            raise ReadError(LONGEST, f"at most {LONGEST} characters", found)
        self.parser = Parser(Tokens(self.source, clauses=True))

    @property
    def tokens(self) -> Tokens:
        return self.parser.tokens

    def all(self) -> list[Clause]:
        found: list[Clause] = []
        words = self.words()
        while self.tokens.next.kind != "end":
            clause = self.clause(tuple(words))
            last = clause.parts[-1]
            bare, condition = _without_condition(last.node)
            if condition is not None and bare is not None:
                cut = replace(last, node=bare, end=self.before(condition.position))
                found.append(replace(clause, parts=(*clause.parts[:-1], cut)))
                clause = Clause((Part(condition, condition.position, last.end),))
            found += _opened(clause)
            if len(found) > MOST:
                self.tokens.stop(f"at most {MOST} clauses")
            ended = self.tokens.next
            words = self.words()
            if self.tokens.next is ended and ended.kind != "end":
                self.tokens.stop("an operator, a relation, a comma or the end")
        self.remarks += words
        return found

    def words(self) -> list[str]:
        """Takes punctuation and words; returns the words."""
        found = []
        while True:
            token = self.tokens.next
            if token.kind in ("text", "word") and not self.parser.begins():
                found.append(self.tokens.take().text.lower().strip(" :"))
            elif token.kind == "command" and token.text == "\\forall":
                self.tokens.take()
                found.append("for")
            elif token.text in ("\\tag", "\\label"):
                self.tokens.take()
                self.tokens.braced(ReadError(self.tokens.at, "“{”", f"“{self.tokens.next.text}”"))
            elif not self.tokens.skip(*PUNCTUATION):
                return [w for w in found if w]

    def clause(self, words: tuple[str, ...]) -> Clause:
        """A chain; a relation that stands at the end of a row and again in the next counts once."""
        parts = [self.part()]
        relations: list[str] = []
        defining = False
        self.row_goes_on()
        while self.tokens.next.text in RELATIONS:
            sign = self.tokens.take().text
            defining = defining or sign in (":=", "\\coloneqq", "\\triangleq")
            while self.tokens.skip("\\\\") or self.tokens.skip(sign):
                pass
            relations.append(RELATIONS[sign])
            if len(relations) > MOST:
                self.tokens.stop(f"at most {MOST} relations in a chain")
            parts.append(self.part())
            self.row_goes_on()
        return Clause(tuple(parts), tuple(relations), words, defining)

    def row_goes_on(self) -> None:
        """Passes over the end of a row, or a wide space, where a relation follows."""
        start = self.tokens.mark()
        while self.tokens.skip(*SEPARATORS):
            pass
        if self.tokens.next.text not in RELATIONS:
            self.tokens.back(start)

    def part(self) -> Part:
        start = self.tokens.at
        before = _OPENING.search(self.source[max(0, start - 12) : start])
        node = self.parser.span()
        return Part(node, start - (len(before[0]) if before else 0), self.tokens.end)

    def before(self, position: int) -> int:
        """Where the token before a position ends."""
        ends = [end for begin, end in self.tokens.ends.items() if begin < position]
        text = self.source[: max(ends, default=position)]
        return len(text.rstrip())


def _without_condition(node: Node) -> tuple[Node | None, Node | None]:
    """A product without the condition in brackets that stands behind it: `x_i (j \\ne k)`."""
    if not isinstance(node, Factors) or len(node.factors) < 2:
        return None, None
    *first, (operator, last) = node.factors
    condition = isinstance(last, Group) and last.open == "(" and isinstance(last.body, Chain)
    if operator or not condition or _is_one(first[-1][1]):
        return None, None
    bare = first[0][1] if len(first) == 1 else replace(node, factors=tuple(first))
    return bare, last


def _is_one(node: Node) -> bool:
    body = getattr(node, "body", node)
    return body in (Numeral("1", position=0), Symbol("I", position=0), Symbol("\\chi", position=0))


def _opened(clause: Clause) -> list[Clause]:
    """The clauses in brackets, where a clause is nothing but `(i \\ne j, k > 2)`."""
    node = clause.node
    if clause.relations or not isinstance(node, Group) or node.open != "(":
        return [clause]
    listed = node.body.items if isinstance(node.body, Listed) else (node.body,)
    items = with_ranges(list(listed))
    if not all(isinstance(i, (Chain, Word)) for i in items):
        return [clause]
    words = ("with",) if not clause.words else clause.words
    return [
        Clause(
            tuple(Part(n, clause.start, clause.end) for n in (i.first, *(n for _, n in i.links))),
            tuple(r for r, _ in i.links),
            words,
        )
        for i in items
        if isinstance(i, Chain)
    ]
