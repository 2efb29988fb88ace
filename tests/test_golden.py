"""Golden cases: each derivation of `cases/*.md` takes the written steps, and each is verified."""

from __future__ import annotations

from pathlib import Path

import golden
import pytest

from derive.verify.verify import verify_derivation

ALL = [
    pytest.param(case, claim, id=f"{case.stem}: {claim.heading}")
    for case in sorted(golden.CASES.glob("*.md"))
    for claim in golden.read(case)[1]
]


@pytest.mark.parametrize(("case", "claim"), ALL)
def test_derivation_takes_the_written_steps(case: Path, claim: golden.Claim) -> None:
    model, _ = golden.read(case)
    d = golden.derivation(model, claim.heading)
    assert golden.lines(d, claim.heading) == claim.lines
    assert verify_derivation(model.program, d).status == "exact"


def test_there_are_cases_for_each_kind_of_derivation() -> None:
    headings = [claim.heading for _, claim in (p.values for p in ALL)]
    for word in ("forward", "jacobian", "gradient", "expanded", "in small steps"):
        assert any(word in h for h in headings), word
