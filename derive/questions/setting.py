"""A problem that questions are asked about: its arrays, numbers, derivatives and verifiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any, NoReturn, TypeAlias

from derive.derivation.program import Layer, Program
from derive.derivation.step import Derivation
from derive.engine.calculate import Calculator, Value, is_short, rounded
from derive.engine.differentiate import Differentiator
from derive.engine.unroll import Unroller
from derive.errors import InputError
from derive.ir import (
    Component,
    Formula,
    Guard,
    Index,
    Int,
    Number,
    Range,
    Relation,
    Size,
    Tensor,
    tensors,
)
from derive.network.ask import Question
from derive.network.build import Model
from derive.network.given import Given
from derive.network.names import nearest
from derive.questions.parts import Side, Words, Written
from derive.verify.verdict import EXACT, NUMERIC, DerivationVerdict, Verification
from derive.verify.verify import Verifier
from derive.verify.world import Given as Entries

Facts: TypeAlias = Sequence[Guard]


class Setting:
    """What a problem declares, ready for its questions.

    `question` is the number of the one of `asked` that is being answered, for the places of errors.
    """

    def __init__(self, given: Given, model: Model, asked: Sequence[Question]) -> None:
        self.given, self.model, self.asked = given, model, asked
        self.program: Program = model.program
        self.base: int = given.conventions.index_base
        self.question = 0
        self._engines: dict[Tensor, Differentiator] = {}

    # -- names -----------------------------------------------------------------------------------

    def tensor(self, name: str | None, key: str = "of") -> Tensor:
        """The array of that name; the last one that is defined where there is no name."""
        if name is None:
            if not self.program.definitions:
                self.fail(f"there is nothing defined, so say with “{key}” what is meant", key)
            return self.program.definitions[-1].tensor
        known = {t.name: t for t in (*self.program.given, *self.program.defined)}
        if name not in known:
            found = [n for n in known if "." not in n] or list(known)
            self.fail(f"there is no array “{name}”. {nearest(name, found)}", key)
        return known[name]

    def defined(self, name: str | None, key: str = "of") -> Tensor:
        """The same for an array that is computed."""
        tensor = self.tensor(name, key)
        if tensor not in self.program.defined:
            self.fail(f"“{tensor.name}” is given, expected an array that is computed", key)
        return tensor

    def layer(self, tensor: Tensor) -> Layer:
        """The layer that computes an array."""
        return next(x for x in self.model.layers if x.output == tensor)

    def fail(self, message: str, key: str | None = None) -> NoReturn:
        """Refuse the question, at its line."""
        path: list[str | int] = ["ask", self.question, *([key] if key else [])]
        label = f"question {self.question + 1} ({self.asked[self.question].question})"
        end = "" if message.endswith((".", "?")) else "."
        raise InputError(f"{label}: {message}{end}", **self.given.source.place(*path))

    def demand_positions(self, positions: Sequence[tuple[int, ...]], t: Tensor) -> None:
        """Refuse positions that an array does not have, where its extents have numbers."""
        shape = self.calculator.shape(t) if positions and self.is_numeric else ()
        axes = [range(t.base, t.base + n) for n in shape]
        for at in positions if self.is_numeric else ():
            if len(at) != len(axes) or any(k not in r for k, r in zip(at, axes, strict=True)):
                self.fail(
                    f"{list(at)} is no position in {t.name}; expected one from "
                    f"{[r[0] for r in axes]} to {[r[-1] for r in axes]}",
                    "at",
                )

    def facts_of(self, tensor: Tensor) -> tuple[Relation, ...]:
        """What is known of the entries of an array alone."""
        known = self.program.facts
        return tuple(f for f in known if tensors(f.left) | tensors(f.right) == {tensor})

    # -- numbers ---------------------------------------------------------------------------------

    @cached_property
    def sizes(self) -> dict[Size, int]:
        """The numbers of the sizes that are free but for their value."""
        free = (s for s in self.program.sizes if s.definition is None)
        return {s: s.value for s in free if s.value is not None}

    @cached_property
    def is_numeric(self) -> bool:
        """Whether all sizes have numbers."""
        return all(s.value is not None for s in self.program.sizes if s.definition is None)

    @cached_property
    def values(self) -> dict[Tensor, Any]:
        """The values of given arrays, as nested tuples."""
        named = {t.name: t for t in self.program.given}
        return {named[name]: v for name, v in self.given.values.items()}

    @cached_property
    def calculator(self) -> Calculator:
        """Numbers of entries."""
        return Calculator(self.program, self.sizes, self.values)

    @cached_property
    def unroll(self) -> Unroller:
        """Writes formulas out at the numbers of the sizes."""
        return Unroller(self.sizes)

    def written(self, f: Formula) -> Written:
        """A formula that is written out, to be printed with numbers for its entries."""
        known = self.calculator
        return Written(known.decided(f), tuple(known.values_in(f).items()))

    # -- derivations -----------------------------------------------------------------------------

    def engine(self, of: Tensor) -> Differentiator:
        """What differentiates `of`."""
        if of not in self._engines:
            self._engines[of] = Differentiator(replace(self.program, loss=of))
        return self._engines[of]

    # -- verification ----------------------------------------------------------------------------

    def holds(
        self, left: Formula, right: Formula, ranges: Sequence[Range] = (), facts: Facts = ()
    ) -> Verification:
        """The verdict on an equation at drawn sizes; or at those of the problem, if it needs them.

        A formula with numbers for indices, such as X_3, has no meaning at other sizes.
        """
        return held((self._everywhere, self.at_sizes), left, right, ranges, facts)

    def derived(self, d: Derivation) -> DerivationVerdict:
        """The verdicts on a derivation, in the same way."""
        found = self._everywhere.derivation(d)
        held = found.status in (EXACT, NUMERIC)
        return found if held else self.at_sizes.derivation(d)

    @cached_property
    def _everywhere(self) -> Verifier:
        return Verifier(self.program)

    @cached_property
    def at_sizes(self) -> Verifier:
        """Verifies at the sizes of the problem, and drawn values."""
        return Verifier(self.program, fixed=self.sizes)

    @cached_property
    def at_values(self) -> Verifier:
        """Verifies at the sizes and the values of the problem."""
        return numeric(self.program, self.sizes, self.values)


def environment(general: Component, indices: Sequence[Int]) -> dict[Index, int]:
    """The values of the indices of `general` at a position."""
    pairs = zip(general.indices, indices, strict=True)
    return {
        e.atom: n.constant for e, n in pairs if isinstance(e.atom, Index) and n.constant is not None
    }


def position(c: Component) -> tuple[int, ...]:
    """The position of an entry whose indices are numbers."""
    return tuple(e.constant for e in c.indices)  # type: ignore[misc]


def numeric(program: Program, sizes: dict[Size, int], values: dict[Tensor, Any]) -> Verifier:
    """A verifier that draws nothing but the arrays that have no values."""
    known = {t: Entries.of(v) for t, v in values.items()}
    return Verifier(program, fixed=sizes, values=known)


def verified(
    verifier: Verifier,
    left: Formula,
    relation: str,
    right: Formula,
    ranges: Sequence[Range] = (),
    facts: Sequence[Guard] = (),
) -> Verification:
    """The verdict on `left relation right`; that on an inequality has no precision."""
    found = verifier.chain((left, right), ranges, facts, relation).ends
    return found if relation == "=" else replace(found, precision=None)


def held(
    verifiers: Sequence[Verifier],
    left: Formula,
    right: Formula,
    ranges: Sequence[Range] = (),
    facts: Facts = (),
) -> Verification:
    """The first verdict on left = right that says that it holds; the last one where none does."""
    for v in verifiers[:-1]:
        found = verified(v, left, "=", right, ranges, facts)
        if found.holds:
            return found
    return verified(verifiers[-1], left, "=", right, ranges, facts)


def sides(
    verifier: Verifier,
    formulas: Sequence[Formula],
    reasons: Sequence[Words] = (),
    ranges: Sequence[Range] = (),
    facts: Sequence[Guard] = (),
) -> tuple[Side, ...]:
    """What the first formula is equal to, each with its reason and its verdict."""
    told = [*reasons, *((),) * len(formulas)]
    return tuple(
        Side(b, told[k], verdict=verified(verifier, a, "=", b, ranges, facts))
        for k, (a, b) in enumerate(pairwise(formulas))
    )


def number(value: Value, decimals: int) -> tuple[Formula, bool]:
    """A value as it is printed, and whether it is exact: else it is rounded.

    Fractions that are no short decimals stay fractions where they are simple.
    """
    simple = isinstance(value, Fraction) and value.denominator <= 1000
    if simple or is_short(value, decimals):
        return Number(value), True
    return Number(rounded(value, decimals)), False


def result(verifier: Verifier, f: Formula, value: Value, decimals: int) -> Side:
    """`= value`, or `≈` with the value rounded: the verdict is on the distance from it."""
    shown, exact = number(value, decimals)
    if exact:
        return Side(shown, verdict=verified(verifier, f, "=", shown))
    half = Number(Fraction(1, 2 * 10**decimals))
    below = verified(verifier, shown - half, "<=", f)
    above = verified(verifier, f, "<=", shown + half)
    return Side(shown, relation="approx", verdict=above if below.holds else below)
