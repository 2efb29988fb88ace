"""A module with the forward and the backward pass, printed from the derived formulas.

    saved = forward(x, t, conv_weight, conv_bias)
    gradients = backward(x, t, conv_weight, conv_bias, saved)

`forward` computes every definition in its scalar form, `backward` every cotangent and gradient in
the recursive form.  Sizes are read off the shapes of the arrays.  Arrays, positions and class
indices count from 0.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from derive.derivation.step import Derivation
from derive.engine.passes import Passes
from derive.ir import Component, Derivative, Formula, Guard, Size, Tensor, subformulas, tensors
from derive.writers.python.arrays import Arrays
from derive.writers.python.functions import DIALECTS, TORCH, Dialect
from derive.writers.python.integers import Integers
from derive.writers.python.names import PythonNames
from derive.writers.python.sizes import header, unbound
from derive.writers.python.spell import sequence
from derive.writers.python.statements import Loops, assignment
from derive.writers.python.wrap import WIDTH, wrapped

INDENT = "    "
PAGE = 76
"""The characters of a line of code on a page."""


@dataclass(frozen=True)
class Function:
    """A function of a module: its name, the lines of its docstring and of its body."""

    name: str
    arguments: tuple[str, ...]
    about: tuple[str, ...]
    body: tuple[str, ...]
    width: int = WIDTH

    @property
    def source(self) -> str:
        """The function as Python."""
        head = f"def {self.name}({', '.join(self.arguments)}):"
        if len(head) > self.width:
            inner = "".join(f"{INDENT}{a},\n" for a in self.arguments)
            head = f"def {self.name}(\n{inner}):"
        about = [f'"""{self.about[0]}', *self.about[1:], '"""']
        if len(self.about) == 1:
            about = [f'"""{self.about[0]}"""']
        lines = [f"{INDENT}{line}" if line else "" for line in about]
        lines += [part for line in self.body for part in wrapped(f"{INDENT}{line}", self.width)]
        return "\n".join([head, *lines])


def listings(passes: Passes, style: str = "arrays") -> Iterator[str]:
    """The functions of the module for a page: without what a module says of shapes."""
    for f in functions_of(passes, DIALECTS["numpy"], style):
        yield replace(f, about=f.about[:1], width=PAGE).source


def module(passes: Passes, target: str = "numpy", style: str = "arrays") -> str:
    """The source of the module, `style` "arrays" or "loops"; Unsupported where there is no Python.

    With "arrays", what has no spelling as array operations is written as loops.
    """
    dialect = DIALECTS[target]
    functions = list(functions_of(passes, dialect, style))
    source = "\n\n\n".join(f.source for f in functions)
    imports = dialect.imports(source)
    names = ", ".join(f.name for f in functions)
    about = f'"""{passes.title or "A network"}: {names}."""'
    return f"{about}\n\n{imports}\n\n\n{source}\n"


def functions_of(passes: Passes, dialect: Dialect, style: str) -> Iterator[Function]:
    """The forward pass, and the backward pass where there is a loss."""
    yield _Pass(passes, dialect, style).forward()
    if passes.gradients:
        yield _Pass(passes, dialect, style).backward()


class _Pass:
    """Writes one function."""

    def __init__(self, passes: Passes, dialect: Dialect, style: str) -> None:
        p = passes.program
        self.passes, self.program, self.dialect = passes, p, dialect
        needed = {t for d in p.definitions if d.tensor in passes.forward for t in tensors(d.body)}
        self.given = tuple(t for t in p.given if t in needed)
        self.names = PythonNames((*self.given, *p.defined), p.sizes)
        if dialect is TORCH:
            values = (self.names.tensor(t) for t in self.given if t.classes is None)
            self.dialect = dialect = replace(dialect, like=next(values, ""))
        self.integers = Integers(self.names)
        self.facts: dict[Guard, None] = {}
        loops = Loops(self.names, dialect)
        self.writer: Arrays | Loops = loops if style == "loops" else Arrays(self.names, dialect, p)

    def forward(self) -> Function:
        """Everything that is defined, in order."""
        lines: list[str] = []
        for t, d in self.passes.forward.items():
            assert isinstance(d.start, Component)
            lines += self.written(self.names.tensor(t), (d.start,), d)
        loss = self.program.loss
        what = "The loss" if loss in self.passes.forward else "The output"
        about = [f"{what} and all arrays on the way to it, by name.", ""]
        about += self.shapes((t, self.names.tensor(t)) for t in self.given)
        about += ["", "Returns a dict of", ""]
        about += self.shapes((t, quoted(t)) for t in self.passes.forward)
        entries = [f"{quoted(t)}: {self.names.tensor(t)}" for t in self.passes.forward]
        return self.function("forward", (), about, lines, entries)

    def backward(self) -> Function:
        """The gradients of the loss by everything, last definition first."""
        loss = self.program.loss
        assert loss is not None
        body: list[str] = []
        read: dict[Tensor, None] = {}
        for t, d in self.passes.gradients.items():
            assert isinstance(d.start, Derivative)
            assert isinstance(d.start.of, Component)
            read |= dict.fromkeys(_read(d.result))
            body += self.written(self.names.cotangent(t), (d.start.of, d.start.by), d)
        saved = [t for t in self.program.defined if t in read]
        lines = [f"{self.names.tensor(t)} = saved[{quoted(t)}]" for t in saved]
        about = [f"The gradients of {loss.name}, by name; `saved` is what `forward` returns.", ""]
        if self.passes.upstream:
            about += [f"Given are those by what {loss.name} is an unknown function of:", ""]
            about += self.shapes((t, self.names.cotangent(t)) for t in self.passes.upstream)
            about.append("")
        own = f"the axes of {loss.name}, then those" if loss.shape else "the shape"
        about += [f"Each has {own} of its variable:", ""]
        gradients = self.passes.gradients
        about += self.shapes((t, quoted(t)) for t in gradients)
        entries = [f"{quoted(t)}: {self.names.cotangent(t)}" for t in gradients]
        more = ["saved", *(self.names.cotangent(t) for t in self.passes.upstream)]
        return self.function("backward", more, about, [*lines, *body], entries)

    def written(self, name: str, at: tuple[Component, ...], d: Derivation) -> list[str]:
        """The lines that compute an array from the result of a derivation."""
        self.facts |= dict.fromkeys(d.facts)
        return self.writer.lines(assignment(name, at, d.result, d.ranges))

    def demands(self) -> list[str]:
        """Lines that demand what the formulas rely on."""
        more = self.writer.facts if isinstance(self.writer, Arrays) else {}
        facts = (*self.facts, *(g for g in more if g not in self.facts))
        return [f"assert {self.integers.condition(g)}" for g in facts]

    def shapes(self, arrays: Iterable[tuple[Tensor, str]]) -> list[str]:
        """A line for each array with its shape; that names a size, but does not use it."""
        used = dict(self.names.used)
        told = list(self._shapes(arrays))
        self.names.used = used
        return told

    def _shapes(self, arrays: Iterable[tuple[Tensor, str]]) -> Iterator[str]:
        rows = [(name, t) for t, name in arrays]
        width = max((len(name) for name, _ in rows), default=0)
        yield from (f"{INDENT}{name:<{width}}  {self.shape(t)}" for name, t in rows)

    def shape(self, t: Tensor) -> str:
        extents = sequence([str(self.integers.spell(d)) for d in t.shape]) if t.shape else "scalar"
        return extents + (", class indices" if t.classes is not None else "")

    def function(
        self,
        name: str,
        more: Sequence[str],
        about: Sequence[str],
        lines: Sequence[str],
        entries: Sequence[str],
    ) -> Function:
        """The function with the sizes that it uses at its head."""
        demands = self.demands()
        first = header(self.program, self.given, self.names)
        wanted: list[Size] = unbound(self.program, self.given, self.names)
        arguments = [self.names.tensor(t) for t in self.given]
        arguments += [*more, *(self.names.size(s) for s in wanted)]
        returned = ["return {", *(f"{INDENT}{e}," for e in entries), "}"]
        return Function(name, tuple(arguments), tuple(about), (*first, *demands, *lines, *returned))


def quoted(t: Tensor) -> str:
    """The name of a tensor as a text."""
    return json.dumps(t.name, ensure_ascii=False)


def _read(f: Formula) -> Iterator[Tensor]:
    """The tensors whose entries a formula reads; a cotangent is an array of its own."""
    for g in _without_cotangents(f):
        if isinstance(g, Component):
            yield g.tensor


def _without_cotangents(f: Formula) -> Iterator[object]:
    if isinstance(f, Derivative):
        return
    yield f
    for a in f.args:
        if isinstance(a, Formula):
            yield from _without_cotangents(a)
        elif not isinstance(a, Tensor):
            yield from subformulas(a)
