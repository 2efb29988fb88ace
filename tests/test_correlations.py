"""Index forms that are cross-correlations, and those that look like them."""

from __future__ import annotations

import pytest

from derive.derivation.program import Program
from derive.engine.matrix.correlation import correlation
from derive.engine.matrix.labelled import NoMatrixForm
from derive.ir import (
    Apply,
    Bracket,
    Element,
    Formula,
    Index,
    Number,
    Power,
    Range,
    Size,
    Sum,
    Tensor,
    Times,
    at_least,
    at_most,
    floor,
)
from derive.verify.verify import Verifier

H, K, S, N = Size("H", least=4), Size("K", least=2), Size("S"), Size("N")
O = Size("O", definition=floor(H - K, S) + 1)  # noqa: E741
i, j, n, p, q = map(Index, "ijnpq")
x, g = Tensor("x", "x", (N, H)), Tensor("g", "g", (N, O))
w, y = Tensor("w", "w", (K,)), Tensor("y", "y", (H,))
PROGRAM = Program((H, K, S, N, O), (x, g, w, y), (), (at_least(H - K, 0),))
OVER_I, OVER_N = Range(i, 1, O), Range(n, 1, N)
FREE_K, FREE_H = (Range(p, 1, K),), (Range(p, 1, H), Range(n, 1, N))
FORWARD = Times(g[n, i], x[n, S * (i - 1) + p])
BACKWARD = Times(g[n, i], w[p - S * (i - 1)])
IN_W = (floor(p - K + S - 1, S) + 1, floor(p - 1, S) + 1)


def bounded() -> Sum:
    """The gradient of the input, with bounds that say where w has an entry."""
    return Sum(BACKWARD, Range(i, (1, IN_W[0]), (O, IN_W[1])))


@pytest.mark.parametrize(
    ("f", "ranges"),
    [
        (Sum(FORWARD, OVER_I, OVER_N), FREE_K),
        (Times(Number(3), Sum(FORWARD, OVER_N, OVER_I)), FREE_K),
        (Sum(Times(Number(2), *FORWARD.args), OVER_N, OVER_I), FREE_K),  # type: ignore[arg-type]
        (bounded(), FREE_H),
        (
            Sum(
                Times(
                    Bracket(at_least(p - S * (i - 1), 1)),
                    Bracket(at_most(p - S * (i - 1), K)),
                    *BACKWARD.args,  # type: ignore[arg-type]
                ),
                OVER_I,
            ),
            FREE_H,
        ),
    ],
)
def test_correlations(f: Formula, ranges: tuple[Range, ...]) -> None:
    whole, axes = correlation(f, ranges)
    assert axes == (p,)
    verdict = Verifier(PROGRAM).chain([f, Element(whole, *axes)], ranges)
    assert verdict.status == "exact", verdict.ends


@pytest.mark.parametrize(
    ("f", "ranges"),
    [
        (FORWARD, (*FREE_K, OVER_I, OVER_N)),
        (Sum(FORWARD, Range(i, 2, O), OVER_N), FREE_K),
        (Sum(FORWARD, Range(i, 1, (O, N)), OVER_N), FREE_K),
        (Sum(FORWARD, OVER_I, OVER_N, at_least(i - 2, 0)), FREE_K),
        (Sum(Times(y[i], *FORWARD.args), OVER_I, OVER_N), FREE_K),  # type: ignore[arg-type]
        (Sum(Times(Apply("exp", y[p]), *FORWARD.args), OVER_I, OVER_N), FREE_K),  # type: ignore[arg-type]
        (Times(w[p], Sum(FORWARD, OVER_I, OVER_N)), FREE_K),
        (Sum(Times(g[n, i], x[n, 2 * p + S * (i - 1) - 1]), OVER_I, OVER_N), FREE_K),
        (Sum(Times(g[n, i], x[n, p + i + n - 2]), OVER_I, OVER_N), FREE_K),
        (Sum(Times(g[n, i], x[n, i]), OVER_I, OVER_N), ()),
        (Sum(Times(g[n, i], Power(x[n, S * (i - 1) + p], Number(2))), OVER_I, OVER_N), FREE_K),
        (Sum(Times(Bracket(at_least(i, 2)), *BACKWARD.args), OVER_I), FREE_H),  # type: ignore[arg-type]
        (Sum(Times(g[n, i], x[n, p - i + K]), OVER_I, Range(n, 1, (N, 3))), FREE_K),
    ],
    ids=str,
)
def test_what_is_no_correlation_is_refused(f: Formula, ranges: tuple[Range, ...]) -> None:
    """Other bounds and conditions, three arrays, a dilated kernel, powers."""
    with pytest.raises(NoMatrixForm):
        correlation(f, ranges)
