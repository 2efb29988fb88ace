"""Decisions about real values: signs, and which entry of a maximum is the largest.

Floats with error bounds decide nearly always.  What they leave open goes to exact rationals or
to balls of rising precision; a difference that still straddles 0 at the last one is a tie if its
residue is 0, and otherwise the draw is discarded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import flint
import numpy as np

from derive.ir import Count, Formula, Greatest, Least, Max, Number
from derive.verify.array import DRAW, OUTSIDE, Array, Data, lift, multiply, union
from derive.verify.integers import Env

if TYPE_CHECKING:
    from derive.verify.evaluate import Evaluator
    from derive.verify.world import World

PRECISIONS = (128, 1000)


class Order:
    """Signs and choices in one world, each decided once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._signs: dict[tuple[object, ...], Array] = {}
        self._choices: dict[tuple[object, ...], Array] = {}

    def sign(self, f: Formula, env: Env) -> Array:
        """-1, 0 or 1 everywhere."""
        key = self.world.integers.key(f, env)
        if key not in self._signs:
            ball = self.world.evaluator("floats").value(f, env)
            middle, radius = ball.data.real, ball.data.imag
            sign = np.asarray(np.sign(middle), np.int64)
            unsure = (radius != 0) & ~(abs(middle) > radius)
            if ball.flaw is not None:
                unsure = unsure & (ball.flaw == 0)
            for at in map(tuple, np.argwhere(unsure)):
                sign[at] = self._certain(_entry(f, env, ball.axes, sign.shape, at), ball.axes, at)
            self._signs[key] = Array(sign, ball.axes, ball.flaw)
        return self._signs[key]

    def _certain(self, look: Callable[[Evaluator], Any], axes: tuple[int, ...], at: Any) -> int:
        """The sign of a number that floats left open; an undecidable one discards its draw."""
        for bits in PRECISIONS:
            with flint.ctx.workprec(bits):
                x = look(self.world.exact(bits))
                if x > 0:
                    return 1
                if x < 0:
                    return -1
                if x == 0:
                    return 0
        if look(self.world.evaluator("residues")) == 0:
            return 0
        self.world.discard(at[axes.index(DRAW)] if DRAW in axes else None)
        return 0

    # -- maxima ----------------------------------------------------------------------------------

    def choice(self, f: Max, env: Env) -> Array:
        """The flat position, row-major over the hulls of the ranges, of the first largest entry."""
        key = self.world.integers.key(f, env)
        if key not in self._choices:
            self._choices[key] = self._choose(f, env)
        return self._choices[key]

    def _choose(self, f: Max, env: Env) -> Array:
        floats = self.world.evaluator("floats")
        inner, guards, over = floats.bind(f, env)
        if 0 in over.values():
            return Array(np.asarray(np.int64(0)), (), np.asarray(OUTSIDE))
        allowed = multiply(tuple(guards), floats.numbers) if guards else Array(np.asarray(True))
        ball = floats.value(f.body, inner)
        outer = tuple(x for x in union((ball, allowed)) if x not in over)
        axes, extents = (*outer, *over), tuple(over.values())
        shape = (*(_extent(x, (ball, allowed)) for x in outer), *extents)

        def rows(data: Data, of: Array) -> Data:
            order = [of.axes.index(x) for x in axes if x in of.axes]
            view = data.transpose(order)[tuple(slice(None) if x in of.axes else None for x in axes)]
            return np.broadcast_to(view, shape).reshape(*shape[: len(outer)], -1)

        mask = rows(allowed.data, allowed)
        balls = rows(ball.data, ball)

        def look(at: Any, k: int) -> Callable[[Evaluator], Any]:
            def entry(evaluator: Evaluator) -> Any:
                value = evaluator.value(f.body, inner)
                return rows(value.data, value)[at][k]

            return entry

        position = self._first_largest(balls, mask, look, outer)
        flaw = np.where(mask.any(-1), np.uint8(0), OUTSIDE)
        if ball.flaw is not None:
            flaw = np.maximum(flaw, np.where(mask, rows(ball.flaw, ball), np.uint8(0)).max(-1))
        return Array(position, outer, flaw if flaw.any() else None)

    def _first_largest(
        self, balls: Data, mask: Data, look: Callable[[Any, int], Any], axes: tuple[int, ...]
    ) -> Data:
        """For each row the first position of the largest allowed entry."""
        low = np.where(mask, balls.real - balls.imag, -np.inf)
        high = np.where(mask, balls.real + balls.imag, -np.inf)
        candidate = mask & (high >= low.max(-1, keepdims=True))
        position = np.asarray(candidate.argmax(-1))
        exact = (np.where(candidate, balls.imag, 0.0) == 0).all(-1)
        unsure = (candidate.sum(-1) > 1) & ~exact
        for at in map(tuple, np.argwhere(unsure)):
            best, *others = np.flatnonzero(candidate[at])
            for k in others:
                if self._certain(_difference(look(at, int(k)), look(at, int(best))), axes, at) > 0:
                    best = k
            position[at] = best
        return position

    def extreme(self, f: Greatest | Least, env: Env) -> Array:
        """Which part is the largest (smallest); the first constant on a tie, else the first."""
        key = self.world.integers.key(f, env)
        if key not in self._choices:
            parts: list[Formula] = list(f.args)  # type: ignore[arg-type]
            order = sorted(
                range(len(parts)), key=lambda k: not isinstance(parts[k], (Number, Count))
            )
            best = Array(np.asarray(np.int64(order[0])))
            for later in order[1:]:
                best = self._better(f, parts, best, later, env)
            self._choices[key] = best
        return self._choices[key]

    def _better(self, f: Formula, parts: list[Formula], best: Array, later: int, env: Env) -> Array:
        """`best`, or `later` where that is strictly better than the best so far."""
        wanted = 1 if isinstance(f, Greatest) else -1
        for k in np.unique(best.data):
            sign = self.sign(parts[later] - parts[int(k)], env)
            best = lift(lambda b, s, k=k: np.where((b == k) & (s == wanted), later, b), best, sign)
        return best


def _entry(
    f: Formula, env: Env, axes: tuple[int, ...], shape: tuple[int, ...], at: Any
) -> Callable[[Evaluator], Any]:
    def look(evaluator: Evaluator) -> Any:
        return np.broadcast_to(evaluator.value(f, env).spread(axes), shape)[at]

    return look


def _difference(
    a: Callable[[Evaluator], Any], b: Callable[[Evaluator], Any]
) -> Callable[[Evaluator], Any]:
    return lambda evaluator: a(evaluator) - b(evaluator)


def _extent(label: int, arrays: tuple[Array, ...]) -> int:
    return next(a.extent(label) for a in arrays if label in a.axes)
