"""The code of a network: a module with its forward and backward pass."""

from __future__ import annotations

from pathlib import Path

from derive.engine.passes import passes
from derive.network.build import Model, build
from derive.network.given import load
from derive.writers.python import module


def code(path: Path, target: str = "numpy", style: str = "arrays") -> str:
    """The module for the network in a TOML file, for NumPy or torch; as arrays or as loops."""
    return code_of(build(load(path)), target, style)


def code_of(model: Model, target: str = "numpy", style: str = "arrays") -> str:
    """The module for a network: gradients by everything but targets."""
    made = passes(model.title, model.program, model.targets, model.hidden)
    return module(made, target, style)
