"""Terms that go on: `x_1 + x_2 + \\dots + x_n` as a sum over what differs between two terms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from itertools import pairwise
from typing import Any

from derive.ir import Int
from derive.latex.integers import refuse
from derive.latex.tree import (
    Big,
    Chain,
    Dots,
    Factors,
    Group,
    Listed,
    Node,
    Numeral,
    Stack,
    SuchThat,
    Symbol,
    Terms,
    rebuilt,
    spell,
)

DOTS = Symbol("\\dots", position=0)
STEP = Symbol("\\dots k", position=0)
"""The index of what goes on, a name that nobody can write."""
DOWN = Symbol("\\dots l", position=0)
"""That of what goes on downwards."""

Difference = Callable[[Node, Node], "Int | None"]


def merged(a: Node, b: Node, differing: Callable[[Node, Node], Node]) -> Node:
    """`a` with `differing` in the places where `b` says something else."""
    if a == b:
        return a
    if isinstance(a, Numeral) and len(a.text) > 1 and len(a.text) == _length(b):
        return merged(_digits(a), _digits(b), differing)
    if type(a) is not type(b) or isinstance(a, (Symbol, Numeral)):
        return differing(a, b)
    parts: dict[str, Any] = {}
    for f in fields(a):
        x, y = getattr(a, f.name), getattr(b, f.name)
        made = x if not f.compare else _merged_part(x, y, differing)
        if made is None and x is not None:
            return differing(a, b)
        parts[f.name] = made
    return replace(a, **parts)


def _length(node: Node) -> int:
    """How many digits or letters stand side by side."""
    if isinstance(node, Numeral):
        return len(node.text)
    return len(node.factors) if isinstance(node, Factors) else 1


def _digits(node: Node) -> Node:
    if not isinstance(node, Numeral):
        return node
    digits = (("", Numeral(c, position=node.position)) for c in node.text)
    return Factors(tuple(digits), position=node.position)


def _merged_part(x: object, y: object, differing: Callable[[Node, Node], Node]) -> object:
    """The parts of two nodes as one; None where they do not match."""
    if isinstance(x, Node) and isinstance(y, Node):
        return merged(x, y, differing)
    if isinstance(x, tuple) and isinstance(y, tuple) and len(x) == len(y):
        made = tuple(_merged_part(p, q, differing) for p, q in zip(x, y, strict=True))
        return None if None in made else made
    return x if x == y else None


def span(a: Node, b: Node, difference: Difference) -> Int | None:
    """How many steps lead from one term to the other; None where they are not alike."""
    found: list[Int | None] = []

    def differing(x: Node, y: Node) -> Node:
        found.append(difference(x, y))
        return x

    merged(a, b, differing)
    first = found[0] if found else None
    if first is None or any(d is None or d not in (first, -first) for d in found):
        return None
    return first


def going_on(
    first: Node, last: Node, difference: Difference, step: Node = STEP
) -> tuple[Node, Node]:
    """What stands between `first` and `last` after STEP steps, and how many lead to the last."""
    total: list[tuple[Int, Node, Node]] = []

    def differing(x: Node, y: Node) -> Node:
        d = difference(x, y)
        assert d is not None
        total.append((d, x, y))
        sign = 1 if d == total[0][0] else -1
        return Terms(((1, x), (sign, step)), position=x.position)

    body = merged(first, last, differing)
    _, x, y = total[0]
    number = Terms(((1, y), (-1, x)), position=x.position)
    return body, number


def summed(first: Node, last: Node, difference: Difference) -> Node:
    """The sum of all that stands from `first` to `last`."""
    at = first.position
    body, number = going_on(first, last, difference)
    steps = Dots(Numeral("0", position=at), number, position=at)
    return Big("sum", body, Chain(STEP, (("=", steps),), position=at), None, position=at)


def without_dots(
    terms: list[tuple[int, Node]], difference: Difference
) -> list[tuple[int, Node]] | Node:
    """The terms with sums for those that go on, or the place where it is not clear how."""
    made: list[tuple[int, Node]] = []
    waiting = list(terms)
    while waiting:
        sign, term = waiting.pop(0)
        if term != DOTS:
            made.append((sign, term))
            continue
        if not waiting or not made or waiting[0][0] != sign or made[-1][0] != sign:
            return term
        last = waiting.pop(0)[1]
        first = made.pop()[1]
        while made and made[-1][0] == sign and (step := span(made[-1][1], first, difference)):
            if step not in (Int.of(1), Int.of(-1)):
                return term
            first = made.pop()[1]
        if span(first, last, difference) is None:
            return term
        made.append((sign, summed(first, last, difference)))
    return made


def with_ranges(found: list[Node]) -> list[Node]:
    """Items with `m = 0, 1, \\dots, K-1` as one range."""
    made: list[Node] = []
    k = 0
    while k < len(found):
        item = found[k]
        dots = [j for j in (k + 1, k + 2, k + 3) if j + 1 < len(found) and found[j] == DOTS]
        between = found[k + 1 : dots[0]] if dots else []
        listed = isinstance(item, Chain) and [r for r, _ in item.links] == ["="]
        if dots and listed and all(isinstance(x, (Numeral, Terms)) for x in between):
            assert isinstance(item, Chain)
            span = Dots(item.links[0][1], found[dots[0] + 1], position=item.position)
            item, k = Chain(item.first, (("=", span),), position=item.position), dots[0] + 1
        made.append(item)
        k += 1
    return made


def put(node: Node, name: Node, number: Numeral) -> Node:
    """A tree with a number for a name, and with what is then a number written as such."""
    if node == name:
        return number
    made = rebuilt(node, lambda n: put(n, name, number))
    terms = made.terms if isinstance(made, Terms) and made != node else ()
    if terms and all(isinstance(t, Numeral) and t.text.isdecimal() for _, t in terms):
        value = sum(sign * int(spell(t)) for sign, t in terms)
        if value >= 0:
            return Numeral(str(value), position=node.position)
    return made


def less_one(node: Node) -> Node:
    return Terms(((1, node), (-1, Numeral("1", position=node.position))), position=node.position)


def more_one(node: Node) -> Node:
    return Terms(((1, node), (1, Numeral("1", position=node.position))), position=node.position)


def items(node: Node) -> list[Node]:
    """The lines and comma-separated items below an operator."""
    if isinstance(node, Stack):
        return [i for line in node.lines for i in items(line)]
    if isinstance(node, SuchThat):
        return [*items(node.subject), *items(node.condition)]
    return [i for item in node.items for i in items(item)] if isinstance(node, Listed) else [node]


def tuple_of(node: Node) -> tuple[Node, ...]:
    """The parts of `(p, q)`; `p` alone is a tuple of one."""
    if isinstance(node, Group) and node.open == "(" and isinstance(node.body, Listed):
        return node.body.items
    return (node,)


def set_bounds(node: Node) -> tuple[Node, Node]:
    """The first and last element of `\\{1, \\dots, n\\}`."""
    body = node.body if isinstance(node, Group) and node.open == "\\{" else node
    if isinstance(body, Dots):
        return body.first, body.last
    items = list(body.items) if isinstance(body, Listed) else []
    dotted = DOTS in items
    steps = [i for i in items if i != DOTS]
    numbers = [int(i.text) for i in steps if isinstance(i, Numeral) and i.text.isdecimal()]
    whole = len(numbers) == len(steps) and all(b == a + 1 for a, b in pairwise(numbers))
    if body is node or not steps or not (dotted or whole):
        refuse(node, "a set such as \\{1,\\dots,n\\}", f"“{spell(node)}”")
    return steps[0], steps[-1]
