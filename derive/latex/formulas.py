"""The meaning of a syntax tree: formulas of the IR, and arrays by their entries."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as Exact

from derive.errors import MissingRule
from derive.ir import (
    FUNCTIONS,
    ONE,
    Apply,
    Component,
    Count,
    Derivative,
    Formula,
    Function,
    Greatest,
    Least,
    Number,
    Power,
)
from derive.latex import programs
from derive.latex.array import Array, Value, added, inner, zipped
from derive.latex.dots import DOTS, without_dots
from derive.latex.functions import WRITTEN_OUT, known
from derive.latex.integers import refuse
from derive.latex.numbers import Sizes, inverse, negative
from derive.latex.operations import FUNCTIONS as OF_ARRAYS
from derive.latex.operations import largest, norm, norm_of_degree
from derive.latex.scope import Found, Scope
from derive.latex.symbols import Abbreviation, DefinedFunction, Operator, ScalarFunction, Symbols
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
    Root,
    Scripted,
    Styled,
    Symbol,
    Table,
    Terms,
    Word,
    letters_of,
    spell,
)
from derive.latex.written import Written, is_shape

NAMED = {
    "ln": "log",
    "sgn": "sign",
    "signum": "sign",
    "sigm": "sigmoid",
    "logistic": "sigmoid",
    **{
        name: name
        for name in (*"exp log sin cos tanh erf sign sigmoid relu signedpower abs sqrt".split(),)
        + (*WRITTEN_OUT,)
    },
}
"""Functions by the name that stands in the LaTeX, in small letters."""

LARGEST = 50_000
"""Nodes of a formula in which names and functions have been replaced by what they are, at most."""

VECTORS = ("diag", "Diag")
NORMS = ("\\|", "\\lVert", "\\Vert")


class Formulas(Written):
    """Reads formulas; where `whole` is set, also about whole arrays."""

    def __init__(self, symbols: Symbols, whole: bool = False) -> None:
        Scope.__init__(self, symbols)
        self.not_ratios = set()
        self.sizes = Sizes()
        self.whole = whole
        self.spans = {}

    def value(self, node: Node) -> Value:
        found = self.read_value(node)
        formula = found.formula if isinstance(found, Array) else found
        if self.sizes.of(formula) > LARGEST:
            refuse(node, f"a formula of at most {LARGEST} parts once written out", "a larger one")
        return found

    def read_value(self, node: Node) -> Value:
        with self.expecting(powers=False):
            value = self.ratio(node)
        if value is not None:
            n, d = value.above.constant, value.below.constant
            if n is not None and d is not None:
                return Number(Exact(n, d))
            if value.below == ONE:
                return Count(value.above)
        return self.real(node)

    def real(self, node: Node) -> Value:
        """A value that is not just an integer."""
        match node:
            case Numeral():
                return Number(Exact(node.text))
            case Symbol() | Scripted() | Styled():
                return self.named(node)
            case Terms():
                return self.terms(node)
            case Factors():
                joined = self.joined(node)
                one = len(joined) == 1 and isinstance(joined[0][1], Factors)
                return self.named(joined[0][1]) if one else self.product(joined)
            case Fraction():
                return self.quotient(node)
            case Root():
                return self.root(node)
            case Call():
                return self.call(node)
            case Big():
                return self.summed(node)
            case Group():
                return self.group(node)
            case Table():
                return self.table(node)
        return refuse(node, "a formula", f"“{spell(node)}”")

    # -- arithmetic --------------------------------------------------------------------------------

    def terms(self, node: Terms) -> Value:
        node = self.with_sums_for_dots(node)
        before = self.elementwise
        self.elementwise = before or any(isinstance(t, Numeral) for _, t in node.terms)
        values = [self.value(t) for _, t in node.terms]
        self.elementwise = before
        signs = [sign for sign, _ in node.terms]

        def total(parts: list[Formula]) -> Formula:
            signed = zip(signs, parts, strict=True)
            return added([f if sign > 0 else negative(f) for sign, f in signed])

        with self.fitting(node):
            return zipped(values, total)

    def with_sums_for_dots(self, node: Terms) -> Terms:
        """`x_1 + \\dots + x_n` with the sum that it is."""
        if all(term != DOTS for _, term in node.terms):
            return node
        made = without_dots(list(node.terms), self.steps)
        if isinstance(made, Node):
            refuse(made, "terms before and after the dots that differ in an index", "others")
        return replace(node, terms=tuple(made))

    def quotient(self, node: Fraction) -> Value:
        slope = self.fraction(node)
        if slope is not None:
            return slope
        if node.held is not None:
            refuse(node.held, "a derivative before this", "a fraction")
        above, below = self.value(node.above), self.value(node.below)
        with self.fitting(node):
            divisor = zipped([below], lambda f: inverse(f[0]))
            if above == Number(1):
                return divisor
            return self.chained([("", above, node), ("\\odot", divisor, node)])

    def root(self, node: Root) -> Value:
        body = self.value(node.body)
        if node.degree is None:
            return zipped([body], lambda f: Apply("sqrt", f[0]))
        degree = inverse(self.formula(node.degree))
        return zipped([body], lambda f: Power(f[0], degree))

    def summed(self, node: Big) -> Value:
        """Σ or max over indices, of numbers or of arrays entry by entry."""
        matrices = self.matrices(node) if node.kind == "prod" else None
        if matrices:
            return self.product(matrices)
        before, self.lifted = self.lifted, None
        formula = self.big(node)
        lifted, self.lifted = self.lifted, before
        return formula if lifted is None else lifted.map(lambda _: formula)

    def matrices(self, node: Big) -> list[tuple[str, Node]]:
        """The factors of a product of matrices over an index with few values; else none."""
        plan = None if node.below is None else self.plan(node.below, node.above)
        found = None if plan is None else self.one_by_one(node, plan)
        first = self.value(found[0]) if found else None
        if not found or not isinstance(first, Array) or first.rank != 2:
            return []
        if self.symbols.descending:
            self.note("a product of matrices over an index has its last factor first")
            found.reverse()
        return [("", Group("(", f, position=node.position)) for f in found]

    lifted: Array | None = None

    def summand(self, node: Node) -> Formula:
        value = self.value(node)
        if isinstance(value, Array):
            self.lifted = value
            return value.formula
        return value

    # -- functions ---------------------------------------------------------------------------------

    def call(self, node: Call) -> Value:
        value = self.called(node)
        return value if node.power is None else self.raised_value(value, node.power, node)

    def operated(self, node: Scripted, call: Call) -> Value | None:
        value = super().operated(node, call)
        if value is not None or node.below is None or node.above is not None or not self.whole:
            return value
        return programs.told_below(self, node.below, call)

    def called(self, node: Call) -> Value:
        if node.name in ("max", "min") and not node.primes:
            return self.of_program(node) or self.extreme(node)
        table = self.symbols.table
        found = table.get(Word(node.name, position=0)) or table.get(letters_of(node.name))
        if isinstance(found, Abbreviation) and found.called and isinstance(node.argument, Group):
            body = node.argument.body
            at = body.items if isinstance(body, Listed) else (body,)
            return self.abbreviated(found, Found(found, at, None, node))
        if isinstance(found, Operator):
            return self.operate(found, node.argument)
        if isinstance(found, (ScalarFunction, DefinedFunction)):
            arguments = self.arguments(node.argument)
            orders = (node.primes,) + (0,) * (len(arguments) - 1)
            return self.at_arguments(found, orders, arguments, node)
        value = self.of_program(node)
        if value is not None:
            return value
        if node.name in OF_ARRAYS and not node.primes:
            with self.fitting(node):
                return OF_ARRAYS[node.name](self.of_entries(node))
        name = NAMED.get(node.name.lower())
        if name is None:
            refuse(node, f"one of the functions {', '.join(sorted(NAMED))}", f"“{node.name}”")
        arguments = self.arguments(node.argument)
        wanted = 2 if name == "signedpower" else 1
        if len(arguments) != wanted:
            refuse(node.argument, f"{wanted} argument of {node.name}", f"{len(arguments)}")
        orders = (node.primes,) + (0,) * (wanted - 1)
        return self.at_arguments(ScalarFunction(name), orders, arguments, node)

    def of_entries(self, node: Call) -> Value:
        """The argument of an operation: of `\\operatorname{diag}(\\sigma'(z_i))` an array."""
        before = dict(self.indices)
        value = self.listed(node.argument) or self.value(node.argument)
        new = [n for n in self.indices if n not in before]
        if isinstance(value, Array) or node.name not in VECTORS or len(new) != 1:
            return value
        return self.collected(value, new[0], node)

    def of_program(self, node: Call) -> Value | None:
        """The value of a function of arrays, as in programs; None where it is none."""
        return programs.called(self, node) if self.whole and not node.primes else None

    def extreme(self, node: Call) -> Value:
        arguments = self.arguments(node.argument)
        bracketed = isinstance(node.argument, Group) and node.argument.open == "("
        if node.name == "max" and bracketed and arguments[1:] == [Number(0)]:
            return zipped(arguments[:1], lambda f: Apply("relu", f[0]))
        if len(arguments) == 1 and isinstance(arguments[0], Array) and node.name == "max":
            return largest(arguments[0])
        kind = Greatest if node.name == "max" else Least
        with self.fitting(node):
            return zipped(arguments, lambda f: kind(*f))

    def function(self, name: str, orders: tuple[int, ...], x: list[Formula]) -> Formula:
        if any(orders) and (name in FUNCTIONS or name in WRITTEN_OUT):
            return self.derived(name, orders, x)
        if name in WRITTEN_OUT and name not in FUNCTIONS:
            return WRITTEN_OUT[name](*x)
        return Apply(Function(name, orders), *x)

    @staticmethod
    def derived(name: str, orders: tuple[int, ...], x: list[Formula]) -> Formula:
        """A known function differentiated, by the rules, or as it stands at an entry."""
        try:
            return known(name, orders, tuple(x))
        except MissingRule:
            if len(x) > 1 or not isinstance(x[0], Component):
                raise
            f: Formula = Apply(name, x[0])
            for _ in range(orders[0]):
                f = Derivative(f, x[0])
            return f

    # -- brackets ----------------------------------------------------------------------------------

    def group(self, node: Group) -> Value:
        body = node.body
        iverson = isinstance(body, (Chain, Logic, Word, Group))
        if node.open in ("[", "\\llbracket") and iverson:
            return self.iverson(body)
        if node.open == "(" and isinstance(body, Chain):
            self.note(f"({spell(body)}) is 1 where that is true, else 0")
            return self.iverson(body)
        if node.open == "[" and self.whole and is_shape(body):
            return self.shape(body)
        if node.open in ("(", "[", "\\{") and not isinstance(body, (Chain, Logic, Listed)):
            return self.value(body)
        if node.open in ("|", "\\lvert", "\\vert"):
            inside = self.value(body)
            if isinstance(inside, Array) and self.chooses("| | of an array is its norm"):
                return norm(inside, "2", None)
            return zipped([inside], lambda f: Apply("abs", f[0]))
        if node.open in NORMS:
            return norm(self.value(body), "2", None)
        column = self.listed(node) if node.open in ("(", "[") else None
        if column is not None:
            return column
        if node.open == "\\langle" and isinstance(body, Listed) and len(body.items) == 2:
            return self.bracket_product(node, body)
        return refuse(node, "a formula in brackets", f"“{node.open}”")

    def bracket_product(self, node: Group, body: Listed) -> Value:
        """⟨a, b⟩."""
        a, b = map(self.value, body.items)
        with self.fitting(node):
            if isinstance(a, Array) and isinstance(b, Array):
                return inner(a, b)
            return zipped([a, b], lambda f: f[0] * f[1])

    def norm(self, node: Scripted) -> Value:
        """`\\|W\\|_F^2`."""
        assert isinstance(node.base, Group)
        body = self.value(node.base.body)
        power = None if node.above is None else self.exponent(node.above)
        below = node.below
        below = below.body if isinstance(below, Styled) else below
        degree = spell(below) if below is not None else "2"
        if degree in ("1", "2", "F", "\\infty") and self.find(below or node) is None:
            return norm(body, degree, power)
        assert below is not None
        return norm_of_degree(body, self.formula(below), power)
