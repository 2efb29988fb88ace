r"""Names: the letters of indices, the symbols of tensors and sizes, the notation of cotangents.

Letters are chosen once for everything that is read together (`Names.of`): free indices first, each
from its hint (a and b print as α and β), with a prime on a second copy (o, o').  Bound indices in
different scopes may share a letter; two that are ever in scope together never do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from itertools import count
from typing import Literal

from sympy import Basic

from derive.derivation.program import Program
from derive.document.math import Name
from derive.document.positions import Positions
from derive.document.present import present
from derive.ir import (
    Binding,
    Component,
    Formula,
    Index,
    Int,
    Range,
    Size,
    Tensor,
    free_indices,
    subformulas,
    tensors,
)

_GREEK_FOR = {"a": r"\alpha", "b": r"\beta", "g": r"\gamma"}
_SPARE = tuple("klmhrsijpquvw")
_ACCENTS = frozenset(
    "hat tilde bar dot ddot vec check breve widehat widetilde overline underline mathbf mathrm "
    "mathit mathcal mathbb mathsf boldsymbol bm text textbf textit operatorname".split()
)
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\s+|.")


@lru_cache(maxsize=1 << 12)
def parse_name(latex: str) -> Name:
    r"""The Name that LaTeX such as `z^{(conv)}`, `\hat y`, `c_{out}` or `o'` spells."""
    tokens = [t for t in _TOKEN.findall(latex) if not t.isspace()]
    base, accents, position = _core(tokens, 0)
    tag = mark = ""
    primes = 0
    while position < len(tokens):
        if tokens[position] == "'":
            primes += 1
            position += 1
        elif tokens[position] == "^":
            text, position = _group(tokens, position + 1)
            tag += text
        elif tokens[position] == "_":
            text, position = _group(tokens, position + 1)
            mark += text
        else:
            base += tokens[position]
            position += 1
    return Name(base, accents, tag, mark, primes)


def _core(tokens: list[str], position: int) -> tuple[str, tuple[str, ...], int]:
    if not tokens:
        raise ValueError("an empty name")
    if tokens[position].removeprefix("\\") in _ACCENTS and len(tokens) > position + 1:
        text, after = _group(tokens, position + 1)
        inner = parse_name(text)
        if inner != Name(inner.base, inner.accents):
            return "".join(tokens[position:after]), (), after
        return inner.base, (tokens[position].removeprefix("\\"), *inner.accents), after
    text, after = _group(tokens, position)
    return text, (), after


def _group(tokens: list[str], position: int) -> tuple[str, int]:
    """The text of the group or the token at `position`, and where it ends."""
    if position >= len(tokens):
        return "", position
    if tokens[position] != "{":
        return tokens[position], position + 1
    depth, end = 1, position + 1
    while end < len(tokens) and depth:
        depth += {"{": 1, "}": -1}.get(tokens[end], 0)
        end += 1
    return _spell(tokens[position + 1 : end - 1]), end


def _spell(tokens: list[str]) -> str:
    """Tokens as LaTeX, with a space only where a command would run into a letter."""
    text = ""
    for t in tokens:
        text += " " + t if t[0].isalpha() and re.search(r"\\[A-Za-z]+$", text) else t
    return text


@dataclass(frozen=True)
class Notation:
    """How a document writes what may be written in several ways.

    `numbers`: named sizes that have a value are printed as it.  `cotangents`: for each tensor
    whose cotangent ∂L/∂z is written δ, its tag.  `loss` is the L of those cotangents.  `taken`
    are symbols that no index may have.  `windows` has the ranges of sums and maxima that are
    written as sets, with the name of each.  `decimals`: which fractions are
    written as decimals, none, those such as 3/4 but not 1/4, or all that can be.
    `positions` says how positions in rearranged arrays are written.
    """

    numbers: bool = False
    loss: Tensor | None = None
    cotangents: Mapping[Tensor, str] = field(default_factory=dict)
    taken: frozenset[Name] = frozenset()
    windows: Mapping[tuple[Basic, ...], Name] = field(default_factory=dict)
    decimals: Literal["none", "long", "all"] = "none"
    positions: Positions = "spelled"

    @staticmethod
    def of(program: Program, numbers: bool = False, delta: bool = False) -> Notation:
        """The notation of a document about `program`; with `delta`, cotangents of intermediates
        are written δ with the tag of the tensor: where several share a tag, the last has it."""
        known = [*program.given, *program.defined]
        taken = {parse_name(t.symbol) for t in known}
        if not numbers:
            taken |= {parse_name(s.name) for s in program.sizes}
        tags: dict[str, Tensor] = {}
        for t in program.defined if delta else ():
            if t != program.loss:
                name = parse_name(t.symbol)
                tags[name.tag or f"({name.base})"] = t
        cotangents = {t: tag for tag, t in tags.items()}
        return Notation(numbers, program.loss, cotangents, frozenset(taken))


@dataclass(frozen=True)
class Names:
    """The letters of all indices in what is read together, and the notation of the rest."""

    notation: Notation
    letters: Mapping[Index, Name]
    presented: Mapping[Basic, Basic]
    symbols: frozenset[Name] = frozenset()
    values: Mapping[Component, Fraction] = field(default_factory=dict)
    """Numbers that are printed in the place of entries."""

    @staticmethod
    def of(
        things: Iterable[Basic], ranges: tuple[Range, ...] = (), notation: Notation | None = None
    ) -> Names:
        """Letters for the formulas, guards and integers `things` and for `ranges`.

        The indices of `ranges` are free, first in order.
        """
        notation = notation or Notation()
        shown = {f: present(f, notation.numbers) for f in things}
        symbols = notation.taken | _symbols(shown.values())
        letters = _letters(tuple(shown.values()), ranges, symbols)
        return Names(notation, letters, shown, symbols)

    def present(self, f: Basic) -> Basic:
        """`f` as it is printed: with numbers for sizes and positions for offsets in a maximum."""
        known = self.presented.get(f)
        return present(f, self.notation.numbers) if known is None else known

    def index(self, i: Index) -> Name:
        try:
            return self.letters[i]
        except KeyError:
            raise LookupError(f"no letter was chosen for the index {i}") from None

    def cotangent(self, of: Formula, by: Component) -> Name | None:
        """The δ that stands for ∂of/∂by, where the notation has one."""
        tag = self.notation.cotangents.get(by.tensor)
        is_loss = isinstance(of, Component) and of.tensor == self.notation.loss and not of.indices
        return Name(r"\delta", tag=tag) if is_loss and tag is not None else None


def _letters(
    things: tuple[Basic, ...], ranges: tuple[Range, ...], taken: frozenset[Name]
) -> dict[Index, Name]:
    free = [r.index for r in ranges]
    for f in things:
        inside = free_indices(f)
        free += [i for i in _in_order(f) if i in inside and i not in free]
    together: dict[Index, set[Index]] = {i: set(free) - {i} for i in free}
    for f in things:
        _meet(f, tuple(free), together)
    letters: dict[Index, Name] = {}
    for i, others in together.items():
        used = {letters[j] for j in others if j in letters} | taken
        wanted = {_letter(j.hint) for j in others}
        letters[i] = next(c for c in _candidates(i.hint, taken, wanted) if c not in used)
    return letters


def _letter(hint: str) -> Name:
    return parse_name(_GREEK_FOR.get(hint, hint))


def _in_order(f: Basic) -> Iterator[Index]:
    for node in subformulas(f):
        if isinstance(node, Int):
            yield from (a for a in node.atoms_within() if isinstance(a, Index))


def _meet(f: Basic, scope: tuple[Index, ...], together: dict[Index, set[Index]]) -> None:
    """Note in `together` which indices are in scope together, in order of appearance."""
    if isinstance(f, Binding):
        for r in f.ranges:
            mates = together.setdefault(r.index, set())
            for i in scope:
                if i != r.index:
                    mates.add(i)
                    together[i].add(r.index)
            scope = (*scope, r.index)
    for part in f.args:
        _meet(part, scope, together)


def _symbols(things: Iterable[Basic]) -> set[Name]:
    found: set[Name] = set()
    for f in things:
        found |= {parse_name(t.symbol) for t in tensors(f)}
        for node in subformulas(f):
            if isinstance(node, Int):
                found |= {parse_name(a.name) for a in node.atoms_within() if isinstance(a, Size)}
    return found


def _candidates(hint: str, taken: frozenset[Name], wanted: set[Name]) -> Iterator[Name]:
    """The letter of the hint, then with a prime, then letters that nobody wants, then more primes.

    Another letter takes its place where a symbol has it.
    """
    spare = [c for c in map(Name, _SPARE) if c not in taken]
    first = _letter(hint)
    letter = next((c for c in (first, *spare) if c not in taken), first)
    yield letter
    yield _primed(letter, 1)
    yield from (c for c in spare if c not in wanted)
    yield from (_primed(letter, k) for k in count(2))


def _primed(name: Name, primes: int) -> Name:
    return replace(name, primes=name.primes + primes)
