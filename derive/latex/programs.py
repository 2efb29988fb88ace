"""Calls as programs write them: `\\text{view}(z, (N, C))`, `U.\\text{transpose}(1, 2)`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from derive.ir import Int
from derive.latex.array import Array, Value, product, show
from derive.latex.integers import refuse
from derive.latex.rearranged import (
    REDUCTIONS,
    along,
    axis_of,
    columns,
    flattened,
    normalised,
    permuted,
    reshaped,
    stacked,
    summed_over,
    swapped,
)
from derive.latex.tree import Call, Chain, Factors, Group, Listed, Node, Symbol, Word

if TYPE_CHECKING:
    from derive.latex.formulas import Formulas

AXIS = ("axis", "dim")
KERNEL, STRIDE, PADDING = ("kernel_size", "kernel", "k"), ("stride", "s"), ("padding", "p")


class Arguments(NamedTuple):
    """The array that a function is applied to, what follows it, and options by name."""

    array: Array
    rest: tuple[Node, ...]
    options: dict[str, Node]

    def option(self, *names: str) -> Node | None:
        return next((self.options[n] for n in names if n in self.options), None)


def called(reader: Formulas, node: Call) -> Value | None:
    """The value of a call of such a function; None where it is another one, or not of an array."""
    name = node.name.lower()
    items = _items(node.argument)
    plain = tuple(i for i in items if _option(i) is None)
    options = dict(o for i in items if (o := _option(i)) is not None)
    along_axis = bool(set(AXIS) & set(options))
    if not plain or not (name in MAKING or (along_axis and name in (*REDUCTIONS, "softmax"))):
        return None
    value = reader.value(plain[0])
    if not isinstance(value, Array):
        return refuse(plain[0], f"an array in {node.name}", show(value))
    arguments = Arguments(value, plain[1:], options)
    with reader.fitting(node):
        if name in MAKING:
            return MAKING[name](reader, node, arguments)
        axis = reader.integer(arguments.option(*AXIS) or node)
        if name == "softmax":
            return normalised(value, axis)
        return along(value, axis, REDUCTIONS[name])


def told_below(reader: Formulas, below: Node, node: Call) -> Value | None:
    """`\\operatorname{reshape}_{2\\times 6}(A)`, as on our own pages; None for other functions."""
    function = BELOW.get(node.name.lower())
    items = _items(node.argument)
    if function is None or len(items) != 1:
        return None
    value = reader.value(items[0])
    if not isinstance(value, Array):
        return refuse(items[0], f"an array in {node.name}", show(value))
    told = _items(below)
    if isinstance(below, Factors) and all(by == "\\times" for by, _ in below.factors[1:]):
        told = tuple(extent for _, extent in below.factors)
    with reader.fitting(node):
        return function(value, [reader.integer(n) for n in told])


def _items(node: Node) -> tuple[Node, ...]:
    """What stands between brackets, with commas between."""
    body = node.body if isinstance(node, Group) else node
    return body.items if isinstance(body, Listed) else (body,)


def _option(node: Node) -> tuple[str, Node] | None:
    """The name and the value of `\\text{axis} = 1`."""
    if not isinstance(node, Chain) or [r for r, _ in node.links] != ["="]:
        return None
    name = _letters(node.first)
    return None if name is None else (name.lower(), node.links[0][1])


def _letters(node: Node) -> str | None:
    if isinstance(node, (Word, Symbol)):
        return node.text
    if isinstance(node, Factors):
        parts = [_letters(f) for _, f in node.factors]
        return None if None in parts else "".join(p for p in parts if p is not None)
    return None


# -- the functions ---------------------------------------------------------------------------------


def _integers(reader: Formulas, nodes: Sequence[Node]) -> list[Int]:
    """Integers, each on its own or all in brackets."""
    if len(nodes) == 1 and isinstance(nodes[0], Group):
        nodes = _items(nodes[0])
    return [reader.integer(n) for n in nodes]


def _view(reader: Formulas, node: Call, a: Arguments) -> Value:
    shape = a.option("shape", "size")
    told = (shape,) if shape is not None else a.rest
    if not told:
        made = flattened(a.array)
        return Array(made.formula, made.axes, made.shape, made.base, open=True)
    return reshaped(a.array, _integers(reader, told))


def _permute(reader: Formulas, node: Call, a: Arguments) -> Value:
    dims = a.option("dims", "axes")
    return permuted(a.array, _integers(reader, a.rest if dims is None else (dims,)))


def _transpose(reader: Formulas, node: Call, a: Arguments) -> Value:
    return swapped(a.array, _integers(reader, a.rest))


def _flatten(reader: Formulas, node: Call, a: Arguments) -> Value:
    start = a.option("start_dim")
    told = (start,) if start is not None else a.rest
    axis = axis_of(a.array, reader.integer(told[0])) if told else 0
    return flattened(a.array, axis)


def _stack(reader: Formulas, node: Call, a: Arguments) -> Value:
    axis = a.option(*AXIS)
    told = (axis,) if axis is not None else a.rest
    return stacked(a.array, reader.integer(told[0]) if told else Int.of(0))


def _columns(reader: Formulas, node: Call, a: Arguments) -> Value:
    told = dict(zip((KERNEL, STRIDE, PADDING), a.rest, strict=False))

    def number(names: tuple[str, ...], default: int | None) -> Int:
        found = a.option(*names) or told.get(names)
        if found is None and default is None:
            refuse(node, f"the size of the kernel in {node.name}", "none")
        return Int.of(default or 0) if found is None else reader.integer(found)

    return columns(a.array, number(KERNEL, None), number(STRIDE, 1), number(PADDING, 0))


def _matmul(reader: Formulas, node: Call, a: Arguments) -> Value:
    other = reader.value(a.rest[0]) if len(a.rest) == 1 else None
    if not isinstance(other, Array):
        return refuse(node, f"two arrays in {node.name}", f"{1 + len(a.rest)} arguments")
    return product(a.array, other)


MAKING: dict[str, Callable[[Formulas, Call, Arguments], Value]] = {
    "view": _view,
    "reshape": _view,
    "permute": _permute,
    "transpose": _transpose,
    "flatten": _flatten,
    "stack": _stack,
    "im2col": _columns,
    "unfold": _columns,
    "matmul": _matmul,
}
"""Functions of arrays, by their names in lower case."""

BELOW: dict[str, Callable[[Array, Sequence[Int]], Value]] = {
    "view": reshaped,
    "reshape": reshaped,
    "permute": permuted,
    "sum": summed_over,
}
"""Functions of one array whose extents or axes stand below their names."""
