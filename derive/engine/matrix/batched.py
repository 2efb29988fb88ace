"""Vector forms: arrays with more than two axes, one matrix for each value of an index.

    Y_{n,m,o} = Σ_k U_{n,m,k} W_{k,o}            Y_n = U_n W            for every n
    G_{k,o} = Σ_n Σ_m U_{n,m,k} D_{n,m,o}        G = Σ_n U_n^⊤ D_n

Few indices are held fixed: none, or one, or two, the first in order with which everything is a
vector or a matrix.  What only moves entries, im2col and col2im among it, needs none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from derive.derivation.program import Program
from derive.derivation.step import Derivation, Step
from derive.engine.matrix.form import RULE, ArrayForm
from derive.engine.matrix.images import folded, unfolded
from derive.engine.matrix.labelled import Labelled, NoMatrixForm, Value
from derive.engine.matrix.network import element_of
from derive.engine.matrix.recognise import Recogniser
from derive.engine.matrix.rewrite import Tidying
from derive.ir import (
    ONE,
    TRUE,
    Array,
    Chosen,
    Component,
    Derivative,
    Element,
    Formula,
    Index,
    Int,
    Largest,
    Max,
    Picked,
    Range,
    Ravel,
    Reshaped,
    Series,
    Sliced,
    Slope,
    Sum,
    Whole,
    free_indices,
    refresh,
)

LAYOUT = "shape"


@dataclass(frozen=True)
class Start:
    """What a derivation is about: an array, the indices at which, and the extents of its axes."""

    whole: Whole
    indices: tuple[Int, ...]

    @staticmethod
    def of(f: Formula) -> Start:
        """The start of a derivation of an entry, or of a derivative by entries."""
        if isinstance(f, Component):
            return Start(Array(f.tensor), f.indices)
        if isinstance(f, Derivative) and isinstance(f.of, Component):
            slope = Slope(f.of.tensor, f.by.tensor, LAYOUT, *f.held)
            return Start(slope, slope.place(f.of.indices, f.by.indices))
        raise NoMatrixForm("it is no array that has a name")

    def axes(self, fixed: frozenset[Index]) -> tuple[int, ...]:
        """The axes that are left where some indices are held fixed; those of extent 1 stay."""
        return tuple(
            k
            for k, (e, d) in enumerate(zip(self.indices, self.whole.shape, strict=True))
            if d == ONE or (e.indices and not e.indices <= fixed)
        )

    def sliced(self, left: Sequence[int]) -> Whole:
        """The array at the other indices."""
        gone = [k for k in range(len(self.indices)) if k not in left]
        if not gone:
            return self.whole
        return Sliced(self.whole, gone, [self.indices[k] for k in gone])


class Batched(Recogniser):
    """Reads formulas in which some indices are held fixed: arrays are sliced there."""

    def __init__(self, ranges: Sequence[Range], base: int, fixed: frozenset[Index]) -> None:
        super().__init__(ranges, base, lambda t: LAYOUT)
        self._fixed = fixed

    def at(self, whole: Whole, indices: Sequence[Int]) -> Value:
        held = [k for k, e in enumerate(indices) if e.indices & self._fixed]
        if not all(isinstance(indices[k].atom, Index) for k in held):
            raise NoMatrixForm("an array is read at a position that is computed")
        if held:
            whole = Sliced(whole, held, [indices[k] for k in held])
            indices = [e for k, e in enumerate(indices) if k not in held]
        return super().at(whole, indices)

    def read(self, f: Formula) -> Value:
        if isinstance(f, Max):
            return self._largest(f)
        if isinstance(f, Chosen):
            return self._picked(f)
        return super().read(f)

    def _largest(self, f: Max) -> Labelled:
        inner = self._inside(f)
        axes = [inner.axes.index(i) for i in f.bound]
        kept = tuple(i for i in inner.axes if i not in f.bound)
        return Labelled(Largest(inner.whole, axes), kept)

    def _picked(self, f: Chosen) -> Labelled:
        inner = self._inside(f.maximum)
        to = dict(zip(f.maximum.bound, f.at, strict=True))
        places = [to[i].atom if i in to else i for i in inner.axes]
        if not all(isinstance(i, Index) for i in places) or len(set(places)) < len(places):
            raise NoMatrixForm("a maximum is compared at a position that is computed")
        axes = [inner.axes.index(i) for i in f.maximum.bound]
        return Labelled(Picked(inner.whole, axes), tuple(i for i in places if isinstance(i, Index)))

    def _inside(self, f: Max) -> Labelled:
        if f.condition != TRUE:
            raise NoMatrixForm("a condition on indices is no operation on arrays")
        self.frame.add(f.ranges)
        inner = self.read(f.body)
        if not isinstance(inner, Labelled) or not set(f.bound) <= set(inner.axes):
            raise NoMatrixForm("a maximum is taken over what is no axis")
        if list(f.bound) != [i for i in inner.axes if i in f.bound]:
            raise NoMatrixForm("a maximum looks at its axes in another order")
        return inner


def vector_form(d: Derivation, program: Program) -> ArrayForm:
    """What a derivation says, as an equation of arrays, perhaps for every value of an index."""
    reasons: list[str] = []
    for read in _ways(d, program):
        try:
            return ArrayForm(read())
        except NoMatrixForm as no:
            reasons.append(str(no))
    return ArrayForm(None, reasons[_PLAIN])


_PLAIN = 1
"""Which of the readings says best why there is no form: the one that holds nothing fixed."""


def held_form(d: Derivation, held: Sequence[Index]) -> ArrayForm:
    """The equation of arrays for every value of the indices that are held fixed."""
    try:
        return ArrayForm(_form(d, frozenset(held), ()))
    except NoMatrixForm as no:
        return ArrayForm(None, str(no))


def _ways(d: Derivation, program: Program) -> Iterator[Callable[[], Derivation]]:
    """The readings to try, those with fewer indices held fixed first."""
    yield lambda: _image(d, unfolded(d, program))
    free = [r.index for r in d.ranges]
    summed = list(d.result.bound) if isinstance(d.result, Sum) else []
    yield lambda: _form(d, frozenset(), ())
    yield lambda: _image(d, folded(d, program, LAYOUT))
    for many in (1, 2):
        for held in combinations([*free, *summed], many):
            fixed = frozenset(i for i in held if i in free)
            batch = tuple(i for i in held if i in summed)
            yield lambda fixed=fixed, batch=batch: _form(d, fixed, batch)  # type: ignore[misc]


def _image(d: Derivation, whole: Whole) -> Derivation:
    start = Start.of(d.start)
    return _equated(d, start.whole, whole, start.indices)


def _form(d: Derivation, fixed: frozenset[Index], batch: tuple[Index, ...]) -> Derivation:
    start = Start.of(d.start)
    left = start.axes(fixed)
    axes = tuple(i for k in left for i in _tuple(start.indices[k]))
    if not axes:
        return _number(d)
    base = start.whole.base
    recogniser = Batched(d.ranges, 1 if base is None else base, fixed | set(batch))
    whole = _summed(d.result, recogniser, axes, batch)
    indices = tuple(start.indices[k] for k in left)
    if len(axes) != len(indices) or any(not e.indices for e in indices):
        whole = Reshaped(whole, [start.whole.shape[k] for k in left])
    return _equated(d, start.sliced(left), whole, indices)


def _number(d: Derivation) -> Derivation:
    """A number, as a formula in which arrays stand."""
    base = Start.of(d.start).whole.base
    reader = Batched(d.ranges, 1 if base is None else base, frozenset())
    value = element_of(reader.read(refresh(d.result)))
    return Derivation(d.start, d.ranges, (*d.steps, Step(d.result, value, RULE, "as arrays")))


def _tuple(e: Int) -> tuple[Index, ...]:
    """The index, or those of the tuple, that an index expression is."""
    position = e.atom
    parts = position.indices if isinstance(position, Ravel) else (e,) if e.indices else ()
    found = tuple(i for p in parts if isinstance(i := p.atom, Index))
    if len(found) < len(parts):
        raise NoMatrixForm("an index of the left side is computed")
    return found


def _summed(
    f: Formula, recogniser: Batched, axes: tuple[Index, ...], batch: tuple[Index, ...]
) -> Whole:
    if not batch:
        return recogniser.whole(f, axes)
    if not isinstance(f, Sum) or f.condition != TRUE:
        raise NoMatrixForm("a condition on indices is no operation on arrays")
    outer = tuple(r for r in f.ranges if r.index in batch)
    inner = tuple(r for r in f.ranges if r.index not in batch)
    if any(free_indices(r) & set(batch) for r in inner):
        raise NoMatrixForm("the ranges of a sum depend on each other")
    recogniser.frame.add(outer)
    for r in outer:
        recogniser.frame.extent(r.index)
    body = Sum(f.body, *inner) if inner else f.body
    return Series(recogniser.whole(body, axes), *outer)


def _equated(d: Derivation, left: Whole, right: Whole, indices: tuple[Int, ...]) -> Derivation:
    """left = right, entry by entry, by way of the index form."""
    entry, read = Element(left, *indices), Element(right, *indices)
    tidying = Tidying()
    tidied = tidying.run(read)
    small = (Step(d.result, read, "as arrays", "read as arrays"), *tidying.steps)
    first = Step(entry, d.result, "index form", "entry by entry", d.facts)
    step = Step(d.result, tidied, RULE, "as arrays", (), small)
    return Derivation(entry, d.ranges, (first, step))
