"""Measures `derive` on this machine:

    python -m tests.benchmarks              every case, each five times in a fresh process
    python -m tests.benchmarks lenet 3      the cases with "lenet" in their names, three times

It prints medians in milliseconds and the ratios between cases.  `wall` is what passed, `cpu` what
the processors did; on a busy machine only `cpu` and the ratios mean something.
"""

from __future__ import annotations

import subprocess
import sys
from statistics import median

from tests.benchmarks.cases import CASES, RATIOS
from tests.benchmarks.cost import Cost


def measured(name: str, times: int) -> Cost:
    """The medians of some first runs, each in a process of its own."""
    runs = [_in_new_process(name) for _ in range(times)]
    return Cost(median(r.wall for r in runs), median(r.cpu for r in runs))


def _in_new_process(name: str) -> Cost:
    command = [sys.executable, "-m", "tests.benchmarks", "--one", name]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    wall, cpu = out.split()
    return Cost(float(wall), float(cpu))


def table(part: str, times: int) -> None:
    """Prints a line for each case with `part` in its name, then the ratios that they allow."""
    found: dict[str, Cost] = {}
    print(f"{'':34}{'wall ms':>9}{'cpu ms':>9}")
    for name in CASES:
        if part.lower() in name.lower():
            found[name] = measured(name, times)
            print(f"{name:34}{1000 * found[name].wall:9.0f}{1000 * found[name].cpu:9.0f}")
    print()
    for meaning, above, below in RATIOS:
        if above in found and below in found:
            print(f"{meaning:34}{found[above].cpu / found[below].cpu:9.2f}")


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--one"]:
        cost = CASES[arguments[1]]()
        print(cost.wall, cost.cpu)
        return
    part = arguments[0] if arguments else ""
    table(part, int(arguments[1]) if len(arguments) > 1 else 5)


if __name__ == "__main__":
    main(sys.argv[1:])
