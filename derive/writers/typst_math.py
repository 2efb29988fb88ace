"""Spell typeset mathematics in Typst, without dollar signs.

Delimiters and commas are written by name (`paren.l`, `comma`): as characters, Typst would stretch
the one and take the other to separate arguments.
"""

from __future__ import annotations

import re

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

_SIGNS = {
    "+": "+",
    "-": "-",
    "prefix -": "-",
    "cdot": "dot.op",
    "times": "times",
    "odot": "⊙",
    "otimes": "⊗",
    "star": "⋆",
    "bmod": "mod",
    "slash": "slash",
    "partial": "partial",
    "dots": "dots.h",
    "vdots": "dots.v",
    "not": "not",
}
_RELATIONS = {
    "=": "=",
    "!=": "!=",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
    "divides": "divides",
    "divides not": "divides.not",
    "to": "->",
    "in": "in",
    "approx": "approx",
}
_FENCES: dict[FenceKind, tuple[str, str]] = {
    "paren": ("paren.l", "paren.r"),
    "bracket": ("bracket.l", "bracket.r"),
    "brace": ("brace.l", "brace.r"),
    "floor": ("floor.l", "floor.r"),
    "ceil": ("ceil.l", "ceil.r"),
    "norm": ('class("opening", bar.v.double)', 'class("closing", bar.v.double)'),
    "bar": ('class("opening", bar.v)', 'class("closing", bar.v)'),
}
_SIZES = ("", "1.2em", "1.8em", "2.4em", "3em")
_BIGS = {
    "sum": "sum",
    "prod": "product",
    "max": "max",
    "min": "min",
    "argmax": 'op("arg max", limits: #true)',
    "lim": "lim",
}
_OPERATORS = frozenset("exp log sin cos tanh max min".split())
_SPACES = {"thin": "thin", "thick": "thick", "quad": "quad"}
_ACCENTS = {
    "hat": "hat({})",
    "widehat": "hat({})",
    "tilde": "tilde({})",
    "widetilde": "tilde({})",
    "bar": "macron({})",
    "overline": "overline({})",
    "underline": "underline({})",
    "dot": "dot({})",
    "ddot": "dot.double({})",
    "vec": "arrow({})",
    "check": "caron({})",
    "breve": "breve({})",
    "mathbf": "bold(upright({}))",
    "textbf": "bold(upright({}))",
    "mathrm": "upright({})",
    "text": "upright({})",
    "operatorname": "upright({})",
    "mathit": "italic({})",
    "textit": "italic({})",
    "mathcal": "cal({})",
    "mathbb": "bb({})",
    "mathsf": "sans({})",
    "boldsymbol": "bold({})",
    "bm": "bold({})",
}
_UPRIGHT = ("mathrm", "text", "operatorname")
_COMMANDS = {
    "varepsilon": "epsilon",
    "epsilon": "epsilon.alt",
    "vartheta": "theta.alt",
    "varphi": "phi",
    "phi": "phi.alt",
    "hbar": "ℏ",
    "star": "⋆",
    "ast": "∗",
    "top": "⊤",
    "infty": "infinity",
    "prime": "prime",
}


def typst_math(tree: Math) -> str:
    """The Typst source of typeset mathematics."""
    match tree:
        case Row(parts):
            return _row(parts)
        case Name():
            return _name(tree) + (f"^({_word(tree.tag)})" if tree.tag else "")
        case Numeral(digits):
            return digits
        case Sign(kind):
            return _SIGNS[kind]
        case Relation(kind):
            return _RELATIONS[kind]
        case Scripts():
            return _scripts(tree)
        case Fraction(above, below):
            return f"frac({typst_math(above)}, {typst_math(below)})"
        case Root(body):
            return f"sqrt({typst_math(body)})"
        case Fenced():
            return _fenced(tree)
        case Fence():
            return _fence(tree)
        case Big():
            return _big(tree)
        case Operator(name):
            return name if name in _OPERATORS else f'op("{name}")'
        case CasesMath(branches):
            lines = (f"{_cell(value)} quad & {_cell(where)}" for value, where in branches)
            return f"cases({', '.join(lines)})"
        case Column(entries):
            return f'vec(delim: "[", {", ".join(map(typst_math, entries))})'
        case Comma(spaced):
            return "comma thin" if spaced else "comma"
        case Words(text):
            return f'"{text.strip()}"'
        case Space(width):
            return _SPACES[width]
        case Break():
            return ""


def _fence(fence: Fence) -> str:
    symbol = _FENCES[fence.kind][not fence.opens]
    return f"lr(size: #{_SIZES[fence.size]}, {symbol})" if fence.size else symbol


def _fenced(tree: Fenced) -> str:
    opening, closing = Fence(tree.kind, True, tree.size), Fence(tree.kind, False, tree.size)
    return " ".join(map(typst_math, (opening, tree.body, closing)))


def _big(tree: Big) -> str:
    lower = " \\ ".join(map(typst_math, tree.under))
    upper = f"^({typst_math(tree.over)})" if tree.over is not None else ""
    return _BIGS[tree.kind] + (f"_({lower})" if tree.under else "") + upper


def _cell(tree: Math) -> str:
    """A cell of cases, where big operators would else be set as in a line of text."""
    display = has_big_operator(tree)
    return f"display({typst_math(tree)})" if display else typst_math(tree)


def _row(parts: tuple[Math, ...]) -> str:
    written: list[str] = []
    for k, p in enumerate(parts):
        before = parts[k - 1] if k else None
        text = typst_math(p)
        if (
            isinstance(p, Sign)
            and p.kind in ("+", "-", "cdot")
            and isinstance(before, Space | None)
        ):
            # At the start of a continued line a sign would lose the space of a binary one.
            text = f'class("binary", {text})'
        written.append(text)
    return " ".join(t for t in written if t)


def _scripts(tree: Scripts) -> str:
    below = f"_({typst_math(tree.below)})" if tree.below is not None else ""
    above = f"^({typst_math(tree.above)})" if tree.above is not None else ""
    if isinstance(tree.base, Name):
        above = above or (f"^({_word(tree.base.tag)})" if tree.base.tag else "")
        return _name(tree.base) + below + above
    return typst_math(tree.base) + below + above


def _name(name: Name) -> str:
    """The name without its tag."""
    text = _word(name.base)
    for accent in reversed(name.accents):
        text = _ACCENTS[accent].format(text)
    return text + "'" * name.primes + (f"_({_word(name.mark)})" if name.mark else "")


def _word(latex: str) -> str:
    """LaTeX of letters, words, commands and punctuation in Typst: words slanted, as LaTeX sets
    them, unless a command makes them upright."""
    written: list[str] = []
    upright = False
    for command, word, other in re.findall(r"\\([A-Za-z]+)|((?:\w|\\_)+)|(.)", latex):
        if command:
            upright = command in _UPRIGHT
            written.append(_COMMANDS.get(command, command) if command not in _ACCENTS else "")
        elif word:
            plain = word.replace("\\_", "_")
            single = len(plain) == 1 or plain.isdigit()
            quoted = f'"{plain}"' if upright else f'italic("{plain}")'
            written.append(plain if single else quoted)
        else:
            written.append(_punctuation(other))
            upright = upright and other == "{"
    return " ".join(w for w in written if w)


def _punctuation(character: str) -> str:
    names = {"(": "paren.l", ")": "paren.r", ",": "comma", ";": "semi", "/": "slash"}
    if character in "{} \\^_":
        return ""
    return names.get(character, f'"{character}"')
