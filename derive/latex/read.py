"""Reading formulas, facts and definitions: the public face of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from derive.ir import (
    ONE,
    Definition,
    Formula,
    Guard,
    Index,
    Int,
    Range,
    Relation,
    Tensor,
    free_indices,
)
from derive.latex.binders import Binders, implied, is_name
from derive.latex.error import ReadError
from derive.latex.formulas import Formulas
from derive.latex.integers import refuse
from derive.latex.parse import parse
from derive.latex.symbols import Symbols
from derive.latex.tree import Chain, Dots, Listed, Logic, Node, Scripted, Symbol, Where, spell

T = TypeVar("T")

SWAPPED = {">": "<", ">=": "<="}


def read_formula(source: str, symbols: Symbols, ranges: Iterable[Range] = ()) -> Formula:
    """A formula; its free indices are those of `ranges`, or letters in index positions."""
    return _reading(source, lambda tree: _reader(symbols, ranges).formula(tree))


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
    return _reading(source, lambda tree: tuple(_facts(tree, symbols, tuple(ranges))))


def read_definition(source: str, symbols: Symbols) -> Definition:
    """`Y_{i,j} = ... for i=1..3, j=1..3`; ranges may be left out where an axis implies them.

    A left side that is not declared makes a new tensor: braces hold its indices (`z_{i}`), a
    subscript without braces is part of the name (`h_t`).
    """
    return _reading(source, lambda tree: _definition(tree, symbols))


def read_ranges(source: str, symbols: Symbols) -> tuple[Range, ...]:
    """`i=1..3, j=1..N`, also `n=1,\\dots,64,\\quad i,j=1,\\dots,24`."""
    return _reading(source, lambda tree: _ranges(tree, _reader(symbols, ())))


def _reading(source: str, read: Callable[[Node], T]) -> T:
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
        ranges = (*ranges, *_ranges(tree.ranges, reader))
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
    a, b = reader.ratio(left), reader.ratio(right)
    if relation in ("|", "!|") or (a and b and a.below == b.below == ONE):
        return reader.comparison(left, relation, right)
    if relation == "in":
        refuse(right, "a relation between formulas", "a set")
    f, g = reader.formula(left), reader.formula(right)
    if relation in SWAPPED:
        f, g, relation = g, f, SWAPPED[relation]
    free = [i for i in reader.indices.values() if i in free_indices(f) | free_indices(g)]
    stated = {r.index: r for r in ranges}
    over = (
        stated.get(i) or Range(i, *implied(i, (f, g), Symbol(i.hint, position=left.position)))
        for i in dict.fromkeys(free)
    )
    return Relation(f, relation, g, tuple(over))


# -- definitions -----------------------------------------------------------------------------------


def _definition(tree: Node, symbols: Symbols) -> Definition:
    reader = _reader(symbols, ())
    where: tuple[Range, ...] = ()
    if isinstance(tree, Where):
        where = _ranges(tree.ranges, reader)
        tree = tree.body
    if not isinstance(tree, Chain) or [r for r, _ in tree.links] != ["="]:
        refuse(tree, "one equation: a name, =, a formula", f"“{spell(tree)}”")
    left, right = tree.first, tree.links[0][1]
    found = reader.find(left)
    declared = found is not None and isinstance(found.meaning, Tensor)
    names = found.indices if found and declared else _indices_of(left)
    for name in names:
        if not is_name(name):
            refuse(name, "an index", f"“{spell(name)}”")
        reader.indices[name] = Index(spell(name))
    indices = tuple(reader.indices[name] for name in names)
    if len(set(indices)) < len(indices):
        refuse(left, "a different index for each axis", f"“{spell(left)}”")
    body = reader.formula(right)
    stray = [n for n, i in reader.indices.items() if i in free_indices(body) - set(indices)]
    if stray:
        refuse(right, "the indices of the left side only", f"“{spell(stray[0])}”")
    if found and declared:
        assert isinstance(found.meaning, Tensor)
        return _fitting(Definition(found.meaning, indices, body), where, left)
    return Definition(_new_tensor(reader, left, indices, body, where), indices, body)


def _indices_of(left: Node) -> tuple[Node, ...]:
    """The indices on a left side that nothing declares: those in braces."""
    if not isinstance(left, Scripted) or left.below is None or not left.braced:
        return ()
    return left.below.items if isinstance(left.below, Listed) else (left.below,)


def _new_tensor(
    reader: Formulas,
    left: Node,
    indices: tuple[Index, ...],
    body: Formula,
    where: tuple[Range, ...],
) -> Tensor:
    base = reader.symbols.base
    name = left
    if indices and isinstance(left, Scripted):
        scripts = (left.base, None, left.above, left.primes)
        bare = left.above is None and not left.primes
        name = left.base if bare else Scripted(*scripts, position=left.position)
    if not is_name(name) and not isinstance(name, Scripted):
        refuse(left, "the name of a tensor", f"“{spell(left)}”")
    stated = {r.index: r for r in where}
    extents = []
    for i in indices:
        place = Symbol(i.hint, position=left.position)
        r = stated.get(i) or Range(i, *implied(i, (body,), place))
        if r.lowers != (Int.of(base),) or len(r.uppers) != 1:
            refuse(left, f"ranges that begin at {base}", f"one for {i.hint} that does not")
        extents.append(r.uppers[0] - base + 1)
    return Tensor(spell(name), spell(name), extents, base)


def _fitting(d: Definition, where: tuple[Range, ...], left: Node) -> Definition:
    """`d`, if the stated ranges are those of its tensor."""
    axes = {r.index: r for r in d.ranges}
    for r in where:
        if axes.get(r.index, r) != r:
            refuse(left, f"the range of {r.index.hint} that its axis has", "another one")
    return d


# -- ranges ----------------------------------------------------------------------------------------


def _ranges(tree: Node, reader: Binders) -> tuple[Range, ...]:
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
    if items and items[0] == Symbol("\\dots", position=0) and len(items) > 1:
        items.pop(0)
        return first, items.pop(0)
    if items and not isinstance(items[0], Chain) and not is_name(items[0]):
        return first, items.pop(0)
    return first, first
