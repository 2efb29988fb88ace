"""Index expressions as Python integers.  Everything counts from 0.

`zero_based` moves the indices of a formula; positions in a tensor, index tuples and class indices
lose their base where they are printed.
"""

from __future__ import annotations

from typing import Any, TypeVar

from sympy import Basic

from derive.errors import Unsupported
from derive.ir import (
    And,
    Atom,
    Chosen,
    Component,
    Divides,
    Entry,
    Equal,
    Floor,
    Guard,
    Index,
    Int,
    Max,
    NonNegative,
    Not,
    Or,
    Range,
    Ravel,
    Size,
    Unravel,
    fresh,
    rebuild,
    substitute,
)
from derive.ir.binder import Binder
from derive.ir.integer import SortKey
from derive.writers.python.names import PythonNames
from derive.writers.python.spell import Strength, Text, call, product, total

Node = TypeVar("Node", bound=Basic)


class FromZero(Atom):
    """A position or a class index, less the number at which it begins."""

    __slots__ = ("of",)
    of: Any

    def __new__(cls, of: Ravel | Unravel | Entry) -> FromZero:
        self = Basic.__new__(cls)
        self.of = of
        return self

    def _hashable_content(self) -> tuple[Any, ...]:
        return (self.of,)

    def sort_key(self, order: object = None) -> SortKey:
        return (9, *self.of.sort_key())


def zero_based(f: Node, base: int, free: tuple[Index, ...] = ()) -> Node:
    """`f` with indices that count from 0; those that are free are moved as well."""
    moved = _moved(substitute(f, {i: i + base for i in free}), base)
    assert isinstance(moved, type(f))
    return moved


def _moved(f: Basic, base: int) -> Basic:
    if not f.args or isinstance(f, (Int, Component)):
        return f
    if isinstance(f, Chosen):
        shifts = [_shift(r, base) for r in f.maximum.ranges]
        at = (e - by for e, by in zip(f.at, shifts, strict=True))
        maximum = _moved(f.maximum, base)
        assert isinstance(maximum, Max)
        return Chosen(maximum, *at)
    f = rebuild(f, tuple(_moved(a, base) for a in f.args))
    if not isinstance(f, Binder):
        return f
    ranges: list[Range] = []
    to: dict[Index, Int] = {}
    for r in f.ranges:
        here = substitute(r, to)
        new, by = fresh(r.index), _shift(r, base)
        to[r.index] = new + by
        lowers, uppers = ([e - by for e in es] for es in (here.lowers, here.uppers))
        ranges.append(Range(new, lowers, uppers))
    return rebuild(f, (substitute(f.body, to), *ranges, substitute(f.condition, to)))


def _shift(r: Range, base: int) -> int:
    """Where a range begins, if that is a number at which arrays begin; else the base."""
    begins = r.lowers[0].constant if len(r.lowers) == 1 else None
    return begins if begins in (0, 1) else base


class Integers:
    """Spells integer expressions and conditions with the names of one function."""

    def __init__(self, names: PythonNames) -> None:
        self.names = names

    def position(self, e: Int, base: int) -> Text:
        """A position on an axis."""
        return self.spell(e - base)

    def spell(self, e: Int) -> Text:
        """The value of an expression."""
        return self._polynomial(e.replace(_from_zero))

    def spell_with(self, e: Int, spelled: dict[Index, str]) -> Text:
        """The value of an expression in which some indices are spelled in another way."""
        for i, text in spelled.items():
            self.names.rename(i, text)
        made = self.spell(e)
        for i in spelled:
            self.names.forget(i)
        return made

    def _polynomial(self, e: Int) -> Text:
        """Variables first, a lone constant last."""
        if e.constant is not None:
            return Text(str(abs(e.constant)), negative=e.constant < 0)
        terms = sorted(e.terms, key=lambda t: (not t[0], t[1] < 0))
        return total([self._term(m, c) for m, c in terms])

    def _term(self, monomial: tuple[Atom, ...], c: int) -> Text:
        parts = [self.atom(a) for a in monomial]
        number = [Text(str(abs(c)))] if abs(c) != 1 or not parts else []
        made = product([*number, *parts])
        return Text(made.text, made.strength, c < 0)

    def atom(self, a: Atom) -> Text:
        """An index, a size, a floor, or what counts from a base, from 0."""
        match a:
            case Index():
                return Text(self.names.index(a))
            case Size():
                return Text(self.names.size(a))
            case Floor():
                n, d = map(self.spell, a.parts)
                text = f"{n.within(Strength.FACTOR)} // {d.within(Strength.SIGN)}"
                return Text(text, Strength.FACTOR)
            case FromZero(of=Ravel() as r):
                return self._ravelled(r)
            case FromZero(of=Unravel() as u):
                return self._unravelled(u)
            case FromZero(of=Entry() as entry):
                return self.entry(entry)
        raise Unsupported(f"no Python for the index expression {a}")

    def entry(self, entry: Entry) -> Text:
        """The class index that an array holds, from 0."""
        base = entry.tensor.base
        places = ", ".join(str(self.position(p, base)) for p in entry.parts)
        name = self.names.tensor(entry.tensor)
        return Text(f"{name}[{places}]" if places else name)

    def _ravelled(self, r: Ravel) -> Text:
        made: Text | None = None
        for e, d in zip(r.indices, r.dims, strict=True):
            here = self.position(e, r.base)
            made = here if made is None else total([product([made, self.spell(d)]), here])
        assert made is not None
        return made

    def _unravelled(self, u: Unravel) -> Text:
        flat = self.position(u.flat, u.base)
        inner = u.dims[u.k + 1 :]
        if inner:
            by = product([self.spell(d) for d in inner]).within(Strength.SIGN)
            flat = Text(f"{flat.within(Strength.FACTOR)} // {by}", Strength.FACTOR)
        if u.k:
            by = self.spell(u.dims[u.k]).within(Strength.SIGN)
            flat = Text(f"{flat.within(Strength.FACTOR)} % {by}", Strength.FACTOR)
        return flat

    # -- ranges and conditions -----------------------------------------------------------------

    def span(self, r: Range) -> tuple[Text, Text]:
        """Where a range begins, and where it ends, exclusively."""
        lowers = [self.spell(e) for e in r.lowers]
        uppers = [self.spell(e + 1) for e in r.uppers]
        low = lowers[0] if len(lowers) == 1 else call("max", *lowers)
        return low, uppers[0] if len(uppers) == 1 else call("min", *uppers)

    def range(self, r: Range) -> str:
        """range(a, b)."""
        low, high = map(str, self.span(r))
        return f"range({high})" if low == "0" else f"range({low}, {high})"

    def condition(self, g: Guard) -> Text:
        """A condition on indices and sizes; what compares entries is spelled elsewhere."""
        match g:
            case NonNegative():
                return self._at_least_zero(g.expression)
            case Equal(args=(Int() as e, Int() as f)):
                return self.equal(e, f)
            case Divides(args=(Int() as d, Int() as e)):
                n, by = self.spell(e).within(Strength.FACTOR), self.spell(d).within(Strength.SIGN)
                return Text(f"{n} % {by} == 0", Strength.COMPARISON)
            case And() | Or():
                return self.joined([self.condition(p) for p in _parts(g)], isinstance(g, And))
            case Not():
                return self.negated(self.condition(_parts(g)[0]))
        raise Unsupported(f"no Python for the condition {g}")

    def joined(self, parts: list[Text], both: bool) -> Text:
        """Conditions joined by `and` or `or`."""
        if not parts:
            return Text(str(both))
        if len(parts) == 1:
            return parts[0]
        word = " and " if both else " or "
        inner = (p.text if p.strength > Strength.CHOICE else f"({p.text})" for p in parts)
        return Text(word.join(inner), Strength.COMPARISON if both else Strength.CHOICE)

    def negated(self, part: Text) -> Text:
        return Text(f"not ({part})", Strength.COMPARISON)

    def equal(self, e: Int, f: Int) -> Text:
        """e == f, a constant on the right."""
        left, right = self._sides(e - f)
        return Text(f"{left} == {right}", Strength.COMPARISON)

    def _at_least_zero(self, e: Int) -> Text:
        left, right = self._sides(e)
        return Text(f"{left} >= {right}", Strength.COMPARISON)

    def _sides(self, e: Int) -> tuple[Text, Text]:
        """left - right = e, both without minus signs."""
        e = e.replace(_from_zero)
        left = Int({m: c for m, c in e.terms if c > 0})
        right = Int({m: -c for m, c in e.terms if c < 0})
        return self._polynomial(left), self._polynomial(right)


def _from_zero(a: Atom) -> Int | None:
    if isinstance(a, (Ravel, Unravel)):
        return FromZero(a) + a.base
    return FromZero(a) + a.tensor.base if isinstance(a, Entry) else None


def is_from_zero(a: Atom) -> bool:
    """Whether an atom is a position or a class index, which a base belongs to."""
    return isinstance(a, (Ravel, Unravel, Entry))


def _parts(g: Guard) -> tuple[Guard, ...]:
    return tuple(a for a in g.args if isinstance(a, Guard))
