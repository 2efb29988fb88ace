"""The shape of the code, checked on its syntax trees and with import-linter."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILES = {
    file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8")
    for file in sorted((ROOT / "derive").rglob("*.py"))
}
TREES = {name: ast.parse(text, name) for name, text in FILES.items()}

# What would run text that a user wrote, or read it with a parser that guesses.
FORBIDDEN_CALLS = {"eval", "exec", "sympify", "parse_expr", "parse_latex"}
# The words with which somebody would write down a derivative by hand.
DERIVATIVE_WORDS = re.compile(
    r"derivative|gradient|jacobian|cotangent|backward|backprop|\bgrad\b|\bvjp\b|\bdiff\b|∂|\\partial",
    re.IGNORECASE,
)


def functions(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (n for n in ast.walk(module) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def test_there_is_something_to_check():
    assert {"derive/cli.py", "derive/ir/formula.py", "derive/document/model.py"} <= FILES.keys()


def test_imports_go_one_way():
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "3 kept, 0 broken" in run.stdout


def test_imports_stand_at_the_top():
    assert not [
        f"{name}:{n.lineno}"
        for name, module in TREES.items()
        for f in functions(module)
        for n in ast.walk(f)
        if isinstance(n, ast.Import | ast.ImportFrom)
    ]


def test_only_the_two_doors_import_late():
    assert [name for name, text in FILES.items() if "import_module" in text] == [
        "derive/__init__.py",
        "derive/cli.py",
    ]


def test_a_file_can_be_read_in_one_sitting():
    lengths = {name: len(text.splitlines()) for name, text in FILES.items()}
    assert not {name: n for name, n in lengths.items() if n > 400}


def test_a_function_fits_on_a_screen():
    lengths = {
        f"{name}:{f.name}": f.end_lineno - f.lineno + 1
        for name, module in TREES.items()
        for f in functions(module)
    }
    # The signature of a command is the table of its options.
    for command in ("solve", "check"):
        lengths.pop(f"derive/cli.py:{command}")
    assert not {where: n for where, n in lengths.items() if n > 40}


def test_nothing_runs_or_guesses_at_text():
    called = [
        (name, n.func.id if isinstance(n.func, ast.Name) else n.func.attr)
        for name, module in TREES.items()
        for n in ast.walk(module)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name | ast.Attribute)
    ]
    assert not [(name, f) for name, f in called if f in FORBIDDEN_CALLS]


def test_layers_say_nothing_about_derivatives():
    layers = [
        name
        for name, module in TREES.items()
        if name.startswith("derive/network/")
        and any(
            isinstance(n, ast.ClassDef) and any("Kind" in ast.unparse(b) for b in n.bases)
            for n in ast.walk(module)
        )
    ]
    assert {"derive/network/convolution.py", "derive/network/loss.py"} <= set(layers)
    found = {name: DERIVATIVE_WORDS.search(FILES[name]) for name in layers}
    assert not {name: m.group() for name, m in found.items() if m}


def test_templates_contain_no_mathematics():
    frames = sorted((ROOT / "templates").iterdir())
    assert {f.name for f in frames} >= {"document.tex", "document.typ"}
    formula = re.compile(r"\\frac|\\sum|\\partial|\bsum_|\bfrac\(|\bpartial ")
    assert not [f.name for f in frames if formula.search(f.read_text(encoding="utf-8"))]
