"""Activations: functions of each entry, and the softmax."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

from derive.ir import (
    TRUE,
    Apply,
    Branch,
    Cases,
    Compare,
    Formula,
    Number,
    Power,
    Sum,
    Tensor,
)
from derive.network.layer import LayerKind
from derive.network.options import Exact, Real
from derive.network.site import Position, Shape, Site


class Elementwise(LayerKind):
    """A scalar function of each entry."""

    function: ClassVar[str]

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        return Apply(self.function, x[at])


class ReLU(Elementwise):
    """The positive part of each entry, max(x, 0)."""

    function = "relu"
    inplace: bool = False


class Sigmoid(Elementwise):
    """The logistic function of each entry, 1 / (1 + exp(-x))."""

    function = "sigmoid"


class Tanh(Elementwise):
    """The hyperbolic tangent of each entry."""

    function = "tanh"


class ByEntry(LayerKind):
    """A formula of each entry."""

    def entry(self, x: Formula, new: Site) -> Formula:
        """The output for one entry of the input."""
        raise NotImplementedError

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        return self.entry(x[at], new)


class Identity(ByEntry):
    """The input, as it is given."""

    def entry(self, x: Formula, new: Site) -> Formula:
        return x


class LeakyReLU(ByEntry):
    """Each entry where it is positive, else a small multiple of it."""

    negative_slope: Real = Fraction(1, 100)
    inplace: bool = False

    def entry(self, x: Formula, new: Site) -> Formula:
        return _where_positive(x, x, new.real("negative_slope", self.negative_slope) * x)


class ELU(ByEntry):
    """Each entry where it is positive, else α (exp(x) - 1)."""

    alpha: Real = Fraction(1)
    inplace: bool = False

    def entry(self, x: Formula, new: Site) -> Formula:
        alpha = new.real("alpha", self.alpha)
        return _where_positive(x, x, alpha * (Apply("exp", x) - 1))


class SiLU(ByEntry):
    """Each entry times its logistic function, x / (1 + exp(-x))."""

    inplace: bool = False

    def entry(self, x: Formula, new: Site) -> Formula:
        return x * Apply("sigmoid", x)


class Softplus(ByEntry):
    """A smooth positive part of each entry, log(1 + exp(βx)) / β."""

    beta: Real = Fraction(1)
    threshold: Exact = Fraction(20)

    def entry(self, x: Formula, new: Site) -> Formula:
        if self.beta == 1:
            return Apply("log", 1 + Apply("exp", x))
        beta = new.real("beta", self.beta)
        return Power(beta, Number(-1)) * Apply("log", 1 + Apply("exp", beta * x))

    def remarks(self) -> tuple[str, ...]:
        told = f"torch replaces Softplus by x where βx is above {self.threshold}; not done here."
        return (told,)


class GELU(ByEntry):
    """Each entry times the normal probability of lying below it, x (1 + erf(x / √2)) / 2."""

    approximate: str = "none"

    def entry(self, x: Formula, new: Site) -> Formula:
        if self.approximate != "none":
            new.unsupported("only the exact GELU, approximate = “none”", "approximate")
        return Apply("gelu", x)


class Softsign(ByEntry):
    """Each entry by one more than its absolute value, x / (1 + |x|)."""

    def entry(self, x: Formula, new: Site) -> Formula:
        return x / (1 + Apply("abs", x))


class LogSigmoid(ByEntry):
    """The logarithm of the logistic function of each entry, -log(1 + exp(-x))."""

    def entry(self, x: Formula, new: Site) -> Formula:
        return -Apply("log", 1 + Apply("exp", -x))


class Hardtanh(ByEntry):
    """Each entry, clipped to an interval."""

    min_val: Exact = Fraction(-1)
    max_val: Exact = Fraction(1)
    inplace: bool = False

    def entry(self, x: Formula, new: Site) -> Formula:
        return _clipped(x, self.min_val, self.max_val)


class ReLU6(ByEntry):
    """Each entry, clipped to the interval from 0 to 6."""

    inplace: bool = False

    def entry(self, x: Formula, new: Site) -> Formula:
        return _clipped(x, Fraction(0), Fraction(6))


def _where_positive(x: Formula, positive: Formula, other: Formula) -> Formula:
    return Cases(Branch(positive, Compare(0, "<", x)), Branch(other, TRUE))


def _clipped(x: Formula, low: Fraction, high: Fraction) -> Formula:
    """`x` inside the interval; at the ends the constants, which do not change with x."""
    below, above = Compare(x, "<=", low), Compare(high, "<=", x)
    return Cases(Branch(Number(low), below), Branch(Number(high), above), Branch(x, TRUE))


class Softmax(LayerKind):
    """Exponentials divided by their sum along one axis: positive entries that sum to 1."""

    dim: int | None = None

    def axis(self, rank: int) -> int:
        """The axis, counted from 0; without `dim` it depends on the number of axes as in torch."""
        if self.dim is None:
            return 0 if rank in (0, 1, 3) else 1
        return self.dim % rank

    def extents(self, x: Shape, new: Site) -> Shape:
        new.need_axes(x, 1)
        new.need_dim("dim", self.dim, len(x))
        return x

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        axis = self.axis(len(at))
        i = new.index("i")
        others = (*at[:axis], i, *at[axis + 1 :])
        total = Sum(Apply("exp", x[others]), new.along(i, x.shape[axis]))
        return Apply("exp", x[at]) / total


class LogSoftmax(Softmax):
    """The logarithm of the softmax: each entry minus the logarithm of the sum of exponentials."""

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        axis = self.axis(len(at))
        i = new.index("i")
        others = (*at[:axis], i, *at[axis + 1 :])
        total = Sum(Apply("exp", x[others]), new.along(i, x.shape[axis]))
        return x[at] - Apply("log", total)


class Softmin(Softmax):
    """The softmax of the negative input: large where the input is small."""

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        axis = self.axis(len(at))
        i = new.index("i")
        others = (*at[:axis], i, *at[axis + 1 :])
        total = Sum(Apply("exp", -x[others]), new.along(i, x.shape[axis]))
        return Apply("exp", -x[at]) / total
