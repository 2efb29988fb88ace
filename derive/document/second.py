"""Second derivatives in a document: a section with a chain for each, and its matrix form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from derive.derivation.program import Program
from derive.derivation.step import Derivation
from derive.document.arrays import as_arrays
from derive.document.displays import Displays, ranges_of
from derive.document.model import Block, Line, Mark, Paragraph, Section, Subsection, line
from derive.document.notation import Notation, parse_name
from derive.engine.matrix.form import ArrayForm
from derive.ir import Apply, Chosen, Compare, Tensor, subformulas


@dataclass(frozen=True)
class SecondDerived:
    """What was asked for, its derivation, and its matrix form where that is to be shown."""

    of: Tensor
    by: Tensor
    and_by: Tensor
    vector: Tensor | None
    derivation: Derivation
    form: ArrayForm | None = None


def second_derivatives(
    derived: Sequence[SecondDerived],
    program: Program,
    mark: Callable[[Derivation], Mark | None],
    full: bool,
) -> Iterator[Block]:
    """The section about second derivatives; nothing where there are none."""
    if not derived:
        return
    notation = Notation.of(program, numbers=True)
    displays = Displays(program, notation, full, frozenset(), mark)
    yield Section("Second derivatives")
    for k, one in enumerate(derived):
        yield Subsection(_title(one))
        yield Paragraph(ranges_of(one.derivation.ranges, notation))
        yield displays.chain(one.derivation, f"second:{k}")
        if _jumps(one.derivation):
            yield Paragraph(line(_JUMPS))
        if one.form is not None:
            yield from as_arrays(one.form, f"second arrays:{k}", notation, mark)


_JUMPS = (
    "The gradient jumps where both sides of a condition in brackets are equal, where a sign "
    "changes and where a maximum is attained twice. There is no second derivative at such points; "
    "everywhere else the jumps add nothing."
)


def _jumps(d: Derivation) -> bool:
    """Whether what is differentiated has jumps."""
    inside = (g for s in d.steps for f in (s.before, s.after) for g in subformulas(f))
    return any(
        isinstance(g, Compare | Chosen) or (isinstance(g, Apply) and g.function.name == "sign")
        for g in inside
    )


def _title(one: SecondDerived) -> Line:
    of, by = parse_name(one.of.symbol), parse_name(one.by.symbol)
    if one.vector is not None:
        return line("The Hessian of ", of, " by ", by, " times ", parse_name(one.vector.symbol))
    if one.by == one.and_by:
        return line("The Hessian of ", of, " by ", by)
    return line("The derivative of ", of, " by ", by, " and ", parse_name(one.and_by.symbol))
