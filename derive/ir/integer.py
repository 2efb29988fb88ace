"""Integer expressions in a normal form: polynomials over indices, sizes and floors.

    S(i - 1) + a - P      is      1·S·i + (-1)·S + 1·a + (-1)·P

`Int` is the one type of everything that stands in an index position, a range or an extent.  Two
expressions that are equal as polynomials are equal objects, so substitution renormalises by
itself.  (SymPy's `expand` does the same a hundred times more slowly on fresh symbols.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import gcd, prod
from typing import Any, TypeAlias

from sympy import Basic

SortKey: TypeAlias = tuple[Any, ...]
Monomial: TypeAlias = "tuple[Atom, ...]"
IntLike: TypeAlias = "Int | Atom | int"


def str_of(atom: Basic) -> str:
    """A short form for error messages and debugging; `ir.text` has the exact one."""
    return f"{type(atom).__name__}{atom._hashable_content()}"


class Atom(Basic):
    """A leaf of an integer expression: an index, a size, or a floor, ravel, unravel or entry."""

    __slots__ = ("_integer",)
    is_Atom = True
    is_index = False
    _integer: Int

    def sort_key(self, order: object = None) -> SortKey:
        """A total order among atoms: kind, name, number, content."""
        raise NotImplementedError

    def _sympystr(self, printer: object) -> str:
        return str_of(self)

    def __add__(self, other: IntLike) -> Int:
        return Int.of(self) + other

    def __sub__(self, other: IntLike) -> Int:
        return Int.of(self) - other

    def __rsub__(self, other: IntLike) -> Int:
        return Int.of(other) - self

    def __mul__(self, other: IntLike) -> Int:
        return Int.of(self) * other

    def __neg__(self) -> Int:
        return -Int.of(self)

    __radd__ = __add__
    __rmul__ = __mul__


class Int(Basic):
    """An integer polynomial: `terms` has monomials, sorted tuples of atoms, and their coefficients.

    The terms are put in order only when somebody asks for them: arithmetic does not.
    """

    __slots__ = ("_coefficients", "_terms", "_key", "_indices", "_hash")
    _coefficients: dict[Monomial, int]
    is_Atom = True

    def __new__(cls, terms: Mapping[Monomial, int] | tuple[tuple[Monomial, int], ...]) -> Int:
        pairs = terms.items() if isinstance(terms, Mapping) else terms
        return _made({m: c for m, c in pairs if c})

    @staticmethod
    def of(x: IntLike) -> Int:
        """The expression that is just `x`."""
        if isinstance(x, Int):
            return x
        if isinstance(x, Atom):
            try:
                known: Int = x._integer
            except AttributeError:
                known = x._integer = _made({(x,): 1})
            return known
        if isinstance(x, int) and not isinstance(x, bool):
            return _made({(): x}) if x else ZERO
        raise TypeError(f"an index expression is made of integers, indices and sizes, found {x!r}")

    @property
    def terms(self) -> tuple[tuple[Monomial, int], ...]:
        """Monomials with their coefficients, in order: higher degrees first."""
        try:
            return self._terms
        except AttributeError:
            pairs = self._coefficients.items()
            ordered = tuple(sorted(pairs, key=_term_key) if len(pairs) > 1 else pairs)
            self._terms: tuple[tuple[Monomial, int], ...] = ordered
            return ordered

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Int) and self._coefficients == other._coefficients
        )

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            self._hash: int = hash(frozenset(self._coefficients.items()))
            return self._hash

    def _hashable_content(self) -> tuple[Any, ...]:
        return self.terms

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (self.terms,)

    def sort_key(self, order: object = None) -> SortKey:
        try:
            return self._key
        except AttributeError:
            self._key: SortKey = tuple(_term_key(t) for t in self.terms)
            return self._key

    # -- arithmetic ------------------------------------------------------------------------------

    def __add__(self, other: IntLike) -> Int:
        return self._plus(Int.of(other), 1)

    def _plus(self, other: Int, times: int) -> Int:
        total = self._coefficients.copy()
        for monomial, c in other._coefficients.items():
            sum_ = total.get(monomial, 0) + times * c
            if sum_:
                total[monomial] = sum_
            else:
                del total[monomial]
        return _made(total)

    def __mul__(self, other: IntLike) -> Int:
        if isinstance(other, int):
            return _made({m: c * other for m, c in self._coefficients.items()}) if other else ZERO
        total: dict[Monomial, int] = {}
        for m1, c1 in self._coefficients.items():
            for m2, c2 in Int.of(other)._coefficients.items():
                m = tuple(sorted(m1 + m2, key=_atom_key)) if m1 and m2 else m1 or m2
                total[m] = total.get(m, 0) + c1 * c2
        return Int(total)

    def __neg__(self) -> Int:
        return _made({m: -c for m, c in self._coefficients.items()})

    def __sub__(self, other: IntLike) -> Int:
        return self._plus(Int.of(other), -1)

    def __rsub__(self, other: IntLike) -> Int:
        return Int.of(other) - self

    __radd__ = __add__
    __rmul__ = __mul__

    # -- questions -------------------------------------------------------------------------------

    @property
    def constant(self) -> int | None:
        """Its number, where it is one."""
        known = self._coefficients
        if not known:
            return 0
        return known.get(()) if len(known) == 1 else None

    @property
    def atom(self) -> Atom | None:
        """The atom that it consists of, where it is one."""
        if len(self._coefficients) == 1:
            ((monomial, c),) = self._coefficients.items()
            if c == 1 and len(monomial) == 1:
                return monomial[0]
        return None

    def atoms_within(self) -> Iterable[Atom]:
        """Every atom, also those inside floors, outermost first."""
        for monomial in self._coefficients:
            for a in monomial:
                yield a
                for part in parts_of(a):
                    yield from part.atoms_within()

    @property
    def indices(self) -> frozenset[Atom]:
        """Every index that it depends on."""
        try:
            return self._indices
        except AttributeError:
            self._indices: frozenset[Atom] = frozenset(a for a in self.atoms_within() if a.is_index)
            return self._indices

    def split(self, atom: Atom) -> tuple[Int, Int] | None:
        """(c, rest) with self = c·atom + rest, or None where `atom` also stands elsewhere.

        "Elsewhere" is a higher power of it, or the inside of another atom.
        """
        factor: dict[Monomial, int] = {}
        rest: dict[Monomial, int] = {}
        for monomial, c in self._coefficients.items():
            if atom in monomial:
                k = monomial.index(atom)
                monomial = monomial[:k] + monomial[k + 1 :]
                factor[monomial] = factor.get(monomial, 0) + c
            else:
                rest[monomial] = c
            if any(_reaches(a, atom) for a in monomial):
                return None
        return Int(factor), Int(rest)

    def replace(self, to: Callable[[Atom], Int | None]) -> Int:
        """Every atom for which `to` has an answer replaced by it, at every depth, renormalised."""
        total: dict[Monomial, int] = {}
        arriving: list[tuple[Int, int]] = []
        for monomial, c in self._coefficients.items():
            replaced = [_replace_atom(a, to) for a in monomial]
            if all(e is None for e in replaced):
                total[monomial] = c
                continue
            parts = [Int.of(a) if e is None else e for a, e in zip(monomial, replaced, strict=True)]
            arriving.append((prod(parts[1:], start=parts[0]), c))
        if not arriving:
            return self
        for e, c in arriving:
            for monomial, k in e._coefficients.items():
                total[monomial] = total.get(monomial, 0) + c * k
        return Int(total)

    def _sympystr(self, printer: object) -> str:
        return " + ".join("*".join([str(c), *map(str, m)]) for m, c in self.terms) or "0"


def _made(coefficients: dict[Monomial, int]) -> Int:
    """The Int of these coefficients, none of which is 0."""
    self: Int = Basic.__new__(Int)
    self._coefficients = coefficients
    return self


def _atom_key(atom: Atom) -> SortKey:
    return atom.sort_key()


def _term_key(term: tuple[Monomial, int]) -> SortKey:
    monomial, c = term
    return (-len(monomial), tuple(a.sort_key() for a in monomial), c)


def _reaches(atom: Atom, target: Atom) -> bool:
    return atom == target or any(target in set(p.atoms_within()) for p in parts_of(atom))


def _replace_atom(a: Atom, to: Callable[[Atom], Int | None]) -> Int | None:
    new = to(a)
    if new is not None:
        return new
    parts = parts_of(a)
    if not parts:
        return None
    replaced = [p.replace(to) for p in parts]
    if all(new is old for new, old in zip(replaced, parts, strict=True)):
        return None
    return a.rebuild(replaced)  # type: ignore[attr-defined, no-any-return]


ZERO = Int(())
ONE = Int((((), 1),))


def parts_of(atom: Atom) -> tuple[Int, ...]:
    """The integer expressions inside an atom: none for an index or a size."""
    return atom.parts if isinstance(atom, Compound) else ()


class Compound(Atom):
    """An atom made of integer expressions; `rebuild` makes the like of it from other `parts`."""

    __slots__ = ("parts", "_key")
    parts: tuple[Int, ...]

    def _make(self, rank: int, name: str, number: int, parts: tuple[Int, ...]) -> None:
        self.parts = parts
        self._key = (rank, name, number, tuple(p.sort_key() for p in parts))

    def sort_key(self, order: object = None) -> SortKey:
        return self._key

    def rebuild(self, parts: list[Int]) -> Int:
        raise NotImplementedError


class Floor(Compound):
    """⌊n/d⌋ for an integer d ≥ 1.  Made by `floor`, which pulls exact multiples out first."""

    __slots__ = ()

    def __new__(cls, n: Int, d: Int) -> Floor:
        self = Basic.__new__(cls)
        self._make(2, "", 0, (n, d))
        return self

    def _hashable_content(self) -> tuple[Any, ...]:
        return self.parts

    def __getnewargs__(self) -> tuple[Any, ...]:
        return self.parts

    def rebuild(self, parts: list[Int]) -> Int:
        return floor(*parts)

    def _sympystr(self, printer: object) -> str:
        return f"floor({self.parts[0]}, {self.parts[1]})"


def floor(n: IntLike, d: IntLike) -> Int:
    """⌊n/d⌋, d ≥ 1, in normal form.

    Exact multiples of d leave the floor; a constant stays in (-d, 0], which gives ⌊(p - 1)/2⌋ + 1
    where other choices give ⌊(p + 1)/2⌋ or -⌊(1 - p)/2⌋; ⌊(a·n + r)/(a·d)⌋ = ⌊(n + ⌊r/a⌋)/d⌋.
    """
    n, d = Int.of(n), Int.of(d)
    if d.constant is not None and d.constant < 1:
        raise ValueError(f"a floor divides by a positive integer, found {d}")
    if d == ONE:
        return n
    if n == d:
        return ONE
    pulled, left = _pull(n, d)
    number = d.constant
    if number is None:
        return pulled + (Int.of(Floor(left, d)) if left.terms else ZERO)
    r = left.constant
    if r is not None:
        return pulled + r // number
    common = gcd(number, *(c for m, c in left.terms if m))
    if common > 1:
        shrunk = Int(
            {m: c // common for m, c in left.terms}
        )  # floors the constant, exact elsewhere
        return pulled + floor(shrunk, number // common)
    return pulled + Int.of(Floor(left, d))


def _pull(n: Int, d: Int) -> tuple[Int, Int]:
    """(q, r) with n = q·d + r, all exact multiples of the monomial d in q."""
    if len(d.terms) != 1:
        return ZERO, n
    ((divisor, by),) = d.terms
    pulled: dict[Monomial, int] = {}
    left: dict[Monomial, int] = {}
    for monomial, c in n.terms:
        quotient = _divide(monomial, divisor)
        if quotient is None:
            left[monomial] = c
        elif monomial == () and divisor == ():
            q = -((-c) // by)
            pulled[()], left[()] = pulled.get((), 0) + q, c - q * by
        elif c % by == 0:
            pulled[quotient] = pulled.get(quotient, 0) + c // by
        else:
            left[monomial] = c
    return Int(pulled), Int(left)


def _divide(monomial: Monomial, divisor: Monomial) -> Monomial | None:
    left = list(monomial)
    for a in divisor:
        if a not in left:
            return None
        left.remove(a)
    return tuple(left)


def residue(n: IntLike, d: IntLike) -> Int:
    """`n` without its exact multiples of d: each has the remainder of the other."""
    return _pull(Int.of(n), Int.of(d))[1]


def ceiling(n: IntLike, d: IntLike) -> Int:
    """⌈n/d⌉ = ⌊(n + d - 1)/d⌋; there is no ceiling atom."""
    return floor(Int.of(n) + Int.of(d) - 1, d)


def mod(n: IntLike, d: IntLike) -> Int:
    """n - d⌊n/d⌋, in 0..d-1."""
    return Int.of(n) - Int.of(d) * floor(n, d)
