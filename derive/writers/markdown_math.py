r"""LaTeX that survives Markdown.

GitHub reads Markdown also between dollar signs: there `\\` becomes `\`, `\{` becomes `{`, `*` and
`_` between two signs begin emphasis, `<i` begins a tag and `](` a link; and its MathJax refuses
`\operatorname`.  So formulas are spelled without any of them, in LaTeX that means the same: `\cr`
ends a line, `\lbrace` is a brace, `\arg\max` an operator, and a space follows some underscores.
What has no other spelling is the `\_` in the name of a layer: GitHub shows a subscript there.
"""

from __future__ import annotations

import re

from derive.document.math import Math
from derive.writers.latex_math import latex_math

_SPELLED = {
    r"\\": r"\cr ",
    r"\{": r"\lbrace ",
    r"\}": r"\rbrace ",
    r"\,": r"\thinspace ",
    r"\;": r"\ ",
    "<": r"\lt ",
    ">": r"\gt ",
    r"\operatorname*{arg\,max}": r"\arg\max",
    r"\operatorname{": r"\mathrm{",
}
_PIECE = re.compile("|".join(map(re.escape, sorted(_SPELLED, key=len, reverse=True))))
# Where Markdown may see the start of emphasis: an underscore behind a sign and before a brace.
_EMPHASIS = re.compile(r"(?<![A-Za-z0-9])_\{")


def markdown_math(tree: Math) -> str:
    r"""The LaTeX of typeset mathematics, without dollar signs, as Markdown leaves it alone.

    >>> from derive.document.math import Comma, Name, Relation, Scripts, row
    >>> tagged = Scripts(Name("z", tag="(conv)"), row(Name("i"), Comma(True), Name("j")))
    >>> print(markdown_math(row(tagged, Relation("<"), Name("k"))))
    z^{(conv)}_ {i,\thinspace j}\lt k
    """
    spelled = _PIECE.sub(lambda found: _SPELLED[found[0]], latex_math(tree))
    return _EMPHASIS.sub("_ {", spelled).replace("](", "] (").replace("  ", " ").rstrip()
