"""Normalization: entries minus their mean, by the root of their variance."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

from derive.ir import Apply, Formula, Number, Power, Sum, Tensor
from derive.network.layer import LayerKind
from derive.network.options import Exact, Extent, PerAxis, Real, RealName
from derive.network.site import Position, Shape, Site, product, reciprocal


class Normalization(LayerKind):
    """What all kinds share: a mean and a biased variance over some axes, then scale and shift."""

    arrays: ClassVar[tuple[str, ...]] = ("weight", "bias")

    def averaged(self, rank: int) -> tuple[int, ...]:
        """The axes that are averaged over, counted from 0."""
        raise NotImplementedError

    def normalized(self, x: Tensor, at: Position, eps: RealName, new: Site) -> Formula:
        """The entry minus the mean, by the root of the variance plus eps."""
        over = self.averaged(len(at))
        kept = tuple(i for k, i in enumerate(at) if k not in over)
        shape = tuple(d for k, d in enumerate(x.shape) if k not in over)
        share = reciprocal(product(tuple(x.shape[k] for k in over)))

        def mean(entry: Formula, bound: Position) -> Formula:
            ranges = (new.along(bound[k], x.shape[k]) for k in over)
            return share * Sum(entry, *ranges)

        inner = tuple(new.index(i.hint) if k in over else i for k, i in enumerate(at))
        average = new.intermediate("mean", r"\mu", shape, kept, mean(x[inner], inner))
        spread = mean(Power(x[inner] - average[kept], Number(2)), inner)
        variance = new.intermediate("var", "v", shape, kept, spread)
        deviation = Apply("sqrt", variance[kept] + new.real("eps", eps))
        return (x[at] - average[kept]) / deviation

    def scaled(self, f: Formula, at: Position, shape: Shape, wanted: bool, new: Site) -> Formula:
        """`f` times a learnable scale plus a learnable shift, if wanted."""
        if not wanted:
            return f
        scale = new.parameter("weight", r"\gamma", *shape)
        shift = new.parameter("bias", r"\beta", *shape)
        return scale[at] * f + shift[at]


class BatchNormalization(Normalization):
    ranks: ClassVar[tuple[int, int]]
    num_features: Extent | None = None
    eps: Real = Fraction(1, 100000)
    momentum: Exact | None = Fraction(1, 10)
    affine: bool = True
    track_running_stats: bool = True

    def averaged(self, rank: int) -> tuple[int, ...]:
        return (0, *range(2, rank))

    def letters(self, rank: int) -> str:
        return ("nj", "nci", "ncij", "ncijk")[rank - 2]

    def extents(self, x: Shape, new: Site) -> Shape:
        new.need_axes(x, *self.ranks)
        new.agree("num_features", self.num_features, x[1])
        return x

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        f = self.normalized(x, at, self.eps, new)
        return self.scaled(f, at[1:2], x.shape[1:2], self.affine, new)

    def remarks(self) -> tuple[str, ...]:
        return ("This is batch normalization in training, by the statistics of the batch.",)


class BatchNorm1d(BatchNormalization):
    """Batch normalization of features: each minus its mean, by its standard deviation."""

    ranks = (2, 3)


class BatchNorm2d(BatchNormalization):
    """Batch normalization of images: each channel minus its mean, by its standard deviation."""

    ranks = (4, 4)


class BatchNorm3d(BatchNormalization):
    """Batch normalization of volumes: each channel minus its mean, by its standard deviation."""

    ranks = (5, 5)


class LayerNorm(Normalization):
    """Normalization of each sample over its last axes, with a scale and a shift for each entry."""

    normalized_shape: PerAxis | None = None
    eps: Real = Fraction(1, 100000)
    elementwise_affine: bool = True
    bias: bool = True

    @property
    def count(self) -> int:
        """How many of the last axes are averaged over."""
        return len(self.normalized_shape) if isinstance(self.normalized_shape, tuple) else 1

    def averaged(self, rank: int) -> tuple[int, ...]:
        return tuple(range(rank - self.count, rank))

    def extents(self, x: Shape, new: Site) -> Shape:
        new.need_axes(x, self.count)
        told = self.normalized_shape
        last = () if told is None else told if isinstance(told, tuple) else (told,)
        for d, e in zip(last, x[-self.count :], strict=False):
            new.agree("normalized_shape", d, e)
        return x

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        f = self.normalized(x, at, self.eps, new)
        shape, inner = x.shape[-self.count :], at[-self.count :]
        return self.scaled(f, inner, shape, self.elementwise_affine, new)
