"""Markdown: its formulas survive a reader of Markdown, KaTeX takes them, and they read back."""

import re

import pytest
from documents import sample
from markdown_it import MarkdownIt
from pages import EXAMPLES, NASTY, Page, document, rendered

from derive.document.math import (
    Big,
    Comma,
    Fenced,
    Name,
    Operator,
    Relation,
    Scripts,
    row,
)
from derive.document.model import (
    BulletList,
    Code,
    CodeListing,
    Display,
    Document,
    Emphasis,
    Equation,
    Note,
    Paragraph,
    Section,
    Strong,
    Subsection,
    Table,
    line,
)
from derive.latex.parse import parse
from derive.latex.tokens import RELATIONS, Tokens
from derive.writers.latex_math import latex_math
from derive.writers.markdown import markdown
from derive.writers.markdown_math import markdown_math

BLOCK = re.compile(r"^\$\$\n\\begin\{aligned\}\n(.*?)\n\\end\{aligned\}\n\$\$$", re.M | re.S)
INLINE = re.compile(r"\$([^$\n]+)\$")


def page(source: str) -> Page:
    """What a reader of Markdown that knows nothing of mathematics makes of it."""
    return Page(f"<body>{MarkdownIt('commonmark').enable('table').render(source)}</body>")


def formulas(text: str) -> list[str]:
    """The formulas between dollar signs, those of displays first."""
    blocks = [found[0].strip("$") for found in BLOCK.finditer(text)]
    return blocks + INLINE.findall(BLOCK.sub("", text))


def equations(block: str) -> list[str]:
    """The equations of a display: continued lines joined, and nothing of what stands beside."""
    found: list[str] = []
    for shown in block.split(" \\cr\n"):
        if shown.startswith(r"&\quad \text{"):
            continue
        left, right = shown.split(" && ")[0].split("&", 1)
        if right.startswith(r"\quad\quad"):
            found[-1] += right
        else:
            found.append((left + right).removeprefix("="))
    return found


@pytest.mark.parametrize("example", EXAMPLES)
def test_formulas_survive_markdown(example):
    source = markdown(document(example))
    wanted = formulas(source)
    assert len(wanted) > 200
    assert formulas(page(source).of("body")[0]) == wanted


@pytest.mark.parametrize("example", EXAMPLES)
def test_katex_accepts_every_formula(example):
    for latex in formulas(markdown(document(example))):
        assert "katex-error" not in rendered(latex, strict="ignore")


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_equation_reads_back(example):
    blocks = BLOCK.findall(markdown(document(example)))
    assert len(blocks) == len(document(example).displays)
    for block, display in zip(blocks, document(example).displays, strict=True):
        for written, e in zip(equations(block), display.equations, strict=True):
            left = (e.left, Relation(e.relation)) if e.left is not None else ()
            plain = written.replace(r"\quad\quad{}\cdot", "")  # before a factor on a new line
            assert parse(plain) == parse(latex_math(row(*left, e.right)))


def test_nothing_in_a_formula_is_markdown():
    x, y = Name("x"), Scripts(Name("y", ("hat",)), Name("i"))
    least = Big("argmax", (row(x, Relation("<"), y), row(y, Relation(">"), x)))
    tree = row(
        Operator("erf"), Fenced("paren", x), Fenced("brace", row(x, Comma(True), y)), least, x
    )
    written = markdown_math(tree)
    assert not re.search(r"\\[^A-Za-z ]|[<>*]|(?<![A-Za-z0-9])_(?! )|operatorname", written)
    assert rendered(written)
    texts = [
        [RELATIONS.get(t.text, t.text) for t in Tokens(x).list] for x in (written, latex_math(tree))
    ]
    assert texts[0] == texts[1]


def test_links_lead_to_equations_of_the_file():
    source = markdown(sample())
    assert re.findall(r"\]\(#(\w+)\)", source) == ["eq1", "eq2"]
    for name in ("eq1", "eq2"):
        assert source.count(f'<a id="{name}"></a>\n\n$$\n') == 1


def test_text_stays_text():
    nasty = (
        Section(NASTY, line(Code(NASTY))),
        Subsection(line(NASTY)),
        Paragraph(line(NASTY, Emphasis("*a_"), Strong("`b"), Code(NASTY)), line(NASTY)),
        BulletList((line(NASTY),)),
        Table((line(NASTY, Code(NASTY)), line("b")), ((line(NASTY), line()),)),
        Note(line(NASTY)),
        CodeListing(f"```\n{NASTY}"),
    )
    source = markdown(Document(NASTY, nasty, line(NASTY)))
    read = page(source.replace("<span>$</span>", "$"))
    allowed = "body h1 h2 h3 p em strong code ul li table thead tbody tr th td blockquote pre"
    assert {tag for tag, _ in read.elements} == set(allowed.split())
    assert not [attributes for _, attributes in read.elements if attributes]
    assert read.of("h1") == [NASTY]
    assert "".join(read.of("body")).count(NASTY) == 14
    assert read.of("th") == [NASTY * 2, "b"]
    outside = re.sub(r"<span>\$</span>|`` .*? ``|^````.*?^````", "", source, flags=re.M | re.S)
    assert "$" not in outside


def test_reasons_stand_beside_or_below_and_outside_if_they_must():
    x, y = Name("x"), Scripts(Name("y"), Name("i"))
    beside = Equation(x, y, reason=line("each ", y, " is it"))
    below = Equation(x, y, reason=line("a long reason, " * 10))
    outside = Equation(x, y, reason=line("100%"))
    assert r"x &=y_{i} && \text{each }y_{i} \text{ is it}" in markdown(shown(beside))
    assert "x &=y_{i} \\cr\n&\\quad \\text{— a long reason, " in markdown(shown(below))
    assert markdown(shown(outside)).endswith("$$\n\n- 100%\n")


def shown(equation: Equation) -> Document:
    return Document("a title", (Display((equation,)),))


def test_a_page_reads_as_it_stands():
    source = markdown(sample())
    assert source.startswith("# A small convolutional network\n\nForward formulas, Jacobians")
    assert "\n## 1. Convolution `conv`\n" in source
    assert "By the definition [(1)](#eq1),\n\n$$\n\\begin{aligned}\n\\frac" in source
    assert r" && \text{distinct weights are independent} \cr" in source
    assert r"\text{ picks one term of its sum} \quad \checkmark" in source
    assert "| Parameter | Entries | Shape |\n| --- | --: | --- |\n" in source
    assert "\n- $\\approx$ 3: agree to 60 digits\n" in source
    assert markdown(sample()) == source
