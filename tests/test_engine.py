"""The engine: facts that are easy to get wrong, recorded steps, distinct errors, cost."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from brute import size
from networks import EXAMPLES, HEAD, SQUARES, conv, derived, layer, model, network
from readable import readable

from derive.api import Given
from derive.derivation.program import Program
from derive.derivation.scope import Scope
from derive.derivation.step import Derivation, Step
from derive.engine import rewrite
from derive.engine.differentiate import Differentiator
from derive.engine.simplify import GRADIENT, JACOBIAN, simplify
from derive.errors import BudgetSpent, MissingRule, Unsupported
from derive.ir import (
    Apply,
    Definition,
    Delta,
    Derivative,
    Divides,
    Formula,
    Index,
    Number,
    Power,
    Range,
    Size,
    Sum,
    Tensor,
    Times,
    same,
    subformulas,
)
from derive.ir.text import to_text
from derive.network.build import build
from derive.network.given import Given as Schema
from derive.rules import deltas as rules_of_deltas
from derive.rules import guards, sums
from derive.verify.numeric import evaluate_arrays
from derive.verify.verify import verify_derivation


def small(d: Derivation) -> list[Step]:
    return list(d.smallest)


def rules(d: Derivation) -> list[str]:
    return [s.rule for s in d.smallest]


def in_order(wanted: list[str], found: list[str]) -> bool:
    """Whether `wanted` is a subsequence of `found`."""
    rest = iter(found)
    return all(w in rest for w in wanted)


def engine(**tables: Any) -> Differentiator:
    return Differentiator(build(Schema.from_dict(tables)).program)


def tensor(program: Program, name: str) -> Tensor:
    return next(t for t in (*program.given, *program.defined) if t.name == name)


# -- softmax and cross-entropy -------------------------------------------------------------------


def test_softmax_arrives_at_its_jacobian_by_recorded_steps() -> None:
    """y_i (δ_ij - y_j): the part -y_i y_j off the diagonal is there."""
    softmax = layer("Softmax", dim=0, name="y")
    d = engine(tensors={"z": ["K"]}, layers=[softmax])
    z, y = (tensor(d.program, name) for name in "zy")
    found = d.jacobian(y, z)
    left, right = readable(found.start, found.result)
    assert left == "derivative(y[j], z[j2])"
    assert right == "y[j] * (delta(j, j2) - y[j2])"
    law = ["product rule", "chain rule for functions", "independent entries", "power rule"]
    law += ["definition, read backwards", "δ picks a term", "definition, read backwards"]
    assert in_order([*law, "common factor"], rules(found))
    v = np.array([0.3, -1.0, 2.0])
    values = np.exp(v) / np.exp(v).sum()
    jacobian = evaluate_arrays(d.program, found, {"z": v})
    np.testing.assert_allclose(jacobian, np.diag(values) - np.outer(values, values), atol=1e-15)


def entropy(
    t: tuple[object, ...], facts: tuple[str, ...] = (), **loss: object
) -> tuple[Program, Derivation]:
    """∂L/∂x for L the cross-entropy of y = softmax x."""
    tables = network(
        layer("Softmax", dim=1, name="y"),
        **{"x": ("N", "K"), "t": t, "facts": facts},
        loss={"type": "CrossEntropyLoss", "target": "t", **loss},
    )
    d = engine(**tables)
    return d.program, d.gradient(tensor(d.program, "x"), expanded=True)


def test_softmax_with_cross_entropy_is_y_minus_t_by_the_declared_fact() -> None:
    _, found = entropy(("N", "K"), (r"\sum_j t_{n,j} = 1",))
    assert readable(found.result) == ("count(N)^-1 * (y[n, j] - t[n, j])",)
    (used,) = [s for s in small(found) if s.rule == "declared fact"]
    assert used.reason == "as declared"
    assert in_order(["declared fact", "common factor", "cancelling"], rules(found))
    _, total = entropy(("N", "K"), (r"\sum_j t_{n,j} = 1",), reduction="sum")
    assert readable(total.result) == ("y[n, j] - t[n, j]",)


def test_without_the_fact_the_sum_of_the_target_stays() -> None:
    program, found = entropy(("N", "K"))
    assert "declared fact" not in rules(found)
    assert any(isinstance(f, Sum) for f in subformulas(found.result))
    assert verify_derivation(program, found).status == "exact"


def test_class_targets_need_no_fact() -> None:
    _, found = entropy(("N",))
    assert readable(found.result) == ("count(N)^-1 * (y[n, j] - delta(t[n], j))",)


def test_the_derivative_of_a_log_of_a_sum_is_not_lost() -> None:
    """∂ log Σ_h exp(W x + b)_h / ∂W_hi = softmax_h x_i, and not 0."""
    given = Given.from_dict(
        {
            "sizes": {"H": 3, "K": 2},
            "tensors": {"W": ["H", "K"], "x": ["K"], "b": ["H"]},
            "define": [
                r"z_{h} = \sum_{k} W_{h,k} x_k + b_h",
                r"L = \log \sum_{h} \exp(z_h)",
            ],
        }
    )
    rng = np.random.default_rng(0)
    arrays = {"W": rng.normal(size=(3, 2)), "x": rng.normal(size=2), "b": rng.normal(size=3)}
    z = np.exp(arrays["W"] @ arrays["x"] + arrays["b"])
    found = given.gradient("W", form="expanded").evaluate(arrays)
    np.testing.assert_allclose(found, np.outer(z / z.sum(), arrays["x"]))


# -- deltas and indices --------------------------------------------------------------------------

H, K = Size("H"), Size("K")
i, j, h, p, r = (Index(letter) for letter in "ijhpr")
X, KERNEL = Tensor("X", "X", (Size("W", definition=H + K),)), Tensor("K", "K", (K,))
x = Tensor("x", "x", (H,))


def simplified(program: Program, f: Formula, *ranges: Range, phases: Any = GRADIENT) -> Derivation:
    return Derivation(f, ranges, simplify(f, Scope(program, ranges), phases))


def test_a_strided_delta_is_0_where_the_stride_does_not_divide() -> None:
    """Σ_i δ(r, 2i + p) x_i is x_{(r - p)/2}, and 0 at odd r - p: never x at a half."""
    height = Size("H", value=4)
    v = Tensor("x", "x", (height,))
    program = Program((height,), (v,), ())
    f = Sum(Times(Delta(r, 2 * i + p), v[i]), Range(i, 1, height))
    d = simplified(program, f, Range(r, 1, 12), Range(p, 1, 3))
    assert not any(isinstance(g, (Sum, Delta)) for g in subformulas(d.result))
    assert any(isinstance(g, Divides) for g in subformulas(d.result))
    found = evaluate_arrays(program, d, {"x": [2, 3, 5, 7]})
    expected = [
        [
            [2, 3, 5, 7][(a - b) // 2 - 1] if (a - b) % 2 == 0 and 1 <= (a - b) // 2 <= 4 else 0
            for b in range(1, 4)
        ]
        for a in range(1, 13)
    ]
    np.testing.assert_array_equal(found, expected)


def test_the_variable_of_a_derivative_is_not_captured_by_the_sum() -> None:
    """∂/∂K_p Σ_p X_{i+p} K_p = X_{i+p}, although both are called p."""
    program = Program((H, K, X.shape[0].atom), (X, KERNEL), ())  # type: ignore[arg-type]
    f = Derivative(Sum(Times(X[i + p], KERNEL[p]), Range(p, 1, K)), KERNEL[p])
    d = simplified(program, f, Range(i, 1, H), Range(p, 1, K), phases=JACOBIAN)
    assert same(d.result, X[i + p])


def test_two_sums_over_one_index_stay_two_sums() -> None:
    """(Σ_i a_i)(Σ_i a_i) is not Σ_i a_i²: its derivative is 2 Σ_i a_i."""
    program = Program((H,), (x,), ())
    total = Sum(x[i], Range(i, 1, H))
    f = Derivative(Times(total, total), x[j])
    d = simplified(program, f, Range(j, 1, H), phases=JACOBIAN)
    assert same(d.result, Times(Number(2), total))


def test_definitions_used_twice_keep_their_indices_apart() -> None:
    """L = Σ_i (Σ_j A_ij x_j)²: inlining y at its own letters captures nothing."""
    matrix, y, loss = Tensor("A", "A", (K, H)), Tensor("y", "y", (K,)), Tensor("L", "L", ())
    definitions = (
        Definition(y, (h,), Sum(Times(matrix[h, i], x[i]), Range(i, 1, H))),
        Definition(loss, (), Sum(Power(y[i], Number(2)), Range(i, 1, K))),
    )
    program = Program((H, K), (matrix, x), definitions, loss=loss)
    for by in (matrix, x):
        d = Differentiator(program).gradient(by, expanded=True)
        assert d.result != Number(0)
        assert verify_derivation(program, d).status == "exact"


# -- pooling -------------------------------------------------------------------------------------


def test_both_collapses_of_max_pooling_are_steps_of_their_own() -> None:
    """First δ_{cc'} and δ_{nn'} contract; then the window shrinks to ⌊(p - 1)/2⌋ + 1."""
    d = derived("lenet")
    found = d.recursive[tensor(d.program, "conv")]
    names = [s.rule for s in found.steps]
    assert names.index("contract") < names.index("bounds")
    contract, bounds = found.steps[names.index("contract")], found.steps[names.index("bounds")]
    assert contract.reason == rules_of_deltas.unit_delta.reason
    assert [s.rule for s in contract.substeps] == ["δ picks a term"] * 2
    (batch, channel) = contract.substeps
    assert deltas(batch.before) == 2
    assert deltas(channel.before) == 1
    assert deltas(channel.after) == 0
    assert bounds.reason == f"{guards.choice_in_window.reason}; {sums.one_point.reason}"
    assert readable(found.start, found.result) == (
        "derivative(L[], conv[n, c, p, q])",
        "derivative(L[], pool[n, c, floor(p-1, 2)+1, floor(q-1, 2)+1])"
        " * chosen[p-2*floor(p-1, 2), q-2*floor(q-1, 2)]"
        "(max[a=1..2, b=1..2](conv[n, c, a+2*floor(p-1, 2), b+2*floor(q-1, 2)]))",
    )


def deltas(f: Formula) -> int:
    return sum(isinstance(g, Delta) for g in subformulas(f))


def test_the_pooling_step_records_that_2_divides_the_height() -> None:
    d = derived("lenet")
    (bounds,) = [s for s in d.recursive[tensor(d.program, "conv")].steps if s.rule == "bounds"]
    assert [to_text(g) for g in bounds.facts] == ['2 | "H^{(conv)}"', '2 | "W^{(conv)}"']


def test_where_2_does_not_divide_the_height_the_last_row_gets_nothing() -> None:
    tables = network(layer("MaxPool2d", kernel_size=2, name="q"), *HEAD, x=("N", 1, 5, 5))
    d = engine(**tables)
    found = d.gradient(tensor(d.program, "x"))
    assert not any(isinstance(g, Divides) for s in found.steps for g in s.facts)
    assert verify_derivation(d.program, found).status == "exact"
    arrays = {"x": np.random.default_rng(0).normal(size=(1, 1, 5, 5)), "t": np.zeros((1, 1, 2, 2))}
    shapes = {"x": (1, 1, 5, 5), "t": (1, 1, 2, 2)}
    given = Given.from_dict(network(layer("MaxPool2d", kernel_size=2), **shapes, loss=SQUARES))
    value = given.gradient("x").evaluate(arrays)
    assert not value[..., 4, :].any()
    assert not value[..., 4].any()
    assert np.count_nonzero(value) == 4


def test_padding_of_a_maximum_is_not_a_row_of_zeros() -> None:
    pool = layer("MaxPool2d", kernel_size=3, padding=1, stride=2, name="q")
    given = Given.from_dict({"tensors": {"x": [1, 1, 4, 4]}, "layers": [pool]})
    assert (given.forward("q").evaluate({"x": -np.ones((1, 1, 4, 4))}) == -1).all()


# -- LeNet ---------------------------------------------------------------------------------------


def test_parameter_counts_of_lenet() -> None:
    counts: dict[str, int] = {}
    for t in model("lenet").parameters:
        owner = t.name.split(".")[0]
        counts[owner] = counts.get(owner, 0) + prod(size(d) for d in t.shape)
    assert counts == {"conv": 520, "fc1": 1_440_500, "fc2": 5_010}
    assert sum(counts.values()) == 1_446_030


@pytest.mark.parametrize("name", ["lenet", "lenet_symbolic"])
def test_the_gradient_of_the_first_layer_goes_down_to_y_minus_t(name: str) -> None:
    d = derived(name)
    for t in ("conv.weight", "conv.bias", "x"):
        (text,) = readable(d.expanded[tensor(d.program, t)].result)
        assert text.startswith("count(N)^-1 * sum[")
        assert "softmax[" in text
        assert " - t[" in text
        assert "derivative" not in text


# -- errors and refusals -------------------------------------------------------------------------


def test_three_things_that_go_wrong_are_three_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    errors = (MissingRule, BudgetSpent, Unsupported)
    assert not any(issubclass(a, b) for a in errors for b in errors if a is not b)
    y = Tensor("y", "y", (H,))
    odd = Program((H,), (x,), (Definition(y, (i,), Power(x[i], x[i])),))
    with pytest.raises(MissingRule, match="no rule differentiates"):
        Differentiator(odd).jacobian(y, x)
    even = Program((H,), (x,), (Definition(y, (i,), Apply("exp", x[i])),))
    with pytest.raises(Unsupported, match="no loss"):
        Differentiator(even).gradient(x)
    monkeypatch.setattr(rewrite, "BUDGET", 1)
    with pytest.raises(BudgetSpent, match="after 1 steps"):
        Differentiator(even).jacobian(y, x)


def test_a_gradient_by_what_the_loss_does_not_depend_on_is_refused() -> None:
    y, loss = Tensor("y", "y", (H,)), Tensor("L", "L", ())
    definitions = (
        Definition(y, (i,), Power(x[i], Number(2))),
        Definition(loss, (), Sum(KERNEL[i], Range(i, 1, K))),
    )
    program = Program((H, K), (x, KERNEL), definitions, loss=loss)
    for by in (x, y):
        with pytest.raises(Unsupported, match="does not depend on"):
            Differentiator(program).gradient(by)


def test_steps_that_do_not_meet_are_refused() -> None:
    d = derived("lenet").recursive[tensor(derived("lenet").program, "fc2")]
    assert len(d.steps) > 3
    with pytest.raises(ValueError, match="starts at"):
        Derivation(d.start, d.ranges, (d.steps[0], *d.steps[2:]))
    with pytest.raises(ValueError, match="starts at"):
        Derivation(d.result, d.ranges, d.steps)
    long = next(s for s in d.steps if len(s.substeps) > 1)
    with pytest.raises(ValueError, match="ends at"):
        Step(long.before, long.after, "x", "", (), long.substeps[:-1])


# -- cost ----------------------------------------------------------------------------------------


def everything(d: Differentiator) -> Iterator[Derivation]:
    """All forward forms, Jacobians along the chain, and gradients."""
    p = d.program
    for one in p.definitions:
        yield d.forward(one.tensor)
    for t in (*p.given, *p.defined):
        if t in p.consumers and t.name != "t":
            yield d.gradient(t)


def lenet_of(pixels: int) -> Differentiator:
    text = (EXAMPLES / "lenet.toml").read_text(encoding="utf-8")
    assert "28" in text
    tables = tomllib.loads(text.replace("28", str(pixels)))
    return engine(**tables)


def test_the_cost_of_a_derivation_does_not_depend_on_the_sizes() -> None:
    """28 and 2800 pixels: the same steps to the same text."""
    small_, large = (
        [[(s.rule, *readable(s.before, s.after)) for s in one.smallest] for one in everything(d)]
        for d in (lenet_of(28), lenet_of(2800))
    )
    assert sum(map(len, small_)) > 80
    assert small_ == large


def deep(layers: int) -> int:
    blocks = [b for _ in range(layers) for b in (conv(out_channels=2, padding=1), layer("ReLU"))]
    d = engine(**network(*blocks, *HEAD, x=("N", 2, 6, 6)))
    return sum(len(list(one.smallest)) for one in everything(d))


def test_the_number_of_steps_is_linear_in_the_number_of_layers() -> None:
    eight, nine, sixty_four = deep(8), deep(9), deep(64)
    assert nine > eight
    assert sixty_four - eight == 56 * (nine - eight)


# -- determinism ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["lenet", "lenet_symbolic"])
def test_two_runs_write_the_same_bytes(name: str, tmp_path: Path) -> None:
    written = []
    for seed in ("1", "2"):
        out = tmp_path / seed
        command = [sys.executable, "-m", "derive", "solve", str(EXAMPLES / f"{name}.toml")]
        command += ["-o", str(out), "--format", "tex"]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run(command, check=True, env=environment, cwd=EXAMPLES.parent, timeout=120)
        written.append((out / f"{name}.tex").read_bytes())
    assert len(written[0]) > 5_000
    assert written[0] == written[1]
