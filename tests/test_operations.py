"""How many operations a formula needs: each kind, for the formula as it stands."""

from __future__ import annotations

import pytest
from laws import NAMES

from derive.derivation.program import Program
from derive.engine.operations import operations
from derive.ir import Number
from derive.ir.read import from_text
from derive.ir.text import to_text
from derive.verify.verify import verify_chain

COUNTED = [
    ("x[i]", {}),
    ("2 * x[i] * y[i]", {"multiplications": 2}),
    ("x[i] - y[i]", {"additions": 1}),
    ("x[i] + 3 * y[i] - 2", {"multiplications": 1, "additions": 2}),
    ("delta(i, 1) * [i-2 >= 0] * x[i] * y[i]", {"multiplications": 1}),
    ("sum[a=1..4](x[i] * x[a])", {"multiplications": 4, "additions": 3}),
    ("sum[a=1..4](x[a])", {"additions": 3}),
    ("sum[a=1..3, b=1..4](x[a] + y[b])", {"additions": 23}),
    ("max[a=1..4](x[a])", {"comparisons": 3}),
    ("greatest(x[i], 0, y[i])", {"comparisons": 2}),
    ("relu(x[i] - 1)", {"comparisons": 1, "additions": 1}),
    ("exp(2 * x[i])", {"multiplications": 1, "other operations": 1}),
    ("x[i]^2", {"other operations": 1}),
    ("count(H)^-1 * x[i]", {"multiplications": 1}),
    (
        "[compare(x[i] < y[i] + 1)] * x[i] * y[i]",
        {"multiplications": 1, "additions": 1, "comparisons": 1},
    ),
    ("cases(x[i] if i-2 >= 0; 0)", {}),
    ("cases(x[i] if compare(0 < x[i]); 2 * x[i])", {"multiplications": 1, "comparisons": 1}),
    (
        "cases(2 * x[i] * y[i] if compare(x[i] <= 0) and i-2 >= 0; "
        "x[i] + y[i] + 1 if compare(x[i] < 1); 2 * x[i])",
        {"multiplications": 2, "additions": 2, "comparisons": 2},
    ),
    ("cases(sum[a=1..4](x[a]) if i-2 >= 0; x[i] + y[i])", {"additions": 3}),
]


NUMBERS = Program((), (), ())


@pytest.mark.parametrize(("text", "wanted"), COUNTED)
def test_operations_are_counted(text: str, wanted: dict[str, int]) -> None:
    for kind, counted in operations(from_text(text, NAMES)).kinds.items():
        verdict = verify_chain(NUMBERS, [counted, Number(wanted.get(kind, 0))], ())
        assert verdict.ends.holds, (kind, to_text(counted))
