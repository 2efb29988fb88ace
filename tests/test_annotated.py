r"""Annotated copies: the mark is on the very relation, the note beside it, and all is typeset."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from pages import Page, rendered

from derive.check.files import FileReport, check_file
from derive.check.report import phrases
from derive.writers.annotated import annotated
from derive.writers.annotated_html import annotated_html, index_html
from derive.writers.latex_source import is_typeset

EXAMPLES = Path(__file__).parents[1] / "examples" / "check"
GIVEN = r"""define = ['s = \sum_{i} x_i']
tensors = {x = [3]}
"""
CHAIN = r"""\documentclass{article}
\usepackage{amsmath}
\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}}
\newcommand{\is}{=}
\begin{document}
\section{About $s = 1$}
Here $\pd{s}{x_i} = 1$, and\footnote{But $s = 0$.}
\begin{align}
  \pd{s}{x_i} &= 1 \label{a} \\ % not 2 = 3
    &= 2 - 1 \\
    &= 2 \notag
\end{align}
\[ s \is 4 \] so that $s = \frac{1}{q}$
\end{document}
"""
WORDS = r"""# A title with 100% & more

It is $s = x_1$, and `code $s = 9$`

$$\begin{aligned} s &= x_1 + x_2 + x_3 \\ &= 3 x_1, \quad s = x_4 \end{aligned}$$

```
a listing with $s = 8$
```

$$s ≤ \frac{1$$

- $s = \alpha x_1 \foo$
"""


def report_on(folder: Path, text: str, name: str) -> FileReport:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    file.with_suffix(".toml").write_text(GIVEN, encoding="utf-8")
    return check_file(file)


@pytest.fixture
def chain(tmp_path) -> FileReport:
    return report_on(tmp_path, CHAIN, "chain.tex")


@pytest.fixture
def words(tmp_path) -> FileReport:
    return report_on(tmp_path, WORDS, "words.md")


def behind(text: str, at: int, groups: int) -> int:
    """The offset behind so many groups in braces."""
    depth = 0
    for k in range(at, len(text)):
        escaped = text[k - 1] == "\\"
        depth += (text[k] == "{" and not escaped) - (text[k] == "}" and not escaped)
        groups -= text[k] == "}" and not escaped and depth == 0
        if groups == 0:
            return k + 1
    raise AssertionError("a group is not closed")


# -- LaTeX -----------------------------------------------------------------------------------------


def test_a_copy_differs_from_its_document_in_the_marks_only(chain):
    copy = annotated(chain)
    mark = re.compile(r"\\derivemark\{[^{}]*\}\{(\d)\}\{([^{}]*)\}")
    assert mark.findall(copy) == [("1", "="), ("2", "=")]
    body = copy[copy.index(r"\begin{document}") :]
    body = mark.sub(r"\2", body)
    while (at := body.find(r"\derivenote")) >= 0:
        body = body[:at] + body[behind(body, at, groups=3) :]
    assert body == CHAIN[CHAIN.index(r"\begin{document}") :]
    assert copy.startswith(CHAIN[: CHAIN.index(r"\begin{document}")])


def test_the_mark_is_on_the_relation_that_fails(chain):
    copy = annotated(chain)
    assert r"&\derivemark{red!75!black}{2}{=} 2 \notag" in copy
    assert r"\pd{s}{x_i} &= 1 \label{a}" in copy
    notes = re.findall(r"(\d)\\enspace\\textbf\{([a-z ]+)\}\} \(line (\d+)\)", copy)
    assert notes == [
        ("1", "wrong", "7"),
        ("2", "wrong", "10"),
        ("3", "wrong", "13"),
        ("4", "undefined", "13"),
    ]


@pytest.mark.latex
@pytest.mark.parametrize(
    "name", ["chain.tex", "words.md", "proofs.tex", "convolution_numbers.tex", "lenet.md"]
)
def test_copies_are_set_by_latex(name, tmp_path, chain, words):
    report = {"chain.tex": chain, "words.md": words}.get(name) or check_file(EXAMPLES / name)
    (tmp_path / "copy.tex").write_text(annotated(report), encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "copy.tex"],
        cwd=tmp_path,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-2000:].decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\frac{a}{b} = \left( \sum_{i} x_i \right)", True),
        (r"α ≤ \begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}", True),
        (r"\foo", False),
        (r"\left( a", False),
        (r"\begin{tikzpicture}\end{tikzpicture}", False),
        (r"\frac{a}{b", False),
        (r"a % b", False),
        (r"\input{x}", False),
        (r"\write18{x}", False),
        (r"x_1_2", False),
        (r"x_{1}_{2}", False),
    ],
)
def test_what_latex_would_stop_at_is_shown_as_it_is_written(formula, expected):
    assert is_typeset(formula) is expected


# -- HTML ------------------------------------------------------------------------------------------


def test_a_page_has_every_formula_and_katex_sets_them_all(words, chain):
    for report in (words, chain, *(check_file(EXAMPLES / n) for n in ("unfold.md", "proofs.tex"))):
        formulas = Page(annotated_html(report)).of("span", "math")
        assert formulas
        for latex in formulas:
            assert rendered(latex, "ignore")


def test_a_page_shows_what_fails_where_and_why(words):
    page = Page(annotated_html(words))
    assert page.of("h1") == [str(words.file)]
    assert page.of("h2") == ["A title with 100% & more"]
    assert page.of("pre") == ["a listing with $s = 8$"]
    (display,) = page.of("div", "equations")
    assert r"\mathrel{\textcolor{#0d7333}{=}} x_1 + x_2 + x_3" in display
    assert r"\mathrel{\textcolor{#bf1a1a}{\overset{\text{2}}{=}}} 3 x_1" in display
    assert page.of("div", "left") == ["s ", "s "]
    notes = [re.match(r"(\d) ([a-z ]+) line (\d+)", note) for note in page.of("div", "note")]
    assert [note.groups() for note in notes if note] == [
        ("1", "wrong", "3"),
        ("2", "wrong", "5"),
        ("3", "wrong", "5"),
        ("4", "unreadable", "11"),
        ("5", "unreadable", "13"),
    ]
    shown = page.of("code")
    assert [r"$$s ≤ \frac{1$$" in shown, r"$s = \alpha x_1 \foo$" in shown] == [True, True]


def test_pages_and_copies_are_the_same_every_time(words):
    assert annotated_html(words) == annotated_html(words)
    assert annotated(words) == annotated(words)


def test_a_class_has_a_table_with_links(words, chain):
    page = Page(index_html([words, chain], ["words.md.html", "sub/chain.tex.html"]))
    links = [a["href"] for tag, a in page.elements if tag == "a"]
    assert links == ["words.md.html", "sub/chain.tex.html"]
    assert page.of("th")[:3] == ["file", "equations", "holds"]
    assert page.of("td")[:2] == [str(words.file), str(len(words.entries))]


def test_mathematics_in_messages_is_told_from_words():
    found = phrases(r"the two sides differ: 1 ≠ 2/3 at S = 1, w_{i, j} = 2; right with C → A")
    said = [part for part, math in found if math]
    assert said == ["1 ≠ 2/3", "S = 1", "w_{i, j} = 2", "C", "A"]
