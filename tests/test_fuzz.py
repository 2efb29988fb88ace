r"""Whatever somebody writes: an answer or one clear error, never a traceback, never a hang.

What goes wrong inside is raised here (see conftest.py), not reported as a formula that could not be
read.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from derive.check.claims import Checker
from derive.check.draft import draft
from derive.check.files import RAISES, FileReport, check_file, read_file
from derive.check.report import as_json, lines
from derive.check.verdict import UNDEFINED, UNREADABLE, WORST_FIRST, overall
from derive.errors import DeriveError, InputError
from derive.gradient import gradient
from derive.network.given import Given
from derive.network.source import parse_toml
from derive.writers.annotated import annotated
from derive.writers.annotated_html import annotated_html

HANG = 60
"""Seconds after which something hangs, however busy the machine is."""
GIVEN = r"""
define = ['s = \sum_{i} x_i^2', 'y_i = \sum_{j=1}^{n} W_{ij} x_j + b_i', 'f(u) = u^2']
[tensors]
x = ["n"]
b = ["n"]
W = ["n", "n"]
a = []
'\lambda' = []
[notation]
'\delta' = "kronecker"
"""
CHECKER = Checker(Given.from_dict(parse_toml(GIVEN)))
EXAMPLES = settings(max_examples=int(os.environ.get("DERIVE_FUZZ", "25")))


@contextmanager
def no_hang() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TimeoutError(f"nothing in {HANG} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(HANG)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def assert_answered(source: str) -> None:
    """Every verdict has a status and a place in the source."""
    verdicts = CHECKER.check(source)
    for v in verdicts:
        assert v.status in WORST_FIRST
        assert 0 <= v.start <= v.end <= len(source)
        assert v.stopped or v.latex == source[v.start : v.end]
        assert v.message or v.status == "holds"
    assert overall(verdicts).status in WORST_FIRST


# -- formulas from a grammar -----------------------------------------------------------------------

INDICES = st.sampled_from(
    ["i", "j", "k", "1", "2", "i+1", "2i-1", "n", "n-i+1", r"\lfloor i/2 \rfloor"]
)
NAMES = st.sampled_from(
    ["a", r"\lambda", "s", "x", "W", "y", "q", "b", "n", "e", r"\pi", "0", "2", "0.5"]
)
ENTRIES = st.one_of(
    st.builds("x_{{{}}}".format, INDICES),
    st.builds("y_{}".format, INDICES),
    st.builds("W_{{{},{}}}".format, INDICES, INDICES),
    st.builds(r"\delta_{{{}{}}}".format, INDICES, INDICES),
    NAMES,
)


def _wider(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    below = st.sampled_from(
        [r"\sum_{i=1}^{n}", r"\sum_{j}", r"\sum_{i \ne j}", r"\max_{k}", r"\prod_{i=1}^{3}"]
    )
    functions = st.sampled_from(
        [r"\exp", r"\log", r"\sqrt", "f", r"\tanh", r"\sigma", "g", r"\max"]
    )
    return st.one_of(
        st.builds("{} + {}".format, inner, inner),
        st.builds("{} - {}".format, inner, inner),
        st.builds("{} {}".format, inner, inner),
        st.builds(r"\frac{{{}}}{{{}}}".format, inner, inner),
        st.builds(r"\left( {} \right)".format, inner),
        st.builds("{{{}}}^{{{}}}".format, inner, inner),
        st.builds("{}^2".format, inner),
        st.builds("{} {}".format, below, inner),
        st.builds(r"{}\left({}\right)".format, functions, inner),
        st.builds(r"\frac{{\partial {}}}{{\partial {}}}".format, inner, ENTRIES),
        st.builds(r"{}^\top {}".format, inner, inner),
        st.builds(r"\|{}\|".format, inner),
        st.builds(r"{} \odot {}".format, inner, inner),
        st.builds(r"[{} = {}]".format, inner, inner),
        st.builds(
            r"\begin{{cases}} {} & \text{{if }} {} > 0 \\ "
            r"{} & \text{{otherwise}} \end{{cases}}".format,
            *[inner] * 3,
        ),
        st.builds(r"\begin{{bmatrix}} {} & {} \\ {} & {} \end{{bmatrix}}".format, *[inner] * 4),
    )


FORMULAS = st.recursive(ENTRIES, _wider, max_leaves=6)
RELATIONS = st.sampled_from([" = ", " = ", " = ", r" \le ", " < ", r" \ne ", " := ", " ≤ "])
TAILS = st.sampled_from(
    ["", "", r" \quad \text{for } i = 1, \dots, n", ", j = 2", r" \text{ if } i < j", "."]
)
CLAIMS = st.builds("{}{}{}{}".format, FORMULAS, RELATIONS, FORMULAS, TAILS)
TOKENS = st.sampled_from(
    r"""x y W a s n i j 1 2 3 _ ^ { } ( ) [ ] | , ; : = + - * / ' & . ! \frac \sum \max
    \partial \nabla \left \right \| \top \delta \lambda \text{ \begin{cases} \end{cases}
    \begin{bmatrix} \end{bmatrix} \\ \quad \exp \sqrt \odot \le \ne \in \mathbb{R} \dots
    \lfloor \rfloor \mathbf \hat \operatorname{
    α ∑ ≤ ² ₁ é ∂ \x \1""".split()
    + [" "]
)


@EXAMPLES
@given(CLAIMS)
def test_any_claim_has_a_verdict(source):
    with no_hang():
        assert_answered(source)


@EXAMPLES
@given(st.lists(TOKENS, max_size=25).map("".join))
def test_any_tokens_have_a_verdict(source):
    with no_hang():
        assert_answered(source)


@EXAMPLES
@given(CLAIMS, st.data())
def test_damaged_claims_have_a_verdict(source, data):
    start = data.draw(st.integers(0, len(source)))
    end = data.draw(st.integers(start, min(len(source), start + 5)))
    with no_hang():
        assert_answered(source[:start] + data.draw(TOKENS) + source[end:])


@EXAMPLES
@given(
    st.one_of(CLAIMS, st.builds("L = {}".format, FORMULAS)), st.sampled_from(["x", "a", "W", "q"])
)
def test_any_gradient_is_verified_or_refused(formula, wrt):
    with no_hang():
        try:
            found = gradient(formula, wrt)
        except DeriveError:
            return
    assert not found.refuted, formula


# -- documents -------------------------------------------------------------------------------------

PIECES = st.one_of(
    st.builds("${}$".format, CLAIMS),
    st.builds("\n\\[ {} \\]\n".format, CLAIMS),
    st.builds(
        "\\begin{{align}}\n{} \\label{{x}} \\\\\n &= {} % {}\n\\end{{align}}".format, *[CLAIMS] * 3
    ),
    st.builds("\n$$\n{}\n$$\n".format, CLAIMS),
    st.builds("Let ${}$. ".format, CLAIMS),
    st.builds(r"\newcommand{{\m}}[1]{{{} #1}} $\m{{{}}} = \m{{2}}$".format, FORMULAS, FORMULAS),
    st.sampled_from(
        [
            "\r\n",
            "é ",
            "\n\n",
            "# A\n",
            "\\section{A}\n",
            "% $x$\n",
            "`$x$`",
            "```\n",
            "𝑥 ",
            "\t",
            "$",
            "{",
            "}",
        ]
        + [
            "%! a = 1\n",
            r"\input{x}",
            r"$A \in \mathbb{R}^{2\times 3}$ ",
            "| 1 | 2 |\n",
            r"\begin{align}",
        ]
        + [
            r"\def\y{\y\y}$\y$",
            "\\begin{verbatim} $x=1$ \\end{verbatim}",
            "<!-- $x=1$ -->",
            "$s =$ ",
        ]
    ),
)
KINDS = st.sampled_from([".tex", ".md", ".txt"])


def report_on(folder: Path, data: bytes, kind: str) -> FileReport | None:
    """The report on a file; None where it is refused."""
    file = folder / f"notes{kind}"
    file.write_bytes(data)
    file.with_suffix(".toml").write_text(GIVEN, encoding="utf-8")
    try:
        return check_file(file)
    except InputError as e:
        refusal = str(e)
    assert refusal.startswith(str(file))
    return None


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@settings(EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PIECES, max_size=6).map("".join), KINDS)
def test_every_place_is_that_of_its_text(folder, text, kind):
    with no_hang():
        report = report_on(folder, text.encode(), kind)
    if report is None:
        return
    shown = text.replace("\r\n", "\n").split("\n")
    for e in report.entries:
        line = shown[e.line - 1]
        assert 1 <= e.column <= len(line) + 1
        assert 0 <= e.caret <= len(e.latex)
        if not e.stopped:
            assert line[e.column - 1 :].startswith(e.latex.split("\n")[0])
        assert e.stopped <= (e.status in (UNREADABLE, UNDEFINED, "wrong"))
    assert as_json([report]).startswith("[")
    assert len(list(lines(report))) >= len(report.entries)
    assert annotated(report) == annotated(report)
    assert annotated_html(report).startswith("<!DOCTYPE html>")


@EXAMPLES
@given(st.binary(max_size=300), KINDS)
def test_any_bytes_are_a_document_or_refused(folder, data, kind):
    with no_hang():
        report_on(folder, data, kind)


@settings(EXAMPLES, max_examples=max(1, EXAMPLES.max_examples // 2))
@given(st.lists(PIECES, max_size=4).map("".join), KINDS)
def test_any_draft_is_a_given(folder, text, kind):
    file = folder / f"draft{kind}"
    file.write_bytes(text.encode())
    with no_hang():
        try:
            made = draft(read_file(file))
        except InputError:
            return
        tables = parse_toml(made.toml("notes"))
        assert Given.from_dict(tables).tensors.keys() == made.tensors.keys()


# -- what is far too much --------------------------------------------------------------------------

DEEP, LONG = 10_000, 100_000
HUGE = {
    "brackets": "s = " + "(" * DEEP + "a" + ")" * DEEP,
    "braces": "s = " + "{" * DEEP + "a" + "}" * DEEP,
    "fractions": "s = " + r"\frac{1}{" * DEEP + "a" + "}" * DEEP,
    "scripts": "s = " + "a^{" * DEEP + "a" + "}" * DEEP,
    "subscripts": "s = " + "x_{" * DEEP + "1" + "}" * DEEP,
    "cases": "s = " + r"\begin{cases}" * DEEP + "1",
    "signs": "s = " + "-" * DEEP + "a",
    "sums inside each other": "s = " + r"\sum_{i=1}^{n}" * 3000 + "a",
    "one formula of a million": "x" * 1_000_000,
    "a tower of numbers": "s = 10^{10^{10}}",
    "a tower of names": "s = " + "a^{" * 30 + "a" + "}" * 30,
    "powers of powers": "s = (((a^{9999})^{9999})^{9999})^{9999}",
    "a power of numbers": "s = 9999^{9999}",
    "a long number": "s = " + "9" * (LONG - 10),
    "a sum over 10^12": r"s = \sum_{i=1}^{1000000000000} a",
    "sums over 10^6 each": r"s = \sum_{i=1}^{1000000}\sum_{j=1}^{1000000} a^{i j}",
    "a range of 10^12": r"x_i = a \quad \text{for } i = 1, \dots, 1000000000000",
    "indices": "s = x_{" + ",".join("i" * (LONG // 2)) + "}",
    "a wide matrix": r"W = \begin{bmatrix}" + " & ".join("1" * 5000) + r"\end{bmatrix}",
    "a long chain": "=".join(["s"] * 5000),
    "many terms": "s = " + "+".join(["a"] * 9000),
    "many factors": "s = " + " ".join(["a"] * 9000),
    "derivatives of derivatives": "s = " + r"\frac{\partial}{\partial a}" * 50 + "a^{99}",
    "primes": "s = f" + "'" * 5000 + "(a)",
}


@pytest.mark.parametrize("name", HUGE)
def test_what_is_too_much_is_answered(name):
    with no_hang():
        assert_answered(HUGE[name])


MACROS = {
    "itself": r"\newcommand{\a}{\a}",
    "doubling": "".join(
        rf"\def\{c}{{\{d}\{d}}}"
        for c, d in zip("abcdefghijklmnopqrst", "bcdefghijklmnopqrstu", strict=True)
    ),
    "its argument": r"\newcommand{\a}[1]{\a{#1#1}}",
    "ten times its argument": r"\def\a#1{#1#1#1#1#1#1#1#1#1#1}",
    "not closed": r"\def\a{" * 10_000,
}


@pytest.mark.parametrize("name", MACROS)
def test_macros_that_do_not_end_are_refused(folder, name):
    text = MACROS[name] + r" $s = \a{\a{\a{\a{\a{\a{x}}}}}}$"
    with no_hang():
        report = report_on(folder, text.encode(), ".tex")
    assert report is not None
    assert {e.status for e in report.entries} <= {UNREADABLE, UNDEFINED}


@pytest.mark.parametrize(
    "shape", ["[1000000000000]", "[1000000, 1000000]", "[" + ", ".join("2" * 60) + "]"]
)
def test_arrays_that_no_memory_would_hold_are_answered_or_refused(shape):
    given = f"tensors = {{z = {shape}}}"
    with no_hang():
        try:
            checker = Checker(Given.from_dict(parse_toml(given)))
        except InputError:
            assert shape.count("2") == 60
            return
        for source in (r"z_1 = 2", "z = 0", r"\sum_i z_i = 0", "z_{1,1} = z_{1,2}"):
            checker.check(source)


# -- the mistakes of this library are not hidden ---------------------------------------------------


def test_a_mistake_inside_is_raised_here_and_told_elsewhere(folder, monkeypatch):
    def broken(*_: object) -> None:
        raise KeyError("inside")

    monkeypatch.setattr(Checker, "check", broken)
    with pytest.raises(KeyError):
        report_on(folder, b"$s = a$", ".tex")
    monkeypatch.delenv(RAISES)
    report = report_on(folder, b"$s = a$ and $s = b$", ".tex")
    assert report is not None
    assert [e.status for e in report.entries] == [UNREADABLE, UNREADABLE]
    assert "derive failed on this formula (KeyError('inside'))" in report.entries[0].message
