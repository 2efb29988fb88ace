"""How large the output of a layer is: the general rule, this case, and where the windows stand."""

from __future__ import annotations

from collections.abc import Iterator

from derive.derivation.program import Program, SizeRule
from derive.derivation.scope import Scope
from derive.engine.simplify import FORWARD, simplify
from derive.ir import (
    TRUE,
    Bracket,
    Compare,
    Count,
    Divides,
    Floor,
    Formula,
    Index,
    Int,
    Number,
    Power,
    Relation,
    Size,
    Sum,
    Times,
    at_least,
)
from derive.network.ask import OutputSize
from derive.questions.parts import (
    Cell,
    Grid,
    Grids,
    Inserted,
    Lines,
    Part,
    Row,
    Say,
    Shade,
    Shape,
    Side,
    Words,
)
from derive.questions.setting import Setting, sides, verified
from derive.verify.verify import Verifier

_SHOWN = 6  # windows in a diagram
_WIDEST = 30  # positions in a diagram
_MEANINGS = {
    "I": "extent of the input",
    "K": "extent of the kernel",
    "S": "stride",
    "P": "padding on either side",
    "D": "dilation",
    "Q": "padding at the other end",
    "R": "output padding",
}


def wording(ask: OutputSize, setting: Setting) -> Words:
    """The question in words."""
    of = setting.defined(ask.of)
    return ("How large is ", of, "? Give the general rule, and the size in this case.")


def answer(ask: OutputSize, setting: Setting) -> Iterator[Part]:
    """The rule with its derivation, then each axis with numbers."""
    of = setting.defined(ask.of)
    layer = setting.layer(of)
    if layer.sizes:
        yield from _rule(layer.sizes[0])
        rules = list({_signature(r, setting): r for r in layer.sizes}.values())
        for k, rule in enumerate(rules):
            yield from _case(rule, _axis(k, len(rules), len(layer.sizes)), setting)
    yield Say(("So ", Shape(of), "."))


def _signature(rule: SizeRule, setting: Setting) -> tuple[object, ...]:
    """What tells one axis from another: the numbers, or else the expressions."""
    numbers = _numbers(rule, setting)
    return tuple(e for _, e in rule.at) if numbers is None else tuple(numbers.values())


def _axis(k: int, different: int, axes: int) -> str:
    """What an axis is called, where not all are alike."""
    if different == 1:
        return "Along each axis" if axes > 1 else ""
    names = {2: ("Height", "Width"), 3: ("Depth", "Height", "Width")}
    return names.get(different, ("",) * different)[k]


# -- the rule ------------------------------------------------------------------------------------


def _rule(rule: SizeRule) -> Iterator[Part]:
    """How the rule follows from what the extent of the output means."""
    symbols = [s for s, _ in rule.at if s in _sizes_of(rule.general)]
    told: list[Words] = [(Count(s), f" is the {_MEANINGS[s.name]}") for s in symbols]
    listed = tuple(w for k, words in enumerate(told) for w in ((", ",) if k else ()) + words)
    yield Say(("In general: ", *listed, "."))
    yield from _windows(rule)
    program = Program(tuple(s for s, _ in rule.at), (), (), rule.facts)
    start, end = rule.meaning, Count(rule.general)
    assert start is not None
    steps = simplify(start, Scope(program), FORWARD) if isinstance(start, Sum) else ()
    formulas = [start, *(s.after for s in steps)]
    reasons: list[Words] = [(s.reason,) for s in steps]
    if formulas[-1] != end:
        formulas.append(end)
        reasons.append((rule.reason,))
    formulas[0] = _spelled(start, rule)
    chain = sides(Verifier(program), formulas, reasons)
    yield Lines((Row(Count(Size("O")), (Side(formulas[0], (rule.words,)), *chain)),))


def _spelled(start: Formula, rule: SizeRule) -> Formula:
    """The number of windows with its condition as people write it: the last position that a window
    reads is at most that of the padded input."""
    if not isinstance(start, Sum) or start.condition == TRUE:
        return start
    last, positions = _last(rule, start.bound[0]), _positions(rule)
    if start.condition != at_least(positions, last):
        return start
    within = Bracket(Compare(Count(last), "<=", Count(positions)))
    return Sum(Times(within, start.body) if start.body != Number(1) else within, *start.ranges)


def _positions(rule: SizeRule) -> Int:
    """How many positions the padded input has."""
    at = {s.name: Int.of(s) for s, _ in rule.at}
    return at["I"] + at["P"] + at.get("Q", at["P"])


def _last(rule: SizeRule, i: Index) -> Int:
    """The last position that output i reads."""
    at = {s.name: Int.of(s) for s, _ in rule.at}
    return at["S"] * (Int.of(i) - 1) + 1 + at["D"] * (at["K"] - 1)


def _windows(rule: SizeRule) -> Iterator[Part]:
    """Which positions a window covers, where the rule counts windows."""
    if not isinstance(rule.meaning, Sum):
        return
    at = {s.name: Int.of(s) for s, _ in rule.at}
    i = rule.meaning.bound[0]
    yield Say(
        (
            *("Output ", Int.of(i), " reads, of the ", _positions(rule)),
            *(" positions of the padded input, those from ", at["S"] * (i - 1) + 1),
            *(" to ", _last(rule, i), "."),
        )
    )


def _sizes_of(e: Int) -> set[object]:
    return {a for a in e.atoms_within() if isinstance(a, Size)}


# -- one case ------------------------------------------------------------------------------------


def _case(rule: SizeRule, axis: str, setting: Setting) -> Iterator[Part]:
    numbers = _numbers(rule, setting)
    if numbers is None:
        yield from _symbolic(rule, axis, setting)
        return
    at = tuple(numbers.items())
    found = setting.unroll.number(rule.result, {})
    program = Program(tuple(numbers), (), (), rule.facts)
    verdict = verified(Verifier(program, fixed=numbers), Count(rule.general), "=", Number(found))
    values: list[Relation | str] = []
    for k, (s, n) in enumerate(at):
        values += ([", "] if k else []) + [Relation(Count(s), "=", Number(n))]
    lead = f"{axis}:" if axis else ""
    yield Say(("with ", *values, ",") if lead else ("With ", *values, ","), lead)
    told = Side(Inserted(rule.general, rule.at))
    yield Lines((Row(Count(Size("O")), (told, Side(Number(found), verdict=verdict)), True),))
    diagram = _diagram({s.name: n for s, n in at}, found, setting.base)
    if diagram is not None:
        yield diagram


def _numbers(rule: SizeRule, setting: Setting) -> dict[Size, int] | None:
    """The numbers in the places of the rule's symbols, where all have one."""
    if not setting.is_numeric:
        return None
    return {s: setting.unroll.number(e, {}) for s, e in rule.at}


def _symbolic(rule: SizeRule, axis: str, setting: Setting) -> Iterator[Part]:
    """The rule with the symbols of the problem; a quotient where one divides the other."""
    values: list[Relation | str] = []
    for k, (s, e) in enumerate(rule.at):
        values += ([", "] if k else []) + [Relation(Count(s), "=", Count(e))]
    yield Say((*(("with ",) if axis else ("With ",)), *values, ","), f"{axis}:" if axis else "")
    to = dict(rule.at)
    inserted = rule.general.replace(lambda a: to.get(a) if isinstance(a, Size) else None)
    verdict = setting.holds(Count(inserted), Count(rule.result))
    chain = [Side(Inserted(rule.general, rule.at)), Side(Count(rule.result), verdict=verdict)]
    quotient = _quotient(rule.result, setting)
    if quotient is not None:
        divisor, f = quotient
        why: Words = ("as ", divisor)
        chain.append(Side(f, why, verdict=setting.holds(Count(rule.result), f)))
    yield Lines((Row(Count(Size("O")), tuple(chain)),))


def _quotient(e: Int, setting: Setting) -> tuple[Divides, Formula] | None:
    """n/d for ⌊n/d⌋, where a fact says that d divides n."""
    size = e.atom
    if isinstance(size, Size) and size.definition is not None:
        e = size.definition
    floor = e.atom
    if not isinstance(floor, Floor):
        return None
    n, d = floor.parts
    for g in setting.program.size_facts:
        if isinstance(g, Divides) and g.args == (d, n):
            return g, Times(Count(n), Power(Count(d), Number(-1)))
    return None


# -- the diagram ---------------------------------------------------------------------------------


def _diagram(n: dict[str, int], outputs: int, base: int) -> Grids | None:
    """The positions of the padded input in a row, and below it what each output reads.

    For a transposed convolution the positions are those of the output, and the rows the inputs.
    """
    backwards = "R" in n
    real, windows = (outputs, n["I"]) if backwards else (n["I"], outputs)
    reach = n["S"] * (windows - 1) + n["D"] * (n["K"] - 1) + 1 - n["P"]
    positions = range(1 - n["P"], max(real + n.get("Q", n["P"]), reach) + 1)
    if len(positions) > _WIDEST:
        return None
    head = [_position(p, 1 <= p <= real, base) for p in positions]
    above, beside = ("output", "input") if backwards else ("input", "output")
    rows = [(Cell(above, Shade.LABEL), *head)]
    shown = range(1, windows + 1)
    chosen = list(shown) if windows <= _SHOWN else [*shown[: _SHOWN - 1], windows]
    for i in chosen:
        met = {n["S"] * (i - 1) + n["D"] * a + 1 - n["P"] for a in range(n["K"])}
        cells = (Cell(None, Shade.WINDOW if p in met else Shade.EMPTY) for p in positions)
        rows.append((Cell(f"{beside} {i - 1 + base}", Shade.LABEL), *cells))
    told = "What each input adds to" if backwards else "What each output reads"
    caption: Words = (told,)
    if n["P"]:
        what = "cut off" if backwards else "padding"
        caption = (*caption, f"; positions without a number are {what}")
    if len(chosen) < windows:
        caption = (*caption, f"; the {beside}s between the last two are left out")
    return Grids((Grid(tuple(rows)),), (*caption, "."))


def _position(p: int, real: bool, base: int) -> Cell:
    """A position of the array, or of its padding."""
    return Cell(Number(p - 1 + base)) if real else Cell(None, Shade.PADDING)
