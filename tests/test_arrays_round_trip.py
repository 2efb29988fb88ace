"""What is printed of whole arrays is read as the same arrays: every node in every slot.

The reader takes an array by its entries, so that what it reads is compared with an entry of what
was printed, by evaluating both.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from derive.derivation.program import Program
from derive.document import layout
from derive.document.notation import Names
from derive.ir import (
    Added,
    Array,
    Compared,
    Diagonal,
    DiagonalOf,
    Element,
    Hadamard,
    Identity,
    Index,
    Kronecker,
    Mapped,
    Number,
    Ones,
    Outer,
    Permuted,
    Power,
    Product,
    Raised,
    Range,
    Reshaped,
    Scaled,
    Series,
    Size,
    Sliced,
    Softmax,
    SquaredNorm,
    Summed,
    Tensor,
    Trace,
    Transposed,
    Vec,
    Whole,
)
from derive.latex import Symbols, read_definition
from derive.verify.verify import Verifier
from derive.writers.latex_math import latex_math

m, n = Size("m"), Size("n")
TENSORS = {
    name: Tensor(name, name, shape)
    for name, shape in (
        *((name, (m, m)) for name in ("A", "B", "Q")),
        *((name, (m,)) for name in "uv"),
        ("W", (m, n)),
        ("V", (n, m)),
        ("X", (n, m, m)),
        ("c", ()),
    )
}
A, B, Q, W, V, X, u, v, c = (Array(TENSORS[name]) for name in "ABQWVXuvc")
PROGRAM = Program((m, n), tuple(TENSORS.values()), ())
SYMBOLS = Symbols(tensors=TENSORS, sizes={"m": m, "n": n})
k = Index("k")

SQUARE: dict[str, Whole] = {
    "matrix": A,
    "product": Product(W, V),
    "three factors": Product(A, W, V),
    "transposed": Transposed(A),
    "transposed product": Transposed(Product(A, B)),
    "sum": Added(A, B),
    "difference": Added(A, Scaled(Number(-1), B)),
    "negative": Scaled(Number(-1), A),
    "entry by entry": Hadamard(A, B),
    "scaled": Scaled(Number(2), A),
    "scaled by a scalar": Scaled(Element(c), A),
    "over a norm": Scaled(Power(Element(SquaredNorm(u)), Number(-1)), A),
    "scaled product": Scaled(Element(c), Product(A, B)),
    "diagonal": Diagonal(u),
    "function": Mapped("tanh", A),
    "function with a sign of its own": Mapped("sqrt", Raised(Number(2), A)),
    "absolute values": Mapped("abs", A),
    "relu": Mapped("relu", A),
    "power": Raised(Number(2), A),
    "reciprocal": Raised(Number(-1), A),
    "comparison": Compared(Number(0), "<", A),
    "comparison of arrays": Compared(A, "<=", B),
    "rows": Softmax(A),
    "outer product": Product(u, Transposed(v)),
    "tensor product": Outer(u, v),
    "identity": Identity(m),
    "ones": Ones((m, m)),
    "columns of ones": Product(u, Transposed(Ones((m,)))),
    "slice": Sliced(X, (0,), (1,)),
    "permuted": Permuted(A, (1, 0)),
    "summed over an axis": Summed(X, (0,)),
    "reshaped": Reshaped(Reshaped(A, (m * m,)), (m, m)),
    "series": Series(Product(Sliced(X, (0,), (k,)), A), Range(k, 1, n)),
}
SLOTS: dict[str, Callable[[Whole], Whole]] = {
    "alone": lambda a: a,
    "transposed": Transposed,
    "left factor": lambda a: Product(a, B),
    "right factor": lambda a: Product(B, a),
    "between factors": lambda a: Product(Transposed(u), a, v),
    "first term": lambda a: Added(a, B),
    "last term": lambda a: Added(B, a),
    "subtracted": lambda a: Added(B, Scaled(Number(-1), a)),
    "side of ⊙": lambda a: Hadamard(B, a),
    "times a scalar": lambda a: Scaled(Element(c), a),
    "side of ⊗": lambda a: Kronecker(a, B),
    "argument": lambda a: Mapped("exp", a),
    "base of a power": lambda a: Raised(Number(3), a),
    "compared": lambda a: Compared(Number(0), "<", a),
    "diagonal of": DiagonalOf,
    "trace": Trace,
    "norm": SquaredNorm,
    "vec": Vec,
    "reshaped": lambda a: Reshaped(a, (m * m,)),
    "summed": lambda a: Summed(a, (1,)),
    "permuted": lambda a: Permuted(a, (1, 0)),
    "summand": lambda a: Series(Product(a, Sliced(X, (0,), (k,))), Range(k, 1, n)),
}


@pytest.mark.parametrize("slot", SLOTS)
def test_every_array_in_every_slot(slot: str) -> None:
    for name, node in SQUARE.items():
        problem = difference(SLOTS[slot](node))
        assert problem is None, f"{name}: {problem}"


def difference(a: Whole) -> str | None:
    """What the text of an array is read as, where that is another array."""
    source = latex_math(layout.whole(a, Names.of([Element(a, *[1] * a.rank)])))
    d = read_definition(f"R = {source}", SYMBOLS)
    if d.tensor.shape != a.shape:
        return f"{source}: the shape {d.tensor.shape}"
    verdict = Verifier(PROGRAM, draws=2).chain([d.body, Element(a, *d.indices)], d.ranges)
    return None if verdict.ends.holds else f"{source}: {verdict.ends.counterexample}"
