r"""The frames of pages, as Jinja2 templates whose marks survive LaTeX and Typst alike.

`\VAR{title}`, `\BLOCK{for ...}` and `\#{a comment}`: braces of the usual kind would clash with
mathematics.  A name that is not given is an error, and so is a value that is neither markup nor
made markup by the `escape` of the writer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

PACKAGE = Path(__file__).resolve().parents[1]


def folder() -> Path:
    """Where the templates are: inside an installed package, beside it in a checkout."""
    inside = PACKAGE / "templates"
    return inside if inside.is_dir() else PACKAGE.parent / "templates"


@cache
def environment(escape: Callable[[object], str]) -> Environment:
    """The environment of a writer; every value passes through its `escape`."""
    return Environment(
        loader=FileSystemLoader(folder(), encoding="utf-8"),
        undefined=StrictUndefined,
        finalize=escape,
        autoescape=False,
        block_start_string=r"\BLOCK{",
        block_end_string="}",
        variable_start_string=r"\VAR{",
        variable_end_string="}",
        comment_start_string=r"\#{",
        comment_end_string="}",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
