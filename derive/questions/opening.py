"""An array written out down to what is given: its definition, and theirs in turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from derive.derivation.scope import Scope
from derive.engine.simplify import PRESENTED, simplify
from derive.ir import Component, Formula, Range, Tensor, instantiate, replace_components, tensors
from derive.questions.parts import Words
from derive.questions.setting import Setting


@dataclass(frozen=True)
class Opened:
    """A form of an entry, and why it is equal to the one before."""

    formula: Formula
    reason: Words


def opened(c: Component, ranges: tuple[Range, ...], setting: Setting) -> Iterator[Opened]:
    """The entry by its definition, then with every intermediate array written out."""
    program, engine = setting.program, setting.engine(c.tensor)
    scope = Scope(engine.simplified, ranges)
    f: Formula = c
    for t in (c.tensor, *(d.tensor for d in reversed(program.definitions))):
        if t not in tensors(f) or t not in program.defined:
            continue
        f = _inlined(f, t, setting)
        why: Words = ("definition of ", t)
        yield Opened(f, why)
        steps = simplify(f, scope, PRESENTED)
        for s in steps:
            f = s.after
            yield Opened(f, (s.reason,) if s.reason else ())


def _inlined(f: Formula, t: Tensor, setting: Setting) -> Formula:
    """`f` with the body of the definition of `t` in the place of its entries."""
    definition = setting.program.defined[t]

    def body(c: Component) -> Formula | None:
        return instantiate(definition, c.indices) if c.tensor == t else None

    return replace_components(f, body)
