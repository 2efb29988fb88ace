"""Reshapes: how the axes of an array become those of another with the same entries in order.

Axes are matched from the left, in blocks that have equally many entries:

    (B, C, H, W) as (B, C, M)  with M = H W        blocks  B | B,  C | C,  H W | M
    (O, C, K, K) as (R, K)     with R = O C K      blocks  O C K | R,  K | K

Inside a block an entry keeps its position, row by row; a reshape that only splits or merges axes
thus moves indices from tuples to positions or back, and leaves all others alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

from derive.ir import ONE, Equal, Int, ravel, unravel
from derive.network.names import is_symbol, tagged
from derive.network.options import ExtentName
from derive.network.site import Position, Shape, Site, product, show
from derive.network.sizes import value_of

REST = -1
"""The extent that stands for what the others leave, as in PyTorch."""


@dataclass(frozen=True)
class Block:
    """Axes of the input and of the output with the same entries in the same order."""

    before: Shape
    after: Shape

    def read(self, at: Position, base: int) -> tuple[Int, ...]:
        """The indices of the input where the output is at `at`."""
        flat = ravel(at, self.after, base)
        return tuple(unravel(flat, k, self.before, base) for k in range(len(self.before)))


@dataclass(frozen=True)
class Reshaping:
    """The blocks of a reshape, from the left."""

    blocks: tuple[Block, ...]

    def read(self, at: Position, base: int) -> tuple[Int, ...]:
        """The indices of the input where the output is at `at`."""
        found: list[Int] = []
        start = 0
        for block in self.blocks:
            end = start + len(block.after)
            found += block.read(at[start:end], base)
            start = end
        return tuple(found)


def reshaped(x: Shape, told: Sequence[ExtentName], new: Site, option: str) -> Shape:
    """The shape of an array of shape `x` with the extents that the option gives.

    One of them may be -1 or a name that nothing declares: it is what the others leave.
    """
    wanted = [_told(e, new, option) for e in told]
    rest = [k for k, e in enumerate(wanted) if not isinstance(e, Int)]
    if len(rest) > 1:
        new.fail(f"{option} leaves {len(rest)} extents open; expected at most one", option)
    if rest:
        wanted[rest[0]] = _left(x, wanted, rest[0], new, option)
    found = reshaping(x, [e for e in wanted if isinstance(e, Int)], new, option)
    return tuple(d for block in found.blocks for d in block.after)


def reshaping(x: Shape, wanted: Sequence[Int], new: Site, option: str) -> Reshaping:
    """The reshape of an array of shape `x` to the shape `wanted`, which must have its entries."""
    return Reshaping(tuple(_blocks(x, wanted, new, option)))


def _told(e: ExtentName, new: Site, option: str) -> Int | str:
    """An extent; one that is open is the name that it gets."""
    if e == REST:
        return "D"
    if isinstance(e, str) and new.sizes.named(e) is None and is_symbol(e):
        return e
    return new.whole(option, e)


def _left(x: Shape, wanted: Sequence[Int | str], at: int, new: Site, option: str) -> Int:
    """What the other extents leave for the open one at `at`."""
    name = str(wanted[at])
    others, left = [e for e in wanted if isinstance(e, Int)], list(x)
    for end in (0, -1):  # equal axes on the left, then on the right, stay what they are
        while (
            left
            and len(others) > (at if end else 0)
            and (end or at)
            and new.equal(left[end], others[end])
        ):
            left.pop(end)
            others.pop(end)
            at -= end == 0
    total, by = product(tuple(left)), product(tuple(others))
    found = new.sizes.quotient(total, by)
    if found is None:
        new.fail(
            f"the {show(product(x))} entries of {new.input} are not a multiple of the "
            f"{show(by)} that the other extents of {option} give",
            option,
        )
    return new.computed(name, found) if name == "D" else new.sizes.named_as(name, found)


def _blocks(x: Shape, wanted: Sequence[Int], new: Site, option: str) -> Iterator[Block]:
    """The blocks, each as small as possible."""
    i = j = 0
    while i < len(x) or j < len(wanted):
        found = next(
            (b for b in _spans(len(x) - i, len(wanted) - j) if _fit(b, x[i:], wanted[j:], new)),
            None,
        )
        if found is None:
            told = ", ".join(map(show, wanted))
            new.fail(
                f"{option} = ({told}) has {show(product(tuple(wanted)))} entries, but {new.input}, "
                f"has {show(product(x))}; a reshape keeps all entries",
                option,
            )
        m, n = found
        yield Block(x[i : i + m], _named(x[i : i + m], wanted[j : j + n], new))
        i, j = i + m, j + n


def _spans(m: int, n: int) -> list[tuple[int, int]]:
    """How many axes a block may take of both, small blocks first; extents 1 may stand alone."""
    every = ((a, b) for a in range(m + 1) for b in range(n + 1) if a + b)
    return sorted(every, key=lambda s: (0 in s, sum(s), s) if s != (1, 1) else (False, 0, s))


def _fit(span: tuple[int, int], x: Shape, wanted: Sequence[Int], new: Site) -> bool:
    return new.equal(product(x[: span[0]]), product(tuple(wanted[: span[1]])))


def _named(before: Shape, after: Sequence[Int], new: Site) -> Shape:
    """The extents of a block of the output, numbers among them as sizes of the network."""
    longer = [e for e in after if e != ONE]
    if all(e.constant is None for e in longer):
        return tuple(after)
    made = iter(_sizes(tuple(d for d in before if d != ONE), longer, new))
    return tuple(e if e == ONE else next(made) for e in after)


def _sizes(before: Shape, after: Sequence[Int], new: Site) -> Shape:
    if len(after) == 1:
        return (new.computed("D", product(before)),)
    for parts in (_factors(before), *_known(before, after, new)):
        if [value_of(d) for d in parts] == [value_of(e) for e in after]:
            return parts
    made = tuple(
        e if e.constant is None else new.sizes.extent(tagged("D", new.name), e.constant)
        for e in after
    )
    new.sizes.require(Equal(product(made), product(before)))
    return made


def _known(before: Shape, after: Sequence[Int], new: Site) -> Iterator[Shape]:
    """Sizes with these numbers that are known to have as many entries together."""
    total = product(before)
    for fact in new.sizes.facts:
        if isinstance(fact, Equal) and total in fact.args:
            other = fact.args[1 - fact.args.index(total)]
            atoms = [a for monomial, _ in other.terms for a in monomial]  # type: ignore[attr-defined]
            for order in permutations(map(Int.of, atoms), len(after)):
                if product(order) == other:
                    yield order


def _factors(before: Shape) -> Shape:
    """What a lone extent is a product of, such as the H W of M = H W."""
    size = before[0].atom if len(before) == 1 else None
    meant = getattr(size, "definition", None)
    if meant is None or len(meant.terms) != 1:
        return before
    ((monomial, c),) = meant.terms
    return (*((Int.of(c),) if c != 1 else ()), *map(Int.of, monomial))
