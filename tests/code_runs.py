"""Runs printed modules on small arrays, and the same by the evaluator."""

from __future__ import annotations

from typing import Any

import numpy as np

from derive.derivation.program import Program
from derive.derivation.step import Derivation
from derive.engine.passes import Passes
from derive.ir import Component, Size, Tensor, axis_ranges
from derive.verify.numeric import evaluate_arrays
from derive.verify.sizes import SizeSearch
from derive.verify.whole import number

Arrays = dict[str, Any]


def arrays(program: Program, positive: bool = False) -> tuple[Arrays, dict[Size, int]]:
    """Small arrays for all given tensors, by name, at sizes that differ; and the sizes."""
    rng = np.random.default_rng(0)
    fixed = {s: s.value for s in program.sizes if s.value is not None and s.definition is None}
    sizes = SizeSearch(program, (), fixed).varied(rng)
    assert sizes is not None
    return {t.name: array(t, sizes, rng, positive) for t in program.given}, sizes


def array(t: Tensor, sizes: dict[Size, int], rng: np.random.Generator, positive: bool) -> Any:
    shape = [number(d, sizes) for d in t.shape]
    if t.classes is not None:
        return rng.integers(0, number(t.classes, sizes), shape)
    if positive or not shape:
        return rng.uniform(0.1, 0.9, shape)
    return rng.normal(0, 0.4, shape)


def executed(source: str, modules: Arrays | None = None) -> Arrays:
    """The names that a module defines."""
    namespace: Arrays = {}
    exec(compile(source, "printed", "exec"), namespace)
    return namespace


def identifier(name: str) -> str:
    return name.replace(".", "_").replace("\\", "").replace(" ", "_")


def run(source: str, given: Arrays, sizes: dict[Size, int]) -> tuple[Arrays, Arrays]:
    """What the forward and the backward pass of a printed module return."""
    made = executed(source)

    def called(function: str, **more: Any) -> Arrays:
        code = made[function].__code__
        names = code.co_varnames[: code.co_argcount]
        known = {identifier(k): v for k, v in given.items()}
        known |= {identifier(s.name): n for s, n in sizes.items()} | more
        return made[function](*(known[n] for n in names))

    saved = called("forward")
    return saved, called("backward", saved=saved) if "backward" in made else {}


def expected(p: Passes, given: Arrays) -> tuple[Arrays, Arrays]:
    """The same from the evaluator."""

    def value(d: Derivation) -> Any:
        return evaluate_arrays(p.program, d, given)

    forward = {}
    for x in p.program.definitions:
        at = Component(x.tensor, *x.indices)
        forward[x.tensor.name] = value(Derivation(at, axis_ranges(x.tensor, x.indices), ()))
    return forward, {t.name: value(d) for t, d in p.gradients.items()}


def compare(source: str, p: Passes, positive: bool = False) -> None:
    given, sizes = arrays(p.program, positive)
    for found, wanted in zip(run(source, given, sizes), expected(p, given), strict=True):
        assert found.keys() == wanted.keys()
        for name, value in wanted.items():
            shape = np.shape(value)
            if p.program.loss is not None and not p.program.loss.shape:
                shape = tuple(number(d, sizes) for d in tensor(p.program, name).shape)
            assert np.shape(found[name]) == shape, name
            np.testing.assert_allclose(
                np.asarray(found[name], float),
                np.reshape(value, shape),  # an axis may stand for an index tuple
                rtol=1e-9,
                atol=1e-12,
                err_msg=name,
            )


def tensor(program: Program, name: str) -> Tensor:
    return next(t for t in (*program.given, *program.defined) if t.name == name)
