"""How a sum over windows becomes loops over a few offsets with slices of whole arrays in them.

    z[n, o, i, j] = Σ_c Σ_a Σ_b x[n, c, S·i + a - P, S·j + b - P] w[o, c, a, b]

a and b become loops.  For each (a, b), the entries of x that all (i, j) read are one slice; where
some i would read outside, the condition bounds i instead.  In the derivative by x the position
p - S·i is the offset: p = S·i + a, and the slice is of the result.  A floor ⌊p/S⌋ splits p into
S·u + r, with a loop over r.  What is left are indices along which whole arrays are combined, each
in at most one position of every entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from derive.derivation.program import Program
from derive.derivation.scope import Scope
from derive.ir import (
    Bracket,
    Compare,
    Divides,
    Floor,
    Formula,
    Guard,
    Index,
    Int,
    Max,
    NonNegative,
    Range,
    Size,
    Sum,
    Times,
    at_least,
    at_most,
    conjuncts,
    fresh,
    map_integers,
    substitute,
)
from derive.ir.affine import bound, sign, without_floors
from derive.rules.proof import at_least_zero, proves
from derive.writers.python.positions import (
    alone,
    alone_up,
    parts,
    positions_in,
    positive,
    subtracted,
    tightened,
    without_tuples,
)
from derive.writers.python.scalar import flat

_LARGE = 10**6
"""The size of an image, as far as costs go."""


class NoSlices(Exception):
    """A formula is no combination of slices: it is written as loops over all entries."""


@dataclass
class Plan:
    """Loops around a statement on slices: target[places] += body.

    `spans` are the bounds of the indices that run over slices, both inclusive; those that might
    cross are `loose`.  `tests` are conditions on the indices of the loops, `extents` those of the
    target, `used` the conditions on sizes that the plan relies on.
    """

    loops: list[Range]
    tests: list[Guard]
    spans: dict[Index, Range]
    places: tuple[Int, ...]
    extents: tuple[Int, ...]
    body: Formula
    loose: frozenset[Index]
    used: list[Guard]


def planned(
    program: Program, places: tuple[Int, ...], free: tuple[Range, ...], term: Formula
) -> Plan:
    """The loops for a term: a product with at most one sum, or a maximum."""
    return _Planner(program, places, free, term).plan()


class _Planner:
    def __init__(
        self, program: Program, places: tuple[Int, ...], free: tuple[Range, ...], term: Formula
    ) -> None:
        self.program, self.places = program, places
        self.extents = tuple(r.uppers[0] + 1 for r in free)
        self.bounds: dict[Index, tuple[list[Int], list[Int]]] = {}
        self.free = {r.index for r in free}
        self.loops: list[Index] = []
        self.conditions: list[Guard] = []
        self.factors: list[Formula] = []
        self.kernels = set(subtracted(program))
        for r in free:
            self.bounds[r.index] = (list(r.lowers), list(r.uppers))
        self._open(term)

    def _open(self, term: Formula) -> None:
        term = map_integers(term, without_tuples)
        for g in flat(term):
            if isinstance(g, (Sum, Max)) and (isinstance(g, Sum) or g is term):
                if any(i in self.bounds for i in g.bound):
                    raise NoSlices("an index is used twice")
                for r in g.ranges:
                    self.bounds[r.index] = (list(r.lowers), list(r.uppers))
                self.loops += g.bound if isinstance(g, Max) else ()
                self.conditions += conjuncts(g.condition)
                for h in flat(g.body):
                    self._factor(h)
            else:
                self._factor(g)

    def _factor(self, g: Formula) -> None:
        if isinstance(g, Bracket):
            parts = conjuncts(g.condition)
            compared = [c for c in parts if isinstance(c, Compare)]
            self.conditions += [c for c in parts if not isinstance(c, Compare)]
            self.factors += [Bracket(c) for c in compared]
        else:
            self.factors.append(g)

    # -- the plan ----------------------------------------------------------------------------------

    def plan(self) -> Plan:
        self._free_bounds()
        while self._divide() or self._offset() or self._split() or self._separate():
            self._free_bounds()
        self._bound_loops()
        spans, tests = self._spans()
        loops = self._ordered()
        scope = Scope(self.program, tuple(loops))
        tests = [g for g in tests if not proves(scope, g)]
        spans = {i: tightened(scope, r) for i, r in spans.items()}
        body = self.factors[0] if len(self.factors) == 1 else Times(*self.factors)
        loose = frozenset(
            i
            for i, r in spans.items()
            for low, high in [(r.lowers[0], r.uppers[0] + 1)]
            if not positive(high - low) and not at_least_zero(scope, high - low)
        )
        used = list(scope.used)
        return Plan(loops, tests, spans, self.places, self.extents, body, loose, used)

    def _positions(self) -> Iterator[tuple[Int, Int | None]]:
        """Every position with the extent of its axis; those of the target have none."""
        for e in self.places:
            yield e, None
        for f in self.factors:
            yield from positions_in(f)

    def _vectors(self, e: Int) -> list[Index]:
        """The indices in an expression that do not belong to loops."""
        return [i for i in self.bounds if i in e.indices and i not in self.loops]

    def _everything(self) -> Iterator[Int]:
        yield from (e for e, _ in self._positions())
        for g in self.conditions:
            yield from (e for e in g.args if isinstance(e, Int))
        for lowers, uppers in self.bounds.values():
            yield from (*lowers, *uppers)

    # -- changes of variables ----------------------------------------------------------------------

    def _divide(self) -> bool:
        """[d | v + r]: v = d·u - r."""
        for g in self.conditions:
            if isinstance(g, Divides):
                d, e = g.args
                assert isinstance(d, Int)
                assert isinstance(e, Int)
                v = next((i for i in self._vectors(e) if alone(e, i)), None)
                if v is not None:
                    self.conditions.remove(g)
                    u = fresh(v)
                    c, rest = parts(e, v)
                    self._replace(v, (u * d - rest) * c, u, None)
                    return True
        return False

    def _offset(self) -> bool:
        """0 ≤ v - S·i + c ≤ K: that difference is an offset, and v = S·i + offset - c."""
        limits = [g.expression for g in self.conditions if isinstance(g, NonNegative)]
        several = [e for e in limits if len(self._vectors(e)) > 1]
        for e in several:
            last = next((e + f for f in several if not self._vectors(e + f)), None)
            up = [i for i in self._vectors(e) if alone(e, i) and alone_up(e, i)]
            if last is None or not up:
                continue
            v = min(up, key=self._rank)
            if v not in self.free and any(i in self.free for i in self._vectors(e)):
                continue  # the other of the two conditions has the free index with a plus
            a = self._letter()
            self.conditions = [
                g
                for g in self.conditions
                if not isinstance(g, NonNegative) or g.expression not in (e, last - e)
            ]
            self._replace(v, Int.of(a) - parts(e, v)[1], None, Range(a, 0, last))
            return True
        return False

    def _split(self) -> bool:
        """⌊(v + c)/d⌋: v = d·u + r for r = 0..d-1."""
        for e in self._everything():
            for a in e.atoms_within():
                if isinstance(a, Floor):
                    n, d = a.parts
                    v = next((i for i in self._vectors(n) if alone(n, i)), None)
                    if v is None or self._vectors(n) != [v] or not alone_up(n, v):
                        continue
                    u, r = fresh(v), self._letter()
                    lowers, uppers = self.bounds[v]
                    self.bounds[v] = ([e for e in lowers if e != Int.of(0)], uppers)
                    self._replace(v, u * d + r, u, Range(r, 0, d - 1))
                    if Int.of(0) in lowers:
                        self.bounds[u][0].append(Int.of(0))
                    return True
        return False

    def _separate(self) -> bool:
        """A position with several indices: the cheapest becomes a loop, or the position does."""
        for e, extent in self._positions():
            here = self._vectors(e)
            if any(
                isinstance(a, Floor) and set(self._vectors(Int.of(a))) for a in e.atoms_within()
            ):
                raise NoSlices("a floor of an index")
            if len(here) < 2 and not (here and not self._sliceable(e, here[0])):
                continue
            cost = {i: self._cost(i) for i in here}
            cheapest = min(here, key=lambda i: (cost[i], -self._rank(i)))
            solved = next((i for i in sorted(here, key=self._rank) if alone(e, i)), None)
            if extent is None or solved is None or cost[cheapest] <= self._size(extent):
                self.loops.append(cheapest)
                return True
            a = self._letter()
            c, rest = parts(e, solved)
            self._replace(solved, (Int.of(a) - rest) * c, None, Range(a, 0, extent - 1))
            return True
        return False

    def _sliceable(self, e: Int, i: Index) -> bool:
        parts = e.split(i)
        return parts is not None and sign(parts[0]) > 0 and not parts[0].indices

    def _letter(self) -> Index:
        """An index for an offset, with a letter that no other one has."""
        taken = {i.hint for i in self.bounds}
        return fresh(next(c for c in "abdefghkmrs" if c not in taken))

    def _rank(self, i: Index) -> int:
        return 0 if i in self.free else 1

    def _replace(self, v: Index, value: Int, u: Index | None, loop: Range | None) -> None:
        """v = value, in terms of a new index `u` and of the index of a new loop."""
        to = {v: value}
        lowers, uppers = self.bounds.pop(v)
        self.conditions += [at_least(value, e) for e in lowers]
        self.conditions += [at_most(value, e) for e in uppers]
        if loop is not None:
            self.bounds[loop.index] = (list(loop.lowers), list(loop.uppers))
            self.loops.append(loop.index)
        if u is not None:
            self.bounds[u] = ([], [])
            if v in self.free:
                self.free.add(u)
        self.bounds = {
            i: ([substitute(e, to) for e in lows], [substitute(e, to) for e in highs])
            for i, (lows, highs) in self.bounds.items()
        }
        self.places = tuple(substitute(e, to) for e in self.places)
        self.conditions = [substitute(g, to) for g in self.conditions]
        self.factors = [substitute(f, to) for f in self.factors]
        self._simplify()

    def _simplify(self) -> None:
        """⌊r/d⌋ = 0 for r = 0..d-1."""
        spans = {i: (lo, hi) for i, (lo, hi) in self.bounds.items() if i in self.loops}

        def settled(a: object) -> Int | None:
            if isinstance(a, Floor) and a.parts[0].atom in spans:
                lo, hi = spans[a.parts[0].atom]
                if lo == [Int.of(0)] and hi == [a.parts[1] - 1]:
                    return Int.of(0)
            return None

        self.places = tuple(e.replace(settled) for e in self.places)
        self.conditions = [map_integers(g, settled) for g in self.conditions]
        self.factors = [map_integers(f, settled) for f in self.factors]

    # -- costs -------------------------------------------------------------------------------------

    def _cost(self, i: Index) -> int:
        known = [self._size(e + 1) for e in self.bounds[i][1] if not e.indices]
        return min(known, default=_LARGE)

    def _size(self, e: Int) -> int:
        """About how large an extent is: of symbols, kernels are small and images large."""

        def value(a: object) -> Int | None:
            if isinstance(a, Size):
                return Int.of(a.value or 3) if a in self.kernels else Int.of(_LARGE)
            return None

        return e.replace(value).constant or _LARGE

    # -- bounds ------------------------------------------------------------------------------------

    def _free_bounds(self) -> None:
        """Bounds by sizes and by indices of loops stay; the others become conditions."""
        for i, (lowers, uppers) in self.bounds.items():
            self.conditions += [without_floors(at_least(i, e)) for e in lowers if self._vectors(e)]
            self.conditions += [without_floors(at_most(i, e)) for e in uppers if self._vectors(e)]
            self.bounds[i] = (
                [e for e in lowers if not self._vectors(e)],
                [e for e in uppers if not self._vectors(e)],
            )

    def _bound_loops(self) -> None:
        """Every loop has bounds."""
        if not all(lo and hi for lo, hi in (self.bounds[i] for i in self.loops)):
            raise NoSlices("an offset without bounds")

    def _spans(self) -> tuple[dict[Index, Range], list[Guard]]:
        vectors = [i for i in self.bounds if i not in self.loops]
        tests: list[Guard] = []
        for g in self.conditions:
            inside = [i for e in g.args if isinstance(e, Int) for i in self._vectors(e)]
            if not inside:
                tests.append(g)
                continue
            limit = bound(g.expression, inside[0]) if isinstance(g, NonNegative) else None
            if len(set(inside)) > 1 or limit is None:
                raise NoSlices("a condition on several indices")
            self.bounds[inside[0]][0 if limit.lower else 1].append(limit.value)
        if not all(lowers and uppers for lowers, uppers in self.bounds.values()):
            raise NoSlices("an index without bounds")
        return {i: Range(i, *self.bounds[i]) for i in vectors}, tests

    def _ordered(self) -> list[Range]:
        """The loops, each inside those that its bounds need."""
        left = [Range(i, *self.bounds[i]) for i in self.bounds if i in self.loops]
        placed: list[Range] = []
        while left:
            done = {r.index for r in placed}
            ready = next(
                (r for r in left if all(e.indices <= done for e in (*r.lowers, *r.uppers))), None
            )
            if ready is None:
                raise NoSlices("loops that bound each other")
            left.remove(ready)
            placed.append(ready)
        return placed
