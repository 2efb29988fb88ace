"""What the tests of written pages share: the documents of the examples, KaTeX, nasty text."""

from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import quickjs

from derive.document.model import Document
from derive.network.build import build
from derive.network.given import load
from derive.pipeline import solution
from derive.writers import katex

EXAMPLES = ("lenet", "lenet_symbolic")
NASTY = (
    r"""</title><script>alert('1')</script> & \write18{x} $x$ `y` *z* [a](b) 100% {#} "q" ~^_|"""
)


@cache
def document(example: str) -> Document:
    folder = Path(__file__).resolve().parents[1] / "examples"
    return solution(build(load(folder / f"{example}.toml"))).document


@cache
def _engine() -> quickjs.Context:
    context = quickjs.Context()
    context.eval(katex.script())
    context.eval(
        "var render = (latex, strict) =>"
        " katex.renderToString(latex, {displayMode: true, throwOnError: true, strict})"
    )
    return context


def rendered(latex: str, strict: str = "error") -> str:
    """The HTML that KaTeX makes of a formula; what it does not accept is an error."""
    return _engine().get("render")(latex, strict)


class Page(HTMLParser):
    """A page taken apart: its elements with their attributes, and the text in each of them."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[int] = []
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.texts.append("")
        if tag not in ("meta", "br", "hr"):
            self.open.append(len(self.elements) - 1)

    def handle_endtag(self, tag):
        assert self.elements[self.open.pop()][0] == tag

    def handle_data(self, data):
        for k in self.open:
            self.texts[k] += data

    def of(self, tag: str, kind: str = "") -> list[str]:
        """The texts of the elements with this tag, of this class."""
        return [
            text
            for (name, attributes), text in zip(self.elements, self.texts, strict=True)
            if name == tag and (not kind or kind in (attributes.get("class") or "").split())
        ]
