"""The definition of a tensor: entry by entry, or as a whole array."""

from __future__ import annotations

from dataclasses import replace

from derive.ir import (
    Definition,
    Delta,
    Formula,
    Index,
    Int,
    Range,
    Tensor,
    Times,
    free_indices,
    substitute,
)
from derive.latex.array import Array, Value
from derive.latex.binders import is_name
from derive.latex.einstein import summed
from derive.latex.error import ReadError, UndefinedName
from derive.latex.formulas import Formulas
from derive.latex.indices import is_letter
from derive.latex.integers import refuse
from derive.latex.read import reading, stated_ranges
from derive.latex.scope import Found
from derive.latex.symbols import Symbols
from derive.latex.tree import (
    Chain,
    Factors,
    Listed,
    Node,
    Scripted,
    Styled,
    Symbol,
    Where,
    Word,
    as_name,
    letters,
    nodes,
    spell,
    subscripts,
)


def read_definition(source: str, symbols: Symbols) -> Definition:
    """`Y_{i,j} = ... for i=1..3, j=1..3`; ranges may be left out where an axis implies them.

    A left side that is not declared makes a new tensor: braces hold its indices (`z_{i}`), a
    subscript without braces is part of the name (`h_t`).  Without indices it has the shape of the
    right side: `D = W X`.
    """
    return reading(source, lambda tree: _Defining(symbols).definition(tree))


class _Defining:
    """Reads one definition."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols
        self.reader = Formulas(symbols, whole=True)
        self.where: tuple[Range, ...] = ()
        self.stated: set[Node] = set()

    def definition(self, tree: Node) -> Definition:
        if isinstance(tree, Where):
            self.where = stated_ranges(tree.ranges, self.reader)
            self.stated = set(self.reader.indices)
            self.reader.spans |= {r.index: r for r in self.where}
            tree = tree.body
        if not isinstance(tree, Chain) or [r for r, _ in tree.links] != ["="]:
            refuse(tree, "one equation: a name, =, a formula", f"“{spell(tree)}”")
        left, right = as_name(tree.first), tree.links[0][1]
        found = self.declared(left)
        if found is not None:
            return self.of(found, left, right)
        name, names = self.indices_of(left)
        if not names:
            try:
                return self.whole(left, right)
            except ReadError:
                name, names = self.without_braces(left)
                if not names:
                    raise
                self.reader.indices.clear()
        read = {x for below in subscripts(right) for x in letters(below)} | self.stated
        glued = is_glued(left.below if isinstance(left, Scripted) else None)
        unread = not any(n in names for n in nodes(right)) and not self.symbols.upper
        unread = unread and self.stated.isdisjoint(names)
        if unread or (glued and not read.issuperset(names)):
            return self.whole(left, right)  # the letters are part of the name
        if len(names) == 2 and len(set(names)) == 1:
            return self.diagonal(name, names[:1], left, right)
        indices, body = self.body(names, left, right)
        return Definition(self.tensor(name, left, indices, body), indices, body)

    def diagonal(self, name: Node, names: tuple[Node, ...], left: Node, right: Node) -> Definition:
        """`D_{ii} = ...`: a matrix that is 0 elsewhere."""
        (i,), body = self.body(names, left, right)
        column, j = self.tensor(name, left, (i,), body), Index(_letters(1, body, ())[0])
        tensor = Tensor(column.name, column.symbol, column.shape * 2, column.base)
        return Definition(tensor, (i, j), Times(Delta(i, j), body))

    def declared(self, left: Node) -> Found | None:
        """A left side that is declared, with all its indices or none."""
        if not isinstance(left, Scripted) or left.below is None or left in self.symbols.table:
            found = self.reader.find(left)
        else:
            entries = Formulas(self.symbols)
            found = entries.find(left)
        tensor = found is not None and isinstance(found.meaning, Tensor) and found.power is None
        return found if tensor else None

    def of(self, found: Found, left: Node, right: Node) -> Definition:
        """The definition of a tensor that is declared."""
        tensor = found.meaning
        assert isinstance(tensor, Tensor)
        if not found.indices:
            made = self.whole(left, right)
            if len(made.tensor.shape) != len(tensor.shape):
                given, needed = len(made.tensor.shape), len(tensor.shape)
                refuse(right, f"{needed} axes, as {spell(left)} has", f"{given}")
            shaped = (tensor.name, tensor.symbol, made.tensor.shape, tensor.base, tensor.classes)
            return Definition(Tensor(*shaped), made.indices, made.body)
        indices, body = self.body(found.indices, left, right)
        return self.fitting(Definition(tensor, indices, body), left)

    # -- bodies ------------------------------------------------------------------------------------

    def body(
        self, names: tuple[Node, ...], left: Node, right: Node
    ) -> tuple[tuple[Index, ...], Formula]:
        """The indices on the left, and the entry at these."""
        for name in names:
            if not is_name(name):
                refuse(name, "an index", f"“{spell(name)}”")
            self.reader.indices[name] = Index(spell(name))
        indices = tuple(self.reader.indices[name] for name in names)
        if len(set(indices)) < len(indices):
            refuse(left, "a different index for each axis", f"“{spell(left)}”")
        body = self.with_implied_sums(self.reader.formula(right), indices)
        self.refuse_stray(body, indices, right)
        return indices, body

    def whole(self, left: Node, right: Node) -> Definition:
        """`D = W X`, `h = 3`: a new tensor with the shape of the right side."""
        value: Value = self.reader.value(right)
        if not isinstance(value, Array):
            body = self.with_implied_sums(value, ())
            self.refuse_stray(body, (), right)
            return Definition(self.tensor(left, left, (), body), (), body)
        body = self.with_implied_sums(value.formula, value.axes)
        self.refuse_stray(body, value.axes, right)
        shape: list[Int] = []
        for extent in value.shape:
            if extent is None:
                refuse(right, "an array of known shape", "one that fits every shape")
            shape.append(extent)
        axes = tuple(Index(x) for x in _letters(len(value.axes), body, value.axes))
        body = substitute(body, dict(zip(value.axes, axes, strict=True)))
        name = self.named(left)
        return Definition(Tensor(symbol(name), symbol(name), shape, self.symbols.base), axes, body)

    def with_implied_sums(self, body: Formula, free: tuple[Index, ...]) -> Formula:
        if not self.symbols.einstein:
            return body
        stated = {r.index: r for r in self.where}

        def over(index: Index, f: Formula) -> Range:
            place = Symbol(index.hint, position=0)
            return stated.get(index) or Range(index, *self.reader.implied(index, (f,), place))

        return summed(body, set(free), over)

    def refuse_stray(self, body: Formula, indices: tuple[Index, ...], right: Node) -> None:
        known = self.reader.indices.items()
        stray = [n for n, i in known if i in free_indices(body) - set(indices)]
        if stray:
            refuse(right, "the indices of the left side only", f"“{spell(stray[0])}”")

    # -- left sides --------------------------------------------------------------------------------

    def indices_of(self, left: Node) -> tuple[Node, tuple[Node, ...]]:
        """The name and the indices on a left side that nothing declares: those in braces."""
        if not isinstance(left, Scripted):
            return left, ()
        if self.symbols.upper and left.above is not None and is_indices(left.above):
            below = () if left.below is None else items_of(left.below)
            return left.base, (*items_of(left.above), *below)
        if left.below is None or not left.braced:
            return left, ()
        items = items_of(left.below)
        if not all(map(is_name, items)) or any(map(is_in_font, items)):
            return left, ()
        bare = left.above is None and not left.primes
        return (left.base if bare else replace(left, below=None)), items

    def without_braces(self, left: Node) -> tuple[Node, tuple[Node, ...]]:
        """The name and the index of `y_i`, where the right side needs an i."""
        if not isinstance(left, Scripted) or left.below is None or left.braced:
            return left, ()
        return self.indices_of(replace(left, braced=True))

    def named(self, left: Node) -> Node:
        word = isinstance(left, Factors) and all(is_letter(f) for _, f in left.factors)
        if not is_name(left) and not isinstance(left, (Scripted, Word)) and not word:
            refuse(left, "the name of a tensor", f"“{spell(left)}”")
        return left

    def tensor(self, name: Node, left: Node, indices: tuple[Index, ...], body: Formula) -> Tensor:
        base = self.symbols.base
        name = self.named(name)
        stated = {r.index: r for r in self.where}
        extents = []
        for i in indices:
            place = Symbol(i.hint, position=left.position)
            r = stated.get(i) or Range(i, *self.reader.implied(i, (body,), place))
            if r.lowers != (Int.of(base),) or len(r.uppers) != 1:
                refuse(left, f"ranges that begin at {base}", f"one for {i.hint} that does not")
            extents.append(r.uppers[0] - base + 1)
            for j in sorted(extents[-1].indices, key=lambda j: j.sort_key()):
                if j in indices:
                    refuse(left, "ranges that end at sizes", f"that of {i}, up to {j}")
                told = f"a declared symbol where the range of {i} ends"
                raise UndefinedName(left.position, told, f"“{j}”")
        return Tensor(symbol(name), symbol(name), extents, base)

    def fitting(self, d: Definition, left: Node) -> Definition:
        """`d`, if the stated ranges are those of its tensor."""
        axes = {r.index: r for r in d.ranges}
        for r in self.where:
            if axes.get(r.index, r) != r:
                refuse(left, f"the range of {r.index.hint} that its axis has", "another one")
        return d


def symbol(name: Node) -> str:
    """The LaTeX of the name of a new tensor; words are upright in it."""
    base = name.base if isinstance(name, Scripted) else name
    text = spell(name)
    return rf"\text{{{base.text}}}{text[len(base.text) :]}" if isinstance(base, Word) else text


def is_in_font(node: Node) -> bool:
    """Whether a letter is in a font in which nobody writes an index: `\\mathcal B`."""
    return isinstance(node, Styled) and node.command.startswith(("\\math", "\\bm", "\\bold"))


def items_of(node: Node) -> tuple[Node, ...]:
    """The names in a script: with commas, or letters without."""
    if isinstance(node, Listed):
        return node.items
    if is_glued(node):
        assert isinstance(node, Factors)
        return tuple(f for _, f in node.factors)
    return (node,)


def is_glued(node: Node | None) -> bool:
    return isinstance(node, Factors) and all(o == "" and is_letter(f) for o, f in node.factors)


def is_indices(node: Node) -> bool:
    return all(map(is_letter, items_of(node)))


def _letters(n: int, body: Formula, axes: tuple[Index, ...]) -> list[str]:
    """Letters for the axes of an array, different from those of its free indices."""
    taken = {i.hint for i in free_indices(body) if i not in axes}
    return [x for x in "ijklmnpqrs" if x not in taken][:n]
