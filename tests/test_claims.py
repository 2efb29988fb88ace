"""Verdicts on claims in the words of course notes, homework and posts, right ones and wrong ones.

Each file of `claims/` has several Givens, each with claims about it and the status that the
mathematics demands.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from derive.check.claims import Checker
from derive.check.verdict import overall
from derive.network.given import Given

FILES = sorted((Path(__file__).parent / "claims").glob("*.toml"))
ABOUT = [
    (f"{file.stem} {k}", about)
    for file in FILES
    for k, about in enumerate(tomllib.loads(file.read_text(encoding="utf-8"))["about"])
]


@pytest.mark.parametrize("about", [about for _, about in ABOUT], ids=[name for name, _ in ABOUT])
def test_verdicts(about: dict[str, Any]):
    checker = Checker(Given.from_dict(about["given"]))
    found = [(overall(checker.check(claim)).status, claim) for _, claim in about["claims"]]
    assert found == [(status, claim) for status, claim in about["claims"]]


def test_right_and_wrong_claims_are_tried():
    statuses = Counter(status for _, about in ABOUT for status, _ in about["claims"])
    assert statuses["holds"] > 300
    assert statuses["wrong"] > 150
    assert min(statuses[s] for s in ("holds if", "convention", "undefined")) > 10
