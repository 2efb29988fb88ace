r"""The layout of whole-array expressions.

    term of a sum                     MARKED, the sign of the term taken out
    side of ⊙, ⊗, ⋆                   OPERAND; products get brackets there, for the reader's sake
    factor of a product               OPERAND; a product in a product is flat
    base of ^\top and of ^{\odot r}   ATOM
    argument                          TERM

Axes that a subscript names are counted from 0, as in torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from derive.document import levels
from derive.document.families import families
from derive.document.functions import head
from derive.document.integers import component_like, integer
from derive.document.juxtapose import inline, juxtaposed
from derive.document.math import (
    Break,
    Fraction,
    Math,
    Name,
    Numeral,
    Operator,
    Relation,
    RelationKind,
    Root,
    Row,
    Scripts,
    Sign,
    SignKind,
    Space,
    Words,
    fenced,
    listed,
    parts_of,
    row,
)
from derive.document.notation import Names, parse_name
from derive.document.strength import Laid, Strength, slot
from derive.ir import (
    Added,
    Apply,
    Array,
    Broadcast,
    Commutation,
    Compared,
    Component,
    Correlated,
    Diagonal,
    DiagonalOf,
    Dilated,
    Element,
    Formula,
    Function,
    Hadamard,
    Identity,
    Int,
    Ints,
    Kronecker,
    Mapped,
    Number,
    Ones,
    Outer,
    Padded,
    Permuted,
    Power,
    Product,
    Raised,
    Reshaped,
    Rotated,
    Scaled,
    Sliced,
    Slope,
    Softmax,
    SquaredNorm,
    Stacked,
    Summed,
    Tensor,
    Times,
    Trace,
    Transposed,
    Vec,
    Whole,
    Zeros,
)

_TOP = Name(r"\top")
_RELATIONS: dict[str, RelationKind] = {"<": "<", "<=": "<=", "=": "=", "!=": "!="}


class Formulas(Protocol):
    """How the formulas inside whole arrays are laid out."""

    names: Names

    def lay(self, f: Formula) -> Laid: ...
    def signed(self, f: Formula) -> tuple[bool, Laid]: ...


class Wholes:
    """Lays out whole arrays in one document."""

    def __init__(self, formulas: Formulas) -> None:
        self.formulas, self.names = formulas, formulas.names
        self._nodes: dict[type, Callable[[Any], Laid]] = {
            Array: lambda a: self._name(a.tensor),
            Slope: self._slope,
            **levels.nodes(self.lay, formulas.lay),
            Ones: lambda a: self._constant("1", a.shape),
            Zeros: lambda a: self._constant("0", a.shape),
            Identity: self._identity,
            Commutation: self._commutation,
            Product: self._product,
            Transposed: lambda a: self._above(a.of, _TOP),
            Diagonal: lambda a: self._call(Operator("diag"), a.of),
            DiagonalOf: lambda a: self._call(Operator("diag"), a.of),
            Trace: lambda a: self._call(Operator("tr"), a.of),
            SquaredNorm: lambda a: Laid(self.norm(a, Numeral("2")), Strength.OPERAND),
            Softmax: lambda a: self._call(Operator("softmax"), a.of),
            Outer: lambda a: self._marked("otimes", a.args),
            Kronecker: lambda a: self._marked("otimes", a.args),
            Added: self._sum,
            Hadamard: lambda a: self._marked("odot", a.parts),
            Mapped: self._mapped,
            Raised: self._raised,
            Compared: self._compared,
            Vec: lambda a: self._call(Operator("vec"), a.of),
            Summed: lambda a: self._call(self._at("sum", a.args[1]), a.of),
            **families(self.names, self.lay),
            Permuted: lambda a: self._call(self._at("permute", a.args[1]), a.of),
            Reshaped: lambda a: self._call(self._at("reshape", a.args[1], "times"), a.of),
            Broadcast: lambda a: self._call(self._at("expand", a.args[1], "times"), a.of),
            Sliced: self._sliced,
            Stacked: lambda a: self._call(self._at("stack", Ints(a.args[0])), *a.parts),
            Rotated: lambda a: self._call(self._at("rot", Ints(180)), a.of),
            Dilated: lambda a: self._call(self._at("dilate", _once(a.args[1])), a.of),
            Padded: self._padded,
            Correlated: self._correlated,
        }

    def element(self, f: Element) -> Laid:
        """An entry: X_{i,j}, [A^\\top δ]_j; a scalar as it is, in brackets in a product."""
        if not f.indices:
            laid = self.lay(f.whole)
            one_word = laid.strength != Strength.FACTOR
            return laid if one_word else Laid(laid.math, Strength.MARKED)
        if isinstance(f.whole, Array):
            symbol = f.whole.tensor.symbol
            return Laid(component_like(symbol, f.indices, self.names), Strength.OPERAND)
        body = fenced("bracket", self.lay(f.whole).math)
        below = listed(integer(e, self.names) for e in f.indices)
        return Laid(Scripts(body, below=below), Strength.OPERAND)

    def lay(self, a: Whole) -> Laid:
        """A whole array as it stands alone."""
        negative, laid = self._signed(a)
        if not negative:
            return laid
        return Laid(row(Sign("prefix -"), slot(laid, Strength.MARKED)), Strength.TERM)

    def _node(self, a: Whole) -> Laid:
        case = self._nodes.get(type(a))
        if case is None:
            raise TypeError(f"no layout for a {type(a).__name__}")
        return case(a)

    # -- leaves ----------------------------------------------------------------------------------

    def _name(self, t: Tensor) -> Laid:
        name = parse_name(t.symbol)
        bare = not (name.tag or name.mark or name.primes)
        return Laid(name, Strength.ATOM if bare else Strength.OPERAND)

    def _slope(self, a: Slope) -> Laid:
        if a.layout == "shape" and not a.of.shape and not a.held:
            ones = [Int.of(1)] * len(a.by.shape)
            cotangent = self.names.cotangent(Component(a.of), Component(a.by, *ones))
            if cotangent is not None:
                return Laid(cotangent, Strength.OPERAND if cotangent.tag else Strength.ATOM)
        above, below = (row(Sign("partial"), parse_name(t.symbol)) for t in (a.of, a.by))
        return Laid(row(Fraction(above, below), *levels.fixed(a.held)), Strength.OPERAND)

    def _constant(self, digit: str, shape: Sequence[Int]) -> Laid:
        """A bold digit with its extents; a matrix of ones as the product of two vectors."""
        bold = Name(digit, accents=("mathbf",))
        if len(shape) == 2 and digit == "1":
            left, right = (Scripts(bold, below=integer(d, self.names)) for d in shape)
            return Laid(row(left, replace(right, above=_TOP)), Strength.FACTOR)
        return Laid(Scripts(bold, below=self._extents(shape)), Strength.ATOM)

    def _identity(self, a: Identity) -> Laid:
        letter = Name("I")
        if letter in self.names.symbols:
            letter = Name("I", accents=("mathbf",))
        return Laid(Scripts(letter, below=integer(a.order, self.names)), Strength.ATOM)

    def _commutation(self, a: Commutation) -> Laid:
        m, n = (integer(d, self.names) for d in a.extents)
        return levels.commutation((m, n))

    def _extents(self, shape: Sequence[Int]) -> Math:
        parts: list[Math] = []
        for d in shape:
            parts += [Sign("times")] * bool(parts) + [integer(d, self.names)]
        return row(*parts)

    # -- sums and products -----------------------------------------------------------------------

    def _signed(self, a: Whole) -> tuple[bool, Laid]:
        """Whether an array is printed with a minus sign, and what stands behind the sign."""
        if not isinstance(a, Scaled):
            return False, self._node(a)
        negative, factor = self.formulas.signed(Times(a.factor))
        inner_negative, inner = self._signed(a.of)
        negative = negative != inner_negative
        if factor.math == Numeral("1"):
            return negative, inner
        behind = slot(inner, Strength.FACTOR if isinstance(a.of, Scaled) else Strength.OPERAND)
        if isinstance(a.of, Product | Ones):
            behind = inner.math
        numbers = 1 if isinstance(a.factor, Number) or _is_fraction(factor.math) else 0
        written = juxtaposed([slot(factor, Strength.FACTOR), behind], numbers)
        return negative, Laid(written, Strength.FACTOR)

    def _sum(self, a: Added) -> Laid:
        terms = [self._signed(p) for t in a.parts for p in _terms(t)]
        first = next((k for k, (negative, _) in enumerate(terms) if not negative), 0)
        parts: list[Math] = []
        for negative, laid in (terms[first], *terms[:first], *terms[first + 1 :]):
            if parts:
                parts += [Break(1), Sign("-" if negative else "+")]
            elif negative:
                parts.append(Sign("prefix -"))
            parts.append(slot(laid, Strength.MARKED))
        return Laid(row(*parts), Strength.TERM)

    def _product(self, a: Product) -> Laid:
        factors = [slot(self.lay(p), Strength.OPERAND) for p in _factors(a)]
        return Laid(juxtaposed(factors), Strength.FACTOR)

    def _marked(self, kind: SignKind, sides: Sequence[Whole]) -> Laid:
        parts: list[Math] = []
        for a in sides:
            parts += [Break(1), Sign(kind)] if parts else []
            parts.append(slot(self.lay(a), Strength.OPERAND))
        return Laid(row(*parts), Strength.MARKED)

    def _above(self, a: Whole, above: Math) -> Laid:
        called = isinstance(a, Softmax | Mapped) and above == _TOP
        base = slot(self.lay(a), Strength.OPERAND if called else Strength.ATOM)
        if called and isinstance(base, Row):
            return Laid(
                row(*base.parts[:-1], Scripts(base.parts[-1], above=above)), Strength.OPERAND
            )
        if isinstance(base, Scripts):
            return Laid(replace(base, above=above), Strength.OPERAND)
        return Laid(Scripts(base, above=above), Strength.OPERAND)

    # -- functions -------------------------------------------------------------------------------

    def _call(self, name: Math, *arguments: Whole) -> Laid:
        inside = listed(self.lay(a).math for a in arguments)
        return Laid(row(name, fenced("paren", inside)), Strength.OPERAND)

    def _at(self, name: str, below: Ints, between: str = "comma") -> Math:
        extents = [integer(e, self.names) for e in below.all]
        under = self._extents(below.all) if between == "times" else listed(extents)
        return Scripts(Operator(name), below=under)

    def _mapped(self, a: Mapped) -> Laid:
        f, inside = a.function, self.lay(a.of).math
        if f.known and f.name == "sqrt":
            return Laid(Root(inside), Strength.OPERAND)
        if f.known and f.name == "abs":
            return Laid(fenced("bar", inside), Strength.ATOM)
        if f.known and f.name == "relu":
            both = fenced("paren", listed([inside, Numeral("0")]))
            return Laid(row(Operator("max"), both), Strength.OPERAND)
        return self._call(head(f, self.names.symbols), a.of)

    def _raised(self, a: Raised) -> Laid:
        exponent = self.formulas.lay(a.exponent).math
        return self._above(a.of, row(Sign("odot"), exponent))

    def _compared(self, a: Compared) -> Laid:
        left, right = (
            self.lay(x).math if isinstance(x, Whole) else self.formulas.lay(x).math for x in a.sides
        )
        relation = _RELATIONS[a.relation]
        if isinstance(a.sides[0], Formula) and relation in ("<", "<="):
            left, right, relation = right, left, ">" if relation == "<" else ">="
        return Laid(fenced("bracket", row(left, Relation(relation), right)), Strength.ATOM)

    def power_of_norm(self, f: Power) -> Laid | None:
        """‖a‖^r, where a power is of a norm or of its square."""
        if not isinstance(f.exponent, Number):
            return None
        whole, times = _norm(f.base)
        if whole is None:
            return None
        above = inline(times * f.exponent.value)
        return Laid(self.norm(whole, above), Strength.OPERAND)

    def norm(self, a: SquaredNorm, above: Math | None) -> Math:
        """A norm, Euclidean or of Frobenius, to a power."""
        letter = Numeral("2") if a.of.rank == 1 else Name("F")
        return Scripts(fenced("norm", self.lay(a.of).math), below=letter, above=above)

    # -- rearranged ------------------------------------------------------------------------------

    def _sliced(self, a: Sliced) -> Laid:
        """x_n, and x_{:,c} where an axis before is whole."""
        at = dict(zip(a.axes, a.at, strict=True))
        last = max(a.axes, default=-1)
        places = [integer(at[k], self.names) if k in at else Name(":") for k in range(last + 1)]
        laid = self.lay(a.of)
        base = laid.math if isinstance(a.of, Array) else slot(laid, Strength.ATOM)
        whole = isinstance(a.of, Array) and laid.strength < Strength.ATOM
        return Laid(
            Scripts(base, below=listed(places)), Strength.OPERAND if whole else Strength.ATOM
        )

    def _padded(self, a: Padded) -> Laid:
        before, after = _once(a.ints(1)), _once(a.ints(2))
        if before == after:
            return self._call(self._at("pad", before), a.of)
        sides = [listed(integer(e, self.names) for e in side.all) for side in (before, after)]
        under = row(sides[0], Words(";"), Space("thin"), sides[1])
        return self._call(Scripts(Operator("pad"), below=under), a.of)

    def _correlated(self, a: Correlated) -> Laid:
        sides = [slot(self.lay(x), Strength.OPERAND) for x in (a.of, a.kernel)]
        sign: Math = Sign("star")
        if a.full:
            sign = Scripts(sign, below=Words("full"))
        return Laid(row(sides[0], Break(1), sign, sides[1]), Strength.MARKED)


def _norm(f: Formula) -> tuple[SquaredNorm | None, int]:
    """(‖a‖², n) for ‖a‖^n, n = 1 or 2."""
    times = 2
    if isinstance(f, Apply) and f.function == Function("sqrt"):
        (f,), times = f.arguments, 1
    whole = f.whole if isinstance(f, Element) else None
    return (whole, times) if isinstance(whole, SquaredNorm) else (None, times)


def _once(steps: Any) -> Ints:
    """One step where all axes have the same."""
    return Ints(steps.all[0]) if len(set(steps.all)) == 1 else steps


def _factors(a: Product) -> list[Whole]:
    return [g for f in a.factors for g in (_factors(f) if isinstance(f, Product) else [f])]


def _terms(a: Whole) -> list[Whole]:
    return [t for p in a.parts for t in _terms(p)] if isinstance(a, Added) else [a]


def _is_fraction(m: Math) -> bool:
    return isinstance(parts_of(m)[-1], Fraction)
