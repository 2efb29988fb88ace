"""Index forms that say im2col or col2im: their windows are read off, and compared.

    U_{n,(cαβ),(ij)} = X_{n,c,S(i-1)+D(α-1)-P+1,...}, 0 outside                    unfold(X)
    Σ_i Σ_j ∂L/∂U_{n,(c,q-S(i-1)+P,...),(ij)}, bounds on i and j                   fold(∂L/∂U)

Stride, dilation and padding are read off the positions; the definition with these numbers, brought
to its normal form, must then be the very formula.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from derive.derivation.program import Program
from derive.derivation.scope import Scope
from derive.derivation.step import Derivation
from derive.engine.matrix.labelled import NoMatrixForm
from derive.engine.present import by_index_tuples
from derive.engine.simplify import COMPOSED, simplify
from derive.ir import (
    ONE,
    Array,
    Bracket,
    Component,
    Delta,
    Derivative,
    Floor,
    Folded,
    Formula,
    Guard,
    Index,
    Int,
    Ints,
    Range,
    Ravel,
    Reshaped,
    Slope,
    Sum,
    Tensor,
    Times,
    Unfolded,
    Whole,
    at_least,
    at_most,
    conjuncts,
    fresh,
    ravel,
    same,
    subformulas,
)
from derive.ir.extent import differ
from derive.ir.rearranged import output_extents
from derive.rules.proof import proves
from derive.rules.terms import factors


@dataclass(frozen=True)
class Axis:
    """The windows along one spatial axis, as `Unfolded` has them."""

    kernel: Int
    stride: Int
    padding: Int
    dilation: Int

    def position(self, place: Int, offset: Int, base: int) -> Int:
        """Which entry of the image the window at `place` has at `offset`."""
        return self.stride * (place - base) + self.dilation * (offset - base) - self.padding + base


def options(axes: Sequence[Axis]) -> tuple[list[Int], ...]:
    """Kernel, stride, padding and dilation, a number for each axis."""
    return (
        [a.kernel for a in axes],
        [a.stride for a in axes],
        [a.padding for a in axes],
        [a.dilation for a in axes],
    )


@dataclass(frozen=True)
class Image:
    """An array as images with `spatial` axes; `alone` where each channel is a sample of its own."""

    tensor: Tensor
    spatial: int
    alone: bool

    @staticmethod
    def of(tensor: Tensor, axes_of_columns: int) -> Iterator[Image]:
        """As images whose columns have so many axes: with channels, and with each on its own."""
        inner = len(tensor.shape) - axes_of_columns + 2
        if axes_of_columns >= 2:
            yield from (
                Image(tensor, s, a) for s, a in ((inner - 1, False), (inner, True)) if s > 0
            )

    @property
    def lead(self) -> int:
        """How many axes come before channels and space."""
        return len(self.tensor.shape) - self.spatial - (not self.alone)

    @property
    def shape(self) -> tuple[Int, ...]:
        """The shape with an axis for the channels."""
        shape = self.tensor.shape
        return (*shape[: self.lead], ONE, *shape[self.lead :]) if self.alone else shape

    @property
    def channels(self) -> Int:
        return self.shape[self.lead]

    @property
    def whole(self) -> Whole:
        """The array with an axis for the channels."""
        return Reshaped(Array(self.tensor), self.shape) if self.alone else Array(self.tensor)


@dataclass(frozen=True)
class Columns:
    """The last two indices of an array of columns, as tuples: (channel, offsets) and places."""

    channel: Int
    offsets: tuple[Int, ...]
    kernel: tuple[Int, ...]
    places: tuple[Int, ...]
    outputs: tuple[Int, ...]

    @staticmethod
    def of(at: Component, image: Image) -> Columns:
        """The parts of the last two indices of an array of columns of images.

        An image with one channel, and one whose channels are samples, have rows of offsets.
        """
        rows, extents = _parts(at.indices[-2], at.tensor.shape[-2])
        places, outputs = _parts(at.indices[-1], at.tensor.shape[-1])
        channel = Int.of(image.tensor.base)
        if image.channels != ONE:
            if not extents or extents[0] != image.channels:
                raise NoMatrixForm("its rows are not those of windows")
            channel, rows, extents = rows[0], rows[1:], extents[1:]
        if len(rows) != image.spatial or len(places) != image.spatial:
            raise NoMatrixForm("windows with an extent of 1 have no tuples of offsets and places")
        return Columns(channel, rows, extents, places, outputs)


def _parts(e: Int, extent: Int) -> tuple[tuple[Int, ...], tuple[Int, ...]]:
    position = e.atom
    if isinstance(position, Ravel):
        return position.indices, position.dims
    return (e,), (extent,)


# -- im2col ----------------------------------------------------------------------------------------


def unfolded(d: Derivation, program: Program) -> Whole:
    """The columns of windows that a definition says; NoMatrixForm where it says something else."""
    start, parts = d.start, factors(d.result)
    read = [g for g in parts if not isinstance(g, Bracket)]
    if not isinstance(start, Component) or len(read) != 1 or not isinstance(read[0], Component):
        raise NoMatrixForm("it does not read the entries of one array")
    reason = NoMatrixForm("it has no axis for the windows")
    for image in Image.of(read[0].tensor, len(start.indices)):
        try:
            return _unfolded(start, parts, read[0], image, Scope(program, d.ranges))
        except NoMatrixForm as no:
            reason = no
    raise reason


def _unfolded(
    start: Component, parts: Sequence[Formula], x: Component, image: Image, scope: Scope
) -> Whole:
    columns = Columns.of(start, image)
    channel = () if image.alone else (columns.channel,)
    if x.indices[: -image.spatial] != (*start.indices[:-2], *channel):
        raise NoMatrixForm("channels or samples are mixed")
    spatial = enumerate(x.indices[-image.spatial :])
    axes = [_read(columns, k, p, start.tensor.base) for k, p in spatial]
    _demand_padding(parts, x, axes, columns, scope)
    if not _fit(image, axes, columns):
        raise NoMatrixForm("its windows do not go with the same padding on both sides")
    return Unfolded(image.whole, *options(axes))


def _read(columns: Columns, k: int, position: Int, base: int) -> Axis:
    """The windows along one axis from the position that is read."""
    along = _split(position, columns.places[k])
    across = along and _split(along[1], columns.offsets[k])
    if along is None or not across or along[0].indices or across[0].indices or across[1].indices:
        raise NoMatrixForm("an array is read at a position that is computed")
    stride, dilation = along[0], across[0]
    padding = Int.of(base) - stride * base - dilation * base - across[1]
    return Axis(columns.kernel[k], stride, padding, dilation)


def _fit(image: Image, axes: Sequence[Axis], columns: Columns) -> bool:
    """Whether the windows may be as many as the places that the columns have."""
    if any(a.stride.constant is not None and a.stride.constant < 1 for a in axes):
        return False
    fitting = output_extents(image.shape, tuple(map(Ints.of, options(axes))))
    return not any(map(differ, fitting, columns.outputs))


def _split(e: Int, index: Int) -> tuple[Int, Int] | None:
    atom = index.atom
    return e.split(atom) if isinstance(atom, Index) else None


def _demand_padding(
    parts: Sequence[Formula],
    x: Component,
    axes: Sequence[Axis],
    columns: Columns,
    scope: Scope,
) -> None:
    """The conditions must be that the position is in the image, and nothing else."""
    base = x.tensor.base
    found = [c for g in parts if isinstance(g, Bracket) for c in conjuncts(g.condition)]
    inside: list[Guard] = []
    for k, a in enumerate(axes):
        p = a.position(columns.places[k], columns.offsets[k], base)
        inside += [at_least(p, base), at_most(p, x.tensor.shape[k - len(axes)] + (base - 1))]
    if any(g not in inside for g in found):
        raise NoMatrixForm("a condition on indices is no operation on arrays")
    if any(g not in found and not proves(scope, g) for g in inside):
        raise NoMatrixForm("entries outside the image are read")


# -- col2im ----------------------------------------------------------------------------------------


def folded(d: Derivation, program: Program, layout: str) -> Whole:
    """The image that columns are added back to; NoMatrixForm where that is not what `d` says."""
    start = d.start
    at = start.by if isinstance(start, Derivative) else start
    if not isinstance(at, Component):
        raise NoMatrixForm("it is no image")
    for g in _entries(d.result):
        for image in Image.of(at.tensor, len(_at(g).indices)):
            try:
                columns = Columns.of(_at(g), image)
            except NoMatrixForm:
                continue
            for axes in _candidates(columns, at, image, _at(g).tensor, program):
                if not _fit(image, axes, columns):
                    continue
                meant = _meaning(g, at, image, columns, axes)
                steps = simplify(meant, Scope(program, d.ranges), COMPOSED)
                if steps and same(steps[-1].after, d.result):
                    made = Folded(_named(g, layout), image.shape, *options(axes))
                    return Reshaped(made, at.tensor.shape) if image.alone else made
    raise NoMatrixForm("it adds no windows back into an image")


def _entries(f: Formula) -> Iterator[Component | Derivative]:
    """The entries that a formula reads, and its derivatives by entries."""
    for g in subformulas(f):
        if isinstance(g, (Component, Derivative)):
            yield g


def _candidates(
    columns: Columns, at: Component, image: Image, source: Tensor, program: Program
) -> Iterator[list[Axis]]:
    """The windows that the positions say, and those of which the columns are made."""
    with suppress(NoMatrixForm):
        spatial = enumerate(at.indices[-image.spatial :])
        yield [_found(columns, k, e, at.tensor.base) for k, e in spatial]
    made = program.defined.get(source)
    tuples = by_index_tuples(made) if made is not None else None
    if tuples is not None:
        try:
            whole = unfolded(tuples, program)
        except NoMatrixForm:
            return
        assert isinstance(whole, Unfolded)
        kernel, stride, padding, dilation = (o.all for o in whole.options)
        if len(kernel) == image.spatial:
            yield [Axis(*parts) for parts in zip(kernel, stride, padding, dilation, strict=True)]


def _at(g: Component | Derivative) -> Component:
    return g.by if isinstance(g, Derivative) else g


def _named(g: Component | Derivative, layout: str) -> Whole:
    if isinstance(g, Component):
        return Array(g.tensor)
    assert isinstance(g.of, Component)
    return Slope(g.of.tensor, g.by.tensor, layout, *g.held)


def _found(columns: Columns, k: int, at: Int, base: int) -> Axis:
    """The windows along one axis, from the offset or the place that the entry `at` has."""
    place, offset = columns.places[k], columns.offsets[k]
    given = at.atom
    if not isinstance(given, Index):
        raise NoMatrixForm("the image is read at a position that is computed")
    if isinstance(place.atom, Index):
        known, solved = place, offset
    elif isinstance(offset.atom, Index):
        known, solved = offset, place
    else:
        raise NoMatrixForm("neither offsets nor places are free")
    divisor, rest = _quotient(solved - base)
    parts = _split(rest - at, known)
    if parts is None or parts[0].indices or parts[1].indices:
        raise NoMatrixForm("the positions are not those of windows")
    step, padding = -parts[0], parts[1] + base + parts[0] * base
    if solved is offset:
        return Axis(columns.kernel[k], step, padding, divisor)
    return Axis(columns.kernel[k], divisor, padding, step)


def _quotient(e: Int) -> tuple[Int, Int]:
    """(d, n) with e = ⌊n/d⌋."""
    floors = [m[0] for m, c in e.terms if c == 1 and len(m) == 1 and isinstance(m[0], Floor)]
    if not floors:
        return ONE, e
    n, d = floors[0].parts
    return d, n + d * (e - Int.of(floors[0]))


def _meaning(
    g: Component | Derivative,
    at: Component,
    image: Image,
    columns: Columns,
    axes: Sequence[Axis],
) -> Formula:
    """Σ over all windows and offsets of the column's entry, where the offset lies on `at`."""
    base, source = at.tensor.base, _at(g)
    places = [fresh(letter) for letter in "ijk"[: image.spatial]]
    offsets = [fresh(letter) for letter in "abg"[: image.spatial]]
    channel = () if image.alone else at.indices[image.lead : image.lead + 1]
    dims = (*(() if image.alone else (image.channels,)), *columns.kernel)
    row = ravel((*channel, *offsets), dims, base)
    lead = at.indices[: image.lead]
    column = ravel(places, columns.outputs, base)
    entry = Component(source.tensor, *lead, row, column)
    value: Formula = entry if isinstance(g, Component) else Derivative(g.of, entry, *g.held)
    hits = [
        Delta(a.position(Int.of(i), Int.of(b), base), q)
        for a, i, b, q in zip(axes, places, offsets, at.indices[-image.spatial :], strict=True)
    ]
    ranges = [
        Range(i, base, d + (base - 1))
        for i, d in zip((*places, *offsets), (*columns.outputs, *columns.kernel), strict=True)
    ]
    return Sum(Times(value, *hits), *ranges)
