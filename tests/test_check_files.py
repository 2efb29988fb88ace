r"""Checked files: where declarations hold, what the text itself declares, and the reports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from derive.check.declared import is_definition, is_range, tensors_declared
from derive.check.files import FileReport, check_file, check_files
from derive.check.report import as_json, baseline, excerpt, lines, problems, summary, table
from derive.check.scopes import merged, scopes
from derive.errors import InputError
from derive.latex.document import read_document
from derive.latex.shorthand import expanded, shorthand
from derive.latex.traced import Traced

EXAMPLES = Path(__file__).parents[1] / "examples" / "check"

SUM = r"""define = ['s = \sum_{i} x_i']
[tensors]
x = [3]
"""
IN_COMMENTS = "".join(f"%! {line}\n" for line in SUM.splitlines())
RIGHT, WRONG = r"\frac{\partial s}{\partial x_i} = 1", r"\frac{\partial s}{\partial x_i} = x_i"


def checked(folder: Path, text: str, name: str = "notes.tex", given: str | None = None):
    file = folder / name
    file.write_text(text, encoding="utf-8")
    if given is not None:
        file.with_suffix(".toml").write_text(given, encoding="utf-8")
    return check_file(file)


def verdicts(report: FileReport) -> list[tuple[int, str]]:
    return [(e.line, e.status) for e in report.entries]


# -- where declarations come from ------------------------------------------------------------------


def test_declarations_stand_beside_the_file_or_in_it(tmp_path):
    text = f"${RIGHT}$\n\n${WRONG}$\n"
    assert verdicts(checked(tmp_path, text, given=SUM)) == [(1, "holds"), (3, "wrong")]
    inside = checked(tmp_path, IN_COMMENTS + text, "inside.tex")
    assert verdicts(inside) == [(4, "holds"), (6, "wrong")]
    (alone,) = checked(tmp_path, f"${RIGHT}$", "alone.tex").entries
    assert alone.status == "undefined"


def test_declarations_in_the_file_add_to_those_beside_it(tmp_path):
    text = "%! [tensors]\n%! z = [3]\n$s = x_1 + x_2 + x_3$ and $z_4 = z_4$, $z_i = x_i$\n"
    report = checked(tmp_path, text, given=SUM)
    assert [e.status for e in report.entries][0::2] == ["holds", "wrong"]


def test_names_in_declarations_may_use_the_macros_of_the_document(tmp_path):
    text = "\\newcommand{\\q}{\\mathbf{x}}\n%! [tensors]\n%! '\\q' = [3]\n$\\q_1 = 2 \\q_1 - \\q_1$"
    assert verdicts(checked(tmp_path, text)) == [(4, "holds")]


def test_problems_hold_on_their_lines_and_under_their_headings(tmp_path):
    given = "".join(
        f"[[problems]]\n{scope}\nvalues = {{x = [{value}, 0, 0]}}\n"
        for scope, value in (('parts = ["Problem 1"]', 1), ("lines = [8, 11]", 3))
    )
    one = "$x_1 = 1$\n"
    text = f"{one}# Problem 1\n{one}## a\n{one}# Problem 11\n\n{one}\n\n{one}{one}{one}"
    file = tmp_path / "notes.md"
    file.write_text(text, encoding="utf-8")
    document = read_document(text, "md")
    file.with_suffix(".toml").write_text(SUM + given, encoding="utf-8")
    found = scopes(file, document, None)
    numbers = [found.number(document, p.start) for p in document.pieces]
    assert numbers == [0, 1, 1, 2, 2, 0, 0]
    assert found.given(1, {}).values != found.given(2, {}).values
    assert found.given(1, {}).define == found.given(0, {}).define


def test_tables_are_united_and_lists_follow_each_other():
    first = {"sizes": {"N": 1, "K": 2}, "define": ["a"], "title": "one"}
    second = {"sizes": {"N": 3}, "define": ["b"], "title": "two"}
    together = {"sizes": {"N": 3, "K": 2}, "define": ["a", "b"], "title": "two"}
    assert merged(first, second) == together


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("%! [sizes\n$a=b$", "notes.tex:1"),
        ("Text\n%! [sizes]\n%! N = -2\n$a=b$", "notes.tex:3"),
        ("%! nonsense = 3\n$a=b$", "notes.tex"),
    ],
)
def test_bad_declarations_name_their_line(tmp_path, text, place):
    with pytest.raises(InputError) as refusal:
        checked(tmp_path, text)
    assert place in str(refusal.value)


# -- what the text declares ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"$A \in \mathbb{R}^{5\times 3}$", {"A": (5, 3)}),
        (r"$x, y\in\mathbb R^n$ and $c \in \mathbb{R}$", {"x": ("n",), "y": ("n",), "c": ()}),
        (r"weights $w^{(a)}$ of size $[C_{out} \times K] = [2 \times 3]$", {"w^{(a)}": (2, 3)}),
        (r"$i \in \{1, 2\}$, $A \in S$, $f(x) \in \mathbb{R}$", {}),
    ],
)
def test_shapes_are_taken_from_the_text(text, expected):
    found = [d.tables["tensors"] for d in tensors_declared(read_document(text), set())]
    assert {name: tuple(shape) for t in found for name, shape in t.items()} == expected


def test_what_is_taken_from_the_text_is_told_and_what_is_declared_is_kept(tmp_path):
    text = (
        r"$x \in \mathbb{R}^{2}$ and $M \in \mathbb{R}^{2 \times 3}$:"
        "\n"
        r"$M_{12} = M_{12} + x_3 - x_3$"
    )
    report = checked(tmp_path, text, given=SUM)
    assert [(d.line, d.text) for d in report.declared] == [(1, r"M \in \mathbb{R}^{2 \times 3}")]
    assert [e.status for e in report.entries] == ["holds"]


def test_let_defines_what_nothing_declares(tmp_path):
    text = f"Let $q = 2 s$. Then $q = x_1 + s + x_2 + x_3$, but let $s = 3 x_1$.\n\n${RIGHT}$"
    report = checked(tmp_path, text, given=SUM)
    assert [d.text for d in report.declared] == ["q = 2 s"]
    assert verdicts(report) == [(1, "holds"), (1, "wrong"), (3, "holds")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Let $a=b$", True),
        ("let us denote by\n\n$$a=b$$", True),
        ("We define $a=b$", True),
        ("$a:=b$", True),
        ("The outlet $a=b$", False),
        ("so that $a=b$", False),
    ],
)
def test_words_that_introduce_a_definition(text, expected):
    document = read_document(text, "md")
    assert is_definition(document, document.pieces[0]) is expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"n = \overline{1, 64}", True),
        (r"i, j = 1, \dots, n", True),
        (r"(i, j) \in \{1, 2\}", True),
        (r"c_{out} = 1..20", True),
        (r"S = 1", False),
        (r"x_i = y_i", False),
    ],
)
def test_where_an_index_runs_is_no_claim(formula, expected):
    document = read_document(f"for ${formula}$")
    assert is_range(document.pieces[0]) is expected


@pytest.mark.parametrize(
    ("introduced", "used", "expected"),
    [
        (r"f(c, p) = x_{c,p+1}", r"2 f(c, p)^2", r"2 (x_{c,p+1})^2"),
        (r"f(c, p) = x_{c,p+1}", r"f(p, 2i-1)", r"(x_{ p , (2i-1) +1})"),
        (r"ind(c_{out}, p) = 9 c_{out} + p", r"w_{i,ind(c_{out},p)}", r"w_{i,(9 c_{out} + p)}"),
        (r"ind(c_{out}, p) = 9 c_{out} + p", r"w_{ind(a, p)}", r"w_{(9  a  + p)}"),
        (r"g(p) = z^{(pool)}_{p}", r"g(q)", r"(z^{(pool)}_{ q })"),
        (r"f(c, p) = x_{c,p}", r"f(c)", r"f(c)"),
        (r"f(c, p) = x_{c,p}", r"x_f(c, p)", r"x_f(c, p)"),
    ],
)
def test_shorthands_of_indices(introduced, used, expected):
    one = shorthand(introduced)
    assert one is not None
    formula = expanded(Traced.of(f"$${used}", 2, 2 + len(used)), [one])
    assert formula.text == expected
    assert formula.span() == (2, 2 + len(used))


def test_other_left_sides_are_no_shorthands():
    assert shorthand(r"f(x + 1) = 2") is None
    assert shorthand(r"y_i = 2") is None
    assert shorthand(r"f(2) = 2") is None


# -- verdicts and their places ---------------------------------------------------------------------


CHAIN = r"""\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}}
\begin{align}
  \pd{s}{x_i} &= 1 \label{a} \\ % a remark
    &= 2 - 1 \\
    &= 2
\end{align}
"""


def test_every_pair_of_a_chain_has_its_place_and_its_text(tmp_path):
    report = checked(tmp_path, CHAIN, given=SUM)
    assert [(e.line, e.column, e.status) for e in report.entries] == [
        (3, 3, "holds"),
        (3, 18, "holds"),
        (4, 8, "wrong"),
    ]
    for e in report.entries:
        line = CHAIN.splitlines()[e.line - 1]
        assert line[e.column - 1 :].startswith(e.latex.splitlines()[0])
    assert report.entries[0].latex == r"\pd{s}{x_i} &= 1"
    assert report.entries[2].latex == "2 - 1 \\\\\n    &= 2"
    assert report.entries[2].latex[report.entries[2].caret :].startswith("= 2")


def test_what_cannot_be_read_says_where(tmp_path):
    report = checked(tmp_path, "a\n\n$$s = \\frac{1}{x_1$$ and $s = ?$, $s = \\alpha$", given=SUM)
    assert [(e.line, e.status) for e in report.entries] == [
        (3, "unreadable"),
        (3, "unreadable"),
        (3, "undefined"),
    ]
    damaged, strange, unknown = report.entries
    assert damaged.latex == r"s = \frac{1}{x_1"
    assert (strange.column, unknown.column) == (31, 40)


def test_formulas_that_claim_nothing_have_no_verdict(tmp_path):
    report = checked(tmp_path, r"$x$, $3 \times 3$, $x_i > 0$, $i = 1, \dots, 3$", given=SUM)
    assert report.entries == ()


def test_a_value_for_which_something_holds_is_no_claim(tmp_path):
    given = f"{SUM}[sizes]\nK = 3\nS = '>=1'\n".replace("x = [3]", "x = [3]\nw = ['S', 'K']")
    report = checked(
        tmp_path, "If $S = 1$ and if $p = \\infty$, or where $K = 4$: $S = 2$.", given=given
    )
    assert [(e.column, e.status) for e in report.entries] == [(43, "wrong"), (52, "wrong")]


def test_tables_that_a_scan_has_torn_apart(tmp_path):
    rows = [
        [rf"$\overline{{\partial x_{{{k}}}}}$" for k in (1, 2)],
        [r"$\overline{\partial x_{3}}$"] * 2,
    ]
    cells = [[r"$\partial s$", r"$-\partial s_{-}$"], rows[0], [r"$\partial s$"] * 2, rows[1]]
    table = "\n".join(f"| {' | '.join(row)} |" for row in cells)
    report = checked(tmp_path, f"We have\n\n{table}\n\n=\n\n1\t1\n1\t2\n", "notes.md", SUM)
    assert [(e.line, e.status) for e in report.entries] == [(4, "wrong")]
    assert report.entries[0].suggestion == "entry (2,2) is 1, not 2"


def test_other_files_are_not_read(tmp_path):
    (tmp_path / "other.tex").write_text("$1=2$", encoding="utf-8")
    report = checked(tmp_path, "text\n\\input{other}\n", given=SUM)
    assert report.entries == ()
    assert [(r.line, "not read" in r.text) for r in report.remarks] == [(2, True)]


def test_other_files_are_read_where_that_is_allowed(tmp_path):
    (tmp_path / "book").mkdir()
    checked(tmp_path, "$1=3$", "outside.tex")
    main = "\\newcommand{\\q}{s}\n\\input{one}\\input{../outside}\\input{main}\\include{none}\n"
    checked(tmp_path / "book", main, "main.tex", SUM)
    checked(tmp_path / "book", f"$\\q = 2$ \\input{{two.tex}} ${RIGHT}$", "one.tex")
    checked(tmp_path / "book", "$1=2$", "two.tex")
    reports = check_files([tmp_path / "book" / "main.tex"], follow=True)
    assert [Path(r.file).name for r in reports] == ["main.tex", "one.tex", "two.tex", "none.tex"]
    assert [[e.status for e in r.entries] for r in reports] == [
        [],
        ["wrong", "holds"],
        ["wrong"],
        [],
    ]
    assert reports[3].error is not None


@pytest.mark.parametrize(
    ("name", "data", "place"),
    [
        ("notes.tex", b"a\nb \xff c", "notes.tex:2:3"),
        ("notes.doc", b"a", "notes.doc"),
        ("notes.tex", None, "notes.tex"),
        ("notes.tex", b"x" * 600_000, "notes.tex"),
    ],
)
def test_files_that_cannot_be_used_are_refused(tmp_path, name, data, place):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError) as refusal:
        check_file(tmp_path / name)
    assert place in str(refusal.value)


def test_line_ends_of_every_system(tmp_path):
    for ends in ("\n", "\r\n", "\r"):
        text = f"a{ends}{ends}${WRONG}${ends}"
        (tmp_path / "notes.tex").write_bytes(text.encode())
        (tmp_path / "notes.toml").write_text(SUM, encoding="utf-8")
        assert verdicts(check_file(tmp_path / "notes.tex")) == [(3, "wrong")]


def test_many_files_at_a_time_give_the_same_reports_in_order(tmp_path):
    files = []
    for k in range(5):
        checked(tmp_path, f"${RIGHT if k % 2 else WRONG}$", f"n{k}.tex", SUM)
        files.append(tmp_path / f"n{k}.tex")
    files.insert(2, tmp_path / "missing.tex")
    done: list[None] = []
    together = check_files(files, done=lambda: done.append(None), jobs=2)
    one_by_one = check_files(files)
    assert [r.file for r in together] == [str(f) for f in files]
    assert len(done) == len(files)
    assert as_json(together) == as_json(one_by_one)
    assert [str(r.error) for r in together] == [str(r.error) for r in one_by_one]
    assert together[2].error is not None


# -- reports ---------------------------------------------------------------------------------------


@pytest.fixture
def report(tmp_path) -> FileReport:
    return checked(tmp_path, f"${RIGHT}$\n\n${WRONG}$\n", given=SUM)


def test_json_has_exactly_the_promised_keys(report):
    right, wrong = json.loads(as_json([report]))
    keys = "file line column latex status condition message counterexample suggestion".split()
    assert list(right) == list(wrong) == keys
    assert (right["line"], right["column"], right["status"]) == (1, 2, "holds")
    assert (wrong["line"], wrong["latex"], wrong["status"]) == (3, WRONG, "wrong")
    assert right["counterexample"] is None
    assert wrong["counterexample"]["left"] == "1"
    assert as_json([]) == "[]"


def test_the_terminal_shows_the_place_under_a_caret(report):
    shown = [line for _, line in lines(report)]
    assert shown[0] == f"{report.file}:1:2: holds: {RIGHT}"
    assert shown[1].startswith(f"{report.file}:3:2: wrong: ")
    assert shown[2] == f"    {WRONG}"
    assert shown[3] == " " * (4 + WRONG.index("=")) + "^"
    assert summary(report).endswith(": 2 equations: 1 holds, 1 wrong")
    head, row = table([report])
    assert head.split()[:2] == ["file", "equations"]
    assert row.split() == [report.file, "2", "1", "0", "0", "0", "0", "1"]


def test_long_formulas_are_cut_around_the_caret():
    text, caret = excerpt("a" * 200 + " \n = " + "b" * 200, 203)
    assert len(text) <= 96
    assert text[caret] == "="
    assert (text[0], text[-1]) == ("…", "…")


def test_only_new_problems_count_against_a_baseline(report, tmp_path):
    earlier = tmp_path / "earlier.json"
    earlier.write_text(as_json([report]), encoding="utf-8")
    known = baseline(earlier)
    moved = checked(tmp_path, f"New text.\n\n${WRONG}$\n", given=SUM)
    assert problems([moved], known) == []
    twice = checked(tmp_path, f"${WRONG}$\n\n${WRONG}$\n", given=SUM)
    assert [e.line for e in problems([twice], known)] == [3]
    assert [e.status for e in problems([report], {})] == ["wrong"]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"file": "a"}]', "not JSON"])
def test_a_baseline_that_is_none_is_refused(tmp_path, text):
    file = tmp_path / "earlier.json"
    file.write_text(text, encoding="utf-8")
    if text == "{}":
        assert baseline(file) == {}
        return
    with pytest.raises(InputError, match="earlier report"):
        baseline(file)


# -- the examples ----------------------------------------------------------------------------------

MISTAKES = {
    "linear.tex": [(5, "wrong", "x_i → x_j")],
    "convolution.md": [
        (10, "holds if", r"S \mid"),
        (42, "wrong", "C_{21} → C_{22}"),
        (42, "wrong", "C_{21} → C_{22}"),
        (57, "wrong", "A_{32} → A_{33}"),
        (57, "wrong", "A_{32} → A_{33}"),
        (66, "unreadable", ""),
        (84, "wrong", "A_{42} → A_{43} everywhere"),
        (84, "wrong", "A_{42} → A_{43} everywhere"),
        (125, "wrong", "entry (3,3) is 34, not 35"),
    ],
    "convolution_numbers.tex": [(28, "holds if", r"S \mid")],
}


@pytest.mark.parametrize("name", list(MISTAKES))
def test_the_mistakes_in_the_examples_are_found_and_nothing_else(name):
    report = check_file(EXAMPLES / name)
    found = [e for e in report.entries if e.status != "holds"]
    assert [(e.line, e.status) for e in found] == [(line, s) for line, s, _ in MISTAKES[name]]
    for e, (_, _, said) in zip(found, MISTAKES[name], strict=True):
        assert said in f"{e.condition} {e.message} {e.suggestion}"
