"""A rule: a named law that rewrites one node into an equal formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from derive.derivation.scope import Scope
from derive.ir import Formula

Example: TypeAlias = tuple[Formula, Scope]


@dataclass(frozen=True)
class Rule:
    """`apply` returns the new formula, or None where the rule does not fire.

    `name` states the law; `reason` is the one sentence for the margin of a step; `ends` says why
    repeated use comes to an end; `on` are the node classes that it looks at; `example` makes a
    formula on which it fires, with its scope.  The reason of a `quiet` rule goes without saying.
    """

    name: str
    reason: str
    ends: str
    on: tuple[type[Formula], ...]
    apply: Callable[[Formula, Scope], Formula | None]
    example: Callable[[], Example]
    quiet: bool = False


def rule(
    name: str,
    reason: str,
    ends: str,
    on: type[Formula] | tuple[type[Formula], ...],
    example: Callable[[], Example],
    quiet: bool = False,
) -> Callable[[Callable[..., Formula | None]], Rule]:
    """Turns a function of (node, scope) into a Rule; its docstring shows the law at work."""

    def make(apply: Callable[..., Formula | None]) -> Rule:
        nodes = on if isinstance(on, tuple) else (on,)
        return Rule(name, reason, ends, nodes, apply, example, quiet)

    return make
