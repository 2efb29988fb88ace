"""What the README says is run: its commands (without making an environment) and its snippets."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SET_UP = re.compile(
    r"python3 -m venv \.venv && \.venv/bin/python -m pip install -q -e (\.|'\.\[(\w+)\]') && "
)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def run(command: list[str], folder: Path, seconds: float = 120) -> subprocess.CompletedProcess:
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        timeout=seconds,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder in which the README's relative paths lead to the project, and output stays away."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    return tmp_path


def test_there_are_two_commands_that_do_their_own_set_up():
    commands = blocks("sh")
    assert len(commands) == 2
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    for command in commands:
        assert command.count("\n") == 1
        set_up = SET_UP.match(command)
        assert set_up
        assert set_up[2] is None or set_up[2] in extras


def test_the_main_command(checkout):
    command = SET_UP.sub("", blocks("sh")[0]).split()
    assert command[0] == ".venv/bin/derive"
    run([sys.executable, "-m", "derive", *command[1:]], checkout)
    assert (checkout / "output/lenet.tex").read_text(encoding="utf-8").startswith("\\documentclass")
    assert (checkout / "output/lenet.pdf").read_bytes().startswith(b"%PDF")


def test_the_test_command():
    command = SET_UP.sub("", blocks("sh")[1]).split()
    assert command[:3] == [".venv/bin/python", "-m", "pytest"]
    listed = run([sys.executable, *command[1:], "--collect-only", "-n", "0"], ROOT).stdout
    assert "test_readme.py" in listed


@pytest.mark.parametrize("snippet", blocks("python"))
def test_snippets(snippet, checkout):
    assert run([sys.executable, "-c", snippet], checkout).stdout


@pytest.mark.parametrize("session", blocks("console"))
def test_sessions(session, checkout):
    """What the page shows of a command is what it prints."""
    command, _, shown = session.partition("\n")
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(command.removeprefix("$ "))],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode in (0, 1), done.stderr
    assert done.stdout == shown


def test_paths_exist():
    folders = re.findall(r"`([a-z_./]+)`", README.split("## Where things are")[1])
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", README)
    assert len(folders) > 8
    assert pictures
    missing = [p for p in folders + pictures if not (ROOT / p).exists()]
    assert not [p for p in missing if "/" in p or p in ("examples", "templates", "output")]
