"""A stack of layers from its Given: what is derived, and verified for small numbers of layers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from derive.engine.layers import ALL, BELOW, LAST, LAYER, WHOLE, Layers, Result
from derive.engine.stack import StackDerivations
from derive.ir import Tensor
from derive.ir.family import Level
from derive.ir.levels import at_levels
from derive.network.build import Model, build
from derive.network.stack import Stack
from derive.verify.instances import Instance, verify_instances
from derive.verify.verdict import DerivationVerdict
from derive.verify.verify import Verifier

TOP = 4
"""Up to how many layers a statement about all stacks is verified."""


@dataclass(frozen=True)
class StackModel:
    """The models of one layer, of the last one, and of a layer below an unknown function."""

    stack: Stack
    layer: Model
    last: Model
    below: Model

    @staticmethod
    def of(stack: Stack) -> StackModel:
        return StackModel(
            stack, build(stack.layer()), build(stack.last_layer()), build(stack.below())
        )

    @cached_property
    def layers(self) -> Layers:
        """What the engine derives from."""
        s = self.stack
        here, last = _tensors(self.layer), _tensors(self.last)
        any_level, top = Level(s.letter), Level(s.count)
        return Layers(
            *(s.letter, s.count, s.levels[1]),
            *(self.layer.program, self.last.program, self.below.program),
            before=here[s.state.name(Level(s.letter, -1))],
            here=here[s.state.name(any_level)],
            top=last[s.state.name(top)],
            parameters=tuple(here[f.name(any_level)] for f in s.parameters),
            shared=tuple(here[n] for n in s.shared),
            last_parameters=tuple(last[n] for n in s.last_parameters),
        )

    @cached_property
    def results(self) -> tuple[Result, ...]:
        """Everything that is derived, in the order of a document."""
        return StackDerivations(self.layers).all

    # -- verification ------------------------------------------------------------------------------

    def verdict(self, r: Result) -> DerivationVerdict:
        """Whether a result holds: of every layer, or of every stack up to TOP layers."""
        if r.where in (ALL, WHOLE):
            return verify_instances(r.derivation, self._instances(r))
        return self._verifiers[r.where].derivation(r.derivation)

    @cached_property
    def _verifiers(self) -> dict[str, Verifier]:
        return {
            LAYER: Verifier(self.layer.program),
            LAST: Verifier(self.last.program),
            BELOW: Verifier(self.below.program),
        }

    @cached_property
    def _stacks(self) -> dict[int, Verifier]:
        return {n: Verifier(build(self.stack.instance(n)).program) for n in range(1, TOP + 1)}

    def _instances(self, r: Result) -> list[Instance]:
        """Every number of layers, and every level that the result is about."""
        high = self.stack.levels[1]
        found = []
        for n, verifier in self._stacks.items():
            count = {self.stack.count: Level("", n)}
            lowest = {"base": 0, "product": 0}.get(r.name, 1)
            levels = [lowest] if r.name == "base" else range(lowest, high.at(count).plus + 1)
            for level in () if r.where == WHOLE else levels:
                to = {**count, self.stack.letter: Level("", level)}
                found.append(_instance(verifier, to))
            if r.where == WHOLE:
                found.append(_instance(verifier, count))
        return found


def _instance(verifier: Verifier, to: dict[str, Level]) -> Instance:
    return Instance(verifier, lambda f: at_levels(f, to), lambda r: at_levels(r, to))


def _tensors(model: Model) -> dict[str, Tensor]:
    program = model.program
    return {t.name: t for t in (*program.given, *program.defined)}
