"""The laws of arrays whose entries are moved: what each makes of them, and what it leaves alone."""

from __future__ import annotations

import pytest

from derive.ir import (
    Element,
    Folded,
    Hadamard,
    Index,
    Ones,
    Permuted,
    Range,
    Reshaped,
    Series,
    Sliced,
    Transposed,
    Unfolded,
    Whole,
    free_indices,
)
from derive.rules import array_moves as laws
from derive.rules.array_law import ArrayLaw
from derive.rules.samples import given_arrays
from derive.rules.wholes import LAWS
from derive.verify.verify import verify_chain

A, IMAGES, COLUMNS = laws.BATCH, laws.IMAGES, laws.COLUMNS
H, W, K = A.shape
n = Index("n")
AN = Sliced(A, (0,), (n,))
ONE_AXIS = Reshaped(A, (H, 1, W, K))
WINDOWS, CLOSER = laws.WINDOWS, ((2, 2), (1, 1), (1, 0), (1, 1))
COLUMNS_OF = Unfolded(IMAGES, *WINDOWS)
RUN = Range(n, 1, H)

TABLE: list[tuple[ArrayLaw, Whole, Whole | None]] = [
    (laws.slice_of_permuted, Sliced(Permuted(A, (0, 2, 1)), (0,), (n,)), Transposed(AN)),
    (laws.slice_of_permuted, Sliced(Permuted(A, (1, 0, 2)), (1,), (n,)), AN),
    (
        laws.slice_of_permuted,
        Sliced(Permuted(A, (2, 0, 1)), (2,), (1,)),
        Transposed(Sliced(A, (1,), (1,))),
    ),
    (
        laws.slice_of_permuted,
        Sliced(Permuted(IMAGES, (1, 0, 3, 2)), (1,), (n,)),
        Permuted(Sliced(IMAGES, (0,), (n,)), (0, 2, 1)),
    ),
    (
        laws.slice_of_permuted,
        Sliced(Permuted(A, (1, 0, 2)), (1, 2), (n, 1)),
        Sliced(A, (0, 2), (n, 1)),
    ),
    (laws.slice_of_permuted, AN, None),
    (
        laws.slice_of_reshape,
        Sliced(Reshaped(A, (H, W * K)), (0,), (n,)),
        Reshaped(AN, (W * K,)),
    ),
    (
        laws.slice_of_reshape,
        Sliced(Reshaped(IMAGES, (H, 2, 8)), (0, 1), (n, 2)),
        Reshaped(Sliced(IMAGES, (0, 1), (n, 2)), (8,)),
    ),
    (laws.slice_of_reshape, Sliced(Reshaped(A, (H * W, K)), (0,), (n,)), None),
    (laws.slice_of_reshape, Sliced(Reshaped(A, (H, W * K)), (1,), (n,)), None),
    (laws.slice_of_reshape, AN, None),
    (
        laws.slice_of_images,
        Sliced(Folded(COLUMNS, IMAGES.shape, *WINDOWS), (0,), (n,)),
        Folded(Sliced(COLUMNS, (0,), (n,)), IMAGES.shape[1:], *WINDOWS),
    ),
    (
        laws.slice_of_images,
        Sliced(COLUMNS_OF, (0,), (n,)),
        Unfolded(Sliced(IMAGES, (0,), (n,)), *WINDOWS),
    ),
    (laws.slice_of_images, Sliced(COLUMNS_OF, (1,), (n,)), None),
    (laws.slice_of_images, Sliced(COLUMNS_OF, (0, 1), (n, 1)), None),
    (laws.slice_of_images, Sliced(Folded(COLUMNS, IMAGES.shape, *WINDOWS), (0, 1), (n, 1)), None),
    (laws.slice_of_images, AN, None),
    (laws.permuted_twice, Permuted(Permuted(A, (1, 2, 0)), (1, 2, 0)), Permuted(A, (2, 0, 1))),
    (laws.permuted_twice, Permuted(Permuted(A, (1, 2, 0)), (0, 2, 1)), Permuted(A, (1, 0, 2))),
    (laws.permuted_twice, Permuted(Permuted(A, (1, 2, 0)), (2, 0, 1)), A),
    (laws.permuted_twice, Permuted(A, (1, 2, 0)), None),
    (laws.reshaped_twice, Reshaped(Reshaped(A, (H, W * K)), (H * W, K)), Reshaped(A, (H * W, K))),
    (laws.reshaped_twice, Reshaped(A, (H, W * K)), None),
    (
        laws.reshape_of_slice,
        Reshaped(Sliced(ONE_AXIS, (1,), (1,)), (H * W, K)),
        Reshaped(ONE_AXIS, (H * W, K)),
    ),
    (
        laws.reshape_of_slice,
        Reshaped(Sliced(ONE_AXIS, (0, 1), (n, 1)), (W * K,)),
        Reshaped(Sliced(ONE_AXIS, (0,), (n,)), (W * K,)),
    ),
    (laws.reshape_of_slice, Reshaped(AN, (W * K,)), None),
    (laws.reshape_of_slice, Reshaped(A, (H * W, K)), None),
    (laws.reshaped_to_its_shape, Reshaped(A, A.shape), A),
    (laws.reshaped_to_its_shape, Reshaped(A, (H * W, K)), None),
    (
        laws.transposed_series,
        Transposed(Series(AN, RUN)),
        Series(Transposed(AN), RUN),
    ),
    (laws.transposed_series, Transposed(AN), None),
    (
        laws.fold_of_unfold,
        Folded(COLUMNS_OF, IMAGES.shape, *WINDOWS),
        Hadamard(Folded(Unfolded(Ones(IMAGES.shape), *WINDOWS), IMAGES.shape, *WINDOWS), IMAGES),
    ),
    (
        laws.fold_of_unfold,
        Folded(Unfolded(Ones(IMAGES.shape), *WINDOWS), IMAGES.shape, *WINDOWS),
        None,
    ),
    (laws.fold_of_unfold, Folded(COLUMNS, IMAGES.shape, *WINDOWS), None),
]


@pytest.mark.parametrize(("law", "before", "after"), TABLE)
def test_law(law: ArrayLaw, before: Whole, after: Whole | None) -> None:
    assert isinstance(before, law.on)
    new = law.apply(before)
    assert new == after
    if new is None:
        return
    assert new.shape == before.shape
    at = tuple(map(Index, "ijkp"))[: before.rank]
    ranges = [Range(k, 1, d) for k, d in zip(at, before.shape, strict=True)]
    ranges += [RUN] if n in free_indices(before) else []
    _, scope = given_arrays(Element(before, *at), *ranges)
    sides = [Element(before, *at), Element(new, *at)]
    verdict = verify_chain(scope.program, sides, scope.ranges)
    assert verdict.ends.holds, verdict.ends


def test_windows_of_other_images_are_not_taken_for_these() -> None:
    """What is folded must be the columns of the same windows of an image of the same shape."""
    wider = Folded(COLUMNS_OF, (H, 2, 2, 5), *WINDOWS)
    assert laws.fold_of_unfold.apply(wider) is None
    closer = Folded(COLUMNS_OF, (H, 2, 2, 3), *CLOSER)
    assert laws.fold_of_unfold.apply(closer) is None


def test_each_law_fires_somewhere_and_has_a_limit() -> None:
    for law in (law for law in LAWS if law in vars(laws).values()):
        mine = [after for known, _, after in TABLE if known is law]
        assert any(after is not None for after in mine), law.name
        assert any(after is None for after in mine), law.name
