"""Small symbols for the examples of the rules: every rule is tried on one, at ties and borders."""

from __future__ import annotations

from derive.derivation.program import Program
from derive.derivation.rule import Example
from derive.derivation.scope import Scope
from derive.ir import Definition, Formula, Index, Number, Range, Relation, Size, Sum, Tensor

H, W, K, S = Size("H"), Size("W"), Size("K"), Size("S")
A = Size("A", value=6)
n, i, j, k, a, b, p, q = (Index(hint) for hint in "nijkabpq")

x = Tensor("x", "x", (H,))
y = Tensor("y", "y", (H,))
v = Tensor("v", "v", (W,))
m = Tensor("m", "m", (H, W))
w = Tensor("w", "w", (K,))
u = Tensor("u", "u", (A,))
t = Tensor("t", "t", (H,))
g = Tensor("g", "g", (H, W))
r = Tensor("r", "r", (W, K))
s = Tensor("s", "s", (H, H))
z = Tensor("z", "z", (H, W, K))
f = Tensor("f", "f", (H, 2, 2, 4))
c = Tensor("c", "c", (H, 8, 6))

FACT = Relation(Sum(t[k], Range(k, 1, H)), "=", Number(1))


def given(
    formula: Formula,
    *ranges: Range,
    definitions: tuple[Definition, ...] = (),
    facts: tuple[Relation, ...] = (FACT,),
) -> Example:
    """An example: the formula in the scope of `ranges`, in a program with these symbols."""
    program = Program((H, W, K, S, A), (x, y, v, m, w, u, t), definitions=definitions, facts=facts)
    return formula, Scope(program, ranges)


def given_arrays(formula: Formula, *ranges: Range) -> Example:
    """An example about whole arrays."""
    return formula, Scope(Program((H, W, K, A), (x, y, t, v, m, g, r, s, u, z, f, c), ()), ranges)
