"""Losses: one number for a prediction and a target."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar, Literal

from derive.ir import (
    ONE,
    TRUE,
    Apply,
    Branch,
    Cases,
    Compare,
    Definition,
    Delta,
    Entry,
    Formula,
    Index,
    Int,
    Number,
    Power,
    Sum,
    Tensor,
    Times,
)
from derive.network.layer import LayerKind
from derive.network.options import Exact
from derive.network.site import Position, Shape, Site, product, reciprocal


class Loss(LayerKind):
    """A prediction and a target in, a number out, or one for each sample (reduction “none”)."""

    sign: ClassVar[tuple[Formula, ...]] = ()
    reduction: Literal["mean", "sum", "none"] = "mean"

    def target_shape(self, prediction: Shape, axes: int) -> tuple[Shape, Int | None]:
        """The shape that a target with so many axes must have; the classes where it holds such."""
        return prediction, None

    def target_shapes(self, prediction: Shape) -> tuple[Shape, ...]:
        """The shapes that a target may have."""
        return (prediction,)

    def term(self, x: Tensor, t: Tensor, at: Position) -> Formula:
        """What the entry at one position contributes."""
        raise NotImplementedError

    def summed(self, rank: int) -> tuple[int, ...]:
        """The axes, counted from 0, that are summed in any case: that of the classes."""
        return ()

    def loss(self, x: Tensor, t: Tensor, symbol: str, new: Site) -> Definition:
        """The loss, a number, or one number for each sample."""
        at = tuple(Index(a) for a in self.letters(len(x.shape)))
        ranges = tuple(new.along(i, d) for i, d in zip(at, x.shape, strict=True))
        always = self.summed(len(at))
        samples = tuple(k for k in range(len(at)) if k not in always)
        kept = samples if self.reduction == "none" else ()
        summed = tuple(r for k, r in enumerate(ranges) if k not in kept)
        body = self.term(x, t, at)
        body = Sum(body, *summed) if summed else body
        weights = list(self.sign)
        count = product(tuple(x.shape[k] for k in samples))
        if self.reduction == "mean" and count != ONE:
            weights.append(reciprocal(count))
        tensor = Tensor(new.name, symbol, tuple(x.shape[k] for k in kept), new.base)
        return Definition(
            tensor, tuple(at[k] for k in kept), Times(*weights, body) if weights else body
        )


class MSELoss(Loss):
    """The squared difference of prediction and target, averaged over all entries."""

    def term(self, x: Tensor, t: Tensor, at: Position) -> Formula:
        return Power(x[at] - t[at], Number(2))


class L1Loss(Loss):
    """The absolute difference of prediction and target, averaged over all entries."""

    def term(self, x: Tensor, t: Tensor, at: Position) -> Formula:
        return Apply("abs", x[at] - t[at])


class SmoothL1Loss(Loss):
    """The absolute difference, rounded off by a parabola where it is below β, averaged."""

    beta: Exact = Fraction(1)

    def term(self, x: Tensor, t: Tensor, at: Position) -> Formula:
        return _rounded(x[at] - t[at], self.beta, 1 / self.beta)


class HuberLoss(Loss):
    """Half the squared difference, but linear where the difference is above δ, averaged."""

    delta: Exact = Fraction(1)

    def term(self, x: Tensor, t: Tensor, at: Position) -> Formula:
        return _rounded(x[at] - t[at], self.delta, Fraction(1))


class BCELoss(Loss):
    """The cross-entropy of single probabilities against targets from 0 to 1, averaged."""

    sign = (Number(-1),)

    def term(self, x: Tensor, t: Tensor, at: Position) -> Formula:
        return _binary(x[at], t[at])

    def remarks(self) -> tuple[str, ...]:
        return ("torch bounds the logarithms from below by -100; that is left out here.",)


class BCEWithLogitsLoss(Loss):
    """The cross-entropy of the logistic functions of the entries against targets, averaged."""

    sign = (Number(-1),)

    def term(self, x: Tensor, t: Tensor, at: Position) -> Formula:
        return _binary(Apply("sigmoid", x[at]), t[at])


class KLDivLoss(Loss):
    """The divergence of a target distribution from a prediction in logarithms, averaged."""

    log_target: bool = False

    def term(self, x: Tensor, t: Tensor, at: Position) -> Formula:
        if self.log_target:
            return Apply("exp", t[at]) * (t[at] - x[at])
        return t[at] * (Apply("log", t[at]) - x[at])


def _binary(p: Formula, t: Formula) -> Formula:
    return t * Apply("log", p) + (1 - t) * Apply("log", 1 - p)


def _rounded(d: Formula, width: Fraction, height: Fraction) -> Formula:
    """height/2 d² for |d| up to the width, and beyond that the tangents there."""
    size, half = Apply("abs", d), Fraction(1, 2)
    parabola = Number(height * half) * Power(d, Number(2))
    tangent = Number(height * width) * (size - width * half)
    return Cases(Branch(parabola, Compare(size, "<=", width)), Branch(tangent, TRUE))


class ClassLoss(Loss):
    """A loss of predictions for several classes."""

    @staticmethod
    def class_axis(rank: int) -> int:
        return 0 if rank == 1 else 1

    def summed(self, rank: int) -> tuple[int, ...]:
        return (self.class_axis(rank),)


class NLLLoss(ClassLoss):
    """Minus the entry of the target's class, of logarithms of probabilities, averaged."""

    sign = (Number(-1),)

    def target_shape(self, prediction: Shape, axes: int) -> tuple[Shape, Int | None]:
        k = self.class_axis(len(prediction))
        return (*prediction[:k], *prediction[k + 1 :]), prediction[k]

    def target_shapes(self, prediction: Shape) -> tuple[Shape, ...]:
        return (self.target_shape(prediction, 0)[0],)

    def term(self, x: Tensor, t: Tensor, at: Position) -> Formula:
        k = self.class_axis(len(at))
        return Delta(Entry(t, *at[:k], *at[k + 1 :]), at[k]) * x[at]


class CrossEntropyLoss(ClassLoss):
    """Minus the logarithm of the probability of the target, averaged over the samples.

    The prediction is a tensor of probabilities.  Targets are class indices, or a distribution over
    the classes for each sample.
    """

    sign = (Number(-1),)
    weight: object = None
    ignore_index: int = -100
    label_smoothing: Exact = Fraction(0)

    def loss(self, x: Tensor, t: Tensor, symbol: str, new: Site) -> Definition:
        for option in ("weight", "ignore_index", "label_smoothing"):
            if getattr(self, option) != type(self).model_fields[option].default:
                new.unsupported(f"{option} cannot be used yet; leave it out", option)
        return super().loss(x, t, symbol, new)

    def target_shape(self, prediction: Shape, axes: int) -> tuple[Shape, Int | None]:
        if axes != len(prediction) - 1:
            return prediction, None
        k = self.class_axis(len(prediction))
        return (*prediction[:k], *prediction[k + 1 :]), prediction[k]

    def target_shapes(self, prediction: Shape) -> tuple[Shape, ...]:
        k = self.class_axis(len(prediction))
        return prediction, (*prediction[:k], *prediction[k + 1 :])

    def term(self, x: Tensor, t: Tensor, at: Position) -> Formula:
        k = self.class_axis(len(at))
        logarithm = Apply("log", x[at])
        if t.classes is None:
            return t[at] * logarithm
        return Delta(Entry(t, *at[:k], *at[k + 1 :]), at[k]) * logarithm
