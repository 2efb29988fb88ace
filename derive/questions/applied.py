"""The function of one argument that a question is about: known, defined by the file, or any."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from derive.ir import FUNCTIONS, Apply, Formula, Function, replace_components
from derive.latex.symbols import DefinedFunction
from derive.network.names import is_lone_symbol, nearest
from derive.questions.parts import Lines, Part, Row, Say, Side, Symbol, Typed
from derive.questions.setting import Setting


@dataclass(frozen=True)
class Applied:
    """A function with its name; one that is not `known` stands for every function of a class."""

    symbol: str
    name: Typed | Symbol
    known: bool
    of: Callable[[Formula], Formula]
    defined: DefinedFunction | None = None

    @staticmethod
    def asked(symbol: str, setting: Setting) -> Applied:
        """The function of that name; InputError where it is neither known nor a symbol."""
        defined = setting.model.table.defined.get(symbol)
        if isinstance(defined, DefinedFunction) and len(defined.parameters) == 1:
            return Applied(symbol, Symbol(symbol), True, _inserted(defined), defined)
        if symbol in FUNCTIONS:
            return Applied.table(symbol)
        if not is_lone_symbol(symbol):
            setting.fail(
                f"there is no function “{symbol}”. {nearest(symbol, sorted(FUNCTIONS))} A single "
                r"letter, such as f or \sigma, is one that `define` defines, or stands for any",
                "function",
            )

        def of(f: Formula) -> Formula:
            return Apply(Function(symbol), f)

        return Applied(symbol, Symbol(symbol), False, of)

    @staticmethod
    def table(symbol: str) -> Applied:
        """A function of the table: relu, tanh, ..."""
        return Applied(symbol, Typed(symbol), True, lambda f: Apply(Function(symbol), f))

    def told(self) -> Iterator[Part]:
        """What a function is that the file defines."""
        if self.defined is not None:
            (x,) = self.defined.parameters
            left = Apply(Function(self.symbol), x[()])
            yield Say(("The function is",))
            yield Lines((Row(left, (Side(self.defined.body),)),))


def _inserted(defined: DefinedFunction) -> Callable[[Formula], Formula]:
    """The body of a function at an argument."""
    (x,) = defined.parameters

    def of(f: Formula) -> Formula:
        return replace_components(defined.body, lambda c: f if c.tensor == x else None)

    return of
