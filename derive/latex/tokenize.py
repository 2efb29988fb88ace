"""LaTeX mathematics as tokens that carry their positions.

Nothing is lost: what has no meaning for mathematics (spaces, `\\,`, `\\left`, `\\bigl`, comments)
becomes a token of the kind "space", which the parser passes over.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from derive.latex.error import ReadError
from derive.latex.signs import SCRIPTS, SIGNS, ordinary

LONGEST = 100_000
"""Characters in one formula, at most."""

SPACING = frozenset(
    r"""\, \; \: \! \> \  \quad \qquad \left \right \bigl \bigr \Bigl \Bigr \biggl \biggr \Biggl
    \Biggr \big \Big \bigg \Bigg \middle \displaystyle \textstyle \scriptstyle \limits \nolimits
    \allowbreak \nonumber \notag \thinspace \medspace \thickspace""".split()
) | {"\\ ", "\\\n"}

SAME = {"\\cr": "\\\\", "\\lbrace": "\\{", "\\rbrace": "\\}"}
"""Commands that are other spellings of what the parser knows."""

_SYNTAX = r"""(?P<space>[\s~]+|%[^\n]*)
      |(?P<layout>\\(?:begin|end)\s*\{(?:aligned|align|split|gathered|gather|equation|multline)\*?\})
      |\\(?P<side>left|right|[bB]igg?[lrm]?)\s*(?P<null>\.)
      |\\(?P<text>text|textrm|textit|mbox)\s*\{(?P<words>[^{}\\$]*)\}
      |\\(?P<operator>operatorname\*?|mathrm)\s*\{(?P<letters>(?:[A-Za-z0-9 ]|\\,)*)\}
      |\\rm(?![A-Za-z])\s*(?P<upright>[A-Za-z0-9]+)(?=\s*\})
      |(?P<argmax>\\arg\s*\\max(?![A-Za-z]))
      |(?P<dots>\.\.\.)
      |(?P<command>\\(?:[A-Za-z]+|.))
      |(?P<number>[0-9]{1,3}(?:(?:\\,|\{,\})[0-9]{3})+(?![0-9])|[0-9]+(?:\.[0-9]+)?)
      |(?P<word>(?<=\s)for(?=\s))
      |(?P<sign>[SIGNS])
      |(?P<letter>[^\W\d_])
      |(?P<mark>\.\.|:=|[-+*/=<>()\[\]{}|,;:&^_'!.])"""
_TOKEN = re.compile(
    _SYNTAX.replace("SIGNS", re.escape("".join((*SIGNS, *SCRIPTS)))), re.VERBOSE | re.DOTALL
)


class Token(NamedTuple):
    """A token; `text` is what it says: `\\alpha`, `x`, `12`, the words of a `\\text{...}`."""

    kind: str
    text: str
    position: int


def tokenize(source: str) -> list[Token]:
    """The tokens of `source`, with one of the kind "end" last."""
    if len(source) > LONGEST:
        raise ReadError(
            LONGEST, f"a formula of at most {LONGEST} characters", f"{len(source)} characters"
        )
    tokens: list[Token] = []
    at = 0
    while at < len(source):
        found = _TOKEN.match(source, at)
        if found is None:
            raise ReadError(at, "mathematics", f"“{source[at]}”")
        tokens += _sign(found["sign"], at) if found["sign"] else [_token(found, at)]
        at = found.end()
    tokens.append(Token("end", "the end", len(source)))
    return _paired(tokens)


def _sign(sign: str, at: int) -> list[Token]:
    if sign not in SCRIPTS:
        text = SIGNS[sign]
        return [Token("command" if text.startswith("\\") else "mark", text, at)]
    mark, text = SCRIPTS[sign]
    kind = "number" if text.isdecimal() else "command" if len(text) > 1 else "letter"
    return [Token("mark", mark, at), Token(kind, text, at)]


def _paired(tokens: list[Token]) -> list[Token]:
    """Without the brackets that have nothing on their other side: `\\left\\{ ... \\right.`.

    A bar that stands so says what is held fixed.
    """
    opened: list[int] = []
    for k, token in enumerate(tokens):
        if token.text in ("\\left", "\\left."):
            opened.append(k)
        elif token.text in ("\\right", "\\right.") and opened:
            left = opened.pop()
            alone = (token.text == "\\right.") != (tokens[left].text == "\\left.")
            if alone:
                k = _after(tokens, left if token.text == "\\right." else k)
                bar = tokens[k].text in ("|", "\\vert")
                tokens[k] = tokens[k]._replace(text="\\rvert") if bar else _space(tokens[k])
    return tokens


def _after(tokens: list[Token], k: int) -> int:
    """Where the next token stands that is no space."""
    k += 1
    while tokens[k].kind == "space":
        k += 1
    return k


def _space(token: Token) -> Token:
    return token if token.kind == "end" else token._replace(kind="space")


def _token(found: re.Match[str], at: int) -> Token:
    if found["text"]:
        return Token("text", " ".join(found["words"].split()).rstrip(".,;"), at)
    if found["operator"]:
        return Token("operator", re.sub(r"\\,|\s", "", found["letters"]), at)
    if found["upright"]:
        return Token("operator", found["upright"], at)
    if found["layout"]:
        return Token("space", "", at)
    if found["null"]:
        return Token("space", f"\\{found['side']}.", at)
    if found["dots"]:
        return Token("command", "\\dots", at)
    if found["argmax"]:
        return Token("operator", "argmax", at)
    if found["number"]:
        return Token("number", re.sub(r"[^0-9.]", "", found["number"]), at)
    kind = found.lastgroup or ""
    text = SAME.get(found[kind], found[kind])
    if kind == "letter":
        text = ordinary(text)
        kind, text = ("command", SIGNS[text]) if text in SIGNS else (kind, text)
    return Token("space" if text in SPACING else kind, text, at)
