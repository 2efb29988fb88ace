"""Python expressions with as few brackets as they need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class Strength(IntEnum):
    """How tightly an expression holds together, as Python's grammar has it."""

    CHOICE = 0
    COMPARISON = 1
    TERM = 2
    FACTOR = 3
    SIGN = 4
    POWER = 5
    ATOM = 6


@dataclass(frozen=True)
class Text:
    """An expression; `negative` says that it is to be subtracted instead of added."""

    text: str
    strength: Strength = Strength.ATOM
    negative: bool = False

    def within(self, wanted: Strength) -> str:
        """The expression for a slot, in brackets where it needs them; its sign included."""
        whole = self.signed
        return whole.text if whole.strength >= wanted else f"({whole.text})"

    @property
    def signed(self) -> Text:
        """The expression with its sign."""
        if not self.negative:
            return self
        inner = self.text if self.strength >= Strength.FACTOR else f"({self.text})"
        bound = min(self.strength, Strength.SIGN)
        return Text(f"-{inner}", bound if self.strength >= Strength.FACTOR else Strength.SIGN)

    def __str__(self) -> str:
        return self.signed.text


ZERO, ONE = Text("0.0"), Text("1.0")


def total(terms: Sequence[Text]) -> Text:
    """a + b - c, a positive term first where there is one."""
    if not terms:
        return ZERO
    if len(terms) == 1:
        return terms[0]
    first = next((k for k, t in enumerate(terms) if not t.negative), 0)
    ordered = [terms[first], *terms[:first], *terms[first + 1 :]]
    text = ordered[0].within(Strength.TERM)
    for t in ordered[1:]:
        plain = Text(t.text, t.strength)
        text += f" {'-' if t.negative else '+'} {plain.within(Strength.FACTOR)}"
    return Text(text, Strength.TERM)


def product(above: Sequence[Text], below: Sequence[Text] = ()) -> Text:
    """a * b / c; the signs of the factors make one sign."""
    negative = sum(t.negative for t in (*above, *below)) % 2 == 1
    plain = [Text(t.text, t.strength) for t in above if t.text != "1"] or [Text("1")]
    if len(plain) == 1 and not below:
        return Text(plain[0].text, plain[0].strength, negative)
    text = " * ".join(
        t.within(Strength.SIGN if k else Strength.FACTOR) for k, t in enumerate(plain)
    )
    for t in below:
        text += f" / {Text(t.text, t.strength).within(Strength.SIGN)}"
    return Text(text, Strength.FACTOR, negative)


def call(function: str, *arguments: Text | str) -> Text:
    """f(a, b)."""
    return Text(f"{function}({', '.join(map(str, arguments))})")


def choice(value: Text, condition: Text, otherwise: Text = ZERO) -> Text:
    """`value if condition else otherwise`."""
    inner = value.within(Strength.COMPARISON)
    text = f"{inner} if {condition.within(Strength.COMPARISON)} else {otherwise}"
    return Text(text, Strength.CHOICE)


def sequence(parts: Sequence[str]) -> str:
    """A tuple: (a, b), (a,)."""
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
