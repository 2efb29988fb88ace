"""One-way matching: where is a formula an instance of a pattern?"""

from __future__ import annotations

from collections.abc import Mapping

from sympy import Basic

from derive.ir.binder import Binder
from derive.ir.index import Index, fresh
from derive.ir.integer import Atom, Int
from derive.ir.walk import ranges_that_match, substitute

Binding = dict[Index, Int]


def match(
    pattern: Basic, target: Basic, variables: frozenset[Index], known: Mapping[Index, Int] = {}
) -> Binding | None:
    """Values for `variables` that turn `pattern` into `target`, up to names of bound indices.

    `known` are values found before.  A variable gets its value where it stands alone as an index;
    everywhere else the pattern must agree with the target once its variables are known.
    """
    binding = dict(known)
    return binding if _match(pattern, target, variables, binding) else None


def _match(a: Basic, b: Basic, variables: frozenset[Index], binding: Binding) -> bool:
    if isinstance(a, Int) and isinstance(b, Int):
        return _match_integer(a, b, variables, binding)
    if type(a) is not type(b) or len(a.args) != len(b.args):
        return False
    if isinstance(a, Binder) and isinstance(b, Binder):
        return _match_binder(a, b, variables, binding)
    if not a.args:
        return a == b
    if getattr(a, "relation", None) != getattr(b, "relation", None):
        return False
    return all(_match(x, y, variables, binding) for x, y in zip(a.args, b.args, strict=True))


def _match_integer(a: Int, b: Int, variables: frozenset[Index], binding: Binding) -> bool:
    lone = a.atom
    if isinstance(lone, Index) and lone in variables and lone not in binding:
        binding[lone] = b
        return True

    def to(atom: Atom) -> Int | None:
        return binding.get(atom) if isinstance(atom, Index) else None

    return a.replace(to) == b


def _match_binder(a: Binder, b: Binder, variables: frozenset[Index], binding: Binding) -> bool:
    for order in ranges_that_match(a, b):
        trial = dict(binding)
        bound = {r.index: fresh(r.index) for r in a.ranges}
        back = {s.index: Int.of(bound[r.index]) for r, s in zip(a.ranges, order, strict=True)}
        trial.update({i: Int.of(new) for i, new in bound.items()})
        renamed = [substitute(x, back) for s in order for x in s.args[1:]]
        wanted = [x for r in a.ranges for x in r.args[1:]]
        wanted += [a.body, a.condition]
        renamed += [substitute(b.body, back), substitute(b.condition, back)]
        if all(_match(x, y, variables, trial) for x, y in zip(wanted, renamed, strict=True)):
            found = {i: e for i, e in trial.items() if i in variables}
            if not any(e.indices & set(bound.values()) for e in found.values()):
                binding.update(found)
                return True
    return False
