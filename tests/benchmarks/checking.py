"""What reading and checking costs."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from derive.check.claims import Checker
from derive.latex.claims import read_claims
from derive.latex.error import ReadError
from derive.network.given import Given
from tests.benchmarks.cost import Cost, cost, cost_of_command
from tests.claims_of_ours import CLAIMS

PAGES = Path(__file__).parents[2] / "examples" / "check"
TIMES = 20
"""How often each formula is read."""


def reading() -> Cost:
    """Reading a thousand formulas like the median one of our claims."""
    costs = [_reading_of(c.claim, Checker(Given.from_dict(c.given))) for c in CLAIMS]
    return Cost(1000 * median(c.wall for c in costs), 1000 * median(c.cpu for c in costs))


def _reading_of(claim: str, checker: Checker) -> Cost:
    """Reading a claim once; one that cannot be read, up to where reading stops."""
    wall, cpu = perf_counter(), process_time()
    for _ in range(TIMES):
        try:
            read_claims(claim, checker.symbols)
        except ReadError:
            continue
    return Cost((perf_counter() - wall) / TIMES, (process_time() - cpu) / TIMES)


def claims() -> Cost:
    """The verdicts on all of our claims, each with its own Given."""
    return cost(lambda: [Checker(Given.from_dict(c.given)).check(c.claim) for c in CLAIMS])


def homework() -> Cost:
    """About ten pages with a dozen mistakes, start-up included."""
    files = [str(PAGES / name) for name in ("convolution.md", "lenet.md")]
    return cost_of_command("-m", "derive", "check", "--jobs", "1", *files, statuses=(1,))
