"""Sums, maxima and the positions they pick: ranges, stated or implied by an axis."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace

from sympy import Basic

from derive.ir import (
    Apply,
    Binder,
    Chosen,
    Component,
    Count,
    Entry,
    Formula,
    Index,
    Int,
    Max,
    Number,
    Power,
    Range,
    Sum,
    Tensor,
    Times,
    conjunction,
    free_indices,
    subformulas,
)
from derive.latex.array import known_extent
from derive.latex.dots import items, less_one, more_one, put, set_bounds, tuple_of, with_ranges
from derive.latex.error import ReadError, UndefinedName
from derive.latex.indices import is_letter
from derive.latex.integers import Integers, refuse
from derive.latex.numbers import negative
from derive.latex.ranges import bounds_of_axes
from derive.latex.tree import (
    Big,
    Call,
    Chain,
    Dots,
    Factors,
    Group,
    Listed,
    Node,
    Numeral,
    Scripted,
    Styled,
    SuchThat,
    Symbol,
    Terms,
    spell,
)

Bounds = tuple[Int, ...]
MOST_NAMES = 50
"""Names of a family that a sum goes through, at most."""
LONGEST_RANGE = 10**6
"""Values of an index that is bound between numbers, at most."""


class Plan:
    """What stands below an operator that binds: names with their bounds, and conditions."""

    def __init__(self) -> None:
        self.bounds: dict[Node, tuple[Node | None, Node | None]] = {}
        self.conditions: list[Node] = []

    @property
    def names(self) -> list[Node]:
        return list(self.bounds)


class Binders(Integers):
    """Reads operators that bind indices."""

    pairs: frozenset[Node] = frozenset()
    spans: dict[Index, Range]

    def summand(self, node: Node) -> Formula:
        """What is summed over."""
        return self.formula(node)

    def implied(self, index: Index, where: Iterable[Basic], name: Node) -> tuple[Bounds, Bounds]:
        """The bounds of an index that nothing states."""
        lower, upper = implied(index, where, name)
        return (lower,), (upper,)

    def big(self, node: Big) -> Formula:
        if node.kind == "min":
            least = replace(
                node, kind="max", body=Terms(((-1, node.body),), position=node.position)
            )
            return negative(self.big(least))
        if node.kind == "prod":
            return self.multiplied_over(node)
        if node.kind not in ("sum", "max"):
            refuse(node, "a sum, a product or a maximum over indices", f"“{node.kind}”")
        if node.below is None:
            return self.over_new_indices(node)
        plan = self.plan(node.below, node.above)
        try:
            return self.bind(Sum if node.kind == "sum" else Max, node, plan)
        except UndefinedName:
            terms = self.terms_of_family(node, plan)
            if terms is None:
                raise
            return self.summand(terms)

    def mean_over(self, name: Node, body: Node) -> Formula:
        """`\\mathbb E_i[x_i]`."""
        self.note(f"the expectation over {spell(name)} is the mean over all its values")
        found = self.big(Big("sum", body, name, None, position=body.position))
        assert isinstance(found, Sum)
        counts = (r.uppers[0] - r.lowers[0] + 1 for r in found.ranges)
        return Times(*(Power(Count(n), Number(-1)) for n in counts), found)

    def multiplied_over(self, node: Big) -> Formula:
        """Π as the exponential of the sum of the logarithms, so for positive factors."""
        self.note("a product over an index is compared where its factors are positive")
        logs = Call("log", Group("(", node.body, position=node.position), position=node.position)
        return Apply("exp", self.big(replace(node, kind="sum", body=logs)))

    def terms_of_family(self, node: Big, plan: Plan) -> Node | None:
        """Σ_{t=1}^3 of names such as `h_1`, `h_2`, `h_3` that are no entries of one array."""
        values = None if node.kind != "sum" else self.one_by_one(node, plan)
        if values is None:
            return None
        return Terms(tuple((1, v) for v in values), position=node.position)

    def one_by_one(self, node: Big, plan: Plan) -> list[Node] | None:
        """What stands under an operator over a single index, at each of a few values of it."""
        bounds = [b for b in plan.bounds.values() if b[0] is not None and b[1] is not None]
        if len(bounds) != len(plan.bounds) or len(bounds) != 1 or plan.conditions:
            return None
        (name,) = plan.names
        first, last = (known_extent(self.index(b)).constant for b in bounds[0] if b is not None)
        if first is None or last is None or not 0 <= last - first < MOST_NAMES:
            return None
        values = (Numeral(str(k), position=node.position) for k in range(first, last + 1))
        return [put(node.body, name, k) for k in values]

    def over_new_indices(self, node: Big) -> Formula:
        """`\\sum x_{ij}`: over all indices that stand here for the first time."""
        before = dict(self.indices)
        with self.expecting(creating=True):
            self.formula(node.body)
        new = [n for n in self.indices if n not in before]
        self.indices = before
        self.not_ratios.clear()
        if not new:
            refuse(node, "the indices below the operator", "none")
        plan = Plan()
        plan.bounds = dict.fromkeys(new, (None, None))
        self.note(f"a sum without indices is over {', '.join(map(spell, new))}")
        return self.bind(Sum, node, plan)

    def bind(self, cls: type[Binder], node: Big, plan: Plan) -> Formula:
        indices, ranges, spans = {}, {}, self.spans
        with ExitStack() as stack:
            for name, (lower, upper) in plan.bounds.items():
                bounds = None
                if lower is not None and upper is not None:
                    bounds = self.bound("max", lower), self.bound("min", upper)
                    refuse_huge(bounds, name)
                stack.enter_context(self.binding([name]))
                indices[name], ranges[name] = self.indices[name], bounds
                if bounds is not None:
                    self.spans = {**self.spans, indices[name]: Range(indices[name], *bounds)}
            conditions = [self.bracketed(c) for c in plan.conditions]
            body = self.summand(node.body)
        self.spans = {**self.spans, **spans}
        made = [
            Range(index, *(ranges[name] or self.implied(index, (body, *conditions), name)))
            for name, index in indices.items()
        ]
        condition = conjunction(*conditions)
        direct = cls is Sum and isinstance(body, Sum) and isinstance(node.body, Big)
        used = free_indices(condition) | {*indices.values()}
        if direct and isinstance(body, Sum) and not used & {*body.bound}:
            made += body.ranges
            condition = conjunction(condition, body.condition)
            body = body.body
        if len({r.index for r in made}) < len(made):
            refuse(node, "a different index for each range", "one index twice")
        return cls(body, *made, condition)

    def bound(self, word: str, node: Node) -> Bounds:
        """The bounds in `\\max(1, p-4)` below or `\\min(24, p)` above, or the single one."""
        if isinstance(node, Call) and node.name == word and isinstance(node.argument, Group):
            body = node.argument.body
            return tuple(map(self.index, body.items if isinstance(body, Listed) else (body,)))
        return (self.index(node),)

    # -- what stands below -------------------------------------------------------------------------

    def plan(self, below: Node, above: Node | None) -> Plan:
        plan = Plan()
        waiting: list[Node] = []
        for item in with_ranges(items(below)):
            if is_name(item):
                waiting.append(item)
                continue
            if self.are_new_letters(item, plan):
                assert isinstance(item, Factors)
                waiting += [f for _, f in item.factors]
                continue
            if not isinstance(item, Chain):
                refuse(item, "an index, its range or a condition", f"“{spell(item)}”")
            self.enter(plan, item, above, waiting)
        for name in waiting:
            plan.bounds.setdefault(name, self.below_and_above(above))
        if not plan.bounds:
            refuse(below, "an index to bind", f"“{spell(below)}”")
        return plan

    def below_and_above(self, above: Node | None) -> tuple[Node | None, Node | None]:
        """The bounds in `\\sum_i^n`, where nobody wrote the first value."""
        if above is None:
            return None, None
        if self.symbols.base == 0 and not isinstance(above, Terms):
            self.note(f"a sum up to {spell(above)} has {spell(above)} terms, from 0")
            above = less_one(above)
        return Numeral(str(self.symbols.base), position=above.position), above

    def are_new_letters(self, item: Node, plan: Plan) -> bool:
        """Whether an item is several indices without commas between them: `ij`."""
        return isinstance(item, Factors) and all(
            o == "" and is_name(f) and self.may_bind(f) and f not in plan.bounds
            for o, f in item.factors
        )

    def enter(self, plan: Plan, item: Chain, above: Node | None, waiting: list[Node]) -> None:
        """One range or condition; the names that wait before it share its bounds."""
        relations = [r for r, _ in item.links]
        first, second = item.first, item.links[0][1]
        if relations == ["in"]:
            self.share(plan, [*waiting, *tuple_of(first)], *set_bounds(second))
        elif relations == ["="] and self.may_name(first) and not self.is_bound(first, plan):
            lower, upper = (
                (second.first, second.last) if isinstance(second, Dots) else (second, above)
            )
            if upper is None:
                refuse(item, f"an upper bound of {spell(first)}", "none")
            self.share(plan, [*waiting, first], lower, upper)
        elif (
            len(relations) == 2
            and {*relations} <= {"<=", "<"}
            and self.is_bounded(second, plan, waiting)
        ):
            low = first if relations[0] == "<=" else more_one(first)
            last = item.links[1][1]
            self.share(
                plan, [*waiting, second], low, last if relations[1] == "<=" else less_one(last)
            )
        elif relations == ["<="] and is_name(second) and not is_name(first):
            plan.bounds[second] = (first, None)  # 1 ≤ α, to go on with: β ≤ 2
            return
        elif relations == ["<="] and is_name(first) and self.open(plan):
            lower = next(low for low, up in plan.bounds.values() if low is not None and up is None)
            self.share(plan, [*self.open(plan), *waiting, first], lower, second)
        else:
            for name in waiting:
                plan.bounds[name] = (None, None)
            if not plan.bounds:
                self.bind_compared(plan, first, second)
            plan.conditions.append(item)
        waiting.clear()

    def is_bounded(self, name: Node, plan: Plan, waiting: list[Node]) -> bool:
        """Whether the middle of `1 ≤ i ≤ n` is bound there, rather than what waits before it."""
        if name in plan.bounds or name in waiting:
            return is_name(name) and plan.bounds.get(name, (None, None)) == (None, None)
        return is_name(name) and not (waiting and name in self.indices)

    def bind_compared(self, plan: Plan, first: Node, second: Node) -> None:
        """In `i < j` or `j \\ne i` the first index is bound, unless only the other one is new.

        Both are where the claim makes no sense otherwise: these are `pairs`.
        """
        names = [x for x in (first, second) if is_name(x) and self.may_bind(x)]
        new = [x for x in names if x not in self.indices]
        if len(names) == 2 and (names[1] in self.pairs or len(new) == 2):
            self.compared[names[1]] = None
        bound = names if len(names) == 2 and names[1] in self.pairs else (new or names)[:1]
        for name in bound:
            plan.bounds[name] = (None, None)

    def may_bind(self, name: Node) -> bool:
        """Whether a name may be that of an index: `i`, `i'`, `i_1`, `c_{out}` where declared."""
        declared = self.symbols.table.get(name)
        if declared is not None:
            return isinstance(declared, Index)
        return is_letter(name) or (isinstance(name, Scripted) and isinstance(name.below, Numeral))

    def may_name(self, name: Node) -> bool:
        """Whether a name may be bound by a range; that of an array's entry, as in y_i = k, not."""
        return is_letter(name) or isinstance(name, Styled) or self.may_bind(name)

    def open(self, plan: Plan) -> list[Node]:
        """The names that have a lower bound and wait for an upper one."""
        return [n for n, (low, up) in plan.bounds.items() if low is not None and up is None]

    def is_bound(self, name: Node, plan: Plan) -> bool:
        return name in plan.bounds

    def share(self, plan: Plan, names: Iterable[Node], lower: Node, upper: Node | None) -> None:
        for name in names:
            plan.bounds[name] = (lower, upper)

    # -- the position that a maximum picks ---------------------------------------------------------

    def chosen(self, node: Node) -> Formula | None:
        """`(p,q) = argmax_{(u,v): conditions} body`, or None if it is something else."""
        if not isinstance(node, Chain) or [r for r, _ in node.links] != ["="]:
            return None
        operator = node.links[0][1]
        if not isinstance(operator, Big) or operator.kind != "argmax" or not operator.below:
            return None
        below = operator.below
        condition = below.condition if isinstance(below, SuchThat) else below
        maximum = self.bind(Max, operator, self.plan(condition, None))
        if not isinstance(maximum, Max):
            refuse(operator, "a maximum over indices", "none")
        return Chosen(maximum, *map(self.index, tuple_of(node.first)))


def implied(index: Index, where: Iterable[Basic], name: Node) -> tuple[Int, Int]:
    """The range of an index that stands alone on an axis of some tensor: the axis'."""
    where = tuple(where)
    found: list[tuple[Int, Int]] = []
    for part in where:
        for tensor, at in _entries(part):
            for e, extent in zip(at, tensor.shape, strict=True):
                if e.atom == index:
                    found.append((Int.of(tensor.base), extent + (tensor.base - 1)))
    if not found:
        beside = bounds_of_axes(index, where)
        found = [(beside[0][0], beside[1][0])] if beside and len(beside[1]) == 1 else []
    different = list(dict.fromkeys(found))
    if len(different) != 1:
        fault = f"axes of {len(different)} different extents" if different else "no axis of its own"
        raise ReadError(name.position, f"a range for {spell(name)}", fault)
    return different[0]


def _entries(f: Basic) -> Iterable[tuple[Tensor, tuple[Int, ...]]]:
    for node in subformulas(f):
        if isinstance(node, Component):
            yield node.tensor, node.indices
        elif isinstance(node, Int):
            for atom in node.atoms_within():
                if isinstance(atom, Entry):
                    yield atom.tensor, atom.parts


def refuse_huge(bounds: tuple[Bounds, Bounds], name: Node) -> None:
    """Refuse a range between numbers that nobody could go through."""
    lowers = [e.constant for e in bounds[0] if e.constant is not None]
    uppers = [e.constant for e in bounds[1] if e.constant is not None]
    if lowers and uppers and min(uppers) - max(lowers) > LONGEST_RANGE:
        refuse(name, f"a range of at most {LONGEST_RANGE} values", f"{min(uppers)}")


def is_name(node: Node) -> bool:
    if isinstance(node, Scripted):
        return node.above is None and isinstance(node.base, (Symbol, Styled))
    return isinstance(node, (Symbol, Styled))
