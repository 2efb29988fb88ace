"""One draw of sizes, with several draws of all given values: where formulas have values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from derive.derivation.program import Program
from derive.errors import Unsupported
from derive.ir import Apply, Entry, Formula, Index, Int, Range, Size, Tensor, subformulas
from derive.verify.arithmetic import Arithmetic, Exact, Floats, Modular, P, Powers, Q
from derive.verify.array import Array, Data
from derive.verify.dual import Derivatives
from derive.verify.evaluate import Evaluator
from derive.verify.integers import Env, Integers
from derive.verify.order import Order
from derive.verify.second import lowered
from derive.verify.unknown import drawn

LONG = 10**18
"""Numerators and denominators of entries are smaller, so that they fit in 64 bits."""


@dataclass(frozen=True)
class Given:
    """The drawn entries of a given tensor, draws first: numerators over one denominator."""

    numerators: Data
    denominator: int = 1

    @staticmethod
    def of(value: Any) -> Given:
        """Nested tuples of fractions, which are not drawn; Unsupported where they are too long."""
        numbers = np.array(value, dtype=object)
        each = [Fraction(x) for x in np.ravel(numbers)]
        unit = math.lcm(*(x.denominator for x in each))
        numerators = [int(x * unit) for x in each]
        if max(unit, *map(abs, numerators)) >= LONG:
            raise Unsupported(
                "the numbers have more than 18 digits, those before the point and after it "
                "together; expected shorter ones"
            )
        return Given(np.array(numerators, dtype=np.int64).reshape(numbers.shape), unit)


class World:
    """Everything that is drawn, and what has been computed from it.

    `values` has the entries of each given tensor, `draws` of them; `discarded` says which draws
    cannot be used, because a comparison could not be decided there.
    """

    def __init__(
        self,
        program: Program,
        sizes: dict[Size, int],
        values: dict[Tensor, Given],
        draws: int,
        rng: np.random.Generator,
    ) -> None:
        self.program, self.sizes, self.draws, self._values = program, sizes, draws, values
        self.integers = Integers(sizes, lambda t: self.given(t).numerators)
        self.order = Order(self)
        self.discarded = np.zeros(draws, bool)
        self._powers = Powers(rng)
        self._key = key = int(rng.integers(1 << 62))
        numbers: tuple[Arithmetic, ...] = (
            Modular("residues", P, key),
            Modular("exponents", Q, key),
            Floats(),
        )
        self._evaluators = {n.name: Evaluator(self, n) for n in numbers}
        self._exact: dict[int, Evaluator] = {}
        self._derivatives: dict[int, Derivatives] = {}
        self._reads: dict[Formula, tuple[Tensor, ...]] = {}
        self._lowered: dict[Formula, Formula] = {}
        self._upstream: dict[Tensor, frozenset[Tensor]] = {}

    def evaluator(self, name: str) -> Evaluator:
        """The evaluator for a kind of numbers: "residues", "exponents" or "floats"."""
        return self._evaluators[name]

    def exact(self, bits: int) -> Evaluator:
        """The evaluator in rationals and balls of a precision, which `flint.ctx` must be set to."""
        if bits not in self._exact:
            self._exact[bits] = Evaluator(self, Exact())
        return self._exact[bits]

    def derivatives(self, evaluator: Evaluator) -> Derivatives:
        """The tangents that belong to an evaluator."""
        if id(evaluator) not in self._derivatives:
            self._derivatives[id(evaluator)] = Derivatives(evaluator)
        return self._derivatives[id(evaluator)]

    def given(self, tensor: Tensor) -> Given:
        """The drawn entries of a given tensor."""
        return self._values[tensor]

    def discard(self, draw: int | None) -> None:
        """Leave a draw out, or all of them."""
        self.discarded[slice(None) if draw is None else draw] = True

    def shape(self, tensor: Tensor) -> tuple[int, ...]:
        """The extents of a tensor at the drawn sizes."""
        return tuple(self.integers.number(d) for d in tensor.shape)

    def env(self, ranges: Sequence[Range], outer: Env | None = None) -> Env:
        """The scope of indices with the given ranges, outermost first."""
        inner: dict[Index, tuple[int, int]] = dict(outer or {})
        for r in ranges:
            inner[r.index] = self.integers.hull(r, inner)
        return inner

    def exp(self, evaluator: Evaluator, z: Formula, env: Env) -> Array:
        """exp(z): a power of the generator, a real number, or inside another exp an opaque one."""
        if evaluator.numbers.name != "residues":
            return evaluator.call("exp", evaluator.value(z, env))
        exponent = self.evaluator("exponents").value(z, env)
        return Array(self._powers.of(exponent.data), exponent.axes, exponent.flaw)

    def lowered(self, f: Formula) -> Formula:
        """`f` with its derivatives written out; the program grows by what they are made of."""
        if f not in self._lowered:
            self._lowered[f] = lowered(self, f)
        return self._lowered[f]

    def drawn(self, f: Apply) -> Formula:
        """The polynomial that an unknown function is in this world, at its arguments."""
        return drawn(f, self._key)

    def reads(self, f: Formula) -> tuple[Tensor, ...]:
        """The tensors that a formula reads, in the order in which they stand there."""
        if f not in self._reads:
            found: dict[Tensor, None] = {}
            for node in subformulas(f):
                if isinstance(node, Tensor):
                    found[node] = None
                elif isinstance(node, Int):
                    found.update(
                        (a.tensor, None) for a in node.atoms_within() if isinstance(a, Entry)
                    )
            self._reads[f] = tuple(found)
        return self._reads[f]

    def upstream(self, tensor: Tensor) -> frozenset[Tensor]:
        """Every tensor that a tensor's definition depends on, directly or not."""
        if tensor not in self._upstream:
            definition = self.program.defined.get(tensor)
            found: set[Tensor] = set()
            for t in () if definition is None else self.reads(definition.body):
                found |= {t, *self.upstream(t)}
            self._upstream[tensor] = frozenset(found)
        return self._upstream[tensor]
