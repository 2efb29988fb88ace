"""Python names for tensors, sizes and indices: each once in a function, none a keyword."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable

from derive.ir import Index, Size, Tensor

RESERVED = frozenset(
    "np torch math max min sum range float int abs zip map len all any bool saved at".split()
)


def identifier(text: str) -> str:
    r"""A name that LaTeX or a dotted name turns into: `conv.weight`, `\hat y`, `C^{(conv)}`."""
    text = text.replace("\\", " ").replace("'", " prime ").replace("∂", " d ")
    text = re.sub(r"([A-Za-z0-9}])\s*-\s*", r"\1 minus ", text).replace("+", " plus ")
    words = re.findall(r"[A-Za-z0-9]+", text)
    name = "_".join(words) or "a"
    return f"_{name}" if name[0].isdigit() else name


class PythonNames:
    """The names in one function.  `used` are the sizes that were asked for, in order."""

    def __init__(self, tensors: Iterable[Tensor], sizes: Iterable[Size]) -> None:
        self._taken = set(RESERVED)
        self._tensors = {t: self._new(identifier(t.name)) for t in tensors}
        self._sizes = {s: self._new(identifier(s.name)) for s in sizes}
        self._indices: dict[Index, str] = {}
        self.used: dict[Size, None] = {}

    def tensor(self, t: Tensor) -> str:
        return self._tensors[t]

    def cotangent(self, t: Tensor) -> str:
        """The name of the array of all ∂L/∂t."""
        return f"grad_{self._tensors[t]}"

    def size(self, s: Size) -> str:
        self.used[s] = None
        return self._sizes[s]

    def index(self, i: Index) -> str:
        """The name of an index; `restart` frees it."""
        if i not in self._indices:
            taken = {*self._taken, *self._indices.values()}
            self._indices[i] = free(identifier(i.hint), taken)
        return self._indices[i]

    def rename(self, i: Index, name: str) -> None:
        """Another spelling for an index from now on."""
        self._indices[i] = name

    def forget(self, i: Index) -> None:
        """Free the name of an index."""
        self._indices.pop(i, None)

    def restart(self) -> None:
        """Forget the indices: a new statement begins."""
        self._indices.clear()

    def new(self, like: str) -> str:
        """A name for an array of one function's own."""
        return self._new(like)

    def _new(self, name: str) -> str:
        made = free(name, self._taken)
        self._taken.add(made)
        return made


def free(name: str, taken: Iterable[str]) -> str:
    """The name, with an underscore or a number where it is a keyword or taken."""
    taken = set(taken)
    if keyword.iskeyword(name):
        name += "_"
    candidates = (name if k == 1 else f"{name}{k}" for k in range(1, len(taken) + 2))
    return next(c for c in candidates if c not in taken)
