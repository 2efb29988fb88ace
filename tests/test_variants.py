"""Variants of a sheet: what is drawn fits, is the same for everyone, and is let go of again."""

import functools
import gc
import os
import pkgutil
import subprocess
import sys
from importlib import import_module

import pytest

import derive
from derive.document.answers import document
from derive.errors import InputError
from derive.network.source import Source, parse_toml
from derive.questions.sheet import Sheet, sheet
from derive.writers.html import html
from derive.writers.latex import latex
from derive.writers.markdown import markdown
from derive.writers.typst import typst

SHEET = """define = ['C = Conv1d(A, B, stride=S)']
[sizes]
H = 4
K = 2
S = 1
[tensors]
A = ["H"]
B = ["K"]
[values]
A = [1, 2, 3, 4]
B = [1, 0]
[variants]
%s
[[problems]]
ask = ["output_size", {question = "gradient", of = "C", wrt = "A", upstream = 1%s}]
"""
RANGES = "H = [1, 6]\nK = [1, 5]\nS = [1, 3]\nA = [-9, 9]"


def drawn(ranges: str, variant: int, more: str = "", solve: bool = False) -> Sheet:
    text = SHEET % (ranges, more)
    return sheet(parse_toml(text), Source("sheet.toml", text), variant, solve)


def sizes(made: Sheet) -> dict[str, int]:
    setting = made.problems[0][0]
    return {s.name: n for s, n in setting.sizes.items()}


def values(made: Sheet, name: str) -> tuple:
    return next(v for t, v in made.problems[0][0].values.items() if t.name == name)


def test_sizes_are_in_their_ranges_and_fit_each_other():
    found = [sizes(drawn(RANGES, n)) for n in range(40)]
    assert all(1 <= x["K"] <= x["H"] <= 6 and x["K"] <= 5 and 1 <= x["S"] <= 3 for x in found)
    assert len({tuple(x.values()) for x in found}) > 20


def test_values_are_in_their_ranges_and_have_the_shape_that_was_drawn():
    for n in range(10):
        made = drawn(RANGES, n)
        x, a, b = sizes(made), values(made, "A"), values(made, "B")
        assert (len(a), len(b)) == (x["H"], x["K"])
        assert all(-9 <= v <= 9 for v in a)
        assert all(0 <= v <= 1 for v in b)  # between the smallest and the largest one of the file


def test_fractions_and_decimals_are_drawn_as_whole_numbers():
    text = SHEET.replace("A = [1, 2, 3, 4]", "A = ['1/3', 2.5, 0, 1]") % ("H = [4, 4]", "")
    for n in range(5):
        found = values(sheet(parse_toml(text), Source(), n, solve=False), "A")
        assert all(v in (0, 1, 2, 3) for v in found)


def test_sizes_of_one_problem_change_the_arrays_from_above_in_it():
    text = SHEET % ("A = [-9, 9]", "") + "[problems.variants]\nH = [7, 7]\n"
    assert len(values(sheet(parse_toml(text), Source(), 1, solve=False), "A")) == 7


def test_positions_that_are_not_drawn_are_drawn_again():
    found = {sizes(drawn("H = [2, 6]", n, ", at = [[4]]"))["H"] for n in range(20)}
    assert found == {4, 5, 6}


def test_all_of_a_variant_is_verified():
    for n in range(6):
        made = drawn(RANGES, n, solve=True)
        assert made.verdicts
        assert all(v.holds for v in made.verdicts)


@pytest.mark.parametrize(
    ("ranges", "more", "told", "line"),
    [
        ("K = [5, 9]", "", r"5 draws were tried, and none fits. Of the first, K = [5-9],", 12),
        ("Q = [1, 2]", "", "“Q” is no size", 13),
        ("H = [0, 10]", ', colour = "red"', "“colour” is not known", 15),
        ("H = [3, 10]", ", at = [[1, 1]]", r"\[1, 1\] is no position in A", 15),
        ("H = [5, 3]", "", "two whole numbers, the smallest and the largest", 13),
        ("H = [1.5, 3]", "", "two whole numbers, the smallest and the largest", 13),
    ],
)
def test_ranges_that_cannot_be_used(ranges, more, told, line):
    with pytest.raises(InputError, match=told) as refused:
        drawn(ranges, 1, more)
    assert (refused.value.file, refused.value.line) == ("sheet.toml", line)


def test_a_size_that_is_computed_is_not_drawn():
    text = SHEET.replace("S = 1", 'S = "K - 1"') % ("S = [1, 2]", "")
    with pytest.raises(InputError, match="S is computed, as K - 1") as refused:
        sheet(parse_toml(text), Source("sheet.toml", text), 1)
    assert refused.value.line == 13


ONE_VARIANT = """
import sys
import derive
from derive.pipeline import Engine
derive.sheet(sys.argv[1], variant=3).write(sys.argv[2], ("html", "md", "pdf"), engine=Engine.TYPST)
"""


def test_a_variant_has_the_same_bytes_in_every_process(tmp_path):
    file = tmp_path / "sheet.toml"
    file.write_text(SHEET % (RANGES, ""), encoding="utf-8")
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-c", ONE_VARIANT, str(file), str(tmp_path / seed)],
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
            timeout=100,
        )
    first, second = (sorted((tmp_path / seed).iterdir()) for seed in ("1", "2"))
    assert [p.suffix for p in first] == [".html", ".md", ".pdf", ".tex"]
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


def unlimited() -> dict[str, int]:
    """The entries of every cache without a limit."""
    found = {}
    for module in pkgutil.walk_packages(derive.__path__, "derive."):
        if module.name.endswith("__main__"):
            continue
        for name, value in vars(import_module(module.name)).items():
            cached = isinstance(value, functools._lru_cache_wrapper)
            if cached and value.cache_parameters()["maxsize"] is None:
                found[f"{module.name}.{name}"] = value.cache_info().currsize
    return found


def test_caches_without_a_limit_do_not_grow_with_the_sheets():
    def write(n: int) -> None:
        made = document(drawn(RANGES, n, solve=True))
        for writer in (latex, html, markdown, typst):
            writer(made)

    write(1)
    before = unlimited()
    write(2)
    assert unlimited() == before


def test_a_sheet_that_nobody_has_is_not_kept():
    def settings() -> int:
        gc.collect()
        return sum(type(x).__name__ == "Setting" for x in gc.get_objects())

    before = settings()
    made = drawn(RANGES, 1, solve=True)
    assert settings() == before + 1
    del made
    assert settings() == before
