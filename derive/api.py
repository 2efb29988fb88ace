"""What `import derive` gives: networks in, derivations out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import sympy
from numpy.typing import ArrayLike

from derive.check import check
from derive.derivation.step import Derivation as Chain
from derive.derivation.step import Step
from derive.document import layout
from derive.document.notation import Names, Notation
from derive.engine.differentiate import Differentiator
from derive.engine.matrix.form import matrix_form, named_beside
from derive.engine.matrix.passes import vectors
from derive.engine.network import derive_all
from derive.engine.second import SecondDerivatives
from derive.errors import InputError, Unsupported
from derive.ir import Element, Formula, Tensor, tensors
from derive.ir.sympy_form import to_sympy
from derive.network.build import Model, build, with_vector
from derive.network.front import LayerLike
from derive.network.front import Network as chain
from derive.network.given import Given as Schema
from derive.network.given import load as load_schema
from derive.network.layer import LayerKind
from derive.network.read_stack import stack_of
from derive.network.source import read_toml
from derive.pipeline import Solution, sheet_solution, solution, stack_solution
from derive.stacked import StackModel
from derive.verify.numeric import evaluate_arrays
from derive.verify.verdict import DerivationVerdict
from derive.verify.verify import Verifier
from derive.writers.latex_math import latex, latex_math

__all__ = ["Derivation", "Given", "Network", "Stack", "check", "load", "load_stack", "sheet"]


class Given:
    """A network, a layer or formulas that something can be derived from.

    Made by `derive.load` from a TOML file, by `Given.from_dict` from the same tables as a dict, or
    by `Network([...])`.
    """

    def __init__(self, model: Model, schema: Schema) -> None:
        self.model, self.schema = model, schema
        self._engines: dict[Tensor | None, Differentiator] = {}

    @staticmethod
    def from_dict(data: Mapping[str, object]) -> Given:
        """From the tables of a Given; raises InputError where they cannot be used."""
        return _built(Schema.from_dict(data))

    def forward(self, of: str) -> Derivation:
        """The scalar form of the output of a layer: `given.forward("conv")`."""
        return self._made(self._engine().forward(self._defined(of)))

    def jacobian(self, of: str, wrt: str, form: str = "index") -> Derivation:
        """∂of/∂wrt with the indices of `of`, then those of `wrt`: `given.jacobian("pool", "conv")`.

        Where `of` does not read `wrt` itself, the chain rule leads there, along all paths.  `form`
        is "index", or "matrix" with the axes in the order of the layout.
        """
        _demand(form, ("index", "matrix"), "a Jacobian")
        made = self._jacobian(of, wrt)
        return self._as_arrays(made.chain) if form == "matrix" else made

    def _jacobian(self, of: str, wrt: str) -> Derivation:
        return self._made(self._engine(self._defined(of)).total(self._tensor(wrt)))

    def gradient(self, wrt: str, of: str | None = None, form: str = "recursive") -> Derivation:
        """∂of/∂wrt, by default of the loss.

        `form` is "recursive" (in terms of the next cotangents), "expanded" (down to `of`),
        "matrix": the expanded form, else the recursive one, in whole arrays, or "vector": the
        recursive one in whole arrays by way of im2col and views, for every value of an index.
        """
        _demand(form, ("recursive", "expanded", "matrix", "vector"), "a gradient")
        loss = self.model.program.loss
        if of is None and loss is None:
            raise InputError("there is no loss; say with `of` what to take the gradient of")
        top = loss if of is None else self._defined(of)
        engine, by = self._engine(top), self._tensor(wrt)
        if form == "vector":
            return self._as_vectors(by, top)
        if form != "matrix":
            return self._made(engine.gradient(by, form == "expanded"))
        made = self._as_arrays(engine.gradient(by, True))
        return self._as_arrays(engine.gradient(by)) if made.remark else made

    def hessian(
        self,
        of: str,
        wrt: str,
        and_wrt: str | None = None,
        vector: str | None = None,
        form: str = "index",
    ) -> Derivation:
        """∂²of/∂wrt∂and_wrt, by default twice by the same array; the axes of `wrt` come first.

        With `vector`, the Hessian by `wrt` times an array of that name and of the shape of `wrt`,
        which is a further input where there is none of that name.  `form` is "index" or "matrix".
        """
        _demand(form, ("index", "matrix"), "a Hessian")
        made = self._hessian(of, wrt, and_wrt, vector)
        return made.given._as_arrays(made.chain) if form == "matrix" else made

    def _hessian(self, of: str, wrt: str, and_wrt: str | None, vector: str | None) -> Derivation:
        top, by = self._defined(of), self._tensor(wrt)
        if vector is None:
            other = None if and_wrt is None else self._tensor(and_wrt)
            return self._made(SecondDerivatives(self._engine(top)).hessian(by, other))
        if and_wrt is not None:
            raise InputError("a Hessian-vector product is by one array; leave `and_wrt` out")
        model, factor = with_vector(self.model, by, vector)
        given = Given(model, self.schema)
        return given._made(SecondDerivatives(given._engine(top)).product(by, factor))

    def solution(self, detail: str = "full", only: Sequence[str] = ()) -> Solution:
        """The whole step-by-step solution, verified; `solution().write("output/")` writes it."""
        return solution(self.model, detail, only)

    def _engine(self, of: Tensor | None = None) -> Differentiator:
        """What differentiates `of`; by default the loss, if there is one."""
        top = self.model.program.loss if of is None else of
        if top not in self._engines:
            self._engines[top] = Differentiator(
                replace(self.model.program, loss=top), self.model.hidden
            )
        return self._engines[top]

    @cached_property
    def _verifier(self) -> Verifier:
        return Verifier(self.model.program)

    def _as_arrays(self, chain: Chain) -> Derivation:
        """The derivation with its matrix form; where there is none, with the remark why."""
        made, reason = matrix_form(chain, self._layout_of, self.model.program)
        return Derivation(self, made, f"there is no matrix form: {reason}" if reason else "")

    def _as_vectors(self, by: Tensor, top: Tensor | None) -> Derivation:
        """The gradient as an equation of arrays, in the program by way of matrices."""
        program = replace(self.model.program, loss=top)
        derived = derive_all(program, self.model.layers, (), frozenset({by}), self.model.hidden)
        found = vectors(derived, self.model.hidden)
        form = found.forms[derived.recursive[by]]
        if form.derivation is None:
            return Derivation(
                self, derived.recursive[by], f"there is no vector form: {form.reason}"
            )
        return Derivation(
            Given(replace(self.model, program=found.program), self.schema), form.derivation
        )

    def _layout_of(self, by: Tensor) -> str:
        return self.schema.conventions.layout_by(len(by.shape))

    def _made(self, chain: Chain) -> Derivation:
        hidden = set(self.model.hidden)
        inside = {d.tensor: tensors(d.body) & hidden for d in self.model.program.definitions}
        if tensors(chain.result) & {t for x, read in inside.items() if read for t in (x, *read)}:
            raise Unsupported(
                "this leads through an unknown function, of which nothing is known but the "
                "derivatives by its arguments; ask for a derivative by one of them, or of one"
            )
        return Derivation(self, chain)

    def _tensor(self, name: str) -> Tensor:
        known = {t.name: t for t in (*self.model.program.given, *self.model.program.defined)}
        if name not in known:
            raise InputError(f"there is no array “{name}”; known are {', '.join(known)}")
        return known[name]

    def _defined(self, name: str) -> Tensor:
        tensor = self._tensor(name)
        if tensor not in self.model.program.defined:
            raise InputError(f"“{name}” is given, not computed by a layer")
        return tensor


class Stack:
    """A stack of L layers, L a symbol, made by `derive.load_stack` from a TOML file.

    `results` has the derivations by name: "product" is that of the output by any layer's state.
    """

    def __init__(self, schema: Schema) -> None:
        stack = stack_of(schema)
        if stack is None:
            raise InputError(
                "no definition reads the level before it; expected one such as "
                r"y_\ell = \sigma(A_\ell y_{\ell-1}) for \ell = 1..L",
                **schema.source.place("define"),
            )
        self._stack, self._model = stack, StackModel.of(stack)

    @property
    def results(self) -> dict[str, Chain]:
        """Everything that is derived, in the order of a document."""
        return {r.name: r.derivation for r in self._model.results}

    def verify(self, name: str) -> DerivationVerdict:
        """Whether a result holds: of any layer, or of all stacks with up to four layers."""
        found = {r.name: r for r in self._model.results}
        if name not in found:
            raise InputError(f"there is no result “{name}”; there are {', '.join(found)}")
        return self._model.verdict(found[name])

    def layers(self, count: int) -> Given:
        """The network with that many layers."""
        return _built(self._stack.instance(count))

    def solution(self, detail: str = "full") -> Solution:
        """The whole step-by-step solution, verified."""
        return stack_solution(self._stack, detail)


def Network(
    layers: Iterable[LayerLike],
    *,
    tensors: Mapping[str, Iterable[int | str]],
    loss: LayerKind | Mapping[str, object] | None = None,
    target: str | None = None,
    **tables: object,
) -> Given:
    """A chain of layers, in the manner of `torch.nn.Sequential`.

        Network([("fc", Linear(3)), Softmax(dim=1)], tensors={"x": ["N", 4], "t": ["N"]},
                loss=CrossEntropyLoss(), target="t")

    A layer is an object of `derive.network`, or a table such as {"type": "Linear", ...}.
    """
    return _built(chain(layers, tensors=tensors, loss=loss, target=target, **tables))


@dataclass(frozen=True)
class Derivation:
    """A checked chain of equations: `start = ... = result`.

    `remark` says why something that was asked for is not there.
    """

    given: Given
    chain: Chain
    remark: str = ""

    @property
    def result(self) -> Formula:
        """The last formula of the chain."""
        return self.chain.result

    @property
    def steps(self) -> tuple[Step, ...]:
        """The displayed steps; each has its small steps in `substeps`."""
        return self.chain.steps

    def latex(self) -> str:
        """`start = result` as LaTeX, with numbers where sizes have them; arrays without indices."""
        c = self.chain
        if isinstance(c.result, Element):
            return self._equation_of_arrays(c.result)
        notation = Notation.of(self.given.model.program, numbers=True)
        names = Names.of((c.start, c.result), c.ranges, notation)
        return f"{latex(c.start, names)} = {latex(c.result, names)}"

    def _equation_of_arrays(self, result: Element) -> str:
        start = self.chain.start
        whole = start.whole if isinstance(start, Element) else None
        left = whole or named_beside(start, result, self.given._layout_of)
        notation = Notation.of(self.given.model.program, numbers=True)
        if left is None:
            c = self.chain
            names = Names.of((c.start, result), c.ranges, notation)
            return f"{latex(c.start, names)} = {latex(result, names)}"
        names = Names.of((left, result.whole), self.chain.ranges, notation)
        sides = (latex_math(layout.whole(a, names)) for a in (left, result.whole))
        return " = ".join(sides)

    def to_sympy(self) -> sympy.Expr:
        """The result in SymPy's own classes: Indexed, Sum, KroneckerDelta, Piecewise."""
        return to_sympy(self.result)

    def verify(self) -> DerivationVerdict:
        """Every step and both ends, evaluated by code that shares nothing with the rules."""
        return self.given._verifier.derivation(self.chain)

    def evaluate(self, arrays: Mapping[str, ArrayLike]) -> np.ndarray:
        """The value of the result for the given inputs and parameters, as a NumPy array.

        Its axes are those of the free indices, in the order of the left side.
        """
        return evaluate_arrays(self.given.model.program, self.chain, arrays)


def _demand(form: str, known: tuple[str, ...], what: str) -> None:
    if form not in known:
        raise InputError(f"the form of {what} is {' or '.join(known)}, found “{form}”")


def load(path: str | Path) -> Given:
    """The Given in a TOML file; InputError, with file and line, where it cannot be used."""
    return _built(load_schema(path))


def load_stack(path: str | Path) -> Stack:
    """The stack of layers in a TOML file; InputError where it describes none."""
    return Stack(load_schema(path))


def sheet(path: str | Path, variant: int | None = None, solve: bool = True) -> Solution:
    """The sheet that a TOML file with [[problems]] makes: `sheet(...).write("output/")`.

    A `variant` has other numbers; without `solve` there are the questions alone.
    """
    return sheet_solution(*read_toml(Path(path)), variant, solve)


def _built(schema: Schema) -> Given:
    return Given(build(schema), schema)
