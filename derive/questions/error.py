"""An error that depends on an array, of which only the gradient with respect to it is known.

The program is extended by a linear function E = Σ_i g_i C_i with arbitrary g: whatever the error
is, the gradients of all that C depends on are determined by g = ∂E/∂C.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from derive.derivation.program import Program
from derive.derivation.step import Derivation
from derive.engine.differentiate import Differentiator, replace_derivatives
from derive.errors import Unsupported
from derive.ir import (
    Component,
    Definition,
    Derivative,
    Formula,
    Number,
    Sum,
    Tensor,
    Times,
    axis_ranges,
    fresh,
    replace_components,
    subformulas,
)
from derive.network.ask import Gradient
from derive.network.names import is_lone_symbol
from derive.questions.setting import Setting, numeric, position
from derive.verify.verdict import EXACT, NUMERIC, DerivationVerdict
from derive.verify.verify import Verifier
from derive.verify.world import Given as Entries

_UNNAMED = "g"
"""What ∂E/∂C is called where the question has no symbol for it: nothing prints it."""


@dataclass(frozen=True, eq=False)
class Error:
    """The error, the program in which it is defined, and the numbers of ∂E/∂C, if known."""

    setting: Setting
    program: Program
    tensor: Tensor
    of: Tensor
    upstream: Tensor | None
    numbers: dict[tuple[int, ...], Fraction] | None

    @staticmethod
    def asked(ask: Gradient, setting: Setting) -> Error:
        """The error that a question speaks of."""
        of = setting.defined(ask.of)
        p = setting.program
        if not of.shape:
            if ask.upstream is not None:
                setting.fail(f"{of.name} is a number, and its own error", "upstream")
            return Error(setting, replace(p, loss=of), of, of, None, None)
        symbol = ask.upstream if isinstance(ask.upstream, str) else _UNNAMED
        for key, name in (("error", ask.error), ("upstream", symbol)):
            other = ask.error if key == "upstream" else None
            if not is_lone_symbol(name) or name in _symbols(setting) or name == other:
                setting.fail(f"“{name}” is no symbol that is free for the {key}", key)
        upstream = Tensor(f"{ask.error}.upstream", symbol, of.shape, of.base)
        error = Tensor(ask.error, ask.error, (), of.base)
        at = tuple(fresh("i") for _ in of.shape)
        body = Sum(Times(upstream[at], of[at]), *axis_ranges(of, at))
        extended = Program(
            p.sizes,
            (*p.given, upstream),
            (*p.definitions, Definition(error, (), body)),
            p.size_facts,
            p.facts,
            error,
        )
        return Error(setting, extended, error, of, upstream, _numbers(ask, of, setting))

    @cached_property
    def engine(self) -> Differentiator:
        """What differentiates the error."""
        return Differentiator(self.program)

    def jacobian(self, of: Tensor, by: Tensor) -> Derivation:
        """How a definition depends on what it reads."""
        return self.engine.jacobian(of, by)

    def by_its_name(self, f: Formula) -> Formula:
        """`f` with G_i in the place of ∂E/∂C_i, where the question has the symbol G for it."""
        g = self.upstream
        if g is None or g.symbol == _UNNAMED:
            return f

        def named(d: Derivative) -> Formula:
            return g[d.by.indices] if d.by.tensor == self.of else d

        return replace_derivatives(f, named)

    # -- numbers ---------------------------------------------------------------------------------

    def inserted(self, f: Formula) -> Formula:
        """`f` with numbers for the entries that have values."""
        given = self.values_in(f)
        known = replace_components(f, lambda c: Number(given[c]) if c in given else None)
        return self.setting.calculator.inserted(known)

    def values_in(self, f: Formula) -> dict[Component, Fraction]:
        """The numbers in `f` that the question gives for ∂E/∂C."""
        read = [g for g in subformulas(f) if isinstance(g, Component) and g.tensor == self.upstream]
        numbers = self.numbers or {}
        return {c: numbers[at] for c in read if (at := position(c)) in numbers}

    def open(self, f: Formula) -> bool:
        """Whether something in `f` has no number."""
        known = self.setting.calculator
        return any(
            isinstance(g, Derivative) or (isinstance(g, Component) and not known.knows(g.tensor))
            for g in subformulas(f)
        )

    # -- verification ----------------------------------------------------------------------------

    def derived(self, d: Derivation) -> DerivationVerdict:
        """The verdicts on a derivation, for any gradient with respect to C.

        The sizes are drawn; or those of the problem, if it needs them.
        """
        found = self.anywhere.derivation(d)
        if found.status in (EXACT, NUMERIC):
            return found
        return numeric(self.program, self.setting.sizes, {}).derivation(d)

    @cached_property
    def _upstream(self) -> dict[Tensor, Any]:
        if self.upstream is None or self.numbers is None:
            return {}
        shape = self.setting.calculator.shape(self.of)
        return {self.upstream: _nested(self.numbers, shape, (), self.of.base)}

    @cached_property
    def anywhere(self) -> Verifier:
        """Verifies at drawn sizes."""
        return Verifier(self.program)

    @cached_property
    def at_sizes(self) -> Verifier:
        """Verifies at the sizes of the problem and its ∂E/∂C, for drawn values."""
        return numeric(self.program, self.setting.sizes, self._upstream)

    @cached_property
    def at_values(self) -> Verifier:
        """Verifies at the sizes and values of the problem."""
        values = {**self.setting.values, **self._upstream}
        return numeric(self.program, self.setting.sizes, values)


def _symbols(setting: Setting) -> set[str]:
    p = setting.program
    return {t.symbol for t in (*p.given, *p.defined)} | {s.name for s in p.sizes}


def _numbers(ask: Gradient, of: Tensor, setting: Setting) -> dict[tuple[int, ...], Fraction] | None:
    """The entries of ∂E/∂C as the question gives them."""
    if ask.upstream is None or isinstance(ask.upstream, str):
        return None
    if not setting.is_numeric:
        setting.fail("numbers for the gradient need numbers for all sizes", "upstream")
    places = setting.calculator.places(of)
    if isinstance(ask.upstream, Fraction):
        _demand_short(ask.upstream, setting)
        return dict.fromkeys(places, ask.upstream)
    shape = setting.calculator.shape(of)
    if _shape(ask.upstream) != shape:
        setting.fail(
            f"upstream does not have the shape of {of.name}, {shape}; expected nested lists, one "
            "level for each axis",
            "upstream",
        )
    _demand_short(ask.upstream, setting)
    found: dict[tuple[int, ...], Fraction] = {}
    for at in places:
        value = ask.upstream
        for k in at:
            value = value[k - of.base]
        found[at] = value
    return found


def _demand_short(upstream: Any, setting: Setting) -> None:
    """Refuse numbers that are too long to be verified."""
    try:
        Entries.of(upstream)
    except Unsupported as error:
        setting.fail(f"upstream: {error.message}", "upstream")


def _shape(value: Any) -> tuple[int, ...] | None:
    """The shape of nested tuples; None where they are ragged."""
    if not isinstance(value, tuple):
        return ()
    inner = {_shape(v) for v in value}
    part = inner.pop() if len(inner) == 1 else None
    return None if part is None else (len(value), *part)


def _nested(
    numbers: dict[tuple[int, ...], Fraction],
    shape: tuple[int, ...],
    at: tuple[int, ...],
    base: int,
) -> Any:
    """The numbers as nested tuples."""
    if len(at) == len(shape):
        return numbers[at]
    return tuple(_nested(numbers, shape, (*at, k + base), base) for k in range(shape[len(at)]))
