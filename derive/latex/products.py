"""Products: what stands side by side, and what belongs together in them."""

from __future__ import annotations

from collections.abc import Callable

from derive.errors import MissingRule
from derive.ir import Bracket, Delta, Entry, Equal, Formula, Guard, Int, Tensor
from derive.latex.array import Array, Value, multiplied, product, same_shape, transpose, zipped
from derive.latex.error import Misfit, ReadError, UndefinedName
from derive.latex.functions import applied
from derive.latex.integers import refuse
from derive.latex.names import is_one
from derive.latex.numbers import inverse
from derive.latex.operations import CUSTOMARY, OPERATIONS, dot, rotated
from derive.latex.scope import Found, is_letter
from derive.latex.slopes import NABLA, PARTIAL, Slopes, is_partial, partial_axis, spell_all
from derive.latex.symbols import Abbreviation, DefinedFunction, Operator, ScalarFunction
from derive.latex.tokens import PRODUCT
from derive.latex.tree import (
    Call,
    Chain,
    Fraction,
    Group,
    Listed,
    Logic,
    Node,
    Numeral,
    Scripted,
    Styled,
    Symbol,
    Word,
    spell,
)

UNKNOWN = ("f", "g", "h", "\\phi", "\\psi", "\\varphi", "\\sigma")
"""Letters that are unknown functions without being declared; q(1-x) is a product, of what q is."""

MOST_ARRAYS = 100
INDICATORS = ("I", "1", "\\chi")


class Products(Slopes):
    """Reads products, and functions at their arguments."""

    def product(self, factors: list[tuple[str, Node]]) -> Value:
        units: list[tuple[str, Value, Node]] = []
        k = 0
        while k < len(factors):
            operator, node = factors[k]
            if operator == "mod":
                refuse(node, "integers on both sides of mod", f"“{spell(node)}”")
            value, k = self.factor(factors, k)
            units.append((operator, value, node))
        return self.combined(units)

    # -- combining --------------------------------------------------------------------------------

    def combined(self, units: list[tuple[str, Value, Node]]) -> Value:
        """Factors side by side first, then what stands on both sides of ⊙, ⊗, ⋆.

        Where the shapes allow it only the other way, from left to right.
        """
        if all(not isinstance(v, Array) for _, v, _ in units):
            return self.numbers(units)
        segments: list[list[tuple[str, Value, Node]]] = []
        for unit in units:
            if unit[0] in PRODUCT + ("/",) and segments:
                segments[-1].append(unit)
            else:
                segments.append([unit])
        if len(segments) == 1:
            return self.chained(units)
        try:
            return self.chained([(s[0][0], self.chained(s), s[0][2]) for s in segments])
        except Misfit as problem:
            try:
                value = self.chained(units)
            except ReadError:
                raise problem from None
            self.note("a product with ⊙ is read from left to right, as the shapes demand")
            return value

    def numbers(self, units: list[tuple[str, Value, Node]]) -> Formula:
        parts = []
        for operator, value, node in units:
            assert isinstance(value, Formula)
            if operator == "//":
                refuse(node, "integers on both sides of //", f"“{spell(node)}”")
            parts.append(inverse(value) if operator in ("/", "\\oslash") else value)
        return multiplied(parts)

    def chained(self, units: list[tuple[str, Value, Node]]) -> Value:
        """From left to right; numbers are gathered in front."""
        if sum(isinstance(v, Array) for _, v, _ in units) > MOST_ARRAYS:
            refuse(units[0][2], f"at most {MOST_ARRAYS} arrays in a product", f"{len(units)}")
        numbers: list[Formula] = []
        result: Array | None = None
        for operator, value, node in units:
            if operator in ("/", "\\oslash"):
                value = zipped([value], lambda f: inverse(f[0]))
                operator = "\\odot" if isinstance(value, Array) else ""
            if not isinstance(value, Array):
                numbers.append(value)
            elif result is None:
                result = value
            else:
                with self.fitting(node):
                    both = self.operation(operator, node)(result, value)
                if isinstance(both, Array):
                    result = both
                else:
                    numbers.append(both)
                    result = None
        if result is None:
            return multiplied(numbers)
        return result.map(lambda f: multiplied([*numbers, f])) if numbers else result

    def operation(self, operator: str, node: Node) -> Callable[[Array, Array], Value]:
        """What a mark between two arrays means."""
        meaning = self.symbols.marks.get(operator, CUSTOMARY.get(operator))
        if meaning == "transpose" or (meaning is not None and meaning not in OPERATIONS):
            refuse(node, "an operation between arrays", f"“{operator}”")
        if meaning is not None:
            return OPERATIONS[meaning]
        if operator == "":
            return self.side_by_side
        if operator in ("\\cdot", "*"):
            return dot
        raise UndefinedName(node.position, "a declared operation before this", f"“{operator}”")

    def side_by_side(self, a: Array, b: Array) -> Value:
        """A product; of two columns of one length, as in σ(z)(1 - σ(z)), entry by entry."""
        columns = a.rank == b.rank == 1 and a.row == b.row and not (a.loose or b.loose)
        if columns and None not in (*a.shape, *b.shape) and same_shape(a.shape, b.shape):
            self.note("a product of two columns is taken entry by entry")
            return zipped([a, b], multiplied)
        return product(a, b)

    # -- what belongs together --------------------------------------------------------------------

    def factor(self, factors: list[tuple[str, Node]], k: int) -> tuple[Value, int]:
        """The factor that begins at `k`, and where the next one begins."""
        node = factors[k][1]
        follows = factors[k + 1][1] if k + 1 < len(factors) and factors[k + 1][0] == "" else None
        if isinstance(node, Fraction) and k + 1 < len(factors):
            mark = self.operator(node)
            if mark is not None:
                return self.differentiated(node, mark, factors, k)
        if isinstance(node, Scripted) and node.base == NABLA and follows is not None:
            return self.nabla(node, factors, k)
        if isinstance(node, Scripted) and self.is_partial_by(node) and follows is not None:
            return self.nabla(node, factors, k)
        if follows is not None and isinstance(follows, Group) and self.is_indicator(node, follows):
            return self.iverson(follows.body), k + 2
        start, orders = k, []
        while k < len(factors) and (axis := partial_axis(factors[k][1])) is not None:
            orders.append(axis)
            k += 1
        if k + 1 < len(factors) and factors[k + 1][0] == "":
            applied = self.apply_function(factors[k][1], factors[k + 1][1], orders)
            if applied is not None:
                return applied, k + 2
        return self.value(factors[start][1]), start + 1

    @staticmethod
    def is_partial_by(node: Scripted) -> bool:
        """`\\partial_x` for a name x, not the `\\partial_1` of a first argument."""
        by = node.base == PARTIAL and node.below is not None
        return by and partial_axis(node) is None

    def differentiated(
        self, node: Fraction, mark: Node, factors: list[tuple[str, Node]], k: int
    ) -> tuple[Value, int]:
        """`\\frac{\\partial}{\\partial x}` before brackets, or before the rest of the product."""
        order = self.order(node.above)
        after = factors[k + 1][1]
        if isinstance(after, Group):
            return self.derivatives(self.value(after), node, [after], mark, order), k + 2
        rest = [("", after), *factors[k + 2 :]]
        names = [f for _, f in rest]
        return self.derivatives(self.product(rest), node, names, mark, order), len(factors)

    def nabla(self, node: Scripted, factors: list[tuple[str, Node]], k: int) -> tuple[Value, int]:
        """`\\nabla_x` before what it differentiates: one result, or the rest of the product."""
        assert node.below is not None
        order = 2 if node.above == Numeral("2", position=0) else 1
        if (node.above is not None and order == 1) or node.primes:
            refuse(node, "∇ or ∇^2 with a variable below", f"“{spell(node)}”")
        end = self.reach(node.below, factors, k + 1)
        rest = [("", factors[k + 1][1]), *factors[k + 2 : end]]
        of = self.product(rest)
        return self.gradient(of, node.below, order, spell_all([f for _, f in rest])), end

    def reach(self, variable: Node, factors: list[tuple[str, Node]], k: int) -> int:
        """Where the operand of a ∇ ends: after one factor that varies, else after the last one."""
        end = k
        while end < len(factors) and factors[end][0] in PRODUCT:
            node = factors[end][1]
            end += 1
            called = end < len(factors) and isinstance(factors[end][1], Group)
            if called and is_letter(node) and factors[end][0] == "":
                return end + 1
            if not self.is_constant(node, variable):
                return end
        return k + 1 if end == k else end

    def is_constant(self, node: Node, variable: Node) -> bool:
        """Whether a factor is a number or a given scalar, so that a ∇ before it reaches further."""
        if isinstance(node, Numeral):
            return True
        if isinstance(node, Fraction):
            return self.mark_of(node.above, []) is None and all(
                self.is_constant(f, variable)
                for part in (node.above, node.below)
                for f in self.factors_of(part)
            )
        found = self.find(node) if isinstance(node, (Symbol, Scripted)) else None
        if found is None or node == variable:
            return False
        known = spell(found.name)
        return known not in self.symbols.results and found.meaning != self.symbols.loss

    def is_indicator(self, node: Node, group: Group) -> bool:
        """`\\mathbf 1(x > 0)`, `1\\{i = j\\}`, `\\mathrm{I}[...]`."""
        if not isinstance(group.body, (Chain, Logic)):
            return False
        if is_one(node) or node == Numeral("1", position=0):
            return True
        declared = self.symbols.table.get(node)
        if isinstance(declared, Operator):
            return declared.meaning == "indicator"
        return isinstance(node, (Symbol, Word)) and node.text in INDICATORS

    # -- conditions as numbers --------------------------------------------------------------------

    def iverson(self, body: Node) -> Formula:
        chosen = self.chosen(body)
        if chosen is not None:
            return chosen
        return bracket(self.bracketed(body))

    def indicator_below(self, node: Scripted) -> Value:
        assert node.below is not None
        body = node.below
        if isinstance(body, Group) and body.open in ("\\{", "(", "["):
            body = body.body
        if not isinstance(body, (Chain, Logic)):
            raise UndefinedName(node.position, "a declared symbol", f"“{spell(node)}”")
        return self.iverson(body)

    # -- functions --------------------------------------------------------------------------------

    def apply_function(self, name: Node, argument: Node, orders: list[int]) -> Value | None:
        """`f(x, y)`, `f'(x)`, `\\partial_1 f(x, y)`, for a name of no tensor, size or index."""
        primes = name.primes if isinstance(name, Scripted) else 0
        base = name
        if isinstance(name, Scripted) and primes:
            bare = name.below is name.above is None
            base = name.base if bare else Scripted(name.base, name.below, name.above, position=0)
        if not isinstance(argument, Group) or argument.open not in ("(", "["):
            return None
        found = self.find(base) if not is_partial(base) else None
        if found is None and (not is_letter(base) or spell(base) not in UNKNOWN):
            return None
        meaning = found.meaning if found else ScalarFunction(spell(base))
        if isinstance(meaning, Operator):
            return self.operate(meaning, argument)
        if isinstance(meaning, Abbreviation) and meaning.called:
            body = argument.body
            at = body.items if isinstance(body, Listed) else (body,)
            return self.abbreviated(meaning, found._replace(indices=at))  # type: ignore[union-attr]
        if found is not None and isinstance(meaning, Tensor) and self.depends_on(found, argument):
            return self.named(name)
        if not isinstance(meaning, (ScalarFunction, DefinedFunction)):
            return None
        if argument.open == "[" and isinstance(argument.body, (Chain, Logic)):
            return None
        arguments = self.arguments(argument)
        count = [orders.count(k + 1) for k in range(len(arguments))]
        if len(arguments) == 1:
            count[0] += primes
        elif primes:
            refuse(name, "a derivative by a stated argument", "a prime")
        if sum(count) < len(orders):
            refuse(name, f"derivatives by arguments 1 to {len(arguments)}", "another")
        value = self.at_arguments(meaning, tuple(count), arguments, name)
        power = found.power if found else None
        return value if power is None else self.raised_value(value, power, name)

    def depends_on(self, found: Found, argument: Group) -> bool:
        """Whether brackets behind a computed array only say what it depends on: `L(W, b)`."""
        if argument.open != "(" or spell(found.name) not in self.symbols.results:
            return False
        body = argument.body
        items = body.items if isinstance(body, Listed) else (body,)
        names = [n for n in items if isinstance(n, (Symbol, Styled, Scripted))]
        if len(names) < len(items) or any(self.find(n) is None for n in names):
            return False
        self.note(f"{spell(found.name)}({spell(body)}) is {spell(found.name)}, a function of these")
        return True

    def operate(self, operator: Operator, argument: Node) -> Value:
        """An operation on one array, or on two in brackets."""
        unary = {"rotation by 180 degrees": rotated, "transpose": transpose}
        arguments = self.arguments(argument)
        with self.fitting(argument):
            if operator.meaning in unary and len(arguments) == 1:
                return unary[operator.meaning](arguments[0])
            if operator.meaning in OPERATIONS and len(arguments) == 2:
                return OPERATIONS[operator.meaning](*arguments)
        return refuse(argument, f"what a {operator.meaning} is of", f"{len(arguments)} arguments")

    def operated(self, node: Scripted, call: Call) -> Value | None:
        name = Scripted(Word(call.name, position=0), node.below, position=0)
        operator = self.symbols.table.get(name)
        return self.operate(operator, call.argument) if isinstance(operator, Operator) else None

    def at_arguments(
        self,
        meaning: ScalarFunction | DefinedFunction,
        orders: tuple[int, ...],
        arguments: list[Value],
        node: Node,
    ) -> Value:
        """A function, differentiated perhaps, of numbers or of each entry of arrays."""
        wanted = len(meaning.parameters) if isinstance(meaning, DefinedFunction) else None
        if wanted not in (None, len(arguments)):
            refuse(node, f"{wanted} arguments of {spell(node)}", f"{len(arguments)}")

        def f(x: list[Formula]) -> Formula:
            if isinstance(meaning, DefinedFunction):
                return applied(meaning, tuple(x), orders)
            return self.function(meaning.name, orders, x)

        try:
            with self.fitting(node):
                return zipped(arguments, f)
        except MissingRule as problem:
            return refuse(node, "a function that can be differentiated", str(problem))

    def function(self, name: str, orders: tuple[int, ...], x: list[Formula]) -> Formula:
        raise NotImplementedError

    def arguments(self, node: Node) -> list[Value]:
        body = node.body if isinstance(node, Group) else node
        items = body.items if isinstance(body, Listed) else (body,)
        return [self.value(x) for x in items]


def bracket(condition: Guard) -> Formula:
    """An Iverson bracket; [t_n = j] for a class index is a delta."""
    if isinstance(condition, Equal):
        e, f = condition.args
        assert isinstance(e, Int)
        assert isinstance(f, Int)
        if isinstance(e.atom, Entry) or isinstance(f.atom, Entry):
            return Delta(e, f)
    return Bracket(condition)
