"""Formulas for users of SymPy: Indexed, Sum, KroneckerDelta, Piecewise.

What SymPy has no node for becomes an undefined function: `Maximum(Lambda(indices, body), ranges)`,
`Chosen(..., position)` and `TotalDerivative(f, x)`, the derivative along all paths.
"""

from __future__ import annotations

from typing import Any

import sympy
from sympy import Basic, Expr

from derive.errors import Unsupported
from derive.ir.binder import Binder, Chosen, Max, Range, Sum
from derive.ir.formula import (
    Apply,
    Component,
    Count,
    Derivative,
    Entry,
    Formula,
    Greatest,
    Least,
    Number,
    Plus,
    Power,
    Tensor,
    Times,
)
from derive.ir.guard import And, Divides, Equal, NonNegative, Not, Or
from derive.ir.index import Index, Size
from derive.ir.integer import Atom, Floor, Int
from derive.ir.reshape import Ravel, Unravel
from derive.ir.selector import Bracket, Cases, Compare, Delta
from derive.ir.walk import subformulas

_RELATIONS = {"<": sympy.Lt, "<=": sympy.Le, "=": sympy.Eq, "!=": sympy.Ne}

_FUNCTIONS = {
    "exp": sympy.exp,
    "log": sympy.log,
    "sqrt": sympy.sqrt,
    "abs": sympy.Abs,
    "sign": sympy.sign,
    "tanh": sympy.tanh,
    "erf": sympy.erf,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "relu": lambda x: sympy.Max(x, 0),
    "sigmoid": lambda x: 1 / (1 + sympy.exp(-x)),
    "softplus": lambda x: sympy.log(1 + sympy.exp(x)),
    "gelu": lambda x: x * (1 + sympy.erf(x / sympy.sqrt(2))) / 2,
    "signedpower": lambda x, p: sympy.sign(x) * sympy.Abs(x) ** p,
}


def to_sympy(f: Formula) -> Expr:
    """`f` in SymPy's own nodes.  Indices and sizes become integer symbols, tensors IndexedBases."""
    return _Converter(f).formula(f)


class _Converter:
    def __init__(self, f: Formula):
        atoms = {a for n in subformulas(f) if isinstance(n, Int) for a in n.atoms_within()}
        atoms |= {r.index for r in subformulas(f) if isinstance(r, Range)}
        self.symbols: dict[Atom, sympy.Symbol] = {}
        taken: set[str] = set()
        named = [a for a in atoms if isinstance(a, (Index, Size))]
        for a in sorted(named, key=lambda a: a.sort_key()):
            name = hint = a.name if isinstance(a, Size) else a.hint
            while name in taken:
                name = f"{name}_{a.number}" if isinstance(a, Index) and name == hint else f"{name}'"
            taken.add(name)
            positive = True if isinstance(a, Size) and a.least > 0 else None
            self.symbols[a] = sympy.Symbol(name, integer=True, positive=positive)

    # -- formulas --------------------------------------------------------------------------------

    def formula(self, f: Basic) -> Expr:
        match f:
            case Number():
                return sympy.Rational(f.value.numerator, f.value.denominator)
            case Count():
                return self.integer(f.integer)
            case Component():
                return self.entry(f.tensor, f.indices)
            case Plus() | Times() | Power() | Greatest() | Least():
                return _ARITHMETIC[type(f)](*map(self.formula, f.args))
            case Apply():
                return self.apply(f)
            case Sum():
                zero = sympy.Integer(0)
                body = self.guarded(f, zero)
                limits = [self.limits(r) for r in reversed(f.ranges)]
                return sympy.Sum(body, *limits) if limits else body
            case Max():
                return sympy.Function("Maximum")(*self.maximum(f))
            case Chosen():
                at = map(self.integer, f.at)
                return sympy.Function("Chosen")(*self.maximum(f.maximum), sympy.Tuple(*at))
            case Delta():
                return sympy.KroneckerDelta(*map(self.integer, f.sides))
            case Bracket():
                return sympy.Piecewise((1, self.guard(f.condition)), (0, True))
            case Cases():
                branches = f.branches
                pairs = ((self.formula(b.value), self.guard(b.condition)) for b in branches)
                return sympy.Piecewise(*pairs)
            case Derivative():
                return sympy.Function("TotalDerivative")(self.formula(f.of), self.formula(f.by))
        raise Unsupported(f"there is no SymPy form of a {type(f).__name__}")

    def apply(self, f: Apply) -> Expr:
        arguments = [self.formula(x) for x in f.arguments]
        if f.function.known:
            return _FUNCTIONS[f.function.name](*arguments)
        unknown = sympy.Function(f.function.name)
        if not f.function.orders:
            return unknown(*arguments)
        places = sympy.symbols(f"xi1:{len(arguments) + 1}", cls=sympy.Dummy)
        orders = zip(places, f.function.orders, strict=True)
        derivative = sympy.Derivative(unknown(*places), *((x, k) for x, k in orders if k))
        return sympy.Subs(derivative, places, tuple(arguments))

    def guarded(self, f: Binder, otherwise: Expr) -> Expr:
        condition = self.guard(f.condition)
        body = self.formula(f.body)
        return sympy.Piecewise((body, condition), (otherwise, True)) if f.condition.args else body

    def maximum(self, f: Max) -> tuple[Basic, ...]:
        """The body as a function of the bound indices, and their ranges."""
        body = self.guarded(f, -sympy.oo)
        indices = tuple(self.symbols[i] for i in f.bound)
        return sympy.Lambda(indices, body), *(sympy.Tuple(*self.limits(r)) for r in f.ranges)

    def limits(self, r: Range) -> tuple[Expr, Expr, Expr]:
        lowers, uppers = map(self.integer, r.lowers), map(self.integer, r.uppers)
        return self.symbols[r.index], sympy.Max(*lowers), sympy.Min(*uppers)

    def entry(self, tensor: Tensor, indices: tuple[Int, ...]) -> Expr:
        integer = tensor.classes is not None or None
        if not indices:
            return sympy.Symbol(tensor.name, real=True, integer=integer)
        return sympy.IndexedBase(tensor.name, real=True, integer=integer)[
            tuple(map(self.integer, indices))
        ]

    # -- guards and integers ---------------------------------------------------------------------

    def guard(self, g: Basic) -> Any:
        match g:
            case And():
                return sympy.And(*map(self.guard, g.args))
            case Or():
                return sympy.Or(*map(self.guard, g.args))
            case Not():
                return sympy.Not(self.guard(g.args[0]))
            case NonNegative():
                return sympy.Ge(self.integer(g.expression), 0)
            case Equal():
                return sympy.Eq(*map(self.integer, g.args))
            case Divides():
                d, e = map(self.integer, g.args)
                return sympy.Eq(sympy.Mod(e, d), 0)
            case Compare():
                return _RELATIONS[g.relation](self.formula(g.left), self.formula(g.right))
        raise Unsupported(f"there is no SymPy form of a {type(g).__name__}")

    def integer(self, e: Basic) -> Expr:
        assert isinstance(e, Int)
        return sympy.Add(*(c * sympy.Mul(*map(self.atom, m)) for m, c in e.terms))

    def atom(self, a: Atom) -> Expr:
        match a:
            case Floor():
                n, d = map(self.integer, a.parts)
                return sympy.floor(n / d)
            case Ravel() | Unravel():
                return self.integer(a.expanded())
            case Entry():
                return self.entry(a.tensor, a.parts)
        return self.symbols[a]


_ARITHMETIC = {
    Plus: sympy.Add,
    Times: sympy.Mul,
    Power: sympy.Pow,
    Greatest: sympy.Max,
    Least: sympy.Min,
}
