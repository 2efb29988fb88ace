"""Deltas of index tuples and positions, contracted: the expected forms, and any product of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import NAMES, PROGRAM, H, K, ranges_of

from derive.derivation.program import Program
from derive.derivation.scope import Scope
from derive.engine.simplify import COMPOSED, simplify
from derive.ir import (
    Delta,
    Formula,
    Index,
    Int,
    Range,
    Sum,
    Tensor,
    Times,
    fresh,
    ravel,
    same,
    unravel,
)
from derive.ir.extent import product_of
from derive.ir.read import from_text
from derive.ir.text import to_text
from derive.verify.verify import Verifier


def contracted(f: Formula, program: Program, ranges: tuple[Range, ...]) -> Formula:
    steps = simplify(f, Scope(program, ranges), COMPOSED)
    return steps[-1].after if steps else f


CONTRACTED = [
    (
        "i=1..A, k=1..K",
        "sum[p=1..A*K](delta(ravel[1](i, k; A, K), p) * f[p])",
        "f[ravel[1](i, k; A, K)]",
    ),
    (
        "i=1..A, k=1..K, n=1..A, j=1..K",
        "sum[p=1..A*K](delta(ravel[1](i, k; A, K), p) * delta(p, ravel[1](n, j; A, K)))",
        "delta(i, n) * delta(k, j)",
    ),
    (
        "p=1..A*K",
        "sum[i=1..A, k=1..K](delta(ravel[1](i, k; A, K), p) * g[i, 1, k])",
        "g[unravel[1, 0](p; A, K), 1, unravel[1, 1](p; A, K)]",
    ),
    (
        "p=0..A*K-1",
        "sum[i=0..A-1, k=0..K-1](delta(ravel[0](i, k; A, K), p) * g[i+1, 1, k+1])",
        "g[unravel[0, 0](p; A, K)+1, 1, unravel[0, 1](p; A, K)+1]",
    ),
    (
        "i=1..A, j=1..C, k=1..K",
        "sum[p=1..A*C, n=1..K](delta(ravel[1](i, j, k; A, C, K), ravel[1](p, n; A*C, K))"
        " * g[unravel[1, 0](p; A, C), unravel[1, 1](p; A, C), n])",
        "g[i, j, k]",
    ),
    (
        "p=1..A*C, n=1..K",
        "sum[i=1..A, j=1..C*K](delta(ravel[1](p, n; A*C, K), ravel[1](i, j; A, C*K))"
        " * g[i, unravel[1, 0](j; C, K), unravel[1, 1](j; C, K)])",
        "g[unravel[1, 0](p; A, C), unravel[1, 1](p; A, C), n]",
    ),
    (
        "n=1..K",
        "sum[i=1..A, k=1..K](delta(ravel[1](i, k; A, K), 2*n-1) * q[i] * w[k])",
        "[A*K-2*n+1 >= 0] * q[unravel[1, 0](2*n-1; A, K)] * w[unravel[1, 1](2*n-1; A, K)]",
    ),
    (
        "i=1..A, p=1..A",
        "sum[k=1..1](delta(ravel[1](i, k; A, 1), p) * q[i])",
        "delta(i, p) * q[i]",
    ),
    (
        "i=1..A",
        "sum[p=1..A*K](delta(unravel[1, 0](p; A, K), i) * w[unravel[1, 1](p; A, K)])",
        "sum[k=1..K](w[k])",
    ),
]


@pytest.mark.parametrize(("where", "text", "wanted"), CONTRACTED)
def test_compact_deltas_contract(where: str, text: str, wanted: str) -> None:
    f, expected = from_text(text, NAMES), from_text(wanted, NAMES)
    new = contracted(f, PROGRAM, ranges_of(where))
    assert same(new, expected), to_text(new)


@st.composite
def products(draw: st.DrawFn) -> tuple[Program, Formula, tuple[Range, ...]]:
    """A sum of deltas and entries at an index tuple (c, d, ...) and at its position p.

    The shape has 2 to 4 axes, some of extent 1; what is not summed over is free.
    """
    base = draw(st.integers(0, 1))
    extents = st.lists(st.sampled_from([1, 2, 3, H, K]), min_size=2, max_size=4)
    dims = tuple(map(Int.of, draw(extents)))
    p, r, outer = Index("p"), Index("r"), Index("o")
    parts, others = ([fresh(letter) for _ in dims] for letter in "cd")
    array, flat = Tensor("T", "T", dims, base), Tensor("F", "F", (product_of(dims),), base)

    def over(index: Index, extent: Int) -> Range:
        return Range(index, base, extent + (base - 1))

    first = product_of(dims[:-1])
    ranges = [over(p, product_of(dims)), over(r, product_of(dims)), over(outer, first)]
    ranges += [over(c, n) for c, n in zip([*parts, *others], dims * 2, strict=True)]
    factors: list[Formula] = [
        Delta(ravel(parts, dims, base), p),
        Delta(p, r),
        Delta(ravel((outer, parts[-1]), (first, dims[-1]), base), ravel(others, dims, base)),
        Delta(ravel(parts, dims, base), Int.of(r) + 1),
        array[tuple(Int.of(c) for c in parts)],
        array[tuple(unravel(p, k, dims, base) for k in range(len(dims)))],
        flat[p],
        flat[ravel(others, dims, base)],
        *(Delta(unravel(p, k, dims, base), d) for k, d in enumerate(others)),
        *(Delta(unravel(r, k, dims, base), 2 * c - 1) for k, c in enumerate(parts)),
    ]
    chosen = draw(st.lists(st.sampled_from(factors), min_size=1, max_size=4))
    bound = draw(st.sets(st.sampled_from([p, r, outer, *parts]), min_size=1))
    inside = [s for s in ranges if s.index in bound]
    free = tuple(s for s in ranges if s.index not in bound)
    program = Program((H, K), (array, flat), ())
    return program, Sum(Times(*chosen), *inside), free


@settings(max_examples=40)
@given(products())
def test_any_product_of_deltas_keeps_its_value(
    case: tuple[Program, Formula, tuple[Range, ...]],
) -> None:
    program, f, ranges = case
    new = contracted(f, program, ranges)
    verdict = Verifier(program, draws=2).chain([f, new], ranges)
    assert verdict.ends.status == "exact", (to_text(f), to_text(new))
    assert same(contracted(new, program, ranges), new), to_text(new)
