"""The exact text form of the formula language, which `ir.read.from_text` reads back.

    sum[a=1..K, b=max(1, p-4)..K | 2 | a](x[n, S*i+a-P, j+b-1] * w[o, a, b]) + b[o] - t[n]

Every node has one spelling, so equal texts mean equal nodes (with the same table of names):

    2  -1  3/2  count(H*W)  L[]  x[n, i]       numbers, an integer as a number, entries
    a + b - c   a * b   a^2   exp(x)   f{1}(x)  `- c` is the product of -1 and c; f{1} is f'
    greatest(a, b)  least(a, b)                max and min of scalars
    sum[..](a)  max[..](a)  chosen[p, q](max[..](a))
    delta(e, f)  [e >= 0 and d | e]  cases(a if e = f; b)
    derivative(f, x[i])                        ∂f/∂x_i
    S*i+a-P  floor(n, d)  ravel[1](c, m; C, H)  unravel[1, 0](f; C, H)  t[n]     integers
    e >= 0  e = f  d | e  g and h  g or {h and not {k}}  true  false  compare(a < b)    guards
    x[i, j] := a                               a definition
    a <= b for i=1..N                          a relation

An index prints as its hint, with `#12` where it has a number, and `#0` where a size has its name.
Names that are not words, and names that are words of this notation, stand in double quotes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sympy import Basic

from derive.ir.binder import Binder, Chosen, Max, Range, Sum
from derive.ir.formula import (
    Apply,
    Component,
    Count,
    Derivative,
    Entry,
    Formula,
    Greatest,
    Least,
    Number,
    Plus,
    Power,
    Tensor,
    Times,
)
from derive.ir.guard import TRUE, And, Equal, Guard, NonNegative, Not, Or
from derive.ir.index import Index, Size
from derive.ir.integer import Atom, Floor, Int
from derive.ir.reshape import Ravel, Unravel
from derive.ir.selector import Bracket, Cases, Compare, Delta
from derive.ir.statement import Definition, Relation
from derive.ir.walk import subformulas

Node: TypeAlias = "Formula | Guard | Int | Range | Definition | Relation"

WORDS = frozenset(
    "sum max min chosen delta cases derivative greatest least count plus times compare "
    "floor ravel unravel and or not true false if for".split()
)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*")

SUM, PRODUCT, POWER, WHOLE = range(4)
"""How tightly a text holds together; it needs brackets where a tighter one is wanted."""


@dataclass(frozen=True)
class Names:
    """What the names in a text stand for.  Every other name is the hint of an index."""

    tensors: Mapping[str, Tensor]
    sizes: Mapping[str, Size]

    @classmethod
    def of(cls, *nodes: Node) -> Names:
        """The tensors and sizes that stand in `nodes`, also inside shapes; one meaning a name."""
        tensors: dict[str, Tensor] = {}
        sizes: dict[str, Size] = {}
        for node in nodes:
            for part in _parts(node):
                for found in subformulas(part):
                    if isinstance(found, Tensor):
                        _enter(tensors, found)
                    for atom in found.atoms_within() if isinstance(found, Int) else ():
                        if isinstance(atom, Size):
                            _enter(sizes, atom)
                        elif isinstance(atom, Entry):
                            _enter(tensors, atom.tensor)
        return cls(tensors, sizes)


def _parts(node: Node) -> tuple[Basic, ...]:
    if isinstance(node, Definition):
        return (node.left, node.body)
    if isinstance(node, Relation):
        return (node.left, node.right, *node.ranges)
    return (node,)


def _enter(table: dict[str, Any], meaning: Any) -> None:
    if table.setdefault(meaning.name, meaning) != meaning:
        raise ValueError(f"two different things are called {meaning.name}")


def to_text(node: Node, names: Names | None = None) -> str:
    """The text of `node`; `names` is the table it will be read with, where that has more sizes."""
    sizes = {*Names.of(node).sizes, *(names.sizes if names else ())}
    return _Writer(frozenset(sizes)).node(node)


@dataclass(frozen=True)
class _Writer:
    sizes: frozenset[str]

    def node(self, node: Node) -> str:
        if isinstance(node, Definition):
            return f"{self.formula(node.left)} := {self.formula(node.body)}"
        if isinstance(node, Relation):
            where = f" for {self.ranges(node.ranges)}" if node.ranges else ""
            left, right = self.formula(node.left), self.formula(node.right)
            return f"{left} {node.relation} {right}{where}"
        if isinstance(node, Formula):
            return self.formula(node)
        if isinstance(node, Guard):
            return self.guard(node)
        return self.integer(node) if isinstance(node, Int) else self.ranges((node,))

    # -- formulas --------------------------------------------------------------------------------

    def formula(self, f: Formula, wanted: int = SUM) -> str:
        holds, text = _FORMULAS[type(f)](self, f)
        return text if holds >= wanted else f"({text})"

    def list(self, formulas: Iterable[Any]) -> str:
        return ", ".join(self.formula(f) for f in formulas)

    def plus(self, f: Plus) -> tuple[int, str]:
        if len(f.args) < 2:
            return WHOLE, f"plus({self.list(f.args)})"
        first, *others = f.args
        return SUM, self.formula(first, PRODUCT) + "".join(map(self.term, others))  # type: ignore[arg-type]

    def term(self, f: Any) -> str:
        """A term after the first, with its sign."""
        if isinstance(f, Times) and len(f.args) > 1 and f.args[0] == Number(-1):
            return " - " + self.factors(f.args[1:])
        return " + " + self.formula(f, PRODUCT)

    def factors(self, factors: tuple[Any, ...]) -> str:
        return " * ".join(self.formula(f, POWER) for f in factors)

    def times(self, f: Times) -> tuple[int, str]:
        if len(f.args) < 2:
            return WHOLE, f"times({self.list(f.args)})"
        return PRODUCT, self.factors(f.args)

    def power(self, f: Power) -> tuple[int, str]:
        negative = isinstance(f.exponent, Number) and f.exponent.value.denominator == 1
        exponent = self.formula(f.exponent, POWER if negative else WHOLE)
        return POWER, f"{self.formula(f.base, WHOLE)}^{exponent}"

    def number(self, f: Number) -> tuple[int, str]:
        if f.value.denominator > 1:
            return PRODUCT, str(f.value)
        return (WHOLE if f.value >= 0 else POWER), str(f.value)

    def derivative(self, f: Derivative) -> tuple[int, str]:
        held = "".join(f", {_name(t.name)}" for t in f.held)
        return WHOLE, f"derivative({self.list((f.of, f.by))}{held})"

    def component(self, f: Component) -> tuple[int, str]:
        return WHOLE, f"{_name(f.tensor.name)}[{self.integers(f.indices)}]"

    def apply(self, f: Apply) -> tuple[int, str]:
        orders = f.function.orders
        primes = "{" + ", ".join(map(str, orders)) + "}" if orders else ""
        return WHOLE, f"{_name(f.function.name)}{primes}({self.list(f.arguments)})"

    def binder(self, f: Binder) -> tuple[int, str]:
        word = "sum" if isinstance(f, Sum) else "max"
        condition = "" if f.condition == TRUE else f" | {self.guard(f.condition)}"
        return WHOLE, f"{word}[{self.ranges(f.ranges)}{condition}]({self.formula(f.body)})"

    def chosen(self, f: Chosen) -> tuple[int, str]:
        return WHOLE, f"chosen[{self.integers(f.at)}]({self.formula(f.maximum)})"

    def cases(self, f: Cases) -> tuple[int, str]:
        *guarded, last = f.args
        lines = [f"{self.formula(b.value)} if {self.guard(b.condition)}" for b in guarded]  # type: ignore[attr-defined]
        return WHOLE, f"cases({'; '.join([*lines, self.formula(last.value)])})"  # type: ignore[attr-defined]

    # -- ranges and guards -----------------------------------------------------------------------

    def ranges(self, ranges: Iterable[Range]) -> str:
        return ", ".join(
            f"{self.atom(r.index)}={self.bound('max', r.lowers)}..{self.bound('min', r.uppers)}"
            for r in ranges
        )

    def bound(self, word: str, bounds: tuple[Int, ...]) -> str:
        return f"{word}({self.integers(bounds)})" if len(bounds) > 1 else self.integer(bounds[0])

    def guard(self, g: Guard, whole: bool = False) -> str:
        if isinstance(g, (And, Or)):
            word = "and" if isinstance(g, And) else "or"
            parts = [self.guard(p, True) for p in g.args]  # type: ignore[arg-type]
            if len(parts) < 2:
                return f"{word} {{{parts[0]}}}" if parts else "true" if word == "and" else "false"
            text = f" {word} ".join(parts)
            return f"{{{text}}}" if whole else text
        if isinstance(g, Not):
            return f"not {{{self.guard(g.args[0])}}}"  # type: ignore[arg-type]
        if isinstance(g, Compare):
            return f"compare({self.formula(g.left)} {g.relation} {self.formula(g.right)})"
        first, *second = map(self.integer, g.args)  # type: ignore[arg-type]
        if isinstance(g, NonNegative):
            return f"{first} >= 0"
        return f"{first} {'=' if isinstance(g, Equal) else '|'} {second[0]}"

    # -- integers --------------------------------------------------------------------------------

    def integers(self, es: Iterable[Int]) -> str:
        return ", ".join(map(self.integer, es))

    def integer(self, e: Int) -> str:
        text = "".join(self.monomial(m, c) for m, c in e.terms)
        return text.removeprefix("+") or "0"

    def monomial(self, monomial: tuple[Atom, ...], c: int) -> str:
        size = [str(abs(c))] if abs(c) != 1 or not monomial else []
        return ("-" if c < 0 else "+") + "*".join([*size, *map(self.atom, monomial)])

    def atom(self, a: Atom) -> str:
        if isinstance(a, Index):
            clash = a.number or a.hint in self.sizes
            return f"{_name(a.hint)}#{a.number}" if clash else _name(a.hint)
        if isinstance(a, Size):
            return _name(a.name)
        if isinstance(a, Entry):
            return f"{_name(a.tensor.name)}[{self.integers(a.parts)}]"
        if isinstance(a, Floor):
            return f"floor({self.integers(a.parts)})"
        if isinstance(a, Ravel):
            return f"ravel[{a.base}]({self.integers(a.indices)}; {self.integers(a.dims)})"
        if isinstance(a, Unravel):
            dims = self.integers(a.dims)
            return f"unravel[{a.base}, {a.k}]({self.integer(a.flat)}; {dims})"
        raise TypeError(f"no text form for {a!r}")


def _name(name: str) -> str:
    plain = _WORD.fullmatch(name) and name not in WORDS
    return name if plain else json.dumps(name)


def _call(word: str) -> Callable[[_Writer, Any], tuple[int, str]]:
    return lambda writer, f: (WHOLE, f"{word}({writer.list(f.args)})")


_FORMULAS: dict[type, Callable[[_Writer, Any], tuple[int, str]]] = {
    Number: _Writer.number,
    Count: lambda writer, f: (WHOLE, f"count({writer.integer(f.integer)})"),
    Component: _Writer.component,
    Plus: _Writer.plus,
    Times: _Writer.times,
    Power: _Writer.power,
    Apply: _Writer.apply,
    Greatest: _call("greatest"),
    Least: _call("least"),
    Sum: _Writer.binder,
    Max: _Writer.binder,
    Chosen: _Writer.chosen,
    Delta: lambda writer, f: (WHOLE, f"delta({writer.integers(f.sides)})"),
    Bracket: lambda writer, f: (WHOLE, f"[{writer.guard(f.condition)}]"),
    Cases: _Writer.cases,
    Derivative: _Writer.derivative,
}
