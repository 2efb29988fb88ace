"""The HTML page: accepted by KaTeX, text stays text, and nothing is needed but the page."""

import re
from base64 import b64encode
from hashlib import sha256

import pytest
from documents import sample
from pages import EXAMPLES, NASTY, Page, document, rendered

from derive.document.model import (
    BulletList,
    Code,
    CodeListing,
    Document,
    Emphasis,
    Note,
    Paragraph,
    Section,
    Strong,
    Subsection,
    Table,
    line,
)
from derive.pipeline import Solution
from derive.writers import katex
from derive.writers.html import formula, html

TAGS = set(
    "html head meta title style body main header h1 h2 h3 p ul li a span div em strong code pre "
    "table thead tbody tr th td script".split()
)
ATTRIBUTES = {"class", "id", "href", "title", "lang", "charset", "name", "content", "http-equiv"}


def test_katex_refuses_what_it_does_not_know():
    for wrong in (r"\frac{1}", r"\undefined", r"x\label{a}", "é"):
        with pytest.raises(Exception, match="KaTeX parse error"):
            rendered(wrong)
    assert "katex-html" in rendered("x")


@pytest.mark.parametrize("example", EXAMPLES)
def test_katex_accepts_every_formula(example):
    page = Page(html(document(example)))
    displayed = page.of("span", "display")
    assert len(displayed) > 150
    assert len(page.of("span", "math")) - len(displayed) > 100
    for latex in page.of("span", "math"):
        assert "katex-error" not in rendered(latex)


@pytest.mark.parametrize("example", EXAMPLES)
def test_links_lead_to_equations_of_the_page(example):
    elements = Page(html(document(example))).elements
    links = [a["href"] for tag, a in elements if tag == "a"]
    targets = [a["id"] for _, a in elements if "id" in a]
    assert len(targets) == len(set(targets))
    assert {f"#eq{k}" for k in document(example).numbers.values()} == set(links)
    assert {link.removeprefix("#") for link in links} <= set(targets)


def test_the_page_needs_nothing_but_itself():
    source = html(sample())
    page = Page(source)
    assert not [a for _, a in page.elements if "src" in a]
    styles = "".join(page.of("style"))
    assert styles.count("url(data:font/woff2;base64,") == styles.count("url(") == 20
    assert "@import" not in styles
    assert not re.findall(r"https?://(?!www\.w3\.org/)", source)


def test_the_policy_allows_the_script_of_the_page_only():
    page = Page(html(sample(NASTY)))
    (script,) = page.of("script")
    digest = b64encode(sha256(script.encode()).digest()).decode()
    (policy,) = [a["content"] for _, a in page.elements if "http-equiv" in a]
    assert policy.startswith("default-src 'none'; ")
    assert f"script-src 'sha256-{digest}';" in policy


def test_text_stays_text():
    nasty = (
        Section(NASTY, line(Code(NASTY))),
        Subsection(line(NASTY)),
        Paragraph(line(NASTY, Emphasis(NASTY), Strong(NASTY), Code(NASTY)), line(NASTY)),
        BulletList((line(NASTY),)),
        Table((line(NASTY),), ((line(NASTY),),)),
        Note(line(NASTY)),
        CodeListing(NASTY),
    )
    page = Page(html(Document(NASTY, nasty, line(NASTY))))
    assert {tag for tag, _ in page.elements} <= TAGS
    assert {name for _, attributes in page.elements for name in attributes} <= ATTRIBUTES
    assert page.of("title") == page.of("h1") == [NASTY]
    assert "".join(page.of("body")).count("alert('1')") == 15
    assert formula("i<j & k") == '<span class="math">i&lt;j &amp; k</span>'
    assert html(Document("a\u202eb\x00c\td", ())).count("abc d") == 2


def test_a_line_has_its_reason_verdict_and_number_beside_it():
    page = Page(html(sample()))
    margins = page.of("span", "margin")
    assert margins[:2] == ["(1)", r"(1); L is not b^{(conv)}_{o}"]
    assert margins[-1] == "≈(2)"
    assert len(page.of("div", "equations")) == 3
    assert page.of("div", "below") == ["the derivative above, put in for every position"]
    assert page.of("tr")[-2:] == ["?1could not be checked", "×0are false"]


def test_a_solution_is_written_in_several_formats_at_once(tmp_path):
    solution = Solution(document("lenet"), ())
    files = solution.write(tmp_path / "new", formats=["md", "html"], stem="net")
    assert [f.name for f in files] == ["net.tex", "net.html", "net.md"]
    assert {f.name for f in (tmp_path / "new").iterdir()} == {f.name for f in files}
    first = [f.read_bytes() for f in files]
    assert [f.read_bytes() for f in solution.write(tmp_path, ["html", "md"])] == first


def test_equal_documents_give_equal_pages():
    assert html(sample()) == html(sample())


def test_the_files_of_katex_are_those_of_one_version():
    version = re.search(r'version:"([\d.]+)"', katex.script())
    assert version is not None
    assert f"`katex` {version[1]} (MIT" in katex.__doc__
    assert "MIT License" in (katex.FOLDER / "LICENSE").read_text(encoding="utf-8")
