"""The answer to `solve_for` at any size: the unknown arrays by their coefficients, as formulas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from derive.derivation.scope import Scope
from derive.engine.simplify import PRESENTED, simplify
from derive.engine.tuples import assigned
from derive.ir import Component, Formula, Size, Tensor, instantiate, replace_components, substitute
from derive.network.sizes import value_of
from derive.questions.aligned import Aligned, aligned
from derive.questions.general import General, Solved, general
from derive.questions.matching import mismatch, witnesses
from derive.questions.parts import Lines, Part, Row, Say, Side, Word
from derive.questions.setting import Setting, held
from derive.verify.verdict import Verification
from derive.verify.verify import Verifier


def is_symbolic(of: Tensor, target: Tensor, unknown: Sequence[Tensor], setting: Setting) -> bool:
    """Whether unknown arrays have extents without a number, or the target has arrays of its own."""
    extents = (a for t in unknown for d in t.shape for a in d.atoms_within())
    open_ = any(isinstance(a, Size) and a.value is None for a in extents)
    return open_ or bool(own(of, target, unknown, setting))


def own(of: Tensor, target: Tensor, unknown: Sequence[Tensor], setting: Setting) -> list[Tensor]:
    """The given arrays without values that the target depends on, and `of` does not."""
    p = setting.program
    apart = p.ancestors(target) - p.ancestors(of)
    return [t for t in p.given if t in apart and t not in unknown and t not in setting.values]


def solved(
    of: Tensor, target: Tensor, unknown: Sequence[Tensor], setting: Setting
) -> General | None:
    """What the unknown arrays are at any size; None where that was not found, or is not right."""
    if any(mismatch(of, target, sizes) for sizes in witnesses(setting, {})):
        return None
    found = general(of, target, unknown, setting)
    if found is None:
        return None
    pair = aligned(of, target, setting, "equals")
    return found if _holds(pair.left, pair.right, pair, found, setting).holds else None


def _holds(
    left: Formula, right: Formula, pair: Aligned, found: General, setting: Setting
) -> Verification:
    verifiers = (Verifier(found.program), Verifier(found.program, fixed=setting.sizes))
    return held(verifiers, left, right, pair.ranges)


def answer(of: Tensor, target: Tensor, found: General, setting: Setting) -> Iterator[Part]:
    """Each unknown array, and Y with all of them inserted."""
    for s in found.solved:
        yield from _told(s, of, target)
    yield Say(("There is no other choice for an entry that meets the input in some window.",))
    yield from _inserted(of, target, found, setting)


def _told(s: Solved, of: Tensor, target: Tensor) -> Iterator[Part]:
    d = s.definition
    axes = list(zip(d.indices, d.ranges, d.tensor.shape, strict=True))
    ranges = tuple(r for _, r, n in axes if value_of(n) != 1)
    left = substitute(d.left, {i: d.tensor.base for i, _, n in axes if value_of(n) == 1})
    words: tuple[Word, ...] = ("what does not depend on the input gives",)
    if s.slope is not None:
        x = s.slope.by
        words = ("in ", of, " the factor of ", x, " is ", left, ", and in ", target, " it is")
    yield Say(words, ranges=ranges)
    yield Lines((Row(left, (Side(d.body),)),), ranges)


def _inserted(of: Tensor, target: Tensor, found: General, setting: Setting) -> Iterator[Part]:
    """Y with the arrays inserted, and that it is the target."""
    pair = aligned(of, target, setting, "equals")
    definitions = {s.definition.tensor: s.definition for s in found.solved}

    def put(c: Component) -> Formula | None:
        d = definitions.get(c.tensor)
        return None if d is None else instantiate(d, c.indices)

    engine = setting.engine(of)
    forward = engine.forward(of)
    assert isinstance(forward.start, Component)
    f = replace_components(substitute(forward.result, assigned(forward.start, pair.left)), put)
    sides = [Side(f, ("inserted",))]
    for step in simplify(f, Scope(engine.simplified, pair.ranges), PRESENTED):
        sides.append(Side(step.after, (step.reason,) if step.reason else ()))
    sides.append(Side(pair.right, ("for every input, at the borders too",)))
    chain: list[Side] = []
    before: Formula = pair.left
    for side in sides:
        assert isinstance(side.formula, Formula)
        verdict = _holds(before, side.formula, pair, found, setting)
        chain.append(Side(side.formula, side.reason, verdict=verdict))
        before = side.formula
    yield Say(("so",), ranges=pair.ranges)
    yield Lines((Row(pair.left, tuple(chain)),), pair.ranges)
