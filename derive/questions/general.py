"""Unknown arrays by their coefficients at any size: w_α is what x_{i+α-1} is multiplied with.

Where an entry of the input is multiplied by w_e in Y, and e is an integer expression in the
positions of both, e = α is solved for these.  At the positions that are found the target has to
have the coefficient w_α.  What comes out is verified like everything else: with these arrays Y
equals the target.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from derive.derivation.program import Program
from derive.derivation.scope import Scope
from derive.derivation.step import Derivation
from derive.engine.differentiate import readings
from derive.engine.simplify import PRESENTED, simplify
from derive.engine.tuples import assigned, entry_ranges, indices_of
from derive.ir import (
    Bracket,
    Component,
    Definition,
    Delta,
    Derivative,
    Formula,
    Guard,
    Index,
    Int,
    Number,
    Range,
    Tensor,
    at_least,
    at_most,
    axis_ranges,
    free_indices,
    fresh,
    rebuild,
    refresh,
    replace_components,
    subformulas,
    substitute,
    tensors,
)
from derive.network.sizes import value_of
from derive.questions.aligned import Aligned, aligned
from derive.questions.opening import opened
from derive.questions.setting import Setting
from derive.rules.terms import factors


@dataclass(frozen=True)
class Solved:
    """An unknown array as a definition, and the entry of the target's derivative that it is."""

    definition: Definition
    slope: Derivative | None = None


@dataclass(frozen=True, eq=False)
class General:
    """All unknown arrays, and the program in which they are computed by what was found."""

    solved: tuple[Solved, ...]
    program: Program


def inputs(of: Tensor, target: Tensor, unknown: Sequence[Tensor], setting: Setting) -> list[Tensor]:
    """The given arrays that both depend on."""
    p = setting.program
    both = p.ancestors(of) & p.ancestors(target)
    return [x for x in p.given if x in both and x not in unknown and x not in setting.values]


def slope(t: Tensor, x: Tensor, setting: Setting) -> Derivation:
    """∂t/∂x along all paths."""
    p, engine = setting.program, setting.engine(t)
    read = tensors(p.defined[t].body)
    direct = x in read and not any(x in p.ancestors(d) for d in read)
    return engine.jacobian(t, x) if direct else engine.gradient(x, expanded=True)


def general(
    of: Tensor, target: Tensor, unknown: Sequence[Tensor], setting: Setting
) -> General | None:
    """What the unknown arrays are by their coefficients; None where that cannot be seen."""
    found: list[Solved] = []
    for u in unknown:
        solved = _solved(u, of, target, unknown, setting)
        if solved is None:
            return None
        found.append(solved)
    p = setting.program
    definitions = list(p.definitions)
    for s in found:
        u = s.definition.tensor
        at = next(k for k, d in enumerate(definitions) if u in tensors(d.body))
        definitions.insert(at, s.definition)
    given = tuple(t for t in p.given if t not in unknown)
    return General(tuple(found), Program(p.sizes, given, tuple(definitions), p.size_facts, p.facts))


def _solved(
    u: Tensor, of: Tensor, target: Tensor, unknown: Sequence[Tensor], setting: Setting
) -> Solved | None:
    pair = aligned(of, target, setting, "equals")
    xs = inputs(of, target, unknown, setting)
    for x in xs:
        mine = slope(of, x, setting)
        if u in tensors(mine.result):
            theirs = slope(target, x, setting)
            if tensors(theirs.result) & set(xs):
                setting.fail(f"the target {target.name} is not linear in {x.name}", "equals")
            return _factor(u, mine, theirs, pair, setting)
    return _summand(u, xs, pair, setting)


# -- what multiplies the input ---------------------------------------------------------------------


def _factor(
    u: Tensor, mine: Derivation, theirs: Derivation, pair: Aligned, setting: Setting
) -> Solved | None:
    """An array whose entries the input is multiplied with."""
    (place, x), (there, y) = _ends(mine), _ends(theirs)
    read = [g for g in subformulas(mine.result) if isinstance(g, Component) and g.tensor == u]
    deltas = [g for g in factors(mine.result) if isinstance(g, Delta)]
    if len(read) != 1:
        return None
    free = (*indices_of(x), *indices_of(place))
    solving = _Solving(u, read[0], deltas, free, _alone(place), setting, pair)
    if not solving.complete:
        return None
    where = substitute(pair.right, assigned(pair.left, place))
    to = {**assigned(there, where), **assigned(y, x)}
    formula = substitute(substitute(refresh(theirs.result), to), solving.to)
    ranges = (*entry_ranges(place), *entry_ranges(x))
    body = solving.settled(formula, ranges)
    if body is None:
        return None
    told = Derivative(substitute(where, solving.to), substitute(x, solving.to))
    return Solved(Definition(u, solving.indices, body), told)


def _ends(d: Derivation) -> tuple[Component, Component]:
    """What is differentiated, and by what."""
    assert isinstance(d.start, Derivative)
    assert isinstance(d.start.of, Component)
    return d.start.of, d.start.by


def _alone(place: Component) -> dict[Index, Int]:
    """The indices of axes of extent 1, with their only value."""
    axes = zip(place.indices, place.tensor.shape, strict=True)
    single = (e.atom for e, d in axes if value_of(d) == 1)
    return {a: Int.of(place.tensor.base) for a in single if isinstance(a, Index)}


class _Solving:
    """Positions at which `read` is the entry of `u` at indices of its own.

    `to` says what the indices `free` are there, those first from which it is solved first.
    """

    def __init__(
        self,
        u: Tensor,
        read: Component,
        deltas: Sequence[Delta],
        free: Sequence[Index],
        alone: Mapping[Index, Int],
        setting: Setting,
        pair: Aligned,
    ) -> None:
        self.setting, self.target = setting, pair.right.tensor
        forward = setting.engine(pair.left.tensor).forward(pair.left.tensor).result
        like = next(iter(readings(forward, u)), read)
        letters = [e.atom if isinstance(e.atom, Index) else None for e in like.indices]
        self.indices = tuple(fresh(a or Index("k", 0)) for a in letters)
        self.ranges = axis_ranges(u, self.indices)
        self.to: dict[Index, Int] = dict(alone)
        ends = [(d.sides[0], d.sides[1]) for d in deltas]
        axes = zip(read.indices, self.indices, u.shape, strict=True)
        equal = [(e, Int.of(a)) for e, a, d in axes if value_of(d) != 1]
        self.complete = True
        for e, f in (*equal, *ends):
            self.complete = self._solve(e, f, free) and self.complete

    def _solve(self, e: Int, value: Int, free: Sequence[Index]) -> bool:
        """Make e = value by one more index."""
        e = substitute(e, self.to) - substitute(value, self.to)
        for i in free:
            parts = None if i in self.to else e.split(i)
            if parts is not None and parts[0].constant in (1, -1):
                new = {i: -parts[1] * parts[0]}
                self.to = {k: substitute(v, new) for k, v in self.to.items()} | new
                return True
        return e == Int.of(0)

    def settled(self, f: Formula, ranges: Sequence[Range]) -> Formula | None:
        """`f` without the positions of the output; None where it depends on them.

        Conditions on positions that are left say that some place lies inside the array.  They hold
        where the whole window does.
        """
        left = tuple(r for r in ranges if r.index not in self.to)
        inside = [g for r in ranges if r.index in self.to for g in self._within(r)]
        scope = Scope(self.setting.program, (*left, *self.ranges)).given(*inside)
        f = _simplified(f, scope)
        open_ = {r.index for r in left}
        if free_indices(f) & open_:
            f = _simplified(_inside(f, open_), scope)
        return None if free_indices(f) & open_ else f

    def _within(self, r: Range) -> Iterator[Guard]:
        value = self.to[r.index]
        yield from (at_least(value, lo) for lo in r.lowers)
        yield from (at_most(value, hi) for hi in r.uppers)


def _simplified(f: Formula, scope: Scope) -> Formula:
    steps = simplify(f, scope, PRESENTED)
    return steps[-1].after if steps else f


def _inside(f: Formula, indices: set[Index]) -> Formula:
    """`f` where all conditions on some indices hold."""
    if isinstance(f, Bracket):
        return Number(1) if free_indices(f) & indices else f
    return rebuild(f, tuple(_inside(a, indices) if isinstance(a, Formula) else a for a in f.args))


# -- what does not depend on the input -------------------------------------------------------------


def _summand(u: Tensor, xs: Sequence[Tensor], pair: Aligned, setting: Setting) -> Solved | None:
    """An array that is added: what is left of both where the input is 0."""
    rest = []
    for c in (pair.left, pair.right):
        forms = [x.formula for x in opened(c, pair.ranges, setting)]
        f = replace_components(forms[-1] if forms else c, lambda g: _zero(g, xs))
        rest.append(_simplified(f, Scope(setting.program, pair.ranges)))
    mine, theirs = rest
    if not isinstance(mine, Component) or mine.tensor != u:
        return None
    free = [r.index for r in pair.ranges]
    solving = _Solving(u, mine, (), free, {}, setting, pair)
    if not solving.complete:
        return None
    body = solving.settled(substitute(theirs, solving.to), pair.ranges)
    return None if body is None else Solved(Definition(u, solving.indices, body))


def _zero(c: Component, xs: Sequence[Tensor]) -> Formula | None:
    return Number(0) if c.tensor in xs else None
