"""The one error of the reader: where it stopped, what it found there and what it expected."""

from __future__ import annotations

from derive.errors import InputError

LONGEST_FOUND = 60

AROUND = 25
"""Characters of the source that a message shows on either side of the place."""


class ReadError(InputError):
    """LaTeX that cannot be read; `position` counts characters of the source from 0."""

    def __init__(self, position: int, expected: str, found: str) -> None:
        if len(found) > LONGEST_FOUND:
            found = found[:LONGEST_FOUND] + " ..."
        super().__init__(f"expected {expected}, found {found}")
        self.position, self.expected, self.found = position, expected, found

    def within(self, source: str) -> ReadError:
        """The same error, with the place in its source in the message."""
        k = self.position
        before, after = source[max(0, k - AROUND) : k], source[k : k + AROUND]
        self.message = f"{self.args[0]} at character {k + 1}, here: {before} ⟨?⟩ {after}"
        return self


class UndefinedName(ReadError):
    """A symbol that nothing declares."""


class Misfit(ReadError):
    """Arrays whose shapes do not go together: the formula is read, and cannot be right."""


class Miscounted(Misfit):
    """A name with another number of indices than it is declared with: something else is meant."""
