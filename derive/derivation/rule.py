"""A rule: a named law that rewrites one formula into an equal one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from derive.ir import Formula

if TYPE_CHECKING:
    from derive.derivation.scope import Scope


@dataclass(frozen=True)
class Rule:
    """`apply` returns the new formula, or None where the rule does not fire.

    `statement` is the law in LaTeX-free words and symbols; `reason` is the one sentence that
    stands in the margin of a step; `ends` says why repeated use comes to an end; `example` makes
    a formula on which the rule fires, with the scope in which it holds.
    """

    name: str
    statement: str
    reason: str
    ends: str
    apply: Callable[[Formula, Scope], Formula | None]
    example: Callable[[], tuple[Formula, Scope]]
