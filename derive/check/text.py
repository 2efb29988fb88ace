"""The part of a source in which edits are looked for: its tokens, groups, scripts and names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from derive.latex.scope import NO_INDEX
from derive.latex.tokenize import Token, tokenize
from derive.latex.tokens import SYMBOLS

OPENING = ("{", "(", "[", "\\{", "\\lfloor", "\\begin")
CLOSING = ("}", ")", "]", "\\}", "\\rfloor", "\\end")
STRETCHING = frozenset(r"\left \right \bigl \bigr \Bigl \Bigr \biggl \biggr \big \Big".split())
"""What stands before a bracket and belongs to it."""
RELATIONS = ("=", "<", ">", "\\le", "\\leq", "\\ge", "\\geq", "\\ne", "\\neq", ":=", ",", "\\\\")
FRACTIONS = ("\\frac", "\\tfrac", "\\dfrac")


@dataclass(frozen=True)
class Span:
    """source[start:end], which says `text`."""

    start: int
    end: int
    text: str


class Text:
    """source[start:end] as tokens, each with its place; tokens are numbered from 0.

    `names` are declared names, of which some may have several letters.
    """

    def __init__(self, source: str, start: int, end: int, names: Iterable[str] = ()) -> None:
        self._names = {name: _texts(name) for name in names}
        self.source, self.start, self.end = source, start, end
        inside = tokenize(source[start:end])
        places = [start + t.position for t in inside]
        found = [(t, places[k], places[k + 1]) for k, t in enumerate(inside[:-1])]
        self._tokens = _as_wholes([part for part in found if part[0].kind != "space"])

    def __len__(self) -> int:
        return len(self._tokens)

    def token(self, k: int) -> Token:
        """The token with a number."""
        return self._tokens[k][0]

    def says(self, k: int, *texts: str) -> bool:
        """Whether there is a token `k` and it is one of these."""
        return 0 <= k < len(self) and self.token(k).text in texts

    def is_name(self, k: int) -> bool:
        """Whether the token is a letter, Latin or Greek."""
        text = self.token(k).text
        return self.token(k).kind == "letter" or (text in SYMBOLS and text not in NO_INDEX)

    def declared(self, k: int) -> tuple[str, int] | None:
        """The longest declared name that begins at `k`, and its last token."""
        found = [
            name
            for name, parts in self._names.items()
            if all(self.says(k + n, part) for n, part in enumerate(parts))
        ]
        name = max(found, key=lambda n: len(self._names[n]), default=None)
        return None if name is None else (name, k + len(self._names[name]) - 1)

    def span(self, first: int, last: int) -> Span:
        """The tokens from `first` to `last`, both included."""
        start, end = self._tokens[first][1], self._tokens[last][2]
        text = self.source[start:end].rstrip()
        return Span(start, start + len(text), text)

    def occurrences(self, piece: str) -> Iterator[tuple[int, int]]:
        """The places of a piece of the source, as far as it stands there as tokens of its own."""
        starts = {begin for _, begin, _ in self._tokens} | {self.end}
        at = self.source.find(piece, self.start, self.end)
        while at >= 0:
            after = at + len(piece)
            behind = (
                after
                + len(self.source[after : self.end])
                - len(self.source[after : self.end].lstrip())
            )
            if at in starts and behind in starts and not self.source.startswith("'", after):
                yield at, after
            at = self.source.find(piece, at + 1, self.end)

    def group(self, k: int) -> int:
        """The last token of the group or single token that begins at `k`."""
        depth = 0
        for at in range(k, len(self)):
            depth += self.says(at, "{") - self.says(at, "}")
            if depth <= 0:
                return at
        return min(k, len(self) - 1)

    def fraction(self, k: int) -> int | None:
        """The last token of the fraction that begins at `k`, if one does."""
        if not self.says(k, *FRACTIONS) or k + 2 >= len(self):
            return None
        above = self.group(k + 1)
        return self.group(above + 1) if above + 1 < len(self) else None

    def fractions(self) -> list[Span]:
        """Every fraction that is no derivative."""
        found = [(k, self.fraction(k)) for k in range(len(self))]
        return [self.span(k, end) for k, end in found if end and not self.differs(k, end)]

    def differs(self, first: int, last: int) -> bool:
        """Whether there is a ∂ or ∇ among some tokens."""
        return any(self.says(k, "\\partial", "\\nabla") for k in range(first, last + 1))

    def factor(self, k: int) -> int:
        """The last token of the factor at `k`: a fraction, a group, a name or a number."""
        last = self.fraction(k)
        if last is None:
            last, depth = k, 0
            for at in range(k, len(self)):
                depth += self.says(at, *OPENING) - self.says(at, *CLOSING)
                if depth <= 0:
                    last = at
                    break
        while self.says(last + 1, "_", "^") and last + 2 < len(self):
            last = self.group(last + 2)
        return last

    def scripts(self, mark: str) -> Iterator[Script]:
        """What stands in each script that follows the mark `_` or `^`, but for big operators."""
        for k in range(1, len(self) - 1):
            if self.says(k, mark) and self.token(k + 1).kind != "tag":
                last = self.group(k + 1)
                braced = self.says(k + 1, "{")
                head = self.head(k)
                if last - braced > k + braced and not self.says(head, "\\sum", "\\max", "\\min"):
                    inner = (k + 1 + braced, last - braced)
                    yield Script(self, head, last, *inner, braced)

    def head(self, k: int) -> int:
        """The token at which the thing begins whose script the mark `k` introduces."""
        k -= 1
        while k > 0:
            if self.says(k, "}"):
                depth = 0
                while k > 0:
                    depth += self.says(k, "}") - self.says(k, "{")
                    if depth == 0:
                        break
                    k -= 1
            if self.says(k - 1, "_", "^"):
                k -= 2
            elif self.says(k, "'") or self.says(k, "{"):
                k -= 1
            else:
                return k
        return max(k, 0)

    def atoms(self) -> Iterator[tuple[int, int]]:
        """The names outside scripts and derivatives, with their scripts: first and last token."""
        k = 0
        while k < len(self):
            derivative = self.fraction(k)
            if derivative and self.differs(k, derivative):
                k = derivative + 1
            elif self.says(k, "_", "^") and k + 1 < len(self):
                k = self.group(k + 1) + 1
            elif self.is_name(k):
                name = self.declared(k)
                last = k if name is None else name[1]
                while self.says(last + 1, "'"):
                    last += 1
                while self.says(last + 1, "_", "^") and last + 2 < len(self):
                    last = self.group(last + 2)
                yield k, last
                k = last + 1
            else:
                k += 1

    def side_at(self, place: int) -> tuple[int, int]:
        """Where the side of a relation begins and ends that a place of the source belongs to."""
        depth, start, end = 0, self.start, self.end
        for k in range(len(self)):
            depth += self.says(k, *OPENING) - self.says(k, *CLOSING)
            if depth == 0 and self.says(k, *RELATIONS):
                _, begin, after = self._tokens[k]
                if after <= place:
                    start = after
                else:
                    end = min(end, begin)
        return start, end

    def terms(self) -> list[Span]:
        """The terms of the sum that this is, each from its sign on."""
        depth, starts = 0, [0]
        for k in range(len(self)):
            depth += self.says(k, *OPENING) - self.says(k, *CLOSING)
            if depth == 0 and k and self.says(k, "+", "-") and not self.says(k - 1, "_", "^"):
                starts.append(k)
        ends = [k - 1 for k in starts[1:]] + [len(self) - 1]
        return [self.span(a, b) for a, b in zip(starts, ends, strict=True) if b >= a]


Placed = tuple[Token, int, int]


def _as_wholes(tokens: list[Placed]) -> list[Placed]:
    """Tokens with their places, `\\begin{cases}` and `^{(conv)}` as one each: no formulas."""
    made: list[Placed] = []
    k = 0
    while k < len(tokens):
        token, start, end = tokens[k]
        last = k
        if token.text in ("\\begin", "\\end"):
            last = _closing(tokens, k + 1)
        elif made and made[-1][0].text == "^" and token.text == "{" and _is_tag(tokens, k):
            last = _closing(tokens, k)
        if last > k:
            whole = "".join(t.text for t, _, _ in tokens[k : last + 1])
            token = Token("tag", whole if token.text == "{" else token.text, start)
            end = tokens[last][2]
        made.append((token, start, end))
        k = last + 1
    return made


def _closing(tokens: list[Placed], k: int) -> int:
    """The brace that closes the one at `k`, or the last token."""
    depth = 0
    for at in range(k, len(tokens)):
        depth += (tokens[at][0].text == "{") - (tokens[at][0].text == "}")
        if depth <= 0:
            return at
    return len(tokens) - 1


def _is_tag(tokens: list[Placed], k: int) -> bool:
    """Whether the group at `k` holds a word, a number or a list in brackets: `{(conv)}`."""
    inner = [t for t, _, _ in tokens[k + 1 : _closing(tokens, k)]]
    texts = [t.text for t in inner]
    return (
        len(inner) > 2
        and (texts[0], texts[-1]) == ("(", ")")
        and "(" not in texts[1:-1]
        and all(t.kind in ("letter", "number") or t.text == "," for t in inner[1:-1])
    )


def _texts(name: str) -> list[str]:
    tokens = [(t, 0, 0) for t in tokenize(name) if t.kind not in ("space", "end")]
    return [t.text for t, _, _ in _as_wholes(tokens)]


@dataclass(frozen=True)
class Script:
    """A script: tokens `first` to `last`, of a name that begins at `head` and ends at `end`."""

    text: Text
    head: int
    end: int
    first: int
    last: int
    braced: bool

    @property
    def whole(self) -> Span:
        """The name with all that it carries up to this script."""
        return self.text.span(self.head, self.end)

    @property
    def offset(self) -> int:
        """How far behind the beginning of the name the script begins, with its mark."""
        return self.text.span(self.first - 1 - self.braced, self.last).start - self.whole.start

    def units(self) -> list[Span]:
        """The names in the script: letters with their primes."""
        found = []
        for k in range(self.first, self.last + 1):
            if self.text.is_name(k):
                end = k
                while end < self.last and self.text.says(end + 1, "'"):
                    end += 1
                found.append(self.text.span(k, end))
        return found

    def parts(self) -> list[Span]:
        """What stands between the commas, but for several indices that are written as one word."""
        commas = [k for k in range(self.first, self.last + 1) if self.text.says(k, ",")]
        starts, ends = [self.first, *(k + 1 for k in commas)], [*(k - 1 for k in commas), self.last]
        pairs = [(a, b) for a, b in zip(starts, ends, strict=True) if b >= a]
        return [self.text.span(a, b) for a, b in pairs if a == b or not self._glued(a, b)]

    def _glued(self, first: int, last: int) -> bool:
        return all(self.text.is_name(k) or self.text.says(k, "'") for k in range(first, last + 1))
