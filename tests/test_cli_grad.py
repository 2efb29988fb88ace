"""`derive grad` and `derive init`: what they print, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from derive.check.draft import draft, drafted
from derive.check.files import check_file
from derive.check.whole_shapes import whole_shapes
from derive.cli import app
from derive.latex.document import read_document
from derive.latex.survey import survey
from derive.network.given import load

RUNNER = CliRunner()
EXAMPLES = Path(__file__).parents[1] / "examples" / "check"


def run(*arguments: object):
    return RUNNER.invoke(app, [str(a) for a in arguments])


def steps(*arguments: object) -> list[str]:
    """The formulas that `derive grad` prints; every step of them is verified."""
    result = run("grad", *arguments)
    assert result.exit_code == 0, result.output
    *lines, last = result.stdout.splitlines()
    assert "steps verified: exact" in last
    lines = [line for line in lines if not line.startswith("% taken: ")]
    assert lines[0].startswith(r"\frac{\partial ")
    return [line.partition("  %")[0].removeprefix("  = ") for line in lines]


@pytest.mark.parametrize(
    ("formula", "wrt", "result"),
    [
        (r"L = x^3 - 2x + 1", "x", r"3x^{2} - 2"),
        (r"$L = α x²$", "α", r"x^{2}"),
        (r"L = \log(1 + e^x)", "x", r"\frac{\exp(x)}{1 + \exp(x)}"),
        (r"y = \tanh(a x + b)", "a", r"(1 - y^{2}) x"),
        (r"L = \sum_{i=1}^{3} (x_i - t_i)^2", "x", r"2(x_{i} - t_{i})"),
        (r"L = \sum_{i=1}^n \sum_{j=1}^m A_{ij} x_j", "A", r"x_{j}"),
        (r"y_{i} = \sum_{j=0}^{3} W_{ij} x_j for i=0..2", "x", r"W_{i,j}"),
        (r"y_i = \frac{e^{z_i}}{\sum_{k=1}^K e^{z_k}}", "z", r"y_{i} (\delta_{ii'} - y_{i'})"),
        (r"y_i = \sum_{a=1}^{3} x_{i+a-1} w_a for i=1..5", "w", r"x_{i+p-1}"),
        (r"L = \sum_{i=1}^n \max(0, x_i)", "x", r"[x_{i}>0]"),
        (r"L = \|W x - y\|", "y", r"\frac{y_{i} - \sum_{k=1}^{m} W_{i,k} \,x_{k}}{L}"),
    ],
)
def test_the_use_of_symbols_says_what_they_are(formula, wrt, result):
    assert steps(formula, "--wrt", wrt)[-1] == result


def test_a_matrix_form_ends_with_the_equation_of_arrays():
    *_, index, arrays = steps(r"L = \|A x - b\|^2", "--wrt", "x", "--form", "matrix")
    assert index == r"\bigl[2A^{\top} (A x - b)\bigr]_{k}"
    assert arrays == r"\frac{\partial L}{\partial x} = 2A^{\top} (A x - b)"
    said = run("grad", r"L = \sum_{i=1}^n x_i y_{i+1}", "--wrt", "x", "--form", "matrix").stdout
    assert "there is no matrix form: an array is read at a position that is computed" in said


def test_what_was_taken_for_granted_is_told():
    said = run("grad", r"L = \|W x - \lambda y\|^2", "--wrt", "W").stdout.splitlines()[0]
    assert said.startswith(
        r"% taken: W \in \mathbb{R}^{n \times m}, x \in \mathbb{R}^{m}, \lambda \in \mathbb{R}, "
        r"y \in \mathbb{R}^{n};"
    )


@pytest.mark.parametrize(
    ("formula", "shapes"),
    [
        (r"L = \|X W - T\|_F^2 + \lambda \|W\|^2", {"X": "nm", "W": "mk", "T": "nk"}),
        (r"L = \operatorname{tr}(A^\top B A)", {"A": "nm", "B": "nn"}),
        (r"z = a \odot \tanh(b)", {"a": "n", "b": "n"}),
        (r"L = n \|x\|", {"n": "m", "x": "k"}),
        (r"L = \|x_i\|", {}),
        (r"L = W x", {}),
        (r"L = \|A b\| + \|b A\| + \|(", {}),
    ],
)
def test_arrays_that_stand_as_a_whole_have_shapes_that_go_together(formula, shapes):
    assert whole_shapes(formula) == {name: tuple(extents) for name, extents in shapes.items()}


def test_a_given_says_what_the_formula_reads(tmp_path):
    given = tmp_path / "given.toml"
    given.write_text(
        "define = ['z = Linear(x, W, b)']\n[tensors]\nx = [4]\nW = [3, 4]\nb = [3]\n",
        encoding="utf-8",
    )
    formula = r"L = \sum_{j} z_j^2"
    arguments = (formula, "--wrt", "W", "--given", given)
    assert steps(*arguments)[-1] == r"2z_{j} x_{i}"
    short = steps(*arguments, "--form", "recursive")
    assert short[-1] == r"\frac{\partial L}{\partial z_{j}} \,x_{i}"


@pytest.mark.parametrize(
    ("formula", "wrt", "said"),
    [
        ("x", "x", "no equation"),
        (r"L = \sum_i x_i", "q", "no array “q”"),
        (r"L = \frac{1", "x", ""),
        (r"L = \sum_{i=1}^{3", "x", ""),
        (r"\sigma(x) = x^2", "x", "defines a function"),
        (r"L = x^{10^{10}}", "x", "exponent"),
        ("", "x", "no equation"),
    ],
)
def test_what_cannot_be_differentiated_is_one_paragraph(formula, wrt, said):
    result = run("grad", formula, "--wrt", wrt)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


# -- drafts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formulas", "expected"),
    [
        ([r"\sum_{i=1}^{3} a_i"], {"a": [3]}),
        ([r"y_i = \sum_{j=1}^{m} a_{i,j}", r"i = \overline{1, 4}"], {"a": [4, "m"]}),
        ([r"\sum_{i=0}^{n-1} a_i + b_{i+1}"], {"a": ["n"], "b": ["M_1"]}),
        ([r"\sum_{i=1}^{H-K+1} a_i"], {"a": ["M_1"]}),
        ([r"\sum_{i=1}^{2} (w^{(conv)}_{c_{out},i})^2", "c_{out}=1..5"], {"w^{(conv)}": [5, 2]}),
        ([r"\max_{1 \le p \le k} X_p + A_{11} + A_{24}"], {"X": ["k"], "A": [2, 4]}),
        ([r"A_\ell + h_{t-1} + W_{\text{out}}"], {"A_\\ell": [], "h_{t-1}": [], "W_{out}": []}),
        ([r"\frac{x_{"], {}),
    ],
)
def test_shapes_follow_from_ranges(formulas, expected):
    assert drafted(survey(formulas)).tensors == expected


def test_a_draft_tells_what_a_person_must_say():
    found = drafted(
        survey([r"\delta^{(a)}_i = \frac{\partial L}{\partial z^{(a)}_i} = \delta_{ij}"])
    )
    assert found.notation == {r"\delta^{(a)}": "cotangent of z^{(a)}", r"\delta": "kronecker"}
    assert found.unknown == ["L"]
    assert "  # 'L = f(...)',  # how is it computed?\n" in found.toml("notes")


def test_fonts_and_sizes_are_told_apart_from_arrays():
    document = read_document(
        r"$\mathbf{x} \in \mathbb{R}^{3}$, $x_i > 0$; $O = \frac{I - K + 2P}{S} + 1$, $S = 2$"
    )
    found = draft(document)
    assert found.tensors == {"x": [3]}
    assert found.notation == {r"\mathbf{x}": "same as x"}
    assert found.sizes == {"O": ">=1", "I": ">=1", "K": ">=1", "P": ">=0", "S": "2"}


@pytest.mark.parametrize(
    "name", ["linear.tex", "convolution.md", "unfold.md", "lenet.md", "proofs.tex"]
)
def test_a_draft_of_an_example_is_a_given(name, tmp_path):
    result = run("init", EXAMPLES / name, "-o", tmp_path / "draft.toml")
    assert result.exit_code == 0, result.output
    given = load(tmp_path / "draft.toml")
    assert given.tensors
    document = tmp_path / f"draft{Path(name).suffix}"
    document.write_text((EXAMPLES / name).read_text(encoding="utf-8"), encoding="utf-8")
    assert check_file(document).entries


def test_a_draft_replaces_nothing(tmp_path):
    document = tmp_path / "notes.tex"
    document.write_text(r"$\sum_{i=1}^{3} x_i = 1$", encoding="utf-8")
    printed = run("init", document)
    assert "'x' = [3]" in printed.stdout
    (tmp_path / "notes.toml").write_text("kept", encoding="utf-8")
    refused = run("init", document, "-o", tmp_path / "notes.toml")
    assert refused.exit_code == 2
    assert (tmp_path / "notes.toml").read_text(encoding="utf-8") == "kept"
    assert run("init", tmp_path / "note.tex").exit_code == 2
