"""The command line: options, exit status, messages, and how fast it answers."""

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

import derive
from derive.cli import app
from derive.errors import InputError
from derive.network import ask

RUNNER = CliRunner()


@pytest.fixture
def network(tmp_path: Path) -> Path:
    file = tmp_path / "tiny.toml"
    file.write_text('title = "tiny"\n', encoding="utf-8")
    return file


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A pipeline that notes what it was asked for, and answers as it is told."""

    def solve(**asked: object) -> SimpleNamespace:
        fake.asked = asked
        if fake.error is not None:
            raise fake.error
        return SimpleNamespace(
            files=[Path("out/tiny.tex")], summary="4 equations", refuted=fake.refuted
        )

    fake = SimpleNamespace(solve=solve, asked={}, error=None, refuted=0)
    monkeypatch.setitem(sys.modules, "derive.pipeline", fake)
    return fake


def run(*arguments: object):
    return RUNNER.invoke(app, [str(a) for a in arguments])


def paragraph(result) -> str:
    """The message of a refusal: status 2, nothing on stdout, one paragraph, no traceback."""
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert result.stderr.count("\n") == 1
    return result.stderr.removesuffix("\n")


def test_solve_passes_everything_on(network, pipeline, tmp_path):
    result = run(
        *("solve", network, "-o", tmp_path / "out", "--format", "tex", "--format", "pdf"),
        *("--detail", "full", "--only", "conv.weight", "--fragments", "--pdf-engine", "typst"),
        *("--variant", 7, "--questions-only"),
    )
    assert result.exit_code == 0
    assert result.stdout == f"{Path('out/tiny.tex')}\n4 equations\n"
    progress = pipeline.asked.pop("progress")
    progress("deriving")
    assert pipeline.asked == {
        "path": network,
        "output": tmp_path / "out",
        "formats": ("tex", "pdf"),
        "detail": "full",
        "only": ("conv.weight",),
        "fragments": True,
        "pdf_engine": "typst",
        "variant": 7,
        "questions_only": True,
    }


def test_solve_has_defaults(network, pipeline):
    assert run("solve", network).exit_code == 0
    del pipeline.asked["progress"]
    assert pipeline.asked == {
        "path": network,
        "output": Path("output"),
        "formats": ("pdf",),
        "detail": "full",
        "only": (),
        "fragments": False,
        "pdf_engine": "auto",
        "variant": None,
        "questions_only": False,
    }


def test_status_says_whether_something_was_refuted(network, pipeline):
    pipeline.refuted = 1
    assert run("solve", network).exit_code == 1


def test_unusable_input_is_one_paragraph(network, pipeline):
    pipeline.error = InputError(
        "unknown layer Conv2; did you mean Conv2d?", file="tiny.toml", line=3
    )
    said = paragraph(run("solve", network))
    assert said == "derive: tiny.toml:3: unknown layer Conv2; did you mean Conv2d?"


def test_a_missing_file_suggests_the_nearest(network, pipeline, tmp_path):
    said = paragraph(run("solve", tmp_path / "tinny.toml"))
    assert "no such file; did you mean" in said
    assert str(network) in said
    assert "no such file" in paragraph(run("solve", tmp_path / "nowhere" / "x.toml"))
    assert pipeline.asked == {}


def test_a_folder_is_not_a_file(pipeline, tmp_path):
    assert "found a folder" in paragraph(run("solve", tmp_path))


def test_each_format_is_written_once(network, pipeline):
    formats = [x for f in ("md", "html", "md", "pdf") for x in ("--format", f)]
    assert run("solve", network, *formats).exit_code == 0
    assert pipeline.asked["formats"] == ("md", "html", "pdf")


@pytest.mark.parametrize("arguments", [["--format", "doc"], ["--detail", "some"], ["--nonsense"]])
def test_wrong_options_have_status_2(network, arguments):
    assert run("solve", network, *arguments).exit_code == 2


def test_questions_lists_every_field():
    result = run("questions")
    assert result.exit_code == 0
    every = ("question", *ask.COMMON)
    for name, kind in ask.KINDS.items():
        part = re.split(r"\n\n  ", result.stdout.split(f"\n  {name}\n")[1])[0]
        assert all(f"\n      {field}" in part for field in kind.model_fields if field not in every)
        assert all(f.description for field, f in kind.model_fields.items() if field != "question")
    assert 'terms = "nonzero" or "all":' in result.stdout
    assert "wrt: Required." in result.stdout


def test_layers_lists_options_with_defaults():
    result = run("layers")
    assert result.exit_code == 0
    assert "MaxPool2d(kernel_size, stride=None, padding=0" in result.stdout
    assert "CrossEntropyLoss(" in result.stdout


def test_version():
    result = run("--version")
    assert (result.exit_code, result.stdout) == (0, f"derive {derive.__version__}\n")


@pytest.mark.parametrize("code", ["import derive", "import derive.cli"])
def test_the_door_opens_without_the_house(code):
    """Neither `import derive` nor `--help` loads SymPy, NumPy or a typesetter."""
    heavy = ("sympy", "numpy", "typst", "pydantic", "jinja2", "flint")
    loaded = f"import sys; {code}; print([m for m in {heavy!r} if m in sys.modules])"
    answer = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert answer.stdout == "[]\n"


def test_unknown_public_name():
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        derive.lode  # noqa: B018
