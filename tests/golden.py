"""Reading and writing golden cases: a network in TOML, and derivations of it line by line.

    ## gradient of conv.weight, expanded

    ```
    derivative(L[], ...)
    = sum[...](...)                     | chain rule
    ```

A heading names what is derived: `forward of A`, `jacobian of A by B`, `gradient of A`, with
`, expanded` down to the loss and `, in small steps` with every firing of a rule.  A line has the
formula in the text form of the library, with short names for indices, and the reason after `|`;
steps that go without saying have no reason.  `given` below it lists the conditions on the sizes
that a step relies on.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from readable import Readable

from derive.derivation.step import Derivation, Step
from derive.engine.differentiate import Differentiator
from derive.network.build import Model, build
from derive.network.given import Given

CASES = Path(__file__).parent / "cases"

_TOML = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CLAIM = re.compile(r"^## (.*?)\n(.*?)^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(
    r"(forward|jacobian|gradient) of ([\w.]+)(?: by ([\w.]+))?((?:, (?:expanded|in small steps))*)"
)


@dataclass(frozen=True)
class Claim:
    """A heading of a case and the lines that are expected below it."""

    heading: str
    lines: str


def read(case: Path) -> tuple[Model, tuple[Claim, ...]]:
    """The network of a case, and what is claimed about it."""
    text = case.read_text(encoding="utf-8")
    tables = _TOML.search(text)
    assert tables is not None, f"{case.name} has no TOML block"
    claims = tuple(Claim(heading, lines) for heading, _, lines in _CLAIM.findall(text))
    assert len(claims) == text.count("\n## ") > 0, f"{case.name}: a heading without lines"
    return build(Given.from_dict(tomllib.loads(tables[1]))), claims


def derivation(model: Model, heading: str) -> Derivation:
    """What a heading names."""
    found = _HEADING.fullmatch(heading)
    assert found is not None, f"not a heading of a golden case: {heading}"
    kind, of, by, _ = found.groups()
    known = {t.name: t for t in (*model.program.given, *model.program.defined)}
    engine = Differentiator(model.program)
    if kind == "forward":
        return engine.forward(known[of])
    if kind == "jacobian":
        return engine.jacobian(known[of], known[by])
    return engine.gradient(known[of], expanded="expanded" in heading)


def lines(d: Derivation, heading: str) -> str:
    """The lines of a derivation, as in a case."""
    steps = tuple(d.smallest) if "in small steps" in heading else d.steps
    return "\n".join(_lines(d, steps)) + "\n"


def _lines(d: Derivation, steps: tuple[Step, ...]) -> Iterator[str]:
    text = Readable()
    yield text(d.start)
    for s in steps:
        yield f"= {text(s.after)}" + (f"   | {s.reason}" if s.reason else "")
        if s.facts:
            yield f"  given {', '.join(map(text, s.facts))}"
