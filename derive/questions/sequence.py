"""LP pooling of one window along growing exponents, as a table of numbers."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from derive.derivation.program import Program
from derive.engine.calculate import Calculator
from derive.engine.unroll import entries_read
from derive.ir import Formula, Number, Plus, Power, Tensor, Times
from derive.network.ask import Limit
from derive.questions.parts import Cell, Grid, Grids, Part, Say, Shade, Word
from derive.questions.setting import Setting, result
from derive.verify.verdict import Verification
from derive.verify.verify import Verifier

_EXPONENTS = (1, 2, 3, 5, 10, 20, 50, 100)


def along(ask: Limit, setting: Setting, source: Tensor, count: int | None) -> Iterator[Part]:
    """The sum and the mean for growing p, beside the bound that both keep to."""
    values = _window(ask, setting, source)
    if values is None:
        return
    negative = any(v < 0 for v in values)
    words: list[Word] = []
    for k, v in enumerate(values):
        words += ([", "] if k else []) + [Number(v)]
    yield Say(("the entries ", *words, " of a window:"), "With numbers,")
    yield _table(ask, setting, values, negative)


def _window(ask: Limit, setting: Setting, source: Tensor) -> list[Fraction] | None:
    """The entries of the first window, where they have values."""
    if ask.numbers is not None:
        return list(ask.numbers)
    if not setting.is_numeric or not setting.calculator.knows(source):
        return None
    of = setting.defined(ask.of)
    definition = setting.program.defined[of]
    at = dict(zip(definition.indices, setting.calculator.places(of)[0], strict=True))
    opened = setting.unroll(definition.body, at)
    found = [setting.calculator.entry(source, p) for p in entries_read(opened, source)]
    return found if all(isinstance(v, Fraction) for v in found) else None


def _table(ask: Limit, setting: Setting, values: list[Fraction], negative: bool) -> Grids:
    verifier = Verifier(Program((), (), ()))
    calculator = Calculator(Program((), (), ()), {}, {})
    verdicts: list[Verification] = []
    n = Number(len(values))
    largest = max(abs(v) for v in values)
    head: list[Cell] = [Cell("exponent", Shade.LABEL)]
    rows: dict[str, list[Cell]] = {"sum": [], "mean": []}
    for p in _EXPONENTS:
        if negative and p % 2:
            continue
        head.append(Cell(Number(p)))
        total = Plus(*(Power(Number(v), Number(p)) for v in values))
        root = Number(Fraction(1, p))
        for name, inside in (("sum", total), ("mean", Times(Power(n, Number(-1)), total))):
            f = Power(inside, root)
            side = result(verifier, f, calculator.value(f), ask.decimals)
            assert isinstance(side.formula, Formula)
            rows[name].append(Cell(side.formula))
            if side.verdict is not None:
                verdicts.append(side.verdict)
    table = [tuple(head)]
    for name in ask.variants:
        table.append((Cell(f"LP, {name}", Shade.LABEL), *rows[name]))
    what = "largest absolute value" if negative else "largest entry"
    caption: tuple[Word, ...] = (f"Both come near the {what}, ", Number(largest), ".")
    return Grids((Grid(tuple(table)),), caption, tuple(verdicts))
