"""Functions at their arguments, operations on arrays by name, and conditions as numbers."""

from __future__ import annotations

from derive.errors import BudgetSpent, MissingRule
from derive.ir import (
    Bracket,
    Delta,
    Entry,
    Equal,
    Formula,
    Guard,
    Int,
    Tensor,
    replace_components,
    substitute,
)
from derive.latex.array import (
    Array,
    Value,
    new_axes,
    same_shape,
    show,
    show_extent,
    transpose,
    zipped,
)
from derive.latex.error import Misfit, UndefinedName
from derive.latex.functions import applied
from derive.latex.indices import is_letter, is_mark
from derive.latex.integers import compare_formulas, refuse
from derive.latex.names import is_one
from derive.latex.operations import OPERATIONS, rotated
from derive.latex.rearranged import rows_flattened
from derive.latex.scope import Found, argument_of
from derive.latex.slopes import HIGHEST_ORDER, Slopes, is_partial
from derive.latex.symbols import (
    Abbreviation,
    ArrayFunction,
    DefinedFunction,
    Operator,
    ScalarFunction,
)
from derive.latex.tree import (
    Call,
    Chain,
    Factors,
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

UNKNOWN = ("f", "g", "h", "\\phi", "\\psi", "\\varphi", "\\sigma", "\\rho", "\\ell")
"""Letters that are unknown functions without being declared; q(1-x) is a product, of what q is."""

INDICATORS = ("I", "1", "\\chi")


class Applications(Slopes):
    """Reads functions at their arguments."""

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

    def iverson(self, body: Node) -> Value:
        chosen = self.chosen(body)
        if chosen is not None:
            return chosen
        try:
            return bracket(self.bracketed(body))
        except Misfit:
            of_entries = self.compared_entries(body)
            if of_entries is None:
                raise
            return of_entries

    def compared_entries(self, body: Node) -> Value | None:
        """`[x > 0]` of arrays: the array of these brackets."""
        if not isinstance(body, Chain) or len(body.links) != 1:
            return None
        relation, right = body.links[0]
        values = [self.value(body.first), self.value(right)]
        if relation in ("|", "!|", "in") or not any(isinstance(v, Array) for v in values):
            return None
        with self.fitting(body):
            return zipped(values, lambda f: Bracket(compare_formulas(f[0], relation, f[1])))

    def indicator_below(self, node: Scripted) -> Value:
        assert node.below is not None
        body = node.below
        if isinstance(body, Group) and body.open in ("\\{", "(", "["):
            body = body.body
        if not isinstance(body, (Chain, Logic)):
            raise UndefinedName(node.position, "a declared symbol", f"“{spell(node)}”")
        return self.iverson(body)

    # -- functions --------------------------------------------------------------------------------

    def apply_scripted(self, name: Node, behind: Node, orders: list[int]) -> Value | None:
        """`f(x)`, also with the scripts of its value behind: `f(x)_i`, `f(x)^2`."""
        argument = argument_of(behind)
        turned = isinstance(behind, Scripted) and behind.above is not None and is_mark(behind.above)
        if turned and isinstance(getattr(self.find(name), "meaning", None), Tensor):
            return None  # z (W)^\\top is a product
        value = None if argument is None else self.apply_function(name, argument, orders)
        if value is None or not isinstance(behind, Scripted):
            return value
        return self.with_scripts(value, behind)

    def apply_function(self, name: Node, argument: Group, orders: list[int]) -> Value | None:
        """`f(x, y)`, `f'(x)`, `\\partial_1 f(x, y)`, for a name of no tensor, size or index."""
        primes = name.primes if isinstance(name, Scripted) else 0
        base = name
        if isinstance(name, Scripted) and primes:
            bare = name.below is name.above is None
            base = name.base if bare else Scripted(name.base, name.below, name.above, position=0)
        if argument.open not in ("(", "["):
            return None
        found = self.find(base) if not is_partial(base) else None
        if found is None and (not is_letter(base) or spell(base) not in UNKNOWN):
            return None
        meaning = found.meaning if found else ScalarFunction(spell(base))
        if isinstance(meaning, Operator):
            return self.operate(meaning, argument)
        if isinstance(meaning, ArrayFunction):
            return self.mapped(meaning, argument)
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

    def mapped(self, function: ArrayFunction, argument: Group) -> Array:
        """A function of whole arrays at others of the same shapes."""
        values = self.arguments(argument)
        if len(values) != len(function.parameters):
            refuse(argument, f"{len(function.parameters)} arguments", f"{len(values)}")
        at: dict[Tensor, Array] = {}
        for parameter, value in zip(function.parameters, values, strict=True):
            if not isinstance(value, Array) or not same_shape(value.shape, parameter.shape):
                shape = " × ".join(map(show_extent, parameter.shape))
                raise Misfit(argument.position, f"a {shape} array", show(value))
            at[parameter] = value
        axes = new_axes(len(function.indices))
        body = replace_components(
            function.body, lambda c: at[c.tensor].at(*c.indices) if c.tensor in at else None
        )
        entry = substitute(body, dict(zip(function.indices, axes, strict=True)))
        return Array(entry, axes, function.shape, self.symbols.base)

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
        unary = {
            "rotation by 180 degrees": rotated,
            "transpose": transpose,
            "flattening of all axes but the first": rows_flattened,
        }
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
        if sum(orders) > HIGHEST_ORDER:
            refuse(node, f"a derivative of order {HIGHEST_ORDER} at most", f"{sum(orders)}")
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
        except (MissingRule, BudgetSpent) as problem:
            return refuse(node, "a function that can be differentiated", str(problem))

    def function(self, name: str, orders: tuple[int, ...], x: list[Formula]) -> Formula:
        raise NotImplementedError

    def arguments(self, node: Node) -> list[Value]:
        if isinstance(node, Factors):
            (_, first), (_, behind) = node.factors
            if not isinstance(first, Numeral):
                value = self.apply_scripted(first, behind, [])
                if value is None:
                    refuse(behind, "brackets around an argument of two factors", "none")
                return [value]
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
