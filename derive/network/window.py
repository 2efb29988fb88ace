"""Windows: which input positions an output position reads along one axis.

The output at position i reads, at offset a of the kernel, the input at

    base + S (i - base) + D (a - base) - P,

where S is the stride, D the dilation, P the padding before the first entry and `base` the number
of the first position.  What lies outside the input is padding and is left out by a condition.
Output sizes: https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html, ...MaxPool2d.html.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from derive.derivation.program import SizeRule
from derive.ir import (
    ONE,
    ZERO,
    Guard,
    Index,
    Int,
    IntLike,
    Number,
    Range,
    Size,
    Sum,
    at_least,
    at_most,
    ceiling,
    conjunction,
    floor,
)
from derive.ir.text import to_text
from derive.network.options import PerAxisName
from derive.network.site import Shape, Site, show
from derive.network.sizes import holds


@dataclass(frozen=True)
class Window:
    """One axis: input extent, kernel, stride, dilation, padding before and after the input."""

    extent: Int
    kernel: Int
    stride: Int
    dilation: Int
    before: Int
    after: Int
    ceil_mode: bool = False

    @property
    def span(self) -> Int:
        """The number of positions from the first to the last that one output reads."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def padded(self) -> Int:
        return self.extent + self.before + self.after

    @property
    def room(self) -> Int:
        """How far the window can move over the padded input."""
        return self.padded - self.span

    def outputs(self, new: Site) -> Int:
        """The number of output positions.

        In ceil mode the last window may hang over the end, but must start before the padding
        after the input: ⌈(padded - span)/S⌉ + 1, or ⌊(I + P - 1)/S⌋ + 1 where that is smaller.
        Which one is smaller does not depend on I.
        """
        if not self.ceil_mode:
            return self._told(lambda w: floor(w.room, w.stride) + 1, new)
        overhang = at_least(self.span, self.stride + self.after)
        if holds(overhang) is None:
            new.unsupported(
                f"ceil_mode needs to know whether {to_text(overhang)}; give these sizes numbers",
                "ceil_mode",
            )
        if new.sizes.require(overhang):
            return self._told(lambda w: ceiling(w.room, w.stride) + 1, new)
        new.sizes.require(at_most(self.span, self.stride + self.after - 1))
        return self._told(lambda w: floor(w.extent + w.before - 1, w.stride) + 1, new)

    def _told(self, outputs: Callable[[Window], Int], new: Site) -> Int:
        """The number of outputs, with the general rule for it noted for the document."""
        same = self.before == self.after
        symbols = (*(Size(name) for name in "IKS"), Size("P", least=0), Size("D"))
        symbols += () if same else (Size("Q", least=0),)
        i, k, s, p, d, *q = map(Int.of, symbols)
        general = Window(i, k, s, d, p, q[0] if q else p, self.ceil_mode)
        at = (self.extent, self.kernel, self.stride, self.before, self.dilation, self.after)
        pairs = tuple(zip(symbols, at, strict=False))
        rule = SizeRule(outputs(general), pairs, outputs(self))
        overhang = at_least(general.span, general.stride + general.after)
        small = at_most(general.span, general.stride + general.after - 1)
        hangs = self.ceil_mode and holds(at_least(self.span, self.stride + self.after))
        new.sizes_told.append(general.counted(rule, overhang if hangs else small))
        return rule.result

    def counted(self, rule: SizeRule, overhang: Guard) -> SizeRule:
        """The rule with what it counts: the windows that fit, from the first position on.

        `overhang` is what is known in ceil mode of how far a window may reach beyond the end.
        """
        i = Index("i")
        start = self.stride * (Int.of(i) - 1) + 1
        fits = at_most(start + self.span - 1, self.padded)
        words, facts = "each window lies in the padded input", [at_least(self.padded, self.span)]
        if self.ceil_mode:
            before = at_most(start - self.stride + self.span - 1, self.padded - 1)
            fits = conjunction(at_most(start, self.extent + self.before), before)
            words = "a window begins in the input while the one before has not reached the end"
            facts = [at_least(self.padded + self.stride - 1, self.span), overhang]
        meaning = Sum(Number(1), Range(i, 1, self.padded), fits)
        return replace(rule, meaning=meaning, words=words, facts=tuple(facts))

    def position(self, i: IntLike, a: IntLike, base: int) -> Int:
        """The input position that output `i` reads at offset `a`."""
        return (
            self.stride * (Int.of(i) - base)
            + self.dilation * (Int.of(a) - base)
            - self.before
            + base
        )

    def inside(self, i: IntLike, a: IntLike, base: int) -> Guard:
        """That this position is in the input; TRUE where it always is."""
        p = self.position(i, a, base)
        low = [at_least(p, base)] if self.before != ZERO else []
        high = (
            [at_most(p, self.extent + (base - 1))] if self.after != ZERO or self.ceil_mode else []
        )
        return conjunction(*low, *high)

    def inside_padded(self, i: IntLike, a: IntLike, base: int) -> Guard:
        """That this position is in the padded input; TRUE where it always is."""
        p = self.position(i, a, base)
        return conjunction(
            *([at_most(p, self.extent + self.after + (base - 1))] if self.ceil_mode else [])
        )


def windows(
    x: Shape,
    new: Site,
    axes: int,
    kernel: PerAxisName,
    stride: PerAxisName | None = None,
    padding: PerAxisName = 0,
    dilation: PerAxisName = 1,
    ceil_mode: bool = False,
) -> tuple[Window, ...]:
    """The windows over the last `axes` axes of an input of shape `x`; the kernel must fit."""
    sizes = new.per_axis("kernel_size", kernel, axes)
    steps = sizes if stride is None else new.per_axis("stride", stride, axes)
    spread = new.per_axis("dilation", dilation, axes)
    if padding == "same":
        if any(s != ONE for s in steps):
            new.fail('padding = "same" needs stride 1', "padding")
        around = tuple(
            (floor(d * (k - 1), 2), ceiling(d * (k - 1), 2))
            for k, d in zip(sizes, spread, strict=True)
        )
    else:
        pads = new.per_axis("padding", 0 if padding == "valid" else padding, axes)
        around = tuple((p, p) for p in pads)
    made = tuple(
        Window(extent, k, s, d, before, after, ceil_mode)
        for extent, k, s, d, (before, after) in zip(
            x[-axes:], sizes, steps, spread, around, strict=True
        )
    )
    for w in made:
        overhang = w.stride - 1 if ceil_mode else ZERO
        new.require(
            at_least(w.padded + overhang, w.span),
            f"the kernel covers {show(w.span)} positions, but the padded input has only "
            f"{show(w.padded)}; use a smaller kernel_size or dilation, or more padding",
            "kernel_size",
        )
    return made


@dataclass(frozen=True)
class Reading:
    """What one output position reads: offsets in the kernel with their ranges, input positions,

    and the conditions that these lie in the input, or at least in the padded input.
    """

    offsets: tuple[Index, ...]
    ranges: tuple[Range, ...]
    positions: tuple[Int, ...]
    inside: Guard
    inside_padded: Guard


def reading(made: tuple[Window, ...], at: tuple[Index, ...], new: Site) -> Reading:
    """What the output at the spatial position `at` reads."""
    offsets = tuple(new.index(letter) for letter in "abg"[: len(made)])
    axes = tuple(zip(made, at, offsets, strict=True))
    return Reading(
        offsets,
        tuple(new.along(a, w.kernel) for w, _, a in axes),
        tuple(w.position(i, a, new.base) for w, i, a in axes),
        conjunction(*(w.inside(i, a, new.base) for w, i, a in axes)),
        conjunction(*(w.inside_padded(i, a, new.base) for w, i, a in axes)),
    )
