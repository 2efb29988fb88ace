"""The documents in examples/check: every verdict on them, and that none is there by chance."""

from pathlib import Path

import pytest

from derive.check.files import check_file
from derive.network.source import read_toml

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "check"
VERDICTS = ROOT / "tests" / "cases" / "verdicts"


def verdicts(file):
    """Line, status and what mends it, of every entry."""
    return [
        " ".join(filter(None, (str(e.line), e.status, e.condition or e.suggestion)))
        for e in check_file(file).entries
    ]


@pytest.mark.parametrize("name", ["lenet.md", "proofs.tex", "unfold.md"])
def test_every_verdict_on_a_document(name):
    expected = (VERDICTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    assert verdicts(EXAMPLES / name) == expected


@pytest.mark.parametrize("given", sorted((EXAMPLES / "scans").glob("*.toml")), ids=lambda p: p.stem)
def test_what_was_written_for_scanned_documents_is_understood(given, tmp_path):
    notes = tmp_path / "notes.md"
    notes.write_text("$1 + 1 = 3$", encoding="utf-8")
    report = check_file(notes, read_toml(given))
    assert [e.status for e in report.entries] == ["wrong"]


SLIPS = [
    ("lenet.md", r"x_{n,1,u+i-1,v+j-1}", r"x_{n,1,u+i,v+j-1}"),
    ("lenet.md", r"\text{rowsof}(w^{(c)})", r"\text{rowsof}(w^{(c)}) + 1"),
    ("lenet.md", "(K \\cdot K) \\times (R \\cdot R)", "(R \\cdot R) \\times (K \\cdot K)"),
    ("lenet.md", r"\text{im2col}(x, K=5, S=1)", r"2 \text{im2col}(x, K=5, S=1)"),
    ("lenet.md", "(50, 6, 28, 28)", "(50, 28, 6, 28)"),
    ("lenet.md", "(0, 2, 1)", "(0, 1, 2)"),
    ("lenet.md", r"^{6}, \text{dim} = 1", r"^{6}, \text{dim} = 0"),
    ("lenet.md", r"\text{if } o = c_{out} \\ 0", r"\text{if } q = c_{out} \\ 0"),
    ("lenet.md", "z_{n,o,2i,2j}^{(c)} \\right)$", "z_{n,o,2i,2j-1}^{(c)} \\right)$"),
    ("lenet.md", r"K = 2, S = 2", r"K = 2, S = 1"),
    ("lenet.md", r"z_{d,2m,2l-1}^{(c)}, z_{d,2m,2l}", r"z_{d,2m,2l}^{(c)}, z_{d,2m,2l-1}"),
    ("lenet.md", r"_{o,(p+1)/2,(s+1)/2}^{(p)}$", r"_{o,(p+1)/2,s/2}^{(p)}$"),
    ("lenet.md", r"((p + 1) // 2 - 1) \cdot 14", r"((p + 1) // 2 - 1) \cdot 28"),
    ("lenet.md", r"(m - 1) \cdot 14 + l$", r"(l - 1) \cdot 14 + m$"),
    ("lenet.md", r"{i=1}^{1176}", r"{i=1}^{1175}"),
    (
        "lenet.md",
        r"\mathbf{z}^{(f)} (\mathbf{w}^{(h)})^\top",
        r"2 \mathbf{z}^{(f)} (\mathbf{w}^{(h)})^\top",
    ),
    ("lenet.md", r"\text{if } x > 0", r"\text{if } x < 0"),
    (
        "lenet.md",
        r"\exp(\mathbf{z}^{(o)}), \text{axis} = 1",
        r"\exp(\mathbf{z}^{(o)}), \text{axis} = 0",
    ),
    ("lenet.md", r"= \begin{cases} 1 & \text{if } i = j", r"= \begin{cases} 2 & \text{if } i = j"),
    ("unfold.md", r"\text{reshape}(o, c * h_k * w_k)", r"\text{reshape}(c * h_k * w_k, o)"),
    ("unfold.md", r"Y'_{npo} = \sum_{k} \tilde{U}_{npk}", r"Y'_{npo} = 2 \sum_{k} \tilde{U}_{npk}"),
    (
        "unfold.md",
        r"\text{transpose}(1, 2).\text{reshape}",
        r"\text{transpose}(0, 0).\text{reshape}",
    ),
    ("unfold.md", r"\delta_{cd,f} \ ;", r"\delta_{dc,f} \ ;"),
    ("unfold.md", r"\delta_{h,bcd}$$", r"\delta_{h,bdc}$$"),
    ("proofs.tex", r"\frac{1}{k^2} & (\gamma = l)", r"\frac{1}{k} & (\gamma = l)"),
    ("proofs.tex", r"u_{3,1,1} X_{3,i,j}", r"u_{3,1,1} X_{2,i,j}"),
    ("proofs.tex", r"= 0.587", r"= 0.578"),
    ("proofs.tex", r"= [\rho(\sigma(X))]_{i,j}", r"= [\rho(\sigma(X))]_{j,i}"),
    ("proofs.tex", r"[y_{\ell-1}]_j \\", r"[y_{\ell-1}]_i \\"),
    ("proofs.tex", r"\cdot \delta_{ij} \right", r"\cdot \delta_{ii} \right"),
]


@pytest.mark.parametrize(("name", "old", "new"), SLIPS)
def test_a_slip_in_a_right_formula_is_found(name, old, new, tmp_path):
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    if old not in text:
        pytest.fail(f"{old} does not stand in {name}")
    (tmp_path / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    toml = Path(name).with_suffix(".toml")
    (tmp_path / toml).write_text((EXAMPLES / toml).read_text(encoding="utf-8"), encoding="utf-8")
    expected = (VERDICTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    found = verdicts(tmp_path / name)
    changed = [f for f, e in zip(found, expected, strict=False) if f != e]
    assert any(" wrong" in f or " holds if" in f for f in changed)
