"""Names in formulas: numbers, entries, rows and whole arrays; arrays at indices, and to powers."""

from __future__ import annotations

from collections.abc import Callable
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
    ravel,
    substitute,
)
from derive.latex.array import (
    Array,
    Value,
    between,
    new_axes,
    same_extent,
    transpose,
    zipped,
)
from derive.latex.error import UndefinedName
from derive.latex.indices import EVERY, circled, is_letter, is_mark, rank, split_indices
from derive.latex.integers import refuse
from derive.latex.scope import Found
from derive.latex.scripts import Scripts
from derive.latex.symbols import Abbreviation, Cotangent, Identity, Kronecker, Ones, ScalarFunction
from derive.latex.tree import (
    Call,
    Chain,
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

EULER = Symbol("e", position=0)
PI = Power(Apply("inverse of the root of pi", Number(1)), Number(-2))
"""The number π, by the constant that the density of the normal distribution is made of."""
ONE_LIKE = ("\\mathbf", "\\mathbb", "\\mathbbm", "\\mathds", "\\boldsymbol", "\\bm", "\\mathrm")
"""Fonts of the 1 of an indicator or a vector of ones."""


class Names(Scripts):
    """Reads names."""

    reading_variable = False

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
                    if len(found.indices) < len(meaning.shape):
                        refuse(node, f"an entry of {spell(node)}", "all of its class indices")
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
        items = self.on_axes(tensor, found)
        kept = [k for k, e in enumerate(items) if e == EVERY]
        axes = new_axes(len(kept))
        free = dict(zip(kept, axes, strict=True))
        self.notice_sizes(tensor, items, kept)
        at = [
            free[k] + (tensor.base - base) if k in free else self.place(e)
            for k, e in enumerate(items)
        ]
        for e, extent in zip(at, tensor.shape, strict=True):
            self.remember_axis(e, between(Index("i"), extent, tensor.base))
        formula = make(Component(tensor, *at))
        if found.name in self.symbols.zeros and not self.reading_variable:
            formula = self.guarded(
                formula, tensor, {k: e for k, e in enumerate(at) if k not in free}
            )
        if not kept:
            return formula
        cut = len(kept) == 1 < len(items)
        return Array(formula, axes, tuple(tensor.shape[k] for k in kept), base, loose=cut)

    def on_axes(self, tensor: Tensor, found: Found) -> list[Node]:
        """What stands on each axis; the first axes are meant where there are fewer indices.

        A lone index is that of another axis where the name is declared to be sliced along it.
        """
        missing: list[Node] = [EVERY] * (len(tensor.shape) - len(found.indices))
        items = [*found.indices, *missing]
        axis = self.symbols.sliced.get(found.name)
        if axis is not None and len(found.indices) == 1 and 0 < axis < len(items):
            items.insert(axis, items.pop(0))
        return items

    def notice_sizes(self, tensor: Tensor, items: list[Node], kept: list[int]) -> None:
        """Remember letters that name a size but stand alone on an axis of another extent.

        On an axis of that extent they are the last index, or an index if the claim demands it.
        """
        for k, e in enumerate(items):
            size = self.symbols.table.get(e) if k not in kept and is_size_name(e) else None
            if not isinstance(size, Size) or size.value is not None or e in self.indices:
                continue
            if not same_extent(Int.of(size), tensor.shape[k]):
                self.letters[e] = None
            elif len(items) > 1 and self.chooses("names of sizes on their axes are indices"):
                self.shadowing.setdefault(e, Index(spell(e)))

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
        if self.whole and any(map(self.is_tuple, pairs)):
            return Delta(*map(self.position, pairs))
        return Delta(*map(self.index, indices))

    def place(self, node: Node) -> Int:
        """The index of an axis; letters side by side in brackets are a tuple: A_{(cd)}."""
        inside = node.body if isinstance(node, Group) and node.open == "(" else None
        if self.whole and inside is not None and self.is_tuple(inside):
            return self.position(inside)
        return self.index(node)

    def is_tuple(self, node: Node) -> bool:
        """Whether several indices stand side by side, or with commas, where one index is due."""
        if isinstance(node, Listed):
            return True
        if not isinstance(node, Factors) or any(operator for operator, _ in node.factors):
            return False
        return all(self.names_index(f) for _, f in self.joined(node))

    def names_index(self, node: Node) -> bool:
        """Whether a letter is an index, and no size."""
        known = node in self.indices or node in self.shadowing
        return is_size_name(node) and (known or not isinstance(self.symbols.table.get(node), Size))

    def position(self, node: Node) -> Int:
        """An index, or the place of several indices, row by row: the `cd` of \\delta_{cd,f}."""
        if not self.is_tuple(node):
            return self.index(node)
        parts = node.items if isinstance(node, Listed) else [f for _, f in node.factors]  # type: ignore[attr-defined]
        self.note(f"{spell(node)} is the place of these indices, row by row")
        extents = [self.extent(p) for p in parts]
        return ravel([self.index(p) for p in parts], extents, self.symbols.base)

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
        turned = self.transposed_by_prime(node) if self.whole else None
        if turned is not None:
            return turned
        custom = self.by_custom(node) if self.whole else None
        if custom is not None:
            return custom
        if node == Symbol("\\pi", position=0):
            return PI
        if isinstance(node, Scripted):
            if node.base == Symbol("\\pi", position=0) and node.below is None and node.above:
                return self.raised_value(PI, node.above, node)
            if node.base == EULER and node.above and node.below is None:
                exponent = self.value(node.above)
                return zipped([exponent], lambda f: Apply("exp", f[0]))
            if is_one(node.base) and node.below is not None and node.above is None:
                return self.indicator_below(node)
            if isinstance(node.base, (Group, Scripted, Numeral, Call, Fraction, Factors)):
                return self.scripted(node)
            of_array = node.above is not None and (is_mark(node.above) or circled(node.above))
            if node.above is not None and of_array and not node.primes:
                bare = node.base if node.below is None else replace(node, above=None)
                return self.raised_value(self.value(bare), node.above, node)
            if isinstance(node.below, Raw):
                raise node.below.problem
        raise UndefinedName(node.position, "a declared symbol", f"“{spell(node)}”")

    def transposed_by_prime(self, node: Node) -> Value | None:
        """`X'`, `(y - Xb)'`, where that is no name of its own."""
        if not isinstance(node, Scripted) or node.primes != 1 or node.below or node.above:
            return None
        if not isinstance(node.base, Group) and self.find(node.base) is None:
            return None
        value = self.value(node.base)
        if not isinstance(value, Array):
            return None
        self.note(f"{spell(node)} is a transpose")
        with self.fitting(node):
            return transpose(value)

    def by_custom(self, node: Node) -> Value | None:
        """`\\mathbf 1_N`, `I_n`, `\\mathbf 0`: what nearly everybody means by these."""
        base, below = node, None
        if isinstance(node, Scripted):
            base, below = node.base, node.below
            if node.above is not None or node.primes:
                return None
        letter = base.body if isinstance(base, Styled) and base.command in ONE_LIKE else base
        if letter == EULER and below is not None and not isinstance(below, Listed):
            return self.unit_vector(node, below)
        size = self.index(below) if below is not None and self.is_size(below) else None
        entry = split_indices(below, 2) if below is not None and size is None else None
        if below is not None and size is None and entry is None:
            return None
        if entry is not None and letter in (Symbol("I", position=0), Numeral("1", position=0)):
            self.note(f"{spell(node)} is an entry of the identity")
            return self.delta(entry)
        if entry is not None:
            return None
        if letter == Symbol("I", position=0):
            self.note(f"{spell(node)} is the identity")
            return self.constant(Identity(size))
        if not isinstance(base, Styled) or base.command not in ONE_LIKE:
            return None
        if letter == Numeral("0", position=0):
            return Number(0)
        return self.constant(Ones(size)) if letter == Numeral("1", position=0) else None

    def unit_vector(self, node: Node, below: Node) -> Array:
        """`e_k`: 1 at k, else 0."""
        (i,) = new_axes(1)
        self.note(f"{spell(node)} is a unit vector")
        return Array(Delta(i, self.index(below)), (i,), (None,), self.symbols.base)

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
        if isinstance(group, Group) and group.open == "\\{" and isinstance(node.below, Chain):
            return self.gathered(group.body, node)
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

    def norm(self, node: Scripted) -> Value:
        raise NotImplementedError

    def operated(self, node: Scripted, call: Call) -> Value | None:
        """`\\mathrm{rot}_{180}(W)` for an operator of that name, else None."""
        raise NotImplementedError


def is_size_name(node: Node) -> bool:
    """A letter, or one with a subscript: `h`, `c_{out}`."""
    return is_letter(node) or (isinstance(node, Scripted) and node.above is None)


def is_one(node: Node) -> bool:
    """`\\mathbf 1`, `\\mathbb 1`: ones, or an indicator."""
    return (
        isinstance(node, Styled)
        and node.command in ONE_LIKE
        and node.body in (Numeral("1", position=0), Symbol("I", position=0))
    )
