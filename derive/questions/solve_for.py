"""Weights with which a layer computes a given target for every input, borders included."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

from derive.engine.linear import System
from derive.ir import (
    Component,
    Count,
    Derivative,
    Formula,
    Number,
    Relation,
    Size,
    Tensor,
    subformulas,
)
from derive.network.ask import SolveFor
from derive.questions import solve_general
from derive.questions.aligned import aligned
from derive.questions.general import inputs, slope
from derive.questions.insertion import inserted
from derive.questions.matching import Equation, Matched, matched, witnesses
from derive.questions.parts import (
    Grids,
    Lines,
    Listed,
    Part,
    Row,
    Say,
    Side,
    Word,
    Words,
)
from derive.questions.setting import Setting, numeric, sides, verified
from derive.questions.statement import definition
from derive.questions.tables import Marks, table
from derive.rules.terms import total, with_number
from derive.verify.verify import Verifier

_SHOWN = 12
"""Equations for unknown entries that are written out."""


def wording(ask: SolveFor, setting: Setting) -> Words:
    """The question in words."""
    of, target, unknown = _meant(ask, setting)
    names: list[Word] = [*unknown, *(Count(_size(name, setting)) for name in ask.choose)]
    words: list[Word] = ["For which "]
    for k, name in enumerate(names):
        words += ([" and " if k == len(names) - 1 else ", "] if k else []) + [name]
    words += [" is ", of, " equal to ", target, " for every input?"]
    return tuple(words)


def check(ask: SolveFor, setting: Setting) -> None:
    """Refuse what is not unknown, and sizes that there are not."""
    _meant(ask, setting)
    for name in ask.choose:
        _size(name, setting)


def answer(ask: SolveFor, setting: Setting) -> Iterator[Part]:
    """The coefficients, the system, its solutions, and that they are right."""
    of, target, unknown = _meant(ask, setting)
    yield from _definitions(of, target, setting)
    if not ask.choose and solve_general.is_symbolic(of, target, unknown, setting):
        found = solve_general.solved(of, target, unknown, setting)
        if found is not None:
            yield from _coefficients(of, target, setting)
            yield from solve_general.answer(of, target, found, setting)
            return
    attempts = list(_attempts(ask, setting, of, target, unknown))
    if not attempts:
        setting.fail("no choice of these values gives sizes that fit each other", "choose")
    if len(attempts) > 1:
        yield from _compared(ask, setting, attempts)
    chosen = min(attempts, key=lambda m: (not m.solvable, m.mismatch is not None))
    if chosen.mismatch is not None:
        yield from _mismatch(of, target, unknown, chosen)
        return
    yield from _coefficients(of, target, setting)
    if chosen.conflict is not None:
        yield from _none(of, target, unknown, chosen, setting)
        return
    if unknown:
        yield from _equations(of, target, unknown, chosen, setting)
        yield from _solution(unknown, chosen)
    yield from _confirmed(of, target, unknown, chosen, ask, setting)


def _meant(ask: SolveFor, setting: Setting) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
    of, target = setting.defined(ask.of), setting.defined(ask.equals, "equals")
    unknown = tuple(setting.tensor(name, "unknown") for name in ask.unknown)
    for t in unknown:
        if t in setting.program.defined:
            setting.fail(f"{t.name} is computed, so it is not unknown", "unknown")
        if t not in setting.program.ancestors(of):
            setting.fail(f"{of.name} does not depend on {t.name}", "unknown")
    if not unknown and not ask.choose:
        setting.fail("expected arrays that are unknown, or sizes to choose")
    aligned(of, target, setting, "equals")
    return of, target, unknown


def _size(name: str, setting: Setting) -> Size:
    found = next((s for s in setting.program.sizes if s.name == name), None)
    if found is None or found.definition is not None:
        names = ", ".join(s.name for s in setting.program.sizes if s.definition is None)
        setting.fail(f"there is no free size “{name}”; known are {names}", "choose")
    return found


def _attempts(
    ask: SolveFor, setting: Setting, of: Tensor, target: Tensor, unknown: tuple[Tensor, ...]
) -> Iterator[Matched]:
    """The equations for every choice of sizes."""
    sizes = [_size(name, setting) for name in ask.choose]
    for values in product(*ask.choose.values()):
        fixed = dict(zip(sizes, values, strict=True))
        if any(n < s.least for s, n in fixed.items()):
            continue
        tried = (matched(setting, of, target, unknown, at) for at in witnesses(setting, fixed))
        found = list(_until_refuted(tried))
        if found:
            yield found[0] if found[-1].solvable else found[-1]
        elif not fixed:
            setting.fail("no small sizes satisfy what is known of them")


def _until_refuted(found: Iterator[Matched]) -> Iterator[Matched]:
    """What was found, up to the first sizes at which there is no solution."""
    for m in found:
        yield m
        if not m.solvable:
            return


# -- parts ---------------------------------------------------------------------------------------


def _definitions(of: Tensor, target: Tensor, setting: Setting) -> Iterator[Part]:
    """What both arrays are."""
    for t in (of, target):
        yield from definition(t, setting)


def _coefficients(of: Tensor, target: Tensor, setting: Setting) -> Iterator[Part]:
    """The general coefficients of an input entry, as the engine derives them."""
    yield Say(
        (
            "Both are linear in the input. They are equal for every input exactly if every entry "
            "of the input has the same coefficient in both, at the borders too, and what does not "
            "depend on the input is the same.",
        )
    )
    for x in inputs(of, target, (), setting):
        for t in (of, target):
            d = slope(t, x, setting)
            verdict = setting.derived(d).ends
            yield Say(("the coefficient is",), ranges=d.ranges)
            yield Lines((Row(d.start, (Side(d.result, verdict=verdict),)),), d.ranges)


def _compared(ask: SolveFor, setting: Setting, attempts: list[Matched]) -> Iterator[Part]:
    """Which of the choices of sizes work."""
    items: list[Words] = []
    for m in attempts:
        words: list[Word] = []
        for k, name in enumerate(ask.choose):
            size = _size(name, setting)
            words += ([", "] if k else []) + [Relation(Count(size), "=", Number(m.sizes[size]))]
        if m.mismatch is not None:
            told = " and ".join("×".join(map(str, s)) for s in m.mismatch)
            words.append(f": no, the shapes {told} differ")
        else:
            words.append(": no" if m.conflict else ": possible")
        items.append((*words, "."))
    yield Say(("The choices of sizes:",))
    yield Listed(tuple(items))


def _mismatch(
    of: Tensor, target: Tensor, unknown: tuple[Tensor, ...], m: Matched
) -> Iterator[Part]:
    assert m.mismatch is not None
    none = "No weights do that: " if unknown else "They are not equal: "
    first, second = ("×".join(map(str, s)) for s in m.mismatch)
    yield Say(
        (
            *(none, of, f" would have the shape {first}, but "),
            *(target, f" has the shape {second}."),
        )
    )


def _sizes_told(m: Matched) -> Words:
    open_ = [s for s in m.sizes if s.value is None]
    words: list[Word] = []
    for k, s in enumerate(open_):
        words += ([", "] if k else [" with "]) + [Relation(Count(s), "=", Number(m.sizes[s]))]
    return tuple(words)


def _left(e: Equation) -> Formula:
    parts: list[Formula] = [with_number(c, (u,)) for u, c in e.left]
    return total(*parts, *([Number(e.constant)] if e.constant else []))


def _demand(of: Tensor, target: Tensor, e: Equation, verifier: Verifier) -> Row:
    """An unknown entry, the coefficient that it is, and what that must be."""
    left, value = _left(e), Number(e.right)
    if len(e.monomial) != 1:
        return Row(left, (Side(value, verdict=verified(verifier, left, "=", value)),), inline=True)
    x = e.monomial[0]
    mine, theirs = Derivative(of[e.entry], x), Derivative(target[e.target], x)
    chain = sides(verifier, (left, mine, theirs, value))
    return Row(left, chain, inline=True)


def _contradiction(of: Tensor, target: Tensor, e: Equation, verifier: Verifier) -> Iterator[Row]:
    """The coefficient of one entry of the input in both."""
    left, value = _left(e), Number(e.right)
    if len(e.monomial) != 1:
        yield Row(of[e.entry], (Side(left, ("what does not depend on the input",)),), inline=True)
        yield Row(target[e.target], (Side(value, ("the same",)),), inline=True)
        return
    x = e.monomial[0]
    for c, f in ((Derivative(of[e.entry], x), left), (Derivative(target[e.target], x), value)):
        yield Row(c, (Side(f, verdict=verified(verifier, c, "=", f)),), inline=True)


def _equations(
    of: Tensor, target: Tensor, unknown: tuple[Tensor, ...], m: Matched, setting: Setting
) -> Iterator[Part]:
    """The equations that make an unknown entry other than 0, each where it first stands."""
    rows: list[Row] = []
    told: set[object] = set()
    verifier = numeric(setting.program, m.sizes, _with_solution(unknown, m, setting))
    for e in m.equations:
        key = e.left
        if e.demanded and key not in told and len(rows) < _SHOWN:
            told.add(key)
            rows.append(_demand(of, target, e, verifier))
    sizes = _sizes_told(m)
    distinct = len({(e.left, e.right) for e in m.equations})
    yield Say(
        (
            "Comparing them entry by entry",
            *sizes,
            f" gives {len(m.equations)} equations, "
            f"{distinct} of them different. Those with a coefficient other than 0 say",
        )
    )
    yield Lines(tuple(rows))


def _none(
    of: Tensor, target: Tensor, unknown: tuple[Tensor, ...], m: Matched, setting: Setting
) -> Iterator[Part]:
    """Why there are no such weights."""
    assert m.conflict is not None
    e, other = m.conflict
    none = "There are no such weights" if unknown else "They are not equal"
    yield Say((none, *_sizes_told(m), ":"))
    verifier = numeric(setting.program, m.sizes, setting.values)
    both = (x for x in (other, e) if x is not None)
    yield Lines(tuple(r for x in both for r in _contradiction(of, target, x, verifier)))
    if not e.left and not unknown:
        yield Say(("The coefficients differ.",))
    elif not e.left and not e.monomial:
        yield Say((of, " has no such part, whatever the weights are."))
    elif not e.left and not e.constant:
        yield Say((of, " does not depend on this entry at all, whatever the weights are."))
    elif not e.left:
        yield Say(("The weights have no part in this coefficient.",))
    elif other is None:
        yield Say(("The last equation contradicts the others.",))
    else:
        yield Say(("The two demands on the same weights contradict each other.",))


def _solution(unknown: tuple[Tensor, ...], m: Matched) -> Iterator[Part]:
    """The tables of the unknown arrays; free entries stay as symbols."""
    free = m.system.free
    if free:
        yield Say(
            (
                "All solutions: the entries that stand in the tables as symbols may have any value"
                f" ({len(free)} of {len(m.system.unknowns)} are free).",
            )
        )
    else:
        yield Say(("So there is exactly one solution:",))
    grids = []
    for t in unknown:
        shape = _shape(t, m)
        entries = {_at(u): _value(m.system, u) for u in m.system.unknowns if u.tensor == t}
        shades = {at: "window" for at, f in entries.items() if f != Number(0)}
        grids += list(table(t, shape, entries, Marks(shades)))
    yield Grids(tuple(grids))


def _at(c: Component) -> tuple[int, ...]:
    return tuple(e.constant or 0 for e in c.indices)


def _shape(t: Tensor, m: Matched) -> tuple[int, ...]:
    last = [_at(u) for u in m.system.unknowns if u.tensor == t][-1]
    return tuple(k - t.base + 1 for k in last)


def _value(system: System[Component], u: Component) -> Formula:
    coefficients, constant = system.solution(u)
    terms: list[Formula] = [with_number(c, (v,)) for v, c in coefficients.items()]
    return total(*terms, *([Number(constant)] if constant or not terms else []))


def _with_solution(unknown: tuple[Tensor, ...], m: Matched, setting: Setting) -> dict[Tensor, Any]:
    """The values that are known, and the solution, with 0 for what is free."""
    solved = {t: _nested(m.system, t, (), _shape(t, m)) for t in unknown}
    return {**setting.values, **solved}


def _confirmed(
    of: Tensor,
    target: Tensor,
    unknown: tuple[Tensor, ...],
    m: Matched,
    ask: SolveFor,
    setting: Setting,
) -> Iterator[Part]:
    """Y with the solution inserted, and that it is the target at every size."""
    values = _with_solution(unknown, m, setting)
    fixed = {s: n for s, n in m.sizes.items() if s.value is not None or s.name in ask.choose}
    fixed |= {s: m.sizes[s] for t in unknown for s in _extents(t)}
    verifier = numeric(setting.program, fixed, values)
    pair = aligned(of, target, setting, "equals")
    ranges = pair.ranges
    numbers = {u: _number(m.system, u) for u in m.system.unknowns}
    rows = list(inserted(setting, of, target, numbers, fixed, verifier))
    free = " with 0 for what is free," if m.system.free else ""
    if rows:
        yield Say(("inserted," + free,), ranges=rows_ranges(rows, ranges))
        yield Lines(tuple(rows), rows_ranges(rows, ranges))
    verdict = verified(verifier, pair.left, "=", pair.right, ranges)
    told = Side(pair.right, ("for every input, at the borders too",), verdict=verdict)
    yield Say(("so" if rows or not free else "so," + free,), ranges=() if rows else ranges)
    yield Lines((Row(pair.left, (told,)),), ranges)


def rows_ranges(rows: list[Row], ranges: tuple[Any, ...]) -> tuple[Any, ...]:
    """The ranges of the indices that are still free in some rows."""
    used = {x for r in rows for s in (r.left, *(t.formula for t in r.sides)) for x in _indices(s)}
    return tuple(r for r in ranges if r.index in used)


def _indices(f: object) -> set[object]:
    if not isinstance(f, Formula):
        return set()
    return {
        i for g in subformulas(f) if isinstance(g, Component) for e in g.indices for i in e.indices
    }


def _extents(t: Tensor) -> set[Size]:
    """The free sizes that the extents of an array depend on."""
    open_ = [a for d in t.shape for a in d.atoms_within() if isinstance(a, Size)]
    found: set[Size] = set()
    while open_:
        size = open_.pop()
        if size.definition is None:
            found.add(size)
        else:
            open_ += [a for a in size.definition.atoms_within() if isinstance(a, Size)]
    return found


def _number(system: System[Component], u: Component) -> Fraction:
    return system.solution(u)[1]


def _nested(
    system: System[Component], t: Tensor, at: tuple[int, ...], shape: tuple[int, ...]
) -> Any:
    """The solution, with 0 for what is free, as nested tuples."""
    if len(at) == len(shape):
        return _number(system, t[at])
    extent = shape[len(at)]
    return tuple(_nested(system, t, (*at, k + t.base), shape) for k in range(extent))
