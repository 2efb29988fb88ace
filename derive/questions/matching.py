"""Matching coefficients: what unknown arrays must be so that two arrays agree for every input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, product

from derive.engine.linear import System
from derive.engine.polynomial import Expander, Monomial, NotPolynomial, Polynomial
from derive.engine.unroll import Unroller
from derive.ir import Component, Size, Tensor
from derive.questions.setting import Setting

_WITNESSES = (5, 6, 4, 3, 7, 8, 2, 9, 10, 12, 1)
_TRIED = 5000
_MOST = 60_000
"""Equations that are compared."""


@dataclass(frozen=True)
class Equation:
    """The coefficient of a monomial of the inputs in one entry of Y, and in the target.

    That in Y is Σ c u over the pairs (u, c) of `left`, plus `constant`.
    """

    entry: tuple[int, ...]
    target: tuple[int, ...]
    monomial: Monomial
    left: tuple[tuple[Component, Fraction], ...]
    constant: Fraction
    right: Fraction

    @property
    def demanded(self) -> Fraction:
        """What the unknown part has to be."""
        return self.right - self.constant


@dataclass(frozen=True)
class Matched:
    """What matching found at some sizes.

    `conflict` is the first equation that contradicts those before, with one that says otherwise
    where there is a single one; `mismatch` are the two shapes where they differ.
    """

    sizes: dict[Size, int]
    equations: tuple[Equation, ...]
    system: System[Component]
    conflict: tuple[Equation, Equation | None] | None = None
    mismatch: tuple[tuple[int, ...], tuple[int, ...]] | None = None

    @property
    def solvable(self) -> bool:
        return self.conflict is None and self.mismatch is None


def witnesses(setting: Setting, fixed: Mapping[Size, int]) -> Iterator[dict[Size, int]]:
    """Numbers for the free sizes at which all conditions hold.

    First 5 for each where that is possible, then such that different sizes have different numbers.
    """
    free = [s for s in setting.program.sizes if s.definition is None]
    open_ = [s for s in free if s.value is None and s not in fixed]
    known = {s: s.value for s in free if s.value is not None} | dict(fixed)
    for spread in (0, 1) if open_ else (0,):
        turns = [spread * (k + 1) % len(_WITNESSES) for k in range(len(open_))]
        numbers = [_WITNESSES[n:] + _WITNESSES[:n] for n in turns]
        for values in islice(product(*numbers), _TRIED):
            sizes = known | dict(zip(open_, values, strict=True))
            unroll = Unroller(sizes)
            if all(unroll.holds(g, {}) for g in setting.program.size_facts):
                yield sizes
                break


def mismatch(
    of: Tensor, target: Tensor, sizes: Mapping[Size, int]
) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The two shapes, where they differ by more than axes of extent 1."""
    first, second = (_shape(t, sizes) for t in (of, target))
    return None if _squeezed(first) == _squeezed(second) else (first, second)


def _shape(t: Tensor, sizes: Mapping[Size, int]) -> tuple[int, ...]:
    unroll = Unroller(sizes)
    return tuple(unroll.number(d, {}) for d in t.shape)


def matched(
    setting: Setting,
    of: Tensor,
    target: Tensor,
    unknown: tuple[Tensor, ...],
    sizes: dict[Size, int],
) -> Matched:
    """The equations for the unknown entries at the given sizes, solved as far as they agree."""
    unroll = Unroller(sizes)
    entries = tuple(t[at] for t in unknown for at in _places(t, _shape(t, sizes)))
    system: System[Component] = System(entries)
    different = mismatch(of, target, sizes)
    if different is not None:
        return Matched(sizes, (), system, mismatch=different)
    shapes = _shape(of, sizes), _shape(target, sizes)
    equations = _equations(setting, of, target, unknown, unroll, shapes)
    seen: dict[tuple[tuple[Component, Fraction], ...], Equation] = {}
    for e in equations:
        before = seen.setdefault(e.left, e)
        if before.demanded != e.demanded or not system.add(dict(e.left), e.demanded):
            other = before if before.demanded != e.demanded else None
            return Matched(sizes, equations, system, conflict=(e, other))
    return Matched(sizes, equations, system)


def _equations(
    setting: Setting,
    of: Tensor,
    target: Tensor,
    unknown: tuple[Tensor, ...],
    unroll: Unroller,
    shapes: tuple[tuple[int, ...], ...],
) -> tuple[Equation, ...]:
    values = {t: setting.calculator.table(t) for t in setting.values if t not in unknown}
    expand = Expander(setting.program, unroll, values)
    found: list[Equation] = []
    pairs = zip(_places(of, shapes[0]), _places(target, shapes[1]), strict=True)
    for at, there in pairs:
        y = _split(_expanded(expand, of[at], setting, "of"), unknown, setting)
        t = _expanded(expand, target[there], setting, "equals")
        _refuse_nonlinear(t, target, unknown, setting)
        for m in dict.fromkeys((*y, *t)):
            left = {c: v for c, v in y.get(m, {}).items() if c is not None}
            constant = y.get(m, {}).get(None, Fraction(0))
            right = t.get(m, Fraction(0))
            found.append(Equation(at, there, m, tuple(left.items()), constant, right))
        if len(found) > _MOST:
            setting.fail(f"there are more than {_MOST} coefficients to compare; take smaller sizes")
    return tuple(found)


def _expanded(expand: Expander, c: Component, setting: Setting, key: str) -> Polynomial:
    try:
        return expand.entry(c)
    except NotPolynomial as reason:
        setting.fail(
            f"{c.tensor.name} is not linear in its input: {reason}. Coefficients can be compared "
            "only between linear formulas",
            key,
        )


def _refuse_nonlinear(
    t: Polynomial, target: Tensor, unknown: tuple[Tensor, ...], setting: Setting
) -> None:
    for m in t:
        if any(c.tensor in unknown for c in m):
            name = next(c.tensor.name for c in m if c.tensor in unknown)
            setting.fail(f"the target {target.name} depends on the unknown {name}", "equals")
        if len(m) > 1:
            setting.fail(
                f"the target {target.name} is not linear in its input: it has a product of "
                f"entries of {' and '.join(dict.fromkeys(c.tensor.name for c in m))}. Coefficients "
                "can be compared only between linear formulas; arrays that the coefficients "
                "depend on need numbers in [values]",
                "equals",
            )


def _split(
    y: Polynomial, unknown: tuple[Tensor, ...], setting: Setting
) -> dict[Monomial, dict[Component | None, Fraction]]:
    """For each monomial of the inputs its coefficient, linear in the unknown entries."""
    found: dict[Monomial, dict[Component | None, Fraction]] = {}
    for m, c in y.items():
        unknowns = [x for x in m if x.tensor in unknown]
        if len(unknowns) > 1:
            setting.fail("the unknown arrays are multiplied with each other", "unknown")
        rest = tuple(x for x in m if x.tensor not in unknown)
        u = unknowns[0] if unknowns else None
        inner = found.setdefault(rest, {})
        inner[u] = inner.get(u, Fraction(0)) + c
    return found


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without its axes of extent 1: the same entries in the same order."""
    return tuple(n for n in shape if n > 1)


def _places(t: Tensor, shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    return list(product(*(range(t.base, t.base + n) for n in shape)))
