"""Batch and channel axes that images and kernels of a call may lack.

An image of n axes has no channels; with one axis more it has channels if the kernel reads several,
else a batch.  A kernel of n axes makes one channel from one; with one axis more it reads the
channels of an image that has as many, else it makes several channels from one.
"""

from __future__ import annotations

from dataclasses import dataclass

from derive.ir import ONE, Int, floor
from derive.network.lift import Fit
from derive.network.options import SizeName
from derive.network.site import Shape, Site
from derive.network.sizes import value_of


@dataclass(frozen=True)
class Channels:
    """Which of the axes batch, channels, input and output channels of the kernel there are."""

    batch: bool
    image: bool
    inputs: bool
    outputs: bool

    def units(self, inputs_first: bool, bias: bool) -> dict[str, tuple[int, ...]]:
        """Where axes are put in, for the image, the kernel and the bias."""
        there = (self.inputs, self.outputs) if inputs_first else (self.outputs, self.inputs)
        found = {
            "": () if self.image else (int(self.batch),),
            "weight": tuple(k for k, axis in enumerate(there) if not axis),
        }
        return found if bias else found | {"bias": (0,)}

    @property
    def dropped(self) -> tuple[int, ...]:
        """The axis of output channels, where the kernel has none."""
        return () if self.outputs else (int(self.batch),)


def channels(axes: int, x: Shape, weight: Shape, bias: Shape | None) -> Channels:
    """The axes of an image and of a kernel with `axes` positions, and perhaps a bias."""
    inputs = outputs = len(weight) >= axes + 2
    if len(weight) == axes + 1:
        read = x[-axes - 1] if len(x) > axes else ONE
        reads_them = _alike(read, weight[0]) and len(x) > axes
        inputs = not bias if bias is not None else reads_them
        outputs = not inputs
    if len(x) == axes + 1:
        image = inputs or (outputs and _alike(x[0], ONE))
        return Channels(not image, image, inputs, outputs)
    return Channels(len(x) >= axes + 2, len(x) >= axes + 2, inputs, outputs)


def kernel_fit(
    axes: int,
    x: Shape,
    arrays: dict[str, Shape],
    groups: object,
    inputs_first: bool = False,
) -> Fit:
    """The options and missing axes of a convolution that is called with a kernel.

    `inputs_first`: the kernel of a transposed convolution has its input channels before those of
    the output.
    """
    weight = arrays["weight"]
    found = channels(axes, x, weight, arrays.get("bias"))
    place = int(inputs_first and found.inputs)
    out = weight[place] if found.outputs else ONE
    if inputs_first and isinstance(groups, int):
        out = out * groups
    options: dict[str, object] = {
        "out_channels": out,
        "kernel_size": weight[-axes:],
        "bias": "bias" in arrays,
    }
    bias = len(arrays.get("bias", (ONE,))) > 0
    return Fit(options, found.units(inputs_first, bias), found.dropped)


def grouping(
    channels: Int, groups: SizeName, out: SizeName, new: Site
) -> tuple[Int, Int, Int, Int]:
    """The number of groups, the input and output channels of each, all output channels."""
    many = new.whole("groups", groups)
    count = value_of(many)
    if many != ONE and count is not None and count == value_of(channels):
        many = channels  # a depthwise convolution: one group for each channel
    inputs = new.computed("C_g", floor(channels, many))
    if many != ONE and count is not None and isinstance(out, int):
        outputs = new.extent("O_g", "out_channels", out // count)
        return many, inputs, outputs, new.computed("C", many * outputs)
    total = new.extent("C", "out_channels", out)
    return many, inputs, new.computed("O_g", floor(total, many)), total


def _alike(d: Int, e: Int) -> bool:
    """Whether two extents are known to be equal."""
    return d == e or (value_of(d) is not None and value_of(d) == value_of(e))
