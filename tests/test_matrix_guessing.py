"""Matrix recognition never guesses: random index forms, many of which only look like matrices.

Indices are repeated, swapped, shifted and fixed, sums leave out their ends, conditions and deltas
stand in between, and half of the time all extents are equal, so that a transpose would fit as well.
Whatever form is found is evaluated as matrices and must be the index form, exactly.
"""

from __future__ import annotations

from random import Random

import pytest

from derive.derivation.program import Program
from derive.derivation.step import Derivation, Step
from derive.engine.matrix.form import array_form
from derive.engine.matrix.kronecker import of_matrix_by_matrix, places
from derive.engine.matrix.labelled import NoMatrixForm
from derive.engine.matrix.recognise import Recogniser
from derive.ir import (
    Bracket,
    Component,
    Delta,
    Element,
    Formula,
    Index,
    Int,
    Number,
    Plus,
    Power,
    Range,
    Size,
    Sum,
    Tensor,
    Times,
    at_least,
    free_indices,
)
from derive.verify.verify import Verifier

N, M = Size("n"), Size("m")
PLACES = tuple(map(Index, "ijkl"))


class Drawn:
    """Random formulas in four indices, two for each extent."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        a, b = (N, N) if self.random.random() < 0.5 else (N, M)
        self.extents = (a, b, a, b)
        shapes = {"A": (a, b), "B": (a, b), "C": (b, a), "S": (a, a), "x": (a,), "y": (b,)}
        self.tensors = [Tensor(name, name, shape) for name, shape in shapes.items()]
        self.ranges = {i: Range(i, 1, d) for i, d in zip(PLACES, self.extents, strict=True)}

    def often(self, chance: float) -> bool:
        return self.random.random() < chance

    def place(self, d: Int, crooked: bool) -> Int:
        """An index over an extent; now and then shifted, or a number."""
        fitting = [i for i, e in zip(PLACES, self.extents, strict=True) if Int.of(e) == d]
        i = Int.of(self.random.choice(fitting))
        if crooked and self.often(0.06):
            return i + 1
        return Int.of(1) if crooked and self.often(0.03) else i

    def entry(self, crooked: bool = True) -> Component:
        t = self.random.choice(self.tensors)
        return Component(t, *(self.place(d, crooked) for d in t.shape))

    def factor(self, crooked: bool = True) -> Formula:
        if self.often(0.15):
            i, j = self.random.sample(PLACES, 2)
            return Delta(i, j)
        if crooked and self.often(0.05):
            return Bracket(at_least(self.random.choice(PLACES), 2))
        if self.often(0.1):
            return Plus(self.entry(crooked), Times(Number(-2), self.entry(crooked)))
        return Power(self.entry(crooked), Number(2)) if self.often(0.1) else self.entry(crooked)

    def product(self, crooked: bool = True) -> Formula:
        return Times(*(self.factor(crooked) for _ in range(self.random.randint(1, 4))))

    def over(self, i: Index) -> Range:
        """The range of an index, now and then without an end."""
        whole = self.ranges[i]
        if self.often(0.08):
            short = (2, whole.uppers[0]) if self.often(0.5) else (1, whole.uppers[0] - 1)
            return Range(i, *short)
        return whole

    def contraction(self) -> tuple[Formula, tuple[Range, ...]]:
        """A product with all but one or two of its indices summed, and the ranges of those."""
        f = self.product()
        free = sorted(free_indices(f), key=lambda i: i.hint)
        self.random.shuffle(free)
        kept, summed = free[:2], free[2:]
        g = Sum(f, *map(self.over, summed)) if summed else f
        return g, tuple(self.ranges[i] for i in kept)

    def verify(self, sides: list[Formula], ranges: tuple[Range, ...]) -> str:
        program = Program((N, M), tuple(self.tensors), ())
        return Verifier(program).chain(sides, ranges).status


def shape(t: Tensor) -> str:
    return "shape"


@pytest.mark.parametrize("seed", range(60))
def test_contractions(seed: int) -> None:
    drawn = Drawn(seed)
    f, ranges = drawn.contraction()
    out = Tensor("Z", "Z", tuple(r.uppers[0] for r in ranges))
    start = Component(out, *(r.index for r in ranges))
    form = array_form(Derivation(start, ranges, (Step(start, f, "definition", ""),)), shape)
    if form.derivation is None:
        assert form.reason
    else:
        assert drawn.verify([f, form.derivation.result], ranges) == "exact"


def by_vec(drawn: Drawn) -> tuple[Formula, Element | None]:
    """A product with four indices, and the entry of ∂vec(Y)/∂vec(X) that it is said to be."""
    f = drawn.product(crooked=False)
    i, j, k, m = drawn.random.sample(PLACES, 4)
    of, by = (
        Component(Tensor(name, name, tuple(drawn.ranges[x].uppers[0] for x in at)), *at)
        for name, at in (("Y", (i, j)), ("X", (k, m)))
    )
    recogniser = Recogniser(tuple(drawn.ranges.values()), 1, shape)
    try:
        return f, Element(of_matrix_by_matrix(recogniser, f, of, by), *places(of, by))
    except NoMatrixForm:
        return f, None


@pytest.mark.parametrize("seed", range(60))
def test_derivatives_of_matrices_by_matrices(seed: int) -> None:
    """With each index of Y and of X where it is, in Kronecker and commutation matrices."""
    drawn = Drawn(seed)
    f, entry = by_vec(drawn)
    if entry is not None:
        assert drawn.verify([f, entry], tuple(drawn.ranges.values())) == "exact"


def test_many_of_them_have_a_form_and_many_have_none() -> None:
    """Otherwise the tests above would say little."""
    found = []
    for seed in range(60):
        drawn = Drawn(seed)
        f, ranges = drawn.contraction()
        try:
            Recogniser(ranges, 1, shape).whole(f, tuple(r.index for r in ranges))
            found.append(True)
        except NoMatrixForm:
            found.append(False)
    assert 15 <= sum(found) <= 45
    assert 50 <= sum(by_vec(Drawn(seed))[1] is not None for seed in range(60)) <= 57
