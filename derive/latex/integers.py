"""Integer expressions and conditions: what stands in subscripts, ranges, deltas and brackets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, NoReturn

from derive.ir import (
    FALSE,
    ONE,
    TRUE,
    And,
    Compare,
    Component,
    Count,
    Divides,
    Entry,
    Equal,
    Formula,
    Guard,
    Index,
    Int,
    NonNegative,
    Not,
    Or,
    Size,
    Tensor,
    at_least,
    at_most,
    ceiling,
    conjunction,
    floor,
    mod,
    substitute,
)
from derive.latex.error import ReadError, UndefinedName
from derive.latex.scope import Scope
from derive.latex.symbols import Abbreviation
from derive.latex.tokens import PRODUCT
from derive.latex.tree import (
    Big,
    Call,
    Chain,
    Factors,
    Fraction,
    Group,
    Listed,
    Logic,
    Node,
    Numeral,
    Scripted,
    Styled,
    Symbol,
    Terms,
    Word,
    letters_of,
    spell,
)

MOST_DIGITS, MOST_TERMS, HIGHEST_POWER = 60, 1000, 8
"""Limits of an index expression, far above what people write."""


class Ratio(NamedTuple):
    """above/below; an integer where `below` is 1."""

    above: Int
    below: Int


class Integers(Scope):
    """Reads integers and conditions; `formula` is added by the class for formulas."""

    offence: Node = Symbol("", position=0)
    not_ratios: set[int]
    powers = True

    def formula(self, node: Node) -> Formula:
        raise NotImplementedError

    # -- integers --------------------------------------------------------------------------------

    @contextmanager
    def expecting(self, creating: bool | None = None, powers: bool | None = None) -> Iterator[None]:
        """Inside, undeclared letters are indices (or not), powers are multiplied out (or not)."""
        before = self.creating, self.powers
        self.creating = self.creating if creating is None else creating
        self.powers = self.powers if powers is None else powers
        yield
        self.creating, self.powers = before

    def index(self, node: Node) -> Int:
        """The integer in an index position, where letters that nothing declares are indices."""
        with self.expecting(creating=True, powers=True):
            return self.integer(node)

    def integer(self, node: Node) -> Int:
        """The integer that `node` is, or an error where it is none."""
        value = self.ratio(node)
        if value is None:
            at = self.offence
            name = self.whole and isinstance(at, (Symbol, Scripted))
            refused = UndefinedName if name and self.find(at) is None else ReadError
            raise refused(at.position, "an integer expression", f"“{spell(at)}”")
        if value.below != ONE:
            raise ReadError(node.position, "an integer: ⌊ ⌋ around a quotient", "a quotient")
        return value.above

    def ratio(self, node: Node) -> Ratio | None:
        """`node` as a quotient of integers, None where it is no such thing."""
        if id(node) in self.not_ratios:
            return None
        value = self.read_ratio(node)
        if value is None:
            self.not_ratios.add(id(node))
        return value

    def read_ratio(self, node: Node) -> Ratio | None:
        match node:
            case Numeral() if "." not in node.text:
                if len(node.text) > MOST_DIGITS:
                    raise ReadError(
                        node.position, f"at most {MOST_DIGITS} digits", f"{len(node.text)} digits"
                    )
                return Ratio(Int.of(int(node.text)), ONE)
            case Symbol() | Scripted() | Styled():
                return self.named_ratio(node)
            case Terms():
                return self.sum_of_ratios(node)
            case Factors():
                return self.product_of_ratios(node)
            case Fraction():
                above, below = self.ratio(node.above), self.ratio(node.below)
                return None if above is None or below is None else self.divided(above, below, node)
            case Group() if node.open == "(":
                return self.ratio(node.body)
            case Call() if node.power is None and not node.primes:
                called = self.integer_of(letters_of(node.name), node.argument)
                return self.no_ratio(node) if called is None else Ratio(called, ONE)
            case Group() if node.open in ("\\lfloor", "\\lceil"):
                with self.expecting(powers=True):
                    inner = self.ratio(node.body)
                rounded = floor if node.open == "\\lfloor" else ceiling
                return None if inner is None else Ratio(rounded(*inner), ONE)
        return self.no_ratio(node)

    def divided(self, above: Ratio, below: Ratio, node: Node) -> Ratio:
        """A quotient; of sizes in an index, such as m/k, it is assumed to be a whole number."""
        value = divide(above, below, node)
        sizes = value.below != ONE and not value.above.indices and not value.below.indices
        number = value.below.constant is not None and value.above.constant is not None
        if not (self.whole and self.creating and sizes) or number:
            return value
        self.assumed.append(Divides(value.below, value.above))
        return Ratio(floor(value.above, value.below), ONE)

    def no_ratio(self, node: Node) -> Ratio | None:
        """None, remembered as the place where a ratio was not found."""
        self.offence = node
        return None

    def named_ratio(self, node: Node) -> Ratio | None:
        found = self.find(node)
        if found is None:
            if isinstance(node, Scripted) and node.above is not None and not node.below:
                return self.power_of_ratio(node.base, node.above)
            index = self.create(node)
            return self.no_ratio(node) if index is None else Ratio(Int.of(index), ONE)
        meaning = found.meaning
        if isinstance(meaning, (Index, Size)):
            base = Ratio(Int.of(meaning), ONE)
            return base if found.power is None else self.raised(base, found.power)
        if isinstance(meaning, Tensor) and meaning.classes is not None and found.power is None:
            if len(found.indices) < len(meaning.shape):
                return self.no_ratio(node)
            return Ratio(Int.of(Entry(meaning, *map(self.index, found.indices))), ONE)
        return self.no_ratio(node)

    def power_of_ratio(self, base: Node, exponent: Node) -> Ratio | None:
        value = self.ratio(base) if isinstance(base, (Group, Numeral)) else self.no_ratio(base)
        return None if value is None else self.raised(value, exponent)

    def raised(self, base: Ratio, exponent: Node) -> Ratio | None:
        power = self.ratio(exponent) if self.powers else None
        number = None if power is None or power.below != ONE else power.above.constant
        if number is None or not 0 <= number <= HIGHEST_POWER:
            return self.no_ratio(exponent)
        value = Ratio(ONE, ONE)
        for _ in range(number):
            value = multiply(value, base, exponent)
        return value

    def sum_of_ratios(self, node: Terms) -> Ratio | None:
        total = Ratio(Int.of(0), ONE)
        for sign, term in node.terms:
            value = self.ratio(term)
            if value is None:
                return None
            signed = value.above if sign > 0 else -value.above
            if total.below == value.below:
                total = Ratio(total.above + signed, total.below)
            else:
                left, right = (
                    times(total.above, value.below, term),
                    times(signed, total.below, term),
                )
                total = Ratio(left + right, times(total.below, value.below, term))
        return total

    def product_of_ratios(self, node: Factors) -> Ratio | None:
        called = self.called_integer(node)
        if called is not None:
            return Ratio(called, ONE)
        total: Ratio | None = Ratio(ONE, ONE)
        factors = self.joined(node)
        if len(factors) == 1:
            name = factors[0][1]
            return self.named_ratio(name) if isinstance(name, Factors) else self.ratio(name)
        for operator, factor in factors:
            value = self.ratio(factor)
            if value is None or total is None:
                return None
            if operator == "/" and not self.divides_down():
                total = self.divided(total, value, factor)
            elif operator in ("/", "//"):
                quotient = divide(total, value, factor)
                total = Ratio(floor(quotient.above, quotient.below), ONE)
            elif operator == "mod":
                whole = total.below == value.below == ONE
                total = Ratio(mod(total.above, value.above), ONE) if whole else None
            elif operator in PRODUCT:
                total = multiply(total, value, factor)
            else:
                return self.no_ratio(factor)
        return total

    def divides_down(self) -> bool:
        """Whether a / in an index is declared to leave no rest."""
        return self.creating and self.symbols.marks.get("/") == "integer division"

    def called_integer(self, node: Factors) -> Int | None:
        """`ind(c, p, s)`, for a name that the text has defined as an integer expression."""
        factors = [f for _, f in self.joined(node)]
        return self.integer_of(*factors) if len(factors) == 2 else None

    def integer_of(self, name: Node, argument: Node) -> Int | None:
        meaning = self.symbols.table.get(name)
        if not isinstance(argument, Group):
            return None
        items = argument.body.items if isinstance(argument.body, Listed) else (argument.body,)
        if not isinstance(meaning, Abbreviation) or not isinstance(meaning.formula, Count):
            return None
        if not meaning.called or len(items) != len(meaning.indices):
            return None
        at = dict(zip(meaning.indices, map(self.index, items), strict=True))
        return substitute(meaning.formula.integer, at)

    # -- conditions --------------------------------------------------------------------------------

    def bracketed(self, node: Node) -> Guard:
        """A condition in which letters that nothing declares are indices."""
        with self.expecting(creating=True, powers=True):
            return self.condition(node)

    def condition(self, node: Node) -> Guard:
        match node:
            case Logic(word="not"):
                return Not(self.condition(node.parts[0]))
            case Logic():
                parts = [self.condition(p) for p in node.parts]
                return conjunction(*parts) if node.word == "and" else Or(*parts)
            case Listed():
                return And(*(self.condition(p) for p in node.items))
            case Word(text="true"):
                return TRUE
            case Word(text="false"):
                return FALSE
            case Group() if node.open in ("(", "["):
                return self.condition(node.body)
            case Chain():
                parts = []
                left = node.first
                for relation, right in node.links:
                    parts.append(self.comparison(left, relation, right))
                    left = right
                return parts[0] if len(parts) == 1 else And(*parts)
        raise ReadError(node.position, "a condition", f"“{spell(node)}”")

    def comparison(self, left: Node, relation: str, right: Node) -> Guard:
        if relation in ("|", "!|"):
            d, e = self.integer(left), self.integer(right)
            return Divides(d, e) if relation == "|" else Not(Divides(d, e))
        if relation == "in":
            raise ReadError(right.position, "a comparison", "a set")
        if isinstance(left, Group) and isinstance(left.body, Listed) and isinstance(right, Group):
            return self.equal_tuples(left.body, relation, right)
        if relation == "=" and isinstance(right, Big) and right.kind == "argmax":
            return self.is_largest(left, right)
        known = dict(self.indices)
        a, b = self.ratio(left), self.ratio(right)
        if a is not None and b is not None and a.below == b.below == ONE:
            return compare_integers(a.above, relation, b.above)
        self.indices = known
        with self.expecting(creating=False):
            return compare_formulas(self.formula(left), relation, self.formula(right))

    def is_largest(self, at: Node, largest: Big) -> Guard:
        """`\\{p, q\\} = \\arg\\max(z_{1,1}, z_{1,2})`: where the first of the largest stands."""
        body = largest.body.body if isinstance(largest.body, Group) else largest.body
        if largest.below is not None:
            refuse(largest, "arg max of listed entries", "one over indices")
        listed = body.items if isinstance(body, Listed) else (body,)
        values = [self.formula(node) for node in listed]
        place = at.body if isinstance(at, Group) else at
        indices = [self.index(e) for e in (place.items if isinstance(place, Listed) else (place,))]
        chosen: list[Guard] = []
        for k, (f, node) in enumerate(zip(values, listed, strict=True)):
            if not isinstance(f, Component) or len(f.indices) != len(indices):
                refuse(node, f"an entry with {len(indices)} indices", f"“{spell(node)}”")
            here = (Equal(e, i) for e, i in zip(indices, f.indices, strict=True))
            before = (Compare(g, "<", f) for g in values[:k])
            after = (Compare(g, "<=", f) for g in values[k + 1 :])
            chosen.append(conjunction(*here, *before, *after))
        return Or(*chosen)

    def equal_tuples(self, left: Listed, relation: str, right: Group) -> Guard:
        items = right.body.items if isinstance(right.body, Listed) else ()
        if relation != "=" or len(items) != len(left.items):
            raise ReadError(right.position, f"= {len(left.items)} indices", f"“{spell(right)}”")
        pairs = zip(left.items, items, strict=True)
        return And(*(Equal(self.index(e), self.index(f)) for e, f in pairs))


def compare_integers(a: Int, relation: str, b: Int) -> Guard:
    match relation:
        case "=":
            return Equal(a, b)
        case "!=":
            return Not(Equal(a, b))
        case "<=":
            return at_most(a, b)
        case "<":
            return at_most(a + 1, b)
        case ">=":
            return at_least(a, b)
    return at_least(a, b + 1)


def compare_formulas(a: Formula, relation: str, b: Formula) -> Compare:
    if relation in (">", ">="):
        return Compare(b, relation.replace(">", "<"), a)
    return Compare(a, relation, b)


def opposite(a: Guard, b: Guard) -> bool:
    """Whether one condition holds exactly where the other does not, as is seen at once."""
    if isinstance(a, NonNegative) and isinstance(b, NonNegative):
        return a.expression + b.expression == Int.of(-1)
    if isinstance(a, Compare) and isinstance(b, Compare):
        swapped = (a.left, a.right) == (b.right, b.left)
        return swapped and {a.relation, b.relation} == {"<", "<="}
    return a == Not(b) or b == Not(a)


def times(a: Int, b: Int, at: Node) -> Int:
    """a·b, refused where it would be enormous."""
    large = max((abs(c).bit_length() for e in (a, b) for _, c in e.terms), default=0)
    if len(a.terms) * len(b.terms) > MOST_TERMS or large > 4 * MOST_DIGITS:
        raise ReadError(at.position, "an index expression of reasonable size", "a huge product")
    return a * b


def multiply(a: Ratio, b: Ratio, at: Node) -> Ratio:
    return Ratio(times(a.above, b.above, at), times(a.below, b.below, at))


def divide(a: Ratio, b: Ratio, at: Node) -> Ratio:
    """a/b with common numbers cancelled and the divisor positive where it is a number."""
    if not b.above.terms:
        refuse(at, "a divisor other than 0", "0")
    above, below = times(a.above, b.below, at), times(a.below, b.above, at)
    n, d = above.constant, below.constant
    if d is not None and d < 0:
        above, below, n, d = -above, -below, None if n is None else -n, -d
    if d is not None and floor(above, d) * d == above:
        return Ratio(floor(above, d), ONE)
    return Ratio(above, below)


def refuse(at: Node, expected: str, found: Any) -> NoReturn:
    raise ReadError(at.position, expected, str(found))
