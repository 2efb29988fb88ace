"""Every exception that a user can cause.

Each message is one paragraph: where (file, line, character, as far as known), what was found, what
was expected, and what to do.  Anything else that is raised is a mistake in this library.
"""

from __future__ import annotations


class DeriveError(Exception):
    """The base: `message` without the place, and the place as far as it is known.

    `line` and `column` count from 1.  `at` adds what an outer caller knows of the place.
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message, self.file, self.line, self.column = message, file, line, column

    def at(
        self, file: str | None = None, line: int | None = None, column: int | None = None
    ) -> DeriveError:
        """The same error; what was not yet known of its place is filled in."""
        self.file = self.file if self.file is not None else file
        self.line = self.line if self.line is not None else line
        self.column = self.column if self.column is not None else column
        return self

    @property
    def place(self) -> str:
        """The place as `file:line:column`, as far as it is known."""
        numbers = [] if self.line is None else [self.line, self.column]
        known = [str(part) for part in (self.file, *numbers) if part is not None]
        if self.file is None and known:
            known[0] = f"line {known[0]}"
        return ":".join(known)

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class InputError(DeriveError):
    """Something that was given cannot be used: a file, a table, a name, a shape, a formula."""


class OutputError(DeriveError):
    """A result could not be written or typeset."""


class Unsupported(DeriveError):
    """The input is meaningful, but this version has no means to treat it."""


class MissingRule(DeriveError):
    """The engine met a formula that none of its rules treats."""


class BudgetSpent(DeriveError):
    """The engine stopped because its limit of steps was reached."""
