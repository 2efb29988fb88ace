"""Windows as columns, and columns put back into an image: im2col and col2im."""

from __future__ import annotations

from derive.ir import (
    TRUE,
    Bracket,
    Delta,
    Formula,
    Sum,
    Tensor,
    Times,
    conjunction,
    ravel,
    unravel,
)
from derive.network.layer import LayerKind
from derive.network.letters import by_extents
from derive.network.lift import Fit
from derive.network.options import Padding, PerAxis, PerAxisName
from derive.network.site import Position, Shape, Site, product, show
from derive.network.window import Window, windows


class Windowed(LayerKind):
    """What im2col and col2im share: the windows of an image with two axes."""

    kernel_size: PerAxis
    dilation: PerAxis = 1
    padding: Padding = 0
    stride: PerAxis = 1

    def named(self, shape: Shape) -> str:
        return by_extents(shape, self.letters(len(shape)))

    @classmethod
    def fit(cls, x: Shape, arrays: dict[str, Shape], options: dict[str, object]) -> Fit:
        return Fit(units={"": (0,)}) if len(x) == 2 and cls is Unfold else Fit()

    def windows(self, image: Shape, new: Site) -> tuple[Window, ...]:
        """The windows over the last two axes of an image."""
        return windows(image, new, 2, self.kernel_size, self.stride, self.padding, self.dilation)


class Unfold(Windowed):
    """The windows of an image as columns: an axis for channel and offset, one for the window."""

    def letters(self, rank: int) -> str:
        return "nrl"[3 - rank :]

    def extents(self, x: Shape, new: Site) -> Shape:
        new.need_axes(x, 3, 4)
        made = self.windows(x, new)
        rows = new.computed("R", product((x[-3], *(w.kernel for w in made))))
        places = product(new.spatial(w.outputs(new) for w in made))
        return (*x[:-3], rows, new.computed("L", places))

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        *batch, row, column = at
        made = self.windows(x.shape, new)
        outputs = new.spatial(w.outputs(new) for w in made)
        inner = (x.shape[-3], *(w.kernel for w in made))
        channel, *offsets = (unravel(row, k, inner, new.base) for k in range(3))
        places = [unravel(column, k, outputs, new.base) for k in range(2)]
        axes = list(zip(made, places, offsets, strict=True))
        read = x[(*batch, channel, *(w.position(i, a, new.base) for w, i, a in axes))]
        inside = conjunction(*(w.inside(i, a, new.base) for w, i, a in axes))
        return read if inside == TRUE else Times(Bracket(inside), read)


class Fold(Windowed):
    """Columns added back into an image, each entry where its window has it."""

    output_size: PerAxis

    def letters(self, rank: int) -> str:
        return "ncij"[4 - rank :]

    def image(self, x: Shape, new: Site) -> Shape:
        """Channels, height and width of the image."""
        many = product(new.per_axis("kernel_size", self.kernel_size, 2))
        channels = new.sizes.quotient(x[-2], many)
        if channels is None:
            new.fail(
                f"the columns of {new.input} have {show(x[-2])} entries, which is not a multiple "
                f"of the {show(many)} offsets in a window",
                "kernel_size",
            )
        return (new.computed("C", channels), *self._told(self.output_size, new))

    def _told(self, size: PerAxisName, new: Site) -> Shape:
        sizes = size if isinstance(size, tuple) else (size, size)
        if len(sizes) != 2:
            new.fail(f"output_size has {len(sizes)} entries, expected 1 or 2", "output_size")
        return tuple(
            new.extent(letter, "output_size", d) for letter, d in zip("HW", sizes, strict=True)
        )

    def extents(self, x: Shape, new: Site) -> Shape:
        new.need_axes(x, 2, 3)
        image = self.image(x, new)
        places = product(tuple(w.outputs(new) for w in self.windows(image, new)))
        if not new.equal(places, x[-1]):
            new.fail(
                f"an image of this output_size has {show(places)} windows, but {new.input}, has "
                f"{show(x[-1])} columns",
                "output_size",
            )
        return (*x[:-2], *image)

    def formula(self, x: Tensor, at: Position, new: Site) -> Formula:
        *batch, channel, p, q = at
        image = new.shape[-3:]
        made = self.windows(image, new)
        outputs = new.spatial(w.outputs(new) for w in made)
        places = tuple(new.index(letter) for letter in "ij")
        offsets = tuple(new.index(letter) for letter in "ab")
        row = ravel((channel, *offsets), (image[0], *(w.kernel for w in made)), new.base)
        term = x[(*batch, row, ravel(places, outputs, new.base))]
        hits = [
            Delta(w.position(i, a, new.base), r)
            for w, i, a, r in zip(made, places, offsets, (p, q), strict=True)
        ]
        ranges = [new.along(i, d) for i, d in zip(places, outputs, strict=True)]
        ranges += [new.along(a, w.kernel) for a, w in zip(offsets, made, strict=True)]
        return Sum(Times(term, *hits), *ranges)
