"""Printed Python runs, and gives what the evaluator gives: forward and backward, in both styles."""

from __future__ import annotations

import re
import sys
import tomllib
from typing import Any

import networks
import numpy as np
import pytest
import test_oracle as oracle
from code_runs import arrays as drawn
from code_runs import compare, executed, identifier, run

from derive.code import code_of
from derive.engine.passes import Passes, passes
from derive.errors import Unsupported
from derive.ir import Size
from derive.network.build import build
from derive.network.given import Given
from derive.verify.numeric import evaluate_arrays
from derive.writers.python import module

EVERY = 12
"""Of the grid of layers and options every twelfth case is run, and one of each layer at least."""

GRID = (
    *(oracle.convolutions, oracle.other_convolutions, oracle.pools, oracle.other_pools),
    *(oracle.others, oracle.normalizations, oracle.paddings, oracle.transposed),
    *(oracle.resampled, oracle.rearranged),
)


def some() -> list[oracle.Case]:
    chosen: list[oracle.Case] = []
    for cases in GRID:
        for k, case in enumerate(cases()):
            new = all(case[1] != kind for _, kind, _ in chosen)
            if (k % EVERY == 0 or new) and "sizes" not in case[2]:
                chosen.append(case)
    return chosen


def of_layer(case: oracle.Case) -> Passes:
    shape, kind, options = case
    return passes("", oracle.weighted(oracle.model(shape, kind, **options).program)[0])


@pytest.mark.parametrize("case", some(), ids=oracle.named)
def test_layer(case: oracle.Case) -> None:
    p = of_layer(case)
    for style in ("arrays", "loops"):
        roots = case[1].startswith("LPPool")
        compare(module(p, style=style), p, positive=roots)


def of_loss(case: tuple[Any, ...]) -> Passes:
    kind, reduction, base, shape, softmax, target = case
    last = {"type": "Softmax", "dim": min(1, len(shape) - 1)} if softmax else {"type": "Identity"}
    wants = kind in ("CrossEntropyLoss", "NLLLoss", "BCELoss") or not softmax
    tables = {
        "conventions": {"index_base": base},
        "sizes": {"N": 3},
        "tensors": {"x": list(shape), "t": list(target)},
        "layers": [{**(last if wants else {"type": "Identity"}), "name": "s"}],
        "loss": {"type": kind, "target": "t", "reduction": reduction},
    }
    made = build(Given.from_dict(tables))
    return passes("", made.program, made.targets)


@pytest.mark.parametrize(
    "case", list(oracle.losses())[::9], ids=lambda case: "-".join(map(str, case))
)
def test_loss(case: tuple[Any, ...]) -> None:
    p = of_loss(case)
    for style in ("arrays", "loops"):
        compare(module(p, style=style), p, positive=True)


@pytest.mark.parametrize("base", [0, 1])
def test_embedding(base: int) -> None:
    tables = {
        "conventions": {"index_base": base},
        "sizes": {"V": 5},
        "tensors": {"x": ["N", 2]},
        "layers": [networks.layer("Embedding", name="q", num_embeddings="V", embedding_dim=3)],
        "notation": {"x": f"index into {base}..{'V' if base else 'V-1'}"},
    }
    p = passes("", oracle.weighted(build(Given.from_dict(tables)).program)[0])
    for style in ("arrays", "loops"):
        compare(module(p, style=style), p)


def test_every_layer_is_run() -> None:
    assert {kind for _, kind, _ in some()} == set(oracle.LAYERS) - {"GELU", "Embedding"}


SMALL = {  # LeNet in small: the same layers, and sizes that a test can afford
    "tensors": {"x": ["N", 1, 10, 8], "t": ["N", 3]},
    "layers": [
        {"type": "Conv2d", "name": "conv", "out_channels": 4, "kernel_size": 3},
        {"type": "MaxPool2d", "name": "pool", "kernel_size": 2},
        {"type": "Flatten", "name": "flat"},
        {"type": "Linear", "name": "fc1", "out_features": 5},
        {"type": "ReLU", "name": "relu"},
        {"type": "Linear", "name": "fc2", "out_features": 3},
        {"type": "Softmax", "name": "softmax", "dim": 1},
    ],
    "loss": networks.ENTROPY,
}


def of_network(tables: dict[str, Any]) -> Passes:
    made = build(Given.from_dict(tables))
    return passes("", made.program, made.targets)


NAMES = ("conv-conv strided", "grouped", "mlp", "classes, mean", "logits, none", "residual")


@pytest.mark.parametrize(
    "tables",
    [SMALL, *(networks.NETWORKS[name] for name in (*NAMES, "batch norm", "counted from 0"))],
    ids=["lenet in small", *NAMES, "batch norm", "counted from 0"],
)
@pytest.mark.parametrize("style", ["arrays", "loops"])
def test_network(tables: dict[str, Any], style: str) -> None:
    small = {**tables, "sizes": {"N": 2}} if "N" in str(tables["tensors"]) else tables
    p = of_network(small)
    compare(module(p, style=style), p)


def test_lenet_at_full_size() -> None:
    """Three images, as arrays only: the module gives what the derived formulas give."""
    tables = tomllib.loads((networks.EXAMPLES / "lenet.toml").read_text(encoding="utf-8"))
    model = build(Given.from_dict({**tables, "sizes": {"N": 3}}))
    p = passes("", model.program, model.targets)
    rng = np.random.default_rng(1)
    given = {
        t.name: rng.uniform(-0.1, 0.1, [size(d) for d in t.shape]) for t in model.program.given
    }
    saved, gradients = run(code_of(model), given, {})
    for name in ("softmax", "pool"):
        tensor = next(t for t in p.forward if t.name == name)
        wanted = evaluate_arrays(p.program, p.forward[tensor], given)
        np.testing.assert_allclose(saved[name], wanted, rtol=1e-9)
    for name in ("conv.weight", "fc1.bias", "x"):
        tensor = next(t for t in p.gradients if t.name == name)
        wanted = evaluate_arrays(p.program, p.gradients[tensor], given)
        np.testing.assert_allclose(gradients[name], wanted, rtol=1e-9, atol=1e-15)


def size(e: Any) -> int:
    return int(e.constant or e.atom.value)


@pytest.mark.parametrize("style", ["arrays", "loops"])
@pytest.mark.parametrize("name", ["unfold", "unfold_groups"])
def test_unfold(name: str, style: str) -> None:
    """The unfolded convolution, with a weighted sum of its output for the unknown loss."""
    tables = tomllib.loads((networks.EXAMPLES / f"{name}.toml").read_text(encoding="utf-8"))
    given = build(Given.from_dict(tables))
    assert "def backward(X, W, saved, grad_Y" in code_of(given, style=style)
    y = next(t for t in given.program.defined if t.name == "Y")
    shape = [d.atom.name for d in y.shape]  # type: ignore[union-attr]
    tables["define"][-1] = r"L = \sum_{n,o,i,j} g_{n,o,i,j} Y_{n,o,i,j}"
    tables["tensors"]["g"] = shape
    numbers = {"K_1": 2, "K_2": 3, "S": 2, "P": 1, "D": 2, "G": 2, "O": 3}
    free = {k: v for k, v in numbers.items() if f'"{k}"' in str(tables).replace("'", '"')}
    tables["sizes"] |= free | {"H_{in}": 6, "W_{in}": 7}
    p = of_network({k: v for k, v in tables.items() if k not in ("form", "compose")})
    source = module(p, style=style)
    compare(source, p)
    if style == "arrays":
        assert "U = U.reshape(" in source
        assert "tilde_U = U" in source


# -- that the comparison sees mistakes -----------------------------------------------------------

MISTAKES = [
    (r"a:H_conv \+ a", "a + 1:H_conv + a + 1"),
    (r"\+ conv_bias", "- conv_bias"),
    (r"grad_relu \* \(fc1 > 0\)", "grad_relu * (fc1 < 0)"),
    (r"grad_fc2\.T @ relu", "grad_fc2.T @ fc1"),
    (r"2 \* a \+ b\)", "2 * b + a)"),
    (r"noij,nij->o", "noij,nji->o"),
    (r"grad_softmax - \(", "grad_softmax + ("),
    (r"/ N", ""),
    (r"better = value > ", "better = value >= 0 * "),
]


@pytest.mark.parametrize(("text", "wrong"), MISTAKES)
def test_a_wrong_line_is_noticed(text: str, wrong: str) -> None:
    p = of_network({**SMALL, "tensors": {"x": [2, 1, 8, 8], "t": [2, 3]}})
    source = module(p)
    changed = re.sub(text, wrong, source)
    assert changed != source
    with pytest.raises((AssertionError, ValueError, IndexError)):
        compare(changed, p)


# -- what the source looks like ------------------------------------------------------------------


def test_source_is_short_readable_and_always_the_same() -> None:
    p = of_network(SMALL)
    source = module(p)
    assert source == module(of_network(SMALL))
    for line in (
        "    fc1 = flat @ fc1_weight.T + fc1_bias",
        "    softmax = np.exp(fc2) / np.exp(fc2).sum(axis=1)[:, None]",
        "    grad_fc1 = grad_relu * (fc1 > 0)",
        "    grad_fc1_weight = grad_fc1.T @ flat",
        "    grad_pool = grad_flat.reshape(N, C_conv, H_pool, W_pool)",
        "    N, _, H, W = x.shape",
        "    assert H_conv % 2 == 0",
        "        conv_weight  (C_conv, 1, 3, 3)",
    ):
        assert f"{line}\n" in source, line
    assert max(map(len, source.splitlines())) <= 88
    loops = module(p, style="loops")
    assert "grad_fc2_bias[j] = sum(grad_fc2[n, j] for n in range(N))" in loops
    assert max(map(len, loops.splitlines())) <= 100


def test_a_size_that_no_array_shows_is_an_argument() -> None:
    tables = {
        "sizes": {"P": ">=0"},
        "tensors": {"x": ["H", "W"]},
        "layers": [{"type": "ZeroPad2d", "name": "q", "padding": "P"}],
    }
    source = module(of_network(tables))
    assert "def forward(x, P):" in source
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(executed(source)["forward"](x, 2)["q"], np.pad(x, 2))


def test_what_has_no_python_is_refused() -> None:
    tables = {
        "tensors": {"x": ["D"]},
        "define": [r"L = \sum_i \phi(x_i)"],
        "notation": {r"\phi": "function"},
    }
    with pytest.raises(Unsupported, match=r"no Python for the unknown function \\phi"):
        module(of_network(tables))


# -- torch ---------------------------------------------------------------------------------------


class Tensor(np.ndarray):  # type: ignore[type-arg]
    """The few methods of a torch tensor that differ from those of an array."""

    def sum(self, dim: Any = None) -> Any:  # type: ignore[override]
        return np.asarray(self).sum(dim).view(Tensor)

    def amax(self, dim: Any) -> Any:
        return np.asarray(self).max(dim).view(Tensor)

    def permute(self, *axes: int) -> Any:
        return self.transpose(axes)

    def new_zeros(self, shape: Any, dtype: Any = None) -> Any:
        return np.zeros(shape, dtype or self.dtype).view(Tensor)

    def new_full(self, shape: Any, value: float) -> Any:
        return np.full(shape, value, self.dtype).view(Tensor)

    def to(self, dtype: Any) -> Any:
        return self.astype(dtype)


class Torch:
    """The functions of torch that printed code calls, on arrays."""

    inf, long = np.inf, int
    relu = staticmethod(lambda x: np.maximum(x, 0))

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            return np.asarray(getattr(np, name)(*args, **options)).view(Tensor)

        return call


TORCH = ["lenet in small", "grouped", "batch norm", "mlp"]


@pytest.mark.parametrize("name", TORCH)
def test_torch(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = SMALL if name == "lenet in small" else networks.NETWORKS[name]
    p = of_network({**tables, "sizes": {"N": 2}})
    source = module(p, "torch")
    assert "np." not in source
    monkeypatch.setitem(sys.modules, "torch", Torch())  # type: ignore[arg-type]
    given, sizes = drawn(p.program)
    tensors = {k: np.asarray(v).view(Tensor) for k, v in given.items()}
    for found, wanted in zip(
        run(source, tensors, sizes), run(module(p), given, sizes), strict=True
    ):
        for key, value in wanted.items():
            np.testing.assert_allclose(np.asarray(found[key]), value, rtol=1e-12, err_msg=key)


def test_new_tensors_have_the_precision_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch makes zeros in single precision on the CPU unless told otherwise."""
    source = module(of_network({**SMALL, "sizes": {"N": 2}}), "torch")
    assert "torch.zeros" not in source
    assert "torch.full" not in source
    for line in ("conv = x.new_zeros(", "pool = x.new_full(", "place = x.new_zeros("):
        assert line in source, line
    truth = of_layer(((3,), "Hardtanh", {"base": 0}))
    assert ".to(x.dtype)" in module(truth, "torch")


def test_names_are_identifiers() -> None:
    assert identifier("conv.weight") == "conv_weight"
    made = build(
        Given.from_dict({"tensors": {r"\hat y": ["n_{k-1}"]}, "define": [r"L = \sum_i \hat y_i^2"]})
    )
    assert "def forward(hat_y):" in code_of(made)
    assert isinstance(next(iter(made.program.sizes)), Size)
