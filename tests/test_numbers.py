"""What is printed with numbers is what was verified with symbols: both have the same values."""

from __future__ import annotations

import pytest
from networks import ENTROPY, FACT, conv, layer, linear, network

from derive.document.present import present
from derive.engine.network import derive_all
from derive.ir import (
    FALSE,
    Bracket,
    Divides,
    Equal,
    Formula,
    Index,
    Int,
    Number,
    Size,
    conjunction,
    subformulas,
)
from derive.network.build import build
from derive.network.given import Given
from derive.verify.verify import Verifier

TINY = {
    "pooled": network(
        conv(kernel_size=2, out_channels=2),
        layer("MaxPool2d", kernel_size=2),
        layer("Flatten"),
        linear(3),
        layer("ReLU"),
        linear(2),
        layer("Softmax", dim=1),
        x=(2, 1, 5, 3),
        t=(2, 2),
        loss=ENTROPY,
        facts=FACT,
    ),
    "padded and strided": network(
        conv(kernel_size=3, stride=2, padding=1, out_channels=2, groups=2),
        layer("AvgPool2d", kernel_size=2, stride=1, padding=1, count_include_pad=False),
        layer("Flatten"),
        linear(2),
        x=(1, 4, 4, 3),
        t=(1,),
    ),
}


@pytest.mark.parametrize("name", TINY)
def test_numbers_change_nothing(name: str) -> None:
    model = build(Given.from_dict(TINY[name]))
    derived = derive_all(model.program, model.layers, model.targets, frozenset())
    verifier = Verifier(model.program)
    as_given = tuple(Equal(s, s.value) for s in model.program.sizes if s.value is not None)
    assert as_given
    for d in derived.all:
        shown = present(d.result, numbers=True)
        assert isinstance(shown, Formula)
        assert not any(
            isinstance(a, Size)
            for e in subformulas(shown)
            if isinstance(e, Int)
            for a in e.atoms_within()
        )
        verdict = verifier.chain((d.result, shown), d.ranges, as_given)
        assert verdict.status == "exact", (d.start, shown, verdict.ends)


def test_a_condition_that_the_numbers_settle_is_not_shown() -> None:
    """1 divides everything; 2 divides 2i + 2; of 2i + p, it divides what it divides of p."""
    i, p, s = Index("i"), Index("p"), Size("S", value=1)
    two = Size("D", value=2)
    for before, after in [
        (Divides(s, p - i), Number(1)),
        (Divides(two, two * i + 2), Number(1)),
        (Divides(two, two * i + 3), Bracket(FALSE)),
        (Divides(two, two * i + p), Bracket(Divides(2, p))),
        (conjunction(Divides(s, p), Divides(two, p)), Bracket(Divides(2, p))),
    ]:
        assert present(Bracket(before), numbers=True) == after
