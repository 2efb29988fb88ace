"""What a pair depends on: the sizes and given arrays in it, and in the definitions it reaches."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from sympy import Basic

from derive.check.pair import Pair
from derive.derivation.program import Program
from derive.ir import Int, Size, subformulas, tensors
from derive.verify.verdict import Counterexample


def reached(program: Program, pair: Pair) -> list[Basic]:
    """The sides and ranges, and the shape and definition of every array that they depend on."""
    found: list[Basic] = [*pair.sides, *pair.ranges]
    for side in pair.sides:
        for t in sorted(tensors(side), key=lambda t: t.name):
            for u in (t, *sorted(program.ancestors(t), key=lambda t: t.name)):
                found += u.shape
                definition = program.defined.get(u)
                found += [definition.body] if definition else []
    return list(dict.fromkeys(found))


def integers(f: Basic) -> Iterator[Int]:
    """Every integer expression in a formula."""
    return (e for e in subformulas(f) if isinstance(e, Int))


def sizes(parts: Sequence[Basic]) -> list[Size]:
    """Every size in some formulas or integers, those in definitions of sizes too."""
    found: dict[Size, None] = {}
    pending = [e for part in parts for e in integers(part)]
    while pending:
        for a in pending.pop().atoms_within():
            if isinstance(a, Size) and a not in found:
                found[a] = None
                if a.definition is not None:
                    pending.append(a.definition)
    return list(found)


def relevant(
    found: Counterexample, pair: Pair, program: Program, hidden: Collection[str]
) -> Counterexample:
    """A counterexample with the sizes that matter, and the given arrays that somebody named.

    These are the free sizes that the pair depends on, in a formula of sizes also the computed ones;
    the array with the fewest entries comes first.  Sizes that the Given fixes go without saying.
    """
    written = set(sizes(pair.sides)) if not any(map(tensors, pair.sides)) else set()
    names = {
        s.name
        for s in sizes(reached(program, pair))
        if s.value is None and (s.definition is None or s in written)
    }
    arrays = [pair for pair in found.tensors if pair[0] not in hidden]
    return replace(
        found,
        sizes=tuple(pair for pair in found.sizes if pair[0] in names),
        tensors=tuple(sorted(arrays, key=lambda pair: count(pair[1]))),
    )


def count(entries: object) -> int:
    """How many numbers there are in nested lists."""
    return sum(map(count, entries)) if isinstance(entries, list) else 1
