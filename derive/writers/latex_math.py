r"""Spell typeset mathematics in LaTeX (amsmath, inside what KaTeX accepts).

How a formula is written, so that a strict reader can follow.  Braces are never left out after ^
and _; components always separate indices by commas; spaces mean nothing; `\bigl \bigr \Bigl \Bigr
\biggl \biggr \Biggl \Biggr` before a delimiter and `\,` `\;` `\quad` mean nothing.

    Number         3   \frac{3}{2}; in an exponent 3/2
    Count          N, a product of sizes, a sum in brackets: \frac{1}{N}, HW, (H-4)
    Component      z^{(conv)}_{n,o,i+\alpha-1,j}   L   [X_{col}]_{i,j} where the name ends in a
                   subscript
    Plus           a + b - c, nested sums flat, a positive term first where there is one
    Times          a b c juxtaposed, nested products flat; \cdot only before a digit, and where a
                   factor starts a continued line; a factor -1 is the sign of the term; numbers
                   and 1/N in front; sums in brackets
    Power(x, -n)   \frac{a b}{c d^{2}}: every factor of the denominator has a negative exponent
    Power          x_{i}^{2}, x^{1/2}, x^{-1/2}; base in brackets unless a name without superscript,
                   a number, or already in brackets: (z^{(fc1)}_{n,j})^{2}
    Apply          \exp(x) \tanh(x) \sin(x) \cos(x) \sqrt{x} \lvert x\rvert \sigma(x) = sigmoid
                   \operatorname{erf}(x), {sign}, {GELU}, {softplus}, {signedpower}(x,p)
                   \log y_{n,j}: a component at the end of a product needs no brackets; \log(x)
                   otherwise; relu is \max(x,0)
                   unknown: f(x), f'(x), f''(x); of several arguments
                   \partial_{1}\partial_{2}f(x,y)
    Greatest       \max(a,b); one that looks like relu: \max\{x,0\};   Least  \min(a,b)
    Sum            \sum_{i=1}^{5} \sum_{j=\max(1,p-4)}^{\min(24,p)} body: one \sum for each range;
                   the body reaches to the next + or - outside brackets, its own sums in brackets;
                   a condition is one line more: \sum_{\substack{j=1\\j\ne k}}^{10}
    Max            \max_{1\le\alpha,\beta\le 2} body, ranges with equal bounds together, else
                   \max_{\substack{1\le\alpha\le 2\\1\le\beta\le 3\\condition}} body
    Chosen         [(p,q)=\operatorname*{arg\,max}_{\substack{2i-1\le u\le 2i\\...}} z_{n,c,u,v}]
                   written over the places that are read (see derive.document.present); of one
                   index [p=\operatorname*{arg\,max}_{1\le u\le 2} ...]; a condition without [ ]
    Delta          \delta_{ij} for two letters (with primes: \delta_{oo'}), else
                   \delta_{i+\alpha-1,\,p}; of class indices [t_{n}=j]
    Bracket        [condition]
    Cases          \begin{cases}a & \text{if }condition \\ b & \text{otherwise}\end{cases}
    Derivative     \frac{\partial z_{i}}{\partial x_{j}}; of a compound formula
                   \frac{\partial}{\partial x_{j}}(...), without brackets around a function call;
                   \frac{\partial^{2}L}{\partial y_{j}\,\partial x_{i}}: by x first, then by y
    cotangent      \delta^{(conv)}_{n,o,i,j} where the notation says so, always with a superscript
    NonNegative    a\le b, i<j, p\ge 5 where one side is a number; chains a\le e\le b
    Equal Divides  e=f, d\mid e;   Not: e\ne f, d\nmid e, \lnot(...)
    And Or         a\text{ and }b, a\text{ or }b, compound parts in brackets; \text{true},
                   \text{false}
    Compare        x<y, x\le y, x=y, x\ne y; a number on the left goes right: z>0, z\ge 0
    Int            i+\alpha-1, 2(i-1)+\alpha, S(i-1)+\alpha-P, p-i+1, 2HW
    Floor          \lfloor(p-1)/2\rfloor+1, by a product \lfloor p/(2S)\rfloor; on its own line
                   \Bigl\lfloor\frac{H+2P-K}{S}\Bigr\rfloor+1; in a lower bound \lceil p/2\rceil
    Ravel          (c-1)\cdot 144+(m-1)\cdot 12+l, with names (c-1)HW+(m-1)W+l
    Unravel        \lfloor(k-1)/144\rfloor+1, (\lfloor(k-1)/12\rfloor\bmod 12)+1
    bounds         \max(1,p-4), \min(24,p) of integers
    ranges         n=1,\dots,64 and i,j=1,\dots,24; one or two values: c=1, i=1,2
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from derive.document import layout
from derive.document.math import (
    Big,
    Break,
    CasesMath,
    Column,
    Comma,
    Fence,
    Fenced,
    FenceKind,
    Fraction,
    Math,
    Name,
    Numeral,
    Operator,
    Relation,
    Root,
    Row,
    Scripts,
    Sign,
    Space,
    Words,
    has_big_operator,
)
from derive.document.notation import Names
from derive.ir import Formula

_SIGNS = {
    "+": "+",
    "-": "-",
    "prefix -": "-",
    "cdot": r"\cdot",
    "times": r"\times",
    "odot": r"\odot",
    "otimes": r"\otimes",
    "star": r"\star",
    "bmod": r"\bmod",
    "slash": "/",
    "partial": r"\partial",
    "dots": r"\dots",
    "vdots": r"\vdots",
    "not": r"\lnot",
}
_RELATIONS = {
    "=": "=",
    "!=": r"\ne",
    "<": "<",
    "<=": r"\le",
    ">": ">",
    ">=": r"\ge",
    "divides": r"\mid",
    "divides not": r"\nmid",
    "to": r"\to",
    "in": r"\in",
    "approx": r"\approx",
}
_FENCES: dict[FenceKind, tuple[str, str]] = {
    "paren": ("(", ")"),
    "bracket": ("[", "]"),
    "brace": (r"\{", r"\}"),
    "floor": (r"\lfloor", r"\rfloor"),
    "ceil": (r"\lceil", r"\rceil"),
    "bar": (r"\lvert", r"\rvert"),
    "norm": (r"\lVert", r"\rVert"),
}
_SIZES = ("", r"\big", r"\Big", r"\bigg", r"\Bigg")
_BIGS = {
    "sum": r"\sum",
    "prod": r"\prod",
    "max": r"\max",
    "min": r"\min",
    "argmax": r"\operatorname*{arg\,max}",
    "lim": r"\lim",
}
_OPERATORS = frozenset("exp log sin cos tanh max min".split())
_SPACES = {"thin": r"\,", "thick": r"\;", "quad": r"\quad"}


def latex(f: Formula, names: Names | None = None) -> str:
    r"""The LaTeX of a formula, with letters chosen for it alone unless `names` are given.

    >>> from derive.ir import Index, Tensor
    >>> latex(2 * Tensor("x", "x", (3,))[Index("i")] - 1)
    '2x_{i}-1'
    """
    return latex_math(layout.formula(f, names or Names.of([f])))


def latex_math(tree: Math) -> str:
    """The LaTeX of typeset mathematics, without dollar signs."""
    return _joined(_tokens(tree))


def _joined(tokens: list[str]) -> str:
    """Tokens one after the other; a space where a command would run into a letter or digit."""
    text = ""
    for t in tokens:
        if t == " " and text.endswith(" "):
            continue
        if t[:1].isalnum() and re.search(r"\\[A-Za-z]+$", text):
            text += " "
        text += t
    return text


def _tokens(tree: Math) -> list[str]:
    match tree:
        case Row(parts):
            return _row(parts)
        case Name():
            return [_name(tree)]
        case Numeral(digits):
            return [digits]
        case Sign(kind):
            return [_SIGNS[kind]]
        case Relation(kind):
            return [_RELATIONS[kind]]
        case Scripts():
            return [_scripts(tree)]
        case Fraction(above, below):
            return [rf"\frac{{{latex_math(above)}}}{{{latex_math(below)}}}"]
        case Root(body):
            return [rf"\sqrt{{{latex_math(body)}}}"]
        case Fenced(kind, body, size):
            opening, closing = Fence(kind, True, size), Fence(kind, False, size)
            return [*_tokens(opening), *_tokens(body), *_tokens(closing)]
        case Fence(kind, opens, size):
            side = ("l" if opens else "r") if size else ""
            return [f"{_SIZES[size]}{side}", _FENCES[kind][not opens]]
        case Big():
            return [_big(tree)]
        case Operator(name):
            return [f"\\{name}" if name in _OPERATORS else rf"\operatorname{{{name}}}"]
        case CasesMath(branches):
            return [_lined("cases", (" & ".join(map(_cell, branch)) for branch in branches))]
        case Column(entries):
            return [_lined("bmatrix", map(latex_math, entries))]
        case Comma(spaced):
            return [r",\," if spaced else ","]
        case Words(text):
            return [rf"\text{{{text}}}"]
        case Space(width):
            return [_SPACES[width]]
        case Break():
            return [" "]


def _big(big: Big) -> str:
    lower = rf"_{{{_lines(big.under)}}}" if big.under else ""
    return _BIGS[big.kind] + lower + (rf"^{{{latex_math(big.over)}}}" if big.over else "")


def _lined(environment: str, lines: Iterable[str]) -> str:
    return rf"\begin{{{environment}}}" + r" \\ ".join(lines) + rf"\end{{{environment}}}"


def _row(parts: tuple[Math, ...]) -> list[str]:
    tokens: list[str] = []
    for k, p in enumerate(parts):
        before = parts[k - 1] if k else None
        if (
            isinstance(p, Sign)
            and p.kind in ("+", "-", "cdot")
            and isinstance(before, Space | None)
        ):
            # At the start of a continued line, an empty group keeps the space of a binary sign.
            tokens.append("{}")
        tokens += _tokens(p)
        if isinstance(p, Big) or (isinstance(before, Break) and isinstance(p, Sign | Relation)):
            tokens.append(" ")
    return tokens


def _cell(tree: Math) -> str:
    """A cell of cases, where big operators would else be set as in a line of text."""
    display = has_big_operator(tree)
    return (r"\displaystyle " if display else "") + latex_math(tree)


def _name(name: Name) -> str:
    text = name.base
    for accent in reversed(name.accents):
        text = rf"\{accent}{{{text}}}"
    text += "'" * name.primes
    text += rf"^{{{name.tag}}}" if name.tag else ""
    return text + (rf"_{{{name.mark}}}" if name.mark else "")


def _scripts(tree: Scripts) -> str:
    base = latex_math(tree.base)
    below = rf"_{{{latex_math(tree.below)}}}" if tree.below else ""
    above = rf"^{{{latex_math(tree.above)}}}" if tree.above else ""
    return base + below + above


def _lines(lines: tuple[Math, ...]) -> str:
    written = [latex_math(line) for line in lines]
    stacked = r"\\".join(written)
    return written[0] if len(written) == 1 else rf"\substack{{{stacked}}}"
