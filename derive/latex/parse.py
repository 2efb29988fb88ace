"""The precedence parser: tokens to a syntax tree, all of them or an error with the place.

A listing `a, b` consists of logic `a and b`, that of chains `a = b ≤ c`, those of terms `a + b`,
those of factors `a b`, those of what has scripts, `a_i^2'`, and that of letters, numbers, brackets
and commands.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

from derive.latex import rows
from derive.latex.error import ReadError
from derive.latex.tokens import (
    ACCENTS,
    BINDING,
    BRACKETS,
    DOTS,
    FRACTIONS,
    FUNCTIONS,
    LOGIC,
    METHODS,
    NAMING,
    OPERATORS,
    RELATIONS,
    SYMBOLS,
    WORDS,
    Tokens,
)
from derive.latex.tree import (
    Big,
    Call,
    Chain,
    Dots,
    Factors,
    Fraction,
    Group,
    Listed,
    Logic,
    Node,
    Numeral,
    Raw,
    Root,
    Scripted,
    Stack,
    Styled,
    SuchThat,
    Symbol,
    Terms,
    Where,
    Word,
    derivative_before,
    product_of,
)


def parse(source: str) -> Node:
    """The tree of a whole formula, statement or name."""
    parser = Parser(Tokens(source))
    node = parser.listing()
    if parser.tokens.skip("for"):
        node = Where(node, parser.listing(), position=node.position)
    parser.tokens.finish()
    return node


class Parser:
    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.bars: list[str] = []

    # -- what stands between brackets --------------------------------------------------------------

    def listing(self) -> Node:
        at = self.tokens.at
        items = [self.item()]
        while self.tokens.skip(",", ";"):
            items.append(self.item())
        return items[0] if len(items) == 1 else Listed(tuple(items), position=at)

    def item(self) -> Node:
        at = self.tokens.at
        if self.slice():
            return Symbol(":", position=at)
        node = self.logic()
        if self.tokens.skip(":"):
            self.tokens.skip("\\\\")
            return SuchThat(node, self.logic(), position=at)
        return node

    def slice(self) -> bool:
        """Takes a mark for a whole axis: `:` in `W_{:,j}`, the dot of `W_{i,\\cdot}`."""
        last = self.tokens.after in (",", "}", "]")
        return last and self.tokens.skip(":", "\\cdot", "\\bullet", "*")

    def logic(self) -> Node:
        at = self.tokens.at
        parts = [self.chain()]
        word = LOGIC.get(self.tokens.next.text, "")
        while LOGIC.get(self.tokens.next.text) == word and word:
            self.tokens.take()
            parts.append(self.chain())
        if self.tokens.next.text in LOGIC:
            self.tokens.stop("brackets where “and” meets “or”")
        return parts[0] if len(parts) == 1 else Logic(word, tuple(parts), position=at)

    def chain(self) -> Node:
        at = self.tokens.at
        if self.tokens.skip("\\lnot", "\\neg"):
            with self.tokens.inside():
                return Logic("not", (self.chain(),), position=at)
        first = self.span()
        links: list[tuple[str, Node]] = []
        while self.tokens.next.text in RELATIONS:
            links.append((RELATIONS[self.tokens.take().text], self.span()))
        return Chain(first, tuple(links), position=at) if links else first

    def span(self) -> Node:
        at = self.tokens.at
        first = self.terms()
        return Dots(first, self.terms(), position=at) if self.tokens.skip("..") else first

    # -- arithmetic --------------------------------------------------------------------------------

    def terms(self) -> Node:
        at = self.tokens.at
        terms = [(self.sign(first=True), self.factors())]
        while self.tokens.sees("+", "-"):
            terms.append((self.sign(), self.factors()))
        if len(terms) == 1 and terms[0][0] == 1:
            return terms[0][1]
        return Terms(tuple(terms), position=at)

    def signed(self) -> Node:
        """`-2 x` where no sum may follow: behind Σ."""
        return Terms(((self.sign(), self.factors()),), position=self.tokens.at)

    def sign(self, first: bool = False) -> int:
        sign = 1
        while self.tokens.sees("+", "-"):
            sign = -sign if self.tokens.take().text == "-" else sign
            if not first:
                break
        return sign

    def factors(self) -> Node:
        at = self.tokens.at
        factors = [("", self.scripted())]
        while (operator := self.operator()) is not None:
            before = self.tokens.next
            if operator == "" and factors[-1][0] == "/":
                self.tokens.stop("brackets or an operator after a factor that divides", before)
            if operator == "/" and self.tokens.sees("/"):
                operator = "/" + self.tokens.take().text
            if operator == "/" and (self.tokens.sees("\\partial") or self.tokens.sees("d")):
                factors = self.inline_derivative(factors)
            else:
                factors.append((operator, self.scripted()))
        return factors[0][1] if len(factors) == 1 else Factors(tuple(factors), position=at)

    def inline_derivative(self, factors: list[tuple[str, Node]]) -> list[tuple[str, Node]]:
        """`\\partial L/\\partial x` as a fraction; other factors before it stay outside."""
        mark = self.tokens.next.text
        first = derivative_before(factors, mark)
        if first is None:
            return [*factors, ("/", self.scripted())]
        at = self.tokens.at
        below = Factors((("", self.scripted()), ("", self.scripted())), position=at)
        above = product_of(factors[first:])
        fraction = Fraction(above, below, position=above.position)
        return [*factors[:first], (factors[first][0], fraction)]

    def operator(self) -> str | None:
        """The operator before the next factor, "" where it just follows, None without one."""
        text = self.tokens.next.text
        if text in OPERATORS:
            return OPERATORS[self.tokens.take().text]
        if self.bars and text == self.bars[-1]:
            return None
        return "" if self.begins() else None

    def begins(self) -> bool:
        """Whether the next token can begin a factor."""
        kind, text, _ = self.tokens.next
        if kind in ("letter", "number", "operator"):
            return True
        if kind == "text":
            name = self.tokens.after in NAMING or self.tokens.before == "\\partial"
            return text.isalpha() and text not in WORDS and name
        return text in SYMBOLS or text in STARTS

    # -- scripts -----------------------------------------------------------------------------------

    def scripted(self) -> Node:
        base = self.primary()
        while True:
            if self.tokens.sees("_", "^", "'"):
                base = self.with_scripts(base)
            elif self.tokens.calls_method():
                base = self.method(base)
            else:
                return base

    def method(self, base: Node) -> Node:
        """`U.\\text{transpose}(1, 2)`: the function of U and what stands in the brackets."""
        self.tokens.expect(".")
        name = self.tokens.take().text
        items: tuple[Node, ...] = (base,)
        if self.tokens.after == ")":
            self.tokens.expect("(")
            self.tokens.expect(")")
        else:
            given = self.primary()
            body = given.body if isinstance(given, Group) else given
            items += body.items if isinstance(body, Listed) else (body,)
        argument = Group("(", Listed(items, position=base.position), position=base.position)
        return Call(name, argument, position=base.position)

    def with_scripts(self, base: Node) -> Node:
        at = base.position
        below = above = None
        primes, braced = 0, True
        while self.tokens.sees("_", "^", "'"):
            token = self.tokens.take()
            if token.text == "'":
                primes += 1
            elif (below if token.text == "_" else above) is not None:
                self.tokens.stop("at most one script of each kind", token)
            elif token.text == "_":
                braced = self.tokens.sees("{")
                below = self.script()
            elif self.tokens.skip("\\prime"):
                primes += 1
            else:
                above = self.script()
        return Scripted(base, below, above, primes, braced, position=at)

    @staticmethod
    def scripts_on(base: Node, below: Node | None, above: Node | None, primes: int) -> Node:
        if below is None and above is None and not primes:
            return base
        return Scripted(base, below, above, primes, position=base.position)

    def script(self) -> Node:
        """The contents of a script; what is no formula is kept as it stands, for a name's sake."""
        start, bars = self.tokens.mark(), len(self.bars)
        try:
            return self.argument()
        except ReadError as problem:
            self.tokens.back(start)
            del self.bars[bars:]
            at = self.tokens.at
            return Raw(self.tokens.braced(problem), problem, position=at)

    def argument(self) -> Node:
        """What a TeX command takes: something in braces, or the next token."""
        if self.tokens.sees("{"):
            return self.group()
        self.tokens.split_number()
        if self.tokens.sees("*", "+", "-"):
            token = self.tokens.take()
            return Symbol(token.text, position=token.position)
        with self.tokens.inside():
            return self.primary()

    # -- primaries ---------------------------------------------------------------------------------

    def primary(self) -> Node:
        kind, text, at = self.tokens.next
        if kind == "number":
            return Numeral(self.tokens.numeral(), position=at)
        if kind == "operator":
            return self.named()
        if kind == "text":
            word = self.tokens.take().text
            called = word in METHODS and self.tokens.sees("(")
            return Call(word, self.group(), position=at) if called else Word(word, position=at)
        if kind == "letter" or text in SYMBOLS:
            return Symbol(self.tokens.take().text, position=at)
        begin = STARTS.get(text)
        if begin is None:
            self.tokens.stop("a term")
        with self.tokens.inside():
            return begin(self)

    def group(self) -> Node:
        token = self.tokens.next
        doubled = token.text == self.tokens.after == "|"
        close = BRACKETS[token.text]
        self.bars.append(close)
        inner = self.tokens.enclosed("|", "|") if doubled else nullcontext()
        with self.tokens.enclosed(token.text, close), inner:
            body = self.listing()
            if token.text == "{" and self.tokens.skip("\\over"):
                body = Fraction(body, self.listing(), position=token.position)
        self.bars.pop()
        open_ = "\\|" if doubled else token.text
        return body if open_ == "{" else Group(open_, body, position=token.position)

    def fraction(self) -> Node:
        at = self.tokens.take().position
        above, below = self.argument(), self.argument()
        start, held = self.tokens.mark(), None
        if self.tokens.skip("\\rvert") and self.tokens.skip("_"):
            held = self.argument()
        else:
            self.tokens.back(start)
        return Fraction(above, below, held, position=at)

    def root(self) -> Node:
        at = self.tokens.take().position
        degree = None
        if self.tokens.sees("["):
            with self.tokens.enclosed("[", "]"):
                degree = self.listing()
        return Root(self.argument(), degree, position=at)

    def styled(self) -> Node:
        token = self.tokens.take()
        return Styled(token.text, self.argument(), position=token.position)

    def substack(self) -> Node:
        at = self.tokens.take().position
        with self.tokens.enclosed("{", "}"):
            lines = [self.listing()]
            while self.tokens.skip("\\\\"):
                lines.append(self.listing())
        return Stack(tuple(lines), position=at)

    # -- named functions and operators that bind ---------------------------------------------------

    def named(self) -> Node:
        """`\\exp x`, `\\max(a, b)`, `\\max_{i} x_i`, `\\sum_{i} x_i`, `\\operatorname{erf}(x)`."""
        token = self.tokens.take()
        below = above = None
        primes = 0
        while self.tokens.sees("_", "^", "'"):
            mark = self.tokens.take().text
            if mark == "'":
                primes += 1
            elif mark == "_" and below is None:
                below = self.script()
            elif mark == "^" and above is None:
                above = self.script()
            else:
                self.tokens.stop("at most one script of each kind")
        kind = BINDING.get(token.text)
        if kind and (below is not None or kind in ("sum", "prod", "argmax")):
            with self.tokens.inside():
                body = self.signed() if self.tokens.sees("-") else self.factors()
                return Big(kind, body, below, above, position=token.position)
        name = token.text.removeprefix("\\")
        if token.kind == "operator" and not self.tokens.sees("(", "[", "\\{"):
            word = Word(name, position=token.position)
            return self.scripts_on(word, below, above, primes)
        if below is not None and token.kind != "operator":
            self.tokens.stop("the argument of a function")
        call = Call(name, self.bare(name), above, primes, position=token.position)
        return self.scripts_on(call, below, None, 0)

    def bare(self, name: str) -> Node:
        """The argument of a function: in brackets, or a single factor that nothing follows."""
        bracketed = self.tokens.sees("(", "[", "\\{", "{")
        with self.tokens.inside():
            argument = self.primary() if bracketed else self.scripted()
        plain = bracketed or isinstance(argument, (Big, Call))
        if not plain and self.operator_follows():
            argument = self.two_factors(argument, name)
        return argument

    def two_factors(self, first: Node, name: str) -> Node:
        """The `\\sigma(x)` of `\\log\\sigma(x)`, the `2\\pi` of `\\log 2\\pi`."""
        applied = self.tokens.sees("(") and isinstance(first, (Symbol, Scripted, Styled))
        letter = self.tokens.next.kind == "letter" or self.tokens.next.text in SYMBOLS
        both: Node | None = None
        if applied or (isinstance(first, Numeral) and letter):
            both = Factors((("", first), ("", self.scripted())), position=first.position)
        if both is None or self.operator_follows():
            self.tokens.stop(f"brackets around the argument of \\{name}")
        return both

    def operator_follows(self) -> bool:
        text = self.tokens.next.text
        closes = bool(self.bars) and text == self.bars[-1]
        return self.begins() and not closes and text not in FUNCTIONS


STARTS: dict[str, Callable[[Parser], Node]] = {
    **dict.fromkeys(BRACKETS, Parser.group),
    **dict.fromkeys(FRACTIONS, Parser.fraction),
    **dict.fromkeys(ACCENTS, Parser.styled),
    **dict.fromkeys(FUNCTIONS, Parser.named),
    **dict.fromkeys(DOTS, lambda parser: Symbol("\\dots", position=parser.tokens.take().position)),
    "\\sqrt": Parser.root,
    "\\substack": Parser.substack,
    "\\begin": rows.table,
}
"""What begins with a command or bracket, and how it is parsed."""
