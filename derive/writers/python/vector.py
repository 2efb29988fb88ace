"""Formulas as expressions on whole arrays, along indices whose spans are known.

Every entry is a slice, a product is broadcast, a sum over axes is a `sum`, a matrix product or an
`einsum`.  What is none of these raises NoSlices, or is computed before by `before`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

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
    Entry,
    Formula,
    Greatest,
    Guard,
    Index,
    Int,
    Least,
    Max,
    Number,
    Plus,
    Power,
    Range,
    Sum,
    Times,
    Unravel,
    conjuncts,
    free_indices,
)
from derive.writers.python.functions import NUMPY, Dialect, applied
from derive.writers.python.integers import Integers, is_from_zero
from derive.writers.python.names import PythonNames
from derive.writers.python.scalar import divided, flat, number
from derive.writers.python.slices import Slices
from derive.writers.python.spell import Strength, Text, call, product, total
from derive.writers.python.values import (
    Value,
    aligned,
    contracted,
    numeric,
    ordered,
    summed,
    union,
)
from derive.writers.python.windows import NoSlices


class Vector:
    """Spells formulas on whole arrays.

    `spans` are the ranges of the indices that run along axes; all other indices are variables of
    loops around the statement.  `before` computes a sum or a maximum over windows, or the position
    that a maximum picks, in statements of its own.
    """

    def __init__(
        self,
        names: PythonNames,
        dialect: Dialect,
        spans: Mapping[Index, Range],
        before: Callable[[Formula], Value],
    ) -> None:
        self.names, self.dialect = names, dialect
        self.integers = Integers(names)
        self.spans = dict(spans)
        self.slices = Slices(names, spans)
        self.before = before

    @property
    def order(self) -> tuple[Index, ...]:
        return tuple(self.spans)

    def value(self, f: Formula) -> Value:
        """The formula as an array along the indices that it depends on."""
        match f:
            case Number():
                return Value(number(f.value))
            case Count():
                return self.integer(f.integer)
            case Component():
                return self.slices.read(self.names.tensor(f.tensor), (f,))
            case Derivative():
                if not isinstance(f.of, Component) or f.held:
                    raise Unsupported(f"no Python for the derivative of {f.of}")
                return self.slices.read(self.names.cotangent(f.by.tensor), (f.of, f.by))
            case Plus():
                return self.joined([self.value(a) for a in _formulas(f)], total)
            case Times():
                return self.times(f)
            case Power():
                return self.power(f)
            case Apply():
                parts = [self.value(a) for a in f.arguments]
                return self.joined(parts, lambda x: applied(f, tuple(x), self.dialect))
            case Greatest() | Least():
                return self.extreme(f)
            case Sum() | Max():
                return self.binder(f)
            case Delta() | Bracket() | Chosen():
                return self.truth(f)
            case Cases():
                return self.cases(f)
        raise Unsupported(f"no Python for a {type(f).__name__}")

    def joined(self, values: Sequence[Value], spell: Callable[[list[Text]], Text]) -> Value:
        """An operation entry by entry."""
        values = [numeric(v, self.dialect) for v in values]
        axes = union(values, self.order)
        return Value(spell([aligned(v, axes, self.dialect) for v in values]), axes)

    def multiplied(self, values: Sequence[Value]) -> Value:
        """A product entry by entry; truths are multiplied as they are, unless there is no other."""
        if values and all(v.truth for v in values):
            values = [numeric(values[0], self.dialect), *values[1:]]
        axes = union(values, self.order)
        texts = [aligned(v, axes, self.dialect) for v in (*values,)]
        return Value(product(texts), axes)

    # -- integers and products ---------------------------------------------------------------------

    def integer(self, e: Int) -> Value:
        """An integer expression as numbers."""
        along = [i for i in self.order if i in e.indices]
        if not along:
            return Value(self.integers.spell(e))
        if any(is_from_zero(a) for a in e.atoms_within()):
            raise NoSlices("a position as a number")
        return self.counted(e, along)

    def counted(self, e: Int, along: Sequence[Index]) -> Value:
        """An expression of indices, each of which becomes an `arange` along its axis."""
        spelled = {}
        for i in along:
            r = self.spans[i]
            low, high = self.integers.spell(r.lowers[0]), self.integers.spell(r.uppers[0] + 1)
            ends = str(high) if str(low) == "0" else f"{low}, {high}"
            text = call(f"{self.dialect.module}.arange", ends)
            spelled[i] = str(aligned(Value(text, (i,)), along, self.dialect))
        return Value(self.integers.spell_with(e, spelled), tuple(along))

    # -- arithmetic --------------------------------------------------------------------------------

    def times(self, f: Times) -> Value:
        """A product entry by entry; what is 0 or 1 goes last."""
        parts = flat(f)
        if any(_on_indices(g) for g in parts):
            return self.before(f)
        truths = [self.value(g) for g in parts if isinstance(g, (Delta, Bracket, Chosen))]
        rest = [g for g in parts if not isinstance(g, (Delta, Bracket, Chosen))]
        above, below = divided(rest)
        over, under = [self.value(g) for g in above], [self.value(g) for g in below]
        if truths and all(v.text.text == "1" for v in over):
            truths[0] = numeric(truths[0], self.dialect)
        values = [*over, *truths, *under]
        axes = union(values, self.order)
        texts = [aligned(v, axes, self.dialect) for v in values]
        count = len(over) + len(truths)
        return Value(product(texts[:count], texts[count:]), axes)

    def power(self, f: Power) -> Value:
        e = f.exponent
        base = self.value(f.base)
        if isinstance(e, Number) and e.value == -1:
            return Value(product([], [base.text]), base.axes)
        if isinstance(e, Number) and 2 * e.value == 1:
            return Value(call(f"{self.dialect.module}.sqrt", base.text), base.axes)
        exponent = self.value(e)
        return self.joined([base, exponent], _raised)

    def extreme(self, f: Greatest | Least) -> Value:
        """The elementwise maximum or minimum of several values, two at a time."""
        name = "maximum" if isinstance(f, Greatest) else "minimum"
        parts = [self.value(a) for a in _formulas(f)]
        arrays = sorted(parts, key=lambda v: not v.axes)
        if self.dialect is not NUMPY and any(not v.axes for v in parts):
            raise NoSlices("torch compares tensors only")

        def spell(texts: list[Text]) -> Text:
            made = texts[0]
            for t in texts[1:]:
                made = call(f"{self.dialect.module}.{name}", made, t)
            return made

        return self.joined(arrays, spell)

    # -- selectors ---------------------------------------------------------------------------------

    def truth(self, f: Formula) -> Value:
        """What is 1 or 0, as truth values."""
        if isinstance(f, Delta):
            return self.equal(*f.sides)
        if isinstance(f, Bracket) and isinstance(f.condition, Compare):
            return self.compared(f.condition)
        if isinstance(f, Chosen):
            return self.before(f)
        raise NoSlices("a condition on indices")

    def equal(self, e: Int, f: Int) -> Value:
        entry = next((g for g in (e, f) if _is_class(g)), None)
        if entry is None:
            left, right = self.counted_side(e), self.counted_side(f)
        else:
            other = f if entry is e else e
            read = entry.atom
            assert isinstance(read, Entry)
            t = read.tensor
            left = self.slices.read(self.names.tensor(t), (t[read.parts],))
            right = self.counted_side(other - t.base)
        axes = union((left, right), self.order)
        sides = [aligned(v, axes, self.dialect).within(Strength.TERM) for v in (left, right)]
        return Value(Text(f"{sides[0]} == {sides[1]}", Strength.COMPARISON), axes, truth=True)

    def counted_side(self, e: Int) -> Value:
        if any(isinstance(a, (Entry, Unravel)) or is_from_zero(a) for a in e.atoms_within()):
            raise NoSlices("a delta of positions")
        along = [i for i in self.order if i in e.indices]
        return self.counted(e, along) if along else Value(self.integers.spell(e))

    def compared(self, g: Compare) -> Value:
        left, right = self.value(g.left), self.value(g.right)
        relation = {"=": "=="}.get(g.relation, g.relation)
        if g.left == Number(0) and relation in ("<", "<="):
            left, right, relation = right, left, ">" + relation[1:]
        axes = union((left, right), self.order)
        sides = [aligned(v, axes, self.dialect).within(Strength.TERM) for v in (left, right)]
        return Value(Text(f"{sides[0]} {relation} {sides[1]}", Strength.COMPARISON), axes, True)

    def cases(self, f: Cases) -> Value:
        """Values by comparisons of entries."""
        branches = f.branches
        made = self.value(branches[-1].value)
        arrays = bool(made.axes) and not made.truth
        for b in reversed(branches[:-1]):
            value, test = self.value(b.value), self.tested(b.condition)
            axes = union((test, value, made), self.order)
            texts = [aligned(v, axes, self.dialect) for v in (test, value, made)]
            made = Value(call(f"{self.dialect.module}.where", *texts), axes)
            arrays = arrays or (bool(value.axes) and not value.truth)
        return made if arrays else Value(self.dialect.floating(made.text), made.axes)

    def tested(self, g: Guard) -> Value:
        values = []
        for part in conjuncts(g):
            if not isinstance(part, Compare):
                raise NoSlices("a case by indices")
            values.append(self.compared(part))
        axes = union(values, self.order)
        texts = [aligned(v, axes, self.dialect) for v in values]
        if len(texts) == 1:
            return Value(texts[0], axes, truth=True)
        return Value(Text(" & ".join(f"({t})" for t in texts), Strength.COMPARISON), axes, True)

    # -- binders -----------------------------------------------------------------------------------

    def binder(self, f: Sum | Max) -> Value:
        """A sum or a maximum along whole axes, or else one over windows."""
        known = set(self.spans)
        plain = f.condition == TRUE and all(
            len(r.lowers) == len(r.uppers) == 1
            and not any(free_indices(e) & known for e in (*r.lowers, *r.uppers))
            and not any(free_indices(e) & set(f.bound) for e in (*r.lowers, *r.uppers))
            for r in f.ranges
        )
        if not plain or any(i in known for i in f.bound):
            return self.before(f)
        inner = Vector(
            self.names, self.dialect, self.spans | {r.index: r for r in f.ranges}, self.before
        )
        try:
            return inner.reduced(f)
        except NoSlices:
            return self.before(f)

    def reduced(self, f: Sum | Max) -> Value:
        if isinstance(f, Sum):
            return self.contraction(flat(f.body), f.bound)
        made = self.value(f.body)
        if not set(f.bound) <= set(made.axes):
            raise NoSlices("a maximum of what does not vary")
        places = [str(k) for k, i in enumerate(made.axes) if i in f.bound]
        left = tuple(i for i in made.axes if i not in f.bound)
        where = places[0] if len(places) == 1 else f"({', '.join(places)})"
        name = "max" if self.dialect is NUMPY else "amax"
        text = f"{made.text.within(Strength.ATOM)}.{name}({self.dialect.axis}={where})"
        return Value(Text(text), left)

    def contraction(self, factors: Sequence[Formula], over: Sequence[Index]) -> Value:
        """Σ over some indices of a product."""
        above, below = divided(list(factors))
        values = [self.value(g) for g in above]
        values += [self.value(Power(g, Number(-1))) for g in below]
        numbers = [v for v in values if not v.axes]
        arrays = [v for v in values if v.axes]
        present = {i for v in arrays for i in v.axes}
        if not set(over) <= present:
            raise NoSlices("a sum of what does not vary")
        axes = tuple(i for i in self.order if i in present and i not in over)
        negative = sum(v.text.negative for v in arrays) % 2 == 1
        arrays = [Value(_unsigned(v.text), v.axes, v.truth) for v in arrays]
        if len(arrays) == 1:
            first = numeric(arrays[0], self.dialect)
            made = ordered(summed(first, over, self.dialect) if over else first, axes, self.dialect)
        elif not over or len({v.axes for v in arrays}) == 1:
            made = self.multiplied(arrays)
            made = summed(made, over, self.dialect) if over else made
        else:
            made = contracted(arrays, axes, self.dialect)
        signed = Text(made.text.text, made.text.strength, negative != made.text.negative)
        texts = [*(v.text for v in numbers), signed]
        return Value(product(texts), made.axes)


def _on_indices(f: Formula) -> bool:
    """Whether a factor is a condition on indices."""
    if not isinstance(f, Bracket):
        return False
    return any(not isinstance(g, Compare) for g in conjuncts(f.condition))


def _raised(texts: list[Text]) -> Text:
    base, exponent = texts
    text = f"{base.within(Strength.ATOM)}**{exponent.within(Strength.SIGN)}"
    return Text(text, Strength.POWER)


def _unsigned(t: Text) -> Text:
    return Text(t.text, t.strength)


def _is_class(e: Int) -> bool:
    return isinstance(e.atom, Entry)


def _formulas(f: Formula) -> tuple[Formula, ...]:
    return tuple(a for a in f.args if isinstance(a, Formula))
