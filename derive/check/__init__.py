"""Reading somebody's equations and saying which of them hold.

`derive.check` is the name of this folder and of the function that people call; calling the folder
calls the function.
"""

from __future__ import annotations

import sys
from types import ModuleType

from derive.check.claims import check
from derive.check.verdict import Verdict

__all__ = ["Verdict", "check"]


class _Check(ModuleType):
    """A module that can be called."""

    __call__ = staticmethod(check)


sys.modules[__name__].__class__ = _Check
