"""Reading the text form of `ir.text`: all of it, or an error with the place where it stopped."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeVar

from derive.ir.binder import Chosen, Max, Range, Sum
from derive.ir.formula import (
    Apply,
    Component,
    Count,
    Derivative,
    Entry,
    Formula,
    Function,
    Greatest,
    Least,
    Number,
    Plus,
    Power,
    Tensor,
    Times,
)
from derive.ir.guard import FALSE, TRUE, And, Divides, Equal, Guard, Not, Or, at_least, at_most
from derive.ir.index import Index
from derive.ir.integer import Int, floor
from derive.ir.reshape import ravel, unravel
from derive.ir.scan import Scanner
from derive.ir.selector import Bracket, Branch, Cases, Compare, Delta
from derive.ir.statement import Definition, Relation
from derive.ir.text import WORDS, Names, Node

N = TypeVar("N", bound=Node)


def from_text(text: str, names: Names, kind: type[N] = Formula) -> N:  # type: ignore[assignment]
    """The Formula, Guard, Int, Range, Definition or Relation whose text form is `text`."""
    reader = _Reader(text, names)
    rule: Callable[[_Reader], Any] = _KINDS[kind]
    node: N = rule(reader)
    reader.take("end", None, "the end of the text")
    return node


class _Reader(Scanner):
    def __init__(self, text: str, names: Names):
        super().__init__(text)
        self.names = names

    # -- names -----------------------------------------------------------------------------------

    def name(self, expected: str) -> str:
        if self.next.kind == "string":
            token = self.take("string", None, expected)
            return self.made(token, json.loads, token.text)  # type: ignore[no-any-return]
        if self.next.text in WORDS:
            self.stop(expected)
        return self.take("name", None, expected).text

    def tensor(self) -> Tensor:
        token = self.next
        name = self.name("the name of a tensor")
        if name not in self.names.tensors:
            self.stop("the name of a tensor", token)
        return self.names.tensors[name]

    def index(self) -> Index:
        token = self.next
        hint = self.name("an index")
        number = self.digits() if self.skip("#") else 0
        return self.made(token, Index, hint, number)  # type: ignore[no-any-return]

    # -- integers --------------------------------------------------------------------------------

    def integer(self) -> Int:
        total = -self.product() if self.skip("-") else self.product()
        while sign := self.skip("+", "-"):
            total = total + (self.product() if sign == "+" else -self.product())
        return total

    def product(self) -> Int:
        value = self.factor()
        while self.skip("*"):
            value = value * self.factor()
        return value

    def factor(self) -> Int:
        token = self.next
        if token.kind == "number":
            return Int.of(self.digits())
        if self.sees("("):
            return self.enclosed(self.integer)  # type: ignore[no-any-return]
        if self.skip("floor"):
            return self.made(token, floor, *self.pair())  # type: ignore[no-any-return]
        if self.sees("ravel", "unravel"):
            return self.reshape()
        if self.following == "[":
            tensor = self.tensor()
            return Int.of(self.made(token, Entry, tensor, *self.indices()))
        name = self.name("an integer, an index or a size")
        if self.sees("#") or name not in self.names.sizes:
            self.at -= 1
            return Int.of(self.index())
        return Int.of(self.names.sizes[name])

    def reshape(self) -> Int:
        word = self.take("name", None, "ravel")
        self.mark("[")
        numbers = self.listed(self.digits, "]")
        if len(numbers) != (1 if word.text == "ravel" else 2):
            self.stop("[base] of a ravel, [base, component] of an unravel", word)
        indices, dims = self.enclosed(self.position)
        if word.text == "ravel":
            return self.made(word, ravel, indices, dims, numbers[0])  # type: ignore[no-any-return]
        if len(indices) != 1 or not numbers[1] < len(dims):
            self.stop("a component of the index tuple at one position", word)
        return self.made(word, unravel, indices[0], numbers[1], dims, numbers[0])  # type: ignore[no-any-return]

    def pair(self) -> tuple[Int, Int]:
        """Two integers in brackets."""
        token = self.next
        parts: list[Int] = self.enclosed(lambda: self.some(self.integer))
        if len(parts) != 2:
            self.stop("two integers in brackets", token)
        return parts[0], parts[1]

    def position(self) -> tuple[list[Int], list[Int]]:
        indices = self.listed(self.integer, ";")
        dims = [self.integer()]
        while self.skip(","):
            dims.append(self.integer())
        return indices, dims

    def indices(self) -> list[Int]:
        self.mark("[")
        return self.listed(self.integer, "]")

    # -- ranges and guards -----------------------------------------------------------------------

    def range(self) -> Range:
        index = self.index()
        self.mark("=")
        lowers = self.bound("max")
        self.mark("..")
        return Range(index, lowers, self.bound("min"))

    def bound(self, word: str) -> list[Int]:
        if not self.skip(word):
            return [self.integer()]
        token = self.next
        bounds: list[Int] = self.enclosed(lambda: self.some(self.integer))
        return bounds if bounds else self.stop("a bound", token)

    def guard(self) -> Guard:
        parts = [self.condition()]
        word = self.next.text if self.sees("and", "or") else ""
        while word and self.skip(word):
            parts.append(self.condition())
        return parts[0] if len(parts) == 1 else And(*parts) if word == "and" else Or(*parts)

    def condition(self) -> Guard:
        if self.skip("true"):
            return TRUE
        if self.skip("false"):
            return FALSE
        if self.skip("not"):
            return Not(self.enclosed(self.guard, "{", "}"))
        if self.skip("and"):
            return And(self.enclosed(self.guard, "{", "}"))
        if self.skip("or"):
            return Or(self.enclosed(self.guard, "{", "}"))
        if self.sees("{"):
            return self.enclosed(self.guard, "{", "}")  # type: ignore[no-any-return]
        if self.skip("compare"):
            return self.enclosed(self.compare)  # type: ignore[no-any-return]
        return self.relation_of_integers()

    def relation_of_integers(self) -> Guard:
        e = self.integer()
        token = self.next
        how = self.skip(">=", "<=", "=", "|") or self.stop("“>=”, “<=”, “=” or “|”")
        makers = {">=": at_least, "<=": at_most, "=": Equal, "|": Divides}
        return self.made(token, makers[how], e, self.integer())  # type: ignore[no-any-return]

    def compare(self) -> Compare:
        left = self.formula()
        how = self.skip("<", "<=", "=", "!=") or self.stop("“<”, “<=”, “=” or “!=”")
        return Compare(left, how, self.formula())

    # -- formulas --------------------------------------------------------------------------------

    def formula(self) -> Formula:
        terms = [self.term()]
        while sign := self.skip("+", "-"):
            terms.append(self.term() if sign == "+" else Times(Number(-1), *self.factors()))
        return terms[0] if len(terms) == 1 else Plus(*terms)

    def term(self) -> Formula:
        factors = self.factors()
        return factors[0] if len(factors) == 1 else Times(*factors)

    def factors(self) -> list[Formula]:
        factors = [self.power()]
        while self.skip("*"):
            factors.append(self.power())
        return factors

    def power(self) -> Formula:
        base = self.whole()
        return Power(base, self.whole()) if self.skip("^") else base

    def whole(self) -> Formula:
        token = self.next
        if token.kind == "number" or self.sees("-"):
            return self.number()
        if self.sees("("):
            return self.enclosed(self.formula)  # type: ignore[no-any-return]
        if self.skip("["):
            condition = self.guard()
            self.mark("]")
            return Bracket(condition)
        if token.kind == "name" and token.text in _WORDS:
            self.at += 1
            return self.made(token, _WORDS[token.text], self)  # type: ignore[no-any-return]
        return self.apply() if self.following in ("(", "{") else self.component()

    def number(self) -> Number:
        sign = -1 if self.skip("-") else 1
        value = Fraction(sign * self.digits())
        if self.skip("/"):
            token = self.next
            value = self.made(token, Fraction, value, self.digits() or self.stop("a denominator"))
        return Number(value)

    def component(self) -> Component:
        token = self.next
        tensor = self.tensor()
        return self.made(token, Component, tensor, *self.indices())  # type: ignore[no-any-return]

    def apply(self) -> Apply:
        name = self.name("the name of a function")
        orders = self.listed(self.digits, "}") if self.skip("{") else []
        return Apply(Function(name, tuple(orders)), *self.parts())

    def parts(self) -> list[Formula]:
        return self.enclosed(lambda: self.some(self.formula))  # type: ignore[no-any-return]

    def one(self, kind: type[Any], expected: str) -> Any:
        """One formula of a certain kind."""
        token = self.next
        f = self.formula()
        return f if isinstance(f, kind) else self.stop(expected, token)

    # -- the words that begin a formula ----------------------------------------------------------

    def binder(self, cls: type[Sum] | type[Max]) -> Formula:
        token = self.next
        self.mark("[")
        ranges: list[Range] = []
        while not self.sees("|", "]"):
            if ranges:
                self.mark(",")
            ranges.append(self.range())
        condition = self.guard() if self.skip("|") else TRUE
        self.mark("]")
        body = self.enclosed(self.formula)
        return self.made(token, cls, body, *ranges, condition)  # type: ignore[no-any-return]

    def chosen(self) -> Formula:
        token = self.next
        at = self.indices()
        maximum = self.enclosed(lambda: self.one(Max, "a max over ranges"))
        return self.made(token, Chosen, maximum, *at)  # type: ignore[no-any-return]

    def cases(self) -> Formula:
        return Cases(*self.enclosed(self.branches))

    def branches(self) -> list[Branch]:
        branches: list[Branch] = []
        while True:
            value = self.formula()
            if not self.skip("if"):
                return [*branches, Branch(value, TRUE)]
            branches.append(Branch(value, self.guard()))
            self.mark(";")

    def derivative(self) -> Formula:
        def parts() -> tuple[Formula, Component, *tuple[Tensor, ...]]:
            f = self.formula()
            self.mark(",")
            by = self.one(Component, "an entry of a tensor")
            held = []
            while self.skip(","):
                held.append(self.tensor())
            return f, by, *held

        return Derivative(*self.enclosed(parts))

    # -- statements ------------------------------------------------------------------------------

    def definition(self) -> Definition:
        token = self.next
        left = self.component()
        self.mark(":=")
        indices = tuple(e.atom for e in left.indices)
        if not all(isinstance(i, Index) for i in indices) or len(set(indices)) < len(indices):
            self.stop("a different index for each axis", token)
        return Definition(left.tensor, indices, self.formula())  # type: ignore[arg-type]

    def relation(self) -> Relation:
        left = self.formula()
        how = self.skip("=", "<", "<=", ">", ">=", "!=") or self.stop("“=” or another relation")
        right = self.formula()
        ranges = [self.range()] if self.skip("for") else []
        while ranges and self.skip(","):
            ranges.append(self.range())
        return Relation(left, how, right, tuple(ranges))


_WORDS: dict[str, Callable[[_Reader], Formula]] = {
    "sum": lambda reader: reader.binder(Sum),
    "max": lambda reader: reader.binder(Max),
    "chosen": _Reader.chosen,
    "cases": _Reader.cases,
    "derivative": _Reader.derivative,
    "count": lambda reader: Count(reader.enclosed(reader.integer)),
    "delta": lambda reader: Delta(*reader.pair()),
    "greatest": lambda reader: Greatest(*reader.parts()),
    "least": lambda reader: Least(*reader.parts()),
    "plus": lambda reader: Plus(*reader.parts()),
    "times": lambda reader: Times(*reader.parts()),
}

_KINDS: dict[type, Callable[[_Reader], Any]] = {
    Formula: _Reader.formula,
    Guard: _Reader.guard,
    Int: _Reader.integer,
    Range: _Reader.range,
    Definition: _Reader.definition,
    Relation: _Reader.relation,
}
