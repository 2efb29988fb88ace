"""The laws of whole arrays: what each makes of small expressions, and what it leaves alone."""

from __future__ import annotations

from fractions import Fraction

import pytest

from derive.ir import (
    Added,
    Array,
    Commutation,
    Component,
    Correlated,
    Diagonal,
    DiagonalOf,
    Element,
    Hadamard,
    Identity,
    Kronecker,
    Mapped,
    Number,
    Ones,
    Power,
    Product,
    Raised,
    Range,
    Scaled,
    SquaredNorm,
    Times,
    Trace,
    Transposed,
    Whole,
    Zeros,
)
from derive.rules import array_products as products
from derive.rules import array_sums as sums
from derive.rules import array_transposes as transposes
from derive.rules.array_law import ArrayLaw, G, M, R, S, T, U, V, X, Y
from derive.rules.samples import given_arrays, i, j, m, s, u, x
from derive.rules.wholes import LAWS
from derive.verify.verify import verify_chain

H, W = m.shape
C, D = Component(u, 1), Component(x, 1)
HALF = Fraction(1, 2)
S2 = Array(s)
XT, YT, MT, GT, ST = map(Transposed, (X, Y, M, G, S))


MODULES = (products, sums, transposes)
MINE = [law for law in LAWS if any(law in vars(module).values() for module in MODULES)]


def minus(a: Whole) -> Whole:
    return Scaled(-1, a)


TABLE: list[tuple[ArrayLaw, Whole, Whole | None]] = [
    (transposes.twice_transposed, Transposed(MT), M),
    (transposes.twice_transposed, Transposed(XT), X),
    (transposes.twice_transposed, MT, None),
    (transposes.transposed_product, Transposed(Product(M, R)), Product(Transposed(R), MT)),
    (transposes.transposed_product, Transposed(Product(XT, M)), Product(MT, Transposed(XT))),
    (transposes.transposed_product, MT, None),
    (transposes.transposed_multiple, Transposed(Scaled(C, M)), Scaled(C, MT)),
    (transposes.transposed_multiple, MT, None),
    (transposes.symmetric, Transposed(Diagonal(X)), Diagonal(X)),
    (transposes.symmetric, Transposed(Identity(H)), Identity(H)),
    (transposes.symmetric, ST, None),
    (transposes.transposed_ones, Transposed(Ones((H, W))), Ones((W, H))),
    (transposes.transposed_ones, Transposed(Ones((H,))), None),
    (transposes.transposed_ones, MT, None),
    (transposes.transposed_kronecker, Transposed(Kronecker(M, S)), Kronecker(MT, ST)),
    (transposes.transposed_kronecker, MT, None),
    (transposes.transposed_entries, Transposed(Added(MT, GT)), Added(M, G)),
    (transposes.transposed_entries, Transposed(Added(MT, GT, minus(MT))), Added(M, G, minus(M))),
    (transposes.transposed_entries, Transposed(Added(M, G)), None),
    (transposes.transposed_entries, Transposed(Hadamard(S, ST)), Hadamard(ST, S)),
    (transposes.transposed_entries, Transposed(Hadamard(MT, GT)), Hadamard(M, G)),
    (transposes.transposed_entries, Transposed(Mapped("exp", MT)), Mapped("exp", M)),
    (transposes.transposed_entries, Transposed(Mapped("exp", M)), None),
    (transposes.transposed_entries, Transposed(Raised(2, MT)), Raised(2, M)),
    (
        transposes.transposed_entries,
        Transposed(Added(Diagonal(X), minus(Product(X, YT)))),
        Added(Diagonal(X), minus(Product(Y, XT))),
    ),
    (
        transposes.transposed_entries,
        Transposed(Added(Identity(H), Scaled(HALF, Ones((H, H))))),
        Added(Identity(H), Scaled(HALF, Ones((H, H)))),
    ),
    (transposes.transposed_entries, Transposed(Product(M, MT)), None),
    (transposes.transposed_entries, Transposed(Added(MT, Ones((W, H)))), Added(M, Ones((H, W)))),
    (transposes.transposed_commutation, Transposed(Commutation(H, W)), Commutation(W, H)),
    (transposes.transposed_commutation, Transposed(Commutation(H, W, 0)), Commutation(W, H, 0)),
    (transposes.transposed_commutation, Transposed(Identity(H)), None),
    (
        transposes.transposed_entries,
        Transposed(Added(Identity(H), Product(Diagonal(X), S))),
        Added(Identity(H), Product(ST, Diagonal(X))),
    ),
    (transposes.transposed_entries, Transposed(Added(X, minus(Y))), None),
    (
        transposes.transposed_entries,
        Transposed(Added(Identity(H), Product(Added(X, minus(Y)), Transposed(Added(X, Y))))),
        Added(Identity(H), Product(Added(X, Y), Transposed(Added(X, minus(Y))))),
    ),
    (
        transposes.transposed_entries,
        Transposed(Added(Kronecker(MT, S), minus(Kronecker(GT, S)))),
        Added(Kronecker(M, ST), minus(Kronecker(G, ST))),
    ),
    (
        transposes.transposed_entries,
        Transposed(Added(Product(Kronecker(MT, ST), Commutation(H, H)), Kronecker(GT, ST))),
        Added(Product(Commutation(H, H), Kronecker(M, S)), Kronecker(G, S)),
    ),
    (transposes.transposed_entries, Transposed(Mapped("exp", S)), None),
    (transposes.sum_of_transposes, Added(MT, GT), Transposed(Added(M, G))),
    (
        transposes.sum_of_transposes,
        Added(MT, Scaled(-2, GT)),
        Transposed(Added(M, Scaled(-2, G))),
    ),
    (transposes.sum_of_transposes, Hadamard(MT, GT), Transposed(Hadamard(M, G))),
    (transposes.sum_of_transposes, Added(S, ST), None),
    (transposes.sum_of_transposes, Added(MT), None),
    (products.flat_product, Product(Product(M, MT), M), Product(M, MT, M)),
    (products.flat_product, Product(M, Product(MT, M)), Product(M, MT, M)),
    (products.flat_product, Product(M), M),
    (products.flat_product, Product(M, MT), None),
    (products.without_identity, Product(Identity(H), M), Product(M)),
    (products.without_identity, Product(M, Identity(W), V), Product(M, V)),
    (products.without_identity, Product(Identity(H), Identity(H)), Identity(H)),
    (products.without_identity, Product(M, V), None),
    (products.number_in_front, Product(M, Scaled(C, V)), Scaled(C, Product(M, V))),
    (
        products.number_in_front,
        Hadamard(Scaled(2, X), Scaled(C, Y)),
        Scaled(Number(2) * C, Hadamard(X, Y)),
    ),
    (products.number_in_front, Diagonal(Scaled(C, X)), Scaled(C, Diagonal(X))),
    (products.number_in_front, Trace(Scaled(C, S)), Scaled(C, Trace(S))),
    (products.number_in_front, Product(M, V), None),
    (products.one_number, Scaled(1, X), X),
    (products.one_number, Scaled(2, Scaled(HALF, X)), Scaled(Number(2) * HALF, X)),
    (products.one_number, Scaled(C, Scaled(2, X)), Scaled(C * Number(2), X)),
    (products.one_number, Scaled(Number(2) * Number(3), X), Scaled(6, X)),
    (products.one_number, Scaled(C, X), None),
    (products.one_number, Scaled(2, X), None),
    (products.squared_norm, Product(XT, X), SquaredNorm(X)),
    (products.squared_norm, Product(XT, Y), None),
    (products.squared_norm, Product(XT, Y, XT, X), None),
    (products.squared_norm, Product(X, XT), None),
    (products.squared_norm, Product(MT, M), None),
    (products.diagonal_times_column, Product(Diagonal(X), Y), Product(Hadamard(X, Y))),
    (products.diagonal_times_column, Product(MT, Diagonal(X), Y), Product(MT, Hadamard(X, Y))),
    (products.diagonal_times_column, Product(Diagonal(X), M), None),
    (products.diagonal_times_column, Product(XT, Diagonal(Y)), None),
    (products.diagonal_times_column, Product(S, Y), None),
    (products.diagonal_times_column, Product(Diagonal(X), XT), None),
    (products.diagonal_times_column, Product(Diagonal(XT), Y), None),
    (products.diagonal_times_column, Product(Diagonal(X)), None),
    (
        products.product_of_diagonals,
        Product(MT, Diagonal(X), Diagonal(Y), M),
        Product(MT, Diagonal(Hadamard(X, Y)), M),
    ),
    (
        products.product_of_diagonals,
        Product(MT, Diagonal(X), Diagonal(Y), M, V),
        Product(MT, Diagonal(Hadamard(X, Y)), M, V),
    ),
    (products.product_of_diagonals, Product(Diagonal(X), S, Diagonal(Y)), None),
    (products.diagonal_of_ones, Diagonal(Ones((H,))), Identity(H)),
    (products.diagonal_of_ones, Diagonal(X), None),
    (products.diagonal_of_ones, Diagonal(Ones((H,), 0)), Identity(H, 0)),
    (
        products.identity_of_identities,
        Kronecker(Identity(H), Identity(W)),
        Identity(H * W),
    ),
    (
        products.identity_of_identities,
        Kronecker(Identity(H, 0), Identity(W, 0)),
        Identity(H * W, 0),
    ),
    (products.identity_of_identities, Kronecker(Identity(H), M), None),
    (products.identity_of_identities, Kronecker(M, Identity(H)), None),
    (products.flat_hadamard, Hadamard(X, Ones((H,))), X),
    (products.flat_hadamard, Hadamard(X, Hadamard(Y, X)), Hadamard(X, Y, X)),
    (products.flat_hadamard, Hadamard(Ones((H,)), Ones((H,))), Ones((H,))),
    (products.flat_hadamard, Hadamard(X), X),
    (products.flat_hadamard, Hadamard(X, Y), None),
    (products.square_entries, Hadamard(X, X), Raised(2, X)),
    (products.square_entries, Hadamard(Y, X, X, T, X), Hadamard(Y, Raised(3, X), T)),
    (products.square_entries, Hadamard(X, Y, X), Hadamard(Raised(2, X), Y)),
    (products.square_entries, Hadamard(X, Y, Y, X), Hadamard(Raised(2, X), Y, Y)),
    (products.square_entries, Hadamard(X, Y, X, Y), Hadamard(Raised(2, X), Y, Y)),
    (products.square_entries, Hadamard(X, Y), None),
    (sums.tidy_sum, Added(X, X), Scaled(2, X)),
    (sums.tidy_sum, Added(X, minus(X)), Zeros((H,))),
    (sums.tidy_sum, Added(X, Added(Y, Scaled(-3, X))), Added(Scaled(-2, X), Y)),
    (sums.tidy_sum, Added(Scaled(C, X), X, Scaled(C, X)), Added(Scaled(Number(2) * C, X), X)),
    (sums.tidy_sum, Added(X), X),
    (sums.tidy_sum, Added(ST, S), Added(S, ST)),
    (sums.tidy_sum, Added(S, ST), None),
    (sums.tidy_sum, Added(X, Y), None),
    (
        sums.tidy_sum,
        Added(Scaled(C, Scaled(D, X)), Scaled(C, X)),
        Added(Scaled(C * D, X), Scaled(C, X)),
    ),
    (sums.tidy_sum, Added(Ones((H,), 0), minus(Ones((H,), 0))), Zeros((H,), 0)),
    (
        sums.common_multiple,
        Added(Scaled(2, X), Scaled(-4, Y)),
        None,
    ),
    (sums.common_multiple, Added(Scaled(2, X), Scaled(2, Y)), Scaled(2, Added(X, Y))),
    (sums.common_multiple, Added(Scaled(-2, X), Scaled(-2, Y)), Scaled(-2, Added(X, Y))),
    (sums.common_multiple, Added(Scaled(HALF, X), minus(Y)), None),
    (
        sums.common_multiple,
        Added(Scaled(C, X), Scaled(Number(3) * C, Y)),
        Scaled(C, Added(X, Scaled(3, Y))),
    ),
    (sums.common_multiple, Added(minus(X), minus(Y)), None),
    (sums.common_multiple, Added(Scaled(C, X), Y), None),
    (
        sums.common_multiple,
        Added(Scaled(C * D, X), Scaled(D * C, Y)),
        Scaled(C * D, Added(X, Y)),
    ),
    (sums.common_multiple, Added(X, Scaled(C, Y)), None),
    (sums.sign_inside, minus(Added(X, minus(Y))), Added(Y, minus(X))),
    (sums.sign_inside, Scaled(-2, Added(X, minus(Y), T)), None),
    (sums.sign_inside, minus(Added(X, Y)), None),
    (sums.sign_inside, Scaled(HALF, Added(X, minus(Y))), None),
    (
        sums.sign_inside,
        Scaled(Number(-1) * Element(Product(XT, Added(X, minus(Y)))), Added(X, minus(Y))),
        None,
    ),
    (
        sums.sign_inside,
        minus(Added(X, Scaled(-HALF, Y))),
        Added(Scaled(HALF, Y), minus(X)),
    ),
    (sums.sign_inside, Scaled(2, Added(X, minus(Y))), None),
    (sums.sign_inside, minus(X), None),
    (
        sums.sign_into_product,
        minus(Product(ST, Added(X, minus(Y)))),
        Product(ST, Added(Y, minus(X))),
    ),
    (
        sums.sign_into_product,
        Scaled(-2, Product(Transposed(Added(X, minus(Y))), S)),
        Scaled(2, Product(Transposed(Added(Y, minus(X))), S)),
    ),
    (
        sums.sign_into_product,
        minus(Product(Added(X, minus(Y)), Transposed(Added(X, minus(Y))))),
        None,
    ),
    (sums.sign_into_product, minus(Product(S, Added(X, Y))), None),
    (sums.sign_into_product, Scaled(HALF, Product(S, Added(X, minus(Y)))), None),
    (sums.sign_into_product, Scaled(2, Product(S, Added(X, minus(Y)))), None),
    (sums.sign_into_product, minus(X), None),
    (
        sums.opposite_differences,
        Product(Added(X, minus(Y)), Transposed(Added(Y, minus(X)))),
        minus(Product(Added(Y, minus(X)), Transposed(Added(Y, minus(X))))),
    ),
    (
        sums.opposite_differences,
        Scaled(Element(Product(XT, Added(X, minus(Y)))), Added(Y, minus(X))),
        Scaled(Number(-1) * Element(Product(XT, Added(Y, minus(X)))), Added(Y, minus(X))),
    ),
    (
        sums.opposite_differences,
        Product(Added(X, minus(Y)), Transposed(Added(X, minus(Y)))),
        None,
    ),
    (
        sums.opposite_differences,
        Product(Transposed(Added(X, minus(Y))), S, Added(Y, minus(X))),
        minus(Product(Transposed(Added(Y, minus(X))), S, Added(Y, minus(X)))),
    ),
    (sums.opposite_differences, Scaled(C, Added(Y, minus(X))), None),
    (sums.opposite_differences, Scaled(Element(Trace(S)), Added(Y, minus(X))), None),
    (
        sums.opposite_differences,
        Scaled(C * Element(Product(XT, Added(X, minus(Y)))), Added(Y, minus(X))),
        Scaled(Times(Number(-1), C, Element(Product(XT, Added(Y, minus(X))))), Added(Y, minus(X))),
    ),
    (
        sums.opposite_differences,
        Scaled(Element(Product(XT, Added(X, minus(T)))), Added(Y, minus(X))),
        None,
    ),
    (sums.sum_of_diagonals, Added(Diagonal(X), Diagonal(Y)), Diagonal(Added(X, Y))),
    (
        sums.sum_of_diagonals,
        Added(S, Identity(H), Scaled(-2, Diagonal(Y))),
        Added(S, Diagonal(Added(Ones((H,)), Scaled(-2, Y)))),
    ),
    (sums.sum_of_diagonals, Added(Diagonal(X), S), None),
    (
        sums.sum_of_diagonals,
        Added(Identity(H, 0), Diagonal(Ones((H,), 0))),
        Diagonal(Added(Ones((H,), 0), Ones((H,), 0))),
    ),
    (
        sums.common_entries,
        Added(Hadamard(X, Y), Hadamard(X, T)),
        Hadamard(X, Added(Y, T)),
    ),
    (
        sums.common_entries,
        Added(T, X, minus(Hadamard(X, Y))),
        Added(T, Hadamard(X, Added(Ones((H,)), minus(Y)))),
    ),
    (
        sums.common_entries,
        Added(Hadamard(X, Y, X), Scaled(3, Hadamard(X, T))),
        Hadamard(X, Added(Hadamard(Y, X), Scaled(3, T))),
    ),
    (sums.common_entries, Added(Hadamard(X, Y), T), None),
    (
        sums.common_entries,
        Added(Hadamard(Y, X), Hadamard(T, X)),
        Hadamard(X, Added(Y, T)),
    ),
    (
        sums.common_entries,
        Added(Ones((H,), 0), Hadamard(Ones((H,), 0), Raised(2, Ones((H,), 0)))),
        Hadamard(Ones((H,), 0), Added(Ones((H,), 0), Raised(2, Ones((H,), 0)))),
    ),
    (sums.common_entries, Added(X, X), None),
    (
        sums.number_inside,
        Scaled(HALF, Added(X, Scaled(2, Y))),
        Added(Scaled(HALF, X), Y),
    ),
    (
        sums.number_inside,
        Scaled(HALF, Added(Scaled(2, X), Scaled(-2, Y))),
        Added(X, minus(Y)),
    ),
    (
        sums.number_inside,
        Scaled(-2, Added(minus(X), Scaled(-HALF, Y))),
        Added(Scaled(2, X), Y),
    ),
    (sums.number_inside, Scaled(2, Added(X, Y)), None),
    (sums.number_inside, Scaled(2, Added(X, Scaled(3, Y))), None),
    (sums.number_inside, Scaled(Number(2) * C, Added(Scaled(HALF, X), Y)), None),
    (sums.number_inside, Scaled(C, Added(X, Scaled(2, Y))), None),
    (sums.number_inside, Scaled(2, X), None),
    (
        sums.common_right,
        Added(Product(S, X), Product(ST, X)),
        Product(Added(S, ST), X),
    ),
    (
        sums.common_right,
        Added(Y, Product(S, X), Scaled(3, Product(S, ST, X))),
        Added(Y, Product(Added(S, Scaled(3, Product(S, ST))), X)),
    ),
    (sums.common_right, Added(X, Product(S, X)), None),
    (
        sums.common_right,
        Added(Y, Product(S, X), T, Product(ST, X)),
        Added(Y, Product(Added(S, ST), X), T),
    ),
    (sums.common_right, Added(Product(S, X), Product(S, Y)), None),
    (
        sums.common_left,
        Added(Product(S, X), minus(Product(S, Y))),
        Product(S, Added(X, minus(Y))),
    ),
    (
        sums.common_left,
        Added(Product(S, M, V), Product(S, X)),
        Product(S, Added(Product(M, V), X)),
    ),
    (sums.common_left, Added(Product(S, X), Product(ST, X)), None),
    (sums.common_left, Added(X, Y), None),
]


@pytest.mark.parametrize(
    ("law", "before", "after"),
    TABLE,
    ids=[f"{law.name} {k}" for k, (law, _, _) in enumerate(TABLE)],
)
def test_law(law: ArrayLaw, before: Whole, after: Whole | None) -> None:
    assert isinstance(before, law.on)
    new = law.apply(before)
    assert new == after
    if new is None:
        return
    assert new.shape == before.shape
    assert new.row == before.row
    at = (i, j)[: before.rank]
    first = 1 if before.base is None else before.base
    ranges = [Range(k, first, d + first - 1) for k, d in zip(at, before.shape, strict=True)]
    _, scope = given_arrays(Element(before, *at), *ranges)
    sides = [Element(before, *at), Element(new, *at)]
    verdict = verify_chain(scope.program, sides, scope.ranges)
    assert verdict.ends.holds, verdict.ends


def test_each_law_fires_somewhere_and_has_a_limit() -> None:
    for law in MINE:
        mine = [after for known, _, after in TABLE if known is law]
        assert any(after is not None for after in mine), law.name
        assert any(after is None for after in mine), law.name


def test_no_law_looks_inside_other_nodes() -> None:
    """A node of a class that a law does not name is left alone by it."""
    others = (U, V, DiagonalOf(S2), Correlated(M, G), Scaled(Power(C, Number(2)), X))
    for law in LAWS:
        assert all(law.apply(a) is None for a in others if isinstance(a, law.on))
