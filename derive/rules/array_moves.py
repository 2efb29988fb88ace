"""Laws of arrays whose entries are moved: slices, permuted axes, reshapes, sums over an index."""

from __future__ import annotations

from derive.ir import (
    ONE,
    Array,
    Folded,
    Hadamard,
    Ones,
    Permuted,
    Range,
    Reshaped,
    Series,
    Sliced,
    Transposed,
    Unfolded,
    Whole,
)
from derive.rules.array_law import law
from derive.rules.samples import H, K, W, c, f, n, z

BATCH, IMAGES, COLUMNS = Array(z), Array(f), Array(c)
WINDOWS = ((2, 2), (1, 2), (1, 0), (1, 1))
"""Kernel, stride, padding and dilation: windows that overlap, and ones that do not."""


def permuted(a: Whole, axes: tuple[int, ...]) -> Whole:
    """The array with its axes in another order, in the shortest notation for it."""
    if axes == tuple(range(a.rank)):
        return a
    return Transposed(a) if axes == (1, 0) else Permuted(a, axes)


@law(
    "slice of permuted axes",
    "the axes that are left keep their order",
    "slices move towards the leaves",
    Sliced,
    lambda: Sliced(Permuted(BATCH, (0, 2, 1)), (0,), (n,)),
)
def slice_of_permuted(a: Sliced) -> Whole | None:
    """[permute(A)]_n = (A_n)^⊤, where the others of three axes change places."""
    if not isinstance(a.of, Permuted):
        return None
    order = a.of.axes
    gone = [order[k] for k in a.axes]
    left = [k for k in range(a.of.rank) if k not in gone]
    inner = Sliced(a.of.of, gone, a.at)
    return permuted(inner, tuple(left.index(k) for k in order if k not in gone))


@law(
    "slice of a reshape",
    "axes that a reshape leaves alone may be fixed before it",
    "slices move towards the leaves",
    Sliced,
    lambda: Sliced(Reshaped(BATCH, (H, W * K)), (0,), (n,)),
)
def slice_of_reshape(a: Sliced) -> Whole | None:
    """[reshape(A)]_n = reshape(A_n), for an axis in front."""
    many = len(a.axes)
    if not isinstance(a.of, Reshaped) or a.axes != tuple(range(many)):
        return None
    if a.of.of.shape[:many] != a.of.shape[:many]:
        return None
    return Reshaped(Sliced(a.of.of, a.axes, a.at), a.of.shape[many:])


@law(
    "slice of images",
    "im2col and col2im treat every image alike",
    "slices move towards the leaves",
    Sliced,
    lambda: Sliced(Folded(COLUMNS, IMAGES.shape, *WINDOWS), (0,), (n,)),
)
def slice_of_images(a: Sliced) -> Whole | None:
    """[fold(A)]_n = fold(A_n), and so for unfold."""
    many = len(a.axes)
    if a.axes != tuple(range(many)):
        return None
    if isinstance(a.of, Folded) and many <= a.of.of.rank - 2:
        return Folded(Sliced(a.of.of, a.axes, a.at), a.of.shape[many:], *a.of.options)
    if isinstance(a.of, Unfolded) and many <= a.of.rank - 2:
        return Unfolded(Sliced(a.of.of, a.axes, a.at), *a.of.options)
    return None


@law(
    "permuted twice",
    "two orders of axes, one after the other, are one",
    "fewer permutations",
    Permuted,
    lambda: Permuted(Permuted(BATCH, (1, 2, 0)), (0, 2, 1)),
)
def permuted_twice(a: Permuted) -> Whole | None:
    """permute(permute(A)) = permute(A)."""
    if not isinstance(a.of, Permuted):
        return None
    return permuted(a.of.of, tuple(a.of.axes[k] for k in a.axes))


@law(
    "reshaped twice",
    "only the last shape matters",
    "fewer reshapes",
    Reshaped,
    lambda: Reshaped(Reshaped(BATCH, (H, W * K)), (H * W, K)),
)
def reshaped_twice(a: Reshaped) -> Whole | None:
    """reshape(reshape(A)) = reshape(A)."""
    return Reshaped(a.of.of, a.shape) if isinstance(a.of, Reshaped) else None


@law(
    "reshape of a slice",
    "an axis of extent 1 has no other slice, and a reshape does not mind it",
    "fewer slices",
    Reshaped,
    lambda: Reshaped(Sliced(Reshaped(BATCH, (H, 1, W, K)), (1,), (1,)), (H * W, K)),
)
def reshape_of_slice(a: Reshaped) -> Whole | None:
    """reshape(A_{:,1}) = reshape(A), for an axis of extent 1."""
    if not isinstance(a.of, Sliced):
        return None
    inner = a.of
    alone = [k for k, axis in enumerate(inner.axes) if inner.of.shape[axis] == ONE]
    if not alone:
        return None
    kept = [k for k in range(len(inner.axes)) if k not in alone]
    left = Sliced(inner.of, [inner.axes[k] for k in kept], [inner.at[k] for k in kept])
    return Reshaped(left if kept else inner.of, a.shape)


@law(
    "reshape to its own shape",
    "it has that shape already",
    "fewer reshapes",
    Reshaped,
    lambda: Reshaped(BATCH, (H, W, K)),
)
def reshaped_to_its_shape(a: Reshaped) -> Whole | None:
    """reshape(A) = A."""
    return a.of if a.shape == a.of.shape else None


@law(
    "transpose of a sum over an index",
    "sums are transposed term by term",
    "transposes move towards the leaves",
    Transposed,
    lambda: Transposed(Series(Sliced(BATCH, (0,), (n,)), Range(n, 1, H))),
)
def transposed_series(a: Transposed) -> Whole | None:
    """(Σ_n A_n)^⊤ = Σ_n A_n^⊤."""
    if not isinstance(a.of, Series):
        return None
    return Series(Transposed(a.of.body), *a.of.ranges)


@law(
    "col2im of im2col",
    "every entry comes back once for each window that has it",
    "fewer arrays inside folds",
    Folded,
    lambda: Folded(Unfolded(IMAGES, *WINDOWS), IMAGES.shape, *WINDOWS),
)
def fold_of_unfold(a: Folded) -> Whole | None:
    """fold(unfold(X)) = fold(unfold(𝟏)) ⊙ X: the overlap counts, times X."""
    if not isinstance(a.of, Unfolded) or a.of.options != a.options or a.of.of.shape != a.shape:
        return None
    if isinstance(a.of.of, Ones):
        return None
    ones = Ones(a.shape, a.of.of.base or 0)
    return Hadamard(Folded(Unfolded(ones, *a.options), a.shape, *a.options), a.of.of)
