"""Every formula of every derivation about the test networks is read back from its LaTeX."""

import pytest
from networks import NETWORKS, derived
from normal_form import normal

from derive.derivation.program import Program
from derive.document.notation import Names, Notation
from derive.ir import Formula, Range, free_indices, to_text
from derive.latex import Symbols, read_formula
from derive.writers.latex_math import latex, latex_math


def formulas_of(name):
    """Each formula that a derivation passes through, with the ranges of its free indices."""
    seen = {}
    for d in derived(name).all:
        for f in (d.start, *(s.after for s in d.steps)):
            seen.setdefault((f, d.ranges))
    return list(seen)


def read_back(
    f: Formula, ranges: tuple[Range, ...], program: Program, notation: Notation
) -> tuple[str, Formula, Formula]:
    """The LaTeX of `f`, what it is read as, and the formula that it shows."""
    names = Names.of([f], ranges, notation)
    free = {latex_math(names.index(k)): k for k in sorted(free_indices(f), key=str)}
    symbols = Symbols(
        tensors={t.symbol: t for t in (*program.given, *program.defined)},
        sizes={s.name: s for s in program.sizes},
        indices=free,
        cotangents={rf"\delta^{{{tag}}}": t for t, tag in notation.cotangents.items()},
        loss=notation.loss,
    )
    source = latex(f, names)
    return source, read_formula(source, symbols), names.present(f)


WITH_NUMBERS = ("lenet", "lenet_symbolic", "counted from 0")


@pytest.mark.parametrize(
    ("name", "numbers"),
    [*((name, False) for name in NETWORKS), *((name, True) for name in WITH_NUMBERS)],
)
def test_what_is_printed_reads_back(name, numbers):
    program = derived(name).program
    notation = Notation.of(program, numbers=numbers, delta=True)
    for f, ranges in formulas_of(name):
        source, back, shown = read_back(f, ranges, program, notation)
        assert normal(back) == normal(shown), f"{to_text(f)}\n  {source}\n  {to_text(back)}"
