"""Measuring one piece of work, here or in another process."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True)
class Cost:
    """Seconds that passed, and seconds that a processor was busy."""

    wall: float
    cpu: float


def cost(work: Callable[[], Result]) -> Cost:
    """What calling `work` once takes in this process."""
    wall, cpu = perf_counter(), process_time()
    work()
    return Cost(perf_counter() - wall, process_time() - cpu)


def cost_of_command(*arguments: str, statuses: tuple[int, ...] = (0,)) -> Cost:
    """What `python ARGUMENTS` takes, start-up included; it must end with one of the statuses."""
    before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    run = subprocess.run([sys.executable, *arguments], capture_output=True)
    wall, after = perf_counter() - wall, resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode not in statuses:
        raise RuntimeError(run.stderr.decode())
    return Cost(wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
