"""Laws of stacks of layers: one factor more, one layer further down, one entry of a column."""

from __future__ import annotations

from derive.derivation.program import Program
from derive.derivation.rule import Example, rule
from derive.derivation.scope import Scope
from derive.ir import (
    Array,
    Component,
    Definition,
    Delta,
    Diagonal,
    Element,
    Formula,
    Hadamard,
    Index,
    Int,
    Product,
    Range,
    Size,
    Slope,
    Sum,
    Tensor,
    Times,
    Transposed,
    Whole,
    substitute,
)
from derive.ir.column import OneEntry
from derive.ir.family import Level
from derive.ir.levels import Chain, at_levels
from derive.rules import samples
from derive.rules.samples import H, W, i, j, k, m, v, x, y
from derive.rules.terms import factors, product, without

_WIDTHS = tuple(Size(f"n_{level}") for level in range(4))
_MATRICES = tuple(Tensor(f"F_{q}", f"F_{q}", (_WIDTHS[q], _WIDTHS[q - 1])) for q in (1, 2, 3))
_ANY = Tensor("F_q", "F_q", (Size("n_q"), Size("n_{q-1}")))
_Q = Index("q")


def _layers(formula: Formula, *ranges: Range) -> Example:
    return formula, Scope(Program(_WIDTHS, _MATRICES, ()), ranges)


@rule(
    "one more factor",
    "one more factor of the product",
    "the product gets shorter",
    Element,
    lambda: _layers(
        Element(Product(Chain(Array(_ANY), Range(_Q, 2, 3)), Array(_MATRICES[0])), i, j),
        Range(i, 1, _WIDTHS[3]),
        Range(j, 1, _WIDTHS[0]),
    ),
)
def one_more_factor(f: Element, scope: Scope) -> Formula | None:
    """(J_h ... J_l) J_{l-1} = J_h ... J_{l-1}, where the factor is that of the next level."""
    parts = f.whole.factors if isinstance(f.whole, Product) else ()
    for at, chain in enumerate(parts):
        if not isinstance(chain, Chain):
            continue
        r = chain.levels
        lower = r.lowers[0] - 1
        wanted = at_levels(chain.body, {r.index.hint: Level.from_integer(lower)})
        inner = wanted.factors if isinstance(wanted, Product) else (wanted,)
        if parts[at + 1 : at + 1 + len(inner)] == inner:
            longer = Chain(chain.body, Range(r.index, lower, r.uppers[0]))
            left = (*parts[:at], longer, *parts[at + 1 + len(inner) :])
            return Element(left[0] if len(left) == 1 else Product(*left), *f.indices)
    return None


_L = Tensor("L", "L", (W,))
_CHAINED = (
    Definition(y, (i,), x[i] * x[i]),
    Definition(_L, (j,), Sum(m[i, j] * y[i] * y[i], Range(i, 1, H))),
)


@rule(
    "chain rule of a stack",
    "chain rule: all paths lead through the layer between",
    "the derivative is by a later array",
    Element,
    lambda: (
        Element(Slope(_L, x), j, i),
        Scope(Program((H, W), (x, m), _CHAINED), (Range(j, 1, W), Range(i, 1, H))),
    ),
)
def through_the_layer(f: Element, scope: Scope) -> Formula | None:
    """∂z/∂x = ∂z/∂y ∂y/∂x for columns, where z depends on x through y only; the last such y."""
    slope = f.whole
    if not isinstance(slope, Slope) or slope.layout != "shape" or slope.held:
        return None
    top, by, program = slope.of, slope.by, scope.program
    if len(top.shape) != 1 or len(by.shape) != 1:
        return None
    output = Component(top, *f.indices[:1])
    inside = (t for t in reversed(program.defined) if t in program.ancestors(top))
    for between in inside:
        passed = by in program.ancestors(between) and not program.depends(output, by, (between,))
        if len(between.shape) == 1 and passed:
            return Element(Product(Slope(top, between), Slope(between, by)), *f.indices)
    return None


@rule(
    "column with one entry",
    "all other entries are 0",
    "fewer deltas",
    Times,
    lambda: samples.given(Times(x[i], Delta(i, j), y[i]), Range(i, 1, H), Range(j, 1, H)),
)
def column_with_one_entry(f: Times, scope: Scope) -> Formula | None:
    """f(k) δ_{kj} is entry k of the column with f(j) at j and 0 elsewhere."""
    parts = factors(f)
    for at, g in enumerate(parts):
        if not isinstance(g, Delta):
            continue
        here, there = g.sides
        r = scope.range_of(here.atom) if isinstance(here.atom, Index) else None
        if r is None or len(r.lowers) != 1 or len(r.uppers) != 1:
            continue
        base = r.lowers[0].constant
        if base is None:
            continue
        assert isinstance(here.atom, Index)
        value = substitute(product(*without(parts, at)), {here.atom: there})
        return Element(OneEntry(value, r.uppers[0] + (1 - base), there, base), here)
    return None


@rule(
    "matrix times a column with one entry",
    "only one term of the sum is not 0",
    "fewer columns",
    Element,
    lambda: samples.given_arrays(
        Element(Product(Array(m), OneEntry(x[i] * x[i], W, k)), j),
        *(Range(e, 1, d) for e, d in ((j, H), (i, H), (k, W))),
    ),
)
def times_one_entry(f: Element, scope: Scope) -> Formula | None:
    """[A (0, ..., v, ..., 0)^⊤]_j = A_{ji} v, with v at i."""
    parts = f.whole.factors if isinstance(f.whole, Product) else ()
    if len(parts) < 2 or not isinstance(parts[-1], OneEntry) or len(f.indices) != 1:
        return None
    matrix = parts[0] if len(parts) == 2 else Product(*parts[:-1])
    column = parts[-1]
    return Times(entry_of(matrix, (*f.indices, column.at)), column.value)


def entry_of(a: Whole, at: tuple[Int, ...]) -> Formula:
    """An entry of an array."""
    return Component(a.tensor, *at) if isinstance(a, Array) else Element(a, *at)


@rule(
    "diagonal matrix",
    "an entry-by-entry product with a column is a product with a diagonal matrix",
    "fewer products entry by entry",
    Element,
    lambda: samples.given_arrays(
        Element(Product(Hadamard(Array(x), Array(y)), Transposed(Array(v))), i, j),
        Range(i, 1, H),
        Range(j, 1, W),
    ),
)
def as_diagonal(f: Element, scope: Scope) -> Formula | None:
    """(a ⊙ b) c^⊤ = diag(b) a c^⊤ for columns."""
    parts = f.whole.factors if isinstance(f.whole, Product) else ()
    if len(parts) < 2 or not isinstance(parts[0], Hadamard) or parts[0].rank != 1:
        return None
    first, *rest = parts[0].parts
    diagonal = Diagonal(rest[0] if len(rest) == 1 else Hadamard(*rest))
    return Element(Product(diagonal, first, *parts[1:]), *f.indices)
