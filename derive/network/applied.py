"""Calls of layers and losses on arrays."""

from __future__ import annotations

import re
from typing import Any

from derive.derivation.program import Layer
from derive.ir import Definition, Equal, Int, Tensor, floor
from derive.latex import Symbols
from derive.network.call import Call
from derive.network.catalogue import LAYERS, LOSSES
from derive.network.chain import Chain
from derive.network.declare import Declarations
from derive.network.given import LayerEntry
from derive.network.layer import LayerKind
from derive.network.lift import with_units, without_units
from derive.network.loss import CrossEntropyLoss, Loss
from derive.network.names import is_lone_symbol
from derive.network.site import Site, show_shape
from derive.network.statements import whole_number

_WORD = re.compile(r"[A-Za-z_]+")
_QUOTIENT = re.compile(r"([^/]+?)\s*//?\s*([^/]+)")


class Applied:
    """Makes the layer of a call; `table` says what the names in its options mean."""

    def __init__(self, chain: Chain, declared: Declarations, table: Symbols) -> None:
        self._chain, self._declared, self._table = chain, declared, table

    def layer(self, k: int, call: Call, arrays: tuple[Tensor, ...]) -> tuple[Layer, LayerKind]:
        """The layer that entry `k` of `define` calls, and its kind."""
        entry = LayerEntry(type=call.kind)
        new = self._chain.site(call.left, entry, "define", k)
        options = {name: self._option(name, v, new) for name, v in call.options.items()}
        if not arrays:
            new.fail("there is no array to apply it to; the first argument is the input")
        if call.kind in LOSSES:
            return self._loss(k, call, options, arrays, new)
        cls = LAYERS.get(call.kind, LayerKind)
        if len(arrays) > 1 + len(cls.arrays) and call.kind in LAYERS and not cls.gathers:
            most = ", ".join(("input", *cls.arrays))
            new.fail(f"{len(arrays)} arrays, expected at most {1 + len(cls.arrays)}: {most}")
        if cls.reads_classes and arrays[0].classes is None and len(arrays) > 1:
            arrays = (self._retyped(arrays[0], arrays[1].shape[0], new), *arrays[1:])
        new.others = arrays[1:] if cls.gathers else ()
        x, supplied = arrays[0], dict(zip(cls.arrays, arrays[1:], strict=False))
        fit = cls.fit(x.shape, {n: t.shape for n, t in supplied.items()}, options)
        told = LayerEntry.model_validate({**fit.options, **options, "type": call.kind})
        kind = self._chain.kind(LAYERS, "layer", told, "define", k)
        read = {with_units(x, fit.units.get("", ())): (x, fit.units.get("", ()))}
        whole = next(iter(read))
        for name, t in supplied.items():
            places = fit.units.get(name, ())
            new.supplied[name] = with_units(t, places)
            read[new.supplied[name]] = t, places
        made = kind.define(whole, self._chain.origin(x), call.left, call.left, new)
        if any(fit.units.values()) or fit.dropped:
            made = without_units(made, read, fit.dropped)
        layer = self._chain.described(told, kind, arrays, new, (*new.before, made))
        return layer, kind

    def _option(self, name: str, value: object, new: Site) -> object:
        """An option, with an expression in sizes such as `2P` or `K - 1` read as such."""
        if isinstance(value, tuple):
            return tuple(self._option(name, v, new) for v in value)
        declared = self._declared
        if not isinstance(value, str) or _WORD.fullmatch(value) or declared.sizes.named(value):
            return value
        if is_lone_symbol(value):
            return value
        if declared.known.find(value) is not None:
            return value
        quotient = _QUOTIENT.fullmatch(value)
        if quotient is None:
            return self._whole(name, value, new)
        above, below = (self._whole(name, quotient[k], new) for k in (1, 2))
        result = floor(above, below)
        if "//" not in value and not declared.sizes.require(Equal(result * below, above)):
            new.fail(f"{name} = {value} is not a whole number", name)
        return result

    def _whole(self, name: str, text: str, new: Site) -> Int:
        known = self._declared.sizes.names
        return whole_number(text, self._table, known, f"{new.label}: {name}", new.place(name))

    # -- losses ------------------------------------------------------------------------------------

    def _loss(
        self, k: int, call: Call, options: dict[str, Any], arrays: tuple[Tensor, ...], new: Site
    ) -> tuple[Layer, LayerKind]:
        if len(arrays) != 2:
            new.fail(f"{len(arrays)} arrays, expected 2: the prediction and the target")
        told = LayerEntry.model_validate({**options, "type": call.kind})
        kind = self._chain.kind(LOSSES, "loss", told, "define", k)
        x = arrays[0]
        t = self._target(kind, x, arrays[1], new)
        inner: tuple[Definition, ...] = ()
        if isinstance(kind, CrossEntropyLoss):
            inner = self._chain.probabilities(kind, x, new, f"{call.left}.softmax")
        made = kind.loss(inner[-1].tensor if inner else x, t, call.left, new)
        return self._chain.described(told, kind, (x, t), new, (*inner, made)), kind

    def _target(self, kind: Loss, x: Tensor, t: Tensor, new: Site) -> Tensor:
        """The target; a given array of the shape of class indices holds class indices."""
        expected, classes = kind.target_shape(x.shape, len(t.shape))
        pairs = zip(t.shape, expected, strict=False)
        if len(t.shape) != len(expected) or not all(self._equal(d, e) for d, e in pairs):
            wanted = " or ".join(map(show_shape, kind.target_shapes(x.shape)))
            new.fail(
                f"the target {t.symbol}, of shape {show_shape(t.shape)}, does not fit the "
                f"prediction {x.symbol}, of shape {show_shape(x.shape)}; expected {wanted}"
            )
        if classes is None:
            return t
        if t.classes is not None:
            if not self._equal(t.classes, classes):
                new.fail(f"the classes of {t.symbol} are not those of {x.symbol}")
            return t
        return self._retyped(t, classes, new)

    def _retyped(self, t: Tensor, classes: Int, new: Site) -> Tensor:
        """A given array as one of class indices."""
        if t not in self._declared.inputs:
            new.fail(f"{t.symbol} is computed, so it holds no class indices")
        retyped = Tensor(t.name, t.symbol, t.shape, t.base, classes)
        self._declared.inputs[self._declared.inputs.index(t)] = retyped
        self._declared.known.add(retyped)
        return retyped

    def _equal(self, d: Int, e: Int) -> bool:
        return self._declared.sizes.require(Equal(d, e))
