"""Formulas as Python expressions for one entry: every node has its spelling, loops go around it."""

from __future__ import annotations

from fractions import Fraction

from derive.errors import Unsupported
from derive.ir import (
    TRUE,
    Apply,
    Bracket,
    Cases,
    Chosen,
    Compare,
    Component,
    Count,
    Delta,
    Derivative,
    Formula,
    Greatest,
    Guard,
    Least,
    Max,
    Number,
    Plus,
    Power,
    Sum,
    Times,
    conjuncts,
)
from derive.ir.binder import Binder
from derive.writers.python.functions import Dialect, applied
from derive.writers.python.integers import Integers
from derive.writers.python.names import PythonNames
from derive.writers.python.spell import (
    ONE,
    Strength,
    Text,
    call,
    choice,
    product,
    total,
)


class Scalar:
    """Spells the entries of formulas whose indices count from 0."""

    def __init__(self, names: PythonNames, dialect: Dialect) -> None:
        self.names, self.dialect = names, dialect
        self.integers = Integers(names)

    def spell(self, f: Formula) -> Text:
        """The value of a formula at the indices around it."""
        match f:
            case Number():
                return number(f.value)
            case Count():
                return self.integers.spell(f.integer)
            case Component():
                return self.component(f)
            case Plus():
                return total([self.spell(a) for a in _formulas(f)])
            case Times() | Delta() | Bracket() | Chosen():
                return self.product(f)
            case Power():
                return self.power(f)
            case Apply():
                return applied(f, tuple(map(self.spell, f.arguments)), self.dialect)
            case Greatest() | Least():
                name = "max" if isinstance(f, Greatest) else "min"
                return call(name, *map(self.spell, _formulas(f)))
            case Sum() | Max():
                return self.binder(f)
            case Cases():
                return self.cases(f)
            case Derivative():
                return self.cotangent(f)
        raise Unsupported(f"no Python for a {type(f).__name__}")

    # -- entries -----------------------------------------------------------------------------------

    def component(self, f: Component) -> Text:
        return self.entry(self.names.tensor(f.tensor), f)

    def cotangent(self, f: Derivative) -> Text:
        """The entry of the array that has the derivatives of the loss."""
        if not isinstance(f.of, Component) or f.held:
            raise Unsupported(f"no Python for the derivative of {f.of}")
        return self.entry(self.names.cotangent(f.by.tensor), f.of, f.by)

    def entry(self, name: str, *at: Component) -> Text:
        places = [self.integers.position(e, c.tensor.base) for c in at for e in c.indices]
        return Text(f"{name}[{', '.join(map(str, places))}]" if places else name)

    # -- arithmetic --------------------------------------------------------------------------------

    def product(self, f: Formula) -> Text:
        """A product; what selects goes first, as the other factors may have no value."""
        parts = flat(f)
        tests = [t for g in parts if selects(g) for t in self.tests(g)]
        above, below = divided([g for g in parts if not selects(g)])
        value = product([*map(self.spell, above)], [*map(self.spell, below)])
        if not tests:
            return value
        if value.text == "1":
            value = Text(ONE.text, ONE.strength, value.negative)
        return choice(value, self.integers.joined(tests, True))

    def power(self, f: Power) -> Text:
        e = f.exponent
        if isinstance(e, Number) and e.value == -1:
            return product([], [self.spell(f.base)])
        if isinstance(e, Number) and e.value == Fraction(1, 2):
            return call(f"{self.dialect.module}.sqrt", self.spell(f.base))
        base = self.spell(f.base).within(Strength.ATOM)
        return Text(f"{base}**{self.spell(e).within(Strength.SIGN)}", Strength.POWER)

    # -- selectors ---------------------------------------------------------------------------------

    def tests(self, f: Formula) -> list[Text]:
        """The conditions under which a selecting factor is 1."""
        if isinstance(f, Delta):
            return [self.integers.equal(*f.sides)]
        if isinstance(f, Bracket):
            return [self.condition(g) for g in conjuncts(f.condition)]
        assert isinstance(f, Chosen)
        return [self.chosen(f)]

    def condition(self, g: Guard) -> Text:
        if isinstance(g, Compare):
            sides = [self.spell(s).within(Strength.TERM) for s in (g.left, g.right)]
            relation = {"=": "=="}.get(g.relation, g.relation)
            if sides[0] == "0" and relation in ("<", "<="):
                return Text(f"{sides[1]} {'>' + relation[1:]} 0", Strength.COMPARISON)
            return Text(f"{sides[0]} {relation} {sides[1]}", Strength.COMPARISON)
        return self.integers.condition(g)

    def chosen(self, f: Chosen) -> Text:
        """Whether a position is the first at which the largest value stands."""
        m = f.maximum
        places = [self.integers.spell(e) for e in f.at]
        ranges = self.ranges(m)
        if len(m.ranges) == 1 and not m.condition.args:
            variable = self.names.index(m.bound[0])
            key = f"lambda {variable}: {self.spell(m.body)}"
            picked = call("max", self.integers.range(m.ranges[0]), f"key={key}")
            return Text(f"{picked} == {places[0]}", Strength.COMPARISON)
        variables = [self.names.index(i) for i in m.bound]
        candidates = f"(({', '.join(variables)}) {ranges})"
        for k, i in enumerate(m.bound):
            self.names.rename(i, f"at[{k}]")
        picked = call("max", candidates, f"key=lambda at: {self.spell(m.body)}")
        at = ", ".join(map(str, places))
        return Text(f"{picked} == ({at}{',' if len(places) == 1 else ''})", Strength.COMPARISON)

    def cases(self, f: Cases) -> Text:
        branches = f.branches
        made = self.spell(branches[-1].value)
        for b in reversed(branches[:-1]):
            tests = [self.condition(g) for g in conjuncts(b.condition)]
            made = choice(self.spell(b.value), self.integers.joined(tests, True), made)
        return made

    # -- binders -----------------------------------------------------------------------------------

    def binder(self, f: Binder) -> Text:
        ranges = self.ranges(f)
        name = "sum" if isinstance(f, Sum) else "max"
        return Text(f"{name}({self.spell(f.body).within(Strength.COMPARISON)} {ranges})")

    def ranges(self, f: Binder) -> str:
        """for i in range(n) for j in range(m) if ..."""
        loops = []
        for r in f.ranges:
            span = self.integers.range(r)
            loops.append(f"for {self.names.index(r.index)} in {span}")
        if f.condition != TRUE:
            tests = [self.condition(g) for g in conjuncts(f.condition)]
            loops.append(f"if {self.integers.joined(tests, True)}")
        return " ".join(loops)


def number(value: Fraction) -> Text:
    """A rational number."""
    size = abs(value)
    if size.denominator == 1:
        return Text(str(size.numerator), negative=value < 0)
    decimal = Fraction(str(float(size))) == size and len(str(float(size))) < 8
    if decimal:
        return Text(str(float(size)), negative=value < 0)
    text = f"{size.numerator} / {size.denominator}"
    return Text(text, Strength.FACTOR, negative=value < 0)


def selects(f: Formula) -> bool:
    """Whether a factor is 1 or 0, and decides whether the others are looked at."""
    return isinstance(f, (Delta, Bracket, Chosen))


def flat(f: Formula) -> list[Formula]:
    """The factors of a product, those of products in it among them."""
    return [h for g in _formulas(f) for h in flat(g)] if isinstance(f, Times) else [f]


def divided(factors: list[Formula]) -> tuple[list[Formula], list[Formula]]:
    """The factors above and those below the line."""
    above: list[Formula] = []
    below: list[Formula] = []
    for g in factors:
        if isinstance(g, Power) and isinstance(g.exponent, Number) and g.exponent.value < 0:
            e = -g.exponent.value
            below.append(g.base if e == 1 else Power(g.base, Number(e)))
        elif isinstance(g, Number) and g.value.numerator in (1, -1) and g.value.denominator > 1:
            above += [Number(-1)] if g.value < 0 else []
            below.append(Number(g.value.denominator))
        else:
            above.append(g)
    return above, below


def _formulas(f: Formula) -> tuple[Formula, ...]:
    return tuple(a for a in f.args if isinstance(a, Formula))
