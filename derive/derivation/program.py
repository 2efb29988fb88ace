"""A program: what is given, as definitions in order, with the facts that every draw satisfies."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from derive.ir import Definition, Formula, Guard, Int, Relation, Size, Tensor, tensors


@dataclass(frozen=True, eq=False)
class Program:
    """Tensors that are given, and definitions of all others, each after what it reads.

    `sizes` are all named sizes, computed ones after what they are computed from.  `size_facts`
    are conditions on sizes (the kernel fits the padded input); `facts` are relations between
    entries (each row of t sums to 1).  `loss` is the scalar, or array of scalars, that gradients
    are taken of.
    """

    sizes: tuple[Size, ...]
    given: tuple[Tensor, ...]
    definitions: tuple[Definition, ...]
    size_facts: tuple[Guard, ...] = ()
    facts: tuple[Relation, ...] = ()
    loss: Tensor | None = None

    @cached_property
    def defined(self) -> dict[Tensor, Definition]:
        """Each defined tensor with its definition."""
        return {d.tensor: d for d in self.definitions}

    @cached_property
    def valued(self) -> bool:
        """Whether some size has a number."""
        return any(s.value is not None for s in self.sizes)

    @cached_property
    def consumers(self) -> dict[Tensor, tuple[Definition, ...]]:
        """For each tensor, the definitions that read it, in order."""
        found: dict[Tensor, list[Definition]] = {}
        for d in self.definitions:
            for t in sorted(tensors(d.body), key=lambda t: t.name):
                found.setdefault(t, []).append(d)
        return {t: tuple(ds) for t, ds in found.items()}

    @cached_property
    def _ancestors(self) -> dict[Tensor, frozenset[Tensor]]:
        found: dict[Tensor, frozenset[Tensor]] = {}
        for d in self.definitions:
            direct = tensors(d.body)
            found[d.tensor] = direct.union(*(found.get(t, frozenset()) for t in direct))
        return found

    def depends(self, f: Formula, tensor: Tensor, held: tuple[Tensor, ...] = ()) -> bool:
        """Whether `f` reads the tensor, directly or through definitions of tensors not `held`."""
        read = tensors(f)
        if tensor in read:
            return True
        if not held:
            return any(tensor in self.ancestors(t) for t in read)
        free = [t for t in read if t not in held and tensor in self.ancestors(t)]
        return any(self.depends(self.defined[t].body, tensor, held) for t in free)

    def ancestors(self, tensor: Tensor) -> frozenset[Tensor]:
        """Every tensor that the definition of `tensor` depends on, through all definitions."""
        return self._ancestors.get(tensor, frozenset())


@dataclass(frozen=True)
class SizeRule:
    """An extent as the general rule gives it: `result` is `general` with `at` for its symbols.

    `meaning` is what the extent counts, in the same symbols, and `words` say it; `reason` is why it
    equals the rule where that is no matter of counting.  `facts` are conditions on the symbols.
    """

    general: Int
    at: tuple[tuple[Size, Int], ...]
    result: Int
    meaning: Formula | None = None
    words: str = ""
    reason: str = ""
    facts: tuple[Guard, ...] = ()


@dataclass(frozen=True)
class Layer:
    """What a document says of one layer: its kind, options, parameters and definitions.

    The last definition is the layer's output; the others are named intermediates (a mean, a
    variance).  `options` are the arguments as given or by default, in declared order; `sizes` say
    how the extents of the output follow from a general rule.
    """

    name: str
    kind: str
    inputs: tuple[Tensor, ...]
    parameters: tuple[Tensor, ...]
    definitions: tuple[Definition, ...]
    options: tuple[tuple[str, object], ...] = field(default=())
    remarks: tuple[str, ...] = field(default=())
    sizes: tuple[SizeRule, ...] = field(default=())

    @property
    def output(self) -> Tensor:
        return self.definitions[-1].tensor
