r"""The layout of formulas: order, signs, fractions and, in this one place, brackets.

A formula is laid out into a `Math` with a strength.  A slot asks for a strength, and what is
weaker gets brackets:

    TERM < FACTOR < OPERAND < ATOM      a+b < a b, \sum a < \exp(x), \frac{a}{b} < x_{i}, (...)

    term of a sum                       FACTOR, the sign of the term taken out
    factor of a product                 FACTOR; a sum, a maximum or cases only as the last one
    body of a sum or maximum            FACTOR
    base of a power                     ATOM
    argument, exponent, fraction        TERM

How each formula is spelled in LaTeX stands in `derive.writers.latex_math`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction as Rational
from typing import TypeVar

from sympy import Basic

from derive.document import levels
from derive.document.conditions import Conditions, free_ranges, under_maximum
from derive.document.deltas import delta
from derive.document.functions import head
from derive.document.integers import bounds, component_like, index_places, integer, is_product
from derive.document.juxtapose import inline, juxtaposed, numeral, operators
from derive.document.math import (
    Big,
    Break,
    CasesMath,
    Fenced,
    Fraction,
    Math,
    Name,
    Numeral,
    Operator,
    Relation,
    Root,
    Scripts,
    Sign,
    Space,
    Words,
    fenced,
    listed,
    row,
)
from derive.document.notation import Names, parse_name
from derive.document.products import Quotient, Split, flat, is_reciprocal, split
from derive.document.strength import Laid, Strength, slot
from derive.document.wholes import Wholes
from derive.document.windows import counted, member_of
from derive.ir import (
    TRUE,
    Apply,
    Bracket,
    Cases,
    Chosen,
    Component,
    Count,
    Delta,
    Derivative,
    Element,
    Formula,
    Greatest,
    Guard,
    Int,
    Least,
    Max,
    Number,
    Plus,
    Power,
    Range,
    SquaredNorm,
    Sum,
    Times,
    Whole,
)
from derive.ir.levels import OverLevels

Kind = TypeVar("Kind", bound=Basic)


def formula(f: Formula, names: Names) -> Math:
    """`f` as it is printed."""
    return _Layout(names).plain(_as(names.present(f), Formula))


def whole(a: Whole, names: Names) -> Math:
    """A whole array as it is printed."""
    return _Layout(names).wholes.lay(_as(names.present(a), Whole)).math


def condition(g: Guard, names: Names) -> Math:
    """`g` as it is printed, in one line."""
    return _Layout(names).conditions.layout(_as(names.present(g), Guard))


def extent(e: Int, names: Names) -> Math:
    """An integer expression on its own: a size, the definition of one, a number of parameters."""
    return integer(_as(names.present(e), Int), names, display=True)


def ranges(rs: Sequence[Range], names: Names) -> list[Math]:
    r"""The ranges of free indices: n=1,\dots,64 and i,j=1,\dots,24."""
    return free_ranges([_as(names.present(r), Range) for r in rs], names)


def _as(f: Basic, cls: type[Kind]) -> Kind:
    assert isinstance(f, cls)
    return f


class _Layout:
    def __init__(self, names: Names) -> None:
        self.names = names
        self.conditions = Conditions(names, self.plain, self.choice)
        self.wholes = Wholes(self)

    def plain(self, f: Formula) -> Math:
        """`f` where nothing stands beside it."""
        return self.lay(f).math

    def lay(self, f: Formula) -> Laid:
        negative, laid = self.signed(f)
        if not negative:
            return laid
        return Laid(row(Sign("prefix -"), slot(laid, Strength.FACTOR)), Strength.TERM, laid.open)

    # -- arithmetic ------------------------------------------------------------------------------

    def signed(self, f: Formula) -> tuple[bool, Laid]:
        """Whether `f` is printed with a minus sign, and what stands behind the sign."""
        if isinstance(f, Number):
            return f.value < 0, self.number(abs(f.value))
        if isinstance(f, Component) and (value := self.names.values.get(f)) is not None:
            return value < 0, self.number(abs(value), "all")
        if isinstance(f, Times) or is_reciprocal(f):
            parts = split(f)
            if parts.negative and any(v < 0 for v in parts.numbers):
                return True, self.lay(Times(*_without_first_sign(f)))
            return parts.negative, self.product(parts)
        return False, self.node(f)

    def number(self, value: Rational, decimals: str = "") -> Laid:
        math = numeral(value, decimals or self.names.notation.decimals)
        return Laid(math, Strength.ATOM if isinstance(math, Numeral) else Strength.OPERAND)

    def sum(self, f: Plus) -> Laid:
        terms = [self.signed(t) for t in _terms(f)]
        if not terms:
            return Laid(Numeral("0"), Strength.ATOM)
        as_it_stands = bool(self.names.values)  # numbers in the places of entries keep them
        first = next((k for k, (minus, _) in enumerate(terms) if not minus or as_it_stands), 0)
        parts: list[Math] = []
        for negative, laid in (terms[first], *terms[:first], *terms[first + 1 :]):
            if parts:
                parts += [Break(1), Sign("-" if negative else "+")]
            elif negative:
                parts.append(Sign("prefix -"))
            parts.append(slot(laid, Strength.MARKED))
        return Laid(row(*parts), Strength.TERM)

    def product(self, parts: Split) -> Laid:
        """Numbers and 1/N in front, then the factors in their order."""
        front = self.front(parts)
        count = len(front) + len(parts.rest)
        if not count:
            return Laid(Numeral("1"), Strength.ATOM)
        laid = [self.factor(g, last=k == len(parts.rest) - 1) for k, g in enumerate(parts.rest)]
        if not front and count == 1:
            return laid[0]
        written = list(front)
        for k, part in enumerate(laid):
            closed = not part.open or (k == len(laid) - 1 and not any(p.open for p in laid[:k]))
            fits = part.strength >= Strength.FACTOR and closed
            written.append(part.math if fits else fenced("paren", part.math))
        return Laid(
            juxtaposed(written, len(front)), Strength.FACTOR, laid[-1:] != [] and laid[-1].open
        )

    def front(self, parts: Split) -> list[Math]:
        """The numbers of a product, as one fraction where there is a denominator."""
        above = [
            *(numeral(value, self.names.notation.decimals) for value in parts.numbers),
            *(slot(self.node(g), Strength.FACTOR) for g in parts.above),
        ]
        if not parts.below:
            return above
        below = [slot(self.lay(g), Strength.FACTOR) for g in parts.below]
        alone = len(parts.below) == 1
        under = self.lay(parts.below[0]).math if alone else juxtaposed(below, len(below))
        return [Fraction(juxtaposed(above) if above else Numeral("1"), under)]

    def factor(self, f: Formula | Quotient, last: bool) -> Laid:
        if isinstance(f, Quotient):
            above = self.product(Split(False, f.numbers, f.counts_above, (), f.above))
            below = self.product(Split(False, f.divisors, f.counts_below, (), f.below))
            return Laid(Fraction(above.math, below.math), Strength.OPERAND)
        if isinstance(f, Apply) and not last:
            return self.call(f)
        return self.lay(f)

    def power(self, f: Power) -> Laid:
        norm = self.wholes.power_of_norm(f)
        if norm is not None:
            return norm
        e = f.exponent
        above = inline(e.value) if isinstance(e, Number) else self.exponent(e)
        base = slot(self.lay(f.base), Strength.ATOM)
        if isinstance(base, Scripts):
            return Laid(Scripts(base.base, base.below, above), Strength.OPERAND)
        return Laid(Scripts(base, above=above), Strength.OPERAND)

    def exponent(self, e: Formula) -> Math:
        """An exponent in one line: 1/p."""
        if isinstance(e, Power) and isinstance(e.base, Count) and e.exponent == Number(-1):
            return row(Numeral("1"), Sign("slash"), slot(self.lay(e.base), Strength.ATOM))
        return self.plain(e)

    # -- nodes -----------------------------------------------------------------------------------

    def node(self, f: Formula) -> Laid:
        match f:
            case Component():
                return self.component(f)
            case Count():
                return self.count(f)
            case Plus():
                return self.sum(f)
            case Power():
                return self.power(f)
            case Apply():
                return self.application(f)
            case Greatest() | Least():
                return self.extreme(f)
            case OverLevels():
                return levels.over_levels(f, self.lay(f.body))
            case Sum() | Max():
                return self.binder(f)
            case Chosen():
                return Laid(fenced("bracket", self.choice(f)), Strength.ATOM)
            case Delta():
                return delta(f, self.names)
            case Bracket():
                return Laid(fenced("bracket", self.conditions.layout(f.condition)), Strength.ATOM)
            case Cases():
                return self.cases(f)
            case Derivative():
                return self.derivative(f)
            case Element():
                return self.wholes.element(f)
        raise TypeError(f"no layout for a {type(f).__name__}")

    def component(self, f: Component) -> Laid:
        math = component_like(f.tensor.symbol, f.indices, self.names)
        name = parse_name(f.tensor.symbol)
        return Laid(math, Strength.OPERAND if name.tag or name.mark else Strength.ATOM)

    def count(self, f: Count) -> Laid:
        math = integer(f.integer, self.names)
        if not is_product(f.integer):
            return Laid(math, Strength.TERM)
        bare = isinstance(math, Numeral) or (isinstance(math, Name) and not math.tag)
        return Laid(math, Strength.ATOM if bare else Strength.FACTOR)

    def application(self, f: Apply) -> Laid:
        """A function call; log of a lone component goes without brackets."""
        if f.function.name == "log" and f.function.known and isinstance(f.args[1], Component):
            return Laid(row(Operator("log"), self.plain(f.args[1])), Strength.FACTOR)
        return self.call(f)

    def call(self, f: Apply) -> Laid:
        g, arguments = f.function, [self.plain(a) for a in f.arguments]
        if g.known and g.name == "sqrt":
            inner = f.arguments[0]
            if isinstance(inner, Element) and isinstance(inner.whole, SquaredNorm):
                return Laid(self.wholes.norm(inner.whole, None), Strength.OPERAND)
            return Laid(Root(arguments[0]), Strength.OPERAND)
        if g.known and g.name == "abs":
            return Laid(fenced("bar", arguments[0]), Strength.ATOM)
        if g.known and g.name == "relu":
            inside = listed([arguments[0], Numeral("0")])
            return Laid(row(Operator("max"), fenced("paren", inside)), Strength.OPERAND)
        return Laid(
            row(head(g, self.names.symbols), fenced("paren", listed(arguments))), Strength.OPERAND
        )

    def extreme(self, f: Greatest | Least) -> Laid:
        """max(a, b); with braces where it would look like relu."""
        like_relu = isinstance(f, Greatest) and len(f.args) == 2 and f.args[1] == Number(0)
        inside = listed(self.plain(_as(a, Formula)) for a in f.args)
        head = Operator("max" if isinstance(f, Greatest) else "min")
        return Laid(row(head, fenced("brace" if like_relu else "paren", inside)), Strength.OPERAND)

    # -- binders ---------------------------------------------------------------------------------

    def binder(self, f: Sum | Max) -> Laid:
        conditions = self.conditions.lines(f.condition)
        body = slot(self.lay(f.body), Strength.FACTOR)
        if (count := counted(f, self.names)) is not None:
            return Laid(count, Strength.ATOM)
        if (member := member_of(f, self.names)) is not None:
            over = Big("max" if isinstance(f, Max) else "sum", (member,))
            return Laid(row(over, body), Strength.FACTOR, open=True)
        if isinstance(f, Max):
            under = (*under_maximum(f.ranges, self.names), *conditions)
            return Laid(row(Big("max", under), body), Strength.FACTOR, open=True)
        signs: list[Big] = []
        for k, r in enumerate(f.ranges):
            low = bounds(r.lowers, self.names, lower=True)
            start = row(self.names.index(r.index), Relation("="), low)
            lines = (start, *conditions) if k == len(f.ranges) - 1 else (start,)
            signs.append(Big("sum", lines, bounds(r.uppers, self.names, lower=False)))
        return Laid(row(*operators(signs), body), Strength.FACTOR, open=True)

    def choice(self, f: Chosen) -> Math:
        """(p, q) = argmax ..., without brackets around it."""
        places = [integer(e, self.names) for e in f.at]
        at = listed(places, spaced=any(not isinstance(p, Name | Numeral) for p in places))
        m = f.maximum
        under = (*under_maximum(m.ranges, self.names), *self.conditions.lines(m.condition))
        body = slot(self.lay(m.body), Strength.FACTOR)
        left = Fenced("paren", at) if len(f.at) > 1 else at
        return row(left, Relation("="), Big("argmax", under), body)

    # -- selectors -------------------------------------------------------------------------------

    def cases(self, f: Cases) -> Laid:
        lines: list[tuple[Math, Math]] = []
        for b in f.branches:
            where = self.conditions.layout(b.condition)
            words = Words("otherwise") if b.condition == TRUE else row(Words("if "), where)
            lines.append((self.plain(b.value), words))
        return Laid(CasesMath(tuple(lines)), Strength.FACTOR, open=True)

    # -- derivatives -----------------------------------------------------------------------------

    def derivative(self, f: Derivative) -> Laid:
        cotangent = self.names.cotangent(f.of, f.by)
        if cotangent is not None:
            below = listed(index_places(f.by.indices, self.names))
            return Laid(
                Scripts(cotangent, below=below) if f.by.indices else cotangent, Strength.OPERAND
            )
        by, of = [f.by], f.of
        while isinstance(of, Derivative) and self.merges(f, of):
            by, of = [*by, of.by], of.of
        if isinstance(of, Component):
            slope = self.fraction(by, self.plain(of))
            return Laid(row(slope, *levels.fixed(f.held)), Strength.OPERAND)
        operand = self.call(f.of) if isinstance(f.of, Apply) else self.lay(f.of)
        closed = isinstance(f.of, Apply | Greatest | Least | Derivative)
        body = operand.math if closed else fenced("paren", operand.math)
        # d/dx exp(x) y would be read as the derivative of a product
        operator = row(self.fraction([f.by], None), *levels.fixed(f.held))
        return Laid(row(operator, body), Strength.OPERAND, open=closed)

    def merges(self, f: Derivative, inner: Derivative) -> bool:
        """Whether two derivatives are written as one of second order."""
        return f.held == inner.held and self.names.cotangent(inner.of, inner.by) is None

    def fraction(self, by: list[Component], of: Math | None) -> Math:
        order: Math = Sign("partial")
        if len(by) > 1:
            order = Scripts(order, above=Numeral(str(len(by))))
        below: list[Math] = []
        for component in by:
            below += [Space("thin")] * bool(below) + [Sign("partial"), self.plain(component)]
        return Fraction(row(order, of) if of else order, row(*below))


def _terms(f: Formula) -> list[Formula]:
    """The terms of a sum, those of sums in it among them."""
    if isinstance(f, Plus):
        return [t for g in f.args for t in _terms(_as(g, Formula))]
    return [f]


def _without_first_sign(f: Formula) -> list[Formula]:
    """The factors of a product, its first negative number made positive."""
    factors = flat(f)
    k = next(k for k, g in enumerate(factors) if isinstance(g, Number) and g.value < 0)
    return [*factors[:k], Number(-_as(factors[k], Number).value), *factors[k + 1 :]]
