"""Whole arrays with their entries moved, selected, repeated or summed along axes.

    Permuted  Reshaped  Vec  Sliced  Stacked  Broadcast  Summed  Largest  Picked
    Rotated  Dilated  Padded  Correlated       of images, with kernels
    Unfolded  Folded                           im2col and col2im

Axes are counted from 0.  Images have their spatial axes last.  Reshapes are row-major; `Vec` is the
exception, as in the literature: it puts columns below each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from derive.ir.extent import differ, known_extent, product_of
from derive.ir.index import Index
from derive.ir.integer import ONE, Int, IntLike, floor
from derive.ir.whole import Ints, Shape, Whole, Word, demand_equal, made, wholes

IntsLike: TypeAlias = "Ints | Iterable[IntLike]"


class _Changed(Whole):
    """What is made of the one array that is its first argument."""

    __slots__ = ()

    @property
    def of(self) -> Whole:
        return self.args[0]  # type: ignore[return-value]

    def ints(self, k: int) -> Ints:
        """Argument k."""
        return self.args[k]  # type: ignore[return-value]


class Permuted(_Changed):
    """Axis k of the result is axis `axes[k]` of `a` (NumPy's transpose, torch's permute)."""

    __slots__ = ()

    def __new__(cls, a: Whole, axes: IntsLike) -> Permuted:
        wholes((a,), "a Permuted")
        order = Ints.of(axes)
        if sorted(order.numbers) != list(range(a.rank)):
            raise ValueError(f"each of {a.rank} axes once, found {order}")
        return made(cls, (a.shape[k] for k in order.numbers), a, order)

    @property
    def axes(self) -> tuple[int, ...]:
        return self.ints(1).numbers


class Reshaped(_Changed):
    """The entries in row-major order, in another shape with as many entries."""

    __slots__ = ()

    def __new__(cls, a: Whole, shape: IntsLike) -> Reshaped:
        wholes((a,), "a Reshaped")
        extents = Ints.of(shape)
        have, want = product_of(a.shape), product_of(extents.all)
        if differ(have, want):
            found = f"{known_extent(have)} entries do not fit {known_extent(want)} places"
            raise ValueError(f"a reshape keeps the number of entries: {found}")
        return made(cls, extents.all, a, extents)


class Vec(_Changed):
    """vec(A): the columns of a matrix below each other."""

    __slots__ = ()

    def __new__(cls, a: Whole) -> Vec:
        wholes((a,), "vec")
        if a.rank not in (1, 2):
            raise ValueError(f"vec is of a vector or a matrix, found {a.rank} axes")
        return made(cls, (product_of(a.shape),), a)


class Sliced(_Changed):
    """The array that is left when some axes are fixed at an index: x_{n,:,:}."""

    __slots__ = ()

    def __new__(cls, a: Whole, axes: IntsLike, at: IntsLike) -> Sliced:
        wholes((a,), "a Sliced")
        fixed, place = Ints.of(axes), Ints.of(at)
        if len(fixed.all) != len(place.all):
            raise ValueError(f"{len(fixed.all)} axes at {len(place.all)} indices")
        shape = (d for k, d in enumerate(a.shape) if k not in fixed.numbers)
        return made(cls, shape, a, fixed, place)

    @property
    def axes(self) -> tuple[int, ...]:
        return self.ints(1).numbers

    @property
    def at(self) -> Shape:
        return self.ints(2).all


class Summed(_Changed):
    """The sum over some axes."""

    __slots__ = ()

    def __new__(cls, a: Whole, axes: IntsLike) -> Summed:
        wholes((a,), "a Summed")
        gone = Ints.of(axes)
        shape = (d for k, d in enumerate(a.shape) if k not in gone.numbers)
        return made(cls, shape, a, gone)

    @property
    def axes(self) -> tuple[int, ...]:
        return self.ints(1).numbers


class OverAxes(_Changed):
    """What looks at all entries along some axes together."""

    __slots__ = ()

    @property
    def axes(self) -> tuple[int, ...]:
        return self.ints(1).numbers

    def split(self, indices: Sequence[Index]) -> tuple[list[Index], list[Index]]:
        """Of the indices of all axes those that stay, and those of the axes themselves."""
        kept = [i for k, i in enumerate(indices) if k not in self.axes]
        return kept, [indices[k] for k in self.axes]

    def joined(self, kept: Sequence[Index], gone: Sequence[Index]) -> tuple[Index, ...]:
        """The indices of all axes, in order, from the two parts."""
        there, others = dict(zip(self.axes, gone, strict=True)), iter(kept)
        return tuple(there[k] if k in there else next(others) for k in range(self.of.rank))


class Largest(OverAxes):
    """The largest entry along some axes: max over them."""

    __slots__ = ()

    def __new__(cls, a: Whole, axes: IntsLike) -> Largest:
        wholes((a,), "a Largest")
        gone = Ints.of(axes)
        shape = (d for k, d in enumerate(a.shape) if k not in gone.numbers)
        return made(cls, shape, a, gone)


class Picked(OverAxes):
    """1 at the first of the largest entries along some axes, in row order, and 0 elsewhere."""

    __slots__ = ()

    def __new__(cls, a: Whole, axes: IntsLike) -> Picked:
        wholes((a,), "a Picked")
        return made(cls, a.shape, a, Ints.of(axes))


class Broadcast(_Changed):
    """An array of that shape with the entry of `a` at the indices of `axes`, one for each of a's.

    The bias b of shape (O) in a batch: Broadcast(b, (N, O), (1,)).
    """

    __slots__ = ()

    def __new__(cls, a: Whole, shape: IntsLike, axes: IntsLike) -> Broadcast:
        wholes((a,), "a Broadcast")
        extents, along = Ints.of(shape), Ints.of(axes)
        demand_equal("a Broadcast", a.shape, [extents.all[k] for k in along.numbers])
        return made(cls, extents.all, a, extents, along)

    @property
    def axes(self) -> tuple[int, ...]:
        return self.ints(2).numbers


class Stacked(Whole):
    """Arrays of one shape, stacked along a new axis: Stacked(axis, a, b, ...)."""

    __slots__ = ()

    def __new__(cls, axis: IntLike, *parts: Whole) -> Stacked:
        wholes(parts, "a Stacked")
        if not parts:
            raise ValueError("a Stacked has at least one part")
        for p in parts[1:]:
            demand_equal("a Stacked", parts[0].shape, p.shape)
        k = Int.of(axis)
        at = Ints(k).numbers[0]
        shape = parts[0].shape
        extents = (*shape[:at], Int.of(len(parts)), *shape[at:])
        return made(cls, extents, k, *parts)

    @property
    def axis(self) -> int:
        return Ints(self.args[0]).numbers[0]  # type: ignore[arg-type]

    @property
    def parts(self) -> tuple[Whole, ...]:
        return self.args[1:]  # type: ignore[return-value]


# -- images ----------------------------------------------------------------------------------------


class Rotated(_Changed):
    """Every axis backwards: rot₁₈₀ of a kernel."""

    __slots__ = ()

    def __new__(cls, a: Whole) -> Rotated:
        wholes((a,), "a Rotated")
        return made(cls, a.shape, a)


class Dilated(_Changed):
    """`steps[k] - 1` zeros between neighbours along each axis k."""

    __slots__ = ()

    def __new__(cls, a: Whole, steps: IntsLike) -> Dilated:
        wholes((a,), "a Dilated")
        by = Ints.of(steps)
        shape = [(d - 1) * s + 1 for d, s in zip(a.shape, by.all, strict=True)]
        return made(cls, shape, a, by)

    @property
    def steps(self) -> Shape:
        return self.ints(1).all


class Padded(_Changed):
    """Zeros around: `before[k]` and `after[k]` along axis k; a negative number cuts off."""

    __slots__ = ()

    def __new__(cls, a: Whole, before: IntsLike, after: IntsLike) -> Padded:
        wholes((a,), "a Padded")
        b, c = Ints.of(before), Ints.of(after)
        shape = [d + p + q for d, p, q in zip(a.shape, b.all, c.all, strict=True)]
        return made(cls, shape, a, b, c)


class Correlated(_Changed):
    """Cross-correlation of two arrays with equally many axes: Σ_a x[i + a] k[a].

    "valid" has the places where the kernel lies within x; "full" those where it meets x.
    """

    __slots__ = ()

    def __new__(cls, x: Whole, kernel: Whole, mode: Word | str = "valid") -> Correlated:
        wholes((x, kernel), "a Correlated")
        how = Word(mode) if isinstance(mode, str) else mode
        if x.rank != kernel.rank:
            raise ValueError(f"arrays of equally many axes, found {x.rank} and {kernel.rank}")
        sign = 1 if how.text == "full" else -1
        pairs = zip(x.shape, kernel.shape, strict=True)
        shape = [n + (k - 1) * sign for n, k in pairs]
        return made(cls, shape, x, kernel, how)

    @property
    def kernel(self) -> Whole:
        return self.args[1]  # type: ignore[return-value]

    @property
    def full(self) -> bool:
        return self.args[2].text == "full"  # type: ignore[attr-defined, no-any-return]


class Unfolded(_Changed):
    """im2col: the windows of images (..., C, H, W) as columns of (..., C·K·K, P).

    `kernel`, `stride`, `padding`, `dilation` have a number for each spatial axis, of which there
    are len(kernel).  Rows run over channel and offset in the window, columns over the windows, both
    row-major, as `torch.nn.functional.unfold` has them.
    """

    __slots__ = ()

    def __new__(
        cls,
        a: Whole,
        kernel: IntsLike,
        stride: IntsLike,
        padding: IntsLike,
        dilation: IntsLike,
    ) -> Unfolded:
        wholes((a,), "an Unfolded")
        options = tuple(map(Ints.of, (kernel, stride, padding, dilation)))
        rows = window_entries(a.shape, options[0])
        columns = product_of(output_extents(a.shape, options))
        lead = a.shape[: -len(options[0].all) - 1]
        return made(cls, (*lead, rows, columns), a, *options)

    @property
    def options(self) -> tuple[Ints, ...]:
        return self.args[1:]  # type: ignore[return-value]


class Folded(_Changed):
    """col2im: each column added back to its window in images of `shape`; the adjoint of unfold."""

    __slots__ = ()

    def __new__(
        cls,
        a: Whole,
        shape: IntsLike,
        kernel: IntsLike,
        stride: IntsLike,
        padding: IntsLike,
        dilation: IntsLike,
    ) -> Folded:
        wholes((a,), "a Folded")
        extents = Ints.of(shape)
        options = tuple(map(Ints.of, (kernel, stride, padding, dilation)))
        rows = window_entries(extents.all, options[0])
        columns = product_of(output_extents(extents.all, options))
        demand_equal("a Folded", a.shape[-2:], (rows, columns))
        return made(cls, extents.all, a, extents, *options)

    @property
    def options(self) -> tuple[Ints, ...]:
        return self.args[2:]  # type: ignore[return-value]


def window_entries(shape: Shape, kernel: Ints) -> Int:
    """The number of entries of one window: C·K·K."""
    return product_of((shape[-len(kernel.all) - 1], *kernel.all))


def output_extents(shape: Shape, options: tuple[Ints, ...]) -> Shape:
    """How many windows fit along each spatial axis: ⌊(H + 2P − D(K − 1) − 1)/S⌋ + 1."""
    kernel, stride, padding, dilation = (o.all for o in options)
    found = []
    for k, h in enumerate(shape[-len(kernel) :]):
        room = h + 2 * padding[k] - dilation[k] * (kernel[k] - 1) - ONE
        found.append(floor(room, stride[k]) + 1)
    return tuple(found)
