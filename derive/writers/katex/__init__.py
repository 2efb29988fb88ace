"""KaTeX as it goes into a page: the style sheet with its fonts inside, and the script.

The files are those of the npm package `katex` 0.19.1 (MIT, see LICENSE), unchanged: `katex.min.js`,
`katex.min.css` and the fonts in WOFF2.
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent

_SOURCE = re.compile(r"src:url\(fonts/([\w-]+\.woff2)\)[^}]*")


@cache
def script() -> str:
    """The script that defines `katex`."""
    return (FOLDER / "katex.min.js").read_text(encoding="utf-8")


@cache
def style() -> str:
    """The style sheet; it refers to no file, for the fonts are in it."""
    sheet = (FOLDER / "katex.min.css").read_text(encoding="utf-8")
    return _SOURCE.sub(lambda found: f'src:url({_embedded(found[1])}) format("woff2")', sheet)


def _embedded(font: str) -> str:
    data = b64encode((FOLDER / "fonts" / font).read_bytes()).decode("ascii")
    return f"data:font/woff2;base64,{data}"
