"""Vector forms: convolution by unfold, LeNet by way of matrices, and the laws they rest on."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mutants import mutants

import derive
from derive.check.files import check_file
from derive.derivation.program import Program
from derive.derivation.step import Derivation, Step
from derive.document.narrate import Narrator
from derive.document.notation import Names, Notation
from derive.engine.compose import Composer
from derive.engine.differentiate import Differentiator
from derive.engine.matrix.batched import vector_form
from derive.engine.matrix.passes import Vectors, vectors
from derive.engine.network import Derived, derive_all
from derive.ir import (
    Array,
    Bracket,
    Chosen,
    Component,
    Count,
    Derivative,
    Element,
    Formula,
    Index,
    Int,
    Largest,
    Max,
    Picked,
    Product,
    Range,
    Ravel,
    Series,
    Size,
    Sliced,
    StackedOver,
    Sum,
    Tensor,
    Transposed,
    Whole,
    free_indices,
    refresh,
    same,
    subformulas,
    substitute,
    tensors,
    to_text,
)
from derive.network.build import Model, build
from derive.network.given import Given, load
from derive.network.source import Source
from derive.verify.verdict import DerivationVerdict
from derive.verify.verify import Verifier, verify_chain
from derive.writers.latex_math import latex
from derive.writers.markdown import markdown

EXAMPLES = Path(__file__).parent.parent / "examples"
N, M, K, Q = Size("N"), Size("M"), Size("K"), Size("Q")
n, m, k, o = map(Index, "nmko")
A, B = Tensor("A", "A", (N, M, K)), Tensor("B", "B", (N, M, Q))
PROGRAM = Program((N, M, K, Q), (A, B), ())
RANGES = {i: Range(i, 1, d) for i, d in zip((n, m, k, o), (N, M, K, Q), strict=True)}


def status(left: Formula, right: Formula, *indices: Index) -> str:
    return verify_chain(PROGRAM, [left, right], [RANGES[i] for i in indices]).status


def at(t: Tensor, *places: Any) -> Whole:
    """The array at an index of its first axis, or of others."""
    return Sliced(Array(t), range(len(places)), places)


# -- arrays for all values of an index -----------------------------------------------------------


def test_a_series_is_the_sum_of_its_arrays() -> None:
    entry = Sum(A[n, m, k] * B[n, m, o], RANGES[n], RANGES[m])
    right = Series(Product(Transposed(at(A, n)), at(B, n)), RANGES[n])
    assert status(entry, Element(right, k, o), k, o) == "exact"
    first = Series(Product(Transposed(at(A, n)), at(B, 1)), RANGES[n])
    assert status(entry, Element(first, k, o), k, o) == "refuted"
    once = Product(Transposed(at(A, 1)), at(B, 1))
    assert status(entry, Element(once, k, o), k, o) == "refuted"


def test_a_series_of_one_array_counts_it() -> None:
    right = Series(at(A, 1), RANGES[n])
    assert status(Count(N) * A[1, m, k], Element(right, m, k), m, k) == "exact"
    assert status(A[1, m, k], Element(right, m, k), m, k) == "refuted"


def test_a_stack_over_an_index_has_it_as_an_axis() -> None:
    slices = Sliced(Array(A), (1,), (m,))
    whole = StackedOver(slices, RANGES[m], 1)
    assert whole.shape == A.shape
    assert status(A[n, m, k], Element(whole, n, m, k), n, m, k) == "exact"
    first = StackedOver(slices, RANGES[m], 0)
    assert status(A[n, m, k], Element(first, m, n, k), n, m, k) == "exact"
    other = StackedOver(Sliced(Array(A), (1,), (1,)), RANGES[m], 1)
    assert status(A[n, m, k], Element(other, n, m, k), n, m, k) == "refuted"


def test_bound_indices_of_arrays_are_bound() -> None:
    inner = Series(Product(Transposed(at(A, n)), at(B, n)), RANGES[n])
    assert not free_indices(inner)
    assert same(inner, refresh(inner))
    assert substitute(inner, {n: 1}) == inner
    stack = StackedOver(at(A, n, m), RANGES[m], 0)
    assert free_indices(stack) == {n}
    assert substitute(stack, {n: m}) == StackedOver(at(A, m, o), Range(o, 1, M), 0) or same(
        substitute(stack, {n: m}), StackedOver(at(A, m, o), Range(o, 1, M), 0)
    )


def test_the_largest_along_an_axis_and_where_it_is_first() -> None:
    largest = Max(A[n, m, k], RANGES[m])
    assert status(largest, Element(Largest(Array(A), (1,)), n, k), n, k) == "exact"
    r = Index("r")
    chosen = Chosen(Max(A[n, r, k], Range(r, 1, M)), m)
    assert status(chosen, Element(Picked(Array(A), (1,)), n, m, k), n, m, k) == "exact"
    assert status(chosen, Element(Picked(Array(A), (2,)), n, m, k), n, m, k) == "refuted"
    both = Chosen(Max(A[n, r, o], Range(r, 1, M), Range(o, 1, K)), m, k)
    assert status(both, Element(Picked(Array(A), (1, 2)), n, m, k), n, m, k) == "exact"


# -- convolution by unfold -----------------------------------------------------------------------


@cache
def unfold() -> tuple[Model, Derived, Vectors]:
    model = build(load(EXAMPLES / "unfold.toml"))
    derived = derive_all(
        model.program, model.layers, model.targets, frozenset(), model.hidden, model.compose
    )
    return model, derived, vectors(derived, model.hidden)


def tensor(program: Program, name: str) -> Tensor:
    return next(t for t in (*program.given, *program.defined) if t.name == name)


def printed(d: Derivation, program: Program) -> str:
    """Both sides, without the indices of the entry where they are arrays."""
    notation = replace(Notation.of(program, numbers=True), positions="tuples")
    names = Names.of((d.start, d.result), d.ranges, notation)
    return f"{latex(d.start, names)} = {latex(d.result, names)}"


JACOBIANS = [
    ("Y", "Y'", r"\delta_{nn'} \delta_{ij,\,p} \,\delta_{oo'}"),
    ("Y'", r"\tilde W", r"\tilde{U}_{n,m,k} \,\delta_{oo'}"),
    ("V", "W", r"\delta_{oo'} \delta_{r,\,pqr'}"),
    (r"\tilde W", "V", r"\delta_{oo'} \delta_{rr'}"),
]


@pytest.mark.parametrize(("of", "by", "expected"), JACOBIANS)
def test_jacobians_are_deltas_of_index_tuples(of: str, by: str, expected: str) -> None:
    model, derived, _ = unfold()
    d = derived.jacobians[tensor(model.program, of), tensor(model.program, by)]
    assert printed(d, model.program).endswith(f" = {expected}")


FORMS = [
    ("forward", "U", r"U = \operatorname{unfold}_"),
    ("forward", r"\tilde U", r"= [\operatorname{permute}_{0,2,1}(U)]"),
    ("forward", "Y'", r"= [\tilde{U}_{n} \tilde{W}]_{m,o}"),
    ("recursive", r"\tilde W", r"\sum_{n=1}^{N} \tilde{U}_{n}^{\top} "),
    ("recursive", r"\tilde U", r"\Bigl(\frac{\partial L}{\partial Y'}\Bigr)_{n} \tilde{W}^{\top}"),
    ("recursive", "X", r"\operatorname{fold}_"),
    ("expanded", "W", r"\sum_{n=1}^{N} \Bigl(\frac{\partial L}{\partial Y'}\Bigr)_{n}^{\top} "),
    ("expanded", "X", r"\tilde{W} \Bigl(\frac{\partial L}{\partial Y'}\Bigr)_{n}^{\top}"),
]


@pytest.mark.parametrize(("kind", "name", "expected"), FORMS)
def test_vector_forms_of_a_convolution_by_unfold(kind: str, name: str, expected: str) -> None:
    model, derived, found = unfold()
    t = tensor(model.program, name)
    index = getattr(derived, kind)[t]
    form = found.forms[derived.tuples.get(t, index) if kind == "forward" else index]
    assert form.derivation is not None, form.reason
    text = printed(form.derivation, found.program).replace(r"\bigl", "").replace(r"\bigr", "")
    wanted = expected.removeprefix("U = ")
    assert wanted in text, text


def test_everything_about_it_is_verified() -> None:
    _, derived, found = unfold()
    verifier = Verifier(found.program)
    for d in (*derived.all, *found.all):
        verdict = verifier.derivation(d)
        assert verdict.status == "exact", (d.start, verdict)
        assert is_bounded(verdict), d.start


def is_bounded(verdict: DerivationVerdict) -> bool:
    """Whether little chance is left that something false was found exact."""
    checks = [verdict.ends, *(s.verification for s in verdict.steps)]
    return all(v.bound is not None and v.bound < 1e-9 for v in checks)


def test_the_way_through_unfold_leads_to_the_convolution_itself() -> None:
    """One formula for Y, its gradients from it, and those through all definitions: all the same."""
    model, derived, _ = unfold()
    together = derived.together[tensor(model.program, "Y")]
    assert {t.name for t in together.again} == {"X", "W"}
    call = "Y = Conv2d(X, W, stride=S, padding=P, dilation=D)"
    given = load(EXAMPLES / "unfold.toml")
    plain = build(given.model_copy(update={"define": (call, "L = f(Y)"), "compose": ()}))
    engine = Differentiator(plain.program, plain.hidden)
    direct = engine.forward(tensor(plain.program, "Y"))
    assert alike(together.composed, direct)
    for name in ("X", "W"):
        mine = together.gradients[tensor(model.program, name)]
        assert alike(mine, engine.gradient(tensor(plain.program, name)))


def alike(d: Derivation, e: Derivation) -> bool:
    """Whether two derivations end in one formula, up to the names of all indices."""
    to = {r.index: Int.of(s.index) for r, s in zip(d.ranges, e.ranges, strict=True)}
    return same(substitute(d.result, to), e.result)


# -- reshapes put into each other ----------------------------------------------------------------


def composed(shape: list[Any], *define: str, **sizes: str) -> tuple[Program, Derivation]:
    data = {"tensors": {"x": shape}, "define": list(define), "sizes": sizes}
    program = build(Given.from_dict(data)).program
    last = program.definitions[-1].tensor
    return program, Composer(Differentiator(program)).composed(last)


CHAINS = [
    ([4, 3], ["y = Transpose(x, dim0=0, dim1=1)", "z = Transpose(y, dim0=0, dim1=1)"]),
    (["N", "C", "H"], ["y = Flatten(x)", 'z = Unflatten(y, dim=1, unflattened_size=["C", -1])']),
    (["N", "C", "T"], ["y = Flatten(x, 0, 2)", "z = Reshape(y, shape=[N, C, -1])"]),
    (["N", "T"], ["y = Stack(x, dim=1)", "z = Squeeze(y, dim=1)"]),
    (["N", "C", "H", "W"], ["y = Reshape(x, shape=[N, D])", "z = Reshape(y, shape=[N, C, H, W])"]),
    ([6, 4], ["y = Reshape(x, shape=[3, 8])", "z = Reshape(y, shape=[6, 4])"]),
    (["N", "C", "T"], ["y = Permute(x, dims=[2, 0, 1])", "z = Permute(y, dims=[1, 2, 0])"]),
    (["N", "T"], ["y = Unsqueeze(x, dim=1)", "z = Squeeze(y, dim=1)"]),
]


@pytest.mark.parametrize(("shape", "define"), CHAINS)
def test_a_reshape_back_is_nothing(shape: list[Any], define: list[str]) -> None:
    program, d = composed(shape, *define)
    x = tensor(program, "x")
    assert isinstance(d.start, Component)
    assert d.result == Component(x, *d.start.indices)
    assert Verifier(program).derivation(d).status == "exact"


def test_two_reshapes_are_one() -> None:
    _, once = composed(["N", "C", "T"], "z = Reshape(x, shape=[D])")
    program, twice = composed(
        ["N", "C", "T"], "y = Reshape(x, shape=[N, E])", "z = Reshape(y, shape=[D])"
    )
    assert alike(twice, once)
    assert twice.result == Component(tensor(program, "x"), *(r.index for r in twice.ranges))
    assert Verifier(program).derivation(twice).status == "exact"


def test_permuting_twice_is_permuting_once() -> None:
    program, twice = composed(
        ["N", "C", "T"], "y = Permute(x, dims=[2, 0, 1])", "z = Permute(y, dims=[2, 0, 1])"
    )
    _, once = composed(["N", "C", "T"], "z = Permute(x, dims=[1, 2, 0])")
    assert alike(twice, once)
    assert Verifier(program).derivation(twice).status == "exact"


WINDOWS = [
    "kernel_size=[K, 2], stride=[S, 1], padding=[P, 0]",
    "kernel_size=3, stride=2, padding=1",
    'kernel_size=["K", "K"], stride="S", padding="P"',
    "kernel_size=2, stride=2, dilation=2",
    "kernel_size=1, stride=3",
    "kernel_size=2, dilation=3, padding=1",
]


@pytest.mark.parametrize("window", WINDOWS)
def test_fold_of_unfold_counts_the_windows(window: str) -> None:
    program, d = composed(
        ["N", "C", "H", "W"],
        f"U = Unfold(x, {window})",
        f"F = Fold(U, output_size=[H, W], {window})",
        **{"K": ">=1", "S": ">=1", "P": ">=0"},
    )
    assert Verifier(program).derivation(d).status == "exact"
    assert isinstance(d.start, Component)
    (entry,) = (g for g in d.result.args if isinstance(g, Component))
    assert entry == Component(tensor(program, "x"), *d.start.indices)
    assert all(not tensors(g) for g in d.result.args if g != entry)
    assert any(isinstance(g, (Sum, Bracket)) for g in subformulas(d.result))


# -- LeNet by way of matrices --------------------------------------------------------------------

STAGES = {
    "conv": {
        "conv.cols": (64, 25, 576),
        "conv.rows": (20, 25),
        "conv.flat": (64, 20, 576),
        "conv": (64, 20, 24, 24),
    },
    "pool": {
        "pool.cols": (64, 20, 4, 144),
        "pool.flat": (64, 20, 144),
        "pool": (64, 20, 12, 12),
    },
}


@cache
def lenet() -> tuple[Model, Derived, Vectors]:
    model = build(load(EXAMPLES / "lenet.toml"))
    derived = derive_all(model.program, model.layers, model.targets, frozenset())
    return model, derived, vectors(derived)


def number(d: Int) -> int | None:
    size = d.atom
    return size.value if isinstance(size, Size) else d.constant


def test_the_stages_of_lenet_have_the_sizes_that_one_knows() -> None:
    _, _, found = lenet()
    sizes = {
        z.name: {s.tensor.name: tuple(map(number, s.tensor.shape)) for s in way.stages}
        for z, way in found.ways.items()
    }
    assert sizes == STAGES


def test_every_form_of_lenet_is_verified() -> None:
    _, _, found = lenet()
    verifier = Verifier(found.program)
    without = [f.reason for f in found.every if f.derivation is None]
    assert not without
    for d in found.all:
        verdict = verifier.derivation(d)
        assert verdict.status == "exact", (d.start, verdict)
        assert is_bounded(verdict), d.start


LENET = [
    ("conv.flat", r"w^{(conv,rows)} x^{(cols)}_{n} + b^{(conv)} \mathbf{1}_{576}^{\top}"),
    ("conv.cols", r"\operatorname{unfold}_{5\times 5}(x)"),
    ("conv.rows", r"\operatorname{reshape}_{20\times 25}(w^{(conv)})"),
    ("pool.flat", r"\max_{2}(z^{(conv,cols)})"),
]


@pytest.mark.parametrize(("name", "expected"), LENET)
def test_stages_of_lenet(name: str, expected: str) -> None:
    _, _, found = lenet()
    stages = {s.tensor.name: s for way in found.ways.values() for s in way.stages}
    form = stages[name].form.derivation
    assert form is not None
    told = printed(form, found.program).replace(r"\bigl", "").replace(r"\bigr", "")
    assert expected in told, told


SIZES = [
    (r"x", (64, 1, 28, 28)),
    (r"w^{(conv)}", (20, 1, 5, 5)),
    (r"b^{(conv)}", (20,)),
    (r"z^{(conv)}", (64, 20, 24, 24)),
    (r"w^{(conv,rows)}", (20, 25)),
    (r"x^{(cols)}", (64, 25, 576)),
    (r"\hat{z}^{(conv)}", (64, 20, 576)),
    (r"x^{(rows)}", (64, 576, 25)),
    (r"w^{(conv,rows)}_{o}", (25,)),
    (r"\hat{z}^{(conv)}_{:,o}", (64, 576)),
    (r"z^{(conv)}_{:,o}", (64, 24, 24)),
    (r"z^{(pool)}", (64, 20, 12, 12)),
    (r"z^{(conv,cols)}", (64, 20, 4, 144)),
    (r"\hat{z}^{(pool)}", (64, 20, 144)),
    (r"z^{(flat)}", (64, 2880)),
    (r"w^{(fc1)}", (500, 2880)),
    (r"b^{(fc1)}", (500,)),
    (r"z^{(fc1)}", (64, 500)),
    (r"z^{(relu)}", (64, 500)),
    (r"w^{(fc2)}", (10, 500)),
    (r"b^{(fc2)}", (10,)),
    (r"z^{(fc2)}", (64, 10)),
    (r"y", (64, 10)),
]
"""Every array of LeNet's forward pass by way of matrices, as courses write it."""

COMPUTED = ["576=24\\cdot 24", "144=12\\cdot 12", "2880=20\\cdot 12\\cdot 12"]


@cache
def page_of_lenet() -> str:
    model, derived, found = lenet()
    arguments = (model.inputs, model.targets, derived, lambda d: None)
    told = Narrator("LeNet", 1, *arguments, arrays=found, vectors=True)
    return markdown(told.document()).replace("_ {", "_{")


@pytest.mark.parametrize(("symbol", "shape"), SIZES)
def test_every_array_of_lenet_is_introduced_with_its_size(
    symbol: str, shape: tuple[int, ...]
) -> None:
    size = r"\times ".join(map(str, shape))
    defined = rf"(^| ){re.escape(symbol)} &=[^&]*\\quad"
    said = rf"\${re.escape(symbol)}"
    end = re.escape(rf"\in\mathbb{{R}}^{{{size}}}")
    assert re.search(f"({defined}|{said}){end}", page_of_lenet(), re.MULTILINE), symbol


@pytest.mark.parametrize("equation", COMPUTED)
def test_extents_of_flattened_axes_are_explained(equation: str) -> None:
    assert f"Here ${equation}$." in page_of_lenet()


def test_channel_by_channel_the_bias_is_a_number_times_ones() -> None:
    _, _, found = lenet()
    conv = next(way for z, way in found.ways.items() if z.name == "conv")
    told = [printed(f.derivation, found.program) for f in conv.channels if f.derivation]
    assert len(told) == 4
    assert r"\operatorname{permute}_{0,2,1}(x^{(cols)})" in told[0]
    assert r"x^{(rows)}_{n} w^{(conv,rows)}_{o} + b^{(conv)}_{o} \mathbf{1}_{576}" in told[1]
    assert r"\operatorname{reshape}_{64\times 24\times 24}" in told[2]
    assert r"\operatorname{stack}_{1}" in told[3]


def test_the_stages_put_into_each_other_are_the_definition_again() -> None:
    _, derived, found = lenet()
    for z, way in found.ways.items():
        assert alike(way.together, derived.forward[z]), z.name


def convolution(**options: Any) -> dict[str, Any]:
    return {"type": "Conv2d", "name": "c", "out_channels": 3, "kernel_size": 3} | options


def pool(kind: str, **options: Any) -> dict[str, Any]:
    return {"type": f"{kind}2d", "name": "p", **options}


OTHERS: list[tuple[list[Any], list[dict[str, Any]], list[str]]] = [
    (["N", 2, 7, 6], [convolution(stride=[1, 3], padding=[2, 0], dilation=[2, 1])], ["c"]),
    (["N", 2, 7, 6], [convolution(padding="same", dilation=2, bias=False)], ["c"]),
    (["N", 2, 7, 6], [convolution(kernel_size=1)], []),
    (["N", 2, 7], [convolution(type="Conv1d")], ["c"]),
    (["N", 2, 3, 4, 3], [convolution(type="Conv3d", kernel_size=2)], ["c"]),
    (["N", 2, 7, 6], [pool("MaxPool", kernel_size=3, stride=2)], ["p"]),
    (["N", 2, 7, 6], [pool("AvgPool", kernel_size=2)], ["p"]),
    (["N", 1, 6, 6], [convolution(name="a"), convolution(name="b")], ["a", "b"]),
]


@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize(("shape", "layers", "expected"), OTHERS)
def test_other_windows_have_vector_forms(
    shape: list[Any], layers: list[dict[str, Any]], expected: list[str], base: int
) -> None:
    data = {
        "conventions": {"index_base": base},
        "tensors": {"x": shape, "t": ["N", "F"]},
        "layers": [
            *layers,
            {"type": "Flatten", "name": "f"},
            {"type": "Linear", "name": "l", "out_features": "F"},
        ],
        "loss": {"type": "CrossEntropyLoss", "target": "t"},
    }
    model = build(Given.from_dict(data))
    derived = derive_all(model.program, model.layers, model.targets, frozenset())
    found = vectors(derived)
    assert [z.name for z in found.ways] == expected
    assert not [form.reason for form in found.every if form.derivation is None]
    verifier = Verifier(found.program)
    for d in found.all:
        assert verifier.derivation(d).status == "exact", to_text(d.start)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (pool("MaxPool", kernel_size=3, padding=1), "computed"),
        (convolution(groups=2, out_channels=4), "computed"),
        (pool("MaxPool", kernel_size=2, stride=2, ceil_mode=True), "computed"),
    ],
)
def test_what_has_no_vector_form_says_why(layer: dict[str, Any], words: str) -> None:
    model = build(Given.from_dict({"tensors": {"x": ["N", 4, 7, 6]}, "layers": [layer]}))
    found = vectors(derive_all(model.program, model.layers, (), frozenset()))
    reasons = [form.reason for form in found.every if form.derivation is None]
    assert reasons
    assert all(words in reason for reason in reasons)


def test_windows_with_more_padding_on_one_side_are_no_im2col() -> None:
    layer = convolution(padding="same", kernel_size=4)
    model = build(Given.from_dict({"tensors": {"x": ["N", 4, 7, 6]}, "layers": [layer]}))
    found = vectors(derive_all(model.program, model.layers, (), frozenset()))
    (columns,) = (s for s in found.ways[model.layers[0].output].stages if s.tensor.name == "c.cols")
    assert columns.form.derivation is None


# -- what is no vector form ----------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "name"), [("tuples", "U"), ("recursive", "X")])
def test_nothing_is_taken_for_im2col_that_is_not(kind: str, name: str) -> None:
    """Small changes of what im2col and col2im say have another form or none, never a wrong one."""
    model, derived, found = unfold()
    d = getattr(derived, kind)[tensor(model.program, name)]
    plain = found.forms[d].derivation
    assert plain is not None
    verifier = Verifier(found.program)
    tried = 0
    for _, wrong in mutants(d.result):
        changed = replace(d, steps=(Step(d.start, wrong, "changed", ""),))
        form = vector_form(changed, found.program)
        if form.derivation is not None:
            last = form.derivation.steps[-1]
            check = verifier.chain([last.before, last.after], d.ranges)
            assert check.status != "refuted", to_text(wrong)
        tried += 1
    assert tried > 5


# -- index tuples on the page --------------------------------------------------------------------

W_GIVEN = {
    "tensors": {"W": ["O", "C", "K", "M"]},
    "define": ["V = Reshape(W, shape=[O, R])"],
}
RUNS = r"For $o=1,\dots,O$; $c=1,\dots,C$; $i=1,\dots,K$; $j=1,\dots,M$, "


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("V_{o,(cij)} = W_{o,c,i,j}", "holds"),
        ("V_{o,(cij)} = W_{o,c,j,i}", "wrong"),
        ("V_{o,(jci)} = W_{o,c,i,j}", "wrong"),
        (r"\frac{\partial V_{o,r}}{\partial W_{p,c,i,j}} = \delta_{op} \delta_{r,cij}", "holds"),
        (r"\frac{\partial V_{o,r}}{\partial W_{p,c,i,j}} = \delta_{op} \delta_{r,jic}", "wrong"),
    ],
)
def test_index_tuples_are_read_as_they_are_printed(
    claim: str, expected: str, tmp_path: Path
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"{RUNS}${claim}$\n", encoding="utf-8")
    report = check_file(page, (W_GIVEN, Source()))
    assert [e.status for e in report.entries] == [expected]


SPELLED = [
    ("tuples", r"\delta_{nn'} \delta_{ij,\,p} \,\delta_{oo'}", r"Y'_{n,(ij),o}"),
    ("deltas", r"\delta_{nn'} \delta_{ij,\,p} \,\delta_{oo'}", r"Y'_{n,(i-1)W_{out}+j,o}"),
    (
        "spelled",
        r"\delta_{nn'} \delta_{(i-1)W_{out}+j,\,p} \,\delta_{oo'}",
        r"Y'_{n,(i-1)W_{out}+j,o}",
    ),
]


def test_computed_sizes_are_defined_before_they_are_used() -> None:
    model, derived, found = unfold()
    told = Narrator("", 1, model.inputs, model.targets, derived, lambda d: None, arrays=found)
    lines = markdown(told.document()).splitlines()
    for name, definition in (("R", "CK_{1}K_{2}"), ("M", "H_{out}W_{out}")):
        (at,) = (k for k, text in enumerate(lines) if f"${name}={definition}$" in text)
        used = [k for k, text in enumerate(lines) if f"1,\\dots,{name}$" in text]
        assert used
        assert at < min(used)


@pytest.mark.parametrize(("positions", "delta", "entry"), SPELLED)
def test_positions_are_written_in_three_ways(positions: Any, delta: str, entry: str) -> None:
    model, derived, _ = unfold()
    y, z = (tensor(model.program, name) for name in ("Y", "Y'"))
    notation = replace(Notation.of(model.program), positions=positions)
    d, f = derived.jacobians[y, z], derived.forward[y]
    names = Names.of((d.result, f.result), d.ranges, notation)
    assert latex(d.result, names) == delta
    assert latex(f.result, names) == entry


def test_the_vector_form_of_one_gradient() -> None:
    given = derive.load(EXAMPLES / "lenet.toml")
    found = given.gradient("conv.weight", form="vector")
    assert found.verify().status == "exact"
    told = found.latex().replace(r"\Bigl", "").replace(r"\Bigr", "")
    assert told.startswith(r"\frac{\partial L}{\partial w^{(conv)}} = \operatorname{reshape}")
    assert r"\sum_{n=1}^{64} \operatorname{reshape}_{20\times 576}" in told
    assert told.endswith(r"(x^{(cols)}_{n})^{\top})")


def test_a_gradient_at_index_tuples_has_the_shape_of_its_array() -> None:
    loss = r"L = \sum_{n} \sum_{c} \sum_{i} \sum_{j} y_{n,c,i,j}^2"
    data = {
        "tensors": {"x": ["N", "C", "H", "W"]},
        "define": ["z = Reshape(x, shape=[N, C, M])", "y = Reshape(z, shape=[N, C, H, W])", loss],
    }
    x = np.random.default_rng(3).normal(size=(2, 3, 2, 4))
    found = derive.Given.from_dict(data).gradient("z", form="expanded")
    assert isinstance(found.chain.start, Derivative)
    assert isinstance(found.chain.start.by.indices[-1].atom, Ravel)
    assert np.allclose(found.evaluate({"x": x}), 2 * x.reshape(2, 3, 8))
