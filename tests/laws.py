"""Small symbols and the text form, for the table of laws in `cases/laws.txt`.

    δ picks a term
    for i=1..H, p=1..H
    sum[a=1..K](delta(i+a-1, p) * w[a])
    = [p-i >= 0 and i-p+K-1 >= 0] * w[p-i+1]

The name of a rule, the ranges of the free indices, a formula, and what the rule makes of it; where
it leaves the formula alone, `= as it is`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from derive.derivation.program import Program
from derive.derivation.rule import Rule
from derive.derivation.scope import Scope
from derive.ir import (
    Definition,
    Divides,
    Formula,
    Range,
    Relation,
    Size,
    Tensor,
    at_least,
    floor,
)
from derive.ir.read import from_text
from derive.ir.text import Names
from derive.rules.catalogue import CATALOGUE

TABLE = Path(__file__).parent / "cases" / "laws.txt"

H, K, C, A = Size("H"), Size("K"), Size("C", value=3), Size("A", value=6)
S, R = Size("S", least=2), Size("R", definition=floor(H, 2))
SIZES = (H, K, C, A, S, R)
TENSORS = {
    t.name: t
    for t in (
        *(Tensor(name, name, (H,)) for name in "xyuv"),
        *(Tensor(name, name, (K,)) for name in "wb"),
        Tensor("m", "m", (H, K)),
        Tensor("t", "t", (H, K)),
        Tensor("q", "q", (A,)),
        Tensor("f", "f", (A * K,)),
        Tensor("g", "g", (A, C, K)),
        Tensor("c", "c", (H,), classes=K + 0),
        Tensor("s", "s", (H, K)),
        *(Tensor(name, name, (H,)) for name in ("e", "r", "h", "double", "square", "norm")),
        *(Tensor(name, name, (H,)) for name in ("mean", "share", "both", "twice", "some")),
        *(Tensor(name, name, ()) for name in ("all", "half")),
        Tensor("d", "d", (H, 2)),
        Tensor("lone", "lone", (H, K)),
        Tensor("pair", "pair", (H, H)),
        Tensor("start", "start", (R,)),
        Tensor("o", "o", ()),
        Tensor("L", "L", ()),
    )
}
NAMES = Names(TENSORS, {s.name: s for s in SIZES})


def definition(text: str) -> Definition:
    return from_text(text, NAMES, Definition)


DEFINITIONS = (
    definition("s[i, j] := exp(m[i, j]) * sum[k=1..K](exp(m[i, k]))^-1"),
    definition("e[i] := tanh(x[i])"),
    definition("r[i] := sigmoid(x[i])"),
    definition("h[i] := x[i] * tanh(y[i])"),
    definition("double[i] := 2 * tanh(u[i])"),
    definition("square[i] := x[i]^2"),
    definition("norm[i] := sum[k=1..K](m[i, k]^2)^(1/2)"),
    definition("mean[i] := count(K)^-1 * sum[k=1..K](m[i, k])"),
    definition("share[i] := count(K)^-1 * sum[k=2..K](m[i, k])"),
    definition("twice[i] := 2 * count(K)^-1 * sum[k=1..K](m[i, k])"),
    definition("some[i] := count(K)^-1 * sum[k=1..K | 2 | k](m[i, k])"),
    definition("both[i] := 1/2 * sum[k=1..2](d[i, k])"),
    definition("half[] := 1/2 * count(H)^-1 * sum[i=1..H](x[i])"),
    definition("all[] := count(H*K)^-1 * sum[i=1..H, k=1..K](m[i, k])"),
    definition("lone[i, j] := exp(x[i])"),
    definition("pair[i, j] := tanh(v[i]) * tanh(v[j])"),
    definition("start[i] := sigmoid(u[i])"),
    definition("o[] := exp(2)"),
    definition("L[] := sum[i=1..H](e[i])"),
)
DEFINED = {d.tensor for d in DEFINITIONS}
PROGRAM = Program(
    SIZES,
    tuple(t for t in TENSORS.values() if t not in DEFINED),
    DEFINITIONS,
    (at_least(H, 2), Divides(2, H)),
    (
        from_text("sum[j=1..K](t[n, j]) = 1 for n=1..H", NAMES, Relation),
        from_text("sum[j=1..K](t[n, j] - s[n, j]) = 0 for n=1..H", NAMES, Relation),
    ),
)
RULES = {r.name: r for r in CATALOGUE}


@dataclass(frozen=True)
class Law:
    """A line of the table: what a rule makes of a formula; None where it leaves it alone."""

    rule: Rule
    ranges: tuple[Range, ...]
    before: Formula
    after: Formula | None
    text: str

    @property
    def scope(self) -> Scope:
        return Scope(PROGRAM, self.ranges)


def table() -> Iterator[Law]:
    """All lines of the table."""
    for block in TABLE.read_text(encoding="utf-8").strip().split("\n\n"):
        if not block.startswith("#"):
            yield law(block)


def law(block: str) -> Law:
    """A line of the table from its text."""
    name, where, before, after = block.split("\n")
    result = after.removeprefix("= ")
    return Law(
        RULES[name],
        ranges_of(where.removeprefix("for")),
        from_text(before, NAMES),
        None if result == "as it is" else from_text(result, NAMES),
        block,
    )


def ranges_of(text: str) -> tuple[Range, ...]:
    """Ranges from a text such as `i=1..H, j=i..min(H, 3)`."""
    parts = re.split(r",\s*(?=\w+=)", text.strip())
    return tuple(from_text(part, NAMES, Range) for part in parts if part)
