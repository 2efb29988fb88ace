r"""The layout of integer expressions: how an index position, a bound or an extent is written.

A polynomial is written as people do, not in its normal form: positive terms first, a constant
last, a stride taken out where its multiple is there.

    S·i - S + α - P     S(i-1)+\alpha-P         2·i + α - 2      2(i-1)+\alpha
    1 + p - i           p-i+1                   ravel(c, m, l)   (c-1)\cdot 144+(m-1)\cdot 12+l
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from derive.document.math import (
    Fenced,
    FenceKind,
    Fraction,
    Math,
    Name,
    Numeral,
    Operator,
    Scripts,
    Sign,
    fenced,
    listed,
    parts_of,
    row,
)
from derive.document.notation import Names, parse_name
from derive.document.positions import places
from derive.ir import Atom, Entry, Floor, Index, Int, Ravel, Size, Unravel, floor

Monomial: TypeAlias = tuple[Atom, ...]


@dataclass(frozen=True)
class Term:
    """A term with its sign; `order` says where it stands among terms of the same sign."""

    negative: bool
    math: Math
    order: tuple[Any, ...]

    @property
    def constant(self) -> bool:
        return bool(self.order[0] == 9)

    @property
    def signed(self) -> int:
        """The number that a constant is."""
        assert isinstance(self.math, Numeral)
        return -int(self.math.digits) if self.negative else int(self.math.digits)


def integer(e: Int, names: Names, *, lower: bool = False, display: bool = False) -> Math:
    """`e` in an index position; in a lower bound with ceilings; on its own line with fractions."""
    return joined(_terms(e, names, lower, display))


def integer_factor(e: Int, names: Names) -> Math:
    """`e` as a factor of a product: a sum in brackets."""
    terms = _terms(e, names)
    if len(terms) == 1 and not terms[0].negative:
        return terms[0].math
    return Fenced("paren", joined(terms))


def is_product(e: Int) -> bool:
    """Whether `e` is written without a sign in it: a number, a name, a product or a floor."""
    if len(e.terms) != 1:
        return not e.terms
    ((monomial, c),) = e.terms
    return c > 0 and not (
        c == 1 and len(monomial) == 1 and isinstance(monomial[0], (Ravel, Unravel))
    )


def bounds(es: Sequence[Int], names: Names, *, lower: bool) -> Math:
    """The lower or the upper bound of a range: the largest or the smallest of several."""
    written = [integer(e, names, lower=lower) for e in _constants_first(es)]
    if len(written) == 1:
        return written[0]
    return row(Operator("max" if lower else "min"), Fenced("paren", listed(written)))


def _constants_first(es: Sequence[Int]) -> list[Int]:
    return sorted(es, key=lambda e: bool(e.indices))


def joined(terms: Sequence[Term]) -> Math:
    """The sum of the terms, a positive one first where there is one, a constant last."""
    if not terms:
        return Numeral("0")
    ordered = sorted(terms, key=lambda t: (t.constant, t.negative, t.order))
    first = next((t for t in ordered if not t.negative), ordered[0])
    if first.constant:
        ordered = [first, *(t for t in ordered if t is not first)]
    parts: list[Math] = []
    for t in ordered:
        if parts:
            parts.append(Sign("-" if t.negative else "+"))
        elif t.negative:
            parts.append(Sign("prefix -"))
        parts.append(t.math)
    return row(*parts)


# -- terms ---------------------------------------------------------------------------------------


def _terms(e: Int, names: Names, lower: bool = False, display: bool = False) -> list[Term]:
    e, ceilings = _ceilings(e) if lower else (e, [])
    terms = [Term(False, _floor(c, names, display, up=True), (0,)) for c in ceilings]
    for group in _groups(e, names):
        terms += _reshapes(group, names) or [_term(group, names, display)]
    return _one_constant(terms)


@dataclass(frozen=True)
class Group:
    """coefficient · monomial · (shifted - 1), or without the last factor."""

    coefficient: int
    monomial: Monomial
    shifted: Atom | None = None


def _groups(e: Int, names: Names) -> list[Group]:
    """The terms of a polynomial, with c·m·x and -c·m taken together as c·m·(x - 1)."""
    left = dict(e.terms)
    found: list[Group] = []
    scaled = _scaled(e)
    for monomial, c in sorted(e.terms, key=lambda t: _order(Group(t[1], t[0]), names)):
        if left.get(monomial) != c:
            continue
        for x in sorted(monomial, key=lambda a: not a.is_index):
            m = _without(monomial, x)
            if _stands_shifted(left, monomial, m, x, scaled):
                found.append(Group(c, m, x))
                left[m] = left.get(m, 0) + c
                del left[monomial]
                break
    found += [Group(c, m) for m, c in left.items() if c]
    return found


def _scaled(e: Int) -> bool:
    """Whether several indices are there and each has a factor, as in a dilated window."""
    varying = [(m, c) for m, c in e.terms if any(a.is_index for a in m)]
    return len(varying) > 1 and all(len(m) > 1 or abs(c) > 1 for m, c in varying)


def _stands_shifted(
    left: dict[Monomial, int], monomial: Monomial, m: Monomial, x: Atom, scaled: bool
) -> bool:
    """Whether c·m·x is there with all of -c·m, and looks better as c·m·(x - 1).

    The constant of a dilated window, 2(i-1)+3(α-1)+1, may fall short by one.
    """
    c, there = left[monomial], left.get(m, 0)
    if m:
        return there * c < 0 and abs(there) >= abs(c)
    if abs(c) < 2 or not x.is_index:
        return False
    if scaled:
        return there * c <= 0 and abs(there) >= abs(c) - 1
    others = any(a.is_index for n in left if n != monomial for a in n)
    return there * c < 0 and (there == -c or (others and abs(there) >= abs(c)))


def _without(monomial: Monomial, x: Atom) -> Monomial:
    k = monomial.index(x)
    return monomial[:k] + monomial[k + 1 :]


def _term(group: Group, names: Names, display: bool) -> Term:
    c, monomial = abs(group.coefficient), group.monomial
    parts: list[Math] = [Numeral(str(c))] if c != 1 or not (monomial or group.shifted) else []
    for a in dict.fromkeys(monomial):
        parts.append(_power(_atom(a, names, display, alone=False), monomial.count(a)))
    if group.shifted is not None:
        parts.append(Fenced("paren", integer(Int.of(group.shifted) - 1, names)))
    if len(monomial) == 1 and c == 1 and group.shifted is None:
        parts = [_atom(monomial[0], names, display, alone=True)]
    return Term(group.coefficient < 0, row(*parts), _order(group, names))


def _order(group: Group, names: Names) -> tuple[Any, ...]:
    """Latin indices, then Greek ones, then sizes, those that may be 0 behind; a constant last."""
    atoms = (*group.monomial, *([group.shifted] if group.shifted else ()))
    if not atoms:
        return (9,)
    letters = [
        names.index(i) for a in atoms for i in Int.of(a).atoms_within() if isinstance(i, Index)
    ]
    if not letters:
        padding = any(isinstance(a, Size) and a.least == 0 for a in atoms)
        return (5, padding, -len(atoms), tuple(str(a) for a in atoms))
    greek, base, primes = min((n.base.startswith("\\"), n.base, n.primes) for n in letters)
    return (1, greek, base, primes)


def _power(base: Math, exponent: int) -> Math:
    if exponent == 1:
        return base
    bare = isinstance(base, Fenced) or (isinstance(base, Name) and not base.tag)
    return Scripts(base if bare else Fenced("paren", base), above=Numeral(str(exponent)))


def _one_constant(terms: list[Term]) -> list[Term]:
    """The constants, one from the polynomial and some from reshapes, as one."""
    total = sum(t.signed for t in terms if t.constant)
    rest = [t for t in terms if not t.constant]
    return rest + ([_number(total)] if total else [])


def _number(n: int) -> Term:
    return Term(n < 0, Numeral(str(abs(n))), (9,))


# -- atoms ---------------------------------------------------------------------------------------


def _atom(a: Atom, names: Names, display: bool, alone: bool) -> Math:
    """An atom; `alone` where no factor stands beside it."""
    match a:
        case Index():
            return names.index(a)
        case Size():
            return parse_name(a.name)
        case Floor():
            return _floor(a, names, display)
        case Entry():
            return component_like(a.tensor.symbol, a.parts, names)
    inner = joined(_reshapes(Group(1, (a,)), names))
    return inner if alone else Fenced("paren", inner)


def component_like(symbol: str, indices: Sequence[Int], names: Names) -> Math:
    """A symbol with indices; in brackets where it ends in a subscript of its own."""
    name = parse_name(symbol)
    if not indices:
        return name
    base: Math = Fenced("bracket", name) if name.mark else name
    return Scripts(base, below=listed(index_places(indices, names)))


def index_places(indices: Sequence[Int], names: Names) -> list[Math]:
    """What stands in the places of some indices."""

    def lay(e: Int) -> Math:
        return integer(e, names)

    tuples = names.notation.positions == "tuples"
    return places(indices, lay) if tuples else [lay(e) for e in indices]


def _floor(a: Floor, names: Names, display: bool, up: bool = False) -> Math:
    """⌊n/d⌋; with `up`, the same plus 1: ⌈(n + 1)/d⌉."""
    kind: FenceKind = "ceil" if up else "floor"
    n, d = a.parts[0] + int(up), a.parts[1]
    above, below = integer(n, names), integer(d, names)
    if display and not n.indices:
        return fenced(kind, Fraction(above, below))
    if len(n.terms) > 1:
        above = Fenced("paren", above)
    if len(d.terms) > 1 or len(parts_of(below)) > 1:
        below = Fenced("paren", below)
    return Fenced(kind, row(above, Sign("slash"), below))


def _ceilings(e: Int) -> tuple[Int, list[Floor]]:
    """⌊(n - 1)/d⌋ + 1 in a lower bound is ⌈n/d⌉: the rest, and the floors that are ceilings."""
    found = [m[0] for m, c in e.terms if c == 1 and len(m) == 1 and isinstance(m[0], Floor)]
    constant = dict(e.terms).get((), 0)
    if len(found) != 1 or constant < 1:
        return e, []
    return e - found[0] - 1, found


# -- reshapes ------------------------------------------------------------------------------------


def _reshapes(group: Group, names: Names) -> list[Term]:
    """The terms of a position in a reshaped array, if the group is one."""
    if group.coefficient != 1 or group.shifted is not None or len(group.monomial) != 1:
        return []
    match group.monomial[0]:
        case Ravel() as a:
            return _ravel(a, names)
        case Unravel() as a:
            return _unravel(a, names)
    return []


def _ravel(a: Ravel, names: Names) -> list[Term]:
    """(c - 1)·HW + (m - 1)·W + l."""
    terms: list[Term] = []
    stride = Int.of(1)
    for k, (e, d) in reversed(list(enumerate(zip(a.indices, a.dims, strict=True)))):
        if stride == Int.of(1):
            terms = [
                Term(t.negative, t.math, (0, k, t.order) if not t.constant else t.order)
                for t in _terms(e, names)
            ]
        elif (e - a.base).terms:
            position, step = integer_factor(e - a.base, names), integer_factor(stride, names)
            dot = (Sign("cdot"),) if stride.constant is not None else ()
            terms.insert(0, Term(False, row(position, *dot, step), (0, k)))
        stride = stride * d
    return terms


def _unravel(a: Unravel, names: Names) -> list[Term]:
    """⌊(f - 1)/HW⌋ + 1 in front, (⌊(f - 1)/W⌋ mod H) + 1 behind it."""
    inner = Int.of(1)
    for d in a.dims[a.k + 1 :]:
        inner = inner * d
    quotient = floor(a.flat - a.base, inner)
    if a.k == 0:
        return _terms(quotient + a.base, names)
    by = integer_factor(a.dims[a.k], names)
    remainder = row(integer_factor(quotient, names), Sign("bmod"), by)
    rest = [_number(a.base)] if a.base else []
    return [Term(False, Fenced("paren", remainder), (0, 0)), *rest]
