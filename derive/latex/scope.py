"""Finding the meaning of a name: which scripts belong to it, which are indices, which a power."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from typing import NamedTuple, TypeAlias

from derive.ir import Guard, Index, Size, Tensor
from derive.latex.array import Array
from derive.latex.error import Miscounted, ReadError
from derive.latex.indices import (
    glued,
    in_brackets,
    is_letter,
    is_mark,
    lower_parts,
    name_of,
    rank,
    split_indices,
    upper_parts,
)
from derive.latex.symbols import Kronecker, Meaning, Symbols
from derive.latex.tree import (
    Call,
    Factors,
    Group,
    Listed,
    Node,
    Numeral,
    Scripted,
    Symbol,
    Word,
    in_other_letters,
    spell,
    without_font,
)

NO_INDEX = frozenset(("\\partial", "\\nabla", "\\infty", "\\top", "\\dots", "\\prime", "\\circ"))

SPELT = tuple("softmax sigmoid relu ReLU tanh diag exp log max min sign vec tr".split())
"""Functions that people also write in italics, as letters before a bracket."""


class Found(NamedTuple):
    """A name with its meaning, the nodes of its indices, and the power it is raised to.

    With fewer indices than axes it stands for a row or a whole array.
    """

    meaning: Meaning
    indices: tuple[Node, ...]
    power: Node | None
    name: Node


Fit: TypeAlias = Callable[[Node, Meaning, "Node | None", "Node | None"], "Found | None"]
"""A way to take a name with its meaning, what is left below it, and what stands above it."""


class Scope:
    """The declared symbols, and the indices that are known where a formula stands.

    `inside` says how many operators bind some of them; `needed` are conditions without which what
    was read has no value, `assumed` what it takes for granted of sizes.

    Where `whole` arrays are allowed, names may lack indices.  `jacobians` are the derivatives of
    arrays by arrays of their shape; where these are meant `entrywise`, they are their diagonals.
    """

    whole = False

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols
        self.indices: dict[Node, Index] = {}
        self.creating = False
        self.inside = 0
        self.needed: list[Guard] = []
        self.assumed: list[Guard] = []
        self.shadowing: dict[Node, Index] = {}
        self.choices: dict[str, bool] = {}
        self.readings: dict[str, None] = {}
        self.compared: dict[Node, None] = {}
        self.letters: dict[Node, None] = {}
        self.entrywise = False
        self.jacobians: list[Array] = []
        self._joined: dict[int, tuple[Node, list[tuple[str, Node]]]] = {}

    def note(self, reading: str) -> None:
        """Remember how a notation with several meanings was taken."""
        self.readings[reading] = None

    def chooses(self, reading: str) -> bool:
        """Whether a notation is to be taken in another way than usual; remembers that it might."""
        if self.choices.setdefault(reading, False):
            self.note(reading)
        return self.choices[reading]

    @contextmanager
    def binding(self, names: list[Node]) -> Iterator[None]:
        """Inside, `names` are indices of a binder."""
        before = self.indices
        self.indices = {**before, **{n: Index(spell(n)) for n in names}}
        self.inside += 1
        yield
        self.inside -= 1
        inside, self.indices = self.indices, before
        for name, index in inside.items():
            if name not in names:
                before.setdefault(name, index)

    def find(self, node: Node) -> Found | None:
        """The meaning of a name, or None if nothing declares it; its indices must fit it."""
        found = self._find(node)
        if found is None:
            plain = without_font(node)
            found = None if plain is None else self._find(plain)
        if found is None and not (self.creating and is_letter(node)):
            found = self._in_its_font(node) or self._entry_of_capital(node)
        return self._in_other_letters(node) if found is None else found

    def _in_other_letters(self, node: Node) -> Found | None:
        """A name whose own scripts are declared as words, or as letters: `W_{\\text{out}}`."""
        found = self._find(in_other_letters(node)) if isinstance(node, Scripted) else None
        rest = () if found is None else (*found.indices, found.power)
        return None if any(isinstance(part, Word) for part in rest) else found

    def _entry_of_capital(self, node: Node) -> Found | None:
        """The `x_{ij}` that is an entry of a matrix X, where nothing declares an x."""
        if not isinstance(node, Scripted) or node.below is None:
            return None
        base = node.base
        if not isinstance(base, Symbol) or not base.text.islower() or len(base.text) > 1:
            return None
        capital = replace(base, text=base.text.upper())
        if base in self.symbols.bases or not isinstance(self.symbols.table.get(capital), Tensor):
            return None
        found = self._find(replace(node, base=capital))
        if found is None or len(found.indices) < 2 or len(found.indices) < rank(found.meaning):
            return None
        self.note(f"{spell(base)} with indices is an entry of {spell(capital)}")
        return found

    def _in_its_font(self, node: Node) -> Found | None:
        """A name that is declared in another font: `W_{ij}` for an entry of `\\mathbf W`."""
        base = node.base if isinstance(node, Scripted) else node
        bare = without_font(base) or base
        declared = self.symbols.fonts.get(bare)
        if declared is None or declared == base:
            return None
        found = self._find(replace(node, base=declared) if isinstance(node, Scripted) else declared)
        if found is not None:
            self.note(f"{spell(base)} is {spell(declared)} in another font")
        return found

    def _find(self, node: Node) -> Found | None:
        base, below, above, primes = node, None, None, 0
        if isinstance(node, Scripted):
            base, below, above, primes = node.base, node.below, node.above, node.primes
        if isinstance(base, Group) and base.open in ("[", "(") and below is not None:
            base = base.body
        known: list[tuple[Node, Meaning, Node | None, Node | None]] = []
        parts = product(lower_parts(below), upper_parts(above))
        for (named_below, left), (named_above, rest) in parts:
            key = name_of(base, named_below, named_above, primes)
            meaning = self.indices.get(key) or self.shadow(key) or self.symbols.table.get(key)
            if meaning is not None:
                known.append((key, meaning, left, rest))
        fits: list[Fit] = [self._raised, self._beside]
        if self.symbols.upper:
            fits = [_upstairs, self._raised]
        for key, meaning, left, rest in known:  # names with more scripts come first
            for fit in fits + [self._partly] * self.whole:
                found = fit(key, meaning, left, rest)
                if found is not None:
                    return found
        self._refuse_misfit(node, known)
        return None

    def _raised(
        self, key: Node, meaning: Meaning, left: Node | None, power: Node | None
    ) -> Found | None:
        """All indices below; what is left above is a power."""
        indices = split_indices(left, rank(meaning))
        if indices is None or (power is not None and in_brackets(power)):
            return None
        if len(indices) == 1 and self.are_letters(indices[0]):
            return None
        return Found(meaning, indices, power, key)

    def are_letters(self, index: Node) -> bool:
        """Whether an index is several letters, none of them a size: `x_{ij}`, not `x_{Si}`."""
        if not isinstance(index, Factors):
            return False
        letters = [f for _, f in self.joined(index)]
        return len(letters) > 1 and all(
            is_letter(f) and not isinstance(self.symbols.table.get(f), Size) for f in letters
        )

    def _beside(
        self, key: Node, meaning: Meaning, left: Node | None, above: Node | None
    ) -> Found | None:
        """Indices above, although powers stand there: `x^{(n)}_j`, `X^k_{i,j}`, not `h^2`."""
        tag = above is not None and in_brackets(above)
        letter = above is not None and is_letter(above)
        letter = letter and (left is not None or above not in self.symbols.table)
        number = isinstance(above, Numeral) and left is not None
        return _upstairs(key, meaning, left, above) if tag or letter or number else None

    def shadow(self, name: Node) -> Index | None:
        """The index that a letter is in index positions, although it also names a size."""
        return self.shadowing.get(name) if self.creating else None

    def _partly(
        self, key: Node, meaning: Meaning, left: Node | None, power: Node | None
    ) -> Found | None:
        """Fewer indices than axes: a row, or a whole array."""
        axes = rank(meaning)
        if not axes or isinstance(meaning, Kronecker):
            return None
        if key in self.symbols.customary and split_indices(left, 2) is not None:
            return None
        if power is not None and in_brackets(power):  # one sample of all: x^{(i)}
            assert isinstance(power, Group)
            sample = is_letter(power.body) or isinstance(power.body, Numeral)
            one = sample and left is None and axes > 1
            return Found(meaning, (power.body,), None, key) if one else None
        if left is None:
            return Found(meaning, (), power, key)
        items = left.items if isinstance(left, Listed) else (left,)
        if len(items) == 1 and axes > 2:
            apart = tuple(glued(left))
            items = apart if all(map(is_letter, apart)) else items
        return Found(meaning, items, power, key) if len(items) < axes else None

    def _refuse_misfit(
        self, node: Node, known: list[tuple[Node, Meaning, Node | None, Node | None]]
    ) -> None:
        """Refuse a name that has another number of indices; one that nothing declares is None."""
        for key, _, left, _ in known:
            if key in self.symbols.customary and split_indices(left, 2) is not None:
                return
        for key, meaning, left, rest in known:
            if self.whole and isinstance(meaning, Kronecker):
                continue
            if rank(meaning) and not (rest is not None and in_brackets(rest)):
                found = f"“{spell(left)}”" if left is not None else "none"
                expected = f"{rank(meaning)} indices of {spell(key)}"
                refused = Miscounted if self.whole else ReadError
                raise refused((left or node).position, expected, found)

    def customary(self, node: Node) -> Found | None:
        """What a name means by custom, although it is declared with another number of indices."""
        if not isinstance(node, Scripted) or node.below is None:
            return None
        meaning = self.symbols.customary.get(node.base)
        indices = split_indices(node.below, 2)
        if meaning is None or indices is None:
            return None
        return Found(meaning, indices, node.above, node.base)

    def create(self, node: Node) -> Index | None:
        """A new free index for a name like `i`, `\\alpha`, `i'` or `i_1` in an index position."""
        base = node.base if isinstance(node, Scripted) and node.above is None else node
        below = node.below if isinstance(node, Scripted) else None
        letter = isinstance(base, Symbol) and base.text not in NO_INDEX
        if not (self.creating and letter and (below is None or isinstance(below, Numeral))):
            return None
        index = self.indices[node] = Index(spell(node))
        return index

    # -- names of several letters ------------------------------------------------------------------

    def joined(self, node: Factors) -> list[tuple[str, Node]]:
        """The factors, with those that together are a declared name (`dW`) or a call made one."""
        known = self._joined.get(id(node))
        if known is None:
            known = self._joined[id(node)] = node, self._join(list(node.factors))
        return known[1]

    def _join(self, factors: list[tuple[str, Node]]) -> list[tuple[str, Node]]:
        made: list[tuple[str, Node]] = []
        k = 0
        while k < len(factors):
            operator, node = factors[k]
            run = [node]
            for follows, factor in factors[k + 1 : k + 12]:
                if follows != "":
                    break
                run.append(factor)
            joined, taken = self._compound(run) or _call(run) or (node, 1)
            made.append((operator, joined))
            k += taken
        return made

    def _compound(self, run: list[Node]) -> tuple[Node, int] | None:
        for name in self.symbols.compounds.get(run[0], ()):
            n = len(name.factors)
            last = run[n - 1] if n <= len(run) else None
            base = last.base if isinstance(last, Scripted) else last
            if last is None or [*run[: n - 1], base] != [f for _, f in name.factors]:
                continue
            whole = Factors(name.factors, position=run[0].position)
            if isinstance(last, Scripted):
                return replace(last, base=whole, position=run[0].position), n
            return whole, n
        return None


def _call(run: list[Node]) -> tuple[Node, int] | None:
    """`\\text{diag}(v)`, or letters that spell a function before a bracket."""
    if len(run) > 1 and isinstance(run[0], Word) and argument_of(run[1]) is not None:
        return called(run[0].text, run[0].position, run[1]), 2
    letters = ""
    for k, node in enumerate(run):
        if letters in SPELT and argument_of(node) is not None:
            return called(letters, run[0].position, node), k + 1
        if not isinstance(node, Symbol) or len(node.text) > 1:
            return None
        letters += node.text
    return None


def argument_of(node: Node) -> Group | None:
    """The brackets behind a function, with scripts perhaps: `(z)_i`, `(z)^2`."""
    base = node.base if isinstance(node, Scripted) else node
    return base if isinstance(base, Group) else None


def called(name: str, position: int, behind: Node) -> Node:
    """A call; scripts behind the brackets are those of its value."""
    argument = argument_of(behind)
    assert argument is not None
    call = Call(name, argument, position=position)
    return replace(behind, base=call, position=position) if isinstance(behind, Scripted) else call


# -- fitting indices to a meaning ------------------------------------------------------------------


def _upstairs(key: Node, meaning: Meaning, left: Node | None, above: Node | None) -> Found | None:
    """Indices above and below, such as `W^i_j`, `x^{(n)}_j`, `X^k_{i,j}`; those above first."""
    axes = rank(meaning)
    if above is None or not axes or is_mark(above):
        return None
    tag = in_brackets(above)
    body = above.body if isinstance(above, Group) and tag else above
    upper = body.items if isinstance(body, Listed) else (body,)
    if tag and not all(is_letter(e) or isinstance(e, Numeral) for e in upper):
        return None
    for first in dict.fromkeys((upper, () if tag else tuple(glued(body)))):
        rest = split_indices(left, axes - len(first)) if first else None
        if rest is not None:
            return Found(meaning, (*first, *rest), None, key)
    return None
