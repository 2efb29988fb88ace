"""Scalar functions in Python, entry by entry: in NumPy, in torch, and of single numbers.

`x` stands for the argument, as text that can be called with or put between brackets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from derive.errors import Unsupported
from derive.ir import Apply
from derive.writers.python.spell import Strength, Text, call, product, total


@dataclass(frozen=True)
class Dialect:
    """How a target spells what NumPy and torch name differently.

    In torch a new tensor has the precision and the device of another one, `like`.
    """

    module: str
    """The name under which its functions are called."""
    imported: str
    """The import of the module."""
    axis: str
    """The keyword for an axis."""
    error_function: str
    like: str = ""

    def zeros(self, shape: str, integers: bool = False) -> str:
        """An array of zeros; with `integers` one of positions."""
        if not self.like:
            return f"{self.module}.zeros({shape}{', dtype=int' if integers else ''})"
        return f"{self.like}.new_zeros({shape}{', dtype=torch.long' if integers else ''})"

    def least(self, shape: str) -> str:
        """An array of -∞."""
        new = f"{self.like}.new_full" if self.like else f"{self.module}.full"
        return f"{new}({shape}, -{self.module}.inf)"

    def floating(self, numbers: Text) -> Text:
        """An array of whole numbers with the precision of the others; NumPy mixes both."""
        return Text(f"{numbers}.to({self.like}.dtype)") if self.like else numbers

    def imports(self, source: str) -> str:
        """The imports that a source needs; NumPy has no error function of its own."""
        missing = self is NUMPY and "erf(" in source
        lines = ["import math", ""] if missing else []
        lines.append(self.imported)
        if missing:
            lines += ["", "erf = np.vectorize(math.erf, otypes=[float])"]
        return "\n".join(lines)


NUMPY = Dialect("np", "import numpy as np", "axis", "erf")
TORCH = Dialect("torch", "import torch", "dim", "torch.erf")
DIALECTS = {"numpy": NUMPY, "torch": TORCH}

ONE = Text("1")


def applied(f: Apply, x: tuple[Text, ...], of: Dialect) -> Text:
    """The value of a scalar function at the arguments `x`."""
    name = f.function.name
    if not f.function.known:
        raise Unsupported(f"no Python for the unknown function {name}")
    spelled = TABLE.get(name)
    if spelled is not None:
        return spelled(of, *x)
    if name in ("exp", "log", "sqrt", "abs", "sign", "tanh", "sin", "cos"):
        return call(f"{of.module}.{name}", *x)
    raise Unsupported(f"no Python for the function {name}")


def _exp(of: Dialect, x: Text) -> Text:
    return call(f"{of.module}.exp", x)


def _relu(of: Dialect, x: Text) -> Text:
    if of.module == TORCH.module:
        return call("torch.relu", x)
    return call("np.maximum", x, Text("0.0"))


def _sigmoid(of: Dialect, x: Text) -> Text:
    minus = Text(x.text, x.strength, not x.negative)
    return product([ONE], [total([ONE, _exp(of, minus)])])


def _softplus(of: Dialect, x: Text) -> Text:
    return call(f"{of.module}.log", total([ONE, _exp(of, x)]))


def _erf(of: Dialect, x: Text) -> Text:
    return call(of.error_function, x)


def _gelu(of: Dialect, x: Text) -> Text:
    root = Text("2**0.5", Strength.POWER)
    inner = call(of.error_function, product([x], [root]))
    return product([x, total([ONE, inner])], [Text("2")])


def _signed_power(of: Dialect, x: Text, p: Text) -> Text:
    size = call(f"{of.module}.abs", x)
    raised = Text(f"{size}**{p.within(Strength.SIGN)}", Strength.POWER)
    return product([call(f"{of.module}.sign", x), raised])


TABLE: dict[str, Callable[..., Text]] = {
    "relu": _relu,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "erf": _erf,
    "gelu": _gelu,
    "signedpower": _signed_power,
}
