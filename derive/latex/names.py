"""Names in formulas: numbers, entries, rows and whole arrays; arrays at indices, and to powers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from derive.ir import (
    And,
    Apply,
    Bracket,
    Component,
    Count,
    Delta,
    Derivative,
    Entry,
    Equal,
    Formula,
    Guard,
    Index,
    Int,
    Number,
    Power,
    Size,
    Tensor,
    at_least,
    at_most,
    substitute,
)
from derive.latex.array import (
    Array,
    Mismatch,
    Value,
    new_axes,
    product,
    same_extent,
    show,
    transpose,
    zipped,
)
from derive.latex.binders import Binders
from derive.latex.error import Misfit, ReadError, UndefinedName
from derive.latex.integers import refuse
from derive.latex.numbers import is_moderate
from derive.latex.scope import EVERY, Found, is_letter, is_mark, rank, split_indices
from derive.latex.symbols import Abbreviation, Cotangent, Identity, Kronecker, Ones, ScalarFunction
from derive.latex.tree import (
    Call,
    Factors,
    Fraction,
    Group,
    Listed,
    Node,
    Numeral,
    Raw,
    Scripted,
    Styled,
    Symbol,
    letters,
    spell,
)

HIGHEST = 10_000
"""Exponents that are numbers, at most."""
EULER = Symbol("e", position=0)
ONE_LIKE = ("\\mathbf", "\\mathbb", "\\mathbbm", "\\mathds", "\\boldsymbol", "\\bm", "\\mathrm")
"""Fonts of the 1 of an indicator or a vector of ones."""


class Names(Binders):
    """Reads names, and what has scripts."""

    elementwise = False
    reading_variable = False

    def value(self, node: Node) -> Value:
        raise NotImplementedError

    def formula(self, node: Node) -> Formula:
        """The number that a node stands for."""
        value = self.value(node)
        if isinstance(value, Array):
            raise Misfit(node.position, "a number", show(value))
        return value

    @contextmanager
    def fitting(self, node: Node) -> Iterator[None]:
        """Inside, arrays that do not go together are refused at `node`."""
        try:
            yield
        except Mismatch as problem:
            refused = Misfit if problem.definite else ReadError
            raise refused(node.position, problem.expected, problem.found) from None

    # -- names ------------------------------------------------------------------------------------

    def named(self, node: Node) -> Value:
        found = self.find(node) or self.customary(node)
        if found is None:
            return self.unnamed(node)
        root = self.root_of_square(found, node)
        if root is not None:
            return root
        power = found.power
        if power is None:
            return self.meaning(found, node)
        if is_mark(power) and len(found.indices) == 2 == rank(found.meaning):
            found = found._replace(indices=found.indices[::-1], power=None)
            return self.meaning(found, node)
        return self.raised_value(self.meaning(found, node), power, node)

    def root_of_square(self, found: Found, node: Node) -> Value | None:
        """The σ of a declared σ^2, where σ itself is not declared as an array."""
        name = node.base if isinstance(node, Scripted) else node
        square = Scripted(name, None, Numeral("2", position=0), position=node.position)
        if not isinstance(found.meaning, ScalarFunction) or square not in self.symbols.table:
            return None
        self.note(f"{spell(name)} is the root of {spell(square)}")
        below = node.below if isinstance(node, Scripted) else None
        value = zipped([self.named(replace(square, below=below))], lambda f: Apply("sqrt", f[0]))
        power = node.above if isinstance(node, Scripted) else None
        return value if power is None else self.raised_value(value, power, node)

    def meaning(self, found: Found, node: Node) -> Value:
        meaning = found.meaning
        match meaning:
            case Tensor():
                if meaning.classes is not None:
                    return Count(Entry(meaning, *map(self.index, found.indices)))
                return self.entries(meaning, found, lambda c: c)
            case Cotangent():
                loss = self.symbols.losses.get(spell(found.name), self.symbols.loss)
                if loss is None or loss.shape:
                    refuse(node, "a scalar loss that this is the cotangent of", "none")
                by = Component(loss)
                return self.entries(meaning.tensor, found, lambda c: Derivative(by, c))
            case Kronecker():
                return self.delta(found.indices)
            case Index() | Size():
                return Count(meaning)
            case Ones() | Identity():
                return self.constant(meaning)
            case Abbreviation():
                return self.abbreviated(meaning, found)
        return refuse(node, f"the argument of {spell(node)}", "none")

    def entries(self, tensor: Tensor, found: Found, make: Callable[[Component], Formula]) -> Value:
        """An entry, a row or all of a tensor; `make` says what stands at each position."""
        base = self.symbols.base
        items = [*found.indices, *[EVERY] * (len(tensor.shape) - len(found.indices))]
        kept = [k for k, e in enumerate(items) if e == EVERY]
        axes = new_axes(len(kept))
        free = dict(zip(kept, axes, strict=True))
        at = [
            free[k] + (tensor.base - base) if k in free else self.index(e)
            for k, e in enumerate(items)
        ]
        self.notice_sizes(tensor, items, kept)
        formula = make(Component(tensor, *at))
        if found.name in self.symbols.zeros and not self.reading_variable:
            formula = self.guarded(
                formula, tensor, {k: e for k, e in enumerate(at) if k not in free}
            )
        if not kept:
            return formula
        cut = len(kept) == 1 < len(items)
        return Array(formula, axes, tuple(tensor.shape[k] for k in kept), base, loose=cut)

    def notice_sizes(self, tensor: Tensor, items: list[Node], kept: list[int]) -> None:
        """Remember letters that name a size but stand alone on an axis of another extent."""
        for k, e in enumerate(items):
            size = self.symbols.table.get(e) if k not in kept and is_letter(e) else None
            free = isinstance(size, Size) and size.value is None and e not in self.indices
            if free and not same_extent(Int.of(size), tensor.shape[k]):  # type: ignore[arg-type]
                self.letters[e] = None

    @staticmethod
    def guarded(f: Formula, tensor: Tensor, at: dict[int, Int]) -> Formula:
        """`f` where the indices are in the ranges of the tensor, else 0."""
        inside: list[Guard] = []
        for k, e in at.items():
            inside.append(at_least(e, tensor.base))
            inside.append(at_most(e, tensor.shape[k] + (tensor.base - 1)))
        return Bracket(And(*inside)) * f if inside else f

    def delta(self, indices: tuple[Node, ...]) -> Formula:
        """A Kronecker delta, of two tuples of indices perhaps."""
        pairs = [e.body if isinstance(e, Group) and e.open == "(" else e for e in indices]
        if all(isinstance(p, Listed) for p in pairs):
            left, right = (p.items for p in pairs if isinstance(p, Listed))
            if len(left) == len(right):
                both = zip(left, right, strict=True)
                return Bracket(And(*(Equal(self.index(e), self.index(f)) for e, f in both)))
        return Delta(*map(self.index, indices))

    def constant(self, meaning: Ones | Identity) -> Array:
        base = self.symbols.base
        if isinstance(meaning, Ones):
            return Array(Number(1), new_axes(1), (meaning.length,), base)
        i, j = new_axes(2)
        return Array(Delta(i, j), (i, j), (meaning.order, meaning.order), base)

    def abbreviated(self, meaning: Abbreviation, found: Found) -> Value:
        """What a name of the text's own stands for, at indices or as a whole."""
        axes = new_axes(len(meaning.indices))
        formula = substitute(meaning.formula, dict(zip(meaning.indices, axes, strict=True)))
        if not axes:
            return formula
        whole = Array(formula, axes, meaning.shape, self.symbols.base)
        return self.indexed(whole, found.indices, found.name) if found.indices else whole

    # -- what is no name --------------------------------------------------------------------------

    def unnamed(self, node: Node) -> Value:
        custom = self.by_custom(node) if self.whole else None
        if custom is not None:
            return custom
        if isinstance(node, Scripted):
            if node.base == EULER and node.above and node.below is None:
                exponent = self.value(node.above)
                return zipped([exponent], lambda f: Apply("exp", f[0]))
            if is_one(node.base) and node.below is not None and node.above is None:
                return self.indicator_below(node)
            if isinstance(node.base, (Group, Scripted, Numeral, Call, Fraction, Factors)):
                return self.scripted(node)
            if node.above is not None and is_mark(node.above) and not node.primes:
                bare = node.base if node.below is None else replace(node, above=None)
                return self.raised_value(self.value(bare), node.above, node)
            if isinstance(node.below, Raw):
                raise node.below.problem
        raise UndefinedName(node.position, "a declared symbol", f"“{spell(node)}”")

    def by_custom(self, node: Node) -> Value | None:
        """`\\mathbf 1_N`, `I_n`, `\\mathbf 0`: what nearly everybody means by these."""
        base, below = node, None
        if isinstance(node, Scripted):
            base, below = node.base, node.below
            if node.above is not None or node.primes:
                return None
        size = self.index(below) if below is not None and self.is_size(below) else None
        if below is not None and size is None:
            return None
        letter = base.body if isinstance(base, Styled) and base.command in ONE_LIKE else base
        if letter == Symbol("I", position=0):
            self.note(f"{spell(node)} is the identity")
            return self.constant(Identity(size))
        if not isinstance(base, Styled) or base.command not in ONE_LIKE:
            return None
        if letter == Numeral("0", position=0):
            return Number(0)
        return self.constant(Ones(size)) if letter == Numeral("1", position=0) else None

    def is_size(self, node: Node) -> bool:
        """Whether a subscript is a number or an expression in sizes."""
        names = [n for n in letters(node) if isinstance(n, Symbol)]
        return isinstance(node, Numeral) or (
            bool(names) and all(isinstance(self.symbols.table.get(n), Size) for n in names)
        )

    def indicator_below(self, node: Scripted) -> Value:
        """`\\mathbf 1_{x > 0}`."""
        raise NotImplementedError

    def scripted(self, node: Scripted) -> Value:
        """Something in brackets, or a function's value, with indices or a power."""
        if node.primes:
            refuse(node, "a function before a prime", f"“{spell(node)}”")
        group = node.base
        if isinstance(group, Group) and group.open in ("\\|", "\\lVert", "\\Vert"):
            return self.norm(node)
        if isinstance(group, Call) and node.below is not None:
            rotated = self.operated(node, group)
            if rotated is not None:
                return rotated
        if isinstance(group, Group) and group.open == "\\{" and node.below is not None:
            value: Value = self.formula(group.body)
        else:
            value = self.value(group)
        return self.with_scripts(value, node)

    def with_scripts(self, value: Value, node: Scripted) -> Value:
        """A value at indices, or to a power."""
        if node.below is None:
            return value if node.above is None else self.raised_value(value, node.above, node)
        if node.above is not None and is_mark(node.above):
            value, above = transpose(value), None
        else:
            above = node.above
        below = self.indexed_by(value, node.below, node)
        return below if above is None else self.raised_value(below, above, node)

    def norm(self, node: Scripted) -> Value:
        raise NotImplementedError

    def operated(self, node: Scripted, call: Call) -> Value | None:
        """`\\mathrm{rot}_{180}(W)` for an operator of that name, else None."""
        raise NotImplementedError

    def indexed_by(self, value: Value, below: Node, node: Node) -> Value:
        if not isinstance(value, Array):
            return self.collected(value, below, node)
        indices = split_indices(below, value.rank)
        if indices is None:
            indices = below.items if isinstance(below, Listed) else (below,)
        many = len(indices) == 1 and value.rank < 3 and self.are_letters(indices[0])
        if len(indices) > value.rank or many:
            found = f"“{spell(below)}”"
            raise Misfit(below.position, f"{value.rank} indices of {show(value)}", found)
        return self.indexed(value, indices, node)

    def indexed(self, value: Array, indices: tuple[Node, ...], node: Node) -> Value:
        """The entry, or the row, of an array at indices."""
        items = [*indices, *[EVERY] * (value.rank - len(indices))]
        kept = [k for k, e in enumerate(items) if e == EVERY]
        axes = new_axes(len(kept))
        free = dict(zip(kept, axes, strict=True))
        formula = value.at(*(free[k] if k in free else self.index(e) for k, e in enumerate(items)))
        if not kept:
            return formula
        shape, cut = tuple(value.shape[k] for k in kept), len(kept) == 1 < len(items)
        return Array(formula, axes, shape, value.base, loose=cut)

    def collected(self, f: Formula, below: Node, node: Node) -> Value:
        """`\\{f(i, j)\\}_{i,j}`: the array whose entries these are."""
        items = split_indices(below, 2) or split_indices(below, 1) or ()
        if isinstance(below, Listed):
            items = below.items
        known = [self.indices.get(e) for e in items]
        indices = [i for i in known if i is not None]
        if not items or len(indices) < len(items) or len(set(indices)) < len(items):
            raise Misfit(below.position, "no indices of a number", f"“{spell(below)}”")
        extents = []
        for i, name in zip(indices, items, strict=True):
            lower, upper = self.implied(i, (f,), name)
            if len(lower) > 1 or len(upper) > 1:
                refuse(name, "an index that runs over one axis", "one over several")
            extents.append(upper[0] - (self.symbols.base - 1))
        axes = new_axes(len(items))
        body = substitute(f, dict(zip(indices, axes, strict=True)))
        for name in items:
            self.indices.pop(name, None)
        return Array(body, axes, tuple(extents), self.symbols.base)

    # -- powers -----------------------------------------------------------------------------------

    def raised_value(self, value: Value, power: Node, node: Node) -> Value:
        if is_mark(power) and (isinstance(value, Array) or self.find(power) is None):
            if not self.whole:
                refuse(power, "a formula for entries", "a mark for whole arrays")
            with self.fitting(node):
                return transpose(value)
        if isinstance(power, Raw):
            raise power.problem
        entries = circled(power)
        exponent = self.exponent(entries or power)
        if not is_moderate(exponent, HIGHEST):
            refuse(power, f"an exponent of at most {HIGHEST}", f"“{spell(power)}”")
        if not isinstance(value, Array):
            return Power(value, exponent)
        square = value.rank == 2 and same_extent(*value.shape)
        if square and entries is None and not self.elementwise:
            return self.matrix_power(value, exponent, power)
        return value.map(lambda f: Power(f, exponent))

    def matrix_power(self, a: Array, exponent: Formula, power: Node) -> Value:
        whole = isinstance(exponent, Number) and exponent.value.denominator == 1
        if not whole or not 1 <= exponent.value <= 4:  # type: ignore[attr-defined]
            refuse(power, "a power from 1 to 4 of a square matrix", f"“{spell(power)}”")
        self.note("a power of a square matrix is a product of matrices")
        result: Value = a
        for _ in range(int(exponent.value) - 1):  # type: ignore[attr-defined]
            assert isinstance(result, Array)
            result = product(result, a)
        return result

    def exponent(self, node: Node) -> Formula:
        if isinstance(node, Symbol) and node.text in ("*", "+", "-", "\\dagger"):
            refuse(node, "a formula for entries", "a mark for whole arrays")
        if isinstance(node, Raw):
            raise node.problem
        return self.formula(node)


def circled(power: Node) -> Node | None:
    """The 2 of `x^{\\circ 2}` or `x^{\\odot 2}`."""
    if isinstance(power, Factors) and len(power.factors) == 2:
        (_, mark), (_, exponent) = power.factors
        if isinstance(mark, Symbol) and mark.text in ("\\circ", "\\odot"):
            return exponent
    return None


def is_one(node: Node) -> bool:
    """`\\mathbf 1`, `\\mathbb 1`: ones, or an indicator."""
    return (
        isinstance(node, Styled)
        and node.command in ONE_LIKE
        and node.body in (Numeral("1", position=0), Symbol("I", position=0))
    )
