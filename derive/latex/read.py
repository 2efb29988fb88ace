"""Reading formulas, facts and ranges."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from derive.ir import (
    ONE,
    Formula,
    Guard,
    Index,
    Range,
    Relation,
    free_indices,
)
from derive.latex.array import Array, between, same_shape
from derive.latex.binders import Binders, implied, is_name
from derive.latex.error import ReadError
from derive.latex.formulas import Formulas
from derive.latex.integers import refuse
from derive.latex.parse import parse
from derive.latex.symbols import Symbols
from derive.latex.tree import (
    Chain,
    Dots,
    Listed,
    Logic,
    Node,
    Styled,
    Symbol,
    Where,
    spell,
)

T = TypeVar("T")

SWAPPED = {">": "<", ">=": "<="}


def read_formula(source: str, symbols: Symbols, ranges: Iterable[Range] = ()) -> Formula:
    """A formula; its free indices are those of `ranges`, or letters in index positions."""
    return reading(source, lambda tree: _reader(symbols, ranges).formula(tree))


def read_relation(source: str, symbols: Symbols, ranges: Iterable[Range] = ()) -> Relation | Guard:
    """A relation between formulas, or a Guard where it speaks of integers only.

    Free indices range over the axes that they index, or over what follows `for`.  `a > b` is read
    as `b < a`.
    """
    facts = read_facts(source, symbols, ranges)
    if len(facts) != 1:
        raise ReadError(0, "one relation", f"{len(facts)}").within(source)
    return facts[0]


def read_facts(
    source: str, symbols: Symbols, ranges: Iterable[Range] = ()
) -> tuple[Relation | Guard, ...]:
    """Each relation in a chain or list such as `0 < y_i < 1`, as by `read_relation`."""
    return reading(source, lambda tree: tuple(_facts(tree, symbols, tuple(ranges))))


def read_ranges(source: str, symbols: Symbols) -> tuple[Range, ...]:
    """`i=1..3, j=1..N`, also `n=1,\\dots,64,\\quad i,j=1,\\dots,24`."""
    return reading(source, lambda tree: stated_ranges(tree, _reader(symbols, ())))


def reading(source: str, read: Callable[[Node], T]) -> T:
    """The result of reading the whole source; every refusal shows the place in it."""
    try:
        return read(parse(source))
    except ReadError as error:
        raise error.within(source) from None
    except RecursionError:
        raise ReadError(0, "a formula of reasonable depth", "a deeper one").within(source) from None


def _reader(symbols: Symbols, ranges: Iterable[Range]) -> Formulas:
    reader = Formulas(symbols)
    for r in ranges:
        reader.indices[_name_of(r.index)] = r.index
    return reader


def _name_of(index: Index) -> Node:
    return parse(index.hint)


# -- facts ---------------------------------------------------------------------------------------


def _facts(tree: Node, symbols: Symbols, ranges: tuple[Range, ...]) -> list[Relation | Guard]:
    reader = _reader(symbols, ranges)
    if isinstance(tree, Where):
        ranges = (*ranges, *stated_ranges(tree.ranges, reader))
        tree = tree.body
    parts = tree.items if isinstance(tree, Listed) else (tree,)
    found: list[Relation | Guard] = []
    for part in parts:
        if not isinstance(part, Chain):
            found.append(reader.condition(part) if isinstance(part, Logic) else _no_relation(part))
            continue
        left = part.first
        for relation, right in part.links:
            found.append(_fact(reader, left, relation, right, ranges))
            left = right
    return found


def _no_relation(node: Node) -> Guard:
    return refuse(node, "a relation such as = or \\le", f"“{spell(node)}”")


def _fact(
    reader: Formulas, left: Node, relation: str, right: Node, ranges: tuple[Range, ...]
) -> Relation | Guard:
    try:
        a, b = reader.ratio(left), reader.ratio(right)
        if relation in ("|", "!|") or (a and b and a.below == b.below == ONE):
            return reader.comparison(left, relation, right)
        if relation == "in":
            refuse(right, "a relation between formulas", "a set")
        f, g = reader.formula(left), reader.formula(right)
    except ReadError:
        whole = _of_arrays(reader.symbols, left, right)
        if whole is None:
            raise
        f, g, ranges = whole
    if relation in SWAPPED:
        f, g, relation = g, f, SWAPPED[relation]
    known = (*reader.indices.values(), *(r.index for r in ranges))
    free = [i for i in known if i in free_indices(f) | free_indices(g)]
    stated = {r.index: r for r in ranges}
    over = (
        stated.get(i) or Range(i, *implied(i, (f, g), Symbol(i.hint, position=left.position)))
        for i in dict.fromkeys(free)
    )
    return Relation(f, relation, g, tuple(over))


def _of_arrays(
    symbols: Symbols, left: Node, right: Node
) -> tuple[Formula, Formula, tuple[Range, ...]] | None:
    r"""The entries on both sides of a relation between whole arrays: `A^\top = A`, `x > 0`."""
    reader = Formulas(symbols, whole=True)
    try:
        sides = reader.value(left), reader.value(right)
    except ReadError:
        return None
    arrays = [v for v in sides if isinstance(v, Array)]
    known = next((a for a in arrays if None not in a.shape), None)
    if known is None or not all(same_shape(a.shape, known.shape) for a in arrays):
        return None
    axes = tuple(Index(x) for x in "ijklmnpq"[: known.rank])
    f, g = (v.at(*axes) if isinstance(v, Array) else v for v in sides)
    if known.rank != len(axes) or free_indices(f) | free_indices(g) > set(axes):
        return None
    return f, g, tuple(between(i, e, known.base) for i, e in zip(axes, known.shape, strict=True))


# -- ranges ----------------------------------------------------------------------------------------


def stated_ranges(tree: Node, reader: Binders) -> tuple[Range, ...]:
    """Ranges that are listed: names, then `= first..last` or `= first, \\dots, last`."""
    items = list(tree.items) if isinstance(tree, Listed) else [tree]
    ranges: list[Range] = []
    names: list[Node] = []
    while items:
        item = items.pop(0)
        if is_name(item):
            names.append(item)
            continue
        if not isinstance(item, Chain) or len(item.links) != 1 or not is_name(item.first):
            refuse(item, "a range such as i=1..3", f"“{spell(item)}”")
        relation, bounds = item.links[0]
        if relation != "=":
            refuse(item, "a range such as i=1..3", relation)
        first, last = _bounds(bounds, items)
        for name in (*names, item.first):
            index = Index(spell(name))
            lower, upper = reader.bound("max", first), reader.bound("min", last)
            reader.indices[name] = index
            ranges.append(Range(index, lower, upper))
        names = []
    if names:
        refuse(names[0], "a range such as i=1..3", f"“{spell(names[0])}”")
    return tuple(ranges)


def _bounds(first: Node, items: list[Node]) -> tuple[Node, Node]:
    """The first and last value; takes `\\dots, last` from the items that follow."""
    if isinstance(first, Dots):
        return first.first, first.last
    over = first.body if isinstance(first, Styled) and first.command == "\\overline" else None
    if isinstance(over, Listed) and len(over.items) == 2:
        return over.items[0], over.items[1]
    if items and items[0] == Symbol("\\dots", position=0) and len(items) > 1:
        items.pop(0)
        return first, items.pop(0)
    if items and not isinstance(items[0], Chain) and not is_name(items[0]):
        return first, items.pop(0)
    return first, first
