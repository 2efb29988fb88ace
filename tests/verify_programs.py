"""Small programs, built by hand, on which the verifier is tried."""

from __future__ import annotations

from dataclasses import dataclass

from derive.derivation.program import Program
from derive.ir import (
    Apply,
    Component,
    Count,
    Definition,
    Delta,
    Entry,
    Formula,
    Guard,
    Index,
    IntLike,
    Max,
    Number,
    Power,
    Range,
    Relation,
    Size,
    Sum,
    Tensor,
    Times,
    at_least,
    at_most,
    conjunction,
    floor,
    fresh,
    unravel,
)

N, C, F, H, W = (Size(s) for s in "NCFHW")
n, c, o, i, j, a, b = (Index(s) for s in "ncoijab")
p, q, r, s, k, m = (Index(s) for s in "pqrskm")


def inside(e: IntLike, low: IntLike, high: IntLike) -> Guard:
    """low ≤ e ≤ high."""
    return conjunction(at_least(e, low), at_most(e, high))


def windows(extent: Size, kernel: int, stride: int, padding: int) -> Size:
    """The named number of windows along an extent."""
    return Size(f"{extent.name}'", definition=floor(extent + 2 * padding - kernel, stride) + 1)


@dataclass(frozen=True)
class Convolution:
    """z = x ⋆ w + b with padding and stride, and L = Σ (z - t)²."""

    kernel: int = 3
    stride: int = 2
    padding: int = 1

    @property
    def sizes(self) -> tuple[Size, Size]:
        return tuple(windows(d, self.kernel, self.stride, self.padding) for d in (H, W))  # type: ignore[return-value]

    @property
    def x(self) -> Tensor:
        return Tensor("x", "x", (N, C, H, W))

    @property
    def w(self) -> Tensor:
        return Tensor("w", "w", (F, C, self.kernel, self.kernel))

    @property
    def z(self) -> Tensor:
        return Tensor("z", "z", (N, F, *self.sizes))

    def at(self, e: IntLike, offset: IntLike) -> IntLike:
        """The row of x that row `offset` of the kernel meets in window `e`."""
        return self.stride * (e - 1) + offset - self.padding  # type: ignore[operator]

    @property
    def program(self) -> Program:
        bias, t, loss = (
            Tensor("b", "b", (F,)),
            Tensor("t", "t", (N, F, *self.sizes)),
            Tensor("L", "L", ()),
        )
        row, column = self.at(i, a), self.at(j, b)
        z = Sum(
            Times(self.x[n, c, row, column], self.w[o, c, a, b]),
            Range(c, 1, C),
            Range(a, 1, self.kernel),
            Range(b, 1, self.kernel),
            conjunction(inside(row, 1, H), inside(column, 1, W)),
        )
        error = Power(self.z[n, o, i, j] - t[n, o, i, j], 2)
        outputs = tuple(Range(x, 1, d) for x, d in zip((n, o, i, j), self.z.shape, strict=True))
        return Program(
            (N, C, F, H, W, *self.sizes),
            (self.x, self.w, bias, t),
            (
                Definition(self.z, (n, o, i, j), z + bias[o]),
                Definition(loss, (), Sum(error, *outputs)),
            ),
            loss=loss,
        )


def softmax(z: Tensor, at: tuple[Index, ...], over: Index, extent: IntLike) -> Formula:
    """e^{z_i} / Σ_k e^{z_k}, the last index of `at` being i."""
    below = Sum(Apply("exp", z[(*at[:-1], over)]), Range(over, 1, extent))
    return Times(Apply("exp", z[at]), Power(below, -1))


K = Size("K")
Z, Y = Tensor("z", "z", (N, K)), Tensor("y", "y", (N, K))
T, CLASS = Tensor("t", "t", (N, K)), Tensor("c", "c", (N,), classes=K + 0)
L = Tensor("L", "L", ())
SUMS_TO_ONE = Relation(Sum(T[n, j], Range(j, 1, K)), "=", Number(1), (Range(n, 1, N),))


def cross_entropy(target: str) -> Program:
    """y = softmax z and L = -1/N Σ t log y, for a distribution or for class indices."""
    weight: Formula = T[n, j] if target == "distribution" else Delta(Entry(CLASS, n), j)
    body = Sum(Times(weight, Apply("log", Y[n, j])), Range(n, 1, N), Range(j, 1, K))
    return Program(
        (N, K),
        (Z, T) if target == "distribution" else (Z, CLASS),
        (
            Definition(Y, (n, i), softmax(Z, (n, i), k, K)),
            Definition(L, (), Times(Number(-1), Power(Count(N), -1), body)),
        ),
        facts=(SUMS_TO_ONE,) if target == "distribution" else (),
        loss=L,
    )


@dataclass(frozen=True)
class Pool:
    """y_p = max over a window of x; the windows overlap where the stride is below the kernel."""

    kernel: int = 3
    stride: int = 2

    @property
    def size(self) -> Size:
        return windows(H, self.kernel, self.stride, 0)

    x = Tensor("x", "x", (H, W))

    @property
    def y(self) -> Tensor:
        return Tensor("y", "y", (self.size, W))

    def window(self, at: Index) -> Max:
        """The maximum of window `at` in column q."""
        e = fresh("e")
        return Max(Component(self.x, self.stride * (at - 1) + e, q), Range(e, 1, self.kernel))

    @property
    def program(self) -> Program:
        return Program(
            (H, W, self.size),
            (self.x,),
            (Definition(self.y, (p, q), self.window(p)),),
            (at_least(H, self.kernel),),
        )


FLAT = Tensor("f", "f", (Size("F", definition=C * (H * W)),))
CUBE = Tensor("x", "x", (C, H, W))
FLATTEN = Program(
    (C, H, W, FLAT.shape[0].atom),  # type: ignore[arg-type]
    (CUBE,),
    (Definition(FLAT, (m,), CUBE[tuple(unravel(m, axis, (C, H, W)) for axis in range(3))]),),
)
