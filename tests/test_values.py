"""Which formulas have a value wherever they stand: what they read is in range."""

from __future__ import annotations

import pytest
from assignments import scope_of
from laws import NAMES

from derive.ir.read import from_text
from derive.rules.values import has_value, with_value

WITH_VALUE = [
    ("i=1..H", "x[i]"),
    ("i=1..H-1", "x[i+1]"),
    ("i=0..H", "[i-1 >= 0] * x[i]"),
    ("i=0..H", "x[i] * ([i-1 >= 0] * y[i]) * [i-1 >= 0]"),
    ("i=1..H+2, k=1..1", "chosen[i](max[a=1..H](x[a])) * x[i]"),
    ("i=1..A, k=1..K", "f[ravel[1](i, k; A, K)]"),
    ("i=0..A-1, k=0..K-1", "f[ravel[0](i, k; A, K)+1]"),
    ("p=1..A*K", "q[unravel[1, 0](p; A, K)]"),
    ("i=1..H, k=1..K", "delta(c[i], k)"),
    ("", "sum[i=2..H](x[i-1])"),
    ("", "sum[i=1..H | 2 | i and i-2 >= 0](x[i-1])"),
    ("k=1..K", "sum[i=k+1..H](x[i-k])"),
    ("", "sum[p=1..A*K, i=1..unravel[1, 0](p; A, K)](q[i])"),
    ("i=0..H", "cases(x[i] if i-1 >= 0; x[i+1] if -i >= 0; 0)"),
    ("i=1..H", "derivative(L[], x[i])"),
    ("i=0..A, k=1..K", "[ravel[1](i, k; A, K)-1 >= 0 and i-1 >= 0]"),
]
PERHAPS_WITHOUT = [
    ("i=0..H", "x[i]"),
    ("i=1..H+1", "x[i]"),
    ("i=1..H", "f[ravel[1](i, 1; A, K)]"),
    ("i=2..A, k=0..K", "f[ravel[1](i, k; A, K)]"),
    ("i=0..A, k=0..K-1", "f[ravel[0](i, k; A, K)+1]"),
    ("p=0..A*K", "q[unravel[1, 0](p; A, K)]"),
    ("p=0..A*K", "x[1] * [p-unravel[1, 0](p; A, K) >= 0]"),
    ("p=0..A*K", "x[1] * chosen[p-unravel[1, 0](p; A, K)+1](max[a=1..H](x[a]))"),
    ("p=1..A*K+1", "q[unravel[1, 0](p; A, K)]"),
    ("i=0..H, k=1..K", "delta(c[i], k)"),
    ("i=0..A, k=1..K", "q[c[ravel[1](i, k; A, K)]]"),
    ("i=0..H", "[i-1 >= 0] + x[i]"),
    ("i=0..H", "[i-1 >= 0] * y[i] + x[i]"),
    ("i=0..H", "delta(i, 1) * x[i]"),
    ("i=0..A, k=1..K", "delta(ravel[1](i, k; A, K), 1) * [ravel[1](i, k; A, K)-1 >= 0]"),
    ("i=0..A, k=1..K", "[ravel[1](i, k; A, K)-1 >= 0 and 2 | k]"),
    ("", "sum[i=1..H](x[i-1])"),
    ("p=0..A*K", "sum[i=1..unravel[1, 0](p; A, K)](q[i])"),
    ("p=0..A*K", "sum[i=1..A | unravel[1, 0](p; A, K)-i >= 0](q[i])"),
    ("i=0..H", "cases(x[i] if i-2 >= 0; x[i])"),
    ("i=1..H+1", "derivative(L[], x[i])"),
    ("i=1..H+1", "max[k=1..K](x[i])"),
]


@pytest.mark.parametrize(("where", "text"), WITH_VALUE)
def test_what_is_proved_to_have_a_value(where: str, text: str) -> None:
    assert has_value(scope_of(where), from_text(text, NAMES))


@pytest.mark.parametrize(("where", "text"), PERHAPS_WITHOUT)
def test_what_may_have_none(where: str, text: str) -> None:
    assert not has_value(scope_of(where), from_text(text, NAMES))


def test_of_some_factors_those_with_a_value_are_kept() -> None:
    """A condition keeps x[i]; one that has no value itself is no help to q[i + 1]."""
    names = ("x[i]", "[i-1 >= 0]", "q[i+1]", "[A-i-1 >= 0 and ravel[1](i, p; A, K)-1 >= 0]", "w[p]")
    parts = [from_text(text, NAMES) for text in names]
    scope = scope_of("i=0..H, p=1..K")
    assert with_value(scope, parts) == parts
    assert with_value(scope, parts[2:]) == [parts[4]]
    assert with_value(scope, parts[:1]) == []
