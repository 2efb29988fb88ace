"""Values of images: slices, rotations, dilations, correlations, im2col and col2im."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np

from derive.errors import Unsupported
from derive.ir import (
    Correlated,
    Dilated,
    Folded,
    Ints,
    Padded,
    Rotated,
    Sliced,
    Unfolded,
    Whole,
)
from derive.verify.array import Array as Labelled
from derive.verify.array import Data
from derive.verify.grid import Grid, Numbers, combined, moved
from derive.verify.integers import Env, Integers, gather


class Images:
    """What `Matrices` knows about images."""

    numbers: Numbers
    integers: Integers

    def value(self, a: Whole, env: Env) -> Grid:
        raise NotImplementedError

    @property
    def images(self) -> dict[type, Callable[[Any, Env], Grid]]:
        """How each node is evaluated."""
        return {
            Sliced: self._sliced,
            Rotated: lambda a, env: self._made(_rotated, a.of, env),
            Dilated: self._dilated,
            Padded: self._padded,
            Correlated: self._correlated,
            Unfolded: self._unfolded,
            Folded: self._folded,
        }

    def _made(self, move: Callable[[Data, int], Data], a: Whole, env: Env) -> Grid:
        return moved(move, self.value(a, env), self.numbers)

    def _ints(self, parts: Ints) -> tuple[int, ...]:
        return tuple(map(self.integers.number, parts.all))

    def _sliced(self, a: Sliced, env: Env) -> Grid:
        """Fixed axes are read at indices in scope; the others stay."""
        grid = self.value(a.of, env)
        base = a.base or 0
        lead = grid.data.shape[1 : len(grid.labels)]
        positions = [
            Labelled(np.arange(n), (x,)) for n, x in zip(lead, grid.labels[1:], strict=True)
        ]
        for e in a.at:
            at = self.integers.value(e, env)
            positions.append(Labelled(at.data - base, at.axes, at.flaw))
        kept = [k for k in range(grid.rank) if k not in a.axes]
        own = [self.integers.new_label() for _ in kept]
        positions += [
            Labelled(np.arange(grid.shape[k]), (x,)) for k, x in zip(kept, own, strict=True)
        ]
        n = len(grid.labels)
        order = (*range(n), *(n + k for k in a.axes), *(n + k for k in kept))
        flaw = None if grid.flaw is None else np.broadcast_to(grid.flaw, grid.data.shape)
        table = Labelled(
            grid.data.transpose(order), (), None if flaw is None else flaw.transpose(order)
        )
        found = gather(table, 0, positions)  # the new labels are the largest, so they come last
        return Grid(found.data, tuple(x for x in found.axes if x not in own), found.flaw)

    def _dilated(self, a: Dilated, env: Env) -> Grid:
        steps = tuple(map(self.integers.number, a.steps))
        return self._made(lambda x, n: _spread(x, n, steps), a.of, env)

    def _padded(self, a: Padded, env: Env) -> Grid:
        before, after = self._ints(a.ints(1)), self._ints(a.ints(2))
        return self._made(lambda x, n: pad(x, n, before, after), a.of, env)

    def _correlated(self, a: Correlated, env: Env) -> Grid:
        x, kernel = self.value(a.of, env), self.value(a.kernel, env)
        if a.full:
            room = tuple(k - 1 for k in kernel.shape)
            x = moved(lambda data, n: pad(data, n, room, room), x, self.numbers)
        out = tuple(m - k + 1 for m, k in zip(x.shape, kernel.shape, strict=True))
        if min(out, default=1) < 1:
            raise Unsupported("the kernel does not fit the image")
        return combined(_correlate, x, kernel, self.numbers)

    def _unfolded(self, a: Unfolded, env: Env) -> Grid:
        kernel, stride, padding, dilation = map(self._ints, a.options)

        def columns(x: Data, n: int) -> Data:
            k = len(kernel)
            room = (0,) * (x.ndim - n - k) + padding
            x = pad(x, n, room, room)
            windows = [x[last(*at)] for at in _windows(x.shape[-k:], kernel, stride, dilation)]
            made = np.stack(windows, x.ndim - k)
            return made.reshape(
                *made.shape[: x.ndim - k - 1], -1, prod(made.shape[x.ndim - k + 1 :])
            )

        return self._made(columns, a.of, env)

    def _folded(self, a: Folded, env: Env) -> Grid:
        kernel, stride, padding, dilation = map(self._ints, a.options)
        shape = tuple(map(self.integers.number, a.shape))
        k = len(kernel)
        padded = tuple(h + 2 * p for h, p in zip(shape[-k:], padding, strict=True))
        out = _output(padded, kernel, stride, dilation)

        def back(numbers: Numbers, x: Data, y: Data, n: int) -> Data:
            parts = x.reshape(*x.shape[:-2], shape[-k - 1], prod(kernel), *out)
            images = numbers.integers(np.zeros((*x.shape[:-2], shape[-k - 1], *padded), np.int64))
            for offset, at in enumerate(_windows(padded, kernel, stride, dilation)):
                place = last(*at)
                images[place] = numbers.add(images[place], parts[last(offset, *(slice(None),) * k)])
            crop = tuple(slice(p, p + h) for p, h in zip(padding, shape[-k:], strict=True))
            return np.asarray(images[last(*crop)])

        return combined(back, self.value(a.of, env), self.value(a.of, env), self.numbers)


def last(*places: slice | int) -> Any:
    """The place in an array with these indices of its last axes."""
    return (..., *places)


def pad(x: Data, n: int, before: Sequence[int], after: Sequence[int]) -> Data:
    """Zeros around the axes from `n` on; negative numbers cut off."""
    widths = [(max(b, 0), max(c, 0)) for b, c in zip(before, after, strict=True)]
    x = np.pad(x, [(0, 0)] * n + widths)
    cut = (
        slice(max(-b, 0), size - max(-c, 0))
        for b, c, size in zip(before, after, x.shape[n:], strict=True)
    )
    return np.asarray(x[last(*cut)])


def _rotated(x: Data, n: int) -> Data:
    return np.asarray(x[last(*(slice(None, None, -1),) * (x.ndim - n))])


def _spread(x: Data, n: int, steps: Sequence[int]) -> Data:
    own = [(d - 1) * s + 1 for d, s in zip(x.shape[n:], steps, strict=True)]
    made = np.zeros((*x.shape[:n], *own), x.dtype)
    made[last(*(slice(None, None, s) for s in steps))] = x
    return made


def _correlate(numbers: Numbers, x: Data, kernel: Data, n: int) -> Data:
    out = [m - k + 1 for m, k in zip(x.shape[n:], kernel.shape[n:], strict=True)]
    total: Data | None = None
    for offset in product(*map(range, kernel.shape[n:])):
        window = (slice(a, a + m) for a, m in zip(offset, out, strict=True))
        weight = kernel[last(*offset)]
        weight = weight.reshape(*weight.shape, *(1,) * len(out))
        term = numbers.multiply(x[last(*window)], weight)
        total = term if total is None else numbers.add(total, term)
    assert total is not None
    return total


def _output(
    padded: Sequence[int], kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> tuple[int, ...]:
    return tuple(
        (h - d * (k - 1) - 1) // s + 1
        for h, k, s, d in zip(padded, kernel, stride, dilation, strict=True)
    )


def _windows(
    padded: Sequence[int], kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> Iterator[tuple[slice, ...]]:
    """For each offset in the window, row-major, where the windows have that entry."""
    out = _output(padded, kernel, stride, dilation)
    for offset in product(*map(range, kernel)):
        yield tuple(
            slice(a * d, a * d + s * (o - 1) + 1, s)
            for a, d, s, o in zip(offset, dilation, stride, out, strict=True)
        )
