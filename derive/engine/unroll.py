"""Formulas written out, entry by entry, at numbers for all sizes and free indices.

    Σ_{i=max(1,p-2)}^{min(3,p)} g_i w_{p-i+1}      at p = 2 becomes      g_1 w_2 + g_2 w_1

A sum becomes its terms, a maximum its entries, conditions on indices are decided.  What depends on
the entries of arrays stays: which entry of a window is chosen, whether z > 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import TypeVar

from sympy import Basic

from derive.errors import Unsupported
from derive.ir import (
    And,
    Atom,
    Binder,
    Bracket,
    Cases,
    Chosen,
    Compare,
    Component,
    Count,
    Delta,
    Divides,
    Entry,
    Equal,
    Formula,
    Greatest,
    Guard,
    Index,
    Int,
    Max,
    NonNegative,
    Not,
    Number,
    Or,
    Plus,
    Power,
    Range,
    Ravel,
    Size,
    Sum,
    Tensor,
    Times,
    Unravel,
    map_integers,
    rebuild,
)
from derive.rules.terms import factors, product, terms, total

Env = Mapping[Index, int]
Node = TypeVar("Node", bound=Basic)
MOST = 20_000
"""Terms of a formula that is written out."""


class TooLong(Unsupported):
    """A formula that has too many terms to be written out."""


@dataclass(frozen=True)
class Unroller:
    """Writes formulas out; `sizes` has the number of every free size."""

    sizes: Mapping[Size, int]

    def __call__(self, f: Formula, at: Env | None = None) -> Formula:
        """`f` written out at the given values of its free indices."""
        return self._of(f, dict(at or {}))

    # -- integers --------------------------------------------------------------------------------

    def number(self, e: Int, env: Env) -> int:
        """The value of an integer expression."""
        return sum(c * prod(self._atom(a, env) for a in monomial) for monomial, c in e.terms)

    def _atom(self, a: Atom, env: Env) -> int:
        if isinstance(a, Index):
            return env[a]
        if isinstance(a, Size):
            return self.size(a)
        if isinstance(a, (Ravel, Unravel)):
            return self.number(a.expanded(), env)
        if isinstance(a, Entry):
            raise Unsupported(f"the class indices in {a.tensor.name} are not written out")
        n, d = (self.number(part, env) for part in a.parts)  # type: ignore[attr-defined]
        return n // d

    def size(self, s: Size) -> int:
        """The value of a size."""
        if s in self.sizes:
            return self.sizes[s]
        if s.definition is not None:
            return self.number(s.definition, {})
        if s.value is None:
            raise Unsupported(f"the size {s.name} has no number")
        return s.value

    def holds(self, g: Guard, env: Env) -> bool | None:
        """Whether a condition holds; None where that depends on the entries of arrays."""
        match g:
            case And() | Or():
                parts = [self.holds(part, env) for part in g.args]  # type: ignore[arg-type]
                decisive = isinstance(g, Or)
                if decisive in parts:
                    return decisive
                return None if None in parts else not decisive
            case Not():
                inner = self.holds(g.args[0], env)  # type: ignore[arg-type]
                return None if inner is None else not inner
            case Compare():
                return None
        e, *others = (self.number(part, env) for part in g.args)  # type: ignore[arg-type]
        match g:
            case NonNegative():
                return e >= 0
            case Equal():
                return e == others[0]
            case Divides():
                return others[0] % e == 0
        raise Unsupported(f"{g} is no condition that can be decided")

    def positions(self, f: Binder, env: Env) -> Iterator[dict[Index, int]]:
        """The values of the bound indices of a sum or maximum, row by row."""
        for inner in self._positions(f, 0, dict(env)):
            if self.holds(f.condition, inner) is not False:
                yield inner

    def _positions(self, f: Binder, k: int, env: dict[Index, int]) -> Iterator[dict[Index, int]]:
        if k == len(f.ranges):
            yield env
            return
        r = f.ranges[k]
        low = max(self.number(e, env) for e in r.lowers)
        high = min(self.number(e, env) for e in r.uppers)
        for value in range(low, high + 1):
            yield from self._positions(f, k + 1, {**env, r.index: value})

    # -- formulas --------------------------------------------------------------------------------

    def _of(self, f: Formula, env: Env) -> Formula:
        match f:
            case Number():
                return f
            case Count():
                return Number(self.number(f.integer, env))
            case Sum():
                return self._sum(f, env)
            case Max():
                return Greatest(*(self._of(f.body, inner) for inner in self.positions(f, env)))
            case Times():
                return self._product(f, env)
            case Plus():
                return self._total([self._of(g, env) for g in f.args])  # type: ignore[arg-type]
            case Bracket():
                held = self.holds(f.condition, env)
                return self._fixed(f, env) if held is None else Number(int(held))
            case Delta():
                e, g = (self.number(side, env) for side in f.sides)
                return Number(int(e == g))
            case Cases():
                return self._cases(f, env)
            case Chosen():
                return self._chosen(f, env)
            case Power() if isinstance(f.exponent, Number | Count | Power):
                return Power(self._of(f.base, env), reduced(self._of(f.exponent, env)))
        return self._fixed(f, env)

    def _fixed(self, f: Node, env: Env) -> Node:
        """`f` with numbers for its indices and sizes."""
        if isinstance(f, Int):
            return Int.of(self.number(f, env))  # type: ignore[return-value]
        if isinstance(f, Tensor) or not f.args:
            return f
        return rebuild(
            f,
            tuple(
                self._of(a, env) if isinstance(a, Formula) else self._fixed(a, env) for a in f.args
            ),
        )

    def _sum(self, f: Sum, env: Env) -> Formula:
        found: list[Formula] = []
        for inner in self.positions(f, env):
            found.append(self._of(f.body, inner))
            if len(found) > MOST:
                raise TooLong(f"a sum of more than {MOST} terms is not written out")
        return self._total(found)

    def _total(self, parts: list[Formula]) -> Formula:
        numbers = [p.value for p in parts if isinstance(p, Number)]
        if parts and len(numbers) == len(parts):  # counts, such as that of the entries of a window
            return Number(sum(numbers))
        flat = [t for p in parts for t in terms(p)]
        return total(*(t for t in flat if t != Number(0)))

    def _product(self, f: Times, env: Env) -> Formula:
        """The factors; conditions come first, so that nothing is read where they do not hold."""
        decided: dict[int, Formula] = {}
        for k, g in enumerate(f.args):
            if isinstance(g, Bracket | Delta):
                decided[k] = self._of(g, env)
                if decided[k] == Number(0):
                    return Number(0)
        found: list[Formula] = []
        for k, g in enumerate(f.args):
            part = decided[k] if k in decided else self._of(g, env)  # type: ignore[arg-type]
            if part == Number(0):
                return part
            found += [p for p in factors(part) if p != Number(1)]
        return product(*found)

    def _cases(self, f: Cases, env: Env) -> Formula:
        for branch in f.args:
            held = self.holds(branch.condition, env)  # type: ignore[attr-defined]
            if held is None:
                raise Unsupported("cases that depend on the entries of arrays are not written out")
            if held:
                return self._of(branch.value, env)  # type: ignore[attr-defined]
        raise AssertionError("the last branch of a Cases always holds")

    def _chosen(self, f: Chosen, env: Env) -> Formula:
        """That a position is chosen: 0 outside the window, else to be seen from the entries."""
        at = [self.number(e, env) for e in f.at]
        window = (tuple(p[i] for i in f.maximum.bound) for p in self.positions(f.maximum, env))
        if tuple(at) not in window:
            return Number(0)
        outer = {i: value for i, value in env.items() if i not in f.maximum.bound}

        def known(a: Atom) -> Int | None:
            if isinstance(a, Size):
                return Int.of(self.size(a))
            return Int.of(outer[a]) if isinstance(a, Index) and a in outer else None

        maximum = map_integers(f.maximum, known)
        ranges = [_narrowed(r) for r in maximum.ranges]
        return Chosen(Max(maximum.body, *ranges, maximum.condition), *at)


def _narrowed(r: Range) -> Range:
    """A range with the strongest of its bounds alone, where they are numbers."""
    lowers, uppers = [e.constant for e in r.lowers], [e.constant for e in r.uppers]
    low = [max(n for n in lowers if n is not None)] if None not in lowers else r.lowers
    high = [min(n for n in uppers if n is not None)] if None not in uppers else r.uppers
    return Range(r.index, low, high)


def reduced(f: Formula) -> Formula:
    """A power of a number as a number: the exponent 2^{-1} is 1/2."""
    if isinstance(f, Power) and isinstance(f.base, Number) and isinstance(f.exponent, Number):
        e = f.exponent.value
        if e.denominator == 1 and (f.base.value or e >= 0):
            return Number(f.base.value ** int(e))
    return f


def entries_read(f: Formula, tensor: Tensor) -> tuple[tuple[int, ...], ...]:
    """The positions at which a formula that is written out reads a tensor, each once, in order."""
    found: dict[tuple[int, ...], None] = {}
    for c in _components(f):
        if c.tensor == tensor:
            at = tuple(e.constant for e in c.indices)
            assert None not in at
            found[at] = None  # type: ignore[index]
    return tuple(found)


def _components(f: Basic) -> Iterator[Component]:
    if isinstance(f, Component):
        yield f
    for a in f.args:
        yield from _components(a)
