"""Cost depends on the number of layers and rules, never on the sizes.

Work is counted in calls of functions, which no busy machine changes; `python -m tests.benchmarks`
measures times.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from types import FrameType

from tests.benchmarks.cases import everything, parameter_gradients
from tests.benchmarks.networks import LENET, deep, example, lenet_for


def calls(work: Callable[[], object]) -> int:
    """How many functions `work` calls."""
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    gc.collect()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def test_the_size_of_the_image_does_not_matter() -> None:
    small, large = everything(lenet_for(28)), everything(lenet_for(2800))
    assert [len(list(d.smallest)) for d in small.all] == [len(list(d.smallest)) for d in large.all]
    work = [calls(lambda n=n: everything(lenet_for(n))) for n in (28, 2800)]
    assert max(work) < 1.1 * min(work)


def test_each_layer_adds_the_same_work() -> None:
    work = {n: calls(lambda n=n: parameter_gradients(deep(n))) for n in (4, 8, 24)}
    assert (work[24] - work[8]) / 16 < 1.06 * (work[8] - work[4]) / 4


def test_the_whole_of_lenet_takes_few_steps() -> None:
    derived = everything(example(LENET))
    assert len(derived.all) <= 70
    assert sum(len(list(d.smallest)) for d in derived.all) <= 500
