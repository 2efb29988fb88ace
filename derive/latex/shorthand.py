r"""Shorthands of indices that a text introduces: `f(c, p, s) = ...` stands for its right side.

Such a name is no function of numbers: its arguments are indices, and it may itself be an index, as
`ind(c, p, s) = (c - 1) \cdot 9 + p` is in `w_{i, ind(c, p, s)}`.  So it is replaced in the text of
the formulas, with the arguments in place of the parameters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from derive.latex.error import ReadError
from derive.latex.tokenize import Token, tokenize
from derive.latex.traced import Traced

_LEFT = re.compile(
    r"\s*(?P<name>[A-Za-z]{1,20}|\\[A-Za-z]{1,20}|\\(?:mathrm|text|operatorname)\{[A-Za-z]{1,20}\})"
    r"\s*(?:\\left\s*)?\((?P<parameters>[^()=]{1,200}?)(?:\\right\s*)?\)\s*(?::=|=|\\coloneqq)"
)
_PARAMETER = re.compile(r"(?:[A-Za-z]|\\[A-Za-z]+)(?:_(?:[A-Za-z0-9]|\{[A-Za-z0-9]+\}))?'*")
_TAG = re.compile(r"\^\s*\{\s*\([^(){}]*\)\s*\}")

LONGEST = 20_000
"""Characters of a formula with its shorthands written out, at most."""


@dataclass(frozen=True)
class Shorthand:
    """`name(parameters)` stands for `body`."""

    name: str
    parameters: tuple[str, ...]
    body: str


def shorthand(source: str) -> Shorthand | None:
    """The shorthand that an equation introduces; None where its left side has another form."""
    left = _LEFT.match(source)
    if left is None:
        return None
    parameters = tuple(p.strip() for p in left["parameters"].split(","))
    if not all(_PARAMETER.fullmatch(p) for p in parameters):
        return None
    return Shorthand(left["name"], parameters, source[left.end() :].strip())


def expanded(formula: Traced, shorthands: Iterable[Shorthand]) -> Traced:
    """A formula with every call of a shorthand replaced by what it stands for.

    Raises ReadError where that is too long.
    """
    for one in shorthands:
        formula = _expanded(formula, one)
        if len(formula) > LONGEST:
            raise ReadError(0, f"at most {LONGEST} characters once written out", "more")
    return formula


def _expanded(formula: Traced, one: Shorthand) -> Traced:
    text, done = formula.text, 0
    parts: list[Traced] = []
    name = re.compile(rf"(?<![\\_^]){re.escape(one.name)}\s*(?:\\left\s*)?\(")
    for call in name.finditer(text):
        end, arguments = _arguments(text, call.end())
        if call.start() < done or len(arguments) != len(one.parameters):
            continue
        parts.append(formula.part(done, call.start()))
        body = _filled(one, arguments)
        parts.append(Traced.at(f"({body})", *formula.span(call.start(), end)))
        done = end
    return Traced.join([*parts, formula.part(done)])


def _arguments(text: str, at: int) -> tuple[int, list[str]]:
    """The arguments behind an opening bracket, and the offset behind the closing one."""
    depth, start = 1, at
    arguments: list[str] = []
    for k in range(at, len(text)):
        depth += (text[k] in "([{") - (text[k] in ")]}")
        if depth == 0 or (depth == 1 and text[k] == ","):
            arguments.append(text[start:k].strip().removesuffix(r"\right").strip())
            start = k + 1
        if depth == 0:
            return k + 1, arguments
    return at, []


def _filled(one: Shorthand, arguments: Sequence[str]) -> str:
    """The body with the arguments for the parameters; what stands in a tag is no parameter."""
    changed = {
        _spelling(p): a if _PARAMETER.fullmatch(a) else f"({a})"
        for p, a in zip(one.parameters, arguments, strict=True)
        if _spelling(p) != _spelling(a)
    }
    if not changed:
        return one.body
    try:
        tokens = tokenize(one.body)
    except ReadError:
        return one.body
    tags = [(m.start(), m.end()) for m in _TAG.finditer(one.body)]
    longest = max(len(p) for p in changed)
    parts, k, done = [], 0, 0
    while k < len(tokens) - 1:
        found = _parameter(tokens, k, changed, longest)
        place = tokens[k].position
        if found is None or any(start <= place < end for start, end in tags):
            k += 1
            continue
        parts += [one.body[done:place], f" {changed[found]} "]
        k += len(found)
        done = tokens[k].position
    return "".join([*parts, one.body[done:]])


def _parameter(
    tokens: Sequence[Token], k: int, changed: dict[tuple[str, ...], str], longest: int
) -> tuple[str, ...] | None:
    """The longest parameter that begins with token `k`."""
    for n in range(longest, 0, -1):
        spelt = tuple(t.text for t in tokens[k : k + n])
        if spelt in changed:
            return spelt
    return None


def _spelling(text: str) -> tuple[str, ...]:
    try:
        return tuple(t.text for t in tokenize(text)[:-1] if t.kind != "space")
    except ReadError:
        return (text,)
