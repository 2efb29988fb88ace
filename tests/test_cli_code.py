"""`derive code`: a module on the terminal or in a file, and refusals."""

from __future__ import annotations

from pathlib import Path

import pytest
from code_runs import executed
from typer.testing import CliRunner

from derive.cli import app

RUNNER = CliRunner()
TABLES = """
[tensors]
x = ["N", 3]
t = ["N", 2]
[[layers]]
name = "fc"
type = "Linear"
out_features = 2
[loss]
type = "MSELoss"
target = "t"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "net.toml"
    path.write_text(TABLES, encoding="utf-8")
    return path


def test_module_is_printed(file: Path) -> None:
    found = RUNNER.invoke(app, ["code", str(file)])
    assert found.exit_code == 0
    assert {"forward", "backward"} <= executed(found.stdout).keys()
    assert "fc = x @ fc_weight.T + fc_bias" in found.stdout


def test_target_style_and_file(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "net.py"
    options = ["--target", "torch", "--style", "loops", "-o", str(out)]
    found = RUNNER.invoke(app, ["code", str(file), *options])
    assert found.exit_code == 0
    assert found.stdout.strip() == str(out)
    source = out.read_text(encoding="utf-8")
    assert "import torch" in source
    assert "for j in range(P_fc):" in source


def test_what_has_no_python_is_one_paragraph(tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    path.write_text(
        "define = ['L = \\sum_i \\phi(x_i)']\n[tensors]\nx = [\"D\"]\n"
        "[notation]\n'\\phi' = \"function\"\n",
        encoding="utf-8",
    )
    found = RUNNER.invoke(app, ["code", str(path)])
    assert found.exit_code == 2
    assert "no Python for the unknown function" in found.output
    assert "Traceback" not in found.output
