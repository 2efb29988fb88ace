"""`derive check`: what it prints, and the exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from derive.cli import app

RUNNER = CliRunner()

RIGHT, WRONG = r"\frac{\partial s}{\partial x_i} = 1", r"\frac{\partial s}{\partial x_i} = x_i"


@pytest.fixture
def notes(tmp_path, monkeypatch) -> Path:
    """A folder with documents, in which the commands run."""
    monkeypatch.chdir(tmp_path)
    Path("given.toml").write_text(
        "define = ['s = \\sum_{i} x_i']\n[tensors]\nx = [3]\n", encoding="utf-8"
    )
    Path("right.tex").write_text(f"${RIGHT}$\n", encoding="utf-8")
    Path("wrong.md").write_text(f"It is ${WRONG}$\n", encoding="utf-8")
    Path("unknown.txt").write_text("$q = 2$\n", encoding="utf-8")
    Path("bytes.tex").write_bytes(b"\xff\xfe\x00")
    return tmp_path


def check(*arguments: str):
    return RUNNER.invoke(app, ["check", "--given", "given.toml", *arguments])


@pytest.mark.parametrize(
    ("files", "status"),
    [
        (["right.tex"], 0),
        (["wrong.md"], 1),
        (["unknown.txt"], 0),
        (["unknown.txt", "--strict"], 1),
        (["right.tex", "--strict"], 0),
        (["right.tex", "wrong.md"], 1),
        (["missing.tex"], 2),
        (["bytes.tex"], 2),
        (["given.toml"], 2),
        (["wrong.md", "bytes.tex"], 2),
        (["right.tex", "--baseline", "right.tex"], 2),
    ],
)
def test_status_says_whether_something_is_wrong(notes, files, status):
    result = check(*files)
    assert result.exit_code == status
    assert "Traceback" not in result.output


def test_one_line_for_each_equation_and_a_summary(notes):
    result = check("right.tex")
    assert result.stdout.splitlines() == [
        f"right.tex:1:2: holds: {RIGHT}",
        "right.tex: 1 equation: 1 holds",
    ]
    said = check("wrong.md").stdout.splitlines()
    assert said[0].startswith("wrong.md:1:8: wrong: the two sides differ")
    assert said[2].index("^") == said[1].index("=")


def test_several_files_end_in_a_table(notes):
    said = check("right.tex", "wrong.md", "bytes.tex")
    rows = said.stdout.splitlines()[-4:]
    assert [row.split()[0] for row in rows] == ["file", "right.tex", "wrong.md", "bytes.tex"]
    assert "could not be used" in rows[-1]
    assert said.stderr.startswith("derive: bytes.tex:1:1: the byte 0xFF is not UTF-8")


def test_json_is_printed_in_any_case(notes):
    result = check("wrong.md", "missing.tex", "--json")
    assert result.exit_code == 2
    (entry,) = json.loads(result.stdout)
    assert (entry["file"], entry["line"], entry["status"]) == ("wrong.md", 1, "wrong")
    assert "missing.tex" in result.stderr
    Path("given.toml").write_text("sizes = [", encoding="utf-8")
    broken = check("wrong.md", "--json")
    assert (broken.exit_code, json.loads(broken.stdout)) == (2, [])


def test_a_baseline_lets_known_problems_pass(notes):
    earlier = check("wrong.md", "--json").stdout
    Path("known.json").write_text(earlier, encoding="utf-8")
    same = check("./wrong.md", "--baseline", "known.json")
    assert same.exit_code == 0
    assert ": wrong (known): " in same.stdout
    assert same.stdout.endswith("0 new problems\n")
    Path("wrong.md").write_text(f"# Moved\n\nIt is  ${WRONG}$\n", encoding="utf-8")
    assert check("wrong.md", "--baseline", "known.json").exit_code == 0
    Path("wrong.md").write_text(f"${WRONG}$ and $s = 7$\n", encoding="utf-8")
    assert check("wrong.md", "--baseline", "known.json").exit_code == 1


def test_copies_are_written_where_asked(notes):
    Path("b").mkdir()
    Path("b/right.tex").write_text("$1=2$", encoding="utf-8")
    done = check("right.tex", "b/right.tex", "wrong.md", "bytes.tex", "--annotate", "marked")
    assert done.exit_code == 2
    written = sorted(p.relative_to("marked").as_posix() for p in Path("marked").rglob("*.*"))
    assert written == [
        "b/right.tex",
        "b/right.tex.html",
        "index.html",
        "right.tex",
        "right.tex.html",
        "wrong.md.html",
        "wrong.md.tex",
    ]
    index = Path("marked/index.html").read_text(encoding="utf-8")
    assert '<a href="b/right.tex.html">b/right.tex</a>' in index
    assert "bytes.tex" in index
    assert "bytes.tex.html" not in index


def test_a_copy_never_replaces_its_document(notes):
    before = Path("right.tex").read_bytes()
    assert check("right.tex", "--annotate", ".").exit_code == 2
    assert Path("right.tex").read_bytes() == before


def test_a_broken_given_is_one_paragraph(notes):
    Path("given.toml").write_text("sizes = [", encoding="utf-8")
    result = check("right.tex")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("derive: given.toml:1")
    assert result.stderr.count("\n") == 1
