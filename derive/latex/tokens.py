"""The tokens of one formula as the parser takes them, and what the commands mean to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import NoReturn

from derive.latex.error import ReadError
from derive.latex.tokenize import Token, tokenize

DEEPEST = 40
"""Brackets, scripts and operators inside each other, at most."""

_RELATIONS = {
    "=": "= := \\coloneqq \\equiv \\triangleq \\doteq",
    "!=": "\\ne \\neq",
    "<": "< \\lt",
    ">": "> \\gt",
    "<=": "\\le \\leq \\leqslant",
    ">=": "\\ge \\geq \\geqslant",
    "|": "\\mid",
    "!|": "\\nmid",
    "in": "\\in",
}
RELATIONS = {command: r for r, commands in _RELATIONS.items() for command in commands.split()}
LOGIC = {"and": "and", "or": "or", "\\land": "and", "\\wedge": "and", "\\lor": "or", "\\vee": "or"}
MOST_DIGITS = 1000
"""Digits of a number, at most."""
WORDS = frozenset(
    """for where with if when and or over given on such as in fixed any all every each whenever
    provided then so since because otherwise else""".split()
)
"""Words that belong to the text around a formula, also before a bracket."""
NAMING = ("(", "[", "\\{", "_", "^")
"""What follows upright words that are a name."""
OPERATORS = {
    **{"\\div": "/", "\\bmod": "mod"},
    **{
        mark: mark
        for mark in r"""* / \cdot \times \odot \oslash \circ \otimes \star \ast \circledast
        \boxtimes \diamond \bullet \oplus""".split()
    },
}
"""Marks between factors, and what the tree calls them."""
PRODUCT = ("", "*", "\\cdot", "\\times")
"""Marks of a product of numbers."""
FRACTIONS = ("\\frac", "\\dfrac", "\\tfrac", "\\cfrac", "\\nicefrac", "\\sfrac")
BINDING = {"\\sum": "sum", "\\prod": "prod", "\\max": "max", "\\min": "min", "argmax": "argmax"}
METHODS = frozenset(
    """view reshape permute transpose flatten stack im2col unfold matmul sum mean max min
    softmax""".split()
)
"""Functions of arrays that may stand behind an array and a dot."""
DOTS = ("\\vdots", "\\ddots", "\\dots", "\\ldots", "\\cdots", "\\dotsc", "\\vdots")
BRACKETS = {
    "(": ")",
    "[": "]",
    "{": "}",
    "\\{": "\\}",
    "|": "|",
    "\\|": "\\|",
    "\\lvert": "\\rvert",
    "\\lVert": "\\rVert",
    "\\lfloor": "\\rfloor",
    "\\lceil": "\\rceil",
    "\\langle": "\\rangle",
    "\\llbracket": "\\rrbracket",
    "\\vert": "\\vert",
    "\\Vert": "\\Vert",
}
ACCENTS = tuple(
    r"""\tilde \hat \bar \vec \dot \ddot \check \breve \acute \grave \widetilde \widehat \overline
    \underline \mathbf \mathbb \mathcal \mathsf \mathit \mathfrak \mathscr \boldsymbol \bm
    \mathtt \mathrm \mathbbm \mathds""".split()
)
FUNCTIONS = frozenset(
    r"""\exp \log \ln \sin \cos \tan \tanh \sinh \cosh \max \min \sum \prod""".split()
)
SYMBOLS = frozenset(
    r"""\alpha \beta \gamma \delta \epsilon \varepsilon \zeta \eta \theta \vartheta \iota \kappa
    \lambda \mu \nu \xi \pi \varpi \rho \varrho \sigma \varsigma \tau \upsilon \phi \varphi \chi
    \psi \omega \Gamma \Delta \Theta \Lambda \Xi \Pi \Sigma \Upsilon \Phi \Psi \Omega \ell \imath
    \jmath \hbar \partial \nabla \infty \top \bot \intercal \dagger \star \ast \circ \odot \prime
    \aleph""".split()
)
TABLES = ("cases", "dcases", "rcases", "matrix", "pmatrix", "bmatrix", "smallmatrix", "array")
OPENING = ("(", "[", "{", "\\{", "\\begin")
CLOSING = (")", "]", "}", "\\}", "\\end")
SEPARATORS = ("\\quad", "\\qquad", "\\\\")
"""What stands between clauses, outside all brackets."""


BEHIND_STRUT = ("+", "-", "\\cdot", "_", "^")
BEFORE_STRUT = ("=", ":=", "<", ">", "\\le", "\\leq", "\\ge", "\\geq", "+", "-", "\\cdot")


def _without_struts(tokens: list[Token]) -> list[Token]:
    """Without the empty groups that keep the space of a binary sign, or one script off another."""
    struts = {
        k
        for k in range(len(tokens) - 2)
        if tokens[k].text + tokens[k + 1].text == "{}"
        and (tokens[k + 2].text in BEHIND_STRUT or (k and tokens[k - 1].text in BEFORE_STRUT))
    }
    return [t for k, t in enumerate(tokens) if not {k, k - 1} & struts]


def _meaningful(tokens: list[Token], clauses: bool) -> Iterator[Token]:
    """Without spaces; those that stand between clauses are marks, alignment is not."""
    depth = 0
    for t in tokens:
        inside = depth > 0 or not clauses
        if t.kind != "space" and (inside or t.text != "&"):
            depth += (t.text in OPENING) - (t.text in CLOSING)
            yield t
        elif t.text in SEPARATORS and not inside:
            yield Token("mark", t.text, t.position)


class Tokens:
    """The tokens that mean something, and how far they have been taken.

    With `clauses`, a `\\quad` outside all brackets separates as a comma does.
    """

    def __init__(self, source: str, clauses: bool = False) -> None:
        every = tokenize(source)
        self.ends = {t.position: u.position for t, u in pairwise(every)}
        self.list = _without_struts(list(_meaningful(every, clauses)))
        self.taken = 0
        self.depth = 0
        self.unclosed = False

    @property
    def next(self) -> Token:
        return self.list[self.taken]

    @property
    def after(self) -> str:
        """The text of the token after the next one, "" at the end."""
        token = self.list[min(self.taken + 1, len(self.list) - 1)]
        return "" if token.kind == "end" else token.text

    @property
    def before(self) -> str:
        """The text of the token before the next one, "" at the beginning."""
        return self.list[self.taken - 1].text if self.taken else ""

    @property
    def at(self) -> int:
        return self.next.position

    @property
    def end(self) -> int:
        """Where the token before the next one ends."""
        before = self.list[self.taken - 1].position if self.taken else 0
        return self.ends.get(before, before)

    def sees(self, *texts: str) -> bool:
        return self.next.kind != "end" and self.next.text in texts

    def take(self) -> Token:
        token = self.next
        if token.kind == "end":
            self.stop("more")
        self.taken += 1
        return token

    def calls_method(self) -> bool:
        """Whether a dot comes next, a function of arrays, and an opening bracket."""
        dot, name, bracket = [*self.list[self.taken : self.taken + 3], *[self.list[-1]] * 3][:3]
        named = name.kind in ("text", "operator") and name.text in METHODS
        return dot.text == "." and named and bracket.text == "("

    def skip_to(self, *texts: str) -> None:
        """Passes over everything up to one of these that stands outside of brackets."""
        depth = 0
        while self.next.kind != "end" and (depth > 0 or self.next.text not in texts):
            depth += (self.next.text in OPENING) - (self.next.text in CLOSING)
            self.taken += 1

    def skip(self, *texts: str) -> bool:
        """Takes the next token if it is one of these."""
        seen = self.sees(*texts)
        self.taken += seen
        return seen

    def expect(self, text: str) -> None:
        if not self.skip(text):
            self.stop(f"“{text}”")

    def finish(self) -> None:
        if self.next.kind != "end":
            self.stop("an operator, a relation or the end")

    def stop(self, expected: str, token: Token | None = None) -> NoReturn:
        token = token or self.next
        found = "the end" if token.kind == "end" else f"“{token.text[:40]}”"
        raise ReadError(token.position, expected, found)

    # -- going back, for scripts that turn out to be no formula ------------------------------------

    def mark(self) -> tuple[int, int]:
        return self.taken, self.depth

    def back(self, mark: tuple[int, int]) -> None:
        self.taken, self.depth = mark

    def braced(self, problem: ReadError) -> tuple[str, ...]:
        """The texts of the tokens in the braces that come next; `problem` if there are none."""
        if self.unclosed or not self.sees("{"):
            raise problem
        start, open_ = self.taken, 0
        while self.next.kind != "end":
            open_ += self.sees("{") - self.sees("}")
            self.taken += 1
            if open_ == 0:
                return tuple(t.text for t in self.list[start + 1 : self.taken - 1])
        self.unclosed = True  # so no brace before this one is closed either
        raise problem

    # -- brackets ----------------------------------------------------------------------------------

    @contextmanager
    def inside(self) -> Iterator[None]:
        """One level further in."""
        self.depth += 1
        if self.depth > DEEPEST:
            self.stop(f"at most {DEEPEST} things inside each other")
        yield
        self.depth -= 1

    @contextmanager
    def enclosed(self, open_: str, close: str) -> Iterator[None]:
        self.expect(open_)
        with self.inside():
            yield
        self.expect(close)

    def numeral(self) -> str:
        """Takes a number, as it is written."""
        if len(self.next.text) > MOST_DIGITS:
            self.stop(f"a number of at most {MOST_DIGITS} digits")
        return self.take().text

    def split_number(self) -> None:
        """TeX takes one digit where there are no braces: `x^12` is `x^{1}2`."""
        kind, text, position = self.next
        if kind == "number" and len(text) > 1:
            parts = [Token(kind, text[:1], position), Token(kind, text[1:], position + 1)]
            self.list[self.taken : self.taken + 1] = parts

    def environment(self, *names: str) -> str:
        """The name in the braces after `\\begin` or `\\end`, one of `names`."""
        self.expect("{")
        first, name = self.next, ""
        while self.next.kind == "letter":
            name += self.take().text
        if name not in names:
            self.stop(f"one of {', '.join(names)}", first)
        self.expect("}")
        return name

    def columns(self) -> None:
        """Takes the `{|c|c|}` behind `\\begin{array}`."""
        self.expect("{")
        while self.next.text in ("c", "l", "r", "|"):
            self.take()
        self.expect("}")
