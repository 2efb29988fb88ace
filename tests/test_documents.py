r"""Whole documents: what is mathematics, where it stands, and how rows become chains."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.errors import InputError
from derive.latex.document import LONGEST, Document, Piece, read_document

HANG = 60  # seconds: a limit against hangs on a busy machine, not a measure of speed


def sources(text: str, kind: str = "tex") -> list[str]:
    """The formulas of a document, with single spaces."""
    return [" ".join(p.source.split()) for p in read_document(text, kind).pieces]


def only(text: str, kind: str = "tex") -> tuple[Document, Piece]:
    document = read_document(text, kind)
    (piece,) = document.pieces
    return document, piece


# -- what is mathematics ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["tex", "md", "txt"])
@pytest.mark.parametrize(
    "written",
    ["$a = b$", "$$a = b$$", r"\(a = b\)", r"\[a = b\]", "$$\na = b\n$$"]
    + [rf"\begin{{{e}}}a = b\end{{{e}}}" for e in ("equation", "equation*", "align", "gather*")]
    + [rf"\begin{{{e}}}a = b\end{{{e}}}" for e in ("multline", "eqnarray", "displaymath", "math")]
    + [r"\begin{alignat}{2}a &= b\end{alignat}", r"\[\begin{aligned}[t]a &= b\end{aligned}\]"],
)
def test_every_kind_of_mathematics_is_found(kind, written):
    assert sources(f"Before it. {written} Behind it.", kind) == ["a = b"]


def test_pieces_come_in_the_order_of_the_document():
    text = "One $a=1$.\n\\[ b=2 \\]\n\\begin{align} c&=3 \\\\ d&=4 \\end{align} and \\(e=5\\)."
    assert sources(text) == ["a=1", "b=2", "c=3", "d=4", "e=5"]
    assert [p.display for p in read_document(text).pieces] == [False, True, True, True, False]


@pytest.mark.parametrize(
    "text",
    [
        "% $a=b$",
        r"\verb|$a=b$| and 5\$ or 6\$",
        "\\begin{verbatim}\n$a=b$\n\\end{verbatim}",
        r"\iffalse $a=b$ \fi",
        "\\newcommand{\\x}{$a=b$}",
        "\\documentclass{article}\\title{On $a=b$}\\begin{document}\\end{document} $c=d$",
    ],
)
def test_what_latex_does_not_show_is_not_read(text):
    assert sources(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "```\n$a=b$\n```\n",
        "`$a=b$`",
        "<!-- $a=b$ -->",
        "It costs $5.",
        "```python\nx = '$a=b$'\n```",
    ],
)
def test_what_markdown_shows_as_it_stands_is_not_read(text):
    assert sources(text, "md") == []


def test_mathematics_of_github():
    assert sources("$`a=b`$\n\n```math\nc=d\n```\n", "md") == ["a=b", "c=d"]


def test_a_percent_sign_is_a_comment_in_latex_only():
    assert sources("100% of $a=b$") == []
    assert sources("100% of $a=b$", "md") == ["a=b"]
    assert sources("$a=b % and $so$ on\n+c$") == ["a=b +c"]


def test_dollars_inside_words_do_not_end_a_formula():
    assert sources(r"$$a_i = b_i \text{ for $i=1,2$}$$") == [r"a_i = b_i \text{ for $i=1,2$}"]


def test_plain_text_that_is_latex_is_read_as_latex():
    assert sources("\\documentclass{article}\n% $a=b$\n\\begin{document}$c=d$", "txt") == ["c=d"]
    assert sources("# Title\n50% of $c=d$", "txt") == ["c=d"]


# -- rows and chains -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (r"a &= b \\ &= c", ["a = b = c"]),
        (r"a &= b \\ c &= d", ["a = b", "c = d"]),
        (r"a &= b = \\ &= c", ["a = b = c"]),
        (r"a &= b + \\ & \quad c", ["a = b + c"]),
        (r"a &= b + \\ &+ c \\ &\cdot d", [r"a = b + c \cdot d"]),
        (r"a &= b \\ &- c", ["a = b - c"]),
        (r"a &= \sum_i x_i \\ &\qquad y_i", [r"a = \sum_i x_i y_i"]),
        (r"a &= (b \\ &= c)", ["a = (b = c)"]),
        (r"a &= b & c &= d \\ &= e & &= f", ["a = b = e", "c = d = f"]),
        (r"a &= b && c = d", ["a = b", "c = d"]),
        (r"a_i &= b_i & \text{for } i = 1", [r"a_i = b_i \text{for } i = 1"]),
        (r"a & = & b \\ & = & c", ["a = b = c"]),
        (r"a &= b \tag{1} \label{x} \\ \nonumber &= c,", ["a = b = c"]),
        (r"a &= b \quad (12)", ["a = b"]),
        (r"a &= b \\[2pt] &= c \\*[-.5ex] &= d", ["a = b = c = d"]),
        (r"a &= b \\ [c]_i &= d", ["a = b", "[c]_i = d"]),
        (r"a &= b \\ \intertext{so that} c &= d", ["a = b", "c = d"]),
        (r"a = b \implies c = d", ["a = b", "c = d"]),
        (r"\therefore a = b", ["a = b"]),
        (r"a \overset{(1)}{=} \boxed{b} \stackrel{!}= \textcolor{red}{c}", ["a = b = c"]),
        (r"a = \underbrace{b + c}_{\text{sum}}", ["a = b + c"]),
        (r"a &= b \quad (\because \sigma \text{ grows})\\ &= c", ["a = b = c"]),
        (r"a = 1\,446\,030", ["a = 1446030"]),
        (r"\left\{\begin{aligned} a&=b \\ c&=d \end{aligned}\right.", ["a=b", "c=d"]),
        (r"\begin{cases} a = b \\ c = d \end{cases}", ["a = b", "c = d"]),
        (r"\begin{array}{rcl} a &=& b \\ &=& c \end{array}", ["a = b = c"]),
        (
            r"y = \left\{\begin{array}{ll} 1 & i=j \\ 0 & i\ne j\end{array}\right.",
            [r"y = \begin{cases} 1 & i=j \\ 0 & i\ne j\end{cases}"],
        ),
        (
            r"a &= \begin{cases} b & i=j \\ 0 & \text{else} \end{cases} \\ &= c",
            [r"a = \begin{cases} b & i=j \\ 0 & \text{else} \end{cases} = c"],
        ),
        (
            r"C = \begin{array}{|c|c|} \hline 1 & 2 \\ \hline 3 & 4 \\ \hline \end{array}",
            [r"C = \begin{matrix} 1 & 2 \\ 3 & 4 \\ \end{matrix}"],
        ),
    ],
)
def test_rows_become_chains(body, expected):
    assert sources(rf"\begin{{align}} {body} \end{{align}}") == expected


def test_a_long_sum_goes_on_in_multline_and_split():
    rows = r"a = b \\ c \\ {} + d"
    assert sources(rf"\begin{{multline}}{rows}\end{{multline}}") == ["a = b c + d"]
    assert sources(r"\[\begin{split} a &= b \\ &= c \end{split}\]") == ["a = b = c"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$a =$ $b$ $= c$", ["a = b = c"]),
        ("$$a =$$\n\n$$= b$$", ["a = b"]),
        ("$a = b$ and $c = d$", ["a = b", "c = d"]),
        ("$a = b$ $c = d$", ["a = b", "c = d"]),
    ],
)
def test_a_chain_goes_on_in_the_next_formula(text, expected):
    assert sources(text, "md") == expected


TABLE = r"M = \begin{bmatrix} 1 & -2 \\ 3 & 4.5 \end{bmatrix}"


@pytest.mark.parametrize(
    "table",
    [
        "$$M =$$\n\n1\t-2\n3\t4.5\n\nText 7",
        "$$M =$$\n\n|  1 | -2  |\n|---|---|\n| 3 | 4.5 |\n",
        "$M =$\n1  -2\n3  4.5\n",
        "$$M =$$\n\\begin{center}\\begin{tabular}{|c|c|}\\hline 1 & -2 \\\\ \\hline 3 & 4.5 \\\\\n"
        "\\hline\\end{tabular}\\end{center}",
    ],
)
def test_a_table_of_numbers_is_a_matrix(table):
    document, piece = only(table, "md")
    assert " ".join(piece.source.split()) == TABLE
    at = piece.source.index("4.5")
    assert document.place(piece.span(at, at)[0]) == document.place(table.index("4.5"))


# -- places ----------------------------------------------------------------------------------------


def test_every_place_leads_back_to_the_document():
    rows = "  a &= b % note\n\\\\\n  &= \\sum_{i} x_{i} \\label{eq}\n"
    text = f"Title\n\n\\begin{{align}}\n{rows}\\end{{align}}"
    document, piece = only(text)
    for name, place in {"a": (4, 3), "b": (4, 8), r"\sum": (6, 6), "x": (6, 15)}.items():
        at = piece.source.index(name)
        assert document.place(piece.span(at, at)[0]) == place
    start, end = piece.span(piece.source.index("b"), len(piece.source))
    assert text[start:end] == "b % note\n\\\\\n  &= \\sum_{i} x_{i}"


def test_places_lead_through_macros_and_their_arguments():
    text = r"\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}} $\pd{L}{w_i} = 3$"
    document, piece = only(text)
    assert piece.source == r"\frac{\partial L}{\partial w_i} = 3"
    at = piece.source.index("w_i")
    assert document.place(piece.span(at, at)[0]) == (1, text.index("w_i") + 1)
    start, end = piece.span(0, piece.source.index("=") - 1)
    assert text[start:end] == r"\pd{L}{w_i}"


def test_headings_tell_the_part():
    text = "# One\n$a=1$\n## Two\n$b=2$\n### Three ###\n$c=3$\n## Four\n$d=4$\n"
    document = read_document(text, "md")
    parts = [document.parts(p.start) for p in document.pieces]
    assert parts == [("One",), ("One", "Two"), ("One", "Two", "Three"), ("One", "Four")]
    document = read_document("\\section{One}$a=1$\\subsection*{Two}\n$b=2$\\section{Three}$c=3$")
    assert [document.parts(p.start) for p in document.pieces] == [
        ("One",),
        ("One", "Two"),
        ("Three",),
    ]


def test_declarations_keep_their_lines():
    text = "%! [sizes]\nText\n%! S = 2\n%!\n%!no\n$a=b$"
    assert read_document(text).declarations == "[sizes]\n\nS = 2"
    assert read_document("no %! here\n$a=b$").declarations == ""


def test_other_files_are_named_and_not_read():
    document = read_document("a\n\\input{secret}\n\\include{other}")
    named = [(document.place(at)[0], name) for at, name in document.inputs]
    assert named == [(2, "secret"), (3, "other")]


# -- macros ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("definitions", "used", "expected"),
    [
        (r"\newcommand{\R}{\mathbb{R}}", r"\R x", r"\mathbb{R} x"),
        (r"\newcommand\bs{\boldsymbol}", r"\bs x", r"\boldsymbol x"),
        (r"\newcommand{\a}{\alpha}", r"\a{}x", r"\alpha{}x"),
        (r"\newcommand{\a}{\alpha}\newcommand{\f}[1]{\a#1}", r"\f x", r"\alpha x"),
        (r"\newcommand{\v}[2][n]{#2_{#1}}", r"\v{a}+\v[m]{b}", "a_{n}+b_{m}"),
        (r"\def\d#1#2{\partial#1/\partial#2}", r"\d yx", r"\partial y/\partial x"),
        (r"\DeclareMathOperator{\tr}{tr}", r"\tr A", r"\operatorname{tr} A"),
        (r"\DeclareMathOperator*{\am}{arg\,max}", r"\am_i", r"\operatorname*{arg\,max}_i"),
        (r"\newcommand{\x}{1}\renewcommand{\x}{2}", r"\x", "2"),
        (r"\newcommand{\x}{1}\providecommand{\x}{2}", r"\x", "1"),
        (r"\let\old\vec\renewcommand{\vec}[1]{\old{\mathbf{#1}}}", r"\vec a", r"\vec{\mathbf{a}}"),
        (r"\newcommand{\p}[1]{(#1)}", r"\p{\p{a}b}", "((a)b)"),
        (r"\newcommand{\x}{a % note" + "\n}", r"\x+b", "a +b"),
        (r"\let\eps\varepsilon", r"\eps_i", r"\varepsilon_i"),
    ],
)
def test_macros_are_expanded(definitions, used, expected):
    assert sources(f"{definitions}\n${used}$") == [" ".join(expected.split())]


def test_definitions_hold_from_where_they_stand():
    text = r"$\x=1$ \newcommand{\x}{y} $\x=2$ $\renewcommand{\x}{z}\x=3$ $\x=4$"
    assert sources(text) == [r"\x=1", "y=2", "z=3", "z=4"]


@pytest.mark.parametrize(
    ("definitions", "used"),
    [
        (r"\def\a{\a}", r"1+\a"),
        (r"\def\a{\b x}\def\b{\a}", r"\a"),
        (
            "".join(
                rf"\def\{c}{{\{d}\{d}}}"
                for c, d in zip("abcdefghijklmnopqrs", "bcdefghijklmnopqrst", strict=True)
            ),
            r"\a",
        ),
        (r"\newcommand{\x}[1]{#1#1}", r"\x{" * 40 + "y" + "}" * 40),
        (r"\newcommand{\x}[1]{#1}", r"\x{" * 5000),
        (r"\newcommand{\x}[2]{#1#2}", r"\x{a}"),
    ],
)
def test_macros_that_do_not_end_are_refused(definitions, used):
    start = time.perf_counter()
    document, piece = only(f"{definitions}\n${used}$")
    assert piece.problem is not None
    assert document.place(piece.problem.position)[0] == 2
    assert time.perf_counter() - start < HANG


# -- damage ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "$a = b\n\n$c=d$",
        "$$a = b\n\n$c=d$",
        "\\[a = b\n\n$c=d$",
        "\\begin{align} a &= b\n\n$c=d$",
        "\\begin{align} a &= b\n\n\\begin{align} c=d \\end{align}",
    ],
)
def test_what_is_not_closed_is_told_and_the_rest_is_read(text):
    first, second = read_document(text).pieces
    assert first.problem is not None
    assert "that closes" in first.problem.message or "\\end{align}" in first.problem.message
    assert (second.source.strip(), second.problem) == ("c=d", None)


def test_long_documents_and_formulas_are_refused():
    with pytest.raises(InputError, match="at most"):
        read_document("x" * (LONGEST + 1))
    _, piece = only("$" + "x" * 200_000 + "$")
    assert piece.problem is not None


PIECES = st.sampled_from(
    r"""$ $$ \[ \] \( \) \begin{align} \end{align} \begin{cases} \end{cases} & \\ = + { } ( ) [ ] %
    \newcommand \def \x \y #1 #2 \text{ \label{ \tag \left \right . \boxed \overset \begin{array}
    ` ``` # ## a b _ ^ \section{ \verb | \input{ <!-- --> \let \$ é \quad \intertext{""".split()
    + ["\n", "\n\n", " ", "\t", "%!", "1\t2\n"]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join), st.sampled_from(["tex", "md", "txt"]))
def test_any_text_is_read(text, kind):
    document = read_document(text, kind)
    for piece in document.pieces:
        n = len(piece.source)
        for start in range(0, n, 7):
            first, last = piece.span(start, n)
            assert 0 <= first <= last <= len(text)
        assert 0 <= piece.start <= piece.end <= len(text)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["tex", "md", "txt"]))
def test_any_bytes_are_read(data, kind):
    read_document(data.decode("latin-1"), kind)


@pytest.mark.parametrize(
    "unit",
    [
        "$",
        "$$",
        r"\[",
        r"\(",
        r"\begin{align}",
        r"\begin{align}\end{align}",
        "{",
        "}",
        "\\",
        "%",
        "`",
    ]
    + ["$a$", r"\newcommand{\x}{", r"\def\x{\x}", r"\newcommand{\x}[1]{#1}$\x{$", r"\text{$", "&"]
    + [
        r"$\text{",
        "$ \\\\ $",
        "# a\n",
        "```\n",
        "<!--",
        r"\verb|",
        r"\iffalse",
        "\n\n",
        "$\\left\\{",
    ]
    + [
        r"\begin{verbatim}",
        r"$\quad ",
        r"$$\begin{aligned}",
        r"$a=$ ",
        "$=$ ",
        "$a=$\n1\t2\n",
        "=",
        "(",
        " ",
    ],
)
@pytest.mark.parametrize("kind", ["tex", "md"])
def test_nothing_takes_long(unit, kind):
    text = (unit * 100_000)[:100_000]
    start = time.perf_counter()
    read_document(text, kind)
    assert time.perf_counter() - start < HANG
