"""Values of derivatives as whole arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from derive.ir import Component, Derivative, Formula, Index, Slope, Whole, fresh
from derive.ir.curvature import Curvature
from derive.ir.vectorised import VecCurvature, VecSlope
from derive.verify.array import Data
from derive.verify.grid import Grid
from derive.verify.integers import Env


class Slopes:
    """What `Matrices` knows about derivatives."""

    def _tabulated(self, f: Formula, indices: Sequence[Index], a: Whole, env: Env) -> Grid:
        raise NotImplementedError

    def _moved(self, move: Callable[[Data, int], Data], a: Whole, env: Env) -> Grid:
        raise NotImplementedError

    @property
    def slopes(self) -> dict[type, Callable[[Any, Env], Grid]]:
        """How each node is evaluated."""
        return {
            Slope: self._slope,
            VecSlope: self._vec_slope,
            Curvature: self._curvature,
            VecCurvature: self._vec_curvature,
        }

    def _slope(self, a: Slope, env: Env) -> Grid:
        of = [fresh("i") for _ in a.of.shape]
        by = [fresh("j") for _ in a.by.shape]
        f = Derivative(Component(a.of, *of), Component(a.by, *by), *a.held)
        return self._tabulated(f, a.place(of, by), a, env)

    def _vec_slope(self, a: VecSlope, env: Env) -> Grid:
        turned = a.layout == "denominator"

        def stacked(x: Data, n: int) -> Data:
            x = _columns(x, n, n + len(a.slope.of.shape))
            return x.swapaxes(-2, -1) if turned else x

        return self._moved(stacked, a.slope, env)

    def _vec_curvature(self, a: VecCurvature, env: Env) -> Grid:
        rows = len(a.curvature.by.shape)
        return self._moved(lambda x, n: _columns(x, n, n + rows), a.curvature, env)

    def _curvature(self, a: Curvature, env: Env) -> Grid:
        of, by, and_by = ([fresh("i") for _ in t.shape] for t in (a.of, a.by, a.and_by))
        inner = Derivative(Component(a.of, *of), Component(a.and_by, *and_by))
        f = Derivative(inner, Component(a.by, *by))
        return self._tabulated(f, (*of, *by, *and_by), a, env)


def _columns(x: Data, first: int, split: int) -> Data:
    """The axes from `first` to `split` as one, and those after it, columns below each other."""
    rows, columns = range(first, split), range(split, x.ndim)
    x = x.transpose(*range(first), *reversed(rows), *reversed(columns))
    return x.reshape(*x.shape[:first], prod(x.shape[first:split]), prod(x.shape[split:]))
