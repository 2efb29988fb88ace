"""Layers against the oracle: every derivative that the rules derive is the dual numbers' own.

Each case is a layer with options.  Its loss is L = Σ g z with a free tensor g, so that ∂L/∂v is
the derivative along an arbitrary upstream gradient.  For each parameter and input v, three
equations are checked exactly from end to end, by definition and by dual numbers, at sizes that the
verifier draws (extent 1, strides that do not divide) and at values with ties and zeros:

    ∂z/∂v = its derived Jacobian,    ∂L/∂v = its recursive form = its expanded form
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations, product
from typing import Any

import pytest
from mutants import mutants
from networks import ENTROPY, SQUARES, layer, linear, network

from derive.derivation.program import Program
from derive.derivation.step import Derivation
from derive.engine.differentiate import Differentiator
from derive.errors import MissingRule
from derive.ir import Definition, Sum, Tensor, Times, axis_ranges, fresh
from derive.network.build import Model, build
from derive.network.catalogue import LAYERS, LOSSES
from derive.network.given import Given
from derive.verify.verdict import Verification
from derive.verify.verify import Verifier

Case = tuple[tuple[object, ...], str, dict[str, Any]]
"""The shape of the input, the kind of layer, its options."""


def model(shape: Sequence[object], kind: str, /, base: int = 1, **options: Any) -> Model:
    sizes = options.pop("sizes", {})
    data = {
        "conventions": {"index_base": base},
        "sizes": sizes,
        "tensors": {"x": list(shape)},
        "layers": [{"type": kind, "name": "q", **options}],
    }
    return build(Given.from_dict(data))


def weighted(program: Program) -> tuple[Program, Tensor]:
    """The program with L = Σ g z for its last definition z, and z."""
    last = program.definitions[-1]
    z, at = last.tensor, tuple(fresh(i) for i in last.indices)
    g, loss = Tensor("g", "g", z.shape, z.base), Tensor("L", "L", ())
    total = Definition(loss, (), Sum(Times(g[at], z[at]), *axis_ranges(z, at)))
    given, definitions = (*program.given, g), (*program.definitions, total)
    return Program(program.sizes, given, definitions, program.size_facts, program.facts, loss), z


def ends(verifier: Verifier, d: Derivation) -> Verification:
    return verifier.chain([d.start, d.result], d.ranges, d.facts).ends


def verdicts(case: Case) -> Iterator[tuple[str, Verification]]:
    shape, kind, options = case
    made = model(shape, kind, **options)
    program, z = weighted(made.program)
    derive, verifier = Differentiator(program), Verifier(program)
    for v in (*made.parameters, *made.inputs):
        yield f"∂z/∂{v.name}", ends(verifier, derive.jacobian(z, v))
        yield f"∂L/∂{v.name}", ends(verifier, derive.gradient(v))
        yield f"∂L/∂{v.name}, expanded", ends(verifier, derive.gradient(v, expanded=True))


def demand_exact(found: Iterator[tuple[str, Verification]]) -> None:
    for what, v in found:
        assert v.status == "exact", f"{what}: {v.status} {v.counterexample or v.reason}"
        assert v.draws >= 4, f"{what}: only {v.draws} draws"


def named(case: Case) -> str:
    shape, kind, options = case
    return f"{kind}{'x'.join(map(str, shape))}-" + ",".join(f"{k}={v}" for k, v in options.items())


def cases(*several: Iterator[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", [c for some in several for c in some], ids=named)


# -- windows: two axes take different rows of the grid, so each case tries two of them ------------

IMAGE = ("N", 4, 7, 6)


def paired(rows: list[tuple[Any, ...]], names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Options [first axis, second axis]; the second runs through all rows in another order."""
    step = next(s for s in range(len(rows) // 3 + 1, len(rows)) if len(rows) % s)
    others = [rows[(step * k + 1) % len(rows)] for k in range(len(rows))]
    for row, other in zip(rows, others, strict=True):
        yield {n: [a, b] for n, a, b in zip(names, row, other, strict=True)}


def convolutions() -> Iterator[Case]:
    rows = list(product((1, 2, 3), (1, 2, 3), (0, 1, 2), (1, 2)))
    names = ("kernel_size", "stride", "padding", "dilation")
    for groups, (k, options) in product((1, 2, 4), enumerate(paired(rows, names))):
        plain = {"out_channels": 4, "groups": groups, "bias": k % 2 == 0, "base": (k // 2) % 2}
        yield IMAGE, "Conv2d", plain | options
    rows = list(product((1, 2, 3), (1, 2)))
    for padding, base in product(("same", "valid"), (0, 1)):
        for options in paired(rows, ("kernel_size", "dilation")):
            yield IMAGE, "Conv2d", {"out_channels": 3, "padding": padding, "base": base} | options


def other_convolutions() -> Iterator[Case]:
    window = {"kernel_size": 3, "stride": 2, "padding": 1}
    yield (1, 1, 6, 5), "Conv2d", {"out_channels": 1, **window}
    yield (3, 6, 5), "Conv2d", {"out_channels": 2, **window}
    yield ("N", 2, 7), "Conv1d", {"out_channels": 4, "groups": 2, **window}
    yield (2, 9), "Conv1d", {"out_channels": 1, "kernel_size": 2, "stride": 3, "dilation": 2}
    yield (1, 2, 3, 4, 3), "Conv3d", {"out_channels": 2, "kernel_size": 2, "stride": [1, 2, 1]}
    yield ("N", 6, 4, 4), "Conv2d", {"out_channels": 9, "kernel_size": 2, "groups": 3}
    sizes = dict.fromkeys("KSDCO", ">=1") | {"P": ">=0"}
    options = {"out_channels": "O", "kernel_size": "K", "stride": "S", "padding": "P"}
    yield ("N", "C", "H", "W"), "Conv2d", {"sizes": sizes, **options, "dilation": "D"}
    yield ("N", "C", "H", "W"), "Conv2d", {"sizes": sizes, **options, "dilation": 3}


def pooled(
    kind: str, names: Sequence[str], rows: list[tuple[Any, ...]], **options: Sequence[Any]
) -> Iterator[Case]:
    """Every row for every choice of the other options; those that stand still are shared."""
    for choice in product(*options.values()):
        for k, windows in enumerate(paired(rows, names)):
            shared = dict(zip(options, choice, strict=True))
            yield (
                IMAGE,
                kind,
                windows | {n: v for n, v in shared.items() if v is not None} | {"base": k % 2},
            )


def rows(strides: Sequence[int], paddings: Sequence[int] = (0,), dilations: Sequence[int] = (1,)):
    """(kernel, stride, padding, dilation), the padding at most half of the kernel."""
    every = product((1, 2, 3), strides, paddings, dilations)
    return [row for row in every if 2 * row[2] <= row[0]]


CEIL = {"ceil_mode": (False, True)}
AVERAGES = CEIL | {"count_include_pad": (True, False), "divisor_override": (None, 3)}


def pools() -> Iterator[Case]:
    names = ("kernel_size", "stride", "padding", "dilation")
    yield from pooled("MaxPool2d", names, rows((1, 2, 3, 4), (0, 1), (1, 2)), **CEIL)
    short = [row[:3] for row in rows((1, 2, 3, 4), (0, 1))]
    yield from pooled("AvgPool2d", names[:3], short, **AVERAGES)
    short = [row[:2] for row in rows((1, 2, 3))]
    yield from pooled("LPPool2d", names[:2], short, **CEIL, norm_type=(1, 2, 3))


def other_pools() -> Iterator[Case]:
    for kind in ("MaxPool", "AvgPool", "LPPool"):
        power = {"norm_type": 2} if kind == "LPPool" else {}
        for axes, shape in ((1, ("N", 2, 7)), (2, (1, 1, 6, 5)), (3, (2, 5, 4, 5))):
            yield shape, f"{kind}{axes}d", {"kernel_size": 2, **power}
            yield shape, f"{kind}{axes}d", {"kernel_size": 3, "stride": 2, **power}
        named = {"sizes": {"K": ">=1", "S": ">=1"}, "kernel_size": "K", **power}
        yield ("N", "C", "H", "W"), f"{kind}2d", named
        yield ("N", "C", "H", "W"), f"{kind}2d", {**named, "stride": "S"}


@cases(convolutions(), other_convolutions())
def test_convolution(case: Case) -> None:
    demand_exact(verdicts(case))


@cases(pools(), other_pools())
def test_pooling(case: Case) -> None:
    demand_exact(verdicts(case))


# -- the other layers ----------------------------------------------------------------------------

SHAPES: tuple[tuple[object, ...], ...] = ((3,), ("N", 3), ("N", 3, 2), (2, "C", 3, "W"))


BY_ENTRY = (
    *("ReLU", "Sigmoid", "Tanh", "LeakyReLU", "ELU", "SiLU", "Softplus", "Softsign"),
    *("LogSigmoid", "Hardtanh", "ReLU6", "Identity"),
)


def others() -> Iterator[Case]:
    for shape, base in product(SHAPES, (0, 1)):
        rank = len(shape)
        for kind in BY_ENTRY:
            yield shape, kind, {"base": base}
        for bias in (True, False):
            yield shape, "Linear", {"out_features": 3, "bias": bias, "base": base}
        for kind, dim in product(("Softmax", "LogSoftmax", "Softmin"), (None, *range(-rank, rank))):
            yield shape, kind, ({} if dim is None else {"dim": dim}) | {"base": base}
        for first, last in product(range(rank), repeat=2):
            if first <= last:
                yield shape, "Flatten", {"start_dim": first, "end_dim": last, "base": base}


def normalizations() -> Iterator[Case]:
    images = {1: (2, "C", "T"), 2: (2, "C", 3, "W"), 3: (2, 2, 1, "H", 2)}
    for axes, base in product((1, 2, 3), (0, 1)):
        yield images[axes], f"BatchNorm{axes}d", {"base": base, "affine": base == 0}
    yield ("N", 3), "BatchNorm1d", {"eps": 0.5}
    for shape, last in product((("N", 3), ("N", 3, 2)), (None, 3, [3, 2])):
        if last is None or list(shape[-1:]) == [last] or list(shape[-2:]) == last:
            told = {} if last is None else {"normalized_shape": last}
            yield shape, "LayerNorm", told | {"elementwise_affine": len(shape) == 2}


def paddings() -> Iterator[Case]:
    images = {1: ("N", "T"), 2: (2, 3, "W"), 3: ("C", 2, 3, "W")}
    for (axes, image), base in product(images.items(), (0, 1)):
        sides = [k % 3 for k in range(2 * axes)]
        for padding in (1, sides, sides[::-1]):
            yield image, f"ZeroPad{axes}d", {"padding": padding, "base": base}
            yield image, f"ConstantPad{axes}d", {"padding": padding, "value": 2, "base": base}
    yield ("H", "W"), "ZeroPad2d", {"sizes": {"P": ">=0"}, "padding": "P"}


def transposed() -> Iterator[Case]:
    names = ("kernel_size", "stride", "padding", "dilation")
    grid = list(product((1, 2, 3), (1, 2, 3), (0, 1), (1, 2)))
    for k, options in enumerate(paired(grid, names)):
        groups = (1, 2, 4)[k % 3]
        plain = {"out_channels": 4, "groups": groups, "bias": k % 2 == 0, "base": k // 2 % 2}
        yield (1, 4, 6, 5), "ConvTranspose2d", plain | options
    window = {"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1}
    yield (2, 5), "ConvTranspose1d", {"out_channels": 3, **window}
    yield (1, 2, 3, 2, 2), "ConvTranspose3d", {"out_channels": 1, "kernel_size": 2, "stride": 2}
    sizes = {"K": ">=1", "S": ">=1", "P": ">=0"}
    named = {"sizes": sizes, "kernel_size": "K", "stride": "S", "padding": "P"}
    yield ("C", "T"), "ConvTranspose1d", {**named, "out_channels": "O"}


def resampled() -> Iterator[Case]:
    window = {"kernel_size": [2, 3], "padding": [1, 0], "stride": [1, 2], "dilation": [2, 1]}
    for base, options in product((0, 1), ({"kernel_size": 2}, window)):
        yield ("N", 2, 4, 5), "Unfold", options | {"base": base}
        yield (2, 4, 6), "Unfold", options | {"base": base}
    for base, factor in product((0, 1), (2, [2, 3])):
        yield ("N", 2, 3, 2), "Upsample", {"scale_factor": factor, "base": base}
    for axes, shape in ((1, ("C", "T")), (2, ("N", 2, 3, "W")), (3, (2, 1, 3, 2))):
        yield shape, f"AdaptiveAvgPool{axes}d", {}


def rearranged() -> Iterator[Case]:
    for base in (0, 1):
        yield ("N", 4, 3), "Reshape", {"shape": ["N", 12], "base": base}
        yield ("N", 12), "View", {"shape": [-1, 4, "N"], "base": base}
        yield (2, 6), "Reshape", {"shape": [3, 4], "base": base}
        yield ("N", "C", "H", "W"), "Reshape", {"shape": ["C", "N", -1], "base": base}
        yield ("N", "C", 2, "W"), "Reshape", {"shape": ["N", 1, "Q", "W"], "base": base}
        yield ("N", 6), "Unflatten", {"dim": 1, "unflattened_size": [2, -1], "base": base}
        yield (1, "N", 1), "Squeeze", {"base": base}
        yield ("N", 1, "C"), "Squeeze", {"dim": 1, "base": base}
        yield ("N", "C"), "Unsqueeze", {"dim": -2, "base": base}
        yield ("N", "C"), "Stack", {"dim": 1, "base": base}
        for dims in permutations(range(3)):
            yield ("N", "C", "T"), "Permute", {"dims": list(dims), "base": base}
        yield ("N", "C", "T"), "Transpose", {"dim0": 0, "dim1": -1, "base": base}
        for sizes, window in FOLDS:
            shape = (2, 6 * sizes[0], sizes[1])
            yield (
                shape,
                "Fold",
                {"kernel_size": [2, 3], "output_size": [4, 5], **window} | {"base": base},
            )


FOLDS: list[tuple[tuple[int, int], dict[str, Any]]] = [
    ((1, 9), {}),
    ((2, 6), {"stride": [2, 1]}),
    ((1, 20), {"stride": [2, 1], "padding": [2, 1], "dilation": [1, 1]}),
    ((2, 9), {"stride": [1, 2], "padding": [1, 1], "dilation": [3, 1]}),
    ((1, 15), {"stride": 2, "padding": [3, 2], "dilation": [1, 2]}),
]


@cases(others(), normalizations(), paddings(), transposed(), resampled(), rearranged())
def test_layer(case: Case) -> None:
    demand_exact(verdicts(case))


def test_every_layer_has_cases() -> None:
    every = [convolutions(), other_convolutions(), pools(), other_pools(), others()]
    every += [normalizations(), paddings(), transposed(), resampled(), rearranged()]
    assert {kind for some in every for _, kind, _ in some} == set(LAYERS) - {"GELU", "Embedding"}


@pytest.mark.parametrize("base", [0, 1])
def test_embedding(base: int) -> None:
    rows = layer("Embedding", name="q", num_embeddings="V", embedding_dim=3)
    data = {
        "conventions": {"index_base": base},
        "tensors": {"x": ["N", 2]},
        "layers": [rows],
        "notation": {"x": f"index into {base}..{'V' if base else 'V-1'}"},
    }
    program, z = weighted(build(Given.from_dict(data)).program)
    derive, verifier = Differentiator(program), Verifier(program)
    (weight,) = (t for t in program.given if t.name == "q.weight")
    demand_exact(
        (what, ends(verifier, d))
        for what, d in [("∂z", derive.jacobian(z, weight)), ("∂L", derive.gradient(weight))]
    )


def test_gelu_has_no_rule_as_formulas_have_no_pi() -> None:
    with pytest.raises(MissingRule):
        list(verdicts((("N", 3), "GELU", {})))


# -- losses --------------------------------------------------------------------------------------


def losses() -> Iterator[tuple[object, ...]]:
    for kind, reduction, base in product(LOSSES, ("mean", "sum", "none"), (0, 1)):
        for shape, softmax in product(((4,), ("N", 4), (2, 4, 3)), (True, False)):
            classes = () if len(shape) == 1 else (shape[0], *shape[2:])
            targets = {"CrossEntropyLoss": (shape, classes), "NLLLoss": (classes,)}
            for target in targets.get(kind, (shape,)):
                yield kind, reduction, base, shape, softmax, target


@pytest.mark.parametrize(
    ("kind", "reduction", "base", "shape", "softmax", "target"), list(losses())
)
def test_loss(
    kind: str,
    reduction: str,
    base: int,
    shape: tuple[object, ...],
    softmax: bool,
    target: tuple[object, ...],
) -> None:
    """∂L/∂x through a layer that keeps the shape, and through a softmax."""
    dim = 0 if len(shape) == 1 else 1
    last = [layer("Softmax", dim=dim)] if softmax else []
    made = build(
        Given.from_dict(
            network(
                *(layer("Tanh"), *last),
                x=shape,
                t=target,
                loss={"type": kind, "target": "t", "reduction": reduction},
                conventions={"index_base": base},
            )
        )
    )
    demand_exact(gradients(made))


def gradients(made: Model) -> Iterator[tuple[str, Verification]]:
    derive, verifier = Differentiator(made.program), Verifier(made.program)
    defined = [d.tensor for d in made.program.definitions if d.tensor != made.program.loss]
    for v in (*made.parameters, *made.inputs, *defined):
        for expanded in (False, True):
            yield f"∂L/∂{v.name}", ends(verifier, derive.gradient(v, expanded))


# -- networks ------------------------------------------------------------------------------------

CONV = {"out_channels": 2, "kernel_size": 3}
SMALL = ("N", 2, 9, 8)
HEAD = (layer("Flatten"), linear(3))
NETWORKS = {
    "conv-conv": network(
        layer("Conv2d", **CONV), layer("Conv2d", **CONV, padding=1), *HEAD, x=SMALL, t=("N", 3)
    ),
    "conv-conv strided": network(
        *(layer("Conv2d", **CONV, stride=2, padding=1), layer("Conv2d", **CONV, stride=2), *HEAD),
        x=SMALL,
        t=("N",),
    ),
    "conv-pool-conv": network(
        layer("Conv2d", **CONV),
        layer("MaxPool2d", kernel_size=3, stride=2, padding=1),
        layer("Conv2d", out_channels=2, kernel_size=2),
        *HEAD,
        x=SMALL,
        t=("N", 3),
        loss=SQUARES,
    ),
    "mlp of four layers": network(
        *(linear(3), layer("Tanh"), linear(4), layer("Sigmoid"), linear(3), layer("ReLU")),
        *(linear(3), layer("Softmax", dim=1)),
        x=("N", 2),
        t=("N", 3),
        loss=ENTROPY,
        facts=(r"\sum_j t_{n,j} = 1",),
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_network(name: str) -> None:
    demand_exact(gradients(build(Given.from_dict(NETWORKS[name]))))


# -- the oracle itself ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "case",
    [
        (IMAGE, "Conv2d", {"out_channels": 2, "kernel_size": 3, "stride": 2, "padding": 1}),
        (IMAGE, "MaxPool2d", {"kernel_size": 3, "stride": 2}),
        (("N", 3), "Softmax", {"dim": 1}),
        (("N", 2, 3), "Flatten", {}),
    ],
    ids=named,
)
def test_wrong_gradients_are_refuted(case: Case) -> None:
    """Small changes to a derived gradient do not pass as equal."""
    shape, kind, options = case
    made = model(shape, kind, **options)
    program, _ = weighted(made.program)
    d = Differentiator(program).gradient(made.inputs[0], expanded=True)
    verifier = Verifier(program)
    wrong = list(mutants(d.result))
    missed = [
        what
        for what, f in wrong
        if verifier.chain([d.start, f], d.ranges, d.facts).status == "exact"
    ]
    assert wrong
    assert not missed
