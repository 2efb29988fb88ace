"""The syntax of a formula, before anything is known of its symbols.

Every node knows its position in the source; two nodes are equal when they say the same, wherever
they stand.  So the name of a tensor (`w^{(conv)}`, `\\tilde U`) is itself a small tree, and it is
found in a formula by comparing trees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any


@dataclass(frozen=True)
class Node:
    """The base of all nodes: where it begins, in characters from 0."""

    position: int = field(compare=False, kw_only=True)


@dataclass(frozen=True)
class Numeral(Node):
    text: str


@dataclass(frozen=True)
class Symbol(Node):
    """A letter, or a command that stands for one: `x`, `\\alpha`, `\\partial`, `\\dots`."""

    text: str


@dataclass(frozen=True)
class Word(Node):
    """Words in upright type: `\\text{otherwise}`."""

    text: str


@dataclass(frozen=True)
class Styled(Node):
    """An accent or another font: `\\tilde U`, `\\mathbf{x}`."""

    command: str
    body: Node


@dataclass(frozen=True)
class Raw(Node):
    """A script that is not a formula, such as `(conv.1)`: good for a name only."""

    tokens: tuple[str, ...]
    problem: Exception = field(compare=False)


@dataclass(frozen=True)
class Scripted(Node):
    """`base_{below}^{above}'`; `braced` says whether the subscript had braces."""

    base: Node
    below: Node | None = None
    above: Node | None = None
    primes: int = 0
    braced: bool = field(default=True, compare=False)


@dataclass(frozen=True)
class Group(Node):
    """Something in visible brackets; `open` is `(`, `[`, `\\{`, `|`, `\\lfloor`, ..."""

    open: str
    body: Node


@dataclass(frozen=True)
class Listed(Node):
    """Items with commas between them."""

    items: tuple[Node, ...]


@dataclass(frozen=True)
class Stack(Node):
    """The lines of a `\\substack`."""

    lines: tuple[Node, ...]


@dataclass(frozen=True)
class SuchThat(Node):
    """`subject : condition`."""

    subject: Node
    condition: Node


@dataclass(frozen=True)
class Terms(Node):
    """A sum: signs (+1, -1) and terms."""

    terms: tuple[tuple[int, Node], ...]


@dataclass(frozen=True)
class Factors(Node):
    """A product: the operator before each factor ("" where there is none, "*", "/", "mod")."""

    factors: tuple[tuple[str, Node], ...]


@dataclass(frozen=True)
class Fraction(Node):
    """`held` stands in `|_{...}` behind a derivative: what does not change."""

    above: Node
    below: Node
    held: Node | None = None


@dataclass(frozen=True)
class Root(Node):
    body: Node
    degree: Node | None = None


@dataclass(frozen=True)
class Call(Node):
    """A named function of an argument: `\\exp(x)`, `\\log y_i`, `\\tanh^{2}(x)`, `\\tanh'(x)`."""

    name: str
    argument: Node
    power: Node | None = None
    primes: int = 0


@dataclass(frozen=True)
class Big(Node):
    """An operator that binds: `\\sum_{below}^{above} body`; or max, min, argmax, prod."""

    kind: str
    body: Node
    below: Node | None = None
    above: Node | None = None


@dataclass(frozen=True)
class Dots(Node):
    """`first..last`."""

    first: Node
    last: Node


@dataclass(frozen=True)
class Chain(Node):
    """`first = second ≤ third`: parts with the relations between them."""

    first: Node
    links: tuple[tuple[str, Node], ...]


@dataclass(frozen=True)
class Logic(Node):
    """`and`, `or` of several parts, `not` of one."""

    word: str
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Table(Node):
    """`\\begin{name} rows \\end{name}`."""

    name: str
    rows: tuple[tuple[Node, ...], ...]


@dataclass(frozen=True)
class Where(Node):
    """`body for ranges`."""

    body: Node
    ranges: Node


FONTS = tuple(r"\underline \mathbf \boldsymbol \bm \mathrm \mathit \mathsf \mathcal \vec".split())
"""Fonts in which a declared name may stand without being declared anew."""
CLOSING = {"(": ")", "[": "]", "\\langle": "\\rangle"}
"""Brackets that stand in names."""


def nodes(node: Node) -> Iterator[Node]:
    """A node and all nodes below it."""
    waiting: list[object] = [node]
    while waiting:
        here = waiting.pop()
        if isinstance(here, Node):
            yield here
            waiting += [getattr(here, f.name) for f in fields(here)]
        elif isinstance(here, tuple):
            waiting += here


def rebuilt(node: Node, f: Callable[[Node], Node]) -> Node:
    """The node with `f` of each node directly below it."""

    def part(x: object) -> object:
        if isinstance(x, Node):
            return f(x)
        return tuple(map(part, x)) if isinstance(x, tuple) else x

    made: dict[str, Any] = {x.name: part(getattr(node, x.name)) for x in fields(node)}
    return replace(node, **made)


def subscripts(node: Node) -> Iterator[Node]:
    """Everything that stands below something in a formula."""
    return (n.below for n in nodes(node) if isinstance(n, Scripted) and n.below is not None)


def letters(node: Node) -> Iterator[Node]:
    """The letters, with their primes or numbers, in a node."""
    return (n for n in nodes(node) if isinstance(n, (Symbol, Scripted)))


def product_of(factors: Sequence[tuple[str, Node]]) -> Node:
    """The node of a product, or of its only factor."""
    (_, first), *others = factors
    if not others:
        return first
    return Factors((("", first), *others), position=first.position)


def derivative_before(factors: Sequence[tuple[str, Node]], mark: str) -> int | None:
    """Where the last ∂ or d among some factors stands, raised to an order perhaps."""
    for k, (_, node) in reversed(list(enumerate(factors))):
        base = node.base if isinstance(node, Scripted) and node.below is None else node
        if base == Symbol(mark, position=0):
            return k
    return None


def letters_of(word: str) -> Node:
    """A word as the product of letters that it is in italics."""
    if len(word) < 2:
        return Symbol(word, position=0)
    return Factors(tuple(("", Symbol(letter, position=0)) for letter in word), position=0)


def as_name(node: Node) -> Node:
    """A name of several letters (`dc_{next}`) with its scripts on all of it."""
    if not isinstance(node, Factors) or any(operator for operator, _ in node.factors):
        return node
    *first, (_, last) = node.factors
    if not isinstance(last, Scripted):
        return node
    whole = Factors((*first, ("", last.base)), position=node.position)
    return replace(last, base=whole, position=node.position)


def spell(node: Node) -> str:
    """The LaTeX of a name, as far as names go."""
    match node:
        case Numeral() | Symbol() | Word():
            return node.text
        case Styled(body=Symbol()) if not node.command.startswith("\\math"):
            return f"{node.command} {spell(node.body)}"
        case Styled():
            return f"{node.command}{{{spell(node.body)}}}"
        case Raw():
            return "".join(node.tokens)
        case Group():
            close = CLOSING.get(node.open, "")
            space = " " if node.open.startswith("\\") else ""
            return f"{node.open}{space}{spell(node.body)}{space}{close}" if close else node.open
        case Listed():
            return ",".join(map(spell, node.items))
        case Factors():
            return _joined([(operator, f) for operator, f in node.factors])
        case Terms():
            signed = [("+" if sign > 0 else "-", t) for sign, t in node.terms]
            return _joined(signed).removeprefix("+")
        case Scripted():
            below = f"_{_script(node.below)}" if node.below else ""
            above = f"^{_script(node.above)}" if node.above else ""
            return f"{spell(node.base)}{chr(39) * node.primes}{above}{below}"
    return "..."


def _script(node: Node) -> str:
    text = spell(node)
    return text if len(text) == 1 or isinstance(node, Symbol) else f"{{{text}}}"


def _joined(parts: list[tuple[str, Node]]) -> str:
    """Parts with the marks before them; a space where a command would run into a letter."""
    text = ""
    for mark, part in parts:
        piece = mark + spell(part)
        runs_on = piece[:1].isalpha() and text.split("\\")[-1].isalpha() and "\\" in text
        text += " " + piece if runs_on else piece
    return text


def without_font(node: Node) -> Node | None:
    """A name without the font of its letter, which may stand below an accent."""
    if isinstance(node, Scripted):
        base = without_font(node.base)
        return None if base is None else replace(node, base=base)
    if isinstance(node, Styled) and node.command in FONTS and isinstance(node.body, Symbol):
        return node.body
    if isinstance(node, Styled) and isinstance(node.body, Styled):
        body = without_font(node.body)
        return None if body is None else replace(node, body=body)
    return None


def in_other_letters(node: Node) -> Node:
    """A name whose scripts have words for runs of letters, and the other way round.

    `W_{out}` and `W_{\\text{out}}` are two ways of writing one name.
    """
    match node:
        case Scripted(below=below, above=above):
            other = [None if part is None else in_other_letters(part) for part in (below, above)]
            return replace(node, below=other[0], above=other[1])
        case Group(body=body):
            return replace(node, body=in_other_letters(body))
        case Listed(items=items):
            return replace(node, items=tuple(map(in_other_letters, items)))
        case Word(text=text) if len(text) > 1 and text.isalpha():
            letters = (Symbol(letter, position=node.position) for letter in text)
            return Factors(tuple(("", letter) for letter in letters), position=node.position)
        case Factors(factors=factors) if all(not op and isinstance(f, Symbol) for op, f in factors):
            return Word("".join(spell(f) for _, f in factors), position=node.position)
    return node


def terms_of(node: Node) -> tuple[Node, ...]:
    """The terms of a sum or difference."""
    return tuple(t for _, t in node.terms) if isinstance(node, Terms) else (node,)
