"""Windows and contractions by way of matrices: im2col, weights as rows, and views.

    z_{n,o,i,j} = Σ_{c,α,β} x_{n,c,i+α-1,j+β-1} w_{o,c,α,β} + b_o          becomes
    x^{cols}_{n,(cαβ),(ij)} = x_{n,c,i+α-1,j+β-1},    w^{rows}_{o,(cαβ)} = w_{o,c,α,β},
    ẑ_{n,o,l} = Σ_r w^{rows}_{o,r} x^{cols}_{n,r,l} + b_o,    z_{n,o,i,j} = ẑ_{n,o,(ij)}

All summed indices make one axis, and all places of windows another.  A maximum over windows is
treated alike.  What reads its arrays plainly, one summed index and no windows, stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from derive.derivation.program import Program
from derive.ir import (
    TRUE,
    Binder,
    Bracket,
    Component,
    Definition,
    Formula,
    Index,
    Int,
    Max,
    Range,
    Size,
    Sum,
    Tensor,
    Times,
    free_indices,
    fresh,
    ravel,
    substitute,
    tensors,
    unravel,
)
from derive.ir.extent import product_of
from derive.rules.terms import factors, product, terms, total


@dataclass(frozen=True)
class Vectorised:
    """A program by way of matrices; `parts` has the definitions that stand for one of before.

    `turned` has columns as rows, for those who multiply by one row of weights at a time.
    """

    program: Program
    parts: Mapping[Tensor, tuple[Definition, ...]]
    turned: Mapping[Tensor, Definition]


def vectorised(program: Program, hidden: Collection[Tensor] = ()) -> Vectorised:
    """The program in which windows and contractions of several indices are products of matrices.

    What reads `hidden` arrays, coefficients of unknown functions, stays as it is.
    """
    names = Names({t.symbol for t in (*program.given, *program.defined)}, list(program.sizes))
    definitions: list[Definition] = []
    parts: dict[Tensor, tuple[Definition, ...]] = {}
    turned: dict[Tensor, Definition] = {}
    for d in program.definitions:
        opened = () if tensors(d.body) & set(hidden) else _opened(d, names)
        definitions += opened or (d,)
        if opened:
            parts[d.tensor] = opened
            for rows in _turned(opened, names):
                definitions.append(rows)
                turned[d.tensor] = rows
    made = replace(program, sizes=tuple(names.sizes), definitions=tuple(definitions))
    return Vectorised(made, parts, turned)


@dataclass
class Names:
    """The symbols and sizes that there are, and new ones that differ from them."""

    symbols: set[str]
    sizes: list[Size] = field(default_factory=list)

    def tensor(
        self, like: Tensor, mark: str, layer: str, shape: Sequence[Int], name: str = ""
    ) -> Tensor:
        """x^{(cols)} for x, w^{(conv, rows)} for w^{(conv)}; with the layer where that is taken."""
        base, _, tag = like.symbol.partition("^{(")
        inner = tag.removesuffix(")}")
        for marks in ([inner, mark], [inner, layer, mark]):
            symbol = f"{base}^{{({', '.join(m for m in marks if m)})}}"
            if symbol not in self.symbols:
                break
        self.symbols.add(symbol)
        return Tensor(f"{layer}.{name or mark}", symbol, shape, like.base)

    def hat(self, z: Tensor, shape: Sequence[Int]) -> Tensor:
        """ẑ^{(conv)} for z^{(conv)}."""
        base, _, tag = z.symbol.partition("^")
        symbol = f"\\hat{{{base}}}" + (f"^{tag}" if tag else "")
        self.symbols.add(symbol)
        return Tensor(f"{z.name}.flat", symbol, shape, z.base)

    def extent(self, letter: str, layer: str, extents: Sequence[Int]) -> Int:
        """The product of some extents as one size."""
        whole = product_of(extents)
        if whole.constant is not None or isinstance(whole.atom, Size):
            return whole
        known = next((s for s in self.sizes if s.definition == whole), None)
        if known is None:
            values = [s.value if isinstance(s := d.atom, Size) else d.constant for d in extents]
            value = None if None in values else product_of(map(Int.of, values)).constant  # type: ignore[arg-type]
            known = Size(f"{letter}^{{({layer})}}", value, 1, whole)
            self.sizes.append(known)
        return Int.of(known)


@dataclass(frozen=True)
class Core:
    """The sum or the maximum in a definition: its operands, and the places of its windows."""

    binder: Binder
    operands: tuple[Component, ...]
    places: tuple[Index, ...]


def _opened(d: Definition, names: Names) -> tuple[Definition, ...]:
    """The definitions by way of matrices; nothing where `d` stays as it is."""
    d = Definition(d.tensor, d.indices, _each(d.body, _without_points))
    binders = [g for f in terms(d.body) for g in factors(f) if isinstance(g, (Sum, Max))]
    core = _core(binders[0], d) if len(binders) == 1 else None
    if core is None:
        return ()
    base, layer = d.tensor.base, d.tensor.name
    extents = {r.index: _extent(r, base) for r in (*d.ranges, *core.binder.ranges)}
    rows = [extents[i] for i in core.binder.bound]
    places = [extents[i] for i in core.places]
    r, at = fresh("r"), fresh("l")
    across = {i: unravel(r, k, rows, base) for k, i in enumerate(core.binder.bound)}
    along = {i: unravel(at, k, places, base) for k, i in enumerate(core.places)}
    many = names.extent("R", layer, rows)
    count = names.extent("L", layer, places)
    made = [
        _laid_out(x, d, core, names, (r, at), (many, count), {**across, **along}, extents)
        for x in core.operands
    ]
    read = [e.left for e in made]
    inner = type(core.binder)(product(*read), Range(r, base, many + (base - 1)))
    body = _each(d.body, lambda g: inner if g is core.binder else g)
    if not core.places:
        return (*made, Definition(d.tensor, d.indices, body))
    flat = _flattened(d, core, at)
    hat = names.hat(d.tensor, [count if i == at else extents[i] for i in flat])
    whole = substitute(body, along)
    position = ravel(core.places, places, base)
    view = hat[tuple(position if i == at else Int.of(i) for i in flat)]
    return (*made, Definition(hat, flat, whole), Definition(d.tensor, d.indices, view))


def _turned(opened: Sequence[Definition], names: Names) -> tuple[Definition, ...]:
    """The columns with their last two axes turned round, where rows of weights go with them."""
    *operands, flat, _ = opened
    columns = [d for d in operands if len(d.indices) == 3]
    if len(operands) != 2 or len(columns) != 1:
        return ()
    (d,) = columns
    n, r, at = d.indices
    many, rows, places = d.tensor.shape
    layer = flat.tensor.name.removesuffix(".flat")
    (image,) = tensors(d.body)
    tensor = names.tensor(image, "rows", layer, (many, places, rows), "turned")
    return (Definition(tensor, (n, at, r), d.tensor[n, r, at]),)


def _laid_out(
    x: Component,
    d: Definition,
    core: Core,
    names: Names,
    own: tuple[Index, Index],
    long: tuple[Int, Int],
    parts: Mapping[Index, Int],
    extents: Mapping[Index, Int],
) -> Definition:
    """What is read, with one axis for all summed indices, and one for the places of windows."""
    free = [i for i in d.indices if i in free_indices(x)]
    lead = [i for i in free if i not in core.places]
    windows = len(lead) < len(free)
    many = 1 + windows
    body: Formula = substitute(x, parts)
    if windows and core.binder.condition != TRUE:
        body = Times(Bracket(substitute(core.binder.condition, parts)), body)
    shape = [extents[i] for i in lead] + list(long[:many])
    tensor = names.tensor(x.tensor, "cols" if windows else "rows", d.tensor.name, shape)
    return Definition(tensor, (*lead, *own[:many]), body)


def _core(f: Binder, d: Definition) -> Core | None:
    """The sum or maximum where it is one of windows, or one over several indices at once."""
    operands = factors(f.body)
    if not all(isinstance(x, Component) for x in operands) or len(operands) > 2:
        return None
    read = tuple(x for x in operands if isinstance(x, Component))
    places: list[Index] = []
    for x in read:
        if not all(i in free_indices(x) for i in f.bound):
            return None
        for e in x.indices:
            if e.atom is None and e.indices:
                if any(not isinstance(a, Size) and not a.is_index for a in e.atoms_within()):
                    return None
                places += [i for i in d.indices if i in e.indices]
            elif e.indices and not isinstance(e.atom, Index):
                return None
    plain = not places and (len(f.bound) < 2 or len(read) < 2)
    if plain or len(set(places)) < len(places):
        return None
    padded = f.condition != TRUE or any(len(r.lowers) + len(r.uppers) > 2 for r in f.ranges)
    if padded and isinstance(f, Max):
        return None  # the padding of a maximum is no zero
    if [i for i in d.indices if i in places] != places or any(free_indices(r) for r in f.ranges):
        return None
    return Core(f, read, tuple(places))


def _each(f: Formula, to: Callable[[Formula], Formula]) -> Formula:
    """A sum of products with each factor as `to` has it."""
    return total(*(product(*map(to, factors(g))) for g in terms(f)))


def _without_points(f: Formula) -> Formula:
    """A sum or maximum without the indices that have one value only."""
    if not isinstance(f, (Sum, Max)):
        return f
    points = {r.index: r.lowers[0] for r in f.ranges if r.lowers == r.uppers}
    ranges = tuple(substitute(r, points) for r in f.ranges if r.index not in points)
    if not points or not ranges:
        return f
    return type(f)(substitute(f.body, points), *ranges, substitute(f.condition, points))


def _flattened(d: Definition, core: Core, at: Index) -> tuple[Index, ...]:
    """The indices of the definition with one in the place of those of the windows."""
    first = d.indices.index(core.places[0])
    kept = [i for i in d.indices if i not in core.places]
    return (*kept[:first], at, *kept[first:])


def _extent(r: Range, base: int) -> Int:
    return r.uppers[0] - base + 1
