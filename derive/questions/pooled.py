"""What pools an array: the largest, the smallest or the mean entry of each window."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from derive.engine.places import over_places
from derive.ir import (
    Binder,
    Component,
    Formula,
    Max,
    Number,
    Range,
    Sum,
    Tensor,
    Times,
    replace_components,
    subformulas,
)
from derive.network.defining import FORMULA
from derive.questions.parts import OverWindow, Typed, WindowSet, Word
from derive.questions.setting import Setting
from derive.rules.terms import factors


class Kind(Enum):
    """Which value of a window."""

    LARGEST = "largest"
    SMALLEST = "smallest"
    MEAN = "mean"


@dataclass(frozen=True, eq=False)
class Pooled:
    """`of` at the indices of `ranges` is `formula`, in which `read` stands once, under `binder`."""

    of: Tensor
    name: Word
    formula: Formula
    binder: Binder
    ranges: tuple[Range, ...]
    read: Component
    kind: Kind

    @staticmethod
    def asked(of: Tensor, setting: Setting) -> Pooled:
        """The pooling that computes an array; InputError where there is none."""
        d = setting.engine(of).forward(of)
        found = over_places(d.result)
        read = [] if found is None else [g for g in subformulas(d.result) if _is_entry(g)]
        kind = None if found is None else _kind(found.formula)
        if found is None or kind is None or len(read) != 1:
            setting.fail(
                f"{of.name} is no maximum, minimum or mean over windows of the entries of an "
                "array; expected max, min or average pooling",
                "of",
            )
        component = next(g for g in subformulas(found.binder) if _is_entry(g))
        assert isinstance(component, Component)
        layer = setting.layer(of)
        name = of if layer.kind == FORMULA else Typed(layer.kind)
        return Pooled(of, name, found.formula, found.binder, d.ranges, component, kind)

    @property
    def left(self) -> Component:
        """The entry of `of` that the formula is."""
        return self.of[tuple(r.index for r in self.ranges)]

    @property
    def window(self) -> WindowSet:
        return WindowSet(self.binder.ranges, self.binder.condition)

    def over(self, body: Formula) -> Formula:
        """The same of other values than the entries."""
        return replace_components(self.formula, lambda c: body if c == self.read else None)

    def told(self, f: Formula) -> OverWindow:
        """A formula with its window by name."""
        return OverWindow(f, self.window)


def _is_entry(g: object) -> bool:
    return isinstance(g, Component)


def _kind(f: Formula) -> Kind | None:
    """What a formula of the entries of one window is."""
    if isinstance(f, Max) and isinstance(f.body, Component):
        return Kind.LARGEST
    inner = _opposite(f)
    if isinstance(inner, Max) and isinstance(_opposite(inner.body), Component):
        return Kind.SMALLEST
    sums = [g for g in factors(f) if isinstance(g, Sum) and isinstance(g.body, Component)]
    return Kind.MEAN if len(sums) == 1 else None


def _opposite(f: Formula) -> Formula | None:
    """-f, where `f` is written as an opposite."""
    if isinstance(f, Times) and len(f.args) == 2 and f.args[0] == Number(-1):
        return f.args[1]  # type: ignore[return-value]
    return None
