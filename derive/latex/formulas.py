"""The meaning of a syntax tree: formulas of the IR."""

from __future__ import annotations

from fractions import Fraction as Exact

from derive.ir import (
    ONE,
    TRUE,
    Apply,
    Bracket,
    Branch,
    Cases,
    Component,
    Count,
    Delta,
    Derivative,
    Entry,
    Equal,
    Formula,
    Function,
    Greatest,
    Index,
    Int,
    Least,
    Number,
    Plus,
    Power,
    Size,
    Tensor,
    Times,
)
from derive.latex.binders import Binders
from derive.latex.integers import refuse
from derive.latex.scope import Found, Scope
from derive.latex.symbols import Cotangent, Kronecker, ScalarFunction, Symbols
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
    Raw,
    Root,
    Scripted,
    Styled,
    Symbol,
    Table,
    Terms,
    Word,
    spell,
)

NAMED = {
    "ln": "log",
    "sgn": "sign",
    "GELU": "gelu",
    "ReLU": "relu",
    **{
        name: name
        for name in "exp log sin cos tanh erf sign sigmoid relu gelu softplus signedpower".split()
    },
}
"""Functions by the name that stands in the LaTeX."""

MARKS = ("T", "\\top", "\\intercal", "*")
"""Superscripts that are no powers."""

UNKNOWN = ("f", "g", "h", "\\phi", "\\psi", "\\varphi", "\\sigma")
"""Letters that are unknown functions without being declared; q(1-x) is a product, of what q is."""

PARTIAL = Symbol("\\partial", position=0)


class Formulas(Binders):
    """Reads formulas."""

    def __init__(self, symbols: Symbols) -> None:
        Scope.__init__(self, symbols)
        self.not_ratios = set()

    def formula(self, node: Node) -> Formula:
        with self.expecting(powers=False):
            value = self.ratio(node)
        if value is not None:
            n, d = value.above.constant, value.below.constant
            if n is not None and d is not None:
                return Number(Exact(n, d))
            if value.below == ONE:
                return Count(value.above)
        return self.real(node)

    def real(self, node: Node) -> Formula:
        """A formula that is not just an integer."""
        match node:
            case Numeral():
                return Number(Exact(node.text))
            case Symbol() | Scripted() | Styled():
                return self.named(node)
            case Terms():
                return plus(
                    [self.formula(t) if s > 0 else negative(self.formula(t)) for s, t in node.terms]
                )
            case Factors():
                return self.product(list(node.factors))
            case Fraction():
                return self.fraction(node)
            case Root():
                return self.root(node)
            case Call():
                return self.call(node)
            case Big():
                return self.big(node)
            case Group():
                return self.group(node)
            case Table():
                return self.cases(node)
        return refuse(node, "a formula", f"“{spell(node)}”")

    # -- names -----------------------------------------------------------------------------------

    def named(self, node: Node) -> Formula:
        found = self.find(node)
        if found is not None:
            value = self.meaning(found, node)
            return value if found.power is None else Power(value, self.exponent(found.power))
        if isinstance(node, Scripted):
            if node.base == Symbol("e", position=0) and node.above and node.below is None:
                return Apply("exp", self.formula(node.above))
            if isinstance(node.base, (Group, Scripted, Numeral, Call)) and node.below is None:
                return self.power(node)
            if isinstance(node.below, Raw):
                raise node.below.problem
        return refuse(node, "a declared symbol", f"“{spell(node)}”")

    def power(self, node: Scripted) -> Formula:
        if node.primes or node.above is None:
            refuse(node, "a power", f"“{spell(node)}”")
        return Power(self.formula(node.base), self.exponent(node.above))

    def exponent(self, node: Node) -> Formula:
        if isinstance(node, Symbol) and node.text in MARKS and self.find(node) is None:
            refuse(node, "a formula for entries", "a mark for whole arrays")
        if isinstance(node, Raw):
            raise node.problem
        return self.formula(node)

    def meaning(self, found: Found, node: Node) -> Formula:
        meaning = found.meaning
        match meaning:
            case Tensor():
                if meaning.classes is not None:
                    return Count(Entry(meaning, *map(self.index, found.indices)))
                return Component(meaning, *map(self.index, found.indices))
            case Cotangent():
                if self.symbols.loss is None or self.symbols.loss.shape:
                    refuse(node, "a scalar loss that this is the cotangent of", "none")
                by = Component(meaning.tensor, *map(self.index, found.indices))
                return Derivative(Component(self.symbols.loss), by)
            case Kronecker():
                return Delta(*map(self.index, found.indices))
            case Index() | Size():
                return Count(meaning)
        return refuse(node, f"the argument of {spell(node)}", "none")

    # -- products and functions --------------------------------------------------------------------

    def product(self, factors: list[tuple[str, Node]]) -> Formula:
        parts: list[Formula] = []
        k = 0
        while k < len(factors):
            operator, node = factors[k]
            value, k = self.factor(factors, k)
            if operator == "mod":
                refuse(node, "integers on both sides of mod", f"“{spell(node)}”")
            parts.append(inverse(value) if operator == "/" else value)
        return times(parts)

    def factor(self, factors: list[tuple[str, Node]], k: int) -> tuple[Formula, int]:
        """The factor that begins at `k`, and where the next one begins."""
        node = factors[k][1]
        follows = factors[k + 1][1] if k + 1 < len(factors) and factors[k + 1][0] == "" else None
        if isinstance(node, Fraction) and is_partial(node.above) and follows is not None:
            if isinstance(follows, Group):
                return self.derivatives(self.formula(follows), node), k + 2
            rest = self.product([("", factors[k + 1][1]), *factors[k + 2 :]])
            return self.derivatives(rest, node), len(factors)
        start, orders = k, []
        while k < len(factors) and (axis := partial_axis(factors[k][1])) is not None:
            orders.append(axis)
            k += 1
        if k + 1 < len(factors) and factors[k + 1][0] == "":
            name, argument = factors[k][1], factors[k + 1][1]
            applied = self.apply_unknown(name, argument, orders)
            if applied is not None:
                return applied, k + 2
        return self.formula(factors[start][1]), start + 1

    def apply_unknown(self, name: Node, argument: Node, orders: list[int]) -> Formula | None:
        """`f(x, y)`, `f'(x)`, `\\partial_1 f(x, y)`, for a name of no tensor, size or index."""
        primes = name.primes if isinstance(name, Scripted) else 0
        base = name
        if isinstance(name, Scripted) and primes:
            base = name.base if name.below is name.above is None else name
        if not isinstance(argument, Group) or argument.open != "(" or not is_letter(base):
            return None
        found = self.find(base)
        if found is not None and not isinstance(found.meaning, ScalarFunction):
            return None
        if found is None and spell(base) not in UNKNOWN:
            return None
        arguments = self.arguments(argument)
        function = found.meaning.name if found else spell(base)  # type: ignore[union-attr]
        count = [orders.count(k + 1) for k in range(len(arguments))]
        if len(arguments) == 1:
            count[0] += primes
        elif primes:
            refuse(name, "a derivative by a stated argument", "a prime")
        if sum(count) < len(orders):
            refuse(name, f"derivatives by arguments 1 to {len(arguments)}", "another")
        return Apply(Function(function, tuple(count)), *arguments)

    def arguments(self, node: Node) -> list[Formula]:
        body = node.body if isinstance(node, Group) else node
        items = body.items if isinstance(body, Listed) else (body,)
        return [self.formula(x) for x in items]

    def call(self, node: Call) -> Formula:
        value = self.called(node)
        return value if node.power is None else Power(value, self.exponent(node.power))

    def called(self, node: Call) -> Formula:
        if node.primes:
            refuse(node, "a function without a prime", f"{node.name}'")
        arguments = self.arguments(node.argument)
        if node.name in ("max", "min"):
            bracketed = isinstance(node.argument, Group) and node.argument.open == "("
            if node.name == "max" and bracketed and arguments[1:] == [Number(0)]:
                return Apply("relu", arguments[0])
            return (Greatest if node.name == "max" else Least)(*arguments)
        if node.name not in NAMED:
            refuse(node, f"one of the functions {', '.join(sorted(NAMED))}", f"“{node.name}”")
        wanted = 2 if node.name == "signedpower" else 1
        if len(arguments) != wanted:
            refuse(node.argument, f"{wanted} argument of {node.name}", f"{len(arguments)}")
        return Apply(NAMED[node.name], *arguments)

    def root(self, node: Root) -> Formula:
        body = self.formula(node.body)
        if node.degree is None:
            return Apply("sqrt", body)
        return Power(body, inverse(self.formula(node.degree)))

    # -- fractions and derivatives -----------------------------------------------------------------

    def fraction(self, node: Fraction) -> Formula:
        parts = factors_of(node.above)
        if is_partial(parts[0]):
            if len(parts) < 2:
                refuse(node, "what is differentiated, after this", "nothing")
            of = self.product([("", p) for p in parts[1:]])
            return self.derivatives(of, node)
        if node.held is not None:
            refuse(node.held, "a derivative before this", "a fraction")
        above, below = self.formula(node.above), self.formula(node.below)
        return times([above, inverse(below)] if above != Number(1) else [inverse(below)])

    def held(self, node: Node | None) -> list[Tensor]:
        """The tensors in `|_{...}`, each by its whole name."""
        names = node.items if isinstance(node, Listed) else [node] if node else []
        found = [self.symbols.table.get(name) for name in names]
        for name, meaning in zip(names, found, strict=True):
            if not isinstance(meaning, Tensor):
                refuse(name, "the name of a tensor that is held fixed", f"“{spell(name)}”")
        return [meaning for meaning in found if isinstance(meaning, Tensor)]

    def derivatives(self, f: Formula, node: Fraction) -> Formula:
        """∂f by the entries in `\\partial y \\partial x`, the last one first."""
        by, held = node.below, self.held(node.held)
        parts = factors_of(by)
        names = parts[1::2]
        if len(parts) % 2 or not all(is_partial(p) for p in parts[::2]):
            refuse(by, "\\partial and the entry of a tensor", f"“{spell(by)}”")
        for name in reversed(names):
            entry = self.formula(name)
            if not isinstance(entry, Component):
                refuse(name, "the entry of a tensor", f"“{spell(name)}”")
            f = Derivative(f, entry, *held)
        return f

    # -- brackets and cases ------------------------------------------------------------------------

    def group(self, node: Group) -> Formula:
        body = node.body
        if node.open == "[" and isinstance(body, (Chain, Logic, Word, Group)):
            return self.iverson(body)
        if node.open in ("(", "[", "\\{") and not isinstance(body, (Chain, Logic, Listed)):
            return self.formula(body)
        if node.open in ("|", "\\lvert"):
            return Apply("abs", self.formula(body))
        return refuse(node, "a formula in brackets", f"“{node.open}”")

    def iverson(self, body: Node) -> Formula:
        chosen = self.chosen(body)
        if chosen is not None:
            return chosen
        condition = self.bracketed(body)
        if isinstance(condition, Equal):
            e, f = condition.args
            assert isinstance(e, Int)
            assert isinstance(f, Int)
            if isinstance(e.atom, Entry) or isinstance(f.atom, Entry):
                return Delta(e, f)
        return Bracket(condition)

    def cases(self, node: Table) -> Formula:
        if node.name not in ("cases", "dcases"):
            refuse(node, "cases", node.name)
        branches = []
        for row in node.rows:
            if len(row) != 2:
                refuse(row[0], "a value & a condition", f"{len(row)} columns")
            last = isinstance(row[1], Word) and row[1].text in ("otherwise", "else")
            condition = TRUE if last else self.bracketed(row[1])
            branches.append(Branch(self.formula(row[0]), condition))
        if branches[-1].condition != TRUE:
            refuse(node.rows[-1][1], "\\text{otherwise} in the last line", "a condition")
        return Cases(*branches)


# -- small makers ----------------------------------------------------------------------------------


def negative(f: Formula) -> Formula:
    if isinstance(f, Number):
        return Number(-f.value)
    if isinstance(f, Times) and f.args:
        first, *others = f.args
        if isinstance(first, Number):
            return Times(Number(-first.value), *others)  # type: ignore[arg-type]
        return Times(Number(-1), *f.args)  # type: ignore[arg-type]
    return Times(Number(-1), f)


def inverse(f: Formula) -> Formula:
    if isinstance(f, Times):
        return Times(*(inverse(p) for p in f.args))  # type: ignore[arg-type]
    if isinstance(f, Power) and isinstance(f.exponent, Number):
        return f.base if f.exponent == Number(-1) else Power(f.base, Number(-f.exponent.value))
    return Number(1 / f.value) if isinstance(f, Number) and f.value else Power(f, Number(-1))


def times(parts: list[Formula]) -> Formula:
    flat: list[Formula] = []
    for p in parts:
        flat.extend(p.args if isinstance(p, Times) else (p,))  # type: ignore[arg-type]
    return flat[0] if len(flat) == 1 else Times(*flat)


def plus(parts: list[Formula]) -> Formula:
    return parts[0] if len(parts) == 1 else Plus(*parts)


def factors_of(node: Node) -> list[Node]:
    if isinstance(node, Factors) and all(operator in ("", "*") for operator, _ in node.factors):
        return [f for _, f in node.factors]
    return [node]


def is_letter(node: Node) -> bool:
    return isinstance(node, (Symbol, Styled)) and node != PARTIAL


def is_partial(node: Node) -> bool:
    """∂, or ∂^2."""
    return node == PARTIAL or (
        isinstance(node, Scripted) and node.base == PARTIAL and node.below is None
    )


def partial_axis(node: Node) -> int | None:
    """The k of ∂_k, from 1."""
    if isinstance(node, Scripted) and node.base == PARTIAL and isinstance(node.below, Numeral):
        return int(node.below.text[:3])
    return None
