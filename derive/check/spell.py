"""Sizes, conditions on them, and values, for messages."""

from __future__ import annotations

from derive.ir import Divides, Equal, Floor, Guard, Int, NonNegative, Size, conjuncts
from derive.ir.integer import Atom


def integer(e: Int) -> str:
    """An integer expression in sizes: `I+2P-K`, `N H_{out} W_{out}`."""
    ordered = sorted(e.terms, key=lambda term: term[1] < 0)
    text = ""
    for monomial, c in ordered:
        names = _product([_power(_atom(a), monomial.count(a)) for a in dict.fromkeys(monomial)])
        number = str(abs(c)) if abs(c) != 1 or not monomial else ""
        text += ("-" if c < 0 else "+") + number + names
    return text.removeprefix("+") or "0"


def _atom(a: Atom) -> str:
    if isinstance(a, Size):
        return a.name
    if isinstance(a, Floor):
        n, d = a.parts
        return rf"\lfloor({integer(n)})/{integer(d)}\rfloor"
    return str(a)


def _power(name: str, n: int) -> str:
    return name if n == 1 else f"{name}^{{{n}}}" if "^" not in name else f"({name})^{{{n}}}"


def _product(names: list[str]) -> str:
    """Factors side by side; a space where one has more than a letter."""
    apart = any(len(name) > 1 for name in names)
    return (" " if apart else "").join(names)


def entries(value: object) -> str:
    """Nested lists of numbers: `[1, -2/3]`."""
    if isinstance(value, list):
        return f"[{', '.join(map(entries, value))}]"
    return str(value)


def condition(guard: Guard) -> str:
    """A condition on sizes: `S = 1`, `S \\mid I+2P-K`."""
    return " and ".join(_condition(part) for part in conjuncts(guard))


def _condition(guard: Guard) -> str:
    sides = [integer(e) for e in guard.args if isinstance(e, Int)]
    if isinstance(guard, Equal):
        return " = ".join(sides)
    if isinstance(guard, Divides):
        return r" \mid ".join(sides)
    if isinstance(guard, NonNegative):
        return f"{sides[0]} >= 0"
    return str(guard)
