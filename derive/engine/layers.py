"""What a stack of layers is derived from, and what comes out."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from sympy import Basic

from derive.derivation.program import Program
from derive.derivation.rule import Rule
from derive.derivation.scope import Scope
from derive.derivation.step import Derivation, Step
from derive.engine.differentiate import Differentiator
from derive.engine.simplify import displayed
from derive.errors import Unsupported
from derive.ir import (
    Component,
    Derivative,
    Element,
    Formula,
    Int,
    Product,
    Range,
    Slope,
    Tensor,
    Whole,
    rebuild,
)
from derive.ir.family import Level
from derive.rules.derivative import chain_rule

LAYER, LAST, BELOW, ALL, WHOLE = "layer", "last", "below", "all", "whole"
"""Where a derivation holds: in the program of a layer, of the last layer, of a layer below an
unknown function, in every whole stack for every level, or in every whole stack."""


@dataclass(frozen=True)
class Layers:
    """The programs of a stack, and its arrays: what a layer reads of the one before, what it
    gives, the output, the parameters of a layer, what all of them share, and the parameters of the
    last one.

    `highest` is the last level of the general layers.
    """

    letter: str
    count: str
    highest: Level
    layer: Program
    last: Program
    below: Program
    before: Tensor
    here: Tensor
    top: Tensor
    parameters: tuple[Tensor, ...]
    shared: tuple[Tensor, ...]
    last_parameters: tuple[Tensor, ...]

    @property
    def product_letter(self) -> str:
        """A letter for the levels in a product that nothing else has."""
        p = self.below
        names = [*(t.name for t in (*p.given, *p.defined)), *(s.name for s in p.sizes)]
        taken = {self.letter, self.count, *(re.split(r"[_^']", x)[0] for x in names)}
        return next(x for x in "jpqrsuvwxyz" if x not in taken)


@dataclass(frozen=True)
class Result:
    """A derivation with its name and the place where it holds."""

    name: str
    derivation: Derivation
    where: str


def total_jacobian(engine: Differentiator, of: Tensor, by: Tensor) -> Derivation:
    """∂of/∂by along all paths."""
    program = engine.program
    if [d.tensor for d in program.consumers.get(by, ())] == [of]:
        return engine.jacobian(of, by)
    return Differentiator(replace(program, loss=of)).gradient(by, expanded=True)


def direct_jacobian(engine: Differentiator, of: Tensor, by: Tensor, held: Tensor) -> Derivation:
    """∂of/∂by where `held` does not change."""
    d = total_jacobian(engine, of, by)
    assert isinstance(d.start, Derivative)
    start = Derivative(d.start.of, d.start.by, held)
    first, *rest = d.steps
    opened = Step(start, first.after, first.rule, first.reason, first.facts)
    return Derivation(start, d.ranges, (opened, *rest))


def chain_rule_apart(d: Derivation) -> Derivation:
    """A derivation with outer times inner derivative as a step of its own where it comes first."""
    steps: list[Step] = []
    for s in d.steps:
        first, *rest = s.substeps or (s,)
        if rest and first.rule == chain_rule.name:
            steps += [first, displayed(s.rule, rest)]
        else:
            steps.append(s)
    return Derivation(d.start, d.ranges, tuple(steps))


def shape_layout(by: Tensor) -> str:
    """Jacobians have the axes of what is differentiated first."""
    return "shape"


def fired(law: Rule, f: Formula, scope: Scope) -> Step:
    new = law.apply(f, scope)
    if new is None:
        raise Unsupported(f"the layers do not follow each other as “{law.name}” expects")
    return Step(f, new, law.name, law.reason)


def with_array(f: Formula, old: Whole, new: Whole) -> Formula:
    """A formula with one array in place of another."""

    def put(a: Basic) -> Basic:
        if a == old:
            return new
        return rebuild(a, tuple(map(put, a.args))) if a.args else a

    made = put(f)
    assert isinstance(made, Formula)
    return made


def flat_products(f: Formula) -> Formula:
    """An entry of a product of products as one of a product."""

    def put(a: Basic) -> Basic:
        if not a.args or isinstance(a, (Int, Range)):
            return a
        a = rebuild(a, tuple(map(put, a.args)))
        if isinstance(a, Product) and any(isinstance(p, Product) for p in a.factors):
            parts = (q for p in a.factors for q in (p.factors if isinstance(p, Product) else (p,)))
            return Product(*parts)
        return a

    made = put(f)
    assert isinstance(made, Formula)
    return made


def entries(f: Formula) -> Formula:
    """Entries of arrays of derivatives as derivatives of entries."""
    if isinstance(f, Element) and isinstance(f.whole, Slope) and f.whole.layout == "shape":
        count = len(f.whole.of.shape)
        of, by = f.indices[:count], f.indices[count:]
        return Derivative(Component(f.whole.of, *of), Component(f.whole.by, *by), *f.whole.held)
    if not f.args:
        return f
    return rebuild(f, tuple(entries(a) if isinstance(a, Formula) else a for a in f.args))
