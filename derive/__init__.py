"""Checked, step-by-step derivations of the formulas and gradients of neural networks.

>>> import derive
>>> given = derive.load("examples/lenet.toml")
>>> given.gradient("conv.weight").latex()
"""

from importlib import import_module

__version__ = "0.1.0"
__all__ = ["Given", "Network", "Stack", "check", "load", "load_stack", "sheet"]


def __getattr__(name: str) -> object:
    """The public names, from `derive.api` when first asked for: SymPy takes 0.3 s to load."""
    if name not in __all__:
        raise AttributeError(f"module 'derive' has no attribute {name!r}")
    return getattr(import_module("derive.api"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
