"""The names of scalar functions as they are printed."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

from derive.document.math import Math, Name, Numeral, Operator, Scripts, Sign, row
from derive.document.notation import parse_name
from derive.ir import Function

_SIGMOID = Name(r"\sigma")
_HEADS: dict[str, Math] = {
    "sigmoid": _SIGMOID,
    "gelu": Operator("GELU"),
    **{f: Operator(f) for f in "exp log sign tanh erf sin cos softplus signedpower".split()},
}


def head(f: Function, symbols: Set[Name]) -> Math:
    """What stands before the arguments: exp, f', ∂₁∂₂f; the sigmoid is σ unless a symbol is."""
    if f.known:
        taken = f.name == "sigmoid" and _SIGMOID in symbols
        return Operator("sigmoid") if taken else _HEADS[f.name]
    name = parse_name(f.name)
    if len(f.orders) < 2:
        return replace(name, primes=name.primes + sum(f.orders))
    partial: list[Math] = []
    for k, times in enumerate(f.orders, start=1):
        partial += [Scripts(Sign("partial"), below=Numeral(str(k)))] * times
    return row(*partial, name)
