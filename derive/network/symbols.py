"""What the names in a formula about a model mean."""

from __future__ import annotations

from derive.latex import Symbols
from derive.network.build import Model


def symbols_of(model: Model) -> Symbols:
    """Everything that the Given declares: arrays, sizes, functions, cotangents, operators."""
    return model.table
