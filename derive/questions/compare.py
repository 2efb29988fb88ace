"""A formula that somebody wrote, compared with what follows from the definitions."""

from __future__ import annotations

from collections.abc import Iterator

from derive.check.claims import check
from derive.check.verdict import CONVENTION, HOLDS, HOLDS_IF, WRONG
from derive.network.ask import Compare
from derive.questions.parts import Listed, Part, Say, Typed, Words
from derive.questions.setting import Setting

_SAID = {
    HOLDS: "It holds.",
    HOLDS_IF: "It does not hold in general, but under a condition.",
    CONVENTION: "It holds under another convention.",
    WRONG: "It is wrong.",
}


def wording(ask: Compare, setting: Setting) -> Words:
    """The question in words."""
    return ("Does this hold: ", Typed(ask.latex), "?")


def answer(ask: Compare, setting: Setting) -> Iterator[Part]:
    """The verdict of the checker, pair by pair where there are several."""
    given = setting.given.model_copy(update={"problems": ()})
    found = check(ask.latex, given)
    yield Say((_SAID.get(found.status, f"It cannot be judged ({found.status})."),))
    items: list[Words] = []
    for pair in found.pairs:
        words: Words = (Typed(pair.latex), f": {pair.status}")
        if pair.condition:
            words = (*words, ", namely ", Typed(pair.condition))
        if pair.message:
            words = (*words, f"; {pair.message}")
        if pair.counterexample is not None:
            words = (*words, f" (for example {pair.counterexample})")
        items.append((*words, "."))
    if found.status != HOLDS or len(items) > 1:
        yield Listed(tuple(items))
