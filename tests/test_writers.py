"""Documents as LaTeX and Typst: every block is spelled, and nothing a user wrote is markup."""

import re

import pytest
from documents import sample, steps
from hypothesis import given
from hypothesis import strategies as st
from pylatex.utils import NoEscape

from derive.document.model import (
    Code,
    Display,
    Document,
    Equation,
    Mark,
    Paragraph,
    Reference,
    Section,
    Table,
    line,
)
from derive.writers.latex import fragments, latex
from derive.writers.latex_text import escape
from derive.writers.page import kept
from derive.writers.templates import environment
from derive.writers.typst import Markup, literal, typst

# What breaks out of text in TeX or in Typst, if anything does.
HOSTILE = (
    r"\write18{id} \input{/etc/passwd} 100% #1 $x$ a_b^c ~ {\bf} & \end{document} \\ ^^5c -- << ?` "
    '"quoted" #read("/etc/passwd") [a] *b* _c_ `d` @e <f> // /* \' Ünï ∂L/∂w λ 漢字 \u202e \x07'
)


def test_the_model_refuses_what_cannot_be_printed():
    known = Display((Equation(None, steps()[0].right, label="a"),))
    with pytest.raises(ValueError, match="'b', which no equation has"):
        Document("t", (known, Paragraph(line(Reference("b")))))
    with pytest.raises(ValueError, match="two equations have the label 'a'"):
        Document("t", (known, known))
    with pytest.raises(ValueError, match="a row of 1 cells in a table of 2"):
        Table((line("p"), line("q")), ((line("p"),),))


def test_only_equations_that_are_referred_to_are_numbered():
    assert sample().numbers == {"forward": 1, "gradient": 2}
    equation = Equation(None, steps()[0].right, label="a")
    assert Document("t", (Display((equation,)),)).numbers == {}
    assert r"\label" not in latex(Document("t", (Display((equation,)),)))


def test_latex_of_a_display():
    definition = Display((Equation(None, steps()[0].right, label="forward"),))
    text = latex(Document("t", (definition, Display(steps()))))
    assert text.count(r"\tag*{\aside{}{}{eq:forward}}") == 1
    align = text[text.rindex(r"\begin{align*}") : text.rindex(r"\end{align*}")]
    lines = align.splitlines()[1:]
    assert [x.count("&=") for x in lines] == [1, 1, 1]
    assert [r"{\verified}" in x for x in lines] == [False, False, True]
    assert r"\tag*{\aside{distinct weights are independent}{}{}} \\" in lines[1]
    assert r"\eqref{eq:forward}; " in lines[0]


def test_no_page_ends_before_the_last_line_of_a_display():
    right = steps()[0].right
    rows = latex(Document("t", (Display((Equation(None, right),) * 5),))).count
    assert (rows("\\\\*\n"), rows("\\\\\n")) == (1, 3)


def test_what_leads_to_a_display_stays_with_it():
    aside, lead, formula = Paragraph(line("p")), Paragraph(line("q")), Display(steps()[1:])
    blocks = (aside, Section("s"), lead, lead, formula, aside, Section("t"), aside)
    assert kept(blocks) == [False, True, True, True, False, False, True, False]
    assert latex(Document("t", blocks)).count(r"q\nopagebreak") == 2
    assert typst(Document("t", blocks)).count("#lead-in[") == 2


def test_typst_of_a_display():
    text = typst(sample())
    rows = text[text.index("#aligned-rows(\n") :].split("\n)")[1].splitlines()
    assert 'mark: "exact"' in text
    assert "number: 2" in text
    assert 'reason: [#"distinct weights are independent"]' in text
    assert '#link(label("eq1"))[(1)]' in text
    assert rows


@pytest.mark.parametrize("mark", list(Mark))
def test_every_verdict_has_its_sign(mark):
    document = Document("t", (Display((Equation(None, steps()[0].right, mark=mark),)),))
    signs = {m: latex(document).split(r"\begin{document}")[1].count(s) for m, s in SIGNS.items()}
    assert signs == {m: int(m is mark) for m in Mark}
    assert f'mark: "{mark.value}"' in typst(document)


SIGNS = {
    Mark.EXACT: r"\verified",
    Mark.NUMERIC: r"\agreed",
    Mark.REFUTED: r"\refuted",
    Mark.UNCHECKED: r"\unchecked",
}


def test_named_displays_are_fragments():
    found = fragments(sample())
    assert list(found) == ["conv", "conv.weight"]
    assert found["conv"].count(r"\begin{align*}") == 1
    assert r"\documentclass" not in found["conv"]
    elsewhere = Display(sample().displays[0].equations, name="../jacobian:conv/x")
    assert list(fragments(Document("t", (elsewhere,)))) == ["..-jacobian-conv-x"]


def test_hostile_text_is_text_in_latex():
    blocks = (Section(HOSTILE, line(Code(HOSTILE))), Paragraph(line(HOSTILE)))
    body = latex(Document(HOSTILE, blocks))
    body = body.split(r"\begin{document}")[1]
    commands = set(re.findall(r"\\[A-Za-z]+", body))
    assert not commands & {r"\write", r"\input", r"\bf"}
    assert body.count(r"\end{document}") == 1
    assert r"100\% \#1 \$x\$ a\_b\^{}c" in body
    assert r"\ensuremath{\partial}L/\ensuremath{\partial}w \ensuremath{\lambda}" in body
    assert r"\otherchar{漢}{6F22}\otherchar{字}{5B57}" in body


@given(st.text())
def test_escaped_latex_has_no_active_characters(text):
    """Whatever the text: brackets balance, and every special character is spelled by a command."""
    spelled = str(escape(text))
    assert not re.search(r"[\x00-\x1f\x7f]", spelled)
    bare = re.sub(r"\\([A-Za-z]+|[^A-Za-z])", "", spelled)
    assert not set(bare) & set("%#$&_^\\")
    depth = 0
    for c in re.sub(r"\\[{}]", "", spelled):
        depth += {"{": 1, "}": -1}.get(c, 0)
        assert depth >= 0
    assert depth == 0


def test_escape_leaves_latex_and_plain_words_alone():
    assert escape(NoEscape(r"\emph{x}")) == r"\emph{x}"
    assert escape("cross-entropy, well-known: isn't it?") == "cross-entropy, well-known: isn't it?"


@given(st.text())
def test_a_typst_literal_ends_where_it_should(text):
    spelled = str(literal(text))
    assert re.fullmatch(r'"(?:[^"\\\x00-\x1f]|\\["\\])*"', spelled)


def test_typst_markup_is_left_alone():
    assert literal(Markup("[x]")) == "[x]"
    assert str(literal("isn't")) == '"isn’t"'


@pytest.mark.parametrize("escape_by", [escape, literal])
def test_frames_escape_strings_and_refuse_missing_names(escape_by):
    frame = environment(escape_by).from_string(r"\VAR{a} {{ b }} \#{note}")
    assert frame.render(a="%") == escape_by("%") + " {{ b }} "
    with pytest.raises(Exception, match="'a' is undefined"):
        frame.render()


def test_writers_are_deterministic():
    assert latex(sample()) == latex(sample())
    assert typst(sample()) == typst(sample())
