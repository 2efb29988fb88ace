"""The laws of whole arrays, which bring a matrix form to the one that a textbook has."""

from __future__ import annotations

from derive.rules.array_law import ArrayLaw
from derive.rules.array_moves import (
    fold_of_unfold,
    permuted_twice,
    reshaped_to_its_shape,
    reshaped_twice,
    slice_of_images,
    slice_of_permuted,
    slice_of_reshape,
    transposed_series,
)
from derive.rules.array_products import (
    diagonal_of_ones,
    diagonal_times_column,
    flat_hadamard,
    flat_product,
    identity_of_identities,
    number_in_front,
    one_number,
    product_of_diagonals,
    square_entries,
    without_identity,
)
from derive.rules.array_sums import (
    common_entries,
    common_left,
    common_multiple,
    common_right,
    number_inside,
    opposite_differences,
    sign_inside,
    sign_into_product,
    sum_of_diagonals,
    tidy_sum,
)
from derive.rules.array_transposes import (
    sum_of_transposes,
    symmetric,
    transposed_entries,
    transposed_kronecker,
    transposed_multiple,
    transposed_ones,
    transposed_product,
    twice_transposed,
)

LAWS: tuple[ArrayLaw, ...] = (
    slice_of_permuted,
    slice_of_reshape,
    slice_of_images,
    permuted_twice,
    reshaped_twice,
    reshaped_to_its_shape,
    fold_of_unfold,
    twice_transposed,
    transposed_series,
    symmetric,
    transposed_ones,
    transposed_product,
    transposed_multiple,
    transposed_kronecker,
    transposed_entries,
    flat_product,
    without_identity,
    number_in_front,
    one_number,
    product_of_diagonals,
    diagonal_times_column,
    identity_of_identities,
    diagonal_of_ones,
    flat_hadamard,
    square_entries,
    tidy_sum,
    sum_of_diagonals,
    common_entries,
    common_multiple,
    number_inside,
    sign_inside,
    sign_into_product,
    opposite_differences,
    common_right,
    common_left,
    sum_of_transposes,
)
"""In the order in which they are tried at a node."""
